"""Durability: what is flushed survives, what a crash takes is what the scenario says."""

import pytest

from sim.validator.store import Lose, Store


def _store() -> Store:
    store = Store()
    store.put("kept", b"old")
    store.put("doomed", b"old")
    store.flush()
    store.put("kept", b"new")
    store.put("fresh", b"new")
    store.delete("doomed")
    return store


def test_reads_see_the_buffer() -> None:
    assert _store().under("") == {"fresh": b"new", "kept": b"new"}


@pytest.mark.parametrize(
    ("lose", "left"),
    [
        ("nothing", {"fresh": b"new", "kept": b"new"}),
        ("unsynced", {"doomed": b"old", "kept": b"old"}),
        ("all", {}),
    ],
)
def test_a_crash_takes_exactly_what_it_says(lose: Lose, left: dict[str, bytes]) -> None:
    store = _store()

    store.crash(lose)

    assert store.under("") == left


def test_erasure_is_durable_only_after_a_flush() -> None:
    store = _store()

    store.flush()
    store.crash("unsynced")

    assert store.get("doomed") is None


def test_a_prefix_is_read_in_order_and_removed() -> None:
    store = Store()
    for key in ("b/2", "a/1", "b/1", "c"):
        store.put(key, key.encode())

    assert list(store.under("b/").items()) == [("1", b"b/1"), ("2", b"b/2")]


def test_a_store_with_nothing_but_erasures_is_empty() -> None:
    store = _store()

    for key in ("kept", "fresh", "doomed"):
        store.delete(key)

    assert store.empty
