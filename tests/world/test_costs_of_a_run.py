"""A fault-free run costs exactly what the formulas say (costs.md, "Here, over a ledger")."""

from __future__ import annotations

import pytest

from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from tests.world.plans import key_plan, make_plan

SIZES = [(3, 2), (5, 3), (10, 7), (21, 15)]
RUNS = [("ED25519", *size) for size in SIZES]
RUNS += [(scheme, *size) for scheme in ("SECP256K1", "BLS") for size in SIZES[:3]]
S = 32
G = {"ED25519": 32, "SECP256K1": 33, "BLS": 48}

Run = tuple[str, int, int, RunOutcome]


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run[0]}-{run[2]}-of-{run[1]}")
def run(request: pytest.FixtureRequest) -> Run:
    scheme, n, t = request.param
    return scheme, n, t, run_plan(make_plan(n, t, keys=(key_plan(n, t, scheme=scheme),)))


def test_payload_bytes_are_n_deals_and_a_share_for_every_pair(run: Run) -> None:
    scheme, n, _, outcome = run

    assert outcome.bytes["payload.shares"] == n * (n - 1) * S
    assert outcome.bytes["payload.commitments"] == n * (n + 1) * G[scheme]
    assert outcome.bytes["payload.proofs"] == n * (G[scheme] + S)


def test_every_share_is_sent_once_and_acknowledged_once(run: Run) -> None:
    _, n, _, outcome = run

    assert outcome.messages["shares"] == outcome.messages["acks"] == n * (n - 1)
    assert "retransmissions" not in outcome.messages


def test_every_member_says_each_thing_once_and_t_of_them_sign(run: Run) -> None:
    _, n, t, outcome = run
    kinds = ("announce", "deal", "response", "confirm", "sign", "record-sign-session")

    said = [outcome.messages[kind] for kind in kinds]

    assert said == [n, n, n, n, t, 1]
    private = ("shares", "acks", "signing", "blocks")
    assert outcome.messages.keys() == {*kinds, *private}


def test_each_validator_is_charged_the_public_work_that_is_done_once(run: Run) -> None:
    scheme, n, t, outcome = run

    for charged in outcome.charged.values():
        assert charged["proof.verify"] == 2 * n  # possession and confirmation
        assert charged["combine.128"] == n + 1
        assert charged["combine.128.terms"] == (n + 1) * n
        if scheme == "BLS":
            assert charged["pairing.check"] >= t  # one check of every partial
        else:
            assert charged["exp.full"] >= 2 * t
    executed = outcome.machine["executed"]
    assert executed["proof.verify"] == 2 * n
    assert executed["combine.128.terms"] == (n + 1) * n


def test_each_validator_is_charged_its_own_exponentiations(run: Run) -> None:
    scheme, n, t, outcome = run
    deal, possession, checks, self_check = n + 1, 1, n - 1, 1
    ceremony = deal + possession + checks + self_check

    for position, charged in enumerate(outcome.charged.values()):
        assert charged["seal"] == charged["open"] == n - 1
        if scheme == "BLS":
            assert charged["exp.base"] == ceremony + 1  # Confirm is a proof, without nonces
            assert "exp.full" not in charged
            continue
        confirm, partial_checks = 3, t
        next_pair = 2 if position < t else 0
        test_nonces = 2  # everyone asked commits to a pair for the test signature
        coordinator = position == 0
        test_checks = t - 1 if coordinator else 0
        own = confirm + partial_checks + next_pair + test_nonces + test_checks
        assert charged["exp.base"] == ceremony + own
        assert charged["exp.full"] == 2 * t + 2 * test_checks


def test_one_combination_is_charged_for_the_degree_and_one_per_signing_set(run: Run) -> None:
    scheme, n, t, outcome = run

    counts = [charged["combine.full"] for charged in outcome.charged.values()]
    terms = [charged["combine.full.terms"] for charged in outcome.charged.values()]

    if scheme == "BLS":
        assert (counts, terms) == ([1] * n, [n + 1] * n)
        return
    # The test signature's partials are checked by its coordinator alone.
    assert counts == [3] + [2] * (n - 1)
    assert terms == [n + 1 + 2 * t] + [n + 1 + t] * (n - 1)


def test_bls_signs_in_g2_checks_each_partial_once_and_combines_t(run: Run) -> None:
    scheme, n, t, outcome = run
    charged = list(outcome.charged.values())
    if scheme != "BLS":
        assert all("pairing.check" not in one and "exp.g2" not in one for one in charged)
        return

    # t sign the activation; everyone asked signs the test message, whose coordinator checks t − 1.
    assert [one["exp.g2"] for one in charged] == [2] * t + [1] * (n - t)
    assert [one["pairing.check"] for one in charged] == [2 * t - 1] + [t] * (n - 1)
    assert [one["combine.g2"] for one in charged] == [2] + [1] * (n - 1)
    assert [one["combine.g2.terms"] for one in charged] == [2 * t] + [t] * (n - 1)
