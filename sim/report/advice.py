"""The decision sheet: what was asked, what is advised and why, what is assumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log2
from typing import Any, Final

from sim.report.advice_plot import frontier_svg
from sim.report.oracle import number
from sim.report.sheet import Block, Grid, Picture, Section, Sheet
from sim.report.words import size

_HOLDERS: Final = {
    "few": "the largest validators",
    "many": "the smallest validators",
    "random": "validators chosen at random, large and small",
}

_PROTOCOL_NOTES: Final = {
    "frost": "FROST's DKG aborts whenever a share is missing or a member is absent. The stalling "
    "bound doesn't count that: with losses or absences, expect retries.",
    "gjkr": "In GJKR members that go offline between dealing and extraction are reconstructed, "
    "which takes t shares of each and exposes their part.",
}


def decision(advice: Mapping[str, Any], *, plot: bool) -> Sheet:
    """Return the sheet of `Advice.exported`.

    Args:
        advice: The data.
        plot: Whether to draw the frontier, which takes matplotlib.

    """
    chosen = advice["chosen"]
    return Sheet(
        title="Which committee? A decision sheet",
        verdict=_verdict(advice),
        good=bool(advice["confirmed"]),
        sections=(
            Section("What was asked", (_asked(advice),)),
            Section("The frontier", tuple(_frontier(advice, plot=plot))),
            *([] if chosen is None else [Section("What it costs", (_cost(chosen),))]),
            *_remedies(advice),
            Section("Assumptions", tuple(_assumptions(advice))),
            Section("Where figures come from", (_sources(advice),)),
            Section("The simulation that confirms it", tuple(_confirmation(advice))),
        ),
    )


def _verdict(advice: Mapping[str, Any]) -> str:
    chosen, asked = advice["chosen"], advice["request"]
    budgets = f"{power(asked['failure'])} for captures in all, {power(asked['stall'])} a stall"
    if chosen is None:
        near = advice["nearest"]
        return (
            f"No committee meets the budgets, {budgets}. The nearest has {near['n']} members: "
            f"{_nearest(near)}."
        )
    return (
        f"Take {chosen['t']} of {chosen['n']}, and declare faults = {chosen['faults']}: over all "
        f"{advice['draws']:,} draws a capture has chance {power(chosen['capture'])} at most, and "
        f"each committee stalls with chance {power(chosen['stall'])}. Budgets: {budgets}."
    )


def _nearest(near: Mapping[str, Any]) -> str:
    if near["safe"] > near["n"]:
        return "even if all had to sign, too many would be malicious"
    live = f"at most {near['live']} to be live" if near["live"] else "none is live"
    return f"it needs a threshold of {near['safe']} to be safe, and {live}"


def _asked(advice: Mapping[str, Any]) -> Grid:
    asked = advice["request"]
    rows = (
        ("validators", f"{asked['validators']:,}"),
        ("stakes", asked["stake"]),
        (
            "malicious",
            f"{_percent(asked['malicious'])} of the stake: {advice['malicious_validators']:,}, "
            f"{_HOLDERS[asked['malicious_holders']]}",
        ),
        ("offline", f"{_percent(asked['offline'])} of the honest"),
        ("packets lost", _percent(asked["loss"])),
        (
            "draws",
            f"{asked['committees']:,} committees × {asked['epochs']:,} epochs = "
            f"{advice['draws']:,}",
        ),
        (
            "budget for captures",
            f"{power(asked['failure'])} in all, {power(asked['failure'] / advice['draws'])} a draw",
        ),
        (
            "budget for stalls",
            f"{power(min(1.0, asked['stall'] * advice['draws']))} in all, "
            f"{power(asked['stall'])} a draw",
        ),
        ("key", f"{asked['scheme']}, {asked['protocol']}, {asked['commitments']} form"),
    )
    return Grid(("", "asked"), rows)


def _frontier(advice: Mapping[str, Any], *, plot: bool) -> Iterator[Block]:
    yield (
        "Per size n: the least threshold that is safe, the union bound over all draws being within "
        "the budget, and the largest that is live, a draw's chance being within its own. Where "
        "they meet, every threshold between will do; figures are for the least safe one."
    )
    head = ("n", "safe t ≥", "live t ≤", "f*", "capture", "stall", "ledger", "CPU s", "seconds", "")
    chosen = advice["chosen"]
    marked = None
    rows = []
    for place, row in enumerate(advice["rows"]):
        if chosen is not None and row["n"] == chosen["n"]:
            marked = place
        rows.append(_row(row))
    yield Grid(head, tuple(rows), marked)
    yield (
        "capture: union bound over all draws; stall: per draw (both derived). ledger: payload of "
        "one key's creation (derived). CPU: per member (modelled). seconds: from request to "
        "activation with everybody there, and with somebody offline (modelled)."
    )
    if plot:
        caption = (
            "Thresholds between the two lines are safe and live: above the first, a committee is "
            "captured too seldom to matter; below the second, it can finish its ceremonies."
        )
        yield Picture(frontier_svg(advice["rows"], chosen), caption)


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    works = row["safe"] <= row["live"]
    return (
        str(row["n"]),
        str(row["safe"]) if row["safe"] <= row["n"] else "–",
        str(row["live"]) if row["live"] else "–",
        str(row["faults"]) if works else "",
        power(row["capture"]),
        power(row["stall"]),
        size(row["ledger_bytes"]),
        f"{row['cpu_seconds']:.2f}",
        f"{row['seconds']:.0f} / {row['seconds_absent']:.0f}",
        "will do" if works else "",
    )


def _cost(chosen: Mapping[str, Any]) -> Grid:
    rows = (
        ("private messages", f"{chosen['messages']:,}", "derived"),
        ("payload that a member sends", size(chosen["shares_bytes"]), "derived"),
        ("payload on the ledger", size(chosen["ledger_bytes"]), "derived"),
        ("exponentiations per member", f"{chosen['exponentiations']:,}", "derived"),
        ("CPU per member", f"{chosen['cpu_seconds']:.2f} s", "modelled"),
        ("time, everybody there", f"{chosen['seconds']:.0f} s", "modelled"),
        ("time, somebody offline", f"{chosen['seconds_absent']:.0f} s", "modelled"),
        ("time, every deadline used once", f"{chosen['seconds_worst']:.0f} s", "modelled"),
    )
    return Grid(("creating one key", "", ""), rows)


def _remedies(advice: Mapping[str, Any]) -> Iterator[Section]:
    found = advice["remedies"]
    if not found:
        if advice["chosen"] is None:
            yield Section(
                "What would help",
                (
                    "Nothing that was tried: budgets down to 2^-10, stalls of one ceremony in a "
                    "hundred, 5 % malicious stake. The stakes are too unequal, or too many are "
                    "offline.",
                ),
            )
        return
    title = "What would help" if advice["chosen"] is None else "What would make a smaller one do"
    items = tuple(
        f"{r['change']}: then {r['t']} of {r['n']}, faults = {r['faults']}" for r in found
    )
    yield Section(title, (items,))


def _assumptions(advice: Mapping[str, Any]) -> Iterator[Block]:
    asked = advice["request"]
    items = [
        "Who is malicious is fixed before the committee is drawn, and stays so for the epoch. "
        "Nobody is corrupted because it was drawn.",
        "Committees are drawn by the chain's rule: seat by seat without replacement, in proportion "
        "to stake; the seed can't be ground. The union bound needs no independence between draws.",
        "Captured means at least t malicious members: they can sign, and have the key.",
        "Stalled means fewer than t + f* honest members online, while every malicious one keeps "
        "still: the ceremony fails, and is tried again; an old generation still signs.",
        "f* is the largest that stalls allow. Confirm ends five heights after t + f* members have "
        "confirmed; if more than f* of those lied, fewer than t honest ones may be among them. The "
        "key then rests on whoever else confirms in the five heights.",
        f"Each honest member is offline with chance {_percent(asked['offline'])} for the whole of "
        "a ceremony, independently of its stake and of others. Outages that hit many at once "
        "aren't in this.",
        "Lost packets cost time only: shares are sent again until they arrive, and what is missing "
        "nevertheless is answered on the ledger. Losses are independent.",
        "Costs are payload: envelopes, signatures and framing come on top. CPU time is the "
        "`reference` cost model's, this project's own code on one core.",
        f"Latency is heights of {asked['block_time_ms'] / 1000:g} s, of the default phases, over "
        "the slowest pair of the aws-10 profile.",
    ]
    if asked["stake"].startswith("pareto"):
        items.append(
            f"The stakes are one sample of the distribution, seed {asked['seed']}; another sample "
            "gives other figures."
        )
    if asked["malicious_holders"] == "random":
        items.append(f"The malicious validators are one sample, too, of seed {asked['seed']}.")
    if note := _PROTOCOL_NOTES.get(asked["protocol"]):
        items.append(note)
    yield tuple(items)


def _sources(advice: Mapping[str, Any]) -> Block:
    equal = advice["request"]["stake"] == "equal"
    law = "hypergeometric, in whole numbers" if equal else "of a race of exponential clocks"
    return (
        f"Derived: the number of malicious members, {law}; offline members, binomial; costs, by "
        "the formulas that `ksim oracle cost` finds equal to real runs.",
        "Modelled: CPU time and latency.",
        "Measured: what is below, and nothing above.",
    )


def _confirmation(advice: Mapping[str, Any]) -> Iterator[Block]:
    chosen = advice["chosen"]
    if chosen is None:
        yield "There is nothing to confirm."
        return
    yield (
        f"{advice['drawn']:,} committees of {chosen['n']} were drawn by the chain's own rule "
        f"(measured): {advice['captured']} captured, {advice['stalled']} stalled. Budgets so small "
        "can't be seen in draws; that the distribution behind them is right, can:"
    )
    rows = tuple(
        (
            line["figure"],
            number(line["measured"]),
            number(line["formula"]),
            f"{number(line['low'])} … {number(line['high'])}",
            line["verdict"],
        )
        for line in advice["lines"]
    )
    yield Grid(("in one draw", "measured", "derived", "99 % interval", "verdict"), rows)
    if "scenario_file" in advice:
        yield (
            f"One ceremony of such a committee, with its malicious and offline members: "
            f"ksim run {advice['scenario_file']}"
        )
    if ran := advice.get("ran"):
        yield (
            f"It was run (measured): {ran['verdict']}; activated after {ran['seconds']:.0f} s of "
            f"virtual time, {ran['members']} members took part in QUAL; digest {ran['digest']}."
            if ran["seconds"] is not None
            else f"It was run (measured): {ran['verdict']}; no key was activated."
        )


def power(chance: float) -> str:
    """Return a chance as a power of two if it is small, as in ``2^-43.1``."""
    if chance <= 0:
        return "0"
    if chance > 0.01:
        return f"{chance:.3g}"
    exponent = log2(chance)
    return f"2^{exponent:.0f}" if abs(exponent - round(exponent)) < 0.005 else f"2^{exponent:.1f}"


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"
