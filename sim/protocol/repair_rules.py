"""Repairing one lost share: how t helpers split what they hold, and what that proves to everyone.

Source: Laing, Stinson (eprint 2017/1155), the enrolment protocol, with commitments. With λ_i the
Lagrange coefficient of helper i at x = target, the lost share is Σ λ_i·s_i. Helper i splits λ_i·s_i
into one mask per helper, δ_i1 + … + δ_it; helper j adds up what it was sent, σ_j = Σ_i δ_ij; the
target adds up the σ_j. So nobody but the target learns anything that t − 1 corrupted helpers
didn't know: of every honest helper's masks, one at least never leaves honest hands.

Helper i publishes Δ_ij = δ_ij·G, in the helpers' order. Σ_j Δ_ij = λ_i·V_i ties them to its share,
Δ_ij ties each mask, Σ_i Δ_ij each σ_j.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sim.base.randomness import Stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto.commitments import Points
from sim.crypto.group import PointError, ScalarError
from sim.crypto.groups import get_group
from sim.crypto.polynomial import lagrange
from sim.protocol.ceremony import Base, Ceremony
from sim.protocol.messages import Deal


def weight(ceremony: Ceremony, helper: int) -> int:
    """Return λ_i of `helper` at x = target, over all helpers; never 0."""
    order = get_group(ceremony.scheme).order
    weights = lagrange(ceremony.helpers, ceremony.target, order)
    return weights[ceremony.helpers.index(helper)]


def split(value: SecretScalar, count: int, stream: Stream, order: int) -> Secret[tuple[int, ...]]:
    """Split `value` into `count` ≥ 1 masks that add up to it mod `order`, all but one uniform."""
    free = [stream.below(order) for _ in range(count - 1)]
    return Secret((*free, (value.reveal() - sum(free)) % order))


def joined(parts: Iterable[SecretScalar], order: int) -> SecretScalar:
    """Add parts up: masks give a helper's sum σ_j, and the sums of all helpers the lost share."""
    return Secret(sum(part.reveal() for part in parts) % order)


def masks_fault(ceremony: Ceremony, helper: int, deal: Deal | None) -> str:
    """Name the first fault of a helper's deal, ``""`` when there is none.

    In the protocol's order: malformed-deal (None, or with a proof, of which there is none here),
    wrong-point-count (not t), invalid-point, wrong-constant (Σ_j Δ_ij ≠ λ_i·V_i). Charges one
    exp.full.
    """
    if deal is None or deal.proof:
        return "malformed-deal"
    if len(deal.points) != len(ceremony.helpers):
        return "wrong-point-count"
    assert ceremony.base is not None
    group = get_group(ceremony.scheme)
    try:
        for point in deal.points:
            group.validate(point)
    except PointError:
        return "invalid-point"
    pinned = group.mul(weight(ceremony, helper), ceremony.base.verification[helper])
    return "" if group.sum_points(deal.points) == pinned else "wrong-constant"


def owed(ceremony: Ceremony, rows: Mapping[int, Points], dealer: int, holder: int) -> bytes:
    """Return x·G of the scalar x that the helper `dealer` owes `holder`.

    To a helper that is a mask, which the dealer's own row commits to; to the target it is a sum.

    Args:
        ceremony: The attempt.
        rows: What helpers published: the dealer's row, or for the target the rows of all.
        dealer: A helper.
        holder: Another helper, or the target.

    """
    if holder != ceremony.target:
        return rows[dealer][ceremony.helpers.index(holder)]
    place = ceremony.helpers.index(dealer)
    return get_group(ceremony.scheme).sum_points([rows[i][place] for i in ceremony.helpers])


def point_matches(ceremony: Ceremony, point: bytes, scalar: bytes) -> bool:
    """Say whether `scalar` (encoded) times G is `point`. Charges one exp.base."""
    group = get_group(ceremony.scheme)
    try:
        return group.base_mul(group.decode_scalar(scalar)) == point
    except ScalarError:
        return False


class Repairing:
    """What comes of the helpers' deals: the base generation as it was, and the target's share."""

    def qualified(self, ceremony: Ceremony, running: Sequence[int]) -> tuple[int, ...]:
        """Take all helpers: without one of them there is no share."""
        assert tuple(running) == ceremony.helpers
        return ceremony.helpers

    def verification(
        self, ceremony: Ceremony, qual: Sequence[int], rows: Sequence[Points]
    ) -> Points:
        """Keep the verification shares."""
        del qual, rows
        assert ceremony.base is not None
        return ceremony.base.verification

    def share(
        self,
        ceremony: Ceremony,
        qual: Sequence[int],
        parts: Mapping[int, SecretScalar],
        share: SecretScalar | None,
    ) -> int:
        """Add up the helpers' sums. The target's old share plays no role."""
        del share
        sums = [parts[helper] for helper in qual]
        return joined(sums, get_group(ceremony.scheme).order).reveal()


def rank_helpers(base: Base, target: int, out: Mapping[int, int]) -> tuple[int, ...]:
    """Return the t members, ascending, that help first: fewest times `out`, then lowest index.

    Empty if there aren't t members besides the target: then its share can't be repaired.
    """
    others = [member.index for member in base.members if member.index != target]
    if len(others) < base.threshold:
        return ()
    others.sort(key=lambda index: (out.get(index, 0), index))
    return tuple(sorted(others[: base.threshold]))
