"""This project's reshare and refresh, started from published shares."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

import pytest

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import Secret
from sim.crypto.group import Group
from sim.crypto.polynomial import interpolate_constant
from sim.protocol.ceremony import Base, Member, default_faults
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster, identities, make_ceremony
from tests.support.vectors import load

FILES: dict[str, str] = {"reshare": "reshare_{}_told3_tnew3", "refresh": "refresh_{}_t3"}


@pytest.mark.parametrize("operation", ["reshare", "refresh"])
def test_published_shares_are_rotated_and_stay_the_published_secret(
    operation: Literal["reshare", "refresh"], scheme: str, group: Group
) -> None:
    if scheme == "BLS":
        pytest.skip("there are no published rotations on BLS12-381")
    vector = load(f"lens/{FILES[operation].format(scheme.lower())}.json")
    order: Any = {"ED25519": "little", "SECP256K1": "big"}[scheme]
    shares = {
        int(index): int.from_bytes(bytes.fromhex(value), order)
        for index, value in vector["old_shares_hex"].items()
    }
    secret = int.from_bytes(bytes.fromhex(vector["recovered_secret_hex"]), order)
    threshold = vector["t_old"]
    old = make_ceremony(len(shares), threshold, identities=identities(10))
    verification = (group.base_mul(secret), *(group.base_mul(shares[i]) for i in sorted(shares)))
    base = Base(0, threshold, old.members, verification, bytes(32))
    members = old.members
    if operation == "reshare":
        members = tuple(
            Member(ShareIndex(i), ValidatorIndex(n - 1), f"v{n}", identities(10)[n - 1].public)
            for i, n in enumerate(vector["new_set"], start=1)
        )
    ceremony = dataclasses.replace(
        old,
        operation=operation,
        base=base,
        generation=1,
        members=members,
        faults=default_faults(threshold, len(members)),
    )

    cluster = Cluster(ceremony=ceremony, shares={i - 1: Secret(s) for i, s in shares.items()})
    state = cluster.run()

    assert state.phase is Phase.ACTIVE
    assert state.public_key == group.base_mul(secret)
    seats = ceremony.by_validator
    made = {int(seats[ValidatorIndex(v)].index): s.reveal() for v, s in cluster.kept().items()}
    assert len(made) == 5
    assert interpolate_constant({i: made[i] for i in (1, 3, 5)}, group.order) == secret
