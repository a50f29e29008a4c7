"""The state: entities by key, in layers. A rule reads through ``get`` and returns what to put.

``Tree`` is the final state: buckets of encoded entities, loaded when first touched, with their Merkle
map. ``State`` is a layer of changes over it: the checkpoint being formed, or the provisional rest.
Nothing here knows a rule.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol, TypeVar, cast

from dao_app.core.entities import Account, Entity, decode_entity, encode_entity
from dao_app.core.keys import account_key
from dao_app.core.merkle import (
    Inclusion,
    MerkleMap,
    bucket_of,
    bucket_root,
    bucket_root_of_leaves,
    entry_leaf,
    path_of,
)

E = TypeVar("E")
CACHE_BUCKETS_MAX = 8_192  # loaded buckets kept: two whole trees of 4,096
CACHE_ENTITIES_MAX = 50_000  # decoded entities kept; about 400 bytes each

STATE_TREE = 0
RESULTS_TREE = 1
FRONTIER_TREE = 2


class Source(Protocol):
    """Where a tree's buckets are kept (the store, or memory in tests)."""

    def load_bucket(self, tree: int, bucket: int) -> dict[bytes, bytes]: ...
    def load_roots(self, tree: int) -> dict[int, bytes]: ...
    def load_tree(self, tree: int) -> Iterable[tuple[bytes, bytes]]: ...


class MemorySource:
    """No store behind: everything stays in the tree's own buckets."""

    def load_bucket(self, tree: int, bucket: int) -> dict[bytes, bytes]:
        return {}

    def load_roots(self, tree: int) -> dict[int, bytes]:
        return {}

    def load_tree(self, tree: int) -> Iterable[tuple[bytes, bytes]]:
        return ()


class Layer(Protocol):
    """What a layer of changes lies on: the final state, or another layer."""

    def entity(self, key: bytes) -> Entity | None: ...


class TreeChange(NamedTuple):
    """What a commit wrote: key → encoded value (None: gone), the roots of touched buckets, what stood there before."""

    values: dict[bytes, bytes | None]
    roots: dict[int, bytes]
    before: dict[bytes, bytes | None]


class Tree:
    """One Merkle map with its entries, loaded bucket by bucket."""

    def __init__(self, number: int, source: Source, persistent: bool = True) -> None:
        self._number = number
        self._source = source
        self._persistent = persistent
        self._buckets: OrderedDict[int, dict[bytes, bytes]] = OrderedDict()
        self._leaves: dict[int, dict[bytes, bytes]] = {}
        self._decoded: dict[bytes, Entity] = {}
        self._loaded: MerkleMap | None = MerkleMap(source.load_roots(number))

    @property
    def _map(self) -> MerkleMap:
        if self._loaded is None:
            self._loaded = MerkleMap(self._source.load_roots(self._number))
        return self._loaded

    @property
    def root(self) -> bytes:
        return self._map.root

    def raw(self, key: bytes) -> bytes | None:
        """The encoded value, or None."""
        return self._bucket(bucket_of(key)).get(key)

    def entity(self, key: bytes) -> Entity | None:
        found = self._decoded.get(key)
        if found is None:
            value = self.raw(key)
            if value is None:
                return None
            found = decode_entity(key, value)
            if len(self._decoded) >= CACHE_ENTITIES_MAX:
                self._decoded.clear()
            self._decoded[key] = found
        return found

    def put_all(self, values: Mapping[bytes, bytes | None]) -> TreeChange:
        """Write encoded values, None to remove; returns what to store."""
        touched: dict[int, dict[bytes, bytes]] = {}
        before: dict[bytes, bytes | None] = {}
        for key, value in values.items():
            number = bucket_of(key)
            leaves = touched.get(number)
            if leaves is None:
                leaves = touched[number] = self._leaves_of(number)
            before[key] = self._buckets[number].get(key)
            self._decoded.pop(key, None)
            if value is None:
                self._buckets[number].pop(key, None)
                leaves.pop(key, None)
            else:
                self._buckets[number][key] = value
                leaves[key] = entry_leaf(key, value)
        roots = {number: bucket_root_of_leaves(leaves) for number, leaves in touched.items()}
        self._map.update(roots)
        return TreeChange(dict(values), roots, before)

    def commit(self, changes: Mapping[bytes, Entity | None]) -> TreeChange:
        """Write entities (the end of a checkpoint)."""
        written = self.put_all({k: None if e is None else encode_entity(e) for k, e in changes.items()})
        if len(self._decoded) + len(changes) < CACHE_ENTITIES_MAX:
            self._decoded.update({k: e for k, e in changes.items() if e is not None})
        return written

    def preview(self, changes: Mapping[bytes, Entity | None]) -> bytes:
        """The root as it would be with these changes; nothing is written."""
        touched: dict[int, dict[bytes, bytes]] = {}
        for key, entity in changes.items():
            number = bucket_of(key)
            if number not in touched:
                touched[number] = dict(self._bucket(number))
            bucket = touched[number]
            if entity is None:
                bucket.pop(key, None)
            else:
                bucket[key] = encode_entity(entity)
        return self._map.preview({number: bucket_root(bucket) for number, bucket in touched.items()})

    def inclusion(self, key: bytes) -> Inclusion | None:
        """The entry under a key with its audit paths, or None where there is none."""
        number = bucket_of(key)
        leaves = self._leaves_of(number)
        if key not in leaves:
            return None
        keys = sorted(leaves)
        place = keys.index(key)
        path = path_of([leaves[one] for one in keys], place)
        value = self._buckets[number][key]
        return Inclusion(value, place, len(keys), tuple(path), tuple(self._map.path(number)))

    def entries(self) -> Iterable[tuple[bytes, bytes]]:
        """Every entry, as it is kept (verification, statistics)."""
        if self._persistent:
            return self._source.load_tree(self._number)
        return (entry for bucket in list(self._buckets.values()) for entry in bucket.items())

    def reload(self) -> None:
        """Forget everything that was not kept (a checkpoint that could not be stored). Reads nothing: the source may be
        away, and until it answers nothing is known rather than what was never kept."""
        self._buckets.clear()
        self._leaves.clear()
        self._decoded.clear()
        self._loaded = None

    def _leaves_of(self, number: int) -> dict[bytes, bytes]:
        """Leaf hashes of a bucket, kept as long as the bucket is."""
        bucket = self._bucket(number)
        leaves = self._leaves.get(number)
        if leaves is None:
            leaves = self._leaves[number] = {key: entry_leaf(key, value) for key, value in bucket.items()}
        return leaves

    def _bucket(self, number: int) -> dict[bytes, bytes]:
        bucket = self._buckets.get(number)
        if bucket is None:
            bucket = {} if self._map.is_empty(number) else self._source.load_bucket(self._number, number)
            self._buckets[number] = bucket
            if self._persistent and len(self._buckets) > CACHE_BUCKETS_MAX:
                gone, _ = self._buckets.popitem(last=False)
                self._leaves.pop(gone, None)
        return bucket


