"""The garbage collector during a run: it makes itself scarce.

A run allocates millions of small objects, few of which are ever part of a cycle. Left alone the
collector walks all of them again and again: it more than doubled a run of two processes. Nothing
that a run computes depends on when garbage is collected.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (50_000, 50, 1_000)
"""Allocations per young collection, and collections per older one; the default is 700, 10, 10."""

_lock = threading.Lock()
_runs: list[tuple[int, int, int]] = []
"""The thresholds that each run under way found; runs may overlap in several threads."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the collector leave what exists alone, and look at the rest less often.

    What was set before is restored when the last run that overlaps with this one has ended.
    """
    with _lock:
        _runs.append(gc.get_threshold())
        if len(_runs) == 1:
            gc.freeze()
            gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        with _lock:
            found = _runs.pop()
            if not _runs:
                gc.set_threshold(*found)
                gc.unfreeze()
