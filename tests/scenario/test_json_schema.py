"""The JSON Schema accepts what is valid and rejects what a schema can see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import tomli
from jsonschema import Draft202012Validator

from sim.scenario.dump import dump_resolved
from sim.scenario.load import load, resolve
from sim.scenario.publish import DIALECT, json_schema
from sim.scenario.template import SCHEMA_FILE, template

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "scenarios").rglob("*.toml"))
VALID = sorted((ROOT / "tests" / "scenarios" / "valid").glob("*.toml"))
INVALID = ROOT / "tests" / "scenarios" / "invalid"

SCHEMA = json_schema()

BEYOND = {
    "after-the-end": "times are compared with each other",
    "protocols": "the form of commitments goes by the protocol, and dealing by the scheme",
    "block-max": "the limit goes by the committee's size",
    "circle": "of files that extend each other",
    "circle-back": "of files that extend each other",
    "committee": "what selectors mean",
    "created-twice": "entries that refer to the same key",
    "duplicate-index": "numbers modulo the group's order",
    "index-zero": "numbers modulo the group's order",
    "drawn-committee": "what selectors mean, and sizes",
    "halted-for-ever": "an action that makes another key necessary",
    "heal-before-partition": "the order of entries",
    "missing-base": "whether another file exists",
    "partition": "groups that overlap",
    "partition-block": "the limit goes by the committees' size",
    "partition-entries": "which keys are of a partition",
    "partition-pool": "how many validators there are",
    "phases": "durations are compared, and what a quorum needs",
    "placement": "what a profile has",
    "restart-of-the-living": "the order of entries",
    "threshold-above-n": "the committee's size",
    "too-few-names": "how many there are",
    "too-few-stakes": "how many there are",
    "too-many-faults": "numbers are compared with each other",
    "matrices": "what a matrix's cells say",
    "matrix-empty": "another file's content",
    "matrix-gaps": "another file's content",
    "matrix-inline": "what a matrix's cells say",
    "matrix-inline-cells": "what a matrix's cells say",
    "matrix-list": "what a matrix's cells say",
    "matrix-missing": "whether another file exists",
    "matrix-twice": "another file's content",
    "no-such-point": "what exists on a curve",
    "release-before-hold": "the order of entries",
    "validator-names": "names are compared with each other",
    "before-the-key": "the order of entries",
    "drawn-before-they-join": "sizes, and when who is registered",
    "drawn-from-few": "how many there are",
    "every-after-the-end": "times are compared with each other",
    "every-ids": "ids that come of others, and what they are for",
    "every-too-many-together": "how many entries there come to be",
    "every-too-often": "how many entries there come to be",
    "mobile": "what can be drawn, and how often",
    "reshare-members": "what selectors mean, and who sits where",
    "reshare-of-the-crashed": "numbers are compared with each other",
    "reshare-some-time": "what is known before the run",
    "reshare-too-small": "numbers are compared with each other",
    "reshare-unknown-size": "what is known before the run",
    "single-party": "numbers that depend on the scheme",
    "standby-everybody": "how many there are",
    "standby-names": "names are compared with each other",
    "standby-on-committee": "who is registered when",
}
"""Broken files that no schema of one file can reject, and what they are about."""

NO_TOML = ("duplicate-key", "not-a-number", "not-utf-8", "syntax")


def as_editors_see_it(text: str) -> Any:
    """Return a TOML text as JSON: dates as text."""

    def plain(value: Any) -> Any:
        match value:
            case dict():
                return {key: plain(inner) for key, inner in value.items()}
            case list():
                return [plain(inner) for inner in value]
            case datetime():
                return value.isoformat()
            case _:
                return value

    return plain(tomli.loads(text))


def complaints(text: str) -> list[str]:
    errors = Draft202012Validator(SCHEMA).iter_errors(as_editors_see_it(text))
    return [error.message for error in errors]


def test_it_is_a_schema_of_its_draft() -> None:
    assert SCHEMA["$schema"] == DIALECT == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("path", [*SHIPPED, *VALID], ids=lambda path: path.stem)
def test_it_accepts_what_is_valid(path: Path) -> None:
    assert complaints(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", [*SHIPPED, *VALID], ids=lambda path: path.stem)
def test_it_accepts_every_resolved_scenario(path: Path) -> None:
    assert complaints(dump_resolved(resolve(load(str(path)), 1))) == []


def test_it_accepts_the_template_which_names_it() -> None:
    assert complaints(template()) == []
    assert template().splitlines()[0] == f"#:schema ./{SCHEMA_FILE}"


@pytest.mark.parametrize("path", sorted(INVALID.glob("*.toml")), ids=lambda path: path.stem)
def test_it_rejects_what_a_schema_can_see(path: Path) -> None:
    """And the list of what it can't see is exact."""
    if path.stem in NO_TOML:
        with pytest.raises((tomli.TOMLDecodeError, UnicodeDecodeError)):
            tomli.loads(path.read_bytes().decode())
        return

    assert (complaints(path.read_text(encoding="utf-8")) == []) == (path.stem in BEYOND)


