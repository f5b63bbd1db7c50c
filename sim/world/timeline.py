"""The plan's timeline, dealt out to whoever carries each entry out.

The engine crashes, restarts, pauses, slows and skews validators; the network cuts and heals links;
the ledger halts; principals ask for keys, signatures and rotations; validators are told to join and
to leave. What starts at a known time is given to each beforehand; what waits for an event is a
fault of the engine, which hands it on when the event has happened.
"""

from __future__ import annotations

from typing import Final

from sim.base.errors import LocalError
from sim.base.ids import LEDGER, ValidatorIndex
from sim.engine.faults import (
    Action,
    Command,
    Crash,
    Disk,
    DiskLoss,
    Fault,
    LedgerRule,
    NetworkRule,
    Pause,
    Quiet,
    Restart,
    Resume,
    Skew,
    Slow,
    When,
)
from sim.network import rules
from sim.network.losses import Loss
from sim.network.pipes import Queue
from sim.network.rules import (
    Change,
    Clog,
    Filter,
    Heal,
    Hold,
    Isolate,
    Partition,
    Release,
    Rule,
    encode_rule,
)
from sim.scenario.network_plan import LinkFigures
from sim.scenario.plan import ActionPlan, Plan
from sim.world.orders import Ask, Calm, Halt, LinkRule, Withhold, encode_order
from sim.world.phases import armed_until_us, healing, healing_rules, lost_of
from sim.world.requests import ASKED

NETWORK: Final = frozenset(
    {"partition", "isolate", "heal", "clog", "hold", "release", "link", "filter", "quiet"}
)
"""Actions of the network."""

WITHHELD: Final = frozenset({"delay-ledger", "censor"})
"""Actions that keep transactions out of blocks."""


def rule_of(action: ActionPlan) -> Rule:
    """Return the network rule that an entry of `NETWORK` stands for."""
    if action.do in ("clog", "hold", "link", "filter"):
        return _link_rule(action)
    match action.do:
        case "partition":
            return Partition(
                id=action.id,
                at_us=action.at_us,
                groups=action.groups,
                direction=action.direction,
                lasts_us=action.until_us,
            )
        case "isolate":
            return Isolate(
                id=action.id, at_us=action.at_us, nodes=action.nodes, lasts_us=action.until_us
            )
        case "heal":
            return Heal(id=action.id, at_us=action.at_us, target=action.target)
        case "release":
            return Release(id=action.id, at_us=action.at_us, target=action.target)
        case "quiet":
            return rules.Quiet(id=action.id, at_us=action.at_us)
        case _:
            raise LocalError(f"{action.do} is no action of the network")


def _link_rule(action: ActionPlan) -> Rule:
    name, at_us, lasts_us = action.id, action.at_us, action.until_us
    sources, targets = action.sources, action.targets
    if action.do == "hold":
        return Hold(id=name, at_us=at_us, sources=sources, targets=targets, lasts_us=lasts_us)
    if action.do == "clog":
        return Clog(
            id=name,
            at_us=at_us,
            sources=sources,
            targets=targets,
            lasts_us=lasts_us,
            by_us=action.by_us,
        )
    if action.do == "filter":
        return Filter(
            id=name,
            at_us=at_us,
            sources=sources,
            targets=targets,
            lasts_us=lasts_us,
            kind=action.kinds[0],
            first=action.nth,
            count=action.count,
            by_us=action.by_us or None,
        )
    figures = action.figures or LinkFigures()
    return Change(
        id=name,
        at_us=at_us,
        sources=sources,
        targets=targets,
        lasts_us=lasts_us,
        add_us=figures.add_us,
        loss=figures_loss(figures),
        queue=figures_queue(figures),
    )


def figures_loss(figures: LinkFigures) -> Loss | None:
    """Return the loss that `figures` set, or None."""
    return None if figures.loss is None else Loss(figures.loss, figures.burst)


def figures_queue(figures: LinkFigures) -> Queue | None:
    """Return the bandwidth that `figures` set, or None."""
    return None if figures.rate is None else Queue(figures.rate, figures.queue)


def scheduled_rules(plan: Plan) -> list[Rule]:
    """Return the network rules that start at known times, in the timeline's order."""
    known = [rule_of(a) for a in plan.timeline if a.when is None and a.do in NETWORK]
    return [*known, *healing_rules(plan)]


def scheduled_halts(plan: Plan) -> list[tuple[int, int | None]]:
    """Return when heights stop, and when they go on or None, for halts at known times."""
    return [
        (a.at_us, None if a.until_us is None else a.at_us + a.until_us)
        for a in plan.timeline
        if a.when is None and a.do == "halt-ledger"
    ]


def scheduled_withholdings(plan: Plan) -> list[ActionPlan]:
    """Return what is kept out of blocks from known times on, in the timeline's order."""
    return [a for a in plan.timeline if a.when is None and a.do in WITHHELD]


