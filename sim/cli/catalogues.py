"""``ksim list`` and ``ksim show``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim import api
from sim.api.catalogue import CATALOGUES
from sim.cli.output import console, print_json, refuse, refuse_scenario
from sim.scenario.diagnostics import nearest


def list_catalogue(kind: str, use: Sequence[str], *, as_json: bool) -> int:
    """Print the names of one kind, each with a sentence."""
    if kind not in CATALOGUES:
        return refuse(f'no list "{kind}"{_hint(kind, CATALOGUES)} ({_allowed(CATALOGUES)})')
    try:
        entries = api.catalogue(kind, use)
    except api.ScenarioError as error:
        return refuse_scenario(error)
    if as_json:
        print_json(entries)
    else:
        _print(entries.items())
    return 0


def show_name(name: str, use: Sequence[str], *, as_json: bool) -> int:
    """Print all about what is called `name`; there may be several things."""
    try:
        found = api.show(name, use)
    except KeyError as error:
        return refuse(f'nothing is called "{name}"{_hint(name, error.args[0])} (see ksim list)')
    except api.ScenarioError as error:
        return refuse_scenario(error)
    if as_json:
        print_json({"name": name, "found": found})
        return 0
    for i, one in enumerate(found):
        if i:
            console().print()
        _print(_rows(one))
    return 0


def _hint(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    near = nearest(name, known)
    return f'; did you mean "{near}"?' if near else ""


def _allowed(known: Mapping[str, object]) -> str:
    return f"allowed: {', '.join(known)}"


def _rows(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield one["kind"].removesuffix("s"), one["name"]
    for label, value in one.items():
        if label in ("name", "kind") or value in ([], {}, ""):
            continue
        match label:
            case "params":
                yield from (("parameter", _param(param)) for param in value)
            case "rows":
                yield "catalogue", f"row {', '.join(map(str, value))}"
            case "absent":
                yield from (("not on", f"{scheme}: {why}") for scheme, why in value.items())
            case _:
                yield label.replace("_", " "), _text(value)


def _param(param: Mapping[str, Any]) -> str:
    limits = [param["type"]]
    if "choices" in param:
        limits.append(f"one of {', '.join(map(str, param['choices']))}")
    if "least" in param:
        limits.append(f"at least {param['least']}")
    if "default" in param:
        limits.append(f"default {_text(param['default'])}")
    if param.get("required"):
        limits.append("required")
    return f"{param['name']} ({'; '.join(limits)}): {param['doc']}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {'–'.join(map(str, range_))}" for name, range_ in value.items())
    return str(value)


def _print(rows: Any) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(Text(label), Text(value))
    console().print(table)
