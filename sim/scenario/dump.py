"""The resolved scenario: a plan written as a scenario file that loads to the same plan.

Nothing is left to chance or to a default in it, so its hash stands for what was run: an edit or a
``--set`` never shares a results folder with another run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sim.scenario.catalogue import LEDGER_NAME
from sim.scenario.dump_orders import dump_order, dump_policy
from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.network_plan import LinkFigures, LinkPlan, NetworkPlan
from sim.scenario.plan import (
    ActionPlan,
    CorruptionPlan,
    CostPlan,
    ExtensionPlan,
    KeyPlan,
    LedgerPlan,
    Plan,
    PrincipalPlan,
    RotatePlan,
)
from sim.scenario.principals import OWNER
from sim.scenario.quantities import (
    format_bandwidth,
    format_duration,
    format_milliseconds,
    format_rate,
    format_size,
)
from sim.scenario.toml_text import document

HEADER: Final = "# kchain-sim scenario, version 1: resolved, with nothing left to choose.\n"

EXTENSIONS: Final = "extensions"
"""The folder of the sources that a run uses, beside its resolved scenario."""

_UNDO: Final = {
    "crash": "restart",
    "pause": "resume",
    "slow": "restore",
    "skew": "restore",
    "partition": "heal",
    "isolate": "heal",
    "clog": "restore",
    "hold": "release",
    "link": "restore",
    "halt-ledger": "resume",
    "disk-fault": "restore",
    "filter": "restore",
    "delay-ledger": "restore",
    "censor": "restore",
}
"""The key that says when an action ends."""


def dump_resolved(plan: Plan) -> str:
    """Return `plan` as the text of a scenario file."""
    names = [validator.name for validator in plan.validators]
    validators: dict[str, Any] = {"n": len(names), "names": names}
    if any(validator.region for validator in plan.validators):
        validators["placement"] = [validator.region for validator in plan.validators]
    stakes = [validator.stake for validator in plan.validators]
    if set(stakes) != {1}:
        validators["stake"] = stakes  # equal ones are left out, as they are of genesis
    # What newer versions have added stands here only if it is used: so older plans keep their id.
    standby = [validator.name for validator in plan.validators if validator.standby]
    if standby:
        validators["standby"] = standby
    if plan.store.kek != "given":
        size = format_size(plan.store.m_kib << 10)
        validators["store"] = {"argon2id": {"t": plan.store.t, "m": size, "p": plan.store.p}}
    text = document(
        {
            "schema": 1,
            "name": plan.name,
            "tags": list(plan.tags),
            **_used(use=[_extension(known) for known in plan.extensions]),
            "run": _given(
                seed=plan.seed,
                duration=_duration(plan.duration_us),
                phases=_phases(plan, names),
                reaction=_duration(plan.reaction_us),
                wall_limit=_duration(plan.wall_limit_us),
                message_limit=plan.message_limit,
            ),
            "validators": validators,
            "network": _network(plan.network, names),
            "ledger": _ledger(plan.ledger),
            "transport": {
                "rto_min": format_duration(plan.transport.rto_min_us),
                "rto_max": format_duration(plan.transport.rto_max_us),
                "retransmissions": _or(plan.transport.retransmissions, "unlimited"),
                **_used(keys=plan.transport.keys, unless="ceremony"),
            },
            "cost": {"model": _cost(plan.cost)},
            "quotas": {
                "message_max": format_size(plan.quotas.message_max),
                "mailbox_max": plan.quotas.mailbox_max,
            },
            **_principals(plan),
            "keys": {key.table: _key(key, names, plan.ledger.block_time_us) for key in plan.keys},
            "timeline": [_action(action, names) for action in plan.timeline],
            "adversary": [_corruption(corruption, names) for corruption in plan.corruptions],
            "expect": [_expect(expect) for expect in plan.expects],
        }
    )
    return HEADER + text


def _cost(cost: str | CostPlan) -> str | dict[str, Any]:
    """Return a model by its name if it is shipped, else whole: its file may change or go."""
    if isinstance(cost, str):
        return cost
    schemes = {"schemes": cost.schemes} if cost.schemes else {}
    return {
        "name": cost.name,
        "source": cost.source,
        "nanoseconds": cost.nanoseconds,
        **schemes,
    }


def _phases(plan: Plan, names: list[str]) -> dict[str, Any] | None:
    phases = plan.phases
    if phases is None:
        return None
    return {
        "safety": format_duration(phases.safety_us),
        "settle": format_duration(phases.settle_us),
        "liveness": format_duration(phases.liveness_us),
        "core": _shown(phases.core, names),
    }


def _given(**entries: Any) -> dict[str, Any]:
    """Return the entries that are not None."""
    return {key: value for key, value in entries.items() if value is not None}


def _used(*, unless: Any = None, **entries: Any) -> dict[str, Any]:
    """Return the entries that aren't empty, nor `unless`."""
    empty: tuple[Any, ...] = (None, "", (), [], {}, unless)
    return {key: value for key, value in entries.items() if value not in empty}


