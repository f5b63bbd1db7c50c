"""The dealer's half of a participant: its polynomial, its sealed shares, its answers."""

from __future__ import annotations

from collections.abc import Mapping

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ShareIndex
from sim.base.secret import Secret, SecretScalar
from sim.crypto import commitments, schnorr, sealing
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.deals import POSSESSION, proof_context
from sim.protocol.effects import Effect, Flush, Put, Send, SendSealed, StartTimer
from sim.protocol.envelopes import seal_shares, sign_envelopes
from sim.protocol.member import MemberContext
from sim.protocol.messages import Complaint, Deal, Reply, ShareEnvelope
from sim.protocol.operations import sharing_of
from sim.protocol.phases import Phase
from sim.protocol.state import Notes

TIMER = "share/"
"""Timers of this half are named ``share/<holder's index>``."""


class Dealer:
    """What one dealer deals in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt.
        me: The share index under which it deals.
        stored: What the store holds for this attempt.
        share: Its share of the base generation; None in a DKG, or if it has none.

    """

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        share: SecretScalar | None,
    ) -> None:
        self._context = context
        self._ceremony = ceremony
        self.me = me
        self._holder = ceremony.own_holder(me)
        self._share = share
        self._sharing = sharing_of(ceremony)
        self._group = get_group(ceremony.scheme)
        self._form = commitments.form(ceremony.commitments)
        self._polynomial = self._load_polynomial(stored.get("polynomial"))
        self._outgoing = _load_envelopes(stored.get("outgoing"))
        self._to_resume = bool(self._outgoing)
        self._acked: set[ShareIndex] = set()
        self._tries: dict[ShareIndex, int] = {}

    @property
    def has_polynomial(self) -> bool:
        """Whether the polynomial is at hand: not before dealing, nor after losing the store.

        In a reshare, not without the old share either.
        """
        return self._polynomial is not None

    @property
    def has_sealed(self) -> bool:
        """Whether the envelopes exist already; sealing again would give another root."""
        return bool(self._outgoing)

    def own_share(self) -> SecretScalar | None:
        """Return the share that never travels: the dealer's own, if it is a holder too."""
        if self._polynomial is None or not self._holder:
            return None
        return Secret(self._polynomial.at(self._holder))

    def draw(self) -> list[Effect]:
        """Draw the polynomial, if there is none yet and the dealer has what it takes."""
        if self._polynomial is not None:
            return []
        draw = self._context.draw("polynomial", *self._labels())
        self._polynomial = self._sharing.polynomial(self._ceremony, draw, self._share)
        if self._polynomial is None:
            return []
        scalars = [self._group.encode_scalar(c) for c in self._polynomial.coefficients]
        return [Put("polynomial", encode(scalars))]

    def shares(self) -> dict[ShareIndex, SecretScalar]:
        """Return f(x) for every holder but the dealer itself."""
        values = self._values()
        return {
            member.index: Secret(values[member.index])
            for member in self._ceremony.members
            if member.index != self._holder
        }

    def deal(self, notes: Notes) -> Deal:
        """Commit to the polynomial, and prove knowledge of its constant term if it isn't 0."""
        assert self._polynomial is not None
        zero = self._sharing.zero
        points = self._form.commit(self._group, self._polynomial, self._ceremony.size, zero=zero)
        if not self._sharing.proves:
            return Deal(points, b"")
        nonce = self._context.draw("possession", *self._labels())
        proof = schnorr.prove(
            self._group,
            Secret(self._polynomial.coefficients[0]),
            self._form.constant(points),
            1 + nonce.below(self._group.order - 1),
            POSSESSION,
            *proof_context(self._ceremony, notes.committee),
            self.me,
        )
        return Deal(points, proof)

    def seal(self, notes: Notes, shares: Mapping[ShareIndex, SecretScalar]) -> SendSealed:
        """Seal `shares` to their holders."""
        ephemeral = Secret(self._context.draw("ephemeral", *self._labels()).bytes(32))
        return SendSealed(seal_shares(self._ceremony, self.me, ephemeral, notes.transport, shares))

    def dispatch(self, sealed: Mapping[ShareIndex, bytes]) -> list[Effect]:
        """Sign what was sealed, keep the envelopes durably, and begin to send them."""
        self._outgoing = sign_envelopes(self._ceremony, self.me, self._context.identity, sealed)
        kept = encode([self._outgoing[holder] for holder in sorted(self._outgoing)])
        effects: list[Effect] = [Put("outgoing", kept), Flush()]
        for holder in sorted(self._outgoing):
            effects += self._transmit(holder)
        return effects

    def resume(self, notes: Notes) -> list[Effect]:
        """After a restart, once: send the stored envelopes that may still be needed."""
        if not self._to_resume:
            return []
        self._to_resume = False
        effects: list[Effect] = []
        for holder in sorted(self._outgoing):
            if self._awaits_ack(notes, holder):
                effects += self._transmit(holder)
        return effects

    def retransmit(self, notes: Notes, timer: str) -> list[Effect]:
        """Send one envelope again when its timer fires, unless nobody needs it any more."""
        holder = ShareIndex(int(timer.removeprefix(TIMER)))
        limit = self._context.retransmissions
        if not self._awaits_ack(notes, holder):
            return []
        if limit is not None and self._tries.get(holder, 0) > limit:
            return []
        return self._transmit(holder)

    def acknowledge(self, holder: ShareIndex) -> str:
        """Note that `holder` has its envelope; return the timer to stop."""
        self._acked.add(holder)
        return f"{TIMER}{holder}"

    def _awaits_ack(self, notes: Notes, holder: ShareIndex) -> bool:
        if holder in self._acked or holder not in self._outgoing:
            return False
        return notes.phase in (Phase.DEAL, Phase.RESPOND) and holder not in notes.responses

    def _transmit(self, holder: ShareIndex) -> list[Effect]:
        """Send one envelope and start its timer: RTO doubles with every try, up to its maximum."""
        peer = self._ceremony.member(holder).validator
        tries = self._tries[holder] = self._tries.get(holder, 0) + 1
        timeout = self._context.rto_us(peer) << min(tries - 1, 40)
        return [
            Send(peer, self._context.name, self._outgoing[holder]),
            StartTimer(f"{TIMER}{holder}", min(timeout, self._context.rto_max_us)),
        ]

    def reply(self, accuser: int, complaint: Complaint) -> Reply:
        """Answer one complaint: sealed to the one-time key if the share was only missing."""
        share = self._group.encode_scalar(self._values()[accuser])
        if complaint.kind == "invalid" or self._ceremony.justifications == "clear":
            return Reply(accuser, "clear", share)
        draw = self._context.draw("reply", *self._labels(), accuser)
        sealed = sealing.seal(
            share,
            complaint.one_time_key,
            sealing.Ephemeral(Secret(draw.bytes(32))),
            "reply",
            self._ceremony.chain,
            self._ceremony.session,
            self._ceremony.attempt,
            self.me,
            accuser,
            draw.bytes(32),
        )
        return Reply(accuser, "sealed", sealed)

    def forget(self) -> list[str]:
        """Drop every secret; return the timers to stop."""
        timers = [f"{TIMER}{holder}" for holder in sorted(self._outgoing)]
        self._polynomial = self._share = None
        self._outgoing = {}
        return timers

    def _values(self) -> tuple[int, ...]:
        assert self._polynomial is not None
        return self._polynomial.evaluate_all(self._ceremony.size)

    def _labels(self) -> tuple[str, int]:
        return self._ceremony.label, self._ceremony.attempt

    def _load_polynomial(self, data: bytes | None) -> Polynomial | None:
        if data is None:
            return None
        scalars = decode_canonical(data, tuple[bytes, ...])
        return Polynomial(tuple(map(self._group.decode_scalar, scalars)), self._group.order)


def _load_envelopes(data: bytes | None) -> dict[ShareIndex, ShareEnvelope]:
    if data is None:
        return {}
    envelopes = decode_canonical(data, tuple[ShareEnvelope, ...])
    return {ShareIndex(envelope.recipient): envelope for envelope in envelopes}
