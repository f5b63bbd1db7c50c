"""From a tree of nodes to a typed `ScenarioFile`, with every error placed.

pydantic says what is wrong and where in the data; this module finds the place in the source, and
goes on: what is wrong gives way to its default or to a stand-in, so that the checks across keys can
run in the same pass. `Reporter` remembers which values are not the author's.

pydantic puts the tags of unions into locations. Ours all begin with ``=``, which no bare key does.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sim.scenario.actions import ACTIONS
from sim.scenario.fields import Table, kind_of
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

_ROUNDS_MAX: Final = 10
"""Every round replaces all wrong values by right ones, so two are enough; more would be a bug."""

_STAND_INS: Final[tuple[tuple[tuple[str, ...], Any], ...]] = (
    (("schema",), 1),
    (("name",), "unnamed"),
    (("run",), {"seed": 0}),
    (("run", "seed"), 0),
    (("validators",), {"n": 1}),
    (("validators", "n"), 1),
    (("keys", "*", "scheme"), "ED25519"),
    (("keys", "*", "threshold"), 1),
    (("timeline", "*"), {"do": "heal", "at": "0s"}),
    (("adversary", "*"), {"nodes": [], "behaviour": []}),
    (("expect", "*"), {}),
    (("expect", "*", "disputes", "*", "kind"), "missing"),
)
"""What takes the place of something required; ``*`` is any key or position."""

_EXPECTED: Final = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "datetime_type": "a date and time",
}
"""What to say for pydantic's type errors."""


def validate(reporter: Reporter) -> ScenarioFile:
    """Return the typed scenario; what was wrong is reported and replaced.

    Raises:
        ScenarioError: So much is wrong that nothing sensible is left.
    """
    data = reporter.root.plain()
    for _ in range(_ROUNDS_MAX):
        tables: dict[int, type[Table]] = {}
        try:
            return ScenarioFile.model_validate(data, context={"tables": tables})
        except ValidationError as error:
            found = [(detail, _path(data, detail)) for detail in error.errors()]
            for detail, path in found:
                if reporter.sound(path):
                    _report(reporter, tables, data, detail, path)
            for detail, path in found:
                _replace(reporter, tables, data, detail["type"], path)
    reporter.raise_if_any()
    raise AssertionError(data)


def _path(data: Any, detail: ErrorDetails) -> KeyPath:
    """Return the path that an error's location stands for: without the tags of unions."""
    path: list[str | int] = []
    here = data
    for i, step in enumerate(detail["loc"]):
        last = i == len(detail["loc"]) - 1
        is_entry = isinstance(here, list) and isinstance(step, int) and step < len(here)
        if is_entry or (isinstance(here, dict) and step in here):
            here = here[step]
        elif not (last and detail["type"] == "missing"):
            continue  # a tag, or pydantic's note that the key of a dictionary is meant
        path.append(step)
    return tuple(path)


def _at(data: Any, path: KeyPath) -> Any:
    for step in path:
        data = data[step]
    return data


def _name(path: KeyPath) -> str:
    """Return `path` as TOML writes it: ``keys.beacon``, ``timeline``."""
    return ".".join(str(step) for step in path if isinstance(step, str))


def _report(
    reporter: Reporter,
    tables: dict[int, type[Table]],
    data: Any,
    detail: ErrorDetails,
    path: KeyPath,
) -> None:
    match detail["type"]:
        case "extra_forbidden":
            table = tables[id(_at(data, path[:-1]))]
            allowed = [field.alias or name for name, field in table.model_fields.items()]
            where = f" in {_name(path[:-1])}" if path[:-1] else ""
            message = f'unknown key "{path[-1]}"{where}'
            reporter.error(path, message, key=True, wrong=str(path[-1]), allowed=allowed)
        case "missing":
            where = f" in {_name(path[:-1])}" if path[:-1] else ""
            reporter.error(path, f'missing key "{path[-1]}"{where}', key=True)
        case "union_tag_not_found":
            _report_action(reporter, data, path)
        case _ if detail["loc"][-1:] == ("[key]",):
            reporter.error(path, detail["msg"], key=True)
        case _:
            _report_value(reporter, _at(data, path), detail, path)


def _report_action(reporter: Reporter, data: Any, path: KeyPath) -> None:
    entry = _at(data, path)
    if not isinstance(entry, dict):
        reporter.error(path, f"expected a table, found {kind_of(entry)}")
    elif "do" not in entry:
        reporter.error(path, f'missing key "do" in {_name(path)}', allowed=ACTIONS)
    elif not isinstance(entry["do"], str):
        reporter.error((*path, "do"), f"expected text, found {kind_of(entry['do'])}")
    else:
        do = entry["do"]
        reporter.error((*path, "do"), f'unknown action "{do}"', wrong=do, allowed=ACTIONS)


def _report_value(reporter: Reporter, value: Any, detail: ErrorDetails, path: KeyPath) -> None:
    kind, context = detail["type"], detail.get("ctx", {})
    wrong = value if isinstance(value, str) else None
    name = path[-1] if path and isinstance(path[-1], str) else "entry"
    match kind:
        case "scenario":
            reporter.error(path, detail["msg"], suggestion=context["suggestion"])
        case "literal_error":
            allowed = re.findall(r"'([^']*)'", str(context["expected"]))
            if wrong is None:
                message = f"expected text, found {kind_of(value)}"
            else:
                message = f'unknown {name} "{wrong}"'
            reporter.error(path, message, wrong=wrong, allowed=allowed)
        case "greater_than_equal" | "less_than_equal":
            side = "least" if kind == "greater_than_equal" else "most"
            bound = context["ge" if side == "least" else "le"]
            reporter.error(path, f"{name} must be at {side} {bound}")
        case _ if kind in _EXPECTED:
            reporter.error(path, f"expected {_EXPECTED[kind]}, found {kind_of(value)}")
        case _:
            reporter.error(path, f"{name}: {detail['msg'][:1].lower()}{detail['msg'][1:]}")


def _replace(
    reporter: Reporter, tables: dict[int, type[Table]], data: Any, kind: str, path: KeyPath
) -> None:
    """Put something valid in the place of what is wrong at `path`, as near to it as possible."""
    for depth in range(len(path), 0, -1):
        here = path[:depth]
        try:
            parent = _at(data, here[:-1])
        except (KeyError, IndexError, TypeError):
            continue  # an error about the same table has replaced it already
        if kind == "extra_forbidden":
            if depth == len(path):
                parent.pop(path[-1], None)
            return
        if _make_valid(tables, parent, here):
            reporter.taint(here)
            return
    raise AssertionError(path)


def _make_valid(tables: dict[int, type[Table]], parent: Any, path: KeyPath) -> bool:
    """Replace or remove what stands at `path`; False if its parent can't do without it."""
    for pattern, stand_in in _STAND_INS:
        fits = len(pattern) == len(path) and all(
            p in ("*", step) for p, step in zip(pattern, path, strict=True)
        )
        if fits:
            parent[path[-1]] = stand_in.copy() if isinstance(stand_in, dict) else stand_in
            return True
    if not isinstance(parent, dict):
        return False
    table = tables.get(id(parent))
    if table is not None and any(
        field.is_required() and (field.alias or name) == path[-1]
        for name, field in table.model_fields.items()
    ):
        return False
    parent.pop(path[-1], None)
    return True
