"""Clusters of machines as the checks see a finished run: one attempt, or a key's whole life."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.adversary import Adversary
from sim.base.ids import ValidatorIndex
from sim.base.secret import Secret
from sim.checks import BlockView, CeremonyView, Holding, Kept, KnownSecret, Observation, Period
from sim.checks import ValidatorView as View
from sim.checks.leaks import stored_secrets
from sim.checks.observation import attempt_of, id_of
from sim.protocol.ceremony import Operation
from sim.protocol.effects import Delete
from sim.protocol.messages import ShareEnvelope
from sim.protocol.phases import Phase
from sim.validator.vaulting import is_secret
from tests.support.cluster import Cluster, Corrupt, long_lived_seeds

SEED = 7
BLOCK_US = 2_000_000
OUTBOXES = ("outgoing", "delivery")
"""Entries of sealed envelopes, which a run's witness leaves out as well."""
REGISTRY = 11
"""Validators of a life, at the least: v1 to v11, whether they have a seat or not."""


class WitnessedStore(dict[str, bytes]):
    """The store of one participant of an attempt; remembers whatever was in it, and how long."""

    def __init__(self, clock: Callable[[], int]) -> None:
        super().__init__()
        self.past: list[tuple[str, bytes, int, int | None]] = []
        self._since: dict[str, int] = {}
        self._clock = clock

    def __setitem__(self, key: str, value: bytes) -> None:
        super().__setitem__(key, value)
        self._since[key] = self._clock()

    def pop(self, key: str, default: Any = None) -> Any:
        """Erase an entry, and remember that it was there."""
        if key in self:
            self.past.append((key, self[key], self._since[key], self._clock()))
        return super().pop(key, default)

    def ever(self) -> list[tuple[str, bytes, int, int | None]]:
        """Return (key, value, written, erased) of everything."""
        return [*self.past, *((k, v, self._since[k], None) for k, v in self.items())]


def witnessed(cluster: Cluster) -> Cluster:
    """Give every participant a store that remembers."""
    cluster.stores = [
        WitnessedStore(lambda: cluster.height * BLOCK_US) for _ in range(len(cluster.keys))
    ]
    return cluster


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
    cluster = witnessed(Cluster(7, 5, SEED, **ceremony))
    for place, (who, behaviour, victims) in enumerate(corruptions, start=1):
        given = (params or {}) if place == len(corruptions) else {}
        cluster.corrupt(who, behaviour, victims, **given)
    for dealer, holder in lost:
        cluster.drop(ShareEnvelope, dealer, holder)
    cluster.run()
    return cluster


@dataclass(frozen=True)
class Wicked:
    """One behaviour on one validator, for some heights of a life.

    Attributes:
        who: Its name.
        behaviour: As in the catalogue.
        victims: Names.
        params: Of the behaviour.
        since: First height at which it acts.
        until: First height at which it no longer does, or None.
    """

    who: str
    behaviour: str
    victims: Sequence[str] = ()
    params: Mapping[str, str | int | bool] = field(default_factory=dict)
    since: int = 0
    until: int | None = None

    def corrupt(self, place: int) -> Corrupt:
        """The same as a plan lists it."""
        victims = tuple(int(name[1:]) - 1 for name in self.victims)
        return Corrupt(
            f"c{place}",
            int(self.who[1:]) - 1,
            self.behaviour,
            victims,
            dict(self.params),
            self.since,
            self.until,
        )


