"""How checks are registered, and how all of them are run over one observation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from sim.base.errors import LocalError
from sim.base.extensions import Registry
from sim.checks.observation import Observation, Violation


class Finding(NamedTuple):
    """What a check yields for each violation: what, when, and at which validator (or ``""``)."""

    detail: str
    time_us: int
    validator: str = ""


Function: TypeAlias = Callable[[Observation], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check.

    Attributes:
        name: As in ``violates = "…"`` and in reports.
        kind: Which kind of property it is.
        sentence: What must hold: the docstring's first line.
        source: Where that is from: what the docstring has in brackets.
        function: Yields a finding for every violation.

    """

    name: str
    kind: Literal["safety", "liveness"]
    sentence: str
    source: str
    function: Function


CHECKS: Final = Registry[Check]("invariant")
"""Every check by name, in the order in which they run: built-in ones, then those of the run."""


def check(function: Function) -> Function:
    """Register a safety check; ``one_key_and_one_qual`` is called "one-key-and-one-qual"."""
    _register(function, "safety")
    return function


def liveness_check(function: Function) -> Function:
    """Register a check of liveness: what it finds is a want of progress, not a contradiction."""
    _register(function, "liveness")
    return function


def _register(function: Function, kind: Literal["safety", "liveness"]) -> None:
    name = function.__name__.replace("_", "-")
    doc = " ".join((function.__doc__ or "").split())
    source = doc.partition("[")[2].partition("]")[0]
    if not source:
        raise LocalError(f"{name}: the docstring must name its source in brackets")
    CHECKS.register(
        name,
        function.__module__,
        lambda full: Check(full, kind, doc.partition(" [")[0], source, function),
    )


def check_all(
    observation: Observation, before_each: Callable[[], None] = lambda: None
) -> list[Violation]:
    """Run every check; return every violation, in the order of time, then of the checks.

    `before_each` is called before every check; raising from it ends them.
    """
    violations = []
    for known in CHECKS.values():
        before_each()
        violations += [
            Violation(known.name, known.kind, found.detail, found.time_us, found.validator)
            for found in known.function(observation)
        ]
    return sorted(violations, key=lambda violation: violation.time_us)
