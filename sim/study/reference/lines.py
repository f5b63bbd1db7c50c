"""One line per bound that is claimed: what was measured, and whether it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec

from sim.study.reference.commands import CommandError, Timed, ksim, module

SCENARIOS: Final = Path("scenarios") / "bench"
WORK: Final = Path("build") / "reference"
"""Where commands put their runs: nothing of it is kept."""

REPETITIONS: Final = 3
PAIRS: Final = 5


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One bound.

    Attributes:
        id: Acceptance line, and which part of it.
        what: What is bounded.
        bound: In words.
        measured: Likewise.
        holds: Whether it does; None if it couldn't be measured.
        how: The command, and what was taken of it.

    """

    id: str
    what: str
    bound: str
    measured: str
    holds: bool | None
    how: str

    @property
    def verdict(self) -> str:
        """In one word."""
        return {True: "holds", False: "fails", None: "not measured"}[self.holds]


class Task(NamedTuple):
    """Something to measure, beside the benchmarks.

    Attributes:
        id: The acceptance line that it is about.
        what: In words.
        measure: Yields its lines.

    """

    id: str
    what: str
    measure: Callable[[], Iterator[Line]]


def _scenario(name: str) -> str:
    path = SCENARIOS / name
    if not path.is_file():
        raise CommandError(f"{path} is not there")
    return str(path)


def _run(name: str, *more: str) -> Timed:
    done = ksim("run", _scenario(name), "--json", "--out", str(WORK / "runs"), *more)
    if done.code != 0:
        raise CommandError(f"{name}: {done.output and done.output.get('verdict')}")
    return done


def _at_most(value: float, most: float, unit: str) -> tuple[str, str, bool]:
    return f"≤ {most:g} {unit}", f"{value:.2f} {unit}", value <= most


def _bounded(id_: str, what: str, found: tuple[str, str, bool], how: str) -> Line:
    bound, measured, holds = found
    return Line(id=id_, what=what, bound=bound, measured=measured, holds=holds, how=how)


def _dkg(n: int, most_s: float, repetitions: int) -> Iterator[Line]:
    """Yield the lines of one size: Ed25519's time and memory, other schemes beside it."""
    name = f"n{n}.toml"
    how = f"ksim run scenarios/bench/{name}, whole command, median of {repetitions}"
    own = [_run(name) for _ in range(repetitions)]
    wall_s = median(done.wall_s for done in own)
    peak_mib = max(done.peak_mib for done in own)
    yield _bounded(
        f"1.n{n}", f"Ed25519 DKG, n = {n}, one process", _at_most(wall_s, most_s, "s"), how
    )
    yield _bounded(
        f"1.n{n}.memory", f"the same, peak memory, n = {n}", _at_most(peak_mib, 2048, "MiB"), how
    )
    for scheme, factor in (("SECP256K1", 1.5), ("BLS", 3.0)):
        others = [
            _run(name, "--set", f"keys.beacon.scheme={scheme}").wall_s for _ in range(repetitions)
        ]
        ratio = median(others) / wall_s
        yield _bounded(
            f"1.n{n}.{scheme}",
            f"{scheme} DKG, n = {n}, against Ed25519",
            _at_most(ratio, factor, "×"),
            f"{how}: {median(others):.2f} s",
        )


def dkg_64() -> Iterator[Line]:
    """Measure a DKG of 64."""
    yield from _dkg(64, 5, REPETITIONS)


def dkg_256() -> Iterator[Line]:
    """Measure a DKG of 256."""
    yield from _dkg(256, 60, REPETITIONS)


def dkg_1024() -> Iterator[Line]:
    """Measure a DKG of 1024 in two processes."""
    done = _run("n1024.toml", "--processes", "2")
    how = "ksim run scenarios/bench/n1024.toml --processes 2, once; memory: the sum of all peaks"
    yield _bounded(
        "1.n1024",
        "Ed25519 DKG, n = 1024, two processes",
        _at_most(done.wall_s / 60, 20, "min"),
        how,
    )
    yield _bounded("1.n1024.memory", "the same", _at_most(done.peak_mib / 1024, 8, "GiB"), how)


def pairs_256() -> Iterator[Line]:
    """Measure two processes against one, in pairs."""
    ratios, digests = [], set()
    for _ in range(PAIRS):
        one, two = (_run("n256.toml", "--processes", number) for number in ("1", "2"))
        ratios.append(two.wall_s / one.wall_s)
        digests |= {one.output["digest"], two.output["digest"]}
    how = f"ksim run scenarios/bench/n256.toml with --processes 1 and 2, {PAIRS} pairs"
    yield _bounded(
        "3", "wall time of two processes, n = 256", _at_most(median(ratios), 0.7, "×"), how
    )
    yield Line(
        id="3.digest",
        what="digests of all of them",
        bound="one",
        measured=str(len(digests)),
        holds=len(digests) == 1,
        how=how,
    )


