"""Hostile transactions, blocks and ledgers: refused with a reason, and never with an error."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import msgspec
import pytest
from hypothesis import strategies as st

from sim.base.codec import encode
from sim.base.memo import Memo, using
from sim.kchain.blocks import block_hash, decode_block, genesis_state
from sim.kchain.draft import Draft
from sim.kchain.errors import LedgerError
from sim.kchain.execution import execute
from sim.kchain.file import encode_ledger
from sim.kchain.ledger import Ledger
from sim.kchain.mempool import HELD_MAX, Mempool
from sim.kchain.replica import follow
from sim.kchain.state import ChainState
from sim.kchain.verify import verify_ledger
from sim.kchain.withholding import Inclusion
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import STATEMENTS
from sim.protocol.requests import (
    CREATE_KEY,
    RECORD_SIGN_SESSION,
    REPORT_EQUIVOCATION,
    RecordSignSession,
    ReportEquivocation,
)
from sim.protocol.transactions import decode_transaction
from tests.fuzz.hostile import EXAMPLES, explore, hostile
from tests.kchain.scene import BLOCK_US, OWNER, make_request, signed, with_key

SCENE = with_key()
"""A key, its ceremony and its test signature on a real ledger of four validators."""


SESSION = RecordSignSession("beacon", 0, "test-0", "test", b"message", bytes(64), (1, 2, 3))


def drafted(state: ChainState) -> Draft:
    """The block after `state`."""
    return Draft(state, state.height + 1, state.time_us + BLOCK_US)


def midway() -> list[ChainState]:
    """The chain after each of its blocks."""
    states = [genesis_state(SCENE.genesis)]
    for raw in SCENE.ledger.blocks[1:]:
        states.append(follow(states[-1], raw))
    return states


class Filed(NamedTuple):
    """A transaction beside the recorded ones.

    Attributes:
        block: Whose place in the chain of blocks it shares.
        source: A validator's position; the number of validators for the owner.
        kind: As signed.
        payload: As signed.
        ahead: Whether it comes before the block's own transactions.

    """

    block: int
    source: int
    kind: str
    payload: bytes
    ahead: bool


def filings() -> st.SearchStrategy[list[Filed]]:
    """Bent payloads, mostly of the kind and at the height at which they were said."""
    owner = len(SCENE.validators)
    real = [
        (place, decode_transaction(entry.transaction))
        for place, raw in enumerate(SCENE.ledger.blocks)
        for entry in decode_block(raw).entries
    ]
    deals = [
        entry.transaction
        for raw in SCENE.ledger.blocks
        for entry in decode_block(raw).entries
        if decode_transaction(entry.transaction).kind == "deal"
    ]
    second = encode(make_request(["v1", "v2", "v3"], key="other", threshold=2))
    said = [(place, one.kind, one.payload) for place, one in real if one.kind in STATEMENTS]
    said += [(place, CREATE_KEY, second) for place in range(1, len(SCENE.ledger.blocks))]
    said += [(6, REPORT_EQUIVOCATION, encode(ReportEquivocation(deals[0], deals[1])))]
    said += [(6, RECORD_SIGN_SESSION, encode(SESSION))]

    def of(one: tuple[int, str, bytes]) -> st.SearchStrategy[Filed]:
        place, kind, payload = one
        who = st.just(owner) if kind == CREATE_KEY else st.integers(0, owner)
        kinds = st.just(kind) | st.just(kind) | st.sampled_from([*STATEMENTS, "nonsense", ""])
        near = st.sampled_from([place, place, place, max(1, place - 1), place + 1])
        return st.builds(Filed, near, who, kinds, hostile([payload]), st.booleans())

    return st.lists(st.sampled_from(said).flatmap(of), min_size=1, max_size=5)


def chained(filed: list[Filed], loose: bytes) -> Ledger:
    """Form the recorded blocks again, with more in them; nonces are those that come next."""
    ledger = Ledger(SCENE.genesis)
    people = [*SCENE.validators, OWNER]
    again = {person.public: person for person in people}
    last = [(len(SCENE.ledger.blocks) + n, ()) for n in range(3)]
    blocks = [(place, decode_block(raw).entries) for place, raw in enumerate(SCENE.ledger.blocks)]
    nonces = dict.fromkeys(again, 0)
    for place, entries in [*blocks[1:], *last]:
        own = [decode_transaction(entry.transaction) for entry in entries]
        more = [f for f in filed if f.block == place]
        sayings = [
            *((people[f.source], f.kind, f.payload) for f in more if f.ahead),
            *((again[one.principal], one.kind, one.payload) for one in own),
            *((people[f.source], f.kind, f.payload) for f in more if not f.ahead),
        ]
        for person, kind, payload in sayings:
            nonces[person.public] += 1
            raw = signed(person, nonces[person.public], kind, payload)
            ledger.submit(place * BLOCK_US - 1, 0, raw)
        ledger.submit(place * BLOCK_US - 1, 0, loose)
        ledger.form(place * BLOCK_US)
    return ledger


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_ledger_takes_any_transaction_and_verifies(examples: int) -> None:
    """Each gets a reason or an effect, and whoever reads the file comes to the same state.

    The others' statements are played as they were recorded, so here only errors count.
    """
    raws = [e.transaction for raw in SCENE.ledger.blocks for e in decode_block(raw).entries]

    def check(case: tuple[list[Filed], bytes]) -> None:
        ledger = chained(*case)
        verified = verify_ledger(encode_ledger(SCENE.genesis, ledger.blocks))
        assert verified.state == ledger.state

    with using(Memo(20_000)):
        explore(check, st.tuples(filings(), hostile(raws)), examples)


def _state(draft: Draft, attempt: tuple[bytes, int]) -> CeremonyState:
    state = draft.peek(attempt)
    assert state is not None
    return state


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_block_is_followed_or_refused_with_its_place(examples: int) -> None:
    states = midway()
    blocks = SCENE.ledger.blocks

    def check(case: tuple[ChainState, bytes]) -> None:
        state, raw = case
        with suppress(LedgerError):
            assert raw in blocks or follow(state, raw).height == state.height + 1

    linked = st.sampled_from(range(1, len(blocks))).flatmap(
        lambda place: st.tuples(st.just(states[place - 1]), hostile([blocks[place]]))
    )
    with using(Memo(10_000)):
        explore(check, linked, examples)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_ledger_verifies_or_is_refused_with_its_place(examples: int) -> None:
    """Bent as a file, and bent inside with all hashes made to link again."""
    whole = SCENE.file()
    blocks = SCENE.ledger.blocks

    def relinked(place: int, bent: bytes) -> bytes:
        chain = [*blocks[:place], bent]
        for raw in blocks[place + 1 :]:
            block = msgspec.structs.replace(decode_block(raw), parent=block_hash(chain[-1]))
            chain.append(encode(block))
        return encode_ledger(SCENE.genesis, chain)

    def check(data: bytes) -> None:
        with suppress(LedgerError):
            verified = verify_ledger(data)
            assert encode_ledger(verified.genesis, verified.raw) == data

    inside = st.sampled_from(range(1, len(blocks))).flatmap(
        lambda place: hostile([blocks[place]]).map(lambda bent: relinked(place, bent))
    )
    explore(check, hostile([whole]) | inside | inside, examples)


def test_what_one_account_makes_wait_is_bounded() -> None:
    pool = Mempool(Inclusion(lambda at_us: at_us))
    for nonce in range(2, HELD_MAX + 50):
        pool.add(nonce, 0, signed(OWNER, nonce, CREATE_KEY, b""))

    pool.next_arrival_us(lambda _: True, 0)

    assert [len(held) for held in pool._held.values()] == [HELD_MAX]


def test_an_honest_deal_sent_again_byte_for_byte_blames_nobody() -> None:
    """Even in a block, where the mempool would never put it."""
    entries = [entry for raw in SCENE.ledger.blocks for entry in decode_block(raw).entries]
    deals = [e.transaction for e in entries if decode_transaction(e.transaction).kind == "deal"]
    draft = drafted(SCENE.ledger.state)

    reasons = [execute(draft, raw) for raw in deals]

    assert set(reasons) == {"BadNonce"}
    assert all(_state(draft, attempt).faults == [] for attempt in draft.attempts())
