"""Golden traces: what a committee puts on the ledger, height by height, in named situations.

A trace file starts with a script, one command a line:

``committee N T``, ``set FIELD VALUE`` (a field of the ceremony), ``drop KIND FROM TO``,
``corrupt WHO BEHAVIOUR [VICTIM …] [param=value …]``, ``at HEIGHT stop WHO``,
``at HEIGHT silence WHO`` (its last statements are lost too), ``at HEIGHT restart WHO [lost]``.
After ``repair WHO by HELPER …`` all of this is about the repair of WHO's share of the new key.

The story is the same on every curve, so one file serves all three schemes, unless it is about
nonces, which BLS hasn't, or sets its scheme.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sim.protocol import messages
from tests.support.cluster import Cluster
from tests.support.curves import SCHEMES

TRACES = sorted(Path(__file__).parents[1].joinpath("traces").glob("*/*.txt"))


def cases() -> list[tuple[Path, str]]:
    """Return every (trace file, scheme) that belong together."""
    found = []
    for path in TRACES:
        fixed = re.search(r"^set scheme (\w+)$", path.read_text(), re.MULTILINE)
        schemes = [fixed[1]] if fixed else list(SCHEMES)
        found += [(path, s) for s in schemes if s != "BLS" or "nonces" not in path.stem]
    return found


@pytest.mark.parametrize(
    ("path", "scheme"),
    cases(),
    indirect=["scheme"],
    ids=lambda value: value.stem if isinstance(value, Path) else value,
)
def test_trace(path: Path, request: pytest.FixtureRequest) -> None:
    script, _, expected = path.read_text().partition("----\n")

    observed = play(script)

    if request.config.getoption("--rewrite"):
        path.write_text(f"{script}----\n{observed}")
    else:
        assert observed == expected


def play(script: str) -> str:
    """Run a script and return what happened."""
    lines = [line.split() for line in script.splitlines() if line and not line.startswith("#")]
    size, threshold = next((int(n), int(t)) for name, n, t in _named(lines, "committee"))
    changes: dict[str, Any] = {field: value for _, field, value in _named(lines, "set")}
    cluster = Cluster(size, threshold, 1, **changes)
    for _, target, _, *helpers in _named(lines, "repair"):
        cluster.run()
        cluster = cluster.repair(_index(target), [_index(helper) for helper in helpers])
    later: list[tuple[int, list[str]]] = []
    for line in lines:
        match line:
            case ["committee" | "set" | "repair", *_]:
                pass
            case ["drop", kind, source, target]:
                cluster.drop(getattr(messages, kind), source, target)
            case ["corrupt", who, behaviour, *rest]:
                victims = [word for word in rest if "=" not in word]
                params = dict(word.split("=", 1) for word in rest if "=" in word)
                cluster.corrupt(who, behaviour, victims, **params)
            case ["at", height, *command]:
                later.append((int(height), command))
            case _:
                raise ValueError(f"unknown command: {line}")
    while not cluster.state.ended:
        assert cluster.height < 100
        for when, order in later:
            if when == cluster.height:
                _apply(cluster, order)
        cluster.step()
    return "\n".join([*_merged(cluster.trace), *cluster.outcome()]) + "\n"


def _merged(trace: list[str]) -> list[str]:
    """Join neighbouring lines that differ only in who did it."""
    merged: list[tuple[str, list[str], str]] = []
    for line in trace:
        height, who, what = line[:3], *line[4:].split(" ", 1)
        if merged and (merged[-1][0], merged[-1][2]) == (height, what) and who.startswith("v"):
            merged[-1][1].append(who)
        else:
            merged.append((height, [who], what))
    return [f"{height} {' '.join(who)} {what}" for height, who, what in merged]


def _named(lines: list[list[str]], command: str) -> list[list[str]]:
    return [line for line in lines if line[0] == command]


def _index(name: str) -> int:
    return int(name.removeprefix("v"))


def _apply(cluster: Cluster, command: list[str]) -> None:
    match command:
        case ["stop", who]:
            cluster.stop(who)
        case ["silence", who]:
            cluster.silence(who)
        case ["restart", who]:
            cluster.restart(who)
        case ["restart", who, "lost"]:
            cluster.restart(who, keep_store=False)
        case _:
            raise ValueError(f"unknown command: {command}")
