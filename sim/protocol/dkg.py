"""One member of a DKG, sans-I/O: views of the ledger, messages and timers in, effects out.

Source: Pedersen's joint-Feldman DKG as in Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007),
steps 1 to 3, with the ledger as broadcast channel. Deviations: shares that were merely missing are
justified sealed to a one-time key; the result is confirmed with proofs and a first signature.

The machine acts on the ceremony as the ledger shows it (`on_state`), never on a clock: timers only
retransmit. What must survive a crash is `Put` before the `Post` or `Flush` that makes it public.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sim.base.codec import encode
from sim.base.ids import ValidatorIndex
from sim.base.randomness import Stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto import schnorr
from sim.crypto.groups import get_group
from sim.protocol.activation import set_hash
from sim.protocol.ceremony import Ceremony
from sim.protocol.complaints import SEEDS_SIZE
from sim.protocol.dealing import Dealer
from sim.protocol.effects import (
    Delete,
    Effect,
    Flush,
    Post,
    Put,
    Send,
    SendSealed,
    SendShares,
    StopTimer,
)
from sim.protocol.envelopes import envelope_key
from sim.protocol.holding import Holdings
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    Announce,
    Complaint,
    Confirm,
    Justification,
    Opening,
    OpenReply,
    Private,
    Response,
    ShareAck,
    ShareEnvelope,
    Sign,
    SignNonce,
)
from sim.protocol.phases import Phase
from sim.protocol.responses import good_bits
from sim.protocol.result import CONFIRMATION, confirmation_context
from sim.protocol.signer import NonceStock


class DkgMachine:
    """One member in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt.
        stored: What the store holds under this attempt's prefix, after a restart or early messages.
        posted: Kinds of statements that the validator has already written ahead in this attempt.
        amnesiac: The store was lost in an attempt opened before the validator's first seen height:
            the machine announces, acknowledges what arrives, and says nothing else.

    """

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        stored: Mapping[str, bytes],
        posted: Collection[str] = (),
        *,
        amnesiac: bool = False,
    ) -> None:
        self.context = context
        self.ceremony = ceremony
        self.amnesiac = amnesiac
        self._me = ceremony.by_validator[context.validator].index
        self._posted = set(posted)
        self._state: CeremonyState | None = None
        self._seen = 0
        self._dealer = Dealer(context, ceremony, self._me, stored)
        self._holdings = Holdings(ceremony, self._me, stored)
        self._nonces = NonceStock(context, ceremony.scheme, ceremony.label, ceremony.attempt)
        self._signed = 0
        self._erased = False

    @property
    def share(self) -> SecretScalar | None:
        """The member's share of the key, once it holds every part."""
        return self._holdings.share

    @property
    def shareless(self) -> bool:
        """Whether QUAL is fixed and this member lacks a part of its share."""
        return self._state is not None and bool(self._state.qual) and self.share is None

    def on_state(self, state: CeremonyState, height: int) -> list[Effect]:
        """Act on the ceremony as it stands after the last block received, at `height`."""
        self._state, self._seen = state, height
        if self.amnesiac and state.phase is not Phase.ANNOUNCE:
            return self._erase(state) if state.ended else []
        effects = self._dealer.resume(state)
        match state.phase:
            case Phase.ANNOUNCE:
                effects += self._announce(state)
            case Phase.DEAL:
                effects += self._deal(state)
            case Phase.RESPOND:
                effects += self._respond(state)
            case Phase.JUSTIFY:
                effects += self._justify(state)
            case Phase.OPEN:
                effects += self._open(state)
            case Phase.CONFIRM:
                effects += self._confirm(state) + self._replace_nonces(state)
            case Phase.SIGN:
                effects += self._sign(state) + self._replace_nonces(state)
            case Phase.ACTIVE | Phase.FAILED:
                effects += self._erase(state)
        return effects

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Take a private message; what doesn't concern this member is ignored."""
        member = self.ceremony.by_validator.get(source)
        match message:
            case ShareEnvelope() if member and (message.dealer, message.recipient) == (
                member.index,
                self._me,
            ):
                return self._take_envelope(source, message)
            case ShareAck() if member and (message.dealer, message.recipient) == (
                self._me,
                member.index,
            ):
                return [StopTimer(self._dealer.acknowledge(member.index))]
            case _:
                return []

    def on_timer(self, name: str) -> list[Effect]:
        """Retransmit a share."""
        return [] if self._state is None else self._dealer.retransmit(self._state, name)

    def seal(self, effect: SendShares) -> SendSealed:
        """Seal the shares that leave. Called after any filter."""
        assert self._state is not None
        return self._dealer.seal(self._state, effect.shares)

    def dispatch(self, effect: SendSealed) -> list[Effect]:
        """Sign the sealed shares, keep them durably, send them. Called after any filter."""
        return self._dealer.dispatch(effect.sealed)

    def _once(self, kind: str) -> bool:
        """Say whether a statement of `kind` is still to be made, and note that it now is."""
        if kind in self._posted:
            return False
        self._posted.add(kind)
        return True

    def _announce(self, state: CeremonyState) -> list[Effect]:
        """Step 0: post a transport key drawn for this attempt."""
        if self._seen < state.phase_start - 1 or not self._once("announce"):
            return []
        seeds = self._draw("transport").bytes(SEEDS_SIZE)
        public = self._holdings.use_transport(Secret(seeds))
        return [Put("transport", seeds), Post(Announce(public))]

    def _deal(self, state: CeremonyState) -> list[Effect]:
        """Step 1: commit to a polynomial, prove its constant term, share it out.

        A deal on the ledger that this store doesn't know was lost with it: never deal twice.
        """
        if self._me in state.deals or not self._once("deal"):
            return []
        effects = self._dealer.draw()
        if not self._dealer.has_sealed:
            effects.append(SendShares(self._dealer.shares()))
        return [*effects, Post(self._dealer.deal(state))]

    def _take_envelope(self, source: ValidatorIndex, envelope: ShareEnvelope) -> list[Effect]:
        """Keep an envelope durably and acknowledge it at once; judge it when respond begins."""
        if not self._holdings.accepts(envelope):
            return []
        dealer = self.ceremony.member(envelope.dealer)
        ack = ShareAck(envelope.session, envelope.attempt, envelope.dealer, envelope.recipient)
        effects: list[Effect] = []
        new = self._holdings.take(envelope)
        if new and not self._erased:
            effects = [Put(envelope_key(envelope), encode(envelope)), Flush()]
        effects.append(Send(source, dealer.name, ack))
        return effects + self._try_again() if new else effects

    def _try_again(self) -> list[Effect]:
        """See whether a late share completes a response, or the share of the key."""
        state = self._state
        if state is None or self.amnesiac:
            return []
        if state.phase is Phase.RESPOND:
            return self._respond(state)
        if state.phase is Phase.CONFIRM:
            return self._confirm(state)
        return []

    def _respond(self, state: CeremonyState) -> list[Effect]:
        """Step 2: say which shares are good, once all are in or the grace height has come."""
        if "response" in self._posted:
            return []
        self._holdings.hold_own(self._dealer.own_share())
        running = state.running()
        bad = [d for d in running if d != self._me and not self._holdings.has_good(state, d)]
        if bad and self._seen < state.grace_at:
            return []
        self._posted.add("response")
        effects: list[Effect] = []
        complaints = []
        for dealer in bad:
            if self._holdings.was_signed(dealer):
                complaints.append(Complaint(dealer, "invalid", b""))
                continue
            seeds = self._draw("one-time", dealer).bytes(SEEDS_SIZE)
            effects.append(Put(f"one-time/{dealer}", seeds))
            key = self._holdings.use_one_time(dealer, Secret(seeds))
            complaints.append(Complaint(dealer, "missing", key))
        good = [dealer for dealer in running if dealer not in bad]
        response = Response(good_bits(good, self.ceremony.size), tuple(complaints))
        return [*effects, Post(response)]

    def _justify(self, state: CeremonyState) -> list[Effect]:
        """Step 3: answer every complaint about this dealer, all in one transaction.

        A dealer that lost its polynomial with its store can't: it is excluded, not blamed.
        """
        accusers = [accuser for dealer, accuser in sorted(state.complaints) if dealer == self._me]
        if self._me not in state.running() or not accusers or not self._dealer.has_polynomial:
            return []
        if not self._once("justification"):
            return []
        replies = [self._dealer.reply(a, state.complaints[self._me, a]) for a in accusers]
        return [Post(Justification(tuple(replies)))]

    def _open(self, state: CeremonyState) -> list[Effect]:
        """Answer every sealed reply: accept it, or publish the seeds that prove it bad."""
        dealers = [dealer for dealer, accuser in state.sealed_replies() if accuser == self._me]
        if not dealers or not self._once("open-reply"):
            return []
        openings = []
        for dealer in dealers:
            seeds = self._holdings.open_sealed_reply(state, dealer)
            openings.append(Opening(dealer, b"" if seeds is None else seeds.reveal()))
        return [Post(OpenReply(tuple(openings)))]

    def _confirm(self, state: CeremonyState) -> list[Effect]:
        """Step 5: prove the share, bound to the transcript, once the share is durable."""
        if "confirm" in self._posted:
            return []
        self._holdings.hold_own(self._dealer.own_share())
        share = self._holdings.complete(state)
        if share is None:
            return []
        self._posted.add("confirm")
        group = get_group(self.ceremony.scheme)
        proof = schnorr.prove(
            group,
            share,
            state.verification[self._me],
            1 + self._draw("confirmation").below(group.order - 1),
            CONFIRMATION,
            *confirmation_context(self.ceremony, state.committee, self._me, state.transcript),
        )
        confirm = Confirm(state.transcript, proof, self._nonces.fresh(share))
        return [Put("share", group.encode_scalar(share.reveal())), Post(confirm)]

    def _sign(self, state: CeremonyState) -> list[Effect]:
        """Step 6: sign the activation message with the current set, if this member is in it."""
        share = self.share
        if share is None or not self._nonces.holds(self._me, state.commitment_list):
            return []
        if self._signed == len(state.lists):
            return []  # this set has this member's partial, though the ledger may not show it yet
        self._signed = len(state.lists)
        partial = self._nonces.sign(
            self._me, share, state.public_key, state.activation_message, state.commitment_list
        )
        return [Post(Sign(partial, set_hash(state), self._nonces.fresh(share)))]

    def _replace_nonces(self, state: CeremonyState) -> list[Effect]:
        """Post a fresh pair, once, if a restart has discarded this confirmer's nonces."""
        share = self.share
        if self._me not in state.confirmed or self._me in state.unsigning or share is None:
            return []
        return [Post(SignNonce(self._nonces.fresh(share)))] if self._nonces.empty else []

    def _erase(self, state: CeremonyState) -> list[Effect]:
        """Erase what only this attempt needed; the share itself stays when the key is active."""
        if self._erased:
            return []
        self._erased = True
        active = state.phase is Phase.ACTIVE
        doomed = sorted({*self._holdings.keys(), "polynomial", "outgoing"})
        if not active:
            doomed.append("share")
        timers = self._dealer.forget()
        self._holdings.forget(keep_share=active)
        return [*map(StopTimer, timers), *map(Delete, doomed), Flush()]

    def _draw(self, purpose: str, *labels: int) -> Stream:
        return self.context.draw(purpose, self.ceremony.label, self.ceremony.attempt, *labels)
