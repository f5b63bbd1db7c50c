"""Oracles: the simulator's measurements beside figures that were computed independently."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from sim.study.oracles.lines import OracleLine

ORACLES: Final = ("cost", "loss", "capture", "mobile", "bias")
"""The names of all oracles."""


class Oracle(msgspec.Struct, frozen=True, kw_only=True):
    """What came of oracles.

    Attributes:
        families: Which were asked.
        quick: Whether fewer runs had to do.
        lines: Every figure, in the order in which they were measured.

    """

    families: tuple[str, ...]
    quick: bool
    lines: tuple[OracleLine, ...]

    @property
    def agrees(self) -> bool:
        """Whether every line does, and says something by it."""
        return all(line.agrees and line.decided for line in self.lines)

    @property
    def verdict(self) -> str:
        """``agrees``, ``disagrees``, or ``undecided`` if some line has too few trials."""
        if self.agrees:
            return "agrees"
        return "undecided" if all(line.agrees for line in self.lines) else "disagrees"

    @property
    def exit_code(self) -> int:
        """The exit code that ``ksim oracle`` gives: 0, or 1 if a line disagrees or is undecided."""
        return 0 if self.agrees else 1

    def exported(self) -> dict[str, Any]:
        """Return them as plain data, with their format's name and version."""
        return {
            "format": "kchain-oracle",
            "version": 1,
            "families": list(self.families),
            "quick": self.quick,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "lines": [line.exported() for line in self.lines],
        }


def oracle(
    families: Sequence[str] = ORACLES,
    *,
    quick: bool = False,
    runs: int | None = None,
    processes: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Oracle:
    """Measure, compute, and compare.

    Counts of fault-free runs must be equal; chances must lie in exact intervals of 99 %. A chance
    outside is measured once more with fresh seeds and four times the runs, which then decide.

    Args:
        families: Some of `ORACLES`.
        quick: Whether fewer runs will do: chances with a third or three times the odds are told
            apart then, instead of half and twice.
        runs: How many runs, or draws, of each study, at least 1, instead of what is computed.
        processes: How many share the work, at least 1; None is one per core.
        progress: Told which oracle it is, how many jobs are done of it, and how many lines are
            known; in other threads than the caller's.

    Raises:
        ValueError: No oracle is named, or one that there isn't, or `runs` is below 1.
        MissingExtraError: numpy or scipy isn't installed.
        NoScenariosError: ``bias`` needs the scenarios of a copy of the repository.

    """
    from sim.study.oracles.families import FAMILIES, all_lines

    if not families:
        raise ValueError(f"no oracle is named: {', '.join(FAMILIES)}")
    for name in families:
        if name not in FAMILIES:
            raise ValueError(f'there is no oracle "{name}": {", ".join(FAMILIES)}')
    if runs is not None and runs < 1:
        raise ValueError(f"runs must be at least 1, not {runs}")
    found = all_lines(families, quick=quick, runs=runs, processes=processes, watcher=progress)
    return Oracle(families=tuple(families), quick=quick, lines=tuple(found))
