"""Every signature that a run leaves is good for libraries that have never heard of shares."""

from __future__ import annotations

from pathlib import Path

SCENARIOS = Path(__file__).parents[2] / "scenarios"
BLS_MOST = 12
"""py_ecc takes most of a second per signature: of a year's, as many as that are checked."""
