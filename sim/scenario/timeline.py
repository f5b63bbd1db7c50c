"""The timeline as a plan has it, and what makes its entries impossible together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, assert_never

from sim.scenario import catalogue
from sim.scenario.actions import (
    Action,
    Clog,
    Crash,
    CreateKey,
    HaltLedger,
    Heal,
    Hold,
    Isolate,
    Link,
    Partition,
    Pause,
    PickTable,
    Release,
    Restart,
    Resume,
    Skew,
    Slow,
    WhenTable,
)
from sim.scenario.entries import EntryIds
from sim.scenario.fields import Undo
from sim.scenario.networks import check_ledger_bandwidth, resolve_ends, resolve_figures
from sim.scenario.plan import ActionPlan, LinkFigures, Trigger
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

Actions: TypeAlias = Mapping[int, ActionPlan]
"""Plans by position in the file."""

_UNDO: Final = ("heal", "release", "restart", "resume", "restore")
"""Keys that say when an action ends."""

_CUTS: Final = ("partition", "isolate")
_HOLDS: Final = ("hold",)


def resolve_timeline(file: ScenarioFile, registry: Registry) -> Actions:
    """Return the plans of the timeline's entries, without those that have errors already."""
    ids = EntryIds("timeline", registry.reporter)
    actions = {}
    for i, entry in enumerate(file.timeline):
        path: KeyPath = ("timeline", i)
        name = ids.take(path, entry.id, entry.do)
        action = _Resolver(file, registry, entry, name, path).action()
        if registry.reporter.sound(path):
            actions[i] = action
    return actions


