"""A chain with a few validators and a principal, driven height by height without any network."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.identity import Identity
from sim.crypto.principals import Principal
from sim.crypto.signatures import get_signatures
from sim.kchain.blocks import Block, decode_block
from sim.kchain.file import encode_ledger
from sim.kchain.genesis import Genesis, Validator
from sim.kchain.ledger import Ledger
from sim.protocol.ceremony import PhaseLengths
from sim.protocol.effects import Effect, Post, Send, SendShares
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Announce, Deal, Statement, kind_of
from sim.protocol.requests import (
    CREATE_KEY,
    CreateKey,
    Policy,
)
from sim.protocol.sharing import SharingMachine
from sim.protocol.transactions import sign_transaction, statement_payload

CHAIN = "test-chain"
BLOCK_US = 2_000_000
SHORT = PhaseLengths(announce=3, deal=4, respond=5, grace=2, justify=3, open=3, confirm=8, sign=3)
OWNER = Identity(b"o" * 32)
ANY_POLICY = Policy(None, ())


def identity(position: int) -> Identity:
    """Return the identity of the validator at `position`."""
    return Identity(hashlib.sha256(f"validator {position}".encode()).digest())


def make_validators(stakes: Sequence[int]) -> tuple[Validator, ...]:
    """Return validators v1, v2 … with these stakes, at the addresses 0, 1 …"""
    return tuple(
        Validator(f"v{place + 1}", identity(place).public, place, stake=stake)
        for place, stake in enumerate(stakes)
    )


def make_genesis(size: int = 4, /, **changes: object) -> Genesis:
    """Return a genesis with validators v1..v`size`."""
    values: dict[str, object] = {
        "chain": CHAIN,
        "time_us": 1_767_225_600_000_000,
        "block_time_us": BLOCK_US,
        "epoch_heights": 20,
        "finality": 0,
        "block_max": 4096,
        "phases": SHORT,
        "validators": make_validators([1] * size),
        "authorised": (OWNER.public,),
    }
    return Genesis(**{**values, **changes})  # type: ignore[arg-type]  # fields chosen by tests


def make_request(names: Sequence[str], /, **changes: object) -> CreateKey:
    """Return a request for the key `beacon`, a majority of `names` needed to sign."""
    values: dict[str, object] = {
        "key": "beacon",
        "scheme": "ED25519",
        "threshold": len(names) // 2 + 1,
        "faults": 0,
        "committee": tuple(names),
        "policy": ANY_POLICY,
        "attempts": 1,
        "retry_after": 1,
        "justifications": "sealed",
        "commitments": "evaluation",
    }
    return CreateKey(**{**values, **changes})  # type: ignore[arg-type]  # fields chosen by tests


def signed(who: Principal, nonce: int, kind: str, payload: bytes, chain: str = CHAIN) -> bytes:
    """Return a signed transaction."""
    return sign_transaction(who.sign, chain, kind, who.public, nonce, payload)


class Scene:
    """A ledger whose accounts always know their next nonce.

    `submit` makes a transaction arrive in the middle of the time before the next height, and `step`
    forms the block at that height.
    """

    def __init__(self, size: int = 4, **changes: object) -> None:
        self.genesis = make_genesis(size, **changes)
        self.ledger = Ledger(self.genesis)
        self.validators = [identity(position) for position in range(size)]
        self.height = 0
        self._nonces: dict[bytes, int] = {}

    def sign(self, who: Principal, kind: str, payload: bytes) -> bytes:
        """Sign with the account's next nonce."""
        nonce = self._nonces[who.public] = self._nonces.get(who.public, 0) + 1
        return signed(who, nonce, kind, payload)

    def submit(self, raw: bytes, source: int = -1) -> None:
        """Let `raw` arrive before the next height."""
        self.ledger.submit(self.height * BLOCK_US + BLOCK_US // 2, source, raw)

    def create(self, **changes: object) -> None:
        """Let the owner ask for a key by all validators."""
        names = [validator.name for validator in self.genesis.validators]
        payload = encode(make_request(names, **changes))
        self.submit(self.sign(OWNER, CREATE_KEY, payload))

    def say(self, position: int, statement: Statement, key: str = "beacon") -> bytes:
        """Let a validator post `statement` in the newest attempt; return the transaction."""
        state = self.newest(key)
        payload = statement_payload(state.ceremony.session, state.ceremony.attempt, statement)
        raw = self.sign(self.validators[position], kind_of(statement), payload)
        self.submit(raw, position)
        return raw

    def newest(self, key: str = "beacon") -> CeremonyState:
        """Return the newest attempt of a key."""
        return self.ledger.state.newest(key)

    def step(self) -> Block | None:
        """Pass one height; return its block if there is one."""
        self.height += 1
        formed = self.ledger.form(self.height * BLOCK_US)
        return None if formed is None else decode_block(formed.raw)

    def reasons(self) -> list[str]:
        """Pass one height; return the reasons of its transactions."""
        block = self.step()
        return [] if block is None else [included.reason for included in block.entries]

    def skip_to(self, height: int) -> list[int]:
        """Pass heights up to `height`; return those that had a block."""
        return [block.height for _ in range(self.height, height) if (block := self.step())]

    def file(self) -> bytes:
        """Return the ledger's file."""
        return encode_ledger(self.genesis, self.ledger.blocks)


class Committee:
    """Honest machines for every seat, on a scene's ledger; private messages always arrive."""

    def __init__(self, scene: Scene, key: str = "beacon") -> None:
        self._scene = scene
        self._key = key
        self.ceremony = scene.newest(key).ceremony
        self._machines = [
            SharingMachine(_context(scene, position), self.ceremony, {})
            for position in range(len(scene.validators))
        ]

    def run(self) -> None:
        """Go on until the attempt has ended."""
        while not self._scene.newest(self._key).ended:
            state = self._scene.newest(self._key)
            for position, machine in enumerate(self._machines):
                self._perform(position, machine.on_state(state, self._scene.height))
            self._scene.step()

    def share(self, index: int) -> SecretScalar:
        """Return the share of one member."""
        share = self._machines[index - 1].share
        assert share is not None
        return share

    def sign(self, message: bytes) -> bytes:
        """Sign as the first t members: an ordinary signature of the key."""
        signatures, seats = get_signatures(self.ceremony.scheme), range(self.ceremony.threshold)
        shares = {i + 1: share for i in seats if (share := self._machines[i].share) is not None}
        drawn = {
            i: signatures.draw_nonces(hashlib.sha512(message + bytes([i])).digest(), share)
            for i, share in shares.items()
        }
        listed = tuple(signatures.entry(i, commitments) for i, (_, commitments) in drawn.items())
        public = self._scene.newest(self._key).public_key
        partials = [
            signatures.sign(i, share, public, drawn[i][0], message, listed)
            for i, share in shares.items()
        ]
        return signatures.aggregate(public, message, listed, partials)

    def _perform(self, position: int, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case SendShares():
                    machine = self._machines[position]
                    self._perform(position, machine.dispatch(machine.seal(effect)))
                case Send(to, _, message):
                    source = ValidatorIndex(position)
                    self._perform(to, self._machines[to].on_message(source, message))
                case Post(statement):
                    self._scene.say(position, statement, self._key)
                case _:
                    pass  # stores and timers: nothing crashes and nothing is lost here


def _context(scene: Scene, position: int) -> MemberContext:
    return MemberContext(
        validator=ValidatorIndex(position),
        name=scene.genesis.validators[position].name,
        identity=scene.validators[position],
        seed=1,
        incarnation=0,
        rto_us=lambda _: 200_000,
        rto_max_us=10_000_000,
    )


def with_committee(
    size: int = 4, policy: Policy = ANY_POLICY, scheme: str = "ED25519", **changes: object
) -> tuple[Scene, Committee]:
    """Return a scene in which all validators have created the key `beacon`, and the committee."""
    scene = Scene(size, **changes)
    scene.create(policy=policy, scheme=scheme)
    scene.step()
    committee = Committee(scene)
    committee.run()
    return scene, committee


def with_key(
    size: int = 4, policy: Policy = ANY_POLICY, scheme: str = "ED25519", **changes: object
) -> Scene:
    """Return a scene in which all validators have created the key `beacon`."""
    return with_committee(size, policy, scheme, **changes)[0]


ANNOUNCE = Announce(bytes(1216))
"""No usable transport key: the judge rejects it as Malformed."""

DEAL = Deal((b"x" * 32,), bytes(64))
"""A deal that is recorded and judged to be bad."""


def second_deal(scene: Scene, position: int, nonce: int) -> bytes:
    """Return another deal by the same validator, signed with a nonce of the test's choice."""
    ceremony = scene.newest().ceremony
    payload = statement_payload(ceremony.session, ceremony.attempt, Deal((b"y" * 32,), bytes(64)))
    return signed(scene.validators[position], nonce, "deal", payload)
