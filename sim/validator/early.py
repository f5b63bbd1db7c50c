"""Sealed shares that come before their session is known: kept within bounds, and not for ever."""

from __future__ import annotations

from typing import Final

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ValidatorIndex
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Flush, Put
from sim.protocol.envelopes import MAX_PER_DEALER, envelope_key, store_prefix
from sim.protocol.messages import ShareEnvelope
from sim.validator.store import Store

EARLY: Final = "early/"
"""Store keys of envelopes whose session is still unknown; whom they came from comes next."""

EARLY_MAX: Final = 256
"""Envelopes of unknown sessions that a validator keeps from one sender: a bound on memory."""

EARLY_HEIGHTS: Final = 4096
"""Heights for which it keeps them: many times as long as a ceremony with the default phases."""


UNREAD: Final = 0
"""The height of a validator that hasn't read the chain yet: ages are counted from when it has."""


class Early:
    """The envelopes in one validator's store that no machine has asked for yet.

    Each stands with the height that the validator had received when it came. Nothing tells what an
    unknown session is about: one that is over long ago is never asked for, and goes by its age.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._oldest = min((_read(value)[0] for value in store.under(EARLY).values()), default=None)

    def keep(
        self, source: ValidatorIndex, envelope: ShareEnvelope, height: int
    ) -> list[Put | Flush] | None:
        """Return the writes that keep `envelope`: none if it is kept already; None for no room."""
        sender = f"{EARLY}{source}/"
        place = store_prefix(envelope.session, envelope.attempt) + envelope_key(envelope)
        kept = self._store.under(sender)
        if place in kept:
            return []
        alike = place.rpartition("/")[0]
        if len(kept) >= EARLY_MAX or sum(p.startswith(alike) for p in kept) >= MAX_PER_DEALER:
            return None
        self._oldest = height if self._oldest is None else min(self._oldest, height)
        return [Put(sender + place, encode((height, envelope))), Flush()]

    def admit(self, ceremony: Ceremony, validator: ValidatorIndex, prefix: str) -> None:
        """Move what came early to where the machine looks for it: from each dealer its own alone.

        Nobody could tell before who had which seat: another's envelopes would fill a dealer's room.
        """
        if self._oldest is None:
            return
        holder = ceremony.by_validator.get(validator)
        me = 0 if holder is None else holder.index
        for key, value in self._store.under(EARLY).items():
            source, _, place = key.partition("/")
            if not place.startswith(prefix):
                continue
            self._store.delete(EARLY + key)
            _, envelope = _read(value)
            sender = ceremony.dealer_by_validator.get(ValidatorIndex(int(source)))
            if sender is not None and (envelope.dealer, envelope.recipient) == (sender.index, me):
                self._store.put(place, encode(envelope))

    def expire(self, height: int) -> None:
        """Drop what has waited for its session too long, now that `height` is received."""
        if self._oldest is None or height < self._oldest + EARLY_HEIGHTS:
            return
        heights = []
        for key, value in self._store.under(EARLY).items():
            came_at, envelope = _read(value)
            if came_at == UNREAD:
                came_at = height
                self._store.put(EARLY + key, encode((came_at, envelope)))
            if came_at + EARLY_HEIGHTS <= height:
                self._store.delete(EARLY + key)
            else:
                heights.append(came_at)
        self._oldest = min(heights, default=None)


def _read(value: bytes) -> tuple[int, ShareEnvelope]:
    return decode_canonical(value, tuple[int, ShareEnvelope])
