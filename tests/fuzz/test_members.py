"""Hostile private messages: a member ignores them, keeps a bounded number, and blames nobody."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.base.ids import Label, ValidatorIndex
from sim.crypto.group import ScalarError
from sim.crypto.sealing import SealError
from sim.protocol.effects import Post
from sim.protocol.envelopes import MAX_PER_DEALER, Kept
from sim.protocol.messages import Private, Response, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.sharing import SharingMachine
from sim.validator.early import EARLY, EARLY_MAX
from sim.validator.ports import Arrival, Letter
from tests.fuzz import corpus
from tests.fuzz.hostile import EXAMPLES, explore, hostile
from tests.support.cluster import Cluster, holdings
from tests.support.curves import SCHEMES
from tests.validator.scripted import ScriptedContext, ScriptedLedger, live, make_validator
from tests.world.plans import make_plan

CULPRIT = ValidatorIndex(2)
VICTIM = 0
PLAN = make_plan(4, 3)


class Delivery(NamedTuple):
    """One message: whom it comes from, and its bytes."""

    source: int
    payload: bytes


def deliveries(samples: list[bytes], most: int = 8) -> st.SearchStrategy[list[Delivery]]:
    one = st.builds(Delivery, st.integers(0, corpus.SIZE), hostile(samples))
    return st.lists(one, min_size=1, max_size=most)


def decoded(payload: bytes) -> Private | None:
    """What a validator's loop would hand on."""
    try:
        message: Private = decode_canonical(payload, Private)  # type: ignore[arg-type]  # a union
    except DecodeError:
        return None
    return message


def stored_at(height: int, scheme: str) -> dict[str, bytes]:
    """What v1's store holds at `height` of an honest attempt."""
    cluster = Cluster(corpus.SIZE, corpus.THRESHOLD, scheme=scheme, faults=0)
    while cluster.height < height:
        cluster.step()
    return dict(cluster.stores[VICTIM])


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_member_of_a_dkg_ignores_what_is_no_business_of_its(scheme: str, examples: int) -> None:
    """In any phase, from any member or stranger: no error, no statement, bounded memory."""
    heights = range(len(corpus.states(scheme)) - 1)
    stored = [stored_at(height, scheme) for height in heights]
    context = corpus.played(scheme).machines[VICTIM].context

    def check(case: tuple[int, list[Delivery]]) -> None:
        height, received = case
        machine = SharingMachine(context, corpus.ceremony(scheme), stored[height])
        machine.on_state(corpus.states(scheme)[height], height)
        for source, payload in received:
            message = decoded(payload)
            if message is not None:
                machine.on_message(ValidatorIndex(source), message)

        kept = holdings(machine)._envelopes
        assert all(len(envelopes) <= MAX_PER_DEALER for envelopes in kept.values())
        assert set(kept) <= set(range(1, corpus.SIZE + 1))

    explore(
        check, st.tuples(st.sampled_from(heights), deliveries(corpus.letters(scheme))), examples
    )


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_hostile_envelopes_bring_no_complaint_about_the_honest(scheme: str, examples: int) -> None:
    """All that v3 sends before respond: v1 complains about nobody else."""
    states = corpus.states(scheme)
    begun = next(h for h, state in enumerate(states) if state.phase is Phase.RESPOND)
    stored = stored_at(begun, scheme)
    context = corpus.played(scheme).machines[VICTIM].context

    def check(received: list[Delivery]) -> None:
        machine = SharingMachine(context, corpus.ceremony(scheme), stored)
        for _, payload in received:
            message = decoded(payload)
            if message is not None:
                machine.on_message(CULPRIT, message)

        effects = machine.on_state(states[begun], states[begun].grace_at)
        (response,) = (e.statement for e in effects if isinstance(e, Post))
        assert isinstance(response, Response)
        assert {complaint.dealer for complaint in response.complaints} <= {CULPRIT + 1}

    explore(check, deliveries(corpus.letters(scheme)), examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_store_that_was_bent_is_refused_with_a_typed_error(examples: int) -> None:
    scheme = SCHEMES[0]
    phases = [stored_at(height, scheme) for height in range(1, len(corpus.states(scheme)) - 1)]
    whole = {key: value for stored in phases for key, value in stored.items()}
    context = corpus.played(scheme).machines[VICTIM].context

    def check(case: tuple[str, bytes]) -> None:
        with suppress(DecodeError, ScalarError, SealError):
            SharingMachine(context, corpus.ceremony(scheme), {**whole, case[0]: case[1]})

    keys = st.sampled_from(sorted(whole))
    explore(check, st.tuples(keys, hostile(list(whole.values()))), examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_validators_loop_survives_any_letter(examples: int) -> None:
    ledger = ScriptedLedger(PLAN)
    block = ledger.ask_for_key()
    kinds = st.sampled_from(["share", "ack", "nonce-request", "nonsense", ""])
    sessions = st.sampled_from(["beacon/dkg/0", "beacon/sign/test-1-0", "", "x"])
    letters = st.builds(
        lambda source, session, kind, payload: Letter(
            ValidatorIndex(source), Label(session, 1, kind, "v01"), payload
        ),
        st.integers(1, 3),
        sessions,
        kinds,
        hostile(corpus.letters()),
    )

    def check(received: list[Letter]) -> None:
        validator = make_validator(PLAN)
        script: list[Arrival] = [*received, block, *received]
        context = live(validator, ScriptedContext(script))

        assert [label.kind for label, _ in context.submitted] == ["announce"]
        assert len(validator.store.under(EARLY)) <= len(received)

    explore(check, st.lists(letters, min_size=1, max_size=8), examples)


def test_early_envelopes_in_anothers_name_take_no_room_from_it() -> None:
    """v2 sends four as if they were v3's before v1 knows the session; v3's own gets in."""
    ledger, validator = ScriptedLedger(PLAN), make_validator(PLAN)
    block = ledger.ask_for_key()
    (state,) = ledger.ledger.state.ceremonies()
    session = state.ceremony.session

    def envelope(noise: int) -> ShareEnvelope:
        return ShareEnvelope(session, 1, 3, 1, bytes([noise]), (), b"")

    def letter(source: int, message: ShareEnvelope) -> Letter:
        label = Label("beacon/dkg/0", 1, "share", f"v{source}")
        return Letter(ValidatorIndex(source), label, encode(message))

    forged = [letter(1, envelope(noise)) for noise in range(MAX_PER_DEALER)]
    live(validator, ScriptedContext([*forged, letter(2, envelope(9)), block]))

    assert validator.now is not None
    (seat,) = validator.now.sessions.seats
    assert list(holdings(seat.machine)._envelopes) == [3]
    assert holdings(seat.machine)._envelopes[3] == (Kept.of(envelope(9)),)
    assert validator.store.under(EARLY) == {}


def test_what_strangers_make_a_validator_keep_is_bounded_over_restarts() -> None:
    validator = make_validator(PLAN)
    for incarnation in range(2):
        letters: list[Arrival] = [
            Letter(
                ValidatorIndex(1),
                Label("", 1, "share", "v01"),
                encode(ShareEnvelope(bytes([incarnation, n % 256]) * 16, 1, 2, 1, b"", (), b"")),
            )
            for n in range(200)
        ]
        live(validator, ScriptedContext(letters, incarnation=incarnation))
        validator.crash("unsynced")

    assert len(validator.store.under(EARLY)) == EARLY_MAX
