"""What happened in one attempt, phase by phase: the summary's record retold as short sentences.

Data only: the account lays it out. Heights and times are those of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from sim.report.words import COMPLAINTS, FAULTS, count, names, short

Record: TypeAlias = Mapping[str, Any]

Mark: TypeAlias = Literal["good", "bad", "doubt", "plain"]
"""How a note reads: something went well, was a fault, stays open between two, or is just said."""

MARKS: Final[dict[Mark, str]] = {"good": "✓", "bad": "✗", "doubt": "?", "plain": "·"}
"""What stands before a note."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened, in a sentence.

    Attributes:
        mark: How it reads.
        text: The sentence.
        height: Of the block that shows it.

    """

    mark: Mark
    text: str
    height: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """One phase.

    Attributes:
        phase: Its name; signing sets are ``sign-1``, ``sign-2`` ….
        start: Its first height.
        end: Its last height, or None while it goes on.
        start_us: Virtual time at which it could begin, or None if the run was over before.
        end_us: Virtual time of its last height, or None.
        headline: How many took part.
        notes: What happened, by height.

    """

    phase: str
    start: int
    end: int | None
    start_us: int | None
    end_us: int | None
    headline: str
    notes: tuple[Note, ...]


def tell(attempt: Record) -> list[Chapter]:
    """Return the chapters of one record of the summary's ``ceremonies``."""
    return [_chapter(attempt, phase) for phase in attempt["phases"]]


def accepted(attempt: Record, kind: str, within: Record | None = None) -> list[Record]:
    """Return the statements of `kind` that had an effect; only those within a phase, if given."""
    return [
        statement
        for statement in attempt["statements"]
        if statement["kind"] == kind
        and statement["rejected"] is None
        and (within is None or _covers(within, statement["height"]))
    ]


def complaints(attempt: Record) -> list[tuple[str, str, str, int]]:
    """Return (dealer, accuser, kind, height) of every complaint about a dealer that still ran.

    A malformed response contains none.
    """
    reasons = excluded(attempt)
    malformed = {f["validator"] for f in attempt["faults"] if f["fault"] == "malformed-response"}
    out = {
        fault["validator"]: fault["height"]
        for fault in attempt["faults"]
        if fault["fault"] == reasons.get(fault["validator"])
    }
    return [
        (complaint["dealer"], response["validator"], complaint["kind"], response["height"])
        for response in accepted(attempt, "response")
        if response["validator"] not in malformed
        for complaint in response.get("complaints", ())
        if complaint["dealer"] in attempt["dealt"]
        and out.get(complaint["dealer"], response["height"]) >= response["height"]
    ]


def excluded(attempt: Record) -> dict[str, str]:
    """Return the dealers that are out, and the first reason of each."""
    return {entry["validator"]: entry["reason"] for entry in attempt["excluded"]}


def _covers(phase: Record, height: int) -> bool:
    return phase["start"] <= height and (phase["end"] is None or height <= phase["end"])


def _chapter(attempt: Record, phase: Record) -> Chapter:
    notes = [*_events(attempt, phase), *_verdicts(attempt, phase), *_refusals(attempt, phase)]
    return Chapter(
        phase=phase["phase"],
        start=phase["start"],
        end=phase["end"],
        start_us=phase["start_us"],
        end_us=phase["end_us"],
        headline=_headline(attempt, phase),
        notes=tuple(sorted(notes, key=lambda note: note.height)),
    )


def holders(attempt: Record) -> list[str]:
    """Return who is dealt shares: the committee, or in a repair the helpers and the target."""
    if attempt["target"] is None:
        return list(attempt["committee"])
    return [*attempt["dealers"], attempt["target"]]


