"""A whole ceremony by function calls: machines, filters and the judge, one block per round.

No engine, network or chain: what is sent arrives within the round unless the test says that it is
lost. For tests that need real deals, shares and statements, and nothing of virtual time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sim.adversary import Adversary
from sim.base.codec import decode_canonical
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.checks import BlockView, CeremonyView, Holding, KnownSecret, Observation, ValidatorView
from sim.checks.leaks import stored_secrets
from sim.crypto.identity import Identity
from sim.protocol.ceremony import Ceremony, Member, default_faults
from sim.protocol.dkg import DkgMachine
from sim.protocol.effects import Effect, Post, Put, Send, SendShares
from sim.protocol.entries import Entry, Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import ShareEnvelope, kind_of
from sim.protocol.transactions import (
    CeremonyPayload,
    sign_transaction,
    statement_payload,
    transaction_id,
)

SEED = 7
BLOCK_US = 2_000_000


@dataclass(frozen=True)
class Corrupt:
    """One behaviour on one validator, like a plan's."""

    id: str
    validator: int
    behaviour: str
    victims: tuple[int, ...] = ()
    params: dict[str, str | int | bool] = field(default_factory=dict)
    from_us: int = 0
    until_us: int | None = None


def make_identity(position: int) -> Identity:
    """Return the identity of the validator at `position`."""
    return Identity(hashlib.sha256(f"identity {position}".encode()).digest())


def make_ceremony(size: int = 7, threshold: int = 5, **options: object) -> Ceremony:
    """Return a first attempt for validators v00, v01 … at seats 1, 2 …."""
    members = tuple(
        Member(ShareIndex(x), ValidatorIndex(x - 1), f"v{x - 1:02}", make_identity(x - 1).public)
        for x in range(1, size + 1)
    )
    return Ceremony(
        chain="test",
        key="beacon",
        era=1,
        generation=0,
        attempt=1,
        scheme="ED25519",
        threshold=threshold,
        faults=default_faults(threshold, size),
        members=members,
        start=2,
        **options,  # type: ignore[arg-type]  # fields of `Ceremony`, chosen by tests
    )


class Rehearsal:
    """Runs `ceremony` to its end.

    Args:
        ceremony: The attempt.
        corruptions: Behaviours, as a plan lists them.
        lost: (dealer, holder) registry positions between which shares never arrive.
        absent: Registry positions that never act.

    """

    def __init__(
        self,
        ceremony: Ceremony,
        corruptions: Sequence[Corrupt] = (),
        *,
        lost: Collection[tuple[int, int]] = (),
        absent: Collection[int] = (),
    ) -> None:
        self.ceremony = ceremony
        self.lost = set(lost)
        self.absent = set(absent)
        self.state = CeremonyState.open(ceremony)
        self.height = 1
        self.blocks: list[BlockView] = []
        self.adversaries = {
            m.validator: Adversary(SEED, m.validator, corruptions) for m in ceremony.members
        }
        self.machines = {m.validator: self._machine(m) for m in ceremony.members}
        self.secrets: dict[int, list[KnownSecret]] = {v: [] for v in self.machines}
        self.rejected: list[tuple[str, str, str]] = []
        self._nonces = dict.fromkeys(self.machines, 0)
        self._pool: list[tuple[ValidatorIndex, str, bytes]] = []

    def _machine(self, member: Member) -> DkgMachine:
        context = MemberContext(
            validator=member.validator,
            name=member.name,
            identity=make_identity(member.validator),
            seed=SEED,
            incarnation=0,
            rto_us=lambda _: 200_000,
            rto_max_us=10_000_000,
        )
        return DkgMachine(context, self.ceremony, {})

    @property
    def injections(self) -> dict[str, int]:
        """Injections by corruption id."""
        return {i: n for a in self.adversaries.values() for i, n in a.injections.items()}

    def run(self) -> Rehearsal:
        """Run until the attempt is active or has failed."""
        self._close_block()
        while not self.state.ended:
            self.step()
        self._look()
        return self

    def step(self) -> None:
        """Let everybody see the last block, and form the next one."""
        self._look()
        self.height += 1
        pool, self._pool = self._pool, []
        self._close_block([self._include(*posted) for posted in pool])
        self.state.end_height(self.height)

    def _look(self) -> None:
        for validator, machine in self.machines.items():
            if validator not in self.absent:
                self._perform(validator, machine.on_state(self.state.copy(), self.height))

    def _perform(self, validator: ValidatorIndex, effects: Sequence[Effect]) -> None:
        machine = self.machines[validator]
        now_us = self.height * BLOCK_US
        for effect in self.adversaries[validator].filter(effects, self.ceremony, now_us):
            match effect:
                case Post(statement):
                    payload = statement_payload(
                        self.ceremony.session, self.ceremony.attempt, statement
                    )
                    self._pool.append((validator, kind_of(statement), payload))
                case SendShares():
                    self._perform(validator, machine.seal(effect))
                case Send(to, _, message):
                    cut = isinstance(message, ShareEnvelope) and (validator, to) in self.lost
                    if not cut and to not in self.absent:
                        self._perform(to, self.machines[to].on_message(validator, message))
                case Put(key, value):
                    self.secrets[validator] += stored_secrets(key, value)
                case _:
                    pass

    def _include(self, validator: ValidatorIndex, kind: str, payload: bytes) -> bytes:
        identity = make_identity(validator)
        self._nonces[validator] += 1
        raw = sign_transaction(
            identity.sign, "test", kind, identity.public, self._nonces[validator], payload
        )
        self.apply(kind, identity.public, payload, raw)
        return raw

    def apply(self, kind: str, principal: bytes, payload: bytes, raw: bytes) -> None:
        """Let the judge see one transaction of the block being formed."""
        body = decode_canonical(payload, CeremonyPayload).body
        entry = Entry(self.height, transaction_id(raw), principal, kind, body, raw)
        try:
            self.state.apply(entry)
        except Rejected as rejection:
            name = self.ceremony.by_identity[principal].name
            self.rejected.append((name, kind, rejection.reason))

    def _close_block(self, transactions: Sequence[bytes] = ()) -> None:
        raw = b"".join(transactions)
        digest = hashlib.sha256(self.height.to_bytes(8, "big") + raw).digest()
        self.blocks.append(
            BlockView(self.height, digest, self.height * BLOCK_US, raw, tuple(transactions))
        )

    def observe(self) -> Observation:
        """Return what the checks may look at."""
        end_us = self.height * BLOCK_US
        return Observation(
            seed=SEED,
            end_us=end_us,
            blocks=tuple(self.blocks),
            ceremonies=(self.state,),
            validators=tuple(self._view(member, end_us) for member in self.ceremony.members),
        )

    def _view(self, member: Member, end_us: int) -> ValidatorView:
        machine = self.machines[member.validator]
        state = self.state
        view = CeremonyView(
            key="beacon",
            era=1,
            generation=0,
            attempt=1,
            phase=state.phase.value,
            public_key=state.public_key,
            qual=state.qual,
            verification=state.verification,
            seen_us=end_us,
        )
        return ValidatorView(
            index=member.validator,
            name=member.name,
            corrupted=self.adversaries[member.validator].present,
            disturbed=member.validator in self.absent,
            alive=member.validator not in self.absent,
            heads=tuple((b.height, b.hash, b.time_us) for b in self.blocks),
            ceremonies=(view,),
            holdings=(Holding("beacon", 1, 0, 1, member.index, machine.share, machine.shareless),),
            secrets=tuple(self.secrets[member.validator]),
        )
