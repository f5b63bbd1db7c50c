"""The commands that compare with formulas and give advice, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sim.cli.ending import exit_with
from sim.cli.options import Jobs, Json


def oracle(
    families: Annotated[
        list[str] | None,
        typer.Argument(metavar="ORACLE…", help="cost, loss, capture, mobile, bias; all if absent."),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of each study of chances, instead of its own."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs and sizes.")] = False,
    every: Annotated[
        bool, typer.Option("--all", help="A line for every size and scheme, too.")
    ] = False,
    processes: Jobs = None,
    json: Json = False,
) -> None:
    """Compare what the simulator measures with independent formulas; exit 1 if they disagree."""

    def body() -> int:
        from sim.cli.oracles import consult

        return consult(families or [], runs, processes, quick=quick, every=every, as_json=json)

    exit_with(body)


def advise(
    validators: Annotated[
        int | None, typer.Option(metavar="N", help="How many; a file of stakes says it, too.")
    ] = None,
    malicious: Annotated[
        str, typer.Option(metavar="CHANCE", help="Share of the stake: 0.25, 25% or 1/4.")
    ] = "0.25",
    malicious_holders: Annotated[
        str, typer.Option(metavar="WHO", help="few large ones, many small ones, or random ones.")
    ] = "random",
    stake: Annotated[
        str, typer.Option(metavar="STAKES", help="equal, pareto:SHAPE, or a file of numbers.")
    ] = "equal",
    offline: Annotated[
        str, typer.Option(metavar="CHANCE", help="Of an honest validator, during a ceremony.")
    ] = "0",
    loss: Annotated[str, typer.Option(metavar="CHANCE", help="Of a packet.")] = "0",
    committees: Annotated[int, typer.Option(metavar="N", help="Drawn per epoch.")] = 1,
    epochs: Annotated[int, typer.Option(metavar="N", help="In each they are drawn anew.")] = 1,
    failure: Annotated[
        str,
        typer.Option(metavar="CHANCE", help="Budget over all draws, for captures: 2^-40, 1e-9."),
    ] = "2^-40",
    stall: Annotated[
        str | None,
        typer.Option(
            metavar="CHANCE", help="Per draw, that no ceremony can end; else as --failure."
        ),
    ] = None,
    scheme: Annotated[
        str, typer.Option(metavar="SCHEME", help="ED25519, SECP256K1 or BLS.")
    ] = "ED25519",
    protocol: Annotated[
        str, typer.Option(metavar="NAME", help="pedersen, gjkr, commit-reveal or frost.")
    ] = "pedersen",
    commitments: Annotated[
        str | None, typer.Option(metavar="FORM", help="evaluation or coefficient.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of samples and draws.")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write advice.md, advice.html and advised.toml there."),
    ] = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Run the ceremony of a drawn committee, too.")
    ] = False,
    processes: Jobs = None,
    json: Json = False,
) -> None:
    """Say which committee is safe and live within a budget; exit 1 if none is."""
    options = {
        "validators": validators,
        "malicious": malicious,
        "malicious_holders": malicious_holders,
        "stake": stake,
        "offline": offline,
        "loss": loss,
        "committees": committees,
        "epochs": epochs,
        "failure": failure,
        "stall": stall,
        "scheme": scheme,
        "protocol": protocol,
        "commitments": commitments,
        "seed": seed,
        "processes": processes,
    }

    def body() -> int:
        from sim.cli.advising import advise as answer

        return answer(options, out, confirm=confirm, as_json=json)

    exit_with(body)


COMMANDS: Final = {"oracle": oracle, "advise": advise}
