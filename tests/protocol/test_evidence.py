"""Evidence that would put honest statements in another light."""

from __future__ import annotations

import dataclasses

from sim.crypto.group import Group
from sim.crypto.polynomial import Polynomial
from sim.protocol.citations import PublicRecord
from sim.protocol.complaints import reply_kind
from sim.protocol.effects import Effect, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.messages import Complaint
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster, dealing


def test_a_second_deal_cannot_turn_a_true_opening_into_a_false_one(group: Group) -> None:
    """v1 lies to v2, sealed; v2 opens the lie. Then v1 deals again, so that the lie is v2's share.

    The second deal is an equivocation; it is no evidence against v2.
    """
    cluster = Cluster(4, 2)
    dealer = dealing(cluster.machines[0])
    lie = 1234

    def withhold(effect: Effect) -> list[Effect]:
        if isinstance(effect, SendShares):
            return [SendShares({x: s for x, s in effect.shares.items() if x != 2})]
        return [effect]

    cluster.tamper("v1", withhold)
    cluster.until(Phase.RESPOND)
    dealer._polynomial = Polynomial([lie - 2 * 77, 77], group.order)
    cluster.until(Phase.CONFIRM)
    cluster.post("v1", dealer.deal(cluster.state))
    state = cluster.run()

    true = next(fault for fault in state.faults if fault.fault == "bad-justification")
    second = [entry.raw for entry in cluster.entries if entry.kind == "deal"][-1]
    framed = dataclasses.replace(
        true, validator="v2", fault="false-opening", evidence=(second, *true.evidence[1:])
    )

    record = PublicRecord.of(state)
    assert true.validator == "v1"
    assert reverify(record, true)
    assert second != true.evidence[0]
    assert not reverify(record, framed)


def test_what_was_missing_is_answered_sealed_and_in_a_repair_everything() -> None:
    """Not a matter of taste: see `Ceremony.always_sealed`."""
    plain = Cluster(4, 2)
    clear = Cluster(4, 2, justifications="clear")
    plain.run()
    repair = plain.repair(4)
    kinds = {
        name: [
            reply_kind(cluster.ceremony, Complaint(1, "missing", b"")),
            reply_kind(cluster.ceremony, Complaint(1, "invalid", b"")),
        ]
        for name, cluster in (("plain", plain), ("clear", clear), ("repair", repair))
    }

    assert kinds == {
        "plain": ["sealed", "clear"],
        "clear": ["clear", "clear"],
        "repair": ["sealed", "sealed"],
    }