def scheduled_requests(plan: Plan) -> list[ActionPlan]:
    """Return what principals ask for at known times, in the timeline's order."""
    return [a for a in plan.timeline if a.when is None and a.do in ASKED]


def faults_of(plan: Plan) -> list[Fault]:
    """Return what the engine has to carry out or hand on, in the timeline's order."""
    faults = []
    for action in plan.timeline:
        when = action.when
        if action.do == "quiet":
            actions = _quiet(action, len(plan.validators))
        else:
            actions = _on_nodes(action) or ([] if when is None else _handed_on(action))
        if actions:
            trigger = None
            if when is not None:
                node = None if when.node is None else ValidatorIndex(when.node)
                trigger = When(when.event, node, when.nth, armed_until_us(plan, action))
            faults.append(Fault(tuple(actions), action.at_us, trigger))
    return [*faults, *healing(plan)]


def _quiet(action: ActionPlan, validators: int) -> list[Action]:
    """Return what ends every fault; the network knows of one at a known time already."""
    actions: list[Action] = [Quiet(ValidatorIndex(node)) for node in range(validators)]
    if action.when is not None:
        rule = encode_rule(rule_of(action))
        actions += [NetworkRule(rule), LedgerRule(encode_order(LinkRule(rule)))]
    return [*actions, LedgerRule(encode_order(Calm()))]


def _on_nodes(action: ActionPlan) -> list[Action]:
    nodes = [ValidatorIndex(node) for node in action.nodes]
    until = action.until_us
    match action.do:
        case "crash":
            loop = (action.times, action.up_us)
            return [Crash(node, action.lose, until, *loop) for node in nodes]
        case "restart":
            return [Restart(node) for node in nodes]
        case "pause":
            return [Pause(node, until) for node in nodes]
        case "resume":
            return [Resume(node) for node in nodes]
        case "slow":
            return [Slow(node, action.service_us, until) for node in nodes]
        case "skew":
            return [Skew(node, 0, action.drift_ppm, until) for node in nodes]
        case "disk-fault":
            return [Disk(node, _disk_loss(action), until) for node in nodes]
        case "join" | "leave":
            return [Command(node, action.do) for node in nodes]
        case _:
            return []


def _disk_loss(action: ActionPlan) -> DiskLoss:
    return "all" if action.lose == "all" else "unsynced"


def _handed_on(action: ActionPlan) -> list[Action]:
    if action.do in NETWORK:
        rule = encode_rule(rule_of(action))
        return [NetworkRule(rule), LedgerRule(encode_order(LinkRule(rule)))]
    if action.do in ASKED:
        return [LedgerRule(encode_order(Ask(action.id)))]
    if action.do == "halt-ledger":
        return [LedgerRule(encode_order(Halt(action.until_us)))]
    if action.do in WITHHELD:
        return [LedgerRule(encode_order(Withhold(action.id)))]
    raise LocalError(f"nobody carries out {action.do}")


def last_scheduled_us(plan: Plan) -> int:
    """Return when the last entry with a known time, and what undoes it, is over."""
    return max((a.at_us + a.lasts_us for a in plan.timeline if a.when is None), default=0)


def disturbed(plan: Plan) -> frozenset[int]:
    """Return the validators that the timeline may keep from acting in time.

    Crashed, paused or slowed, with a clock or a disk that is off, with a ledger link that is cut,
    held, clogged or changed, or with transactions that blocks don't take at once; an entry that
    waits for an event counts even if that never comes.
    """
    found: set[int] = set(lost_of(plan))
    for action in plan.timeline:
        if action.do in ("crash", "pause", "slow", "skew", "disk-fault"):
            found.update(action.nodes)
        elif action.do in WITHHELD:
            anybody = not action.nodes and not action.senders
            found.update(range(len(plan.validators)) if anybody else action.nodes)
        elif action.do == "halt-ledger":
            continue  # nothing expires while the ledger is halted
        elif action.do in ("partition", "isolate"):
            found |= _cut_off(action, len(plan.validators))
        elif LEDGER in action.sources or LEDGER in action.targets:
            found |= _behind(action)
    return frozenset(node for node in found if node >= 0)


def _behind(action: ActionPlan) -> set[int]:
    """Return whose links with the ledger an entry is about."""
    up = set(action.sources) if LEDGER in action.targets else set()
    return up | (set(action.targets) if LEDGER in action.sources else set())


def _cut_off(action: ActionPlan, validators: int) -> set[int]:
    if action.do == "isolate":
        return set(range(validators)) if -1 in action.nodes else set(action.nodes)
    named = {node for group in action.groups for node in group}
    with_ledger = next((group for group in action.groups if -1 in group), None)
    return set() if with_ledger is None else named - set(with_ledger)
