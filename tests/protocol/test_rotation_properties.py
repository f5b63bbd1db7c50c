"""Any reshare to any committee, and any refresh, with absent and lying dealers, within and beyond.

Source: protocols.md, "Reshare" and "Conventions": fewer than t_old good dealers abort, and the old
generation signs; with t_old of them, and q' = t' + f* confirmers, the key is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sim.base.secret import Secret
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Operation, default_faults
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.messages import Deal, Justification
from sim.protocol.phases import Phase
from tests.support.cluster import Cluster
from tests.support.threshold import opens, signs

EXAMPLES = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(EXAMPLES, max_examples=100)


@dataclass(frozen=True)
class Case:
    """A rotation: `committee` are validators' numbers; `bad` say how each bad dealer is bad."""

    operation: Operation
    size: int
    threshold: int
    committee: tuple[int, ...]
    new_threshold: int
    bad: tuple[tuple[int, str], ...]


FATAL = ("silent", "wrong-constant", "high-degree")
"""What puts a dealer out, whoever is on the new committee."""

LIES = (*FATAL, "unjustified", "disputed")


@st.composite
def cases(draw: st.DrawFn, operation: Operation, *, beyond: bool) -> Case:
    """Draw a case with so many bad dealers that the rotation can, or `beyond` can't, end well."""
    least = 2 if operation == "refresh" else 1  # one share alone can't be refreshed
    size = draw(st.integers(least, 6))
    threshold = draw(st.integers(least, size))
    committee, new_threshold = tuple(range(1, size + 1)), threshold
    if operation == "reshare":
        pool = st.sampled_from(range(1, size + 5))
        committee = tuple(sorted(draw(st.sets(pool, min_size=1, max_size=6), label="committee")))
        new_threshold = draw(st.integers(1, len(committee)))
    most = size - threshold
    dealers = draw(st.permutations(range(1, size + 1)), label="dealers")
    count = draw(st.integers(most + 1, size) if beyond else st.integers(0, most))
    ways = FATAL if beyond else LIES
    bad = tuple((number, draw(st.sampled_from(ways))) for number in sorted(dealers[:count]))
    return Case(operation, size, threshold, committee, new_threshold, bad)


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
    """Create the key, then rotate it."""
    old = Cluster(case.size, case.threshold)
    assert old.run().phase is Phase.ACTIVE
    if case.operation == "reshare":
        new = old.rotation("reshare", case.committee, case.new_threshold)
    else:
        new = old.rotation("refresh")
    for number, how in case.bad:
        if how != "silent":
            new.tamper(f"v{number}", lying(how, old.ceremony.scheme))
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
    """The key is kept; every t' of the new shares sign, fewer and mixtures do not.

    What every subset interpolates to is looked at; making a signature of it costs too much for all.
    """
    scheme, key = old.ceremony.scheme, old.state.public_key
    before, after = points(old), points(new)
    assert new.state.public_key == key
    for subset in combinations(sorted(after), case.new_threshold):
        assert opens(scheme, key, {i: after[i] for i in subset})
    for subset in combinations(sorted(after), case.new_threshold - 1):
        assert not subset or not opens(scheme, key, {i: after[i] for i in subset})
    chosen = {i: after[i] for i in sorted(after)[: case.new_threshold]}
    assert signs(scheme, key, chosen)
    for olds in up_to(case.threshold - 1, before):
        for news in up_to(case.new_threshold - 1, [i for i in after if i not in olds]):
            mixture = {i: before[i] for i in olds} | {i: after[i] for i in news}
            assert not mixture or not opens(scheme, key, mixture)


def up_to(most: int, indices: Iterable[int]) -> Iterator[tuple[int, ...]]:
    """Yield every subset of at most so many."""
    chosen = sorted(indices)
    for count in range(most + 1):
        yield from combinations(chosen, count)


def able(case: Case) -> bool:
    """Whether enough of the new committee speak for Confirm's quorum."""
    silent = {number for number, how in case.bad if how == "silent"}
    present = len(set(case.committee) - silent)
    size = len(case.committee)
    return present >= case.new_threshold + default_faults(case.new_threshold, size)


def old_generation_signs(case: Case, old: Cluster) -> None:
    """Every t of the old shares make the key still: they are only erased, never void."""
    shares, scheme, key = points(old), old.ceremony.scheme, old.state.public_key
    subsets = list(combinations(sorted(shares), case.threshold))
    for subset in subsets:
        assert opens(scheme, key, {i: shares[i] for i in subset})
    assert signs(scheme, key, {i: shares[i] for i in subsets[-1]})


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
    old_generation_signs(case, old)


def too_many(case: Case) -> None:
    """Check a case whose bad dealers leave fewer than t_old good ones."""
    old, new = play(case)

    check_blame(case, new)
    assert (new.state.phase, new.state.reason) == (Phase.FAILED, "too-few-dealers")
    assert new.kept() == {}
    old_generation_signs(case, old)


@EXAMPLES
@given(cases("reshare", beyond=False))
def test_within_the_bounds_any_reshare_keeps_the_key(case: Case) -> None:
    within(case)


@EXAMPLES
@given(cases("reshare", beyond=True))
def test_beyond_the_bounds_any_reshare_aborts_and_the_old_generation_signs(case: Case) -> None:
    too_many(case)


@EXAMPLES
@given(cases("refresh", beyond=False))
def test_within_the_bounds_any_refresh_keeps_the_key(case: Case) -> None:
    within(case)


@EXAMPLES
@given(cases("refresh", beyond=True))
def test_beyond_the_bounds_any_refresh_aborts_and_the_old_generation_signs(case: Case) -> None:
    too_many(case)


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["reshare", "refresh"])
@MANY
@given(data=st.data())
def test_so_does_any_of_many_within_the_bounds(operation: Operation, data: st.DataObject) -> None:
    within(data.draw(cases(operation, beyond=False)))


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["reshare", "refresh"])
@MANY
@given(data=st.data())
def test_and_any_of_many_beyond_the_bounds(operation: Operation, data: st.DataObject) -> None:
    too_many(data.draw(cases(operation, beyond=True)))
