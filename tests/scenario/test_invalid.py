"""Every broken file in `tests/scenarios/invalid` and exactly what is said about it.

The expected output stands beside each file; ``pytest --rewrite`` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.load import load

INVALID = Path(__file__).parents[1] / "scenarios" / "invalid"
FILES = sorted(path.name for path in INVALID.glob("*.toml"))


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 18


@pytest.mark.parametrize("name", FILES)
def test_a_broken_file_is_refused_with_everything_that_is_wrong(
    name: str,
    monkeypatch: pytest.MonkeyPatch,
    rewrite: bool,
) -> None:
    monkeypatch.chdir(INVALID)
    with pytest.raises(ScenarioError) as caught:
        load(name)

    said = f"{caught.value}\n"
    expected = INVALID / f"{Path(name).stem}.txt"
    if rewrite:
        expected.write_text(said, encoding="utf-8")
    assert said == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_every_diagnostic_points_at_what_it_shows(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(INVALID)
    with pytest.raises(ScenarioError) as caught:
        load(name)

    for diagnostic in caught.value.diagnostics:
        span = diagnostic.span
        if span.line and span.file != "not-utf-8.toml":
            lines = Path(span.file).read_text(encoding="utf-8").splitlines()
            assert lines[span.line - 1] == span.text
            assert 1 <= span.column <= len(span.text) + 1
            assert span.column + span.length <= len(span.text) + 2
