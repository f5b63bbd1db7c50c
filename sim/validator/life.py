"""The one receive loop of a validator: an input, a step, its cost, its effects.

Everything between two awaits happens at one instant. The step is computed first; what it was
charged passes as virtual time; then its effects are performed without suspending, so that a crash
falls either before all of them or, by a trigger, between two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar, assert_never

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.base.ids import Label, ValidatorIndex
from sim.base.meters import Meter, metering
from sim.base.secret import SecretBytes
from sim.crypto.identity import Identity
from sim.crypto.vault import Vault
from sim.protocol.effects import Flush, Put
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private, ShareAck, ShareEnvelope
from sim.protocol.requests import Register
from sim.validator.account import LAST, Account
from sim.validator.costs import CostModel
from sim.validator.events import on_arrival
from sim.validator.foresight import foreseen
from sim.validator.ledger import Head, Heads, LedgerView
from sim.validator.membership import ORDER, accepted, carried_out
from sim.validator.performing import Action, Performer, Read, Resend
from sim.validator.ports import (
    Arrival,
    Board,
    Chain,
    Conscience,
    Context,
    Letter,
    News,
    Order,
    Peek,
)
from sim.validator.recovery import requested_repairs
from sim.validator.sessions import Sessions
from sim.validator.store import DiskLose, Lose, Store
from sim.validator.tally import Tally
from sim.validator.timers import Timers
from sim.validator.vaulting import Locker

R = TypeVar("R")

BORN: Final = "born"
"""Store key that the first incarnation writes: a store without it was lost."""

AMNESIAC: Final = "amnesiac"
"""Store key: the height up to which this validator knows nothing of what it said before."""

UNKNOWN_HEIGHT: Final = -1


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything about a validator that no restart changes.

    Attributes:
        index: Its place in the registry.
        name: Its name.
        identity: Its signing key: never lost.
        seed: The run's seed.
        chain: The chain's id.
        board: Reads and judges blocks.
        finality: Heights between receiving a block and acting on it.
        conscience: What an adversary makes of its effects.
        costs: What computing takes.
        unlock: Gives the KEK of its vault, once per start; charges what deriving it takes.
        message_max: Largest private message that it accepts, bytes.
        rto_us: First retransmission timeout by peer.
        rto_max_us: Largest retransmission timeout.
        retransmissions: Most retransmissions of one share; None is unlimited.
        registration: What it registers with when it joins; None if it is in genesis.
        transport_seeds: Behind its long-lived transport key, 96 bytes, if ceremonies use it.

    """

    index: ValidatorIndex
    name: str
    identity: Identity
    seed: int
    chain: str
    board: Board
    finality: int
    conscience: Conscience
    costs: CostModel
    unlock: Callable[[], SecretBytes]
    message_max: int
    rto_us: Callable[[ValidatorIndex], int]
    rto_max_us: int
    retransmissions: int | None
    registration: Register | None = None
    transport_seeds: SecretBytes | None = None


@dataclass
class Validator:
    """One validator over the whole run: what outlives its incarnations, and the current one.

    Attributes:
        setup: What never changes.
        store: Its durable memory.
        tally: What it sent and computed.
        heads: Every block that it followed.
        seen: The chain after the last of them, as far as any incarnation has followed it.
        known: The part of it that an incarnation goes on from: see `LedgerView.known`.
        now: The running incarnation, or None while it is down.

    """

    setup: Setup
    store: Store = field(default_factory=Store)
    tally: Tally = field(default_factory=Tally)
    heads: Heads = field(default_factory=Heads)
    seen: Chain | None = None
    known: Sequence[Chain] = ()
    now: Incarnation | None = None

    async def live(self, context: Context) -> None:
        """Live one incarnation, until the engine cancels it."""
        self.now = Incarnation(self, context)
        await self.now.run()

    def crash(self, lose: Lose) -> str:
        """Lose memory, and of the store what `lose` says; return what is lost of it."""
        self.now = None
        return self.store.crash(lose)

    @property
    def failing(self) -> bool:
        """Whether its disk fails."""
        return self.store.failing

    def fail(self, lose: DiskLose | None) -> None:
        """Let its disk fail from now on, without notice; None mends it."""
        self.store.fail(lose)


