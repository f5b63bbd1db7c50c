"""How long computing takes on the virtual clock: a cost model turns charges into microseconds.

Compute time never comes from the machine's own clock: a step is charged operations, and the model
is a fixed table of what each takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CostModel:
    """Nanoseconds per operation, by meter name; operations that it doesn't name are free.

    Attributes:
        name: As scenarios call it.
        nanoseconds: Per operation.
        source: Where the figures come from.

    """

    name: str
    nanoseconds: Mapping[str, int]
    source: str

    def duration_us(self, charges: Mapping[str, int]) -> int:
        """Return how long `charges` take, in whole µs, rounded up."""
        table = self.nanoseconds
        if not table:
            return 0
        total = sum(table.get(name, 0) * count for name, count in charges.items())
        return -(-total // 1000)


INSTANT: Final = CostModel("instant", {}, "computing takes no virtual time")

REFERENCE: Final = CostModel(
    "reference",
    {
        "exp.base": 28_000,
        "exp.full": 180_000,
        "exp.small": 60_000,
        "combine.128": 0,
        "combine.128.terms": 150_000,
        "combine.full": 0,
        "combine.full.terms": 180_000,
        "point.validate": 100_000,
        "proof.verify": 210_000,
        "seal": 160_000,
        "open": 180_000,
        "signature.sign": 35_000,
        "signature.verify": 90_000,
    },
    "one core of a 2-core x86-64 cloud machine, this project's own Ed25519 operations: base "
    "multiplication and validity by PyNaCl, the rest in gmpy2; sealing per envelope at n=64",
)

COST_MODELS: Final[dict[str, CostModel]] = {model.name: model for model in (INSTANT, REFERENCE)}
"""Cost models by name."""
