"""The grid of `[sweep]`: which scenarios there are to run, each checked before anything runs.

Arrays multiply, the last one fastest; those that `zip` pairs go together, at the place of the first
of them. A point is the scenario with one value at each key; errors in it stand where the value or
the key stands in `[sweep]`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from sim.scenario.diagnostics import (
    Diagnostic,
    ScenarioError,
    Span,
    in_order,
    nearest,
    whole_file,
)
from sim.scenario.fields import INTEGER_MAX
from sim.scenario.load import CHECK_SEED, Scenario, check_tree
from sim.scenario.merge import load_tree, parse_key, put, with_sets
from sim.scenario.reporter import Reporter
from sim.scenario.source import KeyPath, Node

SWEEP: Final = "sweep"
OWN: Final = ("seeds", "zip")
"""Keys of `[sweep]` that are no keys of the scenario."""

POINTS_MAX: Final = 100_000
"""More of them can hardly be meant."""

_FIXED: Final = ("schema", "extends", "name", SWEEP)
"""Keys that are the same in all runs of a sweep."""


@dataclass(frozen=True)
class Point:
    """One scenario of the grid.

    Attributes:
        number: Its place in the grid, from 0.
        values: What `[sweep]` has at each key, in the order of the file.
        scenario: The scenario with them.

    """

    number: int
    values: Mapping[str, Any]
    scenario: Scenario


@dataclass(frozen=True)
class SweepGrid:
    """All scenarios of a sweep and the seeds of their runs.

    Attributes:
        base: The scenario, with `[sweep]`; that is no part of any point's.
        keys: The dotted keys that `[sweep]` sets.
        points: In order.
        first_seed: Of every point's runs; the others follow. Without `[sweep]`, a stand-in if the
            scenario leaves it to chance.
        seeds: How many runs each point has.

    """

    base: Scenario
    keys: tuple[str, ...]
    points: tuple[Point, ...]
    first_seed: int
    seeds: int

    @property
    def seeds_range(self) -> range:
        """The seeds of every point's runs."""
        return range(self.first_seed, self.first_seed + self.seeds)

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.points) * self.seeds


class _Axis(NamedTuple):
    """A key of `[sweep]`: where it leads, and its values; `several` if they stand in an array."""

    name: str
    path: KeyPath
    node: Node
    values: tuple[Node, ...]
    several: bool


def load_grid(path: str, sets: Sequence[str] = ()) -> SweepGrid:
    """Return the grid of the file at `path`; without `[sweep]`, one point with one seed.

    Args:
        path: The file.
        sets: Changes, ``key=value`` each, those of `[sweep]` among them.

    Raises:
        ScenarioError: With every error of the scenario, of `[sweep]`, and of every point.

    """
    root = load_tree(path)
    return _grid(path, with_sets(root, sets) if sets else root)


def grid_of(scenario: Scenario, changes: Mapping[str, Any] | None = None) -> SweepGrid:
    """Return the grid of a loaded scenario.

    Args:
        scenario: It, with its `[sweep]`.
        changes: Other content for `[sweep]`, or None.

    Raises:
        ScenarioError: As `load_grid`.

    """
    if changes is not None:
        scenario = scenario.with_({SWEEP: dict(changes)})
    if not scenario.swept:
        message = "the scenario has no [sweep]: say over what, or with how many seeds"
        raise ScenarioError([Diagnostic(message, whole_file(scenario.path))])
    return _grid(scenario.path, scenario._root)  # noqa: SLF001  # a point is made from its tree


