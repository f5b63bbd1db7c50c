"""One thing that scenario files may name, in full: what it does, where, with what, to what end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from sim.api.catalogue import CATALOGUES, using

if TYPE_CHECKING:
    from sim.adversary.registry import Behaviour, Param

_ROWS: Final = re.compile(r"\((\d+(?:, \d+)*)\)")
_OPERATIONS: Final = ("dkg", "rekey", "reshare", "refresh", "repair", "generate")
_SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")


def show(name: str, use: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return all of that name: behaviour, invariant, profile, action, event, scheme, protocol.

    Each has ``name``, ``kind`` (one of `CATALOGUES`) and ``does``. Behaviours also have ``rows`` of
    the catalogue of faults, ``operations``, ``schemes`` and ``absent`` (scheme to why it can't
    exist there), ``seat``, ``params`` and ``expected``.

    Args:
        name: As scenario files have it.
        use: Extensions to look in, files or distributions; those installed are looked in anyway.

    Raises:
        KeyError: Nothing is called that; its argument lists what is.
        ScenarioError: An extension in `use` can't be loaded.

    """
    with using(use):
        lists = {kind: names() for kind, names in CATALOGUES.items()}
        found = [
            {"name": name, "kind": kind, **_DETAILS.get(kind, _plain)(name, entries[name])}
            for kind, entries in lists.items()
            if name in entries
        ]
    if not found:
        raise KeyError([known for entries in lists.values() for known in entries])
    return found


def _plain(_name: str, sentence: str) -> dict[str, Any]:
    return {"does": sentence}


def _behaviour(name: str, _sentence: str) -> dict[str, Any]:
    from sim.adversary import BEHAVIOURS

    known = BEHAVIOURS[name]
    rows = _ROWS.search(known.summary)
    does = " ".join(known.doc.partition("Expected:")[0].split())
    return {
        "does": does,
        "rows": [] if rows is None else [int(row) for row in rows[1].split(", ")],
        "operations": [name for name in _OPERATIONS if name in known.operations or _all(known)],
        "schemes": [scheme for scheme in _SCHEMES if scheme not in known.absent],
        "absent": dict(known.absent),
        "seat": "none: it acts in ceremonies of others" if known.outsider else "a seat",
        "params": [*_victims(known), *(_param(p) for p in known.params if p.name != "victims")],
        "expected": known.expected,
    }


def _all(known: Behaviour) -> bool:
    return not known.operations


def _victims(known: Behaviour) -> Iterator[dict[str, Any]]:
    """Yield the parameter `victims`, a number or an array of names or both."""
    number = [_param(param) for param in known.params if param.name == "victims"]
    if not known.targeted:
        yield from number
    elif number:
        doc = f"an array of whom it harms, or a number: {number[0]['doc']}"
        yield {**number[0], "type": "names or int", "doc": doc}
    else:
        yield {"name": "victims", "type": "names", "doc": "an array of whom it harms"}


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "type": param.kind.__name__,
        "default": param.default,
        "doc": param.doc,
        **({"choices": list(param.choices)} if param.choices else {}),
        **({} if param.least is None else {"least": param.least}),
        **({} if param.most is None else {"most": param.most}),
    }


def _invariant(name: str, sentence: str) -> dict[str, Any]:
    from sim.checks import CHECKS

    known = CHECKS.get(name)
    if known is None:
        return _plain(name, sentence)
    return {"does": known.sentence, "source": known.source, "property": known.kind}


def _profile(name: str, _sentence: str) -> dict[str, Any]:
    from sim.network.profiles import get_profile

    known = get_profile(name)
    trips = [trip for row in known.round_trips_us for trip in row]
    return {
        "does": f"{known.source} ({known.provenance})",
        "regions": list(known.regions),
        "round_trip_us": {
            "p50": [min(p50 for p50, _ in trips), max(p50 for p50, _ in trips)],
            "p90": [min(p90 for _, p90 in trips), max(p90 for _, p90 in trips)],
        },
        "floor_us": known.floor_us,
        "loss_percent": round(100 * known.loss.rate / 2**32, 4),
        "burst_slots": known.loss.burst,
    }


def _action(name: str, sentence: str) -> dict[str, Any]:
    from sim.scenario.actions import ACTIONS
    from sim.scenario.publish import keys, unit

    own = [(key, field) for key, _, field in keys(ACTIONS[name]) if key != "do"]
    return {
        "does": sentence,
        "params": [
            {
                "name": key,
                "type": "table" if (of := unit(field)) is None else of.name,
                "required": field.is_required(),
                "doc": field.description or "",
            }
            for key, field in own
        ],
    }


def _protocol(name: str, sentence: str) -> dict[str, Any]:
    from sim.protocol.variants import VARIANTS

    known = VARIANTS[name]
    return {
        "does": sentence,
        "operations": ["dkg", "rekey"],
        "commitments": known.form or "any",
        "verdicts": sorted(known.checks),
        "reasons": list(known.reasons),
    }


_DETAILS: Final[dict[str, Callable[[str, str], dict[str, Any]]]] = {
    "behaviours": _behaviour,
    "invariants": _invariant,
    "profiles": _profile,
    "actions": _action,
    "protocols": _protocol,
}
