"""Every behaviour on every scheme ends as the catalogue of faults predicts, and really acted.

A 5-of-7 committee joined by function calls; v3 is corrupted, v5 the victim where there is one, and
v8 is the outsider. Besides the verdict, every invariant is checked: no honest validator blamed or
excluded, evidence that re-verifies, shares that make the key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sim.adversary import BEHAVIOURS, Adversary
from sim.checks import check_all
from sim.protocol.phases import Phase
from sim.protocol.state import Notes
from tests.checks.observing import observe, rehearse
from tests.support.cluster import Cluster
from tests.support.curves import SCHEMES


@dataclass(frozen=True)
class Case:
    """What one corrupted validator does, and what must come of it.

    Attributes:
        behaviours: Names, composed in this order.
        proven: Its faults with proof.
        suspected: Its exclusions without.
        disputes: (dealer, accuser, kind).
        rejected: (who, kind, reason) of its transactions.
        injected: Least number of injections, all behaviours together.
        who: The corrupted validator.
        qual: Whether its deal counts.
        params: Of the last behaviour.
        ceremony: Fields of the ceremony that differ.

    """

    behaviours: tuple[str, ...]
    proven: tuple[str, ...] = ()
    suspected: tuple[str, ...] = ()
    disputes: tuple[tuple[str, str, str], ...] = ()
    rejected: tuple[tuple[str, str, str], ...] = ()
    injected: int = 1
    who: str = "v3"
    qual: bool = True
    params: dict[str, Any] = field(default_factory=dict)
    ceremony: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        words = [*self.behaviours, *map(str, self.params.values()), *self.ceremony.values()]
        return "+".join(words)


def proven(name: str, fault: str, **params: Any) -> Case:
    """A behaviour of a dealer that its deal alone convicts."""
    return Case((name,), proven=(fault,), qual=False, params=params)


def malformed(flaw: str) -> Case:
    return Case(("malformed-response",), proven=("malformed-response",), params={"flaw": flaw})


INVALID = ("v3", "v5", "invalid")
MISSING = ("v3", "v5", "missing")
COEFFICIENTS = {"commitments": "coefficient"}

CASES = [
    Case(("silent-dealer",), suspected=("no-deal",), qual=False, injected=7),
    Case(("silent-to-some",), disputes=(MISSING,)),
    Case(("bad-share-one",), disputes=(INVALID,)),
    Case(("bad-share-many",), disputes=(INVALID,)),
    Case(("undecryptable-share",), disputes=(INVALID,)),
    Case(("undecryptable-share",), disputes=(INVALID,), params={"part": "kem"}),
    Case(("undecryptable-share",), disputes=(INVALID,), params={"part": "length"}),
    Case(("undecryptable-share", "no-justification"), suspected=("unjustified",), qual=False),
    proven("degree-high", "degree-too-high"),
    Case(("degree-low",), injected=7),
    Case(("degree-low",), proven=("wrong-point-count",), qual=False, ceremony=COEFFICIENTS),
    Case(("silent-to-some", "degree-low"), disputes=(MISSING,), injected=8),
    proven("zero-polynomial", "invalid-point"),
    proven("non-canonical-encoding", "invalid-point", flaw="non-canonical"),
    proven("non-canonical-encoding", "invalid-point", flaw="off-curve"),
    proven("non-canonical-encoding", "invalid-point", flaw="length"),
    proven("non-canonical-encoding", "bad-proof", flaw="scalar"),
    proven("non-canonical-encoding", "malformed-deal", flaw="body"),
    proven("small-order-point", "invalid-point", flaw="mixed"),
    proven("small-order-point", "invalid-point", flaw="small-order"),
    proven("equivocating-dealer", "equivocation"),
    proven("bad-proof", "bad-proof"),
    proven("proof-replay", "bad-proof"),
    proven("wrong-slot", "bad-proof"),
    proven("copy-dealer", "bad-proof"),
    proven("rogue-key", "bad-proof"),
    Case(("rogue-key",), proven=("bad-proof",), qual=False, ceremony=COEFFICIENTS),
    Case(("false-complaint",), disputes=(("v5", "v3", "invalid"),)),
    Case(("false-complaint",), disputes=(("v5", "v3", "missing"),), params={"kind": "missing"}),
    Case(("late-complaint",), rejected=(("v3", "response", "WrongPhase"),), injected=2),
    Case(("early-accusation",), rejected=(("v3", "response", "WrongPhase"),)),
    Case(("duplicate-complaint",), rejected=(("v3", "response", "Duplicate"),)),
    malformed("bitmap"),
    malformed("spare-bit"),
    malformed("both"),
    malformed("neither"),
    malformed("order"),
    malformed("twice"),
    malformed("own"),
    malformed("nobody"),
    malformed("short-key"),
    malformed("unreduced-key"),
    malformed("low-order-key"),
    Case(("no-justification",), injected=0),
    Case(("bad-share-one", "no-justification"), suspected=("unjustified",), qual=False),
    Case(("silent-to-some", "no-justification"), suspected=("unjustified",), qual=False),
    Case(
        ("bad-share-one", "late-justification"),
        suspected=("unjustified",),
        rejected=(("v3", "justification", "WrongPhase"),),
        injected=3,
        qual=False,
    ),
    Case(("bad-share-one", "bad-justification"), proven=("bad-justification",), qual=False),
    Case(
        ("bad-share-one", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "unreduced"},
    ),
    Case(
        ("bad-share-one", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "garbage"},
    ),
    Case(("silent-to-some", "bad-justification"), proven=("bad-justification",), qual=False),
    Case(
        ("silent-to-some", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "unreduced"},
    ),
    Case(
        ("silent-to-some", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "garbage"},
    ),
    Case(("deal-replay",), injected=6 * 6 + 6),
    Case(
        ("cross-session-mix",),
        rejected=tuple(
            ("v3", kind, "UnknownSession") for kind in ("announce", "deal", "response", "confirm")
        ),
        injected=6 + 4,
    ),
    Case(("cross-scheme-mix",), rejected=(("v3", "deal", "UnknownSession"),), injected=6 + 1),
    Case(
        ("unknown-sender",),
        rejected=tuple(("v8", kind, "NotAMember") for kind in ("announce", "deal", "response")),
        injected=7 * 3 + 3,
        who="v8",
    ),
    Case(("oversized-message",), suspected=("no-deal",), qual=False, injected=6 + 1),
    Case(("oversized-message",), injected=6, params={"via": "wire"}),
    Case(
        ("oversized-message",),
        suspected=("no-deal",),
        qual=False,
        params={"via": "ledger"},
    ),
]


def play(case: Case, scheme: str) -> Cluster:
    """Run the case; victims go to the behaviours that take some."""
    return rehearse(
        *(
            (case.who, name, ["v5"] if BEHAVIOURS[name].targeted else [])
            for name in case.behaviours
        ),
        params=case.params,
        scheme=scheme,
        **case.ceremony,
    )


def applies(case: Case, scheme: str) -> bool:
    return all(scheme not in BEHAVIOURS[name].absent for name in case.behaviours)


PLAYED = [(case, scheme) for scheme in SCHEMES for case in CASES if applies(case, scheme)]


def injections(cluster: Cluster, who: str) -> int:
    adversary = cluster.adversaries[int(who[1:]) - 1]
    assert isinstance(adversary, Adversary)
    return sum(adversary.injections.values())


def named(state: Notes, *, proof: bool) -> list[tuple[str, str]]:
    return [(f.validator, f.fault) for f in state.faults if f.proof == proof]


@pytest.mark.parametrize(("case", "scheme"), PLAYED, ids=lambda part: str(part))
def test_a_behaviour_ends_as_predicted(case: Case, scheme: str) -> None:
    cluster = play(case, scheme)

    state = cluster.state
    assert state.phase is Phase.ACTIVE
    assert named(state, proof=True) == [(case.who, fault) for fault in case.proven]
    assert named(state, proof=False) == [(case.who, fault) for fault in case.suspected]
    assert {(d.dealer, d.accuser, d.kind) for d in state.disputes} == set(case.disputes)
    assert set(state.qual) == {1, 2, 4, 5, 6, 7} | ({3} if case.qual else set())
    assert set(case.rejected) <= set(cluster.rejected)
    assert {who for who, _, _ in cluster.rejected} <= {case.who}
    assert injections(cluster, case.who) >= case.injected
    assert check_all(observe(cluster)) == []


def test_every_behaviour_is_played() -> None:
    assert {name for case in CASES for name in case.behaviours} == set(BEHAVIOURS)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_t_bad_shares_exclude_the_dealer_and_publish_none(scheme: str) -> None:
    cluster = Cluster(7, 5, scheme=scheme)
    cluster.corrupt("v3", "bad-share-many")

    state = cluster.run()

    assert named(state, proof=False) == [("v3", "accused-by-t")]
    assert state.published == []
    assert 3 not in state.qual
    assert injections(cluster, "v3") == 5


def test_a_flaw_that_a_curve_cannot_have_changes_nothing() -> None:
    for scheme in SCHEMES:
        if scheme in BEHAVIOURS["small-order-point"].absent:
            cluster = rehearse(("v3", "small-order-point", []), scheme=scheme)

            assert injections(cluster, "v3") == 0
            assert cluster.state.faults == []
