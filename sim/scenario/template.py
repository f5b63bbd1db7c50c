"""The commented file that `ksim init` writes; its first line tells editors where the schema is."""

from __future__ import annotations

from importlib import resources
from typing import Final

SCHEMA_FILE: Final = "kchain-sim.schema.json"
"""Where: beside the file, under this name."""


def template() -> str:
    """Return the text of a small, valid, commented scenario."""
    return (resources.files("sim.scenario") / "template.toml").read_text(encoding="utf-8")
