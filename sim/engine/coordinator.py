"""The run: shards advance, meet at exchanges, and never pass a block time before its block.

The coordinator drives its own shard and those of its workers from exchange to exchange. Between two
exchanges no shard can affect another: an exchange spans at most the least latency between shards,
ends at the next block time, and, while a trigger may cause something elsewhere, at the latest after
the reaction time.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import trio

from sim.base.codec import encode
from sim.base.errors import LocalError
from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.engine.cargo import Cargo, Packer
from sim.engine.collector import rare_collections
from sim.engine.crew import Crew
from sim.engine.driver import Driver, driving, find_factory
from sim.engine.exchange import Order, Report
from sim.engine.failure import cause
from sim.engine.faults import Due, LedgerRule, NetworkRule, scheduled
from sim.engine.frames import Boot
from sim.engine.mail import ARRIVAL, FROM_LEDGER, PENDING, Mail, recorded
from sim.engine.pool import Worker, working
from sim.engine.ports import Event, Hooks, Message, Progress, SimulationConfig
from sim.engine.results import Machine, Reason, SimulationResult
from sim.engine.triggers import Triggers

if TYPE_CHECKING:
    from sim.engine.ports import LedgerActor, LedgerDelivery, ShardParts, Submission

_PENDING_LABEL: Final = Label("", 0, "pending", "")
_PENDING: Final = recorded(_PENDING_LABEL)
MINUTE_US: Final = 60_000_000
"""Budgets are looked at this often at least, in virtual time."""


def run_simulation(
    config: SimulationConfig, ledger: LedgerActor, hooks: Hooks | None = None
) -> SimulationResult:
    """Run to the end, in a Trio loop of its own. Call it from a thread that runs none.

    Raises:
        WorkerError: A worker process died.
        LocalError: The parts broke the rules of an interface.
        Exception: Whatever a life, the ledger or a hook raised.
    """
    try:
        with rare_collections():
            return trio.run(_simulate, config, ledger, hooks or Hooks())
    except BaseExceptionGroup as group:
        raise cause(group) from None


async def _simulate(
    config: SimulationConfig, ledger: LedgerActor, hooks: Hooks
) -> SimulationResult:
    build = find_factory(config.factory)
    parts = build(config.config, 0, config.processes)
    watched = config.watched | Triggers(parts.faults, own=False).events
    boots = [
        Boot(
            config.factory,
            config.config,
            number,
            config.processes,
            watched,
            config.keep,
            config.switches,
        )
        for number in range(1, config.processes)
    ]
    async with (
        working(boots) as workers,
        driving(parts, 0, watched=watched, keep=config.keep, switches=config.switches) as driver,
    ):
        return await Coordinator(config, ledger, hooks, parts, driver, workers).run()


class Coordinator:
    """One run under way."""

    def __init__(
        self,
        config: SimulationConfig,
        ledger: LedgerActor,
        hooks: Hooks,
        parts: ShardParts,
        driver: Driver,
        workers: Sequence[Worker],
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._hooks = hooks
        self._driver = driver
        self._workers = workers
        self._crew = Crew(workers)
        self._owners = parts.owners
        self._rushing = sorted(parts.rushing)
        # A shard that is alone hears of nobody else's mail.
        self._exchange_us = parts.exchange_us if workers else NEVER_US
        self._triggers = Triggers(parts.faults, own=False)
        self._rules = [d for d in scheduled(parts.faults) if isinstance(d.action, LedgerRule)]
        shards = 1 + len(workers)
        self._now_us = 0
        self._check_us = self._tick_us(0)
        self._orders = [Order(0) for _ in range(shards)]
        self._packers = [Packer(shard) for shard in range(shards)]
        # Lives start at time 0 everywhere, so at first every shard has something to do.
        self._next_us = [0] * shards
        self._formed_us = 0
        self._deliveries = 0
        self._sent = [0] * shards
        self._delivered = [0] * shards
        self._exchanges = 0
        self._cpu_s = [0.0] * shards
        self._critical_s = 0.0

    async def run(self) -> SimulationResult:
        """Run to the end."""
        reason = None
        while reason is None:
            reason = await self._step()
        return await self._result(reason)

    async def _step(self) -> Reason | None:
        """Do the next thing in virtual time; return why there is none."""
        until = NEVER_US if self._config.until_us is None else self._config.until_us
        shards = min(self._next_us)
        block = self._ledger.next_block_us(self._now_us)
        rule = self._rules[0].at_us if self._rules else NEVER_US
        soon = min(shards, block, rule)
        if min(block, rule) > self._check_us <= min(shards, until):
            if (reason := self._over()) is not None:
                self._now_us = self._check_us
                return reason
            self._check_us = self._next_check_us(soon)
            return None
        if soon >= until:
            if self._config.until_us is None:
                return "idle"
            self._now_us = until
            return "until"
        if self._hooks.expired():
            return "expired"
        if soon == rule:
            self._apply_rule(heapq.heappop(self._rules))
        elif soon == block:
            await self._form(block)
        else:
            horizon = self._horizon_us(min(block, rule, until))
            if submissions := await self._exchange(horizon):
                self._ledger.accept(submissions)
        return None

    def _over(self) -> Reason | None:
        """Decide whether to end: whether all is done, at a block time; and whether it is too much.

        All shards have done exactly what is due before it, however they are cut: so the answer
        doesn't depend on their number, nor on when they happened to meet.
        """
        limit, now_us = self._config.message_limit, self._check_us
        at_block = self._ledger.next_tick_us(now_us - 1) == now_us
        if at_block and now_us >= self._config.open_until_us and self._hooks.stop(now_us):
            return "done"
        return "messages" if limit is not None and sum(self._sent) >= limit else None

    def _next_check_us(self, soon_us: int) -> int:
        """Return the next time at which the answer may differ, given what happens next."""
        tick = self._tick_us
        check = tick(max(self._check_us, soon_us - 1))
        if self._check_us < self._config.open_until_us:
            check = min(check, tick(max(self._check_us, self._config.open_until_us - 1)))
        return check

    def _horizon_us(self, limit_us: int) -> int:
        """Return how far shards may advance without hearing of each other or of the ledger."""
        shards = min(self._next_us)
        span = self._exchange_us
        if self._triggers.armed:
            span = min(span, self._config.reaction_us)
        return min(shards + span, self._tick_us(shards), limit_us)

    def _tick_us(self, after_us: int) -> int:
        """Return the next block time, or the next full minute if that is further away than one.

        Budgets hold while the ledger is halted, too, though no block time comes.
        """
        tick_us = self._ledger.next_tick_us(after_us)
        if tick_us - after_us <= MINUTE_US:
            return tick_us
        return (after_us // MINUTE_US + 1) * MINUTE_US

    def _dispatch(self, due: Due) -> None:
        """Send a triggered action to where it applies."""
        match due.action:
            case LedgerRule():
                heapq.heappush(self._rules, due)
            case NetworkRule():
                for shard in range(len(self._orders)):
                    self._give_fault(shard, due)
            case action:
                self._give_fault(self._owners[action.node], due)

    def _give_fault(self, shard: int, due: Due) -> None:
        self._orders[shard].faults.append(due)
        self._next_us[shard] = min(self._next_us[shard], due.at_us)

    def _give_mail(self, target: ValidatorIndex, mail: Mail) -> None:
        shard = self._owners[target]
        self._packers[shard].add(target, mail)
        self._next_us[shard] = min(self._next_us[shard], mail[ARRIVAL])

    def _pass_on(self, cargo: Cargo) -> None:
        self._orders[cargo.shard].cargo.append(cargo)
        self._next_us[cargo.shard] = min(self._next_us[cargo.shard], min(cargo.arrivals))

    async def _exchange(self, horizon_us: int) -> list[Submission]:
        """Let every shard that has something to do before `horizon_us` do it.

        Returns:
            The submissions to the ledger, by (sent, validator, sequence).
        """
        started_s = time.process_time()  # for the machine's figures; no result sees it
        reports = await self._advance(horizon_us)
        self._now_us = horizon_us
        self._exchanges += 1
        own_s = reports[0].cpu_s if 0 in reports else 0.0
        exchanging_s = time.process_time() - started_s - own_s
        self._cpu_s[0] += exchanging_s
        self._critical_s += exchanging_s + max(report.cpu_s for report in reports.values())
        submissions: list[Submission] = []
        events: list[Event] = []
        for shard, report in reports.items():
            self._next_us[shard] = report.next_us
            self._sent[shard] = report.sent
            self._delivered[shard] = report.delivered
            self._cpu_s[shard] += report.cpu_s
            submissions += report.submissions
            events += report.events
        for report in reports.values():
            for cargo in report.cargo:
                self._pass_on(cargo)
        self._observe(sorted(events))
        self._hooks.progress(Progress(horizon_us, sum(self._sent), sum(self._delivered)))
        return sorted(submissions)

    async def _advance(self, horizon_us: int) -> dict[int, Report]:
        """Send out the orders of the shards concerned, and wait for all their reports."""
        orders: dict[int, Order] = {}
        for shard, next_us in enumerate(self._next_us):
            if next_us < horizon_us:
                orders[shard] = self._orders[shard]
                orders[shard].horizon_us = horizon_us
                orders[shard].cargo += self._packers[shard].take()
                self._orders[shard] = Order(0)
        for shard, order in orders.items():
            if shard > 0:
                await self._workers[shard - 1].order(order)
        reports: dict[int, Report] = {}
        for shard, order in orders.items():  # its own shard is number 0, so it comes first
            if shard == 0:
                reports[shard] = await self._driver.carry_out(order)
            else:
                reports[shard] = await self._workers[shard - 1].report()
        return reports

    def _observe(self, events: Sequence[Event]) -> None:
        for event in events:
            if event.event in self._config.watched:
                self._hooks.observe(event)
            for due in self._triggers.count(event, self._config.reaction_us):
                self._dispatch(due)

    def _apply_rule(self, due: Due) -> None:
        if not isinstance(due.action, LedgerRule):
            raise LocalError(f"not for the ledger: {due}")
        self._now_us = due.at_us
        self._send_down(self._ledger.apply(due.at_us, due.action.rule))
        if self._check_us >= NEVER_US:  # heights may go on that had stopped for good
            self._check_us = self._ledger.next_tick_us(due.at_us)

    async def _form(self, block_us: int) -> None:
        """Form the block at `block_us`, once rushing adversaries have seen what it would take."""
        if block_us <= self._formed_us:
            raise LocalError(f"the ledger forms a block twice, at {block_us} µs")
        if self._rushing:
            await self._rush(block_us)
        self._now_us = self._formed_us = block_us
        self._send_down(await self._crew.help(partial(self._ledger.form, block_us)))
        journal = self._hooks.verdicts() if self._workers else b""
        for worker in self._workers:
            await worker.learn(journal)

    def _send_down(self, deliveries: Sequence[LedgerDelivery]) -> None:
        message, about = None, _PENDING
        for validator, arrival_us, _, label, transmission, payload in deliveries:
            self._deliveries += 1
            # A block is one message for everybody, so it crosses to a worker once.
            if message is None or message.payload is not payload or message.label != label:
                message, about = Message(LEDGER, label, payload), recorded(label)
            number = self._deliveries
            self._give_mail(
                validator,
                (arrival_us, FROM_LEDGER, LEDGER, number, 0, transmission, message, about),
            )

    async def _rush(self, block_us: int) -> None:
        """Show pending transactions to rushers in the last microsecond, after all else in it."""
        payload = encode(tuple(self._ledger.pending(block_us)))
        message = Message(LEDGER, _PENDING_LABEL, payload)
        at = block_us - 1
        for index in self._rushing:
            mail = (at, PENDING, LEDGER, self._deliveries, 0, 0, message, _PENDING)
            self._give_mail(index, mail)
        self._ledger.rush(block_us, await self._exchange(block_us))

    async def _result(self, reason: Reason) -> SimulationResult:
        results = [self._driver.result(), *[await worker.result() for worker in self._workers]]
        histories = {
            index: history for result in results for index, history in result.histories.items()
        }
        return SimulationResult(
            reason=reason,
            end_us=self._now_us,
            last_us=max((history.last_us for history in histories.values()), default=0),
            sent=sum(self._sent),
            delivered=sum(self._delivered),
            histories=dict(sorted(histories.items())),
            finished=tuple(result.finished for result in results),
            machine=Machine(
                exchanges=self._exchanges,
                windows=tuple(result.windows for result in results),
                wakes=tuple(result.wakes for result in results),
                cpu_s=tuple(self._cpu_s),
                forming_s=tuple(self._crew.busy_s),
                critical_s=self._critical_s + self._crew.critical_s,
                crossed_bytes=sum(worker.crossed_bytes for worker in self._workers),
                order=tuple(result.order for result in results),
                usage=tuple(result.usage for result in results),
            ),
        )
