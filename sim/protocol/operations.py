"""In what dealing for a new key, for a new committee, and for new shares differ.

A DKG, a reshare and a refresh are the same ceremony: announce, deal, respond, justify, confirm and
sign. They part in a few places, and these are here, behind one interface: what a dealer's constant
term is and how the ledger's bytes prove it, which of the good deals count, and how they add up.
`creation`, `resharing` and `refresh` are the three rungs of the ladder. How a key is created is a
protocol of its own, by name: `variants` installs them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from sim.base.errors import LocalError
from sim.base.extensions import Registry
from sim.base.randomness import Stream
from sim.base.secret import SecretScalar
from sim.crypto.commitments import Points
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import PEDERSEN, Ceremony
from sim.protocol.creation import Creation
from sim.protocol.refresh import Refresh
from sim.protocol.repair_rules import Repairing
from sim.protocol.resharing import Resharing


class Making(Protocol):
    """What comes of the good deals of one operation. Shares are integers mod q."""

    def qualified(self, ceremony: Ceremony, running: Sequence[int]) -> tuple[int, ...]:
        """Return the deals that count, of those that are good, both ascending."""
        ...

    def verification(
        self, ceremony: Ceremony, qual: Sequence[int], rows: Sequence[Points]
    ) -> Points:
        """Return V_0..V_n of the shares, from what the deals that count published."""
        ...

    def share(
        self,
        ceremony: Ceremony,
        qual: Sequence[int],
        parts: Mapping[int, SecretScalar],
        share: SecretScalar | None,
    ) -> int | None:
        """Return a holder's new share from its parts by dealer, complete over `qual`.

        None if it takes the holder's share of the base generation, and that is lost.
        """
        ...


class Sharing(Making, Protocol):
    """What an operation that deals polynomials to all members does its own way."""

    @property
    def proves(self) -> bool:
        """Whether a deal has a proof of possession of its constant term."""
        ...

    @property
    def scalars(self) -> int:
        """Of how many scalars a share consists: 2 if it comes with a blinding."""
        ...

    @property
    def zero(self) -> bool:
        """Whether every constant term is 0, so that V_0 is the identity."""
        ...

    def polynomial(
        self, ceremony: Ceremony, stream: Stream, share: SecretScalar | None
    ) -> Polynomial | None:
        """Draw a dealer's polynomial of t coefficients; None if it takes a share that is lost.

        `share` is the dealer's share of the base generation, None in a DKG or if it has none.
        """
        ...

    def pinned(self, ceremony: Ceremony, dealer: int) -> bytes | None:
        """Return what V_0 of `dealer` must equal byte for byte; None leaves it free."""
        ...

    def matches(self, ceremony: Ceremony, points: Points, holder: int, data: bytes) -> bool:
        """Say whether `data` is what `holder` was dealt under the commitment `points`."""
        ...

    def prove(
        self,
        ceremony: Ceremony,
        committee: bytes,
        dealer: int,
        secret: SecretScalar,
        public: bytes,
        nonce: int,
    ) -> bytes:
        """Prove knowledge of a constant term; asked only where `proves` is true."""
        ...

    def proven(
        self, ceremony: Ceremony, committee: bytes, dealer: int, public: bytes, proof: bytes
    ) -> bool:
        """Say whether `proof` is the dealer's for its constant term, in this attempt."""
        ...


_ROTATIONS: Final[dict[str, Sharing]] = {"reshare": Resharing(), "refresh": Refresh()}
CREATIONS: Final = Registry[Sharing]("creation")
"""How keys are created, by protocol; `variants` registers the rest."""

CREATIONS.register(PEDERSEN, __name__, lambda _: Creation())

_REPAIRING: Final = Repairing()


def making_of(ceremony: Ceremony) -> Making:
    """Return what comes of the good deals of `ceremony`."""
    return _REPAIRING if ceremony.operation == "repair" else sharing_of(ceremony)


def sharing_of(ceremony: Ceremony) -> Sharing:
    """Return what the operation of `ceremony` does its own way; it deals shares to all members."""
    rotation = _ROTATIONS.get(ceremony.operation)
    if rotation is not None:
        return rotation
    return creation(ceremony.variant)


def creation(protocol: str) -> Sharing:
    """Return how keys of `protocol` are created.

    Raises:
        LocalError: Nothing says it. Names are checked where they enter, not here.

    """
    try:
        return CREATIONS[protocol]
    except KeyError:
        raise LocalError(f"no protocol {protocol!r} creates keys") from None


def share_size(ceremony: Ceremony) -> int:
    """Return how many bytes are sealed to each holder; a mask or a sum of a repair is one scalar.

    The ceremony deals shares: it isn't one of a single-party key.
    """
    scalars = 1 if ceremony.operation == "repair" else sharing_of(ceremony).scalars
    return scalars * get_group(ceremony.scheme).scalar_size
