"""The protocols that create keys, by name: each brings its rules, its judge and its machine.

The built-in ones are registered below by the same call that one from outside uses. A variant
concerns ``dkg`` and ``rekey``; what rotates a key later is the same whatever created it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from sim.base.errors import LocalError
from sim.base.extensions import Registry
from sim.base.secret import SecretScalar
from sim.protocol import commit_reveal, evidence, frost_dkg, gjkr, gjkr_evidence, operations
from sim.protocol.ceremony import PEDERSEN, Ceremony
from sim.protocol.citations import Check
from sim.protocol.commit_reveal import CommitRevealMachine, CommitRevealState
from sim.protocol.creation import Creation
from sim.protocol.extracting import GjkrMachine
from sim.protocol.frost_dkg import FrostCreation, FrostState
from sim.protocol.gjkr import GjkrState, Hidden
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.operations import Sharing
from sim.protocol.sharing import SharingMachine


class MachineType(Protocol):
    """What makes the machine of a participant; see `SharingMachine` for the arguments."""

    def __call__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        stored: Mapping[str, bytes],
        posted: Collection[str] = (),
        *,
        share: SecretScalar | None = None,
        amnesiac: bool = False,
    ) -> SharingMachine:
        """Return the machine."""
        ...


@dataclass(frozen=True, slots=True)
class Variant:
    """A protocol that creates keys.

    Attributes:
        name: As scenarios and CreateKey call it.
        summary: One sentence: what it is, and what it is for.
        sharing: What dealing does its own way.
        state: The judge: a subclass of `CeremonyState` where phases or verdicts differ.
        machine: The participant: a subclass of `SharingMachine` where its steps differ.
        form: The one form of commitments that it takes, or empty if any will do.
        checks: How third parties re-verify verdicts that it alone reaches, by name.
        reasons: Why its attempts alone can fail: short codes.

    """

    name: str
    summary: str
    sharing: Sharing
    state: type[CeremonyState]
    machine: MachineType
    form: str = ""
    checks: Mapping[str, Check] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()


VARIANTS: Final = Registry[Variant]("protocol")
"""Every variant by name: the built-in ones, then those of the run."""


def register(entry: Variant, home: str | None = None) -> None:
    """Let keys be created by `entry`.

    Args:
        entry: The variant; one from outside is called by its extension's name, too.
        home: The module that registers it; None for the extension that is being executed.

    Raises:
        LocalError: Another variant, or another verdict, has the name already.

    """
    VARIANTS.register(entry.name, home, lambda full: replace(entry, name=full))
    if entry.name != PEDERSEN or home is None:  # `operations` knows that one by itself
        operations.CREATIONS.register(entry.name, home, lambda _: entry.sharing)
    for fault, check in entry.checks.items():
        evidence.VERDICTS.register(fault, home, _always(check))


def _always(check: Check) -> Callable[[str], Check]:
    return lambda _: check


def variant(name: str) -> Variant:
    """Return the variant called `name`.

    Raises:
        LocalError: There is none. Names are checked where they enter, not here.

    """
    try:
        return VARIANTS[name]
    except KeyError:
        raise LocalError(f"no protocol {name!r}") from None


def names() -> tuple[str, ...]:
    """Return the names of all variants, in the order of their registration."""
    return tuple(VARIANTS)


def takes(name: str, form: str) -> bool:
    """Say whether there is a variant called `name` that takes that form of commitments."""
    return name in VARIANTS and VARIANTS[name].form in ("", form)


register(
    Variant(
        PEDERSEN,
        "Pedersen's DKG with proofs of possession; its key can be biased by whoever deals last.",
        operations.creation(PEDERSEN),
        CeremonyState,
        SharingMachine,
    ),
    __name__,
)
register(
    Variant(
        gjkr.NAME,
        "GJKR: QUAL is fixed under hiding commitments before the key can be known: no bias.",
        Hidden(),
        GjkrState,
        GjkrMachine,
        checks={
            "bad-extraction": gjkr_evidence.proves_bad_extraction,
            "false-exposure": gjkr_evidence.proves_false_exposure,
        },
    ),
    __name__,
)
register(
    Variant(
        commit_reveal.NAME,
        "Pedersen's DKG with digests of all deals first: no deal is chosen after seeing others.",
        Creation(),
        CommitRevealState,
        CommitRevealMachine,
        checks={"wrong-reveal": commit_reveal.proves_wrong_reveal},
    ),
    __name__,
)
register(
    Variant(
        frost_dkg.NAME,
        "FROST's DKG: two rounds, and any fault or complaint aborts the attempt, with culprits.",
        FrostCreation(),
        FrostState,
        SharingMachine,
        form="coefficient",
    ),
    __name__,
)
