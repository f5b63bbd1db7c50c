"""Writes `docs/bias.md` from runs: ``python -m sim.study.bias_page [--check]``.

With ``--check`` it writes nothing and exits 1 if the page isn't what the runs say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sim.base.pages import make_page
from sim.study.bias import CASES, CONFIDENCE, Measured, measure
from sim.study.pool import Pool

PAGE: Final = Path("docs") / "bias.md"

SEEDS: Final = range(1, 401)
"""One run each."""

HEAD: Final = """# Who can bend a key

<!-- Made from runs by `make bias`. Don't edit: change `sim/study/bias_page.py`. -->

In Pedersen's DKG everybody sees what a dealer adds to the key before it is settled which dealers
count. So a dealer that likes another key better may change it, though it learns nothing about the
secret. The target here is one bit: bit 0 of SHA-256(public key), the lowest bit of the digest's
first byte, wanted to be 1. Nobody is blamed with proof for any of this.

"""

MODEL: Final = """
*left*: runs in which a corrupted dealer isn't in QUAL. *silent*: runs in which it didn't extract.
Intervals are Clopper and Pearson's, exact, {confidence} each. Expected are 1 − 2^−(2^k) for k
dealers that choose whether to stay, 1 − 2^−m for the last of all with m candidates, and 1/2 where
nobody can choose.

## What is modelled

Five validators, 3 of 5, Ed25519, nothing lost; the scenarios are in `scenarios/bias/`. Each run is
whole: ledger, sealed shares, complaints, activation and a test signature. It must make a key at the
first attempt, with every honest dealer in it and every check passed, or the study stops.

- **To stay or to leave** (`drop-out-rusher`): the deal is honest and fixed before any other is
  seen. One envelope isn't sent; its holder complains `missing`. When the answer is due, every deal
  is on the ledger: the dealer answers, or doesn't and is out as `unjustified`. Two such dealers
  know of each other, and leave in the combination that makes the first key they like, if there is
  one. The ceremony goes on without whoever left. (Where it would be aborted and begun anew instead,
  k dealers that may spoil one attempt each would reach 1 − 2^−(k+1). That isn't measured here.)
- **The last deal** (`grinder`): the dealer is rushing. It sees every transaction that the next
  block would take, and its own still comes into that block. It deals the first of eight proper
  polynomials that makes a key it likes. After a commitment there is one deal to choose, or none: so
  commit–reveal is left with the bias of leaving, and the dealer is out as `no-deal`.
- **GJKR**: deals are Pedersen commitments. Whoever leaves, or grinds, does so by what it sees,
  which is independent of the key. When the key shows, QUAL is fixed. The dealer waits for all other
  extractions and refuses its own if it doesn't like the key; the others then reconstruct its
  polynomial, and the key is the same. This holds while n − f ≥ t.

Under one seed validators draw the same polynomials whatever the protocol and whoever misbehaves:
the rows share their honest keys, and aren't independent of each other.

Once more: `make bias`. The page is checked by the slow tests in `tests/study/test_bias.py`.
"""


def render(found: Iterable[Measured]) -> str:
    """Return the page."""
    confidence = f"{100 * CONFIDENCE:.1f} %"
    return "".join([HEAD, *_table(found), MODEL.format(confidence=confidence)])


def _table(found: Iterable[Measured]) -> Iterator[str]:
    yield "| protocol | who chooses | runs | left | silent | bit is 1 | measured | interval |"
    yield " expected |\n|---|---|---|---|---|---|---|---|---|\n"
    for measured in found:
        yield line_of(measured)


def line_of(measured: Measured) -> str:
    """Return a case's line of the table."""
    case, trials, interval = measured.case, measured.trials, measured.interval
    figures = (
        len(trials),
        sum(trial.left for trial in trials),
        sum(trial.silent for trial in trials),
        measured.ones,
        f"{measured.ones / len(trials):.3f}",
        f"{interval.low:.3f} … {interval.high:.3f}",
        f"{float(case.chance):.4g}",
    )
    return f"| {case.protocol} | {case.who} | {' | '.join(map(str, figures))} |\n"


def main(arguments: list[str]) -> int:
    """Write the page, or check it with ``--check``; return the exit code."""

    def measured() -> str:
        with Pool() as pool:
            return render([measure(case, SEEDS, pool) for case in CASES])

    return make_page(arguments, "sim.study.bias_page", PAGE, measured, "make bias")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
