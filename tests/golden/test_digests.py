"""Every shipped scenario at seed 1 has the digest that `digests.json` pins.

A change of results is never an accident: ``pytest tests/golden --rewrite-golden`` writes the file
anew, and the changelog must then name the new set ("digest set 0123456789ab") and say why.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from sim import api

ROOT = Path(__file__).parents[2]
PINNED = Path(__file__).with_name("digests.json")
SEED = 1
LONG = "long"
"""Tag of scenarios that take seconds or minutes."""

HUGE = "huge"
"""Tag of scenarios that take a quarter of an hour and gigabytes: none of them is pinned."""


def tags(file: str) -> list[str]:
    """The tags that stand in a shipped file itself."""
    return list(tomllib.loads((ROOT / file).read_text(encoding="utf-8")).get("tags", ()))


FILES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scenarios").rglob("*.toml"))
SHIPPED = [file for file in FILES if HUGE not in tags(file)]


def case(file: str) -> ParameterSet:
    """A shipped scenario as a test case, slow if it says that it is long."""
    return pytest.param(file, marks=[pytest.mark.slow] if LONG in tags(file) else [])


def pinned() -> dict[str, str]:
    """Digest by scenario file."""
    content = json.loads(PINNED.read_text(encoding="utf-8"))
    assert (content["format"], content["version"]) == ("kchain-golden", 1)
    return dict(content["digests"])


def pin(digests: dict[str, str]) -> None:
    """Write the file anew: sorted, and without scenarios that are no longer shipped."""
    kept = {name: digests[name] for name in SHIPPED if name in digests}
    content = {"format": "kchain-golden", "version": 1, "seed": SEED, "digests": kept}
    PINNED.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def set_id(digests: dict[str, str]) -> str:
    """Twelve hex digits that stand for all the digests together."""
    lines = "".join(f"{name} {digests[name]}\n" for name in sorted(digests))
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


@pytest.mark.parametrize("file", [case(file) for file in SHIPPED])
def test_a_shipped_scenario_keeps_its_digest(file: str, *, rewrite_golden: bool) -> None:
    run = api.run(api.load(ROOT / file), seed=SEED)

    if rewrite_golden:
        pin({**(pinned() if PINNED.exists() else {}), file: run.digest})
    assert run.digest == pinned().get(file), (
        f"{file} has another digest; if that is meant: pytest tests/golden --rewrite-golden"
    )
    assert run.exit_code == 0, run.summary["expectations"]
    unfired = [action["id"] for action in run.summary["actions"] if not action.get("fired", True)]
    assert unfired == [], "it waits for something that never comes, so it doesn't show what it says"
    assert api.verify(run.ledger(), run.summary["head"]).height == run.summary["height"]


def test_exactly_the_shipped_scenarios_are_pinned() -> None:
    assert sorted(pinned()) == SHIPPED


def test_the_changelog_names_the_digests_in_force() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    named = re.findall(r"[Dd]igest set `?([0-9a-f]{12})`?", text)

    wanted = set_id(pinned())
    assert named[:1] == [wanted], (
        f"CHANGELOG.md must say why the golden digests changed: name “digest set {wanted}” above "
        f"every older set"
    )
