"""Secrets at rest: no store holds one in the clear, and what is erased stays erased."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.base.meters import Meter, metering
from sim.base.secret import Secret, SecretBytes
from sim.base.spool import fetch
from sim.crypto.groups import get_group
from sim.crypto.vault import Scope, Vault, VaultError
from sim.protocol.member import MemberContext
from sim.scenario.plan import StorePlan
from sim.validator.store import Store
from sim.validator.vaulting import DEK, LASTING, PASSING, Locker, Place
from sim.world.vaults import fingerprint_of, unlock_of
from sim.world.witness import WitnessedStore
from tests.validator.scripted import make_validator
from tests.validator.town import Town
from tests.world.plans import make_plan

PLAN = make_plan(3, 2)
PLACE = Place("session#1/", "beacon", 1, 0)


class HoardingStore(WitnessedStore):
    """A store whose disk forgets nothing that was ever sealed: what a backup would hold."""

    def __init__(self) -> None:
        super().__init__()
        self.hoard: list[tuple[str, bytes, bytes]] = []

    def put_sealed(self, key: str, sealed: bytes, plaintext: SecretBytes) -> None:
        super().put_sealed(key, sealed, plaintext)
        self.hoard.append((key, sealed, plaintext.reveal()))


def _town() -> tuple[Town, HoardingStore]:
    town, store = Town(PLAN), HoardingStore()
    town.residents[0].validator.store = store
    return town, store


def _bytes_of(store: Store) -> list[bytes]:
    """Return every value that the store has in memory or on disk, and every key."""
    durable = [(key, fetch(kept)) for key, kept in store._durable.items()]
    entries = [*durable, *store._buffer.items()]
    return [data for key, value in entries for data in (key.encode(), value or b"")]


def _in_the_clear(store: WitnessedStore) -> list[str]:
    """Return the keys of secrets of which some piece can be read in the store."""
    return [
        key
        for key, secret in store.stays
        if any(secret[at : at + 16] in data for at in (0, 16) for data in _bytes_of(store))
    ]


def _opens(store: Store, key: str, sealed: bytes, generation: int = 0) -> bytes | None:
    """Return what a thief of the KEK and of the store as it is reads in `sealed`."""
    vault = Vault(unlock_of(PLAN, 0)())
    prefix = f"{key.partition('/')[0]}/"
    for name in (LASTING, PASSING):
        wrapped = store.get(f"{DEK}{prefix}{name}")
        if wrapped is None:
            continue
        try:
            opened = vault.open(wrapped, Scope("beacon", 1, generation, 0), key, sealed)
        except VaultError:
            continue
        return opened.reveal()
    return None


def test_at_no_time_does_a_store_hold_a_secret_in_the_clear() -> None:
    town, store = _town()
    town.start()
    town.ask("create-key")

    seen = set()
    for _ in range(12):
        town.run(1)
        assert _in_the_clear(store) == []
        seen |= {key.partition("/")[2] for key, _ in store.stays}

    assert town.state.keys["beacon"].status == "Active"
    assert {"transport", "polynomial", "share"} <= seen


def test_the_scan_finds_a_secret_that_isnt_sealed() -> None:
    town, store = _town()
    town.start()
    town.ask("create-key")
    town.run(12)

    key, secret = next((k, s) for k, s in store.stays if k.endswith("/share"))
    store.put("careless", b"share: " + secret)

    assert _in_the_clear(store) == [key]


def test_kek_and_dek_open_the_live_share_and_nothing_that_only_the_ceremony_needed() -> None:
    town, store = _town()
    town.start()
    town.ask("create-key")
    town.run(12)

    readable = {
        key.partition("/")[2]
        for key, sealed, plaintext in store.hoard
        if _opens(store, key, sealed) == plaintext
    }

    assert town.state.keys["beacon"].status == "Active"
    assert readable == {"share"}


def test_before_the_ceremony_ends_kek_and_dek_open_everything() -> None:
    town, store = _town()
    town.start()
    town.ask("create-key")
    town.run(2)

    readable = {
        key.partition("/")[2]
        for key, sealed, plaintext in store.hoard
        if _opens(store, key, sealed) == plaintext
    }

    assert readable == {"transport", "polynomial", "outgoing"}


def test_another_kek_opens_nothing() -> None:
    town, store = _town()
    town.start()
    town.ask("create-key")
    town.run(2)
    other = Vault(unlock_of(PLAN, 1)())

    def attempts() -> Iterator[None]:
        for key, sealed, _ in store.hoard:
            wrapped = store.get(f"{DEK}{key.partition('/')[0]}/{PASSING}")
            assert wrapped is not None
            with pytest.raises(VaultError):
                other.open(wrapped, Scope("beacon", 1, 0, 0), key, sealed)
            yield

    assert len(list(attempts())) > 1


def _locker(store: Store, incarnation: int = 0) -> Locker:
    validator = make_validator(PLAN).setup
    member = MemberContext(
        validator.index, validator.name, validator.identity, 1, incarnation, lambda _: 1, 1
    )
    return Locker(member, store, Vault(unlock_of(PLAN, 0)()))


def _write(locker: Locker, store: Store, name: str, value: bytes) -> bytes:
    sealed, fresh = locker.seal(PLACE, name, value)
    for key, wrapped in fresh:
        store.put(key, wrapped)
    store.put_sealed(PLACE.prefix + name, sealed, Secret(value))
    return sealed


def test_a_later_incarnation_opens_what_an_earlier_one_sealed() -> None:
    store = Store()
    _write(_locker(store), store, "share", b"share")
    _write(_locker(store), store, "one-time/3", b"seeds")
    store.put(PLACE.prefix + "envelope/2/ab", b"as it came")

    opened = _locker(store, incarnation=1).opened(PLACE)

    assert opened == {"share": b"share", "one-time/3": b"seeds", "envelope/2/ab": b"as it came"}


def test_a_stale_generation_does_not_open() -> None:
    store = Store()
    _write(_locker(store), store, "share", b"share")

    with pytest.raises(VaultError):
        _locker(store).opened(PLACE._replace(generation=1))


def test_an_entry_whose_dek_is_erased_is_left_out() -> None:
    store, locker = Store(), _locker(Store())
    locker = _locker(store)
    _write(locker, store, "share", b"share")
    _write(locker, store, "polynomial", b"coefficients")

    for key in locker.forget(PLACE.prefix, lasting=False):
        store.delete(key)

    assert locker.opened(PLACE) == {"share": b"share"}


def test_an_erased_dek_never_comes_back() -> None:
    store = Store()
    locker = _locker(store)
    old = _write(locker, store, "polynomial", b"coefficients")
    for key in locker.forget(PLACE.prefix, lasting=False):
        store.delete(key)

    _write(locker, store, "outgoing", b"envelopes")
    store.put(PLACE.prefix + "polynomial", old)

    with pytest.raises(VaultError):
        locker.opened(PLACE)


def test_a_kek_from_a_password_is_charged_at_every_start_and_derived_once() -> None:
    plan = make_plan(3, 2, store=StorePlan(kek="argon2id", t=1, m_kib=64, p=1))

    with metering(Meter()) as meter:
        keks = [unlock_of(plan, 0)() for _ in range(3)]

    assert meter.counts == {"argon2id": 3}
    assert keks[0] is keks[2]
    assert Vault(keks[0]).fingerprint == fingerprint_of(plan, 0) != fingerprint_of(plan, 1)


def test_a_given_kek_costs_nothing() -> None:
    with metering(Meter()) as meter:
        kek = unlock_of(PLAN, 0)()

    assert meter.counts == {}
    assert Vault(kek).fingerprint == fingerprint_of(PLAN, 0)


def test_the_witness_remembers_secrets_as_they_are() -> None:
    town, store = _town()
    town.start()
    town.ask("create-key")
    town.run(12)
    now = town.residents[0].validator.now
    assert now is not None
    (seat,) = now.sessions.seats
    assert seat.machine.share is not None

    (share,) = [value for key, value in store.stays if key.endswith("/share")]

    assert get_group("ED25519").decode_scalar(share) == seat.machine.share.reveal()
