"""Every use of a key, and every refusal, stands in the audit log; and nothing else does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.checks.chain_views import BlockView
from sim.checks.observation import Observation
from sim.checks.registry import Finding, check
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    RecordSignSession,
    RequestSign,
)
from sim.protocol.signing_events import FAILED, SIGNED
from sim.protocol.signing_task import NOBODY
from sim.protocol.transactions import Transaction

UNREAD: Final = frozenset({"BadNonce", "BadSignature", "Malformed"})
"""Reasons for which nobody has even read what a transaction asks for."""


class _Request(NamedTuple):
    """A request for a signature as a block has it; `reason` is why it was refused, if it was."""

    block: BlockView
    principal: bytes
    asked: RequestSign
    reason: str


@check
def every_use_is_in_the_audit_log(observation: Observation) -> Iterator[Finding]:
    """Every request for a signature and every record of one has its one line, and no other line is.

    [kchain, "Audit log": which keys signed what, when, at whose request; refusals as well.]

    The blocks are read again for it: what the chain itself opens has no request.
    """
    lines = Counter((line.key, line.signing, line.outcome) for line in observation.audit)
    accounted: Counter[tuple[str, str]] = Counter()
    for request in _requests(observation):
        name = request.asked.key, request.asked.signing
        where = f"{name[0]}/{name[1]}"
        if request.reason:
            if not lines[(*name, request.reason)]:
                detail = f"{where}: refused, {request.reason}, and there is no line of it"
                yield Finding(detail, request.block.time_us)
        elif name not in observation.open_sessions and not _ended(observation, request):
            detail = f"{where}: let through and over, and there is no line of it"
            yield Finding(detail, request.block.time_us)
        accounted[name] += 1
    for line in observation.audit:
        name = line.key, line.signing
        if line.requester == NOBODY:
            continue
        accounted[name] -= 1
        if accounted[name] < 0:
            yield Finding(
                f"{line.key}/{line.signing}: a line, {line.outcome}, that nobody asked for",
                observation.at_us(line.height),
            )
    yield from _unrecorded(observation)


def _requests(observation: Observation) -> Iterator[_Request]:
    for block, transaction, reason in _read(observation, REQUEST_SIGN):
        try:
            asked = decode_canonical(transaction.payload, RequestSign)
        except DecodeError:
            continue
        if reason not in UNREAD:
            yield _Request(block, transaction.principal, asked, reason)


def _read(observation: Observation, kind: str) -> Iterator[tuple[BlockView, Transaction, str]]:
    for block in observation.blocks:
        for raw, reason in zip(block.transactions, block.reasons, strict=False):
            try:
                transaction = decode_canonical(raw, Transaction)
            except DecodeError:
                continue
            if transaction.kind == kind:
                yield block, transaction, reason


def _ended(observation: Observation, request: _Request) -> bool:
    """Say whether the log has a line of a session, by whom and for what it was asked."""
    return any(
        (line.key, line.signing, line.requester, line.context)
        == (request.asked.key, request.asked.signing, request.principal, request.asked.context)
        for line in observation.audit
    )


def _unrecorded(observation: Observation) -> Iterator[Finding]:
    """Find sessions that were recorded, with effect, and left no line at that height."""
    ended = {
        (line.key, line.signing, line.height)
        for line in observation.audit
        if line.outcome in (SIGNED, FAILED)
    }
    for block, transaction, reason in _read(observation, RECORD_SIGN_SESSION):
        if reason:
            continue
        said = decode_canonical(transaction.payload, RecordSignSession)
        if (said.key, said.signing, block.height) not in ended:
            yield Finding(
                f"{said.key}/{said.signing}: recorded, and there is no line of it", block.time_us
            )


@check
def totals_are_the_t_chains(observation: Observation) -> Iterator[Finding]:
    """As many lines of each kind stand in the audit log as the T-chain has counted for itself.

    [kchain, "Scope": every signing session references the key record; the T-chain executes them.]
    """
    counted = observation.counted
    if counted is None:
        return
    lines = Counter(line.outcome for line in observation.audit)
    pairs = (
        ("signed", lines["signed"], counted["complete"]),
        ("expired", lines["expired"], counted["expired"]),
        ("lines", len(observation.audit), sum(counted.values())),
    )
    for what, here, there in pairs:
        if here != there:
            yield Finding(
                f"{what}: {here} in the audit log, and {there} by the T-chain's count",
                observation.end_us,
            )
