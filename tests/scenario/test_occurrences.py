"""Entries that happen again and again: when, to whom, under which ids."""

from __future__ import annotations

import decimal
import itertools
from pathlib import Path

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.dump import dump_resolved
from sim.scenario.load import load, load_text, resolve
from sim.scenario.occurrences import exponential_us
from sim.scenario.plan import ActionPlan, Plan

ROOT = Path(__file__).parents[2]
VALID = ROOT / "tests" / "scenarios" / "valid"
CREATE = '[[timeline]]\nat = "0s"\ndo = "create-key"\nkey = "beacon"\n'
HOUR = 3_600_000_000
KNOWN = [575_978_062, 3_947_960_639, 4_677_306_204]
"""The first three times of "x" under seed 1, on average an hour apart, in µs."""


def plan(entries: str, head: str = "", seed: int | None = None) -> Plan:
    text = f'extends = "life.toml"\n{head}\n{CREATE}{entries}'
    return resolve(load_text(text, path=str(VALID / "x.toml")), seed)


def repeated(entry: str, head: str = "", seed: int | None = None) -> tuple[ActionPlan, ...]:
    return plan(f'[[timeline]]\nid = "x"\n{entry}\n', head, seed).timeline[1:]


def times(entry: str, head: str = "", seed: int | None = None) -> list[int]:
    refresh = f'do = "refresh"\nkey = "beacon"\n{entry}'
    return [action.at_us for action in repeated(refresh, head, seed)]


# Even intervals


