"""Ed25519 from the textbook: affine points, plain integers, no cleverness. The oracle of the tests.

Source: RFC 8032 section 5.1 and the affine addition law of twisted Edwards curves (Bernstein,
Birkner, Joye, Lange, Peters 2008). It shares no code with `sim.crypto`.
"""

from __future__ import annotations

from functools import cache

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P

Affine = tuple[int, int]

NEUTRAL: Affine = (0, 1)
BASE: Affine = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def on_curve(point: Affine) -> bool:
    x, y = point
    return (-x * x + y * y - 1 - D * x * x * y * y) % P == 0


def add(left: Affine, right: Affine) -> Affine:
    (x1, y1), (x2, y2) = left, right
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def negate(point: Affine) -> Affine:
    return -point[0] % P, point[1]


def multiply(scalar: int, point: Affine) -> Affine:
    """Return scalar·point for scalar ≥ 0, not reduced: torsion stays what it is."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def combine(scalars: list[int], points: list[Affine]) -> Affine:
    total = NEUTRAL
    for scalar, point in zip(scalars, points, strict=True):
        total = add(total, multiply(scalar, point))
    return total


def encode(point: Affine) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def find(y: int) -> Affine | None:
    """Return the point with this y and an even x, if there is one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    if root * root % P != square:
        root = root * pow(2, (P - 1) // 4, P) % P
    if root * root % P != square:
        return None
    return (P - root if root & 1 else root), y


@cache
def torsion() -> tuple[Affine, ...]:
    """Return the eight points of order dividing 8: multiples 0..7 of one of order 8."""
    y = 2
    while True:
        point = find(y)
        y += 1
        if point is None:
            continue
        small = multiply(Q, point)
        if multiply(4, small) != NEUTRAL:
            return tuple(multiply(k, small) for k in range(8))
