"""What has become of each key, as the summary says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.kchain.records import Draw, KeyRecord, SignSession
from sim.scenario.plan import KeyPlan
from sim.world.chronicle import Chronicle
from sim.world.outcome import RunOutcome

Record = dict[str, Any]


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
    described: Record = {
        "scheme": plan.scheme,
        "threshold": plan.threshold,
        "faults_tolerated": plan.faults,
        "quorum": plan.threshold + plan.faults,
        "size": plan.size,
        "status": "Absent" if entry is None else entry.status,
        "generation": 0 if record is None else record.generation,
        "era": 1 if record is None else record.era,
        "public_key": None if record is None else record.public_key.hex(),
        "verification_shares": [] if record is None else _hexes(record.share_commitments),
        "committee": named if draw is None else list(draw.committee),
        "qual": [] if record is None or last is None else last["qual"],
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
    session: SignSession | None = chronicle.signing(record.name)
    if session is None:
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
