"""Groups by the name of their scheme."""

from __future__ import annotations

from functools import cache

from sim.base.errors import LocalError
from sim.crypto.group import Group


@cache
def get_group(scheme: str) -> Group:
    """Return the group behind keys of type `scheme`; one object per process.

    A library is imported when its curve is first asked for.

    Raises:
        LocalError: No such scheme. Names are checked where they enter, not here.

    """
    match scheme:
        case "ED25519":
            from sim.crypto.ed25519 import Ed25519

            return Ed25519()
        case "SECP256K1":
            from sim.crypto.secp256k1 import Secp256k1

            return Secp256k1()
        case "BLS":
            from sim.crypto.bls12381 import Bls12381

            return Bls12381()
        case _:
            raise LocalError(f"no group for scheme {scheme!r}")
