"""Stakes as a plan has them: whole numbers, whatever the scenario says.

A distribution is drawn by each validator's name, so that one validator more or less changes no
other's stake. Arithmetic is decimal with a fixed precision, of operations that are correctly
rounded everywhere (`ln` and `exp` of `decimal`, unlike `**` and unlike the C library's): every
platform gets the same numbers.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from fractions import Fraction
from typing import Final

from sim.base.randomness import stream
from sim.protocol.selection import WEIGHT_LIMIT
from sim.scenario.environment import STAKE_MIN, StakeTable
from sim.scenario.reporter import Reporter
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath

_PATH: Final[KeyPath] = ("validators", "stake")

_DECIMAL: Final = Context(
    prec=50,
    rounding=ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


def resolve_stakes(
    file: ScenarioFile, reporter: Reporter, seed: int, names: tuple[str, ...]
) -> tuple[int, ...]:
    """Return the stakes by registry position; reports a list of another length, and overflow."""
    given, equal = file.validators.stake, (1,) * len(names)
    if isinstance(given, StakeTable):
        return tuple(pareto_stake(seed, name, given.shape) for name in names)
    if isinstance(given, str):
        return equal
    if len(given) != len(names):
        reporter.conflict(
            f"{len(given)} stakes for {len(names)} validators",
            _PATH,
            ("validators", "n"),
            ("validators", "names"),
        )
        return equal
    if sum(given) >= WEIGHT_LIMIT:
        reporter.error(
            _PATH, f"the stakes add up to {sum(given)}: at most 2^64 − 1 can be drawn by"
        )
        return equal
    return tuple(given)


def pareto_stake(seed: int, name: str, shape: Fraction) -> int:
    """Draw a validator's stake: it is above s with probability (`STAKE_MIN` / s) ** `shape`.

    Args:
        seed: The run's seed.
        name: The validator's name.
        shape: 1 … 100, so that the largest stake is `STAKE_MIN` × 2**32.

    """
    return _quantile(int.from_bytes(stream(seed, "stake", name).bytes(4), "big"), shape)


def _quantile(draw: int, shape: Fraction) -> int:
    """Return `STAKE_MIN` × u ** (−1 / `shape`) for u = (`draw` + 1) / 2**32, to the nearest."""
    logarithm = _DECIMAL.ln(_DECIMAL.divide(Decimal(draw + 1), Decimal(1 << 32)))
    scaled = _DECIMAL.multiply(logarithm, Decimal(-shape.denominator))
    factor = _DECIMAL.exp(_DECIMAL.divide(scaled, Decimal(shape.numerator)))
    return int(_DECIMAL.to_integral_value(_DECIMAL.multiply(Decimal(STAKE_MIN), factor)))
