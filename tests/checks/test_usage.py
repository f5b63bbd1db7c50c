"""The audit log against the blocks and the T-chain's count: `sim.checks.usage`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sim.base.codec import encode
from sim.checks import AuditLine, BlockView, Observation, check_all
from sim.crypto.identity import Identity
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    RecordSignSession,
    RequestSign,
)
from sim.protocol.signing_task import NOBODY
from sim.protocol.transactions import sign_transaction

WALLET = Identity(bytes(31) + b"\1")


def signed(kind: str, payload: Any) -> bytes:
    return sign_transaction(WALLET.sign, "chain", kind, WALLET.public, 1, encode(payload))


def request(signing: str) -> bytes:
    return signed(REQUEST_SIGN, RequestSign("beacon", signing, "drand", b"message"))


def record(signing: str) -> bytes:
    return signed(
        RECORD_SIGN_SESSION,
        RecordSignSession("beacon", 0, signing, "drand", b"message", b"signature", (1, 2)),
    )


def line(height: int, signing: str, outcome: str, requester: bytes = WALLET.public) -> AuditLine:
    return AuditLine(height, "beacon", signing, requester, "drand", outcome, ())


def block(height: int, *transactions: tuple[bytes, str]) -> BlockView:
    raws, reasons = zip(*transactions, strict=True) if transactions else ((), ())
    return BlockView(height, bytes(32), height * 1_000, b"", tuple(raws), tuple(reasons))


SOUND = Observation(
    seed=1,
    end_us=9_000,
    blocks=(
        block(1, (request("s1"), ""), (request("s2"), "PolicyViolation"), (request("s3"), "")),
        block(2, (record("s1"), ""), (record("s1"), "SessionClosed"), (request("s1"), "Duplicate")),
        block(3, (record("test-1-0"), ""), (request("s4"), "BadNonce")),
    ),
    ceremonies=(),
    validators=(),
    audit=(
        line(1, "s2", "PolicyViolation"),
        line(2, "s1", "signed"),
        line(2, "s1", "Duplicate"),
        line(3, "test-1-0", "signed", NOBODY),
    ),
    open_sessions=frozenset({("beacon", "s3")}),
    counted={"complete": 2, "expired": 0, "failed": 0, "refused": 2},
)


def found(**changes: Any) -> list[tuple[str, str]]:
    return [(v.invariant, v.detail) for v in check_all(replace(SOUND, **changes))]


LOG, TOTALS = "every-use-is-in-the-audit-log", "totals-are-the-t-chains"


def test_a_log_with_every_use_passes() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("gone", "detail"),
    [
        (0, "beacon/s2: refused, PolicyViolation, and there is no line of it"),
        (1, "beacon/s1: recorded, and there is no line of it"),
        (2, "beacon/s1: refused, Duplicate, and there is no line of it"),
        (3, "beacon/test-1-0: recorded, and there is no line of it"),
    ],
)
def test_a_missing_line_is_found(gone: int, detail: str) -> None:
    rest = SOUND.audit[:gone] + SOUND.audit[gone + 1 :]

    assert (LOG, detail) in found(audit=rest)
    assert any(name == TOTALS for name, _ in found(audit=rest))


def test_a_request_that_is_neither_open_nor_over_is_found() -> None:
    assert found(open_sessions=frozenset()) == [
        (LOG, "beacon/s3: let through and over, and there is no line of it")
    ]


def test_a_line_that_nobody_asked_for_is_found() -> None:
    more = (*SOUND.audit, line(3, "s9", "signed"))

    names = found(audit=more, counted=None)

    assert names == [(LOG, "beacon/s9: a line, signed, that nobody asked for")]


def test_a_second_line_of_one_request_is_found() -> None:
    more = (*SOUND.audit, line(3, "s2", "expired"))

    names = found(audit=more, counted=None)

    assert names == [(LOG, "beacon/s2: a line, expired, that nobody asked for")]


def test_two_refusals_alike_need_two_lines() -> None:
    twice = block(4, (request("s2"), "PolicyViolation"))

    assert found(blocks=(*SOUND.blocks, twice)) == [
        (LOG, "beacon/s2: refused, PolicyViolation, and there is no line of it")
    ]
    more = (*SOUND.audit, line(4, "s2", "PolicyViolation"))
    assert found(blocks=(*SOUND.blocks, twice), audit=more, counted=None) == []


def test_a_line_of_a_refusal_is_none_of_a_session_that_was_let_through() -> None:
    refused = (*SOUND.audit, line(3, "s3", "PolicyViolation"))

    assert found(audit=refused, open_sessions=frozenset(), counted=None) == [
        (LOG, "beacon/s3: let through and over, and there is no line of it"),
        (LOG, "beacon/s3: a line, PolicyViolation, that nobody asked for"),
    ]


def test_the_refusal_of_a_duplicate_is_no_line_of_what_it_duplicates() -> None:
    again = block(4, (request("s3"), "Duplicate"))
    refused = (*SOUND.audit, line(4, "s3", "Duplicate"))

    names = found(
        blocks=(*SOUND.blocks, again),
        audit=refused,
        open_sessions=frozenset(),
        counted=None,
    )

    assert names == [(LOG, "beacon/s3: let through and over, and there is no line of it")]


@pytest.mark.parametrize("outcome", ["signed", "failed", "expired", "KeyRetired"])
def test_a_session_may_end_in_any_of_these_ways(outcome: str) -> None:
    ended = (*SOUND.audit, line(3, "s3", outcome))

    assert found(audit=ended, open_sessions=frozenset(), counted=None) == []


def test_a_refusal_for_the_end_of_a_key_is_no_session_that_ended_with_it() -> None:
    late = block(4, (request("s3"), "KeyRetired"))
    refused = (*SOUND.audit, line(4, "s3", "KeyRetired"))
    blocks = (*SOUND.blocks, late)

    assert found(blocks=blocks, audit=refused, open_sessions=frozenset(), counted=None) == [
        (LOG, "beacon/s3: let through and over, and there is no line of it")
    ]


def test_a_line_of_a_session_that_is_open_is_found() -> None:
    early = (*SOUND.audit, line(3, "s3", "signed"))

    assert found(audit=early, counted=None) == [
        (LOG, "beacon/s3: a line, signed, that nobody asked for")
    ]


def test_a_request_for_another_chain_needs_no_line() -> None:
    strange = block(4, (request("s5"), "WrongChain"))

    assert found(blocks=(*SOUND.blocks, strange)) == []


def test_no_transaction_goes_without_a_verdict() -> None:
    with pytest.raises(TypeError, match="reasons"):
        BlockView(4, bytes(32), 4_000, b"", (request("s5"),))  # type: ignore[call-arg]  # that is the point
    cut = replace(SOUND.blocks[0], reasons=())
    with pytest.raises(ValueError, match="shorter"):
        found(blocks=(cut, *SOUND.blocks[1:]))


@pytest.mark.parametrize("kind", ["complete", "expired", "failed", "refused"])
def test_another_total_than_the_t_chains_is_found(kind: str) -> None:
    assert SOUND.counted is not None
    more = {**SOUND.counted, kind: SOUND.counted[kind] + 1}

    assert {name for name, _ in found(counted=more)} == {TOTALS}
