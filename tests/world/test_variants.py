"""Every protocol variant and complaint mode, end to end: keys, checks, costs, verdicts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim import api

FIRST_KEY = Path(__file__).parents[2] / "scenarios" / "first-key.toml"
VARIANTS = ("pedersen", "gjkr", "commit-reveal", "frost")
MODES = ("dispute", "provable")
N, POINT, SCALAR = 7, 32, 32


@cache
def run_of(protocol: str, complaints: str = "dispute", processes: int = 1) -> api.Run:
    return api.run(scenario(protocol, complaints, []), processes=processes)


def scenario(protocol: str, complaints: str, adversary: list[dict[str, Any]]) -> api.Scenario:
    changes = {"keys.beacon.protocol": protocol, "keys.beacon.complaints": complaints}
    return api.load(FIRST_KEY).with_({**changes, "adversary": adversary, "expect": []})


def key_of(run: api.Run) -> dict[str, Any]:
    key: dict[str, Any] = run.summary["keys"]["beacon"]
    return key


@pytest.mark.parametrize("complaints", MODES)
@pytest.mark.parametrize("protocol", VARIANTS)
def test_the_key_is_active_and_no_check_is_broken(protocol: str, complaints: str) -> None:
    run = run_of(protocol, complaints)

    assert (run.exit_code, key_of(run)["status"]) == (0, "Active")
    assert run.summary["violations"] == []
    assert key_of(run)["test_signature"]["verified"]


@pytest.mark.parametrize("protocol", VARIANTS)
def test_the_number_of_processes_does_not_matter(protocol: str) -> None:
    """Under `provable`, where envelopes could come to stand on the ledger."""
    assert run_of(protocol, "provable", 2).digest == run_of(protocol, "provable").digest


@pytest.mark.parametrize(
    ("protocol", "commitments", "proofs", "shares"),
    [
        ("pedersen", N * (N + 1) * POINT, N * (POINT + SCALAR), N * (N - 1) * SCALAR),
        ("commit-reveal", N * (N + 1) * POINT, N * (POINT + SCALAR), N * (N - 1) * SCALAR),
        ("gjkr", 2 * N * (N + 1) * POINT, 0, 2 * N * (N - 1) * SCALAR),
        ("frost", N * 5 * POINT, N * (POINT + SCALAR), N * (N - 1) * SCALAR),
    ],
)
def test_payloads_are_what_the_formulas_say(
    protocol: str, commitments: int, proofs: int, shares: int
) -> None:
    """costs: GJKR deals twice the points and scalars; FROST's deals have t points (5 of 7)."""
    payload = run_of(protocol).summary["bytes"]

    assert payload["payload.commitments"] == commitments
    assert payload["payload.proofs"] == proofs
    assert payload["payload.shares"] == shares


@pytest.mark.parametrize(
    ("protocol", "complaints", "faults"),
    [
        ("pedersen", "dispute", []),
        ("pedersen", "provable", [("v03", "bad-share")]),
        ("gjkr", "dispute", []),
        ("gjkr", "provable", [("v03", "bad-share")]),
        ("commit-reveal", "provable", [("v03", "bad-share")]),
    ],
)
def test_a_bad_share_is_attributed_where_it_can_be(
    protocol: str, complaints: str, faults: list[tuple[str, str]]
) -> None:
    corrupt = {"nodes": ["v03"], "behaviour": "bad-share-one"}
    run = api.run(scenario(protocol, complaints, [corrupt]))

    assert run.summary["violations"] == []
    assert [(f["validator"], f["fault"]) for f in key_of(run)["faults"]] == faults
    assert (len(run.summary["disputes"]) == 1) == (faults == [])
