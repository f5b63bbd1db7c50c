"""One test: a run of a scenario under one seed."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ksim_pytest.options import shown
from ksim_pytest.repeating import replay_elsewhere, sampled

if TYPE_CHECKING:
    from sim import api


class RunFailed(Exception):  # noqa: N818  # it is what came of a run, not a malfunction
    """A run that ended otherwise than its scenario says.

    Attributes:
        file: Where the cause stands; `line` counts from 1.

    """

    def __init__(self, text: str, file: Path, line: int) -> None:
        super().__init__(text)
        self.file = file
        self.line = line


class Case(NamedTuple):
    """What a test runs: a loaded scenario and a seed."""

    scenario: api.Scenario
    seed: int


class ScenarioItem(pytest.Item):
    """A run of a scenario under one seed.

    Args:
        case: What to run.
        marks: Names of its marks.

    """

    def __init__(self, *, case: Case, marks: Iterable[str], **context: Any) -> None:
        super().__init__(**context)
        self._case = case
        self._marks = frozenset(marks)
        self._failure: RunFailed | None = None
        for mark in marks:
            self.add_marker(mark)

    def is_tagged(self, names: Iterable[str]) -> bool:
        """Return whether one of its tags is among `names`."""
        return not self._marks.isdisjoint(names)

    def runtest(self) -> None:
        """Run the scenario.

        Raises:
            RunFailed: It ended otherwise than it should; or it has done so before. Whoever runs a
                failed test once more gets the same failure: no rerun may hide one.

        """
        if self._failure is None:
            try:
                self._run()
            except RunFailed as failure:
                self._failure = failure
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        from sim import api

        try:
            run = api.run(self._case.scenario, self._case.seed)
        except api.ScenarioError as error:
            first = error.diagnostics[0].span
            text = "\n\n".join(map(str, error.diagnostics))
            raise RunFailed(text, Path(first.file), max(first.line, 1)) from None
        self.user_properties += [("seed", str(self._case.seed)), ("digest", run.digest)]
        if run.exit_code:
            self._keep(run)
            failure = api.failure(run, Path(shown(self.path)))
            raise RunFailed("\n".join(failure.lines), failure.file, failure.line)
        self._check_determinism(run)
        again = f"ksim run {shlex.quote(shown(self.path))} --seed {self._case.seed}"
        self.user_properties.append(("replay", again))

    def _keep(self, run: api.Run) -> Path:
        """Store a run that failed, and name the command that replays it."""
        from sim import api

        folder = run.save(self.config.getoption("--ksim-out"))
        self.user_properties += [("run", str(folder)), ("replay", api.replay_command(folder))]
        return folder

    def _check_determinism(self, run: api.Run) -> None:
        """Replay a run elsewhere, if it is in the sample.

        Raises:
            RunFailed: It went another way.

        """
        rate = self.config.getoption("--ksim-check-determinism")
        if rate is None or not sampled(self._case.scenario.name, self._case.seed, rate):
            return
        with tempfile.TemporaryDirectory(prefix="ksim-") as root:
            stored = run.save(root)
            found = replay_elsewhere(stored)
            if found.returncode:
                kept = self._keep(run)
                text = found.stderr.replace(str(stored), str(kept)).strip()
                raise RunFailed(text, self.path, 1)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return what a failure says: a run's in its own words, anything else as pytest does."""
        failure = excinfo.value
        if not isinstance(failure, RunFailed):
            return super().repr_failure(excinfo, style)
        told = excinfo.getrepr(style="value")
        if told.reprcrash is not None:
            told.reprcrash.path = str(failure.file)
            told.reprcrash.lineno = failure.line
            told.reprcrash.message = str(failure)
        return told

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line from 0, and title: of the failed expectation once there is one."""
        title = f"{self._case.scenario.name}, seed {self._case.seed}"
        if self._failure is None:
            return self.path, 0, title
        return self._failure.file.absolute(), self._failure.line - 1, title
