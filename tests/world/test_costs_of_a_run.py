"""A fault-free run costs exactly what the formulas say (costs.md, "Here, over a ledger")."""

from __future__ import annotations

import pytest

from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from tests.world.plans import make_plan

SIZES = [(3, 2), (5, 3), (10, 7), (21, 15)]
S = G = 32
PROOF = 64


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[1]}-of-{size[0]}")
def run(request: pytest.FixtureRequest) -> tuple[int, int, RunOutcome]:
    n, t = request.param
    return n, t, run_plan(make_plan(n, t))


Run = tuple[int, int, RunOutcome]


def test_payload_bytes_are_n_deals_and_a_share_for_every_pair(run: Run) -> None:
    n, _, outcome = run

    assert outcome.bytes["payload.shares"] == n * (n - 1) * S
    assert outcome.bytes["payload.commitments"] == n * (n + 1) * G
    assert outcome.bytes["payload.proofs"] == n * PROOF


def test_every_share_is_sent_once_and_acknowledged_once(run: Run) -> None:
    n, _, outcome = run

    assert outcome.messages["shares"] == outcome.messages["acks"] == n * (n - 1)
    assert "retransmissions" not in outcome.messages


def test_every_member_says_each_thing_once_and_t_of_them_sign(run: Run) -> None:
    n, t, outcome = run
    kinds = ("announce", "deal", "response", "confirm", "sign", "record-sign-session")

    said = [outcome.messages[kind] for kind in kinds]

    assert said == [n, n, n, n, t, 1]
    private = ("shares", "acks", "signing", "blocks")
    assert outcome.messages.keys() == {*kinds, *private}


def test_each_validator_is_charged_the_public_work_that_is_done_once(run: Run) -> None:
    n, t, outcome = run

    for charged in outcome.charged.values():
        assert charged["proof.verify"] == 2 * n  # possession and confirmation
        assert charged["combine.128"] == n + 1
        assert charged["combine.128.terms"] == (n + 1) * n
        assert charged["exp.full"] >= 2 * t  # one check of every partial
    executed = outcome.machine["executed"]
    assert executed["proof.verify"] == 2 * n
    assert executed["combine.128.terms"] == (n + 1) * n


def test_each_validator_is_charged_its_own_exponentiations(run: Run) -> None:
    n, t, outcome = run
    deal, possession, checks, self_check = n + 1, 1, n - 1, 1
    confirm, partial_checks = 3, t
    both = deal + possession + checks + self_check + confirm + partial_checks
    test_nonces = 2  # everyone asked commits to a pair for the test signature

    for position, charged in enumerate(outcome.charged.values()):
        next_pair = 2 if position < t else 0
        coordinator = position == 0
        test_checks = t - 1 if coordinator else 0
        assert charged["exp.base"] == both + next_pair + test_nonces + test_checks
        assert charged["exp.full"] == 2 * t + 2 * test_checks
        assert charged["seal"] == charged["open"] == n - 1


def test_one_combination_is_charged_for_the_degree_and_one_per_signing_set(run: Run) -> None:
    n, t, outcome = run

    counts = [charged["combine.full"] for charged in outcome.charged.values()]
    terms = [charged["combine.full.terms"] for charged in outcome.charged.values()]

    # The test signature's partials are checked by its coordinator alone.
    assert counts == [3] + [2] * (n - 1)
    assert terms == [n + 1 + 2 * t] + [n + 1 + t] * (n - 1)
