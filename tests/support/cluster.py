"""A committee of machines joined by function calls: no Trio, no clock, no loss unless asked.

Heights follow each other; whatever is posted at one height is included at the next. Private
messages arrive at once, unless a rule drops them. `trace` says what happened, to be read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.adversary.filter import Adversary
from sim.base.codec import decode_canonical, encode
from sim.base.errors import DecodeError
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import Secret, SecretBytes, SecretScalar
from sim.crypto.identity import Identity
from sim.protocol.ceremony import (
    Base,
    Ceremony,
    Member,
    Operation,
    PhaseLengths,
    default_faults,
)
from sim.protocol.dealing import Dealer
from sim.protocol.effects import (
    Delete,
    Effect,
    Filing,
    Packet,
    Put,
    Relay,
    SendSealed,
    SendShares,
    StartTimer,
    StopTimer,
    encoded,
)
from sim.protocol.entries import Entry, Rejected
from sim.protocol.holding import Holdings
from sim.protocol.judge import CeremonyState
from sim.protocol.machines import Machine, member_machine, open_ceremony
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    STATEMENTS,
    Private,
    ShareAck,
    ShareEnvelope,
    Statement,
    kind_of,
)
from sim.protocol.phases import Phase
from sim.protocol.repairing import RepairMachine
from sim.protocol.sharing import SharingMachine
from sim.protocol.transactions import (
    CeremonyPayload,
    decode_transaction,
    sign_transaction,
    transaction_id,
)
from sim.validator.foresight import foreseen

CHAIN = "test-chain"
MESSAGE_MAX = 1 << 20
SCHEME = "ED25519"
"""Of committees that don't name one."""

SHORT = PhaseLengths(announce=3, deal=4, respond=5, grace=2, justify=3, open=3, confirm=8, sign=3)

Dropped = Callable[[str, str, Private], bool]
"""Says whether a message from one name to another is lost."""


@dataclass(frozen=True)
class Corrupt:
    """One behaviour on one validator, always active."""

    id: str
    validator: int
    behaviour: str
    victims: tuple[int, ...] = ()
    params: dict[str, str | int | bool] = field(default_factory=dict)
    from_us: int = 0
    until_us: int | None = None


def make_ceremony(
    size: int, threshold: int, *, identities: Sequence[Identity], **changes: object
) -> Ceremony:
    """A ceremony of v1..vn that starts at height 1."""
    members = tuple(
        Member(ShareIndex(i), ValidatorIndex(i - 1), f"v{i}", identities[i - 1].public)
        for i in range(1, size + 1)
    )
    values: dict[str, object] = {
        "chain": CHAIN,
        "key": "beacon",
        "era": 1,
        "generation": 0,
        "attempt": 1,
        "scheme": SCHEME,
        "threshold": threshold,
        "faults": default_faults(threshold, size),
        "members": members,
        "start": 1,
        "lengths": SHORT,
    }
    return Ceremony(**{**values, **changes})  # type: ignore[arg-type]


def identities(size: int) -> list[Identity]:
    """One identity per validator, fixed."""
    return [Identity(bytes([i]) * 32) for i in range(1, size + 1)]


def long_lived_seeds(v: int) -> SecretBytes:
    """What is behind a validator's long-lived transport key, for ceremonies that use it."""
    return Secret(bytes([v + 1]) * 96)


def holdings(machine: Machine) -> Holdings:
    """What a holder's machine has received; to look at."""
    assert isinstance(machine, SharingMachine | RepairMachine)
    assert machine._holder is not None
    return machine._holder.holdings


def dealing(machine: Machine) -> Dealer:
    """The dealing half of a machine; to look at."""
    assert isinstance(machine, SharingMachine)
    assert machine._dealer is not None
    return machine._dealer


