"""One participant of a repair, sans-I/O: a helper, or the target.

Source: Laing, Stinson (eprint 2017/1155); the rules are in `repair_rules`, the judge in `repair`.
Helpers deal masks to each other and send their sums to the target, each with the same steps:
sealed, acknowledged, retransmitted, complained about, answered sealed, opened. A helper ends as it
began: its share stays, and what belonged to the attempt is erased. The target has its share again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import (
    Delete,
    Effect,
    Flush,
    Post,
    SendSealed,
    SendShares,
    StopTimer,
)
from sim.protocol.helping import Helper
from sim.protocol.holder import Holder
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Answer, Justification, Private, ShareAck, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.repair_rules import joined


class RepairMachine:
    """One participant in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt; the validator is a helper or the target.
        stored: What the store holds under this attempt's prefix, after a restart or early messages.
        posted: Kinds of statements that the validator has already written ahead in this attempt.
        share: A helper's share of the generation; None if it has lost its own, too. The target's
            isn't looked at.
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
        self._delivered = False
        self._erased = False
        me = ceremony.by_validator[context.validator].index
        self._holder = Holder(context, ceremony, me, stored, None, self._once)
        self._helper = (
            Helper(context, ceremony, me, stored, share) if me in ceremony.helpers else None
        )

    @property
    def share(self) -> SecretScalar | None:
        """The repaired share, once the target has every part; a helper's is none of it."""
        return self._holder.share

    @property
    def shareless(self) -> bool:
        """Whether this is the target, the helpers have sent their sums, and it still lacks some."""
        fixed = self._state is not None and bool(self._state.qual)
        return fixed and self._helper is None and self.share is None

    def on_state(self, state: CeremonyState, height: int) -> list[Effect]:
        """Act on the ceremony as it stands after the last block received, at `height`."""
        self._state, self._seen = state, height
        if state.ended:
            return self._erase(state)
        if self.amnesiac and state.phase is not Phase.ANNOUNCE:
            return []
        if state.phase is Phase.ANNOUNCE:
            return self._holder.announce() if height >= state.phase_start - 1 else []
        if self._helper is None:
            return self._hold(state)
        return self._helper.resume(state) + self._help(self._helper, state)

    def _help(self, helper: Helper, state: CeremonyState) -> list[Effect]:
        """Do a helper's part of the current phase."""
        self._holder.holdings.hold_own(helper.own_mask())
        match state.phase:
            case Phase.DEAL:
                return self._deal(helper, state)
            case Phase.RESPOND:
                return self._holder.respond(state, self._seen)
            case Phase.JUSTIFY:
                return self._justify(helper, state)
            case Phase.OPEN:
                return self._holder.open(state)
            case Phase.DELIVER:
                return self._deliver(helper, state)
            case Phase.ANSWER:
                return self._answer(helper, state)
            case _:
                return []

    def _hold(self, state: CeremonyState) -> list[Effect]:
        """Do the target's part of the current phase."""
        match state.phase:
            case Phase.DELIVER:
                return self._holder.respond(state, self._seen)
            case Phase.EXAMINE:
                return self._holder.open(state)
            case Phase.CONFIRM:
                return self._holder.confirm(state)
            case _:
                return []

    def _deal(self, helper: Helper, state: CeremonyState) -> list[Effect]:
        """Split λ_i·s_i into masks, commit to them, send each helper its own.

        A deal on the ledger that this store doesn't know was lost with it: never deal twice. Who
        lost its own share can't help.
        """
        if helper.me in state.deals or "deal" in self._posted:
            return []
        effects = helper.draw()
        if not helper.has_masks:
            return []
        self._posted.add("deal")
        masks = helper.masks()
        if masks and not helper.has_sent("masks"):
            effects.append(SendShares(masks))
        return [*effects, Post(helper.deal())]

    def _justify(self, helper: Helper, state: CeremonyState) -> list[Effect]:
        """Answer the other helpers' complaints about masks, all in one transaction."""
        accusers = [
            accuser for accused, accuser in sorted(state.complaints) if accused == helper.me
        ]
        if not accusers or helper.me not in state.running() or not helper.has_masks:
            return []
        if not self._once("justification"):
            return []
        masks = helper.masks()
        replies = [
            helper.reply(accuser, state.complaints[helper.me, accuser], masks[ShareIndex(accuser)])
            for accuser in accusers
        ]
        return [Post(Justification(tuple(replies)))]

    def _sum(self, state: CeremonyState) -> SecretScalar | None:
        """Return σ_j, once this helper has a mask from every helper."""
        parts = self._holder.holdings.gather(state, self.ceremony.helpers)
        if parts is None:
            return None
        return joined(parts.values(), get_group(self.ceremony.scheme).order)

    def _deliver(self, helper: Helper, state: CeremonyState) -> list[Effect]:
        """Send the target this helper's sum."""
        if self._delivered or helper.has_sent("sum"):
            return []
        total = self._sum(state)
        if total is None:
            return []
        self._delivered = True
        return [SendShares({ShareIndex(self.ceremony.target): total})]

    def _answer(self, helper: Helper, state: CeremonyState) -> list[Effect]:
        """Answer the target's complaint about the sum."""
        complaint = state.complaints.get((helper.me, self.ceremony.target))
        if complaint is None or helper.me not in state.running():
            return []
        total = self._sum(state)
        if total is None or not self._once("answer"):
            return []
        return [Post(Answer((helper.reply(self.ceremony.target, complaint, total),)))]

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
        """Take a mask or a sum that a helper sends; see whether something waited for it."""
        sender = self.ceremony.dealer_by_validator.get(source)
        if sender is None or (envelope.dealer, envelope.recipient) != (
            sender.index,
            self._holder.me,
        ):
            return []
        effects = self._holder.take(source, envelope, keep=not self._erased)
        if effects is None:
            return []
        state = self._state
        if state is None or len(effects) == 1 or self.amnesiac:
            return effects
        if self._helper is None:
            return effects + self._hold(state)
        waits = state.phase in (Phase.RESPOND, Phase.DELIVER, Phase.ANSWER)
        return effects + self._help(self._helper, state) if waits else effects

    def _take_ack(self, source: ValidatorIndex, ack: ShareAck) -> list[Effect]:
        holder = self.ceremony.by_validator.get(source)
        if self._helper is None or holder is None:
            return []
        if (ack.dealer, ack.recipient) != (self._helper.me, holder.index):
            return []
        return [StopTimer(self._helper.acknowledge(holder.index))]

    def on_timer(self, name: str) -> list[Effect]:
        """Retransmit a mask or the sum."""
        if self._state is None or self._helper is None:
            return []
        return self._helper.retransmit(self._state, name)

    def seal(self, effect: SendShares) -> SendSealed:
        """Seal what leaves. Called after any filter."""
        assert self._state is not None
        assert self._helper is not None
        return self._helper.seal(self._state, effect.shares)

    def dispatch(self, effect: SendSealed) -> list[Effect]:
        """Sign what was sealed, keep it durably, send it. Called after any filter."""
        assert self._state is not None
        assert self._helper is not None
        return self._helper.dispatch(self._state, effect.sealed)

    def retire(self) -> list[Effect]:
        """Erase the repaired share: a later generation is active, or the key is retired."""
        if self._helper is not None:
            return []
        self._holder.forget(keep_share=False)
        return [Delete("share"), Flush()]

    def _once(self, kind: str) -> bool:
        """Say whether a statement of `kind` is still to be made, and note that it now is."""
        if kind in self._posted:
            return False
        self._posted.add(kind)
        return True

    def _erase(self, state: CeremonyState) -> list[Effect]:
        """Erase what only this attempt needed; the target keeps its share if it has it back."""
        if self._erased:
            return []
        self._erased = True
        keep = self._helper is None and state.phase is Phase.ACTIVE
        doomed = self._holder.holdings.keys()
        timers: list[str] = []
        if self._helper is not None:
            doomed += ["delivery", "masks", "outgoing"]
            timers = self._helper.forget()
        elif not keep:
            doomed.append("share")
        self._holder.forget(keep_share=keep)
        return [*map(StopTimer, timers), *map(Delete, sorted(doomed)), Flush()]
