"""Secrets on the chain: a scan of its bytes for everything that must not be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.base.secret import Secret
from sim.checks.observation import KnownSecret, Observation
from sim.checks.registry import Finding, check
from sim.checks.statements import statements
from sim.protocol.messages import Justification, OpenReply

WINDOW: Final = 16
"""Bytes of a secret that are looked up; a chance match of 128 bits is not to be expected."""

Needles = dict[bytes, list[bytes]]
"""First 16 bytes → the whole secrets that begin with them."""


@check
def no_secret_on_the_chain(observation: Observation) -> Iterator[Finding]:
    """No share, coefficient or seed stands on the chain, save those published on purpose.

    [kchain, zero-secret invariant; published are a Justification's clear share and an OpenReply's
    seeds, and no more often than there.] Scalars are looked for in both byte orders.
    """
    owners: dict[bytes, tuple[str, str]] = {}
    for validator in observation.validators:
        for secret in validator.secrets:
            value = secret.value.reveal()
            owners.setdefault(value, (validator.name, secret.what))
            owners.setdefault(value[::-1], (validator.name, f"{secret.what}, reversed"))
    needles: Needles = {}
    for value in owners:
        needles.setdefault(value[:WINDOW], []).append(value)
    allowed = _published(observation, needles)
    for block in observation.blocks:
        for value in _hits(block.raw, needles):
            if allowed[block.height, value]:
                allowed[block.height, value] -= 1
                continue
            name, what = owners[value]
            yield Finding(
                f"block {block.height} holds a secret of {name}: {what}", block.time_us, name
            )


def _hits(data: bytes, needles: Needles) -> Iterator[bytes]:
    """Yield every occurrence of a secret in `data`."""
    if not needles:
        return
    for start in range(len(data) - WINDOW + 1):
        for value in needles.get(data[start : start + WINDOW], ()):
            if data.startswith(value, start):
                yield value


def _published(observation: Observation, needles: Needles) -> Counter[tuple[int, bytes]]:
    """Count what blocks publish on purpose, by height."""
    allowed: Counter[tuple[int, bytes]] = Counter()
    for said in statements(observation):
        match said.statement:
            case Justification(replies):
                fields = [reply.data for reply in replies if reply.kind == "clear"]
            case OpenReply(openings):
                fields = [opening.seeds for opening in openings]
            case _:
                continue
        for data in fields:
            allowed.update((said.height, value) for value in _hits(data, needles))
    return allowed


def stored_secrets(key: str, value: bytes) -> list[KnownSecret]:
    """Return what a DKG's store entry keeps from the chain; envelopes and markers keep nothing.

    `key` may carry any prefix up to the last ``/`` before the machine's own name for the entry.
    """
    name = key.rpartition("/")[2]
    if "one-time/" in key:
        return [KnownSecret(f"seeds of the one-time key for dealer {name}", Secret(value))]
    match name:
        case "share":
            return [KnownSecret("share of the key", Secret(value))]
        case "transport":
            return [KnownSecret("seeds of the transport key", Secret(value))]
        case "polynomial":
            return [
                KnownSecret(f"coefficient {k} of its polynomial", Secret(scalar))
                for k, scalar in enumerate(_scalars(value))
            ]
        case _:
            return []


def _scalars(value: bytes) -> tuple[bytes, ...]:
    try:
        return decode_canonical(value, tuple[bytes, ...])
    except DecodeError:
        return ()
