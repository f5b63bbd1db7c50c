"""A context whose inputs are written down beforehand, and which notes everything that is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sim.adversary import Adversary
from sim.base.ids import Label, ValidatorIndex
from sim.kchain.blocks import pack_blocks
from sim.kchain.ledger import Ledger
from sim.scenario.plan import Plan
from sim.validator.costs import INSTANT, CostModel
from sim.validator.events import EFFECT
from sim.validator.life import Setup, Validator
from sim.validator.ports import Arrival, News
from sim.world.board import KchainBoard
from sim.world.genesis import chain_id, identity_of, make_genesis, registration_of
from sim.world.principals import Principals
from sim.world.vaults import unlock_of
from tests.world.plans import CREATE


class ScriptOverError(Exception):
    """Every input has been taken."""


class CrashedHereError(Exception):
    """The script crashes the validator at this event."""


@dataclass
class ScriptedContext:
    """Plays `script`; every input arrives 1 ms after the one before."""

    script: Sequence[Arrival]
    incarnation: int = 0
    crash_at: str = ""
    now_us: int = 0
    sent: list[tuple[ValidatorIndex, Label, bytes]] = field(default_factory=list)
    submitted: list[tuple[Label, bytes]] = field(default_factory=list)
    records: list[tuple[str, str]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    slept_us: list[int] = field(default_factory=list)
    taken: int = 0
    effects: int = 0
    crash_at_effect: int = 0

    async def receive(self, deadline_us: int | None) -> Arrival | None:
        """Return the next input, None if the deadline is sooner, or end the script."""
        if self.taken == len(self.script):
            raise ScriptOverError
        self.now_us += 1_000
        if deadline_us is not None and deadline_us < self.now_us:
            return None
        self.taken += 1
        return self.script[self.taken - 1]

    async def sleep(self, duration_us: int) -> None:
        """Let time pass."""
        self.slept_us.append(duration_us)
        self.now_us += duration_us

    def local_delay_us(self, delay_us: int) -> int:
        """Return `delay_us`: this clock is right."""
        return delay_us

    def send(self, target: ValidatorIndex, label: Label, payload: bytes) -> None:
        """Note a message."""
        self.sent.append((target, label, payload))

    def submit(self, label: Label, payload: bytes) -> None:
        """Note a submission."""
        self.submitted.append((label, payload))

    def record(self, kind: str, _label: Label, _peer: ValidatorIndex, verdict: str) -> None:
        """Note a record."""
        self.records.append((kind, verdict))

    def happened(self, event: str) -> None:
        """Note an event; crash if it is the one, or if it is the effect of that number."""
        if event == EFFECT:
            self.effects += 1
            if self.effects == self.crash_at_effect:
                raise CrashedHereError
            return
        self.events.append(event)
        if event == self.crash_at:
            raise CrashedHereError


def make_validator(plan: Plan, index: int = 0, costs: CostModel = INSTANT) -> Validator:
    """Return an honest validator of `plan`."""
    return Validator(
        Setup(
            index=ValidatorIndex(index),
            name=plan.validators[index].name,
            identity=identity_of(plan, index),
            seed=plan.seed,
            chain=chain_id(plan),
            board=KchainBoard(make_genesis(plan)),
            finality=plan.ledger.finality,
            conscience=Adversary(plan.seed, ValidatorIndex(index), ()),
            costs=costs,
            unlock=unlock_of(plan, index),
            message_max=plan.quotas.message_max,
            rto_us=lambda _: 200_000,
            rto_max_us=10_000_000,
            retransmissions=None,
            registration=(registration_of(plan, index) if plan.validators[index].standby else None),
        )
    )


def live(validator: Validator, context: ScriptedContext) -> ScriptedContext:
    """Run one incarnation until the script is over or a crash; nothing in it ever waits."""
    try:
        validator.live(context).send(None)
    except (ScriptOverError, CrashedHereError):
        return context
    raise AssertionError("a life waited for something else than its context")


@dataclass
class ScriptedLedger:
    """A ledger that forms a block whenever it is told to, from what it is given."""

    plan: Plan
    ledger: Ledger = field(init=False)
    principals: Principals = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(make_genesis(self.plan))
        self.principals = Principals(self.plan, chain_id(self.plan))

    def ask_for_key(self) -> News:
        """Form the block that holds CreateKey."""
        return self.block(*self.principals.ask(CREATE, self._now_us, self.ledger.state))

    def block(self, *transactions: bytes, read: bool = False) -> News:
        """Form the next block out of `transactions`, or because somebody reads."""
        tick_us = self.ledger.next_tick_us(self._now_us)
        for place, raw in enumerate(transactions):
            self.ledger.submit(tick_us - 1, place, raw)
        if read:
            self.ledger.read(tick_us - 1, 0)
        formed = self.ledger.form(tick_us)
        assert formed is not None
        return News(pack_blocks([formed.raw]), catch_up=False)

    def everything(self) -> News:
        """Return the answer to a read."""
        return News(pack_blocks(self.ledger.blocks[1:]), catch_up=True)

    @property
    def _now_us(self) -> int:
        return self.ledger.state.time_us - self.plan.ledger.genesis_time_us
