"""Merkle trees of RFC 6962 §2.1, and the incremental map of entities built on them.

``root_of`` is MTH over a list. A ``MerkleMap`` spreads its entries over 4,096 buckets by the first
12 bits of SHA-256(key); a bucket's root is MTH over its leaves, DAG-CBOR [key, value], sorted by key
bytes; the map's root is MTH over the 4,096 bucket roots in order. So an entry costs one bucket and
twelve hashes, however many entities there are, and an inclusion proof is one path in each tree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dao_app.core.encoding import encode_trusted

BUCKET_BITS = 12
BUCKETS = 1 << BUCKET_BITS
EMPTY_ROOT = hashlib.sha256(b"").digest()  # MTH({})
_sha = hashlib.sha256


def leaf_hash(data: bytes) -> bytes:
    return _sha(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return _sha(b"\x01" + left + right).digest()


def root_of(hashes: list[bytes]) -> bytes:
    """MTH over leaf hashes (RFC 6962 §2.1); any number of leaves.

    Joining neighbours level by level, an odd last node moving up unchanged, gives the RFC's split
    at the largest power of two.
    """
    if not hashes:
        return EMPTY_ROOT
    level = hashes
    while len(level) > 1:
        above = [_sha(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def path_of(hashes: list[bytes], place: int) -> list[bytes]:
    """Audit path of the leaf at ``place`` (RFC 6962 §2.1.1), nearest sibling first."""
    path = []
    level = hashes
    while len(level) > 1:
        sibling = place ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level, place = above, place // 2
    return path


def fold_path(leaf: bytes, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root over ``size`` leaves in which the leaf hash stands at ``place``; None where the path does not fit."""
    if not 0 <= place < size:
        return None
    value, used, last = leaf, 0, size - 1
    while last > 0:
        if place % 2 or place < last:
            if used == len(path):
                return None
            sibling = path[used]
            used += 1
            value = node_hash(sibling, value) if place % 2 else node_hash(value, sibling)
        place //= 2
        last //= 2
    return value if used == len(path) else None


def verify_path(leaf: bytes, place: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Does the leaf hash stand at ``place`` among ``size`` leaves under ``root``?"""
    return fold_path(leaf, place, size, path) == root


def bucket_of(key: bytes) -> int:
    """The bucket of a key: the first 12 bits of its SHA-256."""
    head = _sha(key).digest()
    return head[0] << 4 | head[1] >> 4


def entry_leaf(key: bytes, value: bytes) -> bytes:
    """Leaf hash of an entry whose value is already encoded: SHA-256(0x00 ‖ DAG-CBOR [key, value])."""
    return _sha(b"\x00\x82" + encode_trusted(key) + value).digest()


def bucket_root(entries: Mapping[bytes, bytes]) -> bytes:
    """Root of one bucket from its entries, key → encoded value."""
    return root_of([entry_leaf(key, entries[key]) for key in sorted(entries)])


def bucket_root_of_leaves(leaves: Mapping[bytes, bytes]) -> bytes:
    """The same from leaf hashes, key → hash."""
    return root_of([leaves[key] for key in sorted(leaves)])


_EMPTY_LEAF = leaf_hash(EMPTY_ROOT)


class Inclusion(NamedTuple):
    """That an entry stands in a map: its place among the ``size`` leaves of its bucket, and both audit paths."""

    value: bytes  # encoded
    place: int
    size: int
    bucket_path: tuple[bytes, ...]
    map_path: tuple[bytes, ...]

    def root(self, key: bytes) -> bytes | None:
        """The map's root with this entry under ``key``; None where the paths do not fit."""
        bucket = fold_path(entry_leaf(key, self.value), self.place, self.size, self.bucket_path)
        return None if bucket is None else fold_path(leaf_hash(bucket), bucket_of(key), BUCKETS, self.map_path)


class MerkleMap:
    """The upper tree: bucket roots in, map root out; only touched paths are hashed again."""

    __slots__ = ("_levels",)

    def __init__(self, roots: Mapping[int, bytes] | None = None) -> None:
        level = [_EMPTY_LEAF] * BUCKETS
        self._levels = [level]
        while len(level) > 1:
            level = [node_hash(level[0], level[0])] * (len(level) // 2)
            self._levels.append(level)
        if roots:
            self.update(roots)

    def update(self, roots: Mapping[int, bytes]) -> None:
        """Set bucket roots: bucket number → root (32 bytes)."""
        touched: Iterable[int] = roots.keys()
        base = self._levels[0]
        for bucket, root in roots.items():
            base[bucket] = leaf_hash(root)
        for below, above in zip(self._levels, self._levels[1:], strict=False):
            touched = {place // 2 for place in touched}
            for place in touched:
                above[place] = _sha(b"\x01" + below[2 * place] + below[2 * place + 1]).digest()

    def preview(self, roots: Mapping[int, bytes]) -> bytes:
        """The root with these bucket roots; the map stays as it is."""
        other = MerkleMap.__new__(MerkleMap)
        other._levels = [list(level) for level in self._levels]
        other.update(roots)
        return other.root

    @property
    def root(self) -> bytes:
        return self._levels[-1][0]

    def is_empty(self, bucket: int) -> bool:
        """Does this bucket hold no entry?"""
        return self._levels[0][bucket] == _EMPTY_LEAF

    def path(self, bucket: int) -> list[bytes]:
        """Audit path of a bucket's root in the upper tree, nearest sibling first."""
        path = []
        for level in self._levels[:-1]:
            path.append(level[bucket ^ 1])
            bucket //= 2
        return path


def map_root(entries: Mapping[bytes, bytes]) -> bytes:
    """Root of a whole map from scratch: key → encoded value (checks, tests, small maps)."""
    buckets: dict[int, dict[bytes, bytes]] = {}
    for key, value in entries.items():
        buckets.setdefault(bucket_of(key), {})[key] = value
    return MerkleMap({number: bucket_root(bucket) for number, bucket in buckets.items()}).root
