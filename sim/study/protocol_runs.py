"""What each way of making a key costs, and what it survives: runs of a small committee.

Costs are those of a run in which nothing is wrong: ledger, sealed shares, activation and a test
signature included. Whatever is wrong lasts for the whole run, so that an attempt that it spoils is
spoilt every time: what is left to see is whether there is a key in spite of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sim.scenario.load import load_text, resolve
from sim.scenario.toml_text import document
from sim.world.outcome import RunOutcome
from sim.world.runner import run_plan
from sim.world.summary import summarise

PROTOCOLS: Final = ("pedersen", "gjkr", "commit-reveal", "frost")

SIZES: Final = ((5, 3), (7, 5), (16, 11))
"""(n, t) of the committees whose costs are shown."""

LIAR: Final = "v02"
VICTIM: Final = "v03"

Record = dict[str, Any]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong.

    Attributes:
        name: In words.
        behaviours: What `LIAR` does.
        entries: Timeline entries, on top of that.
        params: Of the behaviours.
        liars: Who misbehaves, if it isn't `LIAR` alone.

    """

    name: str
    behaviours: tuple[str, ...] = ()
    entries: tuple[Record, ...] = ()
    params: tuple[tuple[str, Any], ...] = ()
    liars: tuple[str, ...] = (LIAR,)


_AIMED: Final = (("victims", [VICTIM]),)


def _gone(node: str, event: str) -> Record:
    """Return the entry by which a validator is lost for good as soon as it has said something."""
    return {"when": {"event": event, "node": node}, "do": "crash", "node": node, "lose": "nothing"}


TROUBLES: Final = (
    Trouble("nothing"),
    Trouble("a dealer is silent", ("silent-dealer",)),
    Trouble("a dealer deals a polynomial of too high a degree", ("degree-high",)),
    Trouble("a dealer signs two deals", ("equivocating-dealer",)),
    Trouble("a dealer deals last, minus what the others have dealt", ("rogue-key",)),
    Trouble("a dealer sees all deals and chooses its own out of eight", ("grinder",)),
    Trouble("a share is bad", ("bad-share-one",), params=_AIMED),
    Trouble(
        "a share is bad, and its dealer doesn't answer",
        ("bad-share-one", "no-justification"),
        params=_AIMED,
    ),
    Trouble("a share isn't sent", ("silent-to-some",), params=_AIMED),
    Trouble(
        "a share is lost between honest validators",
        entries=(
            {"at": "0s", "do": "link", "from": [LIAR], "to": [VICTIM], "loss": "100%"},
            {"at": "0s", "do": "link", "from": [VICTIM], "to": [LIAR], "loss": "100%"},
        ),
    ),
    Trouble("a holder complains about a good share", ("false-complaint",), params=_AIMED),
    Trouble("a holder's response breaks its form", ("malformed-response",)),
    Trouble("a dealer is lost after its deal", entries=(_gone(LIAR, "deal-submitted"),)),
    Trouble("a dealer is lost after its response", entries=(_gone(LIAR, "response-submitted"),)),
    Trouble("a holder withholds its confirmation", ("withhold-confirmation",)),
    Trouble(
        "two are lost after their responses: more than f* = 1",
        entries=(_gone(LIAR, "response-submitted"), _gone(VICTIM, "response-submitted")),
    ),
)
"""In the order of the page."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of making a key: the settings of `[keys]` that differ from their defaults."""

    name: str
    settings: tuple[tuple[str, str], ...] = ()


WAYS: Final = (
    *(Way(name, (("protocol", name),)) for name in PROTOCOLS),
    Way("pedersen, provable", (("complaints", "provable"),)),
)
"""Columns of what is survived."""

