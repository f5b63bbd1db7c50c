"""Repair: t helpers re-create one member's share, and nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.base.codec import decode_canonical
from sim.base.ids import ValidatorIndex
from sim.base.meters import Meter, metering
from sim.base.randomness import stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto.group import Group
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant, lagrange
from sim.protocol.ceremony import Base
from sim.protocol.effects import Effect, SendShares
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import judge, member_machine, open_ceremony
from sim.protocol.messages import Deal, ShareAck, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.repair import RepairState, next_helpers
from sim.protocol.repair_rules import joined, split
from sim.protocol.repairing import RepairMachine
from tests.support.metered import Metered
from tests.support.repair import active, lost_share, target_of
from tests.support.vectors import load

SHAPES = ((2, 1), (3, 2), (5, 3), (7, 5))
QUIET = ["announce", "deal", "respond", "deliver", "confirm"]
"""The phases of a repair in which nobody complains."""

RESTARTS = (Phase.ANNOUNCE, Phase.DEAL, Phase.RESPOND, Phase.DELIVER, Phase.CONFIRM)


# Published values


@pytest.mark.parametrize(
    ("file", "scheme_of_file", "order"),
    [("frost-ed25519", "ED25519", "little"), ("frost-secp256k1", "SECP256K1", "big")],
)
def test_sums_and_shares_are_those_of_published_repairs(
    file: str, scheme_of_file: str, order: Any
) -> None:
    """The Zcash Foundation's vectors for repairing a FROST share: both steps are sums."""
    vectors = load(f"frost/zcash/{file}/repair-share.json")
    q = get_group(scheme_of_file).order

    def scalars(step: str, name: str) -> dict[str, SecretScalar]:
        values = vectors[step].items()
        return {
            key: Secret(int.from_bytes(bytes.fromhex(value), order))
            for key, value in values
            if key.startswith(name)
        }

    deltas = scalars("scalar_generation", "random_scalar_")
    sigmas = scalars("sigma_generation", "sigma_")

    sigma, share = deltas.pop("random_scalar_sum"), sigmas.pop("sigma_sum")

    assert len(deltas) == 3
    assert joined(deltas.values(), q) == sigma
    assert len(sigmas) == 4
    assert joined(sigmas.values(), q) == share


@settings(max_examples=30, deadline=None)
@given(value=st.integers(0, 1 << 260), count=st.integers(1, 12), seed=st.integers(0, 1 << 32))
def test_masks_add_up_and_none_of_them_alone_is_fixed(value: int, count: int, seed: int) -> None:
    q = get_group("ED25519").order

    masks = split(Secret(value), count, stream(seed, "one"), q).reveal()
    others = split(Secret(value), count, stream(seed, "two"), q).reveal()

    assert len(masks) == count
    assert (sum(masks) - value) % q == 0
    assert count == 1 or all(a != b for a, b in zip(masks, others, strict=True))


# A repair without faults


@pytest.mark.parametrize(("size", "threshold"), SHAPES)
def test_the_target_gets_the_share_that_it_lost(
    size: int, threshold: int, scheme: str, group: Group
) -> None:
    old = active(scheme, size, threshold)

    for target in (1, size):
        repair = old.repair(target)
        state = repair.run()

        assert state.phase is Phase.ACTIVE
        assert [span.phase for span in state.spans] == QUIET
        assert state.faults == []
        assert target_of(repair).share == lost_share(repair, old)
        assert list(state.confirmed) == [target]
        assert state.activation_message == b"", "a repair signs nothing"


def test_any_helpers_repair_the_same_share(scheme: str) -> None:
    old = active(scheme)

    for helpers in ((1, 2, 4), (2, 4, 5), (1, 4, 5)):
        repair = old.repair(3, helpers)
        repair.run()

        assert target_of(repair).share == lost_share(repair, old)


def test_a_repair_keeps_generation_key_and_verification_shares(scheme: str) -> None:
    old = active(scheme)

    state = old.repair(4).run()

    assert state.ceremony.generation == old.ceremony.generation
    assert state.public_key == old.state.public_key
    assert state.verification == old.state.verification
    assert state.qual == state.ceremony.helpers


def test_a_repaired_share_opens_the_key_with_any_others(scheme: str, group: Group) -> None:
    old = active(scheme)
    repair = old.repair(5)
    repair.run()

    mine = target_of(repair).share
    assert mine is not None
    points = {1: old.kept()[0].reveal(), 3: old.kept()[2].reveal(), 5: mine.reveal()}

    assert group.base_mul(interpolate_constant(points, group.order)) == old.state.public_key


