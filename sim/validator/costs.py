"""How long computing takes on the virtual clock: a cost model turns charges into microseconds.

Compute time never comes from the machine's own clock: a step is charged operations, and the model
is a fixed table of what each takes. `ksim calibrate` measures such tables and writes them into
files, which scenarios name; `data/reference.toml`, which is shipped, is one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Final

import tomli

FILE_FORMAT: Final = "kchain-costs"
FILE_VERSION: Final = 1
"""Of files with a cost model, as `ksim calibrate` writes them."""

GROUP_OPERATIONS: Final = (
    "exp.base",
    "exp.full",
    "exp.small",
    "combine.128.terms",
    "combine.full.terms",
    "point.validate",
    "proof.verify",
)
"""What is done in the group of a key's scheme, and so costs each scheme something else."""

COMMON_OPERATIONS: Final = (
    "exp.g2",
    "pairing.check",
    "combine.g2.terms",
    "seal",
    "open",
    "signature.sign",
    "signature.verify",
    "mldsa.sign",
    "mldsa.verify",
    "mlkem.encapsulate",
    "mlkem.decapsulate",
    "vault.seal",
    "vault.open",
    "argon2id",
)
"""What costs the same whatever the scheme of the key: G2 is there for BLS alone."""

OPERATIONS: Final = (*GROUP_OPERATIONS, *COMMON_OPERATIONS)
"""Every meter that models price. A combination is priced by its terms; what one costs beyond them
is too little to tell."""

SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")
"""Schemes that work in a group."""


@dataclass(frozen=True, slots=True)
class CostModel:
    """Nanoseconds per operation, by meter name; operations that it doesn't name are free.

    Attributes:
        name: As scenarios call it.
        nanoseconds: Per operation, for any scheme that has no figure of its own.
        source: Where the figures come from.
        schemes: By scheme of the key, figures of its own.

    """

    name: str
    nanoseconds: Mapping[str, int]
    source: str
    schemes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def priced(self, schemes: Iterable[str]) -> CostModel:
        """Return the model of a run whose keys are of `schemes`: one table for all of them.

        Charges don't say which key they were for. So where keys of several schemes meet in a run,
        each operation is priced as in the dearest of them: an upper bound, and exact for one
        scheme.
        """
        own = (self.schemes.get(scheme, {}) for scheme in sorted(set(schemes)))
        tables = [{**self.nanoseconds, **table} for table in own] or [dict(self.nanoseconds)]
        names = sorted(set().union(*tables))
        dearest = {name: max(table.get(name, 0) for table in tables) for name in names}
        return replace(self, nanoseconds=dearest, schemes={})

    def duration_us(self, charges: Mapping[str, int]) -> int:
        """Return how long `charges` take, in whole µs, rounded up; `schemes` don't count here."""
        table = self.nanoseconds
        if not table:
            return 0
        total = sum(table.get(name, 0) * count for name, count in charges.items())
        return -(-total // 1000)


INSTANT: Final = CostModel("instant", {}, "computing takes no virtual time")


@cache
def cost_models() -> Mapping[str, CostModel]:
    """Return the models that are shipped, by name."""
    path = resources.files("sim.validator") / "data" / "reference.toml"
    content = tomli.loads(path.read_text(encoding="utf-8"))
    reference = CostModel(
        content["name"], content["nanoseconds"], content["source"], content["schemes"]
    )
    return {model.name: model for model in (INSTANT, reference)}
