"""``ksim audit``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from sim import api
from sim.cli.output import print_json, refuse, refuse_scenario, say, wide

_WIDTH: Final = 200
"""Columns of what goes into a pipe: rows stay on one line, for whatever reads them."""


def audit_ledger(
    ledger: Path,
    key: str | None,
    by: str | None,
    since: str | None,
    until: str | None,
    outcome: str | None,
    use: Sequence[str] = (),
    *,
    as_json: bool,
) -> int:
    """Print the lines of the audit log that fit; 0 even if there are none, 3 if it is broken."""
    try:
        lines = api.audit(ledger, key, by, since, until, outcome, use)
    except api.ScenarioError as error:
        return refuse_scenario(error)
    except api.AuditError as error:
        return refuse(f"--{error.option}: {error}")
    except api.LedgerError as error:
        say(f"{ledger}: {error}")
        if as_json:
            print_json({"valid": False, "where": error.where, "reason": error.reason})
        return int(api.Exit.SAFETY)
    except api.FolderError as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{ledger}: {error.strerror}")
    found = [msgspec.to_builtins(line) for line in lines]
    if as_json:
        print_json({"format": "kchain-audit", "version": 1, "lines": found})
        return 0
    from sim.report.audit import audit

    wide(_WIDTH).print(audit(found))
    return 0
