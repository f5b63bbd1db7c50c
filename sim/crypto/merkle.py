"""Merkle trees of RFC 6962: one signature over the root covers every leaf.

A leaf hashes as SHA-256(0 ‖ leaf), an inner node as SHA-256(1 ‖ left ‖ right). Built level by
level: a node without a sibling moves up as it is, which gives the RFC's tree for any number of
leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, TypeAlias

HASH_SIZE: Final = 32

Path: TypeAlias = tuple[bytes, ...]
"""The siblings from a leaf to the root, leaf side first, 32 bytes each: at most ⌈log₂ n⌉."""


class MerkleError(ValueError):
    """A path doesn't fit the leaf's place in the tree."""


def tree(leaves: Sequence[bytes]) -> tuple[bytes, tuple[Path, ...]]:
    """Return the root over at least one leaf, and the path of each leaf."""
    if not leaves:
        raise ValueError("a tree needs a leaf")
    paths: list[list[bytes]] = [[] for _ in leaves]
    level = [_leaf_hash(leaf) for leaf in leaves]
    height = 0
    while len(level) > 1:
        for index, path in enumerate(paths):
            sibling = (index >> height) ^ 1
            if sibling < len(level):
                path.append(level[sibling])
        parents = [
            _node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            parents.append(level[-1])
        level = parents
        height += 1
    return level[0], tuple(map(tuple, paths))


def root_from(leaf: bytes, index: int, n: int, path: Sequence[bytes]) -> bytes:
    """Return the root that `path` leads to from `leaf`, the index-th (from 0) of `n`.

    Raises:
        MerkleError: No such place, or a path of the wrong length or with a wrong entry.

    """
    if not 0 <= index < n:
        raise MerkleError(f"no leaf {index} among {n}")
    if any(len(sibling) != HASH_SIZE for sibling in path):
        raise MerkleError(f"a path's entries take {HASH_SIZE} bytes")
    node = _leaf_hash(leaf)
    rest = iter(path)
    last = n - 1
    while last:
        if index % 2 or index < last:  # otherwise the last node of its level, without a sibling
            sibling = next(rest, None)
            if sibling is None:
                raise MerkleError("the path is too short")
            node = _node_hash(sibling, node) if index % 2 else _node_hash(node, sibling)
        index //= 2
        last //= 2
    if next(rest, None) is not None:
        raise MerkleError("the path is too long")
    return node


def _leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
