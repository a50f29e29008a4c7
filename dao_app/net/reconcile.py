"""Which heads differ between two peers, in bytes and work that grow with the difference (protocol §5). Sans-IO.

The set of a peer is its rows device, seq, head. Ranges of devices with equal fingerprints are left out first
(range-based set reconciliation, arXiv 2212.13567, one level); what is left is found by rateless IBLT (arXiv
2402.02668): one side sends coded symbols, the other takes its own out of them and peels the rest. Everything that a
symbol holds is hashed under a key that is fresh for each comparison, so no member can prepare heads that collide.

Invariants: a difference that comes out is exactly the symmetric difference of the two sets in the compared ranges
(up to 2^-64); work is bounded by one's own set and the symbols received; whatever the other side sends ends in a
difference, in "not yet", or in PeerError.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from functools import cache, reduce
from hashlib import sha256
from itertools import repeat
from math import exp, isqrt, log
from operator import xor
from struct import Struct
from typing import NamedTuple

from dao_app.app.heads import ROW_BYTES, SHARES, Head, HeadTable, parse_rows
from dao_app.net.codec import PeerError
from dao_app.net.limits import SYMBOLS_MAX

KEY_PREFIX = b"guildhall/reconcile/1\0"
SALT_BYTES = 16
FINGERPRINT_BYTES = 8
RANGES, RANGES_LARGE = 32, 256  # of devices that are compared by one fingerprint each
LARGE_SET = 20_000  # rows from which on there are more of them
SAMPLES = ((1, 256), (3, 128), (6, 64))  # one of 2^n devices, cells: by them the size of the difference is guessed
SAMPLES_BYTES = sum(cells for _, cells in SAMPLES) // 2
GUESS_ROUNDS = 4
NAME_BYTES, SEQ_BYTES, TAG_BYTES, CHECK_BYTES = 5, 4, 3, 8
ITEM_BYTES = NAME_BYTES + SEQ_BYTES + TAG_BYTES
SYMBOL_BYTES = ITEM_BYTES + CHECK_BYTES
SYMBOLS_AT_LEAST = 12

_ROW = Struct(f"{ROW_BYTES}s")
_NAME, _SEQ = slice(NAME_BYTES), slice(32, 32 + SEQ_BYTES)  # their places in a row
_TAG, _CHECK, _WALK = slice(TAG_BYTES), slice(CHECK_BYTES), slice(CHECK_BYTES, None)  # in hashes
_CHECK_MASK = (1 << 8 * CHECK_BYTES) - 1
_NAME_SHIFT = 8 * (SYMBOL_BYTES - NAME_BYTES)

Row = tuple[bytes, Head]


def key_of(org: bytes, opener: bytes, answerer: bytes, salt: bytes) -> bytes:
    """The key of one comparison. Args: the organisation, both devices (32 bytes each), the opener's fresh salt."""
    return sha256(KEY_PREFIX + org + opener + answerer + salt).digest()


# -- ranges and samples -----------------------------------------------------------------------------
def ranges_for(rows: int) -> int:
    """Into how many ranges a set of so many rows is cut."""
    return RANGES if rows < LARGE_SET else RANGES_LARGE


def ranged(heads: HeadTable, ranges: int) -> list[bytes]:
    """The rows of each range as they are now, one after the other, by key."""
    width = SHARES // ranges
    return [b"".join(map(heads.share, range(first, first + width))) for first in range(0, SHARES, width)]


def fingerprints(parts: Iterable[bytes], key: bytes) -> list[bytes]:
    """One for each range."""
    return [sha256(b"range" + key + rows).digest()[:FINGERPRINT_BYTES] for rows in parts]


def samples(parts: Iterable[bytes], key: bytes) -> bytes:
    """Half a byte for each cell of each sample. A sample covers the devices whose second byte ends in so many zero
    bits, by the third byte modulo its cells."""
    rows: list[bytes] = []
    drop = (1 << SAMPLES[0][0]) - 1
    for part in parts:
        rows += [row for (row,) in _ROW.iter_unpack(part) if not row[1] & drop]
    halves = ""
    for bits, count in SAMPLES:  # each covers part of what the one before it does
        drop = (1 << bits) - 1
        rows = [row for row in rows if not row[1] & drop]
        cells: list[list[bytes]] = [[] for _ in range(count)]
        for row in rows:
            cells[row[2] % count].append(row)
        halves += "".join([sha256(b"sample" + key + b"".join(cell)).hexdigest()[0] for cell in cells])
    return bytes.fromhex(halves)


