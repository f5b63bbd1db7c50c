"""The predicates of expectations: each compares one thing of its subjects with what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from sim.base.ids import NEVER_US
from sim.checks import CHECKS
from sim.protocol.signing_events import SIGNED
from sim.world.views import Facts, KeyView, Record

if TYPE_CHECKING:
    from sim.scenario.expect_plan import ExpectPlan

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
                yield show(found)

    return predicate


def _names(find: Callable[[Record], Sequence[str]]) -> Predicate:
    """Make a predicate about a set of names in the last attempt that ended."""

    def predicate(
        wanted: Sequence[str], _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
    ) -> Iterator[str]:
        for view in views:
            found = find(view.last) if view.last else ()
            if set(found) != set(wanted):
                yield show(found)

    return predicate


def _ceremony(
    wanted: str, _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    words = {"Active": "completed", "Rotating": "completed", "Retired": "completed"}
    for view in views:
        found = words.get(view.status, view.status.lower())
        if found != wanted and not (wanted == "either" and found in ("completed", "failed")):
            yield found + _why(view, found)


def _why(view: KeyView, found: str) -> str:
    """Return why an attempt failed, and who is named: what whoever reads only this line needs."""
    last = view.last
    if found == "completed" or last is None or last.get("reason") is None:
        return ""
    named = dict.fromkeys(f"{fault['validator']} {fault['fault']}" for fault in last["faults"])
    detail = last.get("detail") or ", ".join(named)
    said = f"{last['reason']}: {detail}" if detail else str(last["reason"])
    return f" (attempt {last['attempt']}: {said})"


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
        yield show(sorted(found))


def _faults_include(
    wanted: Sequence[tuple[str, str]], _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    found = _pairs([fault for view in views for fault in view.faults], "validator", "fault")
    if not found >= set(wanted):
        yield f"{show(sorted(found))}, without {show(sorted(set(wanted) - found))}"


def _disputes(
    wanted: Sequence[tuple[str, str, str]],
    _expect: ExpectPlan,
    views: Sequence[KeyView],
    _facts: Facts,
) -> Iterator[str]:
    found = _pairs([d for view in views for d in view.disputes], "dealer", "accuser", "kind")
    if found != set(wanted):
        yield show(sorted(found))


def _shareless(
    wanted: bool,  # the value of a predicate
    expect: ExpectPlan,
    views: Sequence[KeyView],
    _facts: Facts,
) -> Iterator[str]:
    names = sorted({name for view in views for name in view.record["shareless"]})
    found = expect.validator in names if expect.validator is not None else bool(names)
    if found != wanted:
        yield f"{show(found)} (shareless: {show(names)})"


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


def _rotation(
    wanted: str, expect: ExpectPlan, views: Sequence[KeyView], facts: Facts
) -> Iterator[str]:
    for view in views:
        found, operation = _ended(view, expect.of, facts)
        ends = ("completed", "aborted")
        # A re-key is a key generation of its own: when its last attempt fails, it has failed.
        if wanted == "failed" and (found, operation) == ("aborted", "rekey"):
            continue
        if found != wanted and not (wanted == "either" and found in ends):
            yield found + _because(view, found, facts)


def _ended(view: KeyView, entry: str, facts: Facts) -> tuple[str, str]:
    """Return how a rotation ended, and what it was: the one of an entry, or the last asked for."""
    asked = facts.request(entry) if entry else None
    if entry and asked is None:
        return "never asked for", ""
    if asked is not None and asked["refused"]:
        return f"refused: {asked['refused']}", ""
    known = [r for r in view.rotations if not entry or r["request"] == entry]
    if not known:
        return "pending" if entry else "none", ""
    last = known[-1]
    words = {None: "pending", "activated": "completed"}
    return words.get(last["outcome"], "aborted"), str(last["operation"])


def _because(view: KeyView, found: str, facts: Facts) -> str:
    """Return why there is no new generation, as far as it is known."""
    if found == "none":
        refused = [
            f"{request['id']} was refused, {request['refused']}"
            for request in facts.requests
            if request["key"] == view.name and request["refused"]
        ]
        return f" ({'; '.join(refused)})" if refused else ""
    return _why(view, found) if found == "aborted" else ""


def _rotations(
    wanted: int, _expect: ExpectPlan, views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    for view in views:
        found = sum(rotation["outcome"] == "activated" for rotation in view.rotations)
        if found < wanted:
            yield f"only {found}"


def _public_key(view: KeyView) -> str:
    if view.generation is None:
        return "none"
    first = view.record["generations"][0]["public_key"]
    return "kept" if view.generation["public_key"] == first else "changed"


def _signs(
    wanted: bool,  # the value of a predicate
    expect: ExpectPlan,
    views: Sequence[KeyView],
    facts: Facts,
) -> Iterator[str]:
    for view in views:
        if expect.using is None:
            found: bool | str = view.signs
        else:
            found = _forges(view.name, expect.using, facts)
        if found != wanted:
            yield show(found)


def _forges(key: str, using: Sequence[tuple[str, int]], facts: Facts) -> bool | str:
    assert facts.attacks is not None, "nobody tried the attack that an expectation is about"
    try:
        return facts.attacks.can_sign(key, using)
    except LookupError as error:
        return str(error)


def _exposed(
    wanted: bool,  # the value of a predicate
    _expect: ExpectPlan,
    views: Sequence[KeyView],
    facts: Facts,
) -> Iterator[str]:
    assert facts.attacks is not None, "nobody tried the attack that an expectation is about"
    for view in views:
        found = facts.attacks.exposed(view.name)
        if found != wanted:
            yield f"{show(found)} for {view.name}"


def _signings(
    wanted: int, _expect: ExpectPlan, views: Sequence[KeyView], facts: Facts
) -> Iterator[str]:
    for view in views:
        ended = Counter(
            session["outcome"]
            for session in facts.sessions
            if session["key"] == view.name and session["time_us"] <= view.time_us
        )
        found = ended.pop(SIGNED, 0)
        if found < wanted:
            others = ", ".join(f"{number} {word}" for word, number in sorted(ended.items()))
            yield f"only {found}{f' ({others})' if others else ''}"


def _refused(
    wanted: str, expect: ExpectPlan, views: Sequence[KeyView], facts: Facts
) -> Iterator[str]:
    found = set()
    for request in facts.requests:
        about = expect.of == request["id"] if expect.of else expect.key in (None, request["key"])
        if about and request["refused"] and request["time_us"] <= _latest_us(views):
            found.add(str(request["refused"]))
    if not expect.of:
        dropped = [r for view in views for r in view.rotations if r["outcome"] == "dropped"]
        found.update(str(rotation["reason"]) for rotation in dropped)
    if wanted not in found:
        yield show(sorted(found))


def _latest_us(views: Sequence[KeyView]) -> int:
    return max((view.time_us for view in views), default=NEVER_US)


def _violates(
    wanted: str, _expect: ExpectPlan, _views: Sequence[KeyView], facts: Facts
) -> Iterator[str]:
    found = {violation["invariant"] for violation in facts.violations}
    if wanted not in CHECKS:
        (like, *_) = get_close_matches(wanted, CHECKS, 1) or ("one of ksim list invariants",)
        yield f"no invariant: did you mean {like}?"
    elif wanted not in found:
        yield f"missing: {show(sorted(found))} broken"


def _sometimes(
    _wanted: str, _expect: ExpectPlan, _views: Sequence[KeyView], _facts: Facts
) -> Iterator[str]:
    """Find nothing wrong: one run can't be; `expectations.evaluate` counts for the sweep."""
    yield from ()


