"""The check of determinism: a sample of the runs goes once more, elsewhere."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path


def sampled(scenario: str, seed: int, rate: float) -> bool:
    """Return whether a run is in the sample of this rate, whatever other runs there are."""
    label = f"determinism/{scenario}/{seed}"
    drawn = int.from_bytes(hashlib.sha256(label.encode()).digest()[:8], "big")
    return drawn < rate * (1 << 64)


def replay_elsewhere(folder: Path) -> subprocess.CompletedProcess[str]:
    """Replay a stored run in two new processes that hash strings otherwise than this one."""
    hashing = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    return subprocess.run(
        [sys.executable, "-m", "sim", "replay", str(folder), "--processes", "2"],
        env={**os.environ, "PYTHONHASHSEED": hashing, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
