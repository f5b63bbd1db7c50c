"""The commented file that `ksim init` writes."""

from __future__ import annotations

from importlib import resources


def template() -> str:
    """Return the text of a small, valid, commented scenario."""
    return (resources.files("sim.scenario") / "template.toml").read_text(encoding="utf-8")
