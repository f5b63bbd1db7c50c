"""Advice: what users write, the frontier, the recommendation, its scenario and its sheet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from math import comb
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from sim import api
from sim.protocol.ceremony import default_faults
from sim.report.advice import decision, power
from sim.report.sheet import html, markdown
from sim.scenario.load import load_text
from sim.scenario.quantities import QuantityError
from sim.study.advice import confirming
from sim.study.advice.expense import expense, retransmission_us
from sim.study.advice.frontier import Frontier
from sim.study.advice.quantities import parse_chance
from sim.study.advice.request import AdviceError, Request, request
from sim.study.oracles.cost_formulas import POINT, SCALAR
from sim.study.oracles.lines import Chance, OracleLine
from sim.study.oracles.trials import Question


@cache
def small() -> api.Advice:
    return api.advise(
        validators=60, malicious="10%", offline="2%", loss="1%", failure="1e-4", processes=1
    )


@cache
def hopeless() -> api.Advice:
    return api.advise(validators=30, malicious="45%", offline="30%", failure="2^-40", processes=1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("25%", Fraction(1, 4)),
        ("0.25", Fraction(1, 4)),
        ("1/4", Fraction(1, 4)),
        ("2^-40", Fraction(1, 2**40)),
        ("2**-40", Fraction(1, 2**40)),
        ("2^−40", Fraction(1, 2**40)),
        ("1e-9", Fraction(1, 10**9)),
        ("0", Fraction(0)),
    ],
)
def test_chances_are_read_exactly(text: str, value: Fraction) -> None:
    assert parse_chance(text, "--x") == value


@pytest.mark.parametrize("text", ["", "often", "25 percent", "1/0", "0^-1", "-0.1", "1.5", "2^40"])
def test_what_is_no_chance_is_refused_with_examples(text: str) -> None:
    with pytest.raises(QuantityError, match="--x is a chance"):
        parse_chance(text, "--x")


def test_a_number_that_was_meant_as_a_percentage_is_recognised() -> None:
    with pytest.raises(QuantityError, match="did you mean 25%"):
        parse_chance("25", "--malicious")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"validators": 3}, "4 to 10,000"),
        ({"validators": None}, "--validators is missing"),
        ({"malicious": "100%"}, "below 1"),
        ({"failure": "0"}, "above 0"),
        ({"failure": "1e-400"}, "--failure is too small to compute with: 1e-400"),
        ({"offline": "2^-2000"}, "--offline is too small"),
        ({"failure": "1e-320", "epochs": 10**6}, "over all draws is too small"),
        ({"committees": 0}, "at least 1"),
        ({"malicious_holders": "all"}, "few, many, random"),
        ({"stake": "pareto:0.5"}, "shape from 1 to 100"),
        ({"stake": "equal:foo"}, '--stake equal has nothing after it, not "equal:foo"'),
        ({"stake": "nowhere.csv"}, "equal, pareto:SHAPE or a file"),
        ({"protocol": "frost", "commitments": "evaluation"}, "coefficient form alone"),
        ({"scheme": "RSA"}, "ED25519"),
    ],
)
def test_a_request_that_makes_no_sense_says_what_would(
    change: dict[str, object], said: str
) -> None:
    with pytest.raises(AdviceError, match=said):
        request(**{"validators": 100, "malicious": "25%", **change})  # type: ignore[arg-type]


def test_a_file_of_stakes_is_read_line_by_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "stakes.csv", tmp_path / "bad.csv"
    good.write_text("# name, stake\nv0, 5\nv1, 7\n\nv2, 1\nv3, 2\n")
    bad.write_text("5\nmuch\n")

    asked = request(validators=None, malicious="1/5", stake=str(good), malicious_holders="few")

    assert asked.weights == (5, 7, 1, 2)
    assert asked.stakes().malicious == (2, 3), "7 and 5 are more than a fifth of 15"
    with pytest.raises(AdviceError, match=r"bad\.csv:2: .* not \"much\""):
        request(validators=None, malicious="1/5", stake=str(bad))


def asked_about(**change: object) -> Request:
    given = {"validators": 40, "malicious": "20%", "offline": "10%", "failure": "1e-3", **change}
    return request(**given)  # type: ignore[arg-type]  # as the test says


def test_capture_and_stall_are_what_going_through_all_cases_gives() -> None:
    """Equal stakes: hypergeometric, and of the honest each is online with chance 9/10."""
    n, bad_of_all, total = 7, 8, 40
    frontier = Frontier(asked_about())

    exactly = [
        comb(bad_of_all, k) * comb(total - bad_of_all, n - k) / comb(total, n) for k in range(n + 1)
    ]
    assert frontier.captured(n)[3] == pytest.approx(sum(exactly[3:]))
    fewer = sum(
        chance * comb(n - bad, on) * 0.9**on * 0.1 ** (n - bad - on)
        for bad, chance in enumerate(exactly)
        for on in range(min(5, n - bad + 1))
    )
    assert frontier.short(n)[5] == pytest.approx(fewer)


def test_a_choice_is_the_least_safe_threshold_with_as_many_faults_as_are_live() -> None:
    asked = asked_about(committees=4, epochs=5)
    frontier = Frontier(asked)

    choice = frontier.choice(32)

    bad, short = frontier.captured(32), frontier.short(32)
    assert bad[choice.safe] * 20 <= 1e-3 < bad[choice.safe - 1] * 20
    assert short[choice.live] <= float(asked.stall) < short[choice.live + 1]
    assert asked.stall == Fraction(1, 1000) / 20, "so that it holds over all draws"
    assert choice.faults <= default_faults(choice.t, 32)
    assert short[choice.t + choice.faults] <= float(asked.stall)


def test_the_least_committee_works_and_the_one_below_does_not() -> None:
    frontier = Frontier(asked_about())

    least = frontier.least()

    assert least is not None
    assert least.works
    assert not frontier.choice(least.n - 1).works


def test_costs_are_the_oracles_formulas() -> None:
    cost = expense(asked_about(), 16, 11)

    assert cost.ledger_bytes == 16 * (17 * POINT["ED25519"] + POINT["ED25519"] + SCALAR)
    assert cost.shares_bytes == 15 * SCALAR
    assert cost.messages == 16 * 15


def test_latency_with_somebody_offline_waits_for_the_deadlines() -> None:
    """15 + 90 + 15 heights, then confirmations, five heights for the rest, and signatures."""
    cost = expense(asked_about(), 16, 11)

    assert cost.seconds == 5 * 2
    assert cost.seconds_absent == (15 + 90 + 15 + 1 + 5 + 1) * 2
    assert cost.seconds < cost.seconds_absent < cost.seconds_worst


def test_losses_cost_timeouts_that_double() -> None:
    assert retransmission_us(1000, 0.0, 0) == 0
    # 100 are lost at first, then 10, then 1, then a tenth.
    assert retransmission_us(1000, 0.1, 0) == 200_000 + 400_000 + 800_000
    assert retransmission_us(1000, 0.01, 500_000) == 500_000


def test_the_recommendation_is_confirmed_by_draws() -> None:
    advice = small()

    assert advice.chosen is not None
    assert advice.chosen in advice.rows
    assert (advice.captured, advice.stalled, advice.exit_code) == (0, 0, 0)
    assert advice.drawn >= 2_000
    assert [line.verdict for line in advice.lines] == ["within"] * 4


@pytest.mark.parametrize(
    "asked",
    [
        {"validators": 100, "malicious": "0"},
        {"validators": 4, "malicious": "0.25", "failure": "1", "stall": "1"},
        {"validators": 1000, "malicious": "1e-9", "failure": "0.5"},
        {"validators": 3000, "malicious": "1/500", "failure": "1e-3", "stall": "1e-3"},
    ],
)
def test_where_next_to_nothing_is_left_to_chance_there_is_a_recommendation_too(
    asked: dict[str, Any],
) -> None:
    advice = api.advise(**asked, processes=1)

    assert advice.confirmed
    assert {line.verdict for line in advice.lines} == {"within"}
    assert len(advice.lines) == 2, "captured and stalled; nothing else is uncertain"
    assert markdown(decision(advice.exported(), plot=False))


def test_every_request_that_makes_sense_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws are replaced: what they are asked about has to make sense, whatever they give."""
    asked_about: list[Chance] = []

    def ask(_family: str, questions: Sequence[Question], *_: object) -> Iterator[OracleLine]:
        asked_about.extend(question.chance for question in questions)
        return iter(())

    monkeypatch.setattr(confirming, "judged", ask)
    for validators, stake in ((4, "equal"), (60, "equal"), (5, "pareto:1.2")):
        for malicious in ("0", "1e-9", "1/50", "1/3", "0.9"):
            for budget in ("1", "0.5", "1e-3", "1e-300"):
                api.advise(
                    validators=validators,
                    malicious=malicious,
                    failure=budget,
                    stall=budget,
                    stake=stake,
                    processes=1,
                )

    assert all(0 <= chance.formula <= 1 for chance in asked_about)
    assert len(asked_about) > 100


