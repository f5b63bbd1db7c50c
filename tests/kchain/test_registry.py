"""The registry: who enters, who leaves, and that it changes at epoch boundaries alone."""

from __future__ import annotations

import msgspec
import pytest

from sim.base.codec import encode
from sim.kchain.blocks import decode_block
from sim.kchain.errors import LedgerError
from sim.kchain.file import encode_ledger
from sim.kchain.verify import verify_ledger
from sim.protocol.requests import (
    EVICT,
    JOIN,
    LEAVE,
    REGISTER,
    Evict,
    Join,
    Leave,
)
from tests.kchain.crew import Crew
from tests.kchain.scene import OWNER, Scene, identity, make_validators

EPOCH = 20


def crew(size: int = 4) -> Crew:
    return Crew(Scene(size))


def status(of: Crew, name: str) -> tuple[str, int]:
    entry = of.scene.ledger.state.registry[name]
    return entry.status, entry.since


def test_genesis_validators_are_active_with_their_stakes_and_addresses() -> None:
    registry = Scene(validators=make_validators((5, 7))).ledger.state.registry

    assert [(e.name, e.address, e.stake, e.status, e.since) for e in registry.values()] == [
        ("v1", 0, 5, "active", 0),
        ("v2", 1, 7, "active", 0),
    ]
    assert registry.by_identity[identity(1).public].name == "v2"


def test_a_newcomer_registers_on_standby_and_takes_part_from_the_next_epoch_on() -> None:
    chain = crew()

    assert chain.register(4) == [""]
    assert status(chain, "v5") == ("standby", 1)
    assert chain.joins(4) == [""]
    assert status(chain, "v5") == ("joining", 2)
    assert chain.scene.ledger.state.next_due == EPOCH
    assert chain.scene.skip_to(EPOCH) == [EPOCH]
    assert status(chain, "v5") == ("active", EPOCH)
    registry = chain.scene.ledger.state.registry
    assert [entry.name for entry in registry.pool] == ["v1", "v2", "v3", "v4", "v5"]
    assert registry.settled_at == EPOCH


def test_who_only_registered_makes_no_height_due() -> None:
    chain = crew()
    chain.register(4)

    assert chain.scene.skip_to(3 * EPOCH) == []
    assert status(chain, "v5") == ("standby", 1)


def test_leaving_and_eviction_wait_for_the_boundary_too() -> None:
    chain = crew()

    assert (chain.leaves(0), chain.evict(1)) == ([""], [""])
    pool = [entry.name for entry in chain.scene.ledger.state.registry.pool]
    assert pool == ["v1", "v2", "v3", "v4"]
    chain.pass_to(EPOCH)
    assert (status(chain, "v1"), status(chain, "v2")) == (("left", EPOCH), ("evicted", EPOCH))
    assert [entry.name for entry in chain.scene.ledger.state.registry.pool] == ["v3", "v4"]


def test_what_is_asked_for_in_the_boundarys_own_block_waits_for_the_next_one() -> None:
    chain = crew()
    chain.scene.skip_to(EPOCH - 1)

    chain.leaves(0)

    assert chain.scene.height == EPOCH
    assert status(chain, "v1") == ("leaving", EPOCH)
    chain.pass_to(2 * EPOCH)
    assert status(chain, "v1") == ("left", 2 * EPOCH)


def test_who_has_left_may_join_again_and_who_was_evicted_may_not() -> None:
    chain = crew()
    chain.leaves(0)
    chain.evict(1)
    chain.pass_to(EPOCH)

    assert chain.joins(0) == [""]
    assert chain.joins(1) == ["Evicted"]
    chain.pass_to(2 * EPOCH)
    assert status(chain, "v1") == ("active", 2 * EPOCH)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "v1"}, "NameTaken"),
        ({"address": 3}, "AddressTaken"),
        ({"transport": bytes(1215)}, "Malformed"),
        ({"transport": b"\xff" * 1216}, "Malformed"),
        ({"at_rest": bytes(31)}, "Malformed"),
        ({"stake": 2**63 - 1}, "StakeOverflow"),
        ({"stake": 0}, "Malformed"),
        ({"name": "no/slash"}, "Malformed"),
    ],
)
def test_a_registration_that_cannot_stand_is_refused(
    changes: dict[str, object], reason: str
) -> None:
    chain = Crew(Scene(validators=make_validators((2**63 - 1, 1, 1, 1))))

    assert chain.register(4, **changes) == [reason]
    assert len(chain.scene.ledger.state.registry) == 4


