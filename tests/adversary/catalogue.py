"""Behaviours, one by one and composed, and what must come of each in a DKG, a reshare, a refresh.

v3 is corrupted, unless a case says otherwise, and v5 is the victim where there is one. The DKG is
5-of-7, v1 to v7. The reshare is to v2 … v6, v8 … v10, 5 of 8: so v3 deals under 3 and holds under
2, v1 and v7 leave, and three are new. The refresh is that of the first seven.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.protocol.ceremony import Operation

OPERATIONS: tuple[Operation, ...] = ("dkg", "reshare", "refresh")

Instead = Mapping[str, Mapping[str, Any]]
"""Operation → fields of a case that are different there."""

NEW_COMMITTEE = (2, 3, 4, 5, 6, 8, 9, 10)


@dataclass(frozen=True)
class Case:
    """What one corrupted validator does, and what must come of it.

    Attributes:
        behaviours: Names, composed in this order.
        proven: Its faults with proof.
        suspected: Its exclusions without.
        disputes: (dealer, accuser, kind).
        rejected: (who, kind, reason) of its transactions.
        injected: Least number of injections, all behaviours together.
        who: The corrupted validator.
        qual: Whether its deal may count.
        params: Of the last behaviour.
        ceremony: Fields of the ceremony that differ.
        only: The operations that it is played in.
        instead: What is different in some operations: fields of this.

    """

    behaviours: tuple[str, ...]
    proven: tuple[str, ...] = ()
    suspected: tuple[str, ...] = ()
    disputes: tuple[tuple[str, str, str], ...] = ()
    rejected: tuple[tuple[str, str, str], ...] = ()
    injected: int = 1
    who: str = "v3"
    qual: bool = True
    params: dict[str, Any] = field(default_factory=dict)
    ceremony: dict[str, Any] = field(default_factory=dict)
    only: tuple[Operation, ...] = OPERATIONS
    instead: Instead = field(default_factory=dict)

    def __str__(self) -> str:
        words = [*self.behaviours, *map(str, self.params.values()), *self.ceremony.values()]
        return "+".join(words)


def proven(name: str, fault: str, **params: Any) -> Case:
    """A behaviour of a dealer that its deal alone convicts."""
    return Case((name,), proven=(fault,), qual=False, params=params)


PROVING: tuple[Operation, ...] = ("dkg", "reshare")
"""Operations in which a deal has a proof: in a refresh there is nothing to prove."""

MALFORMED_IN_REFRESH: Instead = {"refresh": {"proven": ("malformed-deal",)}}
"""A proof where none belongs."""

UNLIKE_ITS_SHARES: Instead = {
    "reshare": {"proven": ("wrong-constant",)},
    "refresh": {"proven": (), "suspected": ("accused-by-t",)},
}
"""Another's points: V_0 gives it away in a reshare, and in a refresh the shares that don't fit."""


def malformed(flaw: str) -> Case:
    return Case(("malformed-response",), proven=("malformed-response",), params={"flaw": flaw})


INVALID = ("v3", "v5", "invalid")
MISSING = ("v3", "v5", "missing")
COEFFICIENTS = {"commitments": "coefficient"}
RESHARE: tuple[Operation, ...] = ("reshare",)

CASES = [
    Case(("silent-dealer",), suspected=("no-deal",), qual=False, injected=7),
    Case(
        ("stalled-start",),
        suspected=("no-deal",),
        disputes=tuple((f"v{d}", "v3", "missing") for d in (1, 2, 4, 5, 6, 7)),
        qual=False,
        injected=8,
    ),
    Case(("silent-to-some",), disputes=(MISSING,)),
    Case(("bad-share-one",), disputes=(INVALID,)),
    Case(("bad-share-many",), disputes=(INVALID,)),
    Case(("undecryptable-share",), disputes=(INVALID,)),
    Case(("undecryptable-share",), disputes=(INVALID,), params={"part": "kem"}),
    Case(("undecryptable-share",), disputes=(INVALID,), params={"part": "length"}),
    Case(("undecryptable-share", "no-justification"), suspected=("unjustified",), qual=False),
    proven("degree-high", "degree-too-high"),
    Case(("degree-high",), proven=("wrong-point-count",), qual=False, ceremony=COEFFICIENTS),
    Case(("degree-low",), injected=7),
    Case(("degree-low",), proven=("wrong-point-count",), qual=False, ceremony=COEFFICIENTS),
    Case(("silent-to-some", "degree-low"), disputes=(MISSING,), injected=8),
    proven("zero-polynomial", "invalid-point"),
    proven("non-canonical-encoding", "invalid-point", flaw="non-canonical"),
    proven("non-canonical-encoding", "invalid-point", flaw="off-curve"),
    proven("non-canonical-encoding", "invalid-point", flaw="length"),
    Case(
        ("non-canonical-encoding",),
        proven=("bad-proof",),
        qual=False,
        params={"flaw": "scalar"},
        instead=MALFORMED_IN_REFRESH,
    ),
    proven("non-canonical-encoding", "malformed-deal", flaw="body"),
    proven("small-order-point", "invalid-point", flaw="mixed"),
    proven("small-order-point", "invalid-point", flaw="small-order"),
    proven("equivocating-dealer", "equivocation"),
    Case(("bad-proof",), proven=("bad-proof",), qual=False, instead=MALFORMED_IN_REFRESH),
    Case(("proof-replay",), proven=("bad-proof",), qual=False, only=PROVING),
    Case(("wrong-slot",), proven=("bad-proof",), qual=False, only=PROVING),
    Case(("copy-dealer",), proven=("bad-proof",), qual=False, instead=UNLIKE_ITS_SHARES),
    Case(("rogue-key",), proven=("bad-proof",), qual=False, instead=UNLIKE_ITS_SHARES),
    Case(
        ("rogue-key",),
        proven=("bad-proof",),
        qual=False,
        ceremony=COEFFICIENTS,
        instead=UNLIKE_ITS_SHARES,
    ),
    Case(("false-complaint",), disputes=(("v5", "v3", "invalid"),)),
    Case(("false-complaint",), disputes=(("v5", "v3", "missing"),), params={"kind": "missing"}),
    Case(
        ("complaint-flood",), disputes=tuple((f"v{d}", "v3", "invalid") for d in (1, 2, 4, 5, 6, 7))
    ),
    Case(
        ("complaint-flood",),
        disputes=tuple((f"v{d}", "v3", "missing") for d in (1, 2, 4, 5, 6, 7)),
        params={"kind": "missing"},
    ),
    Case(("complaint-about-absent",), injected=0),
    Case(("false-opening",), injected=0),
    Case(("late-complaint",), rejected=(("v3", "response", "WrongPhase"),), injected=2),
    Case(("early-accusation",), rejected=(("v3", "response", "WrongPhase"),)),
    Case(("duplicate-complaint",), rejected=(("v3", "response", "Duplicate"),)),
    malformed("bitmap"),
    malformed("spare-bit"),
    malformed("both"),
    malformed("neither"),
    malformed("order"),
    malformed("twice"),
    malformed("own"),
    malformed("nobody"),
    malformed("short-key"),
    malformed("unreduced-key"),
    malformed("low-order-key"),
    Case(("no-justification",), injected=0),
    Case(("bad-share-one", "no-justification"), suspected=("unjustified",), qual=False),
    Case(("silent-to-some", "no-justification"), suspected=("unjustified",), qual=False),
    Case(
        ("bad-share-one", "late-justification"),
        suspected=("unjustified",),
        rejected=(("v3", "justification", "WrongPhase"),),
        injected=3,
        qual=False,
    ),
    Case(("bad-share-one", "bad-justification"), proven=("bad-justification",), qual=False),
    Case(
        ("bad-share-one", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "unreduced"},
    ),
    Case(
        ("bad-share-one", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "garbage"},
    ),
    Case(("silent-to-some", "bad-justification"), proven=("bad-justification",), qual=False),
    Case(
        ("silent-to-some", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "unreduced"},
    ),
    Case(
        ("silent-to-some", "bad-justification"),
        proven=("bad-justification",),
        qual=False,
        params={"flaw": "garbage"},
    ),
    Case(("deal-replay",), injected=6 * 6 + 6),
    Case(
        ("cross-session-mix",),
        rejected=tuple(
            ("v3", kind, "UnknownSession") for kind in ("announce", "deal", "response", "confirm")
        ),
        injected=6 + 4,
    ),
    Case(("cross-scheme-mix",), rejected=(("v3", "deal", "UnknownSession"),), injected=6 + 1),
    Case(
        ("unknown-sender",),
        rejected=tuple(("v11", kind, "NotAMember") for kind in ("announce", "deal", "response")),
        injected=7 * 3 + 3,
        who="v11",
    ),
    Case(("duplicate-commit",), rejected=(("v3", "confirm", "Duplicate"),)),
    Case(("inconsistent-result",), proven=("inconsistent-confirmation",)),
    Case(("contradictory-confirmation",), proven=("contradictory-confirmation",)),
    Case(("withhold-confirmation",)),
    Case(("off-polynomial-share",), proven=("bad-confirmation",)),
    Case(("index-map-mismatch",), proven=("bad-confirmation",)),
    Case(("bad-partial-signature",), proven=("bad-partial",)),
    Case(
        ("bad-partial-signature",),
        rejected=(("v3", "sign", "OtherList"),),
        params={"list": "other"},
    ),
    Case(("mobile-adversary",), injected=0),
    Case(("retained-share",), injected=1),
    Case(("reshare-wrong-constant",), proven=("wrong-constant",), qual=False, only=RESHARE),
    Case(("reshare-wrong-identity",), proven=("wrong-constant",), qual=False, only=RESHARE),
    Case(
        ("reshare-wrong-constant",),
        proven=("wrong-constant",),
        qual=False,
        only=RESHARE,
        ceremony=COEFFICIENTS,
    ),
    Case(
        ("reshare-leaver-accused",),
        disputes=(("v1", "v3", "invalid"), ("v7", "v3", "invalid")),
        only=RESHARE,
    ),
    Case(
        ("reshare-leaver-accused",),
        disputes=(("v1", "v9", "missing"), ("v7", "v9", "missing")),
        who="v9",
        params={"kind": "missing"},
        only=RESHARE,
    ),
    Case(("reshare-absent-newcomer",), who="v9", only=RESHARE),
    Case(("reshare-bootstrap-lie",), injected=3, only=RESHARE),
    Case(("evicted-signer",), rejected=(("v1", "sign", "NotAMember"),), who="v1", only=RESHARE),
    Case(("refresh-nonzero-sum",), proven=("wrong-constant",), qual=False, only=("refresh",)),
    Case(("oversized-message",), suspected=("no-deal",), qual=False, injected=6 + 1),
    Case(("oversized-message",), injected=6, params={"via": "wire"}),
    Case(
        ("oversized-message",),
        suspected=("no-deal",),
        qual=False,
        params={"via": "ledger"},
    ),
]
