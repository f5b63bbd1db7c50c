"""Expectations: what a scenario says about its own outcome, checked against the summary.

A predicate compares one thing of its subject (a key, a validator, or the run) with what is wanted
and says what it found. `within` and `at` look at the subject as it stood at that virtual time:
``within`` counts from the key's creation, or from the start of a run without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sim.base.ids import NEVER_US

if TYPE_CHECKING:
    from sim.scenario.plan import ExpectPlan

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Facts:
    """What expectations are checked against: parts of the summary, before it has a verdict.

    Attributes:
        keys: By name.
        ceremonies: In order of their start.
        corruptions: With what each injected.
        violations: All of them, foreseen or not.

    """

    keys: Mapping[str, Record]
    ceremonies: Sequence[Record]
    corruptions: Sequence[Record]
    violations: Sequence[Record]


@dataclass(frozen=True)
class KeyView:
    """A key as it stood at one virtual time.

    Attributes:
        name: Of the key.
        status: ``Absent``, ``Pending``, ``Active`` or ``Failed``.
        attempts: Opened by then.
        record: The key's final record, for what doesn't change.
        last: The latest attempt that had ended by then, or None.
        faults: Proven and unproven, of all attempts.
        disputes: Of the attempts that had ended.
        signs: Whether a test signature had been recorded, and verifies.

    """

    name: str
    status: str
    attempts: int
    record: Record
    last: Record | None
    faults: Sequence[Record]
    disputes: Sequence[Record]
    signs: bool


def view_key(facts: Facts, name: str, time_us: int) -> KeyView:
    """Return the key `name` as it stood at `time_us`."""
    record = facts.keys[name]
    opened = [c for c in facts.ceremonies if c["key"] == name and _passed(c["start_us"], time_us)]
    ended = [c for c in opened if _passed(c["end_us"], time_us)]
    last = ended[-1] if ended else None
    signed = record["test_signature"]
    return KeyView(
        name=name,
        status=_status(record, last, time_us),
        attempts=len(opened),
        record=record,
        last=last,
        faults=[f for c in opened for f in c["faults"] if f["time_us"] <= time_us],
        disputes=[d for c in ended for d in c["disputes"]],
        signs=signed is not None and signed["verified"] and signed["time_us"] <= time_us,
    )


def _passed(at_us: int | None, time_us: int) -> bool:
    """Say whether something had happened by `time_us`; None stands for what never did."""
    return at_us is not None and at_us <= time_us


def _status(record: Record, last: Record | None, time_us: int) -> str:
    if not _passed(record["created_us"], time_us):
        return "Absent"
    if last is None:
        return "Pending"
    if last["outcome"] == "active":
        return "Active"
    return "Failed" if last["attempt"] >= record["attempts_max"] else "Pending"


def evaluate(expects: Sequence[ExpectPlan], facts: Facts) -> list[dict[str, Any]]:
    """Return one result per expectation: where it stands, whether it held, what was found."""
    return [_result(expect, facts) for expect in expects]


def _result(expect: ExpectPlan, facts: Facts) -> dict[str, Any]:
    wrong = list(_differences(expect, facts))
    return {
        "file": expect.file,
        "line": expect.line,
        "text": describe(expect),
        "passed": not wrong,
        "detail": "; ".join(wrong),
        "violates": expect.violates,
    }


def describe(expect: ExpectPlan) -> str:
    """Return the expectation in one line: ``beacon: ceremony = completed, attempts = 1``."""
    subject = expect.key or expect.validator or "run"
    wanted = [
        f"{name} = {_show(getattr(expect, name))}"
        for name in _PREDICATES
        if getattr(expect, name) is not None
    ]
    when = [
        f"{word} {_seconds(value)}"
        for word, value in (("within", expect.within_us), ("at", expect.at_us))
        if value is not None
    ]
    return f"{subject}: {', '.join(wanted)}{''.join(f' {w}' for w in when)}"


def _differences(expect: ExpectPlan, facts: Facts) -> Iterator[str]:
    views = [view_key(facts, name, _time(expect, facts, name)) for name in _subjects(expect, facts)]
    for name, predicate in _PREDICATES.items():
        wanted = getattr(expect, name)
        if wanted is not None:
            yield from (f"{name} is {found}" for found in predicate(wanted, expect, views, facts))


def _subjects(expect: ExpectPlan, facts: Facts) -> list[str]:
    return [expect.key] if expect.key is not None else list(facts.keys)


def _time(expect: ExpectPlan, facts: Facts, key: str) -> int:
    if expect.at_us is not None:
        return expect.at_us
    if expect.within_us is not None:
        return (facts.keys[key]["asked_us"] or 0) + expect.within_us
    return NEVER_US


Predicate = Callable[[Any, "ExpectPlan", Sequence[KeyView], Facts], Iterator[str]]
"""Yields what was found wherever that isn't what was wanted."""