def _grid(path: str, root: Node) -> SweepGrid:
    problems: list[Diagnostic] = []
    base = _try(path, root, problems)
    bare = root.copy()
    table = bare.value.pop(SWEEP, None)
    reports = _Reports()
    axes = _sound(_axes(table, reports) if _is_table(table) else (), root, reports)
    groups = _groups(axes, table, reports)
    if prod(map(len, groups)) > POINTS_MAX:
        reports.found.append(Diagnostic(f"a grid has {POINTS_MAX:,} points at most", table.key))
        groups = []
    problems += reports.found
    points = tuple(_points(path, bare, groups, problems))
    seeds = 1 if base is None or table is None else _seeds(base, root, problems)
    if base is None or problems:
        raise ScenarioError(in_order(problems))
    names = tuple(axis.name for axis in axes)
    first = CHECK_SEED if base.seed is None else base.seed
    return SweepGrid(base, names, points, first, seeds)


def _is_table(node: Node | None) -> bool:
    return node is not None and isinstance(node.value, dict)


def _seeds(base: Scenario, root: Node, problems: list[Diagnostic]) -> int:
    """Return how many seeds there are, from the scenario's own on."""
    table = root.child(SWEEP)
    given = None if table is None else table.child("seeds")
    seeds = 1 if given is None else int(given.value)
    reporter = Reporter(root)
    if base.seed is None:
        message = "the runs of a sweep count their seeds up from this one: give a number"
        reporter.error(("run", "seed"), message)
    elif base.seed + seeds - 1 > INTEGER_MAX:
        reporter.error((SWEEP, "seeds"), f"a seed is in 0 … {INTEGER_MAX}")
    problems += reporter.diagnostics
    return seeds


def _try(path: str, root: Node, problems: list[Diagnostic]) -> Scenario | None:
    try:
        return check_tree(path, root)
    except ScenarioError as error:
        problems += error.diagnostics
        return None


def _axes(table: Node, reports: _Reports, above: KeyPath = ()) -> Iterator[_Axis]:
    """Yield the keys of `[sweep]`; dotted ones without quotes are tables in it."""
    for key, node in table.value.items():
        if not above and key in OWN:
            continue
        try:
            path = (*above, *(parse_key(key, node.key) if not above else (key,)))
        except ScenarioError as error:
            reports.found += error.diagnostics
            continue
        if node.mergeable and _is_table(node):
            yield from _axes(node, reports, path)
            continue
        several = isinstance(node.value, list)
        values = node.value if several else [node]
        keyed = tuple(Node(value.value, value.span, node.key) for value in values)
        yield _Axis(".".join(map(str, path)), path, node, keyed, several)


def _sound(axes: Iterable[_Axis], root: Node, reports: _Reports) -> list[_Axis]:
    """Return the axes that can be used, and report why not the others."""
    keys = root.child("keys")
    known = list(keys.value) if keys is not None and isinstance(keys.value, dict) else []
    sound: list[_Axis] = []
    for axis in axes:
        before = len(reports.found)
        if axis.path[0] in _FIXED:
            reports.key(axis, f"{axis.path[0]} is the same in all runs of a sweep")
        elif axis.path == ("run", "seed"):
            reports.key(axis, "seeds says how many runs each point has, from run.seed on")
        elif axis.path[0] == "keys" and len(axis.path) > 1 and axis.path[1] not in known:
            reports.key(axis, f'there is no key "{axis.path[1]}"', str(axis.path[1]), known)
        for other in sound:
            shorter = min(len(axis.path), len(other.path))
            if axis.path[:shorter] == other.path[:shorter]:
                reports.key(axis, f"{axis.name} is set by {other.name}, too", related=other)
        if not axis.values:
            reports.value(axis.node, f"{axis.name} has no values")
        if len(reports.found) == before:
            sound.append(axis)
    return sound


