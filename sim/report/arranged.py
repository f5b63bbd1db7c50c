"""What a scenario arranged: faults, requests and adversaries, as rows; many alike become one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sim.report.partitions import grouped
from sim.report.words import DAY_US, ENDS, count, lasting, moment, names
from sim.scenario.quantities import format_duration

Record = Mapping[str, Any]
Row = tuple[str, str, str]

ROWS: Final = 20
"""Most entries of the timeline that are told one by one."""


def arranged(summary: Record) -> Iterator[Row]:
    """Yield (when, what, of whom) for the timeline and the adversaries of a run."""
    actions = grouped(summary["actions"], summary)
    staged = [action for action in actions if action["do"] != "create-key"]
    staged.sort(key=_order)
    genesis_us, dated = summary["genesis_time_us"], _last_us(staged) >= DAY_US
    refused = {r["id"]: r["refused"] for r in summary["requests"] if r["refused"] is not None}
    if len(staged) <= ROWS:
        for action in staged:
            said = ", ".join(_told(action, refused))
            yield _when(action, genesis_us, dated=dated), action["do"], said
    else:
        yield from _summed(staged, refused, genesis_us, dated=dated)
    for corruption in summary["corruptions"]:
        who = f"{corruption['validator']}, {count(corruption['injected'], 'injection')}"
        yield "adversary", corruption["behaviour"], who


def _summed(
    staged: Sequence[Record], refused: Mapping[str, str], genesis_us: int, *, dated: bool
) -> Iterator[Row]:
    """Yield a row per kind of entry; one that stands alone keeps its own."""
    by_kind: dict[str, list[Record]] = {}
    for action in staged:
        by_kind.setdefault(action["do"], []).append(action)
    for do, alike in by_kind.items():
        first = _when(alike[0], genesis_us, dated=dated)
        if len(alike) == 1:
            yield first, do, ", ".join(_told(alike[0], refused))
            continue
        keys = sorted({action["key"] for action in alike if "key" in action})
        nodes = sorted({node for action in alike for node in action.get("nodes", ())})
        whom = [f"{len(alike):,} times"]
        if keys:
            whom.append(names(keys, most=4))
        if nodes:
            whom.append(names(nodes, most=4))
        reasons = Counter(refused[a["id"]] for a in alike if a["id"] in refused)
        whom += [f"{n:,} refused: {_why(reason)}" for reason, n in sorted(reasons.items())]
        waited = sum(not action.get("fired", True) for action in alike)
        if waited:
            whom.append(f"{waited:,} never: their events didn't come")
        yield f"from {first}", do, ", ".join(whom)


def _told(action: Record, refused: Mapping[str, str]) -> Iterator[str]:
    """Yield whom an entry concerns, and that nothing came of it, if nothing did."""
    yield _whom(action)
    if not action.get("fired", True):
        yield "never: its event didn't come"
    if action["id"] in refused:
        yield f"refused: {_why(refused[action['id']])}"


def _why(reason: str) -> str:
    return f"{reason} ({ENDS[reason]})" if reason in ENDS else reason


def _order(action: Record) -> tuple[bool, int]:
    """Sort by time; what waits for an event comes last."""
    return "at_us" not in action, action.get("at_us", 0)


def _span(span_us: int) -> str:
    return lasting(span_us) if span_us % 1_000_000 == 0 else format_duration(span_us)


def _last_us(staged: Sequence[Record]) -> int:
    return max((action.get("at_us", 0) for action in staged), default=0)


def _when(action: Record, genesis_us: int, *, dated: bool) -> str:
    if "at_us" in action:
        return moment(action["at_us"], genesis_us, dated=dated)
    when = action["when"]
    return f"at {when['event']} {when['nth']} of {when['node'] or 'anyone'}"


def _whom(action: Record) -> str:
    """Name the key, the validators, or the sides of a partition; who asks; for how long."""
    sides = " | ".join(names(group) for group in action.get("groups", ()))
    said = [
        action.get("key", ""),
        sides or names(action.get("nodes", ())) if sides or action.get("nodes") else "",
    ]
    said += [names(action[name]) for name in ("senders", "kinds") if name in action]
    if "times" in action:
        said.append(count(action["times"], "time"))
    if "committee" in action:
        said.append(f"to {names(action['committee'])}")
    if "repartition" in action:
        draw = "drawn anew" if action["repartition"] == "anew" else "as it was drawn last"
        said.append(f"to the partition {draw}")
    elif "drawn" in action:
        said.append(f"to {action['drawn']} drawn by stake")
    if "threshold" in action:
        said.append(f"threshold {action['threshold']}")
    if "joins" in action:
        said.append(f"with {names(action['joins'])}")
    if "leaves" in action:
        said.append(f"without {names(action['leaves'])}")
    if "principal" in action:
        role = f" as {action['role']}" if "role" in action else ""
        said.append(f"{action['principal']}{role}")
    if "context" in action:
        said.append(f"for {action['context']}")
    if "lose" in action:
        said.append(f"losing {action['lose']}")
    if "by" in action:
        said.append(f"by {action['by']}")
    if "until_us" in action:
        said.append(f"for {_span(action['until_us'])}")
    return ", ".join(word for word in said if word) or "none"
