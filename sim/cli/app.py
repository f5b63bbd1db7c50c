"""The commands, their options, and the exit code of every way to end.

Codes: 0 pass · 1 an expectation failed · 2 bad scenario or usage · 3 safety violated · 4 liveness
violated · 5 not reproducible · 6 internal error · 7 budget exceeded · 130 interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer

from sim.cli import measuring_app
from sim.cli.ending import exit_with

app = typer.Typer(
    name="ksim",
    help="A laboratory for threshold keys: real DKGs over a simulated lossy network, recorded on a "
    "K-chain, and reproduced bit for bit from a scenario and a seed.",
    epilog="Exit codes: 0 pass, 1 an expectation failed, 2 bad scenario or usage, 3 safety "
    "violated, 4 liveness violated, 5 not reproducible, 6 internal error, 7 budget exceeded, "
    "130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A scenario file.")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change one value; may be repeated."),
]


def _check_processes(given: str) -> str:
    """Refuse what is no number of processes."""
    if given != "auto" and not (given.isascii() and given.isdigit() and int(given) >= 1):
        raise typer.BadParameter(f"{given!r} is neither a number from 1 on nor auto")
    return given


def _processes(given: str) -> int | Literal["auto"]:
    return "auto" if given == "auto" else int(given)


Seed = Annotated[int | None, typer.Option(metavar="N", min=0, help="Instead of the file's seed.")]
Processes = Annotated[
    str,
    typer.Option(
        metavar="N|auto",
        callback=_check_processes,
        help="Share the work; the result is the same. auto: as many as have enough to do.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Use = Annotated[
    list[str] | None,
    typer.Option(
        "--use", metavar="EXTENSION", help="Know this file or distribution; may be repeated."
    ),
]
Switch = Annotated[
    list[str] | None,
    typer.Option("--switch", metavar="NAME=VALUE", hidden=True, help="Tests of the simulator."),
]


@app.command()
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
            file, seed, sets or [], _processes(processes), out, switch or [], as_json=json
        )

    exit_with(body)


@app.command()
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

        return replay_run(folder, _processes(processes), extensions, switch or [], as_json=json)

    exit_with(body)


@app.command()
def validate(file: File, sets: Sets = None) -> None:
    """Check a scenario file; report every error in it."""

    def body() -> int:
        from sim.cli.scenarios import validate_scenario

        return validate_scenario(file, sets or [])

    exit_with(body)


@app.command()
def explain(file: File, seed: Seed = None, sets: Sets = None) -> None:
    """Show a scenario with every default, selector and pick resolved."""

    def body() -> int:
        from sim.cli.scenarios import explain_scenario

        return explain_scenario(file, seed, sets or [])

    exit_with(body)


@app.command()
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


@app.command()
def sweep(
    file: File,
    processes: Annotated[
        int | None,
        typer.Option("-j", metavar="N", min=1, help="Runs at a time; one per core if absent."),
    ] = None,
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


@app.command()
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


@app.command()
def schema(use: Use = None) -> None:
    """Print the JSON Schema of scenario files."""

    def body() -> int:
        from sim.cli.scenarios import print_schema

        return print_schema(use or [])

    exit_with(body)


@app.command()
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


@app.command()
def verify(
    ledger: Annotated[Path, typer.Argument(metavar="LEDGER", help="A ledger.msgpack.")],
    expect_head: Annotated[
        str | None,
        typer.Option(metavar="HASH", help="The last block's hash, as known from elsewhere."),
    ] = None,
    use: Use = None,
    json: Json = False,
) -> None:
    """Check a ledger by public rules alone: no secrets, nothing executed again."""

    def body() -> int:
        from sim.cli.inspecting import verify_ledger

        return verify_ledger(ledger, expect_head, use or [], as_json=json)

    exit_with(body)


@app.command()
def audit(
    ledger: Annotated[
        Path, typer.Argument(metavar="LEDGER", help="A ledger.msgpack, or a run's folder.")
    ],
    key: Annotated[str | None, typer.Option(metavar="NAME", help="Of this key.")] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="Asked for by this principal: a name, or hex digits."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="A height (h1234), virtual time (3d), or date."),
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="WHEN", help="Alike, inclusive.")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(metavar="WORD", help="signed, failed, expired, refused, or a reason."),
    ] = None,
    use: Use = None,
    json: Json = False,
) -> None:
    """Ask a ledger's audit log which keys signed what, when, and at whose request."""

    def body() -> int:
        from sim.cli.auditing import audit_ledger

        return audit_ledger(ledger, key, by, since, until, outcome, use or [], as_json=json)

    exit_with(body)


@app.command("list")
def list_names(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="behaviours, invariants, profiles, actions, events, schemes, faults, refusals or "
            "protocols.",
        ),
    ],
    use: Use = None,
    json: Json = False,
) -> None:
    """List what scenario files may name."""

    def body() -> int:
        from sim.cli.catalogues import list_catalogue

        return list_catalogue(kind, use or [], as_json=json)

    exit_with(body)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As scenario files have it.")],
    use: Use = None,
    json: Json = False,
) -> None:
    """Tell all about one behaviour, invariant, profile, action, event, refusal or the like."""

    def body() -> int:
        from sim.cli.catalogues import show_name

        return show_name(name, use or [], as_json=json)

    exit_with(body)


measuring_app.register(app)


def invoke(arguments: Sequence[str]) -> NoReturn:
    """Run one command and exit with its code; usage errors exit with 2."""
    from sim.cli import app_oracles  # noqa: F401  # its commands enter themselves above

    app(list(arguments), prog_name="ksim")
    raise AssertionError("typer exits")