class _Resolver:
    """Makes one entry's plan."""

    def __init__(
        self, file: ScenarioFile, registry: Registry, entry: Action, name: str, path: KeyPath
    ) -> None:
        self._duration = file.run.duration
        self._registry = registry
        self._reporter = registry.reporter
        self._entry = entry
        self._name = name
        self._path = path

    def action(self) -> ActionPlan:
        """Return the entry's plan; everything that the actions have in common is in `_plan`."""
        match self._entry:
            case CreateKey(key=key):
                self._registry.key(key, (*self._path, "key"))
                return self._plan(key=key)
            case Crash(lose=lose, restart=undo):
                return self._plan(nodes=self._nodes(), lose=lose, until_us=self._until(undo))
            case Pause(resume=undo):
                return self._plan(nodes=self._nodes(), until_us=self._until(undo))
            case Slow(service=service, restore=undo):
                until = self._until(undo)
                return self._plan(nodes=self._nodes(), service_us=service, until_us=until)
            case Skew() as skew:
                return self._skew(skew)
            case Restart() | Resume():
                return self._plan(nodes=self._nodes())
            case Partition() as partition:
                return self._partition(partition)
            case Isolate(nodes=nodes, heal=undo):
                cut = self._chosen(nodes, ledger=True)
                return self._plan(nodes=cut, until_us=self._until(undo))
            case Heal(of=target) | Release(of=target):
                return self._plan(target=target or "")
            case Clog(by=by, restore=undo):
                return self._plan(**self._ends(), by_us=by, until_us=self._until(undo))
            case Hold(release=undo):
                return self._plan(**self._ends(), until_us=self._until(undo))
            case Link() as link:
                return self._link(link)
            case HaltLedger(resume=undo):
                return self._plan(until_us=self._until(undo))
            case _:
                assert_never(self._entry)

    def _plan(self, **fields: object) -> ActionPlan:
        at_us, when = self._start()
        plan = {"id": self._name, "do": self._entry.do, "at_us": at_us, "when": when, **fields}
        return ActionPlan(**plan)  # type: ignore[arg-type]  # the fields of `action`'s cases

    def _start(self) -> tuple[int, Trigger | None]:
        at, when, path = self._entry.at, self._entry.when, self._path
        if (at is None) == (when is None):
            if at is None:
                if self._reporter.sound((*path, "at"), (*path, "when")):
                    self._reporter.error(path, "say when it happens: at or when")
            else:
                self._reporter.conflict(
                    "either at or when, not both", (*path, "at"), (*path, "when")
                )
            return at or 0, None
        if at is not None and self._duration is not None and at >= self._duration:
            message = "it would happen when the run is over"
            self._reporter.conflict(message, (*path, "at"), ("run", "duration"))
        return at or 0, None if when is None else self._trigger(when)

    def _trigger(self, when: WhenTable) -> Trigger:
        path = (*self._path, "when")
        events = catalogue.events()
        if when.event not in events:
            message = f'unknown event "{when.event}"'
            self._reporter.error((*path, "event"), message, wrong=when.event, allowed=events)
        node = None
        if when.node is not None:
            node = self._registry.position(when.node, (*path, "node"))
        return Trigger(event=when.event, node=node, nth=when.nth)

    def _until(self, undo: Undo | None) -> int | None:
        """Return after how long the action undoes itself."""
        if undo is None:
            return None
        if undo.mode == "after":
            return undo.us
        word = next(name for name in _UNDO if self._gives(name))
        path = (*self._path, word)
        if self._entry.at is None:
            message = '"at" needs an entry with a time: after a trigger, say "after"'
            self._reporter.conflict(message, path, (*self._path, "when"))
            return None
        if undo.us <= self._entry.at:
            message = f"{word} comes before the {self._entry.do} itself"
            self._reporter.conflict(message, path, (*self._path, "at"))
            return None
        return undo.us - self._entry.at

    def _gives(self, name: str) -> bool:
        return self._reporter.given((*self._path, name))

    def _nodes(self) -> tuple[int, ...]:
        entry, path = self._entry, self._path
        assert isinstance(entry, Crash | Restart | Pause | Resume | Slow | Skew)
        if entry.node is not None and entry.nodes is not None:
            message = "either node or nodes, not both"
            self._reporter.conflict(message, (*path, "nodes"), (*path, "node"))
        elif entry.node is not None:
            position = self._registry.position(entry.node, (*path, "node"))
            return () if position is None else (position,)
        elif entry.nodes is not None:
            return self._chosen(entry.nodes)
        elif self._reporter.sound((*path, "node"), (*path, "nodes")):
            self._reporter.error(path, f"say whom the {entry.do} concerns: node or nodes")
        return ()

    def _chosen(
        self, nodes: str | list[str] | PickTable, *, ledger: bool = False
    ) -> tuple[int, ...]:
        path = (*self._path, "nodes")
        if isinstance(nodes, PickTable):
            return self._registry.pick(nodes, self._name, path)
        if not nodes and self._reporter.sound(path):
            self._reporter.error(path, "name at least one validator")
        return self._registry.select(nodes, path, ledger=ledger)

    def _ends(self) -> dict[str, tuple[int, ...]]:
        """Return who sends and who receives over the links concerned."""
        entry = self._entry
        assert isinstance(entry, Clog | Hold | Link)
        sources, targets = resolve_ends(entry.from_, entry.to, self._registry, self._path)
        return {"sources": sources, "targets": targets}

    def _link(self, link: Link) -> ActionPlan:
        path, reporter = self._path, self._reporter
        ends = self._ends()
        figures = resolve_figures(link.add_latency, link.loss, link.bandwidth, path, reporter)
        check_ledger_bandwidth(figures, tuple(ends.values()), path, reporter)
        if figures == LinkFigures() and reporter.sound(path):
            message = "say what is different: add_latency, loss or bandwidth"
            reporter.error(path, message)
        return self._plan(**ends, figures=figures, until_us=self._until(link.restore))

    def _skew(self, skew: Skew) -> ActionPlan:
        path = (*self._path, "drift")
        if skew.drift == 0 and self._reporter.sound(path):
            self._reporter.error(path, "a drift of 0 skews nothing")
        return self._plan(
            nodes=self._nodes(),
            drift_ppm=skew.drift,
            until_us=self._until(skew.restore),
        )

    def _partition(self, partition: Partition) -> ActionPlan:
        path = (*self._path, "groups")
        sides = [
            self._registry.select(group, (*path, i), ledger=True)
            for i, group in enumerate(partition.groups)
        ]
        if len(sides) < 2:
            self._reporter.error(path, "a partition needs at least two groups")
        elif partition.direction != "both" and len(sides) != 2:
            self._reporter.conflict(
                f"a one-way partition needs exactly two groups, not {len(sides)}",
                (*self._path, "direction"),
                path,
            )
        for i, group in enumerate(partition.groups):
            if not group:
                self._reporter.error((*path, i), "the group is empty")
        self._check_overlap(sides, path)
        return self._plan(
            groups=tuple(sides),
            direction=partition.direction,
            until_us=self._until(partition.heal),
        )

    def _check_overlap(self, sides: list[tuple[int, ...]], path: KeyPath) -> None:
        first: dict[int, int] = {}
        for i, side in enumerate(sides):
            for position in side:
                if position in first:
                    name = "ledger" if position < 0 else self._registry.names[position]
                    self._reporter.error(
                        (*path, i),
                        f"{name} can't be in two groups",
                        related=[("first", (*path, first[position]))],
                    )
                    break
                first[position] = i


