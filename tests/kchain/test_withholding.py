"""Blocks leave transactions out, or take them late; what an account sends later waits for them."""

from __future__ import annotations

import pytest

from sim.base.errors import LocalError
from sim.base.ids import NEVER_US
from sim.kchain.blocks import decode_block
from sim.kchain.ledger import Ledger
from sim.kchain.withholding import Withholding
from sim.protocol.transactions import decode_transaction
from tests.kchain.scene import BLOCK_US, identity, make_genesis, signed

A, B = identity(0), identity(1)


def rule(
    from_us: int = 0, until_us: int = NEVER_US, by_us: int | None = None, *kinds: str
) -> Withholding:
    """Return a rule about the transactions of A."""
    return Withholding(frozenset([A.public]), frozenset(kinds), from_us, until_us, by_us)


def included(ledger: Ledger, blocks: int) -> list[tuple[int, str]]:
    """Form every block that there is reason for, up to a height; return (height, payload)."""
    found, now_us = [], 0
    while (now_us := ledger.next_block_us(now_us + 1)) <= blocks * BLOCK_US:
        formed = ledger.form(now_us)
        if formed is not None:
            found += [
                (formed.height, decode_transaction(entry.transaction).payload.decode())
                for entry in decode_block(formed.raw).entries
            ]
    return found


def ledger(*rules: Withholding) -> Ledger:
    """Return a ledger that has two transactions of A, and one of B, before height 1."""
    made = Ledger(make_genesis())
    for one in rules:
        made.withhold(one)
    made.submit(10, 0, signed(A, 1, "deal", b"A1"))
    made.submit(20, 0, signed(A, 2, "sign", b"A2"))
    made.submit(30, 1, signed(B, 1, "deal", b"B1"))
    return made


def test_without_a_rule_the_first_block_takes_everything() -> None:
    assert included(ledger(), 5) == [(1, "A1"), (1, "A2"), (1, "B1")]


def test_no_block_takes_what_is_censored_and_the_first_one_after_it_does() -> None:
    censored = ledger(rule(BLOCK_US, 3 * BLOCK_US))

    assert included(censored, 5) == [(1, "B1"), (3, "A1"), (3, "A2")]


def test_a_censor_that_ends_before_the_block_has_no_effect() -> None:
    assert included(ledger(rule(0, BLOCK_US)), 5)[0] == (1, "A1")


def test_what_follows_a_censored_transaction_waits_for_it() -> None:
    censored = ledger(rule(0, 3 * BLOCK_US, None, "deal"))

    assert included(censored, 5) == [(1, "B1"), (3, "A1"), (3, "A2")]


def test_what_comes_before_a_censored_transaction_does_not_wait() -> None:
    censored = ledger(rule(0, 3 * BLOCK_US, None, "sign"))

    assert included(censored, 5) == [(1, "A1"), (1, "B1"), (3, "A2")]


def test_what_arrives_late_counts_as_arrived_later() -> None:
    assert included(ledger(rule(0, 15, 2 * BLOCK_US)), 5) == [(1, "B1"), (3, "A1"), (3, "A2")]


def test_a_censor_for_good_ends_with_quiet_alone() -> None:
    censored = ledger(rule())
    assert included(censored, 5) == [(1, "B1")]

    censored.quiet(5 * BLOCK_US + 1)

    assert included(censored, 7) == [(6, "A1"), (6, "A2")]


def test_quiet_ends_a_halt_for_good() -> None:
    halted = ledger()
    halted.halt(0, None)
    assert halted.next_block_us(0) == NEVER_US

    halted.quiet(5 * BLOCK_US + 1)

    assert (halted.next_block_us(0), halted.height_at(6 * BLOCK_US)) == (6 * BLOCK_US, 1)


def test_rushers_see_only_what_the_block_takes() -> None:
    censored = ledger(rule())

    seen = [decode_transaction(raw).payload for raw in censored.pending(BLOCK_US)]

    assert seen == [b"B1"]


def test_a_rule_cannot_begin_before_a_block_that_exists() -> None:
    made = ledger()
    included(made, 1)

    with pytest.raises(LocalError, match="no rule from"):
        made.withhold(rule(BLOCK_US))
