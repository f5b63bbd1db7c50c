"""The shipped rotations and the attacks on them end as their files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import api
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


@pytest.mark.parametrize("scheme", SCHEMES[1:])
@pytest.mark.parametrize("name", EVERY_SCHEME)
def test_it_does_so_on_every_curve(name: str, scheme: str) -> None:
    (path,) = (path for path in FILES if path.stem == name)

    run = api.run(api.load(path, sets=[f"keys.beacon.scheme={scheme}"]))

    assert (run.verdict, run.exit_code) == ("pass", 0)
