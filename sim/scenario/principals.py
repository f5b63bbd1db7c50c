"""Principals as a plan has them, and the policies that name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.scenario.key_tables import PolicyTable
from sim.scenario.plan import PolicyPlan, PrincipalPlan
from sim.scenario.registry import Registry
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

OWNER: Final = "owner"
"""The principal that always exists, and that asks for whatever says nothing else."""

SURVEILLANCE: Final = "surveillance"
"""The principal that the T-chain reports violations by."""


def resolve_principals(file: ScenarioFile, reporter: Reporter) -> tuple[PrincipalPlan, ...]:
    """Return the principals: the owner, and the others in the order of the file."""
    found = {OWNER: PrincipalPlan(name=OWNER)}
    for name, table in file.principals.items():
        if name == SURVEILLANCE:
            message = f'"{name}" is the T-chain\'s own principal'
            reporter.error(("principals", name), message, key=True)
            continue
        found[name] = PrincipalPlan(
            name=name, algorithm=table.algorithm, authorised=table.authorised
        )
    return tuple(found.values())


def check_apart(registry: Registry) -> None:
    """Report principals that are called as validators are: reports name both."""
    for name in registry.principals:
        if name in registry.names:
            path: KeyPath = ("principals", name)
            message = f'a validator is called "{name}" too'
            registry.reporter.error(path, message, key=True)


def check_principal(name: str, registry: Registry, path: KeyPath) -> None:
    """Report a name that no principal has."""
    if name in registry.principals or not registry.reporter.sound(("principals", name)):
        return
    if name == SURVEILLANCE:
        message = f'"{name}" acts by itself: nothing can be asked for in its name'
        registry.reporter.error(path, message)
        return
    message = f'there is no principal "{name}" in [principals]'
    registry.reporter.error(path, message, wrong=name, allowed=registry.principals)


def resolve_policy(table: PolicyTable, registry: Registry, path: KeyPath) -> PolicyPlan:
    """Return a policy; reports names that are unknown or stand twice."""
    _check_names(table.admins, registry, (*path, "admins"))
    _check_names(table.principals, registry, (*path, "principals"))
    return PolicyPlan(
        max_signings_per_epoch=table.max_signings_per_epoch,
        contexts=tuple(table.contexts),
        admins=tuple(table.admins),
        principals=tuple(table.principals),
        expires_us=table.expires,
        quorum=table.quorum or 0,
    )


def _check_names(names: Sequence[str], registry: Registry, path: KeyPath) -> None:
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        check_principal(name, registry, (*path, i))
        if name in first:
            related = [("first", (*path, first[name]))]
            registry.reporter.error((*path, i), f'"{name}" stands twice', related=related)
        first.setdefault(name, i)


def check_quorum(
    table: PolicyTable, key: str, threshold: int, size: int, registry: Registry, path: KeyPath
) -> None:
    """Report a quorum that no session could have, or that the threshold makes idle.

    Args:
        table: The policy.
        key: The key's name.
        threshold: t of the key.
        size: n of the key.
        registry: Where errors go.
        path: Of the policy.
    """
    quorum = table.quorum
    if quorum is None:
        return
    where = (*path, "quorum")
    if quorum < threshold:
        message = f"a quorum of {quorum} is below the threshold, {threshold}: nothing signs with it"
    elif quorum > size:
        message = f"a quorum of {quorum} is above the committee's size, {size}"
    else:
        return
    numbers: tuple[KeyPath, ...] = (("keys", key, "threshold"), ("keys", key, "committee"))
    registry.reporter.conflict(message, where, *numbers, follows=(("validators", "n"),))
