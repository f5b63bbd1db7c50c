"""Which files are scenarios, and which tests they hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from ksim_pytest.options import shown
from ksim_pytest.running import Case, ScenarioItem

RESERVED: Final = frozenset(
    {"filterwarnings", "parametrize", "skip", "skipif", "usefixtures", "xfail"}
)
"""Marks with which pytest changes how a test runs or counts: no tag may."""

SEED: Final = 1
"""The first seed of a scenario that leaves it to chance: all workers must see the same tests."""


def is_scenario(path: Path) -> bool:
    """Return whether a file is one, as far as can be told without `sim`.

    One that isn't TOML counts if it begins like a scenario: a syntax error must not make a test
    vanish. What is extended is left to `sim`, which says where the validators are missing.
    """
    text = path.read_bytes().decode(errors="replace")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return re.search(r"^schema\s*=", text, re.MULTILINE) is not None
    return "schema" in content and ("validators" in content or "extends" in content)


class ScenarioFile(pytest.File):
    """A scenario file: as many tests as seeds."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Yield a test for each seed.

        Raises:
            CollectError: It is no valid scenario; with every error's file, line and column.

        """
        from sim import api

        try:
            scenario = api.load(shown(self.path))
        except api.ScenarioError as error:
            raise self.CollectError("\n\n".join(map(str, error.diagnostics))) from None
        marks = self._marks(scenario.tags)
        first = self.config.getoption("--ksim-seed")
        if first is None:
            first = SEED if scenario.seed is None else scenario.seed
        for seed in range(first, first + self.config.getoption("--ksim-seeds")):
            case = Case(scenario, seed)
            yield ScenarioItem.from_parent(self, name=f"seed-{seed}", case=case, marks=marks)

    def _marks(self, tags: Iterable[str]) -> list[str]:
        """Return the marks that tags become: letters, digits and ``. + / -``; all are registered.

        Raises:
            CollectError: A tag would change how pytest runs or counts the test.

        """
        marks = [re.sub(r"[^\w.+/-]", "-", tag).lstrip("_") for tag in tags]
        registered = self.config.getini("markers")
        for mark in filter(None, marks):
            if mark in RESERVED:
                raise self.CollectError(
                    f'{shown(self.path)}: tag "{mark}" is a mark of pytest itself: choose another'
                )
            if (line := f"{mark}: a tag of scenarios") not in registered:
                self.config.addinivalue_line("markers", line)
        return [mark for mark in marks if mark]
