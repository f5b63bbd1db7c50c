"""What has become of a key: its life as a timeline, then its record, its sessions, its limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.layout import heading
from sim.report.life import Record, Step, cost, notes, steps, title
from sim.report.periods import periods
from sim.report.words import (
    DAY_US,
    HEX_MOST,
    REASONS,
    clock,
    lasting,
    moment,
    names,
    percent,
    shortened,
    size,
)

STEPS: Final = 20
"""Most steps that are told one by one; a longer life is summed over periods."""

STANDING_OUT: Final = 12
"""Most steps of a long life that are told beside the periods."""

STYLES: Final = {"Active": "green", "Rotating": "green", "Failed": "red", "Retired": "dim"}

_LIMIT: Final = (
    "Old shares stay valid for this public key until all but t − 1 of a generation are erased. "
    "The ledger refuses old generations; erasing is up to each holder."
)

_SINGLE: Final = "One validator holds the whole key. Nothing renews it but a new public key."


def key_account(name: str, key: Record, genesis_us: int) -> Iterator[RenderableType]:
    """Yield the account of one key, a record of the summary's ``keys``."""
    style = STYLES.get(key["status"], "yellow")
    shape = f"{key['scheme']}, {key['threshold']} of {key['size']}"
    title = Text.assemble((f"key {name}", "bold"), f"  {shape}  ", (_status(key), style))
    yield heading(title)
    life = steps(key)
    rotated = len(life) > 1
    if rotated:
        yield Padding(_timeline(life, genesis_us), (0, 0, 1, 2))
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in _rows(key, rotated=rotated):
        table.add_row(label, value)
    yield Padding(table, (0, 0, 0, 2))


def _status(key: Record) -> str:
    status: str = key["status"].lower()
    if not key["generation"] and key["era"] == 1:
        return status
    era = f", era {key['era']}" if key["era"] > 1 else ""
    return f"{status}, generation {key['generation']}{era}"


# The timeline


def _timeline(life: Sequence[Step], genesis_us: int) -> RenderableType:
    dated = max((step.time_us or 0 for step in life), default=0) >= DAY_US
    if len(life) <= STEPS:
        return _steps(life, genesis_us, dated=dated)
    page = Table.grid()
    page.add_row(_periods(life, genesis_us))
    eventful = [step for step in life if step.eventful]
    if eventful:
        page.add_row(Text("\nIn particular", style="dim"))
        page.add_row(_steps(eventful[:STANDING_OUT], genesis_us, dated=dated))
        hidden = len(eventful) - STANDING_OUT
        if hidden > 0:
            page.add_row(Text(f"… and {hidden:,} more, in summary.json", style="dim"))
    return page


