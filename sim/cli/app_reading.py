"""The commands that read ledgers and catalogues, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from sim.cli.ending import exit_with
from sim.cli.options import Json, Use


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


COMMANDS: Final = {"verify": verify, "audit": audit, "list": list_names, "show": show}
