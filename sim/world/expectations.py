"""Expectations: what a scenario says about its own outcome, checked against the summary.

A predicate compares one thing of its subject (a key, a validator, or the run) with what is wanted
and says what it found. `within` and `at` look at the subject as it stood at that virtual time:
``within`` counts from the timeline entry that `of` names, else from the request for the key, else
from the start of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sim.base.ids import NEVER_US
from sim.scenario.quantities import format_duration
from sim.world.predicates import PREDICATES, show
from sim.world.views import Facts, view_key

if TYPE_CHECKING:
    from sim.scenario.expect_plan import ExpectPlan


def evaluate(expects: Sequence[ExpectPlan], facts: Facts) -> list[dict[str, Any]]:
    """Return one result per expectation: where it stands, whether it held, what was found."""
    return [_result(expect, facts) for expect in expects]


def _result(expect: ExpectPlan, facts: Facts) -> dict[str, Any]:
    wrong = list(_differences(expect, facts))
    result = {
        "file": expect.file,
        "line": expect.line,
        "text": describe(expect),
        "passed": not wrong,
        "detail": "; ".join(wrong),
        "violates": expect.violates,
    }
    if expect.sometimes is None:
        return result
    count = facts.happened.get((expect.sometimes, expect.validator), 0)
    return {**result, "sometimes": expect.sometimes, "count": count}


def describe(expect: ExpectPlan) -> str:
    """Return the expectation in one line: ``beacon: ceremony = completed, attempts = 1``."""
    subject = expect.key or expect.validator or ("sweep" if expect.sometimes else "run")
    wanted = [
        f"{name} = {show(getattr(expect, name))}"
        for name in PREDICATES
        if getattr(expect, name) is not None
    ]
    when = [
        f"{word} {format_duration(value)}"
        for word, value in (("within", expect.within_us), ("at", expect.at_us))
        if value is not None
    ]
    if expect.using is not None:
        shares = [f"{validator}@{generation}" for validator, generation in expect.using]
        wanted.append(f"using = {show(shares)}")
    if expect.of:
        when.insert(0, f"of {expect.of}")
    return f"{subject}: {', '.join(wanted)}{''.join(f' {w}' for w in when)}"


def _differences(expect: ExpectPlan, facts: Facts) -> Iterator[str]:
    if expect.of and expect.within_us is not None and facts.begun_us(expect.of) is None:
        yield f"{expect.of} never happened"
        return
    views = [view_key(facts, name, _time(expect, facts, name)) for name in _subjects(expect, facts)]
    for name, predicate in PREDICATES.items():
        wanted = getattr(expect, name)
        if wanted is not None:
            yield from (f"{name} is {found}" for found in predicate(wanted, expect, views, facts))


def _subjects(expect: ExpectPlan, facts: Facts) -> list[str]:
    return [expect.key] if expect.key is not None else list(facts.keys)


def _time(expect: ExpectPlan, facts: Facts, key: str) -> int:
    if expect.at_us is not None:
        return expect.at_us
    if expect.within_us is not None:
        begun_us = facts.begun_us(expect.of) if expect.of else facts.keys[key]["asked_us"]
        return (begun_us or 0) + expect.within_us
    return NEVER_US