def guess(ranges: int, differing: int, mine: bytes, theirs: bytes) -> int:
    """How many devices differ, about: linear counting (Whang and others 1990) on the ranges and on each sample, weighed
    by how exact each can be. ``mine`` and ``theirs`` are samples."""
    views = [(1, ranges, differing)]
    unlike = [a != b for a, b in zip(mine.hex(), theirs.hex(), strict=True)]
    start = 0
    for bits, cells in SAMPLES:
        seen = sum(unlike[start : start + cells]) * 16 // 15  # one of 16 is equal by chance
        views.append((1 << bits, cells, min(cells, seen)))
        start += cells
    found = [(f, c, -log(1 - seen / c) * c * f) for f, c, seen in views if 0 < seen < c]
    if not found:
        bits, cells = SAMPLES[-1]
        return differing if differing < ranges else cells << bits + 2
    mean = sum(devices for _, _, devices in found) / len(found)
    for _ in range(GUESS_ROUNDS):  # how exact each is depends on what is sought
        weights = [1 / _variance(mean / factor, cells, factor) for factor, cells, _ in found]
        mean = sum(w * devices for w, (_, _, devices) in zip(weights, found, strict=True)) / sum(weights)
    return round(mean)


def _variance(drawn: float, cells: int, factor: int) -> float:
    """Of a sample's guess, relative: of counting ``drawn`` devices by cells, and of drawing one of ``factor``."""
    load = drawn / cells
    return (exp(min(load, 60.0)) - load - 1) / (load * load * cells) + (1 - 1 / factor) / drawn


