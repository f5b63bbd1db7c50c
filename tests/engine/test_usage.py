"""What a process has used is its own, not that of whoever started it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sim.engine.usage import usage

LARGE = 128 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the two apart")
def test_the_peak_of_a_process_is_not_that_of_the_one_that_made_it() -> None:
    ballast = b"\x01" * LARGE
    code = "from sim.engine.usage import usage; print(usage().peak_bytes)"

    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert usage().peak_bytes > len(ballast)
    assert 1 << 20 < int(made.stdout) < LARGE / 2
