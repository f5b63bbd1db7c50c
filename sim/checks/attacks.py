"""Attacks tried for real: what somebody can do with shares that others kept, or that were stolen.

`forge` has shares and nothing else, of one generation or of several, and tries to sign with them.
`exposed` has what a mobile adversary gets: every secret of every validator that it corrupts, while
it does, and a recording of everything that ever travelled. Whether that makes the key is a matter
of linear algebra, so nothing is overlooked: see `algebra`.

Signatures and partial signatures aren't looked at: they give shares away only if nonces are used
twice, and signers refuse to.

Neither is a check: whether an attack must fail depends on how many were corrupted, and scenarios
say so.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from sim.base.randomness import stream
from sim.base.secret import SecretScalar
from sim.checks.observation import Observation, generation_of, id_of
from sim.checks.stealing import loot, stolen
from sim.crypto import verification
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate_constant
from sim.crypto.signatures import RANDOMNESS, get_signatures
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase

TRIES_MAX: Final = 20_000
"""Sets of shares that `forge` tries: all of them, as long as there are no more than 20 shares."""

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
    """Try everything that one can try with `shares`: say whether a signature comes of it.

    Args:
        shares: All that the attacker has.
        records: The attempts that made the generations of one public key, which anyone can look up.

    Every set of as many shares as some generation needs is interpolated, within a generation and
    across generations; a set that gives the secret key signs, and an ordinary verifier decides.

    """
    scheme, public_key = records[0].ceremony.scheme, records[0].public_key
    group = get_group(scheme)
    thresholds = sorted({record.ceremony.threshold for record in records})
    for points in itertools.islice(_sets(shares, thresholds), TRIES_MAX):
        secret = interpolate_constant(points, group.order)
        # Only the discrete logarithm of the public key makes a signature that verifies.
        if secret and group.base_mul(secret) == public_key:
            return _signs(scheme, public_key, secret)
    return False


def _sets(shares: Mapping[Holder, Point], thresholds: Sequence[int]) -> Iterator[dict[int, int]]:
    """Yield {index: share} of every size in `thresholds`; of one generation first, then mixed."""
    held = sorted(shares.items())
    for pure in (True, False):
        for size in thresholds:
            for chosen in itertools.combinations(held, size):
                generations = {generation for (_, generation), _ in chosen}
                points = dict(point for _, point in chosen)
                if (len(generations) == 1) == pure and len(points) == size:
                    yield points


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
