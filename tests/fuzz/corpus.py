"""Real bytes to begin with: all that was said and sent in a ceremony that had its troubles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import msgspec

from sim.protocol.ceremony import Ceremony
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post
from sim.protocol.entries import Entry, Fault
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Confirm, ShareEnvelope, Sign
from tests.support.cluster import Cluster
from tests.support.curves import SCHEMES

SIZE, THRESHOLD = 4, 3
CULPRIT = "v3"
"""Whoever says and sends hostile bytes."""


@cache
def played(scheme: str = SCHEMES[0]) -> Cluster:
    """A whole attempt with a missing, a bad and a false complaint; every kind of statement."""
    cluster = Cluster(SIZE, THRESHOLD, scheme=scheme, faults=0)
    cluster.drop(ShareEnvelope, "v1", "v2")
    cluster.corrupt(CULPRIT, "bad-share-one", ["v4"])
    cluster.run()
    return cluster


@cache
def states(scheme: str = SCHEMES[0]) -> tuple[CeremonyState, ...]:
    """That attempt after each of its heights, from none on."""
    cluster = played(scheme)
    found = [CeremonyState.open(cluster.ceremony)]
    for height in range(1, cluster.height + 1):
        state = found[-1].copy()
        for entry in cluster.entries:
            if entry.height == height:
                state.apply(entry)
        state.end_height(height)
        found.append(state)
    return tuple(found)


def entries(scheme: str = SCHEMES[0]) -> list[Entry]:
    """Everything said, in order."""
    return played(scheme).entries


def bodies(kind: str, scheme: str = SCHEMES[0]) -> list[bytes]:
    """Encoded statements of one kind."""
    return [entry.body for entry in entries(scheme) if entry.kind == kind]


def letters(scheme: str = SCHEMES[0]) -> list[bytes]:
    """Encoded private messages of the DKG."""
    return sorted({payload for _, _, _, payload in played(scheme).sent})


def ceremony(scheme: str = SCHEMES[0]) -> Ceremony:
    """The attempt."""
    return played(scheme).ceremony


@cache
def convictions() -> tuple[tuple[PublicRecord, Fault, list[bytes]], ...]:
    """Every way to convict v3: the public record, the proven fault, and all that was said."""
    found = []
    for behaviours, params in (
        (["degree-high"], {}),
        (["zero-polynomial"], {}),
        (["bad-proof"], {}),
        (["non-canonical-encoding"], {"flaw": "body"}),
        (["equivocating-dealer"], {}),
        (["malformed-response"], {}),
        (["bad-share-one", "bad-justification"], {}),
        (["silent-to-some", "bad-justification"], {}),
    ):
        cluster = Cluster(SIZE, THRESHOLD, faults=0)
        for place, name in enumerate(behaviours, start=1):
            cluster.corrupt(CULPRIT, name, **(params if place == len(behaviours) else {}))
        found.append(cluster)
    for change in (_bad_confirm, _bad_partial):
        cluster = Cluster(SIZE, THRESHOLD, faults=0)
        cluster.tamper(CULPRIT, change)
        found.append(cluster)
    for cluster in found:
        cluster.run()
    return tuple(
        (PublicRecord.of(cluster.state), fault, [entry.raw for entry in cluster.entries])
        for cluster in found
        for fault in cluster.state.faults
        if fault.proof
    )


def _bad_confirm(effect: Effect) -> Iterator[Effect]:
    """Confirm another transcript, then the right one with a false proof."""
    match effect:
        case Post(Confirm() as confirm):
            yield Post(msgspec.structs.replace(confirm, proof=bytes(len(confirm.proof))))
            yield Post(msgspec.structs.replace(confirm, transcript=bytes(32)))
        case _:
            yield effect


def _bad_partial(effect: Effect) -> Iterator[Effect]:
    match effect:
        case Post(Sign(partial) as sign):
            flipped = bytes([partial[0] ^ 1]) + partial[1:]
            yield Post(msgspec.structs.replace(sign, partial=flipped))
        case _:
            yield effect
