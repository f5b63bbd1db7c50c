"""Validators by name, and selectors: which validators a scenario means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sim.base.randomness import stream
from sim.scenario import catalogue
from sim.scenario.entry_tables import PickTable
from sim.scenario.matrices import Matrix
from sim.scenario.naming import PLACING, known_regions, resolve_names, resolve_regions
from sim.scenario.plan import ValidatorPlan
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.stakes import resolve_stakes
from sim.scenario.validators import resolve_standby

LEDGER_POSITION = -1
"""Registry position that stands for the ledger in a plan."""

_NAMING: tuple[KeyPath, ...] = (("validators", "n"), ("validators", "names"))


@dataclass
class Registry:
    """The validators of one scenario.

    Attributes:
        reporter: Where errors go.
        seed: The run's seed, for picks.
        names: By registry position.
        regions: By registry position; empty text where the profile has no geography.
        stakes: By registry position.
        standby: Who isn't registered before it joins.
        principals: Names of principals.
        committees: Registry positions by key name, as they become known; None for a committee that
            is drawn during the run.
        families: Keys by the name of their partition; see `families`.
        thresholds: By key name.
        schemes: By key name.
        moving: Keys on whose committees others may come to sit during the run.
        corrupted: Positions with a behaviour; None until all of them are known.
    """

    reporter: Reporter
    seed: int
    names: tuple[str, ...]
    regions: tuple[str, ...]
    stakes: tuple[int, ...]
    standby: frozenset[int] = frozenset()
    principals: tuple[str, ...] = ("owner",)
    committees: dict[str, tuple[int, ...] | None] = field(default_factory=dict)
    families: dict[str, tuple[str, ...]] = field(default_factory=dict)
    thresholds: dict[str, int] = field(default_factory=dict)
    schemes: dict[str, str] = field(default_factory=dict)
    moving: set[str] = field(default_factory=set)
    corrupted: frozenset[int] | None = None

    def __post_init__(self) -> None:
        self._positions = {name: i for i, name in enumerate(self.names)}
        self._sound = self.reporter.sound(*_NAMING)

    def plans(self) -> tuple[ValidatorPlan, ...]:
        """Return the validators as a plan has them."""
        return tuple(
            ValidatorPlan(name=name, region=region, stake=stake, standby=i in self.standby)
            for i, (name, region, stake) in enumerate(
                zip(self.names, self.regions, self.stakes, strict=True)
            )
        )

    def registered(self) -> tuple[int, ...]:
        """Return the positions of those that are in the registry from the start."""
        return tuple(v for v in range(len(self.names)) if v not in self.standby)

    def position(self, name: str, path: KeyPath) -> int | None:
        """Return the registry position of the validator `name`, or report it and return None."""
        found = self._positions.get(name)
        if found is None and self._sound:
            message = f'unknown validator "{name}"'
            self.reporter.error(path, message, wrong=name, allowed=self.names)
        return found

    def key(self, name: str, path: KeyPath) -> bool:
        """Whether there is a key `name`, or a partition of keys; reports it if not."""
        keys = self.reporter.root.child("keys")
        known = list(keys.value) if keys is not None and isinstance(keys.value, dict) else []
        if name in known or any(name in members for members in self.families.values()):
            return True
        for family, members in self.families.items():
            if name.startswith(f"{family}-"):
                message = f'no key "{name}": those of "{family}" are {members[0]} … {members[-1]}'
                self.reporter.error(path, message, wrong=name, allowed=members)
                return False
        message = f'there is no key "{name}" in [keys]'
        self.reporter.error(path, message, wrong=name, allowed=known)
        return False

    def keys_of(self, name: str) -> tuple[str, ...]:
        """Return the keys that `name` means: all of a partition, or the one of that name."""
        return self.families.get(name, (name,))

    def family(self, key: str) -> str | None:
        """Return the partition that the key `key` is of, or None."""
        return next((name for name, members in self.families.items() if key in members), None)

    def only_key(self) -> str | None:
        """Return the name of the only key, or None if there are none or several."""
        return next(iter(self.committees)) if len(self.committees) == 1 else None

    def select(
        self, selectors: str | Sequence[str], path: KeyPath, *, ledger: bool = False
    ) -> tuple[int, ...]:
        """Return the positions that `selectors` mean, ascending, each once.

        Args:
            selectors: One, or several.
            path: Where they stand.
            ledger: Whether ``ledger`` is one of them.
        """
        found: set[int] = set()
        for one, place in placed(selectors, path):
            found |= set(self.members(one, place, ledger=ledger))
        return tuple(sorted(found))

    def members(self, selector: str, path: KeyPath, *, ledger: bool = False) -> Iterable[int]:
        """Return the positions that one selector means; reports it if it means nothing."""
        everyone = range(len(self.names))
        match selector.partition(":"):
            case ("*", "", ""):
                return everyone
            case (catalogue.LEDGER_NAME, "", "") if ledger:
                return (LEDGER_POSITION,)
            case ("honest" | "adversary", "", ""):
                return self._corrupt(selector == "adversary", path)
            case ("standby", "", ""):
                return self._standby(path)
            case ("region", ":", region):
                return self._region(region, path)
            case ("committee", ":", key):
                return self._committee(key, path, "name validators or regions")
            case _:
                return self._named(selector, path, ledger=ledger)

    def _standby(self, path: KeyPath) -> Iterable[int]:
        """Return who is to join later; if the scenario names nobody, who is on no committee."""
        if self.standby:
            return sorted(self.standby)
        seated: set[int] = set()
        for key, members in self.committees.items():
            if members is None:
                return self._committee(key, path, "nobody knows before who is on standby")
            seated.update(members)
        return self._some("standby", [v for v in range(len(self.names)) if v not in seated], path)

    def _committee(self, key: str, path: KeyPath, advice: str) -> tuple[int, ...]:
        """Return the members of a committee; reports one that isn't known before the run."""
        if not self.key(key, path):
            return ()
        members = self.committees.get(self.keys_of(key)[0], ())
        if members is None:
            message = f'the committee of "{key}" is drawn by stake during the run: {advice}'
            table = self.family(key) or key
            self.reporter.error(path, message, related=[("drawn", ("keys", table, "committee"))])
        return members or ()

    def _named(self, selector: str, path: KeyPath, *, ledger: bool) -> Iterable[int]:
        found = self._positions.get(selector)
        if found is not None:
            return (found,)
        if self._sound:
            words = [*catalogue.WORD_SELECTORS, *([catalogue.LEDGER_NAME] if ledger else [])]
            regions = [f"region:{region}" for region in dict.fromkeys(self.regions) if region]
            keys = [f"committee:{key}" for key, members in self.committees.items() if members]
            allowed = [*self.names, *words, *regions, *keys]
            message = f'"{selector}" is no validator and no selector'
            self.reporter.error(path, message, wrong=selector, allowed=allowed)
        return ()

    def _corrupt(self, wanted: bool, path: KeyPath) -> Iterable[int]:
        if self.corrupted is None:
            self.reporter.error(path, "who is honest isn't settled where adversaries are chosen")
            return ()
        found = [v for v in range(len(self.names)) if (v in self.corrupted) == wanted]
        sound = self.reporter.sound(("adversary",))
        return self._some("adversary" if wanted else "honest", found, path) if sound else found

    def _region(self, region: str, path: KeyPath) -> Iterable[int]:
        found = [v for v, where in enumerate(self.regions) if where == region]
        if not found and self._sound and self.reporter.sound(PLACING, ("network", "profile")):
            known = [f"region:{where}" for where in dict.fromkeys(self.regions) if where]
            message = f'no validator is in a region "{region}"'
            self.reporter.error(path, message, wrong=f"region:{region}", allowed=known)
        return found

    def _some(self, selector: str, found: list[int], path: KeyPath) -> Iterable[int]:
        if not found and self._sound:
            self.reporter.error(path, f'"{selector}" means nobody here')
        return found

    def pick(self, table: PickTable, entry: str, path: KeyPath) -> tuple[int, ...]:
        """Return validators chosen by lot, ascending.

        Each candidate has a draw of its own, so that one candidate more or less changes the choice
        only if it is itself chosen.

        Args:
            table: What to choose.
            entry: The entry's id: keys the draws.
            path: Where the table stands.
        """
        if table.key is not None and not self.key(table.key, (*path, "key")):
            return ()
        key = table.key or self.only_key()
        known = len(self.reporter.diagnostics)
        if table.from_ is not None:
            pool = self.select(table.from_, (*path, "from"))
        elif key is None:
            pool = tuple(range(len(self.names)))
        else:
            pool = self._committee(key, path, "say with from out of whom")
        if len(self.reporter.diagnostics) > known:
            return ()
        if table.pick == "stake" or table.size is None:
            return self._by_stake(table, pool, entry, path)
        if table.share is not None:
            message = "share goes with stake: with random, say size"
            self.reporter.conflict(message, (*path, "share"), (*path, "pick"))
        count = self._size(table.size, key, len(pool), path)
        if count is None:
            return ()
        word = f"{table.size} is " if isinstance(table.size, str) else ""
        return self.draw(pool, count, entry, (*path, "size"), word)

    def _by_stake(
        self, table: PickTable, pool: Sequence[int], entry: str, path: KeyPath
    ) -> tuple[int, ...]:
        """Return validators by lot whose stakes together stay below a share of the pool's."""
        if table.pick != "stake":
            self.reporter.error(path, "say how many: size")
            return ()
        if table.size is not None:
            message = "size goes with random: by stake, say share"
            self.reporter.conflict(message, (*path, "size"), (*path, "pick"))
        if table.share is None:
            self.reporter.error(path, "say how much of the stake: share")
            return ()
        if not self._sound:
            return ()
        part, whole = map(int, table.share.removeprefix("<").split("/"))
        total, taken = sum(self.stakes[v] for v in pool), 0
        chosen: list[int] = []
        for v in self._ranked(pool, entry):
            if (taken + self.stakes[v]) * whole < total * part:
                taken += self.stakes[v]
                chosen.append(v)
        if not chosen:
            message = f"each of {len(pool)} validators has more of the stake than that"
            self.reporter.error((*path, "share"), message)
        return tuple(sorted(chosen))

    def _ranked(self, pool: Sequence[int], entry: str) -> list[int]:
        """Return `pool` in the order of everyone's own draw for an entry."""
        return sorted(
            pool, key=lambda v: (stream(self.seed, "pick", entry, self.names[v]).bytes(8), v)
        )

    def draw(
        self, pool: Sequence[int], count: int, entry: str, path: KeyPath, word: str = ""
    ) -> tuple[int, ...]:
        """Return `count` of `pool` by lot, ascending; reports a number that can't be drawn.

        Args:
            pool: Candidates.
            count: How many.
            entry: The entry's id: keys the draws.
            path: Where the number stands.
            word: What it says before the number.
        """
        if not self._sound:
            return ()
        if not 1 <= count <= len(pool):
            message = f"{word}{count} of {len(pool)} validators: there is no such pick"
            self.reporter.error(path, message)
            return ()
        return tuple(sorted(self._ranked(pool, entry)[:count]))

    def _size(self, size: int | str, key: str | None, pool: int, path: KeyPath) -> int | None:
        match size:
            case int():
                return size
            case "one":
                return 1
            case "<1/3":
                return (pool - 1) // 3
            case "all":
                return pool
        if key is None:
            message = f'"{size}" goes by a threshold: say whose with key'
            self.reporter.error((*path, "size"), message)
            return None
        threshold = self.thresholds.get(key)
        if threshold is None:
            return None
        return threshold if size == "t" else threshold - 1


def placed(selectors: str | Sequence[str], path: KeyPath) -> list[tuple[str, KeyPath]]:
    """Return each selector with the path where it stands."""
    if isinstance(selectors, str):
        return [(selectors, path)]
    return [(one, (*path, i)) for i, one in enumerate(selectors)]


def build_registry(
    file: ScenarioFile, reporter: Reporter, seed: int, matrix: Matrix | None
) -> Registry:
    """Return the validators of `file`; reports what is wrong with names and regions.

    Args:
        file: The scenario.
        reporter: Where errors go.
        seed: The run's seed.
        matrix: The latencies that the scenario brought along, if it did.
    """
    names = resolve_names(file, reporter)
    known = known_regions(file, reporter) if matrix is None else matrix.regions
    regions = resolve_regions(file, reporter, len(names), known)
    stakes = resolve_stakes(file, reporter, seed, names)
    standby = resolve_standby(file, reporter, names)
    return Registry(reporter, seed, names, regions, stakes, standby)
