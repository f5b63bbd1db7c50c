"""Pedersen's commitments to a polynomial: they hide it, whatever is computed from them.

Source: Pedersen 1991 (Crypto), as in Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007). A
dealer draws f and a blinding f'; in both forms of `commitments` each value a of f is committed to
as a·G + a'·H. Nobody knows the logarithm of H. Whoever opens a commitment in two ways does, so the
dealer is bound to f by the shares (f(i), f'(i)) that honest holders have accepted. Checks of points
and of the degree are those of `commitments`, unchanged.
"""

from __future__ import annotations

from sim.crypto.commitments import CommitmentForm, Points
from sim.crypto.group import Group, ScalarError
from sim.crypto.hash_to_curve import second_generator
from sim.crypto.polynomial import Polynomial


def commit(
    group: Group, form: CommitmentForm, polynomial: Polynomial, blinding: Polynomial, n: int
) -> Points:
    """Return the commitment to `polynomial` under `blinding`, of as many coefficients.

    Charges one exp.base and one exp.full per point.
    """
    other = second_generator(group.scheme)
    return tuple(
        group.add(group.base_mul(value), group.mul(blind, other))
        for value, blind in zip(form.values(polynomial, n), form.values(blinding, n), strict=True)
    )


def opening(group: Group, share: int, blind: int) -> bytes:
    """Encode a holder's two scalars, f(i) ‖ f'(i)."""
    return group.encode_scalar(share) + group.encode_scalar(blind)


def read(group: Group, data: bytes) -> tuple[int, int]:
    """Decode what `opening` encodes.

    Raises:
        ScalarError: Wrong length, or a value of q or more.

    """
    size = group.scalar_size
    return group.decode_scalar(data[:size]), group.decode_scalar(data[size:])


def matches(group: Group, form: CommitmentForm, points: Points, holder: int, data: bytes) -> bool:
    """Say whether `data` opens the commitment at `holder`; charges exp.base and exp.full."""
    try:
        share, blind = read(group, data)
    except ScalarError:
        return False
    hidden = group.mul(blind, second_generator(group.scheme))
    return group.add(group.base_mul(share), hidden) == form.share_point(group, points, holder)
