"""Keys as a plan has them, and the bounds between their numbers."""

from __future__ import annotations

from typing import Final

from sim.protocol.ceremony import default_faults
from sim.scenario.plan import KeyPlan, PolicyPlan
from sim.scenario.quantities import QuantityError, parse_threshold
from sim.scenario.registry import Registry, placed
from sim.scenario.schema import CommitteeTable, KeyTable, ScenarioFile
from sim.scenario.source import KeyPath

_SIZES: Final[tuple[KeyPath, ...]] = (("validators", "n"), ("validators", "names"))
"""What the number of validators follows from."""


def resolve_keys(file: ScenarioFile, registry: Registry) -> tuple[KeyPlan, ...]:
    """Return every key; let the registry know committees, thresholds and schemes."""
    keys = []
    for name, table in file.keys.items():
        path: KeyPath = ("keys", name)
        drawn = _drawn(table, registry, path)
        committee = () if drawn is not None else _committee(table, registry, path)
        registry.committees[name] = committee if drawn is None else _certain(drawn, registry)
        registry.schemes[name] = table.scheme
        key = _key(name, table, committee, drawn, registry, path)
        registry.thresholds[name] = key.threshold
        keys.append(key)
        most = file.ledger.block_max
        if most < 2 * key.size:
            registry.reporter.conflict(
                f"block_max = {most} is below twice the committee of {key.size}: "
                "one phase's transactions must fit into few blocks",
                ("ledger", "block_max"),
                _sizing(table, path),
                follows=_SIZES,
            )
    return tuple(keys)


def _sizing(table: KeyTable, path: KeyPath) -> KeyPath:
    """Return the path of what makes the committee as large as it is."""
    if isinstance(table.committee, CommitteeTable):
        return (*path, "committee", "size")
    return ("validators", "n") if table.committee == "*" else (*path, "committee")


def _drawn(table: KeyTable, registry: Registry, path: KeyPath) -> int | None:
    """Return how many members the chain draws, None if the committee is named."""
    if not isinstance(table.committee, CommitteeTable):
        return None
    size, most, where = table.committee.size, len(registry.names), _sizing(table, path)
    if size > most:
        message = f"a committee of {size} can't be drawn from {most} validators"
        registry.reporter.conflict(message, where, *_SIZES)
        registry.reporter.taint(where)
    return size


def _certain(drawn: int, registry: Registry) -> tuple[int, ...] | None:
    """Return who sits on a committee of `drawn`, if the draw leaves no choice."""
    return tuple(range(drawn)) if drawn == len(registry.names) else None


def _committee(table: KeyTable, registry: Registry, path: KeyPath) -> tuple[int, ...]:
    assert not isinstance(table.committee, CommitteeTable)
    where, reporter = (*path, "committee"), registry.reporter
    known = len(reporter.diagnostics)
    seen: dict[int, KeyPath] = {}
    for selector, place in placed(table.committee, where):
        members = _members(selector, registry, place)
        twice = [position for position in members if position in seen]
        if twice:
            message = f"{registry.names[twice[0]]} can't have two seats"
            reporter.error(place, message, related=[("first", seen[twice[0]])])
        for position in members:
            seen.setdefault(position, place)
    if not table.committee:
        reporter.error(where, "a committee needs at least one member")
    if len(reporter.diagnostics) > known:
        reporter.taint(where)
    return tuple(sorted(seen))


def _members(selector: str, registry: Registry, place: KeyPath) -> tuple[int, ...]:
    if selector in ("honest", "adversary", "standby") or selector.startswith("committee:"):
        message = f'a committee can\'t be chosen by "{selector}": name validators or regions'
        registry.reporter.error(place, message)
        return ()
    return tuple(registry.members(selector, place))


def _key(
    name: str,
    table: KeyTable,
    committee: tuple[int, ...],
    drawn: int | None,
    registry: Registry,
    path: KeyPath,
) -> KeyPlan:
    size = len(committee) if drawn is None else drawn
    threshold = _threshold(table, size, registry, path)
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
        commitments=table.commitments,
        policy=PolicyPlan(
            max_signings_per_epoch=table.policy.max_signings_per_epoch,
            contexts=tuple(table.policy.contexts),
        ),
    )


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
