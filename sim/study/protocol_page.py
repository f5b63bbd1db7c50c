"""Writes `docs/protocols.md` from runs: ``python -m sim.study.protocol_page [--check]``.

With ``--check`` it writes nothing and exits 1 if the page isn't what the runs say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from sim.base.pages import make_page
from sim.study.protocol_runs import (
    LIAR,
    MODES,
    PROTOCOLS,
    SIZES,
    TROUBLES,
    VICTIM,
    WAYS,
    Cost,
    Fate,
    Trouble,
    Way,
    cost,
    fate,
)

PAGE: Final = Path("docs") / "protocols.md"

HEAD: Final = """# Ways of making a key: what each costs, and what each survives

<!-- Made from runs by `make protocols`. Don't edit: change `sim/study/protocol_page.py`. -->

`protocol` under `[keys.NAME]` chooses how a key is made, `complaints` what a complaint about a bad
share comes to. Rotations are the same whatever made the key.

- **pedersen**: Pedersen's DKG with proofs of possession. Whoever misbehaves is left out, and the
  others make the key.
- **gjkr** (Gennaro, Jarecki, Krawczyk, Rabin): deals are hidden until it is settled which count;
  then each dealer extracts what it adds to the key, and the others reconstruct it for who doesn't.
- **commit-reveal**: digests of all deals first, then the deals.
- **frost**: FROST's DKG, in coefficients: any fault and any complaint abort the attempt, and name
  the culprits as far as bytes can.
- **provable**: a complaint about a bad share shows everybody what was sent, so it convicts the
  dealer, or the accuser.

How far a dealer that chooses can bend the key of each is [measured separately](bias.md).

"""

COSTS: Final = """## What they cost

Runs in which nothing is wrong, on Ed25519, without loss; ledger, activation and one test signature
are included. *statements* are the committee's transactions, *shares* sealed shares that travel,
*payload* the bytes of shares, commitments and proofs, *all* those of everything with control,
signatures, seals and acknowledgements. Multiplications are charged per validator, on average: of
the *base* point, of *other* points, and *terms* of combinations of many. *heights* run from the
first of the ceremony to its activation.

"""

SETTINGS: Final = """
The same for settings, 5 of 7, and what one thing that goes wrong adds: {liar} sends {victim} a bad
share, and in the last row it is lost before it extracts.

"""

SURVIVAL: Final = """
## What they survive

A key 3 of 5, with f* = 1 and two attempts. What is wrong lasts for the whole run; it is {liar} that
misbehaves, or is lost, and {victim} is the other one. **key** means that there is one, by the first
attempt, and everybody's deal is in it unless it says *without*. Then who is named: *proven* by the
ledger's bytes to anyone, *suspected* without proof, or in *dispute*, where the bytes can't say who
is right. Every run passed every check.

"""

NOTES: Final = """
Behaviours change a deal as it is posted, so under commit–reveal it isn't the one that was committed
to: that is what convicts it. Who sees all deals and chooses its own isn't seen by anybody, and the
key is as good as ever; only GJKR leaves it nothing to choose by. Beyond the bound there is no key,
and it says why; an attempt later, whoever is lost hasn't dealt.

Once more: `make protocols`.
"""


def render() -> str:
    """Run everything, and return the page."""
    who = {"liar": LIAR, "victim": VICTIM}
    return "".join(
        [
            HEAD,
            COSTS,
            *_costs(),
            SETTINGS.format(**who),
            *_settings(),
            SURVIVAL.format(**who),
            *_survival(),
            NOTES,
        ]
    )


_COLUMNS: Final = "statements | shares | payload | all | base | other | terms | heights |\n"


def _costs() -> Iterator[str]:
    yield f"| protocol | n | t | {_COLUMNS}|---|{'---|' * 10}\n"
    for n, t in SIZES:
        for name in PROTOCOLS:
            found = cost(Way(name, (("protocol", name),)), n, t)
            yield f"| {name} | {n} | {t} | {figures(found)} |\n"


def _settings() -> Iterator[str]:
    bad_share = trouble("a share is bad")
    lost = trouble("a dealer is lost after its response")
    yield f"| key | what is wrong | {_COLUMNS}|---|---|{'---|' * 8}\n"
    for way in MODES:
        for wrong in (TROUBLES[0], bad_share, *([lost] if "gjkr" in way.name else [])):
            yield f"| {way.name} | {wrong.name} | {figures(cost(way, 7, 5, wrong))} |\n"


def trouble(name: str) -> Trouble:
    """Return a trouble by its name."""
    return next(known for known in TROUBLES if known.name == name)


def figures(found: Cost) -> str:
    """Return the cells of a cost."""
    whole = (found.statements, found.shares, found.payload, found.total)
    means = (found.base, found.other, found.terms)
    return " | ".join(
        [*(f"{n:,}" for n in whole), *(f"{x:,.1f}" for x in means), f"{found.heights}"]
    )


def _survival() -> Iterator[str]:
    yield f"| what is wrong | {' | '.join(way.name for way in WAYS)} |\n|---|{'---|' * len(WAYS)}\n"
    for wrong in TROUBLES:
        yield f"| {wrong.name} | {' | '.join(text_of(fate(way, wrong)) for way in WAYS)} |\n"


def text_of(found: Fate) -> str:
    """Return what a cell says."""
    parts = ["**key**" if found.made_at else "**no key**"]
    if found.without:
        parts[0] += f" without {', '.join(found.without)}"
    if found.made_at > 1:
        parts.append(f"at attempt {found.made_at}")
    if found.reason:
        parts.append(found.reason)
    for word, named in (("proven", found.proven), ("suspected", found.suspected)):
        if named:
            parts.append(f"{word}: " + ", ".join(f"{who} {fault}" for who, fault in named))
    if found.disputes:
        parts.append("dispute: " + ", ".join(f"{d}–{a}" for d, a in found.disputes))
    if found.broken:
        parts.append("broken: " + ", ".join(found.broken))
    return "; ".join(parts)


def main(arguments: list[str]) -> int:
    """Write the page, or check it with ``--check``; return the exit code."""
    return make_page(arguments, "sim.study.protocol_page", PAGE, render, "make protocols")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
