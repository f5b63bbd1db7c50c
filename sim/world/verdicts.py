"""Verdicts of a run and the exit codes that stand for them: a promise to scripts."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final


class Exit(enum.IntEnum):
    """Exit codes of every command."""

    PASS = 0
    EXPECTATION = 1
    USAGE = 2
    SAFETY = 3
    LIVENESS = 4
    DIVERGENCE = 5
    INTERNAL = 6
    BUDGET = 7
    INTERRUPTED = 130
    UNREAD = 141


VERDICTS: Final[dict[Exit, str]] = {
    Exit.PASS: "pass",
    Exit.EXPECTATION: "expectation failed",
    Exit.USAGE: "bad scenario or usage",
    Exit.SAFETY: "safety violated",
    Exit.LIVENESS: "liveness violated",
    Exit.DIVERGENCE: "not reproducible",
    Exit.INTERNAL: "internal error",
    Exit.BUDGET: "budget exceeded",
    Exit.INTERRUPTED: "interrupted",
    Exit.UNREAD: "output unread",
}
"""The words for each code, as `verdict` in every output."""

BUDGETS: Final = {"message-limit": "run.message_limit", "wall-limit": "run.wall_limit"}
"""Endings that are a used-up budget, and the scenario's key for it."""


def judge_run(
    violations: Iterable[Mapping[str, Any]], expectations: Iterable[Mapping[str, Any]], ending: str
) -> Exit:
    """Return the exit code of a run, the gravest first.

    A violation that an expectation names by `violates` is expected. A run that a budget cut short
    can still break safety, but says nothing about progress or expectations.
    """
    results = list(expectations)
    foreseen = {result["violates"] for result in results if result["violates"]}
    surprises = [found for found in violations if found["invariant"] not in foreseen]
    if any(found["kind"] == "safety" for found in surprises):
        return Exit.SAFETY
    if ending in BUDGETS:
        return Exit.BUDGET
    if surprises:
        return Exit.LIVENESS
    if any(not result["passed"] for result in results):
        return Exit.EXPECTATION
    return Exit.PASS
