"""Which figures count: where a run doesn't mention one of them, it is 0 there."""

from __future__ import annotations

from typing import Final

_COUNTERS: Final = ("messages.", "bytes.", "charged.", "executed.", "meters.", "sometimes.")
"""Beginnings of their names."""


def absent(figure: str) -> int | None:
    """Return what a run has of a figure that it doesn't mention: 0 if it counts, else nothing."""
    return 0 if figure.startswith(_COUNTERS) else None
