"""Every generation of every key, checked again from public data alone.

Following the blocks has derived them already, transaction by transaction. This looks at the result
from outside: what each generation rests on, signature by signature, as somebody would who was shown
nothing but the records and the judge's folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.crypto import verification
from sim.kchain.errors import LedgerError
from sim.kchain.records import KeyRecord
from sim.kchain.rekeying import endorsement_message
from sim.kchain.state import ChainState
from sim.protocol.phases import Phase


@dataclass(frozen=True, slots=True)
class Derived:
    """What was derived again, in numbers.

    Attributes:
        keys: With at least one generation.
        generations: Of all keys: public key, verification shares and transcript.
        attempts: Judged, failed ones too.
        activations: Signatures by new generations over what they came from.
        endorsements: Signatures by old public keys over the next era's.
        unsigned: Generations of schemes that sign nothing: they rest on their owner's request.
        repairs: Members whose shares were repaired, over all generations.
        draws: Committees drawn by stake.
        sessions: Signing sessions that are over.

    """

    keys: int = 0
    generations: int = 0
    attempts: int = 0
    activations: int = 0
    endorsements: int = 0
    unsigned: int = 0
    repairs: int = 0
    draws: int = 0
    sessions: int = 0


def derive(state: ChainState, draws: int) -> Derived:
    """Check every generation that `state` has.

    Args:
        state: After the last block.
        draws: Committees that the blocks record.

    Raises:
        LedgerError: A generation that doesn't follow from what it rests on.

    """
    activations = endorsements = unsigned = repairs = generations = keys = 0
    for name in state.keys:
        records = state.generations(name)
        keys += bool(records)
        generations += len(records)
        for place, record in enumerate(records):
            _check_made(state, record)
            if verification.SIGNATURE_SIZES.get(record.scheme):
                _check_activation(record)
                activations += 1
            else:
                unsigned += 1
            repairs += len(record.repaired)
            endorsements += _check_succession(state, records[:place], record)
    return Derived(
        keys,
        generations,
        len(state.all_ceremonies()),
        activations,
        endorsements,
        unsigned,
        repairs,
        draws,
        len(state.sessions),
    )


def _check_made(state: ChainState, record: KeyRecord) -> None:
    """Compare a record with what the judge says of the attempt that made it."""
    made_by = state.attempt(record.session, record.attempt)
    claimed = (record.verification, record.transcript, record.qual, record.activation_message)
    derived = (
        tuple(made_by.verification),
        made_by.transcript,
        tuple(made_by.qual),
        made_by.activation_message,
    )
    if made_by.phase is not Phase.ACTIVE or claimed != derived:
        raise _refusal(record, "isn't what its ceremony made")


def _check_activation(record: KeyRecord) -> None:
    if not verification.verify(
        record.scheme,
        record.public_key,
        record.activation_message,
        record.activation_signature,
    ):
        raise _refusal(record, "isn't activated: its signature doesn't verify")


def _check_succession(state: ChainState, before: Sequence[KeyRecord], record: KeyRecord) -> int:
    """Check that a generation follows the one before; return how many endorsements it took."""
    if not before:
        if (record.era, record.generation) != (1, 0):
            raise _refusal(record, "has nothing before it")
        return 0
    last = before[-1]
    if record.era == last.era:
        kept = (record.public_key, record.generation) == (last.public_key, last.generation + 1)
        if not kept or record.activated_at <= last.activated_at:
            raise _refusal(record, "doesn't keep the public key of the generation before")
        return 0
    if (record.era, record.generation) != (last.era + 1, 0):
        raise _refusal(record, "leaves an era out")
    if last.scheme not in verification.SIGNATURE_SIZES:
        return 0
    message = endorsement_message(state.genesis.chain, last, record)
    if not verification.verify(last.scheme, last.public_key, message, record.endorsement):
        raise _refusal(record, "isn't endorsed by the public key before")
    return 1


def _refusal(record: KeyRecord, why: str) -> LedgerError:
    where = f"block {record.activated_at}"
    return LedgerError(where, f"{record.name}, generation {record.era}.{record.generation}, {why}")
