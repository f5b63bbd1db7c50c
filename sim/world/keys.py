"""What has become of each key, as the summary says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sim.kchain.records import Draw, KeyRecord
from sim.kchain.state import ChainState
from sim.protocol.signing_events import EXPIRED, FAILED, SIGNED
from sim.protocol.signing_task import NOBODY
from sim.scenario.plan import KeyPlan
from sim.world.chronicle import Chronicle
from sim.world.outcome import RunOutcome

Record = dict[str, Any]

_ENDS: Final = {SIGNED: "complete", EXPIRED: "expired", FAILED: "failed"}
"""Word in the summary by outcome in the audit log; every other outcome is a refusal."""


def describe_key(
    plan: KeyPlan, attempts: Sequence[Record], outcome: RunOutcome, chronicle: Chronicle
) -> Record:
    """Return what has become of one key.

    Args:
        plan: As the scenario declares it.
        attempts: The stories of all attempts, of other keys too. One that the run was over before
            counts for nothing.
        outcome: The finished run.
        chronicle: Its chain.

    """
    mine = [a for a in attempts if a["key"] == plan.name and a["start_us"] is not None]
    last = mine[-1] if mine else None
    entry = outcome.state.keys.get(plan.name)
    record = None if entry is None else entry.record
    draw = outcome.state.draws.get(plan.name)
    named = [outcome.plan.validators[index].name for index in plan.committee]
    threshold, size = (plan.threshold, plan.size) if record is None else record.threshold
    faults = plan.faults if record is None else record.faults
    committee = list(record.committee) if record is not None else named
    if record is None and draw is not None:
        committee = list(draw.committee)
    made = [] if record is None else [a for a in mine if _made(a, record)]
    described: Record = {
        "scheme": plan.scheme,
        "threshold": threshold,
        "faults_tolerated": faults,
        "quorum": threshold + faults,
        "size": size,
        "status": "Absent" if entry is None else entry.status,
        "generation": 0 if record is None else record.generation,
        "era": 1 if record is None else record.era,
        "public_key": None if record is None else record.public_key.hex(),
        "verification_shares": [] if record is None else _hexes(record.share_commitments),
        "committee": committee,
        "qual": made[-1]["qual"] if made else [],
        "attempts": len(mine),
        "attempts_max": plan.attempts,
        "reason": last["reason"] if last is not None and record is None else None,
        "faults": [fault for attempt in mine for fault in attempt["faults"]],
        "excluded": last["excluded"] if last else [],
        "shareless": list(outcome.shareless.get(plan.name, ())),
        "asked_us": _asked_us(plan.name, mine, outcome),
        "created_us": mine[0]["start_us"] if mine else None,
        "activation": None if record is None else _activation(record, chronicle),
        "test_signature": None if record is None else _test_signature(record, chronicle),
    }
    return described if draw is None else {**described, "draw": describe_draw(draw)}


def describe_draw(draw: Draw) -> Record:
    """Return how a committee was drawn: enough to draw it again."""
    return {
        "committee": list(draw.committee),
        "index": draw.index,
        "seed": draw.seed.hex(),
        "block": draw.block.hex(),
        "signer_set": draw.signer_set.hex(),
        "p_chain_height": draw.p_chain_height,
        "epoch": draw.epoch,
        "policy": draw.policy.hex(),
    }


def _made(attempt: Record, record: KeyRecord) -> bool:
    """Say whether the attempt made the generation that `record` describes."""
    made = (attempt["era"], attempt["generation"], attempt["attempt"])
    return (
        made == (record.era, record.generation, record.attempt)
        and attempt["operation"] == record.operation
    )


def ended_sessions(state: ChainState) -> list[Record]:
    """Return the requests for signatures that are over, signed or not, in order of their end."""
    genesis_us = state.genesis.time_us
    return [
        {"key": entry.key, "outcome": entry.outcome, "time_us": entry.time_us - genesis_us}
        for entry in state.audit
        if entry.requester != NOBODY
    ]


def count_sessions(key: str, state: ChainState) -> Record:
    """Return what has become of the requests for signatures by `key`.

    Those that the chain opens by itself, to test a generation or to endorse one, don't count.
    """
    counts: Record = {"complete": 0, "expired": 0, "failed": 0, "open": 0}
    refused: dict[str, int] = {}
    for session in ended_sessions(state):
        if session["key"] != key:
            continue
        word = _ENDS.get(session["outcome"])
        if word is None:
            refused[session["outcome"]] = refused.get(session["outcome"], 0) + 1
        else:
            counts[word] += 1
    counts["open"] = sum(
        session.key == key and session.requester != NOBODY
        for session in state.open_sessions.values()
    )
    return {**counts, "refused": dict(sorted(refused.items()))}


def _hexes(points: Sequence[bytes]) -> list[str]:
    return [point.hex() for point in points]


def _asked_us(key: str, attempts: Sequence[Record], outcome: RunOutcome) -> int | None:
    """When the key was asked for: the action's instant, or its block for a triggered one."""
    for action in outcome.plan.timeline:
        if action.do == "create-key" and action.key == key and action.when is None:
            return action.at_us
    return attempts[0]["start_us"] if attempts else None


def _activation(record: KeyRecord, chronicle: Chronicle) -> Record:
    return {
        "message": record.activation_message.hex(),
        "signature": record.activation_signature.hex(),
        "height": record.activated_at,
        "time_us": chronicle.times_us[record.activated_at],
    }


def _test_signature(record: KeyRecord, chronicle: Chronicle) -> Record | None:
    session = chronicle.signing(record)
    if session is None or session.statement is None:
        return None
    statement = session.statement
    return {
        "signing": statement.signing,
        "context": statement.context,
        "message": statement.message.hex(),
        "signature": statement.signature.hex(),
        "signers": [record.committee[index - 1] for index in statement.signers],
        "verified": chronicle.verifies(record.scheme, record.public_key, session),
        "height": session.height,
        "time_us": chronicle.times_us[session.height],
    }
