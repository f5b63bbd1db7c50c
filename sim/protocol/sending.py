"""Sealed shares on their way: kept durably, sent again until they have arrived or don't matter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ShareIndex
from sim.base.randomness import Stream
from sim.base.secret import Secret
from sim.base.spool import Spooled
from sim.crypto import sealing
from sim.crypto.mlkem import COINS_SIZE
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, Flush, Put, Send, StartTimer
from sim.protocol.envelopes import Coins, sign_envelopes
from sim.protocol.member import MemberContext
from sim.protocol.messages import Complaint, Reply, ShareEnvelope

TIMER: Final = "share/"
"""Timers are named ``share/<holder's index>``."""

Awaited = Callable[[ShareIndex], bool]
"""Says whether a holder's envelope still matters."""


class Outbox:
    """The envelopes of one dealer, one for each holder that it sends to.

    Args:
        context: The validator that sends.
        ceremony: The attempt.
        me: The share index under which it deals.
        key: Where the store keeps the envelopes: the same bytes are sent after a restart.
        stored: What the store holds for this attempt.

    Only those that may still have to be sent are kept, and of a large ceremony not in memory: most
    are acknowledged, and never looked at again. The store has them all.
    """

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        key: str,
        stored: Mapping[str, bytes],
    ) -> None:
        self.key = key
        self._context = context
        self._ceremony = ceremony
        self._me = me
        self._envelopes = _load(stored.get(key))
        self._waiting = set(self._envelopes)
        self._spooled: Spooled | None = None
        self._filled = self._to_resume = bool(self._envelopes)
        self._tries: dict[ShareIndex, int] = {}

    @property
    def filled(self) -> bool:
        """Whether the envelopes exist already; sealing again would give another root."""
        return self._filled

    def __contains__(self, holder: ShareIndex) -> bool:
        return holder in self._waiting

    def dispatch(self, sealed: Mapping[ShareIndex, bytes]) -> list[Effect]:
        """Sign what was sealed, keep the envelopes durably, and begin to send them."""
        envelopes = sign_envelopes(self._ceremony, self._me, self._context.identity, sealed)
        holders = sorted(envelopes)
        kept = encode([envelopes[holder] for holder in holders])
        self._envelopes = envelopes
        self._waiting = set(holders)
        self._filled = bool(holders)
        effects: list[Effect] = [Put(self.key, kept), Flush()]
        for holder in holders:
            effects += self._transmit(holder)
        away = self._context.spool.keep(kept)
        if isinstance(away, Spooled):
            self._spooled, self._envelopes = away, {}
        return effects

    def resume(self, awaited: Awaited) -> list[Effect]:
        """After a restart, once: send the stored envelopes that may still matter."""
        if not self._to_resume:
            return []
        self._to_resume = False
        effects: list[Effect] = []
        for holder in sorted(self._waiting):
            if awaited(holder):
                effects += self._transmit(holder)
        return effects

    def retransmit(self, holder: ShareIndex, awaited: Awaited) -> list[Effect]:
        """Send an envelope again when its timer fires, unless nobody needs it any more."""
        limit = self._context.retransmissions
        if holder not in self._waiting or not awaited(holder):
            return []
        if limit is not None and self._tries.get(holder, 0) > limit:
            return []
        return self._transmit(holder)

    def acknowledge(self, holder: ShareIndex) -> None:
        """Note that `holder` has its envelope: it is never sent again, so memory can spare it."""
        self._waiting.discard(holder)
        self._envelopes.pop(holder, None)
        self._tries.pop(holder, None)

    def forget(self) -> list[str]:
        """Drop the envelopes; return the timers to stop."""
        timers = [timer(holder) for holder in sorted(self._waiting)]
        self._envelopes = {}
        self._waiting = set()
        self._spooled = None
        self._filled = False
        return timers

    def _transmit(self, holder: ShareIndex) -> list[Effect]:
        """Send one envelope and start its timer: RTO doubles with every try, up to its maximum."""
        peer = self._ceremony.member(holder).validator
        tries = self._tries[holder] = self._tries.get(holder, 0) + 1
        timeout = self._context.rto_us(peer) << min(tries - 1, 40)
        return [
            Send(peer, self._context.name, self._envelope(holder)),
            StartTimer(timer(holder), min(timeout, self._context.rto_max_us)),
        ]

    def _envelope(self, holder: ShareIndex) -> ShareEnvelope:
        if self._spooled is not None:
            everyone = _load(self._spooled.read())
            self._envelopes = {one: everyone[one] for one in self._waiting}
            self._spooled = None
        return self._envelopes[holder]


@cache
def timer(holder: ShareIndex) -> str:
    """Return the name of the timer for a holder's envelope."""
    return f"{TIMER}{holder}"


def timed(name: str) -> ShareIndex:
    """Return the holder whose envelope the timer `name` is for."""
    return ShareIndex(int(name.removeprefix(TIMER)))


def drawn_coins(context: MemberContext, ceremony: Ceremony, *purpose: str) -> Coins | None:
    """Return what draws an attempt's KEM coins; None where the machine's own will do.

    Where complaints are provable the ledger may come to hold an envelope, so it must be the same in
    every run.
    """
    if not ceremony.provable:
        return None

    def coins(holder: ShareIndex) -> bytes:
        stream = context.draw("coins", ceremony.label, ceremony.attempt, *purpose, holder)
        return stream.bytes(COINS_SIZE)

    return coins


def sealed_reply(
    ceremony: Ceremony,
    dealer: ShareIndex,
    accuser: int,
    complaint: Complaint,
    share: bytes,
    draw: Stream,
) -> Reply:
    """Seal an encoded share to a complaint's one-time key, for the ledger: `draw` is its own."""
    sealed = sealing.seal(
        share,
        complaint.one_time_key,
        sealing.Ephemeral(Secret(draw.bytes(32))),
        "reply",
        ceremony.chain,
        ceremony.session,
        ceremony.attempt,
        dealer,
        accuser,
        draw.bytes(32),
    )
    return Reply(accuser, "sealed", sealed)


def _load(data: bytes | None) -> dict[ShareIndex, ShareEnvelope]:
    if data is None:
        return {}
    envelopes = decode_canonical(data, tuple[ShareEnvelope, ...])
    return {ShareIndex(envelope.recipient): envelope for envelope in envelopes}
