"""One run of a sweep as a row: what people compare between runs, in plain numbers and words.

A row's figures are functions of scenario and seed; what this execution took stands apart.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from sim.world.executing import Executed
from sim.world.machine import describe

Record = Mapping[str, Any]


def row_of(done: Executed) -> dict[str, Any]:
    """Return the figures of a run, by column; `docs/results.md` lists them."""
    summary = done.summary
    row = {
        "plan": summary["plan"],
        "verdict": summary["verdict"],
        "exit_code": summary["exit_code"],
        "digest": summary["digest"],
        "ending": summary["ending"],
        "failed_expectations": sum(not result["passed"] for result in summary["expectations"]),
        "violations": len(summary["violations"]),
        "disputes": len(summary["disputes"]),
        "height": summary["height"],
        "virtual_seconds": summary["virtual_seconds"],
        "ledger_bytes": len(done.outcome.ledger),
        "events": len(done.outcome.events),
        "messages": sum(summary["messages"].values()),
        "bytes": sum(summary["bytes"].values()),
    }
    for kind in ("messages", "bytes", "meters"):
        row |= {f"{kind}.{name}": count for name, count in summary[kind].items()}
    for name, key in summary["keys"].items():
        row |= {f"{name}.{figure}": value for figure, value in _figures(key)}
    row |= {sometimes(result): result["count"] for result in hopes(summary["expectations"])}
    return row


def _figures(key: Record) -> Iterator[tuple[str, Any]]:
    """Yield what a row has of one key."""
    for name in ("status", "size", "threshold", "generation", "attempts", "reason"):
        yield name, key[name]
    for name in ("qual", "faults", "shareless"):
        yield name, len(key[name])
    yield "rotations", sum(rotation["outcome"] == "activated" for rotation in key["rotations"])
    yield "signings", key["sessions"]["complete"]
    yield "public_key", key["public_key"]
    yield "create_seconds", _create_seconds(key)


def _create_seconds(key: Record) -> float | None:
    """Return the virtual time from the request to the first generation's activation."""
    if not key["generations"] or key["asked_us"] is None:
        return None
    return float(key["generations"][0]["time_us"] - key["asked_us"]) / 1_000_000


def hopes(expectations: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the results of `sometimes` expectations."""
    yield from (result for result in expectations if "sometimes" in result)


def sometimes(result: Record) -> str:
    """Return the column of a `sometimes` expectation: how often the event happened in a run."""
    return f"sometimes.{result['text'].partition(' = ')[2]}{_whose(result)}"


def _whose(result: Record) -> str:
    subject = str(result["text"].partition(":")[0])
    return "" if subject == "sweep" else f"@{subject}"


def machine_of(done: Executed) -> dict[str, Any]:
    """Return what the run took, and on which machine."""
    return {
        **done.seconds,
        "peak_memory_mib": done.peak_memory_mib,
        "processes": done.processes,
        **_machine(),
    }


@cache
def _machine() -> dict[str, Any]:
    """Return which machine this is, and what times depend on of it; a worker's own for good."""
    known = describe()
    return {
        "host": platform.node(),
        "platform": known["platform"],
        "cpu": known["cpu"]["model"],
        "cpus": known["cpu"]["count"],
    }
