"""Any file at all gives a plan or a ScenarioError: nothing else ever comes out of loading."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.dump import dump_resolved
from sim.scenario.load import load_text, resolve
from sim.scenario.plan import Plan

ROOT = Path(__file__).parents[2]
VALID = ROOT / "tests" / "scenarios" / "valid"
TEXTS = [
    (path, path.read_text(encoding="utf-8"))
    for path in sorted([*VALID.glob("*.toml"), *(ROOT / "scenarios").rglob("*.toml")])
]
TOKENS = sorted({token for _, text in TEXTS for token in re.findall(r'"[^"\n]*"|[\w-]+|\S', text)})
STRANGE = [
    "true",
    "-1",
    "0",
    "1.5",
    "nan",
    "inf",
    "1e400",
    "99999999999999999999999999",
    "0x" + "f" * 400,
    '""',
    '"{}"',
    '"{0}"',
    '"{:99}"',
    '"\\u0000"',
    '"=table"',
    '"*"',
    "[]",
    "[[]]",
    "{}",
    "[{}]",
    "1979-05-27",
    "07:32:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "''",
    '"region:"',
    '"committee:"',
    '"𝄞"',
]
"""Values that are TOML, or nearly, and hardly ever right."""


def outcome(text: str, path: Path) -> Plan | ScenarioError:
    try:
        return resolve(load_text(text, path=str(path)), 3)
    except ScenarioError as error:
        return error


def check(text: str, path: Path) -> None:
    found = outcome(text, path)
    if isinstance(found, ScenarioError):
        assert found.diagnostics
        assert str(found)
    else:
        assert isinstance(outcome(dump_resolved(found), path), Plan)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_replacing_values_never_breaks_the_loader(data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from(TEXTS))
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from([i for i, line in enumerate(lines) if " = " in line]))
        key = lines[at].split(" = ")[0]
        lines[at] = f"{key} = {data.draw(st.sampled_from(STRANGE + TOKENS))}"

    check("\n".join(lines), path)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_moving_tokens_and_lines_never_breaks_the_loader(data: st.DataObject) -> None:
    path, text = data.draw(st.sampled_from(TEXTS))
    for _ in range(data.draw(st.integers(1, 4))):
        pieces = re.split(r"(\n|\s+|[\[\]{}=,])", text)
        at = data.draw(st.integers(0, len(pieces) - 1))
        match data.draw(st.sampled_from(["drop", "double", "token", "strange", "swap"])):
            case "drop":
                del pieces[at]
            case "double":
                pieces.insert(at, pieces[at])
            case "token":
                pieces[at] = data.draw(st.sampled_from(TOKENS))
            case "strange":
                pieces[at] = data.draw(st.sampled_from(STRANGE))
            case _:
                other = data.draw(st.integers(0, len(pieces) - 1))
                pieces[at], pieces[other] = pieces[other], pieces[at]
        text = "".join(pieces)

    check(text, path)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_arbitrary_text_never_breaks_the_loader(text: str) -> None:
    check(text, VALID / "x.toml")


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text())
def test_arbitrary_changes_never_break_the_loader(key: str, value: str) -> None:
    path, text = TEXTS[0]
    with contextlib.suppress(ScenarioError):
        load_text(text, str(path), [f"{key}={value}"])
