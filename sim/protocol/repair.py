"""The judge of a repair: t helpers re-create one member's share, and nothing else changes.

Source: Laing, Stinson (eprint 2017/1155); see `repair_rules`. Two rounds of what a DKG does once:
helpers deal masks to each other (deal, respond, justify, open), then each sends their sum to the
target (deliver, answer, examine). Every reply is sealed. The target's Confirm ends it: no
verification share changes, so there is nothing to sign. All helpers are needed: whoever is excluded
fails the attempt, and the next one asks others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.protocol import complaints, result
from sim.protocol.ceremony import Base, Member
from sim.protocol.entries import Entry, Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Answer
from sim.protocol.phases import Phase
from sim.protocol.repair_rules import rank_helpers
from sim.protocol.state import Pair

_HELPERS_SAY: Final = frozenset(
    {"announce", "deal", "response", "justification", "open-reply", "answer"}
)
_TARGET_SAYS: Final = frozenset({"announce", "response", "open-reply", "confirm"})


@dataclass(kw_only=True)
class RepairState(CeremonyState):
    """The fold of a repair's entries.

    The helpers are the dealers. Their complaints about each other and the target's about them
    stand side by side: the target is no helper.

    Attributes:
        answered: Signed answers to the target, by helper.

    """

    answered: dict[int, bytes] = field(default_factory=dict)

    @property
    def target(self) -> int:
        """Share index of the member whose share is repaired."""
        return self.ceremony.target

    def _seat(self, entry: Entry) -> Member | None:
        helper = self.ceremony.dealer_by_identity.get(entry.principal)
        if helper is not None:
            return helper if entry.kind in _HELPERS_SAY else None
        target = self.ceremony.member(self.target)
        said = entry.principal == target.identity and entry.kind in _TARGET_SAYS
        return target if said else None

    def _dispatch(self, member: int, entry: Entry) -> None:
        is_target = member == self.target
        in_phase = entry.height >= self.phase_start
        match entry.kind, self.phase:
            case "response", Phase.RESPOND if in_phase and not is_target:
                complaints.record_response(self, member, entry)
            case "response", Phase.DELIVER if in_phase and is_target:
                complaints.record_response(self, member, entry)
            case "response", Phase.RESPOND | Phase.DELIVER:
                raise Rejected("Duplicate" if member in self.responses else "WrongPhase")
            case "open-reply", Phase.EXAMINE if in_phase:
                complaints.record_open_reply(self, member, entry)
            case "answer", Phase.ANSWER if in_phase:
                self._record_answer(member, entry)
            case "answer", _ if member in self.answered:
                raise Rejected("Duplicate")
            case _:
                super()._dispatch(member, entry)

    def _record_answer(self, helper: int, entry: Entry) -> None:
        """Take an accused helper's one Answer: its sum, sealed to the target's one-time key."""
        if helper in self.answered:
            raise Rejected("Duplicate")
        pair = (helper, self.target)
        if helper not in self.running() or pair not in self.complaints:
            raise Rejected("NothingToAnswer")
        try:
            replies = decode_canonical(entry.body, Answer).replies
        except DecodeError:
            raise Rejected("Malformed") from None
        self.answered[helper] = entry.raw
        for reply in replies:
            if (reply.accuser, reply.kind) == (self.target, "sealed"):
                self.replies.setdefault(pair, reply)

    def sealed_replies(self) -> list[Pair]:
        """Sealed replies of the present round by helpers that still run."""
        to_target = self.phase in (Phase.DELIVER, Phase.ANSWER, Phase.EXAMINE)
        pairs = super().sealed_replies()
        return [pair for pair in pairs if (pair[1] == self.target) == to_target]

    def promises(self, pair: Pair) -> tuple[bytes, ...]:
        """Return the signed deals that say what a helper owes: to the target, all of them."""
        if pair[1] != self.target:
            return super().promises(pair)
        return tuple(self.deals[helper].raw for helper in self.ceremony.helpers)

    def reply_raw(self, pair: Pair) -> bytes:
        """Return the signed justification, or to the target the answer."""
        return self.answered[pair[0]] if pair[1] == self.target else super().reply_raw(pair)

    def _complete(self, height: int) -> bool:
        helpers = self.ceremony.helpers
        match self.phase:
            case Phase.ANNOUNCE:
                return len(self.transport) == len(helpers) + 1
            case Phase.RESPOND:
                return all(helper in self.responses for helper in helpers)
            case Phase.DELIVER:
                return self.target in self.responses
            case Phase.ANSWER:
                return not self.unanswered()
            case Phase.EXAMINE:
                return self.target in self.open_posts or not self.sealed_replies()
            case Phase.CONFIRM:
                return self.target in self.confirms
            case _:
                return super()._complete(height)

    def _end_phase(self, height: int) -> None:
        lengths = self.ceremony.lengths
        match self.phase:
            case Phase.RESPOND:
                if self.unanswered():
                    self.enter(Phase.JUSTIFY, height + 1, lengths.justify)
                else:
                    self._deliver(height)
            case Phase.JUSTIFY:
                complaints.suspect_unanswered(self, height)
                if self.sealed_replies():
                    self.enter(Phase.OPEN, height + 1, lengths.open)
                else:
                    self._deliver(height)
            case Phase.OPEN:
                self._deliver(height)
            case Phase.DELIVER if self.unanswered():
                self.enter(Phase.ANSWER, height + 1, lengths.justify)
            case Phase.ANSWER:
                complaints.suspect_unanswered(self, height)
                if self.sealed_replies():
                    self.enter(Phase.EXAMINE, height + 1, lengths.open)
                else:
                    self._fix(height)
            case Phase.DELIVER | Phase.EXAMINE:
                self._fix(height)
            case Phase.CONFIRM:
                self._end_confirm(height)
            case _:
                super()._end_phase(height)

    def _deliver(self, height: int) -> None:
        """Every helper has its masks, or can have them: let them send their sums to the target."""
        if len(self.running()) < self.ceremony.needed:
            self._fail(height, "too-few-dealers", result.shortfall(self))
        else:
            self.enter(Phase.DELIVER, height + 1, self.ceremony.lengths.respond)

    def _end_confirm(self, height: int) -> None:
        if self.target in self.confirmed:
            self._end(Phase.ACTIVE, height)
        else:
            name = self.ceremony.member(self.target).name
            detail = f"no confirmation that counts from {name}, whose share is repaired"
            self._fail(height, "too-few-confirmations", detail)


def next_helpers(
    base: Base, target: int, earlier: Iterable[CeremonyState] = (), unfit: Iterable[int] = ()
) -> tuple[int, ...]:
    """Choose the helpers of the next attempt: those who haven't let the target down before.

    Args:
        base: The generation whose share is lost.
        target: The share index of its holder.
        earlier: The attempts to repair it that have failed.
        unfit: Members known to have no share themselves; taken only if there is nobody else.

    Returns:
        t share indices, ascending: fewest times excluded first, then the lowest. Empty if the
        committee hasn't t members besides the target: then a share can't be repaired.

    """
    attempts = list(earlier)
    out = dict.fromkeys(unfit, len(attempts) + 1)
    for attempt in attempts:
        for helper in attempt.excluded:
            out[helper] = out.get(helper, 0) + 1
    return rank_helpers(base, target, out)