def _steps(life: Sequence[Step], genesis_us: int, *, dated: bool) -> Table:
    table = Table.grid(padding=(0, 2))
    for justify in ("right", "left", "left"):
        table.add_column(justify=justify, no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for step in life:
        told = Text(title(step), style="red" if step.outcome == "failed" else "bold")
        if cost(step):
            told.append(f"  {cost(step)}", style="not bold dim")
        said = "; ".join(notes(step))
        if said:
            told.append(f"\n{said}", style="red" if step.outcome == "failed" else "not bold")
        table.add_row(
            _number(step),
            moment(step.time_us, genesis_us, dated=dated),
            "" if step.height is None else f"h{step.height}",
            told,
            step.shape,
        )
    return table


def _number(step: Step) -> str:
    if step.outcome in ("failed", "open"):
        return "–"
    return str(step.generation) if step.era == 1 else f"{step.era}.{step.generation}"


_HEADS: Final = (
    "from",
    "gen",
    "refresh",
    "reshare",
    "repair",
    "fail",
    "in",
    "out",
    "away",
    "blamed",
    "bytes",
    "down",
)


def _periods(life: Sequence[Step], genesis_us: int) -> Table:
    table = Table.grid(padding=(0, 1))
    for place, _ in enumerate(_HEADS):
        table.add_column(justify="left" if place < 2 else "right", no_wrap=True)
    table.add_row(*(Text(head, style="dim") for head in _HEADS))
    for period in periods(life, genesis_us):
        failed, blamed = period.failed, period.blamed
        table.add_row(
            period.label,
            period.generations,
            _few(period.number("refresh")),
            _few(period.number("reshare")),
            _few(period.number("repair")),
            Text(_few(failed), style="red" if failed else ""),
            _few(period.joined),
            _few(period.left),
            _few(period.absent),
            Text(_few(blamed), style="red" if blamed else ""),
            size(period.bytes),
            lasting(period.unavailable_us) if period.unavailable_us else "·",
        )
    return table


def _few(number: int) -> str:
    return f"{number:,}" if number else "·"


# The record


def _rows(key: Record, *, rotated: bool) -> Iterator[tuple[str, Text]]:
    if key.get("draw") is not None:
        seed = key["draw"]["seed"]
        yield "drawn", Text(f"by stake: {', '.join(key['draw']['committee'])}\nseed {seed}")
    if rotated:
        yield "committee", Text(names(key["committee"], most=16))
    if key["public_key"] is not None:
        yield "public key", Text(shortened(key["public_key"]), style="bold")
    if key["qual"] and not _is_single(key):
        label = "Q" if rotated and key["generations"][-1]["operation"] == "reshare" else "QUAL"
        yield label, Text(names(key["qual"], () if rotated else key["committee"], most=16))
    if key["reason"] is not None:
        attempts = f"{key['attempts']} of {key['attempts_max']} attempts"
        reason = REASONS.get(key["reason"], key["reason"])
        yield "no key", Text(f"{reason}, {attempts}", style="red")
    if key["shareless"]:
        yield "shareless", _shareless(key)
    yield from _signatures(key)
    yield from _use(key)
    if rotated:
        yield "limit", Text(_SINGLE if _is_single(key) else _LIMIT, style="dim")


def _is_single(key: Record) -> bool:
    """Say whether one party generated the key, and dealt to nobody."""
    return any(made["operation"] == "generate" for made in key["generations"])


def _shareless(key: Record) -> Text:
    """Name who has no share; say so if the key is gone with them."""
    said, left = Text(names(key["shareless"]), style="yellow"), key["size"] - len(key["shareless"])
    if left < key["threshold"]:
        shares = "share is" if left == 1 else "shares are"
        gone = f"at most {left} {shares} left, it takes {key['threshold']}: the key is lost"
        said.append(f"\n{gone}", style="red")
    return said


def _signatures(key: Record) -> Iterator[tuple[str, Text]]:
    activation = key["activation"]
    if activation is not None:
        when = f"{clock(activation['time_us'])}, height {activation['height']}"
        signature = activation["signature"]
        told = f"{when}, by the signature\n{_hex(signature)}" if signature else when
        yield "activated", Text(told)
    signed = key["test_signature"]
    if signed is not None:
        yield "tested", _signature(signed)
    elif activation is not None and key["scheme"] != "MLKEM":
        yield "tested", Text("no test signature is on the ledger", style="yellow")


_UNSIGNED: Final = {
    "expired": "no signature came within 5 minutes",
    "failed": "fewer were left than it takes: bad partials, or a committee below the quorum",
}
"""How sessions end without a signature."""


def _use(key: Record) -> Iterator[tuple[str, Text]]:
    """Yield how the key was used, if it was, and for how much of its life it could be."""
    sessions = key["sessions"]
    ended = [
        f"{sessions[word]:,} {word}"
        for word in ("complete", "expired", "failed", "open")
        if sessions[word] or word == "complete"
    ]
    refused = [f"{number:,} {reason}" for reason, number in sorted(sessions["refused"].items())]
    if refused or any(sessions[word] for word in ("complete", "expired", "failed", "open")):
        said = Text(", ".join(ended))
        if refused:
            said.append(f"; refused: {', '.join(refused)}", style="yellow")
        for word, why in _UNSIGNED.items():
            if sessions[word]:
                said.append(f"\n{word}: {why}", style="yellow")
        yield "sessions", said
    available = key["available"]
    if available is not None:
        yield (
            "available",
            Text(f"{percent(available)} of its life, with t or more holders of shares up"),
        )


def _hex(digits: str) -> str:
    """Break hex digits into lines of 64, the length of a key; a remainder has its own."""
    if len(digits) > HEX_MOST:
        return shortened(digits)
    return "\n".join(digits[start : start + 64] for start in range(0, len(digits), 64))


def _signature(signed: Record) -> Text:
    recorded = "" if signed["height"] is None else f", height {signed['height']}"
    text = Text(f"{clock(signed['time_us'])}{recorded}, by {names(signed['signers'])}: signature ")
    if signed["verified"]:
        text.append("verifies ✓", style="green")
    else:
        text.append("does not verify ✗", style="red")
    text.append(f"\n{_hex(signed['signature'])}")
    return text.append(f"\nmessage {_hex(signed['message'])}", style="dim")
