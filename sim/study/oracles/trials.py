"""Chances measured over many trials, and the second look at what seems to be off.

An interval of 99 % leaves the truth out once in a hundred times, and there are dozens of lines. So
a line that is outside is measured again, once, with seeds that weren't used and four times as many
trials; the second sample alone decides, and the line says so. An honest simulator then fails one
line in 10,000; one that is wrong fails again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sim.study.oracles.lines import Chance, OracleLine, chance_line

AGAIN: Final = 4
"""How many times as many trials the second sample has."""


class Question(NamedTuple):
    """A chance, and how a run is asked about it.

    Attributes:
        chance: With its formula.
        hits: Takes what a run gave; returns how often it happened there.
        each: How many independent trials one run is.

    """

    chance: Chance
    hits: Callable[[Any], int]
    each: int = 1


def judged(
    family: str,
    questions: Sequence[Question],
    runs: int,
    sample: Callable[[range], Sequence[Any]],
) -> Iterator[OracleLine]:
    """Yield the lines of `questions` about one sample, with a second one for what is outside.

    Args:
        family: Of the lines.
        questions: About every run of the sample.
        runs: How many there are.
        sample: Does the runs with these seeds, and returns what each gave.

    """
    first = sample(range(1, runs + 1))
    lines = [_line(family, question, first, runs) for question in questions]
    if all(line.agrees for line in lines):
        yield from lines
        return
    more = AGAIN * runs
    second = sample(range(runs + 1, runs + more + 1))
    for question, line in zip(questions, lines, strict=True):
        yield line if line.agrees else _line(family, question, second, more, again=True)


def _line(
    family: str, question: Question, found: Sequence[Any], runs: int, *, again: bool = False
) -> OracleLine:
    chance, hits, each = question
    count = sum(map(hits, found))
    return chance_line(family, chance, count, each * len(found), runs, again=again)
