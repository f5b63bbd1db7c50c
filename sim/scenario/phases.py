"""Faults first, then recovery: which entries belong where, and who the core is.

The core is as small as the bounds allow: whoever isn't needed for a quorum of every committee that
may ever hold a key is left out, in an order drawn by the run's seed and the validators' names. A
committee that isn't known before the run may be any, so all of its quorum is kept in reserve.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sim.base.randomness import stream
from sim.protocol.ceremony import default_faults
from sim.scenario.plan import ActionPlan, CorruptionPlan, KeyPlan, RunPhases
from sim.scenario.quantities import format_duration
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

if TYPE_CHECKING:
    from sim.scenario.timeline import Placed

FAULTS: Final = frozenset(
    {
        "churn",
        "crash",
        "restart",
        "pause",
        "resume",
        "slow",
        "skew",
        "disk-fault",
        "partition",
        "isolate",
        "heal",
        "clog",
        "hold",
        "release",
        "link",
        "filter",
        "halt-ledger",
        "delay-ledger",
        "censor",
        "quiet",
    }
)
"""Actions that are faults, or end some; the others are what somebody asks for."""

_PATH: Final[KeyPath] = ("run", "phases")


def with_duration(file: ScenarioFile, registry: Registry) -> ScenarioFile:
    """Return `file` with the duration that its phases make; reports another one."""
    table, duration = file.run.phases, file.run.duration
    if table is None:
        return file
    total = table.safety + table.settle + table.liveness
    if duration is not None and duration != total:
        message = f"the phases are {format_duration(total)} together: leave the duration out"
        registry.reporter.conflict(message, ("run", "duration"), _PATH)
    if table.safety <= file.run.reaction:
        message = "the safety phase is over before any trigger could act"
        registry.reporter.conflict(message, (*_PATH, "safety"), ("run", "reaction"))
    return file.model_copy(update={"run": file.run.model_copy(update={"duration": total})})


def last_us(file: ScenarioFile, do: str) -> int | None:
    """Return before when an entry of that action must happen, in µs, or None."""
    table = file.run.phases
    if table is None:
        return file.run.duration
    return table.safety if do in FAULTS else table.safety + table.settle


def check_entry(file: ScenarioFile, do: str, at_us: int, registry: Registry, path: KeyPath) -> None:
    """Report an entry that happens once, and too late for its phase."""
    table, end = file.run.phases, last_us(file, do)
    if table is None or end is None or at_us < end:
        return
    rule = "faults belong in the safety phase" if do in FAULTS else "nothing begins that late"
    message = f"{rule}: {format_duration(at_us)} is not before {format_duration(end)}"
    registry.reporter.conflict(message, (*path, "at"), _PATH)


def bounded(
    file: ScenarioFile, corruptions: Sequence[CorruptionPlan], registry: Registry
) -> tuple[CorruptionPlan, ...]:
    """Return `corruptions` with the end that the safety phase sets; reports what begins later."""
    table = file.run.phases
    if table is None:
        return tuple(corruptions)
    for i, entry in enumerate(file.adversary):
        late = [
            key
            for key, at in (("from", entry.from_), ("until", (entry.until or 0) - 1))
            if at >= table.safety
        ]
        for key in late[:1]:
            message = f"adversaries give up when the safety phase ends: {key} is later"
            registry.reporter.conflict(message, ("adversary", i, key), _PATH)
    return tuple(
        replace(c, until_us=table.safety if c.until_us is None else min(c.until_us, table.safety))
        for c in corruptions
        if c.from_us < table.safety
    )


@dataclass(frozen=True)
class _Committee:
    """Members, None if they aren't known before the run, and how many of n may be missing."""

    members: frozenset[int] | None
    spare: int


def resolve_phases(
    file: ScenarioFile, keys: Iterable[KeyPlan], timeline: Sequence[Placed], registry: Registry
) -> RunPhases | None:
    """Return the phases with their core; reports one that leaves some committee without quorum."""
    table = file.run.phases
    if table is None:
        return None
    committees = [
        committee
        for key in keys
        for committee in _committees(key, [a for _, a in timeline if a.key == key.name])
    ]
    if table.core is None:
        outside = _outside(committees, registry)
    else:
        core = set(registry.select(table.core, (*_PATH, "core")))
        outside = frozenset(range(len(registry.names))) - core
        if registry.reporter.sound(("keys",), ("timeline",), _PATH):
            _check(outside, committees, registry)
    return RunPhases(
        safety_us=table.safety,
        settle_us=table.settle,
        liveness_us=table.liveness,
        core=tuple(v for v in range(len(registry.names)) if v not in outside),
        crashed=tuple(v for v in sorted(outside) if _drawn("outside", v, registry)[0] & 1),
    )


def _committees(key: KeyPlan, actions: Sequence[ActionPlan]) -> Iterator[_Committee]:
    """Yield every committee that a key may have, with what it can do without."""
    moves = any(a.do in ("rotate", "reshare", "rekey", "emergency") for a in actions)
    moves = moves or bool({"epoch", "churn"} & set(key.rotate.on))
    members = None if key.drawn is not None else frozenset(key.committee)
    yield _Committee(members, key.size - key.threshold - key.faults)
    if moves and members is not None:
        yield _Committee(None, key.size - key.threshold - key.faults)
    size, threshold = key.size, key.threshold
    for action in sorted(actions, key=lambda a: a.at_us):
        if action.do not in ("rotate", "reshare", "rekey", "emergency"):
            continue
        if action.drawn is not None:
            size = action.drawn
        elif action.committee is not None:
            size = len(action.committee)
        else:
            size += len(action.joins) - len(action.leaves)
        threshold = action.threshold or threshold
        faults = default_faults(threshold, size) if action.faults is None else action.faults
        known = None if action.committee is None else frozenset(action.committee)
        yield _Committee(known, max(0, size - threshold - faults))


def _missing(outside: frozenset[int], committee: _Committee) -> int:
    return len(outside if committee.members is None else outside & committee.members)


def _outside(committees: Sequence[_Committee], registry: Registry) -> frozenset[int]:
    """Return as many as can be left out, by lot."""
    outside: frozenset[int] = frozenset()
    everybody = range(len(registry.names))
    for node in sorted(everybody, key=lambda v: (_drawn("core", v, registry), v)):
        wider = outside | {node}
        if all(_missing(wider, committee) <= committee.spare for committee in committees):
            outside = wider
    return outside


def _drawn(purpose: str, node: int, registry: Registry) -> bytes:
    return stream(registry.seed, "phases", purpose, registry.names[node]).bytes(8)


def _check(outside: frozenset[int], committees: Sequence[_Committee], registry: Registry) -> None:
    for committee in committees:
        missing = _missing(outside, committee)
        if missing > committee.spare:
            message = (
                f"the core leaves out {missing} that a committee may need: "
                f"at most {committee.spare} can be missing for a quorum"
            )
            registry.reporter.error((*_PATH, "core"), message)
            return
