"""Commit–reveal: every dealer fixes its deal before it sees anybody else's.

Pedersen's DKG with a phase before it. A dealer posts the digest of its deal; once all have, or at
the deadline, the deals follow, and one that isn't what was committed to is out with proof. This
stops a dealer from choosing its deal after seeing the others'; it doesn't stop one from refusing to
reveal, which biases the key as before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from sim.base.codec import decode_canonical, encode, tuple_hash
from sim.base.errors import DecodeError
from sim.base.secret import SecretScalar
from sim.protocol.ceremony import Ceremony
from sim.protocol.citations import Cited, PublicRecord, by, decode
from sim.protocol.deals import committee_digest
from sim.protocol.effects import Delete, Effect, Post, Put, SendShares
from sim.protocol.entries import Entry, Fault, Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Deal
from sim.protocol.phases import Phase
from sim.protocol.sharing import SharingMachine
from sim.protocol.variant_messages import Commit

NAME: Final = "commit-reveal"


def deal_digest(ceremony: Ceremony, dealer: int, body: bytes) -> bytes:
    """Return what a dealer commits to with a deal of those bytes, 32 bytes.

    It names the dealer: who copies another's digest can't reveal anything for it.
    """
    place = ceremony.session, ceremony.attempt, dealer
    return tuple_hash("K-chain/deal-commitment/v1", *place, body)


@dataclass(frozen=True, slots=True)
class Pledge:
    """A dealer's digest on the ledger, and the signed transaction."""

    digest: bytes
    raw: bytes


@dataclass(kw_only=True)
class CommitRevealState(CeremonyState):
    """The fold of a commit–reveal ceremony's entries.

    Attributes:
        pledges: By dealer, the first of each.

    """

    pledges: dict[int, Pledge] = field(default_factory=dict)

    def _dispatch(self, member: int, entry: Entry) -> None:
        match entry.kind, self.phase:
            case "commit", Phase.COMMIT if entry.height >= self.phase_start:
                self._record_pledge(member, entry)
            case "commit", _ if member in self.pledges:
                raise Rejected("Duplicate")
            case "deal", Phase.DEAL if member not in self.pledges:
                raise Rejected("NotCommitted")
            case _:
                super()._dispatch(member, entry)

    def _record_pledge(self, dealer: int, entry: Entry) -> None:
        if dealer in self.pledges:
            raise Rejected("Duplicate")
        try:
            digest = decode_canonical(entry.body, Commit).digest
        except DecodeError:
            raise Rejected("Malformed") from None
        self.pledges[dealer] = Pledge(digest, entry.raw)

    def _complete(self, height: int) -> bool:
        match self.phase:
            case Phase.COMMIT:
                return len(self.pledges) == len(self.ceremony.dealers)
            case Phase.DEAL:
                return len(self.deals) == len(self.pledges)
            case _:
                return super()._complete(height)

    def _end_phase(self, height: int) -> None:
        lengths = self.ceremony.lengths
        match self.phase:
            case Phase.ANNOUNCE:
                self.committee = committee_digest(self.ceremony, self.transport)
                self.enter(Phase.COMMIT, height + 1, lengths.deal)
            case Phase.COMMIT:
                self.enter(Phase.DEAL, height + 1, lengths.deal)
            case _:
                super()._end_phase(height)

    def _judge_deals(self, height: int) -> None:
        """Exclude deals that nobody committed to, then every other one with a fault."""
        for dealer, recorded in sorted(self.deals.items()):
            pledge = self.pledges[dealer]
            if pledge.digest != deal_digest(self.ceremony, dealer, recorded.body):
                self.exclude(dealer, "wrong-reveal")
                evidence = pledge.raw, recorded.raw
                self.blame(self.dealer(dealer), "wrong-reveal", height, *evidence)
        super()._judge_deals(height)


def proves_wrong_reveal(record: PublicRecord, fault: Fault, cited: list[Cited]) -> bool:
    """Say whether the cited commitment and first deal of a dealer don't belong together."""
    if not by(cited, fault.validator, "commit", "deal"):
        return False
    pledge, deal = decode(cited[0], Commit), cited[1]
    if pledge is None or deal.id != record.deals.get(deal.seat.index):
        return False
    return pledge.digest != deal_digest(record.ceremony, deal.seat.index, deal.body)


class CommitRevealMachine(SharingMachine):
    """One participant in one attempt; see `SharingMachine`.

    The deal is kept as it was committed to: a restart would draw another proof.
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
        super().__init__(context, ceremony, stored, posted, share=share, amnesiac=amnesiac)
        self._kept = decode_canonical(stored["deal"], Deal) if "deal" in stored else None

    def _act(self, state: CeremonyState) -> list[Effect]:
        match state.phase:
            case Phase.COMMIT:
                return self._commit(state)
            case _:
                return super()._act(state)

    def _commit(self, state: CeremonyState) -> list[Effect]:
        """Make the deal, keep it, and post its digest."""
        dealer = self._dealer
        if dealer is None or "commit" in self._posted:
            return []
        self._posted.add("commit")
        effects = dealer.draw()
        if self._kept is None:
            self._kept = dealer.deal(state)
            effects.append(Put("deal", encode(self._kept)))
        digest = deal_digest(self.ceremony, dealer.me, encode(self._kept))
        return [*effects, Post(Commit(digest))]

    def _deal(self, state: CeremonyState) -> list[Effect]:
        """Reveal the deal, if it was committed to in time and isn't lost; share it out."""
        assert isinstance(state, CommitRevealState)
        dealer = self._dealer
        if dealer is None or dealer.me in state.deals or dealer.me not in state.pledges:
            return []
        if self._kept is None or not dealer.has_polynomial or not self._once("deal"):
            return []
        sent: list[Effect] = [] if dealer.has_sealed else [SendShares(dealer.shares())]
        return [*sent, Post(self._kept)]

    def _erase(self, state: CeremonyState) -> list[Effect]:
        """Erase what only this attempt needed, the kept deal too."""
        effects = super()._erase(state)
        if not effects or self._dealer is None:
            return effects
        self._kept = None
        return [Delete("deal"), *effects]
