"""The oracle of costs: spot values, real runs, and measurements that were tampered with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import pytest

from sim.base.errors import LocalError
from sim.scenario.load import load_text
from sim.study.oracles.cost import CREATIONS, FORMS, Case, cases, compared, created_text, metered
from sim.study.oracles.cost_formulas import dkg
from sim.study.oracles.lines import OracleLine
from sim.study.oracles.literature import (
    BYTES,
    EXPONENTIATIONS,
    MESSAGES,
    SPOTS,
    literature_lines,
    reshare_bytes,
    table,
)
from sim.study.playing import Job, play
from sim.world.executing import Executed

POINT = 33


@cache
def meters_of(text: str) -> dict[str, int]:
    return play(metered, Job(load_text(text), 1))


def lines_of(
    case: Case, tamper: Callable[[dict[str, int]], None] = lambda _: None
) -> list[OracleLine]:
    run = dict(meters_of(case.scenario))
    tamper(run)
    creation = meters_of(created_text(case.created))
    return compared(case, run, creation) + list(literature_lines({case: run}, {case: creation}))


@pytest.mark.parametrize(("n", "t"), SPOTS)
def test_the_literatures_table_gives_the_spot_values(n: int, t: int) -> None:
    """costs.md, "Spot values", for points of 33 bytes."""
    spot = SPOTS[n, t]

    assert table("pedersen", n, t, POINT)[BYTES] == spot.joint_feldman
    assert table("frost", n, t, POINT)[BYTES] == spot.frost
    assert table("gjkr", n, t, POINT)[BYTES] == spot.gjkr
    assert reshare_bytes(t, n, t, POINT) == spot.reshare
    assert table("pedersen", n, t, POINT)[EXPONENTIATIONS] == spot.joint_feldman_exponentiations
    assert table("gjkr", n, t, POINT)[EXPONENTIATIONS] == spot.gjkr_exponentiations
    assert table("pedersen", n, t, POINT)[MESSAGES] == 2 * n * (n - 1)


def test_joint_feldmans_upload_is_the_published_one() -> None:
    """Tomescu et al., S&P 2020: 32(t + n − 1) bytes up, (n − 1)(32t + 32) down, per player."""
    n, t = 10, 7
    run = meters_of(created_text(dkg("ED25519", "coefficient", "pedersen", n, t, n)))

    assert run["payload.shares"] + run["payload.commitments"] == n * 32 * (t + n - 1)
    down = run["payload.shares"] + (n - 1) * run["payload.commitments"]
    assert down == n * (n - 1) * (32 * t + 32)


@pytest.mark.parametrize("scheme", ["ED25519", "SECP256K1", "BLS"])
@pytest.mark.parametrize(("protocol", "form"), CREATIONS)
def test_a_creation_costs_what_the_formulas_say(protocol: str, form: str, scheme: str) -> None:
    lines = lines_of(Case(dkg(scheme, form, protocol, 5, 3, 5), "dkg"))

    assert [line for line in lines if not line.agrees] == []
    assert {"exp.base", "heights", "payload.commitments"} < {line.figure for line in lines}


@pytest.mark.parametrize("scheme", ["ED25519", "BLS"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("operation", ["sign", "refresh", "repair", "reshare"])
def test_what_is_done_with_a_key_costs_what_the_formulas_say(
    operation: str, form: str, scheme: str
) -> None:
    change = {"n": 4, "t": 2, "first": 3} if operation == "reshare" else {}
    lines = lines_of(Case(dkg(scheme, form, "pedersen", 5, 3, 8), operation, **change))

    assert [line for line in lines if not line.agrees] == []
    assert len(lines) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.subject)
def test_every_case_of_the_oracle(case: Case) -> None:
    assert [line for line in lines_of(case) if not line.agrees] == []


@pytest.mark.parametrize(
    ("meter", "figures"),
    [
        ("exp.base", {"exp.base", EXPONENTIATIONS}),
        ("payload.commitments", {"payload.commitments", BYTES}),
        ("messages.shares", {"messages.shares", MESSAGES}),
        ("heights", {"heights"}),
    ],
)
def test_a_meter_that_counts_too_much_is_found(meter: str, figures: set[str]) -> None:
    """The control: n more, so that the naive count per node is off by a whole one, too."""

    def tamper(run: dict[str, int]) -> None:
        run[meter] += 5

    lines = lines_of(Case(dkg("ED25519", "coefficient", "pedersen", 5, 3, 5), "dkg"), tamper)

    assert {line.figure for line in lines if not line.agrees} == figures


def test_an_operation_that_no_formula_knows_is_found() -> None:
    lines = lines_of(
        Case(dkg("ED25519", "evaluation", "pedersen", 5, 3, 5), "dkg"),
        lambda run: run.update({"exp.new": 1}),
    )

    assert [line.figure for line in lines if not line.agrees] == ["exp.new"]


def test_a_run_with_a_complaint_is_no_measurement() -> None:
    def disputed(done: Executed) -> dict[str, int]:
        return metered(replace(done, summary={**done.summary, "disputes": [{}]}))

    text = created_text(dkg("ED25519", "evaluation", "pedersen", 3, 2, 3))
    with pytest.raises(LocalError, match="free of faults"):
        partial(play, disputed)(Job(load_text(text), 1))
