"""How many points of each dealer's polynomial the adversary can have, and what that gives away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sim.checks.observation import GenerationId, Observation, Period, id_of, title
from sim.checks.registry import Finding, check
from sim.checks.statements import Said, by_attempt
from sim.protocol.ceremony import Ceremony
from sim.protocol.gjkr import GjkrState
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Justification, OpenReply
from sim.protocol.variant_messages import Expose, Reconstruct

Published = dict[int, dict[int, int]]
"""Dealer → holder → height at which the ledger first showed the holder's share."""


@check
def secrecy(observation: Observation) -> Iterator[Finding]:
    """For every honest dealer, holders corrupted or with a published share are fewer than t.

    [protocols, "Conventions" and step 3; GJKR07, Lemma 1 (secrecy).]

    An honest dealer that is late with its extraction in GJKR is exposed by the protocol itself, and
    counts as known.

    A share is public when the ledger shows it in the clear, or the seeds that open the reply which
    holds it. Per attempt, since every attempt draws fresh polynomials. Once all honest dealers in
    QUAL are known, so is the key. Of a sharing of zero one point is known to everybody.
    """
    said = by_attempt(observation)
    for state in observation.ceremonies:
        if state.ceremony.operation in ("repair", "generate"):
            # Masks are points of no polynomial: see `repaired_shares_stay_hidden`. A single party
            # deals to nobody.
            continue
        shown = said.get(id_of(state), ())
        exposure = Exposure(observation, state, shown)
        yield from exposure.findings()


@check
def repaired_shares_stay_hidden(observation: Observation) -> Iterator[Finding]:
    """Of an honest member's repaired share everybody else lacks at least one helper's sum.

    [protocols, "Repair": publishing a sum in the clear with t − 1 corrupted helpers gives the share
    away.]

    If all t helpers are corrupted, they have t shares anyway.
    """
    said = by_attempt(observation)
    for state in observation.ceremonies:
        ceremony = state.ceremony
        if ceremony.operation != "repair" or not state.qual:
            continue
        life, target = observation.lifetime(state), ceremony.member(ceremony.target)
        if observation.view(target).corrupted_in(life):
            continue
        corrupted = {d.index for d in ceremony.dealers if observation.view(d).corrupted_in(life)}
        shown = _published(ceremony, said.get(id_of(state), ()))
        open_sums = {dealer for dealer, holders in shown.items() if target.index in holders}
        known = corrupted | open_sums
        if open_sums and known >= set(ceremony.helpers):
            yield Finding(
                f"{title(state)}: every helper's sum is known, so is the share of {target.name}",
                observation.at_us(state.ended_at),
                target.name,
            )


@check
def generations_stay_hidden(observation: Observation) -> Iterator[Finding]:
    """Of every generation fewer than t shares are known, of the corrupted and of exposed dealers.

    [protocols, "Reshare": secrecy over all attempts of one old generation; "Refresh": a validator
    corrupted during a refresh counts in both epochs.]

    Corrupted holders count if they are so at any time from the attempt that made the generation to
    the activation of the next. Every attempt that reshares it, activated or not, shares the same
    old shares out: whoever knows a dealer's polynomial has its share.
    """
    said = by_attempt(observation)
    for identity, (made, *_) in observation.generations.items():
        ceremony, life = made.ceremony, observation.lifetime(made)
        known: dict[int, int] = {
            m.index: max(life.from_us, observation.view(m).corrupted_from(life))
            for m in ceremony.members
            if observation.view(m).corrupted_in(life)
        }
        for state in _reshares(observation, identity):
            shown = said.get(id_of(state), ())
            for dealer in Exposure(observation, state, shown).exposed:
                known.setdefault(dealer, observation.at_us(state.deal_end))
        if len(known) >= ceremony.threshold:
            names = ", ".join(ceremony.member(holder).name for holder in sorted(known))
            enough = ceremony.threshold - 1
            yield Finding(
                f"{title(made)}: the shares of {names} are known, t = {ceremony.threshold}: so is "
                "the key",
                max(observation.at_us(made.ended_at), sorted(known.values())[enough]),
            )


def _reshares(observation: Observation, identity: GenerationId) -> Iterator[CeremonyState]:
    """Yield the attempts that deal the shares of a generation out, in order of opening."""
    for state in observation.ceremonies:
        ceremony, base = state.ceremony, state.ceremony.base
        if ceremony.operation != "reshare" or base is None:
            continue
        if (ceremony.key, ceremony.era, base.generation) == identity:
            yield state


