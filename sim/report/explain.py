"""A resolved plan for people: who, over what network, which keys, what goes wrong and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.adversary import BEHAVIOURS
from sim.base.ids import LEDGER
from sim.report.words import clock, count, names
from sim.scenario.plan import (
    ActionPlan,
    BandwidthPlan,
    CorruptionPlan,
    KeyPlan,
    LinkFigures,
    LinkPlan,
    NetworkPlan,
    Plan,
)
from sim.scenario.quantities import format_bandwidth, format_size


def explain(plan: Plan) -> RenderableType:
    """Return what `plan` will do, with every pick made and every default filled in."""
    parts: list[RenderableType] = [
        Text.assemble((plan.name, "bold"), f"  seed {plan.seed}"),
        _section("Validators", _validators(plan)),
        _section("Network and ledger", _surroundings(plan)),
    ]
    parts += [_section(f"Key {key.name}", _key(plan, key)) for key in plan.keys]
    if plan.timeline:
        parts.append(_section("Timeline", [_action(plan, action) for action in plan.timeline]))
    if plan.corruptions:
        parts.append(_section("Adversary", [_corruption(plan, c) for c in plan.corruptions]))
    return Group(*parts)


def _section(title: str, rows: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, value in rows:
        table.add_row(label, Text(value))
    return Group(Text(), Text(title, style="bold"), Padding(table, (0, 0, 0, 2)))


def _validators(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield runs of neighbours in one region."""
    for region, group in groupby(plan.validators, key=lambda validator: validator.region):
        yield region or "anywhere", names([validator.name for validator in group])


def _surroundings(plan: Plan) -> Iterator[tuple[str, str]]:
    network, ledger, phases = plan.network, plan.ledger, plan.ledger.phases
    regions = () if network.matrix is None else network.matrix.regions
    yield "profile", f"{network.profile} of {names(regions)}" if regions else network.profile
    if network.transport == "stream":
        yield "transport", "stream: loss becomes delay"
    yield "loss", "as the profile says" if network.loss is None else _loss(network)
    if network.duplicate:
        yield "duplicates", _rate(network.duplicate)
    if network.reorder:
        yield "held back", f"{_rate(network.reorder)}, by {_milliseconds(network.reorder_by_us)}"
    if network.bandwidth is not None:
        yield "bandwidth", _bandwidth(network.bandwidth)
    for link in network.links:
        fixed = [] if link.latency_us is None else [f"latency {_milliseconds(link.latency_us)}"]
        said = ", ".join([_ends(plan, link), *fixed, *_figures(link.figures)])
        yield "link", said
    yield "block time", _milliseconds(ledger.block_time_us)
    yield (
        "phases",
        f"announce {phases.announce}, deal {phases.deal}, respond {phases.respond} "
        f"(grace {phases.grace}), justify {phases.justify}, open {phases.open}, "
        f"confirm {phases.confirm}, sign {phases.sign} heights",
    )
    yield "cost model", plan.cost
    yield "ends", "when nothing is open" if plan.duration_us is None else clock(plan.duration_us)


def _rate(parts: int) -> str:
    """Write parts per 2**32 as a percentage."""
    return f"{100 * parts / 2**32:.3g} %"


def _loss(of: NetworkPlan | LinkFigures) -> str:
    rate = _rate(of.loss or 0)
    return f"{rate} in bursts of {of.burst} slots of 20 ms" if of.burst else rate


def _bandwidth(plan: BandwidthPlan) -> str:
    up, down = (
        "no limit" if rate is None else format_bandwidth(rate) for rate in (plan.up, plan.down)
    )
    return f"up {up}, down {down}, queues of {format_size(plan.queue)}"


def _ends(plan: Plan, links: LinkPlan | ActionPlan) -> str:
    return f"{_all_named(plan, links.sources)} → {_all_named(plan, links.targets)}"


def _all_named(plan: Plan, positions: Sequence[int]) -> str:
    everyone = tuple(range(len(plan.validators)))
    return "everyone" if tuple(positions) == everyone else names(_named(plan, positions))


def _figures(figures: LinkFigures) -> Iterator[str]:
    if figures.add_us:
        yield f"{_milliseconds(figures.add_us)} more"
    if figures.loss is not None:
        yield f"loss {_loss(figures)}"
    if figures.rate is not None:
        yield f"{format_bandwidth(figures.rate)}, queue of {format_size(figures.queue)}"


def _milliseconds(time_us: int) -> str:
    return f"{time_us / 1000:g} ms"


def _key(plan: Plan, key: KeyPlan) -> Iterator[tuple[str, str]]:
    size = len(key.committee)
    yield "scheme", f"{key.scheme}, {key.threshold} of {size}"
    yield (
        "quorum",
        f"{key.threshold + key.faults} confirmations: t = {key.threshold}, f* = {key.faults}",
    )
    yield "committee", names(_named(plan, key.committee))
    yield "attempts", f"at most {key.attempts}, {count(key.retry_after, 'height')} apart"
    yield "commitments", f"{key.commitments} form; missing shares answered {key.justifications}"


def _named(plan: Plan, positions: Sequence[int]) -> list[str]:
    return [
        "ledger" if position == LEDGER else plan.validators[position].name for position in positions
    ]


def _action(plan: Plan, action: ActionPlan) -> tuple[str, str]:
    said = [action.do]
    if action.key:
        said.append(action.key)
    if action.nodes:
        said.append(names(_named(plan, action.nodes)))
    if action.groups:
        said.append(" | ".join(names(_named(plan, group)) for group in action.groups))
    if action.sources:
        said.append(_ends(plan, action))
    if action.by_us:
        said.append(f"by up to {_milliseconds(action.by_us)}")
    if action.figures is not None:
        said += _figures(action.figures)
    if action.until_us is not None:
        said.append(f"for {clock(action.until_us)}")
    return _moment(plan, action), ", ".join(said)


def _moment(plan: Plan, action: ActionPlan) -> str:
    when = action.when
    if when is None:
        return clock(action.at_us)
    who = "anyone" if when.node is None else plan.validators[when.node].name
    return f"{when.event} no. {when.nth} of {who}"


def _corruption(plan: Plan, corruption: CorruptionPlan) -> tuple[str, str]:
    said = [corruption.behaviour]
    if corruption.victims:
        said.append(f"against {names(_named(plan, corruption.victims))}")
    said += [f"{name} = {value}" for name, value in sorted(corruption.params.items())]
    if corruption.from_us:
        said.append(f"from {clock(corruption.from_us)}")
    if corruption.until_us is not None:
        said.append(f"until {clock(corruption.until_us)}")
    outcome = f"\nExpected: {BEHAVIOURS[corruption.behaviour].expected}"
    return plan.validators[corruption.validator].name, ", ".join(said) + outcome
