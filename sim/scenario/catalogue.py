"""Names that lower layers define and scenarios choose from, imported when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sim.adversary.registry import Behaviour

LEDGER_NAME: Final = "ledger"
"""The pseudo-node that stands for the ledger in partitions and isolations."""

WORD_SELECTORS: Final = ("*", "honest", "adversary", "standby")
"""Selectors that are one word."""

RESERVED: Final = frozenset({LEDGER_NAME, "honest", "adversary", "standby", "committee", "region"})
"""Names that no validator may have: they mean something else in a selector."""

PROVEN: Final = (
    "wrong-reveal",
    "malformed-deal",
    "wrong-point-count",
    "invalid-point",
    "wrong-constant",
    "bad-proof",
    "degree-too-high",
    "equivocation",
    "malformed-response",
    "bad-share",
    "bad-justification",
    "false-opening",
    "bad-extraction",
    "false-exposure",
    "contradictory-confirmation",
    "inconsistent-confirmation",
    "bad-confirmation",
    "bad-partial",
)
"""Faults that the ledger's bytes prove."""

UNPROVEN: Final = ("no-deal", "unjustified", "accused-by-t", "no-extraction")
"""What nothing proves."""

REASONS: Final = (
    "too-few-dealers",
    "identity-key",
    "too-few-confirmations",
    "too-few-signers",
    "too-few-exposures",
    "aborted",
    "rolled-back",
)
"""Why an attempt can fail."""


def behaviours() -> Mapping[str, Behaviour]:
    """Return the behaviours of adversaries by name."""
    from sim.adversary import BEHAVIOURS

    return BEHAVIOURS


def protocols() -> tuple[str, ...]:
    """Return the names of the protocols that create keys."""
    from sim.protocol.variants import names

    return names()


def reasons() -> tuple[str, ...]:
    """Return why attempts can fail, under protocols from outside too."""
    from sim.protocol.variants import VARIANTS

    own = (reason for known in VARIANTS.values() for reason in known.reasons)
    return tuple(dict.fromkeys([*REASONS, *own]))


def proven() -> tuple[str, ...]:
    """Return the faults that the ledger's bytes prove, those of protocols from outside too."""
    from sim.protocol.variants import VARIANTS

    own = (fault for known in VARIANTS.values() for fault in known.checks)
    return tuple(dict.fromkeys([*PROVEN, *own]))


def protocol_form(protocol: str) -> str:
    """Return the one form of commitments that a protocol takes, or empty if any will do."""
    from sim.protocol.variants import variant

    return variant(protocol).form


def profiles() -> tuple[str, ...]:
    """Return the names of the network profiles."""
    from sim.network.profiles import PROFILES

    return tuple(PROFILES)


def regions(profile: str) -> tuple[str, ...]:
    """Return the regions of a profile in its order; none if it has no geography."""
    from sim.network.profiles import regions_of

    return regions_of(profile)


def events() -> Mapping[str, str]:
    """Return what triggers can wait for: names and what they mean."""
    from sim.validator.events import EVENTS

    return EVENTS


def cost_models() -> tuple[str, ...]:
    """Return the names of the cost models."""
    from sim.validator.costs import cost_models

    return tuple(cost_models())


def operations() -> tuple[str, ...]:
    """Return the operations that cost models price."""
    from sim.validator.costs import OPERATIONS

    return OPERATIONS


def group_schemes() -> tuple[str, ...]:
    """Return the schemes for which cost models may have figures of their own."""
    from sim.validator.costs import SCHEMES

    return SCHEMES
