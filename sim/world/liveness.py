"""Safety, then liveness: whether the core has ended what was open, once all faults were over.

What is judged is the state at the end of the liveness phase: nothing is open, nothing that began
with a whole core has failed. A generation of which fewer than t good shares are left in the core
can't be brought back by anybody: that is a correct stop, and has a verdict of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sim.scenario.plan import RunPhases
from sim.world.outcome import RunOutcome
from sim.world.phases import lost_of

Record = dict[str, Any]

CORE_RECOVERS: Final = "core-recovers"
"""Name of the invariant, which is judged here: it depends on the phases of the run."""

CORE_RECOVERS_SENTENCE: Final = (
    "Once faults are over, the core ends every ceremony within the liveness budget, and none that "
    "began then fails, unless fewer than t good shares are left in it. [scenarios, `run.phases`: "
    "safety, then liveness.] (liveness)"
)

UNRECOVERABLE: Final = "unrecoverable"
"""The verdict about a key, and about a passed run with one, of which too few shares are left."""


def recovery(
    outcome: RunOutcome,
    keys: Mapping[str, Record],
    attempts: Sequence[Record],
    requests: Sequence[Record],
) -> Record | None:
    """Return what has become of the core and its keys; None if the run has no phases.

    Args:
        outcome: The finished run.
        keys: As in the summary.
        attempts: Of all ceremonies, in order of their start.
        requests: What principals asked for.

    """
    plan = outcome.plan
    phases = plan.phases
    if phases is None:
        return None
    names = [validator.name for validator in plan.validators]
    core = [names[node] for node in phases.core]
    settled_us = phases.safety_us + phases.settle_us
    return {
        "healed_us": phases.safety_us,
        "settled_us": settled_us,
        "ends_us": settled_us + phases.liveness_us,
        "core": core,
        "crashed": [names[node] for node in phases.crashed],
        "isolated": [names[v] for v in lost_of(plan) if v not in phases.crashed],
        "keys": {
            name: _judged(outcome, phases, name, keys[name], attempts, requests) for name in keys
        },
    }


def _judged(
    outcome: RunOutcome,
    phases: RunPhases,
    name: str,
    key: Record,
    attempts: Sequence[Record],
    requests: Sequence[Record],
) -> Record:
    names = [outcome.plan.validators[node].name for node in phases.core]
    held = [who for who in outcome.holders.get(name, ()) if who in names]
    seated = [who for who in key["committee"] if who in names]
    said: Record = {"shares": len(held), "needed": key["threshold"], "lost": []}
    if key["status"] in ("Active", "Rotating") and len(held) < key["threshold"]:
        said["lost"] = [who for who in seated if who not in held]
        detail = f"{len(held)} good shares are left, and {key['threshold']} are needed"
        return {"verdict": UNRECOVERABLE, **said, "detail": detail}
    mine = [attempt for attempt in attempts if attempt["key"] == name]
    settled_us = phases.safety_us + phases.settle_us
    stalled = list(_stalled(name, key, mine, requests, settled_us, names))
    if stalled:
        return {"verdict": "stalled", **said, "detail": "; ".join(stalled)}
    words = {"Absent": "absent", "Failed": "failed", "Retired": "retired"}
    detail = f"{key['reason']} in the safety phase" if key["status"] == "Failed" else ""
    return {"verdict": words.get(key["status"], "recovered"), **said, "detail": detail}


def _stalled(
    name: str,
    key: Record,
    attempts: Sequence[Record],
    requests: Sequence[Record],
    settled_us: int,
    core: Sequence[str],
) -> Iterator[str]:
    """Yield what is open, and what failed although the core was whole when it began.

    Of every session the last attempt counts; repairs only if they are of the active generation and
    of somebody in the core: nobody can give a share back to who is lost.
    """
    last = {attempt["session"]: attempt for attempt in attempts}
    for attempt in last.values():
        title = f"{attempt['session']}#{attempt['attempt']}"
        older = (attempt["era"], attempt["generation"]) < (key["era"], key["generation"])
        hopeless = attempt["target"] is not None and attempt["target"] not in core
        if attempt["outcome"] == "open":
            phase = attempt["phases"][-1]["phase"] if attempt["phases"] else "the first phase"
            yield f"{title} is still in {phase}"
        elif (
            attempt["outcome"] == "failed"
            and _began(attempt["start_us"], settled_us)
            and not (older or hopeless)
        ):
            yield f"{title} failed, {attempt['reason']}, though it began after the heal"
    if key["status"] == "Pending" and not any(a["outcome"] == "open" for a in attempts):
        yield "the key waits for another attempt"
    for rotation in key["rotations"]:
        if rotation["outcome"] is None and rotation["started_us"] is None:
            yield f"{rotation['operation']} has not begun"
    for request in requests:
        if request["key"] == name and request["height"] is None:
            yield f"{request['do']} was asked for, and no block held it"


def _began(at_us: int | None, settled_us: int) -> bool:
    return at_us is not None and at_us >= settled_us


def stalls(found: Record | None, ends_us: int) -> list[Record]:
    """Return the broken invariants, as the summary has them."""
    return [
        {
            "invariant": CORE_RECOVERS,
            "kind": "liveness",
            "detail": f"{name}: {judged['detail']}",
            "time_us": ends_us,
            "validator": None,
        }
        for name, judged in (found["keys"] if found else {}).items()
        if judged["verdict"] == "stalled"
    ]
