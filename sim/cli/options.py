"""Options and arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

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


def number_of(given: str) -> int | Literal["auto"]:
    """Return what `Processes` took as it is meant."""
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
Jobs = Annotated[
    int | None,
    typer.Option("-j", metavar="N", min=1, help="Runs at a time; one per core if absent."),
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
