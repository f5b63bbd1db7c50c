"""How the holders of a key sign together, whatever its scheme.

FROST (`frost`) for Ed25519 and for secp256k1 in BIP-340 form: nonces are committed to before the
message meets them. BLS (`bls`): no nonces, one round. Finished signatures are `verification`'s.

A commitment list says who signs, and what with.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, Protocol, TypeAlias

from sim.base.errors import LocalError
from sim.base.secret import SecretScalar
from sim.crypto import bls, frost
from sim.crypto.ciphersuites import ED25519_SHA512, SECP256K1_BIP340, Ciphersuite
from sim.crypto.group import Group, PointError, ScalarError
from sim.crypto.groups import get_group

NonceCommitments: TypeAlias = tuple[bytes, ...]
"""(hiding, binding), or () in a scheme without nonces."""

CommitmentList: TypeAlias = frost.CommitmentList
"""(share index, hiding, binding), ascending; both empty in a scheme without nonces."""

SecretNonces: TypeAlias = tuple[int, ...]
"""The scalars behind them. They serve one signature: two with the same give the share away."""

RANDOMNESS: Final = 64
"""Fresh bytes that a pair of nonces is drawn from."""


class PartialError(ValueError):
    """A partial signature doesn't hold."""


class ThresholdSignatures(Protocol):
    """Signing with shares: nonces, partial signatures, and the signature that they add up to."""

    @property
    def uses_nonces(self) -> bool:
        """Whether signers commit to nonces first, and a list has exactly t of them."""
        ...

    def draw_nonces(
        self, randomness: bytes, share: SecretScalar
    ) -> tuple[SecretNonces, NonceCommitments]:
        """Return nonces for one signature and their commitments, which are public.

        Charges what the commitments cost.
        """
        ...

    def usable(self, nonces: NonceCommitments) -> bool:
        """Say whether these commitments of another signer may enter a list."""
        ...

    def entry(self, member: int, nonces: NonceCommitments) -> tuple[int, bytes, bytes]:
        """Return a signer's entry in a commitment list; its commitments are usable."""
        ...

    def nonces_of(self, entry: tuple[int, bytes, bytes]) -> NonceCommitments:
        """Return the commitments in an entry, the inverse of `entry`."""
        ...

    def sign(
        self,
        member: int,
        share: SecretScalar,
        public_key: bytes,
        nonces: SecretNonces,
        message: bytes,
        commitments: CommitmentList,
    ) -> bytes:
        """Return the encoded partial signature of `member`, which is listed."""
        ...

    def verify_partial(
        self,
        public_key: bytes,
        public_share: bytes,
        member: int,
        partial: bytes,
        message: bytes,
        commitments: CommitmentList,
    ) -> None:
        """Check one partial signature against V_i.

        Raises:
            PartialError: It isn't `member`'s for this message and list, or isn't canonical.

        """
        ...

    def aggregate(
        self,
        public_key: bytes,
        message: bytes,
        commitments: CommitmentList,
        partials: Sequence[bytes],
    ) -> bytes:
        """Return the signature from verified partials, in the order of the list."""
        ...


