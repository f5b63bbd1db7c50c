"""The page of protocols says what runs say: costs by the formulas, fates without a broken check."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.study.protocol_page import PAGE, figures, text_of, trouble
from sim.study.protocol_runs import PROTOCOLS, SIZES, TROUBLES, WAYS, Trouble, Way, cost, fate

SHOWN = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8").splitlines()
SAMPLE = TROUBLES[1::4]
POINT, SCALAR = 32, 32


def row_of(wrong: Trouble) -> list[str]:
    (line,) = (line for line in SHOWN if line.startswith(f"| {wrong.name} | **"))
    return [cell.strip() for cell in line.split("|")[2:-1]]


def check(wrong: Trouble) -> None:
    for way, shown in zip(WAYS, row_of(wrong), strict=True):
        found = fate(way, wrong)

        assert text_of(found) == shown, way.name
        assert found.broken == ()
        assert found.made_at <= 1
        assert (found.injected > 0) == bool(wrong.behaviours)


@pytest.mark.parametrize("wrong", SAMPLE, ids=lambda wrong: wrong.name)
def test_a_sample_of_what_is_survived_is_what_runs_say(wrong: Trouble) -> None:
    check(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [t for t in TROUBLES if t not in SAMPLE], ids=lambda t: t.name)
def test_the_rest_of_what_is_survived_is_what_runs_say(wrong: Trouble) -> None:
    check(wrong)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_costs_are_shown_as_runs_have_them_and_payloads_as_formulas_do(protocol: str) -> None:
    way = Way(protocol, (("protocol", protocol),))
    n, t = SIZES[0]
    points, scalars = {"gjkr": (2 * (n + 1), 2), "frost": (t, 1)}.get(protocol, (n + 1, 1))
    proof = 0 if protocol == "gjkr" else POINT + SCALAR

    found = cost(way, n, t)

    assert f"| {protocol} | {n} | {t} | {figures(found)} |" in SHOWN
    assert found.shares == n * (n - 1)
    assert found.payload == n * (points * POINT + proof) + n * (n - 1) * scalars * SCALAR


def test_the_page_has_every_protocol_size_and_trouble() -> None:
    for n, t in SIZES:
        for protocol in PROTOCOLS:
            assert any(line.startswith(f"| {protocol} | {n} | {t} | ") for line in SHOWN)
    assert all(len(row_of(wrong)) == len(WAYS) for wrong in TROUBLES)
    assert not any("broken: " in line for line in SHOWN)


def test_only_frost_gives_up_within_the_bound() -> None:
    beyond = trouble("two are lost after their responses: more than f* = 1")
    for wrong in TROUBLES:
        cells = dict(zip((way.name for way in WAYS), row_of(wrong), strict=True))
        failed = {name for name, cell in cells.items() if cell.startswith("**no key**")}

        assert failed == set(cells) if wrong is beyond else failed <= {"frost"}
