"""Comparisons of two runs, benchmarks or sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

from sim.study.comparing.conditions import Condition
from sim.study.comparing.pairs import (
    Change,
    CompareError,
    Ratio,
    Sides,
    changes,
    ratio_of,
    ratios,
)

_DIFFERING: Final = "counts"
"""What `--fail-if` calls the number of all that differs but times."""

_SHOWN: Final = 40
"""So many names of figures a message has room for."""


@dataclass(frozen=True)
class Comparison:
    """What came of a comparison of A with B.

    Attributes:
        kind: run, bench or sweep.
        pairs: Runs that both have.
        only_a: Names of runs that B lacks.
        only_b: Names of runs that A lacks.
        changes: Counted figures that differ.
        ratios: How measured figures changed; empty if only counts were asked for, or if two runs
            were measured on different machines.
        elsewhere: How the machines differ.
        divergence: Of two runs, the first event that differs, or None.
        failed: Conditions that held: the comparison fails.

    """

    kind: str
    pairs: int
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    changes: tuple[Change, ...]
    ratios: tuple[Ratio, ...]
    elsewhere: tuple[str, ...]
    divergence: dict[str, Any] | None
    failed: tuple[str, ...]

    @property
    def counts(self) -> int:
        """How much differs but times.

        Each counted figure that changed is one, each run that only one side has, and the first
        event that differs between two runs.
        """
        lost = len(self.only_a) + len(self.only_b)
        return len(self.changes) + lost + (self.divergence is not None)

    @property
    def exit_code(self) -> int:
        """1 if a condition held, else 0."""
        return int(bool(self.failed))

    def exported(self) -> dict[str, Any]:
        """Return the object that ``ksim compare --json`` prints."""
        content = asdict(self)
        for ratio in content["ratios"]:
            ratio["ratio"] = ratio["ratio"] if isfinite(ratio["ratio"]) else None
        own = {"counts": self.counts, "exit_code": self.exit_code}
        return {"format": "kchain-compare", "version": 1, **content, **own}


def compare(
    a: str | Path, b: str | Path, *, fail_if: Sequence[str] = (), counts: bool = False
) -> Comparison:
    """Compare two runs, two benchmarks or two sweeps: counts exactly, times by ratios of pairs.

    Args:
        a: The folder of the one that is compared with.
        b: The folder of the other.
        fail_if: Conditions, such as ``cpu_seconds > 1.10x``; the figure is the geometric mean of
            B/A over all pairs, the change in percent with ``%``, or without a unit the mean of
            B − A. ``counts`` is `Comparison.counts`.
        counts: Whether to leave times out.

    Raises:
        CompareError: They are of different kinds, have nothing in common, were measured on
            different machines though times are asked for, or a condition is none.
        FolderError: One is damaged.
        MissingExtraError: The extra `report` isn't installed, and tables must be read.

    """
    from sim.study.comparing.loading import load_sides

    conditions = [Condition.parse(text) for text in fail_if]
    sides = load_sides(Path(a), Path(b))
    apart = bool(sides.elsewhere)
    if apart and not counts and sides.kind != "run":
        raise CompareError(
            f"measured on different machines ({'; '.join(sides.elsewhere)}): times don't compare. "
            "--counts compares the rest"
        )
    timed = not (counts or apart)
    found = Comparison(
        kind=sides.kind,
        pairs=len(sides.pairs),
        only_a=sides.only_a,
        only_b=sides.only_b,
        changes=tuple(changes(sides)),
        ratios=tuple(ratios(sides)) if timed else (),
        elsewhere=sides.elsewhere,
        divergence=None if sides.divergence is None else dict(sides.divergence),
        failed=(),
    )
    failed = (c.text for c in conditions if _holds(c, sides, found.counts, timed=timed))
    return replace(found, failed=tuple(failed))


def _holds(condition: Condition, sides: Sides, differing: int, *, timed: bool) -> bool:
    name = condition.field
    if name == _DIFFERING:
        if condition.unit:
            raise CompareError(f"{condition.text}: {_DIFFERING} is a number; it has no x or %")
        return condition.holds(float("nan"), differing)
    if any(name in pair.timed[0] for pair in sides.pairs):
        if not timed:
            why = "; ".join(sides.elsewhere) or "only counts are compared"
            raise CompareError(f"{condition.text}: times aren't compared ({why})")
        found = ratio_of(name, [pair.timed for pair in sides.pairs])
    else:
        found = ratio_of(name, [pair.counted for pair in sides.pairs])
    if found is None:
        shown = ", ".join([_DIFFERING, *_figures(sides)[:_SHOWN]])
        raise CompareError(f'{condition.text}: no figure "{name}" in both: {shown} …')
    return condition.holds(found.ratio, found.difference)


def _figures(sides: Sides) -> list[str]:
    rows = (pair_rows[0] for pair in sides.pairs for pair_rows in (pair.timed, pair.counted))
    return sorted(
        {name for row in rows for name, value in row.items() if isinstance(value, int | float)}
    )
