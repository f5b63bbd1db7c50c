"""A run's folder: what is in it, how it gets there, how it is read.

``<root>/<scenario>/<seed>-<plan>/``, where plan is 8 hex digits of the resolved scenario's hash.
Every file begins with its format's name and version; `docs/results.md` describes them. Everything
that is not deterministic stands in `machine.json`, so two equal runs differ in that file at most.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from sim.base.codec import encode
from sim.base.extensions import Source
from sim.world.eventlog import Event

if TYPE_CHECKING:
    from sim.scenario.plan import Plan

SCENARIO: Final = "scenario.resolved.toml"
PLAN: Final = "plan.json"
LEDGER: Final = "ledger.msgpack"
EVENTS: Final = "events.msgpack"
DIGESTS: Final = "digests.json"
SUMMARY: Final = "summary.json"
MACHINE: Final = "machine.json"
EXTENSIONS: Final = "extensions"

FORMATS: Final = {
    PLAN: ("kchain-plan", 1),
    EVENTS: ("kchain-events", 1),
    DIGESTS: ("kchain-digests", 1),
    SUMMARY: ("kchain-summary", 1),
    MACHINE: ("kchain-machine", 1),
}
"""Format name and newest version of each file that is written here.

The ledger and the resolved scenario name theirs themselves (`kchain.file`, `scenario.dump`).
"""


_BATCH: Final = 1 << 10
"""Events that are encoded at one go; below 2**16."""

_NUMBERS: Final = re.compile(r"\[\n\s*-?\d+(,\n\s*-?\d+)*\n\s*\]")
"""A list of integers: tables of hundreds of them stand in one line each. No string in JSON has a
line's end in it, so none is changed."""


class FolderError(Exception):
    """A folder is no run's folder, or a file in it is damaged or too new; names the file."""


class Written(NamedTuple):
    """Where a run went; `beside` is the failing folder with another digest that it spared."""

    path: Path
    beside: Path | None


@dataclass(frozen=True)
class RunFiles:
    """The contents of a run's folder.

    Attributes:
        scenario: The resolved scenario, TOML; its first line names its format.
        plan: What was run, and what it was drawn from: `inlined` tables by name.
        inlined: The network profile and the cost model, as plain data.
        ledger: The bytes of `ledger.msgpack`.
        events: By (time, validator, sequence).
        digests: Without format and version; see `summary.digests`.
        summary: Without format and version.
        machine: Without format and version.
        extensions: The code from outside that was run.

    """

    scenario: str
    plan: Plan
    inlined: Mapping[str, Any]
    ledger: bytes
    events: Collection[Event]
    digests: Mapping[str, Any]
    summary: Mapping[str, Any]
    machine: Mapping[str, Any]
    extensions: tuple[Source, ...] = ()


def plan_id(scenario: str) -> str:
    """Return 8 hex digits of the resolved scenario's hash: an edit never meets another's folder."""
    return hashlib.sha256(scenario.encode()).hexdigest()[:8]


def encode_events(names: Sequence[str], events: Collection[Event]) -> Iterator[bytes | memoryview]:
    """Yield `events.msgpack` in pieces: a header object, then one array per record."""
    name, version = FORMATS[EVENTS]
    header = {"format": name, "version": version, "validators": names, "events": len(events)}
    yield msgspec.msgpack.encode(header)
    rest = iter(events)
    while batch := list(islice(rest, _BATCH)):
        encoded = memoryview(encode(batch))
        yield encoded[
            1 if len(batch) < 1 << 4 else 3 :
        ]  # without the head of the array around them


