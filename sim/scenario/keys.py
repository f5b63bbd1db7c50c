"""Keys as a plan has them, and the bounds between their numbers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from sim.crypto.groups import get_group
from sim.protocol.ceremony import PEDERSEN, default_faults
from sim.scenario import catalogue
from sim.scenario.families import NAME_MAX, member_names, partition_of
from sim.scenario.key_tables import CommitteeTable, KeyTable, RotateTable
from sim.scenario.orders import CommitteeEntry, Emergency, Evict, Join, Leave, ShareEntry
from sim.scenario.plan import KeyPlan, PartitionPlan, RotatePlan
from sim.scenario.principals import check_quorum, resolve_policy
from sim.scenario.quantities import QuantityError, format_duration, parse_threshold
from sim.scenario.registry import Registry, placed
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.using import USE, unknown

UNSHAREABLE: Final = {
    "MLDSA": "ML-DSA signatures come from one party",
    "MLKEM": "ML-KEM keys belong to one party",
}
"""Schemes of single parties, and why."""

_SIZES: Final[tuple[KeyPath, ...]] = (("validators", "n"), ("validators", "names"))
"""What the number of validators follows from."""


def resolve_keys(file: ScenarioFile, registry: Registry) -> tuple[KeyPlan, ...]:
    """Return every key; let the registry know committees, thresholds and schemes."""
    keys = []
    for name, table in file.keys.items():
        path: KeyPath = ("keys", name)
        drawn = _drawn(table, file, registry, path)
        committee = () if drawn is not None else _committee(table, registry, path)
        certain = committee if drawn is None else _certain(drawn, file, registry)
        key = _key(name, table, committee, drawn, file, registry, path)
        mine = _family(key, table, file, registry, path)
        if mine != [key]:
            certain = None
        for one in mine:
            registry.committees[one.name] = certain
            registry.schemes[one.name] = table.scheme
        names = {name, *(one.name for one in mine)}
        registry.thresholds.update(dict.fromkeys(names, key.threshold))
        if _moves(names, table, file):
            registry.moving.update(names)
        keys += mine
        _check_block(key, len(mine), table, file, registry, path)
    return tuple(keys)


def _family(
    key: KeyPlan, table: KeyTable, file: ScenarioFile, registry: Registry, path: KeyPath
) -> list[KeyPlan]:
    """Return the keys of a table: itself, or one for every committee of a partition."""
    count, reporter = partition_of(table), registry.reporter
    if count is None:
        return [key]
    where: KeyPath = (*path, "committee", "partition")
    members = member_names(key.name, count)
    if len(members[-1]) > NAME_MAX:
        message = f"the partition's keys have names of more than {NAME_MAX} characters"
        reporter.error(path, message, key=True, related=[("partition", where)])
    for other in file.keys:
        if other in members:
            message = f'"{other}" is a key of the partition of "{key.name}" already'
            reporter.error(("keys", other), message, key=True, related=[("partition", where)])
    if "churn" in table.rotate.on:
        message = (
            "a partition is drawn as a whole: it can't be renewed where members go, only at epochs"
        )
        place = table.rotate.on.index("churn")
        reporter.conflict(message, (*path, "rotate", "on", place), where)
    registry.families[key.name] = members
    return [
        replace(key, name=name, partition=PartitionPlan(name=key.name, place=place, count=count))
        for place, name in enumerate(members)
    ]


def _check_block(
    key: KeyPlan,
    committees: int,
    table: KeyTable,
    file: ScenarioFile,
    registry: Registry,
    path: KeyPath,
) -> None:
    """Report blocks that don't take what the committees of a table say in one phase."""
    most, size = (
        file.ledger.block_max,
        f"{key.size}" if committees == 1 else f"{committees} × {key.size}",
    )
    whose = "the committee of" if committees == 1 else "the partition's"
    if most < 2 * key.size * committees:
        registry.reporter.conflict(
            f"block_max = {most} is below twice {whose} {size}: "
            "one phase's transactions must fit into few blocks",
            ("ledger", "block_max"),
            _sizing(table, path),
            follows=_SIZES,
        )


def _sizing(table: KeyTable, path: KeyPath) -> KeyPath:
    """Return the path of what makes the committee as large as it is."""
    if isinstance(table.committee, CommitteeTable):
        return (*path, "committee", "size")
    return ("validators", "n") if table.committee == "*" else (*path, "committee")


def _drawn(table: KeyTable, file: ScenarioFile, registry: Registry, path: KeyPath) -> int | None:
    """Return how many members the chain draws, None if the committee is named."""
    if not isinstance(table.committee, CommitteeTable):
        return None
    size, where = table.committee.size, _sizing(table, path)
    most = len(registry.names) - (0 if joins(file) else len(registry.standby))
    count = table.committee.partition
    if count is not None and size * count > most:
        message = f"{count} committees of {size} take {size * count} validators, of {most}"
    elif size > most:
        message = f"a committee of {size} can't be drawn from {most} validators"
    else:
        return size
    pool: KeyPath = ("validators", "standby")
    places = [where] if count is None else [where, (*path, "committee", "partition")]
    registry.reporter.conflict(message, *places, pool, *_SIZES)
    registry.reporter.taint(where)
    return size


