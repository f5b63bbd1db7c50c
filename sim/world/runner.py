"""One run from its plan to what it leaves behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sim.base.codec import decode_canonical, encode
from sim.base.extensions import Source, extended
from sim.base.memo import Memo
from sim.base.meters import Meter, metering
from sim.checks import check_all
from sim.checks.attacks import can_sign, exposed
from sim.checks.observation import Observation
from sim.engine import ports as engine
from sim.engine.coordinator import run_simulation
from sim.engine.results import Machine, Reason
from sim.kchain.file import encode_ledger
from sim.kchain.ledger import Ledger
from sim.scenario.plan import Plan
from sim.tchain.book import Book
from sim.validator.tally import BYTE_METERS
from sim.world.eventlog import EventLog
from sim.world.genesis import chain_id, make_genesis
from sim.world.happened import Happened
from sim.world.ledger_actor import KchainActor
from sim.world.networking import make_ledger_links
from sim.world.observing import holders, observe, shareless
from sim.world.openness import StartedOperations
from sim.world.outcome import (
    Ending,
    NodeTraffic,
    Progress,
    ProgressCallback,
    RunOutcome,
    Switches,
)
from sim.world.principals import Principals
from sim.world.shard import ShardConfig, sharing
from sim.world.timeline import (
    last_scheduled_us,
    scheduled_halts,
    scheduled_requests,
    scheduled_withholdings,
)
from sim.world.withholding import withholding_of
from sim.world.witness import ShardTestimony, Testimony

_ENDINGS: Final[dict[Reason, Ending]] = {
    "done": "finished",
    "idle": "finished",
    "until": "duration",
    "messages": "message-limit",
    "expired": "wall-limit",
}


def run_plan(
    plan: Plan,
    processes: int = 1,
    switches: Switches | None = None,
    progress: ProgressCallback | None = None,
    extensions: tuple[Source, ...] = (),
) -> RunOutcome:
    """Run `plan` to its end, check it, and return what it leaves behind.

    The engine runs Trio here, so the calling thread must run none.

    Args:
        plan: What to do.
        processes: Shards, each in a process of its own; the first in this one.
        switches: What only tests set; None of it may change a result, but for `perturb`.
        progress: Told at every exchange.
        extensions: The code from outside that the plan uses.

    """
    with extended(extensions):
        config = ShardConfig(plan, switches or Switches(), extensions)
        return _run(config, processes, progress)


def _run(config: ShardConfig, processes: int, progress: ProgressCallback | None) -> RunOutcome:
    plan, switches = config.plan, config.switches
    actor, started = make_actor(plan), StartedOperations(plan)
    memo = Memo(switches.memo)
    if processes > 1:
        memo.keep_journal()
    with sharing(memo), metering(Meter()) as ledger_meter:
        happened = Happened(plan)
        hooks = _hooks(plan, actor, started, happened, memo, progress)
        result = run_simulation(_config(config, processes), actor, hooks)
    actor.close(result.end_us)
    shards = [decode_canonical(blob, ShardTestimony) for blob in result.finished]
    testimonies = sorted(
        (testimony for shard in shards for testimony in shard.validators), key=lambda t: t.index
    )
    counts = actor.tchain.book.counts()
    observation = observe(plan, actor.ledger, testimonies, result.end_us, counts)
    last = Progress(result.end_us, actor.ledger.height_at(result.end_us), result.sent)
    with sharing(memo):
        violations = check_all(observation, lambda: None if progress is None else progress(last))
    return RunOutcome(
        plan=plan,
        events=EventLog(result.histories),
        histories=[history.digest.hex() for _, history in sorted(result.histories.items())],
        ledger=encode_ledger(actor.ledger.genesis, actor.ledger.blocks),
        blocks=list(actor.ledger.blocks),
        state=actor.state,
        violations=violations,
        messages=_summed(testimony.messages for testimony in testimonies),
        bytes=_summed(testimony.sent_bytes for testimony in testimonies),
        charged={plan.validators[t.index].name: _charged(t) for t in testimonies},
        injected=_summed(testimony.injected for testimony in testimonies),
        ending=_ENDINGS[result.reason],
        end_us=result.end_us,
        last_us=result.last_us,
        shareless=shareless(plan, actor.state, testimonies),
        holders=holders(plan, actor.state, testimonies),
        traffic_of={
            plan.validators[t.index].name: NodeTraffic(t.messages, t.sent_bytes)
            for t in testimonies
        },
        traffic=_traffic(testimonies),
        attacks=Tried(observation),
        tchain=_counted(actor.tchain.book),
        happened=dict(happened.counts),
        asked=list(actor.principals.asked),
        fired=dict(started.fired),
        machine=_machine(result.machine, shards, testimonies, ledger_meter, memo.ahead),
    )


class Tried:
    """Attacks on the keys of a finished run, tried when an expectation asks for them."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation

    def can_sign(self, key: str, using: Sequence[tuple[str, int]]) -> bool:
        """Say whether the shares that `using` names make a signature under the key."""
        return can_sign(self._observation, key, using)

    def exposed(self, key: str) -> bool:
        """Say whether all that the adversary stole and recorded gives the key away."""
        return exposed(self._observation, key)