def _headline(attempt: Record, phase: Record) -> str:
    name, repaired = phase["phase"], attempt["target"] is not None
    match name:
        case "announce":
            who = len(holders(attempt))
            return f"{len(attempt['announced'])} of {who} announced a transport key"
        case "commit":
            said = accepted(attempt, "commit", phase)
            return f"{len(said)} of {len(attempt['dealers'])} committed to a deal"
        case "deal" if attempt["operation"] == "generate":
            return f"{names(attempt['committee'])} generated the key and published it"
        case "deal":
            return f"{len(attempt['dealt'])} of {len(attempt['dealers'])} dealt"
        case "respond":
            who = len(attempt["dealers"] if repaired else attempt["committee"])
            raised = [c for c in complaints(attempt) if c[1] != attempt["target"]]
            tail = count(len(raised), "complaint") if raised else "nobody complained"
            return f"{len(accepted(attempt, 'response', phase))} of {who} responded, {tail}"
        case "deliver":
            raised = [c for c in complaints(attempt) if c[1] == attempt["target"]]
            told = f"misses {count(len(raised), 'sum')}" if raised else "has every sum"
            said = accepted(attempt, "response", phase)
            return f"{attempt['target']} {told if said else 'says nothing'}"
        case "justify" | "answer":
            of_target = name == "answer"
            raised = [c for c in complaints(attempt) if (c[1] == attempt["target"]) is of_target]
            kind = "answer" if of_target else "justification"
            replies = sum(len(j.get("replies", ())) for j in accepted(attempt, kind))
            return f"{replies} of {count(len(raised), 'complaint')} answered"
        case "open" | "examine":
            opened = accepted(attempt, "open-reply", phase)
            openings = sum(len(o.get("openings", ())) for o in opened)
            return f"{count(openings, 'sealed answer')} opened"
        case "extract":
            return f"{len(accepted(attempt, 'extract', phase))} published what they had dealt"
        case "expose" | "reconstruct":
            said = accepted(attempt, name, phase)
            shares = sum(len(statement.get("exposed", ())) for statement in said)
            return f"{count(shares, 'share')} exposed by {len(said)} of {len(holders(attempt))}"
        case "confirm" if repaired:
            done = "confirmed its share" if attempt["confirmed"] else "did not confirm"
            return f"{attempt['target']} {done}"
        case "confirm":
            of, needed = len(attempt["committee"]), attempt["quorum"]
            return f"{len(attempt['confirmed'])} of {of} confirmed, {needed} needed"
        case _:
            partials = len(accepted(attempt, "sign", phase))
            return f"{partials} of {attempt['threshold']} partial signatures"


def _events(attempt: Record, phase: Record) -> Iterator[Note]:
    match phase["phase"]:
        case "announce":
            yield from _unannounced(attempt, phase)
        case "respond" | "deliver":
            for dealer, accuser, kind, height in complaints(attempt):
                if _covers(phase, height):
                    told = COMPLAINTS[kind]
                    said = f"{accuser} complains about {dealer}: {kind} ({told})"
                    yield Note("doubt", said, height)
        case "justify":
            yield from _answers(attempt, "justification")
        case "answer":
            yield from _answers(attempt, "answer")
        case "open" | "examine":
            yield from _openings(attempt, phase)
        case "expose" | "reconstruct":
            yield from _exposures(attempt, phase)
        case "confirm" if attempt["target"] is None:
            yield from _unconfirmed(attempt, phase)
        case _:
            return


def _unannounced(attempt: Record, phase: Record) -> Iterator[Note]:
    awaited = holders(attempt)
    silent = [name for name in awaited if name not in attempt["announced"]]
    if silent and phase["end"] is not None:
        said = f"no transport key from {names(silent, awaited)}"
        yield Note("plain", f"{said}: nothing can be sealed to it", phase["end"])


def _answers(attempt: Record, kind: str) -> Iterator[Note]:
    disputed = {(d["dealer"], d["accuser"]) for d in attempt["disputes"]}
    published = {(p["dealer"], p["holder"]) for p in attempt["published"]}
    for justification in accepted(attempt, kind):
        dealer, height = justification["validator"], justification["height"]
        for reply in justification.get("replies", ()):
            pair = (dealer, reply["accuser"])
            opening = f"{dealer} answers {reply['accuser']}"
            ending = "; a dispute, nobody is blamed" if pair in disputed else ""
            if reply["kind"] == "sealed":
                said = f"{opening}, sealed: only {reply['accuser']} can read the share"
                yield Note("plain", said, height)
            elif pair in published:
                yield Note("good", f"{opening} in the clear: the share is good{ending}", height)
            else:
                yield Note("bad", f"{opening} in the clear: that is no good share", height)