def test_the_first_time_is_at_or_one_interval_after_the_start() -> None:
    assert times('every = { mean = "2h", count = 3 }') == [2 * HOUR, 4 * HOUR, 6 * HOUR]
    assert times('at = "30m"\nevery = { mean = "2h", count = 2 }') == [HOUR // 2, 5 * HOUR // 2]


def test_it_ends_before_until_and_before_the_run_does() -> None:
    assert times('every = { mean = "1h", until = "3h" }') == [HOUR, 2 * HOUR]
    assert times('every = "1h"', 'run.duration = "3h"') == [HOUR, 2 * HOUR]
    assert times('every = "1h"', 'run.duration = "3h1us"') == [HOUR, 2 * HOUR, 3 * HOUR]
    assert len(times('every = { mean = "1h", count = 2 }', 'run.duration = "9h"')) == 2


def test_each_is_an_entry_of_its_own() -> None:
    sign = 'do = "sign"\nkey = "beacon"\nevery = { mean = "1h", count = 3 }'

    found = repeated(sign)

    assert [action.id for action in found] == ["x/1", "x/2", "x/3"]
    assert [action.message for action in found] == [b"x/1", b"x/2", b"x/3"]
    assert {action.message for action in repeated(f'{sign}\nmessage = "same"')} == {b"same"}


def test_without_an_id_the_numbers_stand_behind_the_digest() -> None:
    found = plan('[[timeline]]\nevery = { mean = "1h", count = 2 }\ndo = "refresh"\nkey="beacon"\n')

    first, second = (action.id for action in found.timeline[1:])
    assert first.startswith("refresh-")
    assert (first[-2:], second) == ("/1", f"{first[:-1]}2")


def test_a_timeline_may_come_to_a_hundred_thousand_entries_and_no_more() -> None:
    most = 'every = { mean = "1s", count = 99999 }'

    assert len(times(most)) == 99_999
    with pytest.raises(ScenarioError, match="more than 100000"):
        times(most.replace("99999", "100000"))


# By chance


def test_known_answers() -> None:
    """Pinned: the same on every platform, whatever its C library."""
    poisson = 'every = { mean = "1h", dist = "poisson", count = 3 }'

    assert times(poisson, seed=1) == KNOWN
    shifted = times(f'at = "10m"\n{poisson}', seed=1)
    assert shifted == [at + HOUR // 6 for at in KNOWN]


def test_waits_go_by_seed_and_id_alone() -> None:
    poisson = '[[timeline]]\nid = "{}"\ndo = "heal"\n'
    poisson += 'every = {{ mean = "1h", dist = "poisson", count = 5 }}\n'
    cut = '[[timeline]]\nat = "1us"\ndo = "isolate"\nnodes = "v01"\n'
    x, y = poisson.format("x"), poisson.format("y")

    def of(entries: str, seed: int = 1) -> list[int]:
        found = plan(cut + entries, seed=seed).timeline
        return [action.at_us for action in found if action.id.startswith("x/")]

    assert of(x) == of(y + x) == of(x + y)
    assert of(x) != of(x, seed=2)


@given(st.binary(min_size=8, max_size=8), st.integers(1, 10**15))
def test_waits_are_the_nearest_whole_numbers(draw: bytes, mean_us: int) -> None:
    """Against MPFR with 200 bits: another library, another method."""
    with gmpy2.context(precision=200):
        u = gmpy2.mpfr(gmpy2.mpq(int.from_bytes(draw, "big") + 1, 2**64))

        assert exponential_us(mean_us, draw) == int(gmpy2.rint_round(-gmpy2.log(u) * mean_us))


def test_the_callers_decimal_context_does_not_matter() -> None:
    exact = exponential_us(10**12, b"12345678")

    with decimal.localcontext(prec=3, rounding=decimal.ROUND_UP):
        assert exponential_us(10**12, b"12345678") == exact


def test_waits_are_exponential() -> None:
    """P(wait > x) = exp(-x / mean), at four places, each within four standard deviations."""
    found = times('every = { mean = "1h", dist = "poisson", count = 4000 }', seed=3)
    waits = [b - a for a, b in zip([0, *found], found, strict=False)]

    for share, chance in ((0.1, 0.904837), (0.7, 0.496585), (1.0, 0.367879), (3.0, 0.049787)):
        seen = sum(wait > share * HOUR for wait in waits)
        assert abs(seen - 4000 * chance) < 4 * (4000 * chance * (1 - chance)) ** 0.5


# Picks


def test_every_occurrence_picks_anew_and_by_its_own_id() -> None:
    nap = 'do = "pause"\nnodes = { pick = "random", size = 2, from = "*" }\nresume = "after 1s"\n'
    many = repeated(f'{nap}every = {{ mean = "1h", count = 30 }}')
    few = repeated(f'{nap}every = {{ mean = "1h", count = 10 }}')

    assert len({action.nodes for action in many}) > 10
    assert many[:10] == few


# Churn

CHURN = 'do = "churn"\nevery = {{ mean = "{}", dist = "poisson", until = "30d" }}\n'


def test_churn_is_crashes_with_restarts() -> None:
    churn = f'{CHURN.format("12h")}pick = {{ count = 2, from = "*" }}\noffline = "1h"\nlose = "all"'

    found = repeated(churn)

    assert {(a.do, a.until_us, a.lose, len(a.nodes)) for a in found} >= {("crash", HOUR, "all", 2)}
    assert 40 < len(found) < 80


def test_nobody_crashes_twice_at_a_time() -> None:
    """The control: some occurrences are missing."""
    churn = f'{CHURN.format("1h")}pick = {{ count = 1, from = ["v01", "v02"] }}\noffline = "3h"\n'
    found = repeated(churn)
    numbers = [int(action.id.partition("/")[2]) for action in found]

    assert numbers != list(range(1, len(numbers) + 1))
    for node in (1, 2):
        mine = [action.at_us for action in found if action.nodes == (node,)]
        assert len(mine) > 10
        assert all(b - a > 3 * HOUR for a, b in itertools.pairwise(mine))


def test_churn_leaves_out_whom_another_entry_has_crashed() -> None:
    crash = '[[timeline]]\nat = "1d"\ndo = "crash"\nnode = "v01"\n{}'
    start = '[[timeline]]\nat = "20d"\ndo = "restart"\nnode = "v01"\n'
    churn = f'[[timeline]]\nid = "x"\n{CHURN.format("6h")}'
    churn += 'pick = { from = "v01" }\noffline = "1h"\n'
    day = 24 * HOUR

    def hit(entries: str) -> set[bool]:
        found = plan(entries).timeline
        days = [a.at_us // day for a in found if a.id.startswith("x/")]
        return {1 <= at < 20 for at in days}

    assert hit(churn) == {True, False}
    assert hit(crash.format('restart = "at 20d"\n') + churn) == {False}
    assert hit(crash.format(start) + churn) == {False}
    assert min(a.at_us for a in plan(crash.format("") + churn).timeline[2:]) < day


# A year


def test_a_year_resolves_and_reads_back() -> None:
    found = resolve(load(str(ROOT / "scenarios" / "year-of-churn.toml")))
    text = dump_resolved(found)

    assert sum(action.do == "sign" for action in found.timeline) > 1095
    assert len(text) < 250_000
