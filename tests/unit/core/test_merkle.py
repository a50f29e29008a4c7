"""Trees of RFC 6962 and the map on them."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.merkle import (
    EMPTY_ROOT,
    MerkleMap,
    bucket_of,
    bucket_root,
    entry_leaf,
    leaf_hash,
    map_root,
    node_hash,
    path_of,
    root_of,
    verify_path,
)

# Test vectors of the certificate-transparency reference implementation (inputs and roots for 0 to 8 leaves).
INPUTS = [
    b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("count", range(9))
def test_published_roots(count: int) -> None:
    assert root_of([leaf_hash(data) for data in INPUTS[:count]]).hex() == ROOTS[count]


def recursive_root(hashes: list[bytes]) -> bytes:
    """MTH as RFC 6962 §2.1 states it: split at the largest power of two below n."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(recursive_root(hashes[:split]), recursive_root(hashes[split:]))


@given(st.integers(0, 70))
def test_level_by_level_is_the_definition(count: int) -> None:
    hashes = [leaf_hash(bytes([i])) for i in range(count)]
    assert root_of(hashes) == recursive_root(hashes)


@given(st.integers(1, 40), st.data())
def test_paths_prove_their_place_and_no_other(count: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(bytes([i])) for i in range(count)]
    place = data.draw(st.integers(0, count - 1))
    root, path = root_of(hashes), path_of(hashes, place)
    assert verify_path(hashes[place], place, count, path, root)
    assert not verify_path(leaf_hash(b"other"), place, count, path, root)
    assert not verify_path(hashes[place], place, count, [*path, root], root)
    assert not verify_path(hashes[place], count, count, path, root)
    if path:
        assert not verify_path(hashes[place], place, count, path[:-1], root)


entries = st.dictionaries(st.binary(min_size=1, max_size=6), st.binary(min_size=1, max_size=4), max_size=30)


@given(entries, entries)
def test_changing_a_map_step_by_step_gives_the_root_from_scratch(first: dict, second: dict) -> None:
    changed = {**first, **second}
    tree = MerkleMap()
    for state in (first, changed):
        touched = {bucket_of(key) for key in state}
        tree.update(
            {n: bucket_root({k: v for k, v in state.items() if bucket_of(k) == n}) for n in touched}
        )
    assert tree.root == map_root(changed)


def test_an_empty_map_has_the_root_of_empty_buckets() -> None:
    assert MerkleMap().root == root_of([leaf_hash(EMPTY_ROOT)] * 4096) == map_root({})


def test_a_bucket_proves_its_place_in_the_map() -> None:
    tree = MerkleMap()
    key, value = b"kAbc", b"\x01"
    number, root = bucket_of(key), bucket_root({key: value})
    tree.update({number: root})
    assert root == entry_leaf(key, value)
    assert verify_path(leaf_hash(root), number, 4096, tree.path(number), tree.root)


def test_a_preview_changes_nothing() -> None:
    tree = MerkleMap()
    before = tree.root
    assert tree.preview({5: leaf_hash(b"x")}) != before
    assert tree.root == before
