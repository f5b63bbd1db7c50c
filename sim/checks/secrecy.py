"""How many points of each dealer's polynomial the adversary can have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sim.checks.observation import Observation, title
from sim.checks.registry import Finding, check
from sim.checks.statements import statements
from sim.protocol.ceremony import Ceremony
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Justification, OpenReply

Published = dict[int, dict[int, int]]
"""Dealer → holder → height at which the ledger first showed the holder's share."""


@check
def secrecy(observation: Observation) -> Iterator[Finding]:
    """For every honest dealer, holders corrupted or with a published share are fewer than t.

    [protocols, "Conventions" and step 3; GJKR07, Lemma 1 (secrecy).]

    A share is public when the ledger shows it in the clear, or the seeds that open the reply which
    holds it. Per attempt, since every attempt draws fresh polynomials. Once all honest dealers in
    QUAL are known, so is the key.
    """
    for state in observation.ceremonies:
        published = _published(observation, state.ceremony)
        corrupted: set[int] = {
            member.index for member in state.ceremony.members if observation.view(member).corrupted
        }
        hidden = []
        for dealer in sorted(set(state.deals) - corrupted):
            shown = published.get(dealer, {})
            if len(corrupted | shown.keys()) < state.ceremony.threshold:
                hidden.append(dealer)
            else:
                yield _exposed(observation, state, dealer, corrupted, shown)
        if state.qual and not set(hidden) & set(state.qual):
            yield Finding(
                f"{title(state)}: no honest dealer in QUAL is hidden, so the key is known",
                observation.at_us(state.fixed_at),
            )


def _exposed(
    observation: Observation,
    state: CeremonyState,
    dealer: int,
    corrupted: set[int],
    shown: dict[int, int],
) -> Finding:
    ceremony = state.ceremony
    missing = ceremony.threshold - len(corrupted)
    heights = sorted(height for holder, height in shown.items() if holder not in corrupted)
    # With t corrupted holders the polynomial is known as soon as it is dealt.
    at_us = observation.at_us(heights[missing - 1] if missing > 0 else state.deal_end)
    public = ", ".join(ceremony.member(holder).name for holder in sorted(shown)) or "none"
    name = ceremony.member(dealer).name
    return Finding(
        f"{title(state)}: the polynomial of {name} is known: {len(corrupted)} corrupted holders, "
        f"shares published of {public}; t = {ceremony.threshold}",
        at_us,
        name,
    )


def _published(observation: Observation, ceremony: Ceremony) -> Published:
    """Read from the ledger whose shares became public, by dealer."""
    shown: Published = defaultdict(dict)
    for said in statements(observation):
        speaker = ceremony.by_identity.get(said.principal)
        if speaker is None or (said.session, said.attempt) != (ceremony.session, ceremony.attempt):
            continue
        match said.statement:
            case Justification(replies):
                for reply in replies:
                    if reply.kind == "clear":
                        shown[speaker.index].setdefault(reply.accuser, said.height)
            case OpenReply(openings):
                for opening in openings:
                    if opening.seeds:
                        shown[opening.dealer].setdefault(speaker.index, said.height)
            case _:
                pass
    return shown
