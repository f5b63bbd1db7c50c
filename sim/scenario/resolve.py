"""From a scenario and a seed to a plan: every pick, instant and default written out.

Checking a scenario *is* resolving it: `load` resolves once with the file's own seed, so there is
one place for every rule across keys, and `validate` and `run` can't disagree.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sim.scenario.adversaries import resolve_adversaries
from sim.scenario.cost_models import resolve_cost
from sim.scenario.diagnostics import Diagnostic, ScenarioError, Span
from sim.scenario.expects import resolve_expects
from sim.scenario.fields import INTEGER_MAX
from sim.scenario.keys import resolve_keys
from sim.scenario.lives import settle_lives
from sim.scenario.networks import own_matrix, resolve_network
from sim.scenario.phases import bounded, resolve_phases, with_duration
from sim.scenario.plan import LedgerPlan, PhasePlan, Plan, QuotaPlan, TransportPlan
from sim.scenario.principals import check_apart, resolve_principals
from sim.scenario.registry import build_registry
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.timeline import resolve_timeline
from sim.scenario.timeline_checks import check_timeline
from sim.scenario.validators import resolve_store

SEED_FILE = "--seed"
"""The source that a seed from outside the file stands in."""


def check_seed(seed: int) -> int:
    """Return `seed`.

    Raises:
        ScenarioError: It is out of range.
    """
    if not 0 <= seed <= INTEGER_MAX:
        shown = f"{SEED_FILE} {seed}" if abs(seed) < 10**30 else f"{SEED_FILE} (a long number)"
        span = Span(SEED_FILE, 1, len(SEED_FILE) + 2, len(shown) - len(SEED_FILE) - 1, shown)
        raise ScenarioError([Diagnostic(f"a seed is in 0 … {INTEGER_MAX}", span)])
    return seed


def resolve_file(file: ScenarioFile, reporter: Reporter, seed: int, path: str) -> Plan:
    """Return the plan of `file` under `seed`.

    Args:
        file: The typed scenario.
        reporter: Has the errors that the schema found.
        seed: The run's seed.
        path: Of the scenario; expectations in the plan name files relative to its folder.

    Raises:
        ScenarioError: With everything that is wrong.
    """
    matrix = own_matrix(file, reporter, path)
    registry = build_registry(file, reporter, seed, matrix)
    principals = resolve_principals(file, reporter)
    registry.principals = tuple(principal.name for principal in principals)
    check_apart(registry)
    file = with_duration(file, registry)
    ledger, transport, store = (
        _ledger(file, reporter),
        _transport(file, reporter),
        resolve_store(file, reporter),
    )
    cost = resolve_cost(file.cost, reporter)
    keys = resolve_keys(file, registry)
    corruptions = bounded(file, resolve_adversaries(file, registry), registry)
    network = resolve_network(file.network, matrix, registry)
    placed = resolve_timeline(file, registry)
    check_timeline(file, placed, registry)
    timeline = settle_lives(file, placed, keys, registry)
    phases = resolve_phases(file, keys, timeline, registry)
    expects = resolve_expects(file, timeline, registry, str(Path(path).parent))
    reporter.raise_if_any()
    return Plan(
        name=file.name,
        seed=seed,
        tags=tuple(file.tags),
        duration_us=file.run.duration,
        reaction_us=file.run.reaction,
        validators=registry.plans(),
        network=network,
        ledger=ledger,
        transport=transport,
        cost=cost,
        quotas=QuotaPlan(message_max=file.quotas.message_max, mailbox_max=file.quotas.mailbox_max),
        keys=keys,
        timeline=tuple(action for _, action in timeline),
        corruptions=corruptions,
        expects=expects,
        wall_limit_us=file.run.wall_limit,
        message_limit=file.run.message_limit,
        principals=principals,
        store=store,
        phases=phases,
    )


def _ledger(file: ScenarioFile, reporter: Reporter) -> LedgerPlan:
    table = file.ledger
    heights, rest = divmod(table.epoch, table.block_time)
    if (rest or not heights) and reporter.given(("ledger", "epoch")):
        message = "an epoch must be a whole number of block times"
        reporter.conflict(message, ("ledger", "epoch"), ("ledger", "block_time"))
    _check_phases(file, reporter)
    epoch_start = datetime(1970, 1, 1, tzinfo=UTC)
    return LedgerPlan(
        block_time_us=table.block_time,
        epoch_heights=max(1, heights),
        genesis_time_us=(table.genesis_time - epoch_start) // timedelta(microseconds=1),
        finality=table.finality,
        block_max=table.block_max,
        latency_us=None if isinstance(table.latency, str) else table.latency,
        phases=PhasePlan(**table.phases.model_dump()),
    )


def _check_phases(file: ScenarioFile, reporter: Reporter) -> None:
    phases, finality = file.ledger.phases, file.ledger.finality
    path = ("ledger", "phases")
    if phases.grace + 2 + finality >= phases.respond:
        more = f" + finality = {finality}" if finality else ""
        reporter.conflict(
            f"grace = {phases.grace} + 2{more} must be below respond = {phases.respond}: "
            "a holder that waits for late shares could not complain in time",
            (*path, "grace"),
            (*path, "respond"),
            ("ledger", "finality"),
        )
    for name in ("announce", "deal", "justify", "open", "confirm", "sign"):
        length = getattr(phases, name)
        if length <= finality:
            reporter.conflict(
                f"{name} = {length} heights are over before anyone may act: finality = {finality}",
                (*path, name),
                ("ledger", "finality"),
            )


def _transport(file: ScenarioFile, reporter: Reporter) -> TransportPlan:
    table = file.transport
    if table.rto_min > table.rto_max:
        message = "rto_min is above rto_max"
        reporter.conflict(message, ("transport", "rto_min"), ("transport", "rto_max"))
    return TransportPlan(
        rto_min_us=table.rto_min,
        rto_max_us=table.rto_max,
        retransmissions=None if isinstance(table.retransmissions, str) else table.retransmissions,
        keys=table.keys,
    )
