"""All oracles by name, and a pool that tells how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from typing import Final, ParamSpec, Protocol, TypeVar

from sim.base.extras import need
from sim.study.oracles import bias, capture, cost, loss, mobile
from sim.study.oracles.lines import OracleLine
from sim.study.pool import Pool

P = ParamSpec("P")
R = TypeVar("R")


class Family(Protocol):
    """What yields the lines of one oracle."""

    def __call__(
        self, pool: Executor, *, quick: bool = False, runs: int | None = None
    ) -> Iterator[OracleLine]:
        """Yield them, as they are known."""
        ...


FAMILIES: Final[Mapping[str, Family]] = {
    cost.FAMILY: cost.lines,
    loss.FAMILY: loss.lines,
    capture.FAMILY: capture.lines,
    mobile.FAMILY: mobile.lines,
    bias.FAMILY: bias.lines,
}
"""Every oracle by its name, in the order in which they are shown."""

Watcher = Callable[[str, int, int], None]
"""Told which oracle it is, how many jobs are done of it, and how many lines are known of all."""


class _WatchedPool(Pool):
    """A pool that counts what is done."""

    def __init__(self, processes: int | None, done: Callable[[], None]) -> None:
        super().__init__(processes)
        self._done = done

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(lambda _: self._done())
        return future


def all_lines(
    names: Iterable[str],
    *,
    quick: bool = False,
    runs: int | None = None,
    processes: int | None = None,
    watcher: Watcher | None = None,
) -> Iterator[OracleLine]:
    """Yield the lines of the oracles called `names`, all with one pool.

    Args:
        names: Of `FAMILIES`.
        quick: Whether fewer runs will do.
        runs: How many of each study, instead of what is computed.
        processes: How many share the work; None is one per core.
        watcher: Told now and then, in other threads too.

    Raises:
        MissingExtraError: numpy or scipy isn't installed.
        NoScenariosError: The scenarios of `bias` aren't there.

    """
    need("report", "numpy", "scipy")
    jobs, known, at = 0, 0, ""

    def done() -> None:
        nonlocal jobs
        jobs += 1
        if watcher is not None:
            watcher(at, jobs, known)

    with _WatchedPool(processes, done) as pool:
        for at in names:
            jobs = 0
            for line in FAMILIES[at](pool, quick=quick, runs=runs):
                known += 1
                yield line
