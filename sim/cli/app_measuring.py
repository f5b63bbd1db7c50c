"""The commands that measure and compare, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from sim.cli.ending import exit_with
from sim.cli.options import Json


def _axis(what: str) -> Any:
    return typer.Option(metavar="A,B,…", help=f"{what}, instead of the preset's.")


def bench(
    preset: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="quick, sizes, forms, schemes, protocols or network: a grid."
        ),
    ] = "quick",
    sizes: Annotated[str | None, _axis("Committee sizes")] = None,
    thresholds: Annotated[str | None, _axis("Thresholds, numbers or such as 2n/3+1")] = None,
    schemes: Annotated[str | None, _axis("Schemes")] = None,
    protocols: Annotated[str | None, _axis("Protocols")] = None,
    commitments: Annotated[str | None, _axis("Forms: evaluation, coefficient")] = None,
    ceremonies: Annotated[str | None, _axis("dkg, reshare, refresh, sign")] = None,
    profiles: Annotated[str | None, _axis("Network profiles")] = None,
    losses: Annotated[str | None, _axis("Loss rates, such as 1%")] = None,
    costs: Annotated[str | None, _axis("Cost models, names or .toml files")] = None,
    processes: Annotated[str | None, _axis("Processes that share a run")] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Runs of each point.")
    ] = None,
    fit_from: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Smallest size that growth is fitted to.")
    ] = None,
    workers: Annotated[
        int,
        typer.Option("-j", metavar="N", min=1, help="Runs at a time; they disturb each other."),
    ] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Its folder; results/bench/ID if absent.")
    ] = None,
    show: Annotated[
        str | None,
        typer.Option(metavar="POINT", help="Print the scenario of a point; measure nothing."),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the points; measure nothing.")
    ] = False,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw all figures.")] = True,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what is measured.")] = False,
    json: Json = False,
) -> None:
    """Measure what ceremonies cost by size, scheme, protocol and network; resumable."""

    def body() -> int:
        from sim.cli.measuring import run_bench
        from sim.cli.output import refuse

        given = {
            "sizes": sizes,
            "thresholds": thresholds,
            "schemes": schemes,
            "protocols": protocols,
            "commitments": commitments,
            "ceremonies": ceremonies,
            "profiles": profiles,
            "losses": losses,
            "costs": costs,
            "processes": processes,
        }
        axes: dict[str, Any] = {"seeds": seeds, "fit_from": fit_from}
        for name, text in given.items():
            if text is not None:
                values = tuple(part.strip() for part in text.split(",") if part.strip())
                if not values:
                    return refuse(f"--{name} is empty")
                axes[name] = values
        for name in ("sizes", "processes"):
            values = axes.get(name, ())
            if not all(value.isdecimal() and 1 <= int(value) <= 10_000 for value in values):
                return refuse(f"--{name} takes numbers from 1 on, separated by commas")
            if values:
                axes[name] = tuple(map(int, values))
        return run_bench(
            preset, axes, out, workers, show, listed=listed, plots=plots, fresh=fresh, as_json=json
        )

    exit_with(body)


def plot(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS", help="A benchmark's folder, a sweep's, or its rows.parquet."
        ),
    ],
    figure: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="cost, total, latency, bytes, messages, operations, ledger, memory, multiples or "
            "table; of sweeps, rates or latency; or all.",
        ),
    ] = "all",
    formats: Annotated[
        str, typer.Option("--format", metavar="A,B,…", help="pdf, svg, png.")
    ] = "pdf,svg,png",
    width: Annotated[
        str, typer.Option(metavar="WIDTH", help="Of the picture: in, cm, mm or pt.")
    ] = "3.3in",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where files go; RESULTS/figures if absent.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw stored results anew, with their data as CSV beside; run nothing."""

    def body() -> int:
        from sim.cli.measuring import draw_figures

        return draw_figures(results, figure, formats, width, out, as_json=json)

    exit_with(body)


def calibrate(
    name: Annotated[str, typer.Option(metavar="NAME", help="Of the cost model.")] = "my-machine",
    rounds: Annotated[int, typer.Option(metavar="N", min=1, help="Of all operations.")] = 15,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="NAME.toml if absent.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    json: Json = False,
) -> None:
    """Measure what operations cost on this machine: a cost model that scenarios can name."""

    def body() -> int:
        from sim.cli.measuring import calibrate as measure

        return measure(name, rounds, out, force=force, as_json=json)

    exit_with(body)


def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="A run's, benchmark's or sweep's folder.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another of the same kind.")],
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Exit 1 if it holds of B against A: 'cpu_seconds > 1.10x', 'bytes_mean > 5%', "
            "'counts > 0'. May be repeated.",
        ),
    ] = None,
    counts: Annotated[
        bool, typer.Option("--counts", help="Compare no times: machines may differ.")
    ] = False,
    json: Json = False,
) -> None:
    """Compare two runs, benchmarks or sweeps: counts exactly, times by paired ratios."""

    def body() -> int:
        from sim.cli.measuring import compare as compare_both

        return compare_both(a, b, fail_if or [], counts=counts, as_json=json)

    exit_with(body)


COMMANDS: Final = {"bench": bench, "plot": plot, "calibrate": calibrate, "compare": compare}
