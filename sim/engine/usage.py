"""What a process has used of the machine."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

_UNIT_BYTES: Final = 1 if sys.platform == "darwin" else 1024
"""What `getrusage` counts memory in."""


class Usage(NamedTuple):
    """What a process has used since it started.

    Attributes:
        cpu_s: Processor time.
        peak_bytes: The most memory that it ever had resident.

    """

    cpu_s: float
    peak_bytes: int


def usage() -> Usage:
    """Return what this process has used so far."""
    return Usage(time.process_time(), _peak_bytes())


def _peak_bytes() -> int:
    """Return the peak of this process's memory.

    To `getrusage` a process that another one made has had in memory what that one had then. Linux
    has a count of its own, which begins at nothing, and can be made to begin anew.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, rest = line.partition(":")
            if name == "VmHWM":
                return int(rest.split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT_BYTES