# What a file must hold

MINIMAL = {"schema": 1, "name": "m", "run": {"seed": 1}, "validators": {"n": 3}}


def rejected(**changes: Any) -> bool:
    return not Draft202012Validator(SCHEMA).is_valid({**MINIMAL, **changes})


def test_required_keys_are_required_of_files_that_extend_none() -> None:
    assert not rejected()
    for key in MINIMAL:
        left = {name: value for name, value in MINIMAL.items() if name != key}
        assert not Draft202012Validator(SCHEMA).is_valid(left)
        assert Draft202012Validator(SCHEMA).is_valid({**left, "extends": "base.toml"})
    assert rejected(validators={})
    assert rejected(keys={"beacon": {"threshold": 2}})
    assert rejected(network={"loss": {"model": "bernoulli"}})
    assert rejected(validators={"n": 3, "stake": {"dist": "pareto"}})


def test_a_file_that_extends_another_may_change_single_keys() -> None:
    assert not rejected(
        extends="base.toml", validators={"stake": "equal"}, keys={"beacon": {"threshold": 2}}
    )
    assert rejected(extends="base.toml", keys={"beacon": {"treshold": 2}})


def test_entries_of_arrays_are_whole_even_in_a_file_that_extends_another() -> None:
    """`extends` replaces arrays as a whole."""
    assert rejected(extends="base.toml", adversary=[{"nodes": ["v01"]}])
    assert not rejected(
        extends="base.toml", adversary=[{"nodes": ["v01"], "behaviour": "silent-dealer"}]
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"do": "heal"},
        {"do": "heal", "at": "1s", "when": {"event": "started"}},
        {"do": "pause", "at": "1s"},
        {"do": "pause", "at": "1s", "node": "v01", "nodes": "*"},
        {"do": "paus", "at": "1s", "node": "v01"},
        {"at": "1s", "node": "v01"},
        {"do": "pause", "at": "1s", "node": "v01", "restart": "after 1s"},
    ],
)
def test_entries_of_the_timeline_have_one_time_one_subject_and_the_actions_keys(
    entry: dict[str, Any],
) -> None:
    assert rejected(timeline=[entry])
    assert not rejected(timeline=[{"do": "pause", "at": "1s", "node": "v01"}])


def test_names_of_keys_are_checked() -> None:
    key = {"scheme": "ED25519", "threshold": 2}

    assert not rejected(keys={"spare.key": key})
    assert rejected(keys={"no/slash": key})


# What editors show


def properties() -> Iterator[tuple[str, Any]]:
    for name, table in {"": SCHEMA, **SCHEMA["$defs"]}.items():
        for key, entry in table.get("properties", {}).items():
            yield f"{name}.{key}", entry


@pytest.mark.parametrize(("name", "entry"), [pytest.param(*one, id=one[0]) for one in properties()])
def test_every_key_has_a_description_and_values_that_pass(name: str, entry: Any) -> None:
    if name.endswith(".do"):
        assert "const" in entry
        return
    checked = Draft202012Validator({**entry, "$defs": SCHEMA["$defs"]})

    assert entry["description"].endswith(".")
    assert entry["examples"]
    for value in [*entry["examples"], *([entry["default"]] if "default" in entry else [])]:
        assert list(checked.iter_errors(value)) == []
