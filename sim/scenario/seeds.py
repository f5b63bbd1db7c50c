"""The one place where chance from outside enters: a seed for scenarios that leave it open."""

from __future__ import annotations

import secrets  # noqa: TID251  # the seed of `seed = "random"` is drawn here and nowhere else


def fresh_seed() -> int:
    """Return a seed in 0 … 2**32 − 1 that nobody chose; it is printed and stored with the run."""
    return secrets.randbelow(1 << 32)
