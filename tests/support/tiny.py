"""The smallest scenario that makes a key: three validators on a network without loss."""

from __future__ import annotations

from pathlib import Path

TINY = """\
schema = 1
name = "tiny"

[run]
seed = 1

[validators]
n = 3

[network]
profile = "ideal"

[keys.beacon]
scheme = "ED25519"
threshold = 2

[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"

[[expect]]
key = "beacon"
ceremony = "completed"
faults = []
disputes = []
"""


def write_tiny(folder: Path, extra: str = "") -> Path:
    """Write the scenario, with `extra` at its end, to ``tiny.toml`` in `folder`."""
    path = folder / "tiny.toml"
    path.write_text(TINY + extra, encoding="utf-8")
    return path
