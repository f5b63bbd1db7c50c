"""What makes entries of the timeline impossible together, or without effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.scenario.plan import ActionPlan
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.timeline import Placed

_CUTS: Final = ("partition", "isolate")
_HOLDS: Final = ("hold",)


def check_timeline(file: ScenarioFile, placed: Sequence[Placed], registry: Registry) -> None:
    """Report entries that are impossible together, or that could have no effect."""
    reporter = registry.reporter
    _check_creations(file, placed, registry)
    for i, action in placed:
        if action.do == "halt-ledger" and file.run.duration is None:
            message = "heights can be halted, so the run needs an end: set run.duration"
            reporter.conflict(message, ("timeline", i, "do"), ("run", "duration"))
    if reporter.sound(("timeline",)):
        _check_pairs(placed, registry, "crash", "restart")
        _check_pairs(placed, registry, "pause", "resume")
        _check_ends(placed, registry, "heal", _CUTS)
        _check_ends(placed, registry, "release", _HOLDS)


def _check_creations(file: ScenarioFile, placed: Sequence[Placed], registry: Registry) -> None:
    reporter, first = registry.reporter, dict[str, tuple[int, ActionPlan]]()
    for i, action in placed:
        if action.do != "create-key":
            continue
        if action.key in first:
            related = [("first", ("timeline", first[action.key][0], "key"))]
            message = f'key "{action.key}" is created twice'
            reporter.error(("timeline", i, "key"), message, related=related)
        first.setdefault(action.key, (i, action))
    for name in file.keys:
        mine = registry.keys_of(name)
        absent = [key for key in mine if key not in first]
        if absent and reporter.sound(("timeline",)):
            shown = name if len(absent) == len(mine) else absent[0]
            message = f'nothing creates the key "{shown}": add a create-key to the timeline'
            reporter.error(("keys", name), message, key=True)
    for i, action in placed:
        made, at = first.get(action.key, (i, action))
        known = action.when is None and at.when is None
        if known and action.at_us < at.at_us:
            message = f'there is nothing to {action.do} yet: "{action.key}" is created later'
            related = [("create-key", ("timeline", made, "at"))]
            reporter.error(("timeline", i, "do"), message, related=related)


def _check_pairs(placed: Sequence[Placed], registry: Registry, down: str, up: str) -> None:
    """Report an `up` of a validator that no `down` can have stopped before."""
    earliest: dict[int, int] = {}
    for _, action in placed:
        if action.do == down:
            at_us = -1 if action.when is not None else action.at_us
            for node in action.nodes:
                earliest[node] = min(at_us, earliest.get(node, at_us))
    for i, action in placed:
        if action.do != up:
            continue
        for node in action.nodes:
            first_us = earliest.get(node)
            if first_us is None or (action.when is None and first_us > action.at_us):
                message = f"there is nothing to {up}: no {down} of {registry.names[node]} before"
                registry.reporter.error(("timeline", i, "do"), message)


def _check_ends(
    placed: Sequence[Placed], registry: Registry, end: str, ends: Sequence[str]
) -> None:
    """Report an `end` of no entry, or of none of `ends` that can have begun before."""
    begun = {a.id: (i, a) for i, a in placed if a.do in ends}
    given = [
        name for name, (i, _) in begun.items() if registry.reporter.given(("timeline", i, "id"))
    ]
    word = "cut" if end == "heal" else ends[0]
    for i, action in placed:
        path: KeyPath = ("timeline", i)
        if action.do != end:
            continue
        if action.target and action.target not in begun:
            message = f'no {" or ".join(ends)} has the id "{action.target}"'
            registry.reporter.error((*path, "of"), message, wrong=action.target, allowed=given)
            continue
        meant = [begun[action.target]] if action.target else list(begun.values())
        if action.when is None and all(
            first.when is None and first.at_us >= action.at_us for _, first in meant
        ):
            places = dict.fromkeys(at for at, _ in meant)
            related = [(word, ("timeline", at, "at")) for at in places]
            message = f"there is nothing to {end} at that time: no {word} comes before"
            registry.reporter.error((*path, "at"), message, related=related)
