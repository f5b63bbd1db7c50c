"""Any repair by any helpers, over any links, with absent and lying helpers.

Source: protocols.md, "Repair": the share comes back, or the attempt fails with a name; then the
next attempt asks others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sim.base.secret import Secret
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Base
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendShares
from sim.protocol.evidence import reverify
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Answer, Deal, Justification, Private, ShareAck, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.repair import next_helpers
from tests.support.cluster import Cluster
from tests.support.repair import active, lost_share, target_of

EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
MANY = settings(EXAMPLES, max_examples=200)

LIES = ("silent", "wrong-constant", "bent", "unjustified", "unanswered", "bad-reply", "bad-answer")
"""What a bad helper does; `bent` masks and sums are answered well."""


@dataclass(frozen=True)
class Case:
    """A key, whose share is lost, which members lie and how, and what the network loses."""

    scheme: str
    size: int
    threshold: int
    target: int
    bad: tuple[tuple[int, str], ...]
    lost: frozenset[tuple[type, int, int]]


@st.composite
def cases(draw: st.DrawFn, schemes: tuple[str, ...]) -> Case:
    """Draw a case in which t members besides the target are honest."""
    size = draw(st.integers(2, 7))
    threshold = draw(st.integers(1, size - 1))
    target = draw(st.integers(1, size))
    others = draw(st.permutations([i for i in range(1, size + 1) if i != target]))
    count = draw(st.integers(0, size - 1 - threshold))
    bad = tuple((index, draw(st.sampled_from(LIES))) for index in sorted(others[:count]))
    index = st.integers(1, size)
    lost = st.frozensets(st.tuples(st.sampled_from([ShareEnvelope, ShareAck]), index, index))
    return Case(draw(st.sampled_from(schemes)), size, threshold, target, bad, draw(lost))


def lying(how: str, target: int) -> Callable[[Effect], Iterable[Effect]]:
    """A helper's lie, as a function of its effects."""

    def bent(effect: SendShares) -> Effect:
        return SendShares({x: Secret(share.reveal() + 1) for x, share in effect.shares.items()})

    def lie(effect: Effect) -> list[Effect]:
        to_target = isinstance(effect, SendShares) and target in effect.shares
        match how, effect:
            case "wrong-constant", Post(Deal(points, proof)):
                return [Post(Deal((*points[:-1], points[0]), proof)) if len(points) > 1 else effect]
            case "bent", SendShares():
                return [bent(effect)]
            case (("unjustified" | "bad-reply"), SendShares()) if not to_target:
                return [bent(effect)]
            case (("unanswered" | "bad-answer"), SendShares()) if to_target:
                return [bent(effect)]
            case ("unjustified", Post(Justification())) | ("unanswered", Post(Answer())):
                return []
            case "bad-reply", Post(Justification(replies)):
                return [Post(Justification(tuple(map(garbled, replies))))]
            case "bad-answer", Post(Answer(replies)):
                return [Post(Answer(tuple(map(garbled, replies))))]
            case _:
                return [effect]

    return lie


def garbled(reply: Any) -> Any:
    """A reply that doesn't open."""
    return type(reply)(reply.accuser, reply.kind, reply.data[:-1] + bytes([reply.data[-1] ^ 1]))


def attempt(case: Case, number: int, failed: list[CeremonyState]) -> tuple[Cluster, Cluster]:
    """Play one attempt, by the helpers that the rule chooses."""
    old = active(case.scheme, case.size, case.threshold)
    made = old.state
    base = Base(0, case.threshold, made.ceremony.members, made.verification, made.transcript)
    helpers = next_helpers(base, case.target, failed)
    repair = old.repair(case.target, helpers, attempt=number)

    def drop(source: str, to: str, message: Private) -> bool:
        return (type(message), int(source[1:]), int(to[1:])) in case.lost

    repair.drops.append(drop)
    for index, how in case.bad:
        if index in helpers and how == "silent":
            repair.machines[index - 1].amnesiac = True
        elif index in helpers:
            repair.tamper(f"v{index}", lying(how, case.target))
    repair.run()
    return old, repair


def check_blame(case: Case, repair: Cluster) -> None:
    """Nobody honest is blamed or even excluded, and every proof convinces a third party."""
    bad = {f"v{index}" for index, _ in case.bad}
    record = PublicRecord.of(repair.state)
    for fault in repair.state.faults:
        assert fault.validator in bad
        assert not fault.proof or reverify(record, fault)
    assert {f"v{index}" for index in repair.state.excluded} <= bad


def comes_back(case: Case) -> None:
    """Repeat the repair until it succeeds: at most one attempt more than there are bad members."""
    failed: list[CeremonyState] = []
    for number in range(1, len(case.bad) + 2):
        old, repair = attempt(case, number, failed)
        check_blame(case, repair)
        if repair.state.phase is Phase.ACTIVE:
            event(f"repaired in attempt {number}")
            assert target_of(repair).share == lost_share(repair, old)
            assert repair.state.verification == old.state.verification
            return
        assert repair.state.excluded, repair.outcome()
        assert target_of(repair).share is None
        failed.append(repair.state)
    pytest.fail(f"never repaired: {[state.detail for state in failed]}")


@EXAMPLES
@given(cases(("ED25519",)))
def test_the_share_comes_back_while_t_others_are_honest(case: Case) -> None:
    comes_back(case)


@pytest.mark.slow
@MANY
@given(cases(("ED25519", "SECP256K1", "BLS")))
def test_the_share_comes_back_in_any_scheme(case: Case) -> None:
    comes_back(case)


@EXAMPLES
@given(data=st.data())
def test_whatever_the_network_drops_honest_helpers_repair_at_once(data: st.DataObject) -> None:
    case = data.draw(cases(("ED25519",)))
    honest = Case(case.scheme, case.size, case.threshold, case.target, (), case.lost)

    old, repair = attempt(honest, 1, [])

    assert repair.state.phase is Phase.ACTIVE
    assert repair.state.faults == []
    assert target_of(repair).share == lost_share(repair, old)
    order = get_group(case.scheme).order
    assert 0 <= lost_share(repair, old).reveal() < order
