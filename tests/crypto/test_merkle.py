"""RFC 6962 trees against the RFC's own recursive definitions."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.crypto.merkle import MerkleError, root_from, tree

CERTIFICATE_TRANSPARENCY = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""Leaves of the certificate-transparency project's own tree tests."""

ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
"""The roots it publishes for the first and for all eight leaves."""


def split(count: int) -> int:
    """Return the largest power of two below `count` (RFC 6962 section 2.1)."""
    return 1 << (count - 1).bit_length() - 1


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + defined_root(leaves[:k]) + defined_root(leaves[k:])).digest()


def defined_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*defined_path(index, leaves[:k]), defined_root(leaves[k:])]
    return [*defined_path(index - k, leaves[k:]), defined_root(leaves[:k])]


@pytest.mark.parametrize("count", range(1, 41))
def test_roots_and_paths_are_those_of_the_rfc(count: int) -> None:
    leaves = [bytes([k]) * (k % 5) for k in range(count)]

    root, paths = tree(leaves)

    assert root == defined_root(leaves)
    assert [list(path) for path in paths] == [defined_path(k, leaves) for k in range(count)]
    for index, leaf in enumerate(leaves):
        assert root_from(leaf, index, count, paths[index]) == root


@pytest.mark.parametrize("count", ROOTS)
def test_roots_are_the_published_ones(count: int) -> None:
    root, _ = tree(CERTIFICATE_TRANSPARENCY[:count])

    assert root.hex() == ROOTS[count]


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=20, unique=True), st.data())
def test_a_path_proves_its_own_leaf_at_its_own_place_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    root, paths = tree(leaves)
    n = len(leaves)
    index = data.draw(st.integers(0, n - 1))
    other = data.draw(st.integers(0, n - 1).filter(lambda k: k != index))

    assert root_from(leaves[other], index, n, paths[index]) != root
    try:
        moved = root_from(leaves[index], other, n, paths[index])
    except MerkleError:
        moved = b""
    assert moved != root


def test_any_flipped_bit_of_a_path_gives_another_root() -> None:
    leaves = [bytes([k]) for k in range(11)]
    root, paths = tree(leaves)

    for place, sibling in enumerate(paths[5]):
        flipped = bytes([sibling[0] ^ 1]) + sibling[1:]
        path = (*paths[5][:place], flipped, *paths[5][place + 1 :])
        assert root_from(leaves[5], 5, 11, path) != root


@pytest.mark.parametrize("index", [-1, 11, 12])
def test_places_outside_the_tree_are_refused(index: int) -> None:
    with pytest.raises(MerkleError, match="no leaf"):
        root_from(b"leaf", index, 11, [bytes(32)] * 4)


@pytest.mark.parametrize("index", range(11))
def test_paths_of_another_length_are_refused(index: int) -> None:
    """The last of 11 leaves has a shorter path than the others."""
    leaves = [bytes([k]) for k in range(11)]
    _, paths = tree(leaves)

    with pytest.raises(MerkleError, match="short"):
        root_from(leaves[index], index, 11, paths[index][:-1])
    with pytest.raises(MerkleError, match="long"):
        root_from(leaves[index], index, 11, (*paths[index], bytes(32)))


def test_entries_of_another_length_are_refused() -> None:
    _, paths = tree([b"a", b"b", b"c"])

    with pytest.raises(MerkleError, match="32 bytes"):
        root_from(b"a", 0, 3, (paths[0][0] + b"\x00", paths[0][1]))


def test_a_node_is_no_leaf() -> None:
    """Second preimages: the two hash under different prefixes."""
    root, _ = tree([b"a", b"b"])
    inner = b"".join(hashlib.sha256(b"\x00" + leaf).digest() for leaf in (b"a", b"b"))

    assert tree([inner])[0] != root


def test_a_tree_needs_a_leaf() -> None:
    with pytest.raises(ValueError, match="needs a leaf"):
        tree([])
