"""A resolved plan for people: who, over what network, which keys, what goes wrong, what to expect.

Everything that the plan settles is in it, and as exact as in a scenario file; only lists of more
than ten names are shortened. `explained` has the rows of keys and entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from msgspec.structs import replace
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.report.explained import action, corruption, expectation, key
from sim.report.explained_network import named, network
from sim.report.words import count, names
from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.plan import ActionPlan, KeyPlan, Plan, StorePlan
from sim.scenario.quantities import format_duration, format_size

Rows = Iterable[tuple[str, str]]


def explain(plan: Plan) -> RenderableType:
    """Return what `plan` will do, with every pick made and every default filled in."""
    parts: list[RenderableType] = [
        Text.assemble((plan.name, "bold"), f"  seed {plan.seed}"),
        _section("Run", _run(plan)),
        _section("Validators", _validators(plan)),
        _section("Principals", _principals(plan)),
        _section("Network", _network(plan)),
        _section("Ledger", _ledger(plan)),
    ]
    parts += [_section(title, key(plan, one)) for title, one in _keys(plan)]
    if plan.timeline:
        parts.append(_section("Timeline", [action(plan, one) for one in _timeline(plan)]))
    if plan.corruptions:
        parts.append(_section("Adversary", [corruption(plan, one) for one in plan.corruptions]))
    if plan.expects:
        parts.append(_section("Expected", [expectation(one) for one in _expected(plan)]))
    return Group(*parts, Text())


def _keys(plan: Plan) -> Iterator[tuple[str, KeyPlan]]:
    """Yield a title for each key, and one for all keys of a partition."""
    for _, alike in groupby(plan.keys, key=lambda one: one.table):
        first, *others = alike
        last = f" … {others[-1].name}" if others else ""
        yield f"Key{'s' if others else ''} {first.name}{last}", first


def _timeline(plan: Plan) -> Iterator[ActionPlan]:
    """Yield the entries; one about every key of a partition is one about the partition."""
    tables = {one.name: one.table for one in plan.keys if one.partition is not None}
    heads = [
        one.id.removesuffix(f"/{one.key}") if one.key in tables else one.id for one in plan.timeline
    ]
    for head, alike in groupby(zip(heads, plan.timeline, strict=True), key=lambda pair: pair[0]):
        first, *others = (one for _, one in alike)
        yield replace(first, id=head, key=tables[first.key]) if others else first


def _expected(plan: Plan) -> Iterator[ExpectPlan]:
    """Yield the expectations, likewise."""
    tables = {one.name: one.table for one in plan.keys if one.partition is not None}

    def meant(one: ExpectPlan) -> tuple[str, int, str | None]:
        return one.file, one.line, tables.get(one.key or "", one.key)

    for (_, _, subject), alike in groupby(plan.expects, key=meant):
        first, *others = alike
        of = first.of.removesuffix(f"/{first.key}")
        yield replace(first, key=subject, of=of) if others else first


def _section(title: str, rows: Rows) -> Group:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    for label, value in rows:
        table.add_row(label, Text(value))
    return Group(Text(), Text(title, style="bold"), Padding(table, (0, 0, 0, 2)))


def _run(plan: Plan) -> Iterator[tuple[str, str]]:
    if plan.tags:
        yield "tags", ", ".join(plan.tags)
    ends = None if plan.duration_us is None else f"after {format_duration(plan.duration_us)}"
    if plan.extensions:
        used = [f"{known.name} (SHA-256 {known.sha256})" for known in plan.extensions]
        yield "uses", ", ".join(used)
    yield "ends", ends or "when nothing is open"
    phases = plan.phases
    if phases is not None:
        lasting = map(format_duration, (phases.safety_us, phases.settle_us, phases.liveness_us))
        yield "phases", "safety {}, settle {}, liveness {}".format(*lasting)
        yield "core", names(named(plan, phases.core))
        yield "crashed for good", names(named(plan, phases.crashed))
    yield "triggers", f"act on other validators {format_duration(plan.reaction_us)} later"
    if plan.wall_limit_us is not None:
        yield "given up", f"after {format_duration(plan.wall_limit_us)} of real time"
    if plan.message_limit is not None:
        yield "given up", f"after {count(plan.message_limit, 'message')}"
    cost = plan.cost
    yield "cost model", cost if isinstance(cost, str) else f"{cost.name}: {cost.source}"


def _validators(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield runs of neighbours in one region, with their stakes unless all have the same."""
    equal = len({validator.stake for validator in plan.validators}) == 1
    for region, group in groupby(plan.validators, key=lambda validator: validator.region):
        members = list(group)
        if equal:
            yield region or "anywhere", names([validator.name for validator in members])
        else:
            shown = (f"{validator.name} {validator.stake:,}" for validator in members)
            yield region or "anywhere", ", ".join(shown)
    if equal:
        yield "stake", f"{plan.validators[0].stake:,} each"
    else:
        yield "stake", f"{sum(validator.stake for validator in plan.validators):,} together"
    standby = [validator.name for validator in plan.validators if validator.standby]
    if standby:
        yield "standby", f"{names(standby)}: in the registry once they join"
    yield "vaults", _store(plan.store)


def _store(store: StorePlan) -> str:
    if store.kek == "given":
        return "locked with a key that is given"
    memory = format_size(store.m_kib * 1024)
    work = f"{count(store.t, 'pass', 'passes')} over {memory} in {count(store.p, 'lane')}"
    return f"locked with a key that Argon2id derives at every start: {work}"


def _principals(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield who asks the chain for things, beside validators."""
    for principal in plan.principals:
        may = (
            "may create keys and evict" if principal.authorised else "authorised by policies alone"
        )
        yield principal.name, f"signs with {principal.algorithm}, {may}"


def _network(plan: Plan) -> Iterator[tuple[str, str]]:
    transport, quotas = plan.transport, plan.quotas
    yield from network(plan)
    most = transport.retransmissions
    shares = "until acknowledged" if most is None else f"at most {count(most, 'time')}"
    first, last = map(format_duration, (transport.rto_min_us, transport.rto_max_us))
    yield "shares", f"are sent again {shares}, at first after {first} or more, at last every {last}"
    sealed = "fresh transport keys of every ceremony"
    if transport.keys == "long-lived":
        sealed = "the registry's long-lived transport keys"
    yield "sealing", f"to {sealed}"
    longest = format_size(quotas.message_max)
    yield "mailbox", f"{count(quotas.mailbox_max, 'message')}, {longest} each at most"


def _ledger(plan: Plan) -> Iterator[tuple[str, str]]:
    ledger, phases = plan.ledger, plan.ledger.phases
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ledger.genesis_time_us)
    yield "begins", start.isoformat().replace("+00:00", "Z")
    block = format_duration(ledger.block_time_us)
    yield "blocks", f"every {block}, {count(ledger.block_max, 'transaction')} at most"
    yield "epochs", f"of {count(ledger.epoch_heights, 'height')}"
    yield "finality", count(ledger.finality, "height")
    latency = ledger.latency_us
    yield "links", "as the median link" if latency is None else f"take {format_duration(latency)}"
    yield (
        "phases",
        f"announce {phases.announce}, deal {phases.deal}, respond {phases.respond} "
        f"(grace {phases.grace}), justify {phases.justify}, open {phases.open}, "
        f"confirm {phases.confirm}, sign {phases.sign} heights",
    )