class Exposure:
    """What the adversary has of the polynomials of one attempt.

    Args:
        observation: The run.
        state: The attempt.
        said: Its statements, in ledger order.

    """

    def __init__(
        self, observation: Observation, state: CeremonyState, said: Iterable[Said]
    ) -> None:
        self._observation = observation
        self._state = state
        self._published = _published(state.ceremony, said)
        ceremony, life = state.ceremony, observation.lifetime(state)
        during = Period(
            life.from_us, None if state.ended_at is None else observation.at_us(state.ended_at)
        )
        self._corrupted = {
            m.index for m in ceremony.members if observation.view(m).corrupted_in(during)
        }
        dealers = {d.index for d in ceremony.dealers if observation.view(d).corrupted_in(life)}
        self._honest = [dealer for dealer in sorted(state.deals) if dealer not in dealers]

    @property
    def exposed(self) -> set[int]:
        """Honest dealers whose polynomial is known."""
        return {dealer for dealer in self._honest if not self._hidden(dealer)}

    def _hidden(self, dealer: int) -> bool:
        ceremony = self._state.ceremony
        shown = self._published.get(dealer, {})
        known = len(self._corrupted | shown.keys())
        # Everybody knows that f(0) = 0 in a refresh. Corrupted holders alone count in both
        # generations anyway: only together with published shares is it one point more.
        if ceremony.operation == "refresh" and shown.keys() - self._corrupted:
            known += 1
        return known < ceremony.threshold

    def findings(self) -> Iterator[Finding]:
        """Yield the dealers that are known, and what follows for the key."""
        state = self._state
        by_protocol = state.revealed.keys() if isinstance(state, GjkrState) else set[int]()
        for dealer in self._honest:
            if not self._hidden(dealer) and dealer not in by_protocol:
                yield self._exposure_of(dealer)
        hidden = set(self._honest) - self.exposed
        if not state.qual or hidden & set(state.qual):
            return
        fixed_us = self._observation.at_us(state.fixed_at)
        if state.ceremony.operation == "refresh":
            yield Finding(
                f"{title(state)}: no honest dealer in QUAL is hidden, so new shares follow from "
                "old ones",
                fixed_us,
            )
        elif state.ceremony.operation != "reshare":
            yield Finding(
                f"{title(state)}: no honest dealer in QUAL is hidden, so the key is known",
                fixed_us,
            )

    def _exposure_of(self, dealer: int) -> Finding:
        observation, state, ceremony = self._observation, self._state, self._state.ceremony
        shown = self._published.get(dealer, {})
        missing = ceremony.threshold - len(self._corrupted)
        heights = sorted(h for holder, h in shown.items() if holder not in self._corrupted)
        # With t corrupted holders the polynomial is known as soon as it is dealt.
        last = heights[min(missing, len(heights)) - 1] if missing > 0 else state.deal_end
        public = ", ".join(ceremony.member(holder).name for holder in sorted(shown)) or "none"
        name = ceremony.dealer_by_index[dealer].name
        return Finding(
            f"{title(state)}: the polynomial of {name} is known: {len(self._corrupted)} corrupted "
            f"holders, shares published of {public}; t = {ceremony.threshold}",
            observation.at_us(last),
            name,
        )


def _published(ceremony: Ceremony, said: Iterable[Said]) -> Published:
    """Read from the ledger whose shares became public, by dealer."""
    shown: Published = defaultdict(dict)
    for one in said:
        match one.statement:
            case Justification(replies):
                dealer = ceremony.dealer_by_identity.get(one.principal)
                for reply in replies if dealer else ():
                    if reply.kind == "clear":
                        assert dealer is not None
                        shown[dealer.index].setdefault(reply.accuser, one.height)
            case OpenReply(openings):
                holder = ceremony.by_identity.get(one.principal)
                for opening in openings if holder else ():
                    if opening.seeds:
                        assert holder is not None
                        shown[opening.dealer].setdefault(holder.index, one.height)
            case Expose(shares) | Reconstruct(shares):
                holder = ceremony.by_identity.get(one.principal)
                for share in shares if holder else ():
                    assert holder is not None
                    shown[share.dealer].setdefault(holder.index, one.height)
            case _:
                pass
    return shown
