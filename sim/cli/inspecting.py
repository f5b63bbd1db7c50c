"""``ksim verify`` and ``ksim netcheck``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from sim import api
from sim.cli.output import console, print_json, refuse, refuse_scenario, say, wide
from sim.report.words import count, shortened

_WIDTH: Final = 160
"""Columns of what goes into a pipe: rows stay on one line, for whatever reads them."""


def verify_ledger(
    ledger: Path, expect_head: str | None, use: Sequence[str], *, as_json: bool
) -> int:
    """Check a ledger; 0 if it holds, 3 if a public rule is broken."""
    try:
        found = api.verify(ledger, expect_head, use)
    except api.ScenarioError as error:
        return refuse_scenario(error, as_json=as_json)
    except api.LedgerError as error:
        say(f"{ledger}: {error}")
        if as_json:
            print_json({"valid": False, "where": error.where, "reason": error.reason})
        return int(api.Exit.SAFETY)
    except api.FolderError as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{ledger}: {error.strerror}")
    except ValueError as error:
        return refuse(f"--expect-head: {error}")
    if as_json:
        print_json({"valid": True, **msgspec.to_builtins(found)})
        return 0
    out = console()
    out.print(
        f"{ledger}: valid: chain {found.chain}, {found.blocks} blocks up to height {found.height}, "
        f"{found.transactions} transactions ({found.rejected} rejected)"
    )
    for name, key in found.keys.items():
        out.print(f"key {name}: {shortened(key.public_key or 'none')}")
        if key.public_key is not None:
            out.print(f"  {', '.join(_derived(key))}")
    for name, draw in found.draws.items():
        out.print(f"committee of {name}, drawn by stake: {', '.join(draw.committee)}")
    out.print(f"head: {found.head}")
    if expect_head is None:
        out.print(
            "The file proves itself only as far as its head: compare that with one from "
            "elsewhere (--expect-head)."
        )
    return 0


def _derived(key: api.VerifiedKey) -> Iterator[str]:
    """Yield what was derived again of a key, and which signatures it rests on."""
    era = f"era {key.era}, " if key.era > 1 else ""
    yield f"{key.status.lower()}, {era}generation {key.generation}"
    yield f"{count(key.generations, 'generation')} derived again"
    yield f"{count(key.activations, 'activation signature')} checked"
    if key.endorsements:
        yield f"{count(key.endorsements, 'endorsement')} checked"
    if key.sessions:
        yield count(key.sessions, "signing session")


def check_network(
    file: Path,
    samples: int,
    seed: int | None,
    sets: Sequence[str],
    loss_factor: int,
    *,
    as_json: bool,
) -> int:
    """Compare a scenario's network with what it declares; 0 if it is honest, 1 if not."""
    try:
        scenario = api.load(file, sets)
        found = api.netcheck(scenario, seed, samples=samples, loss_factor=loss_factor)
    except api.ScenarioError as error:
        return refuse_scenario(error, as_json=as_json)
    if as_json:
        print_json(found.exported())
    else:
        from sim.report.netcheck import netcheck

        wide(_WIDTH).print(netcheck(found.exported()))
    return 0 if found.honest else int(api.Exit.EXPECTATION)
