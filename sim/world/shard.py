"""One shard of a run, as every process builds it from the plan: `build` is the engine's factory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass

import msgspec

from sim.adversary import BEHAVIOURS, Adversary
from sim.base.codec import decode_canonical, encode
from sim.base.errors import LocalError
from sim.base.extensions import Source, extended
from sim.base.ids import Label, ValidatorIndex
from sim.base.memo import Memo, using
from sim.base.spool import Spool
from sim.engine import ports as engine
from sim.engine.context import Context as EngineContext
from sim.network.links import LinkNetwork
from sim.scenario.plan import Plan
from sim.validator.life import Setup, Validator
from sim.validator.ports import Arrival, Letter, News, Order, Peek
from sim.world.board import KchainBoard
from sim.world.costing import prices
from sim.world.genesis import (
    chain_id,
    identity_of,
    make_genesis,
    registration_of,
    transport_seeds_of,
)
from sim.world.networking import exchange_us, make_network, members_of, owners_of, rto_from
from sim.world.outcome import Switches
from sim.world.timeline import faults_of
from sim.world.vaults import unlock_of
from sim.world.witness import ShardTestimony, Testimony, WitnessedStore, count_stolen, testify


class ShardConfig(msgspec.Struct, frozen=True):
    """What crosses to the processes: the plan, switches that only tests set, code from outside."""

    plan: Plan
    switches: Switches
    extensions: tuple[Source, ...] = ()


class LifeContext:
    """The engine's context, as the validator layer wants it."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self.incarnation = context.incarnation
        self.sleep = context.sleep
        self.local_delay_us = context.local_delay_us
        self.send = context.send
        self.submit = context.submit
        self.happened = context.happened

    @property
    def now_us(self) -> int:
        """True virtual time in µs."""
        return self._context.now_us

    async def receive(self, deadline_us: int | None) -> Arrival | None:
        """Return the next arrival, or None at the deadline."""
        match await self._context.receive(deadline_us):
            case None:
                return None
            case engine.Message(source, label, payload):
                return Letter(source, label, payload)
            case engine.Blocks(payload, catch_up):
                return News(payload, catch_up)
            case engine.Pending(transactions):
                return Peek(transactions)
            case engine.Command("join" | "leave" as do):
                return Order(do)
            case engine.Command(order):
                raise LocalError(f"no validator knows how to {order}")

    def record(self, kind: str, label: Label, peer: ValidatorIndex, verdict: str) -> None:
        """Write a line of this validator's history."""
        self._context.record(kind, label, peer, verdict)


@dataclass(frozen=True)
class ShardWorld:
    """The validators of one shard, and what they share."""

    validators: dict[ValidatorIndex, Validator]
    adversaries: dict[ValidatorIndex, Adversary]
    memo: Memo

    def finish(self) -> bytes:
        """Return the encoded `ShardTestimony`."""
        testimonies = [self._testimony(index) for index in sorted(self.validators)]
        memo = self.memo
        return encode(ShardTestimony(testimonies, memo.hits, memo.misses, memo.saved.sorted()))

    def _testimony(self, index: ValidatorIndex) -> Testimony:
        validator, adversary = self.validators[index], self.adversaries[index]
        read = {
            corrupt.id: count_stolen(validator.store, corrupt.from_us, corrupt.until_us)
            for corrupt in adversary.reading
        }
        return testify(validator, {**adversary.injections, **read})


def build(config: bytes, shard: int, shards: int) -> engine.ShardParts:
    """Build shard `shard` of `shards`; see `engine.ports.Factory`."""
    given = decode_canonical(config, ShardConfig)
    with extended(given.extensions):
        return _build(given, shard, shards)


