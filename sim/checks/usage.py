"""Every use of a key, and every refusal, stands in the audit log; and nothing else does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.checks.chain_views import AuditLine, BlockView
from sim.checks.observation import Observation
from sim.checks.registry import Finding, check
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    RecordSignSession,
    RequestSign,
)
from sim.protocol.signing_events import FAILED, OUTCOMES, SIGNED
from sim.protocol.signing_task import NOBODY
from sim.protocol.transactions import Transaction

UNREAD: Final = frozenset({"BadNonce", "BadSignature", "Malformed", "WrongChain"})
"""Reasons for which nobody has even read what a transaction asks for."""

ENDS: Final = (*OUTCOMES, "KeyRetired")
"""How a session that was let through ends: by itself, or with its key."""


class _Request(NamedTuple):
    """A request for a signature as a block has it; `reason` is why it was refused, if it was."""

    block: BlockView
    principal: bytes
    asked: RequestSign
    reason: str

    @property
    def where(self) -> str:
        """The session that it asks for, for messages."""
        return f"{self.asked.key}/{self.asked.signing}"


_Line: TypeAlias = tuple[str, str, bytes, str, str]
"""(key's name, session's id, principal, context, outcome): what a request says of its line."""


@check
def every_use_is_in_the_audit_log(observation: Observation) -> Iterator[Finding]:
    """Every request for a signature and every record of one has its one line, and no other line is.

    [kchain, "Audit log": which keys signed what, when, at whose request; refusals as well.]

    The blocks are read again for it: what the chain itself opens has no request.
    """
    requests = list(_requests(observation))
    left = Counter(_said(line) for line in observation.audit if line.requester != NOBODY)
    # Refusals first: one for which its key's end is the reason takes no line of a session's end.
    for request in requests:
        if request.reason and not _taken(left, request, (request.reason,)):
            yield Finding(
                f"{request.where}: refused, {request.reason}, and there is no line of it",
                request.block.time_us,
            )
    for request in requests:
        is_open = (request.asked.key, request.asked.signing) in observation.open_sessions
        if not (request.reason or is_open or _taken(left, request, ENDS)):
            yield Finding(
                f"{request.where}: let through and over, and there is no line of it",
                request.block.time_us,
            )
    for line in reversed(observation.audit):
        # The later of two equal lines is the one too many.
        if left[_said(line)] > 0:
            left[_said(line)] -= 1
            yield Finding(
                f"{line.key}/{line.signing}: a line, {line.outcome}, that nobody asked for",
                observation.at_us(line.height),
            )
    yield from _unrecorded(observation)


def _said(line: AuditLine) -> _Line:
    return line.key, line.signing, line.requester, line.context, line.outcome


def _taken(left: Counter[_Line], request: _Request, outcomes: Iterable[str]) -> bool:
    """Take a line of `request` with one of `outcomes` off those that are left, if there is any."""
    asked = request.asked
    for outcome in outcomes:
        line = (asked.key, asked.signing, request.principal, asked.context, outcome)
        if left[line] > 0:
            left[line] -= 1
            return True
    return False


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
        for raw, reason in zip(block.transactions, block.reasons, strict=True):
            try:
                transaction = decode_canonical(raw, Transaction)
            except DecodeError:
                continue
            if transaction.kind == kind:
                yield block, transaction, reason


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
