"""Every generation is derived again from public data, and a record that lies is refused."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from sim.kchain.errors import LedgerError
from sim.kchain.generations import Derived, derive
from sim.kchain.log import Log
from sim.kchain.records import KeyRecord
from sim.kchain.state import ChainState
from sim.kchain.verify import verify_ledger
from tests.kchain.crew import Crew, crew_with_key

FOUR = ("v1", "v2", "v3", "v4")


@pytest.fixture(scope="module")
def lived() -> Crew:
    """A reshare, a repair, a refresh, a failed refresh, a new era, and a single-party key."""
    crew = crew_with_key(6, FOUR)
    crew.ask(operation="reshare", committee=("v2", "v3", "v5", "v6"), threshold=2)
    crew.settle()
    crew.step()
    crew.ask(operation="refresh")
    crew.settle()
    crew.absent = set(range(6))
    crew.ask(operation="refresh")
    crew.settle()
    crew.absent = set()
    crew.ask(operation="rekey")
    while ("beacon", "endorse-2") not in crew.scene.ledger.state.open_sessions:
        crew.step()
    crew.step()
    crew.close("endorse-2")
    crew.step()
    crew.ask(operation="repair", target="v3")
    crew.settle()
    crew.scene.create(key="pq", scheme="MLKEM", committee=("v1",), threshold=1)
    crew.scene.step()
    crew.settle("pq")
    return crew


def test_verify_says_how_much_it_derived_again(lived: Crew) -> None:
    verified = verify_ledger(lived.scene.file())

    sessions = len(lived.scene.ledger.state.sessions)
    assert verified.derived == Derived(
        keys=2,
        generations=5,
        attempts=7,
        activations=4,
        endorsements=1,
        unsigned=1,
        repairs=1,
        draws=0,
        sessions=sessions,
    )
    assert verified.state == lived.scene.ledger.state


def with_generations(state: ChainState, place: int, **changes: object) -> ChainState:
    """Return the state with one of the generations of `beacon` changed."""
    records = list(state.generations("beacon"))
    records[place] = msgspec.structs.replace(records[place], **changes)
    replaced = Log[KeyRecord]()
    for record in records[:-1]:
        replaced = replaced.append(record)
    key = msgspec.structs.replace(state.keys["beacon"], record=records[-1])
    return dataclasses.replace(state, replaced=replaced, keys={**state.keys, "beacon": key})


@pytest.mark.parametrize(
    ("place", "changes", "reason"),
    [
        (0, {"activation_signature": bytes(64)}, "isn't activated"),
        (1, {"activation_signature": bytes(64)}, "isn't activated"),
        (1, {"transcript": bytes(32)}, "isn't what its ceremony made"),
        (2, {"share_commitments": ()}, "isn't what its ceremony made"),
        (2, {"qual": (1,)}, "isn't what its ceremony made"),
        (2, {"activation_message": b"m"}, "isn't what its ceremony made"),
        (2, {"generation": 3}, "doesn't keep the public key"),
        (2, {"activated_at": 1}, "doesn't keep the public key"),
        (0, {"generation": 1}, "has nothing before it"),
        (3, {"era": 3}, "leaves an era out"),
        (3, {"endorsement": bytes(64)}, "isn't endorsed"),
    ],
)
def test_a_record_that_lies_is_refused(
    lived: Crew, place: int, changes: dict[str, object], reason: str
) -> None:
    state = lived.scene.ledger.state
    assert derive(state, 0).generations == 5

    with pytest.raises(LedgerError, match=reason):
        derive(with_generations(state, place, **changes), 0)


def test_a_public_key_that_changes_within_an_era_is_refused(lived: Crew) -> None:
    state = lived.scene.ledger.state
    other = state.generations("beacon")[3]
    swapped = with_generations(
        state, 2, **{f: getattr(other, f) for f in other.__struct_fields__ if f not in _PLACE}
    )

    with pytest.raises(LedgerError, match="doesn't keep the public key"):
        derive(swapped, 0)


_PLACE = ("era", "generation", "activated_at")


def test_a_changed_byte_of_a_life_is_refused(lived: Crew) -> None:
    """Every 997th byte, one bit each."""
    ledger = lived.scene.file()

    for position in range(0, len(ledger), max(len(ledger) // 60, 1)):
        changed = bytearray(ledger)
        changed[position] ^= 1 << position % 8
        with pytest.raises(LedgerError):
            verify_ledger(bytes(changed))
