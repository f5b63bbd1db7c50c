"""What becomes of each key, as far as the timeline alone tells: who sits, how many, how many sign.

Rotations are followed in order of time as if each were activated, so that `n` in a later threshold
means something. Whatever is impossible for certain is reported; what depends on how a rotation
before ended is left to the K-chain, which refuses it if it has to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from sim.base.ids import NEVER_US
from sim.protocol.ceremony import default_faults
from sim.scenario.orders import CommitteeEntry, SetPolicy, ShareEntry
from sim.scenario.plan import ActionPlan, KeyPlan
from sim.scenario.principals import check_quorum
from sim.scenario.quantities import parse_threshold
from sim.scenario.registrations import Registrations
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.timeline import Placed
from sim.scenario.toml_text import inline

_SHARING: Final = ("rotate", "reshare", "rekey", "emergency")
"""Actions that may change who sits on a committee, and how many sign."""


@dataclass(frozen=True)
class _Stand:
    """A key at one time.

    Attributes:
        members: Its committee; None if that isn't known before the run.
        size: n, or None.
        threshold: t, or None.
        sure: Whether nothing before could have ended otherwise.
    """

    members: frozenset[int] | None
    size: int | None
    threshold: int | None
    sure: bool = True

    def seating(self, members: frozenset[int]) -> _Stand:
        """Return the same with other members."""
        return _Stand(members, len(members), self.threshold, self.sure)


def settle_lives(
    file: ScenarioFile, placed: Sequence[Placed], keys: Iterable[KeyPlan], registry: Registry
) -> list[Placed]:
    """Return the timeline with thresholds and faults as numbers; reports what can't be.

    Args:
        file: The scenario.
        placed: Its timeline.
        keys: Its keys, as they are created.
        registry: Its validators, and where errors go.
    """
    registered = Registrations(file, placed, registry)
    settled = dict(enumerate(placed))
    for key in keys:
        life = _Life(file, key, registry, registered, placed)
        mine = [(n, i, action) for n, (i, action) in settled.items() if action.key == key.name]
        waiting = [entry for entry in mine if entry[2].when is not None]
        if any(action.do in _SHARING for _, _, action in waiting):
            life.forget()
        timed = sorted((e for e in mine if e[2].when is None), key=lambda entry: entry[2].at_us)
        for n, i, action in [*timed, *waiting]:
            settled[n] = (i, life.settle(i, action))
    return list(settled.values())


class _Life:
    """Follows one key through the timeline."""

    def __init__(
        self,
        file: ScenarioFile,
        key: KeyPlan,
        registry: Registry,
        registered: Registrations,
        placed: Sequence[Placed],
    ) -> None:
        self._file = file
        self._key = key
        self._registry = registry
        self._reporter = registry.reporter
        self._registered = registered
        self._down = _down_for_good(placed)
        self._boundary: int | None = None
        numbers = (("keys", key.table, word) for word in ("threshold", "committee", "faults"))
        sound = self._reporter.sound(("validators", "n"), ("validators", "names"), *numbers)
        members = frozenset(key.committee) if key.drawn is None else None
        self._stand = _Stand(members, key.size, key.threshold, sure=sound)

    def forget(self) -> None:
        """Note that a rotation waits for an event: what comes of it may be any time's."""
        self._stand = _Stand(None, None, None, sure=False)

    def settle(self, i: int, action: ActionPlan) -> ActionPlan:
        """Return `action`, the next that concerns the key, with its numbers."""
        entry, path = self._file.timeline[i], ("timeline", i)
        self._redraw(action)
        if isinstance(entry, SetPolicy) and self._stand.sure and self._stand.size is not None:
            threshold = self._stand.threshold or 0
            where = (*path, "policy")
            size = self._stand.size
            check_quorum(entry.policy, self._key.name, threshold, size, self._registry, where)
        match action.do:
            case "create-key":
                self._created(action)
            case "repair":
                self._check_repair(action, path)
        return self._shared(entry, action, path) if isinstance(entry, ShareEntry) else action

    def _redraw(self, action: ActionPlan) -> None:
        """Forget who sits once an epoch's boundary may have drawn others."""
        by_itself = {"epoch", "churn"} & set(self._key.rotate.on)
        if by_itself and self._boundary is not None and action.at_us >= self._boundary:
            self._stand = _Stand(None, self._stand.size, self._stand.threshold, self._stand.sure)

    def _created(self, action: ActionPlan) -> None:
        path: KeyPath = ("keys", self._key.table, "committee")
        if action.when is not None:
            return
        self._boundary = (action.at_us // self._file.ledger.epoch + 1) * self._file.ledger.epoch
        if self._key.drawn is None:
            self._check_registered(self._key.committee, action.at_us, path)
        else:
            self._check_pool(self._key.drawn, action.at_us, (*path, "size"))

    def _check_registered(self, nodes: Iterable[int], at_us: int, path: KeyPath) -> None:
        absent = [v for v in nodes if self._registered.absent(v, at_us)]
        if absent and self._reporter.sound(path):
            names = ", ".join(self._registry.names[v] for v in absent)
            verb = "isn't" if len(absent) == 1 else "aren't"
            message = f"{names} {verb} in the registry then: joining takes effect at the next epoch"
            self._reporter.error(path, message)

    def _check_pool(self, size: int, at_us: int, path: KeyPath) -> None:
        most = self._registered.most(at_us)
        what = f"a committee of {size}"
        if self._key.partition is not None and size == self._key.drawn:
            what = f"{self._key.partition.count} committees of {size}"
            size *= self._key.partition.count
        if size > most and size <= len(self._registry.names):
            message = f"{what} can't be drawn: {most} validators are registered then"
            self._reporter.conflict(message, path, ("validators", "standby"), ("validators", "n"))

    def _check_repair(self, action: ActionPlan, path: KeyPath) -> None:
        members = self._stand.members
        if members is None or not self._stand.sure:
            return
        for node in action.nodes:
            if node not in members:
                where = (*path, "node") if self._reporter.given((*path, "node")) else path
                name = self._registry.names[node]
                message = f'{name} holds no share of "{self._key.name}": there is nothing to repair'
                self._reporter.error(where, message)

    def _shared(self, entry: ShareEntry, action: ActionPlan, path: KeyPath) -> ActionPlan:
        if not self._reporter.sound(path):
            return action
        known = len(self._reporter.diagnostics)
        before, now = self._stand, self._seated(action, path)
        own = isinstance(entry, CommitteeEntry) and (
            entry.committee is not None or entry.repartition is not None
        )
        threshold = self._threshold(entry, now.size, path)
        new = before.threshold if threshold is None else threshold
        sure = (before.sure or own) and (before.sure or threshold is not None)
        faults = entry.faults
        fine = len(self._reporter.diagnostics) == known
        if fine and sure and new is not None and now.size is not None:
            if faults is None:
                faults = self._faults(new, now.size)
            self._check_numbers(entry, action, now, new, faults, path)
        changes = own or bool(action.joins or action.leaves) or action.do in ("rekey", "emergency")
        changes = changes or threshold is not None
        self._stand = _Stand(now.members, now.size, new, before.sure and not changes)
        return replace(action, threshold=threshold or 0, faults=faults)

    def _seated(self, action: ActionPlan, path: KeyPath) -> _Stand:
        """Return who sits on the new committee, and how many, if that is known."""
        before = self._stand
        if action.committee is not None:
            if action.when is None:
                self._check_registered(action.committee, action.at_us, (*path, "committee"))
            return before.seating(frozenset(action.committee))
        if action.drawn is not None:
            if action.when is None:
                anew = action.repartition is not None
                where: KeyPath = ("repartition",) if anew else ("committee", "size")
                self._check_pool(action.drawn, action.at_us, (*path, *where))
            return _Stand(None, action.drawn, before.threshold, before.sure)
        if action.when is None:
            self._check_registered(action.joins, action.at_us, (*path, "join"))
        if not action.joins and not action.leaves:
            drawn_anew = action.do == "emergency"
            members = None if drawn_anew else before.members
            return _Stand(members, before.size, before.threshold, before.sure)
        if before.members is None:
            return _Stand(None, None, before.threshold, before.sure)
        if before.sure:
            self._check_changes(action, before.members, path)
        return before.seating((before.members - {*action.leaves}) | {*action.joins})

    def _check_changes(self, action: ActionPlan, members: frozenset[int], path: KeyPath) -> None:
        key = self._key.name
        for node in action.joins:
            if node in members:
                message = f'{self._registry.names[node]} sits on the committee of "{key}" already'
                self._reporter.error((*path, "join"), message)
        for node in action.leaves:
            if node not in members:
                message = f'{self._registry.names[node]} isn\'t on the committee of "{key}" then'
                self._reporter.error((*path, "leave"), message)

    def _threshold(self, entry: ShareEntry, size: int | None, path: KeyPath) -> int | None:
        given, where = entry.threshold, (*path, "threshold")
        if given is None:
            return None
        if isinstance(given, str) and size is None and "n" in given:
            message = "how large the committee is then isn't known before the run: give a number"
            self._reporter.error(where, message)
            return None
        value, shown = given, str(given)
        if isinstance(given, str):
            value = parse_threshold(given, size or 0, len(self._registry.names))
            shown = f'"{given}" = {value}'
        assert isinstance(value, int)
        if value < 1:
            self._reporter.error(where, f"threshold {shown} is below 1")
            return None
        return value

    def _faults(self, threshold: int, size: int) -> int:
        """Return f* where the entry says nothing: the key's own, or the most that is possible."""
        declared = self._file.keys[self._key.table].faults
        return max(0, default_faults(threshold, size)) if declared is None else declared

    def _check_numbers(
        self,
        entry: ShareEntry,
        action: ActionPlan,
        now: _Stand,
        threshold: int,
        faults: int,
        path: KeyPath,
    ) -> None:
        """Report a committee on which too few could confirm, or liars could reconstruct."""
        assert now.size is not None
        size, reporter = now.size, self._reporter
        crashed = 0 if self._may_abort(action) else self._crashed(now, action)
        what = self._what(action)
        if threshold > size:
            message = f"{what} gives n = {size} < t = {threshold}"
        elif size < threshold + faults + crashed:
            more = " + crashes" if crashed else ""
            total = threshold + faults + crashed
            message = f"{what} gives n = {size} < t + f*{more} = {total}"
        elif faults > threshold - 1:
            most = f"at most t − 1 = {threshold - 1}"
            message = f"f* = {faults} liars could reconstruct the key: {most}"
        elif size < threshold + 2 * faults:
            message = f"{what} gives n = {size} < t + 2f* = {threshold + 2 * faults}"
        else:
            return
        key: KeyPath = ("keys", self._key.table)
        places = [(*path, word) for word in ("leave", "join", "committee", "threshold", "faults")]
        given = [place for place in places if reporter.given(place)] or [(*path, "do")]
        for name, of in (("threshold", entry.threshold), ("faults", entry.faults)):
            if of is None:
                given.append((*key, name))
        reporter.conflict(message, *given)

    def _crashed(self, now: _Stand, action: ActionPlan) -> int:
        """Return how many of the new committee are down for good."""
        return sum(self._down.get(node, NEVER_US) <= action.at_us for node in now.members or ())

    def _may_abort(self, action: ActionPlan) -> bool:
        """Whether the scenario expects that this rotation can end without a new generation."""
        return any(
            expect.rotation in ("aborted", "either")
            and expect.key in (None, self._key.name, self._key.table)
            and expect.of in (None, action.id, action.id.removesuffix(f"/{self._key.name}"))
            for expect in self._file.expect
        )

    def _what(self, action: ActionPlan) -> str:
        if action.committee is not None or action.drawn is not None:
            return "the committee"
        if not action.joins and not action.leaves:
            return "the present committee"
        left = _shown(action.leaves, self._registry) if action.leaves else "none"
        joined = _shown(action.joins, self._registry) if action.joins else "none"
        return f"leaving {left} and joining {joined}"


def _down_for_good(placed: Sequence[Placed]) -> dict[int, int]:
    """Return from when on each validator is down, of those that crash and never start again."""
    again = {node for _, action in placed if action.do == "restart" for node in action.nodes}
    quiet = [action for _, action in placed if action.do == "quiet"]
    down: dict[int, int] = {}
    for _, action in placed:
        if any(end.when is not None or end.at_us > action.at_us for end in quiet):
            continue
        if action.do == "crash" and action.when is None and action.until_us is None:
            for node in action.nodes:
                if node not in again:
                    down[node] = min(action.at_us, down.get(node, NEVER_US))
    return down


def _shown(nodes: Iterable[int], registry: Registry) -> str:
    """Return the names of `nodes` as a file has them."""
    return inline([registry.names[node] for node in nodes])