def _counted(book: Book) -> dict[str, Any]:
    """Return the T-chain's own count of all sessions, those that the chain opens included."""
    counts = book.counts()
    return {
        "complete": counts.complete,
        "expired": counts.expired,
        "failed": counts.failed,
        "refused": dict(sorted(counts.refused.items())),
        "seats_most": book.seats_most,
    }


def _traffic(testimonies: Sequence[Testimony]) -> dict[tuple[str, int], tuple[int, int]]:
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for testimony in testimonies:
        for session, attempt, counts in testimony.attempts:
            messages, size = found.get((session, attempt), (0, 0))
            of_bytes = sum(counts.get(meter, 0) for meter in BYTE_METERS)
            messages += sum(counts.values()) - of_bytes
            found[session, attempt] = (messages, size + of_bytes)
    return found


def make_actor(plan: Plan) -> KchainActor:
    """Return the ledger of a run, with everything that the timeline does to it at known times."""
    ledger = Ledger(make_genesis(plan))
    for from_us, until_us in scheduled_halts(plan):
        ledger.halt(from_us, until_us)
    actor = KchainActor(
        ledger,
        make_ledger_links(plan),
        Principals(plan, chain_id(plan)),
        {action.id: action for action in plan.timeline if action.when is not None},
        len(plan.validators),
        withholding_of(plan),
    )
    for action in scheduled_withholdings(plan):
        actor.withhold(action.at_us, action)
    for action in scheduled_requests(plan):
        actor.ask(action.at_us, action)
    return actor


def _config(config: ShardConfig, processes: int) -> engine.SimulationConfig:
    plan, switches = config.plan, config.switches
    return engine.SimulationConfig(
        factory="sim.world.shard:build",
        config=encode(config),
        processes=processes,
        reaction_us=plan.reaction_us,
        until_us=plan.duration_us,
        open_until_us=last_scheduled_us(plan) + 1,
        message_limit=plan.message_limit,
        watched=StartedOperations(plan).watched | Happened(plan).watched,
        switches=engine.Switches(width_divisor=switches.width_divisor, shuffle=switches.shuffle),
    )


def _hooks(
    plan: Plan,
    actor: KchainActor,
    started: StartedOperations,
    happened: Happened,
    memo: Memo,
    progress: ProgressCallback | None,
) -> engine.Hooks:
    lasts = plan.duration_us is not None  # then the run goes on until that is over

    def report(reached: engine.Progress) -> None:
        if progress is not None:
            progress(_progress(reached, actor))

    def observe(event: engine.Event) -> None:
        started.observe(event)
        happened.observe(event)

    return engine.Hooks(
        stop=lambda now_us: not lasts and started.settled(now_us) and actor.settled(now_us),
        observe=observe,
        progress=report,
        expired=_stopwatch(plan.wall_limit_us),
        verdicts=memo.journal,
    )


def _stopwatch(limit_us: int | None) -> Callable[[], bool]:
    """Return whether `limit_us` of real time have passed since now: a budget, never a result."""
    if limit_us is None:
        return lambda: False
    end = time.monotonic() + limit_us / 1_000_000
    return lambda: time.monotonic() >= end


def _progress(reached: engine.Progress, actor: KchainActor) -> Progress:
    phases = tuple(
        (f"{state.ceremony.key}#{state.ceremony.attempt}", state.phase.value)
        for state in actor.state.ceremonies()
        if not state.ended
    )
    return Progress(
        time_us=reached.now_us,
        height=actor.ledger.height_at(reached.now_us),
        messages=reached.sent,
        phases=phases,
    )


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Meter()
    for one in counts:
        total.merge(one)
    return total.sorted()


def _charged(testimony: Testimony) -> dict[str, int]:
    return _summed(testimony.charged.values())


def _machine(
    machine: Machine,
    shards: Sequence[ShardTestimony],
    testimonies: Sequence[Testimony],
    ledger: Meter,
    ahead: Meter,
) -> dict[str, Any]:
    """Return what the execution took, and what was really computed rather than charged.

    A call that the memoiser answered was charged, so what was saved is taken off again; what was
    found out `ahead` of every call was executed once more than that.
    """
    executed = _summed([ledger.counts, ahead.counts, *map(_charged, testimonies)])
    saved = _summed(shard.saved for shard in shards)
    return {
        "exchanges": machine.exchanges,
        "windows": list(machine.windows),
        "wakes": list(machine.wakes),
        "shard_cpu_seconds": [round(seconds, 3) for seconds in machine.cpu_s],
        "block_cpu_seconds": [round(seconds, 3) for seconds in machine.forming_s],
        "process_cpu_seconds": [round(used.cpu_s, 3) for used in machine.usage],
        "process_peak_mib": [round(used.peak_bytes / (1 << 20), 1) for used in machine.usage],
        "critical_path_seconds": round(machine.critical_s, 3),
        "crossed_bytes": machine.crossed_bytes,
        "memo": {
            "hits": sum(shard.memo_hits for shard in shards),
            "misses": sum(shard.memo_misses for shard in shards),
        },
        "executed": {name: count - saved.get(name, 0) for name, count in executed.items()},
    }
