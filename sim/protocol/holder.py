"""What a holder does, step by step: from its transport key to its part in the first signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.randomness import Stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto import schnorr
from sim.crypto.groups import get_group
from sim.protocol.activation import set_hash
from sim.protocol.ceremony import Ceremony
from sim.protocol.complaints import SEEDS_SIZE
from sim.protocol.effects import Effect, Flush, Post, Put, Send
from sim.protocol.holding import Holdings, NoRoom
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import (
    Announce,
    Complaint,
    Confirm,
    Opening,
    OpenReply,
    Response,
    ShareAck,
    ShareEnvelope,
    Sign,
    SignNonce,
)
from sim.protocol.responses import good_bits
from sim.protocol.result import CONFIRMATION, confirmation_context
from sim.protocol.signer import NonceStock

Once = Callable[[str], bool]
"""Says whether a statement of that kind is still to be made, and notes that it now is."""


class Holder:
    """The seat of one holder in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt.
        me: Its share index.
        stored: What the store holds for this attempt.
        base: Its share of the base generation; None in a DKG, or if it has none.
        once: Whether a statement is still to be made.

    """

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        base: SecretScalar | None,
        once: Once,
    ) -> None:
        self.me = me
        self.holdings = Holdings(ceremony, me, stored, base)
        self._context = context
        self._ceremony = ceremony
        self._once = once
        self._nonces = NonceStock(context, ceremony.scheme, ceremony.label, ceremony.attempt)
        self._signed = 0

    @property
    def share(self) -> SecretScalar | None:
        """The holder's share, once it is complete."""
        return self.holdings.share

    def announce(self) -> list[Effect]:
        """Step 0: post a transport key drawn for this attempt.

        Or the validator's long-lived one, in a run that shows what that costs.
        """
        if not self._once("announce"):
            return []
        long_lived = self._context.transport_seeds
        if long_lived is not None and self._ceremony.transport == "long-lived":
            return [Post(Announce(self.holdings.use_transport(long_lived)))]
        seeds = self._draw("transport").bytes(SEEDS_SIZE)
        public = self.holdings.use_transport(Secret(seeds))
        return [Put("transport", seeds), Post(Announce(public))]

    def take(
        self, source: ValidatorIndex, envelope: ShareEnvelope, *, keep: bool
    ) -> list[Effect] | None:
        """Keep an envelope durably and acknowledge it at once; judge it when respond begins.

        Returns:
            What to do, and None if there is no room for it. It is kept only if it is new, and
            `keep`.

        """
        try:
            kept = self.holdings.take(envelope) if keep else None
        except NoRoom:
            return None
        dealer = self._ceremony.dealer_by_index[envelope.dealer]
        ack = ShareAck(envelope.session, envelope.attempt, envelope.dealer, envelope.recipient)
        answer = Send(source, dealer.name, ack)
        if kept is None:
            return [answer]
        return [Put(kept.key, kept.raw), Flush(), answer]

    def respond(self, state: CeremonyState, seen: int) -> list[Effect]:
        """Step 2: say which shares are good, once all are in or the grace height has come."""
        running = state.running()
        own = self._ceremony.own_dealer(self.me)
        bad = [d for d in running if d != own and not self.holdings.has_good(state, d)]
        if bad and seen < state.grace_at:
            return []
        if not self._once("response"):
            return []
        effects: list[Effect] = []
        complaints = []
        for dealer in bad:
            made, complaint = self._complain(dealer)
            effects += made
            complaints.append(complaint)
        good = [dealer for dealer in running if dealer not in bad]
        dealing = [dealer.index for dealer in self._ceremony.dealers]
        return [*effects, Post(Response(good_bits(good, dealing), tuple(complaints)))]

    def _complain(self, dealer: int) -> tuple[list[Effect], Complaint]:
        """Say that no good share of `dealer` is here; what can't be shown bad is `missing`."""
        kind: Literal["missing", "invalid"] = "missing"
        if self.holdings.was_signed(dealer):
            kind = "invalid"
        if kind == "invalid" and self._ceremony.provable:
            shown = self.holdings.disclosure(dealer, self._draw("disclosure", dealer))
            if shown is not None:
                return [], Complaint(dealer, kind, b"", shown)
            kind = "missing"
        if kind == "invalid" and not self._ceremony.always_sealed:
            return [], Complaint(dealer, kind, b"")
        seeds = self._draw("one-time", dealer).bytes(SEEDS_SIZE)
        key = self.holdings.use_one_time(dealer, Secret(seeds))
        return [Put(f"one-time/{dealer}", seeds)], Complaint(dealer, kind, key)

    def open(self, state: CeremonyState) -> list[Effect]:
        """Answer every sealed reply: accept it, or publish the seeds that prove it bad."""
        dealers = [dealer for dealer, accuser in state.sealed_replies() if accuser == self.me]
        if not dealers or not self._once("open-reply"):
            return []
        openings = []
        for dealer in dealers:
            seeds = self.holdings.open_sealed_reply(state, dealer)
            openings.append(Opening(dealer, b"" if seeds is None else seeds.reveal()))
        return [Post(OpenReply(tuple(openings)))]

    def confirm(self, state: CeremonyState) -> list[Effect]:
        """Step 5: prove the share, bound to the transcript, once the share is durable."""
        share = self.holdings.complete(state)
        if share is None or not self._once("confirm"):
            return []
        group = get_group(self._ceremony.scheme)
        proof = schnorr.prove(
            group,
            share,
            state.verification[self.me],
            1 + self._draw("confirmation").below(group.order - 1),
            CONFIRMATION,
            *confirmation_context(self._ceremony, state.committee, self.me, state.transcript),
        )
        nonces = self._nonces.fresh(share) if self._ceremony.signs else ()
        confirm = Confirm(state.transcript, proof, nonces)
        return [Put("share", group.encode_scalar(share.reveal())), Post(confirm)]

    def sign(self, state: CeremonyState) -> list[Effect]:
        """Step 6: sign the activation message with the current set, if this holder is in it."""
        share = self.share
        if share is None or not self._nonces.holds(self.me, state.commitment_list):
            return []
        if self._signed == len(state.lists):
            return []  # this set has this holder's partial, though the ledger may not show it yet
        self._signed = len(state.lists)
        partial = self._nonces.sign(
            self.me, share, state.public_key, state.activation_message, state.commitment_list
        )
        return [Post(Sign(partial, set_hash(state), self._nonces.fresh(share)))]

    def replace_nonces(self, state: CeremonyState) -> list[Effect]:
        """Post a fresh pair, once, if a restart has discarded this confirmer's nonces."""
        share = self.share
        if self.me not in state.confirmed or self.me in state.unsigning or share is None:
            return []
        return [Post(SignNonce(self._nonces.fresh(share)))] if self._nonces.empty else []

    def forget(self, *, keep_share: bool) -> None:
        """Drop what only the attempt needed, unspent nonces too; the share as well unless kept."""
        self._nonces.discard()
        self.holdings.forget(keep_share=keep_share)

    def _draw(self, purpose: str, *labels: int) -> Stream:
        return self._context.draw(purpose, self._ceremony.label, self._ceremony.attempt, *labels)
