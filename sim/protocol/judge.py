"""The judge: one pure function of ledger bytes, for validators, the chain and any verifier.

`machines.judge(ceremony, entries, height)` folds the entries of one attempt, in ledger order, and
says what has come of it by the end of `height`. A transaction is in a phase iff it is included
between the phase's first and last height; a phase ends at the first height at which it is complete,
else at its deadline, and the next begins one height later. Heights without entries matter too:
deadlines pass in them.
"""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.protocol import activation, complaints, result
from sim.protocol.ceremony import CONFIRM_SLACK, Ceremony, Member
from sim.protocol.deals import (
    DEAL_FAULTS,
    RecordedDeal,
    committee_digest,
    deal_faults,
    parse_deal,
)
from sim.protocol.entries import Entry, Rejected
from sim.protocol.messages import DEALERS_SAY, Announce
from sim.protocol.phases import Phase
from sim.protocol.responses import usable_key
from sim.protocol.state import Notes


class CeremonyState(Notes):
    """The fold: feed it the entries of a height with `apply`, then `end_height`."""

    @classmethod
    def open(cls, ceremony: Ceremony) -> CeremonyState:
        """Begin an attempt: its announce phase starts at `ceremony.start`."""
        state = cls(ceremony=ceremony)
        state.phase_start = ceremony.start
        state.deadline = ceremony.start + ceremony.lengths.announce - 1
        return state

    def copy(self) -> CeremonyState:
        """Return an independent copy; what it holds is immutable."""
        fresh = copy.copy(self)
        for name, value in vars(fresh).items():
            if isinstance(value, dict | list | set):
                setattr(fresh, name, value.copy())
        return fresh

    def apply(self, entry: Entry) -> None:
        """Take one entry of this session and attempt, in ledger order.

        Raises:
            Rejected: The entry has no effect, and why.

        """
        seat = self._seat(entry)
        if seat is None:
            raise Rejected("NotAMember")
        if entry.kind == "deal" and self._is_equivocation(seat.index, entry):
            self.note_equivocation(seat.index, entry)
        else:
            self._dispatch(seat.index, entry)
        self.log.append((entry.height, entry.transaction))

    def _seat(self, entry: Entry) -> Member | None:
        """Return the seat that a statement comes from: a dealer's, or for most kinds a holder's.

        A transaction names the validator alone, and one validator may have a seat of each kind.
        """
        if entry.kind in DEALERS_SAY:
            return self.ceremony.dealer_by_identity.get(entry.principal)
        return self.ceremony.by_identity.get(entry.principal)

    def _dispatch(self, member: int, entry: Entry) -> None:
        in_phase = entry.height >= self.phase_start
        match entry.kind, self.phase:
            case "announce", Phase.ANNOUNCE if in_phase:
                self._record_announce(member, entry)
            case "deal", Phase.DEAL if in_phase:
                self._record_deal(member, entry)
            case "response", Phase.RESPOND if in_phase:
                complaints.record_response(self, member, entry)
            case "justification", Phase.JUSTIFY if in_phase:
                complaints.record_justification(self, member, entry)
            case "open-reply", Phase.OPEN if in_phase:
                complaints.record_open_reply(self, member, entry)
            case "confirm", Phase.CONFIRM if in_phase:
                result.record_confirm(self, member, entry)
            case "confirm", Phase.SIGN | Phase.ACTIVE if member in self.confirms:
                result.record_confirm(self, member, entry)
            case "sign", Phase.SIGN if in_phase:
                activation.record_sign(self, member, entry)
            case "sign-nonce", Phase.CONFIRM | Phase.SIGN:
                activation.record_sign_nonce(self, member, entry)
            case _:
                raise Rejected("Duplicate" if self._already_posted(member, entry) else "WrongPhase")

    def _already_posted(self, member: int, entry: Entry) -> bool:
        """Whether a late entry repeats a statement that the ledger already has."""
        posted: dict[str, Container[int]] = {
            "announce": self.transport,
            "deal": self.deals,
            "response": self.responses,
            "justification": self.justified,
            "open-reply": self.open_posts,
            "confirm": self.confirms,
        }
        return member in posted.get(entry.kind, ())

    def _record_announce(self, member: int, entry: Entry) -> None:
        if member in self.transport:
            raise Rejected("Duplicate")
        try:
            key = decode_canonical(entry.body, Announce).transport_key
        except DecodeError:
            raise Rejected("Malformed") from None
        if not usable_key(key):
            raise Rejected("Malformed")
        self.transport[member] = key

    def _record_deal(self, dealer: int, entry: Entry) -> None:
        if dealer in self.deals:
            raise Rejected("Duplicate")
        self.deals[dealer] = RecordedDeal(
            entry.transaction, entry.body, entry.raw, parse_deal(entry.body)
        )

    def _is_equivocation(self, dealer: int, entry: Entry) -> bool:
        first = self.deals.get(dealer)
        return first is not None and first.body != entry.body

    def note_rejected(self, entry: Entry) -> bool:
        """Look at a validly signed entry that the chain rejects for its nonce.

        A second deal convicts its dealer whatever its nonce. Returns whether this one did.
        """
        dealer = self.ceremony.dealer_by_identity.get(entry.principal)
        if dealer is None or entry.kind != "deal" or not self._is_equivocation(dealer.index, entry):
            return False
        self.note_equivocation(dealer.index, entry)
        self.log.append((entry.height, entry.transaction))
        return True

    def note_report(self, first: Entry, second: Entry) -> None:
        """Take a report of two validly signed deals of one member, seen off the ledger.

        Raises:
            Rejected: The two don't contradict each other.

        """
        dealer = self.ceremony.dealer_by_identity.get(first.principal)
        if (
            dealer is None
            or first.principal != second.principal
            or (first.kind, second.kind) != ("deal", "deal")
            or first.body == second.body
        ):
            raise Rejected("NoEquivocation")
        self._equivocate(dealer.index, first.raw, second.raw, second.height)
        self.log.append((second.height, second.transaction))

    def note_equivocation(self, dealer: int, second: Entry) -> None:
        """Note a second signed deal: it excludes until justify ends; later it is a fault only."""
        self._equivocate(dealer, self.deals[dealer].raw, second.raw, second.height)

    def _equivocate(self, dealer: int, first: bytes, second: bytes, height: int) -> None:
        if self.phase in (Phase.ANNOUNCE, Phase.COMMIT, Phase.DEAL):
            self.equivocations.setdefault(dealer, (first, second))
            return
        if self.excluded.get(dealer) in DEAL_FAULTS:
            return  # the deal has its verdict already, by an earlier rule
        self.blame(self.dealer(dealer), "equivocation", height, first, second)
        if self.phase in (Phase.RESPOND, Phase.JUSTIFY):
            self.exclude(dealer, "equivocation")

    def end_height(self, height: int) -> None:
        """Close `height`: end the phase if it is complete or its deadline has come."""
        if self.ended or height < self.phase_start:
            return
        if not self._complete(height) and height < self.deadline:
            return
        self.close(height)
        self._end_phase(height)

    def _end_phase(self, height: int) -> None:
        match self.phase:
            case Phase.ANNOUNCE:
                self.committee = committee_digest(self.ceremony, self.transport)
                self.enter(Phase.DEAL, height + 1, self.ceremony.lengths.deal)
            case Phase.DEAL:
                self._end_deal(height)
            case Phase.RESPOND:
                self._end_respond(height)
            case Phase.JUSTIFY:
                self._end_justify(height)
            case Phase.OPEN:
                self._fix(height)
            case Phase.CONFIRM:
                self._end_confirm(height)
            case Phase.SIGN:
                self._end_sign(height)
            case _:
                raise AssertionError(self.phase)

    def _complete(self, height: int) -> bool:
        size = self.ceremony.size
        match self.phase:
            case Phase.ANNOUNCE:
                return len(self.transport) == size
            case Phase.DEAL:
                return len(self.deals) == len(self.ceremony.dealers)
            case Phase.RESPOND:
                return len(self.responses) == size
            case Phase.JUSTIFY:
                return not self.unanswered()
            case Phase.OPEN:
                return all(accuser in self.open_posts for _, accuser in self.sealed_replies())
            case Phase.CONFIRM:
                if self.quorum_at is None and len(self.confirmed) >= self.ceremony.quorum:
                    self.quorum_at = height
                if len(self.confirmed) == size:
                    return True
                return self.quorum_at is not None and height >= self.quorum_at + CONFIRM_SLACK
            case Phase.SIGN:
                return self.posted_partials.issuperset(self.signing_set)
            case _:
                return False

    def _end_deal(self, height: int) -> None:
        self._judge_all(height)
        if len(self.running()) < self.ceremony.needed:
            self._fail(height, "too-few-dealers", result.shortfall(self))
        else:
            self.enter(Phase.RESPOND, height + 1, self.ceremony.lengths.respond)

    def _judge_all(self, height: int) -> None:
        """Exclude whoever has not dealt, dealt badly, or dealt twice."""
        for seat in self.ceremony.dealers:
            if seat.index not in self.deals:
                self.exclude(seat.index, "no-deal")
                self.suspect(seat, "no-deal", height)
        self._judge_deals(height)
        for dealer, (first, second) in sorted(self.equivocations.items()):
            if self.excluded.get(dealer) not in DEAL_FAULTS:
                self.exclude(dealer, "equivocation")
                self.blame(self.dealer(dealer), "equivocation", height, first, second)

    def _judge_deals(self, height: int) -> None:
        """Exclude every deal with a fault that its bytes prove."""
        judged = {d: deal for d, deal in self.deals.items() if d not in self.excluded}
        for dealer, fault in deal_faults(self.ceremony, self.committee, judged).items():
            self.exclude(dealer, fault)
            self.blame(self.dealer(dealer), fault, height, self.deals[dealer].raw)

    def _end_respond(self, height: int) -> None:
        complaints.exclude_accused_by_t(self, height)
        if self.unanswered():
            self.enter(Phase.JUSTIFY, height + 1, self.ceremony.lengths.justify)
        else:
            self._fix(height)

    def _end_justify(self, height: int) -> None:
        complaints.suspect_unanswered(self, height)
        if self.sealed_replies():
            self.enter(Phase.OPEN, height + 1, self.ceremony.lengths.open)
        else:
            self._fix(height)

    def _fix(self, height: int) -> None:
        """Complaints are settled: fix QUAL and the key, and let the members confirm."""
        code, detail = result.fix_qual(self, height, self._verification)
        if code:
            self._fail(height, code, detail)
        else:
            self.enter(Phase.CONFIRM, height + 1, self.ceremony.lengths.confirm)

    def _verification(self, qual: tuple[int, ...]) -> tuple[bytes, ...]:
        """Return V_0..V_n of what the deals of `qual` make."""
        deals = tuple((self.deals[d].transaction, self.deals[d].body) for d in qual)
        return result.verification_shares(self.ceremony, qual, deals)

    def _end_confirm(self, height: int) -> None:
        if len(self.confirmed) < self.ceremony.quorum:
            silent = [m.name for m in self.ceremony.members if m.index not in self.confirmed]
            detail = (
                f"{len(self.confirmed)} confirmations of {self.ceremony.quorum} needed; "
                f"none that counts from {', '.join(silent)}"
            )
            self._fail(height, "too-few-confirmations", detail)
            return
        self.activation_message = activation.activation_message(self, height)
        self._begin_set(height)

    def _begin_set(self, height: int) -> None:
        if activation.next_set(self):
            self.enter(Phase.SIGN, height + 1, self.ceremony.lengths.sign)
            return
        out = [
            f"{self.ceremony.member(member).name} ({why})"
            for member, why in sorted(self.unsigning.items())
        ]
        detail = f"fewer than {self.ceremony.threshold} signers left; out: {', '.join(out)}"
        self._fail(height, "too-few-signers", detail)

    def _end_sign(self, height: int) -> None:
        if activation.close_set(self):
            self.phase_start = self.deadline = height
            self._end(Phase.ACTIVE, height)
        else:
            self._begin_set(height)

    def give_up(self, height: int, code: str, detail: str) -> None:
        """End an open attempt at `height` from outside: its rotation is rolled back."""
        self._fail(height, code, detail)

    def _fail(self, height: int, code: str, detail: str) -> None:
        self.reason, self.detail = code, detail
        self._end(Phase.FAILED, height)

    def _end(self, phase: Phase, height: int) -> None:
        self.enter(phase, height, 1)
        self.ended_at = height

    def due(self, after: int) -> int | None:
        """Return the next height above `after` at which a rule makes someone act, if any.

        These are the height before the first phase (members submit once they have received it), the
        deadline, the grace height of respond and deliver, and the end of Confirm's slack.
        """
        if self.ended:
            return None
        heights = [self.phase_start - 1, self.deadline]
        if self.phase in (Phase.RESPOND, Phase.DELIVER):
            heights.append(self.grace_at)
        if self.phase is Phase.CONFIRM and self.quorum_at is not None:
            heights.append(self.quorum_at + CONFIRM_SLACK)
        return min((height for height in heights if height > after), default=None)

    @property
    def grace_at(self) -> int:
        """The height from which a holder responds even if shares are missing."""
        return self.phase_start - 1 + self.ceremony.lengths.grace


def fold(state: CeremonyState, entries: Iterable[Entry], height: int) -> None:
    """Feed a fresh `state` the attempt's `entries`, in ledger order, up to the end of `height`."""
    at = state.ceremony.start
    for entry in entries:
        if entry.height > height:
            break
        at = _advance(state, at, entry.height)
        try:
            state.apply(entry)
        except Rejected:
            continue
    _advance(state, at, height + 1)


def _advance(state: CeremonyState, at: int, until: int) -> int:
    """End every height from `at` up to, not including, `until`."""
    while at < until:
        state.end_height(at)
        due = state.due(at)
        at = until if due is None else min(max(at + 1, due), until)
    return max(at, until)
