"""Loading scenarios: files, what they extend, and changes on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from sim.base.extensions import Source, extended
from sim.scenario.cost_models import MODEL, with_model_file
from sim.scenario.merge import extend_tree, load_tree, with_changes, with_sets
from sim.scenario.plan import Plan
from sim.scenario.reporter import Reporter
from sim.scenario.resolve import check_seed, resolve_file
from sim.scenario.source import Node, parse
from sim.scenario.using import USE, find_extensions, plans
from sim.scenario.validate import validate

CHECK_SEED = 0
"""The seed with which a scenario that leaves it to chance is checked."""


@dataclass(frozen=True)
class Scenario:
    """A scenario that has been checked: it resolves to a plan.

    Attributes:
        path: Where it came from, as the user gave it.
        name: Its name.
        seed: Its seed, or None if that is left to chance.
        tags: Words by which it can be chosen.
        extensions: The code from outside that it uses, as it was read.
        swept: Whether it has a grid of runs, `[sweep]`; one run of it ignores that.
    """

    path: str
    name: str
    seed: int | None
    tags: tuple[str, ...]
    extensions: tuple[Source, ...]
    swept: bool
    _root: Node

    def with_(self, changes: Mapping[str, Any]) -> Scenario:
        """Return this scenario with `changes`: values by dotted key, as in ``--set``.

        ``{"keys.beacon.threshold": 9, "adversary.0.nodes": ["v05"]}``. Entries of arrays are
        named by position, from 0.

        Raises:
            ScenarioError: A change can't be applied, or the result is no scenario.
        """
        return check_tree(self.path, with_changes(self._root, changes))

    def with_sets(self, sets: Sequence[str]) -> Scenario:
        """Return this scenario with changes as the command line has them: ``key=value``.

        Raises:
            ScenarioError: A change can't be applied, or the result is no scenario.
        """
        return check_tree(self.path, with_sets(self._root, sets))


def load(path: str, sets: Sequence[str] = ()) -> Scenario:
    """Return the scenario in the file at `path`.

    Args:
        path: The file; diagnostics show it as it is given here.
        sets: Changes, ``key=value`` each, the last one wins.

    Raises:
        ScenarioError: With every error, or with the first syntax error alone.
    """
    root = load_tree(path)
    return check_tree(path, with_sets(root, sets) if sets else root)


def load_text(text: str, path: str = "<text>", sets: Sequence[str] = ()) -> Scenario:
    """Return the scenario that `text` is; `extends` in it starts from the folder of `path`.

    Raises:
        ScenarioError: As `load`.
    """
    root = extend_tree(parse(path, text), path)
    return check_tree(path, with_sets(root, sets) if sets else root)


def check_tree(path: str, root: Node) -> Scenario:
    """Return the scenario that `root` is.

    Raises:
        ScenarioError: It is none.
    """
    root, unread = with_model_file(root, path)
    reporter = Reporter(root)
    if unread:
        reporter.report(*unread)
        reporter.taint(MODEL)
    extensions, problems = find_extensions(root, path)
    if problems:
        reporter.report(*problems)
        reporter.taint(USE)
    with extended(extensions):
        file = validate(reporter)
        seed = file.run.seed if isinstance(file.run.seed, int) else None
        resolve_file(file, reporter, CHECK_SEED if seed is None else seed, path)
    swept = file.sweep is not None
    return Scenario(path, file.name, seed, tuple(file.tags), extensions, swept, root)


def resolve(scenario: Scenario, seed: int | None = None) -> Plan:
    """Return the plan of `scenario` under `seed`.

    Args:
        scenario: What to run.
        seed: The run's seed; the scenario's own if None.

    Raises:
        ScenarioError: `seed` is out of range, picks under it don't go together, or neither it nor
            the scenario has one.
    """
    chosen = scenario.seed if seed is None else seed
    if chosen is None:
        raise ValueError("the scenario leaves the seed to chance: draw one with fresh_seed")
    reporter = Reporter(scenario._root)  # noqa: SLF001  # the other half of this module
    with extended(scenario.extensions):
        plan = resolve_file(validate(reporter), reporter, check_seed(chosen), scenario.path)
    return msgspec.structs.replace(plan, extensions=plans(scenario.extensions))
