"""The summary of a run: wholly deterministic, and what every report is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sim.base.codec import tuple_hash
from sim.base.meters import Meter
from sim.kchain.records import Key
from sim.scenario.plan import ActionPlan
from sim.world.ceremonies import describe_attempt
from sim.world.chronicle import Chronicle
from sim.world.expectations import evaluate
from sim.world.keys import count_sessions, describe_key, ended_sessions
from sim.world.liveness import UNRECOVERABLE, recovery, stalls
from sim.world.lives import Attempts, Lives
from sim.world.outcome import RunOutcome
from sim.world.partitions import describe_partitions
from sim.world.principals import Asked
from sim.world.verdicts import BUDGETS, VERDICTS, Exit, judge_run
from sim.world.views import Facts

Record = dict[str, Any]

CEREMONIES_END: Final = "ceremonies-end"
"""Name of the one invariant that is judged here: it depends on what expectations speak about."""

CEREMONIES_END_SENTENCE: Final = (
    "When the run is over, all that principals asked for is on the ledger and none of their "
    "ceremonies is open, unless an expectation speaks about the key. [protocols, steps 0–6: every "
    "phase has a deadline.] (liveness)"
)


def summarise(outcome: RunOutcome, plan_id: str) -> Record:
    """Return the summary of `outcome`, but for its format and version, with verdict and digest.

    Args:
        outcome: The finished run.
        plan_id: 8 hex digits of the resolved scenario's hash.

    """
    chronicle = Chronicle(outcome.state, outcome.blocks)
    known = _attempts(outcome, chronicle)
    attempts = sorted(
        known.stories.values(), key=lambda story: (story["start"], story["key"], story["attempt"])
    )
    requests = [_request(asked, chronicle) for asked in outcome.asked]
    lives = Lives(outcome, chronicle, known, requests)
    keys = {
        plan.name: {
            **describe_key(plan, attempts, outcome, chronicle),
            **lives.describe(plan.name),
            "sessions": count_sessions(plan.name, outcome.state),
        }
        for plan in outcome.plan.keys
    }
    actions = [_action(action, outcome) for action in outcome.plan.timeline]
    corruptions = _corruptions(outcome)
    recovered = recovery(outcome, keys, attempts, requests)
    violations = _violations(outcome, attempts, requests, recovered)
    facts = Facts(
        keys,
        attempts,
        corruptions,
        violations,
        requests,
        ended_sessions(outcome.state),
        actions,
        outcome.attacks,
        outcome.happened,
        outcome.fired,
    )
    expectations = evaluate(outcome.plan.expects, facts)
    code = judge_run(violations, expectations, outcome.ending)
    summary: Record = {
        **_run(outcome, plan_id, code, recovered),
        "keys": keys,
        "disputes": _disputes(attempts),
        "ceremonies": attempts,
        "actions": actions,
        "requests": requests,
        "tchain": dict(outcome.tchain),
        "corruptions": corruptions,
        "violations": violations,
        "expectations": expectations,
    }
    if recovered is not None:
        summary["recovery"] = recovered
    partitions = describe_partitions(outcome.plan, outcome.state, outcome.blocks)
    if partitions:
        summary["partitions"] = partitions
    return {**summary, "digest": run_digest(outcome, summary)}


def _run(outcome: RunOutcome, plan_id: str, code: Exit, recovered: Record | None) -> Record:
    """Return the figures of the run as a whole."""
    return {
        "scenario": outcome.plan.name,
        "seed": outcome.plan.seed,
        "plan": plan_id,
        "verdict": _verdict(code, recovered),
        "exit_code": int(code),
        "ending": outcome.ending,
        "head": outcome.state.head.hex(),
        "height": outcome.state.height,
        "genesis_time_us": outcome.plan.ledger.genesis_time_us,
        "virtual_seconds": outcome.last_us / 1_000_000,
        "messages": dict(outcome.messages),
        "bytes": dict(outcome.bytes),
        "meters": _totals(outcome.charged),
    }


def _verdict(code: Exit, recovered: Record | None) -> str:
    """Return the verdict in words: one that passes may have had to stop for want of shares."""
    judged = recovered["keys"].values() if recovered is not None else ()
    if code is Exit.PASS and any(key["verdict"] == UNRECOVERABLE for key in judged):
        return UNRECOVERABLE
    return VERDICTS[code]


def run_digest(outcome: RunOutcome, summary: Mapping[str, Any]) -> str:
    """Return the run's digest: every history, the ledger's head, and the summary, 64 hex digits."""
    return tuple_hash(
        "K-chain/run/v1", list(outcome.histories), outcome.state.head, _content_hash(summary)
    ).hex()


def digests(outcome: RunOutcome, summary: Mapping[str, Any]) -> Record:
    """Return what `digests.json` holds: the run's digest, and what it covers."""
    names = [validator.name for validator in outcome.plan.validators]
    return {
        "run": summary["digest"],
        "ledger": outcome.state.head.hex(),
        "summary": _content_hash(summary),
        "histories": dict(zip(names, outcome.histories, strict=True)),
    }


