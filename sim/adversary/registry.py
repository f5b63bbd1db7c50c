"""What a behaviour is given, and the registry that scenario files choose from by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias, get_args

from sim.base.codec import decode_canonical
from sim.base.errors import LocalError
from sim.base.extensions import Registry
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.randomness import Stream, stream
from sim.base.secret import Secret, SecretScalar
from sim.crypto.group import Group
from sim.protocol.ceremony import Ceremony, Member, Operation
from sim.protocol.effects import Effect
from sim.protocol.judge import CeremonyState

Value: TypeAlias = str | int | bool

OUTSIDE: Final = ShareIndex(0)
"""Share index of a validator without a seat."""


@dataclass(frozen=True, slots=True)
class Received:
    """No effect, but an occasion: the validator has received `height`, and has acted on it."""

    height: int


@dataclass(frozen=True, slots=True)
class Foreseen:
    """An occasion of rushing behaviours: the attempt's state is that which the next block makes.

    As far as it is known: what others have sent for the block after `height`. What the behaviour
    adds now still stands in that block.
    """

    height: int


Occasion: TypeAlias = Effect | Received | Foreseen
"""What a behaviour looks at: an effect that it may change, or a moment to add some of its own."""


@dataclass(slots=True)
class Memory:
    """What one behaviour on one validator remembers of one attempt; no crash takes it.

    Attributes:
        held: Effects kept back for later.
        done: What was to be done only once, and has been.
        kept: What its machine wrote down, by store key.

    """

    held: list[Effect] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    kept: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notebook:
    """The secrets of one attempt that the corrupted validator's machine wrote down; kept for ever.

    Attributes:
        ceremony: The attempt.
        written: ``share``, ``polynomial``, ``blinding``, ``transport`` and each ``envelope/…`` as
            they went to the store.

    """

    ceremony: Ceremony
    written: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Corruption:
    """One behaviour on one validator, in one attempt of one ceremony.

    Attributes:
        id: The scenario entry's id: keys every draw, so that removing another entry moves none.
        seed: The run's seed.
        me: The corrupted validator's seat, as a holder if it has two; an outsider's has the index
            `OUTSIDE`. Its index as a dealer may be another: see `dealer` and `holder`.
        state: The attempt that the effects belong to, as the validator has last seen it. To read.
        group: The ceremony's group.
        victims: Validators that the scenario named; None lets the behaviour choose.
        params: The other parameters, complete and of the declared types.
        memory: Of this attempt.
        earlier: Memories of the attempts before, of any key, oldest first.
        notebooks: What the validator wrote down in every attempt, of any key, oldest first.
        sign: Signs as the validator's identity; None where nothing has to be signed again.
        fellows: All validators that the scenario lets follow this behaviour, itself among them.

    """

    id: str
    seed: int
    me: Member
    state: CeremonyState
    group: Group
    victims: frozenset[ValidatorIndex] | None
    params: Mapping[str, Value]
    memory: Memory
    earlier: tuple[Memory, ...] = ()
    notebooks: tuple[Notebook, ...] = ()
    sign: Callable[[bytes], bytes] | None = None
    fellows: frozenset[int] = frozenset()

    @property
    def ceremony(self) -> Ceremony:
        """The attempt that the effects belong to."""
        return self.state.ceremony

    @property
    def dealer(self) -> int:
        """The index under which the corrupted validator deals, 0 if it doesn't."""
        seat = self.ceremony.dealer_by_validator.get(self.me.validator)
        return 0 if seat is None else seat.index

    @property
    def holder(self) -> int:
        """The index of the share that it is to hold, 0 if it leaves."""
        seat = self.ceremony.by_validator.get(self.me.validator)
        return 0 if seat is None else seat.index

    @property
    def others(self) -> tuple[Member, ...]:
        """Every member but the corrupted one."""
        members = self.ceremony.members
        return tuple(member for member in members if member.validator != self.me.validator)

    @property
    def other_dealers(self) -> tuple[Member, ...]:
        """Everybody in the dealing set but the corrupted one."""
        dealers = self.ceremony.dealers
        return tuple(dealer for dealer in dealers if dealer.validator != self.me.validator)

    @property
    def coefficients(self) -> tuple[int, ...]:
        """The polynomial that the machine dealt in this attempt, lowest first; empty if unknown."""
        return self._dealt("polynomial")

    @property
    def blinding(self) -> tuple[int, ...]:
        """The polynomial that blinds the other one; empty where deals aren't blinded."""
        return self._dealt("blinding")

    def _dealt(self, name: str) -> tuple[int, ...]:
        for notebook in self.notebooks:
            if notebook.ceremony == self.ceremony and name in notebook.written:
                scalars = decode_canonical(notebook.written[name], tuple[bytes, ...])
                return tuple(map(self.group.decode_scalar, scalars))
        return ()

    def share_of(self, generation: int) -> tuple[int, SecretScalar] | None:
        """Return (index, share) that it ever held in a generation of this key, the latest one."""
        wanted = self.ceremony.key, self.ceremony.era, generation
        for notebook in reversed(self.notebooks):
            made = notebook.ceremony
            seat = made.by_validator.get(self.me.validator)
            if (made.key, made.era, made.generation) == wanted and seat is not None:
                written = notebook.written.get("share")
                if written is not None:
                    return seat.index, Secret(self.group.decode_scalar(written))
        return None

    def once(self, what: str) -> bool:
        """Say whether `what` is to be done now: at the first call of this attempt alone."""
        new = what not in self.memory.done
        self.memory.done.add(what)
        return new

    def release(self) -> list[Effect]:
        """Return what was held back, and hold it no longer."""
        held, self.memory.held = self.memory.held, []
        return held

    def pact(self, dealer: Member, label: str) -> int:
        """Return a non-zero scalar that every corrupted validator knows: what `dealer` uses."""
        place = (self.ceremony.label, self.ceremony.attempt, dealer.name)
        return 1 + stream(self.seed, "adversary", "pact", *place, label).below(self.group.order - 1)

    def draw(self, *labels: str | int) -> Stream:
        """Return the adversary's own stream for `labels`, the same one at every call."""
        place = (self.ceremony.label, self.ceremony.attempt, self.me.name)
        return stream(self.seed, "adversary", self.id, *place, *labels)

    def scalar(self, label: str) -> int:
        """Return a non-zero scalar, the same at every call with `label`."""
        return 1 + self.draw(label).below(self.group.order - 1)

    def choose_holders(self, candidates: Iterable[int], count: int = 1) -> frozenset[int]:
        """Return the victims among the holders `candidates`: see `choose`."""
        return self.choose(map(self.ceremony.member, candidates), count)

    def choose_dealers(self, candidates: Iterable[int], count: int = 1) -> frozenset[int]:
        """Return the victims among the dealers `candidates`: see `choose`."""
        return self.choose((self.ceremony.dealer_by_index[x] for x in candidates), count)

    def choose(self, candidates: Iterable[Member], count: int = 1) -> frozenset[int]:
        """Return the indices of the victims: those named, else `count` of `candidates` by draw.

        Every candidate is ranked by a draw of its own, so that one candidate more or less changes
        the choice only if it is itself chosen.
        """
        if self.victims is not None:
            return frozenset(seat.index for seat in candidates if seat.validator in self.victims)
        ranked = sorted(
            candidates, key=lambda seat: (self.draw("victim", seat.name).bytes(8), seat.index)
        )
        return frozenset(seat.index for seat in ranked[:count])

    def count(self, name: str) -> int:
        """Return the integer parameter `name`."""
        value = self.params[name]
        assert isinstance(value, int), f"{name} is no integer: see option and flag"
        return value

    def option(self, name: str) -> str:
        """Return the text parameter `name`."""
        value = self.params[name]
        assert isinstance(value, str), f"{name} is no text: see count and flag"
        return value

    def flag(self, name: str) -> bool:
        """Return the truth value of the parameter `name`."""
        value = self.params[name]
        assert isinstance(value, bool), f"{name} is no truth value: see count and option"
        return value