def test_a_share_of_a_later_generation_is_repaired(scheme: str) -> None:
    refreshed = active(scheme).rotation("refresh")
    refreshed.run()

    repair = refreshed.repair(2)
    state = repair.run()

    assert state.phase is Phase.ACTIVE
    assert state.ceremony.generation == 1
    assert target_of(repair).share == lost_share(repair, refreshed)
    assert target_of(repair).share != active(scheme).kept()[1]


def test_anyone_reaches_the_same_verdict_from_the_entries(scheme: str) -> None:
    repair = active(scheme).repair(5)
    repair.drop(ShareEnvelope, "v1", "v2")
    repair.drop(ShareEnvelope, "v3", "v5")
    state = repair.run()

    again = judge(repair.ceremony, repair.entries, repair.height)

    assert isinstance(again, RepairState)
    assert again == state
    assert len(state.disputes) == 2


@pytest.mark.parametrize(("size", "threshold"), SHAPES)
def test_payloads_and_charges_are_those_of_the_formula(
    size: int, threshold: int, scheme: str, group: Group
) -> None:
    """costs.md, repair: t² messages of S bytes, t²·G on the ledger, t exponentiations to deal."""
    t = threshold
    repair = active(scheme, size, t).repair(size)
    meters = {v: Metered(machine) for v, machine in repair.machines.items()}
    repair.machines = meters  # type: ignore[assignment]  # stands for the machines

    repair.run()

    shares = {(s, r) for s, r, kind, _ in repair.sent if kind == "share"}
    deals = [decode_canonical(e.body, Deal) for e in repair.entries if e.kind == "deal"]
    assert len(shares) == t * t
    assert sum(len(p) for deal in deals for p in deal.points) == t * t * group.point_size
    assert all(deal.proof == b"" for deal in deals)
    lost = repair.ceremony.member(size).validator
    for v, metered in meters.items():
        counts = metered.meter.counts
        if v == lost:  # checks of the sums and of the share itself; the proof's nonce
            assert (counts["exp.base"], counts["open"]) == (t + 1 + 1, t)
            assert "seal" not in counts
        else:  # the deal, then checks of the others' masks
            assert counts["exp.base"] == t + (t - 1)
            assert counts["seal"] == (t - 1) + 1
            assert counts.get("open", 0) == t - 1
        assert "exp.full" not in counts
    with metering(Meter()) as public:
        judge(repair.ceremony, repair.entries, repair.height)
    assert public.counts == {"point.validate": t * t, "exp.full": t, "proof.verify": 1}


# What leaves a repair


def test_nothing_on_the_ledger_shows_a_secret_whatever_is_complained_about(
    scheme: str, group: Group
) -> None:
    """Every link is cut, so that every mask and every sum is answered on the ledger, sealed."""
    old = active(scheme)
    repair = old.repair(5)
    repair.drops.append(lambda source, target, message: isinstance(message, ShareEnvelope))
    seen: list[int] = []
    for who in ("v1", "v2", "v3"):
        repair.tamper(who, lambda effect: remembered(effect, seen))

    state = repair.run()

    t = repair.ceremony.threshold
    assert state.phase is Phase.ACTIVE
    assert len(state.replies) == len(seen) == t * (t - 1) + t
    secrets = [*seen, *(share.reveal() for share in old.kept().values())]
    ledger = b"".join(entry.raw for entry in repair.entries)
    assert not any(group.encode_scalar(secret) in ledger for secret in secrets)
    assert state.published == []


def remembered(effect: Effect, seen: list[int]) -> list[Effect]:
    if isinstance(effect, SendShares):
        seen.extend(share.reveal() for share in effect.shares.values())
    return [effect]


