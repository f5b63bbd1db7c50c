"""Keys of a partition in an account: a row each in one table, a line for what all of them meet.

A key that ended badly keeps an account of its own beside its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.layout import heading
from sim.report.words import clock, count, names, percent

Record = Mapping[str, Any]

HEX_SHOWN: Final = 8
"""Digits of a public key in a row."""

_STYLES: Final = {"Active": "green", "Rotating": "green", "Retired": "dim"}

_HEADS: Final = ("key", "", "t of n", "gen", "round", "stake", "corrupt", "margin", "public key")


def partitioned(summary: Record) -> frozenset[str]:
    """Return the keys that need no account of their own: of a partition, and none the worse."""
    return frozenset(
        name
        for partition in summary.get("partitions", {}).values()
        for name in partition["keys"]
        if _is_sound(summary["keys"][name])
    )


def partition_account(name: str, summary: Record) -> Iterator[RenderableType]:
    """Yield the account of one partition: when it was drawn, and a row for every key."""
    partition = summary["partitions"][name]
    keys, rounds = partition["keys"], partition["rounds"]
    shape = f"{count(len(keys), 'committee')} that share nobody"
    yield heading(Text.assemble((f"partition {name}", "bold"), f"  {shape}"))
    yield Padding(_rows(summary, partition), (0, 0, 1, 2))
    told = Table.grid(padding=(0, 2))
    told.add_column(style="dim", no_wrap=True)
    told.add_column(overflow="fold")
    times_us = {e["height"]: e["time_us"] for e in summary["requests"] if e["height"] is not None}
    for drawn in rounds:
        when = f"height {drawn['height']}"
        if drawn["height"] in times_us:
            when = f"{clock(times_us[drawn['height']])}, {when}"
        told.add_row(f"round {drawn['round']}", f"drawn by stake: {when}, seed {drawn['seed']}")
    told.add_row("margin", "how many more corrupted members would hold the key together")
    captured = [one for one, figures in keys.items() if figures["captured"]]
    if captured:
        said = f"{names(captured)}: t or more of the committee are corrupted"
        told.add_row("captured", Text(said, style="red"))
    yield Padding(told, (0, 0, 0, 2))


def _rows(summary: Record, partition: Record) -> Table:
    table = Table.grid(padding=(0, 2))
    for place, _ in enumerate(_HEADS):
        table.add_column(justify="left" if place in (0, 1, 8) else "right", no_wrap=True)
    table.add_row(*(Text(head, style="dim") for head in _HEADS))
    stakes = [
        sum(c["stake"] for c in drawn["committees"].values()) for drawn in partition["rounds"]
    ]
    for name, figures in partition["keys"].items():
        key = summary["keys"][name]
        number = figures["round"]
        together = stakes[number] if number is not None and number < len(stakes) else 0
        table.add_row(
            name,
            Text(key["status"].lower(), style=_STYLES.get(key["status"], "red")),
            f"{figures['threshold']} of {figures['size']}",
            str(key["generation"]),
            "–" if number is None else str(number),
            percent(figures["stake"] / together) if together else "–",
            Text(f"{figures['corrupted']}" if figures["corrupted"] else "·"),
            Text(str(figures["to_capture"]), style="red" if figures["captured"] else ""),
            "none" if key["public_key"] is None else f"{key['public_key'][:HEX_SHOWN]}…",
        )
    return table


def _is_sound(key: Record) -> bool:
    return key["status"] in _STYLES and not key["shareless"]


def folded(summary: Record) -> list[Record]:
    """Return the expectations; what every key of a partition passes alike becomes one."""
    members = {name: tuple(p["keys"]) for name, p in summary.get("partitions", {}).items()}
    results: list[Record] = list(summary["expectations"])
    for family, keys in members.items():
        results = _fold(results, family, keys)
    return results


def _fold(results: Sequence[Record], family: str, keys: Sequence[str]) -> list[Record]:
    found: list[Record] = []
    place = 0
    while place < len(results):
        group = results[place : place + len(keys)]
        texts = {
            result["text"].replace(key, family)
            for key, result in zip(keys, group, strict=False)
            if result["passed"] and result["text"].startswith(f"{key}: ")
        }
        alike = len({(result["file"], result["line"]) for result in group}) == 1
        whole = len(keys) > 1 and len(group) == len(keys) and len(texts) == 1 and alike
        if whole and all(result["passed"] for result in group):
            text = texts.pop().replace(f"/{family}", "")
            of = f"each of {len(keys)}"
            found.append({**group[0], "text": text.replace(f"{family}: ", f"{family}, {of}: ", 1)})
            place += len(keys)
        else:
            found.append(results[place])
            place += 1
    return found


def grouped(actions: Sequence[Record], summary: Record) -> list[Record]:
    """Return timeline entries; one about all keys of a partition, if none was refused, is one."""
    found = list(actions)
    refused = {r["id"] for r in summary["requests"] if r["refused"] is not None}
    for family, partition in summary.get("partitions", {}).items():
        keys = tuple(partition["keys"])
        heads: dict[str, list[Record]] = {}
        for action in found:
            key = action.get("key")
            if key in keys and action["id"].endswith(f"/{key}"):
                heads.setdefault(action["id"].removesuffix(f"/{key}"), []).append(action)
        whole = {
            head
            for head, alike in heads.items()
            if len(alike) == len(keys) and not refused & {action["id"] for action in alike}
        }
        found = [
            {**action, "key": family, "id": head} if head in whole else action
            for action in found
            for head in [action["id"].rpartition("/")[0]]
            if head not in whole or action["key"] == keys[0]
        ]
    return found