def _extension(known: ExtensionPlan) -> dict[str, Any]:
    """Return an extension as the run's folder has it, in which the resolved scenario stands."""
    return {"file": f"{EXTENSIONS}/{known.name}.py", "sha256": known.sha256}


def _principals(plan: Plan) -> dict[str, Any]:
    if plan.principals == (PrincipalPlan(name=OWNER),):
        return {}
    return {
        "principals": {
            principal.name: {"algorithm": principal.algorithm, "authorised": principal.authorised}
            for principal in plan.principals
        }
    }


def _or(value: int | None, word: str) -> int | str:
    return word if value is None else value


def _duration(us: int | None) -> str | None:
    return None if us is None else format_duration(us)


def _network(network: NetworkPlan, names: list[str]) -> dict[str, Any]:
    matrix, bandwidth = network.matrix, network.bandwidth
    profile: Any = network.profile
    if matrix is not None:
        cells = [
            ["/".join(map(format_milliseconds, trip)) for trip in row]
            for row in matrix.round_trips_us
        ]
        profile = {"regions": list(matrix.regions), "cells": cells}
    return _given(
        profile=profile,
        transport=None if network.transport == "datagram" else network.transport,
        loss=_loss(network.loss, network.burst),
        duplicate=format_rate(network.duplicate),
        reorder={
            "rate": format_rate(network.reorder),
            "by": format_duration(network.reorder_by_us),
        },
        bandwidth=None
        if bandwidth is None
        else _given(
            up=None if bandwidth.up is None else format_bandwidth(bandwidth.up),
            down=None if bandwidth.down is None else format_bandwidth(bandwidth.down),
            queue=format_size(bandwidth.queue),
        ),
        link=[_link(link, names) for link in network.links] or None,
    )


def _loss(rate: int | None, burst: int) -> str | dict[str, Any] | None:
    if rate is None or not burst:
        return None if rate is None else format_rate(rate)
    return {"model": "gilbert-elliott", "rate": format_rate(rate), "burst": burst}


def _link(link: LinkPlan, names: list[str]) -> dict[str, Any]:
    return {
        "from": _shown(link.sources, names),
        "to": _shown(link.targets, names),
        **_given(latency=_duration(link.latency_us)),
        **_figures(link.figures),
    }


def _figures(figures: LinkFigures) -> dict[str, Any]:
    bandwidth = None
    if figures.rate is not None:
        bandwidth = {
            "rate": format_bandwidth(figures.rate),
            "queue": format_size(figures.queue),
        }
    return {
        "add_latency": format_duration(figures.add_us),
        **_given(loss=_loss(figures.loss, figures.burst), bandwidth=bandwidth),
    }


def _shown(positions: tuple[int, ...], names: list[str]) -> list[str]:
    return [LEDGER_NAME if v < 0 else names[v] for v in positions]


def _ledger(ledger: LedgerPlan) -> dict[str, Any]:
    phases = ledger.phases
    return {
        "block_time": format_duration(ledger.block_time_us),
        "epoch": format_duration(ledger.epoch_heights * ledger.block_time_us),
        "genesis_time": datetime(1970, 1, 1, tzinfo=UTC)
        + timedelta(microseconds=ledger.genesis_time_us),
        "finality": ledger.finality,
        "block_max": ledger.block_max,
        "latency": "median" if ledger.latency_us is None else format_duration(ledger.latency_us),
        "phases": {name: getattr(phases, name) for name in phases.__struct_fields__},
    }


def _key(key: KeyPlan, names: list[str], block_time_us: int) -> dict[str, Any]:
    return {
        "scheme": key.scheme,
        "threshold": key.threshold,
        "faults": key.faults,
        "committee": _committee(key, names),
        "attempts": key.attempts,
        "retry_after": key.retry_after,
        "justifications": key.justifications,
        "protocol": key.protocol,
        "complaints": key.complaints,
        "commitments": key.commitments,
        "policy": dump_policy(key.policy),
        **_used(rotate=_rotate(key.rotate, block_time_us)),
    }


