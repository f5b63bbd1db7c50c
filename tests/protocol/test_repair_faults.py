"""What helpers and targets do wrong in a repair, what the ledger proves, and what it can't."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from sim.base.codec import decode_canonical, encode
from sim.base.secret import Secret
from sim.crypto.group import Group
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.entries import Fault
from sim.protocol.evidence import reverify
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import (
    Announce,
    Answer,
    Complaint,
    Confirm,
    Deal,
    Justification,
    Opening,
    OpenReply,
    Reply,
    Response,
    ShareEnvelope,
)
from sim.protocol.phases import Phase
from sim.protocol.transactions import statement_payload
from tests.support.cluster import Cluster
from tests.support.repair import active, lost_share, target_of

Change = Callable[[Effect], list[Effect]]


@pytest.fixture
def old(scheme: str) -> Cluster:
    """An active key, 3 of v1…v5."""
    return active(scheme)


@pytest.fixture
def repair(old: Cluster) -> Cluster:
    """The repair of the share of v5, by v1, v2 and v3."""
    return old.repair(5)


def proven(state: CeremonyState) -> list[tuple[str, str]]:
    """Who is at fault with proof; the evidence of each must convince a third party."""
    record = PublicRecord.of(state)
    assert all(reverify(record, fault) for fault in state.faults if fault.proof)
    return [(fault.validator, fault.fault) for fault in state.faults if fault.proof]


def repaired(repair: Cluster, old: Cluster) -> bool:
    return target_of(repair).share == lost_share(repair, old)


def dealing(change: Callable[[Deal], Deal]) -> Change:
    """Rewrite the deal alone."""

    def rewrite(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Deal):
            return [Post(change(effect.statement))]
        return [effect]

    return rewrite


def bending(victim: int, *, also: Change | None = None) -> Change:
    """Send `victim` a share that is off by one; rewrite what else is done."""

    def rewrite(effect: Effect) -> list[Effect]:
        if isinstance(effect, SendShares):
            return [
                SendShares(
                    {x: Secret(s.reveal() + (x == victim)) for x, s in effect.shares.items()}
                )
            ]
        return [effect] if also is None else also(effect)

    return rewrite


def without(kind: type) -> Change:
    """Leave statements of `kind` unsaid."""
    return lambda effect: (
        [] if isinstance(effect, Post) and isinstance(effect.statement, kind) else [effect]
    )


def replying(change: Callable[[Reply], Reply]) -> Change:
    """Rewrite replies, to helpers and to the target."""

    def rewrite(effect: Effect) -> list[Effect]:
        match effect:
            case Post(Justification(replies)):
                return [Post(Justification(tuple(map(change, replies))))]
            case Post(Answer(replies)):
                return [Post(Answer(tuple(map(change, replies))))]
            case _:
                return [effect]

    return rewrite


def garbled(reply: Reply) -> Reply:
    return Reply(reply.accuser, reply.kind, reply.data[:-1] + bytes([reply.data[-1] ^ 1]))


# Deals


def doubled(group: Group) -> dict[str, Callable[[Deal], Deal]]:
    """A deal for each name that it deserves."""
    return {
        "malformed-deal": lambda deal: Deal(deal.points, b"proof"),
        "wrong-point-count": lambda deal: Deal((*deal.points, deal.points[0]), b""),
        "invalid-point": lambda deal: Deal((group.identity, *deal.points[1:]), b""),
        "wrong-constant": lambda deal: Deal((*deal.points[:2], group.base_mul(5)), b""),
    }


@pytest.mark.parametrize(
    "fault", ["malformed-deal", "wrong-point-count", "invalid-point", "wrong-constant"]
)
def test_a_bad_deal_is_proven_and_fails_the_attempt(
    fault: str, repair: Cluster, group: Group
) -> None:
    repair.tamper("v2", dealing(doubled(group)[fault]))

    state = repair.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert proven(state) == [("v2", fault)]
    assert f"v2 ({fault})" in state.detail
    assert [span.phase for span in state.spans] == ["announce", "deal"]


def test_masks_of_another_share_have_the_wrong_constant(repair: Cluster) -> None:
    """Row 72: what a helper splits is pinned by its verification share."""
    repair.shares[1] = Secret(repair.shares[1].reveal() + 1)
    repair.restart("v2")

    assert proven(repair.run()) == [("v2", "wrong-constant")]


def test_masks_for_another_target_have_the_wrong_constant(old: Cluster, repair: Cluster) -> None:
    other = old.repair(4)
    other.run()
    replayed = next(
        decode_canonical(e.body, Deal)
        for e in other.entries
        if (e.kind, e.principal) == ("deal", other.keys[1].public)
    )
    repair.tamper("v2", dealing(lambda _: replayed))

    assert proven(repair.run()) == [("v2", "wrong-constant")]


def test_an_absent_helper_fails_the_attempt_without_proof(repair: Cluster) -> None:
    repair.stop("v3")

    state = repair.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v3", "no-deal", False)]
    assert "2 valid deals of 3 needed; out: v3 (no-deal)" in state.detail


def test_two_deals_of_one_helper_are_an_equivocation(repair: Cluster, group: Group) -> None:
    repair.until(Phase.RESPOND)
    repair.post("v1", Deal((group.base_mul(2),) * 3, b""))

    state = repair.run()

    assert proven(state) == [("v1", "equivocation")]
    assert state.phase is Phase.FAILED


def test_a_late_second_deal_is_a_fault_and_the_repair_goes_on(
    repair: Cluster, old: Cluster, group: Group
) -> None:
    repair.until(Phase.DELIVER)
    repair.post("v1", Deal((group.base_mul(2),) * 3, b""))

    state = repair.run()

    assert proven(state) == [("v1", "equivocation")]
    assert repaired(repair, old)


# Masks


def test_a_bad_mask_is_answered_and_disputed(repair: Cluster, old: Cluster) -> None:
    repair.tamper("v1", bending(2))

    state = repair.run()

    assert state.faults == []
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v1", "v2", "invalid")]
    assert state.replies[1, 2].kind == "sealed"
    assert repaired(repair, old)


def test_an_invalid_mask_is_complained_about_with_a_key(repair: Cluster) -> None:
    repair.tamper("v1", bending(2))
    repair.until(Phase.JUSTIFY)

    assert len(repair.state.complaints[1, 2].one_time_key) == 1216


@pytest.mark.parametrize("accused", ["a bad mask", "a lost mask"])
def test_an_unanswered_complaint_excludes_without_proof(accused: str, repair: Cluster) -> None:
    if accused == "a bad mask":
        repair.tamper("v1", bending(2, also=without(Justification)))
    else:
        repair.drop(ShareEnvelope, "v1", "v2")
        repair.tamper("v1", without(Justification))

    state = repair.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v1", "unjustified", False)]


def test_a_garbled_reply_is_opened_and_proven(repair: Cluster) -> None:
    repair.tamper("v1", bending(2, also=replying(garbled)))

    state = repair.run()

    assert state.openings == {(1, 2): "bad-reply"}
    assert proven(state) == [("v1", "bad-justification")]
    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")


def test_a_clear_reply_answers_nothing(repair: Cluster, group: Group) -> None:
    """In the clear it would show a mask to everybody; it doesn't even count as an answer."""
    machine = repair.machines[0]
    clear = replying(lambda r: Reply(r.accuser, "clear", group.encode_scalar(7)))
    repair.tamper("v1", bending(2, also=clear))

    state = repair.run()

    assert machine.context.name == "v1"
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v1", "unjustified", False)]
    assert state.published == []
    blame = Fault(
        "v1",
        "bad-justification",
        proof=True,
        evidence=(state.deals[1].raw, state.justified[1]),
        height=state.ended_at or 0,
    )
    assert not reverify(PublicRecord.of(state), blame)


