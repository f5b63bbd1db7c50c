"""A folder with scenarios, and sessions of pytest in it, each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.tiny import TINY

ROOT = Path(__file__).parents[2]
FAILING = ('ceremony = "completed"', 'ceremony = "failed"')
"""What makes the tiny scenario fail: the text, and what to put there."""

EXPECT_LINE = 1 + TINY[: TINY.index("[[expect]]")].count("\n")
"""The line of its expectation."""


class Stage:
    """Scenarios below ``scenarios/``, and how pytest runs them.

    The plugin is named on the command line: so it is the one of this checkout, installed or not.
    """

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester = pytester
        self.path = pytester.path
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("PYTHONHASHSEED", "0")
        # Sessions start in half the time without the other plugins that are installed.
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        (self.path / "scenarios").mkdir()

    def write(self, name: str, *changes: tuple[str, str], tags: str = "[]") -> Path:
        """Write the tiny scenario as ``scenarios/<name>.toml``, with texts replaced."""
        text = TINY.replace('name = "tiny"\n', f'name = "{name}"\ntags = {tags}\n')
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        return self.put(f"scenarios/{name}.toml", text)

    def put(self, name: str, text: str) -> Path:
        """Write any file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def pytest(self, *arguments: str) -> pytest.RunResult:
        """Run pytest with `arguments`."""
        fixed = ["-p", "ksim_pytest", "-p", "no:cacheprovider", "--strict-markers"]
        if "-n" in arguments:
            fixed += ["-p", "xdist"]
        return self._pytester.runpytest_subprocess(*fixed, *arguments)

    def collected(self, *arguments: str) -> list[str]:
        """Return the ids of the tests that pytest would run."""
        out = self.pytest("--collect-only", "-q", *arguments).outlines
        return [line for line in out if "::" in line]

    def junit(self, *arguments: str) -> dict[str, ElementTree.Element]:
        """Run pytest, and return each test case of its JUnit file by its class name."""
        self.pytest("--junitxml", "junit.xml", "-o", "junit_family=xunit1", *arguments)
        cases = ElementTree.parse(self.path / "junit.xml").iter("testcase")  # noqa: S314  # our own file
        return {case.attrib["classname"]: case for case in cases}

    def ksim(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command ``ksim …`` as it was printed."""
        program, *arguments = command.split()
        assert program == "ksim"
        return subprocess.run(
            [sys.executable, "-m", "sim", *arguments],
            cwd=self.path,
            env=os.environ,
            capture_output=True,
            text=True,
            check=False,
        )


def properties(case: ElementTree.Element) -> dict[str, str]:
    """Return the properties of a JUnit test case."""
    return {found.attrib["name"]: found.attrib["value"] for found in case.iter("property")}
