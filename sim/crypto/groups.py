"""Groups by the name of their scheme."""

from __future__ import annotations

from functools import cache

from sim.base.errors import LocalError
from sim.crypto.ed25519 import Ed25519
from sim.crypto.group import Group


@cache
def get_group(scheme: str) -> Group:
    """Return the group behind keys of type `scheme`; one object per process.

    Raises:
        LocalError: No such scheme. Names are checked where they enter, not here.

    """
    if scheme == Ed25519.scheme:
        return Ed25519()
    raise LocalError(f"no group for scheme {scheme!r}")
