"""Calibration: this machine's operation costs, as a cost model; see `docs/benchmarks.md`."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sim.base.files import write_whole
from sim.scenario.fields import NAME_BEGINS, NAME_PATTERN
from sim.scenario.toml_text import document
from sim.study.calibrate import ROUNDS, Calibration
from sim.study.calibrate import calibrate as measure

SUFFIX: Final = ".toml"


def calibrate(
    name: str = "my-machine",
    out: str | Path | None = None,
    *,
    rounds: int = ROUNDS,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Measure what operations cost on this machine, and write the cost model.

    Args:
        name: Of the model.
        out: Its file, whose name ends in ``.toml``; None is ``NAME.toml``.
        rounds: Of all operations, at least 1; a second or two each.
        force: Whether a file that is there is replaced.
        progress: Told (rounds done, rounds).

    Raises:
        ValueError: Not such a name, file or number.
        FileExistsError: The file is there already, and nothing was measured.
        OSError: It can't be written, and nothing was measured; unless the disk is full only then.

    """
    if not re.fullmatch(NAME_PATTERN, name, re.ASCII):
        raise ValueError(f'"{name}" is no name: it begins with {NAME_BEGINS}')
    path = Path(f"{name}{SUFFIX}" if out is None else out)
    if path.suffix != SUFFIX:
        raise ValueError(f"{path}: the name of a cost model's file ends in {SUFFIX}")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, not {rounds}")
    if path.exists() and not force:
        raise FileExistsError(f"{path} is there already")
    _check_writable(path)
    found = measure(name, rounds, progress)
    write_whole(path, document(found.exported()))
    return found


def _check_writable(path: Path) -> None:
    """See that `path` can be written, before the work that would be lost.

    Raises:
        OSError: It can't; names the file or its folder.

    """
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path.parent)) from None
