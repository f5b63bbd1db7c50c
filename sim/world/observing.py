"""What the checks get to see of a run: the chain, and what every validator testified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import Secret
from sim.checks.chain_views import AuditLine, BlockView, PartitionView
from sim.checks.leaks import dealt_by, stored_secrets
from sim.checks.observation import (
    AttemptId,
    CeremonyView,
    Holding,
    Kept,
    KnownSecret,
    Observation,
    Period,
    ValidatorView,
)
from sim.crypto.groups import get_group
from sim.crypto.verification import SINGLE_PARTY
from sim.kchain.blocks import block_hash, decode_block
from sim.kchain.ledger import Ledger
from sim.kchain.records import KeyRecord
from sim.kchain.state import ChainState
from sim.protocol.ceremony import Ceremony
from sim.protocol.requests import InPartition
from sim.scenario.plan import Plan
from sim.tchain.book import Counts
from sim.world.genesis import transport_seeds_of
from sim.world.partitions import drawn_partitions
from sim.world.timeline import disturbed
from sim.world.witness import Held, Secretly, Testimony


def observe(
    plan: Plan,
    ledger: Ledger,
    testimonies: Sequence[Testimony],
    end_us: int,
    counts: Counts | None = None,
) -> Observation:
    """Return everything that the checks look at.

    Args:
        plan: What was run.
        ledger: The chain.
        testimonies: By registry position.
        end_us: Virtual time at the end.
        counts: The T-chain's own count of sessions.

    """
    corrupted = {corruption.validator for corruption in plan.corruptions}
    hindered = disturbed(plan)
    state, genesis_us = ledger.state, ledger.genesis.time_us
    states = state.all_ceremonies()
    attempts = {(s.ceremony.session, s.ceremony.attempt): s.ceremony for s in states}
    records = [record for name in state.keys for record in state.generations(name)]
    return Observation(
        seed=plan.seed,
        end_us=end_us,
        blocks=tuple(_block(raw, genesis_us) for raw in ledger.blocks),
        ceremonies=tuple(states),
        validators=tuple(
            _validator(
                plan,
                testimony,
                attempts,
                corrupted=testimony.index in corrupted,
                hindered=testimony.index in hindered,
            )
            for testimony in testimonies
        ),
        activated={
            (record.session, record.attempt): record.activated_us - genesis_us for record in records
        },
        retired=_retired(ledger),
        finality=ledger.genesis.finality,
        audit=tuple(
            AuditLine(e.height, e.key, e.signing, e.requester, e.context, e.outcome, e.bad)
            for e in state.audit
        ),
        open_sessions=frozenset(state.open_sessions),
        counted=None if counts is None else _counted(counts),
        partitions=tuple(_partitions(ledger)),
    )


def _validator(
    plan: Plan,
    testimony: Testimony,
    attempts: Mapping[AttemptId, Ceremony],
    *,
    corrupted: bool,
    hindered: bool,
) -> ValidatorView:
    """Return what the checks look at of one validator."""
    return ValidatorView(
        index=ValidatorIndex(testimony.index),
        name=plan.validators[testimony.index].name,
        corrupted=corrupted,
        disturbed=hindered,
        alive=testimony.alive,
        heads=tuple(testimony.heads),
        ceremonies=tuple(_views(testimony)),
        holdings=tuple(map(_holding, testimony.held)),
        secrets=_Secrets(testimony, attempts),
        periods=_periods(plan, testimony.index),
        kept=tuple(map(_kept, testimony.secrets)),
        left=tuple(testimony.left),
        envelopes=tuple(testimony.envelopes),
        transport=(
            transport_seeds_of(plan, testimony.index)
            if plan.transport.keys == "long-lived"
            else None
        ),
    )


def _partitions(ledger: Ledger) -> Iterator[PartitionView]:
    """Yield every draw of a partition, with the keys that have their committees from it."""
    state = ledger.state
    seated: dict[tuple[str, int], dict[str, tuple[int, tuple[str, ...]]]] = {}
    for name, key in state.keys.items():
        if isinstance(key.seats, InPartition) and key.record is not None:
            place = (key.seats.place, key.record.committee)
            seated.setdefault((key.seats.partition, key.seats.round), {})[name] = place
    for drawn in drawn_partitions(ledger.blocks) if state.partitions else ():
        where = (drawn.name, drawn.round)
        yield PartitionView(*where, drawn.height, drawn.committees, seated.get(where, {}))


def _counted(counts: Counts) -> dict[str, int]:
    return {
        "complete": counts.complete,
        "expired": counts.expired,
        "failed": counts.failed,
        "refused": sum(counts.refused.values()),
    }


def _retired(ledger: Ledger) -> dict[str, int]:
    """Return the virtual time of the block that retired each key, by name."""
    heights = {
        name: key.record.retired_at
        for name, key in ledger.state.keys.items()
        if key.status == "Retired" and key.record is not None
    }
    times_us = {
        block.height: block.time_us - ledger.genesis.time_us
        for block in map(decode_block, ledger.blocks if heights else ())
    }
    return {name: times_us[height] for name, height in heights.items() if height is not None}


def _periods(plan: Plan, index: int) -> tuple[Period, ...]:
    return tuple(
        Period(corruption.from_us, corruption.until_us)
        for corruption in plan.corruptions
        if corruption.validator == index
    )


def _kept(secret: Secretly) -> Kept:
    """Return a secret by the attempt that its store key names."""
    session, attempt, name = _place(secret.key)
    value = Secret(secret.value)
    return Kept(session, attempt, name, value, secret.written_us, secret.erased_us)


def _place(key: str) -> tuple[bytes, int, str]:
    """Return (session, attempt, name) of an entry: ``<session in hex>#<attempt>/<name>``."""
    prefix, _, name = key.partition("/")
    session, _, attempt = prefix.partition("#")
    return bytes.fromhex(session), int(attempt), name