def test_a_clear_reply_beside_the_sealed_one_proves_nothing(
    repair: Cluster, old: Cluster, group: Group
) -> None:
    """In a repair a reply in the clear isn't even looked at, by judge or by third parties."""

    def both(effect: Effect) -> list[Effect]:
        match effect:
            case Post(Justification(replies)):
                clear = tuple(Reply(r.accuser, "clear", group.encode_scalar(7)) for r in replies)
                return [Post(Justification((*replies, *clear)))]
            case _:
                return [effect]

    repair.tamper("v1", bending(2, also=both))
    state = repair.run()

    evidence = state.deals[1].raw, state.justified[1]
    claim = Fault("v1", "bad-justification", proof=True, evidence=evidence, height=1)

    assert (1, 2) in state.replies
    assert not reverify(PublicRecord.of(state), claim)
    assert state.faults == []
    assert repaired(repair, old)


def test_a_mask_is_not_accused_again_while_sums_are_examined(repair: Cluster) -> None:
    """v2 got a bad reply, said nothing, and speaks up one round too late."""
    repair.tamper("v1", bending(2, also=replying(garbled)))
    repair.tamper("v2", without(OpenReply))
    repair.drop(ShareEnvelope, "v3", "v5")
    repair.until(Phase.EXAMINE)
    repair.post("v2", OpenReply((Opening(1, repair.stores[1]["one-time/1"]),)))

    state = repair.run()

    assert ("v2", "open-reply", "NothingToOpen") in repair.rejected
    assert proven(state) == []