def test_its_scenario_has_the_drawn_members_and_passes() -> None:
    advice = small()
    assert advice.scenario is not None
    assert advice.chosen is not None

    scenario = load_text(advice.scenario)
    run = api.run(scenario)

    assert run.exit_code == 0
    key = run.keys["key"]
    assert (key.threshold, key.size) == (advice.chosen.t, advice.chosen.n)


def test_where_nothing_does_it_says_so_and_what_would() -> None:
    advice = hopeless()

    assert (advice.chosen, advice.exit_code, advice.scenario) == (None, 1, None)
    assert advice.remedies
    text = markdown(decision(advice.exported(), plot=False))
    assert "No committee meets the budgets" in text
    assert "What would help" in text


def test_the_sheet_names_every_kind_of_figure_and_stands_alone() -> None:
    shown = {**small().exported(), "scenario_file": "advised.toml"}
    sheet = decision(shown, plot=True)

    page, text = html(sheet), markdown(sheet)

    for word in ("measured", "modelled", "derived", "Assumptions", "union bound", "advised.toml"):
        assert word in page
        assert word in text
    assert page.count("<svg") == page.count("</svg>") == 1
    for outside in ("<script", "<link", "src=", "url(http"):
        assert outside not in page
    ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])  # noqa: S314  # made here


def test_equal_data_make_equal_pages() -> None:
    first, second = (html(decision(small().exported(), plot=True)) for _ in range(2))

    assert first == second


@pytest.mark.parametrize(
    ("chance", "shown"), [(0.0, "0"), (0.25, "0.25"), (2.0**-40, "2^-40"), (1e-9, "2^-29.9")]
)
def test_small_chances_are_shown_as_powers(chance: float, shown: str) -> None:
    assert power(chance) == shown


def test_what_is_exported_is_plain() -> None:
    assert json.loads(json.dumps(small().exported()))["format"] == "kchain-advice"
