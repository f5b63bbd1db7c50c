"""The T-chain's book: statuses, seats, counts, and that it says what the K-chain says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.protocol.requests import (
    REQUEST_SIGN,
    Policy,
    ReportViolation,
)
from sim.protocol.sampling import SEATS_MAX
from sim.protocol.signing_events import Closed, Opened, Rebound, Refused
from sim.protocol.signing_task import SigningTask
from sim.tchain.book import Book, BookError, Status
from sim.tchain.surveillance import reports
from tests.kchain.scene import OWNER
from tests.kchain.signing import STRANGER, Signing, active, wish
from tests.support.signers import OPENED, DealtKey, make_task

NOW_US = 1_767_225_600_000_000


def task(signing: str = "s1", /, **changes: object) -> SigningTask:
    """Return a session of 3 of v1…v5, let through and not begun."""
    return make_task(DealtKey(5, 3, "ED25519"), signing=signing, **{"begins": 0, **changes})


def with_open(*names: str, limit: int = SEATS_MAX) -> Book:
    book = Book(limit)
    book.on_block(OPENED, NOW_US, [Opened(task(name)) for name in names])
    return book


def signed(signing: str = "s1") -> Closed:
    return Closed("beacon", signing, "signed", b"x" * 64, (1, 2, 4))


def test_session_has_the_fields_of_the_specification() -> None:
    session = with_open("s1").session("beacon", "s1")

    assert session.status is Status.IN_PROGRESS
    assert (session.key, session.signing, session.protocol) == ("beacon", "s1", "FROST")
    assert session.key_record_id == b"k" * 32
    assert sorted(session.committee) == ["v1", "v2", "v3", "v4", "v5"]
    assert session.started_at == NOW_US
    assert session.expires_at == NOW_US + 300_000_000
    assert (session.signatures, session.result) == ({}, b"")


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (signed(), Status.COMPLETE),
        (Closed("beacon", "s1", "expired"), Status.EXPIRED),
        (Closed("beacon", "s1", "failed", b"", (), ((2, b"bad"),)), Status.FAILED),
        (Closed("beacon", "s1", "KeyRetired"), Status.FAILED),
    ],
)
def test_session_ends_and_releases_its_seats(event: Closed, status: Status) -> None:
    book = with_open("s1")
    assert book.seats_in_use() == {"v1": 1, "v2": 1, "v3": 1, "v4": 1, "v5": 1}

    book.on_block(OPENED + 2, NOW_US, [event])

    session = book.session("beacon", "s1")
    assert (session.status, session.ended_height) == (status, OPENED + 2)
    assert book.seats_in_use() == {}
    assert book.open_tasks() == ()


def test_bad_partials_stand_beside_their_signers() -> None:
    book = with_open("s1")

    closed = Closed("beacon", "s1", "signed", b"x" * 64, (1, 2, 4), ((3, b"bad"),))
    book.on_block(OPENED + 2, NOW_US, [closed])

    session = book.session("beacon", "s1")
    assert session.bad == ("v3",)
    assert session.signatures == {"v1": b"", "v2": b"", "v4": b"", "v3": b"bad"}
    assert session.result == b"x" * 64


def test_session_waits_until_its_seats_are_free() -> None:
    book = with_open("s1", "s2", "s3", limit=2)
    assert book.session("beacon", "s3").status is Status.PENDING

    book.on_block(OPENED + 9, NOW_US, [signed("s1")])

    assert book.session("beacon", "s3").status is Status.IN_PROGRESS
    assert book.open_tasks()[-1].begins == OPENED + 9
    assert book.seats_most == 2


def test_rebound_session_is_of_the_new_generation_and_keeps_its_time() -> None:
    book = with_open("s1")
    fresh = task("s1", generation=1)

    book.on_block(OPENED + 4, NOW_US + 8_000_000, [Rebound(fresh)])

    session = book.session("beacon", "s1")
    assert (session.generation, session.status) == (1, Status.IN_PROGRESS)
    assert session.started_at == NOW_US
    assert book.open_tasks() == (replace(fresh, begins=OPENED + 4),)


def test_refusals_are_counted_by_key_and_reason() -> None:
    book = with_open("s1")
    refusals = [
        Refused("beacon", "a", b"p" * 32, "drand", "Unauthorized"),
        Refused("beacon", "b", b"p" * 32, "drand", "PolicyViolation"),
        Refused("other", "c", b"p" * 32, "drand", "KeyNotFound"),
        Refused("beacon", "d", b"p" * 32, "drand", "Unauthorized"),
    ]

    book.on_block(OPENED + 1, NOW_US, [*refusals, signed()])

    assert book.counts("beacon").refused == {"PolicyViolation": 1, "Unauthorized": 2}
    assert book.counts().refused == {"KeyNotFound": 1, "PolicyViolation": 1, "Unauthorized": 2}
    assert (book.counts().complete, book.counts("other").complete) == (1, 0)


@pytest.mark.parametrize(
    "event",
    [
        Opened(task("s1")),
        Rebound(task("s2")),
        Closed("beacon", "s2", "expired"),
        Closed("beacon", "s1", "signed"),
        Closed("beacon", "s1", "signed", b"x" * 64, (1, 2)),
        Closed("beacon", "s1", "expired", b"x" * 64),
    ],
)
def test_what_cannot_be_is_refused(event: Opened | Rebound | Closed) -> None:
    with pytest.raises(BookError):
        with_open("s1").on_block(OPENED + 1, NOW_US, [event])


def test_blocks_come_in_order() -> None:
    with pytest.raises(BookError, match="after block"):
        with_open("s1").on_block(OPENED - 1, NOW_US, [])


def test_large_thresholds_are_discouraged() -> None:
    book = Book()
    book.on_block(OPENED, NOW_US, [Opened(task(threshold=33, needed=3))])

    assert book.session("beacon", "s1").discouraged
    assert not with_open("s2").session("beacon", "s2").discouraged


def test_sessions_that_the_chain_opens_can_be_left_out_of_the_count() -> None:
    book = Book()
    trial = task("test-1-0", purpose="test", requester=bytes(32))
    book.on_block(OPENED, NOW_US, [Opened(trial), Opened(task("s1"))])
    book.on_block(OPENED + 1, NOW_US, [signed("test-1-0"), signed("s1")])

    assert book.counts().complete == 2
    assert book.counts("beacon", asked=True).complete == 1


# Beside the K-chain


def follow(signing: Signing, book: Book) -> None:
    """Tell the book of the last block, and compare."""
    state = signing.state
    book.on_block(state.height, state.time_us, state.session_events)
    assert book.open_tasks() == state.tasks


def test_book_and_chain_never_disagree() -> None:
    """More sessions than seats, signatures, refusals, an expiry: block by block the same."""
    signing, book = active(Policy(None, ("drand",))), Book()
    follow(signing, book)
    for number in range(20):
        signing.submit(OWNER, REQUEST_SIGN, wish(f"s{number}"))
    signing.submit(OWNER, REQUEST_SIGN, wish("bad", context="bridge"))
    signing.submit(STRANGER, REQUEST_SIGN, wish("s21"))
    signing.scene.step()
    follow(signing, book)
    assert len(signing.state.waiting) == 5
    for number in (3, 5, 4):
        signing.record(signing.statement(f"s{number}"))
        follow(signing, book)
    while signing.state.open_sessions:
        if signing.scene.step() is not None:
            follow(signing, book)

    outcomes = [line.outcome for line in signing.state.audit]
    counts = book.counts()
    assert counts.complete == outcomes.count("signed") == 3
    assert counts.expired == outcomes.count("expired") == 18
    assert counts.refused == {"PolicyViolation": 1, "Unauthorized": 1}
    assert book.seats_most == SEATS_MAX
    assert len(book.sessions()) + sum(counts.refused.values()) == len(outcomes)


# Surveillance


def test_surveillance_reports_the_first_violation_of_each_key_in_a_block() -> None:
    events = [
        Refused("beacon", "a", b"p" * 32, "drand", "Unauthorized"),
        Refused("beacon", "b", b"p" * 32, "bridge", "PolicyViolation"),
        Refused("beacon", "c", b"p" * 32, "bridge", "PolicyViolation"),
        Refused("other", "d", b"p" * 32, "bridge", "PolicyViolation"),
    ]

    assert reports(7, events) == (
        ReportViolation("beacon", "b", 7),
        ReportViolation("other", "d", 7),
    )
    assert reports(8, events[:1]) == ()
