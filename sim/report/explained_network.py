"""A plan's network as rows: profile, impairments, bandwidth, and links that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.base.ids import LEDGER
from sim.report.words import names
from sim.scenario.network_plan import BandwidthPlan, LinkFigures, LinkPlan, MatrixPlan, NetworkPlan
from sim.scenario.plan import ActionPlan, Plan
from sim.scenario.quantities import format_bandwidth, format_duration, format_rate, format_size


def network(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the rows of a network."""
    this = plan.network
    if this.matrix is None:
        yield "profile", this.profile
    else:
        yield "profile", f"{this.profile} of {names(list(this.matrix.regions))}"
        yield "round trips", _matrix(this.matrix)
    note = ": loss becomes delay" if this.transport == "stream" else ""
    yield "transport", f"{this.transport}{note}"
    yield "loss", "as the profile says" if this.loss is None else _loss(this)
    yield "duplicates", format_rate(this.duplicate)
    yield "held back", f"{format_rate(this.reorder)}, by {format_duration(this.reorder_by_us)}"
    if this.bandwidth is not None:
        yield "bandwidth", _bandwidth(this.bandwidth)
    for link in this.links:
        fixed = [] if link.latency_us is None else [f"latency {format_duration(link.latency_us)}"]
        yield "link", ", ".join([ends(plan, link), *fixed, *figures(link.figures)])


def _matrix(matrix: MatrixPlan) -> str:
    """Write p50/p90 in ms, one row per source region."""
    rows = (
        f"{region} {' '.join(f'{p50 / 1000:g}/{p90 / 1000:g}' for p50, p90 in row)}"
        for region, row in zip(matrix.regions, matrix.round_trips_us, strict=True)
    )
    return f"p50/p90 in ms: {'; '.join(rows)}"


def _loss(of: NetworkPlan | LinkFigures) -> str:
    rate = format_rate(of.loss or 0)
    return f"{rate} in bursts of {of.burst} slots of 20 ms" if of.burst else rate


def _bandwidth(plan: BandwidthPlan) -> str:
    up, down = (
        "no limit" if rate is None else format_bandwidth(rate) for rate in (plan.up, plan.down)
    )
    return f"up {up}, down {down}, queues of {format_size(plan.queue)}"


def ends(plan: Plan, links: LinkPlan | ActionPlan) -> str:
    """Say from whom to whom links go."""
    return f"{_all_named(plan, links.sources)} → {_all_named(plan, links.targets)}"


def _all_named(plan: Plan, positions: Sequence[int]) -> str:
    everyone = tuple(range(len(plan.validators)))
    return "everyone" if tuple(positions) == everyone else names(named(plan, positions))


def named(plan: Plan, positions: Sequence[int]) -> list[str]:
    """Return the names at registry positions; the ledger has one too."""
    return [
        "ledger" if position == LEDGER else plan.validators[position].name for position in positions
    ]


def figures(these: LinkFigures) -> Iterator[str]:
    """Yield what is particular about links."""
    if these.add_us:
        yield f"{format_duration(these.add_us)} more"
    if these.loss is not None:
        yield f"loss {_loss(these)}"
    if these.rate is not None:
        yield f"{format_bandwidth(these.rate)}, queue of {format_size(these.queue)}"