def joins(file: ScenarioFile) -> bool:
    """Whether anybody enters the registry during the run."""
    return any(isinstance(entry, Join) for entry in file.timeline)


def _moves(names: Collection[str], table: KeyTable, file: ScenarioFile) -> bool:
    """Whether others than now may come to sit on the committees of the keys `names`."""
    if {"epoch", "churn"} & set(table.rotate.on):
        return True
    mine = [e for e in file.timeline if isinstance(e, ShareEntry) and e.key in names]
    return any(
        isinstance(entry, Emergency)
        or entry.join is not None
        or (isinstance(entry, CommitteeEntry) and (entry.committee or entry.repartition))
        for entry in mine
    )


def _certain(drawn: int, file: ScenarioFile, registry: Registry) -> tuple[int, ...] | None:
    """Return who sits on a committee of `drawn`, if the draw leaves no choice."""
    registered = registry.registered()
    fixed = not any(isinstance(entry, Join | Leave | Evict) for entry in file.timeline)
    return registered if fixed and drawn == len(registered) else None


def _committee(table: KeyTable, registry: Registry, path: KeyPath) -> tuple[int, ...]:
    assert not isinstance(table.committee, CommitteeTable)
    known = len(registry.reporter.diagnostics)
    found = committee_members(table.committee, registry, (*path, "committee"))
    if len(registry.reporter.diagnostics) > known:
        registry.reporter.taint((*path, "committee"))
    return found


def committee_members(
    selectors: str | Sequence[str], registry: Registry, path: KeyPath
) -> tuple[int, ...]:
    """Return the members of a committee that is named, ascending; reports whoever has two seats.

    Args:
        selectors: One, or several; whoever is on standby is meant by name only.
        registry: The validators.
        path: Where they stand.
    """
    reporter = registry.reporter
    seen: dict[int, KeyPath] = {}
    for selector, place in placed(selectors, path):
        members = _members(selector, registry, place)
        twice = [position for position in members if position in seen]
        if twice:
            message = f"{registry.names[twice[0]]} can't have two seats"
            reporter.error(place, message, related=[("first", seen[twice[0]])])
        for position in members:
            seen.setdefault(position, place)
    if not selectors:
        reporter.error(path, "a committee needs at least one member")
    return tuple(sorted(seen))


def _members(selector: str, registry: Registry, place: KeyPath) -> tuple[int, ...]:
    if selector in ("honest", "adversary", "standby") or selector.startswith("committee:"):
        message = f'a committee can\'t be chosen by "{selector}": name validators or regions'
        registry.reporter.error(place, message)
        return ()
    found = tuple(registry.members(selector, place))
    if selector in registry.names:
        return found
    return tuple(v for v in found if v not in registry.standby)


def _key(
    name: str,
    table: KeyTable,
    committee: tuple[int, ...],
    drawn: int | None,
    file: ScenarioFile,
    registry: Registry,
    path: KeyPath,
) -> KeyPlan:
    size = len(committee) if drawn is None else drawn
    _check_single(table, size, registry, path)
    _check_indices(table, size, registry, (*path, "indices"))
    threshold = _threshold(table, size, registry, path)
    check_quorum(table.policy, name, threshold, size, registry, (*path, "policy"))
    faults = table.faults
    if faults is None:
        faults = max(0, default_faults(threshold, size))
    else:
        _check_faults(table, threshold, size, registry, path)
    return KeyPlan(
        name=name,
        scheme=table.scheme,
        threshold=threshold,
        faults=faults,
        committee=committee,
        drawn=drawn,
        attempts=table.attempts,
        retry_after=table.retry_after,
        justifications=table.justifications,
        commitments=_form(table, registry, path),
        protocol=table.protocol,
        complaints=table.complaints,
        policy=resolve_policy(table.policy, registry, (*path, "policy")),
        rotate=_rotate(table, threshold, file, registry, (*path, "rotate")),
    )


def _check_indices(table: KeyTable, size: int, registry: Registry, path: KeyPath) -> None:
    """Report x-coordinates that give the key away, that meet, or that aren't the seats' numbers."""
    if table.indices is None or table.scheme in UNSHAREABLE:
        return
    order, reporter = get_group(table.scheme).order, registry.reporter
    first: dict[int, int] = {}
    for i, index in enumerate(table.indices):
        x = index % order
        if x == 0:
            message = "an index of 0 modulo the group's order: its share would be the key itself"
            reporter.error((*path, i), message)
        elif x in first:
            message = "the same index twice modulo the group's order: two holders of one share"
            reporter.error((*path, i), message, related=[("first", (*path, first[x]))])
        first.setdefault(x, i)
    known = len(first) == len(table.indices) and 0 not in first
    if known and table.indices != list(range(1, size + 1)):
        reporter.error(path, f"seats are numbered 1 … {size}, in order")


