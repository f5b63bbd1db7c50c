"""The story of every attempt, as the ledger tells it: phases, statements, verdicts.

Names everywhere, never indices; heights with their virtual times.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.protocol.ceremony import Ceremony
from sim.protocol.entries import Fault
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import (
    Answer,
    Expose,
    Justification,
    OpenReply,
    Reconstruct,
    Response,
)
from sim.protocol.phases import Phase
from sim.world.chronicle import Chronicle, Statement

Record = dict[str, Any]

_OUTCOMES: Final = {Phase.ACTIVE: "active", Phase.FAILED: "failed"}


def describe_attempt(state: CeremonyState, chronicle: Chronicle) -> Record:
    """Return the story of one attempt: the chain's final fold of it, and what was said in it."""
    times_us = chronicle.times_us
    ceremony = state.ceremony
    said = chronicle.attempt(ceremony.session, ceremony.attempt)
    faults = [_fault(fault, ceremony.attempt, times_us) for fault in state.faults]
    return {
        "key": ceremony.key,
        "session": ceremony.label,
        "operation": ceremony.operation,
        "era": ceremony.era,
        "generation": ceremony.generation,
        "attempt": ceremony.attempt,
        "outcome": _OUTCOMES.get(state.phase, "open"),
        "reason": state.reason or None,
        "detail": state.detail or None,
        "start": ceremony.start,
        "start_us": _begun_us(times_us, ceremony.start),
        "end": state.ended_at,
        "end_us": None if state.ended_at is None else times_us[state.ended_at],
        "committee": [member.name for member in ceremony.members],
        "dealers": [dealer.name for dealer in ceremony.dealers],
        "target": ceremony.member(ceremony.target).name if ceremony.target else None,
        "threshold": ceremony.threshold,
        "quorum": ceremony.quorum,
        "phases": _phases(state, times_us),
        "announced": _names(ceremony, state.transport),
        "dealt": _dealers(ceremony, state.deals),
        "qual": _dealers(ceremony, state.qual),
        "excluded": [
            {"validator": _dealer(ceremony, dealer), "reason": why}
            for dealer, why in sorted(state.excluded.items())
        ],
        "faults": faults,
        "disputes": [
            {"dealer": d.dealer, "accuser": d.accuser, "kind": d.kind} for d in state.disputes
        ],
        "published": [
            {"dealer": _dealer(ceremony, dealer), "holder": _name(ceremony, holder)}
            for dealer, holder in state.published
        ],
        "confirmed": _names(ceremony, state.confirmed),
        "signing_sets": len(state.lists),
        "excluded_from_signing": [
            {"validator": _name(ceremony, member), "reason": why}
            for member, why in sorted(state.unsigning.items())
        ],
        "statements": [_statement(ceremony, statement) for statement in said],
    }


def _fault(fault: Fault, attempt: int, times_us: Mapping[int, int]) -> Record:
    """Return a fault with the ids of the transactions that prove it."""
    return {
        "validator": fault.validator,
        "fault": fault.fault,
        "proof": fault.proof,
        "attempt": attempt,
        "height": fault.height,
        "time_us": times_us[fault.height],
        "evidence": [hashlib.sha256(raw).hexdigest() for raw in fault.evidence],
    }


def _begun_us(times_us: Mapping[int, int], start: int) -> int | None:
    """Return the virtual time of the height before a phase's first: then members may act.

    It always has a block, unless the run was over before it: then the phase never began.
    """
    return times_us.get(start - 1)


def _phases(state: CeremonyState, times_us: Mapping[int, int]) -> list[Record]:
    ended = [
        {
            "phase": span.phase,
            "start": span.start,
            "end": span.end,
            "start_us": _begun_us(times_us, span.start),
            "end_us": times_us[span.end],
        }
        for span in state.spans
    ]
    if state.ended:
        return ended
    running = {
        "phase": state.phase.value,
        "start": state.phase_start,
        "end": None,
        "start_us": _begun_us(times_us, state.phase_start),
        "end_us": None,
    }
    return [*ended, running]


def _name(ceremony: Ceremony, index: int) -> str:
    return ceremony.member(index).name if 1 <= index <= ceremony.size else f"#{index}"


def _dealer(ceremony: Ceremony, index: int) -> str:
    """Return the name of the dealer that deals under `index`: in a reshare an old share's."""
    dealer = ceremony.dealer_by_index.get(index)
    return f"#{index}" if dealer is None else dealer.name


def _dealers(ceremony: Ceremony, indices: Iterable[int]) -> list[str]:
    return [_dealer(ceremony, index) for index in sorted(indices)]


def _names(ceremony: Ceremony, indices: Iterable[int]) -> list[str]:
    return [_name(ceremony, index) for index in sorted(indices)]


def _statement(ceremony: Ceremony, statement: Statement) -> Record:
    record: Record = {
        "height": statement.height,
        "time_us": statement.time_us,
        "validator": statement.author,
        "kind": statement.kind,
        "transaction": statement.transaction,
        "rejected": statement.rejected,
    }
    return record | _content(ceremony, statement)


def _content(ceremony: Ceremony, statement: Statement) -> Record:
    """Return what a statement says about others; nothing when it is malformed."""
    try:
        match statement.kind:
            case "response":
                response = decode_canonical(statement.body, Response)
                return {
                    "complaints": [
                        {"dealer": _dealer(ceremony, c.dealer), "kind": c.kind}
                        for c in response.complaints
                    ]
                }
            case "justification" | "answer":
                answers = statement.kind == "answer"
                justification: Justification | Answer = (
                    decode_canonical(statement.body, Answer)
                    if answers
                    else decode_canonical(statement.body, Justification)
                )
                return {
                    "replies": [
                        {"accuser": _name(ceremony, r.accuser), "kind": r.kind}
                        for r in justification.replies
                    ]
                }
            case "open-reply":
                opened = decode_canonical(statement.body, OpenReply)
                return {
                    "openings": [
                        {"dealer": _dealer(ceremony, o.dealer), "accepts": not o.seeds}
                        for o in opened.openings
                    ]
                }
            case "expose" | "reconstruct":
                kind: type[Expose | Reconstruct] = Expose
                if statement.kind == "reconstruct":
                    kind = Reconstruct
                exposed = decode_canonical(statement.body, kind)
                return {"exposed": [_dealer(ceremony, share.dealer) for share in exposed.shares]}
            case _:
                return {}
    except DecodeError:
        return {"malformed": True}
