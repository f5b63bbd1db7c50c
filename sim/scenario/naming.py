"""What validators are called, and where they are: by registry position."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sim.scenario import catalogue
from sim.scenario.fields import NAME_BEGINS, NAME_PATTERN
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.using import USE, unknown

PLACING: Final[KeyPath] = ("validators", "placement")

_NAME_PATTERN = re.compile(r"([^{}]*)\{(?::(0?)([1-9]?)d?)?\}([^{}]*)")


def resolve_names(file: ScenarioFile, reporter: Reporter) -> tuple[str, ...]:
    """Return the names by registry position; reports a pattern or a list that can't be."""
    count, given, path = file.validators.n, file.validators.names, ("validators", "names")
    if isinstance(given, str):
        found = _NAME_PATTERN.fullmatch(given)
        if found is None or not re.fullmatch(r"[A-Za-z0-9._-]{0,40}", found[1] + found[4]):
            reporter.error(
                path,
                f'"{given}" is no pattern: one {{}} for the position, such as "v{{:02}}", and '
                "letters, digits, dots, dashes and underscores around it",
            )
            reporter.taint(path)
            given = "v{:02}"
        names = tuple(given.format(i) for i in range(count))
        if not names[0][0].isalnum():
            reporter.error(path, "names begin with a letter or a digit")
            reporter.taint(path)
        return names
    if len(given) != count:
        reporter.conflict(f"{len(given)} names for {count} validators", path, ("validators", "n"))
        reporter.taint(path)
    _unique(given, reporter, path)
    return tuple(given)


def _unique(names: Sequence[str], reporter: Reporter, path: KeyPath) -> None:
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        if not re.fullmatch(NAME_PATTERN, name, re.ASCII):
            reporter.error((*path, i), f'"{name}" is no name: a name begins with {NAME_BEGINS}')
        elif name in catalogue.RESERVED:
            reporter.error((*path, i), f'"{name}" means something else in selectors')
        if name in first:
            related = [("first", (*path, first[name]))]
            reporter.error((*path, i), f'two validators are called "{name}"', related=related)
        first.setdefault(name, i)


def resolve_regions(
    file: ScenarioFile, reporter: Reporter, count: int, known: Sequence[str]
) -> tuple[str, ...]:
    """Return the regions by registry position; reports those that a profile doesn't have."""
    placement = file.validators.placement
    if placement is None or not reporter.sound(PLACING):
        return tuple(known[i % len(known)] if known else "" for i in range(count))
    if isinstance(placement, dict):
        placed_in = [(region, (*PLACING, region), size) for region, size in placement.items()]
    else:
        placed_in = [(region, (*PLACING, i), 1) for i, region in enumerate(placement)]
    for region, path, _ in placed_in:
        if known and region not in known:
            given = file.network.profile
            what = f'profile "{given}"' if isinstance(given, str) else "the matrix"
            message = f'{what} has no region "{region}"'
            listed = isinstance(placement, list)
            reporter.error(path, message, key=not listed, wrong=region, allowed=known)
    total = sum(size for _, _, size in placed_in)
    if total != count:
        message = f"{total} validators are placed, but there are {count}"
        reporter.conflict(message, PLACING, ("validators", "n"), ("validators", "names"))
        reporter.taint(PLACING)
        return ("",) * count
    return tuple(region for region, _, size in placed_in for _ in range(size))


def known_regions(file: ScenarioFile, reporter: Reporter) -> tuple[str, ...]:
    """Return the regions of the profile; reports a profile unknown."""
    profile, path = file.network.profile, ("network", "profile")
    if not reporter.sound(path) or not isinstance(profile, str):
        return ()
    if profile not in catalogue.profiles():
        if ":" not in profile or reporter.sound(USE):
            known = catalogue.profiles()
            message = unknown("profile", profile, known)
            reporter.error(path, message, wrong=profile, allowed=known)
        reporter.taint(path)
        return ()
    return catalogue.regions(profile)
