"""What scenario files may name, and the texts that help to write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from sim.base.extensions import extended
from sim.scenario.diagnostics import ScenarioError


def _behaviours() -> dict[str, str]:
    from sim.adversary import BEHAVIOURS

    return {
        name: f"{known.summary} Applies in: {known.where}. Expected: {known.expected}"
        for name, known in BEHAVIOURS.items()
    }


def _invariants() -> dict[str, str]:
    from sim.checks import CHECKS
    from sim.world.liveness import CORE_RECOVERS, CORE_RECOVERS_SENTENCE
    from sim.world.summary import CEREMONIES_END, CEREMONIES_END_SENTENCE

    known = {name: f"{c.sentence} [{c.source}] ({c.kind})" for name, c in CHECKS.items()}
    ends = {CEREMONIES_END: CEREMONIES_END_SENTENCE, CORE_RECOVERS: CORE_RECOVERS_SENTENCE}
    return {**known, **ends}


def _profiles() -> dict[str, str]:
    from sim.network.profiles import PROFILES, get_profile

    profiles = [get_profile(name) for name in PROFILES]
    return {known.name: f"{known.source} ({known.provenance})" for known in profiles}


def _actions() -> dict[str, str]:
    from sim.scenario.actions import ACTIONS

    return {name: _first_paragraph(known.__doc__ or "") for name, known in ACTIONS.items()}


def _events() -> dict[str, str]:
    from sim.validator.events import EVENTS

    return dict(EVENTS)


def _faults() -> dict[str, str]:
    from sim.adversary.catalogue import ROWS

    return {
        row.name: f"row {row.number}, {row.how}"
        f"{''.join(f' {name}' for name in row.plays if name)}: {row.outcome}"
        for row in ROWS
    }


def _schemes() -> dict[str, str]:
    from sim.crypto.groups import get_group

    signing = {
        "ED25519": "keys sign by FROST (RFC 9591), signatures are ordinary Ed25519",
        "SECP256K1": "keys sign by FROST in BIP-340 form, signatures are ordinary Schnorr ones",
        "BLS": "on BLS12-381, keys in G1; partial signatures are combined, without nonces, to "
        "ordinary BLS signatures in G2, 96 bytes",
    }
    sizes = {name: (get_group(name).point_size, get_group(name).scalar_size) for name in signing}
    return {
        name: f"points of {sizes[name][0]} bytes, scalars of {sizes[name][1]}; {sentence}"
        for name, sentence in signing.items()
    }


def _refusals() -> dict[str, str]:
    from sim.scenario.refusals import DROPPED, REFUSALS

    return {**REFUSALS, **DROPPED}


def _protocols() -> dict[str, str]:
    from sim.protocol.variants import VARIANTS

    return {name: known.summary for name, known in VARIANTS.items()}


CATALOGUES: Final[dict[str, Callable[[], dict[str, str]]]] = {
    "behaviours": _behaviours,
    "invariants": _invariants,
    "profiles": _profiles,
    "actions": _actions,
    "events": _events,
    "schemes": _schemes,
    "faults": _faults,
    "refusals": _refusals,
    "protocols": _protocols,
}


@contextmanager
def using(use: Sequence[str]) -> Iterator[None]:
    """Know, inside, what extensions register: those in `use`, and those that are installed.

    An installed one that can't be loaded is left out, unless `use` names it.

    Raises:
        ScenarioError: One in `use` can't be loaded.

    """
    from sim.scenario.using import installed, read_extension

    found = {source.name: source for source in map(read_extension, use)}
    for name in installed():
        if name not in found:
            with suppress(ScenarioError):
                found[name] = read_extension(name)
    with extended(tuple(found.values())):
        yield


def catalogue(kind: str, use: Sequence[str] = ()) -> dict[str, str]:
    """Return what scenario files may name, each with a sentence.

    Args:
        kind: ``behaviours``, ``invariants``, ``profiles``, ``actions``, ``events``, ``schemes``,
            ``faults``, ``refusals`` or ``protocols``.
        use: Extensions to include, files or distributions; those installed are included anyway.

    Raises:
        KeyError: There is no such catalogue.
        ScenarioError: An extension in `use` can't be loaded.

    """
    names = CATALOGUES[kind]
    with using(use):
        return names()


def schema(use: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON Schema of scenario files; `use` as for `catalogue`."""
    from sim.scenario.publish import json_schema

    with using(use):
        return json_schema()


def template() -> str:
    """Return a commented scenario file that passes; it names `SCHEMA_FILE` as its schema."""
    from sim.scenario import template as shipped

    return shipped.template()


def _first_paragraph(text: str) -> str:
    return " ".join(text.strip().split("\n\n")[0].split())
