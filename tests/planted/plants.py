"""The mistakes: what is patched, in which scenario it bites, and which check must say so.

Each has bitten somebody: threshold libraries, audits of them, or the first drafts of this one. A
plant replaces real functions in this process and nothing else; the scenario is run as it is
shipped, or with a few changes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from sim.base.ids import ValidatorIndex
from sim.base.randomness import Stream, stream
from sim.crypto.commitments import form
from sim.crypto.group import Group, PointError
from sim.crypto.groups import get_group
from sim.protocol import complaints, dealing, deals, feldman, holding, resharing, result
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.effects import Post, SendShares
from sim.protocol.entries import Entry
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Complaint, Private, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.refresh import Refresh
from sim.protocol.sharing import SharingMachine
from sim.protocol.state import Notes
from sim.validator import sessions as validator_sessions
from sim.validator.ports import Letter
from sim.validator.seats import Seat
from sim.validator.sessions import Sessions

Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Plant:
    """One mistake.

    Attributes:
        name: In words.
        patch: Plants it.
        scenario: The shipped scenario that must notice.
        caught_by: The check's name; or ``expect:`` and what the expectation says that must fail; or
            ``stops:`` and what the assertion says that ends the run.
        sets: What is different in the scenario.
        extra: TOML that is put at its end.

    """

    name: str
    patch: Patch
    scenario: str
    caught_by: str
    sets: tuple[str, ...] = ()
    extra: str = ""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def no_degree_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deals, "_high_degree", lambda _ceremony, _deals: frozenset())


def no_constant_check(patch: pytest.MonkeyPatch) -> None:
    """Of a reshare's deals only; the sum is believed too."""
    patch.setattr(resharing.Resharing, "pinned", lambda _self, _ceremony, _dealer: None)


def no_zero_check(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Refresh, "pinned", lambda _self, _ceremony, _dealer: None)


def identity_accepted(patch: pytest.MonkeyPatch) -> None:
    """And its proof, which says nothing: an all-zero deal enters QUAL."""

    def validate(_self: Any, group: Group, points: Sequence[bytes], *, zero: bool = False) -> None:
        del zero
        for point in points:
            group.validate(point, identity_ok=True)

    proven = feldman.Feldman.proven

    def believed(
        self: feldman.Feldman, ceremony: Ceremony, committee: bytes, dealer: int, *said: bytes
    ) -> bool:
        identity = said[0] == get_group(ceremony.scheme).identity
        return identity or proven(self, ceremony, committee, dealer, *said)

    patch.setattr(type(form("evaluation")), "validate", validate)
    patch.setattr(feldman.Feldman, "proven", believed)


def torsion_accepted(patch: pytest.MonkeyPatch) -> None:
    """By tests that clear the cofactor, so that nothing but the points gives it away."""

    def validate(_self: Any, group: Group, points: Sequence[bytes], *, zero: bool = False) -> None:
        for point in points[1:] if zero else points:
            if point == group.identity:
                raise PointError("the identity")

    patch.setattr(type(form("evaluation")), "validate", validate)
    patch.setattr(deals, "_high_degree", lambda _ceremony, _deals: frozenset())
    for module in (complaints, holding):
        patch.setattr(module, "keeps_promise", lambda *_: True)


def lost_shares_in_the_clear(patch: pytest.MonkeyPatch) -> None:
    def clear(_ceremony: Ceremony, _complaint: Complaint) -> str:
        return "clear"

    for module in (complaints, dealing):
        patch.setattr(module, "reply_kind", clear, raising=False)


def blame_on_replay(patch: pytest.MonkeyPatch) -> None:
    """A holder opens whatever a dealer has signed, meant for it or not, and blames the dealer."""
    take = SharingMachine._take_envelope

    def blaming(self: SharingMachine, source: ValidatorIndex, envelope: ShareEnvelope) -> Any:
        if self._holder is not None and envelope.recipient != self._holder.me:
            self._holder.holdings._signed.add(envelope.dealer)
            self._holder.holdings._parts.pop(envelope.dealer, None)
            self._holder.holdings._envelopes[envelope.dealer] = ()
            return []
        return take(self, source, envelope)

    patch.setattr(SharingMachine, "_take_envelope", blaming)


