"""One participant of a GJKR ceremony, sans-I/O; the rules are in `gjkr`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sim.base.ids import ShareIndex
from sim.base.secret import Secret, SecretBytes, SecretScalar
from sim.crypto import pedersen
from sim.crypto.groups import get_group
from sim.crypto.polynomial import Polynomial
from sim.protocol.ceremony import Ceremony
from sim.protocol.dealing import Dealer
from sim.protocol.effects import Effect, Post, Put, SendSealed
from sim.protocol.gjkr import GjkrState, contradicts
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Deal
from sim.protocol.phases import Phase
from sim.protocol.sharing import SharingMachine
from sim.protocol.state import Notes
from sim.protocol.variant_messages import Expose, Exposed, Extract, Reconstruct


class BlindedDealer(Dealer):
    """A dealer with two polynomials: what it shares, and what hides the commitment to it."""

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        share: SecretScalar | None,
    ) -> None:
        super().__init__(context, ceremony, me, stored, share)
        self._blinding = self._load(stored.get("blinding"))

    def own_blind(self) -> SecretScalar | None:
        """Return what blinds the own share."""
        if self._blinding is None or not self._holder:
            return None
        return Secret(self._blinding.at(self._holder))

    def draw(self) -> list[Effect]:
        """Draw both polynomials, if there are none yet."""
        effects = super().draw()
        if self._blinding is None:
            draw = self._context.draw("blinding", *self._labels())
            self._blinding = Polynomial.random(draw, self._ceremony.threshold, self._group.order)
            effects.append(Put("blinding", self._stored(self._blinding)))
        return effects

    def deal(self, notes: Notes) -> Deal:
        """Commit to the polynomial under its blinding."""
        del notes
        assert self._polynomial is not None
        assert self._blinding is not None
        size = self._ceremony.size
        points = pedersen.commit(self._group, self._form, self._polynomial, self._blinding, size)
        return Deal(points, b"")

    def extraction(self) -> Extract:
        """Publish the Feldman commitment to the same polynomial."""
        assert self._polynomial is not None
        return Extract(self._form.commit(self._group, self._polynomial, self._ceremony.size))

    def seal(self, notes: Notes, shares: Mapping[ShareIndex, SecretScalar]) -> SendSealed:
        """Seal `shares` with what blinds them: none, once that is erased or was lost.

        Shares that a filter has kept back may come so late.
        """
        return super().seal(notes, shares if self._blinding is not None else {})

    def _opening(self, holder: ShareIndex, share: SecretScalar) -> SecretBytes:
        assert self._blinding is not None
        return Secret(pedersen.opening(self._group, share.reveal(), self._blinding.at(holder)))

    def keys(self) -> list[str]:
        """Names of the store's entries that are the dealer's alone."""
        return [*super().keys(), "blinding"]

    def forget(self) -> list[str]:
        """Drop every secret; return the timers to stop."""
        self._blinding = None
        return super().forget()


class GjkrMachine(SharingMachine):
    """One participant in one attempt; see `SharingMachine`."""

    def _make_dealer(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        share: SecretScalar | None,
    ) -> BlindedDealer:
        return BlindedDealer(context, ceremony, me, stored, share)

    def _act(self, state: CeremonyState) -> list[Effect]:
        assert isinstance(state, GjkrState)
        match state.phase:
            case Phase.EXTRACT:
                return self._extract(state)
            case Phase.EXPOSE:
                return self._expose(state)
            case Phase.RECONSTRUCT:
                return self._reconstruct(state)
            case _:
                return super()._act(state)

    def _extract(self, state: GjkrState) -> list[Effect]:
        """Step 4(a): publish V_{d,x}, if this dealer is in QUAL and still knows its polynomial."""
        dealer = self._dealer
        if dealer is None or dealer.me not in state.contributors or not dealer.has_polynomial:
            return []
        assert isinstance(dealer, BlindedDealer)
        return [Post(dealer.extraction())] if self._once("extract") else []

    def _expose(self, state: GjkrState) -> list[Effect]:
        """Step 4(b): expose this holder's shares of who is silent, flawed, or wrong about them."""
        if self._holder is None or not self._once("expose"):
            return []
        return [Post(Expose(self._exposed(state, state.contributors)))]

    def _reconstruct(self, state: GjkrState) -> list[Effect]:
        """Step 4(c): expose the other shares of who was shown to be wrong."""
        if self._holder is None:
            return []
        me = self._holder.me
        needed = [d for d in state.lacking() if me not in dict(state.known(d))]
        shares = self._exposed(state, needed)
        return [Post(Reconstruct(shares))] if shares and self._once("reconstruct") else []

    def _exposed(self, state: GjkrState, dealers: Iterable[int]) -> tuple[Exposed, ...]:
        """Return the shares that are here of those `dealers` whose extraction isn't theirs."""
        assert self._holder is not None
        if self._dealer is not None:
            holdings = self._holder.holdings
            holdings.hold_own(self._dealer.own_share(), self._dealer.own_blind())
        group, found = get_group(self.ceremony.scheme), []
        for dealer in dealers:
            self._holder.holdings.gather(state, [dealer])
            opening = self._holder.holdings.opening(dealer)
            if opening is None:
                continue
            data = pedersen.opening(group, *(scalar.reveal() for scalar in opening))
            if dealer in state.revealed or self._is_wronged(state, dealer, data):
                found.append(Exposed(dealer, data))
        return tuple(found)

    def _is_wronged(self, state: GjkrState, dealer: int, opening: bytes) -> bool:
        assert self._holder is not None
        points = state.extractions[dealer].points
        assert points is not None
        return contradicts(self.ceremony, points, self._holder.me, opening)
