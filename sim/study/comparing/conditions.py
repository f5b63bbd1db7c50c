"""Conditions on a comparison: ``cpu_seconds > 1.10x``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sim.study.comparing.pairs import CompareError

_OPERATORS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}

_GRAMMAR: Final = re.compile(
    r"\s*([A-Za-z][A-Za-z0-9_.\-]{0,99})\s*(>=|<=|>|<)\s*(-?\d{1,12}(?:\.\d{1,9})?)\s*(x|%)?\s*",
    re.ASCII,
)


@dataclass(frozen=True)
class Condition:
    """What makes a comparison fail.

    Attributes:
        text: As it was given.
        field: The figure.
        operator: ``>``, ``>=``, ``<`` or ``<=``.
        bound: What it is compared with.
        unit: ``x`` for the ratio B/A, ``%`` for the change in percent, empty for the difference
            B − A.

    """

    text: str
    field: str
    operator: str
    bound: float
    unit: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Return the condition that `text` is: FIELD OP NUMBER, and x or %.

        Raises:
            CompareError: It is none.

        """
        found = _GRAMMAR.fullmatch(text)
        if found is None:
            raise CompareError(
                f'"{text}" is no condition: a figure, one of {" ".join(_OPERATORS)}, a number, and '
                'x or %, as in "cpu_seconds > 1.10x"'
            )
        return cls(text.strip(), found[1], found[2], float(found[3]), found[4] or "")

    def holds(self, ratio: float, difference: float) -> bool:
        """Say whether it holds of a figure: then the comparison fails.

        Args:
            ratio: B/A.
            difference: B − A.

        """
        match self.unit:
            case "x":
                value = ratio
            case "%":
                value = (ratio - 1) * 100
            case _:
                value = difference
        return _OPERATORS[self.operator](value, self.bound)
