"""Which behaviours act when on one validator, and how much they really changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from sim.adversary.opening import ENVELOPE
from sim.adversary.registry import (
    BEHAVIOURS,
    OUTSIDE,
    Behaviour,
    Corruption,
    Foreseen,
    Memory,
    Notebook,
    Occasion,
    Received,
    Value,
)
from sim.base.errors import DecodeError, LocalError
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import SecretScalar
from sim.crypto.group import PointError
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.effects import Effect, Post, Put, SendSealed, SendShares
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import kind_of

NOTED: Final = frozenset({"share", "polynomial", "blinding", "transport"})
"""Names under which machines write what an adversary may use later; and envelopes."""


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
    is the positive control: a behaviour that never had the occasion to act counts none. What only
    reads is counted by whoever sees the store: see `reading`.

    Args:
        seed: The run's seed.
        validator: Registry position of the validator.
        corruptions: The plan's list; entries on other validators say who else is corrupted how.
        sign: Signs as the validator's identity, for what it signs itself before it is sent.

    Raises:
        LocalError: A behaviour or parameter that does not exist, or an id used twice.

    """

    def __init__(
        self,
        seed: int,
        validator: ValidatorIndex,
        corruptions: Sequence[Corrupt],
        sign: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._seed = seed
        self._sign = sign
        self._validator = validator
        self._corruptions = corruptions
        self._mine: list[tuple[Corrupt, Behaviour, dict[str, Value]]] = []
        self._memories: dict[str, dict[tuple[bytes, int], Memory]] = {}
        self._notebooks: dict[tuple[bytes, int], Notebook] = {}
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
            self._memories[corrupt.id] = {}
            self.injections[corrupt.id] = 0

    @property
    def reading(self) -> list[Corrupt]:
        """What only reads: secrets that are there while it lasts count as its injections."""
        return [corrupt for corrupt, known, _ in self._mine if known.reads]

    @property
    def honest(self) -> bool:
        """Whether no behaviour is on this validator, at any time."""
        return not self._mine

    @property
    def twinned(self) -> bool:
        """Whether a behaviour is a second copy of the validator."""
        return any(known.twins for _, known, _ in self._mine)

    @property
    def rushing(self) -> bool:
        """Whether a behaviour wants to see what the next block would hold, at any time."""
        return any(known.rushing for _, known, _ in self._mine)

    def filter(
        self, effects: Sequence[Effect], state: CeremonyState, now_us: int
    ) -> Sequence[Effect]:
        """Return what the corrupted validator does instead of `effects` at `now_us`."""
        return self._bent([], effects, state, now_us) if self._mine else effects

    def add(self, state: CeremonyState, height: int, now_us: int) -> Sequence[Effect]:
        """Return what it does of its own accord, now that it has received `height`."""
        return self._bent([Received(height)], [], state, now_us) if self._mine else []

    def foresee(self, state: CeremonyState, height: int, now_us: int) -> Sequence[Effect]:
        """Return what it adds to the block after `height`, which would make `state`."""
        return self._bent([Foreseen(height)], [], state, now_us) if self.rushing else []

    def _bent(
        self,
        occasion: list[Received | Foreseen],
        effects: Sequence[Effect],
        state: CeremonyState,
        now_us: int,
    ) -> Sequence[Effect]:
        """Let each behaviour see the occasion, if any, and what the one before it left."""
        now = list(effects)
        if state.ceremony.operation == "generate":
            return now  # a key of one party: nobody to lie to, and no group to lie in
        self._note(effects, state.ceremony)
        seat = seat_of(state.ceremony, self._validator)
        for corrupt, known, params in self._mine:
            acts = corrupt.from_us <= now_us and (
                corrupt.until_us is None or now_us < corrupt.until_us
            )
            concerned = not known.operations or state.ceremony.operation in known.operations
            if acts and concerned and known.outsider == (seat is None):
                corruption = self._corruption(corrupt, seat, state, params)
                seen: list[Occasion] = [*occasion, *now]
                given = [new for old in seen for new in _answer(known, old, corruption)]
                after = [new for new in given if not isinstance(new, Received | Foreseen)]
                self.injections[corrupt.id] += differences(now, after)
                if known.twins:
                    self.injections[corrupt.id] += again(after, corruption)
                now = after
        return now

    def _note(self, effects: Sequence[Effect], ceremony: Ceremony) -> None:
        """Copy what the machine writes down, whoever of the behaviours is active."""
        for effect in effects:
            if isinstance(effect, Put) and (effect.key in NOTED or effect.key.startswith(ENVELOPE)):
                place = (ceremony.session, ceremony.attempt)
                notebook = self._notebooks.setdefault(place, Notebook(ceremony))
                notebook.written[effect.key] = effect.value

    def _corruption(
        self,
        corrupt: Corrupt,
        seat: Member | None,
        state: CeremonyState,
        params: dict[str, Value],
    ) -> Corruption:
        ceremony = state.ceremony
        named = frozenset(map(ValidatorIndex, corrupt.victims))
        memories = self._memories[corrupt.id]
        attempt = (ceremony.session, ceremony.attempt)
        memory = memories.setdefault(attempt, Memory())
        return Corruption(
            id=corrupt.id,
            seed=self._seed,
            me=seat or Member(OUTSIDE, self._validator, f"outsider {self._validator}", b""),
            state=state,
            group=get_group(ceremony.scheme),
            victims=named if corrupt.victims else None,
            params=params,
            memory=memory,
            earlier=tuple(memories.values())[: list(memories).index(attempt)],
            notebooks=tuple(self._notebooks.values()),
            sign=self._sign,
            fellows=frozenset(
                other.validator
                for other in self._corruptions
                if other.behaviour == corrupt.behaviour
            ),
        )


def _answer(known: Behaviour, old: Occasion, corruption: Corruption) -> list[Occasion]:
    """Return what a behaviour makes of one occasion.

    It may find points or bytes that a behaviour before it has spoilt, and can do nothing with them:
    then it leaves things as they are, and says what it had held back for the occasion.
    """
    held = corruption.memory.held.copy()
    try:
        return list(known.function(old, corruption))
    except (PointError, DecodeError):
        spoilt = held if not corruption.memory.held else []
        return [old, *spoilt]


def seat_of(ceremony: Ceremony, validator: ValidatorIndex) -> Member | None:
    """Return a validator's seat: as a holder, else as a dealer that leaves, else None."""
    return ceremony.by_validator.get(validator) or ceremony.dealer_by_validator.get(validator)


def again(effects: Sequence[Effect], corruption: Corruption) -> int:
    """Count statements of a kind that was said before in the attempt: those of a second copy."""
    said = [kind_of(effect.statement) for effect in effects if isinstance(effect, Post)]
    return sum(not corruption.once(kind) for kind in said)


def differences(before: Sequence[Effect], after: Sequence[Effect]) -> int:
    """Count what changed, was left out or was added: statements, shares, bytes, other effects.

    A replaced statement counts once, not as one left out and one added.
    """
    shares, sealed = (_shares(before), _shares(after)), (_sealed(before), _sealed(after))
    moved = sum(shares[0].get(x) != shares[1].get(x) for x in {*shares[0], *shares[1]})
    garbled = sum(sealed[0].get(x) != sealed[1].get(x) for x in {*sealed[0], *sealed[1]})
    return (
        moved
        + garbled
        + sum(
            max(_surplus(a, b), _surplus(b, a))
            for a, b in zip(_split(before), _split(after), strict=True)
        )
    )


def _shares(effects: Sequence[Effect]) -> dict[ShareIndex, SecretScalar]:
    sent: dict[ShareIndex, SecretScalar] = {}
    for effect in effects:
        if isinstance(effect, SendShares):
            sent |= effect.shares
    return sent


def _sealed(effects: Sequence[Effect]) -> dict[ShareIndex, bytes]:
    leaving: dict[ShareIndex, bytes] = {}
    for effect in effects:
        if isinstance(effect, SendSealed):
            leaving |= effect.sealed
    return leaving


def _split(effects: Sequence[Effect]) -> tuple[list[Effect], list[Effect]]:
    statements: list[Effect] = [e for e in effects if isinstance(e, Post)]
    others: list[Effect] = [e for e in effects if not isinstance(e, Post | SendShares | SendSealed)]
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
