"""What shares can do: sign under the public key, t of them and no fewer."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from sim.base.secret import Secret, SecretScalar
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from sim.crypto.signatures import RANDOMNESS, get_signatures
from tests.support.ordinary import verifies

MESSAGE = b"any message"


def opens(scheme: str, public_key: bytes, points: Mapping[int, int]) -> bool:
    """Say whether these shares, by index, interpolate to the secret behind `public_key`."""
    group = get_group(scheme)
    return group.base_mul(interpolate_constant(points, group.order)) == public_key


def sign(scheme: str, public_key: bytes, shares: Mapping[int, SecretScalar]) -> bytes:
    """Sign `MESSAGE` with these shares, by index; nobody checks whether they fit."""
    signatures = get_signatures(scheme)
    drawn = {
        index: signatures.draw_nonces(bytes([index]) * RANDOMNESS, share)
        for index, share in sorted(shares.items())
    }
    entries = tuple(signatures.entry(index, public) for index, (_, public) in sorted(drawn.items()))
    partials = [
        signatures.sign(index, shares[index], public_key, drawn[index][0], MESSAGE, entries)
        for index in sorted(shares)
    ]
    return signatures.aggregate(public_key, MESSAGE, entries, partials)


def signs(scheme: str, public_key: bytes, points: Mapping[int, int]) -> bool:
    """Say whether these shares make a signature that an ordinary library accepts."""
    shares = {index: Secret(value) for index, value in points.items()}
    return verifies(scheme, public_key, MESSAGE, sign(scheme, public_key, shares))


def exactly_t_open(
    scheme: str, public_key: bytes, threshold: int, points: Mapping[int, int]
) -> None:
    """Assert that every t of the shares are the key, and no t − 1 of them."""
    for size, expected in ((threshold, True), (threshold - 1, False)):
        for subset in combinations(sorted(points), size):
            if subset:
                chosen = {index: points[index] for index in subset}
                assert opens(scheme, public_key, chosen) is expected, subset
