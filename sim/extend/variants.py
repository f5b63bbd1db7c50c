"""Protocols that create keys, from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.protocol import variants
from sim.protocol.citations import Check
from sim.protocol.creation import Creation
from sim.protocol.judge import CeremonyState
from sim.protocol.operations import Sharing
from sim.protocol.sharing import SharingMachine


def variant(
    name: str,
    summary: str,
    *,
    sharing: Sharing | None = None,
    state: type[CeremonyState] = CeremonyState,
    machine: variants.MachineType = SharingMachine,
    form: str = "",
    checks: Mapping[str, Check] | None = None,
    reasons: Sequence[str] = (),
) -> None:
    """Register a protocol that creates keys; what isn't given is as in Pedersen's DKG.

    All three are pure: `state` is a function of ledger bytes, `machine` of what it is told, and
    neither keeps anything in variables of its module.

    Args:
        name: Lower-case letters, digits and dashes.
        summary: One sentence: what it is, and what it is for.
        sharing: What dealing does its own way: a subclass of `Creation`, made.
        state: The judge: a subclass of `CeremonyState` where phases or verdicts differ.
        machine: The participant: a subclass of `SharingMachine` where its steps differ.
        form: The one form of commitments that it takes, or empty if any will do.
        checks: How third parties re-verify verdicts that it alone reaches, by name.
        reasons: Why its attempts alone can fail: short codes, for ``reason`` in expectations.

    Raises:
        LocalError: The name, or that of a verdict, is taken.

    """
    variants.register(
        variants.Variant(
            name,
            summary,
            sharing or Creation(),
            state,
            machine,
            form,
            dict(checks or {}),
            tuple(reasons),
        )
    )
