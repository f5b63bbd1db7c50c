"""The JSON Schema of scenario files, for editors and other programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from sim.scenario import catalogue
from sim.scenario.actions import ACTIONS
from sim.scenario.entry_tables import NodeEntry
from sim.scenario.fields import NAME_PATTERN, Table, Unit
from sim.scenario.refusals import DROPPED, REFUSALS
from sim.scenario.schema import ScenarioFile

if TYPE_CHECKING:
    from sim.adversary.registry import Behaviour, Param

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

QUALIFIED: Final = f"^{NAME_PATTERN}:[a-z0-9][a-z0-9-]*$"
"""Names of what an extension has registered."""

_OPEN: Final = {
    ("NetworkTable", "profile"): QUALIFIED,
    ("KeyTable", "protocol"): QUALIFIED,
    ("AdversaryTable", "behaviour"): QUALIFIED,
    ("CostTable", "model"): r"\.toml$",
}
"""Keys that also have other names than those of this version: of extensions, or of files."""

_TYPES: Final = {str: "string", int: "integer", bool: "boolean"}


class _Generator(GenerateJsonSchema):
    """Leaves defaults out: pydantic has parsed values, files have text such as ``20ms``."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # TOML has no null: a key is there or isn't


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a scenario file, with the names that this version knows.

    It is about one file alone. What a file that extends another may leave out is required of those
    without `extends` only; what keys must satisfy together is beyond it.
    """
    schema = ScenarioFile.model_json_schema(by_alias=True, schema_generator=_Generator)
    definitions = schema["$defs"]
    required, parts = _required(ScenarioFile), set(merged(ScenarioFile))
    for table in tables(ScenarioFile):
        own = schema if table is ScenarioFile else definitions[table.__name__]
        own.pop("title", None)
        if table in parts:
            own.pop("required", None)
        for key, name, field in keys(table):
            entry = own["properties"][key]
            entry.pop("title", None)
            shown = default(field)
            if shown is not None:
                entry["default"] = shown
            names = _names(table.__name__, name)
            if names:
                _restrict(entry, names, _OPEN.get((table.__name__, name)))
    for action in ACTIONS.values():
        whom = [_one_of("node", "nodes")] if issubclass(action, NodeEntry) else []
        definitions[action.__name__]["allOf"] = [_one_of(("at", "every"), "when"), *whom]
    definitions["AdversaryTable"]["allOf"] = [
        _params(name, behaviour) for name, behaviour in catalogue.behaviours().items()
    ]
    schema["properties"]["keys"]["additionalProperties"] = False
    whole = {"if": {"required": ["extends"]}, "else": required}
    return {"$schema": DIALECT, "title": "kchain-sim scenario", **schema, **whole}


def _params(name: str, behaviour: Behaviour) -> dict[str, Any]:
    """Return what ``params`` may hold where the behaviour `name` is the only one."""
    known: dict[str, Any] = {param.name: _param(param) for param in behaviour.params}
    if behaviour.targeted:
        named = {"type": "array", "items": {"type": "string"}, "description": "Whom it harms."}
        number = known.get("victims")
        known["victims"] = named if number is None else {"oneOf": [named, number]}
    taken = {"properties": known, "additionalProperties": False}
    alone = {"properties": {"behaviour": {"const": name}}, "required": ["behaviour"]}
    return {"if": alone, "then": {"properties": {"params": taken}}}


def _param(param: Param) -> dict[str, Any]:
    return {
        "type": _TYPES[param.kind],
        "default": param.default,
        "description": param.doc,
        **({"enum": list(param.choices)} if param.choices else {}),
        **({} if param.least is None else {"minimum": param.least}),
        **({} if param.most is None else {"maximum": param.most}),
    }


def _one_of(*keys: str | tuple[str, ...]) -> dict[str, Any]:
    """Return that exactly one of `keys` is there; of a tuple, at least one."""
    return {
        "oneOf": [
            {"required": [key]}
            if isinstance(key, str)
            else {"anyOf": [{"required": [name]} for name in key]}
            for key in keys
        ]
    }


def merged(table: type[Table]) -> Iterator[type[Table]]:
    """Yield `table` and those in it that `extends` merges key by key: all but arrays' entries."""
    yield table
    for _, _, field in keys(table):
        for _, inner in _unlisted(field.annotation):
            yield from merged(inner)


