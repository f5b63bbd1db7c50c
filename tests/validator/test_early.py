"""Shares that come before their session: bounded, given to the right machine, and not for ever."""

from __future__ import annotations

from sim.base.ids import ValidatorIndex
from sim.protocol.ceremony import Base, Ceremony, Member
from sim.protocol.effects import Flush, Put
from sim.protocol.envelopes import store_prefix
from sim.protocol.messages import ShareEnvelope
from sim.validator.early import EARLY, EARLY_HEIGHTS, UNREAD, Early
from sim.validator.store import Store


def _members(first: int, size: int) -> tuple[Member, ...]:
    return tuple(
        Member(index, ValidatorIndex(first + index - 1), f"v{first + index - 1}", bytes([index]))  # type: ignore[arg-type]  # share indices
        for index in range(1, size + 1)
    )


OLD, NEW = _members(0, 3), _members(1, 3)
RESHARE = Ceremony(
    "chain", "beacon", 1, 1, 1, "ED25519", 2, 0, NEW, 5, operation="reshare",
    base=Base(0, 2, OLD, (b"",) * 4, bytes(32)),
)  # fmt: skip
PREFIX = store_prefix(RESHARE.session, 1)


def _envelope(dealer: int, recipient: int, session: bytes = RESHARE.session) -> ShareEnvelope:
    return ShareEnvelope(session, 1, dealer, recipient, b"sealed", (), b"signature")


def _keep(early: Early, store: Store, source: int, envelope: ShareEnvelope, height: int) -> None:
    for write in early.keep(ValidatorIndex(source), envelope, height) or ():
        if isinstance(write, Put):
            store.put(write.key, write.value)
        else:
            assert isinstance(write, Flush)
            store.flush()


def test_a_dealer_of_a_reshare_is_known_by_the_index_that_it_deals_under() -> None:
    store = Store()
    early = Early(store)
    _keep(early, store, 1, _envelope(dealer=2, recipient=3), 4)  # validator 1 deals as 2
    _keep(early, store, 1, _envelope(dealer=1, recipient=3), 4)  # as new holder it is 1

    early.admit(RESHARE, ValidatorIndex(3), PREFIX)

    assert len(store.under(PREFIX + "envelope/2/")) == 1
    assert store.under(PREFIX + "envelope/1/") == {}
    assert store.under(EARLY) == {}


def test_who_only_deals_takes_no_envelopes() -> None:
    store = Store()
    early = Early(store)
    _keep(early, store, 1, _envelope(dealer=2, recipient=1), 4)

    early.admit(RESHARE, ValidatorIndex(0), PREFIX)

    assert store.under("") == {}


def test_an_envelope_whose_session_never_comes_is_dropped_by_its_age() -> None:
    store = Store()
    early = Early(store)
    _keep(early, store, 1, _envelope(1, 2, b"\x01" * 32), 10)
    _keep(early, store, 1, _envelope(1, 2, b"\x02" * 32), 20)
    left = []

    for height in (10 + EARLY_HEIGHTS - 1, 10 + EARLY_HEIGHTS, 20 + EARLY_HEIGHTS):
        early.expire(height)
        left.append(len(store.under(EARLY)))

    assert left == [2, 1, 0]


def test_a_restart_does_not_make_envelopes_younger() -> None:
    store = Store()
    _keep(Early(store), store, 1, _envelope(1, 2, b"\x01" * 32), 10)

    Early(store).expire(10 + EARLY_HEIGHTS)

    assert store.under(EARLY) == {}


def test_what_comes_while_the_chain_is_being_read_is_as_old_as_the_reading() -> None:
    store = Store()
    early = Early(store)
    _keep(early, store, 1, _envelope(1, 2, b"\x01" * 32), UNREAD)
    left = []

    for height in (9_000, 9_000 + EARLY_HEIGHTS - 1, 9_000 + EARLY_HEIGHTS):
        early.expire(height)
        left.append(len(store.under(EARLY)))

    assert left == [1, 1, 0]
