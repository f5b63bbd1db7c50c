"""The keys that validators' vaults are locked with, as the plan has them: given, or derived.

The KEK is no part of the store: like the identity key it is never lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

from sim.base.meters import Meter, charge_all, metering
from sim.base.randomness import stream
from sim.base.secret import Secret, SecretBytes
from sim.crypto.vault import KEY_SIZE, SALT_SIZE, Vault, kek_from_password
from sim.scenario.plan import Plan, StorePlan

_PASSWORD_SIZE = 16


def unlock_of(plan: Plan, validator: int) -> Callable[[], SecretBytes]:
    """Return what gives the KEK of a validator, by its registry position; each call is charged."""
    return partial(_kek, plan.seed, plan.validators[validator].name, plan.store)


def fingerprint_of(plan: Plan, validator: int) -> bytes:
    """Return the public fingerprint of a validator's KEK, 32 bytes: the registry's at-rest key."""
    with metering(Meter()):
        return Vault(unlock_of(plan, validator)()).fingerprint


def _kek(seed: int, name: str, store: StorePlan) -> SecretBytes:
    kek, charged = _derived(seed, name, store)
    charge_all(charged)
    return kek


@lru_cache(maxsize=4096)
def _derived(seed: int, name: str, store: StorePlan) -> tuple[SecretBytes, dict[str, int]]:
    """Return a KEK, and what deriving it is charged at every start: it is done once a process."""
    draw = stream(seed, "vault", "kek", name)
    if store.kek == "given":
        return Secret(draw.bytes(KEY_SIZE)), {}
    with metering(Meter()) as meter:
        password, salt = Secret(draw.bytes(_PASSWORD_SIZE)), draw.bytes(SALT_SIZE)
        kek = kek_from_password(password, salt, store.t, store.m_kib, store.p)
    return kek, meter.counts