def _each(find: Callable[[KeyView], Any]) -> Predicate:
    """Make a predicate that every subject key must meet."""

    def predicate(
        wanted: Any, _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
    ) -> Iterator[str]:
        for view in views:
            found = find(view)
            if found != wanted:
                yield _show(found)

    return predicate


def _names(find: Callable[[Record], Sequence[str]]) -> Predicate:
    """Make a predicate about a set of names in the last attempt that ended."""

    def predicate(
        wanted: Sequence[str], _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
    ) -> Iterator[str]:
        for view in views:
            found = find(view.last) if view.last else ()
            if set(found) != set(wanted):
                yield _show(found)

    return predicate


def _ceremony(
    wanted: str, _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    words = {"Active": "completed", "Failed": "failed"}
    for view in views:
        found = words.get(view.status, view.status.lower())
        if found != wanted and not (wanted == "either" and found in words.values()):
            yield found


def _status_is(
    wanted: str, _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    yield from (v.status for v in views if v.status.casefold() != wanted.casefold())


def _reason(view: KeyView) -> str | None:
    return None if view.last is None else view.last["reason"]


def _pairs(records: Sequence[Record], *names: str) -> set[tuple[str, ...]]:
    return {tuple(record[name] for name in names) for record in records}


def _faults(
    wanted: Sequence[tuple[str, str]], _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    proven = [fault for view in views for fault in view.faults if fault["proof"]]
    found = _pairs(proven, "validator", "fault")
    if found != set(wanted):
        yield _show(sorted(found))


def _faults_include(
    wanted: Sequence[tuple[str, str]], _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    found = _pairs([fault for view in views for fault in view.faults], "validator", "fault")
    if not found >= set(wanted):
        yield f"{_show(sorted(found))}, without {_show(sorted(set(wanted) - found))}"


def _disputes(
    wanted: Sequence[tuple[str, str, str]],
    _expect: ExpectPlan,
    views: Sequence[KeyView],
    _facts: Facts,
) -> Iterator[str]:
    found = _pairs([d for view in views for d in view.disputes], "dealer", "accuser", "kind")
    if found != set(wanted):
        yield _show(sorted(found))


def _shareless(
    wanted: bool,  # the value of a predicate
    expect: ExpectPlan,
    views: Sequence[KeyView],
    _facts: Facts,
) -> Iterator[str]:
    names = sorted({name for view in views for name in view.record["shareless"]})
    found = expect.validator in names if expect.validator is not None else bool(names)
    if found != wanted:
        yield f"{_show(found)} (shareless: {_show(names)})"


def _injected(
    wanted: int, expect: ExpectPlan, _views: Sequence[KeyView], facts: Facts
) -> Iterator[str]:
    found = sum(
        corruption["injected"]
        for corruption in facts.corruptions
        if expect.validator in (None, corruption["validator"])
    )
    if found < wanted:
        yield f"only {found}"


def _violates(
    wanted: str, _expect: ExpectPlan, _views: Sequence[KeyView], facts: Facts
) -> Iterator[str]:
    found = {violation["invariant"] for violation in facts.violations}
    if wanted not in found:
        yield f"missing: {_show(sorted(found))} broken"


_PREDICATES: Final[dict[str, Predicate]] = {
    "ceremony": _ceremony,
    "reason": _each(_reason),
    "attempts": _each(lambda view: view.attempts),
    "qual": _names(lambda last: last["qual"]),
    "excluded": _names(lambda last: [gone["validator"] for gone in last["excluded"]]),
    "faults": _faults,
    "faults_include": _faults_include,
    "disputes": _disputes,
    "status": _status_is,
    "generation": _each(lambda view: view.record["generation"]),
    "era": _each(lambda view: view.record["era"]),
    "signs": _each(lambda view: view.signs),
    "shareless": _shareless,
    "injected": _injected,
    "violates": _violates,
}
"""Predicate by its name in `[[expect]]`; the value of each is a field of `ExpectPlan`."""


def _show(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "none"
        case tuple() | list():
            return "[" + ", ".join(map(_show, value)) + "]" if value else "none"
        case _:
            return str(value)


def _seconds(time_us: int) -> str:
    return f"{time_us / 1_000_000:g}s"