def _openings(attempt: Record, phase: Record) -> Iterator[Note]:
    disputed = {(d["dealer"], d["accuser"]) for d in attempt["disputes"]}
    for opened in accepted(attempt, "open-reply", phase):
        accuser, height = opened["validator"], opened["height"]
        for opening in opened.get("openings", ()):
            dealer = opening["dealer"]
            ending = "; a dispute, nobody is blamed" if (dealer, accuser) in disputed else ""
            if opening["accepts"]:
                said = f"{accuser} accepts the sealed answer of {dealer}{ending}"
                yield Note("good", said, height)
            else:
                said = f"{accuser} publishes the seeds that open the answer of {dealer}"
                yield Note("doubt", said, height)


def _exposures(attempt: Record, phase: Record) -> Iterator[Note]:
    for exposure in accepted(attempt, phase["phase"], phase):
        for dealer in exposure.get("exposed", ()):
            said = f"{exposure['validator']} exposes its share of {dealer}"
            yield Note("doubt", said, exposure["height"])


def _unconfirmed(attempt: Record, phase: Record) -> Iterator[Note]:
    silent = [name for name in attempt["committee"] if name not in attempt["confirmed"]]
    if silent and phase["end"] is not None:
        said = f"no confirmation from {names(silent, attempt['committee'])}"
        yield Note("plain", said, phase["end"])


def _verdicts(attempt: Record, phase: Record) -> Iterator[Note]:
    faults = [fault for fault in attempt["faults"] if _covers(phase, fault["height"])]
    for (code, height), dealers in _silences(faults).items():
        verb = "is" if len(dealers) == 1 else "are"
        who = names(dealers, attempt["dealers"])
        said = f"{who} {verb} out, {code}: {FAULTS.get(code, code)}; not provable"
        yield Note("bad", said, height)
    out = excluded(attempt)
    for fault in faults:
        if fault["proof"]:
            name, code = fault["validator"], fault["fault"]
            place = "is out" if out.get(name) == code else "is at fault"
            proof = ", ".join(short(digest) for digest in fault["evidence"])
            said = f"{name} {place}, {code}: {FAULTS.get(code, code)}; proven by {proof}"
            yield Note("bad", said, fault["height"])
    if phase["phase"].startswith("sign") and _is_last(attempt, phase):
        for entry in attempt["excluded_from_signing"]:
            told = FAULTS.get(entry["reason"], entry["reason"])
            said = f"{entry['validator']} signs no more, {entry['reason']}: {told}"
            yield Note("bad", said, phase["start"])


def _is_last(attempt: Record, phase: Record) -> bool:
    return bool(attempt["phases"][-1]["phase"] == phase["phase"])


def _silences(faults: Sequence[Record]) -> dict[tuple[str, int], list[str]]:
    """Gather exclusions that nothing proves: (verdict, height) → the dealers it hit."""
    gathered: dict[tuple[str, int], list[str]] = {}
    for fault in faults:
        if not fault["proof"]:
            gathered.setdefault((fault["fault"], fault["height"]), []).append(fault["validator"])
    return gathered


def _refusals(attempt: Record, phase: Record) -> Iterator[Note]:
    """Statements that the chain rejected, unless a verdict speaks about them already."""
    proven = {digest for fault in attempt["faults"] for digest in fault["evidence"]}
    for statement in attempt["statements"]:
        if statement["rejected"] is None or not _covers(phase, statement["height"]):
            continue
        if statement["transaction"] not in proven:
            said = f"the {statement['kind']} of {statement['validator']} has no effect"
            yield Note("plain", f"{said}: {statement['rejected']}", statement["height"])
