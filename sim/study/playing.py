"""A run as a job of a pool: a scenario and a seed go to a worker, figures come back.

What figures there are, the caller says:

    def heights(done: Executed) -> int:
        return done.summary["height"]

    with Pool() as pool:
        for job, height in results(pool, partial(play, heights), [Job(scenario, 1), …]):
            …
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sim.scenario.dump import dump_resolved
from sim.scenario.load import Scenario, resolve
from sim.world.executing import Executed, execute

R = TypeVar("R")


@dataclass(frozen=True)
class Job:
    """One run.

    Attributes:
        scenario: As loaded, with all changes: workers read no scenario files.
        seed: The run's.
        processes: How many share this one run.

    """

    scenario: Scenario
    seed: int
    processes: int = 1

    def __str__(self) -> str:
        return f"{self.scenario.name}, seed {self.seed}"


def play(figures: Callable[[Executed], R], job: Job) -> R:
    """Do the run, and return what `figures` makes of it.

    Args:
        figures: A function of a module. What it returns goes back to the pool's caller, so it had
            better be small; the run itself is forgotten.
        job: What to run.

    Raises:
        ScenarioError: The scenario can't be resolved with that seed.
        ExtensionError: An extension of the scenario failed.

    """
    plan = resolve(job.scenario, job.seed)
    resolved = dump_resolved(plan)
    extensions = job.scenario.extensions
    return figures(execute(plan, resolved, job.processes, extensions=extensions))
