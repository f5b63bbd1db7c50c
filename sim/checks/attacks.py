"""Attacks tried for real: what somebody can do with shares that others kept, or that were stolen.

`forge` has shares and nothing else, of one generation or of several, and tries to sign with them.
`exposed` has what a mobile adversary gets: every secret of every validator that it corrupts, while
it does, and a recording of everything that ever travelled. Whether either makes the key is a matter
of linear algebra, so nothing is overlooked, and no sets of shares are gone through: see `algebra`.

Signatures and partial signatures aren't looked at: they give shares away only if nonces are used
twice, and signers refuse to.

Neither is a check: whether an attack must fail depends on how many were corrupted, and scenarios
say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from sim.base.randomness import stream
from sim.base.secret import SecretScalar
from sim.checks.algebra import Form, Knowledge, at
from sim.checks.forms import Parts
from sim.checks.observation import Observation, generation_of, id_of
from sim.checks.stealing import loot, stolen
from sim.crypto import verification
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from sim.crypto.signatures import RANDOMNESS, get_signatures
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase

FORGED: Final = b"K-chain/attack/v1"

Holder = tuple[str, int]
"""(validator, generation)."""

Point = tuple[int, int]
"""(share index, share)."""


class NoShareError(LookupError):
    """A validator never held the share that an attacker is said to have."""


def retained(observation: Observation, key: str, using: Iterable[Holder]) -> dict[Holder, Point]:
    """Return shares of the present era that validators once wrote down, erased since or not.

    Raises:
        NoShareError: One of them never held such a share.

    """
    era = max((era for name, era, _ in observation.generations if name == key), default=0)
    found: dict[Holder, Point] = {}
    for name, generation in using:
        point = _share(observation, (key, era, generation), name)
        if point is None:
            raise NoShareError(f"{name} never held a share of generation {generation} of {key}")
        found[name, generation] = point
    return found


def _share(observation: Observation, wanted: tuple[str, int, int], name: str) -> Point | None:
    validator = observation.by_name.get(name)
    for state in reversed(observation.ceremonies):
        if generation_of(state) != wanted or state.phase is not Phase.ACTIVE or validator is None:
            continue
        seat = state.ceremony.by_validator.get(validator.index)
        for kept in validator.kept:
            if seat and (kept.session, kept.attempt, kept.name) == (*id_of(state), "share"):
                group = get_group(state.ceremony.scheme)
                return seat.index, group.decode_scalar(kept.value.reveal())
    return None


def can_sign(observation: Observation, key: str, using: Iterable[Holder]) -> bool:
    """Say whether the shares that `using` names make a signature under the present public key.

    Raises:
        NoShareError: As `retained`.

    """
    shares = retained(observation, key, using)
    era = max((era for name, era, _ in observation.generations if name == key), default=0)
    records = [
        made
        for (name, its_era, _), (made, *_) in sorted(observation.generations.items())
        if (name, its_era) == (key, era)
    ]
    return forge(shares, records)


def forge(shares: Mapping[Holder, Point], records: Sequence[CeremonyState]) -> bool:
    """Sign with what `shares` determine: say whether an ordinary verifier accepts the signature.

    Args:
        shares: All that the attacker has.
        records: The attempts that made the generations of one public key, without a gap from the
            first to the last that `shares` are of; anyone can look them up.

    Shares that don't fit the public verification shares are worth nothing. Of the others, all of
    one polynomial are interpolated together, polynomial by polynomial; then what all of them
    determine together, as forms of what dealers drew. The work grows with a power of the number of
    shares, not with the number of their subsets, and ends with an answer always.

    """
    scheme, public_key = records[0].ceremony.scheme, records[0].public_key
    group = get_group(scheme)
    made = {record.ceremony.generation: record for record in records}
    for secret in _determined(shares, dict(sorted(made.items()))):
        # Only the discrete logarithm of the public key makes a signature that verifies.
        if secret and group.base_mul(secret) == public_key:
            return _signs(scheme, public_key, secret)
    return False


def _determined(shares: Mapping[Holder, Point], made: Mapping[int, CeremonyState]) -> Iterator[int]:
    """Yield what may be the secret key: at most one scalar of each generation, and one of all."""
    first = next(iter(made.values()))
    group = get_group(first.ceremony.scheme)
    order = group.order
    fitting = {generation: _fitting(shares, record) for generation, record in made.items()}
    for points in fitting.values():
        # Through more points than needed goes the same polynomial. Too few are tried as well:
        # they give the key away if the polynomial's degree is lower than it must be.
        if points:
            yield interpolate_constant(points, order)
    if sum(map(bool, fitting.values())) < 2:
        return
    polynomials = _polynomials(made)
    knowledge = Knowledge(order)
    for generation, points in fitting.items():
        for index, share in sorted(points.items()):
            knowledge.learn(at(order, polynomials[generation], index), share)
    secret = knowledge.value(next(iter(polynomials.values()))[0])
    if secret is not None:
        # Every share was checked against its public point: anything else is a bug here.
        assert group.base_mul(secret) == first.public_key
        yield secret


def _fitting(shares: Mapping[Holder, Point], record: CeremonyState) -> dict[int, int]:
    """Return {index: share} of those on the polynomial of a generation, whoever's they are.

    What a share was written down for doesn't count: one that a refresh failed to change is a share
    of both generations.
    """
    group, known = get_group(record.ceremony.scheme), record.verification
    return {
        index: share
        for index, share in shares.values()
        if index < len(known) and group.base_mul(share) == known[index]
    }


def _polynomials(made: Mapping[int, CeremonyState]) -> dict[int, list[Form]]:
    """Return the polynomial of each generation, as forms of its coefficients, in their order."""
    polynomials: dict[int, list[Form]] = {}
    for generation, record in made.items():
        polynomials[generation] = Parts(record, polynomials).made()
    return polynomials


def _signs(scheme: str, public_key: bytes, secret: int) -> bool:
    """Sign alone with the whole secret key, and ask an ordinary verifier."""
    signatures, share = get_signatures(scheme), SecretScalar(secret)
    draw = stream(0, "attack", public_key).bytes(RANDOMNESS)
    nonces, commitments = signatures.draw_nonces(draw, share)
    alone = (signatures.entry(1, commitments),)
    partial = signatures.sign(1, share, public_key, nonces, FORGED, alone)
    signature = signatures.aggregate(public_key, FORGED, alone, [partial])
    return verification.verify(scheme, public_key, FORGED, signature)


def exposed(observation: Observation, key: str) -> bool:
    """Say whether all that the adversary stole and recorded gives the present key away.

    If it does, the secret key is computed and compared with the public one; a key of one party is
    in its holder's store, whole.
    """
    state = observation.active.get(key)
    if state is None:
        return False
    if state.ceremony.scheme in verification.SINGLE_PARTY:
        return any(
            (kept.session, kept.attempt, kept.name) == (*id_of(state), "share")
            for validator in observation.validators
            for kept in stolen(validator)
        )
    era = state.ceremony.era
    secret = loot(observation, key, era).secret()
    group = get_group(state.ceremony.scheme)
    if secret is None:
        return False
    # What is known was checked against public points one by one: anything else is a bug here.
    assert group.base_mul(secret) == state.public_key
    return True
