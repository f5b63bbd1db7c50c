"""Disks that fail: nothing shows before a crash, and the ledger then shows what is missing."""

from __future__ import annotations

import pytest

from sim.base.ids import Label
from sim.base.secret import Secret
from sim.crypto.identity import Identity
from sim.validator.account import Account
from sim.validator.store import DiskLose, Store
from sim.world.witness import WitnessedStore

IDENTITY = Identity(bytes(32))


def written(store: Store, key: str) -> None:
    store.put(key, key.encode())
    store.flush()


@pytest.mark.parametrize(
    ("lose", "left", "lost"), [("unsynced", ["old"], "stale"), ("all", [], "all")]
)
def test_a_crash_while_the_disk_fails_takes_more_than_it_says(
    lose: DiskLose, left: list[str], lost: str
) -> None:
    store = Store()
    written(store, "old")
    store.fail(lose)
    written(store, "new")

    assert list(store.under("")) == ["new", "old"]
    assert store.crash("nothing") == lost
    assert list(store.under("")) == left


def test_a_disk_that_is_mended_before_a_crash_has_lost_nothing() -> None:
    store = Store()
    store.fail("all")
    written(store, "new")
    store.fail(None)

    assert store.crash("unsynced") == "unsynced"
    assert list(store.under("")) == ["new"]


def test_what_is_erased_on_a_failing_disk_comes_back() -> None:
    store = Store()
    written(store, "secret")
    store.fail("unsynced")
    store.delete("secret")
    store.flush()
    assert store.get("secret") is None

    store.crash("unsynced")

    assert store.get("secret") == b"secret"


def test_a_secret_that_is_erased_on_a_failing_disk_counts_as_erased_once_it_is_mended() -> None:
    store = WitnessedStore()
    now = 1
    store.clock = lambda: now
    store.put_sealed("a#1/share", b"sealed", Secret(b"plain"))
    store.flush()
    store.fail("unsynced")
    now = 2
    store.delete("a#1/share")
    store.flush()
    (stay,) = store.stays.values()
    assert stay.erased_us is None

    now = 3
    store.fail(None)

    assert stay.erased_us == 3


@pytest.mark.parametrize(("fails", "forgotten"), [(False, False), (True, True)])
def test_the_ledger_shows_that_the_disk_has_lost_what_was_said(
    fails: bool, forgotten: bool
) -> None:
    store = Store()
    account = Account("chain", IDENTITY, store)
    if fails:
        store.fail("unsynced")
    for entry in account.entries(account.sign("deal", Label("s", 1, "deal", "v"), b"")):
        store.put(entry.key, entry.value)
    store.flush()
    store.crash("unsynced")

    assert Account("chain", IDENTITY, store).forgotten(1) is forgotten
