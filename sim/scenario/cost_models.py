"""Cost models that scenarios name: shipped ones, and files as `ksim calibrate` writes them.

A file becomes part of the scenario's tree before anything is checked, so that errors in it are
placed in it, and what was loaded doesn't change when the file does.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sim.scenario import catalogue
from sim.scenario.diagnostics import Diagnostic, ScenarioError
from sim.scenario.environment import CostModelTable, CostTable
from sim.scenario.plan import CostPlan
from sim.scenario.reporter import Reporter
from sim.scenario.source import KeyPath, Node, parse, read_file

SUFFIX: Final = ".toml"
"""How the name of a model's file ends: no shipped model is called so."""

MODEL: Final[KeyPath] = ("cost", "model")


def with_model_file(root: Node, path: str) -> tuple[Node, tuple[Diagnostic, ...]]:
    """Return `root` with the file that `cost.model` names, if it does, in the name's place.

    Args:
        root: A scenario's tree; it stays as it is.
        path: Of the scenario: where paths start if they stand in no file.

    """
    cost = root.child("cost")
    named = None if cost is None else cost.child("model")
    if named is None or not isinstance(named.value, str) or not named.value.endswith(SUFFIX):
        return root, ()
    home = Path(named.span.file if Path(named.span.file).is_file() else path).parent
    shown = str(home / named.value)
    try:
        model = parse(shown, read_file(home / named.value, shown, named.span))
    except ScenarioError as error:
        return root, tuple(error.diagnostics)
    root = root.copy()
    root.value["cost"].value["model"] = model
    return root, ()


def resolve_cost(table: CostTable, reporter: Reporter) -> str | CostPlan:
    """Return the cost model of a plan: the name of a shipped one, or its figures."""
    model = table.model
    if isinstance(model, CostModelTable):
        return _own(model, reporter)
    known = catalogue.cost_models()
    if model not in known and reporter.sound(MODEL):
        message = f'unknown cost model "{model}"'
        hint = f"(or a file whose name ends in {SUFFIX})"
        reporter.error(MODEL, f"{message} {hint}", wrong=model, allowed=known)
    return model


def _own(model: CostModelTable, reporter: Reporter) -> CostPlan:
    operations = catalogue.operations()
    _check(reporter, (*MODEL, "nanoseconds"), model.nanoseconds, operations, "operation")
    schemes = catalogue.group_schemes()
    _check(reporter, (*MODEL, "schemes"), model.schemes, schemes, "scheme with a group")
    for scheme, prices in model.schemes.items():
        _check(reporter, (*MODEL, "schemes", scheme), prices, operations, "operation")
    return CostPlan(
        name=model.name,
        source=model.source,
        nanoseconds=dict(sorted(model.nanoseconds.items())),
        schemes={
            name: dict(sorted(table.items())) for name, table in sorted(model.schemes.items())
        },
    )


def _check(
    reporter: Reporter, path: KeyPath, given: Iterable[str], known: tuple[str, ...], what: str
) -> None:
    for name in given:
        if name not in known:
            message = f'no {what} "{name}"'
            reporter.error((*path, name), message, key=True, wrong=name, allowed=known)