class Tamper:
    """A test's own behaviour: a function from one effect to those done instead."""

    def __init__(self, change: Callable[[Effect], Iterable[Effect]]) -> None:
        self._change = change

    def filter(
        self, effects: Sequence[Effect], state: CeremonyState, now_us: int
    ) -> Sequence[Effect]:
        """Apply the function to each effect."""
        del state, now_us
        return [after for effect in effects for after in self._change(effect)]

    def add(self, state: CeremonyState, height: int, now_us: int) -> Sequence[Effect]:
        """Add nothing."""
        del state, height, now_us
        return []


class Cluster:
    """A whole committee, from the request to the end of one attempt.

    One validator more is in the registry and has no seat: it does nothing unless it is corrupted.
    `refused` says what receivers dropped unread, `unread` what was not for this attempt; `reasons`,
    one for each of `entries`, why the ledger rejected it.

    By default it creates a key; `rotation` makes one that goes on from another's end. There
    `ceremony` is the attempt, and `shares` are those of the old generation, by validator.
    """

    def __init__(
        self,
        size: int = 5,
        threshold: int = 3,
        seed: int = 1,
        *,
        ceremony: Ceremony | None = None,
        shares: Mapping[int, SecretScalar] | None = None,
        **changes: Any,
    ) -> None:
        if ceremony is None:
            self.keys = identities(size + 1)
            ceremony = make_ceremony(size, threshold, identities=self.keys, **changes)
        else:
            size = 1 + max(seat.validator for seat in (*ceremony.members, *ceremony.dealers))
            self.keys = identities(size + 1)
        self.ceremony = ceremony
        self.shares = dict(shares or {})
        self.state = open_ceremony(self.ceremony)
        self.view = self.state
        self.height = 0
        self.trace: list[str] = []
        self.entries: list[Entry] = []
        self.reasons: list[str] = []
        self.rejected: list[tuple[str, str, str]] = []
        self.refused: list[tuple[str, str, str]] = []
        self.unread: list[tuple[str, str]] = []
        self.sent: list[tuple[str, str, str, bytes]] = []
        self.drops: list[Dropped] = []
        self.stores: list[dict[str, bytes]] = [{} for _ in range(size)]
        self._seed = seed
        self._nonces = [0] * (size + 1)
        self._pending: list[tuple[ValidatorIndex, bytes]] = []
        self._known: set[bytes] = set()
        self._stuck: set[int] = set()
        self._timers: set[tuple[int, str]] = set()
        self._corruptions: list[Corrupt] = []
        self._down: set[int] = set()
        self.adversaries: dict[int, Adversary | Tamper] = {}
        self.machines: dict[int, Machine] = {
            seat.validator: self._machine(seat.validator, 0, {}) for seat in ceremony.participants
        }

    def _machine(self, v: int, incarnation: int, stored: dict[str, bytes]) -> Machine:
        context = MemberContext(
            validator=ValidatorIndex(v),
            name=f"v{v + 1}",
            identity=self.keys[v],
            seed=self._seed,
            incarnation=incarnation,
            rto_us=lambda _: 200_000,
            rto_max_us=10_000_000,
            transport_seeds=long_lived_seeds(v),
        )
        posted = {e.kind for e in self.entries if e.principal == self.keys[v].public}
        return member_machine(context, self.ceremony, stored, posted, share=self.shares.get(v))

    # What comes after

    def kept(self) -> dict[int, SecretScalar]:
        """The shares of the generation that this attempt has made, by validator."""
        held = {v: machine.share for v, machine in self.machines.items()}
        return {v: share for v, share in held.items() if share is not None}

    def rotation(
        self,
        operation: Operation,
        committee: Sequence[int] | None = None,
        threshold: int | None = None,
        **changes: object,
    ) -> Cluster:
        """The next rotation of the active key, at the first height of a new ledger.

        `committee` are the new holders' numbers (v1 is 1), ascending; None keeps the present ones.
        """
        old = self.ceremony
        numbers = [m.validator + 1 for m in old.members] if committee is None else committee
        keys = identities(max(numbers))
        members = tuple(
            Member(ShareIndex(i), ValidatorIndex(n - 1), f"v{n}", keys[n - 1].public)
            for i, n in enumerate(numbers, start=1)
        )
        t = old.threshold if threshold is None else threshold
        base = Base(
            old.generation,
            old.threshold,
            old.members,
            self.state.verification,
            self.state.transcript,
        )
        values: dict[str, object] = {
            "operation": operation,
            "base": base,
            "generation": old.generation + 1,
            "members": members,
            "threshold": t,
            "faults": default_faults(t, len(members)),
            "attempt": 1,
            **changes,
        }
        return Cluster(
            seed=self._seed,
            ceremony=dataclasses.replace(old, **values),  # type: ignore[arg-type]  # fields by name
            shares=self.kept(),
        )

    def repair(self, target: int, helpers: Sequence[int] = (), **changes: object) -> Cluster:
        """The repair of the share with index `target`, which is lost.

        By the members with indices `helpers`, ascending; the first t others if there are none.
        """
        others = [member.index for member in self.ceremony.members if member.index != target]
        values: dict[str, object] = {
            "generation": self.ceremony.generation,
            "helpers": tuple(helpers) or tuple(others[: self.ceremony.threshold]),
            "target": target,
            **changes,
        }
        cluster = self.rotation("repair", **values)  # type: ignore[arg-type]  # fields by name
        lost = cluster.ceremony.member(target).validator
        cluster.shares.pop(lost, None)
        cluster.machines[lost] = cluster._machine(lost, 0, {})
        return cluster

    # What a test asks for

    def admit(self, registry: int) -> None:
        """Let the registry have so many validators, v1 onwards; some without a seat."""
        self.keys = identities(max(registry, len(self.keys)))
        self._nonces = [0] * len(self.keys)
        self.stores += [{} for _ in range(len(self.keys) - len(self.stores))]

    def drop(self, kind: type, source: str, target: str = "*") -> None:
        """Lose every message of `kind` from `source` to `target`."""
        self.drops.append(
            lambda s, t, m: isinstance(m, kind) and s == source and target in ("*", t)
        )

    def corrupt(
        self, who: str, behaviour: str, victims: Sequence[str] = (), **params: str | int | bool
    ) -> None:
        """Let `who` follow a behaviour from now on."""
        v = _position(who)
        entry = Corrupt(
            f"{who}-{behaviour}", v, behaviour, tuple(map(_position, victims)), dict(params)
        )
        self._corruptions.append(entry)
        self.adversaries[v] = Adversary(self._seed, ValidatorIndex(v), self._corruptions)

    def tamper(self, who: str, change: Callable[[Effect], Iterable[Effect]]) -> None:
        """Let a function rewrite the effects of `who`."""
        self.adversaries[_position(who)] = Tamper(change)

    def stop(self, who: str) -> None:
        """Let `who` fall silent; what it has posted is still included."""
        self._down.add(_position(who))

    def silence(self, who: str) -> None:
        """Let `who` fall silent before its last statements reach the ledger."""
        self.stop(who)
        self._pending = [(v, raw) for v, raw in self._pending if v != _position(who)]

    def restart(self, who: str, *, keep_store: bool = True) -> None:
        """Give `who` a new incarnation with its store as it was, or empty."""
        v = _position(who)
        self._down.discard(v)
        self._timers = {timer for timer in self._timers if timer[0] != v}
        stored = self.stores[v] if keep_store else {}
        incarnation = self.machines[v].context.incarnation + 1
        self.machines[v] = self._machine(v, incarnation, stored)

    def post(self, who: str, statement: Statement) -> None:
        """Put a statement of `who` on the ledger, whatever its machine thinks."""
        self.post_bytes(who, kind_of(statement), encode(statement))

    def post_bytes(self, who: str, kind: str, body: bytes) -> None:
        """Put raw bytes on the ledger as the body of a statement."""
        ceremony = self.ceremony
        payload = encode(CeremonyPayload(ceremony.session, ceremony.attempt, body))
        self._submit(ValidatorIndex(_position(who)), kind, payload)

    def run(self, until: int = 80) -> CeremonyState:
        """Go on to the end of the attempt; return the final state."""
        while not self.state.ended:
            assert self.height < until, self.state.phase
            self.step()
        return self.state

    def until(self, phase: Phase) -> None:
        """Go on to the beginning of `phase`."""
        while self.state.phase is not phase:
            assert not self.state.ended, self.outcome()
            self.step()

    def step(self) -> None:
        """One height: include what is pending, judge, let every machine act, fire its timers."""
        if self.height == 0:
            self._act()
        self._rush()
        self.height += 1
        pending, self._pending = self._pending, []
        for v, raw in pending:
            self._include(v, raw)
        spans = len(self.state.spans)
        self.state.end_height(self.height)
        for span in self.state.spans[spans:]:
            self.trace.append(f"{self.height:>3} {span.phase} ends")
        self._act()
        for owner, name in sorted(self._timers):
            if owner not in self._down:
                self._perform(owner, self.machines[owner].on_timer(name))

    # What makes it go

    def _rush(self) -> None:
        """Let rushing adversaries see what the next height would include, and add to it."""
        for v, adversary in sorted(self.adversaries.items()):
            if isinstance(adversary, Adversary) and adversary.rushing and v not in self._down:
                raws = [raw for _, raw in self._pending]
                soon = foreseen(self.state, self.height + 1, raws)
                self._act_on(v, adversary.foresee(soon, self.height, self.height))

    def _act(self) -> None:
        view = self.view = self.state.copy()
        for v, machine in sorted(self.machines.items()):
            if v not in self._down:
                self._perform(v, machine.on_state(view, self.height))
        for v, adversary in sorted(self.adversaries.items()):
            if v not in self._down:
                self._act_on(v, adversary.add(view, self.height, self.height))

    def _include(self, v: ValidatorIndex, raw: bytes) -> None:
        """Take a transaction as the chain does: known bytes and no transactions are dropped."""
        if transaction_id(raw) in self._known or v in self._stuck:
            return
        self._known.add(transaction_id(raw))
        try:
            transaction = decode_transaction(raw)
        except DecodeError:
            self.refused.append((f"v{v + 1}", "ledger", "no transaction"))
            self._stuck.add(v)  # whatever follows waits for the nonce that never comes
            return
        try:
            payload = decode_canonical(transaction.payload, CeremonyPayload)
        except DecodeError:
            self.rejected.append((f"v{v + 1}", transaction.kind, "Malformed"))
            return
        if (payload.session, payload.attempt) != (self.ceremony.session, self.ceremony.attempt):
            self.rejected.append((f"v{v + 1}", transaction.kind, "UnknownSession"))
            return
        body = payload.body
        entry = Entry(
            self.height,
            transaction_id(raw),
            transaction.principal,
            transaction.kind,
            body,
            raw,
        )
        self.entries.append(entry)
        verdict = reason = ""
        before = len(self.state.faults)
        try:
            self.state.apply(entry)
        except Rejected as error:
            reason = error.reason
            verdict = f" rejected {reason}"
            self.rejected.append((f"v{v + 1}", entry.kind, reason))
        self.reasons.append(reason)
        self.trace.append(f"{self.height:>3} v{v + 1} {describe(entry)}{verdict}")
        assert verdict == "" or before == len(self.state.faults)
        for fault in self.state.faults[before:]:
            self.trace.append(f"{self.height:>3} fault {fault.validator} {fault.fault}")

    def _perform(self, v: int, effects: Sequence[Effect]) -> None:
        self._act_on(v, self._filtered(v, effects))

    def _filtered(self, v: int, effects: Sequence[Effect]) -> Sequence[Effect]:
        adversary = self.adversaries.get(v)
        return effects if adversary is None else adversary.filter(effects, self.view, self.height)

    def _act_on(self, v: int, effects: Sequence[Effect]) -> None:
        """Seal and encode as a validator does, with a second look at the bytes; then do it."""
        queue = list(effects)
        while queue:
            effect = queue.pop(0)
            packed = encoded(effect, self.ceremony.session, self.ceremony.attempt)
            if packed is not effect:
                queue = [*self._filtered(v, [packed]), *queue]
                continue
            match effect:
                case SendShares():
                    queue = [*self._filtered(v, [self.machines[v].seal(effect)]), *queue]
                case SendSealed():
                    queue = [*self.machines[v].dispatch(effect), *queue]
                case Filing(kind, payload):
                    self._submit(ValidatorIndex(v), kind, payload)
                case Relay(_, _, raw):
                    self._pending.append((ValidatorIndex(v), raw))
                case Packet(to, kind, _, payload):
                    self._deliver(v, to, kind, payload)
                case Put(key, value):
                    self.stores[v][key] = value
                case Delete(key):
                    self.stores[v].pop(key, None)
                case StartTimer(name, _):
                    self._timers.add((v, name))
                case StopTimer(name):
                    self._timers.discard((v, name))

    def _submit(self, v: ValidatorIndex, kind: str, payload: bytes) -> None:
        self._nonces[v] += 1
        identity = self.keys[v]
        raw = sign_transaction(
            identity.sign, CHAIN, kind, identity.public, self._nonces[v], payload
        )
        self._pending.append((v, raw))

    def _deliver(self, source: int, target: ValidatorIndex, kind: str, payload: bytes) -> None:
        names = f"v{source + 1}", f"v{target + 1}"
        self.sent.append((*names, kind, payload))
        if len(payload) > MESSAGE_MAX:
            self.refused.append((*names, "too-large"))
            return
        try:
            message: Private = decode_canonical(payload, Private)  # type: ignore[arg-type]  # a union
        except DecodeError:
            self.refused.append((*names, "malformed"))
            return
        self._receive(source, target, names, message)

    def _receive(
        self, source: int, target: ValidatorIndex, names: tuple[str, str], message: Private
    ) -> None:
        here = self.ceremony.session, self.ceremony.attempt
        if isinstance(message, ShareEnvelope | ShareAck) and here != (
            message.session,
            message.attempt,
        ):
            self.unread.append(names)
        elif any(drop(*names, message) for drop in self.drops):
            line = f"{self.height:>3} {names[0]}->{names[1]} {type(message).__name__} LOST"
            if line not in self.trace:
                self.trace.append(line)
        elif target not in self._down and target in self.machines:
            machine = self.machines[target]
            self._perform(target, machine.on_message(ValidatorIndex(source), message))

    def outcome(self) -> list[str]:
        """Lines that say how it ended."""
        state = self.state
        lines = [f"{state.phase.value} {state.reason}".strip()]
        if state.qual:
            lines.append(f"qual {' '.join(state.dealer(d).name for d in state.qual)}")
        lines += [
            f"excluded {state.dealer(d).name} {why}" for d, why in sorted(state.excluded.items())
        ]
        lines += [f"fault {f.validator} {f.fault} proof={f.proof}" for f in state.faults]
        lines += [f"dispute {d.dealer} {d.accuser} {d.kind}" for d in state.disputes]
        lines += [
            f"shareless {m.context.name}"
            for v, m in sorted(self.machines.items())
            if v not in self._down and m.shareless
        ]
        return lines


def describe(entry: Entry) -> str:
    """One line about an entry: its kind, and for complaints and answers whom they concern."""
    try:
        statement = decode_canonical(entry.body, STATEMENTS[entry.kind])
    except ValueError:
        return f"{entry.kind} (malformed)"
    parts: list[str] = []
    for complaint in getattr(statement, "complaints", ()):
        parts.append(f"v{complaint.dealer}:{complaint.kind}")
    for reply in getattr(statement, "replies", ()):
        parts.append(f"v{reply.accuser}:{reply.kind}")
    for opening in getattr(statement, "openings", ()):
        parts.append(f"v{opening.dealer}:{'accuse' if opening.seeds else 'accept'}")
    return " ".join([entry.kind, *parts])


def _position(name: str) -> int:
    return int(name.removeprefix("v")) - 1
