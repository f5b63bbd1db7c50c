"""Any reshare from any committee to any other, with absent and lying dealers, within and beyond.

Source: protocols.md, "Reshare" and "Conventions": fewer than t_old good dealers abort, and the old
generation signs; with t_old of them, and q' = t' + f* confirmers, the key is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sim.base.secret import Secret
from sim.crypto.groups import get_group
from sim.protocol.ceremony import default_faults
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.messages import Deal, Justification
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster
from tests.support.threshold import opens, signs

EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(EXAMPLES, max_examples=300)


@dataclass(frozen=True)
class Case:
    """A rotation: `committee` are validators' numbers; `bad` say how each bad dealer is bad."""

    size: int
    threshold: int
    committee: tuple[int, ...]
    new_threshold: int
    bad: tuple[tuple[int, str], ...]
    scheme: str


LIES = ("silent", "wrong-constant", "high-degree", "unjustified", "disputed")


@st.composite
def cases(draw: st.DrawFn, schemes: tuple[str, ...], *, beyond: bool) -> Case:
    """Draw a case with so many bad dealers that the rotation can, or `beyond` can't, end well."""
    size = draw(st.integers(1, 6))
    threshold = draw(st.integers(1, size))
    pool = range(1, size + 5)
    committee = tuple(
        sorted(draw(st.sets(st.sampled_from(pool), min_size=1, max_size=6), label="committee"))
    )
    new_threshold = draw(st.integers(1, len(committee)))
    most = size - threshold
    dealers = draw(st.permutations(range(1, size + 1)), label="dealers")
    count = draw(st.integers(most + 1, size) if beyond else st.integers(0, most))
    ways = ("silent", "wrong-constant") if beyond else LIES
    bad = tuple((number, draw(st.sampled_from(ways))) for number in sorted(dealers[:count]))
    scheme = draw(st.sampled_from(schemes))
    return Case(size, threshold, committee, new_threshold, bad, scheme)


def lying(how: str, scheme: str) -> Callable[[Effect], Iterable[Effect]]:
    """A dealer's lie, as a function of its effects."""
    group = get_group(scheme)

    def lie(effect: Effect) -> list[Effect]:
        match how, effect:
            case "wrong-constant", Post(Deal(points, proof)):
                return [Post(Deal((group.base_mul(3), *points[1:]), proof))]
            case "high-degree", Post(Deal(points, proof)):
                return [Post(Deal((*points[:-1], group.base_mul(3)), proof))]
            case (("unjustified" | "disputed"), SendShares(shares)):
                victim = min(shares, default=None)
                return [SendShares({x: Secret(5) if x == victim else s for x, s in shares.items()})]
            case "unjustified", Post(Justification()):
                return []
            case _:
                return [effect]

    return lie


def play(case: Case) -> tuple[Cluster, Cluster]:
    """Create the key, then reshare it."""
    old = Cluster(case.size, case.threshold, scheme=case.scheme)
    assert old.run().phase is Phase.ACTIVE
    new = old.rotation("reshare", case.committee, case.new_threshold)
    for number, how in case.bad:
        if how != "silent":
            new.tamper(f"v{number}", lying(how, case.scheme))
    for v, machine in new.machines.items():
        if (v + 1, "silent") in case.bad:
            machine.amnesiac = True  # announces, acknowledges, says nothing else
    new.run()
    return old, new


def points(cluster: Cluster) -> dict[int, int]:
    """Shares by index."""
    seats = {m.validator: int(m.index) for m in cluster.ceremony.members}
    return {seats[v]: s.reveal() for v, s in cluster.kept().items()}  # type: ignore[index]


def check_blame(case: Case, new: Cluster) -> None:
    """Nobody honest is blamed, and every proof convinces a third party."""
    liars = {f"v{number}" for number, how in case.bad if how not in ("silent", "disputed")}
    record = PublicRecord.of(new.state)
    for fault in new.state.faults:
        if fault.proof:
            assert fault.validator in liars
            assert reverify(record, fault)


def check_kept(case: Case, old: Cluster, new: Cluster) -> None:
    """The key is kept; every t' of the new shares sign, fewer or mixtures do not."""
    scheme, key = case.scheme, old.state.public_key
    before, after = points(old), points(new)
    assert new.state.public_key == key
    for subset in combinations(sorted(after), case.new_threshold):
        assert opens(scheme, key, {i: after[i] for i in subset})
    for subset in combinations(sorted(after), case.new_threshold - 1):
        assert not subset or not opens(scheme, key, {i: after[i] for i in subset})
    chosen = {i: after[i] for i in sorted(after)[: case.new_threshold]}
    assert signs(scheme, key, chosen)
    for olds in combinations(sorted(before), case.threshold - 1):
        rest = [i for i in sorted(after) if i not in olds][: case.new_threshold - 1]
        mixture = {i: before[i] for i in olds} | {i: after[i] for i in rest}
        assert not mixture or not opens(scheme, key, mixture)


def able(case: Case) -> bool:
    """Whether enough of the new committee speak for Confirm's quorum."""
    silent = {number for number, how in case.bad if how == "silent"}
    present = len(set(case.committee) - silent)
    size = len(case.committee)
    return present >= case.new_threshold + default_faults(case.new_threshold, size)


def within(case: Case) -> None:
    """Check a case whose bad dealers leave t_old good ones."""
    old, new = play(case)

    check_blame(case, new)
    if able(case):
        event("kept")
        assert new.state.phase is Phase.ACTIVE, new.outcome()
        check_kept(case, old, new)
    else:
        event("too few confirm")
        assert new.state.reason == "too-few-confirmations"
        assert new.kept() == {}
    sample = dict(sorted(points(old).items())[: case.threshold])
    assert signs(case.scheme, old.state.public_key, sample), "old shares are only erased, not void"


def too_many(case: Case) -> None:
    """Check a case whose bad dealers leave fewer than t_old good ones."""
    old, new = play(case)

    check_blame(case, new)
    assert (new.state.phase, new.state.reason) == (Phase.FAILED, "too-few-dealers")
    assert new.kept() == {}
    sample = dict(sorted(points(old).items())[: case.threshold])
    assert signs(case.scheme, old.state.public_key, sample)


@EXAMPLES
@given(cases(("ED25519",), beyond=False))
def test_within_the_bounds_any_reshare_keeps_the_key(case: Case) -> None:
    within(case)


@EXAMPLES
@given(cases(("ED25519",), beyond=True))
def test_beyond_the_bounds_any_reshare_aborts_and_the_old_generation_signs(case: Case) -> None:
    too_many(case)


@pytest.mark.slow
@MANY
@given(cases(("ED25519", "SECP256K1", "BLS"), beyond=False))
def test_within_the_bounds_any_reshare_keeps_the_key_of_any_scheme(case: Case) -> None:
    within(case)


@pytest.mark.slow
@MANY
@given(cases(("ED25519", "SECP256K1", "BLS"), beyond=True))
def test_beyond_the_bounds_any_reshare_aborts_in_any_scheme(case: Case) -> None:
    too_many(case)