def test_one_identity_has_one_name() -> None:
    chain = crew()
    chain.register(4)

    assert chain.register(4, name="other", address=9) == ["IdentityTaken"]


def test_stakes_of_those_that_are_gone_count_again_when_they_come_back() -> None:
    chain = Crew(Scene(validators=make_validators((2**63 - 1, 2**62))))
    chain.leaves(0)
    chain.pass_to(EPOCH)
    assert chain.register(2, stake=2**63 - 1) == [""]

    assert chain.joins(0) == ["StakeOverflow"]


@pytest.mark.parametrize(
    ("kind", "payload", "position", "reason"),
    [
        (JOIN, Join("v1"), 0, "AlreadyActive"),
        (JOIN, Join("v1"), 1, "Unauthorized"),
        (JOIN, Join("v9"), 0, "UnknownValidator"),
        (LEAVE, Leave("v1"), 1, "Unauthorized"),
        (LEAVE, Leave("v9"), 0, "UnknownValidator"),
        (EVICT, Evict("v2"), 0, "Unauthorized"),
        (EVICT, Evict("v9"), None, "UnknownValidator"),
        (LEAVE, Leave("v3"), 2, "AlreadyLeaving"),
        (JOIN, Join("v3"), 2, "AlreadyLeaving"),
        (LEAVE, Leave("v4"), 3, "AlreadyLeaving"),
        (JOIN, Join("v4"), 3, "Evicted"),
        (EVICT, Evict("v4"), None, "Evicted"),
        (LEAVE, Leave("v5"), 4, "NotActive"),
    ],
)
def test_only_the_right_one_changes_an_entry_at_the_right_time(
    kind: str, payload: msgspec.Struct, position: int | None, reason: str
) -> None:
    """v3 is leaving, v4 being evicted, v5 on standby."""
    chain = crew()
    chain.register(4)
    chain.leaves(2)
    chain.evict(3)

    assert chain.send(kind, payload, position) == [reason]


def test_a_validator_can_be_evicted_while_it_leaves() -> None:
    chain = crew()
    chain.leaves(2)

    assert chain.evict(2) == [""]
    chain.pass_to(EPOCH)
    assert status(chain, "v3") == ("evicted", EPOCH)


def test_who_takes_no_part_is_evicted_at_once_and_never_drawn() -> None:
    chain = crew()
    chain.register(4)
    chain.leaves(3)
    chain.pass_to(EPOCH)
    chain.register(5)
    chain.joins(5)

    for position in (3, 4, 5):
        assert chain.evict(position) == [""]
        assert status(chain, f"v{position + 1}") == ("evicted", chain.scene.height)
        pool = [entry.name for entry in chain.scene.ledger.state.registry.pool]
        assert pool == ["v1", "v2", "v3"]


@pytest.mark.parametrize("kind", [REGISTER, JOIN, LEAVE, EVICT])
def test_bytes_that_say_nothing_are_malformed(kind: str) -> None:
    chain = crew()
    chain.scene.submit(chain.scene.sign(OWNER, kind, b"\xc1"))

    assert chain.scene.reasons() == ["Malformed"]


def test_named_committees_take_only_those_that_take_part() -> None:
    chain = crew()
    chain.register(4)
    chain.leaves(0)
    chain.pass_to(EPOCH)
    for names in (("v1", "v2"), ("v2", "v5"), ("v2", "v9"), ("v2", "v3")):
        chain.scene.create(key="-".join(names), committee=names, threshold=2)

    assert chain.scene.reasons() == ["NotActive", "NotActive", "UnknownValidator", ""]


def test_a_ledger_without_a_due_boundary_is_refused() -> None:
    chain = crew()
    chain.leaves(0)
    chain.pass_to(EPOCH)
    before = chain.scene.ledger.blocks[:-1]
    parent = verify_ledger(encode_ledger(chain.scene.genesis, before)).head
    late = decode_block(chain.scene.ledger.blocks[-1])
    late = msgspec.structs.replace(
        late, height=EPOCH + 1, time_us=late.time_us + chain.scene.genesis.block_time_us
    )
    assert late.parent == parent

    with pytest.raises(LedgerError, match=f"block {EPOCH} was due and is missing"):
        verify_ledger(encode_ledger(chain.scene.genesis, [*before, encode(late)]))
    assert verify_ledger(chain.scene.file()).state == chain.scene.ledger.state