class _Secrets(Iterable[KnownSecret]):
    """What a validator keeps from the chain, made anew for whoever looks: n² scalars in all.

    Only what takes time is kept between two looks: the values of its polynomials.
    """

    def __init__(self, testimony: Testimony, attempts: Mapping[AttemptId, Ceremony]) -> None:
        self._testimony = testimony
        self._attempts = attempts
        self._dealt: dict[tuple[str, bytes], bytes] = {}

    def __iter__(self) -> Iterator[KnownSecret]:
        index = ValidatorIndex(self._testimony.index)
        for secret in self._testimony.secrets:
            session, attempt, _ = _place(secret.key)
            ceremony = self._attempts[session, attempt]
            entry = secret.key, secret.value
            if entry not in self._dealt:
                self._dealt[entry] = dealt_by(*entry, ceremony)
            yield from stored_secrets(*entry, ceremony, index, self._dealt[entry])


def _block(raw: bytes, genesis_us: int) -> BlockView:
    block = decode_block(raw)
    return BlockView(
        height=block.height,
        hash=block_hash(raw),
        time_us=block.time_us - genesis_us,
        raw=raw,
        transactions=tuple(entry.transaction for entry in block.entries),
        reasons=tuple(entry.reason for entry in block.entries),
    )


def _views(testimony: Testimony) -> list[CeremonyView]:
    seen_us = testimony.heads[-1][2] if testimony.heads else 0
    return [
        CeremonyView(
            session=view.session,
            attempt=view.attempt,
            phase=view.phase,
            public_key=view.public_key,
            qual=view.qual,
            verification=view.verification,
            seen_us=seen_us,
        )
        for view in testimony.views
    ]


def _holding(held: Held) -> Holding:
    scalar = held.share and held.scheme not in SINGLE_PARTY
    share = get_group(held.scheme).decode_scalar(held.share) if scalar else None
    return Holding(
        session=held.session,
        attempt=held.attempt,
        index=ShareIndex(held.index),
        share=None if share is None else Secret(share),
        shareless=held.shareless,
    )


def shareless(
    plan: Plan, state: ChainState, testimonies: Sequence[Testimony]
) -> dict[str, list[str]]:
    """Return, for each active key, the honest members that hold no share of it at the end.

    A member that is down has its share in its store, if it ever had one: it isn't counted.
    """
    corrupted = {corruption.validator for corruption in plan.corruptions}
    positions = {validator.name: index for index, validator in enumerate(plan.validators)}
    return {
        record.name: [
            name
            for name in record.committee
            if (member := positions[name]) not in corrupted
            and testimonies[member].alive
            and not any(_shares(state, record, testimonies[member]))
        ]
        for record in _active(plan, state)
    }


def holders(
    plan: Plan, state: ChainState, testimonies: Sequence[Testimony]
) -> dict[str, list[str]]:
    """Return, for each active key, who is up and has the share that its record commits to.

    In its store: one that has yet to read the chain after a restart hasn't looked for it there. Of
    a key of one party, the party, if it is up.
    """
    positions = {validator.name: index for index, validator in enumerate(plan.validators)}
    return {
        record.name: [
            name
            for index, name in enumerate(record.committee, 1)
            if testimonies[positions[name]].alive
            and _is_good(record, index, testimonies[positions[name]])
        ]
        for record in _active(plan, state)
    }


def _is_good(record: KeyRecord, index: int, testimony: Testimony) -> bool:
    if record.operation == "generate" or not record.share_commitments:
        return True
    group = get_group(record.scheme)
    wanted = record.share_commitments[index - 1]
    return any(
        group.base_mul(group.decode_scalar(secret.value)) == wanted
        for secret in testimony.secrets
        if secret.erased_us is None
        and _place(secret.key) in {(*attempt, "share") for attempt in record.attempts}
    )


def _active(plan: Plan, state: ChainState) -> Iterator[KeyRecord]:
    """Yield the records of keys that have an active generation, in the order of the plan."""
    for key in plan.keys:
        record = state.record(key.name)
        if record is not None and record.retired_at is None:
            yield record


def _shares(state: ChainState, record: KeyRecord, testimony: Testimony) -> Iterator[bytes]:
    """Yield the encoded shares that a validator holds of a record's generation."""
    # A member whose share was repaired holds it of the repair's attempt.
    made = [state.attempt(*attempt).ceremony for attempt in record.attempts]
    labels = {(ceremony.label, ceremony.attempt) for ceremony in made}
    for held in testimony.held:
        if held.share and (held.session, held.attempt) in labels:
            yield held.share