def _content_hash(summary: Mapping[str, Any]) -> str:
    """Hash what happened: not the digest itself, and not the lines that expectations stand in."""
    covered = {name: value for name, value in summary.items() if name != "digest"}
    covered["expectations"] = [
        {name: value for name, value in result.items() if name not in ("file", "line")}
        for result in summary["expectations"]
    ]
    return tuple_hash("K-chain/summary/v1", covered).hex()


def _attempts(outcome: RunOutcome, chronicle: Chronicle) -> Attempts:
    states = {
        (state.ceremony.session, state.ceremony.attempt): state
        for state in outcome.state.all_ceremonies()
    }
    stories = {name: describe_attempt(state, chronicle) for name, state in states.items()}
    return Attempts(states, stories, outcome.traffic)


def _disputes(attempts: Sequence[Record]) -> list[Record]:
    return [
        {"key": attempt["key"], "attempt": attempt["attempt"], **dispute}
        for attempt in attempts
        for dispute in attempt["disputes"]
    ]


def _corruptions(outcome: RunOutcome) -> list[Record]:
    return [
        {
            "id": corruption.id,
            "validator": outcome.plan.validators[corruption.validator].name,
            "behaviour": corruption.behaviour,
            "injected": outcome.injected.get(corruption.id, 0),
        }
        for corruption in outcome.plan.corruptions
    ]


def _action(action: ActionPlan, outcome: RunOutcome) -> Record:
    """Return a timeline entry as reports show it: names instead of positions, nothing empty."""
    names = [validator.name for validator in outcome.plan.validators]
    shown: Record = {"id": action.id, "do": action.do}
    if action.when is None:
        shown["at_us"] = action.at_us
    else:
        node = action.when.node
        shown["when"] = {
            "event": action.when.event,
            "node": None if node is None else names[node],
            "nth": action.when.nth,
        }
        if action.id not in outcome.fired:
            shown["fired"] = False
    if action.key:
        shown["key"] = action.key
    if action.nodes:
        shown["nodes"] = [names[node] for node in action.nodes]
    if action.groups:
        shown["groups"] = [
            [names[node] if node >= 0 else "ledger" for node in group] for group in action.groups
        ]
    shown |= _order(action, names)
    for end, nodes in (("from", action.sources), ("to", action.targets)):
        if nodes:
            shown[end] = [names[node] if node >= 0 else "ledger" for node in nodes]
    for name, value in (
        ("senders", list(action.senders)),
        ("kinds", list(action.kinds)),
        ("times", action.times if action.times > 1 else None),
    ):
        if value:
            shown[name] = value
    if action.do in ("crash", "disk-fault") and action.lose != "unsynced":
        shown["lose"] = action.lose
    if action.until_us is not None:
        shown["until_us"] = action.until_us
    return shown


