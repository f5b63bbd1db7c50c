"""Behaviours with the shares that a dealer sends; numbers are those of the catalogue of faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.adversary.registry import Corruption, Occasion, Param, behaviour
from sim.base.ids import ShareIndex
from sim.base.secret import SecretScalar
from sim.protocol.effects import SendSealed, SendShares


@behaviour(
    Param("victims", int, 1, "how many members get no share, when none are named", least=1),
    targeted=True,
)
def silent_to_some(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Send the victims no share (2). Applies to a dealer, in the deal phase.

    Expected: each victim complains `missing`; the sealed answer is good, so the dealer stays in
    QUAL and one dispute per victim is recorded; nobody is blamed.
    """
    match effect:
        case SendShares(shares):
            victims = corruption.choose_holders(shares, corruption.count("victims"))
            yield SendShares({x: share for x, share in shares.items() if x not in victims})
        case _:
            yield effect


@behaviour(targeted=True)
def bad_share_one(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Send a victim a share off the committed polynomial (3). Applies to a dealer's shares.

    Expected: the victim complains `invalid`; the answer in the clear is good, so the dealer stays
    in QUAL and the dispute is recorded. With no-justification the dealer is excluded (unjustified).
    """
    match effect:
        case SendShares(shares):
            yield SendShares({**shares, **_moved(shares, corruption, 1)})
        case _:
            yield effect


@behaviour(
    Param("victims", int, 0, "how many get a bad share, when none are named; 0: t", least=0),
    targeted=True,
)
def bad_share_many(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Send t members, or the victims, shares off the committed polynomial (4). Applies to a dealer.

    Expected: with t or more victims, t `invalid` complaints exclude the dealer when respond ends
    (accused-by-t, without proof: t accusers could lie, but one of them is honest); it owes no
    answer, and no share is published. With fewer victims it ends as bad-share-one does.
    """
    match effect:
        case SendShares(shares):
            count = corruption.count("victims") or corruption.ceremony.threshold
            yield SendShares({**shares, **_moved(shares, corruption, count)})
        case _:
            yield effect


def _moved(
    shares: Mapping[ShareIndex, SecretScalar], corruption: Corruption, count: int
) -> dict[ShareIndex, SecretScalar]:
    order = corruption.group.order
    victims = corruption.choose_holders(shares, count)
    return {x: SecretScalar((s.reveal() + 1) % order) for x, s in shares.items() if x in victims}


@behaviour(
    Param("part", str, "box", "what is garbage", choices=("box", "kem", "length")),
    targeted=True,
)
def undecryptable_share(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Sign and send a victim bytes that don't open (5). Applies to a dealer's sealed shares.

    Garbage is the encrypted share (`box`), the ML-KEM ciphertext before it (`kem`), or everything,
    too short (`length`).

    Expected: the envelope is validly signed, so the victim complains `invalid`; the answer in the
    clear is good: the dealer stays in QUAL and the dispute is recorded, as for bad-share-one.
    """
    match effect:
        case SendSealed(sealed):
            victims = corruption.choose_holders(sealed)
            part = corruption.option("part")
            yield SendSealed(
                {x: _garbled(leaf, part) if x in victims else leaf for x, leaf in sealed.items()}
            )
        case _:
            yield effect


def _garbled(sealed: bytes, part: str) -> bytes:
    if part == "length":
        return sealed[:-1]
    place = 0 if part == "kem" else len(sealed) - 1
    return sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
