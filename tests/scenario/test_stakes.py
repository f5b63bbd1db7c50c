"""Stakes: whole numbers from every way of giving them, and committees that are drawn by them."""

from __future__ import annotations

import decimal
from fractions import Fraction

import gmpy2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.dump import dump_resolved
from sim.scenario.fields import INTEGER_MAX
from sim.scenario.load import load_text, resolve
from sim.scenario.plan import Plan
from sim.scenario.stakes import _quantile, pareto_stake

HEAD = 'schema = 1\nname = "s"\n[run]\nseed = 1\n[validators]\n'
KEY = """
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
[keys.beacon]
scheme = "ED25519"
"""


def stakes(line: str, n: int = 4, seed: int = 1) -> tuple[int, ...]:
    plan = resolve(load_text(f"{HEAD}n = {n}\n{line}\n"), seed)
    return tuple(validator.stake for validator in plan.validators)


def drawn(key: str, rest: str = "", n: int = 7) -> Plan:
    return resolve(load_text(f"{HEAD}n = {n}\n{KEY}{key}\n{rest}"))


def test_stakes_are_equal_unless_said_otherwise() -> None:
    assert stakes("") == stakes('stake = "equal"') == (1, 1, 1, 1)


def test_a_list_is_taken_as_it_stands() -> None:
    assert stakes(f"stake = [7, 1, {INTEGER_MAX}, 7]") == (7, 1, INTEGER_MAX, 7)


def test_stakes_that_overflow_are_refused() -> None:
    """One fewer of the largest that a file may name still fits."""
    largest = f"stake = [{', '.join([str(INTEGER_MAX)] * 2049)}]"

    with pytest.raises(ScenarioError, match="add up to 18455751272964290559:"):
        stakes(largest, 2049)
    assert len(stakes(largest.replace(f"[{INTEGER_MAX}, ", "["), 2048)) == 2048


# Pareto


def test_known_answers() -> None:
    """Pinned: the same on every platform, whatever its C library."""
    assert stakes('stake = { dist = "pareto", shape = 1.2 }', 6) == (
        5099,
        3108,
        1172,
        1152,
        12256,
        28548,
    )
    assert stakes('stake = { dist = "pareto", shape = 1 }', 3) == (7063, 3899, 1210)


def test_a_stake_goes_by_seed_and_name_alone() -> None:
    pareto = 'stake = { dist = "pareto", shape = 1.2 }'

    assert stakes(pareto, 5)[:4] == stakes(pareto, 4)
    assert stakes(f'names = ["v03", "v01"]\n{pareto}', 2) == (stakes(pareto)[3], stakes(pareto)[1])
    assert stakes(pareto, seed=2) != stakes(pareto, seed=1)


@given(st.integers(0, 2**32 - 1), st.integers(100, 10_000))
def test_quantiles_are_the_nearest_whole_numbers(draw: int, hundredths: int) -> None:
    """Against MPFR with 200 bits: another library, another method."""
    shape = Fraction(hundredths, 100)
    with gmpy2.context(precision=200):
        u = gmpy2.mpfr(gmpy2.mpq(draw + 1, 2**32))
        exact = 1000 * u ** (-1 / gmpy2.mpfr(gmpy2.mpq(shape)))

        assert _quantile(draw, shape) == int(gmpy2.rint_round(exact))


def test_the_range_is_that_of_the_documentation() -> None:
    assert _quantile(2**32 - 1, Fraction(6, 5)) == 1000
    assert _quantile(0, Fraction(1)) == 1000 * 2**32


def test_the_distribution_is_pareto() -> None:
    """P(stake > s) = (1000/s)^shape, at five places, each within four standard deviations."""
    number, shape = 4000, Fraction(6, 5)
    drawn_stakes = [pareto_stake(1, f"v{i}", shape) for i in range(number)]

    for above in (1100, 1500, 2000, 5000, 20_000):
        chance = (1000 / above) ** 1.2
        seen = sum(stake > above for stake in drawn_stakes)
        assert abs(seen - number * chance) < 4 * (number * chance * (1 - chance)) ** 0.5


