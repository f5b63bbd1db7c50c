"""A 5-of-7 key of every scheme, end to end: it works, and outsiders agree."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sim import api
from tests.support.curves import SCHEMES
from tests.support.ordinary import verifies

FIRST_KEY = Path(__file__).parents[2] / "scenarios" / "first-key.toml"
EVERY = pytest.mark.parametrize("scheme", SCHEMES)


@cache
def run_of(scheme: str, processes: int = 1) -> api.Run:
    scenario = api.load(FIRST_KEY).with_({"keys.beacon.scheme": scheme})
    return api.run(scenario, processes=processes)


def summary_of(scheme: str) -> dict[str, Any]:
    summary: dict[str, Any] = run_of(scheme).summary["keys"]["beacon"]
    return summary


@EVERY
def test_the_key_is_active_and_the_run_passes(scheme: str) -> None:
    run, key = run_of(scheme), summary_of(scheme)

    assert (run.exit_code, key["status"], key["scheme"]) == (0, "Active", scheme)
    assert run.summary["violations"] == []


@EVERY
@pytest.mark.parametrize("signature", ["activation", "test_signature"])
def test_its_signatures_verify_under_a_library_that_knows_no_shares(
    scheme: str, signature: str
) -> None:
    key = summary_of(scheme)
    signed = key[signature]

    public, message, made = (
        bytes.fromhex(text) for text in (key["public_key"], signed["message"], signed["signature"])
    )

    assert verifies(scheme, public, message, made)
    assert not verifies(scheme, public, message + b"!", made)


def test_the_record_of_a_bip_340_key_keeps_the_sign_of_its_point() -> None:
    """33 bytes, with whichever parity: resharing will need the very point."""
    parities = set()
    for seed in range(1, 9):
        run = api.run(api.load(FIRST_KEY).with_({"keys.beacon.scheme": "SECP256K1"}), seed=seed)
        key = run.summary["keys"]["beacon"]
        assert (run.exit_code, len(key["public_key"])) == (0, 66)
        assert key["test_signature"]["verified"]
        parities.add(key["public_key"][:2])

    assert parities == {"02", "03"}


@EVERY
def test_the_number_of_processes_does_not_matter(scheme: str) -> None:
    assert run_of(scheme, processes=2).digest == run_of(scheme).digest