def _committee(key: KeyPlan, names: list[str]) -> list[str] | dict[str, Any]:
    if key.drawn is None:
        return [names[v] for v in key.committee]
    drawn = {"size": key.drawn, "select": "stake"}
    return drawn if key.partition is None else {"partition": key.partition.count, **drawn}


def _rotate(rules: RotatePlan, block_time_us: int) -> dict[str, Any]:
    def lasting(heights: int | None) -> str | None:
        return None if heights is None else format_duration(heights * block_time_us)

    return _used(on=list(rules.on), every=lasting(rules.every), max_age=lasting(rules.max_age))


def _action(action: ActionPlan, names: list[str]) -> dict[str, Any]:
    when, do = action.when, action.do
    entry: dict[str, Any] = {"id": action.id, "do": do}
    if when is None:
        entry["at"] = format_duration(action.at_us)
    else:
        node = None if when.node is None else names[when.node]
        entry["when"] = _given(event=when.event, node=node, nth=when.nth)
    entry |= _subject(action, names)
    if do in ("crash", "disk-fault"):
        entry["lose"] = action.lose
        if action.times > 1:
            entry |= {"times": action.times, "up": format_duration(action.up_us)}
    elif do in ("filter", "delay-ledger", "censor"):
        entry |= _withheld(action)
    elif do == "clog":
        entry["by"] = format_duration(action.by_us)
    elif action.figures is not None:
        entry |= _figures(action.figures)
    elif do == "slow":
        entry["service"] = format_duration(action.service_us)
    elif do == "skew":
        entry["drift"] = action.drift_ppm
    if action.until_us is not None:
        entry[_UNDO[do]] = f"after {format_duration(action.until_us)}"
    return entry


def _withheld(action: ActionPlan) -> dict[str, Any]:
    """Return which messages or transactions an entry stops, and for how long."""
    late = format_duration(action.by_us) if action.by_us else None
    if action.do == "filter":
        return {
            "kind": action.kinds[0],
            "nth": action.nth,
            **_given(count=action.count, delay=late),
        }
    return {**_used(principals=list(action.senders), kinds=list(action.kinds)), **_given(by=late)}


def _subject(action: ActionPlan, names: list[str]) -> dict[str, Any]:
    """Return what an entry is about."""
    match action.do:
        case "partition":
            groups = [_shown(side, names) for side in action.groups]
            return {"groups": groups, "direction": action.direction}
        case "heal" | "release":
            return _given(of=action.target or None)
        case "clog" | "hold" | "link" | "filter":
            return {"from": _shown(action.sources, names), "to": _shown(action.targets, names)}
        case "halt-ledger" | "quiet":
            return {}
        case "delay-ledger" | "censor":
            return _used(nodes=_shown(action.nodes, names))
        case "evict":
            return {"nodes": _shown(action.nodes, names), **_used(by=action.by, unless=OWNER)}
        case _ if action.key:
            return dump_order(action, names)
        case _:
            return {"nodes": _shown(action.nodes, names)}


def _corruption(corruption: CorruptionPlan, names: list[str]) -> dict[str, Any]:
    params: dict[str, Any] = dict(corruption.params)
    if corruption.victims:
        params["victims"] = [names[v] for v in corruption.victims]
    return {
        "id": corruption.id,
        "nodes": [names[corruption.validator]],
        "behaviour": corruption.behaviour,
        **_given(params=params or None),
        "from": format_duration(corruption.from_us),
        **_given(until=_duration(corruption.until_us)),
    }


def _expect(expect: ExpectPlan) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for name in expect.__struct_fields__:
        value = getattr(expect, name)
        if value in (None, "") or name in ("file", "line"):
            continue
        match name:
            case "within_us" | "at_us":
                entry[name.removesuffix("_us")] = format_duration(value)
            case "using":
                entry[name] = [f"{who}@{generation}" for who, generation in value]
            case "faults" | "faults_include":
                entry[name] = [{"validator": who, "fault": what} for who, what in value]
            case "disputes":
                entry[name] = [
                    {"dealer": dealer, "accuser": accuser, "kind": kind}
                    for dealer, accuser, kind in value
                ]
            case _:
                entry[name] = list(value) if isinstance(value, tuple) else value
    return entry