MODES: Final = (
    Way("pedersen"),
    Way("pedersen, coefficients", (("commitments", "coefficient"),)),
    Way("pedersen, provable", (("complaints", "provable"),)),
    Way("gjkr", (("protocol", "gjkr"),)),
    Way("gjkr, coefficients", (("protocol", "gjkr"), ("commitments", "coefficient"))),
)
"""Rows of what settings cost."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took, over the whole committee.

    Attributes:
        statements: Transactions of members on the ledger, the record of the test signature aside.
        shares: Sealed shares, first transmissions.
        payload: Bytes of shares, commitments and proofs.
        total: Bytes of everything: payload, control and overhead.
        base: Multiplications of the generator, charged per validator on average.
        other: Multiplications of other points, alike.
        terms: Terms of combinations of many points, alike.
        heights: From the first of the ceremony to the one of its activation.

    """

    statements: int
    shares: int
    payload: int
    total: int
    base: float
    other: float
    terms: float
    heights: int


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a key in spite of a trouble.

    Attributes:
        made_at: The attempt that made the key, 0 if none did.
        without: Whose deals don't count, if there is a key.
        proven: (who, fault), by bytes that anyone may check.
        suspected: The same without proof.
        disputes: (dealer, accuser) of whom one lies, or neither.
        reason: Why there is none, of the last attempt.
        broken: Invariants that broke.
        injected: How often anything was changed by whoever misbehaves.

    """

    made_at: int
    without: tuple[str, ...]
    proven: tuple[tuple[str, str], ...]
    suspected: tuple[tuple[str, str], ...]
    disputes: tuple[tuple[str, str], ...]
    reason: str
    broken: tuple[str, ...]
    injected: int


def staged(way: Way, n: int, t: int, trouble: Trouble = TROUBLES[0]) -> str:
    """Return the scenario, TOML."""
    adversary: list[Record] = []
    if trouble.behaviours:
        entry: Record = {"nodes": list(trouble.liars), "behaviour": list(trouble.behaviours)}
        adversary = [{**entry, "params": dict(trouble.params)} if trouble.params else entry]
    key = {"scheme": "ED25519", "threshold": t, "faults": 1, "attempts": 2, **dict(way.settings)}
    tables: Record = {
        "schema": 1,
        "name": "protocols",
        "run": {"seed": 1},
        "validators": {"n": n},
        "network": {"profile": "ideal"},
        "keys": {"beacon": key},
        "timeline": [{"at": "0s", "do": "create-key", "key": "beacon"}, *trouble.entries],
        "adversary": adversary,
    }
    return document(tables)


def cost(way: Way, n: int, t: int, trouble: Trouble = TROUBLES[0]) -> Cost:
    """Return what a run took in which `trouble` is all that is wrong."""
    outcome, summary = _run(staged(way, n, t, trouble))
    said = sum(len(one["statements"]) for one in summary["ceremonies"])
    amounts = summary["bytes"]
    (attempt,) = summary["ceremonies"]
    return Cost(
        statements=said,
        shares=summary["messages"]["shares"],
        payload=sum(amounts[f"payload.{what}"] for what in ("shares", "commitments", "proofs")),
        total=sum(amounts.values()),
        base=_mean(outcome, "exp.base"),
        other=_mean(outcome, "exp.full"),
        terms=_mean(outcome, "combine.128.terms", "combine.full.terms"),
        heights=attempt["end"] - attempt["start"] + 1,
    )


def _mean(outcome: RunOutcome, *meters: str) -> float:
    """Return what was charged per validator, on average."""
    counts = [charged.get(meter, 0) for charged in outcome.charged.values() for meter in meters]
    return sum(counts) / len(outcome.charged)


def fate(way: Way, trouble: Trouble) -> Fate:
    """Return what becomes of a key, 3 of 5, made in a way, in spite of a trouble."""
    _, summary = _run(staged(way, 5, 3, trouble))
    key, attempts = summary["keys"]["beacon"], summary["ceremonies"]
    faults = [fault for one in attempts for fault in one["faults"]]
    made = key["status"] == "Active"
    return Fate(
        made_at=len(attempts) if made else 0,
        without=tuple(name for name in key["committee"] if made and name not in key["qual"]),
        proven=_named(faults, proof=True),
        suspected=_named(faults, proof=False),
        disputes=_once((d["dealer"], d["accuser"]) for one in attempts for d in one["disputes"]),
        reason="" if made else attempts[-1]["reason"],
        broken=_once(found["invariant"] for found in summary["violations"]),
        injected=sum(one["injected"] for one in summary["corruptions"]),
    )


def _named(faults: Iterable[Mapping[str, Any]], *, proof: bool) -> tuple[tuple[str, str], ...]:
    return _once((f["validator"], f["fault"]) for f in faults if f["proof"] == proof)


def _once(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))


def _run(text: str) -> tuple[RunOutcome, Mapping[str, Any]]:
    outcome = run_plan(resolve(load_text(text)))
    return outcome, summarise(outcome, "00000000")