class Life:
    """A key from its creation over one attempt after the other, on one ledger.

    Args:
        n: Members of its first committee, v1..vn.
        t: Its first threshold.
        wicked: Behaviours, over the whole life.
        changes: Fields of the first `Ceremony`.
    """

    def __init__(self, n: int = 7, t: int = 3, *wicked: Wicked, **changes: Any) -> None:
        self.corruptions = [one.corrupt(i) for i, one in enumerate(wicked, start=1)]
        self.adversaries = {
            c.validator: Adversary(SEED, ValidatorIndex(c.validator), self.corruptions)
            for c in self.corruptions
        }
        self.attempts: list[Cluster] = []
        self.height = 0
        self._run(Cluster(n, t, SEED, **changes), ())

    @property
    def active(self) -> Cluster:
        """The attempt that made the present generation."""
        made = (c for c in self.attempts if c.ceremony.operation != "repair")
        return [c for c in made if c.state.phase is Phase.ACTIVE][-1]

    @property
    def last(self) -> Cluster:
        """The attempt that ended last."""
        return self.attempts[-1]

    @property
    def injected(self) -> dict[str, int]:
        """Injections so far, by validator."""
        return {f"v{v + 1}": sum(a.injections.values()) for v, a in self.adversaries.items()}

    def rotate(
        self,
        operation: Operation,
        committee: Sequence[int] | None = None,
        threshold: int | None = None,
        *,
        lost: Sequence[tuple[str, str]] = (),
        silent: Sequence[str] = (),
        **changes: Any,
    ) -> Cluster:
        """Run the next attempt at a rotation of the present generation, to its end."""
        old = self.active
        ran = sum(
            c.ceremony.operation == operation
            and c.ceremony.generation == old.ceremony.generation + 1
            for c in self.attempts
        )
        changes = {"attempt": ran + 1, "start": self.height + 1, **changes}
        cluster = old.rotation(operation, committee, threshold, **changes)
        for dealer, holder in lost:
            cluster.drop(ShareEnvelope, dealer, holder)
        self._run(cluster, silent)
        if cluster.state.phase is Phase.ACTIVE:
            self._retire(old)
        return cluster

    def repair(self, target: int, helpers: Sequence[int] = (), **changes: Any) -> Cluster:
        """Run the next attempt to repair the share with index `target`."""
        ran = sum(c.ceremony.target == target for c in self.attempts)
        changes = {"attempt": ran + 1, "start": self.height + 1, **changes}
        self._run(self.active.repair(target, helpers, **changes), ())
        return self.last

    def _run(self, cluster: Cluster, silent: Sequence[str]) -> None:
        cluster.height = self.height
        cluster.admit(REGISTRY)
        witnessed(cluster)
        cluster.adversaries = dict(self.adversaries)
        for name in silent:
            cluster.stop(name)
        self.attempts.append(cluster)
        cluster.run(until=self.height + 100)
        self.height = cluster.height

    def _retire(self, old: Cluster) -> None:
        """Let every holder of the old generation erase its share, as validators do."""
        old.height = self.height
        for v, machine in old.machines.items():
            meant: Sequence[Any] = machine.retire()
            if v in old.adversaries:
                meant = old.adversaries[v].filter(meant, old.state, self.height)
            for effect in meant:
                if isinstance(effect, Delete):
                    old.stores[v].pop(effect.key, None)


def observe(cluster: Cluster) -> Observation:
    """Return what the checks may look at, of one attempt."""
    return _observation([cluster], cluster.adversaries, {})


def observe_life(life: Life) -> Observation:
    """Return what the checks may look at, of a whole life."""
    periods: dict[int, list[Period]] = {}
    for c in life.corruptions:
        until = None if c.until_us is None else c.until_us * BLOCK_US
        periods.setdefault(c.validator, []).append(Period(c.from_us * BLOCK_US, until))
    return _observation(life.attempts, life.adversaries, periods)


def _observation(
    clusters: Sequence[Cluster],
    corrupted: Mapping[int, Any],
    periods: Mapping[int, Sequence[Period]],
) -> Observation:
    end = clusters[-1].height
    judged = [
        (entry.height, entry.raw, reason)
        for cluster in clusters
        for entry, reason in zip(cluster.entries, cluster.reasons, strict=True)
    ]
    blocks = tuple(
        _block([(raw, reason) for at, raw, reason in judged if at == height], height)
        for height in range(end + 1)
    )
    registry = sorted({v for cluster in clusters for v in cluster.machines})
    return Observation(
        seed=SEED,
        end_us=end * BLOCK_US,
        blocks=blocks,
        ceremonies=tuple(cluster.state for cluster in clusters),
        validators=tuple(
            _validator(clusters, v, blocks, v in corrupted, tuple(periods.get(v, ())))
            for v in range(max(registry) + 1)
        ),
    )


