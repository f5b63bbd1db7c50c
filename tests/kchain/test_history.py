"""A chain that has lived for years: what stays live, what is put away, and what a block costs."""

from __future__ import annotations

from typing import Any

import pytest

from sim.base.codec import encode
from sim.kchain import draft as drafts
from sim.kchain.log import Index, Layered
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import RotationRules
from sim.protocol.transactions import CeremonyPayload
from tests.kchain.crew import crew_with_key
from tests.kchain.scene import BLOCK_US, OWNER, Scene, signed


def test_live_are_open_attempts_recent_ones_and_those_that_active_shares_come_from() -> None:
    crew = crew_with_key(attempts=2)
    crew.absent = {0, 1, 2, 3}
    crew.ask(operation="refresh")
    crew.settle()
    crew.absent = set()
    failed = crew.scene.newest().ceremony
    state = crew.scene.ledger.state
    assert [s.ceremony.label for s in state.ceremonies()] == ["beacon/dkg/0", "beacon/refresh/1"]

    for _ in range(2):
        crew.send("nonsense", b"")

    state = crew.scene.ledger.state
    assert [s.ceremony.label for s in state.ceremonies()] == ["beacon/dkg/0"]
    assert [s.ceremony.attempt for s in state.all_ceremonies()] == [1, 1, 2]
    assert state.attempt(failed.session, 2).reason == "too-few-dealers"
    assert state.newest("beacon").ceremony == failed


@pytest.mark.parametrize("finality", [0, 2])
def test_an_attempt_stays_live_for_finality_and_one_block_more(finality: int) -> None:
    scene = Scene(finality=finality)
    scene.create()
    scene.step()
    while not scene.newest().ended:
        scene.step()
    lives = []
    for _ in range(finality + 3):
        lives.append(len(scene.ledger.state.ceremonies()))
        scene.submit(scene.sign(OWNER, "nonsense", b""))
        scene.step()

    assert lives == [1] * (finality + 2) + [0]


def test_the_generation_before_is_put_away_with_the_activation() -> None:
    crew = crew_with_key()
    for _ in range(3):
        crew.send("nonsense", b"")
    crew.ask(operation="refresh")
    crew.settle()

    live = [s.ceremony.label for s in crew.scene.ledger.state.ceremonies()]
    assert live == ["beacon/refresh/1"]


def test_statements_for_an_attempt_that_was_put_away_come_too_late() -> None:
    crew = crew_with_key()
    session = crew.scene.newest().ceremony.session
    crew.ask(operation="refresh")
    crew.settle()
    for _ in range(3):
        crew.send("nonsense", b"")

    assert crew.send("deal", CeremonyPayload(session, 1, b""), 0) == ["WrongPhase"]
    assert crew.send("deal", CeremonyPayload(session, 2, b""), 0) == ["UnknownSession"]


def test_a_block_hashes_no_more_after_many_rotations_than_after_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Counted, not timed: encodings that an empty-handed block makes for its state root."""
    counts: list[int] = []

    def counting(value: Any) -> bytes:
        counts[-1] += 1
        return encode(value)

    crew = crew_with_key(rules=RotationRules(every=8), genesis={"epoch_heights": 1 << 30})
    monkeypatch.setattr(drafts, "encode", counting)
    sizes = []
    for rotations in (1, 12):
        while len(crew.scene.ledger.state.rotations("beacon")) < rotations or crew.key().pending:
            counts.append(0)
            crew.step()
        for _ in range(3):
            counts.append(0)
            crew.send("nonsense", b"")
        sizes.append((counts[-1], len(crew.scene.ledger.state.leaves)))

    assert len(crew.scene.ledger.state.all_ceremonies()) >= 13
    assert sizes[0] == sizes[1]


def test_what_only_grows_is_shared_between_states() -> None:
    crew = crew_with_key(rules=RotationRules(every=8), genesis={"epoch_heights": 1 << 30})
    before = crew.scene.ledger.state
    crew.pass_to(60)
    after = crew.scene.ledger.state

    assert after.archive._entries is before.archive._entries
    assert after.replaced._entries is before.replaced._entries
    assert len(before.archive) < len(after.archive)
    assert len(before.generations("beacon")) == 1
    assert len(after.generations("beacon")) > 5
    assert verify_ledger(crew.scene.file()).state.generations("beacon") == after.generations(
        "beacon"
    )


def test_two_futures_of_one_index_dont_mix() -> None:
    past = Index[str, int]().adding("a", 1)
    one = past.adding("b", 2)
    other = past.adding("b", 3)
    longer = one.adding("c", 4)

    views = [dict(view) for view in (past, one, other, longer)]
    assert views == [{"a": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 2, "c": 4}]
    assert "c" not in one
    assert [len(view) for view in (past, one, other, longer)] == [1, 2, 2, 3]


def test_layers_fold_into_a_new_base_without_changing_any_version() -> None:
    versions = [Layered[int, int]()]
    expected: list[dict[int, int]] = [{}]
    for step in range(300):
        versions.append(versions[-1].changed({step % 100: step}))
        expected.append({**expected[-1], step % 100: step})

    assert [dict(version) for version in versions] == expected
    assert [len(version) for version in versions] == [len(one) for one in expected]


def test_ten_thousand_heights_without_reason_have_no_block() -> None:
    scene = Scene()
    scene.submit(signed(OWNER, 1, "x", b""))
    scene.step()

    assert scene.ledger.state.next_due is None
    assert scene.ledger.form(10_000 * BLOCK_US) is None
