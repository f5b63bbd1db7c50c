"""The catalogue of faults: all 80 rows, how each is played, and what must honestly come of it.

Outcomes are predictions: ``A`` attributed with evidence that a third party can re-verify, ``D``
detected without proof, ``X`` the culprit excluded and the ceremony succeeds, ``dispute`` recorded
between two validators of whom nobody is blamed, ``AB`` an attempt aborted while the previous key
still works, ``I`` no effect. In a repair every helper is needed, so whoever is excluded from one
aborts the attempt, and the next one asks others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

How: TypeAlias = Literal["behaviour", "network", "ledger", "process", "configuration", "excluded"]

Stage: TypeAlias = Literal["dkg", "reshare", "refresh", "repair", "signing"]

STAGES: Final[tuple[Stage, ...]] = ("dkg", "reshare", "refresh", "repair", "signing")


@dataclass(frozen=True, slots=True)
class Row:
    """One fault of the catalogue.

    Attributes:
        number: Its row, 1 to 80.
        name: What it is called.
        how: What plays it: a behaviour's filter, a rule of the network or of the ledger, a fault of
            a process; or nothing: its configuration is refused, or the model excludes it.
        plays: The behaviours by name, several on one validator; else the timeline's actions, or the
            scenario's keys, that make it.
        scenario: Name of a shipped scenario that shows it, of a refused file, or empty.
        outcome: What must come of it, in words.
        predicted: Codes by ceremony; it can't happen in those that are missing.

    """

    number: int
    name: str
    how: How
    plays: tuple[str, ...]
    scenario: str
    outcome: str
    predicted: Mapping[Stage, str]


def _row(
    number: int,
    name: str,
    outcome: str,
    predicted: str,
    *plays: str,
    how: How = "behaviour",
    scenario: str = "",
) -> Row:
    """Read codes such as ``dkg reshare: A X; repair: A AB``."""
    codes: dict[Stage, str] = {}
    for part in filter(None, predicted.split("; ")):
        stages, _, said = part.partition(": ")
        codes |= {stage: said for stage in STAGES if stage in stages.split()}
    known = MappingProxyType(codes)
    return Row(number, name, how, plays or (name,), scenario or name, outcome, known)


_CONVICTED: Final = "dkg reshare refresh: A X; repair: A AB"
_PROOFS: Final = "dkg reshare: A X"
_NOTHING: Final = "dkg reshare refresh repair: I"
_DISPUTED: Final = "dkg reshare refresh repair: dispute"
_ALONE: Final = "dkg reshare refresh: A; repair: A AB"
_NAMED: Final = "dkg reshare refresh repair: A"

ROWS: Final[tuple[Row, ...]] = (
    _row(
        1,
        "silent-dealer",
        "no-deal, not provable; excluded",
        "dkg reshare refresh: D X; repair: D AB",
    ),
    _row(2, "silent-to-some", "missing; answered sealed: a dispute", _DISPUTED),
    _row(3, "bad-share-one", "invalid; answered well: stays, a dispute", _DISPUTED),
    _row(
        4,
        "bad-share-many",
        "out when t say invalid; no honest holder's share is published",
        "dkg reshare refresh: D X; repair: dispute",
    ),
    _row(5, "undecryptable-share", "invalid; as row 3", _DISPUTED),
    _row(6, "degree-high", "degree-too-high; excluded", "dkg reshare refresh: A X"),
    _row(7, "degree-low", "tolerated in the evaluation form", "dkg reshare refresh: I"),
    _row(8, "zero-polynomial", "invalid-point; excluded", _CONVICTED),
    _row(9, "identity-group-key", "identity-key; the next attempt makes a key", "dkg: AB"),
    _row(
        10,
        "cancelled-leading-coefficient",
        "tolerated; a later reshare works; alone it knows no shares that fit",
        "dkg: I",
    ),
    _row(11, "non-canonical-encoding", "invalid-point; excluded", _CONVICTED),
    _row(12, "small-order-point", "invalid-point; excluded", _CONVICTED),
    _row(
        13,
        "index-zero",
        "refused when the scenario is loaded",
        "",
        "keys.NAME.indices",
        how="configuration",
    ),
    _row(
        14,
        "duplicate-index",
        "refused when the scenario is loaded",
        "",
        "keys.NAME.indices",
        how="configuration",
    ),
    _row(15, "unknown-sender", "ignored; statements rejected, NotAMember", _NOTHING),
    _row(16, "wrong-slot", "bad-proof; excluded", _PROOFS),
    _row(17, "equivocating-dealer", "equivocation, by both signed deals; excluded", _CONVICTED),
    _row(
        18,
        "honest-retry",
        "the same deal again; nobody blamed",
        _NOTHING,
        "crash",
        how="process",
    ),
    _row(
        19,
        "copy-dealer",
        "bad-proof; wrong-constant in a reshare; shares that fit nothing in a refresh",
        "dkg reshare: A X; refresh: D X; repair: A AB",
    ),
    _row(
        20,
        "rogue-key",
        "bad-proof; wrong-constant in a reshare; shares that fit nothing in a refresh",
        "dkg reshare: A X; refresh: D X; repair: A AB",
    ),
    _row(
        21,
        "key-bias-rusher",
        "nobody can see it; measured: chooses a bit of the key, but not under extraction",
        "dkg: I",
        "grinder",
        "drop-out-rusher",
        scenario="grinder",
    ),
    _row(
        22,
        "bad-proof",
        "bad-proof; malformed-deal where there is nothing to prove; excluded",
        _CONVICTED,
    ),
    _row(23, "proof-replay", "bad-proof; excluded", _PROOFS),
    _row(24, "deal-replay", "ignored; the victim isn't blamed", _NOTHING),
    _row(25, "cross-session-mix", "ignored, UnknownSession; no fault", _NOTHING),
    _row(26, "cross-scheme-mix", "ignored, UnknownSession; no fault", _NOTHING),
    _row(27, "false-complaint", "answered well: the dealer stays, a dispute", _DISPUTED),
    _row(28, "complaint-flood", "all stay; no honest holder's share is published", _DISPUTED),
    _row(
        29,
        "complaint-coalition",
        "the key stays secret with sealed justifications, and falls with clear ones",
        "dkg reshare refresh: dispute",
        "complaint-flood",
    ),
    _row(30, "late-complaint", "rejected, WrongPhase", _NOTHING),
    _row(31, "early-accusation", "rejected, WrongPhase", _NOTHING),
    _row(32, "duplicate-complaint", "rejected, Duplicate", _NOTHING),
    _row(33, "malformed-response", "malformed-response by the accuser; counts as posted", _NAMED),
    _row(
        34,
        "complaint-about-absent",
        "dropped alone; the Response stands",
        "dkg reshare refresh: D X",
        "complaint-about-absent",
        "silent-dealer",
    ),
    _row(
        35,
        "false-opening",
        "false-opening by the accuser; the dealer stays",
        "dkg reshare refresh repair: A dispute",
        "false-opening",
        "silent-to-some",
    ),
    _row(
        36,
        "bad-justification",
        "bad-justification, in the clear or opened; excluded",
        _CONVICTED,
        "bad-share-one",
        "bad-justification",
    ),
    _row(
        37,
        "no-justification",
        "unjustified, not provable; excluded",
        "dkg reshare refresh: D X; repair: D AB",
        "bad-share-one",
        "no-justification",
    ),
    _row(
        38,
        "late-justification",
        "WrongPhase; unjustified, excluded",
        "dkg reshare refresh: D X; repair: D AB",
        "bad-share-one",
        "late-justification",
    ),
    _row(
        39,
        "contradictory-confirmation",
        "contradictory-confirmation, by both",
        _NAMED,
    ),
    _row(
        40,
        "response-delayed",
        "one outcome for all, never two keys",
        _NOTHING,
        "delay-ledger",
        how="ledger",
    ),
    _row(
        41,
        "duplicate-and-reorder",
        "idempotent",
        "dkg reshare refresh repair signing: I",
        "network.duplicate",
        "network.reorder",
        how="network",
    ),
    _row(42, "early-message", "kept until its time", _NOTHING, "link", how="network"),
    _row(
        43,
        "share-after-deadline",
        "the Response counts: answered sealed, a dispute",
        _DISPUTED,
        "hold",
        how="network",
    ),
    _row(
        44,
        "partition-heal",
        "completes or aborts, the same for all",
        "dkg reshare refresh repair signing: I",
        "partition",
        how="network",
    ),
    _row(45, "crash-before-deal", "comes back and deals", _NOTHING, "crash", how="process"),
    _row(46, "crash-after-deal", "resumes from store and ledger", _NOTHING, "crash", how="process"),
    _row(
        47,
        "crash-before-save",
        "recovers, or is marked shareless and repaired",
        "dkg reshare refresh: I",
        "crash",
        how="process",
    ),
    _row(
        48,
        "total-shutdown",
        "resumes, or the next attempt does it",
        "dkg reshare refresh repair signing: I",
        "crash",
        how="process",
    ),
    _row(
        49,
        "clock-skew",
        "retransmissions move, and nothing else",
        "dkg reshare refresh repair: I",
        "skew",
        how="process",
    ),
    _row(
        50,
        "oversized-message",
        "refused by length; no deal on the ledger: excluded without proof",
        "dkg reshare refresh: D X; repair: D AB",
    ),
    _row(
        51,
        "ledger-view-equivocation",
        "consensus is idealised: one chain for all, and forks aren't modelled",
        "",
        "",
        how="excluded",
    ),
    _row(
        52,
        "censored-transaction",
        "a suspicion, never a proof",
        "dkg reshare refresh: D X; repair: D AB",
        "censor",
        how="ledger",
    ),
    _row(
        53,
        "withhold-confirmation",
        "the quorum of the others confirms; without the one that is repaired it aborts",
        "dkg reshare refresh: I; repair: AB",
    ),
    _row(
        54,
        "stalled-start",
        "too-few-dealers at the deadline; the next attempt has a new number",
        "dkg reshare refresh repair: D AB",
    ),
    _row(55, "duplicate-commit", "rejected, Duplicate", _NOTHING),
    _row(56, "inconsistent-result", "inconsistent-confirmation; doesn't count", _ALONE),
    _row(57, "reshare-wrong-constant", "wrong-constant; the key is kept", "reshare: A X"),
    _row(58, "reshare-wrong-identity", "wrong-constant; the key is kept", "reshare: A X"),
    _row(
        59,
        "reshare-absent-dealers",
        "t of the old are enough",
        "reshare: D X",
        "silent-dealer",
    ),
    _row(
        60,
        "reshare-too-few-dealers",
        "aborts; the old group still signs",
        "reshare: D AB",
        "silent-dealer",
    ),
    _row(61, "reshare-stale-share", "wrong-constant, or bad-proof; excluded", "reshare: A X"),
    _row(62, "reshare-bootstrap-lie", "newcomers read the ledger", "reshare: I"),
    _row(
        63,
        "reshare-threshold-downgrade",
        "refused when the scenario is loaded; on the ledger there is no such field",
        "",
        "timeline.old_threshold",
        how="configuration",
        scenario="threshold-downgrade",
    ),
    _row(
        64,
        "reshare-leaver-accused",
        "the leaver answers: disputes, nobody blamed",
        "reshare: dispute",
    ),
    _row(65, "reshare-absent-newcomer", "the quorum of the others confirms", "reshare: I"),
    _row(
        66,
        "reshare-partial-save",
        "decided on the ledger before any erasure; who lost its share is repaired",
        "reshare: I",
        "crash",
        how="process",
    ),
    _row(
        67,
        "reshare-retained-share",
        "fewer than t old shares sign nothing; t still do: a limit",
        "reshare refresh: I",
        "retained-share",
        scenario="retained-shares",
    ),
    _row(
        68,
        "reshare-cancelled",
        "a new attempt; old messages ignored",
        "reshare: AB",
        "rollback",
        how="ledger",
    ),
    _row(
        69,
        "reshare-fails-repeatedly",
        "the old output is carried",
        "reshare: D AB",
        "partition",
        how="network",
    ),
    _row(
        70,
        "mobile-adversary",
        "safe with refresh and transport keys of every ceremony; falls without either",
        "dkg reshare refresh repair signing: I",
        scenario="mobile-with-refresh",
    ),
    _row(71, "refresh-nonzero-sum", "wrong-constant; the key is kept", "refresh: A X"),
    _row(72, "repair-wrong-delta", "wrong-constant; the next attempt asks others", "repair: A AB"),
    _row(
        73,
        "weight-zero",
        "refused when the scenario is loaded",
        "",
        "validators.stake",
        how="configuration",
    ),
    _row(
        74,
        "bad-partial-signature",
        "bad-partial, out of the session; over another list ignored",
        "dkg reshare refresh signing: A",
    ),
    _row(75, "evicted-signer", "rejected, NotAMember", "reshare: I"),
    _row(76, "nonce-reuse", "refused: a pair is spent by its first list", "signing: I"),
    _row(77, "off-polynomial-share", "bad-confirmation", _ALONE),
    _row(78, "index-map-mismatch", "bad-confirmation", "dkg reshare refresh: A"),
    _row(79, "twin", "as equivocation, with no attack code", _CONVICTED),
    _row(
        80,
        "slow-and-paused",
        "resumes, or is repaired",
        "dkg reshare refresh repair signing: I",
        "slow",
        "pause",
        "disk-fault",
        "crash",
        how="process",
    ),
)
"""By number."""

BY_NAME: Final[Mapping[str, Row]] = MappingProxyType({row.name: row for row in ROWS})


def rows_of(behaviour: str) -> tuple[Row, ...]:
    """Return the rows that a behaviour plays, alone or with others."""
    return tuple(row for row in ROWS if row.how == "behaviour" and behaviour in row.plays)
