"""Append-only logs: views share their past and never change."""

from __future__ import annotations

import hashlib

from sim.base.codec import encode
from sim.kchain.log import Log


def test_the_digest_runs_over_every_entry() -> None:
    log = Log[str]().append("a").append("b")

    first = hashlib.sha256(bytes(32) + encode("a")).digest()
    assert log.digest == hashlib.sha256(first + encode("b")).digest()
    assert Log[str]().digest == bytes(32)


def test_two_futures_of_one_log_dont_mix() -> None:
    past = Log[str]().append("a")
    one = past.append("b")
    other = past.append("c")
    longer = one.append("d")

    assert [[*log] for log in (past, one, other, longer)] == [
        ["a"],
        ["a", "b"],
        ["a", "c"],
        ["a", "b", "d"],
    ]
    assert [len(log) for log in (past, one, other, longer)] == [1, 2, 2, 3]


def test_appending_copies_nothing_while_there_is_one_future() -> None:
    log = Log[int]()
    for value in range(10):
        log = log.append(value)

    assert log._entries is log.append(10)._entries
