"""What is out of memory is still there: retransmissions, restarts and erasures never notice."""

from __future__ import annotations

import pytest

from sim.base import spool
from sim.protocol.sending import Outbox
from sim.world.runner import run_plan
from tests.world.variations import PLANS, digest


@pytest.mark.parametrize("name", ["lossy", "crash between deal and shares", "everybody crashes"])
def test_a_run_is_the_same_with_everything_in_files(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    plan = PLANS[name]
    in_memory = digest(run_plan(plan))
    fetched = spool.Spooled.read

    def reading(kept: spool.Spooled) -> bytes:
        data = fetched(kept)
        read.append(len(data))
        return data

    monkeypatch.setattr(spool, "LEAST_BYTES", 1)
    monkeypatch.setattr(spool.Spooled, "read", reading)

    assert digest(run_plan(plan)) == in_memory
    assert read  # something was asked for again, from where it was


def test_an_outbox_sends_the_same_bytes_again_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a lossy run every dealer's envelopes wait in a file, and some are lost and sent again."""
    monkeypatch.setattr(spool, "LEAST_BYTES", 1)
    sent: dict[tuple[str, int], set[bytes]] = {}
    again = 0
    envelope = Outbox._envelope

    def noting(outbox: Outbox, holder: int) -> object:
        nonlocal again
        found = envelope(outbox, holder)  # type: ignore[arg-type]  # an index is an int
        known = sent.setdefault((outbox._context.name, holder), set())
        again += bool(known)
        known.add(found.sealed)
        return found

    monkeypatch.setattr(Outbox, "_envelope", noting)
    run_plan(PLANS["lossy"])

    assert again
    assert all(len(bodies) == 1 for bodies in sent.values())
