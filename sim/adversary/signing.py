"""Behaviours with partial signatures and nonces; numbers are those of the catalogue of faults."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from sim.adversary.registry import Corruption, Occasion, Param, Received, behaviour
from sim.base.secret import SecretScalar
from sim.crypto import bls
from sim.crypto.signatures import RANDOMNESS, get_signatures
from sim.protocol.activation import list_hash
from sim.protocol.effects import Post, Send
from sim.protocol.messages import PartialSignature, Sign, SigningPackage
from sim.protocol.phases import Phase
from sim.protocol.signing_task import partial_statement

Said = TypeVar("Said", Sign, PartialSignature)


@behaviour(
    Param(
        "list",
        str,
        "same",
        "which commitment list the bad partial says it belongs to",
        choices=("same", "other"),
    )
)
def bad_partial_signature(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Sign badly (74). Applies to a signer, of an activation and of sessions alike.

    Expected: over the `same` list bad-partial, proven by the signed partial; out of the session,
    which the others complete. Over an `other` list it is ignored, as if nothing had been said.
    """
    match effect:
        case Post(Sign() as said):
            yield Post(_spoiled(said, corruption))
        case Send(_, _, PartialSignature() as said) if corruption.sign is not None:
            bad = _spoiled(said, corruption)
            word = corruption.sign(partial_statement(bad.list_hash, bad.partial))
            signed = msgspec.structs.replace(bad, signature=word)
            yield dataclasses.replace(effect, message=signed)
        case _:
            yield effect


def _spoiled(said: Said, corruption: Corruption) -> Said:
    if corruption.option("list") == "other":
        return msgspec.structs.replace(said, list_hash=hashlib.sha256(said.list_hash).digest())
    group = corruption.group
    if corruption.ceremony.scheme == "BLS":
        other = bls.sign(SecretScalar(corruption.scalar("partial")), said.list_hash)
        return msgspec.structs.replace(said, partial=other)
    moved = (group.decode_scalar(said.partial) + 1) % group.order
    return msgspec.structs.replace(said, partial=group.encode_scalar(moved))


@behaviour(operations=["reshare"])
def evicted_signer(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Sign with a share of the old generation (75). Applies to a leaver, when the new one signs.

    Expected: ignored: the ledger rejects it, NotAMember, and nobody is blamed.
    """
    yield effect
    state, base = corruption.state, corruption.ceremony.base
    match effect:
        case Received() if base and not corruption.holder and state.phase is Phase.SIGN:
            held = corruption.share_of(base.generation)
            if held is not None and corruption.once(f"sign {len(state.lists)}"):
                yield Post(_outdated(corruption, *held, base.generation))
        case _:
            pass


def _outdated(corruption: Corruption, index: int, share: SecretScalar, generation: int) -> Sign:
    """Sign the activation message as a set of one of the old generation."""
    state, scheme = corruption.state, get_signatures(corruption.ceremony.scheme)
    draw = corruption.draw("nonces", len(state.lists))
    secret, public = scheme.draw_nonces(draw.bytes(RANDOMNESS), share)
    message, pairs = state.activation_message, (scheme.entry(index, public),)
    partial = scheme.sign(index, share, state.public_key, secret, message, pairs)
    where = list_hash(corruption.ceremony.session, generation, message, pairs)
    return Sign(partial, where, public)


@behaviour(absent={"BLS": "its signatures take no nonces"})
def nonce_reuse(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:
    """Ask a signer to use its nonces twice (76). Applies to the coordinator of a session.

    A second package follows each, with the signer's own commitments in another list. Two partials
    of one pair of nonces would give its share away.

    Expected: refused: a pair is spent by the first list that it meets. The session completes.
    """
    yield effect
    match effect:
        case Send(_, _, SigningPackage(commitments=listed) as package) if len(listed) > 1:
            swapped = tuple((index, binding, hiding) for index, hiding, binding in listed)
            twice = [
                listed[:place] + swapped[place : place + 1] + listed[place + 1 :]
                for place, (index, _, _) in enumerate(listed)
                if corruption.ceremony.member(index).validator != effect.to
            ]
            again = msgspec.structs.replace(package, commitments=twice[0])
            yield dataclasses.replace(effect, message=again)
        case _:
            pass
