"""What `machine.json` tells of the machine, the program and the execution.

The one place for everything that two equal runs may differ in.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import tomli

_ROOT: Final = Path(__file__).parents[2]
_LIBRARIES: Final = (
    "cryptography",
    "dilithium-py",
    "gmpy2",
    "kyber-py",
    "msgpack",
    "msgspec",
    "pydantic",
    "pynacl",
    "python-flint",
    "tomli",
    "tomli-w",
    "tree-sitter",
    "tree-sitter-toml",
    "trio",
)
"""What a result could depend on."""
_VERSIONS: Final = ("program", "python", "libraries")


class Stopwatch:
    """Time and memory since it was made; times include ended child processes."""

    def __init__(self) -> None:
        _forget_peak()
        self._wall = time.perf_counter()
        self._cpu = _cpu_seconds()

    def read(self) -> dict[str, float]:
        """Return `wall_seconds` and `cpu_seconds`, to the millisecond."""
        return {
            "wall_seconds": round(time.perf_counter() - self._wall, 3),
            "cpu_seconds": round(_cpu_seconds() - self._cpu, 3),
        }


def _forget_peak() -> None:
    """Let the memory's peak count from now: a worker that does many runs has a peak for each."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def versions() -> dict[str, Any]:
    """Return the versions that a result may depend on: program, Python, libraries."""
    return {
        "program": {"version": _program_version(), **_checkout(), "lock": _lock_hash()},
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def source_hash() -> str:
    """Return 16 hex digits of the hash of this program's source, tables and all.

    Unlike a commit it tells what really runs: edits count, and so does nothing else.
    """
    package = _ROOT / "sim"
    files = sorted(f for f in package.rglob("*") if f.suffix in (".py", ".toml", ".csv"))
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.relative_to(package).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:16]


def version_differences(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return (name, then, now) of every version that differs, in a fixed order."""
    then, now = ({name: side.get(name) for name in _VERSIONS} for side in (stored, current))
    return differences(then, now)


def differences(
    stored: Mapping[str, Any], current: Mapping[str, Any]
) -> list[tuple[str, str, str]]:
    """Return (dotted name, then, now) of all that differs between two records, likewise."""
    then, now = _flat(stored), _flat(current)
    return [
        (name, then.get(name, "none"), now.get(name, "none"))
        for name in sorted(then.keys() | now.keys())
        if then.get(name, "none") != now.get(name, "none")
    ]


def describe() -> dict[str, Any]:
    """Return what `machine.json` tells of program and machine, and the command that was given."""
    return {
        **versions(),
        "platform": _platform(),
        "cpu": {"model": _cpu_model(), "count": os.cpu_count()},
        # An argument may be bytes that are no text.
        "command": [os.fsencode(word).decode(errors="replace") for word in sys.argv],
    }


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _program_version() -> str | None:
    """Version of this program: as installed, else as its checkout declares."""
    project = _ROOT / "pyproject.toml"
    if project.is_file():
        return str(tomli.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return _version("kchain-sim")


def _checkout() -> dict[str, Any]:
    """Return the commit and whether files differ from it; None outside a git checkout."""
    git = shutil.which("git")
    if git is None or not (_ROOT / ".git").exists():
        return {"commit": None, "dirty": None}
    commit = _ask(git, "rev-parse", "HEAD")
    status = _ask(git, "status", "--porcelain")
    return {"commit": commit or None, "dirty": None if status is None else bool(status)}


def _ask(git: str, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603  # fixed arguments, and git as found on the path
            [git, "-C", str(_ROOT), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _lock_hash() -> str | None:
    lock = _ROOT / "requirements.lock"
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:16] if lock.is_file() else None


def _platform() -> str:
    """Return system, architecture and C library: no kernel's name, which may be its owner's."""
    library = "".join(platform.libc_ver())
    parts = (platform.system(), platform.machine(), *([f"with-{library}"] if library else []))
    return "-".join(parts)


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