def test_all_helpers_but_one_lack_exactly_the_last_sum(scheme: str, group: Group) -> None:
    """Why a sum is never published: with t − 1 corrupted helpers it is the share."""
    old = active(scheme)
    repair = old.repair(5, (1, 2, 3))
    sent: dict[tuple[str, int], int] = {}
    own: dict[str, int] = {}

    def spy(who: str) -> None:
        def look(effect: Effect) -> list[Effect]:
            if isinstance(effect, SendShares):
                sent.update({(who, to): s.reveal() for to, s in effect.shares.items()})
            return [effect]

        repair.tamper(who, look)

    for who in ("v1", "v2", "v3"):
        spy(who)
    repair.until(Phase.RESPOND)
    for v in (0, 1, 2):
        machine = repair.machines[v]
        assert isinstance(machine, RepairMachine)
        assert machine._helper is not None
        mask = machine._helper.own_mask()
        assert mask is not None
        own[f"v{v + 1}"] = mask.reveal()
    repair.run()

    corrupted = [sent["v1", 5], sent["v2", 5]]
    honest_sum = sent["v3", 5]
    known = [sent["v1", 3], sent["v2", 3]]

    assert sum([*corrupted, honest_sum]) % group.order == lost_share(repair, old).reveal()
    assert (honest_sum - sum(known)) % group.order == own["v3"], "the mask that stays at home"
    assert own["v3"] not in sent.values()


def test_masks_are_fresh_in_every_attempt(scheme: str) -> None:
    old = active(scheme)

    first, second = (old.repair(5, attempt=attempt) for attempt in (1, 2))
    first.run()
    second.run()

    points = [
        {p for e in r.entries if e.kind == "deal" for p in decode_canonical(e.body, Deal).points}
        for r in (first, second)
    ]
    assert points[0].isdisjoint(points[1])
    assert target_of(first).share == target_of(second).share


def test_only_the_repaired_share_survives_in_any_store(scheme: str, group: Group) -> None:
    old = active(scheme)
    repair = old.repair(5)
    before: set[str] = set()
    while not repair.state.ended:
        before.update(key.split("/")[0] for store in repair.stores for key in store)
        repair.step()

    assert {"masks", "outgoing", "delivery", "transport", "envelope", "share"} <= before
    assert [sorted(store) for store in repair.stores[:4]] == [[], [], [], []]
    share = lost_share(repair, old).reveal()
    assert repair.stores[4] == {"share": group.encode_scalar(share)}

    repair._perform(4, target_of(repair).retire())

    assert repair.stores[4] == {}
    assert target_of(repair).share is None


def test_a_failed_repair_leaves_nothing_at_all(scheme: str) -> None:
    repair = active(scheme).repair(5)
    repair.stop("v5")

    state = repair.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-confirmations")
    assert "v5" in state.detail
    assert all(store == {} for store in repair.stores[:4])


# Lossy networks and restarts


@pytest.mark.parametrize("link", [("v1", "v2"), ("v3", "v5")], ids=["a mask", "a sum"])
def test_a_lost_share_is_answered_sealed_and_nobody_is_blamed(
    link: tuple[str, str], scheme: str
) -> None:
    old = active(scheme)
    repair = old.repair(5)
    repair.drop(ShareEnvelope, *link)

    state = repair.run()

    assert state.phase is Phase.ACTIVE
    assert state.faults == []
    assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [(*link, "missing")]
    assert target_of(repair).share == lost_share(repair, old)


@pytest.mark.parametrize("phase", RESTARTS, ids=lambda phase: phase.value)
@pytest.mark.parametrize("who", ["v2", "v5"], ids=["helper", "target"])
def test_a_restart_with_the_store_changes_nothing(who: str, phase: Phase, scheme: str) -> None:
    old = active(scheme)
    repair = old.repair(5)
    repair.until(phase)

    repair.restart(who)
    state = repair.run()

    assert state.phase is Phase.ACTIVE
    assert state.faults == []
    assert state.disputes == []
    assert target_of(repair).share == lost_share(repair, old)


def test_a_restarted_helper_sends_the_same_bytes_again(scheme: str) -> None:
    """Other links are cut, too, so that neither round ends before the restart has its effect."""
    repair = active(scheme).repair(5)
    repair.drop(ShareEnvelope, "v1", "v3")
    repair.drop(ShareEnvelope, "v1", "v5")
    repair.drop(ShareAck, "v3", "v2")
    repair.drop(ShareAck, "v5", "v2")

    def sent() -> list[tuple[str, bytes]]:
        return [(to, b) for who, to, kind, b in repair.sent if (who, kind) == ("v2", "share")]

    for phase, receiver in ((Phase.RESPOND, "v3"), (Phase.DELIVER, "v5")):
        repair.until(phase)
        before = sent()
        repair.restart("v2")
        repair.step()
        after = sent()[len(before) :]
        assert receiver in [to for to, _ in after], "nobody else knows that it has arrived"
        assert set(after) <= set(before)
    state = repair.run()

    assert state.phase is Phase.ACTIVE
    assert len(set(sent())) == 3