def _block(judged: Sequence[tuple[bytes, str]], height: int) -> BlockView:
    transactions = tuple(transaction for transaction, _ in judged)
    raw = b"".join(transactions)
    digest = hashlib.sha256(height.to_bytes(8, "big") + raw).digest()
    reasons = tuple(reason for _, reason in judged)
    return BlockView(height, digest, height * BLOCK_US, raw, transactions, reasons)


def _validator(
    clusters: Sequence[Cluster],
    position: int,
    blocks: Sequence[BlockView],
    corrupted: bool,
    periods: tuple[Period, ...],
) -> View:
    mine = [cluster for cluster in clusters if position in cluster.machines]
    kept = [entry for cluster in mine for entry in _kept(cluster, position)]
    return View(
        index=ValidatorIndex(position),
        name=f"v{position + 1}",
        corrupted=corrupted,
        disturbed=False,
        alive=True,
        heads=tuple((block.height, block.hash, block.time_us) for block in blocks),
        ceremonies=tuple(_view(cluster, blocks[-1].time_us) for cluster in clusters),
        holdings=tuple(
            _holding(cluster, position)
            for cluster in _counting(clusters)
            if position in cluster.machines and _holds(cluster, position)
        ),
        secrets=tuple(
            secret
            for cluster in mine
            for key, value, _, _ in _store(cluster, position).ever()
            for secret in _secrets(cluster, position, key, value)
        ),
        periods=periods,
        kept=tuple(kept),
        left=tuple(
            (*id_of(cluster.state), key) for cluster in mine for key in _store(cluster, position)
        ),
        transport=long_lived_seeds(position) if _lives_long(clusters) else None,
        envelopes=tuple(
            value
            for cluster in mine
            for key, value, _, _ in _store(cluster, position).ever()
            if key.startswith("envelope/")
        ),
    )


def _lives_long(clusters: Sequence[Cluster]) -> bool:
    return any(cluster.ceremony.transport == "long-lived" for cluster in clusters)


def _store(cluster: Cluster, position: int) -> WitnessedStore:
    store = cluster.stores[position]
    assert isinstance(store, WitnessedStore)
    return store


def _secrets(cluster: Cluster, position: int, key: str, value: bytes) -> list[KnownSecret]:
    return stored_secrets(key, value, cluster.ceremony, ValidatorIndex(position))


def _kept(cluster: Cluster, position: int) -> list[Kept]:
    return [
        Kept(*id_of(cluster.state), key, Secret(value), written, erased)
        for key, value, written, erased in _store(cluster, position).ever()
        if is_secret(key) and key not in OUTBOXES
    ]


def _view(cluster: Cluster, seen_us: int) -> CeremonyView:
    state = cluster.state
    return CeremonyView(
        *attempt_of(state),
        phase=state.phase.value,
        public_key=state.public_key,
        qual=state.qual,
        verification=state.verification,
        seen_us=seen_us,
    )


def _counting(clusters: Sequence[Cluster]) -> list[Cluster]:
    """The attempts that count at the end: the active generation's, its repairs, and the last."""
    sound = [c for c in clusters if c.state.phase is Phase.ACTIVE]
    made = [c for c in sound if c.ceremony.operation != "repair"][-1:]
    repairs = [c for c in sound if c.ceremony.target and made and _alike(c, made[0])]
    return list({id(c): c for c in (*made, *repairs, clusters[-1])}.values())


def _alike(one: Cluster, other: Cluster) -> bool:
    return one.ceremony.generation == other.ceremony.generation


def _holds(cluster: Cluster, position: int) -> bool:
    return ValidatorIndex(position) in cluster.ceremony.by_validator


def _holding(cluster: Cluster, position: int) -> Holding:
    machine = cluster.machines[position]
    index = cluster.ceremony.by_validator[ValidatorIndex(position)].index
    return Holding(*attempt_of(cluster.state), index, machine.share, machine.shareless)
