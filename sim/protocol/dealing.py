"""The dealer's half of a participant: its polynomial, its sealed shares, its answers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ShareIndex
from sim.base.secret import Secret, SecretBytes, SecretScalar
from sim.crypto import commitments
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.complaints import reply_kind
from sim.protocol.effects import Effect, Put, SendSealed
from sim.protocol.envelopes import seal_shares
from sim.protocol.member import MemberContext
from sim.protocol.messages import Complaint, Deal, Reply
from sim.protocol.operations import sharing_of
from sim.protocol.phases import Phase
from sim.protocol.sending import Outbox, drawn_coins, sealed_reply, timed, timer
from sim.protocol.state import Notes


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
        self._polynomial = self._load(stored.get("polynomial"))
        self._outbox = Outbox(context, ceremony, me, "outgoing", stored)

    @property
    def has_polynomial(self) -> bool:
        """Whether the polynomial is at hand: not before dealing, nor after losing the store.

        In a reshare, not without the old share either.
        """
        return self._polynomial is not None

    @property
    def has_sealed(self) -> bool:
        """Whether the envelopes exist already; sealing again would give another root."""
        return self._outbox.filled

    def own_share(self) -> SecretScalar | None:
        """Return the share that never travels: the dealer's own, if it is a holder too."""
        if self._polynomial is None or not self._holder:
            return None
        return Secret(self._polynomial.at(self._holder))

    def own_blind(self) -> SecretScalar | None:
        """Return what blinds the own share; nothing does under Feldman's commitments."""
        return None

    def draw(self) -> list[Effect]:
        """Draw the polynomial, if there is none yet and the dealer has what it takes."""
        if self._polynomial is not None:
            return []
        draw = self._context.draw("polynomial", *self._labels())
        self._polynomial = self._sharing.polynomial(self._ceremony, draw, self._share)
        if self._polynomial is None:
            return []
        return [Put("polynomial", self._stored(self._polynomial))]

    def _stored(self, polynomial: Polynomial) -> bytes:
        return encode([self._group.encode_scalar(c) for c in polynomial.coefficients])

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
        proof = self._sharing.prove(
            self._ceremony,
            notes.committee,
            self.me,
            Secret(self._polynomial.coefficients[0]),
            self._form.constant(points),
            1 + nonce.below(self._group.order - 1),
        )
        return Deal(points, proof)

    def seal(self, notes: Notes, shares: Mapping[ShareIndex, SecretScalar]) -> SendSealed:
        """Seal `shares` to their holders."""
        ephemeral = Secret(self._context.draw("ephemeral", *self._labels()).bytes(32))
        coins = drawn_coins(self._context, self._ceremony)
        openings = {holder: self._opening(holder, share) for holder, share in shares.items()}
        sealed = seal_shares(self._ceremony, self.me, ephemeral, notes.transport, openings, coins)
        return SendSealed(sealed)

    def _opening(self, holder: ShareIndex, share: SecretScalar) -> SecretBytes:
        """Return the bytes that are sealed to a holder."""
        del holder
        return Secret(self._group.encode_scalar(share.reveal()))

    def dispatch(self, sealed: Mapping[ShareIndex, bytes]) -> list[Effect]:
        """Sign what was sealed, keep the envelopes durably, and begin to send them."""
        return self._outbox.dispatch(sealed)

    def resume(self, notes: Notes) -> list[Effect]:
        """After a restart, once: send the stored envelopes that may still be needed."""
        return self._outbox.resume(partial(_awaits, notes))

    def retransmit(self, notes: Notes, name: str) -> list[Effect]:
        """Send one envelope again when its timer fires, unless nobody needs it any more."""
        return self._outbox.retransmit(timed(name), partial(_awaits, notes))

    def acknowledge(self, holder: ShareIndex) -> str:
        """Note that `holder` has its envelope; return the timer to stop."""
        self._outbox.acknowledge(holder)
        return timer(holder)

    def reply(self, accuser: int, complaint: Complaint) -> Reply:
        """Answer one complaint: sealed to the one-time key if the share was only missing."""
        holder = ShareIndex(accuser)
        share = self._opening(holder, Secret(self._values()[accuser])).reveal()
        if reply_kind(self._ceremony, complaint) == "clear":
            return Reply(accuser, "clear", share)
        draw = self._context.draw("reply", *self._labels(), accuser)
        return sealed_reply(self._ceremony, self.me, accuser, complaint, share, draw)

    def keys(self) -> list[str]:
        """Names of the store's entries that are the dealer's alone."""
        return ["outgoing", "polynomial"]

    def forget(self) -> list[str]:
        """Drop every secret; return the timers to stop."""
        self._polynomial = self._share = None
        return self._outbox.forget()

    def _values(self) -> tuple[int, ...]:
        assert self._polynomial is not None
        return self._polynomial.evaluate_all(self._ceremony.size)

    def _labels(self) -> tuple[str, int]:
        return self._ceremony.label, self._ceremony.attempt

    def _load(self, data: bytes | None) -> Polynomial | None:
        if data is None:
            return None
        scalars = decode_canonical(data, tuple[bytes, ...])
        return Polynomial(tuple(map(self._group.decode_scalar, scalars)), self._group.order)


def _awaits(notes: Notes, holder: ShareIndex) -> bool:
    return notes.phase in (Phase.DEAL, Phase.RESPOND) and holder not in notes.responses