def engine() -> Iterator[Line]:
    """Measure how many messages the engine delivers."""
    arguments = ("--processes", "1", "2", "--repetitions", str(REPETITIONS), "--json")
    found = module("sim.study.engine_bench", *arguments)
    if found.output is None or found.code != 0:
        raise CommandError("sim.study.engine_bench printed no JSON")
    rates = {
        number: median(
            one["rate"] for one in found.output["measured"] if one["processes"] == number
        )
        for number in (1, 2)
    }
    how = f"python -m sim.study.engine_bench {' '.join(arguments)}, medians"
    yield Line(
        id="4",
        what="messages delivered per second, n = 1000, one process",
        bound="≥ 60,000",
        measured=f"{rates[1]:,.0f}",
        holds=rates[1] >= 60_000,
        how=how,
    )
    yield Line(
        id="4.two",
        what="two processes against one",
        bound="≥ 1.6 ×",
        measured=f"{rates[2] / rates[1]:.2f} × ({rates[2]:,.0f})",
        holds=rates[2] / rates[1] >= 1.6,
        how=how,
    )


def sweep() -> Iterator[Line]:
    """Measure the rate of a thousand small runs."""
    out = str(WORK / "sweep")
    scenario = _scenario("sweep-n7.toml")
    done = ksim("sweep", scenario, "-j", "2", "--fresh", "--json", "--out", out)
    if done.output is None:
        raise CommandError(f"ksim sweep {scenario} printed no JSON")
    runs = int(done.output["done"])
    rate = runs / done.wall_s
    yield Line(
        id="5",
        what=f"runs per second, {runs} runs of n = 7 on two cores",
        bound="≥ 8",
        measured=f"{rate:.1f}",
        holds=rate >= 8,
        how=f"ksim sweep {scenario} -j 2, whole command",
    )


def oracles() -> Iterator[Line]:
    """Ask every oracle."""
    done = ksim("oracle", "--json")
    lines = [] if done.output is None else done.output["lines"]
    yield Line(
        id="7",
        what=f"oracles: {len(lines)} lines",
        bound="all agree",
        measured="agree" if done.code == 0 and lines else "disagree",
        holds=done.code == 0 and bool(lines),
        how="ksim oracle",
    )


def committees() -> Iterator[Line]:
    """Measure sixteen committees of 64."""
    done = _run("committees-16x64.toml", "--processes", "2")
    yield _bounded(
        "9",
        "16 committees of 64 create a key and reshare, two processes",
        _at_most(done.wall_s / 60, 6, "min"),
        "ksim run scenarios/bench/committees-16x64.toml --processes 2, once; "
        f"memory, the sum of all peaks: {done.peak_mib / 1024:.1f} GiB",
    )


QUICK: Final[Mapping[str, Task]] = {"dkg-64": Task("1.n64", "DKGs of 64", dkg_64)}
"""Tasks of the part that takes minutes."""

LONG: Final[Mapping[str, Task]] = {
    "engine": Task("4", "messages that the engine delivers", engine),
    "sweep": Task("5", "a thousand small runs", sweep),
    "dkg-256": Task("1.n256", "DKGs of 256", dkg_256),
    "pairs-256": Task("3", "two processes against one, n = 256", pairs_256),
    "committees": Task("9", "sixteen committees of 64", committees),
    "oracles": Task("7", "oracles", oracles),
    "dkg-1024": Task("1.n1024", "a DKG of 1024 in two processes", dkg_1024),
}
"""Tasks of the part that takes an hour or two."""


def unmeasured(task: Task, why: str) -> Line:
    """Return the line of a task that failed."""
    return Line(id=task.id, what=task.what, bound="–", measured=why, holds=None, how="–")


def growth(fits: Mapping[str, Any] | None, id_: str, what: str, most: float | None) -> Line:
    """Return acceptance 2's line from a stored fit; without a bound it stands for comparison."""
    if fits is None:
        return Line(
            id=id_, what=what, bound="", measured="too few sizes", holds=None, how="ksim bench"
        )
    return Line(
        id=id_,
        what=f"{what}, n = {fits['n_from']} … {fits['n_to']}",
        bound="for comparison" if most is None else f"≤ {most}",
        measured=f"{fits['exponent']:.2f} "
        f"[{fits['exponent_low']:.2f}, {fits['exponent_high']:.2f}]",
        holds=most is None or fits["exponent"] <= most,
        how="ksim bench: CPU of whole runs, medians over seeds, least squares on logarithms, "
        "95 % interval",
    )