def write_run(root: Path, files: RunFiles) -> Written:
    """Write a run's folder under `root`: to a temporary sibling first, then renamed.

    A folder of a failing run is replaced only by the same digest; another goes beside it, under
    the first free suffix ``-2``, ``-3`` …

    Raises:
        OSError: The disk is full, `root` is not writable, …

    """
    home = root / files.plan.name
    home.mkdir(parents=True, exist_ok=True)
    name = f"{files.plan.seed}-{plan_id(files.scenario)}"
    fresh = home / f".{name}.{os.getpid()}.tmp"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir()
        _fill(fresh, files)
        target, spared = _place(home / name, str(files.digests["run"]))
        swap(fresh, target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Written(target, spared)


def _fill(folder: Path, files: RunFiles) -> None:
    (folder / SCENARIO).write_text(files.scenario, encoding="utf-8")
    plan = msgspec.to_builtins(files.plan)
    _write_json(folder / PLAN, {"plan": plan, **files.inlined})
    (folder / LEDGER).write_bytes(files.ledger)
    names = [validator.name for validator in files.plan.validators]
    with (folder / EVENTS).open("wb") as stream:
        stream.writelines(encode_events(names, files.events))
    _write_json(folder / DIGESTS, files.digests)
    _write_json(folder / SUMMARY, files.summary)
    _write_json(folder / MACHINE, files.machine)
    if files.extensions:
        (folder / EXTENSIONS).mkdir()
    for source in files.extensions:
        (folder / EXTENSIONS / f"{source.name}.py").write_bytes(source.content)


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    name, version = FORMATS[path.name]
    text = json.dumps({"format": name, "version": version, **content}, indent=1, ensure_ascii=False)
    path.write_text(_NUMBERS.sub(_in_one_line, text) + "\n", encoding="utf-8")


def _in_one_line(numbers: re.Match[str]) -> str:
    return " ".join(numbers[0].split()).replace("[ ", "[").replace(" ]", "]")


def _place(wanted: Path, digest: str) -> tuple[Path, Path | None]:
    """Return where the run may go, and the failing folder that it had to leave alone."""
    candidate, suffix, spared = wanted, 2, None
    while not _replaceable(candidate, digest):
        spared = spared or candidate
        candidate = wanted.with_name(f"{wanted.name}-{suffix}")
        suffix += 1
    return candidate, spared


def _replaceable(folder: Path, digest: str) -> bool:
    if not folder.exists():
        return True
    try:
        summary = RunFolder(folder).summary()
    except FolderError:
        return False  # nobody knows what it holds
    return summary.get("exit_code") == 0 or summary.get("digest") == digest


def swap(fresh: Path, target: Path) -> None:
    """Put `fresh` at `target`; what stood there goes only once the new one is complete."""
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists() and not target.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


class RunFolder:
    """Reads a run's folder.

    Raises:
        FolderError: From every method: a file is missing, damaged, or of a newer version.

    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def find(cls, path: Path) -> RunFolder:
        """Return the run's folder at `path`, or the only one somewhere below it.

        What another process is writing, or was when it was killed, has a hidden name.
        """
        if (path / PLAN).is_file():
            return cls(path)
        if not path.is_dir():
            raise FolderError(f"{path}: no such run's folder")
        below = sorted(
            found.parent
            for found in path.glob(f"**/{PLAN}")
            if not any(part.startswith(".") for part in found.relative_to(path).parts)
        )
        if len(below) != 1:
            found = "no run's folder" if not below else f"{len(below)} runs: name one of them"
            raise FolderError(f"{path}: {found}")
        return cls(below[0])

    def plan(self) -> Plan:
        """Return the resolved plan."""
        from sim.scenario.plan import Plan

        try:
            return msgspec.convert(self.inlined()["plan"], Plan)
        except (msgspec.ValidationError, KeyError) as error:
            raise FolderError(f"{self.path / PLAN}: {error}") from None

    def inlined(self) -> dict[str, Any]:
        """Return all of `plan.json`: the plan and the tables that it was run with."""
        return self._json(PLAN)

    def scenario(self) -> str:
        """Return the resolved scenario, TOML."""
        return self._bytes(SCENARIO).decode(errors="replace")

    def summary(self) -> dict[str, Any]:
        """Return `summary.json`; what every reader needs is in it."""
        return self._json(SUMMARY, "scenario", "seed", "verdict", "exit_code", "digest")

    def digests(self) -> dict[str, Any]:
        """Return `digests.json`."""
        return self._json(DIGESTS, "run")

    def machine(self) -> dict[str, Any]:
        """Return `machine.json`."""
        return self._json(MACHINE)

    def extensions(self) -> tuple[Source, ...]:
        """Return the code from outside as it was run; its SHA-256 is the plan's."""
        found = []
        for known in self.plan().extensions:
            path = self.path / EXTENSIONS / f"{known.name}.py"
            content = self._bytes(f"{EXTENSIONS}/{known.name}.py")
            source = Source(name=known.name, content=content, origin=str(path.absolute()))
            if source.sha256 != known.sha256:
                raise FolderError(f"{path}: is not what was run: its SHA-256 isn't the plan's")
            found.append(source)
        return tuple(found)

    def ledger(self) -> bytes:
        """Return the bytes of `ledger.msgpack`."""
        return self._bytes(LEDGER)

    def event_count(self) -> int:
        """Return the number of records that the header of `events.msgpack` gives."""
        import msgpack

        path = self.path / EVENTS
        try:
            with path.open("rb") as stream:
                header = self._check(path, next(msgpack.Unpacker(stream, use_list=False), None))
        except (OSError, ValueError, msgpack.UnpackException) as error:
            raise FolderError(f"{path}: {error}") from None
        count = header.get("events")
        if not isinstance(count, int):
            raise FolderError(f"{path}: its header doesn't say how many records there are")
        return count

    def events(self) -> Iterator[Event]:
        """Yield the records of `events.msgpack`."""
        import msgpack

        path = self.path / EVENTS
        read = 0
        try:
            with path.open("rb") as stream:
                unpacker = msgpack.Unpacker(stream, use_list=False)
                header = self._check(path, next(unpacker, None))
                for record in unpacker:
                    yield Event(*record)
                    read += 1
        except (OSError, ValueError, TypeError, msgpack.UnpackException) as error:
            raise FolderError(f"{path}: {error}") from None
        if header.get("events") != read:
            raise FolderError(f"{path}: {read} whole records of {header.get('events')}")

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise FolderError(f"{self.path / name}: {error.strerror}") from None

    def _json(self, name: str, *needed: str) -> dict[str, Any]:
        path = self.path / name
        try:
            content = json.loads(self._bytes(name))
        except ValueError as error:
            raise FolderError(f"{path}: {error}") from None
        found = self._check(path, content)
        if missing := [key for key in needed if key not in found]:
            raise FolderError(f"{path}: is damaged: it has no {', '.join(missing)}")
        return found

    @staticmethod
    def _check(path: Path, header: object) -> dict[str, Any]:
        """Return `header` if it names the format and a version that this program reads."""
        name, newest = FORMATS[path.name]
        if not isinstance(header, dict) or header.get("format") != name:
            raise FolderError(f"{path}: is no {name} file")
        version = header.get("version")
        if not isinstance(version, int) or not 1 <= version <= newest:
            raise FolderError(f"{path}: version {version!r}; this program reads 1 to {newest}")
        return header
