"""Behaviours that only a reshare knows; numbers are those of the catalogue of faults.

A dealer of a reshare deals its old share, and the ledger has the verification share that belongs to
it: whatever else it deals, bytes differ. Old members that stay away are silent dealers.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sim.adversary.complaints import KIND, lying
from sim.adversary.deals import prove, redealt
from sim.adversary.registry import Corruption, Occasion, Param, Received, behaviour
from sim.base.codec import encode
from sim.crypto.polynomial import Polynomial
from sim.protocol.effects import Packet, Post
from sim.protocol.messages import Deal, Response
from sim.protocol.phases import Phase


@behaviour(operations=["reshare"])
def reshare_wrong_constant(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal another constant than the old share, shares and proof alike (57). Applies to a dealer.

    Whoever knows the difference could move the key by it.

    Expected: wrong-constant, proven by the signed deal and the old verification share; excluded,
    and the key is kept while t_old dealers remain.
    """
    given = corruption.coefficients
    if not given:
        yield effect
        return
    moved = [given[0] + corruption.scalar("constant"), *given[1:]]
    yield from redealt(effect, corruption, Polynomial(moved, corruption.group.order))


@behaviour(operations=["reshare"], targeted=True)
def reshare_wrong_identity(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal with the old verification share of a victim, another dealer, as V_0 (58).

    Expected: wrong-constant, proven by the signed deal and the old verification share; excluded.
    The victim is not concerned.
    """
    base, victims = corruption.ceremony.base, corruption.choose(corruption.other_dealers)
    match effect:
        case Post(Deal(points) as deal) if base and victims:
            first = base.verification[min(victims)]
            yield Post(msgspec.structs.replace(deal, points=(first, *points[1:])))
        case _:
            yield effect


@behaviour(
    Param(
        "form",
        str,
        "stale",
        "what the deal shows as V_0, and what it proves",
        choices=("stale", "forged", "proved"),
    ),
    operations=["reshare"],
)
def reshare_stale_share(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Deal the share of the generation before the one that is reshared (61). Applies to a dealer.

    V_0 belongs to the old share (`stale`); or it is the present verification share, with a proof of
    the old share (`forged`) or of the present one (`proved`), before points of the old one.

    Expected: wrong-constant for `stale`, bad-proof for `forged`, degree-too-high for `proved`;
    proven by the signed deal, and excluded. Nothing happens in a generation's first reshare.
    """
    base, given, form = corruption.ceremony.base, corruption.coefficients, corruption.option("form")
    old = None if base is None else corruption.share_of(base.generation - 1)
    if base is None or old is None or not given:
        yield effect
        return
    stale = old[1].reveal()
    for bent in redealt(
        effect, corruption, Polynomial([stale, *given[1:]], corruption.group.order)
    ):
        match bent, effect:
            case Post(Deal(points)), Post(Deal(_, honest)) if form != "stale":
                pinned = base.verification[corruption.dealer]
                proof = honest if form == "proved" else prove(corruption, stale, pinned)
                yield Post(Deal((pinned, *points[1:]), proof))
            case _:
                yield bent


@behaviour(KIND, operations=["reshare"])
def reshare_leaver_accused(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Complain about the good shares of every dealer that leaves (64). Applies to a new member.

    Expected: leavers answer complaints like anybody, and stay; disputes are recorded. Nothing is
    published of a share that was said to be `missing`.
    """
    ceremony = corruption.ceremony
    leavers = [d.index for d in ceremony.dealers if not ceremony.own_holder(d.index)]
    match effect:
        case Post(Response() as response):
            yield Post(lying(response, corruption, corruption.option("kind"), leavers))
        case _:
            yield effect


@behaviour(operations=["reshare"])
def reshare_absent_newcomer(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Join a committee and say nothing (65). Applies to a new member that holds no old share.

    Expected: without its transport key it gets no share. Activation without it while at least the
    quorum of the others confirm; else the rotation aborts, and the old generation signs.
    """
    match effect:
        case Post() if not corruption.dealer:
            return
        case _:
            yield effect


@behaviour(operations=["reshare"])
def reshare_bootstrap_lie(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Tell newcomers another old generation than the ledger's (62). Applies to an old member.

    It sends each of them verification shares of its own invention, before anybody deals.

    Expected: ignored. A newcomer has the old verification shares from the ledger, and no message
    can tell it others: the bytes are refused as malformed.
    """
    yield effect
    ceremony, base = corruption.ceremony, corruption.ceremony.base
    match effect:
        case Received() if base and corruption.dealer and corruption.state.phase is Phase.ANNOUNCE:
            if not corruption.once("lie"):
                return
            step = corruption.group.base_mul(corruption.scalar("lie"))
            lie = encode([corruption.group.add(V, step) for V in base.verification])
            for newcomer in ceremony.members:
                if not ceremony.own_dealer(newcomer.index):
                    yield Packet(newcomer.validator, "share", corruption.me.name, lie)
        case _:
            pass
