"""What a fault-free ceremony costs, as formulas: typed in, and nothing of the simulator used.

Source: `costs.md`, "Here, over a ledger, evaluation form", and its paragraphs about refresh, BLS
and repair; the coefficient form by the table above them, whose naive count is split into what is
done here: t points instead of n + 1; t − 1 multiplications by small numbers where a commitment is
evaluated, once for every share that is checked, and once for every point 0 … n that the public
needs.

Figures are sums over all validators of the run. Public work is charged to each of them, `registry`
in number, members or not. Names are those of the meters: `exp.base` and `exp.full` are
exponentiations in the group, `exp.small` such by share indices, `combine.*` multi-exponentiations
(`.terms` their terms), `exp.g2`, `pairing.check` and `combine.g2` those of BLS signatures.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, NamedTuple

POINT: Final = {"ED25519": 32, "SECP256K1": 33, "BLS": 48}
"""Bytes of a point, G."""

SCALAR: Final = 32
"""Bytes of a scalar, S."""


class Shape(NamedTuple):
    """A ceremony, as far as its cost depends on it.

    Attributes:
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        form: ``evaluation`` or ``coefficient``.
        protocol: ``pedersen``, ``gjkr``, ``commit-reveal`` or ``frost``.
        operation: ``dkg``, ``reshare`` or ``refresh``.
        n: Holders: the committee that the ceremony makes shares for.
        t: Their threshold.
        dealers: How many deal, |D|; n unless it is a reshare.
        both: Of them, how many are holders, too; n unless it is a reshare.
        t_old: The dealers' threshold; 0 unless it is a reshare.
        registry: How many validators follow the chain.

    """

    scheme: str
    form: str
    protocol: str
    operation: str
    n: int
    t: int
    dealers: int
    both: int
    t_old: int
    registry: int

    @property
    def points(self) -> int:
        """Points of one commitment: n + 1, or t."""
        return self.n + 1 if self.form == "evaluation" else self.t

    @property
    def pairs(self) -> int:
        """Shares that travel: |D|·n − |D ∩ new|."""
        return self.dealers * self.n - self.both

    @property
    def schnorr(self) -> bool:
        """Whether its signatures are FROST's, and not BLS'."""
        return self.scheme != "BLS"


def dkg(scheme: str, form: str, protocol: str, n: int, t: int, registry: int) -> Shape:
    """Return the shape of a key's creation by n members, t of whom sign."""
    return Shape(scheme, form, protocol, "dkg", n, t, n, n, 0, registry)


def ceremony(shape: Shape) -> Counter[str]:
    """Return all that a ceremony costs, from its announcements to its test signature."""
    total = messages(shape) + payload(shape) + dealing(shape) + public(shape)
    if shape.protocol == "gjkr" and shape.operation == "dkg":
        total += extracting(shape)
    return total + confirming(shape) + activating(shape) + signing(shape, shape.n)


def messages(shape: Shape) -> Counter[str]:
    """Return its messages: shares first sent, as many acknowledgements, and ledger statements."""
    n, t = shape.n, shape.t
    count = Counter(
        {
            "messages.shares": shape.pairs,
            "messages.acks": shape.pairs,
            "messages.announce": n,
            "messages.deal": shape.dealers,
            "messages.response": n,
            "messages.confirm": n,
            "messages.sign": t,
        }
    )
    if shape.operation == "dkg" and shape.protocol == "commit-reveal":
        count["messages.commit"] = n
    if shape.operation == "dkg" and shape.protocol == "gjkr":
        count["messages.extract"] = count["messages.expose"] = n
    return count


