"""Whole lives of keys: every signature good for strangers, every session found in the audit log."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from sim import api
from sim.base.codec import decode_canonical
from sim.kchain.blocks import decode_block
from sim.kchain.verify import VerifiedChain, verify_ledger
from sim.protocol.requests import (
    RECORD_SIGN_SESSION,
    REQUEST_SIGN,
    RecordSignSession,
    RequestSign,
)
from sim.protocol.transactions import decode_transaction
from tests.support.ordinary import verifies

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SCHEMES = ("ED25519", "SECP256K1", "BLS")
BLS_MOST = 12
"""py_ecc takes most of a second per signature: of a year's, as many as that are checked."""


@dataclass(frozen=True)
class Life:
    """A finished run and its ledger."""

    run: api.Run
    chain: VerifiedChain

    @property
    def audit(self) -> list[dict[str, Any]]:
        """The audit log, as `ksim audit --json` has it."""
        return [msgspec.structs.asdict(line) for line in api.audit(self.run)]


class Signature(NamedTuple):
    """One that the ledger holds."""

    key: str
    generation: int
    scheme: str
    public_key: bytes
    message: bytes
    signature: bytes


def live(name: str, *sets: str, processes: int = 1) -> Life:
    """Run a shipped scenario."""
    scenario = api.load(SCENARIOS / f"{name}.toml", sets)
    run = api.run(scenario, processes=processes)
    assert run.exit_code == 0, run.summary["expectations"]
    return Life(run, verify_ledger(bytes(run.ledger())))


def said(chain: VerifiedChain, kind: str) -> Iterator[tuple[int, Any, str]]:
    """Yield (height, transaction, reason) of every transaction of a kind."""
    for raw in chain.raw[1:]:
        block = decode_block(raw)
        for included in block.entries:
            transaction = decode_transaction(included.transaction)
            if transaction.kind == kind:
                yield block.height, transaction, included.reason


def signatures(chain: VerifiedChain) -> list[Signature]:
    """Every activation and every recorded session, of every generation of every key."""
    found = []
    for key in chain.state.keys:
        for record in chain.state.generations(key):
            place = (key, record.generation, record.scheme, record.public_key)
            found.append(Signature(*place, record.activation_message, record.activation_signature))
    scheme_of = {s.key: (s.scheme, s.public_key) for s in found}
    for _, transaction, reason in said(chain, RECORD_SIGN_SESSION):
        if not reason:
            statement = decode_canonical(transaction.payload, RecordSignSession)
            place = (statement.key, statement.generation, *scheme_of[statement.key])
            found.append(Signature(*place, statement.message, statement.signature))
    return found


def check_signatures(chain: VerifiedChain, bls_most: int) -> Counter[str]:
    """Verify every signature by unrelated libraries, of BLS the first of so many generations."""
    checked: Counter[str] = Counter()
    for found in signatures(chain):
        if found.scheme == "BLS" and checked["BLS"] >= bls_most:
            continue
        assert verifies(found.scheme, found.public_key, found.message, found.signature), found
        wrong = found.message + b"!"
        if found.scheme != "BLS":
            assert not verifies(found.scheme, found.public_key, wrong, found.signature)
        checked[found.scheme] += 1
    return checked


def check_audit(life: Life) -> None:
    """Every request is in the log, with requester and height; totals are the T-chain's own."""
    lines = life.audit
    by_session = {(line["key"], line["session"], line["outcome"]): line for line in lines}
    refused, asked = Counter[str](), 0
    for height, transaction, reason in said(life.chain, REQUEST_SIGN):
        request = decode_canonical(transaction.payload, RequestSign)
        asked += 1
        if reason:
            line = by_session[request.key, request.signing, reason]
            assert line["height"] == height
            refused[reason] += 1
        else:
            place = (request.key, request.signing)
            ends = [by_session.get((*place, end)) for end in ("signed", "failed", "expired")]
            (line,) = [end for end in ends if end is not None]
            assert line["height"] > height
        assert line["requester"] == transaction.principal.hex()
        assert line["message_hash"] == hashlib.sha256(request.message).hexdigest()
    assert asked > 0
    outcomes = Counter(line["outcome"] for line in lines)
    book = life.run.summary["tchain"]
    assert book["complete"] == outcomes["signed"]
    assert book["expired"] == outcomes["expired"]
    assert book["failed"] == outcomes["failed"]
    assert book["refused"] == dict(refused)


@pytest.fixture(scope="module", params=SCHEMES)
def life(request: pytest.FixtureRequest) -> Life:
    return live("life-of-a-key", f"keys.beacon.scheme={request.param}")


def test_a_life_keeps_its_public_key_and_every_signature_is_good(life: Life) -> None:
    records = life.chain.state.generations("beacon")

    checked = check_signatures(life.chain, bls_most=6)

    assert [record.generation for record in records] == [0, 1, 2, 3, 4]
    assert len({record.public_key for record in records}) == 1
    everything = 5 + 5 + 3  # activations, tests of each generation, requests
    assert sum(checked.values()) == (6 if "BLS" in checked else everything)


def test_a_lifes_audit_is_complete(life: Life) -> None:
    check_audit(life)


@pytest.mark.parametrize("scheme", ["MLDSA", "MLKEM"])
def test_what_single_party_keys_cannot_do_is_refused_with_the_reason(scheme: str) -> None:
    with pytest.raises(api.ScenarioError) as refusal:
        api.run(api.load(SCENARIOS / "life-of-a-key.toml", [f"keys.beacon.scheme={scheme}"]))

    assert scheme in str(refusal.value)


@pytest.mark.slow
def test_a_year_of_churn() -> None:
    """180 rotations, 1,000 sessions, each era's public key unchanged, two processes alike."""
    year = live("year-of-churn")
    again = live("year-of-churn", processes=2)

    state = year.chain.state
    assert year.run.digest == again.run.digest
    assert sum(len(state.generations(key)) - 1 for key in state.keys) >= 180
    assert sum(line["outcome"] == "signed" for line in year.audit) >= 1000
    for key in state.keys:
        records = state.generations(key)
        assert len({(record.era, record.public_key) for record in records}) == records[-1].era
    checked = check_signatures(year.chain, BLS_MOST)
    assert min(checked.values()) >= BLS_MOST
    check_audit(year)
