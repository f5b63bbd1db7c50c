"""GJKR: a key that nobody can bias, as everyone follows its making.

Source: Gennaro, Jarecki, Krawczyk, Rabin (J. Cryptology 2007), figure 2, on a ledger. Deals commit
with Pedersen's commitments, so that QUAL is fixed before anyone sees what it adds up to. Then every
dealer in QUAL publishes V_{d,x} (extract). Whoever's share doesn't fit them exposes it with its
blinding, which the Pedersen commitment proves good; of a dealer that is silent, or whose V_{d,x}
are no commitment to a polynomial of t coefficients, all holders do (expose). What is still lacking
then is exposed by everyone else (reconstruct). A dealer isn't excluded for any of this: its
polynomial is interpolated from t shares, and counts. So nobody can choose any more whether it is in
the key, provided that t honest holders are left. An honest dealer that is late here is exposed.

Deviation: a holder posts one Expose even if all is well, so that the phase ends when all have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sim.base.codec import decode_canonical
from sim.base.errors import DecodeError
from sim.base.memo import memoised
from sim.crypto import commitments, pedersen
from sim.crypto.commitments import Points
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.crypto.polynomial import interpolate
from sim.protocol import result
from sim.protocol.ceremony import Ceremony
from sim.protocol.creation import Creation
from sim.protocol.entries import Entry, Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Expose, Exposed, Extract, Reconstruct
from sim.protocol.operations import making_of
from sim.protocol.phases import Phase
from sim.protocol.promises import deal_points, share_matches
from sim.protocol.state import Pair

NAME: Final = "gjkr"
_DEGREE: Final = "K-chain/extraction-degree/v1"


class Hidden(Creation):
    """Members deal secrets of their own under Pedersen's commitments; a share has a blinding.

    There is nothing to prove: the commitment hides the constant, and who doesn't know what it
    committed to can't send shares that open it.
    """

    proves = False
    scalars = 2

    def matches(self, ceremony: Ceremony, points: Points, holder: int, data: bytes) -> bool:
        """Say whether `data`, two scalars, opens the commitment for `holder`."""
        form = commitments.form(ceremony.commitments)
        return pedersen.matches(get_group(ceremony.scheme), form, points, holder, data)


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a dealer in QUAL published of its polynomial.

    Attributes:
        transaction: Its id, 32 bytes.
        raw: The signed transaction.
        points: V_0..V_n or the coefficient commitments, unchecked; None if it can't be read.

    """

    transaction: bytes
    raw: bytes
    points: Points | None