def symbols_for(devices: int) -> int:
    """How many symbols will probably do where so many devices differ, each by an old row and a new one: 1.36 an item of
    large differences, more and less certainly of small ones."""
    items = 2 * devices
    return max(SYMBOLS_AT_LEAST, 144 * items // 100 + 4 * isqrt(items))


# -- items and symbols ------------------------------------------------------------------------------
@cache
def _places() -> list[int]:
    """The symbol at each step of a walk: about exp(step / 2^13) - 1; none beyond ``SYMBOLS_MAX``."""
    places, at = [], 1 << 20
    while (place := (at >> 20) - 1) < SYMBOLS_MAX:
        places.append(place)
        at += at >> 13
    return places


@cache
def _strides() -> list[int]:
    """How many steps a walk goes on for a byte b: about 2^12 times -ln((2b + 1) / 512), so that symbol i holds an
    item with a probability of about 2 / (i + 1)."""
    strides = [0] * 256
    steps, at = 0, 1 << 30
    for byte in range(255, -1, -1):
        while at * (2 * byte + 1) < 512 << 30:
            at += at >> 13
            steps += 1
        strides[byte] = steps // 2
    return strides


class Items:
    """Rows of one's own (as ``ranged`` gives them) as items under a key: 12 bytes that name them, 8 that check these,
    and the walk from symbol to symbol. An item is in the symbols to which its walk comes an odd number of times."""

    def __init__(self, parts: Iterable[bytes], key: bytes) -> None:
        self._key = key
        self.values: dict[int, bytes] = {}  # with the row of each
        self._walks: list[bytes] = []
        read, hashed, tag_key, values, walks = int.from_bytes, sha256, b"tag" + key, self.values, self._walks
        name, seq, tag, check, walk = _NAME, _SEQ, _TAG, _CHECK, _WALK
        for rows in parts:
            for (row,) in _ROW.iter_unpack(rows):
                item = row[name] + row[seq] + hashed(tag_key + row).digest()[tag]
                mark = hashed(key + item).digest()
                values[read(item + mark[check], "big")] = row
                walks.append(mark[walk])

    def named(self, names: Collection[bytes]) -> list[Row]:
        """The rows of the devices that have one of these names."""
        return parse_rows(b"".join([row for row in self.values.values() if row[:NAME_BYTES] in names]))

    def symbols(self, count: int) -> list[int]:
        """The first ``count`` symbols of these items."""
        cells = [0] * count
        places, strides, start, end = _places(), _strides(), _steps_to(1), _steps_to(count)
        cells[0] = reduce(xor, self.values, 0)
        for value, walk in zip(self.values, self._walks, strict=True):
            at = start
            for byte in walk:
                at += strides[byte]
                if at >= end:
                    break
                cells[places[at]] ^= value
        return cells

    def walk_of(self, value: int) -> bytes | None:
        """The walk of an item, if its check fits."""
        mark = sha256(self._key + (value >> 8 * CHECK_BYTES).to_bytes(ITEM_BYTES, "big")).digest()
        return mark[CHECK_BYTES:] if int.from_bytes(mark[:CHECK_BYTES], "big") == value & _CHECK_MASK else None


def _steps_to(count: int) -> int:
    """The first step of a walk that is at or beyond this symbol."""
    return bisect_left(_places(), count)


class Named(NamedTuple):
    """A row that only the other side has: the first bytes of the device's key, and seq."""

    name: bytes
    seq: int


class Difference(NamedTuple):
    """What only this side has, and what only the other one has."""

    mine: list[Row]
    theirs: list[Named]


def pack(symbols: Sequence[int]) -> bytes:
    return b"".join(map(int.to_bytes, symbols, repeat(SYMBOL_BYTES), repeat("big")))


def unpack(data: bytes) -> list[int]:
    """Raises PeerError ``symbols`` where these are not whole ones."""
    if len(data) % SYMBOL_BYTES:
        raise PeerError("symbols")
    return [int.from_bytes(data[at : at + SYMBOL_BYTES], "big") for at in range(0, len(data), SYMBOL_BYTES)]


def difference(items: Items, symbols: Sequence[int]) -> Difference | None:
    """Peel the other side's symbols; None while they are too few.

    Raises PeerError ``symbols`` where they are none of any set: an item that comes out twice, or has no seq.
    """
    count = len(symbols)
    if not 0 < count <= SYMBOLS_MAX:
        raise PeerError("symbols")
    cells = list(map(xor, symbols, items.symbols(count)))
    places, strides, start, end = _places(), _strides(), _steps_to(1), _steps_to(count)
    names = {value >> _NAME_SHIFT for value in items.values}
    found: dict[int, None] = {}
    # First what belongs to devices that are known here: a look-up tells most mixtures apart from single items.
    for known in (True, False):
        todo = [place for place in range(count - 1, -1, -1) if cells[place]]
        while todo:
            value = cells[todo.pop()]
            if not value or (known and value >> _NAME_SHIFT not in names):
                continue
            walk = items.walk_of(value)
            if walk is None:
                continue
            if value in found:
                raise PeerError("symbols")
            found[value] = None
            cells[0] ^= value
            at = start
            for byte in walk:
                at += strides[byte]
                if at >= end:
                    break
                cells[places[at]] ^= value
                todo.append(places[at])
    return None if any(cells) else _sorted_out(items, found)


def _sorted_out(items: Items, found: Iterable[int]) -> Difference:
    mine: list[bytes] = []
    theirs: list[Named] = []
    for value in found:
        row = items.values.get(value)
        if row is not None:
            mine.append(row)
        else:
            theirs.append(_named(value.to_bytes(SYMBOL_BYTES, "big")))
    return Difference(parse_rows(b"".join(mine)), theirs)


def _named(item: bytes) -> Named:
    seq = int.from_bytes(item[NAME_BYTES : NAME_BYTES + SEQ_BYTES], "big")
    if not seq:
        raise PeerError("symbols")
    return Named(item[:NAME_BYTES], seq)


# -- without symbols: the items themselves, where they are fewer bytes --------------------------------
def listed(items: Items) -> bytes:
    """All items, 12 bytes each."""
    return b"".join([(value >> 8 * CHECK_BYTES).to_bytes(ITEM_BYTES, "big") for value in items.values])


def difference_from_list(items: Items, data: bytes) -> Difference:
    """As ``difference``, from all items of the other side. Raises PeerError ``symbols``."""
    if len(data) % ITEM_BYTES:
        raise PeerError("symbols")
    mine = {(value >> 8 * CHECK_BYTES).to_bytes(ITEM_BYTES, "big"): row for value, row in items.values.items()}
    theirs = {data[at : at + ITEM_BYTES] for at in range(0, len(data), ITEM_BYTES)}
    rows = b"".join([row for item, row in mine.items() if item not in theirs])
    return Difference(parse_rows(rows), [_named(item) for item in theirs - mine.keys()])
