"""The documentation, the JSON Schema and the template say what the schema says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from sim.scenario import catalogue
from sim.scenario.actions import ACTIONS
from sim.scenario.docs import PAGE, main, render
from sim.scenario.load import load_text, resolve
from sim.scenario.publish import default, json_schema, keys, tables, unit
from sim.scenario.schema import ScenarioFile
from sim.scenario.template import template

ROOT = Path(__file__).parents[2]
FIELDS = [
    pytest.param(field, id=f"{table.__name__}.{key}")
    for table in tables(ScenarioFile)
    for key, _, field in keys(table)
    if key != "do"
]


def test_the_page_is_what_the_schema_says() -> None:
    assert (ROOT / PAGE).read_text(encoding="utf-8") == render(), "python -m sim.scenario.docs"


def test_drift_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()

    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    (tmp_path / PAGE).write_text("older", encoding="utf-8")
    assert main(["--check"]) == 1
    assert main(["--chek"]) == 2


@pytest.mark.parametrize("field", FIELDS)
def test_every_key_has_a_meaning_a_unit_and_an_example_that_is_accepted(field: Any) -> None:
    assert field.description.endswith(".")
    assert field.examples
    assert unit(field) is not None or "Table" in str(field.annotation)
    kind: Any = field.annotation
    adapter = TypeAdapter[Any](Annotated[kind, *field.metadata] if field.metadata else kind)
    for example in field.examples:
        if "datetime" not in str(field.annotation):
            adapter.validate_python(example)


def test_every_key_is_on_the_page() -> None:
    page = render()

    for table in tables(ScenarioFile):
        for key, _, _ in keys(table):
            assert f"| `{key}` |" in page or key == "do"
    for name in (*ACTIONS, *catalogue.behaviours(), *catalogue.events(), *catalogue.profiles()):
        assert name in page


def test_no_cell_of_a_table_of_keys_is_empty() -> None:
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in render().splitlines()]
    keyed = [row for row in rows if len(row) == 5]

    assert len(keyed) > 100
    for row in keyed:
        assert all(cell.strip() for cell in row), row


def test_the_schema_lists_names_units_and_defaults_as_files_have_them() -> None:
    schema = json_schema()
    network = schema["$defs"]["NetworkTable"]["properties"]

    assert network["profile"]["oneOf"][0]["anyOf"][0]["enum"] == list(catalogue.profiles())
    assert schema["$defs"]["RunTable"]["properties"]["reaction"]["default"] == "20ms"
    assert schema["$defs"]["QuotasTable"]["properties"]["message_max"]["default"] == "1MiB"
    assert "null" not in json.dumps(schema)
    assert set(schema["else"]["required"]) == {"schema", "name", "run", "validators"}


def test_defaults_are_what_a_minimal_file_resolves_to() -> None:
    minimal = 'schema = 1\nname = "m"\n[run]\nseed = 1\n[validators]\nn = 1\n'
    spelt = [
        f"{section}.{key} = {json.dumps(default(field))}"
        for section, table in (
            ("network", "NetworkTable"),
            ("transport", "TransportTable"),
            ("quotas", "QuotasTable"),
            ("cost", "CostTable"),
            ("ledger.phases", "PhasesTable"),
        )
        for key, _, field in keys(next(t for t in tables(ScenarioFile) if t.__name__ == table))
        if default(field) is not None
    ]

    assert len(spelt) > 10
    assert resolve(load_text("\n".join([*spelt, minimal]))) == resolve(load_text(minimal))


def test_the_template_is_valid_and_commented() -> None:
    plan = resolve(load_text(template()))

    assert plan.keys
    assert plan.corruptions
    assert plan.expects
    assert template().count("#") > 10


def test_the_names_of_verdicts_are_the_protocols() -> None:
    from sim.protocol.entries import UNPROVEN

    assert set(catalogue.UNPROVEN) == set(UNPROVEN)
