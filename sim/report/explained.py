"""A plan's keys, timeline, adversaries and expectations as rows: what it is about, what of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sim.adversary import BEHAVIOURS
from sim.report.explained_network import ends, figures, named
from sim.report.words import count, names
from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.plan import ActionPlan, CorruptionPlan, KeyPlan, Plan, PolicyPlan, RotatePlan
from sim.scenario.quantities import format_duration

_UNDONE: Final = {
    "crash": "restarts",
    "pause": "goes on",
    "slow": "restored",
    "skew": "restored",
    "partition": "heals",
    "isolate": "heals",
    "clog": "restored",
    "hold": "released",
    "link": "restored",
    "halt-ledger": "goes on",
    "disk-fault": "mended",
    "filter": "over",
    "delay-ledger": "over",
    "censor": "over",
}
"""What ends an action, by its name."""


_COMPLAINTS: Final = {"dispute": "one's word", "provable": "proofs"}


def key(plan: Plan, this: KeyPlan) -> Iterator[tuple[str, str]]:
    """Yield the rows of a key."""
    yield "scheme", f"{this.scheme}, {this.threshold} of {this.size}"
    quorum = f"{count(this.threshold + this.faults, 'confirmation')}"
    yield "quorum", f"{quorum}: t = {this.threshold}, f* = {this.faults}"
    pool, drawn = count(len(plan.validators), "validator"), "drawn by stake from the block before"
    if this.drawn is None:
        yield "committee", names(named(plan, this.committee))
    elif this.partition is None:
        yield "committee", f"{this.drawn} of {pool}, {drawn} the request"
    else:
        many = f"{count(this.partition.count, 'committee')} of {this.drawn}"
        yield "committees", f"{many} that share nobody, of {pool}, {drawn} the first request"
    yield "attempts", f"at most {this.attempts}, {count(this.retry_after, 'height')} apart"
    yield "protocol", f"{this.protocol}; complaints are {_COMPLAINTS[this.complaints]}"
    yield "commitments", f"{this.commitments} form; missing shares answered {this.justifications}"
    yield "policy", ", ".join(policy(this.policy))
    yield "rotation", "; ".join(_rotations(this.rotate)) or "only when it is asked for"


def policy(this: PolicyPlan) -> Iterator[str]:
    """Yield what a key may be used for, and by whom."""
    most = this.max_signings_per_epoch
    yield "any number of signatures" if most is None else f"{count(most, 'signature')} per epoch"
    yield f"for {', '.join(this.contexts) or 'anything'}"
    if this.admins:
        yield f"changed by {', '.join(this.admins)}"
    if this.principals:
        yield f"asked for by {', '.join(this.principals)}"
    if this.quorum:
        yield f"by at least {count(this.quorum, 'signer')}"
    if this.expires_us is not None:
        yield f"until {format_duration(this.expires_us)}"


def _rotations(this: RotatePlan) -> Iterator[str]:
    words = {
        "epoch": "reshare at every epoch",
        "churn": "reshare at an epoch when a member is gone",
        "policy-violation": "refresh after a policy violation",
    }
    yield from (words[event] for event in this.on)
    if this.every is not None:
        yield f"refresh every {count(this.every, 'height')}"
    if this.max_age is not None:
        yield f"refresh once shares are {count(this.max_age, 'height')} old"


def action(plan: Plan, this: ActionPlan) -> tuple[str, str]:
    """Return the row of a timeline entry: when, and what."""
    return _moment(plan, this), f"{', '.join(_action(plan, this))}  [{this.id}]"


def _action(plan: Plan, this: ActionPlan) -> Iterator[str]:
    yield this.do
    if this.key:
        yield this.key
    if this.nodes:
        yield names(named(plan, this.nodes))
    if this.groups:
        yield " | ".join(names(named(plan, group)) for group in this.groups)
    if this.sources:
        yield ends(plan, this)
    yield from _chosen(this)
    if this.by_us:
        most = "up to " if this.do == "clog" else ""
        yield f"by {most}{format_duration(this.by_us)}"
    if this.figures is not None:
        yield from figures(this.figures)
    if this.direction != "both":
        yield this.direction
    if this.do in ("crash", "disk-fault"):
        yield f"losing {this.lose}"
    if this.times > 1:
        yield f"{count(this.times, 'time')}, up for {format_duration(this.up_us)} in between"
    if this.service_us:
        yield f"{format_duration(this.service_us)} per input"
    if this.drift_ppm:
        yield f"drifting by {this.drift_ppm} ppm"
    yield from _asked(plan, this)
    if this.target:
        yield f"of {this.target}"
    elif this.do == "heal":
        yield "everything"
    if this.until_us is not None:
        yield f"{_UNDONE.get(this.do, 'ends')} after {format_duration(this.until_us)}"


def _chosen(this: ActionPlan) -> Iterator[str]:
    """Yield which messages or transactions an entry is about."""
    if this.senders:
        yield f"principals {names(list(this.senders))}"
    if this.kinds:
        yield f"kind {', '.join(this.kinds)}"
    if this.do == "filter":
        many = "all" if this.count is None else str(this.count)
        yield f"from no. {this.nth} on {many}"
        if not this.by_us:
            yield "dropped"


def _asked(plan: Plan, this: ActionPlan) -> Iterator[str]:
    """Yield what a principal asks for, and who asks."""
    if this.committee is not None:
        yield f"to {names(named(plan, this.committee))}"
    if this.repartition is not None:
        draw = "the partition drawn anew" if this.repartition == "anew" else "the newest partition"
        yield f"to its {this.drawn} of {draw}"
    elif this.drawn is not None:
        yield f"to {this.drawn} drawn by stake"
    if this.joins:
        yield f"with {names(named(plan, this.joins))}"
    if this.leaves:
        yield f"without {names(named(plan, this.leaves))}"
    if this.threshold:
        yield f"threshold {this.threshold}"
    if this.faults is not None:
        yield f"f* = {this.faults}"
    if this.principal:
        yield f"{this.principal} as {this.role}" if this.do == "authorize" else this.principal
    if this.policy is not None:
        yield from policy(this.policy)
    if this.context:
        yield f"for {this.context}"
    if this.message:
        yield f"message {this.message.hex()}"
    if this.by != "owner":
        yield f"by {this.by}"


def _moment(plan: Plan, this: ActionPlan) -> str:
    when = this.when
    if when is None:
        return format_duration(this.at_us)
    who = "anyone" if when.node is None else plan.validators[when.node].name
    return f"{when.event} no. {when.nth} of {who}"


def corruption(plan: Plan, this: CorruptionPlan) -> tuple[str, str]:
    """Return the row of a corruption: who, what, and what should come of it."""
    said = [this.behaviour]
    if this.victims:
        said.append(f"against {names(named(plan, this.victims))}")
    said += [f"{name} = {value}" for name, value in sorted(this.params.items())]
    if this.from_us:
        said.append(f"from {format_duration(this.from_us)}")
    if this.until_us is not None:
        said.append(f"until {format_duration(this.until_us)}")
    outcome = f"Expected: {BEHAVIOURS[this.behaviour].expected}"
    return plan.validators[this.validator].name, f"{', '.join(said)}  [{this.id}]\n{outcome}"


def expectation(this: ExpectPlan) -> tuple[str, str]:
    """Return the row of an expectation: of whom, and what."""
    subject = ", ".join(name for name in (this.key, this.validator) if name) or "run"
    apart = ("key", "validator", "of", "within_us", "at_us", "file", "line")
    said = [
        f"{name} = {_shown(getattr(this, name))}"
        for name in this.__struct_fields__
        if name not in apart and getattr(this, name) is not None
    ]
    if this.of:
        said.append(f"of {this.of}")
    if this.within_us is not None:
        said.append(f"within {format_duration(this.within_us)}")
    if this.at_us is not None:
        said.append(f"at {format_duration(this.at_us)}")
    return subject, f"{', '.join(said)}  [{this.file}:{this.line}]"


def _shown(value: Any) -> str:
    """Write a predicate's value: pairs and triples as in ``v03 bad-proof``."""
    if isinstance(value, tuple):
        entries = (" ".join(map(str, one)) if isinstance(one, tuple) else one for one in value)
        return ", ".join(entries) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)
