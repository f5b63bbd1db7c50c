"""Doing the runs of a sweep: which are missing, who does them, what becomes of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from sim.scenario.grid import SweepGrid
from sim.study.journal import Journal
from sim.study.playing import Job, play
from sim.study.pool import WorkerDiedError, completed
from sim.study.sweep_folder import RunId, SweepPlan, by_run, program
from sim.study.sweep_rows import machine_of, row_of
from sim.world.executing import Executed
from sim.world.folder import RunFiles, write_run

ERRORS_MAX: Final = 20
"""So many runs that couldn't be done, and there is no use in going on."""


class ProgramError(Exception):
    """A worker runs another version of the program than the sweep."""


@dataclass(frozen=True)
class SweepJob:
    """One run of a sweep.

    Attributes:
        run: Which.
        values: Of its point.
        job: The run itself.
        program: What versions the worker must have.

    """

    run: RunId
    values: Mapping[str, Any]
    job: Job
    program: str

    def __str__(self) -> str:
        where = ", ".join(f"{key} = {value}" for key, value in self.values.items())
        return f"{self.job}{f' ({where})' if where else ''}"


class Done(NamedTuple):
    """What comes back of a run.

    Attributes:
        entry: Its line of the journal.
        files: If it failed, what to keep of it, unless the worker has written that.
        spared: The folder of another failure that it was written beside.

    """

    entry: dict[str, Any]
    files: RunFiles | None = None
    spared: Path | None = None

    def kept(self, failures: Path, files: RunFiles) -> Done:
        """Write the folder of a run that failed, and return what is known then."""
        written = write_run(failures, files)
        return Done({**self.entry, "folder": written.path.name}, None, written.beside)


@dataclass
class Sweeping:
    """How far a sweep is.

    Attributes:
        plan: What is to be done.
        entries: What is done, by run.
        errors: Of each run that couldn't be done, what it was and why.
        spared: Folders of failures with another digest that were there, and were left alone.

    """

    plan: SweepPlan
    entries: dict[RunId, Mapping[str, Any]]
    errors: list[tuple[str, Exception]] = field(default_factory=list)
    spared: list[Path] = field(default_factory=list)

    @property
    def missing(self) -> list[RunId]:
        """What is to be done yet, in order."""
        return [run for run in self.plan.runs() if run not in self.entries]


def sweep(
    grid: SweepGrid,
    plan: SweepPlan,
    pool: Executor,
    *,
    journal: Journal | None = None,
    failures: Path | None = None,
    local: bool = True,
    ahead: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Sweeping:
    """Do what is missing of a sweep.

    A run that can't be done (its worker died, an extension failed, …) is an error of its own: the
    others are done all the same.

    Args:
        grid: The scenarios.
        plan: Made from it.
        pool: Who does the runs.
        journal: Says what is done already, and is told of what is done here.
        failures: Where the folders of failing runs go; None keeps none.
        local: Whether the pool's workers may write there themselves.
        ahead: As for `pool.completed`.
        progress: Told how many of all runs are done.

    """
    done = Sweeping(plan, by_run(journal.entries if journal is not None else []))
    total = len(plan.runs())
    keep = str(failures) if failures is not None and local else None
    work = partial(do_run, keep, failures is not None)
    progress(total - len(done.missing), total)
    for job, future in completed(pool, work, _jobs(grid, plan, done.missing), ahead):
        error = _error(future)
        if error is None:
            found = future.result()
            if found.files is not None and failures is not None:
                found = found.kept(failures, found.files)
            if found.spared is not None:
                done.spared.append(found.spared)
            if journal is not None:
                journal.append(found.entry)
            done.entries[job.run] = found.entry
        else:
            done.errors.append((str(job), error))
        progress(total - len(done.missing), total)
        if len(done.errors) >= ERRORS_MAX:
            break
    return done


def _error(future: Future[Done]) -> Exception | None:
    if future.cancelled():  # by a cluster that is gone
        return WorkerDiedError("the cluster dropped it")
    error = future.exception()
    if error is None or isinstance(error, Exception):
        return error
    raise error


def _jobs(grid: SweepGrid, plan: SweepPlan, runs: list[RunId]) -> Iterator[SweepJob]:
    wanted = _mark(plan.versions)
    for run in runs:
        point = grid.points[run.point]
        yield SweepJob(run, point.values, Job(point.scenario, run.seed), wanted)


def do_run(keep: str | None, wanted: bool, job: SweepJob) -> Done:
    """Do one run, in a worker.

    Args:
        keep: Where to put its folder if it fails; None: nowhere.
        wanted: Whether what a failing run leaves behind is wanted at all: without `keep`, it is
            sent back.
        job: The run.

    Raises:
        ProgramError: This worker has other versions than whoever asks.

    """
    if _program() != job.program:
        raise ProgramError("the worker's program or libraries are of other versions")
    return play(partial(_done, keep, wanted, job.run), job.job)


def _done(keep: str | None, wanted: bool, run: RunId, done: Executed) -> Done:
    found = Done({**run._asdict(), "row": row_of(done), "machine": machine_of(done)})
    if not done.summary["exit_code"] or not wanted:
        return found
    if keep is None:
        return found._replace(files=done.files())
    return found.kept(Path(keep), done.files())


@cache
def _program() -> str:
    return _mark(program())


def _mark(known: Mapping[str, Any]) -> str:
    return msgspec.json.encode(known, order="deterministic").decode()
