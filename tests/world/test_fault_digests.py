"""Scenarios full of faults have one digest each: under any hash seed, in one process or two."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

QUICK = range(3)
CASES = range(30)


def digests(cases: range, processes: int, hash_seed: int) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.world.fault_digests", str(processes), *map(str, cases)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("cases", [QUICK, pytest.param(CASES, marks=[pytest.mark.slow])])
def test_every_scenario_has_one_digest(cases: range) -> None:
    first, *others = [digests(cases, n, seed) for seed in (0, 1) for n in (1, 2)]

    assert others == [first] * 3
    assert len(set(first.values())) == len(cases)
