"""`scenarios/first-key.toml` depends on its seed alone, whatever runs it and however often."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from sim import api
from sim.base.codec import tuple_hash
from sim.world.outcome import Switches

ROOT: Final = Path(__file__).parents[2]
FIRST_KEY: Final = ROOT / "scenarios" / "first-key.toml"
SEEDS: Final = (1, 2, 3, 4, 5)

ONE_FACTOR: Final[dict[str, dict[str, Any]]] = {
    "again": {},
    "two processes": {"processes": 2},
    "three processes": {"processes": 3},
    "width / 2": {"switches": Switches(width_divisor=2)},
    "width / 5": {"switches": Switches(width_divisor=5)},
}


@cache
def scenario() -> api.Scenario:
    return api.load(FIRST_KEY)


@cache
def run_of(seed: int) -> api.Run:
    return api.run(scenario(), seed=seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_factor_of_the_execution_changes_the_digest(seed: int) -> None:
    plain = run_of(seed)
    digests = {
        name: api.run(scenario(), seed=seed, **factor).digest for name, factor in ONE_FACTOR.items()
    }

    assert plain.exit_code == 0
    assert digests == dict.fromkeys(ONE_FACTOR, plain.digest)


def test_seeds_differ_in_more_than_their_number() -> None:
    runs = [run_of(seed) for seed in SEEDS]
    nameless = [
        tuple_hash("test", {k: v for k, v in run.summary.items() if k not in ("seed", "digest")})
        for run in runs
    ]

    assert len({run.digest for run in runs}) == len(SEEDS)
    assert len(set(nameless)) == len(SEEDS)


def folder_of(seed: int, hash_seed: int, out: Path) -> dict[str, bytes]:
    """Run the command in a process of its own; return what its folder holds, by file name."""
    command = [sys.executable, "-m", "sim", "run", str(FIRST_KEY), "--seed", str(seed)]
    done = subprocess.run(
        [*command, "--out", str(out), "--json"],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    assert done.stdout
    (folder,) = (out / "first-key").iterdir()
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "seed", [SEEDS[0], *(pytest.param(seed, marks=pytest.mark.slow) for seed in SEEDS[1:])]
)
def test_hash_seeds_change_machine_json_at_most(seed: int, tmp_path: Path) -> None:
    folders = [folder_of(seed, hash_seed, tmp_path / str(hash_seed)) for hash_seed in (0, 1, 2)]

    names = set(folders[0])
    assert {"machine.json", "summary.json", "events.msgpack", "ledger.msgpack"} <= names
    for folder in folders[1:]:
        assert set(folder) == names
        assert {name for name in names if folder[name] != folders[0][name]} <= {"machine.json"}
