"""The timeline as a plan has it: every occurrence of every entry, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from sim.base.ids import NEVER_US
from sim.scenario.actions import Action, Churn
from sim.scenario.entries import EntryIds
from sim.scenario.entry_plans import EntryPlanner
from sim.scenario.occurrences import ENTRIES_MAX, instants
from sim.scenario.orders import Sign
from sim.scenario.phases import check_entry, last_us
from sim.scenario.plan import ActionPlan
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

Placed: TypeAlias = tuple[int, ActionPlan]
"""A plan, and the position in the file of the entry that it comes from."""

_CHAINS_OWN: Final = ("test-", "endorse-")
"""How the ids of the sessions begin that the K-chain opens itself."""


def resolve_timeline(file: ScenarioFile, registry: Registry) -> list[Placed]:
    """Return the plans of the timeline's entries, without those that have errors already."""
    ids = EntryIds("timeline", registry.reporter)
    placed: list[Placed] = []
    for i, entry in enumerate(file.timeline):
        path: KeyPath = ("timeline", i)
        name = ids.take(path, entry.id, entry.do)
        _check_session(entry, registry, path)
        placed += (
            (i, one)
            for action in _occurrences(file, registry, entry, name, path)
            for one in _each_key(action, entry, registry)
        )
        if len(placed) > ENTRIES_MAX:
            message = f"the timeline comes to more than {ENTRIES_MAX} entries"
            registry.reporter.error((*path, "every"), message)
            registry.reporter.taint(path)
            return []
    _check_ids(placed, registry)
    return list(_never_twice_down(file, placed))


def _check_session(entry: Action, registry: Registry, path: KeyPath) -> None:
    if isinstance(entry, Sign) and (entry.id or "").startswith(_CHAINS_OWN):
        message = "the ids of the K-chain's own sessions begin so"
        registry.reporter.error((*path, "id"), message)


def _occurrences(
    file: ScenarioFile, registry: Registry, entry: Action, name: str, path: KeyPath
) -> Iterator[ActionPlan]:
    reporter = registry.reporter
    known = len(reporter.diagnostics)
    first = name if entry.every is None else f"{name}/1"
    planner = EntryPlanner(file, registry, entry, first, path)
    action = planner.action()
    if not reporter.sound(path):
        return
    if entry.every is None:
        if entry.when is None:
            check_entry(file, entry.do, action.at_us, registry, path)
        yield action
        return
    times = instants(entry, name, last_us(file, entry.do), registry, path)
    if len(reporter.diagnostics) > known:
        return  # it is about every occurrence
    for k, at_us in enumerate(times, 1):
        one = f"{name}/{k}"
        nodes = planner.picked(one)
        message = one.encode() if isinstance(entry, Sign) and entry.message is None else None
        yield replace(
            action,
            id=one,
            at_us=at_us,
            nodes=action.nodes if nodes is None else nodes,
            message=action.message if message is None else message,
        )


def _each_key(action: ActionPlan, entry: Action, registry: Registry) -> Iterator[ActionPlan]:
    """Yield an entry about a partition as one about each of its keys, named behind its id."""
    members = registry.families.get(action.key)
    if members is None:
        yield action
        return
    for key in members:
        one = f"{action.id}/{key}"
        message = one.encode() if isinstance(entry, Sign) and entry.message is None else None
        yield replace(
            action, id=one, key=key, message=action.message if message is None else message
        )


def _check_ids(placed: Sequence[Placed], registry: Registry) -> None:
    """Report an id that is another entry's with the number of an occurrence."""
    first: dict[str, int] = {}
    for i, action in placed:
        if first.setdefault(action.id, i) != i:
            message = f'two entries have the id "{action.id}"'
            related = [("first", ("timeline", first[action.id], "id"))]
            registry.reporter.error(("timeline", i, "id"), message, related=related)


def _never_twice_down(file: ScenarioFile, placed: Sequence[Placed]) -> Iterator[Placed]:
    """Yield `placed` without the crashes by churn that would hit who is down.

    Entries that crash somebody at a known time come before churn, and of churn the earlier.
    """
    down = _down(file, placed)
    churned = [n for n, (i, a) in enumerate(placed) if isinstance(file.timeline[i], Churn)]
    left: dict[int, tuple[int, ...]] = {}
    until: dict[int, int] = {}
    for n in sorted(churned, key=lambda n: placed[n][1].at_us):
        action = placed[n][1]
        if action.when is not None:
            continue
        end = action.at_us + action.lasts_us
        left[n] = tuple(
            node
            for node in action.nodes
            if until.get(node, -1) < action.at_us
            and not _meets(down.get(node, ()), action.at_us, end)
        )
        until.update(dict.fromkeys(left[n], end))
    for n, (i, action) in enumerate(placed):
        nodes = left.get(n, action.nodes)
        if nodes or not action.nodes:
            yield i, action if nodes == action.nodes else replace(action, nodes=nodes)


def _down(file: ScenarioFile, placed: Sequence[Placed]) -> dict[int, list[tuple[int, int]]]:
    """Return from when to when each validator is down by crashes at known times, but churn."""
    starts: dict[int, list[int]] = {}
    for _, action in placed:
        if action.do == "restart" and action.when is None:
            for node in action.nodes:
                starts.setdefault(node, []).append(action.at_us)
    quiet = [a.at_us for _, a in placed if a.do == "quiet" and a.when is None]
    down: dict[int, list[tuple[int, int]]] = {}
    for i, action in placed:
        if action.do != "crash" or action.when is not None or isinstance(file.timeline[i], Churn):
            continue
        for node in action.nodes:
            end = NEVER_US if action.until_us is None else action.at_us + action.lasts_us
            starting = (*starts.get(node, ()), *quiet)
            again = sorted(at for at in starting if at >= action.at_us)
            down.setdefault(node, []).append((action.at_us, min([end, *again[:1]])))
    return down


def _meets(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(first <= end and start <= last for first, last in spans)