def check_timeline(file: ScenarioFile, actions: Actions, registry: Registry) -> None:
    """Report entries that are impossible together, or that could have no effect."""
    reporter = registry.reporter
    _check_creations(file, actions, registry)
    for i, action in actions.items():
        if action.do == "halt-ledger" and file.run.duration is None:
            message = "heights can be halted, so the run needs an end: set run.duration"
            reporter.conflict(message, ("timeline", i, "do"), ("run", "duration"))
    if reporter.sound(("timeline",)):
        _check_pairs(actions, registry, "crash", "restart")
        _check_pairs(actions, registry, "pause", "resume")
        _check_ends(actions, registry, "heal", _CUTS)
        _check_ends(actions, registry, "release", _HOLDS)


def _check_creations(file: ScenarioFile, actions: Actions, registry: Registry) -> None:
    reporter, first = registry.reporter, dict[str, int]()
    for i, action in actions.items():
        if action.do != "create-key":
            continue
        if action.key in first:
            related = [("first", ("timeline", first[action.key], "key"))]
            message = f'key "{action.key}" is created twice'
            reporter.error(("timeline", i, "key"), message, related=related)
        first.setdefault(action.key, i)
    for name in file.keys:
        if name not in first and reporter.sound(("timeline",)):
            message = f'nothing creates the key "{name}": add a create-key to the timeline'
            reporter.error(("keys", name), message, key=True)


def _check_pairs(actions: Actions, registry: Registry, down: str, up: str) -> None:
    """Report an `up` of a validator that no `down` can have stopped before."""
    for i, action in actions.items():
        if action.do != up:
            continue
        for node in action.nodes:
            stops = [a for a in actions.values() if a.do == down and node in a.nodes]
            possible = any(
                stop.when is not None or action.when is not None or stop.at_us <= action.at_us
                for stop in stops
            )
            if not possible:
                message = f"there is nothing to {up}: no {down} of {registry.names[node]} before"
                registry.reporter.error(("timeline", i, "do"), message)


def _check_ends(actions: Actions, registry: Registry, end: str, ends: Sequence[str]) -> None:
    """Report an `end` of no entry, or of none of `ends` that can have begun before."""
    begun = {a.id: (i, a) for i, a in actions.items() if a.do in ends}
    given = [
        name for name, (i, _) in begun.items() if registry.reporter.given(("timeline", i, "id"))
    ]
    word = "cut" if end == "heal" else ends[0]
    for i, action in actions.items():
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
            related = [(word, ("timeline", at, "at")) for at, _ in meant]
            message = f"there is nothing to {end} at that time: no {word} comes before"
            registry.reporter.error((*path, "at"), message, related=related)