def payload(shape: Shape) -> Counter[str]:
    """Return payload bytes: n(n−1)S of shares; n((n+1)G + proof), or n(tG + proof), of deals."""
    points = shape.dealers * shape.points * POINT[shape.scheme]
    shares = shape.pairs * SCALAR
    if shape.operation == "dkg" and shape.protocol == "gjkr":
        # Twice the points and the scalars: commitments to two polynomials, then one's alone.
        return Counter({"payload.shares": 2 * shares, "payload.commitments": 2 * points})
    proofs = 0 if shape.operation == "refresh" else shape.dealers * _proof(shape.scheme)
    return Counter(
        {"payload.shares": shares, "payload.commitments": points, "payload.proofs": proofs}
    )


def _proof(scheme: str) -> int:
    return POINT[scheme] + SCALAR


def dealing(shape: Shape) -> Counter[str]:
    """Return what dealers and holders do themselves: points, proofs, seals, and checks of shares.

    Deal: `points` base, and 1 for the proof of possession. Checks: 1 base per share from another,
    and 1 for the final share. A refresh has no proof, and its V_0, the identity, costs nothing.
    """
    own = shape.points + 1
    if shape.operation == "refresh":
        own = shape.points - 1
    count = Counter(
        {
            "exp.base": shape.dealers * own + shape.pairs + shape.n,
            "seal": shape.pairs,
            "open": shape.pairs,
        }
    )
    if shape.form == "coefficient":
        count["exp.small"] = shape.pairs * (shape.t - 1)
    if shape.operation == "dkg" and shape.protocol == "gjkr":
        # Two polynomials, the second under the generator H; and no proof of possession.
        count["exp.base"] -= shape.dealers
        count["exp.full"] = shape.dealers * shape.points + shape.pairs
    return count


def public(shape: Shape) -> Counter[str]:
    """Return the public checks of deals, and the verification shares: charged to everybody.

    Proofs of possession, one per deal. Evaluation form: n + 1 combinations of |D| 128-bit terms,
    and one of n + 1 full ones; in a refresh without the point at 0. Coefficient form: the sum is
    evaluated at 0 … n. A reshare interpolates each point of the sum from t_old dealers'.
    """
    n, dealers = shape.n, shape.dealers
    proofs = dealers
    if shape.operation == "refresh" or _is_gjkr(shape):
        proofs = 0
    each = Counter({"proof.verify": proofs})
    if shape.form == "evaluation":
        checked = n if shape.operation == "refresh" else n + 1
        each += Counter(
            {
                "combine.128": checked,
                "combine.128.terms": checked * dealers,
                "combine.full": 1,
                "combine.full.terms": checked,
            }
        )
    else:
        each["exp.small"] = (n + 1) * (shape.t - 1)
    if shape.operation == "reshare":
        each["combine.full"] += shape.points
        each["combine.full.terms"] += shape.points * shape.t_old
    return _times(each, shape.registry)


def _is_gjkr(shape: Shape) -> bool:
    return shape.protocol == "gjkr" and shape.operation == "dkg"


def extracting(shape: Shape) -> Counter[str]:
    """Return what GJKR's extraction adds: each polynomial's points anew, and a check of each.

    Every holder checks every extraction against its share, its own included: 1 base.
    """
    n = shape.n
    count = Counter({"exp.base": n * shape.points + n * n})
    if shape.form == "evaluation":
        each = Counter(
            {
                "combine.128": n + 1,
                "combine.128.terms": (n + 1) * n,
                "combine.full": 1,
                "combine.full.terms": n + 1,
            }
        )
        return count + _times(each, shape.registry)
    count["exp.small"] = n * n * (shape.t - 1)
    return count


def confirming(shape: Shape) -> Counter[str]:
    """Return Confirm: 3 base per member, a proof and two nonces (BLS: 1); n proofs, public."""
    base = 3 if shape.schnorr else 1
    return Counter({"exp.base": shape.n * base, "proof.verify": shape.n * shape.registry})


