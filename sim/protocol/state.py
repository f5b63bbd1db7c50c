"""What a ceremony has come to, as far as the ledger shows: the judge's running notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sim.crypto.signatures import CommitmentList, NonceCommitments
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.deals import RecordedDeal
from sim.protocol.entries import Dispute, Fault, PhaseSpan
from sim.protocol.messages import Complaint, Confirm, Reply, Response
from sim.protocol.phases import NEXT, Phase

Pair = tuple[int, int]
"""(dealer, accuser), both share indices."""

OpeningVerdict = Literal["accepted", "bad-reply", "false-opening"]


@dataclass(kw_only=True)
class Notes:
    """Everything the judge has noted about one attempt.

    Dealers and accusers are share indices: of dealers those that they deal under, of accusers those
    that they hold shares for. Names appear in `faults` and `disputes`.

    Attributes:
        ceremony: The attempt.
        phase: Where it stands; it began at `phase_start` and ends at `deadline` at the latest.
        spans: The phases that have ended; signing sets are ``sign-1``, ``sign-2`` …
        log: (height, id) of every entry that had an effect, in ledger order.
        transport: Transport keys by member, as announced.
        committee: Digest of identity and transport keys, fixed when announce ends.
        deals: First deals by dealer.
        equivocations: Second signed deals seen while the deal phase lasts, by dealer.
        excluded: Dealers that are out, and why.
        responses: By member; None when malformed.
        response_raw: The signed responses, for evidence.
        ran_at: Dealers that ran at the place of each response in the ledger, by transaction id.
        complaints: About dealers that ran when the response was recorded.
        justified: Signed justifications by dealer.
        replies: The replies that count.
        openings: How sealed replies turned out, by pair.
        open_posts: Members that posted an OpenReply.
        published: Pairs whose share the ledger shows in the clear.
        faults: Verdicts, in the order they were reached.
        qual: The dealers that count, QUAL or Q, fixed at `fixed_at`.
        verification: V_0..V_n; `public_key` is V_0.
        transcript: Digest of all that led there, 32 bytes.
        confirms: First confirmations by member, good or not; `confirm_raw` as signed.
        confirmed: Members whose confirmation is good, with its height.
        quorum_at: Height at which the quorum had confirmed.
        nonces: The nonce commitments that each confirmer would use in the next signing set.
        signing_set: Members of the current set; `commitment_list` is theirs, frozen.
        lists: The frozen commitment lists of all sets so far.
        partials: Good partial signatures of the current set.
        posted_partials: Members of the current set that posted one, good or bad.
        unsigning: Confirmers excluded from signing, and why.
        activation_message: What the committee signs.
        activation_signature: The signature, once it stands.
        reason: Why the attempt failed, a short code; `detail` says it in words.
        ended_at: Height at which it became active or failed.

    """

    ceremony: Ceremony
    phase: Phase = Phase.ANNOUNCE
    phase_start: int = 0
    deadline: int = 0
    spans: list[PhaseSpan] = field(default_factory=list)
    log: list[tuple[int, bytes]] = field(default_factory=list)
    transport: dict[int, bytes] = field(default_factory=dict)
    committee: bytes = b""
    deals: dict[int, RecordedDeal] = field(default_factory=dict)
    equivocations: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    excluded: dict[int, str] = field(default_factory=dict)
    responses: dict[int, Response | None] = field(default_factory=dict)
    response_raw: dict[int, bytes] = field(default_factory=dict)
    ran_at: dict[bytes, tuple[int, ...]] = field(default_factory=dict)
    complaints: dict[Pair, Complaint] = field(default_factory=dict)
    justified: dict[int, bytes] = field(default_factory=dict)
    replies: dict[Pair, Reply] = field(default_factory=dict)
    openings: dict[Pair, OpeningVerdict] = field(default_factory=dict)
    open_posts: set[int] = field(default_factory=set)
    published: list[Pair] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    qual: tuple[int, ...] = ()
    fixed_at: int | None = None
    verification: tuple[bytes, ...] = ()
    transcript: bytes = b""
    confirms: dict[int, Confirm] = field(default_factory=dict)
    confirm_raw: dict[int, bytes] = field(default_factory=dict)
    confirmed: dict[int, int] = field(default_factory=dict)
    quorum_at: int | None = None
    nonces: dict[int, NonceCommitments] = field(default_factory=dict)
    signing_set: tuple[int, ...] = ()
    commitment_list: CommitmentList = ()
    lists: list[CommitmentList] = field(default_factory=list)
    partials: dict[int, bytes] = field(default_factory=dict)
    posted_partials: set[int] = field(default_factory=set)
    unsigning: dict[int, str] = field(default_factory=dict)
    activation_message: bytes = b""
    activation_signature: bytes = b""
    reason: str = ""
    detail: str = ""
    ended_at: int | None = None

    @property
    def public_key(self) -> bytes:
        """V_0, the group's public key; empty until QUAL is fixed."""
        return self.verification[0] if self.verification else b""

    @property
    def ended(self) -> bool:
        """Whether the attempt is over."""
        return self.phase in (Phase.ACTIVE, Phase.FAILED)

    @property
    def deal_end(self) -> int | None:
        """Height that ended the deal phase, or None while it lasts."""
        return next((span.end for span in self.spans if span.phase == "deal"), None)

    def running(self) -> list[int]:
        """Dealers whose first deal is recorded and whom nothing has excluded, ascending."""
        return [dealer for dealer in sorted(self.deals) if dealer not in self.excluded]

    @property
    def disputes(self) -> list[Dispute]:
        """Complaints about dealers that were never excluded, by dealer and accuser.

        In a DKG these are the dealers in QUAL; in a reshare one may be good and not in Q.
        """
        return self.standing_complaints() if self.qual else []

    def standing_complaints(self) -> list[Dispute]:
        """Complaints about dealers that were never excluded, whatever has come of the attempt."""
        return [
            Dispute(
                self.dealer(dealer).name,
                self.ceremony.member(accuser).name,
                self.complaints[dealer, accuser].kind,
            )
            for dealer, accuser in sorted(self.complaints)
            if dealer not in self.excluded
        ]

    def dealer(self, index: int) -> Member:
        """Return the seat of the dealing set with that index."""
        return self.ceremony.dealer_by_index[index]

    def promises(self, pair: Pair) -> tuple[bytes, ...]:
        """Return the signed deals that say what the dealer of `pair` owes its accuser."""
        return (self.deals[pair[0]].raw,)

    def reply_raw(self, pair: Pair) -> bytes:
        """Return the signed statement that replies to the complaint `pair`."""
        return self.justified[pair[0]]

    def sealed_replies(self) -> list[Pair]:
        """Sealed replies by dealers that still run: each awaits its accuser's opening."""
        return [
            pair
            for pair in sorted(self.replies)
            if self.replies[pair].kind == "sealed" and pair[0] not in self.excluded
        ]

    def unanswered(self) -> list[Pair]:
        """Complaints about running dealers that have no reply, ascending."""
        return [
            pair
            for pair in sorted(self.complaints)
            if pair not in self.replies and pair[0] not in self.excluded
        ]

    def enter(self, phase: Phase, start: int, length: int) -> None:
        """Begin `phase` at height `start`; the one place where the phase is written."""
        assert phase in NEXT[self.phase], f"{self.phase} -> {phase}"
        self.phase = phase
        self.phase_start = start
        self.deadline = start + length - 1

    def close(self, height: int) -> None:
        """Note that the current phase ends at `height`."""
        name = f"sign-{len(self.lists)}" if self.phase is Phase.SIGN else self.phase.value
        self.spans.append(PhaseSpan(name, self.phase_start, height))

    def exclude(self, dealer: int, why: str) -> None:
        """Put `dealer` out of the running; the first reason stands."""
        self.excluded.setdefault(dealer, why)

    def blame(self, seat: Member, fault: str, height: int, *evidence: bytes) -> None:
        """Note a proven fault, once per validator and name."""
        self._note(seat.name, fault, height, proof=True, evidence=evidence)

    def suspect(self, seat: Member, fault: str, height: int) -> None:
        """Note an exclusion that nothing proves."""
        self._note(seat.name, fault, height, proof=False, evidence=())

    def _note(
        self, name: str, fault: str, height: int, *, proof: bool, evidence: tuple[bytes, ...]
    ) -> None:
        if all((known.validator, known.fault) != (name, fault) for known in self.faults):
            self.faults.append(Fault(name, fault, proof, evidence, height))
