"""What must come of single situations: crashes, cuts, halts, limits, and when a run ends."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from sim.base.ids import LEDGER
from sim.kchain.blocks import decode_block
from sim.kchain.verify import verify_ledger
from sim.protocol.phases import Phase
from sim.protocol.signing_events import SIGNED
from sim.protocol.transactions import decode_transaction
from sim.scenario.plan import ActionPlan, LedgerPlan, QuotaPlan, TransportPlan, Trigger
from sim.world.genesis import identity_of
from sim.world.networking import parse_perturb
from sim.world.outcome import RunOutcome, Switches
from sim.world.runner import run_plan
from tests.world.plans import CREATE, key_plan, make_plan
from tests.world.variations import PLANS, crash, crash_when, lossy


def _phases(outcome: RunOutcome) -> list[Phase]:
    return [state.phase for state in outcome.state.ceremonies()]


def _rejected(outcome: RunOutcome) -> list[str]:
    blocks = map(decode_block, outcome.blocks)
    return [entry.reason for block in blocks for entry in block.entries if entry.reason]


def _said(outcome: RunOutcome, name: str, kind: str) -> int:
    identity = next(v.identity for v in outcome.state.genesis.validators if v.name == name)
    blocks = map(decode_block, outcome.blocks)
    raw = [entry.transaction for block in blocks for entry in block.entries]
    found = map(decode_transaction, raw)
    return sum(t.principal == identity and t.kind == kind for t in found)


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_ends_with_a_key_that_signs_and_a_chain_that_verifies(name: str) -> None:
    outcome = run_plan(PLANS[name])

    assert outcome.ending == "finished"
    assert outcome.violations == []
    assert outcome.state.record("beacon") is not None
    assert outcome.state.sessions["beacon", "test-1-0"].outcome == SIGNED
    assert verify_ledger(outcome.ledger).head == outcome.state.head


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 1)], ids=str)
def test_the_smallest_committees_make_keys_too(size: tuple[int, int]) -> None:
    assert _phases(run_plan(make_plan(*size))) == [Phase.ACTIVE]


def test_two_keys_are_made_at_once_by_committees_that_overlap() -> None:
    vault = msgspec.structs.replace(key_plan(4, 2), name="vault", committee=(2, 3, 5, 6))
    also = ActionPlan(id="also", do="create-key", key="vault")

    outcome = run_plan(lossy(also, keys=(key_plan(4, 3), vault)))

    assert _phases(outcome) == [Phase.ACTIVE, Phase.ACTIVE]
    assert outcome.violations == []


@pytest.mark.parametrize("event", ["deal-submitted", "response-submitted", "confirm-submitted"])
def test_a_crash_right_after_a_statement_never_repeats_it(event: str) -> None:
    outcome = run_plan(lossy(crash_when(event, 3, for_us=1)))

    assert _said(outcome, "v03", event.removesuffix("-submitted")) == 1
    assert _rejected(outcome) == []


def test_a_dealer_that_crashes_before_its_deal_leaves_deals_after_its_restart() -> None:
    outcome = run_plan(lossy(crash_when("share-sent", 3, 2, for_us=3_000_000)))
    (state,) = outcome.state.ceremonies()

    assert state.qual == tuple(range(1, 8))
    assert state.disputes == []


def test_shares_sent_again_after_a_restart_are_no_first_transmissions() -> None:
    outcome = run_plan(lossy(crash_when("deal-submitted", 3, for_us=3_000_000)))

    assert outcome.messages["shares"] == 7 * 6
    assert outcome.bytes["payload.shares"] == 7 * 6 * 32
    assert outcome.messages["retransmissions"] > 0


def test_a_dealer_whose_store_is_lost_is_excluded_and_not_blamed_and_gets_its_share() -> None:
    lost = crash(3, 4_300_000, 3_000_000, lose="all")
    outcome = run_plan(lossy(lost))
    state, repair = outcome.state.all_ceremonies()

    assert state.phase is repair.phase is Phase.ACTIVE
    assert repair.ceremony.label == "beacon/repair/0/v03"
    assert not any(fault.proof for fault in (*state.faults, *repair.faults))
    assert outcome.shareless == {"beacon": []}
    assert outcome.violations == []


def test_a_coordinator_that_is_down_is_relieved_by_the_next() -> None:
    outcome = run_plan(lossy(crash_when("sign-submitted", 0)))

    (session,) = outcome.state.sessions.values()
    assert session.outcome == SIGNED
    assert session.recorder == identity_of(lossy(), 1).public


def test_a_signer_that_restarts_never_uses_its_old_nonces() -> None:
    outcome = run_plan(lossy(crash_when("confirm-submitted", 0, for_us=3_000_000)))
    (state,) = outcome.state.ceremonies()

    assert [span.phase for span in state.spans[-2:]] == ["sign-1", "sign-2"]
    assert state.signing_set == (2, 3, 4, 5, 6)


def test_a_cut_ledger_link_delivers_in_order_after_the_heal() -> None:
    split = ActionPlan(id="split", do="isolate", at_us=4_000_000, nodes=(6,), until_us=20_000_000)
    outcome = run_plan(lossy(split))
    heights = [
        int(event.label[1])
        for event in outcome.events
        if event.validator == 6 and event.kind == "receive" and event.label[0] == "block"
    ]

    assert heights == sorted(heights)
    assert _phases(outcome) == [Phase.ACTIVE]


def test_nothing_expires_while_the_ledger_is_halted() -> None:
    halt = ActionPlan(id="halt", do="halt-ledger", at_us=5_000_000, until_us=20_000_000)
    halted = run_plan(lossy(halt, duration_us=60_000_000))
    plain = run_plan(lossy())

    assert halted.state.height == plain.state.height
    assert halted.last_us == plain.last_us + 20_000_000
    assert halted.ending == "duration"


def test_with_finality_statements_come_that_much_later() -> None:
    plain, late = (
        run_plan(msgspec.structs.replace(make_plan(3, 2), ledger=LedgerPlan(finality=finality)))
        for finality in (0, 2)
    )
    first, second = (
        [(span.phase, span.end) for span in run.state.ceremonies()[0].spans]
        for run in (plain, late)
    )

    assert second == [(phase, 2 + 3 * k + 2) for k, (phase, _) in enumerate(first)]


def test_a_block_limit_only_delays() -> None:
    outcome = run_plan(lossy(ledger=LedgerPlan(block_max=3)))

    assert _phases(outcome) == [Phase.ACTIVE]
    assert max(len(decode_block(raw).entries) for raw in outcome.blocks) == 3


def test_what_is_too_large_is_as_good_as_lost() -> None:
    outcome = run_plan(lossy(quotas=QuotaPlan(message_max=1000)))
    (state,) = outcome.state.ceremonies()

    assert state.phase is Phase.ACTIVE
    assert {dispute.kind for dispute in state.disputes} == {"missing"}
    assert len(state.disputes) == 7 * 6


def test_without_retransmissions_losses_are_justified_sealed() -> None:
    outcome = run_plan(lossy(transport=TransportPlan(retransmissions=0)))
    (state,) = outcome.state.ceremonies()

    assert state.disputes != []
    assert state.published == []
    assert state.faults == []


def test_an_event_count_runs_across_incarnations_and_fires_once() -> None:
    outcome = run_plan(lossy(crash_when("started", 2, nth=2, for_us=5_000_000), crash(2, 100, 10)))

    starts = [e.time_us for e in outcome.events if e.validator == 2 and e.kind == "start"]
    assert starts == [0, 110, 5_000_110]


@pytest.mark.parametrize("limit", [1, 30])
def test_a_message_limit_ends_the_run(limit: int) -> None:
    assert run_plan(lossy(message_limit=limit)).ending == "message-limit"


def test_a_duration_ends_the_run_in_the_middle_of_a_ceremony() -> None:
    outcome = run_plan(lossy(duration_us=9_000_000))

    assert (outcome.ending, _phases(outcome)) == ("duration", [Phase.CONFIRM])
    assert outcome.last_us < 9_000_000


def test_a_run_lasts_until_what_it_started_is_over() -> None:
    late = ActionPlan(
        id="late",
        do="crash",
        when=Trigger(event="sign-submitted", node=4, nth=1),
        nodes=(4,),
        until_us=90_000_000,
    )
    outcome = run_plan(lossy(late))

    starts = [e.time_us for e in outcome.events if e.validator == 4 and e.kind == "start"]
    assert len(starts) == 2
    assert outcome.last_us > starts[1] > 90_000_000


def test_a_partition_that_does_not_name_the_ledger_leaves_its_links_up() -> None:
    groups = ((0, 1, 2), (3, 4, 5, 6))
    cut = ActionPlan(id="cut", do="partition", at_us=3_000_000, groups=groups, until_us=60_000_000)
    outcome = run_plan(lossy(cut))
    (state,) = outcome.state.ceremonies()

    assert state.faults == []
    assert {dispute.kind for dispute in state.disputes} == {"missing"}


def test_a_partition_that_names_the_ledger_cuts_its_links() -> None:
    groups = ((0, 1), (2, 3, 4, 5, 6, LEDGER))
    cut = ActionPlan(id="cut", do="partition", at_us=3_000_000, groups=groups, until_us=300_000_000)
    first = run_plan(lossy(cut)).state.all_ceremonies()[0]

    assert first.reason == "too-few-confirmations"
    assert {(fault.validator, fault.fault) for fault in first.faults} == {
        ("v00", "no-deal"),
        ("v01", "no-deal"),
    }


def test_one_perturbed_draw_is_seen_first_at_its_send() -> None:
    perturb = "2>5 beacon/dkg/0#1 share v02 1"
    plain = run_plan(lossy())

    other = run_plan(lossy(), 1, replace(Switches(), perturb=perturb))

    pairs = zip(plain.events, other.events, strict=False)
    old, new = next((old, new) for old, new in pairs if old != new)
    assert (old.kind, old.validator, old.peer, old.label) == (
        "send",
        2,
        5,
        ("share", "v02", 1),
    )
    assert old[:9] == new[:9]
    assert old.extra != new.extra


def test_a_perturbation_names_a_send() -> None:
    found = parse_perturb("2>5 beacon/dkg/0#1 share v02 3")

    assert (found.source, found.target, found.transmission) == (2, 5, 3)
    assert found.label == ("beacon/dkg/0", 1, "share", "v02")


def test_a_key_that_nobody_asks_for_is_not_made() -> None:
    outcome = run_plan(msgspec.structs.replace(make_plan(3, 2), timeline=()))

    assert outcome.ending == "finished"
    assert outcome.state.height == 0
    assert CREATE.key not in outcome.state.keys