Function: TypeAlias = Callable[[Occasion, Corruption], Iterable[Occasion]]


@dataclass(frozen=True, slots=True)
class Param:
    """A typed parameter of a behaviour, as scenario files give it under ``params``.

    Attributes:
        name: Its key.
        kind: ``str``, ``int`` or ``bool``.
        default: Taken when the scenario gives none.
        doc: What it means, one line.
        choices: The allowed values, or empty for any of the type.
        least: The least allowed integer.
        most: The largest.

    """

    name: str
    kind: type[str | int | bool]
    default: Value
    doc: str
    choices: tuple[Value, ...] = ()
    least: int | None = None
    most: int | None = None

    def problem(self, value: object) -> str | None:
        """Say what is wrong with `value`, or return None."""
        if not isinstance(value, self.kind) or (self.kind is int and isinstance(value, bool)):
            return f"{self.name} must be of type {self.kind.__name__}"
        if self.choices and value not in self.choices:
            return f"{self.name} must be one of {', '.join(map(str, self.choices))}"
        if self.least is not None and isinstance(value, int) and value < self.least:
            return f"{self.name} must be at least {self.least}"
        if self.most is not None and isinstance(value, int) and value > self.most:
            return f"{self.name} must be at most {self.most}"
        return None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A registered behaviour.

    Attributes:
        name: As in the catalogue, such as ``bad-share-one``.
        function: The filter: one effect in, any number out.
        doc: Its docstring: what it does, where it applies, and ``Expected:`` the honest outcome.
        targeted: Whether it takes victims.
        params: Its typed parameters.
        outsider: Whether it acts in ceremonies in which its validator has no seat, and only there.
        operations: In ceremonies of which it acts; empty: of all.
        reads: Whether it steals what its validator has while it is active. Only whoever sees the
            store can count how much that is.
        absent: Schemes on which it can't exist, and why.
        rushing: Whether it sees what the next block would hold before it decides what it adds.
        twins: Whether it is a second copy of its validator; what that says twice is counted.

    """

    name: str
    function: Function
    doc: str
    targeted: bool = False
    params: tuple[Param, ...] = ()
    outsider: bool = False
    operations: frozenset[Operation] = frozenset()
    reads: bool = False
    absent: Mapping[str, str] = field(default_factory=dict)
    rushing: bool = False
    twins: bool = False

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.doc.splitlines()[0]

    @property
    def expected(self) -> str:
        """The predicted outcome: what the docstring says after ``Expected:``, on one line."""
        return " ".join(self.doc.partition("Expected:")[2].split())

    @property
    def where(self) -> str:
        """In which operations it acts, and on which schemes it can't, in words."""
        ordered = [name for name in get_args(Operation) if name in self.operations]
        acts = ", ".join(ordered) or "every operation"
        seat = ", of others" if self.outsider else ""
        missing = f"; not on {', '.join(self.absent)}" if self.absent else ""
        return f"{acts}{seat}{missing}"

    def complete(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Return `given` with defaults filled in.

        Raises:
            LocalError: An unknown name or a value of the wrong type; scenarios are checked first.

        """
        known = {param.name: param for param in self.params}
        for name, value in given.items():
            problem = known[name].problem(value) if name in known else f"no parameter {name}"
            if problem:
                raise LocalError(f"{self.name}: {problem}")
        return {param.name: given.get(param.name, param.default) for param in self.params}


BEHAVIOURS: Final = Registry[Behaviour]("behaviour")
"""Every behaviour by its catalogue name, in the order of registration; then those of the run."""


def behaviour(
    *params: Param,
    targeted: bool = False,
    outsider: bool = False,
    operations: Iterable[Operation] = (),
    reads: bool = False,
    absent: Mapping[str, str] | None = None,
    rushing: bool = False,
    twins: bool = False,
) -> Callable[[Function], Function]:
    """Register a filter; ``bad_share_one`` is called "bad-share-one" in scenario files."""

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        doc = "\n".join(line.strip() for line in (function.__doc__ or "").strip().splitlines())
        if "Expected:" not in doc:
            raise LocalError(f"{name}: the docstring must predict the outcome after 'Expected:'")
        BEHAVIOURS.register(
            name,
            function.__module__,
            lambda full: Behaviour(
                full,
                function,
                doc,
                targeted,
                params,
                outsider,
                frozenset(operations),
                reads,
                dict(absent or {}),
                rushing,
                twins,
            ),
        )
        return function

    return register