def test_a_false_opening_by_a_helper_is_proven(repair: Cluster, old: Cluster) -> None:
    repair.drop(ShareEnvelope, "v1", "v2")

    def lie(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, OpenReply):
            return [Post(OpenReply((Opening(1, bytes(96)),)))]
        return [effect]

    repair.tamper("v2", lie)

    state = repair.run()

    assert proven(state) == [("v2", "false-opening")]
    assert repaired(repair, old), "the helper is excluded from nothing: its deal is good"


# Sums


def test_a_bad_sum_is_answered_and_disputed(repair: Cluster, old: Cluster) -> None:
    repair.tamper("v3", bending(5))

    state = repair.run()

    assert state.faults == []
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v3", "v5", "invalid")]
    assert [span.phase for span in state.spans][3:] == ["deliver", "answer", "examine", "confirm"]
    assert repaired(repair, old)


def test_a_sum_that_is_never_answered_excludes_without_proof(repair: Cluster) -> None:
    repair.tamper("v3", bending(5, also=without(Answer)))

    state = repair.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert [(f.validator, f.fault, f.proof) for f in state.faults] == [("v3", "unjustified", False)]
    assert target_of(repair).share is None


def test_a_garbled_answer_is_proven_by_all_deals_together(repair: Cluster) -> None:
    repair.tamper("v3", bending(5, also=replying(garbled)))

    state = repair.run()

    assert proven(state) == [("v3", "bad-justification")]
    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    (fault,) = state.faults
    assert len(fault.evidence) == 3 + 3
    record = PublicRecord.of(state)
    for cut in range(len(fault.evidence)):
        partly = fault.evidence[:cut] + fault.evidence[cut + 1 :]
        assert not reverify(record, dataclasses.replace(fault, evidence=partly))
    for other in ("v1", "v2", "v5"):
        for verdict in ("bad-justification", "false-opening"):
            lie = dataclasses.replace(fault, validator=other, fault=verdict)
            assert not reverify(record, lie)


def test_a_false_opening_by_the_target_is_proven_and_shows_the_sum(
    repair: Cluster, old: Cluster
) -> None:
    repair.drop(ShareEnvelope, "v1", "v5")

    def lie(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, OpenReply):
            return [Post(OpenReply((Opening(1, repair.stores[4]["one-time/1"]),)))]
        return [effect]

    repair.tamper("v5", lie)

    state = repair.run()

    assert proven(state) == [("v5", "false-opening")]
    assert state.published == [(1, 5)]
    assert repaired(repair, old)


def test_a_second_deal_cannot_turn_a_good_answer_into_a_bad_one(
    repair: Cluster,
) -> None:
    """Two plot: v1 deals again, late, and v5 publishes the seeds of v2's good answer."""
    repair.drop(ShareEnvelope, "v2", "v5")

    def lie(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, OpenReply):
            return [Post(OpenReply((Opening(2, repair.stores[4]["one-time/2"]),)))]
        return [effect]

    repair.tamper("v5", lie)
    repair.until(Phase.ANSWER)
    first = repair.state.deals[1].deal
    assert first is not None
    repair.post("v1", Deal((*first.points[1:], first.points[0]), b""))
    state = repair.run()
    second = [entry.raw for entry in repair.entries if entry.kind == "deal"][-1]
    true = next(fault for fault in state.faults if fault.fault == "false-opening")
    deals, rest = true.evidence[:3], true.evidence[3:]

    evidence = (second, *deals[1:], *rest)
    framed = Fault("v2", "bad-justification", proof=True, evidence=evidence, height=1)

    record = PublicRecord.of(state)
    assert reverify(record, true)
    assert second != deals[0]
    assert not reverify(record, framed)
    assert sorted(proven(state)) == [("v1", "equivocation"), ("v5", "false-opening")]


