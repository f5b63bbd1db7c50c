"""TupleHash256 of NIST SP 800-185: a hash of a list of byte strings that keeps their borders.

The rest of the project hashes canonical MessagePack (`sim.base.codec.tuple_hash`). This one is for
what a specification asks for by name, so that others can recompute it without this project's codec.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from Crypto.Hash import TupleHash256

SIZE_MIN: Final = 8
"""The shortest digest that the library makes, in bytes."""


def tuple_hash_256(parts: Sequence[bytes], customization: bytes = b"", size: int = 32) -> bytes:
    """Return TupleHash256(`parts`, `size` × 8, `customization`).

    Args:
        parts: The byte strings; an empty one counts, as does none at all.
        customization: The standard's S.
        size: Bytes of the digest, at least 8. Another size gives an unrelated digest.

    """
    hashed = TupleHash256.new(digest_bytes=size, custom=customization)
    for part in parts:
        hashed.update(part)
    return hashed.digest()
