"""Hashing to the curves: points whose logarithm to the base point nobody knows.

Source: RFC 9380, the random-oracle suites edwards25519_XMD:SHA-512_ELL2_RO_,
secp256k1_XMD:SHA-256_SSWU_RO_ and BLS12381G1_XMD:SHA-256_SSWU_RO_. The last one is
py_arkworks_bls12381's; the other two are written out, on affine points and plain integers: they
make one point per process, of public bytes, and nothing here is constant-time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from coincurve import PublicKey
from gmpy2 import invert, legendre, mpz, powmod

from sim.base.errors import LocalError
from sim.crypto import edwards
from sim.crypto.ciphersuites import expand_message

SUITES: Final = {
    "ED25519": "edwards25519_XMD:SHA-512_ELL2_RO_",
    "SECP256K1": "secp256k1_XMD:SHA-256_SSWU_RO_",
    "BLS": "BLS12381G1_XMD:SHA-256_SSWU_RO_",
}
"""RFC 9380's suite by scheme."""

_GENERATOR: Final = b"K-chain/second-generator/v1"
_DOMAIN: Final = "K-chain-V01-CS01-with-"
_FIELD_SIZE: Final = 48
"""L of both hand-written suites: bytes hashed to one element of the field."""


@cache
def second_generator(scheme: str) -> bytes:
    """Return H of `scheme`'s group, encoded: nobody knows its logarithm to G.

    Raises:
        LocalError: No such scheme.

    """
    return hash_to_curve(scheme, _GENERATOR, (_DOMAIN + _suite(scheme)).encode())


def hash_to_curve(scheme: str, message: bytes, domain: bytes) -> bytes:
    """Hash `message` to an element of `scheme`'s group of prime order, encoded.

    Args:
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        message: Any bytes.
        domain: RFC 9380's DST, 1 to 255 bytes.

    Raises:
        LocalError: No such scheme.

    """
    match scheme:
        case "ED25519":
            first, second = _fields(expand_message(message, domain, 96, "sha512"), edwards.P)
            return _clear(edwards.add(_elligator(first), _elligator(second)))
        case "SECP256K1":
            first, second = _fields(expand_message(message, domain, 96), _FIELD)
            return PublicKey.combine_keys([_simplified(first), _simplified(second)]).format()
        case "BLS":
            from py_arkworks_bls12381 import G1Point

            return G1Point.hash_to_curve(message, domain).to_compressed_bytes()
        case _:
            raise LocalError(f"no hashing to the curve of {scheme!r}")


def _suite(scheme: str) -> str:
    try:
        return SUITES[scheme]
    except KeyError:
        raise LocalError(f"no hashing to the curve of {scheme!r}") from None


def _fields(uniform: bytes, prime: mpz) -> tuple[mpz, mpz]:
    """RFC 9380 section 5.2, hash_to_field, for two elements of a prime field."""
    halves = uniform[:_FIELD_SIZE], uniform[_FIELD_SIZE:]
    first, second = (mpz(int.from_bytes(half, "big")) % prime for half in halves)
    return first, second


# Edwards25519

_A: Final = mpz(486662)
"""J of curve25519: v² = u³ + J·u² + u (RFC 7748)."""


