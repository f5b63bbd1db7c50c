"""Entries about keys as a plan has them, but for what depends on the key's life: see `lives`."""

from __future__ import annotations

from typing import Any, Final, assert_never

from sim.scenario.key_tables import CommitteeTable
from sim.scenario.keys import committee_members
from sim.scenario.orders import (
    Authorize,
    CommitteeEntry,
    CreateKey,
    Emergency,
    MessageTable,
    Order,
    Refresh,
    Rekey,
    Repair,
    Reshare,
    Retire,
    Revoke,
    Rollback,
    Rotate,
    SetPolicy,
    ShareEntry,
    Sign,
)
from sim.scenario.principals import check_principal, resolve_policy
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

_MESSAGE_MAX: Final = 1 << 16
_SESSION_MAX: Final = 160


def order_fields(
    order: Order, name: str, file: ScenarioFile, registry: Registry, path: KeyPath
) -> dict[str, Any]:
    """Return the fields of `ActionPlan` that an entry about a key sets.

    Args:
        order: The entry.
        name: Its id.
        file: The scenario.
        registry: Its validators, and where errors go.
        path: Of the entry.
    """
    registry.key(order.key, (*path, "key"))
    check_principal(order.by, registry, (*path, "by"))
    _check_family(order, registry, path)
    common = {"key": order.key, "by": order.by}
    match order:
        case CreateKey() | Refresh() | Repair() | Rollback() | Retire():
            return common
        case Sign():
            return common | _signing(order, name, file, registry, path)
        case Rotate() | Reshare() | Rekey() | Emergency():
            return common | _sharing(order, file, registry, path)
        case SetPolicy(policy=policy):
            return common | {"policy": resolve_policy(policy, registry, (*path, "policy"))}
        case Authorize(principal=whom, role=role):
            check_principal(whom, registry, (*path, "principal"))
            return common | {"principal": whom, "role": role}
        case Revoke(principal=whom):
            check_principal(whom, registry, (*path, "principal"))
            return common | {"principal": whom}
        case _:
            assert_never(order)


def _signing(
    sign: Sign, name: str, file: ScenarioFile, registry: Registry, path: KeyPath
) -> dict[str, Any]:
    context, key = sign.context, file.keys.get(registry.family(sign.key) or sign.key)
    if context is None:
        context = next(iter(key.policy.contexts), "") if key is not None else ""
    match sign.message:
        case None:
            message = name.encode()
        case MessageTable(hex=digits):
            message = bytes.fromhex(digits)
        case text:
            message = text.encode()
    longest = max(registry.families.get(sign.key, ()), key=len, default="")
    if longest and len(f"{name}/{longest}") > _SESSION_MAX:
        text = f"with /{longest} behind it the id has more than {_SESSION_MAX} characters"
        registry.reporter.error((*path, "id"), text)
    if len(message) > _MESSAGE_MAX:
        text = f"{len(message)} bytes are more than a session signs, {_MESSAGE_MAX}"
        registry.reporter.error((*path, "message"), text)
    return {"context": context, "message": message}


def _check_family(order: Order, registry: Registry, path: KeyPath) -> None:
    """Report what can't be asked for all keys of a partition at once."""
    members = registry.families.get(order.key)
    if members is None:
        return
    where: KeyPath | None = None
    if isinstance(order, Repair):
        where, what = (*path, "key"), "a repair is about one key's share"
    elif isinstance(order, ShareEntry) and (order.join is not None or order.leave is not None):
        where, what = (
            (*path, "leave" if order.join is None else "join"),
            "nobody sits on two committees",
        )
    if where is not None:
        message = f"{what}: name one of {members[0]} … {members[-1]}"
        registry.reporter.error(where, message, related=[("key", (*path, "key"))])


def _sharing(
    entry: ShareEntry, file: ScenarioFile, registry: Registry, path: KeyPath
) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key in ("join", "leave"):
        given = getattr(entry, key)
        if given is not None:
            where = (*path, key)
            if not given:
                registry.reporter.error(where, f"nobody is to {key}: name at least one validator")
            fields[f"{key}s"] = registry.select(given, where)
    both = sorted(set(fields.get("joins", ())) & set(fields.get("leaves", ())))
    if both:
        message = f"{registry.names[both[0]]} can't join and leave at once"
        registry.reporter.conflict(message, (*path, "leave"), (*path, "join"))
    if isinstance(entry, CommitteeEntry) and entry.committee is not None:
        fields |= _committee(entry, registry, path)
    if isinstance(entry, CommitteeEntry) and entry.repartition is not None:
        fields |= _repartition(entry, file, registry, path)
    return fields


def _repartition(
    entry: CommitteeEntry, file: ScenarioFile, registry: Registry, path: KeyPath
) -> dict[str, Any]:
    where, family = (*path, "repartition"), entry.key
    if family not in registry.families:
        family = registry.family(entry.key) or ""
    for key in ("committee", "join", "leave"):
        if getattr(entry, key) is not None:
            message = f"either repartition or {key}: a partition says who sits where"
            registry.reporter.conflict(message, where, (*path, key))
    table = file.keys.get(family)
    if table is None or not isinstance(table.committee, CommitteeTable):
        if registry.key(entry.key, (*path, "key")):
            message = f'"{entry.key}" is no key of a partition'
            place: KeyPath = ("keys", entry.key, "committee")
            registry.reporter.error(where, message, related=[("committee", place)])
        return {}
    return {"repartition": entry.repartition, "drawn": table.committee.size}


def _committee(entry: CommitteeEntry, registry: Registry, path: KeyPath) -> dict[str, Any]:
    where = (*path, "committee")
    for key in ("join", "leave"):
        if getattr(entry, key) is not None:
            message = f"either a committee or {key}: a committee stands by itself"
            registry.reporter.conflict(message, where, (*path, key))
    if isinstance(entry.committee, CommitteeTable):
        if entry.committee.partition is not None:
            message = 'a partition is drawn with its keys: repartition = "anew" draws it again'
            registry.reporter.error((*where, "partition"), message)
        size, most = entry.committee.size, len(registry.names)
        if size > most:
            message = f"a committee of {size} can't be drawn from {most} validators"
            registry.reporter.conflict(message, (*where, "size"), ("validators", "n"))
        return {"drawn": size}
    assert entry.committee is not None
    return {"committee": committee_members(entry.committee, registry, where)}
