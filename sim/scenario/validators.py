"""Which validators are registered from the start, and how their vaults are locked."""

from __future__ import annotations

from typing import Final

from sim.scenario.plan import StorePlan
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

_STANDBY: Final[KeyPath] = ("validators", "standby")
_STORE: Final[KeyPath] = ("validators", "store")

_KIB: Final = 1 << 10
_MEMORY_MAX: Final = 1 << 32


def resolve_standby(
    file: ScenarioFile, reporter: Reporter, names: tuple[str, ...]
) -> frozenset[int]:
    """Return who is left out of the registry; reports names that are unknown, and too many."""
    given = file.validators.standby
    if given is None:
        return frozenset()
    if isinstance(given, int):
        found = frozenset(range(max(0, len(names) - given), len(names)))
    else:
        found = _named(given, reporter, names)
    if len(found) == len(names):
        message = "somebody has to be registered from the start: not all can be on standby"
        reporter.conflict(message, _STANDBY, ("validators", "n"), ("validators", "names"))
        return frozenset()
    return found


def _named(given: list[str], reporter: Reporter, names: tuple[str, ...]) -> frozenset[int]:
    positions = {name: position for position, name in enumerate(names)}
    first: dict[str, int] = {}
    for i, name in enumerate(given):
        if name not in positions and reporter.sound(("validators", "n"), ("validators", "names")):
            message = f'unknown validator "{name}"'
            reporter.error((*_STANDBY, i), message, wrong=name, allowed=names)
        if name in first:
            related = [("first", (*_STANDBY, first[name]))]
            reporter.error((*_STANDBY, i), f'"{name}" stands twice', related=related)
        first.setdefault(name, i)
    return frozenset(positions[name] for name in first if name in positions)


def resolve_store(file: ScenarioFile, reporter: Reporter) -> StorePlan:
    """Return how vaults are locked; reports both ways at once, and memory that can't be used."""
    table = file.validators.store
    if table.argon2id is None:
        return StorePlan()
    if table.kek is not None:
        message = "either a key that is given or one that Argon2id derives, not both"
        reporter.conflict(message, (*_STORE, "argon2id"), (*_STORE, "kek"))
    where, argon = (*_STORE, "argon2id", "m"), table.argon2id
    if argon.m % _KIB or argon.m < 8 * _KIB * argon.p or argon.m > _MEMORY_MAX:
        message = (
            f"Argon2id takes whole KiB: at least 8KiB for each of {argon.p} lanes, at most 4GiB"
        )
        reporter.conflict(message, where, (*_STORE, "argon2id", "p"))
    return StorePlan(kek="argon2id", t=argon.t, m_kib=argon.m // _KIB, p=argon.p)