def _root(square: mpz, prime: mpz) -> mpz:
    """Return a square root mod `prime`; it must have one."""
    if prime % 4 == 3:
        root = powmod(square, (prime + 1) // 4, prime)
    else:  # 5 mod 8
        root = powmod(square, (prime + 3) // 8, prime)
        if root * root % prime != square:
            root = root * powmod(mpz(2), (prime - 1) // 4, prime) % prime
    assert root * root % prime == square % prime
    return root


@cache
def _scale() -> mpz:
    """Return √−486664 with sgn0 0: RFC 9380 appendix D.1 maps curve25519 to edwards25519 by it."""
    root = _root(-(_A + 2) % edwards.P, edwards.P)
    return edwards.P - root if root & 1 else root


def _elligator(u: mpz) -> edwards.Extended:
    """RFC 9380 section 6.7.1 with Z = 2, then the rational map of appendix D.1."""
    p = edwards.P
    denominator = (1 + 2 * u * u) % p
    x1 = -_A * (invert(denominator, p) if denominator else mpz(1)) % p
    x2 = (-x1 - _A) % p
    square1 = (x1 * x1 % p * x1 + _A * x1 * x1 + x1) % p
    if legendre(square1, p) >= 0:
        s, root, odd = x1, _root(square1, p), True
    else:
        s, odd = x2, False
        root = _root((x2 * x2 % p * x2 + _A * x2 * x2 + x2) % p, p)
    t = root if bool(root & 1) == odd else -root % p
    if t == 0 or (s + 1) % p == 0:
        return edwards.NEUTRAL
    x = _scale() * s % p * invert(t, p) % p
    y = (s - 1) * invert(s + 1, p) % p
    return (x, y, mpz(1), x * y % p)


def _clear(point: edwards.Extended) -> bytes:
    """Multiply by the cofactor, 8, and encode."""
    return edwards.encode(edwards.double(edwards.double(edwards.double(point))))


# secp256k1

_FIELD: Final = mpz(2) ** 256 - 2**32 - 977
_ISO_A: Final = mpz(0x3F8731ABDD661ADCA08A5558F0F5D272E953D363CB6F0E5D405447C01A444533)
_ISO_B: Final = mpz(1771)
_Z: Final = mpz(-11)


class _Isogeny(NamedTuple):
    """Coefficients of the map's four polynomials, lowest first; denominators are monic."""

    x_over: Sequence[int]
    x_under: Sequence[int]
    y_over: Sequence[int]
    y_under: Sequence[int]


_ISOGENY: Final = _Isogeny(
    x_over=(
        0x8E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38DAAAAA8C7,
        0x7D3D4C80BC321D5B9F315CEA7FD44C5D595D2FC0BF63B92DFFF1044F17C6581,
        0x534C328D23F234E6E2A413DECA25CAECE4506144037C40314ECBD0B53D9DD262,
        0x8E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38E38DAAAAA88C,
    ),
    x_under=(
        0xD35771193D94918A9CA34CCBB7B640DD86CD409542F8487D9FE6B745781EB49B,
        0xEDADC6F64383DC1DF7C4B2D51B54225406D36B641F5E41BBC52A56612A8C6D14,
        1,
    ),
    y_over=(
        0x4BDA12F684BDA12F684BDA12F684BDA12F684BDA12F684BDA12F684B8E38E23C,
        0xC75E0C32D5CB7C0FA9D0A54B12A0A6D5647AB046D686DA6FDFFC90FC201D71A3,
        0x29A6194691F91A73715209EF6512E576722830A201BE2018A765E85A9ECEE931,
        0x2F684BDA12F684BDA12F684BDA12F684BDA12F684BDA12F684BDA12F38E38D84,
    ),
    y_under=(
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFF93B,
        0x7A06534BB8BDB49FD5E9E6632722C2989467C1BFC8E8D978DFB425D2685C2573,
        0x6484AA716545CA2CF3A70C3FA8FE337E0A3D21162F0D6299A7BF8192BFD2A76F,
        1,
    ),
)
"""The 3-isogeny from y² = x³ + A'x + B' to secp256k1: RFC 9380 appendix E.1."""


def _simplified(u: mpz) -> PublicKey:
    """RFC 9380 section 6.6.2 on the isogenous curve, then section 6.6.3's map to secp256k1."""
    p = _FIELD
    common = (_Z * _Z * u**4 + _Z * u * u) % p
    if common:
        x = -_ISO_B * invert(_ISO_A, p) * (1 + invert(common, p)) % p
    else:
        x = _ISO_B * invert(_Z * _ISO_A, p) % p
    if legendre(_curve(x), p) < 0:
        x = _Z * u * u * x % p
    y = _root(_curve(x), p)
    if (y ^ u) & 1:
        y = p - y
    mapped_x = _at(_ISOGENY.x_over, x) * invert(_at(_ISOGENY.x_under, x), p) % p
    mapped_y = y * _at(_ISOGENY.y_over, x) * invert(_at(_ISOGENY.y_under, x), p) % p
    return PublicKey.from_point(int(mapped_x), int(mapped_y))


def _curve(x: mpz) -> mpz:
    return (x**3 + _ISO_A * x + _ISO_B) % _FIELD


def _at(coefficients: Sequence[int], x: mpz) -> mpz:
    value = mpz(0)
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % _FIELD
    return value
