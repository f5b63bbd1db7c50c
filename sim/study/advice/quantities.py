"""What users write, as exact numbers: percentages, powers, fractions.

Every parser takes text and raises `QuantityError`, whose message says what would have been right.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from sim.scenario.quantities import QuantityError

_DECIMAL: Final = r"\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,3})?"
_POWER: Final = r"(\d{1,3})\s*(?:\^|\*\*)\s*(-?\d{1,4})"
_RATIO: Final = r"(\d{1,9})\s*/\s*(\d{1,9})"


def parse_chance(text: str, name: str) -> Fraction:
    """Return the chance that `text` is, 0 … 1: ``0.25``, ``25%``, ``1/4``, ``2^-40``, ``1e-9``.

    Args:
        text: As written.
        name: Of the option, for the message.

    """
    value = _value(text.strip().replace("−", "-"))
    if value is None:
        raise QuantityError(
            f'{name} is a chance such as 0.25, 25%, 1/4, 1e-9 or 2^-40, not "{text}"'
        )
    if not 0 <= value <= 1:
        meant = f"{text.strip()}%"
        hint = f"; did you mean {meant}?" if 1 < value <= 100 and "%" not in text else ""
        raise QuantityError(f"{name} is a chance, 0 to 1, not {text}{hint}", meant or None)
    if value and not float(value):
        raise QuantityError(f"{name} is too small to compute with: {text.strip()}; try 2^-40")
    return value


def _value(text: str) -> Fraction | None:
    if found := re.fullmatch(rf"({_DECIMAL})\s*%", text, re.ASCII):
        return Fraction(found[1]) / 100
    if found := re.fullmatch(_POWER, text, re.ASCII):
        base, exponent = int(found[1]), int(found[2])
        return None if base == 0 else Fraction(base) ** exponent
    if found := re.fullmatch(_RATIO, text, re.ASCII):
        return Fraction(int(found[1]), int(found[2])) if int(found[2]) else None
    if re.fullmatch(_DECIMAL, text, re.ASCII):
        return Fraction(text)
    return None


def parse_shape(text: str) -> Fraction:
    """Return the shape of a Pareto distribution, 1 … 100, as in ``pareto:1.2``."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,9})?", text, re.ASCII) and 1 <= Fraction(text) <= 100:
        return Fraction(text)
    raise QuantityError(f'--stake pareto:SHAPE has a shape from 1 to 100, as 1.2, not "{text}"')
