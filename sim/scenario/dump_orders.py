"""Entries about keys as the resolved scenario has them: what is at its default is left out."""

from __future__ import annotations

from typing import Any

from sim.scenario.plan import ActionPlan, PolicyPlan
from sim.scenario.principals import OWNER
from sim.scenario.quantities import format_duration


def dump_order(action: ActionPlan, names: list[str]) -> dict[str, Any]:
    """Return what an entry about a key says, but for when.

    Args:
        action: The entry.
        names: The validators', by registry position.
    """
    said: dict[str, Any] = {"key": action.key}
    if action.by != OWNER:
        said["by"] = action.by
    match action.do:
        case "sign":
            said |= {"context": action.context, "message": _message(action.message)}
        case "repair":
            said["nodes"] = [names[v] for v in action.nodes]
        case "rotate" | "reshare" | "rekey" | "emergency":
            said |= _sharing(action, names)
        case "set-policy":
            assert action.policy is not None
            said["policy"] = dump_policy(action.policy)
        case "authorize":
            said |= {"principal": action.principal, "role": action.role}
        case "revoke":
            said["principal"] = action.principal
    return said


def _message(message: bytes) -> str | dict[str, str]:
    """Return a message as text if it is some, else as bytes."""
    try:
        text = message.decode()
    except UnicodeDecodeError:
        return {"hex": message.hex()}
    return text if text.isprintable() else {"hex": message.hex()}


def _sharing(action: ActionPlan, names: list[str]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if action.repartition is not None:
        said["repartition"] = action.repartition
    elif action.drawn is not None:
        said["committee"] = {"size": action.drawn, "select": "stake"}
    elif action.committee is not None:
        said["committee"] = [names[v] for v in action.committee]
    for key, nodes in (("join", action.joins), ("leave", action.leaves)):
        if nodes:
            said[key] = [names[v] for v in nodes]
    if action.threshold:
        said["threshold"] = action.threshold
    if action.faults is not None:
        said["faults"] = action.faults
    return said


def dump_policy(policy: PolicyPlan) -> dict[str, Any]:
    """Return a policy as a file has it."""
    said: dict[str, Any] = {}
    if policy.max_signings_per_epoch is not None:
        said["max_signings_per_epoch"] = policy.max_signings_per_epoch
    said["contexts"] = list(policy.contexts)
    if policy.admins:
        said["admins"] = list(policy.admins)
    if policy.principals:
        said["principals"] = list(policy.principals)
    if policy.expires_us is not None:
        said["expires"] = format_duration(policy.expires_us)
    if policy.quorum:
        said["quorum"] = policy.quorum
    return said