@pytest.mark.parametrize("who", ["v2", "v5"], ids=["helper", "target"])
def test_a_malformed_response_is_proven_and_stops_nobody(
    who: str, repair: Cluster, old: Cluster
) -> None:
    def lie(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            keyless = Complaint(1, "invalid", b"")
            return [Post(Response(b"\x06", (keyless,)))]
        return [effect]

    repair.tamper(who, lie)

    state = repair.run()

    assert proven(state) == [(who, "malformed-response")]
    assert repaired(repair, old)


# The target's confirmation


def confirming(change: Callable[[Confirm], Confirm]) -> Change:
    def rewrite(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Confirm):
            return [Post(change(effect.statement))]
        return [effect]

    return rewrite


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("inconsistent-confirmation", lambda c: Confirm(bytes(32), c.proof, ())),
        ("bad-confirmation", lambda c: Confirm(c.transcript, bytes(len(c.proof)), ())),
        ("bad-confirmation", lambda c: Confirm(c.transcript, c.proof, (bytes(32), bytes(32)))),
    ],
    ids=["another transcript", "no proof", "nonces, though nothing is signed"],
)
def test_a_bad_confirmation_is_proven_and_fails_the_attempt(
    fault: str, change: Callable[[Confirm], Confirm], repair: Cluster
) -> None:
    repair.tamper("v5", confirming(change))

    state = repair.run()

    assert proven(state) == [("v5", fault)]
    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-confirmations")


def test_a_second_confirmation_contradicts_the_first(repair: Cluster) -> None:
    state = repair.run()
    repair.post("v5", Confirm(bytes(32), b"", ()))
    repair.step()

    assert proven(repair.state) == [("v5", "contradictory-confirmation")]
    assert state.phase is Phase.ACTIVE


# Statements out of place


@pytest.mark.parametrize(
    ("who", "statement"),
    [
        ("v4", Announce(bytes(1216))),
        ("v4", Response(b"\x07", ())),
        ("v5", Deal((), b"")),
        ("v5", Justification(())),
        ("v5", Answer(())),
        ("v1", Confirm(bytes(32), b"", ())),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_only_helpers_help_and_only_the_target_confirms(
    who: str, statement: Deal, repair: Cluster
) -> None:
    repair.until(Phase.RESPOND)
    repair.post(who, statement)

    state = repair.run()

    kinds = [(name, reason) for name, _, reason in repair.rejected]
    assert kinds == [(who, "NotAMember")]
    assert state.phase is Phase.ACTIVE
    assert state.faults == []


@pytest.mark.parametrize(
    ("phase", "who", "statement", "reason"),
    [
        (Phase.RESPOND, "v5", Response(b"\x07", ()), "WrongPhase"),
        (Phase.RESPOND, "v1", Answer(()), "WrongPhase"),
        (Phase.DELIVER, "v1", Response(b"\x07", ()), "Duplicate"),
        (Phase.DELIVER, "v1", Justification(()), "WrongPhase"),
        (Phase.CONFIRM, "v5", OpenReply(()), "WrongPhase"),
        (Phase.CONFIRM, "v5", Response(b"\x07", ()), "Duplicate"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_statements_out_of_their_phase_have_no_effect(
    phase: Phase, who: str, statement: Response, reason: str, repair: Cluster, old: Cluster
) -> None:
    repair.until(phase)
    repair.post(who, statement)

    state = repair.run()

    assert reason in [why for name, _, why in repair.rejected if name == who]
    assert state.faults == []
    assert repaired(repair, old)


def test_an_answer_without_a_complaint_has_no_effect(repair: Cluster) -> None:
    repair.drop(ShareEnvelope, "v1", "v5")
    repair.tamper("v1", without(Answer))
    repair.until(Phase.ANSWER)
    repair.post("v2", Answer(()))
    repair.post_bytes("v1", "answer", b"no answer")

    state = repair.run()

    assert repair.rejected == [("v2", "answer", "NothingToAnswer"), ("v1", "answer", "Malformed")]
    assert state.excluded == {1: "unjustified"}


def test_statements_of_another_attempt_do_not_count(repair: Cluster, old: Cluster) -> None:
    """An envelope or deal of an earlier attempt is bound to it."""
    earlier = old.repair(5, attempt=2)
    earlier.run()
    stale = next(e.body for e in earlier.entries if e.kind == "deal")
    ceremony = earlier.ceremony
    payload = statement_payload(ceremony.session, ceremony.attempt, decode_canonical(stale, Deal))
    repair.until(Phase.DEAL)
    repair._submit(repair.ceremony.member(1).validator, "deal", payload)

    state = repair.run()

    assert ("v1", "deal", "UnknownSession") in repair.rejected
    assert state.faults == []
    assert encode(state.deals[1].deal) != stale