def _build(given: ShardConfig, shard: int, shards: int) -> engine.ShardParts:
    plan = given.plan
    network = make_network(plan, given.switches.perturb)
    owners = owners_of(plan, shards)
    mine = members_of(owners, shard)
    memo, around = _memo(given.switches)
    adversaries = {index: _adversary(given, index) for index in mine}
    validators = _validators(plan, network, adversaries)
    world = ShardWorld(validators, adversaries, memo)
    return engine.ShardParts(
        network=network,
        lives={index: _life(validator) for index, validator in validators.items()},
        stores=validators,
        owners=owners,
        width_us=network.least_latency_us(mine, mine),
        exchange_us=exchange_us(network, owners),
        faults=faults_of(plan),
        rushing=_rushing(given),
        mailbox_max=plan.quotas.mailbox_max,
        downlinks=network.downlinks(mine),
        around=_both(extended(given.extensions), around),
        finish=world.finish,
        learn=memo.learn,
    )


def _rushing(given: ShardConfig) -> frozenset[ValidatorIndex]:
    """Return the validators with a behaviour that sees pending transactions."""
    with extended(given.extensions):
        return frozenset(
            ValidatorIndex(corrupt.validator)
            for corrupt in given.plan.corruptions
            if BEHAVIOURS[corrupt.behaviour].rushing
        )


def _adversary(given: ShardConfig, index: ValidatorIndex) -> Adversary:
    """Return what corrupts one validator.

    Every corrupted validator has modules of its own of what comes from outside: what they keep in
    variables can't depend on who else is in the shard.
    """
    plan = given.plan
    corrupted = any(corrupt.validator == index for corrupt in plan.corruptions)
    with extended(given.extensions) if corrupted else nullcontext():
        return Adversary(plan.seed, index, plan.corruptions, identity_of(plan, index).sign)


@contextmanager
def _both(
    outer: AbstractContextManager[object], inner: AbstractContextManager[object]
) -> Iterator[None]:
    with outer, inner:
        yield


_shared: ContextVar[Memo | None] = ContextVar("shared_memo", default=None)


@contextmanager
def sharing(memo: Memo) -> Iterator[None]:
    """Let the shard that is built in this process use `memo`, as the ledger does."""
    token = _shared.set(memo)
    try:
        with using(memo):
            yield
    finally:
        _shared.reset(token)


def _memo(switches: Switches) -> tuple[Memo, AbstractContextManager[object]]:
    """Return this process's memo, and what sets it: nothing where the ledger has set it already."""
    shared = _shared.get()
    if shared is not None:
        return shared, nullcontext()
    memo = Memo(switches.memo)
    return memo, using(memo)


def _validators(
    plan: Plan, network: LinkNetwork, adversaries: Mapping[ValidatorIndex, Adversary]
) -> dict[ValidatorIndex, Validator]:
    """Return the validators; the `Adversary` of an honest one has no behaviours."""
    board = KchainBoard(make_genesis(plan))
    costs = prices(plan)
    spool = Spool()
    return {
        index: Validator(
            Setup(
                index=index,
                name=plan.validators[index].name,
                identity=identity_of(plan, index),
                seed=plan.seed,
                chain=chain_id(plan),
                board=board,
                finality=plan.ledger.finality,
                conscience=adversary,
                costs=costs,
                unlock=unlock_of(plan, index),
                message_max=plan.quotas.message_max,
                rto_us=rto_from(network, index),
                rto_max_us=plan.transport.rto_max_us,
                retransmissions=plan.transport.retransmissions,
                registration=registration_of(plan, index)
                if plan.validators[index].standby
                else None,
                transport_seeds=transport_seeds_of(plan, index)
                if plan.transport.keys == "long-lived"
                else None,
            ),
            store=WitnessedStore(spool, recording=bool(plan.corruptions)),
        )
        for index, adversary in adversaries.items()
    }


def _life(validator: Validator) -> engine.Life:
    async def live(context: EngineContext) -> None:
        if isinstance(validator.store, WitnessedStore):
            validator.store.clock = lambda: context.now_us
        await validator.live(LifeContext(context))

    return live
