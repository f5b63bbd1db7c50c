"""Signers of one session joined by function calls: no Trio, no clock, no loss unless asked.

Messages arrive at once, unless a rule changes or drops them; heights and timers come when a test
says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.randomness import stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Member
from sim.protocol.effects import Delete, Effect, Flush, Put, Record, Send, StartTimer, StopTimer
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private
from sim.protocol.requests import RecordSignSession
from sim.protocol.signing import SigningMachine
from sim.protocol.signing_task import SigningTask
from tests.support import cluster
from tests.support.ordinary import verifies

Change = Callable[[Private], Iterable[Private]]
"""What becomes of a message on its way."""

PACE = 5
"""Heights per round."""

OPENED = 100
"""Height at which sessions are opened and begin."""

MESSAGE = b"block 17"


class DealtKey:
    """A key t of n that somebody has dealt: every generation has other shares of one secret."""

    def __init__(self, size: int, threshold: int, scheme: str) -> None:
        self.size, self.threshold, self.scheme = size, threshold, scheme
        self._group = get_group(scheme)
        self._secret = stream(1, "a dealt key").below(self._group.order)

    def shares(self, generation: int) -> tuple[int, ...]:
        """Return the secret and the shares of a generation."""
        draw = stream(1, "a dealt key", generation)
        others = [draw.below(self._group.order) for _ in range(self.threshold - 1)]
        return Polynomial([self._secret, *others], self._group.order).evaluate_all(self.size)

    def share(self, index: int, generation: int = 0) -> SecretScalar:
        """Return one share."""
        return Secret(self.shares(generation)[index])

    def verification(self, generation: int) -> tuple[bytes, ...]:
        """Return V_0..V_n of a generation."""
        return tuple(self._group.base_mul(value) for value in self.shares(generation))


def make_task(key: DealtKey, /, **changes: object) -> SigningTask:
    """Return a session of v1..vn, let through and begun at `OPENED`."""
    identities = cluster.identities(key.size)
    generation = changes.get("generation", 0)
    assert isinstance(generation, int)
    values: dict[str, object] = {
        "chain": cluster.CHAIN,
        "key": "beacon",
        "key_id": b"k" * 32,
        "signing": "s1",
        "purpose": "request",
        "scheme": key.scheme,
        "era": 1,
        "generation": generation,
        "threshold": key.threshold,
        "needed": key.threshold,
        "spare": min(key.threshold - 1, (key.size - key.threshold) // 2),
        "members": tuple(
            Member(ShareIndex(i), ValidatorIndex(i - 1), f"v{i}", identities[i - 1].public)
            for i in range(1, key.size + 1)
        ),
        "verification": key.verification(generation),
        "holders": tuple(range(1, key.size + 1)),
        "message": MESSAGE,
        "context": "drand",
        "requester": b"r" * 32,
        "seed": b"s" * 32,
        "opened": OPENED,
        "begins": OPENED,
        "expires": OPENED + 150,
        "pace": PACE,
        "block_us": 2_000_000,
    }
    return SigningTask(**{**values, **changes})  # type: ignore[arg-type]  # fields chosen by tests


class Signers:
    """The machines of a whole committee in one binding of one session.

    Attributes:
        task: The session.
        machines: By place in the registry: share index − 1.
        stores: What each has kept.
        down: Those that neither act nor hear.
        changes: What becomes of the messages that one sends.
        sent: (from, to, message) as they left, changed.
        recorded: Finished sessions, in order.
        timers: (who, timer) that run.
        effects: Everything that machines asked for, in order.

    """

    def __init__(
        self, size: int = 5, threshold: int = 3, scheme: str = "", /, **changes: object
    ) -> None:
        self.key = DealtKey(size, threshold, scheme or cluster.SCHEME)
        self.task = make_task(self.key, **changes)
        self.stores: list[dict[str, bytes]] = [{} for _ in range(size)]
        self.machines = [self._machine(v, 0) for v in range(size)]
        self.down: set[int] = set()
        self.changes: dict[int, Change] = {}
        self.sent: list[tuple[int, int, Private]] = []
        self.recorded: list[RecordSignSession] = []
        self.timers: set[tuple[int, str]] = set()
        self.effects: list[tuple[int, Effect]] = []

    def _machine(self, v: int, incarnation: int) -> SigningMachine:
        context = MemberContext(
            validator=ValidatorIndex(v),
            name=f"v{v + 1}",
            identity=cluster.identities(self.key.size)[v],
            seed=1,
            incarnation=incarnation,
            rto_us=lambda _: 200_000,
            rto_max_us=10_000_000,
        )
        share = self.key.share(v + 1, self.task.generation)
        return SigningMachine(context, self.task, share, dict(self.stores[v]))

    def coordinator(self, number: int = 0) -> int:
        """Return who coordinates a round, as a place in the registry."""
        return self.task.seated(number)[0]

    def others(self, number: int = 0) -> list[int]:
        """Return who else has a seat in a round."""
        return list(self.task.seated(number)[1:])

    def height(self, height: int) -> None:
        """Let everybody receive a height; nobody hears of it before all have."""
        acting = [v for v in range(self.key.size) if v not in self.down]
        first = self.machines[0].task.round_at(height)
        # Whoever coordinates acts last: the others already know that its round runs.
        acting.sort(key=lambda v: first is not None and v == self.coordinator(first))
        for v in acting:
            self.perform(v, self.machines[v].on_task(self.task, height))

    def round(self, number: int) -> None:
        """Let everybody receive the height at which a round begins."""
        self.height(self.task.begins + number * self.task.pace)

    def restart(self, v: int) -> None:
        """Give one a new incarnation with its store as it was."""
        self.timers = {timer for timer in self.timers if timer[0] != v}
        self.machines[v] = self._machine(v, self.machines[v].context.incarnation + 1)

    def rebind(self, generation: int, height: int) -> None:
        """Let a later generation take the session over at `height`, for everybody."""
        self.task = dataclasses.replace(
            self.task,
            generation=generation,
            verification=self.key.verification(generation),
            begins=height,
        )
        for v, machine in enumerate(self.machines):
            self.perform(v, machine.close())
            self.machines[v] = self._machine(v, machine.context.incarnation)

    def fire(self, name: str) -> None:
        """Fire every running timer of that name."""
        for v, timer in sorted(self.timers):
            if timer == name and v not in self.down:
                self.perform(v, self.machines[v].on_timer(name))

    def perform(self, v: int, effects: Iterable[Effect]) -> None:
        """Do what a machine asks for."""
        for effect in effects:
            self.effects.append((v, effect))
            match effect:
                case Send(to, _, message):
                    self._send(v, to, message)
                case Record(session):
                    self.recorded.append(session)
                case Put(key, value):
                    self.stores[v][key] = value
                case Delete(key):
                    self.stores[v].pop(key, None)
                case StartTimer(name, _):
                    self.timers.add((v, name))
                case StopTimer(name):
                    self.timers.discard((v, name))
                case Flush():
                    pass  # nothing is lost here
                case _:
                    raise AssertionError(effect)

    def _send(self, v: int, to: ValidatorIndex, message: Private) -> None:
        change = self.changes.get(v)
        for changed in [message] if change is None else change(message):
            self.sent.append((v, to, changed))
            if to not in self.down:
                self.perform(to, self.machines[to].on_message(ValidatorIndex(v), changed))

    def verify(self) -> RecordSignSession:
        """Assert that exactly one signature was recorded, and that another library accepts it."""
        (session,) = self.recorded
        assert verifies(self.key.scheme, self.task.public_key, session.message, session.signature)
        return session
