"""A few validators and a ledger in one thread, without engine or network: for tests of the loop.

Messages arrive at once, blocks at their times. A validator can be crashed before any of its effects
and started again; everything is deterministic.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Coroutine, Generator, Iterable, Sequence
from typing import Any

from sim.base.ids import NEVER_US, Label, ValidatorIndex
from sim.kchain.blocks import pack_blocks
from sim.kchain.ledger import Ledger
from sim.kchain.state import ChainState
from sim.scenario.plan import ActionPlan, Plan
from sim.validator.events import EFFECT
from sim.validator.life import Validator
from sim.validator.ports import Arrival, Letter, News
from sim.validator.store import Lose
from sim.world.genesis import chain_id, make_genesis
from sim.world.principals import Principals
from sim.world.witness import WitnessedStore
from tests.validator.scripted import make_validator


class CrashedError(BaseException):
    """Ends a life before an effect."""


@types.coroutine
def _parked() -> Generator[None, None, None]:
    yield


class Resident:
    """One validator in a town: the context of its lives, one after the other.

    Attributes:
        effects: Counted over all its incarnations.
        crash_at: Before which effect it crashes, or 0.
        notes: (kind, session, verdict) of every record.

    """

    def __init__(self, town: Town, index: int) -> None:
        self._town = town
        self.index = ValidatorIndex(index)
        self.validator: Validator = make_validator(town.plan, index)
        self.validator.store = WitnessedStore()
        self.incarnation = -1
        self.inbox: deque[Arrival] = deque()
        self.deadline_us = NEVER_US
        self.effects = 0
        self.crash_at = 0
        self.events: list[str] = []
        self.notes: list[tuple[str, str, str]] = []
        self._life: Coroutine[Any, Any, None] | None = None

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self._life is not None

    @property
    def now_us(self) -> int:
        """The town's time."""
        return self._town.now_us

    def start(self) -> None:
        """Begin the next incarnation."""
        self.incarnation += 1
        self._life = self.validator.live(self)
        self.step()

    def crash(self, lose: Lose) -> None:
        """End the incarnation, if there is one, and lose what a crash loses."""
        if self._life is not None:
            self._life.close()
        self._life = None
        self.inbox.clear()
        self.validator.crash(lose)

    def step(self) -> None:
        """Let it act until it waits again, or crashes."""
        assert self._life is not None
        try:
            self._life.send(None)
        except CrashedError:
            self._life = None
            self._town.crashed(self)

    @property
    def ready(self) -> bool:
        """Whether it has something to do now."""
        return self.up and (bool(self.inbox) or self.deadline_us <= self.now_us)

    async def receive(self, deadline_us: int | None) -> Arrival | None:
        """Wait for the next arrival, or the deadline."""
        self.deadline_us = NEVER_US if deadline_us is None else deadline_us
        while not self.inbox:
            if self.deadline_us <= self.now_us:
                return None
            await _parked()
        return self.inbox.popleft()

    async def sleep(self, _duration_us: int) -> None:
        """Computing takes no time here."""

    def local_delay_us(self, delay_us: int) -> int:
        """Return `delay_us`: the clock is right."""
        return delay_us

    def send(self, target: ValidatorIndex, label: Label, payload: bytes) -> None:
        """Hand a message over, if its receiver is up."""
        receiver = self._town.residents[target]
        if receiver.up:
            receiver.inbox.append(Letter(self.index, label, payload))

    def submit(self, label: Label, payload: bytes) -> None:
        """Hand a transaction, or a read, to the ledger."""
        if label.kind == "read":
            self._town.ledger.read(self.now_us, self.index)
        else:
            self._town.ledger.submit(self.now_us, self.index, payload)

    def record(self, kind: str, label: Label, _peer: ValidatorIndex, verdict: str) -> None:
        """Note a record."""
        self.notes.append((kind, label.session, verdict))

    def happened(self, event: str) -> None:
        """Note an event; crash before the effect whose turn it is."""
        if event != EFFECT:
            self.events.append(event)
            return
        self.effects += 1
        if self.effects == self.crash_at:
            raise CrashedError


class Town:
    """Validators of a plan, a ledger, and the owner of keys.

    Attributes:
        restart_after: Blocks times from a crash before an effect to the restart.
        lose: What such a crash loses.

    """

    def __init__(self, plan: Plan, lose: Lose = "unsynced", restart_after: int = 3) -> None:
        self.plan = plan
        self.now_us = 0
        self.lose = lose
        self.restart_after = restart_after
        self.ledger = Ledger(make_genesis(plan))
        self.residents = [Resident(self, index) for index in range(len(plan.validators))]
        self._principals = Principals(plan, chain_id(plan))
        self._restarts: list[tuple[int, Resident]] = []

    def start(self, *crashes: tuple[int, int]) -> None:
        """Start everybody; each crash is (validator, before which of its effects)."""
        for index, effect in crashes:
            self.residents[index].crash_at = effect
        for resident in self.residents:
            resident.start()

    @property
    def state(self) -> ChainState:
        """The chain's."""
        return self.ledger.state

    def ask(self, do: str, **details: Any) -> None:
        """Let the owner ask for something about the key "beacon", as a timeline entry would."""
        action = ActionPlan(id=do, do=do, key="beacon", **details)
        for raw in self._principals.ask(action, self.now_us, self.state):
            self.ledger.submit(self.now_us, -1, raw)

    def crashed(self, resident: Resident) -> None:
        """Note that a validator has crashed before an effect; it comes back."""
        self.fall([resident.index], self.lose, self.restart_after)

    def fall(self, indices: Iterable[int], lose: Lose, heights: int) -> None:
        """Crash validators at once, those that are down already too; they come back together."""
        back_us = self.now_us + heights * self.plan.ledger.block_time_us
        fallen = [self.residents[index] for index in indices]
        self._restarts = [entry for entry in self._restarts if entry[1] not in fallen]
        for resident in fallen:
            resident.crash(lose)
            self._restarts.append((back_us, resident))

    def run(self, heights: int) -> None:
        """Let so many block times pass."""
        for _ in range(heights):
            tick_us = self.ledger.next_tick_us(self.now_us)
            self._until(tick_us - 1)
            self.now_us = tick_us
            self._form()
            self._settle()
            for at_us, resident in [entry for entry in self._restarts if entry[0] <= tick_us]:
                self._restarts.remove((at_us, resident))
                resident.start()
            self._settle()

    def _until(self, end_us: int) -> None:
        """Let timers go off up to `end_us`."""
        self._settle()
        while True:
            due_us = min((r.deadline_us for r in self.residents if r.up), default=NEVER_US)
            if due_us > end_us:
                return
            self.now_us = max(self.now_us, due_us)
            self._settle()

    def _settle(self) -> None:
        """Let everybody act until nobody has anything to do at this instant."""
        while ready := [resident for resident in self.residents if resident.ready]:
            for resident in ready:
                if resident.ready:
                    resident.step()

    def _form(self) -> None:
        formed = self.ledger.form(self.now_us)
        if formed is None:
            return
        news = News(pack_blocks([formed.raw]), catch_up=False)
        for resident in self.residents:
            if not resident.up:
                continue
            if resident.index in formed.readers:
                resident.inbox.append(News(pack_blocks(self.ledger.blocks[1:]), catch_up=True))
            else:
                resident.inbox.append(news)


def names(notes: Iterable[tuple[str, str, str]], kind: str) -> Sequence[tuple[str, str]]:
    """Return (session, verdict) of the records of one kind."""
    return [(session, verdict) for noted, session, verdict in notes if noted == kind]
