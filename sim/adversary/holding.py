"""Behaviours with what a validator holds; numbers are those of the catalogue of faults."""

from __future__ import annotations

from collections.abc import Iterator

from sim.adversary.registry import Corruption, Occasion, behaviour
from sim.protocol.effects import Delete, Post, SendShares
from sim.protocol.messages import Announce, Deal


@behaviour()
def retained_share(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Erase nothing (67). Applies to any member, whenever it is to forget something.

    Expected: nobody can see it, and nobody is blamed. Fewer than t retained shares of one
    generation, with whatever others there are of later ones, sign nothing; t of them still do,
    which no protocol can prevent.
    """
    match effect:
        case Delete():
            return
        case _:
            yield effect


@behaviour(reads=True)
def mobile_adversary(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Let its validator be read while this lasts, and change nothing (70).

    All that the validator has in its store and memory in that time is stolen; what travels, and the
    ledger, is recorded anyway.

    Expected: nobody can see it; each secret stolen counts as an injection. The key falls to t
    shares of one generation. With refresh, fewer than t
    validators read between two activations, and transport keys of every ceremony, it doesn't.
    """
    yield effect


@behaviour()
def stalled_start(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Neither announce nor deal (54). Applies to any member.

    Expected: an attempt that too few begin fails, too-few-dealers, at the deadline of its deal
    phase; the next attempt has a new id, and no statement of the old one counts in it.
    """
    match effect:
        case Post(Announce() | Deal()) | SendShares():
            return
        case _:
            yield effect


@behaviour(twins=True)
def twin(effect: Occasion, corruption: Corruption) -> Iterator[Occasion]:  # noqa: ARG001  # a filter's signature
    """Run a second, correct copy beside the first: one key, other secrets (79). For the whole run.

    Nothing is bent: the two differ in their incarnation number, so each deals a polynomial of its
    own, under one signature.

    Expected: equivocation, proven by the two signed deals; excluded. What the second copy says
    after the first is rejected, Duplicate.
    """
    yield effect
