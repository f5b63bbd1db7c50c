"""Whole commands as users give them, timed from outside: start-up and writing are part of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_POLL_SECONDS: Final = 0.2


class CommandError(Exception):
    """A command ended with another code than 0 and 1; the message has its last words."""


@dataclass(frozen=True)
class Timed:
    """A command that has ended.

    Attributes:
        wall_s: From its start to its end.
        cpu_s: Of all its processes.
        peak_mib: What all its processes together had in memory at most: the sum of their own
            peaks, so never less than the truth.
        code: Its exit code.
        output: What it printed: JSON, or None if that was none.

    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    code: int
    output: Any


def ksim(*arguments: str) -> Timed:
    """Run ``ksim`` with `arguments`.

    Raises:
        CommandError: It failed in another way than by its verdict.

    """
    return command([sys.executable, "-m", "sim", *arguments])


def module(name: str, *arguments: str) -> Timed:
    """Run ``python -m name`` with `arguments`.

    Raises:
        CommandError: It failed.

    """
    return command([sys.executable, "-m", name, *arguments])


def command(arguments: Sequence[str]) -> Timed:
    """Run a command and watch it.

    Raises:
        CommandError: It failed in another way than by its verdict.

    """
    start_s, before = time.perf_counter(), os.times()
    process = subprocess.Popen(  # noqa: S603  # this interpreter, this package
        arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    watch = _Memory(process.pid)
    try:
        output, errors = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        peak_mib = watch.stop()
    wall_s, after = time.perf_counter() - start_s, os.times()
    if process.returncode not in (0, 1):
        shown = " ".join(arguments[1:])
        said = _said(errors.decode(errors="replace"))
        raise CommandError(f"{shown}: exit code {process.returncode}: {said}")
    cpu_s = sum(after[2:4]) - sum(before[2:4])
    return Timed(wall_s, cpu_s, peak_mib, process.returncode, _json(output))


def _said(errors: str) -> str:
    """Return the line of what a command complained that says most."""
    lines = [line.strip(" │") for line in errors.splitlines() if line.strip(" │╭╮╰╯─")]
    telling = (line for line in lines if "rror" in line or "No such" in line)
    return next(telling, lines[-1] if lines else "without a word")


def _json(output: bytes) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return None


class _Memory:
    """Watches the peak of memory of a process and of all that it starts, on Linux; else 0."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peaks: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(_POLL_SECONDS):
            for pid in _family(self._pid):
                self._peaks[pid] = max(self._peaks.get(pid, 0), _peak_kib(pid))

    def stop(self) -> float:
        """Watch no longer; return the sum of all peaks in MiB."""
        self._over.set()
        self._thread.join()
        return sum(self._peaks.values()) / 1024


def _family(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for known in found:
        for children in Path(f"/proc/{known}/task").glob("*/children"):
            try:
                found += map(int, children.read_text(encoding="ascii").split())
            except OSError:
                continue  # it has ended meanwhile
    return found


def _peak_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    lines = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((int(line.split()[1]) for line in lines), 0)
