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
        "exp.base": 25_000,
        "exp.full": 163_000,
        "exp.small": 19_000,
        "combine.128.terms": 92_000,
        "combine.full.terms": 181_000,
        "exp.g2": 488_000,
        "pairing.check": 1_460_000,
        "combine.g2.terms": 320_000,
        "point.validate": 58_000,
        "proof.verify": 119_000,
        "seal": 61_000,
        "open": 76_000,
        "signature.sign": 19_000,
        "signature.verify": 56_000,
        "mldsa.sign": 67_500_000,
        "mldsa.verify": 183_000,
        "mlkem.encapsulate": 3_630_000,
        "mlkem.decapsulate": 29_000,
        "vault.seal": 2_700,
        "vault.open": 2_200,
        "argon2id": 126_000_000,
    },
    "this project's own Ed25519 and sealing, CPython 3.11, one core of an AMD EPYC cloud machine: "
    "the least of 25 rounds of 100 to 300 calls; combinations per term, measured with 64 terms. "
    "What BLS alone does, in G2: py_arkworks_bls12381, 25 rounds of 2 to 20 calls, 43 terms. "
    "Lattices and the vault: 25 rounds of 1 to 300 calls; signing by ML-DSA-65, which rejects and "
    "tries again, the mean of 150 messages; Argon2id with 3 passes, 64 MiB and 4 lanes",
)
"""Combinations are charged by their terms; what one costs beyond them is too little to tell."""

COST_MODELS: Final[dict[str, CostModel]] = {model.name: model for model in (INSTANT, REFERENCE)}
"""Cost models by name."""
