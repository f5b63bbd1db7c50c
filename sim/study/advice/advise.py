"""The recommendation: the smallest committee that is safe and live, or what would help."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from sim.base.extras import need
from sim.study.advice.confirming import Confirmation, confirm, scenario_text
from sim.study.advice.expense import Expense, expense
from sim.study.advice.frontier import Choice, Frontier
from sim.study.advice.request import Request

Teller = Callable[[str], None]
"""Told what is being worked on."""

STALLS: Final = (Fraction(1, 1000), Fraction(1, 100))
"""Chances per draw that may be worth a smaller committee: a ceremony that stalls is begun anew."""


@dataclass(frozen=True)
class Remedy:
    """A change of what was asked after which a committee will do.

    Attributes:
        change: What to change, in words.
        choice: The smallest committee then.

    """

    change: str
    choice: Choice


@dataclass(frozen=True)
class Advised:
    """What came of a request.

    Attributes:
        asked: The request.
        malicious: How many validators are.
        choice: What is recommended; None if nothing meets the budgets.
        nearest: The committee that comes nearest if nothing does; else the recommended one.
        rows: Some sizes, each with what it comes to and costs.
        remedies: What would help if nothing meets the budgets, or make a smaller one do.
        confirmation: Draws of the chain's own rule; None if there is no recommendation.
        scenario: One ceremony of such a committee, TOML; None like that.

    """

    asked: Request
    malicious: int
    choice: Choice | None
    nearest: Choice
    rows: tuple[tuple[Choice, Expense], ...]
    remedies: tuple[Remedy, ...]
    confirmation: Confirmation | None = None
    scenario: str | None = None


def advise(
    asked: Request, *, processes: int | None = None, teller: Teller | None = None
) -> Advised:
    """Answer a request: compute the frontier, choose, and draw committees to confirm the choice.

    Args:
        asked: The request.
        processes: How many share the draws; None is one per core.
        teller: Told what is being worked on.

    Raises:
        MissingExtraError: numpy or scipy isn't installed.

    """
    need("report", "numpy", "scipy")
    tell = teller or (lambda _: None)
    tell("computing which committees are safe and live")
    frontier = Frontier(asked)
    chosen = frontier.least()
    shown = {size for size in frontier.sizes() if chosen is None or size <= 2 * chosen.n}
    if chosen is not None:
        shown.add(chosen.n)
    rows = tuple(
        (choice, expense(asked, choice.n, choice.t))
        for choice in map(frontier.choice, sorted(shown))
    )
    nearest = chosen or min((choice for choice, _ in rows), key=_distance)
    tell("computing what else would do")
    remedies = tuple(_remedies(asked, frontier, chosen))
    advised = Advised(asked, len(asked.stakes().malicious), chosen, nearest, rows, remedies)
    if chosen is None:
        return advised
    tell(f"drawing committees of {chosen.n}")
    return replace(
        advised,
        confirmation=confirm(asked, frontier, chosen, processes),
        scenario=scenario_text(asked, chosen),
    )


def _distance(choice: Choice) -> float:
    """Say how far a committee is from being both safe and live, in shares of its size."""
    return (choice.safe - choice.live) / choice.n


def _remedies(asked: Request, frontier: Frontier, chosen: Choice | None) -> Iterator[Remedy]:
    """Yield changes that make a committee do, or a smaller one: budgets first, then the world's."""
    least = chosen.n if chosen is not None else frontier.largest + 1
    for stall in STALLS:
        if stall <= asked.stall:
            continue
        looser = Frontier(replace(asked, stall=stall), frontier.electorate).least()
        if looser is not None and looser.n < least:
            least = looser.n
            change = (
                f"--stall {float(stall):g}: one ceremony in {1 / stall} may fail and be retried"
            )
            yield Remedy(change, looser)
    if chosen is not None:
        return
    for exponent in (30, 20, 10):
        failure = Fraction(1, 2**exponent)
        if failure <= asked.failure:
            continue
        looser = Frontier(
            replace(asked, failure=failure, stall=max(failure / asked.draws, asked.stall)),
            frontier.electorate,
        ).least()
        if looser is not None:
            yield Remedy(f"--failure 2^-{exponent}", looser)
            break
    for percent in (25, 20, 15, 10, 5):
        share = Fraction(percent, 100)
        if share >= asked.malicious:
            continue
        electorate = asked.stakes(share).electorate(frontier.largest)
        fewer = Frontier(replace(asked, malicious=share), electorate).least()
        if fewer is not None:
            yield Remedy(f"--malicious {percent}%: less of the stake is malicious", fewer)
            break
