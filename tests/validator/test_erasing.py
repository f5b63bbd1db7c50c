"""Old shares go after activation and not before; an aborted rotation takes only its own secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sim.base.memo import Memo, using
from sim.base.secret import SecretBytes
from sim.crypto.vault import Scope, Vault, VaultError
from sim.protocol.phases import Phase
from sim.validator.erasing import entries_of, left_behind
from sim.validator.keyring import share_of
from sim.validator.store import Store
from sim.world.vaults import unlock_of
from sim.world.witness import WitnessedStore
from tests.validator.town import Town, names
from tests.world.plans import key_plan, make_plan

PLAN = make_plan(4, 2, keys=(key_plan(3, 2),))


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


class _Backup(WitnessedStore):
    """A store of which somebody has a copy of every entry and every DEK, as of when it stood."""

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[tuple[str, bytes, bytes]] = []

    def put_sealed(self, key: str, sealed: bytes, plaintext: SecretBytes) -> None:
        super().put_sealed(key, sealed, plaintext)
        self.copied.append((key, sealed, plaintext.reveal()))


def _with_key(store: Store | None = None) -> Town:
    town = Town(PLAN)
    if store is not None:
        town.residents[0].validator.store = store
    town.start()
    town.ask("create-key")
    town.run(20)
    assert town.state.keys["beacon"].status == "Active"
    return town


def _left(town: Town, index: int = 0) -> dict[str, list[str]]:
    """Return what a validator's store holds, by the label of the attempt that it belongs to."""
    found: dict[str, list[str]] = {}
    for attempt, name in entries_of(town.residents[index].validator.store):
        ceremony = town.state.attempt(*attempt).ceremony
        found.setdefault(f"{ceremony.label}#{ceremony.attempt}", []).append(name)
    return {label: sorted(entries) for label, entries in found.items()}


LASTING = ["dek/share", "share"]


def test_a_store_holds_one_share_of_each_key_and_nothing_else_of_ceremonies() -> None:
    town = _with_key()

    town.ask("refresh")
    town.run(20)

    assert _left(town) == {"beacon/refresh/1#1": LASTING}
    assert names(town.residents[0].notes, "erase") == [("beacon/dkg/0", "retired")]


@pytest.mark.parametrize(
    ("do", "details", "label"),
    [
        ("reshare", {"joins": (3,), "leaves": (2,)}, "beacon/reshare/1#1"),
        ("rekey", {}, "beacon@2/rekey/0#1"),
        ("emergency", {"joins": (3,)}, "beacon/reshare/1#1"),
    ],
)
def test_whatever_replaces_a_generation_erases_it(
    do: str, details: dict[str, Any], label: str
) -> None:
    town = _with_key()

    town.ask(do, **details)
    town.run(60)

    assert _left(town, 0) == _left(town, 1) == {label: LASTING}


def test_who_leaves_keeps_nothing() -> None:
    town = _with_key()

    town.ask("reshare", joins=(3,), leaves=(2,))
    town.run(20)

    assert (_left(town, 2), _left(town, 3)) == ({}, {"beacon/reshare/1#1": LASTING})


def test_a_retired_key_leaves_nothing() -> None:
    town = _with_key()

    town.ask("retire")
    town.run(5)

    assert town.state.keys["beacon"].status == "Retired"
    assert [_left(town, index) for index in range(3)] == [{}, {}, {}]


def test_until_the_next_generation_is_active_the_old_share_stays() -> None:
    town = _with_key()
    town.ask("refresh")
    phases: list[Phase] = []

    while town.state.keys["beacon"].status != "Active" or not phases:
        town.run(1)
        state = town.state.all_ceremonies()[-1]
        phases.append(state.phase)
        old = "share" in _left(town).get("beacon/dkg/0#1", [])
        assert old == (state.phase is not Phase.ACTIVE)

    assert {Phase.DEAL, Phase.RESPOND, Phase.SIGN, Phase.ACTIVE} <= set(phases)


def test_a_rotation_that_is_rolled_back_takes_only_its_own_secrets() -> None:
    town = _with_key()
    town.ask("refresh")
    town.run(3)
    during = _left(town)

    town.ask("rollback")
    town.run(10)

    assert set(during) == {"beacon/dkg/0#1", "beacon/refresh/1#1"}
    assert {"polynomial", "transport"} <= set(during["beacon/refresh/1#1"])
    assert _left(town) == {"beacon/dkg/0#1": LASTING}
    now = town.residents[0].validator.now
    assert now is not None
    assert share_of(now.sessions.seats, "beacon", 1, 0) is not None


def test_who_was_down_at_the_activation_sweeps_when_it_starts() -> None:
    town = _with_key()
    town.residents[2].crash("unsynced")
    town.ask("refresh")
    town.run(300)
    before = _left(town, 2)

    town.residents[2].start()
    town.run(5)

    assert before == {"beacon/dkg/0#1": LASTING}
    assert "beacon/dkg/0#1" not in _left(town, 2)
    assert names(town.residents[2].notes, "erase") == [("beacon/dkg/0", "swept")]


def test_with_the_kek_and_an_old_copy_of_its_entries_an_erased_share_does_not_open() -> None:
    store = _Backup()
    town = _with_key(store)
    vault, dek = Vault(unlock_of(PLAN, 0)()), "dek/"

    def opened() -> list[str]:
        deks = [value for key, value in store.under(dek).items()]
        found = []
        for key, sealed, plaintext in store.copied:
            for wrapped in deks:
                for generation in (0, 1):
                    try:
                        place = Scope("beacon", 1, generation, 0)
                        assert vault.open(wrapped, place, key, sealed).reveal() == plaintext
                    except VaultError:
                        continue
                    found.append(key.partition("/")[2])
        return found

    live = opened()
    first = [plaintext for key, _, plaintext in store.copied if key.endswith("/share")]
    town.ask("refresh")
    town.run(20)
    later = opened()

    assert live == later == ["share"]
    (old, new) = [plaintext for key, _, plaintext in store.copied if key.endswith("/share")]
    assert [old] == first != [new]
    assert not any(old[:16] in value for value in store.under("").values())


def test_the_witness_knows_how_long_a_share_was_there() -> None:
    store = WitnessedStore()
    town = _with_key(store)
    store.clock = lambda: town.now_us
    town.ask("refresh")
    town.run(20)
    activated_us = town.state.generations("beacon")[1].activated_us

    stays = [stay for (key, _), stay in store.stays.items() if key.endswith("/share")]

    assert stays[0].erased_us == activated_us - PLAN.ledger.genesis_time_us
    assert stays[1].erased_us is None


def test_a_crash_that_takes_the_store_ends_every_stay() -> None:
    store = WitnessedStore()
    town = _with_key(store)

    store.clock = lambda: 77
    town.residents[0].crash("all")

    assert [s.erased_us for (key, _), s in store.stays.items() if key.endswith("share")] == [77]


def test_what_belongs_to_no_attempt_that_counts_is_found() -> None:
    store = Store()
    for key in ("born", f"{'0a' * 32}#2/share", f"dek/{'0b' * 32}#1/ceremony", "early/1/x#1/y"):
        store.put(key, b"")
    store.put(f"posted/{'0c' * 32}#3/deal", b"")

    stale = left_behind(store, {(b"\x0b" * 32, 1)})

    assert stale == [(b"\x0a" * 32, 2), (b"\x0c" * 32, 3)]