class Incarnation:
    """A validator from a start to the next crash: everything that lives in memory alone."""

    def __init__(self, validator: Validator, context: Context) -> None:
        setup = validator.setup
        self._validator = validator
        self._setup = setup
        self._context = context
        self._tally = validator.tally
        self._timers = Timers()
        self._account = Account(setup.chain, setup.identity, validator.store)
        restarted = context.incarnation > 0
        known = () if validator.store.empty else validator.known
        self.ledger = LedgerView(setup.board, setup.finality, waiting=restarted, known=known)
        self._performer = Performer(
            context, setup.index, validator.store, self._account, self._timers, self._tally
        )
        self._owed: Meter = Meter()
        self.sessions = self._open_sessions()

    def _open_sessions(self) -> Sessions:
        """Unlock the vault, and return sessions without any machine yet."""
        setup, store = self._setup, self._validator.store
        member = MemberContext(
            validator=setup.index,
            name=setup.name,
            identity=setup.identity,
            seed=setup.seed,
            incarnation=self._context.incarnation,
            rto_us=setup.rto_us,
            rto_max_us=setup.rto_max_us,
            retransmissions=setup.retransmissions,
            transport_seeds=setup.transport_seeds,
            spool=store.spool,
        )
        return Sessions(
            member=member,
            store=store,
            account=self._account,
            conscience=setup.conscience,
            locker=Locker(member, store, Vault(self._charged("unlock", setup.unlock))),
        )

    async def run(self) -> None:
        """Start, then take one input after the other."""
        if not self.ledger.waiting:
            # No effect of its own: whoever set it up has done this before it was ever started.
            self._validator.store.put(BORN, b"")
            self._validator.store.flush()
        await self._pay()
        self._context.happened("started")
        if self.ledger.waiting:
            self._performer.perform(self._catch_up())
        while True:
            await self._take_next()

    async def _take_next(self) -> None:
        """Take one input. What it led to is let go of before the next one is waited for."""
        arrival = await self._context.receive(self._timers.next_due_us())
        actions = self._think(arrival)
        del arrival
        await self._pay()
        self._performer.perform(actions)

    async def _pay(self) -> None:
        """Let the virtual time pass that computing has taken since the last time."""
        if not self._owed.counts:
            return
        cost_us = self._setup.costs.duration_us(self._owed.counts)
        self._owed = Meter()
        if cost_us:
            await self._context.sleep(cost_us)

    def _catch_up(self) -> list[Action]:
        """After a restart: note a lost store, and read the ledger before anything else."""
        # Before anything else is stored: a second restart must still know of the first loss.
        lost: list[Action] = [Put(AMNESIAC, str(UNKNOWN_HEIGHT).encode()), Flush()]
        read = Read(self._context.incarnation, self.ledger.head.height)
        return [*(lost if self._validator.store.empty else []), read]

    # One step

    def _think(self, arrival: Arrival | None) -> list[Action]:
        match arrival:
            case None:
                owner, name = self._timers.pop()
                self._context.record("timer", _timer_label(owner, name), self._setup.index, "due")
                step = partial(self.sessions.on_timer, owner, name, self._context.now_us)
                return self._charged("retransmit", step)
            case Letter():
                return self._on_letter(arrival)
            case News():
                self._context.happened("block-received")
                return self._on_news(arrival)
            case Order():
                return self._on_order(arrival)
            case Peek():
                return self._on_peek(arrival)
            case _:
                assert_never(arrival)

    def _on_peek(self, peek: Peek) -> list[Action]:
        """Let a rushing adversary see its attempts as the next block would make them."""
        if self.ledger.waiting:
            return []
        head, now_us = self.ledger.head, self._context.now_us
        actions: list[Action] = []
        for state in head.concerning(self._setup.index):
            if not state.ended:
                soon = foreseen(state, head.height + 1, peek.transactions)
                actions += self.sessions.on_foreseen(soon, head.height, now_us)
        return actions

    def _on_order(self, order: Order) -> list[Action]:
        """Keep the order; carry it out, unless the chain has yet to be read."""
        done = [] if self.ledger.waiting else self._carry_out(order.do)
        return [*accepted(order), *done]

    def _carry_out(self, do: str) -> list[Action]:
        setup = self._setup
        return carried_out(do, self.ledger.head, setup.name, setup.registration, self._account)

    def _charged(self, stage: str, step: Callable[[], R]) -> R:
        """Run a step of the ceremony's `stage`; what it is charged is owed as virtual time."""
        with metering(Meter()) as meter:
            result = step()
        self._tally.charge(stage, meter.counts)
        self._owed.merge(meter.counts)
        return result

    def _on_letter(self, letter: Letter) -> list[Action]:
        message = self._open(letter)
        if message is None:
            return []
        event = on_arrival(message)
        if event is not None:
            self._context.happened(event)
        now_us = self._context.now_us
        step = partial(self.sessions.on_message, letter, message, now_us)
        return self._charged(_stage(message), step)

    def _open(self, letter: Letter) -> Private | None:
        """Decode a letter; one that is too large or no message is dropped, with a record."""
        verdict = "malformed"
        if len(letter.payload) > self._setup.message_max:
            verdict = "too-large"
        else:
            try:
                return decode_canonical(letter.payload, Private)  # type: ignore[arg-type]  # a union of tagged structs
            except DecodeError:
                pass
        self._context.record("refuse", letter.label, letter.source, verdict)
        return None

    def _on_news(self, news: News) -> list[Action]:
        was_waiting = self.ledger.waiting
        followed = self._charged("chain", partial(self.ledger.receive, news))
        self._tally.messages.add("blocks")
        now_us = self._context.now_us
        for chain in followed:
            self._validator.heads.add(Head(chain.height, chain.head, now_us))
        if followed:
            self._validator.seen = self.ledger.head
            self._validator.known = self.ledger.known
        self.sessions.height = self.ledger.head.height
        if self.ledger.waiting or (not followed and not was_waiting):
            return []
        nonce = self.ledger.head.nonce(self._setup.identity.public)
        actions: list[Action] = []
        if was_waiting:
            self._note_first_seen(nonce)
            actions += [Resend(s.label, s.raw) for s in self._account.resume(nonce)]
            actions += self.sessions.sweep(self.ledger.final)
            order = self._validator.store.get(ORDER)
            actions += [] if order is None else self._carry_out(order.decode())
        else:
            self._account.included(nonce)
        return actions + self._act(now_us)

    def _note_first_seen(self, nonce: int) -> None:
        """Once the read is answered: from here on, an amnesiac knows what it has said.

        One whose disk has lost writes without notice is amnesiac too: the ledger, where its last
        `nonce` stands, has statements that it knows nothing of. What it still has, it keeps.
        """
        store = self._validator.store
        noted = store.get(AMNESIAC)
        if self._account.forgotten(nonce):
            noted = str(UNKNOWN_HEIGHT).encode()
            store.put(LAST, str(nonce).encode())
        if noted is None:
            return
        height = int(noted)
        if height == UNKNOWN_HEIGHT:
            height = self.ledger.head.height
            store.put(AMNESIAC, str(height).encode())
            store.flush()
        self.sessions.amnesiac_until = height

    def _act(self, now_us: int) -> list[Action]:
        """Let every machine act on what is final, once."""
        actions: list[Action] = []
        chain, height, sessions = self.ledger.final, self.ledger.acting_height, self.sessions
        for state in chain.concerning(self._setup.index):
            seat = sessions.seat(state)
            if not seat.closed:
                step = partial(sessions.on_state, seat, state, height, now_us)
                actions += self._charged(state.phase.value, step)
        tasks = chain.signing_tasks(self._setup.index)
        if tasks or sessions.signs:
            step = partial(sessions.on_tasks, tasks, height, now_us)
            actions += self._charged("signing", step)
        if not self._setup.conscience.honest:
            for state in chain.ceremonies():
                actions += sessions.on_others(state, height, now_us)
        sessions.early.expire(height)
        actions += sessions.retire(chain, now_us)
        return actions + self._recover(chain, height)

    def _recover(self, chain: Chain, height: int) -> list[Action]:
        """Ask for the repair of shares that are lost."""
        return requested_repairs(
            chain,
            height,
            self.sessions.seats,
            self._setup.name,
            self._account,
            self._validator.store,
        )


def _stage(message: Private) -> str:
    return "shares" if isinstance(message, ShareEnvelope | ShareAck) else "signing"


def _timer_label(owner: str, name: str) -> Label:
    session, _, attempt = owner.rpartition("#")
    return Label(session, int(attempt), "timer", name)
