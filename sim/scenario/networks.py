"""The network as a plan has it."""

from __future__ import annotations

from pathlib import Path

from sim.base.ids import LEDGER
from sim.network.losses import rate_max
from sim.network.profiles import FLOOR_US_MIN
from sim.scenario.link_tables import LinkBandwidth, LinkBandwidthTable, Loss, LossTable
from sim.scenario.matrices import Matrix, matrix_plan, read_matrix
from sim.scenario.network_plan import BandwidthPlan, LinkFigures, LinkPlan, NetworkPlan
from sim.scenario.network_tables import (
    BandwidthTable,
    LinkTable,
    NetworkTable,
    ProfileTable,
    ReorderTable,
)
from sim.scenario.quantities import format_rate
from sim.scenario.registry import Registry
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

_NETWORK: KeyPath = ("network",)


def own_matrix(file: ScenarioFile, reporter: Reporter, path: str) -> Matrix | None:
    """Return the matrix that a scenario brings along, or None; what is wrong in it is reported.

    Args:
        file: The scenario.
        reporter: Where errors go; taints the profile if there is one.
        path: Of the scenario.
    """
    where: KeyPath = ("network", "profile")
    if not isinstance(file.network.profile, ProfileTable) or not reporter.sound(where):
        return None
    matrix = read_matrix(file.network.profile, reporter, Path(path).parent)
    if matrix is None:
        reporter.taint(where)
    return matrix


def resolve_network(table: NetworkTable, matrix: Matrix | None, registry: Registry) -> NetworkPlan:
    """Return the network's plan; selectors of links may name who is honest."""
    reporter = registry.reporter
    reorder = table.reorder
    if not isinstance(reorder, ReorderTable):
        reorder = ReorderTable.model_construct(rate=reorder or 0)
    if table.transport == "stream":
        for key, rate in (("duplicate", table.duplicate), ("reorder", reorder.rate)):
            if rate:
                message = f"a stream has no {key}: it delivers everything once and in order"
                reporter.conflict(message, (*_NETWORK, key), (*_NETWORK, "transport"))
    loss, burst = resolve_loss(table.loss, (*_NETWORK, "loss"), reporter)
    own = None
    if matrix is not None and reporter.sound(("network", "profile"), ("validators",)):
        own = matrix_plan(matrix, registry.regions, reporter)
    links = enumerate(table.link)
    return NetworkPlan(
        profile=table.profile if isinstance(table.profile, str) else "matrix",
        matrix=own,
        transport=table.transport,
        loss=loss,
        burst=burst,
        duplicate=table.duplicate,
        reorder=reorder.rate,
        reorder_by_us=reorder.by,
        bandwidth=_bandwidth(table.bandwidth),
        links=tuple(_link(link, registry, (*_NETWORK, "link", i)) for i, link in links),
    )


def resolve_loss(loss: Loss | None, path: KeyPath, reporter: Reporter) -> tuple[int | None, int]:
    """Return rate and burst, 0 without bursts; reports a process that there can't be."""
    if not isinstance(loss, LossTable):
        return loss, 0
    burst = (*path, "burst")
    if loss.model == "bernoulli":
        if loss.burst is not None:
            message = 'bernoulli has no bursts: say model = "gilbert-elliott"'
            reporter.conflict(message, burst, (*path, "model"))
        return loss.rate, 0
    if loss.burst is None:
        if reporter.sound(burst):
            reporter.error(path, "gilbert-elliott needs the mean length of a burst: burst")
        return loss.rate, 0
    if loss.rate > rate_max(loss.burst):
        most = format_rate(rate_max(loss.burst))
        message = f"bursts of {loss.burst} slots with one good slot between two lose {most} at most"
        reporter.conflict(message, (*path, "rate"), burst)
        return 0, loss.burst
    return loss.rate, loss.burst


def resolve_figures(
    add_us: int,
    loss: Loss | None,
    bandwidth: LinkBandwidth | None,
    path: KeyPath,
    reporter: Reporter,
) -> LinkFigures:
    """Return what is different about links."""
    rate, burst = resolve_loss(loss, (*path, "loss"), reporter)
    figures = LinkFigures(add_us=add_us, loss=rate, burst=burst)
    if bandwidth is None:
        return figures
    if not isinstance(bandwidth, LinkBandwidthTable):
        bandwidth = LinkBandwidthTable.model_construct(rate=bandwidth)
    return LinkFigures(
        add_us=add_us, loss=rate, burst=burst, rate=bandwidth.rate, queue=bandwidth.queue
    )


def resolve_ends(
    sources: str | list[str], targets: str | list[str], registry: Registry, path: KeyPath
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return who sends and who receives over the links that an entry means."""
    ends = (
        registry.select(sources, (*path, "from"), ledger=True),
        registry.select(targets, (*path, "to"), ledger=True),
    )
    sound = registry.reporter.sound(path, ("validators",)) and all(ends)
    if sound and not any(source != target for source in ends[0] for target in ends[1]):
        registry.reporter.error(path, "there is no such link: from and to are one")
    return ends


def check_ledger_bandwidth(
    figures: LinkFigures, ends: tuple[tuple[int, ...], ...], path: KeyPath, reporter: Reporter
) -> None:
    """Report a bandwidth of ledger links."""
    if figures.rate is not None and any(LEDGER in end for end in ends):
        reporter.error((*path, "bandwidth"), "links of the ledger have no bandwidth")


def _bandwidth(table: BandwidthTable | None) -> BandwidthPlan | None:
    if table is None:
        return None
    return BandwidthPlan(up=table.up, down=table.down, queue=table.queue)


def _link(link: LinkTable, registry: Registry, path: KeyPath) -> LinkPlan:
    reporter = registry.reporter
    ends = resolve_ends(link.from_, link.to, registry, path)
    figures = resolve_figures(link.add_latency, link.loss, link.bandwidth, path, reporter)
    check_ledger_bandwidth(figures, ends, path, reporter)
    if link.latency is not None and link.latency < FLOOR_US_MIN:
        message = f"a latency is at least {FLOOR_US_MIN}us: windows would be too many to run"
        reporter.error((*path, "latency"), message)
    if figures == LinkFigures() and link.latency is None and reporter.sound(path):
        reporter.error(path, "nothing is different about these links")
    return LinkPlan(sources=ends[0], targets=ends[1], latency_us=link.latency, figures=figures)