class FrostSignatures:
    """FROST in one ciphersuite."""

    uses_nonces: Final = True

    def __init__(self, suite: Ciphersuite) -> None:
        self._suite = suite

    @property
    def _group(self) -> Group:
        return get_group(self._suite.scheme)

    def draw_nonces(
        self, randomness: bytes, share: SecretScalar
    ) -> tuple[SecretNonces, NonceCommitments]:
        """Draw a pair (RFC 9591 section 4.1); charges two exp.base."""
        if len(randomness) != RANDOMNESS:
            raise LocalError(f"a pair takes {RANDOMNESS} bytes of randomness")
        halves = randomness[:32], randomness[32:]
        nonces = tuple(frost.nonce_generate(self._suite, half, share) for half in halves)
        return nonces, tuple(map(self._group.base_mul, nonces))

    def usable(self, nonces: NonceCommitments) -> bool:
        """Say whether these are two valid points, neither of them the identity."""
        if len(nonces) != 2:
            return False
        try:
            for point in nonces:
                self._group.validate(point)
        except PointError:
            return False
        return True

    def entry(self, member: int, nonces: NonceCommitments) -> tuple[int, bytes, bytes]:
        """Return (member, hiding, binding)."""
        hiding, binding = nonces
        return member, hiding, binding

    def nonces_of(self, entry: tuple[int, bytes, bytes]) -> NonceCommitments:
        """Return (hiding, binding)."""
        return entry[1:]

    def sign(
        self,
        member: int,
        share: SecretScalar,
        public_key: bytes,
        nonces: SecretNonces,
        message: bytes,
        commitments: CommitmentList,
    ) -> bytes:
        """Return an encoded scalar; see `frost.sign`."""
        hiding, binding = nonces
        partial = frost.sign(
            self._suite, member, share, public_key, (hiding, binding), message, commitments
        )
        return self._group.encode_scalar(partial)

    def verify_partial(
        self,
        public_key: bytes,
        public_share: bytes,
        member: int,
        partial: bytes,
        message: bytes,
        commitments: CommitmentList,
    ) -> None:
        """Check an encoded scalar; see `frost.verify_partial`."""
        try:
            scalar = self._group.decode_scalar(partial)
            frost.verify_partial(
                self._suite, public_key, public_share, member, scalar, message, commitments
            )
        except (ScalarError, frost.PartialError) as error:
            raise PartialError(str(error)) from None

    def aggregate(
        self,
        public_key: bytes,
        message: bytes,
        commitments: CommitmentList,
        partials: Sequence[bytes],
    ) -> bytes:
        """Return R and the sum of the partials, in the suite's form."""
        scalars = [self._group.decode_scalar(partial) for partial in partials]
        return frost.aggregate(self._suite, public_key, message, commitments, scalars)


class BlsSignatures:
    """BLS partials with Lagrange combination: a partial doesn't depend on who else signs."""

    uses_nonces: Final = False

    def draw_nonces(
        self, randomness: bytes, share: SecretScalar
    ) -> tuple[SecretNonces, NonceCommitments]:
        """Return nothing: there are no nonces."""
        del randomness, share
        return (), ()

    def usable(self, nonces: NonceCommitments) -> bool:
        """Say whether nothing is committed to."""
        return nonces == ()

    def entry(self, member: int, nonces: NonceCommitments) -> tuple[int, bytes, bytes]:
        """Return (member, empty, empty)."""
        del nonces
        return member, b"", b""

    def nonces_of(self, entry: tuple[int, bytes, bytes]) -> NonceCommitments:
        """Return nothing; an entry that has something keeps it, and isn't usable."""
        return tuple(part for part in entry[1:] if part)

    def sign(
        self,
        member: int,
        share: SecretScalar,
        public_key: bytes,
        nonces: SecretNonces,
        message: bytes,
        commitments: CommitmentList,
    ) -> bytes:
        """Return an element of G2, whoever else signs; see `bls.sign`."""
        del member, public_key, nonces, commitments
        return bls.sign(share, message)

    def verify_partial(
        self,
        public_key: bytes,
        public_share: bytes,
        member: int,
        partial: bytes,
        message: bytes,
        commitments: CommitmentList,
    ) -> None:
        """Check an element of G2; see `bls.verify_partial`."""
        del public_key, member, commitments
        try:
            bls.verify_partial(public_share, message, partial)
        except bls.PartialError as error:
            raise PartialError(str(error)) from None

    def aggregate(
        self,
        public_key: bytes,
        message: bytes,
        commitments: CommitmentList,
        partials: Sequence[bytes],
    ) -> bytes:
        """Return the combination of the partials at 0."""
        del public_key, message
        members = [member for member, _, _ in commitments]
        return bls.combine(dict(zip(members, partials, strict=True)))


@cache
def get_signatures(scheme: str) -> ThresholdSignatures:
    """Return how keys of type `scheme` sign; one object per process.

    Raises:
        LocalError: No such scheme. Names are checked where they enter, not here.

    """
    match scheme:
        case "ED25519":
            return FrostSignatures(ED25519_SHA512)
        case "SECP256K1":
            return FrostSignatures(SECP256K1_BIP340)
        case "BLS":
            return BlsSignatures()
        case _:
            raise LocalError(f"no signatures for scheme {scheme!r}")