def test_a_helper_that_lost_its_store_never_deals_twice(scheme: str) -> None:
    repair = active(scheme).repair(5)
    while "v2" not in {repair.ceremony.member(i).name for i in repair.state.deals}:
        repair.step()
    repair.drop(ShareEnvelope, "v2", "*")

    repair.restart("v2", keep_store=False)
    state = repair.run()

    assert (
        sum(e.kind == "deal" and e.principal == repair.keys[1].public for e in repair.entries) == 1
    )
    assert not any(fault.proof for fault in state.faults)


def test_an_amnesiac_says_nothing_but_its_transport_key(scheme: str) -> None:
    repair = active(scheme).repair(5)
    for v in (0, 4):
        context = repair.machines[v].context
        share = repair.shares.get(v)
        repair.machines[v] = member_machine(
            context, repair.ceremony, {}, share=share, amnesiac=True
        )

    state = repair.run()

    said = [entry.kind for entry in repair.entries if entry.principal == repair.keys[0].public]
    assert said == ["announce"]
    assert (state.phase, state.excluded) == (Phase.FAILED, {1: "no-deal"})


def test_who_has_lost_its_own_share_does_not_help(scheme: str) -> None:
    repair = active(scheme).repair(5)
    repair.shares.pop(1)
    repair.restart("v2", keep_store=False)

    state = repair.run()

    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")
    assert "v2 (no-deal)" in state.detail


# Who helps


def base_of(size: int, threshold: int) -> Base:
    state = active("ED25519", size, threshold).state
    return Base(0, threshold, state.ceremony.members, state.verification, state.transcript)


def test_the_first_members_help_first() -> None:
    assert next_helpers(base_of(5, 3), 2) == (1, 3, 4)


def test_a_helper_that_let_the_target_down_is_replaced() -> None:
    old = active("ED25519")
    failed: list[CeremonyState] = []
    for attempt, silent in ((1, 2), (2, 4)):
        helpers = next_helpers(base_of(5, 3), 5, failed)
        repair = old.repair(5, helpers, attempt=attempt)
        repair.stop(f"v{silent}")
        failed.append(repair.run())

    assert [state.ceremony.helpers for state in failed] == [(1, 2, 3), (1, 3, 4)]
    assert all(state.phase is Phase.FAILED for state in failed)
    assert next_helpers(base_of(5, 3), 5, failed[:1]) == (1, 3, 4)
    assert next_helpers(base_of(5, 3), 5, failed) == (1, 2, 3), "nobody else is left"


def test_members_known_to_have_no_share_are_asked_last() -> None:
    assert next_helpers(base_of(7, 5), 1, unfit=(2,)) == (3, 4, 5, 6, 7)
    assert next_helpers(base_of(7, 5), 1, unfit=(2, 3)) == (2, 4, 5, 6, 7)


def test_a_share_that_all_are_needed_for_cannot_be_repaired() -> None:
    assert next_helpers(base_of(3, 3), 1) == ()


def test_the_target_is_woken_when_it_must_complain_about_missing_sums(scheme: str) -> None:
    repair = active(scheme).repair(5)
    repair.drop(ShareEnvelope, "v1", "v5")
    repair.until(Phase.DELIVER)
    state = repair.state

    woken = []
    at: int | None = state.phase_start - 1
    while (at := state.due(at or 0)) is not None:
        woken.append(at)

    grace = repair.ceremony.lengths.grace
    assert woken == [state.phase_start - 1 + grace, state.deadline]


def test_only_helpers_and_the_target_take_part(scheme: str) -> None:
    repair = active(scheme).repair(5)

    assert [seat.name for seat in repair.ceremony.participants] == ["v1", "v2", "v3", "v5"]
    assert sorted(repair.machines) == [0, 1, 2, 4]
    assert isinstance(open_ceremony(repair.ceremony), RepairState)


def test_weights_of_the_helpers_give_the_share_of_the_target(scheme: str, group: Group) -> None:
    """The identity behind it all: f(target) = Σ λ_i·f(i), checked against the old shares."""
    shares = {v + 1: share.reveal() for v, share in active(scheme).kept().items()}

    weights = lagrange((1, 2, 4), 5, group.order)

    total = sum(w * shares[i] for w, i in zip(weights, (1, 2, 4), strict=True))
    assert total % group.order == shares[ValidatorIndex(5)]
