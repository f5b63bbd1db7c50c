"""A cluster of machines as the checks see a finished run."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.checks import BlockView, CeremonyView, Holding, KnownSecret, Observation, ValidatorView
from sim.checks.leaks import stored_secrets
from sim.checks.observation import attempt_of
from sim.protocol.ceremony import Ceremony
from sim.protocol.messages import ShareEnvelope
from tests.support.cluster import Cluster

SEED = 7
BLOCK_US = 2_000_000


class WitnessedStore(dict[str, bytes]):
    """The store of one member of an attempt; remembers every secret ever written to it."""

    def __init__(self, ceremony: Ceremony, holder: ShareIndex) -> None:
        super().__init__()
        self.secrets: list[KnownSecret] = []
        self._of = ceremony, holder

    def __setitem__(self, key: str, value: bytes) -> None:
        super().__setitem__(key, value)
        self.secrets += stored_secrets(key, value, *self._of)


def witnessed_stores(ceremony: Ceremony) -> list[dict[str, bytes]]:
    """Return an empty store for each member."""
    return [WitnessedStore(ceremony, member.index) for member in ceremony.members]


def rehearse(
    *corruptions: tuple[str, str, Sequence[str]],
    lost: Sequence[tuple[str, str]] = (),
    params: Mapping[str, str | int | bool] | None = None,
    **ceremony: Any,
) -> Cluster:
    """Run a 5-of-7 attempt to its end.

    Args:
        corruptions: (validator, behaviour, victims).
        lost: (dealer, holder) between whom no share arrives.
        params: Parameters of the last corruption.
        ceremony: Fields of `Ceremony` that differ from the cluster's.
    """
    cluster = Cluster(7, 5, SEED, **ceremony)
    cluster.stores = witnessed_stores(cluster.ceremony)
    for place, (who, behaviour, victims) in enumerate(corruptions, start=1):
        given = (params or {}) if place == len(corruptions) else {}
        cluster.corrupt(who, behaviour, victims, **given)
    for dealer, holder in lost:
        cluster.drop(ShareEnvelope, dealer, holder)
    cluster.run()
    return cluster


def observe(cluster: Cluster) -> Observation:
    """Return what the checks may look at."""
    end_us = cluster.height * BLOCK_US
    blocks = tuple(_block(cluster, height) for height in range(cluster.height + 1))
    return Observation(
        seed=SEED,
        end_us=end_us,
        blocks=blocks,
        ceremonies=(cluster.state,),
        validators=tuple(
            _validator(cluster, position, blocks) for position in range(cluster.ceremony.size)
        ),
    )


def _block(cluster: Cluster, height: int) -> BlockView:
    transactions = tuple(entry.raw for entry in cluster.entries if entry.height == height)
    raw = b"".join(transactions)
    digest = hashlib.sha256(height.to_bytes(8, "big") + raw).digest()
    return BlockView(height, digest, height * BLOCK_US, raw, transactions)


def _validator(cluster: Cluster, position: int, blocks: Sequence[BlockView]) -> ValidatorView:
    state, machine, store = cluster.state, cluster.machines[position], cluster.stores[position]
    view = CeremonyView(
        *attempt_of(state),
        phase=state.phase.value,
        public_key=state.public_key,
        qual=state.qual,
        verification=state.verification,
        seen_us=blocks[-1].time_us,
    )
    holding = Holding(
        *attempt_of(state), ShareIndex(position + 1), machine.share, machine.shareless
    )
    assert isinstance(store, WitnessedStore)
    return ValidatorView(
        index=ValidatorIndex(position),
        name=machine.context.name,
        corrupted=position in cluster.adversaries,
        disturbed=False,
        alive=True,
        heads=tuple((block.height, block.hash, block.time_us) for block in blocks),
        ceremonies=(view,),
        holdings=(holding,),
        secrets=tuple(store.secrets),
    )