def _order(action: ActionPlan, names: Sequence[str]) -> Record:
    """Return what an entry asks of the chain, nothing empty; `by` only if it isn't the owner."""
    shown: Record = {}
    if action.committee is not None:
        shown["committee"] = [names[node] for node in action.committee]
    if action.drawn is not None:
        shown["drawn"] = action.drawn
    if action.repartition is not None:
        shown["repartition"] = action.repartition
    for name, nodes in (("joins", action.joins), ("leaves", action.leaves)):
        if nodes:
            shown[name] = [names[node] for node in nodes]
    for name in ("threshold", "context", "principal"):
        if getattr(action, name):
            shown[name] = getattr(action, name)
    if action.do == "authorize":
        shown["role"] = action.role
    if action.by != "owner":
        shown["by"] = action.by
    return shown


def _request(asked: Asked, chronicle: Chronicle) -> Record:
    """Return what a principal asked for, and what the chain made of it.

    `height` and `time_us` are those of the block that holds it, None if there is none.
    """
    stands = chronicle.inclusion(asked.raw)
    return {
        "id": asked.action or None,
        "do": asked.do,
        "key": asked.key or None,
        "by": asked.by,
        "asked_us": asked.arrival_us,
        "height": None if stands is None else stands.height,
        "time_us": None if stands is None else stands.time_us,
        "refused": None if stands is None else stands.rejected,
    }


def _violations(
    outcome: RunOutcome,
    attempts: Sequence[Record],
    requests: Sequence[Record],
    recovered: Record | None,
) -> list[Record]:
    found = [
        {
            "invariant": violation.invariant,
            "kind": violation.kind,
            "detail": violation.detail,
            "time_us": violation.time_us,
            "validator": violation.validator or None,
        }
        for violation in outcome.violations
    ]
    if recovered is None:
        return found + _unfinished(outcome, attempts, requests)
    return found + ([] if outcome.ending in BUDGETS else stalls(recovered, recovered["ends_us"]))


def _unfinished(
    outcome: RunOutcome, attempts: Sequence[Record], requests: Sequence[Record]
) -> list[Record]:
    """Return what the end of the run cut off, unless an expectation speaks about its key.

    Every phase has a deadline, so a run that is long enough sees the end of every ceremony; and a
    key that was asked for is on the ledger, unless that stood still. What the chain's rules begin,
    and validators that lack their share, may go on for ever: the end may cut it off. A run that a
    budget cut short says nothing about progress.
    """
    if outcome.ending in BUDGETS:
        return []
    spoken = {expect.key for expect in outcome.plan.expects if expect.key is not None}
    asked_for = {name for name, key in outcome.state.keys.items() if _is_asked_for(key)}
    open_attempts = [
        attempt
        for attempt in attempts
        if attempt["outcome"] == "open" and attempt["key"] in asked_for - spoken
    ]
    details = [f"{a['session']}#{a['attempt']} {_standing(a)}" for a in open_attempts]
    details += [
        f"{request['do']} of {request['key']} was asked for, and no block held it"
        for request in requests
        if request["height"] is None and request["key"] not in spoken
    ]
    return [
        {
            "invariant": CEREMONIES_END,
            "kind": "liveness",
            "detail": f"{detail} when the run was over",
            "time_us": outcome.plan.duration_us or outcome.last_us,
            "validator": None,
        }
        for detail in details
    ]


def _is_asked_for(key: Key) -> bool:
    """Say whether what is pending for a key was asked for by a principal."""
    return key.pending is not None and key.pending.trigger in ("create", "manual", "emergency")


def _standing(attempt: Record) -> str:
    if attempt["start_us"] is None:
        return "had not begun"
    return f"was still in {attempt['phases'][-1]['phase']}"


def _totals(charged: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total = Meter()
    for counts in charged.values():
        total.merge(counts)
    return total.sorted()