PREDICATES: Final[dict[str, Predicate]] = {
    "ceremony": _ceremony,
    "reason": _each(_reason),
    "attempts": _each(lambda view: view.attempts),
    "qual": _names(lambda last: last["qual"]),
    "excluded": _names(lambda last: [gone["validator"] for gone in last["excluded"]]),
    "faults": _faults,
    "faults_include": _faults_include,
    "disputes": _disputes,
    "status": _status_is,
    "generation": _each(lambda v: None if v.generation is None else v.generation["generation"]),
    "era": _each(lambda v: None if v.generation is None else v.generation["era"]),
    "rotation": _rotation,
    "rotations": _rotations,
    "public_key": _each(_public_key),
    "signs": _signs,
    "exposed": _exposed,
    "signings": _signings,
    "refused": _refused,
    "shareless": _shareless,
    "injected": _injected,
    "violates": _violates,
    "sometimes": _sometimes,
}
"""Predicate by its name in `[[expect]]`; the value of each is a field of `ExpectPlan`."""


def show(value: Any) -> str:
    """Write a value as an expectation's line shows it."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "none"
        case tuple() | list():
            # Pairs and triples as in ``v03 bad-proof``.
            parts = (" ".join(map(show, v)) if isinstance(v, tuple) else show(v) for v in value)
            return "[" + ", ".join(parts) + "]" if value else "none"
        case _:
            return str(value)
