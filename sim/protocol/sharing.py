"""One participant of a ceremony that deals shares, sans-I/O: ledger views and messages in.

Source: Pedersen's joint-Feldman DKG as in Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007),
steps 1 to 3, with the ledger as broadcast channel; a reshare and a refresh take the same steps (see
`operations`). Deviations: shares that were merely missing are justified sealed to a one-time key;
the result is confirmed with proofs and a first signature.

A participant deals, holds, or does both: in a reshare old holders deal and new ones hold.

The machine acts on the ceremony as the ledger shows it (`on_state`), never on a clock: timers only
retransmit. What must survive a crash is `Put` before the `Post` or `Flush` that makes it public.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.protocol.ceremony import Ceremony
from sim.protocol.dealing import Dealer
from sim.protocol.effects import (
    Delete,
    Effect,
    Flush,
    Post,
    SendSealed,
    SendShares,
    StopTimer,
)
from sim.protocol.holder import Holder
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Justification, Private, ShareAck, ShareEnvelope
from sim.protocol.phases import Phase


class SharingMachine:
    """One participant in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt.
        stored: What the store holds under this attempt's prefix, after a restart or early messages.
        posted: Kinds of statements that the validator has already written ahead in this attempt.
        share: The validator's share of the base generation; None in a DKG, or if it has none.
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
        share: SecretScalar | None = None,
        amnesiac: bool = False,
    ) -> None:
        self.context = context
        self.ceremony = ceremony
        self.amnesiac = amnesiac
        self._posted = set(posted)
        self._state: CeremonyState | None = None
        self._seen = 0
        self._erased = False
        dealer = ceremony.dealer_by_validator.get(context.validator)
        holder = ceremony.by_validator.get(context.validator)
        self._dealer = (
            None
            if dealer is None
            else self._make_dealer(context, ceremony, dealer.index, stored, share)
        )
        self._holder = (
            None
            if holder is None
            else Holder(context, ceremony, holder.index, stored, share, self._once)
        )

    def _make_dealer(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        share: SecretScalar | None,
    ) -> Dealer:
        """Return the dealing half; a variant may have its own."""
        return Dealer(context, ceremony, me, stored, share)

    @property
    def share(self) -> SecretScalar | None:
        """The participant's share of what the ceremony makes, once it holds every part."""
        return None if self._holder is None else self._holder.share

    @property
    def shareless(self) -> bool:
        """Whether QUAL is fixed and this participant should hold a share, and doesn't."""
        fixed = self._state is not None and bool(self._state.qual)
        return fixed and self._holder is not None and self.share is None

    def on_state(self, state: CeremonyState, height: int) -> list[Effect]:
        """Act on the ceremony as it stands after the last block received, at `height`."""
        self._state, self._seen = state, height
        if self.amnesiac and state.phase is not Phase.ANNOUNCE:
            return self._erase(state) if state.ended else []
        effects = [] if self._dealer is None else self._dealer.resume(state)
        return effects + self._act(state)

    def _act(self, state: CeremonyState) -> list[Effect]:
        """Do this participant's part of the current phase."""
        match state.phase:
            case Phase.DEAL:
                return self._deal(state)
            case Phase.JUSTIFY:
                return self._justify(state)
            case Phase.ACTIVE | Phase.FAILED:
                return self._erase(state)
            case _:
                return self._hold(state)

    def _hold(self, state: CeremonyState) -> list[Effect]:
        """Do a holder's part of the current phase, if this participant is one."""
        holder = self._holder
        if holder is None:
            return []
        if self._dealer is not None:
            holder.holdings.hold_own(self._dealer.own_share(), self._dealer.own_blind())
        match state.phase:
            case Phase.ANNOUNCE if self._seen >= state.phase_start - 1:
                return holder.announce()
            case Phase.RESPOND:
                return holder.respond(state, self._seen)
            case Phase.OPEN:
                return holder.open(state)
            case Phase.CONFIRM:
                return holder.confirm(state) + holder.replace_nonces(state)
            case Phase.SIGN:
                return holder.sign(state) + holder.replace_nonces(state)
            case _:
                return []

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Take a private message; what doesn't concern this participant is ignored."""
        match message:
            case ShareEnvelope():
                return self._take_envelope(source, message)
            case ShareAck():
                return self._take_ack(source, message)
            case _:
                return []

    def _take_envelope(self, source: ValidatorIndex, envelope: ShareEnvelope) -> list[Effect]:
        """Take a share that its dealer sends to this holder; something may have waited for it."""
        sender = self.ceremony.dealer_by_validator.get(source)
        holder = self._holder
        if sender is None or holder is None:
            return []
        if (envelope.dealer, envelope.recipient) != (sender.index, holder.me):
            return []
        effects = holder.take(source, envelope, keep=not self._erased)
        if effects is None:
            return []
        state = self._state
        waits = state is not None and state.phase in (Phase.RESPOND, Phase.CONFIRM)
        if state is not None and waits and not self.amnesiac and len(effects) > 1:
            effects += self._hold(state)
        return effects

    def _take_ack(self, source: ValidatorIndex, ack: ShareAck) -> list[Effect]:
        holder = self.ceremony.by_validator.get(source)
        dealer = self.ceremony.dealer_by_validator.get(self.context.validator)
        if self._dealer is None or dealer is None or holder is None:
            return []
        if (ack.dealer, ack.recipient) != (dealer.index, holder.index):
            return []
        return [StopTimer(self._dealer.acknowledge(holder.index))]

    def on_timer(self, name: str) -> list[Effect]:
        """Retransmit a share."""
        if self._state is None or self._dealer is None:
            return []
        return self._dealer.retransmit(self._state, name)

    def seal(self, effect: SendShares) -> SendSealed:
        """Seal the shares that leave. Called after any filter."""
        assert self._state is not None
        assert self._dealer is not None
        return self._dealer.seal(self._state, effect.shares)

    def dispatch(self, effect: SendSealed) -> list[Effect]:
        """Sign the sealed shares, keep them durably, send them. Called after any filter."""
        assert self._dealer is not None
        return self._dealer.dispatch(effect.sealed)

    def retire(self) -> list[Effect]:
        """Erase the share: a later generation is active, or the key is retired."""
        if self._holder is None:
            return []
        self._holder.forget(keep_share=False)
        return [Delete("share"), Flush()]

    def _once(self, kind: str) -> bool:
        """Say whether a statement of `kind` is still to be made, and note that it now is."""
        if kind in self._posted:
            return False
        self._posted.add(kind)
        return True

    def _deal(self, state: CeremonyState) -> list[Effect]:
        """Step 1: commit to a polynomial, prove its constant term, share it out.

        A deal on the ledger that this store doesn't know was lost with it: never deal twice. Who
        lost the share that it would have to deal, doesn't.
        """
        dealer = self._dealer
        if dealer is None or dealer.me in state.deals or "deal" in self._posted:
            return []
        effects = dealer.draw()
        if not dealer.has_polynomial:
            return []
        self._posted.add("deal")
        if not dealer.has_sealed:
            effects.append(SendShares(dealer.shares()))
        return [*effects, Post(dealer.deal(state))]

    def _justify(self, state: CeremonyState) -> list[Effect]:
        """Step 3: answer every complaint about this dealer, all in one transaction.

        A dealer that lost its polynomial with its store can't: it is excluded, not blamed.
        """
        dealer = self._dealer
        if dealer is None or dealer.me not in state.running() or not dealer.has_polynomial:
            return []
        accusers = [
            accuser for accused, accuser in sorted(state.complaints) if accused == dealer.me
        ]
        if not accusers or not self._once("justification"):
            return []
        replies = [dealer.reply(a, state.complaints[dealer.me, a]) for a in accusers]
        return [Post(Justification(tuple(replies)))]

    def _erase(self, state: CeremonyState) -> list[Effect]:
        """Erase what only this attempt needed; the new share stays when it is active."""
        if self._erased:
            return []
        self._erased = True
        doomed, timers = [], []
        if self._dealer is not None:
            doomed += self._dealer.keys()
            timers = self._dealer.forget()
        if self._holder is not None:
            active = state.phase is Phase.ACTIVE
            doomed += [*self._holder.holdings.keys(), *([] if active else ["share"])]
            self._holder.forget(keep_share=active)
        return [*map(StopTimer, timers), *map(Delete, sorted(doomed)), Flush()]