@dataclass(kw_only=True)
class GjkrState(CeremonyState):
    """The fold of a GJKR ceremony's entries.

    Attributes:
        contributors: QUAL, as fixed before extraction; `qual` is the same once the key stands.
        extractions: By dealer, the first of each.
        revealed: Dealers whose polynomial is reconstructed, and why: ``no-extraction`` (unproven)
            or ``bad-extraction``.
        exposures: Shares with blindings that fit their commitments, by dealer and holder.
        exposed_by: Members that posted their Expose; `reconstructed_by` their Reconstruct.

    """

    contributors: tuple[int, ...] = ()
    extractions: dict[int, Extraction] = field(default_factory=dict)
    revealed: dict[int, str] = field(default_factory=dict)
    exposures: dict[Pair, bytes] = field(default_factory=dict)
    exposed_by: set[int] = field(default_factory=set)
    reconstructed_by: set[int] = field(default_factory=set)

    def _dispatch(self, member: int, entry: Entry) -> None:
        in_phase = entry.height >= self.phase_start
        match entry.kind, self.phase:
            case "extract", Phase.EXTRACT if in_phase:
                self._record_extraction(member, entry)
            case "expose", Phase.EXPOSE if in_phase:
                self._record_exposures(member, entry, Expose, self.exposed_by)
            case "reconstruct", Phase.RECONSTRUCT if in_phase:
                self._record_exposures(member, entry, Reconstruct, self.reconstructed_by)
            case "extract", _ if member in self.extractions:
                raise Rejected("Duplicate")
            case _:
                super()._dispatch(member, entry)

    def _record_extraction(self, dealer: int, entry: Entry) -> None:
        if dealer in self.extractions:
            raise Rejected("Duplicate")
        if dealer not in self.contributors:
            raise Rejected("NothingToExtract")
        try:
            points = decode_canonical(entry.body, Extract).points
        except DecodeError:
            points = None
        self.extractions[dealer] = Extraction(entry.transaction, entry.raw, points)

    def _record_exposures(
        self,
        member: int,
        entry: Entry,
        kind: type[Expose | Reconstruct],
        posted: set[int],
    ) -> None:
        if member in posted:
            raise Rejected("Duplicate")
        try:
            shares = decode_canonical(entry.body, kind).shares
        except DecodeError:
            raise Rejected("Malformed") from None
        posted.add(member)
        for share in shares:
            if share.dealer in self.contributors:
                self._expose(member, share, entry)

    def _expose(self, holder: int, share: Exposed, entry: Entry) -> None:
        """Take one share: it must fit the deal; if it doesn't fit the extraction, that is wrong."""
        dealer, ceremony = share.dealer, self.ceremony
        if not share_matches(ceremony, deal_points(self, dealer), holder, share.opening):
            evidence = self.deals[dealer].raw, entry.raw
            self.blame(ceremony.member(holder), "false-exposure", entry.height, *evidence)
            return
        pair = (dealer, holder)
        if pair not in self.exposures:
            self.exposures[pair] = share.opening
            self.published.append(pair)
        if dealer in self.revealed:
            return
        points = self.extractions[dealer].points
        assert points is not None
        if contradicts(ceremony, points, holder, share.opening):
            self.revealed[dealer] = "bad-extraction"
            said = self.deals[dealer].raw, self.extractions[dealer].raw, entry.raw
            self.blame(self.dealer(dealer), "bad-extraction", entry.height, *said)

    def lacking(self) -> list[int]:
        """Dealers to be reconstructed, of whom fewer than t shares are known."""
        known = {dealer: self.known(dealer) for dealer in sorted(self.revealed)}
        return [d for d, shares in known.items() if len(shares) < self.ceremony.threshold]

    def known(self, dealer: int) -> tuple[tuple[int, bytes], ...]:
        """Return the published openings of a dealer, by holder; those in justifications too."""
        found = {
            accuser: reply.data
            for (accused, accuser), reply in self.replies.items()
            if accused == dealer and reply.kind == "clear"
        }
        found |= {holder: data for (d, holder), data in self.exposures.items() if d == dealer}
        return tuple(sorted(found.items()))

    def _complete(self, height: int) -> bool:
        size = self.ceremony.size
        match self.phase:
            case Phase.EXTRACT:
                return len(self.extractions) == len(self.contributors)
            case Phase.EXPOSE:
                return len(self.exposed_by) == size
            case Phase.RECONSTRUCT:
                return not self.lacking()
            case _:
                return super()._complete(height)

    def _end_phase(self, height: int) -> None:
        match self.phase:
            case Phase.EXTRACT:
                self._judge_extractions(height)
                self.enter(Phase.EXPOSE, height + 1, self.ceremony.lengths.respond)
            case Phase.EXPOSE if self.lacking():
                self.enter(Phase.RECONSTRUCT, height + 1, self.ceremony.lengths.justify)
            case Phase.EXPOSE | Phase.RECONSTRUCT:
                self._settle(height)
            case _:
                super()._end_phase(height)

    def _fix(self, height: int) -> None:
        """Fix QUAL while nobody knows what it adds up to; then let it be extracted."""
        if len(self.running()) < self.ceremony.needed:
            self._fail(height, "too-few-dealers", result.shortfall(self))
            return
        self.contributors = making_of(self.ceremony).qualified(self.ceremony, self.running())
        self.enter(Phase.EXTRACT, height + 1, self.ceremony.lengths.respond)

    def _judge_extractions(self, height: int) -> None:
        """Find the silent, and those whose points alone show that they are no good."""
        for dealer in self.contributors:
            if dealer not in self.extractions:
                self.revealed[dealer] = "no-extraction"
                self.suspect(self.dealer(dealer), "no-extraction", height)
        for dealer in flawed(self.ceremony, tuple(sorted(self.extractions.items()))):
            self.revealed[dealer] = "bad-extraction"
            raw = self.extractions[dealer].raw
            self.blame(self.dealer(dealer), "bad-extraction", height, raw)

    def _settle(self, height: int) -> None:
        """Everything that can be known of QUAL is: fix the key, or fail."""
        lacking = self.lacking()
        if lacking:
            names = ", ".join(self.dealer(dealer).name for dealer in lacking)
            detail = f"fewer than {self.ceremony.threshold} good shares were exposed of {names}"
            self._fail(height, "too-few-exposures", detail)
            return
        assert self.contributors == tuple(self.running())  # nothing excludes once QUAL is fixed
        super()._fix(height)

    def _verification(self, qual: tuple[int, ...]) -> Points:
        rows = []
        for dealer in qual:
            if dealer in self.revealed:
                rows.append(reconstructed(self.ceremony, self.known(dealer)))
            else:
                points = self.extractions[dealer].points
                assert points is not None
                rows.append(points)
        return _summed(self.ceremony, qual, tuple(rows))


def contradicts(ceremony: Ceremony, points: Points, holder: int, opening: bytes) -> bool:
    """Say whether a share that opens a dealer's commitment isn't the one behind its extraction."""
    group = get_group(ceremony.scheme)
    share, _ = pedersen.read(group, opening)
    form = commitments.form(ceremony.commitments)
    return group.base_mul(share) != form.share_point(group, points, holder)


@memoised
def flawed(ceremony: Ceremony, extractions: tuple[tuple[int, Extraction], ...]) -> tuple[int, ...]:
    """Return the dealers whose extraction is no commitment to t coefficients, ascending."""
    group, form = get_group(ceremony.scheme), commitments.form(ceremony.commitments)
    sound = {d: e for d, e in extractions if not _malformed(ceremony, e.points)}
    high = form.high_degree(
        group,
        (_DEGREE, ceremony.session, ceremony.attempt, ceremony.scheme),
        ceremony.size,
        ceremony.threshold,
        tuple((e.transaction, e.points or ()) for e in sound.values()),
    )
    return tuple(d for d, e in extractions if d not in sound or e.transaction in high)


def _malformed(ceremony: Ceremony, points: Points | None) -> bool:
    """Say whether points are missing, too many, or not acceptable."""
    form = commitments.form(ceremony.commitments)
    if points is None or len(points) != form.point_count(ceremony.size, ceremony.threshold):
        return True
    try:
        form.validate(get_group(ceremony.scheme), points)
    except PointError:
        return True
    return False


@memoised
def reconstructed(ceremony: Ceremony, openings: tuple[tuple[int, bytes], ...]) -> Points:
    """Return the commitment that a dealer should have published, from t or more openings."""
    group = get_group(ceremony.scheme)
    chosen = openings[: ceremony.threshold]
    shares = {holder: pedersen.read(group, data)[0] for holder, data in chosen}
    form = commitments.form(ceremony.commitments)
    return form.commit(group, interpolate(shares, group.order), ceremony.size)


@memoised
def _summed(ceremony: Ceremony, qual: tuple[int, ...], rows: Sequence[Points]) -> Points:
    return making_of(ceremony).verification(ceremony, qual, rows)
