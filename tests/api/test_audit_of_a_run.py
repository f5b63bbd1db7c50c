"""The audit log of a whole life of a key, beside the T-chain's own count of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from sim import api
from sim.kchain.blocks import genesis_state
from sim.kchain.file import parse_ledger
from sim.kchain.replica import follow
from sim.tchain.book import Book, Status

SCENARIO = Path(__file__).parents[2] / "scenarios" / "life-of-a-key.toml"


@pytest.fixture(scope="module")
def run() -> api.Run:
    return api.run(api.load(SCENARIO), seed=1)


def booked(ledger: bytes) -> Book:
    """Keep the T-chain's book of a ledger, and compare it with the K-chain at every block."""
    file, book = parse_ledger(ledger), Book()
    state = genesis_state(file.genesis)
    for stored in file.blocks[1:]:
        state = follow(state, stored.raw)
        book.on_block(state.height, state.time_us, state.session_events)
        assert book.open_tasks() == state.tasks
    return book


def test_totals_of_the_log_are_the_t_chains_own_count(run: api.Run) -> None:
    lines = api.audit(run)
    book = booked(bytes(run.ledger()))

    outcomes, counts = Counter(line.outcome for line in lines), book.counts()
    assert outcomes["signed"] == counts.complete > 0
    assert outcomes["expired"] == counts.expired
    assert {o: n for o, n in outcomes.items() if o not in ("signed", "expired", "failed")} == (
        counts.refused
    )
    assert counts.refused["PolicyViolation"] == 1
    assert len(lines) == len(book.sessions()) + sum(counts.refused.values())


def test_every_session_is_found_by_key_requester_height_and_time(run: api.Run) -> None:
    book = booked(bytes(run.ledger()))
    asked = [session for session in book.sessions() if any(session.requester)]
    assert asked

    for session in asked:
        height = f"h{session.ended_height}"
        found = api.audit(run, key=session.key, by="wallet", since=height, until=height)
        assert [line.session for line in found] == [session.signing]
        (line,) = found
        assert session.status is Status.COMPLETE
        assert line.generation == session.generation
        again = api.audit(run, since=f"{line.time_us}us", until=line.at)
        assert line in again


def test_principals_have_names_in_a_run_and_in_its_folder(run: api.Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    assert run.folder is not None
    names = [{line.by for line in api.audit(where)} for where in (run, run.folder)]
    beside = {line.by for line in api.audit(run.folder / "ledger.msgpack")}
    alone = {line.by for line in api.audit(run.ledger())}

    assert names == [{"K-chain", "wallet"}] * 2
    assert beside == {"K-chain", "wallet"}
    assert alone == {"K-chain", ""}  # the ledger knows its owner; who the wallet is, it doesn't
