"""Bytes that are no acceptable point or scalar, by scheme: what hostile commitments are made of.

Only ``small-order`` and ``mixed`` depend on the curve having a cofactor: secp256k1 has none (its
cofactor is 1), so every point on it but the neutral one generates the group.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from sim.crypto.group import Group

Flaw: TypeAlias = Literal["non-canonical", "off-curve", "length", "small-order", "mixed"]
"""``mixed``: an element of the group plus one of small order, so outside the subgroup."""

_ED25519_P: Final = 2**255 - 19
_SECP256K1_P: Final = 2**256 - 2**32 - 977
_BLS_P: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf"
    "6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    16,
)
_BLS_COMPRESSED: Final = 1 << 383

BASE_POINTS: Final[dict[str, bytes]] = {
    "ED25519": bytes.fromhex("58" + 31 * "66"),
    "SECP256K1": bytes.fromhex(
        "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    ),
    "BLS": bytes.fromhex(
        "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905"
        "a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    ),
}
"""The base point of each scheme: RFC 8032, SEC 2, and the pairing-friendly curves draft."""

BAD_POINTS: Final[dict[str, dict[Flaw, bytes]]] = {
    "ED25519": {
        "non-canonical": (_ED25519_P + 3).to_bytes(32, "little"),  # y = 3 is on the curve
        "off-curve": (2).to_bytes(32, "little"),
        "length": BASE_POINTS["ED25519"][:-1],
        "small-order": bytes.fromhex(
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"  # order 8
        ),
        "mixed": bytes.fromhex(  # the base point plus that one
            "da99e28ba529cdde35a25fba9059e78ecaee239f99755b9b1aa4f65df00803e2"
        ),
    },
    "SECP256K1": {
        "non-canonical": b"\x02" + (_SECP256K1_P + 1).to_bytes(32, "big"),  # x = 1 is on the curve
        "off-curve": b"\x02" + (5).to_bytes(32, "big"),
        "length": BASE_POINTS["SECP256K1"][:-1],
    },
    "BLS": {
        "non-canonical": (_BLS_COMPRESSED + _BLS_P + 4).to_bytes(
            48, "big"
        ),  # x = 4 is on the curve
        "off-curve": (_BLS_COMPRESSED + 1).to_bytes(48, "big"),
        "length": BASE_POINTS["BLS"][:-1],
        "small-order": _BLS_COMPRESSED.to_bytes(48, "big"),  # (0, 2), of order 3
        "mixed": bytes.fromhex(  # the base point plus that one
            "85020378a6838af221e734b3a81940eb3ff19c2a7f8cf261"
            "50dfc38fc41c37551dc92bb5593d30d4dfc2ee4bb09ad05b"
        ),
    },
}
"""Scheme to flaw to bytes; a flaw that a curve can't have is missing."""


def another_scheme(scheme: str) -> str:
    """Return a scheme that is not `scheme`: the next one in the table."""
    schemes = list(BASE_POINTS)
    return schemes[(schemes.index(scheme) + 1) % len(schemes)]


def unreduced(group: Group) -> bytes:
    """Return the group's order, encoded as a scalar of its size: the least that is not reduced."""
    little = group.encode_scalar(1)[0] == 1
    return group.order.to_bytes(group.scalar_size, "little" if little else "big")
