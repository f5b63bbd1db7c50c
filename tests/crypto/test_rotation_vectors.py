"""Published refreshes and reshares: old shares, new shares and the secret belong together."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from tests.support.vectors import load

ORDER_OF_BYTES = {"ED25519": "little", "SECP256K1": "big"}
CURVES = pytest.mark.parametrize("scheme", sorted(ORDER_OF_BYTES))


def shares(scheme: str, hexes: dict[str, str]) -> dict[int, int]:
    """Read shares by index."""
    order: Any = ORDER_OF_BYTES[scheme]
    return {int(index): int.from_bytes(bytes.fromhex(h), order) for index, h in hexes.items()}


def read(scheme: str, name: str) -> tuple[dict[str, Any], dict[int, int], dict[int, int], int]:
    """Return the file, old and new shares, and the secret."""
    vector = load(f"lens/{name.format(scheme.lower())}.json")
    order: Any = ORDER_OF_BYTES[scheme]
    secret = int.from_bytes(bytes.fromhex(vector["recovered_secret_hex"]), order)
    old, new = (shares(scheme, vector[f"{age}_shares_hex"]) for age in ("old", "new"))
    return vector, old, new, secret


@CURVES
@pytest.mark.parametrize("name", ["refresh_{}_t3", "reshare_{}_told3_tnew3"])
def test_published_shares_before_and_after_are_the_same_secret(scheme: str, name: str) -> None:
    order = get_group(scheme).order

    vector, old, new, secret = read(scheme, name)

    for threshold, held in ((vector["t_old"], old), (vector["t_new"], new)):
        for subset in combinations(sorted(held), threshold):
            assert interpolate_constant({i: held[i] for i in subset}, order) == secret
        fewer = sorted(held)[: threshold - 1]
        assert interpolate_constant({i: held[i] for i in fewer}, order) != secret


@CURVES
def test_a_refresh_keeps_the_indices_and_changes_every_share(scheme: str) -> None:
    _, old, new, _ = read(scheme, "refresh_{}_t3")

    assert old.keys() == new.keys()
    assert all(old[index] != new[index] for index in old)
    differences = {index: new[index] - old[index] for index in list(old)[:3]}
    assert interpolate_constant(differences, get_group(scheme).order) == 0