def _required(table: type[Table]) -> dict[str, Any]:
    """Return what a table must hold, and the tables in it, as a schema of that alone."""
    needed = [key for key, _, field in keys(table) if field.is_required()]
    inner: dict[str, Any] = {}
    for key, _, field in keys(table):
        for named, one in _unlisted(field.annotation):
            if below := _required(one):
                inner[key] = {"additionalProperties": below} if named else below
    return {
        **({"required": needed} if needed else {}),
        **({"properties": inner} if inner else {}),
    }


def _unlisted(annotation: Any) -> Iterator[tuple[bool, type[Table]]]:
    """Yield the tables that a value can be, and whether it is a table of them by name."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield False, annotation
    elif get_origin(annotation) is dict:
        yield from ((True, table) for _, table in _unlisted(get_args(annotation)[1]))
    elif get_origin(annotation) is not list:
        for argument in get_args(annotation):
            yield from _unlisted(argument)


def tables(table: type[Table], seen: set[type[Table]] | None = None) -> Iterator[type[Table]]:
    """Yield `table` and every table that can stand in it, each once, outer ones first."""
    seen = set() if seen is None else seen
    if table in seen:
        return
    seen.add(table)
    yield table
    for _, _, field in keys(table):
        for inner in _inside(field.annotation):
            yield from tables(inner, seen)


def _inside(annotation: Any) -> Iterator[type[Table]]:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)


def keys(table: type[Table]) -> Iterator[tuple[str, str, FieldInfo]]:
    """Yield a table's keys as files have them, the fields' names, and the fields."""
    for name, field in table.model_fields.items():
        yield field.alias or name, name, field


def unit(field: FieldInfo) -> Unit | None:
    """Return the unit of a key, or None if it is a table."""
    found = [*field.metadata, *_annotations(field.annotation)]
    return next((entry for entry in found if isinstance(entry, Unit)), None)


def _annotations(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    for argument in get_args(annotation):
        yield from _annotations(argument)


def default(field: FieldInfo) -> Any:
    """Return a key's default as a file would have it, or None if it is required or absent."""
    value = field.default
    if field.is_required() or value is None or isinstance(value, Table) or value in ([], {}):
        return None
    of = unit(field)
    return value if of is None or isinstance(value, str) else of.show(value)


def _names(table: str, field: str) -> tuple[str, ...]:
    """Return the names that lower layers define for a key, or nothing."""
    match table, field:
        case "NetworkTable", "profile":
            return catalogue.profiles()
        case "KeyTable", "protocol":
            return catalogue.protocols()
        case "CostTable", "model":
            return catalogue.cost_models()
        case "WhenTable", "event":
            return tuple(catalogue.events())
        case "AdversaryTable", "behaviour":
            return tuple(catalogue.behaviours())
        case "FaultTable", "fault":
            return (*catalogue.proven(), *catalogue.UNPROVEN)
        case "ExpectTable", "reason":
            return catalogue.reasons()
        case "ExpectTable", "refused":
            return (*REFUSALS, *DROPPED)
        case _:
            return ()


def _restrict(entry: Any, names: tuple[str, ...], others: str | None) -> None:
    """Let every text in `entry` be one of `names`, or match `others` if there is such a pattern."""
    if isinstance(entry, dict):
        if entry.get("type") == "string" and others is None:
            entry["enum"] = list(names)
        elif entry.get("type") == "string":
            entry["anyOf"] = [{"enum": list(names)}, {"pattern": others}]
        for inner in entry.values():
            _restrict(inner, names, others)
    elif isinstance(entry, list):
        for inner in entry:
            _restrict(inner, names, others)