def _form(
    table: KeyTable, registry: Registry, path: KeyPath
) -> Literal["evaluation", "coefficient"]:
    """Return the form of the commitments; report one that the protocol doesn't take."""
    needed = "" if table.protocol == PEDERSEN else _needed(table.protocol, registry, path)
    if table.commitments is None:
        return "coefficient" if needed == "coefficient" else "evaluation"
    if needed not in ("", table.commitments):
        message = f'protocol "{table.protocol}" commits in {needed} form, not {table.commitments}'
        registry.reporter.conflict(message, (*path, "commitments"), (*path, "protocol"))
    return table.commitments


def _needed(protocol: str, registry: Registry, path: KeyPath) -> str:
    """Return the form of the commitments that a protocol needs; report a protocol unknown."""
    known = catalogue.protocols()
    if protocol in known:
        return catalogue.protocol_form(protocol)
    if ":" not in protocol or registry.reporter.sound(USE):
        message = unknown("protocol", protocol, known)
        registry.reporter.error((*path, "protocol"), message, wrong=protocol, allowed=known)
    return ""


def _check_single(table: KeyTable, size: int, registry: Registry, path: KeyPath) -> None:
    """Report a scheme that can't be shared and is, and one that can't be rotated and should be."""
    why, reporter = UNSHAREABLE.get(table.scheme), registry.reporter
    if why is None:
        return
    where = (*path, "scheme")
    if table.threshold not in (1, "n") or size != 1:
        shown = f"{table.threshold} of {size}"
        message = f"{why}, and there is no threshold form of them here yet: 1 of 1, not {shown}"
        reporter.conflict(
            message, where, (*path, "threshold"), _sizing(table, path), follows=_SIZES
        )
        reporter.taint((*path, "threshold"))
    if table.rotate != RotateTable():
        message = f"{why}: there are no shares to rotate, only a rekey makes a new key"
        reporter.conflict(message, (*path, "rotate"), where)
    for name, usual in (("protocol", PEDERSEN), ("complaints", "dispute")):
        if getattr(table, name) != usual:
            message = f"{why}: nothing is dealt, so {name} has no meaning"
            reporter.conflict(message, (*path, name), where)


def _rotate(
    table: KeyTable, threshold: int, file: ScenarioFile, registry: Registry, path: KeyPath
) -> RotatePlan:
    rules, reporter = table.rotate, registry.reporter
    refreshes = [("every", rules.every), ("max_age", rules.max_age)]
    heights = {
        name: None if us is None else _heights(us, file, registry, (*path, name))
        for name, us in refreshes
    }
    for i, event in enumerate(rules.on):
        if event in rules.on[:i]:
            reporter.error((*path, "on", i), f'"{event}" stands twice')
    asked = [(*path, name) for name, us in refreshes if us is not None]
    if "policy-violation" in rules.on:
        asked.append((*path, "on", rules.on.index("policy-violation")))
    for where in asked if threshold == 1 and table.scheme not in UNSHAREABLE else ():
        message = "a key with threshold 1 can't be refreshed: every share is the key itself"
        reporter.conflict(message, where, (*path[:-1], "threshold"))
    return RotatePlan(on=tuple(rules.on), every=heights["every"], max_age=heights["max_age"])


def _heights(us: int, file: ScenarioFile, registry: Registry, path: KeyPath) -> int:
    heights, rest = divmod(us, file.ledger.block_time)
    if rest or not heights:
        time = format_duration(file.ledger.block_time)
        message = f"{path[-1]} must be a whole number of block times, {time} each"
        registry.reporter.conflict(message, path, ("ledger", "block_time"))
    return max(1, heights)


def _threshold(table: KeyTable, size: int, registry: Registry, path: KeyPath) -> int:
    where, given, reporter = (*path, "threshold"), table.threshold, registry.reporter
    value = given if isinstance(given, int) else _evaluated(given, size, len(registry.names))
    shown = value if isinstance(given, int) else f'"{given}" = {value}'
    if not 1 <= value <= size:
        if value < 1:
            message = f"threshold {shown} is below 1"
        else:
            message = f"threshold {shown} is above the committee's size, {size}"
        reporter.conflict(message, where, _sizing(table, path), follows=_SIZES)
        reporter.taint(where)
        return max(1, min(value, size))
    return value


def _evaluated(text: str, size: int, validators: int) -> int:
    try:
        return parse_threshold(text, size, validators)
    except QuantityError:  # the schema has parsed it already
        raise AssertionError(text) from None


def _check_faults(
    table: KeyTable, threshold: int, size: int, registry: Registry, path: KeyPath
) -> None:
    faults, where = table.faults or 0, (*path, "faults")
    if threshold + faults > size:
        message = f"t + f* = {threshold + faults} confirmations of only {size} members"
    elif faults > threshold - 1:
        message = f"f* = {faults} liars could reconstruct the key: at most t − 1 = {threshold - 1}"
    elif size < threshold + 2 * faults:
        message = (
            f"n = {size} < t + 2f* = {threshold + 2 * faults}: with {faults} withholding, "
            f"{threshold + faults} confirmations would not come together"
        )
    else:
        return
    registry.reporter.conflict(
        message, where, (*path, "threshold"), _sizing(table, path), follows=_SIZES
    )
