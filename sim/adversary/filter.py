"""Which behaviours act when on one validator, and how much they really changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sim.adversary.registry import BEHAVIOURS, Behaviour, Corruption, Value
from sim.base.errors import LocalError
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.effects import Effect, Post, SendShares


class Corrupt(Protocol):
    """One behaviour on one validator, as a plan lists it; active on [from_us, until_us)."""

    @property
    def id(self) -> str:
        """The scenario entry's id, unique in the plan."""
        ...

    @property
    def validator(self) -> int:
        """Registry position."""
        ...

    @property
    def behaviour(self) -> str:
        """Catalogue name."""
        ...

    @property
    def victims(self) -> tuple[int, ...]:
        """Registry positions; empty lets the behaviour choose."""
        ...

    @property
    def params(self) -> Mapping[str, Value]:
        """The parameters that the scenario gives."""
        ...

    @property
    def from_us(self) -> int:
        """First instant at which it acts."""
        ...

    @property
    def until_us(self) -> int | None:
        """First instant at which it no longer acts, or None."""
        ...


class Adversary:
    """Everything that corrupts one validator: its behaviours, composed in the plan's order.

    Each behaviour sees what the one before it left. An injection is counted where a behaviour's
    output differs from its input: per statement, per recipient of a share, per other effect. That
    is the positive control: a behaviour that never had the occasion to act counts none.

    Args:
        seed: The run's seed.
        validator: Registry position of the validator.
        corruptions: The plan's list; entries on other validators are skipped.

    Raises:
        LocalError: A behaviour or parameter that does not exist, or an id used twice.

    """

    def __init__(
        self, seed: int, validator: ValidatorIndex, corruptions: Iterable[Corrupt]
    ) -> None:
        self._seed = seed
        self._validator = validator
        self._mine: list[tuple[Corrupt, Behaviour, dict[str, Value]]] = []
        self.injections: dict[str, int] = {}
        """Injections so far by corruption id, in the plan's order."""
        for corrupt in corruptions:
            if corrupt.validator != validator:
                continue
            known = BEHAVIOURS.get(corrupt.behaviour)
            if known is None:
                raise LocalError(f"no behaviour {corrupt.behaviour}")
            if corrupt.id in self.injections:
                raise LocalError(f"two corruptions of one validator share the id {corrupt.id}")
            self._mine.append((corrupt, known, known.complete(corrupt.params)))
            self.injections[corrupt.id] = 0

    @property
    def present(self) -> bool:
        """Whether the validator is corrupted at any time."""
        return bool(self._mine)

    def filter(self, effects: Sequence[Effect], ceremony: Ceremony, now_us: int) -> list[Effect]:
        """Return what the corrupted validator does instead of `effects` at `now_us`."""
        member = ceremony.by_validator.get(self._validator)
        now = list(effects)
        if member is None:
            return now
        for corrupt, known, params in self._mine:
            if corrupt.from_us <= now_us and (
                corrupt.until_us is None or now_us < corrupt.until_us
            ):
                corruption = self._corruption(corrupt, member, ceremony, params)
                after = [new for old in now for new in known.function(old, corruption)]
                self.injections[corrupt.id] += differences(now, after)
                now = after
        return now

    def _corruption(
        self, corrupt: Corrupt, member: Member, ceremony: Ceremony, params: dict[str, Value]
    ) -> Corruption:
        seats = (ceremony.by_validator.get(ValidatorIndex(v)) for v in corrupt.victims)
        named = frozenset(seat.index for seat in seats if seat is not None)
        return Corruption(
            id=corrupt.id,
            seed=self._seed,
            me=member,
            ceremony=ceremony,
            group=get_group(ceremony.scheme),
            victims=named if corrupt.victims else None,
            params=params,
        )


def differences(before: Sequence[Effect], after: Sequence[Effect]) -> int:
    """Count what changed, was left out or was added: statements, shares, other effects.

    A replaced statement counts once, not as one left out and one added.
    """
    shares = _shares(before), _shares(after)
    moved = sum(shares[0].get(x) != shares[1].get(x) for x in sorted({*shares[0], *shares[1]}))
    return moved + sum(
        max(_surplus(a, b), _surplus(b, a))
        for a, b in zip(_split(before), _split(after), strict=True)
    )


def _shares(effects: Sequence[Effect]) -> dict[ShareIndex, SecretScalar]:
    sent: dict[ShareIndex, SecretScalar] = {}
    for effect in effects:
        if isinstance(effect, SendShares):
            sent |= effect.shares
    return sent


def _split(effects: Sequence[Effect]) -> tuple[list[Effect], list[Effect]]:
    statements: list[Effect] = [e for e in effects if isinstance(e, Post)]
    others: list[Effect] = [e for e in effects if not isinstance(e, Post | SendShares)]
    return statements, others


def _surplus(these: list[Effect], those: list[Effect]) -> int:
    """Count entries of `these` that have no equal left in `those`."""
    rest = list(those)
    surplus = 0
    for effect in these:
        if effect in rest:
            rest.remove(effect)
        else:
            surplus += 1
    return surplus
