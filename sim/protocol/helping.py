"""A helper's half of a repair: its masks, its sum for the target, its answers to complaints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ShareIndex
from sim.base.secret import Secret, SecretBytes, SecretScalar
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Effect, Put, SendSealed
from sim.protocol.envelopes import seal_shares
from sim.protocol.member import MemberContext
from sim.protocol.messages import Complaint, Deal, Reply
from sim.protocol.phases import Phase
from sim.protocol.repair_rules import split, weight
from sim.protocol.sending import Outbox, drawn_coins, sealed_reply, timed, timer
from sim.protocol.state import Notes

Round: TypeAlias = Literal["masks", "sum"]
"""What a helper sends: masks to the other helpers, then their sum to the target."""

_AWAITED: Final[dict[Round, tuple[Phase, ...]]] = {
    "masks": (Phase.DEAL, Phase.RESPOND),
    "sum": (Phase.DELIVER,),
}


class Helper:
    """What one helper sends in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt.
        me: Its share index.
        stored: What the store holds for this attempt.
        share: Its share of the generation; None if that is lost, too.

    """

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        share: SecretScalar | None,
    ) -> None:
        self.me = me
        self._context = context
        self._ceremony = ceremony
        self._share = share
        self._group = get_group(ceremony.scheme)
        self._masks = self._load(stored.get("masks"))
        self._outboxes: dict[Round, Outbox] = {
            "masks": Outbox(context, ceremony, me, "outgoing", stored),
            "sum": Outbox(context, ceremony, me, "delivery", stored),
        }

    @property
    def has_masks(self) -> bool:
        """Whether the masks are at hand: not before dealing, nor without the share."""
        return self._masks is not None

    def has_sent(self, what: Round) -> bool:
        """Whether the envelopes of a round exist already."""
        return self._outboxes[what].filled

    def draw(self) -> list[Effect]:
        """Split λ_i·s_i into masks, if there are none yet and the share is at hand."""
        if self._masks is not None or self._share is None:
            return []
        order = self._group.order
        contribution = Secret(weight(self._ceremony, self.me) * self._share.reveal() % order)
        draw = self._context.draw("masks", *self._labels())
        self._masks = split(contribution, len(self._ceremony.helpers), draw, order)
        return [Put("masks", encode([self._group.encode_scalar(m) for m in self._masks.reveal()]))]

    def deal(self) -> Deal:
        """Commit to the masks, in the helpers' order."""
        return Deal(tuple(self._group.base_mul(mask) for mask in self._values()), b"")

    def masks(self) -> dict[ShareIndex, SecretScalar]:
        """Return the other helpers' masks."""
        return {
            ShareIndex(helper): Secret(mask)
            for helper, mask in zip(self._ceremony.helpers, self._values(), strict=True)
            if helper != self.me
        }

    def own_mask(self) -> SecretScalar | None:
        """Return the mask that never travels."""
        if self._masks is None:
            return None
        return Secret(self._values()[self._ceremony.helpers.index(self.me)])

    def seal(self, notes: Notes, shares: Mapping[ShareIndex, SecretScalar]) -> SendSealed:
        """Seal what leaves in the present round."""
        what = self._round(notes)
        ephemeral = Secret(self._context.draw("ephemeral", *self._labels(), what).bytes(32))
        coins = drawn_coins(self._context, self._ceremony, what)
        encoded: dict[ShareIndex, SecretBytes] = {
            holder: Secret(self._group.encode_scalar(share.reveal()))
            for holder, share in shares.items()
        }
        sealed = seal_shares(self._ceremony, self.me, ephemeral, notes.transport, encoded, coins)
        return SendSealed(sealed)

    def dispatch(self, notes: Notes, sealed: Mapping[ShareIndex, bytes]) -> list[Effect]:
        """Sign what was sealed in the present round, keep it durably, and begin to send it."""
        return self._outboxes[self._round(notes)].dispatch(sealed)

    def resume(self, notes: Notes) -> list[Effect]:
        """After a restart, once: send the stored envelopes that may still be needed."""
        effects: list[Effect] = []
        for what, outbox in self._outboxes.items():
            if notes.phase in _AWAITED[what]:
                effects += outbox.resume(lambda holder: holder not in notes.responses)
        return effects

    def retransmit(self, notes: Notes, name: str) -> list[Effect]:
        """Send one envelope again when its timer fires, unless nobody needs it any more."""
        holder = timed(name)
        what: Round = "sum" if holder == self._ceremony.target else "masks"
        if notes.phase not in _AWAITED[what]:
            return []
        return self._outboxes[what].retransmit(holder, lambda one: one not in notes.responses)

    def acknowledge(self, holder: ShareIndex) -> str:
        """Note that `holder` has its envelope; return the timer to stop."""
        for outbox in self._outboxes.values():
            if holder in outbox:
                outbox.acknowledge(holder)
        return timer(holder)

    def reply(self, accuser: int, complaint: Complaint, share: SecretScalar) -> Reply:
        """Answer one complaint, sealed to its one-time key."""
        draw = self._context.draw("reply", *self._labels(), accuser)
        scalar = self._group.encode_scalar(share.reveal())
        return sealed_reply(self._ceremony, self.me, accuser, complaint, scalar, draw)

    def forget(self) -> list[str]:
        """Drop every secret; return the timers to stop."""
        self._masks = self._share = None
        return [name for outbox in self._outboxes.values() for name in outbox.forget()]

    def _round(self, notes: Notes) -> Round:
        return "masks" if notes.phase is Phase.DEAL else "sum"

    def _values(self) -> tuple[int, ...]:
        assert self._masks is not None
        return self._masks.reveal()

    def _labels(self) -> tuple[str, int]:
        return self._ceremony.label, self._ceremony.attempt

    def _load(self, data: bytes | None) -> Secret[tuple[int, ...]] | None:
        if data is None:
            return None
        scalars = decode_canonical(data, tuple[bytes, ...])
        return Secret(tuple(map(self._group.decode_scalar, scalars)))
