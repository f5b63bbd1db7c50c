"""The shipped rotations and the attacks on them end as their files say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sim import api
from sim.checks import Observation, Violation, check_all
from sim.checks.stealing import stolen
from tests.support.curves import SCHEMES

FILES = sorted((Path(__file__).parents[2] / "scenarios" / "rotation").glob("*.toml"))
"""One for each way to rotate a key, and one for each row of the catalogue of faults about it."""

EVERY_SCHEME = [
    "mobile-long-lived-keys",
    "mobile-with-refresh",
    "refresh",
    "repair",
    "repair-wrong-delta",
    "reshare-stale-share",
    "resharing-overlapping",
    "retained-shares",
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_rotation_ends_as_its_scenario_says(path: Path) -> None:
    run = api.run(api.load(path))

    assert [e["detail"] for e in run.summary["expectations"] if not e["passed"]] == []
    assert (run.verdict, run.exit_code) == ("pass", 0)
    assert [a["id"] for a in run.summary["actions"] if not a.get("fired", True)] == []


@pytest.mark.parametrize("scheme", SCHEMES[1:])
@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_it_does_so_on_every_curve(name: str, scheme: str) -> None:
    (path,) = (path for path in FILES if path.stem == name)

    run = api.run(api.load(path, sets=[f"keys.beacon.scheme={scheme}"]))

    assert (run.verdict, run.exit_code) == ("pass", 0)


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Observation]:
    """Runs a scenario and returns what its checks have seen."""

    def observe(name: str, *sets: str) -> Observation:
        seen: list[Observation] = []

        def look(run: Observation, _: object) -> list[Violation]:
            seen.append(run)
            return []

        monkeypatch.setattr("sim.world.runner.check_all", look)
        (path,) = (path for path in FILES if path.stem == name)
        api.run(api.load(path, sets=sets))
        return seen[0]

    return observe


def test_what_is_left_at_the_end_is_the_active_share_and_its_key(
    observed: Callable[[str], Observation],
) -> None:
    """The positive control of `erased-means-erased`: there was more, and it is gone."""
    seen = observed("resharing-overlapping")

    made = seen.active["beacon"].ceremony
    for validator in seen.validators:
        sits = validator.index in made.by_validator
        entries = ((made.session, made.attempt, name) for name in ("dek/share", "share"))
        assert set(validator.left) == (set(entries) if sits else set())
    names = {kept.name for kept in seen.by_name["v02"].kept}
    assert {"share", "polynomial", "transport"} <= names
    gone = [kept for kept in seen.by_name["v02"].kept if kept.erased_us is not None]
    assert len(gone) == len(seen.by_name["v02"].kept) - 1


def test_old_shares_are_there_until_the_new_generation_is_active(
    observed: Callable[[str], Observation],
) -> None:
    seen = observed("resharing-overlapping")
    activation = seen.active_from_us(seen.active["beacon"])

    (old,) = [kept for kept in seen.by_name["v00"].kept if kept.name == "share"]

    assert old.erased_us is not None
    assert activation < old.erased_us < activation + 1_000_000


def test_a_mobile_adversary_reads_who_is_corrupted_and_only_then(
    observed: Callable[[str], Observation],
) -> None:
    seen = observed("mobile-with-refresh")

    stores = {v.name: [kept.name for kept in stolen(v)] for v in seen.validators}

    assert {name: what for name, what in stores.items() if what} == {
        name: ["share"] for name in ("v00", "v01", "v02", "v03")
    }
    assert sum(len(v.envelopes) for v in seen.validators) == 2 * 5 * 4  # all that travelled


def test_the_checks_see_whose_partial_signatures_were_bad(
    observed: Callable[..., Observation],
) -> None:
    # Whoever answers first signs: with this seed v02 is among them.
    seen = observed("bad-partial-signature", "run.seed=3")

    assert {name for line in seen.audit for name in line.bad} == {"v02"}
    trusted = [replace(v, corrupted=v.corrupted and v.name != "v02") for v in seen.validators]
    blamed = check_all(replace(seen, validators=tuple(trusted)))
    assert {v.validator for v in blamed if "bad partial" in v.detail} == {"v02"}
    assert check_all(seen) == []
