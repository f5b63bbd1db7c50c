"""Adversaries as a plan has them: one corruption per validator and behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sim.scenario import catalogue
from sim.scenario.entries import EntryIds
from sim.scenario.entry_tables import PickTable
from sim.scenario.plan import CorruptionPlan
from sim.scenario.registry import Registry, placed
from sim.scenario.schema import AdversaryTable, ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.using import USE, unknown

if TYPE_CHECKING:
    from sim.adversary.registry import Behaviour, Param


PERIODS_MAX: Final = 10_000
"""Periods of one mobile adversary at most."""


def resolve_adversaries(file: ScenarioFile, registry: Registry) -> tuple[CorruptionPlan, ...]:
    """Return every corruption, and let the registry know who is corrupted."""
    ids = EntryIds("adversary", registry.reporter)
    corruptions: list[CorruptionPlan] = []
    for i, table in enumerate(file.adversary):
        path: KeyPath = ("adversary", i)
        entry = ids.take(path, table.id, _stem(table))
        if registry.reporter.sound(path):
            corruptions += _corruptions(table, entry, file, registry, path)
        else:
            _check_what_is_sound(table, entry, registry, path)
    registry.corrupted = frozenset(c.validator for c in corruptions)
    _check_until(file, registry)
    return tuple(corruptions)


def _stem(table: AdversaryTable) -> str:
    first = table.behaviour if isinstance(table.behaviour, str) else "".join(table.behaviour[:1])
    return _plain(first) or "adversary"


def _plain(name: str) -> str:
    """Return a behaviour's name as ids have it: they have no colons."""
    return name.replace(":", ".")


def _check_what_is_sound(
    table: AdversaryTable, entry: str, registry: Registry, path: KeyPath
) -> None:
    """Report what else is wrong in an entry that has an error already."""
    if registry.reporter.sound((*path, "nodes")):
        _nodes(table, entry, registry, path)
    if registry.reporter.sound((*path, "behaviour")):
        _behaviours(table, registry, path)


def _corruptions(
    table: AdversaryTable, entry: str, file: ScenarioFile, registry: Registry, path: KeyPath
) -> list[CorruptionPlan]:
    known = len(registry.reporter.diagnostics)
    behaviours = _behaviours(table, registry, path)
    victims = _victims(table, behaviours, registry, path)
    params = {k: v for k, v in table.params.items() if not isinstance(v, list)}
    _check_params(params, behaviours, registry, path)
    found = []
    for period in _periods(table, entry, file, registry, path):
        nodes = _nodes(table, period.id, registry, path)
        _check_seats(nodes, victims, behaviours, registry, path)
        _check_schemes(nodes, behaviours, registry, path)
        single = len(nodes) == 1 and len(behaviours) == 1
        found += [
            CorruptionPlan(
                id=period.id
                if single
                else f"{period.id}/{registry.names[node]}/{_plain(behaviour.name)}",
                validator=node,
                behaviour=behaviour.name,
                victims=victims if behaviour.targeted else (),
                params=_of(behaviour, params),
                from_us=period.from_us,
                until_us=period.until_us,
            )
            for node in nodes
            for behaviour in behaviours
        ]
        if len(registry.reporter.diagnostics) > known:
            break  # it is about every period
    return found


@dataclass(frozen=True)
class _Period:
    """From when to when an adversary stays with the same validators, under which id."""

    id: str
    from_us: int
    until_us: int | None


def _periods(
    table: AdversaryTable, entry: str, file: ScenarioFile, registry: Registry, path: KeyPath
) -> list[_Period]:
    """Return the periods of an entry: one, unless the adversary is mobile."""
    if table.every is None:
        return [_Period(entry, table.from_, table.until)]
    where, reporter = (*path, "every"), registry.reporter
    if not isinstance(table.nodes, PickTable):
        message = "only a pick can be drawn anew: the validators in nodes are always the same"
        reporter.conflict(message, where, (*path, "nodes"))
        return [_Period(entry, table.from_, table.until)]
    ends = [end for end in (table.until, file.run.duration) if end is not None]
    if not ends:
        message = "this never ends: give until, or set run.duration"
        reporter.conflict(message, where, ("run", "duration"))
        return [_Period(entry, table.from_, table.until)]
    starts = range(table.from_, min(ends), table.every)
    if len(starts) > PERIODS_MAX:
        message = f"the adversary moves {len(starts)} times: at most {PERIODS_MAX}"
        reporter.error(where, message)
        return [_Period(entry, table.from_, table.until)]
    last = len(starts)
    return [
        _Period(f"{entry}/{k}", start, table.until if k == last else start + table.every)
        for k, start in enumerate(starts, 1)
    ]


def _nodes(table: AdversaryTable, entry: str, registry: Registry, path: KeyPath) -> tuple[int, ...]:
    where = (*path, "nodes")
    if isinstance(table.nodes, PickTable):
        return registry.pick(table.nodes, entry, where)
    if not table.nodes:
        registry.reporter.error(where, "nobody misbehaves: name at least one validator")
    return registry.select(table.nodes, where)


def _behaviours(table: AdversaryTable, registry: Registry, path: KeyPath) -> list[Behaviour]:
    known = catalogue.behaviours()
    where = (*path, "behaviour")
    if not table.behaviour:
        registry.reporter.error(where, "name at least one behaviour", allowed=known)
    found: dict[str, Behaviour] = {}
    for name, place in placed(table.behaviour, where):
        if name in found:
            registry.reporter.error(place, f'"{name}" stands twice')
        elif name in known:
            found[name] = known[name]
        elif ":" not in name or registry.reporter.sound(USE):
            message = unknown("behaviour", name, known)
            registry.reporter.error(place, message, wrong=name, allowed=known)
    return list(found.values())


