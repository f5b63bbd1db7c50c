"""The commands that take a scenario or make one, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sim.cli.ending import exit_with
from sim.cli.options import File, Jobs, Json, Processes, Seed, Sets, Switch, Use, number_of


def run(
    file: File,
    seed: Seed = None,
    sets: Sets = None,
    processes: Processes = "1",
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Put the run's folder there: DIR/<scenario>/<seed>-<plan>."
        ),
    ] = Path("results"),
    json: Json = False,
    switch: Switch = None,
) -> None:
    """Run a scenario and tell what happened."""

    def body() -> int:
        from sim.cli.running import run_scenario

        return run_scenario(
            file, seed, sets or [], number_of(processes), out, switch or [], as_json=json
        )

    exit_with(body)


def replay(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    processes: Processes = "1",
    extensions: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH", help="Of extensions that have changed, run those stored or current."
        ),
    ] = None,
    json: Json = False,
    switch: Switch = None,
) -> None:
    """Run a stored plan again; name the first event that differs."""

    def body() -> int:
        from sim.cli.running import replay_run

        return replay_run(folder, number_of(processes), extensions, switch or [], as_json=json)

    exit_with(body)


def validate(file: File, sets: Sets = None) -> None:
    """Check a scenario file; report every error in it."""

    def body() -> int:
        from sim.cli.scenarios import validate_scenario

        return validate_scenario(file, sets or [])

    exit_with(body)


def explain(file: File, seed: Seed = None, sets: Sets = None) -> None:
    """Show a scenario with every default, selector and pick resolved."""

    def body() -> int:
        from sim.cli.scenarios import explain_scenario

        return explain_scenario(file, seed, sets or [])

    exit_with(body)


def netcheck(
    file: File,
    samples: Annotated[
        int, typer.Option(metavar="N", min=100, help="Messages per link class.")
    ] = 20_000,
    seed: Seed = None,
    sets: Sets = None,
    json: Json = False,  # a command line option
    loss_factor: Annotated[
        int, typer.Option(metavar="N", min=1, hidden=True, help="Tests of the simulator.")
    ] = 1,
) -> None:
    """Compare a scenario's network with what it declares; exit 1 if a figure lies."""
    from sim.cli.inspecting import check_network

    exit_with(lambda: check_network(file, samples, seed, sets or [], loss_factor, as_json=json))


def sweep(
    file: File,
    processes: Jobs = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Per point, instead of the file's.")
    ] = None,
    sets: Sets = None,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Only part I of N; ksim merge joins them.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Let the workers of this Dask scheduler do the runs."),
    ] = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Put the folder there: DIR/<scenario>/sweep-<id>.")
    ] = Path("results"),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget what is done of this sweep.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Refuse to begin: something must be done already.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a scenario's grid with many seeds on all cores; go on where it was interrupted."""
    changes = [*(sets or []), *([] if seeds is None else [f"sweep.seeds={seeds}"])]

    def body() -> int:
        from sim.cli.sweeping import run_sweep

        return run_sweep(
            file,
            changes,
            processes,
            shard,
            cluster,
            out,
            fresh=fresh,
            resume=resume,
            as_json=json,
        )

    exit_with(body)


def merge(
    shards: Annotated[
        list[Path], typer.Argument(metavar="SHARD…", help="The folders of all shards of a sweep.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Put the folder there: DIR/<scenario>/sweep-<id>.")
    ] = Path("results"),
    json: Json = False,
) -> None:
    """Put the shards of a sweep together."""

    def body() -> int:
        from sim.cli.sweeping import merge_shards

        return merge_shards(shards, out, as_json=json)

    exit_with(body)


def schema(use: Use = None) -> None:
    """Print the JSON Schema of scenario files."""

    def body() -> int:
        from sim.cli.scenarios import print_schema

        return print_schema(use or [])

    exit_with(body)


def init(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Must not exist yet.")] = Path(
        "scenario.toml"
    ),
) -> None:
    """Write a commented scenario file to start from."""

    def body() -> int:
        from sim.cli.scenarios import write_template

        return write_template(file)

    exit_with(body)


COMMANDS: Final = {
    "run": run,
    "replay": replay,
    "validate": validate,
    "explain": explain,
    "netcheck": netcheck,
    "sweep": sweep,
    "merge": merge,
    "schema": schema,
    "init": init,
}
