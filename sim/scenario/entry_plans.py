"""One timeline entry as a plan has it."""

from __future__ import annotations

from typing import Any, Final, assert_never

from sim.scenario import catalogue
from sim.scenario.actions import (
    Action,
    Churn,
    Clog,
    Crash,
    HaltLedger,
    Heal,
    Hold,
    Isolate,
    Link,
    Partition,
    Pause,
    Release,
    Restart,
    Resume,
    Skew,
    Slow,
)
from sim.scenario.entry_tables import NodeEntry, PickTable, WhenTable
from sim.scenario.fault_tables import Censor, DelayLedger, DiskFault, Filter, Quiet
from sim.scenario.fields import Undo
from sim.scenario.network_plan import LinkFigures
from sim.scenario.networks import check_ledger_bandwidth, resolve_ends, resolve_figures
from sim.scenario.order_plans import order_fields
from sim.scenario.orders import Evict, Join, KeyEntry, Leave, Order, Repair
from sim.scenario.plan import ActionPlan, Trigger
from sim.scenario.principals import check_principal
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

_UNDO: Final = ("heal", "release", "restart", "resume", "restore")
"""Keys that say when an action ends."""


class EntryPlanner:
    """Makes one entry's plan; of an entry that happens again and again, the first occurrence's.

    Args:
        file: The scenario.
        registry: Its validators, and where errors go.
        entry: The entry.
        name: The id of the entry, or of its first occurrence.
        path: Where it stands.
    """

    def __init__(
        self, file: ScenarioFile, registry: Registry, entry: Action, name: str, path: KeyPath
    ) -> None:
        self._file = file
        self._duration = file.run.duration
        self._registry = registry
        self._reporter = registry.reporter
        self._entry = entry
        self._name = name
        self._path = path

    def action(self) -> ActionPlan:
        """Return the entry's plan; everything that the actions have in common is in `_plan`."""
        match self._entry:
            case Repair() as repair:
                return self._repair(repair)
            case KeyEntry() as order:
                return self._plan(**self._order(order))
            case Join() | Leave():
                return self._plan(nodes=self._nodes())
            case Evict(by=by):
                check_principal(by, self._registry, (*self._path, "by"))
                return self._plan(nodes=self._nodes(), by=by)
            case Churn(lose=lose, offline=offline):
                return self._plan(
                    do="crash", nodes=self.picked(self._name) or (), lose=lose, until_us=offline
                )
            case Crash() as crash:
                return self._crash(crash)
            case DiskFault(lose=lose, restore=undo):
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
            case Filter() as filtering:
                return self._filter(filtering)
            case HaltLedger(resume=undo):
                return self._plan(until_us=self._until(undo))
            case DelayLedger(by=by) as withholding:
                return self._withhold(withholding, by_us=by)
            case Censor() as withholding:
                return self._withhold(withholding)
            case Quiet():
                return self._plan()
            case _:
                assert_never(self._entry)

    def _plan(self, **fields: object) -> ActionPlan:
        at_us, when = self._start()
        plan = {"id": self._name, "do": self._entry.do, "at_us": at_us, "when": when, **fields}
        return ActionPlan(**plan)  # type: ignore[arg-type]  # the fields of `action`'s cases

    def picked(self, name: str) -> tuple[int, ...] | None:
        """Return whom the occurrence `name` concerns, None if that isn't left to chance."""
        entry, path = self._entry, self._path
        if isinstance(entry, Churn):
            where = (*path, "pick")
            pool = self._registry.select(entry.pick.from_, (*where, "from"))
            return self._registry.draw(pool, entry.pick.count, name, (*where, "count"))
        nodes = getattr(entry, "nodes", None)
        if isinstance(nodes, PickTable):
            return self._registry.pick(nodes, name, (*path, "nodes"))
        return None

    def _start(self) -> tuple[int, Trigger | None]:
        at, when, every, path = self._entry.at, self._entry.when, self._entry.every, self._path
        given = [key for key in ("at", "when", "every") if getattr(self._entry, key) is not None]
        if not given and self._reporter.sound(*((*path, key) for key in ("at", "when", "every"))):
            self._reporter.error(path, "say when it happens: at, when or every")
        if when is not None and len(given) > 1:
            other = given[0] if at is not None else given[-1]
            message = f"either {other} or when, not both"
            self._reporter.conflict(message, (*path, other), (*path, "when"))
            return at or 0, None
        late = at is not None and self._duration is not None and at >= self._duration
        if late and every is None:
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
        if self._entry.every is not None:
            message = '"at" needs an entry that happens once: with every, say "after"'
            self._reporter.conflict(message, path, (*self._path, "every"))
            return None
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
        assert isinstance(entry, NodeEntry)
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

    def _repair(self, repair: Repair) -> ActionPlan:
        nodes = self._nodes()
        if len(nodes) > 1:
            message = f"a repair is about one share: {len(nodes)} validators need an entry each"
            self._reporter.error((*self._path, "nodes"), message)
        return self._plan(nodes=nodes, **self._order(repair))

    def _order(self, order: Order) -> dict[str, Any]:
        return order_fields(order, self._name, self._file, self._registry, self._path)

    def _ends(self) -> dict[str, tuple[int, ...]]:
        """Return who sends and who receives over the links concerned."""
        entry = self._entry
        assert isinstance(entry, Clog | Hold | Link | Filter)
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

    def _crash(self, crash: Crash) -> ActionPlan:
        path, until_us = self._path, self._until(crash.restart)
        if crash.times > 1:
            for key, given in (("restart", crash.restart), ("up", crash.up)):
                if given is None and self._reporter.sound((*path, key)):
                    message = f"a restart loop needs {key}"
                    self._reporter.error((*path, "times"), message)
        elif crash.up is not None:
            self._reporter.error((*path, "up"), "only a restart loop has this: give times")
        return self._plan(
            nodes=self._nodes(),
            lose=crash.lose,
            until_us=until_us,
            times=crash.times,
            up_us=crash.up or 0,
        )

    def _filter(self, filtering: Filter) -> ActionPlan:
        path, ends = self._path, self._ends()
        if any(node < 0 for nodes in ends.values() for node in nodes):
            message = "messages are filtered between validators: for the ledger there is censor"
            self._reporter.error(path, message)
        if filtering.delay is None and self._file.network.transport == "stream":
            message = "a stream drops no message: give delay"
            self._reporter.conflict(message, (*path, "do"), ("network", "transport"))
        return self._plan(
            **ends,
            kinds=(filtering.kind,),
            nth=filtering.nth,
            count=filtering.count,
            by_us=filtering.delay or 0,
            until_us=self._until(filtering.restore),
        )

    def _withhold(self, entry: DelayLedger | Censor, by_us: int = 0) -> ActionPlan:
        path = self._path
        for i, name in enumerate(entry.principals):
            check_principal(name, self._registry, (*path, "principals", i))
        named = entry.nodes is not None or entry.principals
        if not (named or entry.kinds or by_us) and self._reporter.sound(path):
            message = "say whose transactions are censored, or which: nodes, principals or kinds"
            self._reporter.error(path, message)
        return self._plan(
            nodes=() if entry.nodes is None else self._chosen(entry.nodes),
            senders=tuple(entry.principals),
            kinds=tuple(entry.kinds),
            by_us=by_us,
            until_us=self._until(entry.restore),
        )

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