def activating(shape: Shape) -> Counter[str]:
    """Return Sign, over the ledger: one set, whose partials everybody checks and combines.

    FROST: 2 base per signer for its next pair; per partial 1 base and 2 full, per set a combination
    of t terms. BLS: 1 in G2 per signer; per partial a pairing check, per set one of t terms in G2.
    """
    own = {"exp.base": 2 * shape.t} if shape.schnorr else {"exp.g2": shape.t}
    return Counter(own) + _times(activation_checked(shape), shape.registry)


def activation_checked(shape: Shape) -> Counter[str]:
    """Return what one follower of the chain spends on an activation's signature."""
    t = shape.t
    if shape.schnorr:
        return Counter(
            {"exp.base": t, "exp.full": 2 * t, "combine.full": 1, "combine.full.terms": t}
        )
    return Counter({"pairing.check": t, "combine.g2": 1, "combine.g2.terms": t})


def seats(n: int, t: int) -> int:
    """Return how many have a seat in a session: all, or a sample of t + f* if t is above 6.

    Source: committee selection in `kchain.md`; f*, undeclared, is min(t − 1, ⌊(n − t)/2⌋).
    """
    return n if t <= 6 else min(n, t + min(t - 1, (n - t) // 2))


def signing(shape: Shape, asked: int) -> Counter[str]:
    """Return one session peer to peer: the test signature, which asks everybody, or a request.

    The coordinator, one of those asked, asks the others, and checks the partials of t − 1 of them.
    FROST: a pair of nonces from everybody asked, then partials from t; per partial 1 base and 2
    full, and one combination of t terms. BLS: a partial in G2 from everybody asked; a pairing check
    for each that counts, one combination in G2.
    """
    t = shape.t
    count = Counter({"messages.record-sign-session": 1})
    if shape.schnorr:
        return count + Counter(
            {
                "messages.signing": 2 * (asked - 1) + 2 * (t - 1),
                "exp.base": 2 * asked + (t - 1),
                "exp.full": 2 * (t - 1),
                "combine.full": 1,
                "combine.full.terms": t,
            }
        )
    return count + Counter(
        {
            "messages.signing": 2 * (asked - 1),
            "exp.g2": asked,
            "pairing.check": t - 1,
            "combine.g2": 1,
            "combine.g2.terms": t,
        }
    )


def repair(created: Shape) -> Counter[str]:
    """Return the repair of one lost share by t helpers, of a key that was created like that.

    t² masks and sums; t² points Δ on the ledger. A helper: t base for its points, and t − 1 checks
    of masks. Everybody: t multiplications, of verification shares; and the target's proof. The
    target: t checks of sums, one of the share, one for its proof; and as its store is gone it
    follows the whole chain again, with the public work of the creation and its activation.
    """
    t, everybody = created.t, created.registry
    again = public(created._replace(registry=1)) + activation_checked(created)
    again["proof.verify"] += created.n
    return again + Counter(
        {
            "messages.shares": t * t,
            "messages.acks": t * t,
            "messages.announce": t + 1,
            "messages.deal": t,
            "messages.response": t + 1,
            "messages.confirm": 1,
            "messages.rotate-key": 1,
            "payload.shares": t * t * SCALAR,
            "payload.commitments": t * t * POINT[created.scheme],
            "seal": t * t,
            "open": t * t,
            "exp.base": t * (t + t - 1) + t + 2,
            "exp.full": everybody * t,
            "proof.verify": everybody,
        }
    )


HEIGHTS: Final = {"pedersen": 5, "frost": 5, "commit-reveal": 6, "gjkr": 7}
"""From CreateKey's block to the activation's, if nothing is late: announce, deal, respond, confirm
and sign take one height each; so do commit, and extract and expose."""


def heights(shape: Shape) -> int:
    """Return how many heights after its request a ceremony is over, if nothing is late."""
    return HEIGHTS[shape.protocol] if shape.operation == "dkg" else HEIGHTS["pedersen"]


def _times(counts: Counter[str], factor: int) -> Counter[str]:
    return Counter({name: count * factor for name, count in counts.items()})