def _groups(
    axes: Sequence[_Axis], table: Node | None, reports: _Reports
) -> list[list[dict[KeyPath, Node]]]:
    """Return what is multiplied: for each array, or group of them, its rows of values by path."""
    by_name = {axis.name: axis for axis in axes}
    together: dict[str, list[_Axis]] = {}
    for group in _zipped(table):
        members = [by_name[str(n.value)] for n in group if _is_axis(n, by_name, together, reports)]
        lengths = {len(axis.values) for axis in members}
        if len(lengths) > 1:
            told = ", ".join(f"{axis.name} has {len(axis.values)}" for axis in members)
            reports.value(group[0], f"arrays that go together have one length, but {told}")
        for number, node in enumerate(group):
            if node.value in [before.value for before in group[:number]]:
                reports.value(node, f"{node.value} stands twice in a group")
        if len(group) == 1:
            reports.value(group[0], "arrays go together in groups of two or more")
        together |= {axis.name: members for axis in members}
    groups: list[list[dict[KeyPath, Node]]] = []
    for axis in axes:
        members = together.get(axis.name, [axis])
        if members[0] is axis:
            rows = zip(*(member.values for member in members), strict=False)
            groups.append([{m.path: n for m, n in zip(members, r, strict=True)} for r in rows])
            _check_rows(groups[-1], reports)
    return groups


def _zipped(table: Node | None) -> Iterator[list[Node]]:
    """Yield the groups of `zip`, as far as they are arrays of text; the schema judges the rest."""
    groups = None if table is None else table.child("zip")
    for group in groups.value if groups is not None and isinstance(groups.value, list) else ():
        if isinstance(group.value, list):
            names = [node for node in group.value if isinstance(node.value, str)]
            if names:
                yield names


def _is_axis(
    name: Node, axes: Mapping[str, _Axis], taken: Mapping[str, object], reports: _Reports
) -> bool:
    """Say whether `name` can go together with others, or report why not."""
    arrays = [axis.name for axis in axes.values() if axis.several]
    if name.value not in axes:
        reports.value(name, f'[sweep] has no key "{name.value}"', name.value, arrays)
    elif name.value not in arrays:
        reports.value(name, f"{name.value} is no array: it has one value in all runs anyway")
    elif name.value in taken:
        reports.value(name, f"{name.value} stands in two groups")
    else:
        return True
    return False


def _check_rows(rows: Sequence[Mapping[KeyPath, Node]], reports: _Reports) -> None:
    """Report rows that stand twice: two points would be one."""
    seen: dict[str, Node] = {}
    for row in rows:
        first = next(iter(row.values()))
        shown = repr([node.plain() for node in row.values()])
        if shown in seen:
            reports.value(first, "this stands twice", related=seen[shown])
        seen.setdefault(shown, first)


def _points(
    path: str,
    bare: Node,
    groups: Sequence[Sequence[Mapping[KeyPath, Node]]],
    problems: list[Diagnostic],
) -> Iterator[Point]:
    for number, rows in enumerate(product(*groups)):
        chosen = {path: node for row in rows for path, node in row.items()}
        root = bare.copy()
        for keys, node in chosen.items():
            try:
                put(root, keys, node.copy())
            except ScenarioError as error:
                problems += error.diagnostics
        scenario = _try(path, root, problems)
        if scenario is not None:
            values = {".".join(map(str, keys)): node.plain() for keys, node in chosen.items()}
            yield Point(number, values, scenario)


class _Reports:
    """Errors in `[sweep]` itself."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def key(
        self,
        axis: _Axis,
        message: str,
        wrong: str | None = None,
        allowed: Sequence[str] = (),
        related: _Axis | None = None,
    ) -> None:
        """Report an error at an axis's key."""
        others = () if related is None else (("first set", related.node.key),)
        self._report(axis.node.key, message, wrong, allowed, others)

    def value(
        self,
        node: Node,
        message: str,
        wrong: str | None = None,
        allowed: Sequence[str] = (),
        related: Node | None = None,
    ) -> None:
        """Report an error at a value."""
        others = () if related is None else (("first", related.span),)
        self._report(node.span, message, wrong, allowed, others)

    def _report(
        self,
        span: Span,
        message: str,
        wrong: str | None,
        allowed: Sequence[str],
        others: tuple[tuple[str, Span], ...],
    ) -> None:
        found = None if wrong is None else nearest(wrong, allowed)
        meant = None if found is None else f'"{found}"'
        self.found.append(Diagnostic(message, span, meant, tuple(allowed), others))