def test_the_callers_decimal_context_does_not_matter() -> None:
    with decimal.localcontext(prec=3, rounding=decimal.ROUND_UP):
        rough = [_quantile(draw, Fraction(7, 5)) for draw in (0, 5, 2**31)]

    assert rough == [_quantile(draw, Fraction(7, 5)) for draw in (0, 5, 2**31)]


# Committees that are drawn


def test_a_drawn_committee_has_a_size_and_no_members() -> None:
    (key,) = drawn('threshold = "2n/3+1"\ncommittee = { size = 5, select = "stake" }').keys

    assert (key.drawn, key.committee, key.size) == (5, (), 5)
    assert (key.threshold, key.faults) == (4, 0)


def test_the_resolved_text_says_stakes_and_draws() -> None:
    plan = drawn('threshold = 2\ncommittee = { size = 5, select = "stake" }')
    text = dump_resolved(plan)

    assert "stake = [" not in text
    assert resolve(load_text(text)) == plan
    weighted = resolve(load_text(text.replace("n = 7\n", "n = 7\nstake = [9, 8, 7, 6, 5, 4, 3]\n")))
    assert "stake = [9, 8, 7, 6, 5, 4, 3]" in dump_resolved(weighted)


def test_picks_may_go_by_the_threshold_of_a_drawn_committee() -> None:
    """Who sits on it isn't known, but how many shares sign is."""
    plan = drawn(
        'threshold = 3\ncommittee = { size = 5, select = "stake" }',
        '[[adversary]]\nnodes = { pick = "random", size = "t-1", from = "*" }\n'
        'behaviour = "silent-dealer"\n',
    )

    assert len(plan.corruptions) == 2


def test_anyone_may_be_named_as_adversary_or_victim_of_a_drawn_committee() -> None:
    plan = drawn(
        'threshold = 3\ncommittee = { size = 5, select = "stake" }',
        '[[adversary]]\nnodes = ["v06"]\nbehaviour = "bad-share-one"\n'
        'params = { victims = ["v00"] }\n',
    )

    assert plan.corruptions[0].victims == (0,)


@pytest.mark.parametrize(
    "nodes", ['"committee:beacon"', '"standby"', '["v01", "committee:beacon"]']
)
def test_no_selector_can_mean_a_committee_that_is_drawn(nodes: str) -> None:
    rest = f'[[timeline]]\nat = "1s"\ndo = "pause"\nnodes = {nodes}\n'

    with pytest.raises(
        ScenarioError, match='the committee of "beacon" is drawn by stake'
    ) as caught:
        drawn('threshold = 3\ncommittee = { size = 5, select = "stake" }', rest)

    assert len(caught.value.diagnostics) == 1
    assert caught.value.diagnostics[0].span.line == 19


def test_a_draw_of_everyone_leaves_no_choice_so_selectors_mean_it() -> None:
    rest = '[[timeline]]\nat = "1s"\ndo = "pause"\nnodes = "committee:beacon"\n'

    plan = drawn('threshold = 3\ncommittee = { size = 7, select = "stake" }', rest)

    assert plan.timeline[1].nodes == tuple(range(7))
    assert plan.keys[0].drawn == 7


@pytest.mark.parametrize(("size", "possible"), [(6, True), (7, False)])
def test_an_outsider_of_a_drawn_committee_is_possible_unless_all_are_in(
    size: int, possible: bool
) -> None:
    key = f'threshold = 3\ncommittee = {{ size = {size}, select = "stake" }}'
    rest = '[[adversary]]\nnodes = ["v06"]\nbehaviour = "unknown-sender"\n'

    if possible:
        assert drawn(key, rest).corruptions[0].behaviour == "unknown-sender"
        return
    with pytest.raises(ScenarioError, match="sits on every committee"):
        drawn(key, rest)


def test_changes_reach_into_a_draw() -> None:
    text = f'{HEAD}n = 7\n{KEY}threshold = 2\ncommittee = {{ size = 5, select = "stake" }}\n'
    scenario = load_text(text)

    smaller = resolve(scenario.with_sets(["keys.beacon.committee.size=3"]))
    named = resolve(scenario.with_({"keys.beacon.committee": ["v00", "v01"]}))

    assert smaller.keys[0].drawn == 3
    assert (named.keys[0].drawn, named.keys[0].committee) == (None, (0, 1))