def no_session_binding(patch: pytest.MonkeyPatch) -> None:
    bound = feldman.proof_context

    def unbound(ceremony: Ceremony, committee: bytes) -> tuple[Any, ...]:
        return bound(dataclasses.replace(ceremony, attempt=1, generation=0), committee)

    for module in (feldman, result):
        patch.setattr(module, "proof_context", unbound)


def lambda_omitted(patch: pytest.MonkeyPatch) -> None:
    """By the holders: the public side has its weights."""

    def share(_self: Any, ceremony: Ceremony, qual: Any, parts: Any, share: Any) -> int:
        del share
        group = get_group(ceremony.scheme)
        return int(sum(parts[dealer].reveal() for dealer in qual) % group.order)

    patch.setattr(resharing.Resharing, "share", share)


def lambda_omitted_in_public(patch: pytest.MonkeyPatch) -> None:
    """By everybody alike: shares fit their points, and the key is another."""
    patch.setattr(resharing, "_weights", lambda _ceremony, qual: [1] * len(qual))


def erasure_skipped(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(validator_sessions, "erased", lambda *_: [])
    patch.setattr(SharingMachine, "retire", lambda _: [])


def lateness_by_local_clock(patch: pytest.MonkeyPatch) -> None:
    """A share that comes later than 500 ms after the phase began, on one's own clock, is bad."""
    began: dict[tuple[str, bytes, int], int] = {}
    on_state, on_message = Sessions.on_state, Sessions.on_message

    def noting(self: Sessions, seat: Seat, state: CeremonyState, height: int, now_us: int) -> Any:
        ceremony = state.ceremony
        if state.phase is Phase.DEAL:
            place = (self.member.name, ceremony.session, ceremony.attempt)
            began.setdefault(place, now_us)
        return on_state(self, seat, state, height, now_us)

    def hurrying(self: Sessions, letter: Letter, message: Private, now_us: int) -> Any:
        if isinstance(message, ShareEnvelope):
            since = began.get((self.member.name, message.session, message.attempt), now_us)
            seat = self._seats.get((message.session, message.attempt))
            if seat is not None and now_us > since + 500_000:
                assert isinstance(seat.machine, SharingMachine)
                assert seat.machine._holder is not None
                seat.machine._holder.holdings._signed.add(message.dealer)
                return []
        return on_message(self, letter, message, now_us)

    patch.setattr(Sessions, "on_state", noting)
    patch.setattr(Sessions, "on_message", hurrying)


def leaver_cannot_answer(patch: pytest.MonkeyPatch) -> None:
    seat_of = CeremonyState._seat

    def holders_only(self: CeremonyState, entry: Entry) -> Member | None:
        if entry.kind == "justification":
            return self.ceremony.by_identity.get(entry.principal)
        return seat_of(self, entry)

    patch.setattr(CeremonyState, "_seat", holders_only)


def nonces_derived_again(patch: pytest.MonkeyPatch) -> None:
    """Secrets come from what the store has: the same ones after every restart."""

    def draw(self: MemberContext, purpose: str, *labels: str | int | bytes) -> Stream:
        return stream(self.seed, "secret", purpose, self.name, 0, *labels)

    patch.setattr(MemberContext, "draw", draw)


def deal_not_durable(patch: pytest.MonkeyPatch) -> None:
    """A restart finds nothing of what it has dealt, and doesn't look at the ledger either."""

    def forgetful(self: SharingMachine, state: CeremonyState) -> Any:
        dealer = self._dealer
        if dealer is None or "dealt" in self._posted:
            return []
        self._posted.add("dealt")
        dealer._polynomial = None
        effects = dealer.draw()
        return [*effects, *_sent(dealer), deal_of(dealer, state)]

    patch.setattr(SharingMachine, "_deal", forgetful)


def _sent(dealer: Any) -> list[Any]:
    return [] if dealer.has_sealed else [SendShares(dealer.shares())]


def deal_of(dealer: Any, state: Notes) -> Any:
    return Post(dealer.deal(state))


def quorum_of_one(patch: pytest.MonkeyPatch) -> None:
    """Activate on a single confirmation."""
    patch.setattr(Ceremony, "quorum", property(lambda _: 1))


def accuser_believed(patch: pytest.MonkeyPatch) -> None:
    """One complaint is enough: nobody waits for an answer."""

    def at_once(notes: Notes, height: int) -> None:
        for dealer in notes.running():
            if any(accused == dealer for accused, _ in notes.complaints):
                notes.exclude(dealer, "accused-by-t")
                notes.suspect(notes.dealer(dealer), "accused-by-t", height)

    patch.setattr(complaints, "exclude_accused_by_t", at_once)


SLOW_DEALER = """
[[timeline]]
at = "0s"
do = "link"
from = ["v03"]
to = "*"
add_latency = "1s"
"""

CRASHES = """
[[timeline]]
when = { event = "confirm-submitted", node = "v02" }
do = "crash"
node = "v02"
lose = "unsynced"
restart = "after 1s"
"""

LATE_DEALER = """
[[timeline]]
at = "0s"
do = "link"
from = ["v06"]
to = ["ledger"]
add_latency = "8s"
"""

PLANTS: tuple[Plant, ...] = (
    Plant("no degree check", no_degree_check, "degree-high", "stops:good partials don't make"),
    Plant(
        "no constant-term check",
        no_constant_check,
        "reshare-wrong-constant",
        "stops:the public key has changed",
    ),
    Plant("no zero check", no_zero_check, "refresh-nonzero-sum", "expect:v01 wrong-constant"),
    Plant("identity accepted", identity_accepted, "zero-polynomial", "constants-are-sound"),
    Plant(
        "torsion accepted",
        torsion_accepted,
        "small-order-point",
        "verification-shares-are-sound",
    ),
    Plant("lost shares in the clear", lost_shares_in_the_clear, "complaint-coalition", "secrecy"),
    Plant("blame on replay", blame_on_replay, "deal-replay", "honest-dealers-stay"),
    Plant("no session binding", no_session_binding, "proof-replay", "expect:bad-proof"),
    Plant("lambda omitted", lambda_omitted, "resharing-overlapping", "expect:rotation = completed"),
    Plant(
        "lambda omitted in public",
        lambda_omitted_in_public,
        "resharing-overlapping",
        "stops:the public key has changed",
    ),
    Plant("erasure skipped", erasure_skipped, "resharing-overlapping", "erased-means-erased"),
    Plant(
        "lateness by local clock",
        lateness_by_local_clock,
        "duplicate-and-reorder",
        "honest-dealers-stay",
        extra=SLOW_DEALER,
    ),
    Plant(
        "leaver can't answer",
        leaver_cannot_answer,
        "reshare-leaver-accused",
        "honest-dealers-are-heard",
    ),
    Plant(
        "nonces derived again",
        nonces_derived_again,
        "first-key",
        "nonces-are-fresh",
        extra=CRASHES,
    ),
    Plant(
        "deal not durable",
        deal_not_durable,
        "honest-retry",
        "evidence-spares-the-honest",
        extra=LATE_DEALER,
    ),
    Plant(
        "quorum of one", quorum_of_one, "reshare-absent-newcomers", "expect:too-few-confirmations"
    ),
    Plant("accuser believed", accuser_believed, "false-complaint", "honest-dealers-stay"),
)
"""Every mistake, and who must find it."""
