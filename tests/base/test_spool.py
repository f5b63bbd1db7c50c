"""Bytes out of the way: what goes in comes out, and the file goes with the last of them."""

from __future__ import annotations

import copy
import gc
import os
import pickle
from pathlib import Path

import pytest

from sim.base.spool import LEAST_BYTES, Spool, Spooled, fetch


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_long_values_leave_memory_and_come_back_unchanged() -> None:
    values = [bytes([number]) * (LEAST_BYTES + number) for number in range(5)]
    spool = Spool()
    kept = [spool.keep(value) for value in values]

    assert all(isinstance(one, Spooled) for one in kept)
    assert [fetch(one) for one in reversed(kept)] == values[::-1]


def test_short_values_stay_where_they_are() -> None:
    value = bytes(LEAST_BYTES - 1)

    assert Spool().keep(value) is value
    assert fetch(value) is value


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it counts open files in /proc")
def test_the_file_is_closed_when_nothing_in_it_is_wanted() -> None:
    gc.collect()
    before = open_files()
    spool = Spool()
    kept = [spool.keep(bytes(LEAST_BYTES)) for _ in range(3)]
    open_meanwhile = open_files()
    kept.clear()

    assert open_meanwhile == before + 1
    assert open_files() == before


def test_what_there_is_room_for_stays_in_memory() -> None:
    spool = Spool(1, room=10)

    assert [type(spool.keep(bytes(size))) for size in (6, 5, 4, 1)] == [
        bytes,
        Spooled,
        bytes,
        Spooled,
    ]


def test_what_is_copied_or_sent_elsewhere_is_the_bytes() -> None:
    """Never the number of a file that another process has not, or has for something else."""
    kept = Spool(1).keep(b"what was written")

    assert isinstance(kept, Spooled)
    sent = pickle.loads(pickle.dumps(kept))  # noqa: S301  # our own bytes
    copies: list[object] = [copy.deepcopy(kept), sent]
    assert copies == [b"what was written"] * 2


def test_a_full_disk_costs_memory_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    value = bytes(LEAST_BYTES)

    assert Spool().keep(value) is value