def _victims(
    table: AdversaryTable, behaviours: list[Behaviour], registry: Registry, path: KeyPath
) -> tuple[int, ...]:
    """Return the victims that are named; a number of victims is an ordinary parameter."""
    victims: tuple[int, ...] = ()
    for name, value in table.params.items():
        if not isinstance(value, list):
            continue
        where = (*path, "params", name)
        if name != "victims":
            registry.reporter.error(where, f"{name} takes no list")
        elif not value:
            registry.reporter.error(where, "name at least one victim, or leave the choice to it")
        elif behaviours and not any(behaviour.targeted for behaviour in behaviours):
            names = ", ".join(behaviour.name for behaviour in behaviours)
            registry.reporter.error(where, f"{names} has no victims", key=True)
        else:
            victims = registry.select(value, where)
    return victims


def _check_params(
    params: Mapping[str, Any], behaviours: list[Behaviour], registry: Registry, path: KeyPath
) -> None:
    known: dict[str, list[tuple[Behaviour, Param]]] = {}
    for behaviour in behaviours:
        for param in behaviour.params:
            known.setdefault(param.name, []).append((behaviour, param))
    targeted = any(behaviour.targeted for behaviour in behaviours)
    for name, value in params.items():
        where = (*path, "params", name)
        if name in known:
            for behaviour, param in known[name]:
                problem = param.problem(value)
                if problem is not None:
                    wrong = value if isinstance(value, str) else None
                    message = problem if len(known[name]) == 1 else f"{behaviour.name}: {problem}"
                    choices = map(str, param.choices)
                    registry.reporter.error(where, message, wrong=wrong, allowed=choices)
                    break
        elif name == "victims" and targeted:
            registry.reporter.error(where, "expected the victims' names, in an array")
        elif behaviours:
            names = ", ".join(behaviour.name for behaviour in behaviours)
            allowed = dict.fromkeys([*known, *(["victims"] if targeted else [])])
            message = f'{names} has no parameter "{name}"'
            registry.reporter.error(where, message, key=True, wrong=name, allowed=allowed)


def _of(behaviour: Behaviour, params: Mapping[str, Any]) -> dict[str, str | int | bool]:
    own = {param.name for param in behaviour.params}
    return {name: value for name, value in params.items() if name in own}


def _check_seats(
    nodes: tuple[int, ...],
    victims: tuple[int, ...],
    behaviours: list[Behaviour],
    registry: Registry,
    path: KeyPath,
) -> None:
    """Behaviours act in ceremonies: culprits need a seat, and victims one beside a culprit.

    An outsider, on the contrary, needs a ceremony without a seat in it. On a committee that is
    drawn during the run, anyone may come to sit or not.
    """
    reporter = registry.reporter
    if not reporter.sound(("keys",)) or not registry.committees:
        return
    certain = [
        members
        for key, members in registry.committees.items()
        if members is not None and key not in registry.moving
    ]
    for node in nodes:
        mine = [members for members in _possible(registry).values() if node in members]
        beside = {other for members in mine for other in members if other != node}
        for behaviour in behaviours:
            seats = sum(node in members for members in certain)
            if behaviour.outsider and seats == len(registry.committees):
                message = f"{registry.names[node]} sits on every committee: {behaviour.name} is for"
                reporter.error((*path, "nodes"), f"{message} validators without a seat")
        if not mine and not all(behaviour.outsider for behaviour in behaviours):
            message = f"{registry.names[node]} sits on no committee: it could not act"
            reporter.error((*path, "nodes"), message)
        elif victims and not beside & set(victims):
            message = f"none of the victims sits on a committee with {registry.names[node]}"
            reporter.error((*path, "params", "victims"), message)


def _possible(registry: Registry) -> dict[str, tuple[int, ...]]:
    """Return who may sit on each committee: anyone, on one that is drawn or changed in the run."""
    everyone = tuple(range(len(registry.names)))
    return {
        key: everyone if members is None or key in registry.moving else members
        for key, members in registry.committees.items()
    }


def _check_schemes(
    nodes: tuple[int, ...], behaviours: list[Behaviour], registry: Registry, path: KeyPath
) -> None:
    """Report a behaviour that none of its culprits' keys can show."""
    if not registry.reporter.sound(("keys",)):
        return
    schemes = {
        registry.schemes[key]
        for key, members in _possible(registry).items()
        if set(nodes) & set(members) and key in registry.schemes
    }
    for behaviour in behaviours:
        if schemes and schemes <= behaviour.absent.keys():
            scheme = min(schemes)
            message = f"there is no {behaviour.name} on {scheme}: {behaviour.absent[scheme]}"
            registry.reporter.error((*path, "behaviour"), message)


def _check_until(file: ScenarioFile, registry: Registry) -> None:
    for i, table in enumerate(file.adversary):
        path: KeyPath = ("adversary", i)
        if table.until is not None and table.until <= table.from_:
            message = "the behaviour ends before it begins"
            registry.reporter.conflict(message, (*path, "until"), (*path, "from"))
        duration = file.run.duration
        if duration is not None and table.from_ >= duration:
            message = "the behaviour begins when the run is over"
            registry.reporter.conflict(message, (*path, "from"), ("run", "duration"))
