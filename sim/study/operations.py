"""The operations that cost models price, each as this program really does it.

What is timed is the function that charges the meter, on inputs as ceremonies have them, with no
memo, so that nothing is answered from a cache: points are decoded before, as they are in a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle, islice
from typing import Final

from sim.base.randomness import stream
from sim.base.secret import Secret
from sim.crypto import bls, mldsa, mlkem, schnorr, sealing, vault
from sim.crypto.groups import get_group
from sim.crypto.identity import Identity
from sim.crypto.identity import verify as verify_identity
from sim.validator.costs import SCHEMES

TERMS: Final = 64
"""Terms of a combination that is timed; its figure is per term."""

_SIGNERS: Final = 43
"""Partial signatures in a combination in G2."""

_MESSAGES: Final = 12
"""What ML-DSA signs in a round."""

_TAG: Final = "calibrate"


@dataclass(frozen=True)
class Operation:
    """One operation of one scheme.

    Attributes:
        name: Of its meter.
        scheme: Whose group it works in; empty for those that are the same for every scheme.
        call: Does it once, on the next of several inputs.
        calls: How often in a round.
        per: Units of the meter in one call: the terms of a combination.

    """

    name: str
    scheme: str
    call: Callable[[], object]
    calls: int
    per: int = 1

    def prepare(self, calls: int) -> None:
        """Make the inputs of the next `calls` calls, if each must have one of its own."""
        if isinstance(self.call, _Fresh):
            self.call.prepare(calls)


def operations() -> Iterator[Operation]:
    """Yield every operation that models price, in a fixed order."""
    for scheme in SCHEMES:
        yield from _group(scheme)
    yield from _pairings()
    yield from _sealing()
    yield from _identities()
    yield from _lattices()
    yield from _vault()


def _bytes(label: str, size: int) -> bytes:
    return stream(1, _TAG, label).bytes(size)


def _group(scheme: str) -> Iterator[Operation]:
    group = get_group(scheme)
    scalars = [int.from_bytes(_bytes(f"scalar-{i}", 64), "big") % group.order for i in range(TERMS)]
    points = [group.base_mul(scalar) for scalar in scalars]
    for point in points:
        group.mul_small(2, point)  # decoded now, and kept
    next_scalar, next_point = cycle(scalars).__next__, cycle(points).__next__
    proof = schnorr.prove(group, Secret(scalars[0]), points[0], scalars[1], _TAG)
    full = group.order.bit_length()
    short = [scalar >> (full - 128) for scalar in scalars]
    # A point that was checked once is known from then on: each of these is new.
    unknown = (group.base_mul(number) for number in count(scalars[0]))
    yield Operation("exp.base", scheme, lambda: group.base_mul(next_scalar()), 100)
    yield Operation("exp.full", scheme, lambda: group.mul(next_scalar(), next_point()), 40)
    yield Operation("exp.small", scheme, lambda: group.mul_small(171, next_point()), 100)
    yield Operation(
        "combine.128.terms", scheme, lambda: group.combine(short, points, 128), 2, TERMS
    )
    yield Operation(
        "combine.full.terms", scheme, lambda: group.combine(scalars, points, full), 2, TERMS
    )
    yield Operation("point.validate", scheme, _Fresh(unknown, group.validate), 40)
    yield Operation(
        "proof.verify", scheme, lambda: schnorr.verify(group, points[0], proof, _TAG), 40
    )


class _Fresh:
    """Calls a function with inputs that it has never seen; `Operation.call` may be timed apart.

    Args:
        inputs: Endless.
        function: What is timed.

    """

    def __init__(self, inputs: Iterator[bytes], function: Callable[[bytes], object]) -> None:
        self._inputs = inputs
        self._function = function
        self._ready: list[bytes] = []

    def prepare(self, calls: int) -> None:
        """Make the inputs of the next `calls` calls, outside of what is timed."""
        self._ready += islice(self._inputs, calls)

    def __call__(self) -> object:
        return self._function(self._ready.pop())


def _pairings() -> Iterator[Operation]:
    group = get_group("BLS")
    shares = {index: Secret(7919 * index) for index in range(1, _SIGNERS + 1)}
    publics = {index: group.base_mul(share.reveal()) for index, share in shares.items()}
    message = _bytes("message", 32)
    partials = {index: bls.sign(share, message) for index, share in shares.items()}
    index, number = cycle(shares).__next__, count().__next__

    def sign() -> None:
        # A signer hashes every message to G2 itself: none of these was hashed before.
        bls.sign(shares[index()], b"%d" % number())

    def check() -> None:
        at = index()
        bls.verify_partial(publics[at], message, partials[at])

    yield Operation("exp.g2", "", sign, 20)
    yield Operation("pairing.check", "", check, 5)
    yield Operation("combine.g2.terms", "", lambda: bls.combine(partials), 1, per=_SIGNERS)


def _sealing() -> Iterator[Operation]:
    keys = [
        sealing.TransportKey.from_seeds(Secret(_bytes(f"seeds-{i}", sealing.SEEDS_SIZE)))
        for i in range(8)
    ]
    ephemeral = sealing.Ephemeral(Secret(_bytes("ephemeral", 32)))
    share, session = _bytes("share", 32), _bytes("session", 32)

    def seal(to: sealing.TransportKey) -> bytes:
        return sealing.seal(share, to.public, ephemeral, "share", _TAG, session, 1, 1, 2)

    def open_next() -> None:
        key, sealed = next(boxes)
        sealing.open_sealed(sealed, key, "share", _TAG, session, 1, 1, 2)

    boxes = cycle([(key, seal(key)) for key in keys])
    following = cycle(keys).__next__
    yield Operation("seal", "", lambda: seal(following()), 60)
    yield Operation("open", "", open_next, 60)


def _identities() -> Iterator[Operation]:
    identity = Identity(_bytes("identity", 32))
    messages = [_bytes(f"transaction-{i}", 512) for i in range(8)]
    signed = cycle([(message, identity.sign(message)) for message in messages])
    following = cycle(messages).__next__
    yield Operation("signature.sign", "", lambda: identity.sign(following()), 100)
    yield Operation(
        "signature.verify", "", lambda: verify_identity(identity.public, *next(signed)), 60
    )


def _lattices() -> Iterator[Operation]:
    signer = mldsa.SigningKey.from_seed(Secret(_bytes("mldsa", 32)))
    # How often ML-DSA rejects and tries again depends on the message: every round signs the same.
    messages = [_bytes(f"message-{i}", 32) for i in range(_MESSAGES)]
    next_message = cycle(messages).__next__
    signature = signer.sign(messages[0])
    holder = mlkem.DecapsulationKey.from_seed(Secret(_bytes("mlkem", 64)))
    coins = Secret(_bytes("coins", 32))
    _, ciphertext = mlkem.encapsulate(holder.public, coins)
    yield Operation("mldsa.sign", "", lambda: signer.sign(next_message()), _MESSAGES)
    yield Operation(
        "mldsa.verify", "", lambda: mldsa.verify(signer.public, messages[0], signature), 20
    )
    yield Operation("mlkem.encapsulate", "", lambda: mlkem.encapsulate(holder.public, coins), 4)
    yield Operation("mlkem.decapsulate", "", lambda: holder.decapsulate(ciphertext), 60)


def _vault() -> Iterator[Operation]:
    own = vault.Vault(Secret(_bytes("kek", 32)))
    wrapped = own.new_dek(Secret(_bytes("dek", 32)))
    scope = vault.Scope(_TAG, 1, 1, 1)
    nonce, share = _bytes("nonce", 12), Secret(_bytes("share", 32))
    sealed = own.seal(wrapped, scope, "share", share, nonce)
    yield Operation("vault.seal", "", lambda: own.seal(wrapped, scope, "share", share, nonce), 200)
    yield Operation("vault.open", "", lambda: own.open(wrapped, scope, "share", sealed), 200)
    salt = _bytes("salt", vault.SALT_SIZE)
    yield Operation("argon2id", "", lambda: vault.kek_from_password(share, salt), 1)
