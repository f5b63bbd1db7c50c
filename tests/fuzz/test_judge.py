"""Hostile statements and bent evidence: the judge blames whoever says them, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from sim.base.codec import encode
from sim.base.memo import Memo, using
from sim.checks import check_all
from sim.protocol.effects import Effect, Filing, Post
from sim.protocol.entries import Fault
from sim.protocol.evidence import PublicRecord, reverify
from sim.protocol.messages import STATEMENTS, ShareEnvelope, kind_of
from sim.protocol.transactions import CeremonyPayload, transaction_id
from tests.checks.observing import observe, witnessed
from tests.fuzz import corpus
from tests.fuzz.hostile import EXAMPLES, explore, hostile
from tests.kchain.scene import signed
from tests.support.cluster import CHAIN, Cluster, identities
from tests.support.curves import SCHEMES


class Said(NamedTuple):
    """Something that the culprit says.

    Attributes:
        kind: Of the statement.
        body: Its bytes.
        when: Where its machine makes a statement of that kind: ``instead``, ``before`` or
            ``after``; or ``ever``, after the height `height`.
        height: See there.

    """

    kind: str
    body: bytes
    when: str
    height: int


def sayings(scheme: str) -> st.SearchStrategy[list[Said]]:
    """Statements; the bytes are mostly of their kind, bent."""
    every = sorted({entry.body for entry in corpus.entries(scheme)})
    whens = st.sampled_from(["instead", "instead", "before", "after", "ever"])

    def of_kind(kind: str) -> st.SearchStrategy[Said]:
        own = hostile(corpus.bodies(kind, scheme) or every)
        return st.builds(Said, st.just(kind), own | own | hostile(every), whens, st.integers(0, 9))

    return st.lists(st.sampled_from(list(STATEMENTS)).flatmap(of_kind), min_size=1, max_size=4)


def play(said: list[Said], scheme: str) -> Cluster:
    """Run an attempt in which the culprit says all that; it complains, and is complained of."""
    cluster = Cluster(corpus.SIZE, corpus.THRESHOLD, scheme=scheme, faults=0)
    witnessed(cluster)
    cluster.tamper(corpus.CULPRIT, lambda effect: _bent(effect, said, cluster))
    cluster.drop(ShareEnvelope, corpus.CULPRIT, "v4")
    cluster.drop(ShareEnvelope, "v1", corpus.CULPRIT)
    while not cluster.state.ended:
        for statement in said:
            if (statement.when, statement.height) == ("ever", cluster.height):
                cluster.post_bytes(corpus.CULPRIT, statement.kind, statement.body)
        assert cluster.height < 60
        cluster.step()
    return cluster


def _bent(effect: Effect, said: list[Said], cluster: Cluster) -> Iterator[Effect]:
    if not isinstance(effect, Post):
        yield effect
        return
    kind, ceremony = kind_of(effect.statement), cluster.ceremony
    mine = {
        when: [
            Filing(
                kind, encode(CeremonyPayload(ceremony.session, ceremony.attempt, one.body)), None
            )
            for one in said
            if (one.kind, one.when) == (kind, when)
        ]
        for when in ("before", "instead", "after")
    }
    yield from mine["before"]
    yield from mine["instead"]
    if not mine["instead"]:
        yield effect
    yield from mine["after"]


PLAYED = [
    *((scheme, 200) for scheme in SCHEMES),
    pytest.param(SCHEMES[0], 2_000, marks=pytest.mark.slow),
]
"""A whole ceremony per example: many of them on the fastest curve alone."""


@pytest.mark.parametrize(("scheme", "examples"), PLAYED)
def test_whatever_a_member_says_every_invariant_holds(scheme: str, examples: int) -> None:
    """No error, nobody else excluded or blamed, evidence that holds, one key, good shares."""

    def check(said: list[Said]) -> None:
        cluster = play(said, scheme)

        assert {who for who, _, _ in cluster.rejected} <= {corpus.CULPRIT}
        assert check_all(observe(cluster)) == []

    with using(Memo(10_000)):
        explore(check, sayings(scheme), examples)


def own_transaction(kind: str, body: bytes) -> bytes:
    """A statement that the culprit has validly signed."""
    who = identities(corpus.SIZE)[2]
    ceremony = corpus.ceremony()
    payload = encode(CeremonyPayload(ceremony.session, ceremony.attempt, body))
    return signed(who, 7, kind, payload, CHAIN)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_bent_evidence_convicts_no_honest_member(examples: int) -> None:
    """Whoever re-verifies gets a yes or a no, and never a yes about someone honest."""
    convictions = corpus.convictions()
    bodies = sorted({entry.body for entry in corpus.entries()})
    verdicts = sorted({fault.fault for _, fault, _ in convictions} | {"no-deal", "nonsense"})
    assert all(reverify(record, fault) for record, fault, _ in convictions)

    def bent(
        conviction: tuple[PublicRecord, Fault, list[bytes]],
    ) -> st.SearchStrategy[tuple[PublicRecord, Fault]]:
        record, fault, raws = conviction
        own = st.builds(own_transaction, st.sampled_from(sorted(STATEMENTS)), hostile(bodies))
        piece = st.sampled_from(raws) | own | hostile(raws)
        kept = st.tuples(*(st.just(raw) | piece for raw in fault.evidence))
        lie = st.builds(
            Fault,
            st.sampled_from(["v1", "v2", corpus.CULPRIT, "v4", "nobody"]),
            st.just(fault.fault) | st.sampled_from(verdicts),
            st.just(value=True),
            kept | st.lists(piece, max_size=4).map(tuple),
            st.just(1),
        )
        return st.tuples(st.just(record), lie)

    def check(case: tuple[PublicRecord, Fault]) -> None:
        assert not (reverify(*case) and case[1].validator != corpus.CULPRIT)

    explore(check, st.sampled_from(convictions).flatmap(bent), examples)


def test_a_record_without_a_fixed_qual_proves_nothing_about_what_follows() -> None:
    late = {"inconsistent-confirmation", "bad-confirmation", "bad-partial"}
    faults = [fault for _, fault, _ in corpus.convictions() if fault.fault in late]
    cited = frozenset(transaction_id(raw) for fault in faults for raw in fault.evidence)

    bare = PublicRecord(corpus.ceremony(), b"", (), b"", b"", {}, {}, {}, cited, frozenset())

    assert len(faults) >= 2
    assert not any(reverify(bare, fault) for fault in faults)
