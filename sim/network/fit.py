"""Jitter tables from laws: those of the shipped profiles, and of matrices that users bring.

``python -m sim.network.fit`` makes `data/tables.csv` anew, after a profile was added or changed.

Laws, by their first word; latencies are one-way:

- ``constant V``: V µs.
- ``uniform A B``: between A and B µs.
- ``normal M S``: mean M and standard deviation S, in µs.
- ``shifted-log-normal P50 P90``: percentiles of the *round trip* in ms, halved. The shift is
  0.8 × p50, and the log-normal above it meets p50 and p90 exactly.
- ``shifted-pareto P50 P90``: the same with a Pareto distribution above the shift: a heavy tail.

Decimal arithmetic is correctly rounded on every machine (binary `exp` and `log` differ between C
libraries), so that anyone regenerates the same bytes: 40 digits for the parameters, 20 for the
entries, of which whole microseconds are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

from sim.network.profiles import PROFILES, TABLE_SIZE, Table, read_profile

TABLES: Final = Path(__file__).parent / "data" / "tables.csv"
HEADER: Final = "law,first_us,255 steps_us to the next entry\n"

_PRECISION: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
_ENTRIES: Final = Context(prec=20, rounding=ROUND_HALF_EVEN)
_TERM_MIN: Final = Decimal("1e-38")
_STEP_MIN: Final = Decimal("1e-30")  # far below a microsecond, far above the rounding of 40 digits
_TWO_PI: Final = Decimal("6.283185307179586476925286766559005768394338798750")
_SHIFT: Final = Decimal("0.8")  # of p50: the part of a round trip that never varies


@cache
def table(law: str) -> Table:
    """Return the 256 quantiles of `law` in whole µs, entry i at (2i+1)/512.

    Raises:
        ValueError: an unknown law.
    """
    quantile = _quantile_function(law)
    with localcontext(_ENTRIES):
        entries = [quantile(2 * i + 1) for i in range(TABLE_SIZE)]
        return tuple(int(entry.to_integral_value()) for entry in entries)


def _quantile_function(law: str) -> Callable[[int], Decimal]:
    """Return what gives the place/512 quantile of `law` in µs."""
    with localcontext(_PRECISION):
        match law.split():
            case ["constant", value]:
                return lambda _: Decimal(value)
            case ["uniform", low, high]:
                return lambda place: Decimal(low) + (Decimal(high) - Decimal(low)) * place / 512
            case ["normal", mean, deviation]:
                return lambda place: Decimal(mean) + Decimal(deviation) * _normal(place)
            case ["shifted-log-normal", p50_ms, p90_ms]:
                shift, scale, ratio = _above_shift(p50_ms, p90_ms)
                spread = ratio / normal_quantile(Decimal("0.9"))
                return lambda place: shift + (scale + spread * _normal(place)).exp()
            case ["shifted-pareto", p50_ms, p90_ms]:
                # Above the shift x = σ·(1−u)^(−1/α): half is above σ·2^(1/α), a tenth above
                # σ·10^(1/α), and their ratio is 5^(1/α).
                shift, scale, ratio = _above_shift(p50_ms, p90_ms)
                power = ratio / Decimal(5).ln()
                least = scale - power * Decimal(2).ln()
                return lambda place: shift + (least + power * _pareto(place)).exp()
    raise ValueError(f'unknown law "{law}"')


def _above_shift(p50_ms: str, p90_ms: str) -> tuple[Decimal, Decimal, Decimal]:
    """Return the shift in µs, ln(p50 − shift), and how much larger ln(p90 − shift) is."""
    median, ninth = Decimal(p50_ms) * 500, Decimal(p90_ms) * 500
    shift = median * _SHIFT
    scale = (median - shift).ln()
    return shift, scale, (ninth - shift).ln() - scale


def _normal(place: int) -> Decimal:
    return normal_quantile(Decimal(place) / 512)


@cache
def _pareto(place: int) -> Decimal:
    """Return −ln(1 − place/512)."""
    with localcontext(_PRECISION):
        return (Decimal(512) / (512 - place)).ln()


@cache
def normal_quantile(probability: Decimal) -> Decimal:
    """Return the standard normal's quantile at `probability`, 0 < probability < 1.

    Newton's steps from 0 rise to the root without overshooting, since the distribution function is
    concave above 0.
    """
    with localcontext(_PRECISION):
        half = Decimal("0.5")
        if probability < half:
            return -normal_quantile(1 - probability)
        root = Decimal(0)
        while True:
            density = (-root * root / 2).exp() / _TWO_PI.sqrt()
            step = (probability - half) / density - _above_median(root)
            if abs(step) < _STEP_MIN:
                return root
            root += step


def _above_median(x: Decimal) -> Decimal:
    """Return (Φ(x) − 1/2) / φ(x) = Σ x^(2k+1) / (1·3·5···(2k+1)), for x ≥ 0."""
    term = total = x
    odd = 1
    while term > _TERM_MIN:
        odd += 2
        term *= x * x / odd
        total += term
    return total


def render() -> str:
    """Return the text of `data/tables.csv`: every law that a profile names, sorted."""
    laws = {law for name in PROFILES.built_in() for row in read_profile(name).laws() for law in row}
    rows = []
    for law in sorted(laws):
        entries = table(law)
        steps = (after - before for before, after in pairwise(entries))
        rows.append(",".join([law, str(entries[0]), *map(str, steps)]) + "\n")
    return HEADER + "".join(rows)


if __name__ == "__main__":
    TABLES.write_text(render(), encoding="utf-8")
