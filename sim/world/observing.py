"""What the checks get to see of a run: the chain, and what every validator testified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import Secret
from sim.checks.leaks import stored_secrets
from sim.checks.observation import (
    BlockView,
    CeremonyView,
    Holding,
    KnownSecret,
    Observation,
    ValidatorView,
)
from sim.crypto.groups import get_group
from sim.kchain.blocks import block_hash, decode_block
from sim.kchain.ledger import Ledger
from sim.kchain.state import ChainState
from sim.protocol.ceremony import Ceremony
from sim.protocol.envelopes import store_prefix
from sim.scenario.plan import Plan
from sim.world.timeline import disturbed
from sim.world.witness import Held, Testimony


def observe(
    plan: Plan, ledger: Ledger, testimonies: Sequence[Testimony], end_us: int
) -> Observation:
    """Return everything that the checks look at; `testimonies` are by registry position."""
    corrupted = {corruption.validator for corruption in plan.corruptions}
    hindered = disturbed(plan)
    state, genesis_us = ledger.state, ledger.genesis.time_us
    states = state.all_ceremonies()
    records = [record for key in state.keys for record in state.generations(key)]
    attempts = {store_prefix(s.ceremony.session, s.ceremony.attempt): s.ceremony for s in states}
    return Observation(
        seed=plan.seed,
        end_us=end_us,
        blocks=tuple(_block(raw, ledger.genesis.time_us) for raw in ledger.blocks),
        ceremonies=tuple(states),
        activated={(r.session, r.attempt): r.activated_us - genesis_us for r in records},
        finality=ledger.genesis.finality,
        validators=tuple(
            ValidatorView(
                index=ValidatorIndex(testimony.index),
                name=plan.validators[testimony.index].name,
                corrupted=testimony.index in corrupted,
                disturbed=testimony.index in hindered,
                alive=testimony.alive,
                heads=tuple(testimony.heads),
                ceremonies=tuple(_views(testimony)),
                holdings=tuple(map(_holding, testimony.held)),
                secrets=tuple(_secrets(testimony, attempts)),
            )
            for testimony in testimonies
        ),
    )


def _secrets(testimony: Testimony, attempts: Mapping[str, Ceremony]) -> list[KnownSecret]:
    found = []
    for key, value in testimony.secrets:
        ceremony = attempts[f"{key.partition('/')[0]}/"]
        found += stored_secrets(key, value, ceremony, ValidatorIndex(testimony.index))
    return found


def _block(raw: bytes, genesis_us: int) -> BlockView:
    block = decode_block(raw)
    return BlockView(
        height=block.height,
        hash=block_hash(raw),
        time_us=block.time_us - genesis_us,
        raw=raw,
        transactions=tuple(entry.transaction for entry in block.entries),
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
    share = get_group(held.scheme).decode_scalar(held.share) if held.share else None
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
    found: dict[str, list[str]] = {}
    for key in plan.keys:
        record = state.record(key.name)
        if record is None:
            continue
        labels = {
            (ceremony.label, ceremony.attempt)
            for ceremony in (state.attempt(*made).ceremony for made in record.attempts)
        }
        found[key.name] = [
            name
            for name in record.committee
            if (member := positions[name]) not in corrupted
            and testimonies[member].alive
            and not any(
                held.share and (held.session, held.attempt) in labels
                for held in testimonies[member].held
            )
        ]
    return found
