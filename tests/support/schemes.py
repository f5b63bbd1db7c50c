"""The schemes that tests run through: all that the chain can make keys of."""

from __future__ import annotations

from sim.kchain.creation import SCHEMES as KNOWN

SCHEMES = tuple(sorted(KNOWN))
