"""The scenario that a point is: a shipped template, changed through the public language."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Final

from sim.scenario.load import Scenario, load
from sim.study.bench.grid import Point

CEREMONY_US: Final = 3_600_000_000
"""Virtual time at which the ceremony that follows a creation is asked for, as in the templates."""


def scenario_of(point: Point) -> Scenario:
    """Return the scenario of `point`.

    Raises:
        ScenarioError: The parameters don't go together, or one of them doesn't exist.

    """
    return _built(point, point.ceremony)


def base_of(point: Point) -> Scenario | None:
    """Return the scenario of `point` without the ceremony: up to there the same, or None for a DKG.

    Raises:
        ScenarioError: As `scenario_of`.

    """
    return None if point.ceremony == "dkg" else _built(point, "dkg", seats=_validators(point))


def _validators(point: Point) -> int:
    return point.n + (point.ceremony == "reshare")


def _built(point: Point, ceremony: str, seats: int | None = None) -> Scenario:
    seats = _validators(point) if seats is None else seats
    template = resources.files("sim.study.bench") / "templates" / f"{ceremony}.toml"
    names = [f"v{index:02}" for index in range(seats)]
    changes: dict[str, Any] = {
        "validators.n": seats,
        "network.profile": point.profile,
        "network.loss": point.loss,
        "cost.model": _cost(point.cost),
        "keys.key.scheme": point.scheme,
        "keys.key.protocol": point.protocol,
        "keys.key.commitments": point.commitments,
        "keys.key.threshold": int(point.threshold)
        if point.threshold.isdecimal()
        else point.threshold,
    }
    if seats > point.n:
        changes["keys.key.committee"] = names[: point.n]
    if ceremony == "reshare":
        changes |= {"timeline.1.leave": names[0], "timeline.1.join": names[-1]}
    return load(str(template)).with_(changes)


def _cost(model: str) -> str:
    """Return a model as scenarios name it; a file's path must not start from the template's."""
    return str(Path(model).absolute()) if model.endswith(".toml") else model
