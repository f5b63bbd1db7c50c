"""Honest validators on a scene's ledger, over a key's whole life; private messages always arrive.

They take part in every attempt that is live, keep the shares that it gives them, and use those in
the next one. Whoever is named absent says nothing at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.sealing import TransportKey
from sim.crypto.signatures import get_signatures
from sim.kchain.records import AttemptId, Key, KeyRecord
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, Post, Send, SendShares
from sim.protocol.machines import Machine, member_machine
from sim.protocol.member import MemberContext
from sim.protocol.messages import Statement, kind_of
from sim.protocol.phases import Phase
from sim.protocol.requests import (
    EVICT,
    JOIN,
    LEAVE,
    RECORD_SIGN_SESSION,
    REGISTER,
    RETIRE_KEY,
    ROLLBACK,
    ROTATE_KEY,
    Evict,
    Join,
    Leave,
    RecordSignSession,
    Register,
    RetireKey,
    Rollback,
    RotateKey,
    RotationRules,
)
from sim.protocol.transactions import statement_payload
from tests.kchain.scene import OWNER, Scene, identity

TRANSPORT = TransportKey(bytes(range(96))).public
"""A usable long-lived transport key."""

Seat = tuple[str, int, int, int]
"""(key, era, generation, position of the validator)."""


class Crew:
    """Everybody's machines, and the shares that they hold."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.absent: set[int] = set()
        self.shares: dict[Seat, SecretScalar] = {}
        self._machines: dict[AttemptId, dict[int, Machine]] = {}

    def key(self, name: str = "beacon") -> Key:
        """Return a key as the chain has it."""
        return self.scene.ledger.state.keys[name]

    def record(self, name: str = "beacon") -> KeyRecord:
        """Return the record of a key that has one."""
        record = self.key(name).record
        assert record is not None, name
        return record

    def ask(self, **fields: object) -> list[str]:
        """Let the owner ask for a rotation of `beacon`; return the block's reasons."""
        wish = RotateKey(**{"key": "beacon", **fields})  # type: ignore[arg-type]  # by tests
        return self.send(ROTATE_KEY, wish)

    def roll_back(self) -> list[str]:
        """Let the owner roll the pending rotation back."""
        return self.send(ROLLBACK, Rollback("beacon"))

    def retire(self) -> list[str]:
        """Let the owner retire the key."""
        return self.send(RETIRE_KEY, RetireKey("beacon"))

    def send(self, kind: str, payload: object, position: int | None = None) -> list[str]:
        """Let the owner, or a validator, send a transaction; return the block's reasons."""
        who = OWNER if position is None else self.scene.validators[position]
        self.scene.submit(self.scene.sign(who, kind, encode(payload)))
        return self.scene.reasons()

    def register(self, position: int, **changes: object) -> list[str]:
        """Let a newcomer enter the registry, at its position as address."""
        while len(self.scene.validators) <= position:
            self.scene.validators.append(identity(len(self.scene.validators)))
        fields: dict[str, object] = {
            "name": f"v{position + 1}",
            "address": position,
            "transport": TRANSPORT,
            "at_rest": bytes(32),
            "stake": 1,
        }
        entry = Register(**{**fields, **changes})  # type: ignore[arg-type]  # by tests
        return self.send(REGISTER, entry, position)

    def joins(self, position: int) -> list[str]:
        """Let a registered validator join."""
        return self.send(JOIN, Join(f"v{position + 1}"), position)

    def leaves(self, position: int) -> list[str]:
        """Let a validator leave."""
        return self.send(LEAVE, Leave(f"v{position + 1}"), position)

    def evict(self, position: int) -> list[str]:
        """Let the owner, whom genesis authorises, evict a validator."""
        return self.send(EVICT, Evict(f"v{position + 1}"))

    def settle(self, name: str = "beacon") -> None:
        """Go on until nothing of the key is pending."""
        while self.key(name).pending is not None:
            self.step()

    def pass_to(self, height: int) -> None:
        """Go on up to `height`, taking part in whatever there is."""
        while self.scene.height < height:
            self.step()

    def step(self) -> None:
        """Let everybody act on the chain as it is, and pass one height."""
        for state in self.scene.ledger.state.ceremonies():
            ceremony = state.ceremony
            attempt = (ceremony.session, ceremony.attempt)
            machines = self._machines.get(attempt)
            if machines is None:
                machines = self._machines[attempt] = self._make(ceremony)
            for position, machine in machines.items():
                if state.phase is Phase.ACTIVE and machine.share is not None:
                    seat = (ceremony.key, ceremony.era, ceremony.generation, position)
                    self.shares[seat] = machine.share
                effects = machine.on_state(state, self.scene.height)
                self._perform(ceremony, position, effects)
        self.scene.step()

    def _make(self, ceremony: Ceremony) -> dict[int, Machine]:
        present = [m.validator for m in ceremony.participants if m.validator not in self.absent]
        return {
            validator: member_machine(
                self._context(validator),
                ceremony,
                {},
                share=self._held(ceremony, validator),
            )
            for validator in present
        }

    def _held(self, ceremony: Ceremony, position: int) -> SecretScalar | None:
        if ceremony.base is None:
            return None
        seat = (ceremony.key, ceremony.era, ceremony.base.generation, position)
        return self.shares.get(seat)

    def _context(self, position: int) -> MemberContext:
        return MemberContext(
            validator=ValidatorIndex(position),
            name=f"v{position + 1}",
            identity=self.scene.validators[position],
            seed=1,
            incarnation=0,
            rto_us=lambda _: 200_000,
            rto_max_us=10_000_000,
        )

    def _perform(self, ceremony: Ceremony, position: int, effects: Sequence[Effect]) -> None:
        machines = self._machines[ceremony.session, ceremony.attempt]
        for effect in effects:
            match effect:
                case SendShares():
                    machine = machines[position]
                    self._perform(ceremony, position, machine.dispatch(machine.seal(effect)))
                case Send(to, _, message) if to in machines:
                    taken = machines[to].on_message(ValidatorIndex(position), message)
                    self._perform(ceremony, to, taken)
                case Post(statement):
                    self._say(ceremony, position, statement)
                case _:
                    pass  # stores and timers: nothing crashes and nothing is lost here

    def _say(self, ceremony: Ceremony, position: int, statement: Statement) -> None:
        payload = statement_payload(ceremony.session, ceremony.attempt, statement)
        raw = self.scene.sign(self.scene.validators[position], kind_of(statement), payload)
        self.scene.submit(raw, position)

    def signature(self, message: bytes, name: str = "beacon") -> tuple[bytes, tuple[int, ...]]:
        """Sign with the first t shares of the active generation; return who signed, too."""
        record = self.record(name)
        signatures = get_signatures(record.scheme)
        registry = self.scene.ledger.state.registry
        shares: dict[int, SecretScalar] = {}
        for index, member in enumerate(record.committee, start=1):
            seat = (name, record.era, record.generation, registry[member].address)
            if seat in self.shares and len(shares) < record.threshold[0]:
                shares[index] = self.shares[seat]
        drawn = {
            index: signatures.draw_nonces(hashlib.sha512(message + bytes([index])).digest(), share)
            for index, share in shares.items()
        }
        listed = tuple(signatures.entry(index, made) for index, (_, made) in drawn.items())
        key = record.public_key
        partials = [
            signatures.sign(index, share, key, drawn[index][0], message, listed)
            for index, share in shares.items()
        ]
        return signatures.aggregate(key, message, listed, partials), tuple(shares)

    def close(self, signing: str, name: str = "beacon") -> list[str]:
        """Sign what an open session is about and record it; return the block's reasons."""
        session = self.scene.ledger.state.open_sessions[name, signing]
        signature, signers = self.signature(session.message, name)
        said = RecordSignSession(
            name, session.generation, signing, session.context, session.message, signature, signers
        )
        recorder = self.scene.ledger.state.registry[self.record(name).committee[0]].address
        return self.send(RECORD_SIGN_SESSION, said, recorder)


def crew_with_key(
    size: int = 4,
    committee: Sequence[str] | None = None,
    rules: RotationRules | None = None,
    genesis: Mapping[str, object] | None = None,
    **request: object,
) -> Crew:
    """Return a crew of `size` whose key `beacon` has been created by all, or by `committee`."""
    crew = Crew(Scene(size, **(genesis or {})))
    names = tuple(f"v{i + 1}" for i in range(size)) if committee is None else tuple(committee)
    fields: dict[str, object] = {
        "committee": names,
        "threshold": len(names) // 2 + 1,
        "rotation": RotationRules() if rules is None else rules,
        **request,
    }
    crew.scene.create(**fields)
    crew.scene.step()
    crew.settle()
    crew.step()
    return crew