class Posting(NamedTuple):
    """One movement on the ledger. ``source`` and ``target`` are parties; b"" is issue."""

    kind: str  # issue | transfer | tip | escrow | pay | refund | reserve | bond | forfeit | budget | fine
    # | reward | support | match
    source: bytes
    target: bytes
    unit: str
    amount: int
    action: bytes
    memo: bytes | None  # hash of detached content


class Started(NamedTuple):
    """Something that the checkpoint which seals it begins; ``what``: a key of ``core.transition.STARTED``."""

    what: str
    id: bytes
    place: int
    duration: int  # ms


class State:
    """A layer of changes over the final state."""

    __slots__ = ("_base", "changed", "incoming", "postings", "started")

    def __init__(self, base: Layer) -> None:
        self._base = base
        self.changed: dict[bytes, Entity | None] = {}
        self.incoming: set[bytes] = set()  # accounts with credits to fold at the checkpoint's end
        self.postings: list[Posting] = []
        self.started: list[Started] = []

    def get(self, key: bytes, kind: type[E]) -> E | None:
        """The entity under a key, or None; ``kind`` is its class (a contract, not a check)."""
        if key in self.changed:
            return cast("E | None", self.changed[key])
        return cast("E | None", self._base.entity(key))

    def entity(self, key: bytes) -> Entity | None:
        """As ``get``, for a layer above."""
        return self.changed[key] if key in self.changed else self._base.entity(key)

    def need(self, key: bytes, kind: type[E]) -> E:
        """The entity under a key that must be there; KeyError is a bug of ours."""
        found = self.get(key, kind)
        if found is None:
            raise KeyError(key.hex())
        return found

    def put(self, key: bytes, entity: Entity | None) -> None:
        self.changed[key] = entity

    def start(self, what: str, id_: bytes, place: int, duration: int) -> None:
        """Let its period (ms) begin with the checkpoint being formed."""
        self.started.append(Started(what, id_, place, duration))

    def balance(self, party: bytes, unit: str) -> int:
        """What a party may spend of a unit, in minor units."""
        account = self.get(account_key(party, unit), Account)
        return 0 if account is None else account.balance

    def move(self, posting: Posting) -> None:
        """Book a posting whose guards have passed: debit now, credit as incoming."""
        if posting.source:
            key = account_key(posting.source, posting.unit)
            account = self.need(key, Account)
            self.put(key, account._replace(balance=account.balance - posting.amount))
        key = account_key(posting.target, posting.unit)
        account = self.get(key, Account) or Account(0, 0)
        self.put(key, account._replace(incoming=account.incoming + posting.amount))
        self.incoming.add(key)
        self.postings.append(posting)

    def absorb(self, layer: State) -> None:
        """Take over what a layer above this one changed."""
        self.changed.update(layer.changed)
        self.incoming |= layer.incoming
        self.postings += layer.postings
        self.started += layer.started

    def copy(self) -> State:
        """An independent layer with the same changes (intermediate provisional states)."""
        other = State(self._base)
        other.changed = dict(self.changed)
        other.incoming = set(self.incoming)
        other.postings = list(self.postings)
        other.started = list(self.started)
        return other
