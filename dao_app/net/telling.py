"""What the two sides of a session know of each other's heads. Sans-IO, part of ``session``.

At the start they compare (``reconcile``): the side with the smaller key opens; small sets are simply listed.
From then on each tells the heads that change. The opener learns the difference and tells the other side its part.

Invariants: heads that change while a comparison is under way are told after it; a comparison that fails ends in
lists of all heads, so what one side lacks is always found; names of devices are never taken for the devices where
two have the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from dao_app.app.heads import Head
from dao_app.app.ports import Replica
from dao_app.net import limits, reconcile
from dao_app.net import messages as m
from dao_app.net.codec import PeerError
from dao_app.net.reconcile import NAME_BYTES, SEQ_BYTES, Difference, Items, Row


@dataclass(slots=True)
class _Comparison:
    """One under way: our rows by range as they were when it began, and the version of the heads then."""

    key: bytes
    rows: Sequence[bytes]
    version: int
    differing: bytes = b""
    items: Items | None = None
    symbols: list[int] = field(default_factory=list)  # opener: received
    sent: int = 0  # answerer: symbols that the opener has
    more: int = 0  # times that more were asked for


class Telling:
    """See the module. ``token`` gives fresh random bytes."""

    def __init__(self, replica: Replica, me: bytes, peer: bytes, token: Callable[[int], bytes]) -> None:
        self._replica = replica
        self._me, self._peer = me, peer
        self._token = token
        self.lacking: dict[bytes, int] = {}  # device → seq that the peer has and we have not
        self.odd: set[bytes] = set()  # heads of the peer's that are not ours at the same place
        self.peer_height = 0
        self.peer_digest: bytes | None = None
        self._peer_heads: dict[bytes, Head] = {}  # heard of, not here yet
        self._peer_lacks: dict[bytes, int] = {}  # device → seq that the peer has of more that is here
        self._first: tuple[bytes, int, int] | None = None  # our first state: digest, devices, version of the heads
        self._version = -1  # of the heads that the peer knows of
        self._height = 0  # that it was told
        self._settled = False  # what differed at the start is known
        self._opened: _Comparison | None = None
        self._answering: _Comparison | None = None
        self._comparisons = 0

    # -- states ------------------------------------------------------------------------------------
    def state(self, now_ms: int) -> m.State:
        """Where we are."""
        heads = self._replica.heads()
        state = m.State(self._replica.heads_digest(), self._replica.height(), now_ms, len(heads))
        if self._first is None:
            self._first = (state.digest, state.devices, heads.version)
        return state

    def hear_state(self, state: m.State) -> list[m.Message]:
        """What to say to it. Both sides draw the same from the first state of each."""
        begins = self.peer_digest is None
        self.peer_digest = state.digest
        self.peer_height = max(self.peer_height, state.height)
        if state.digest == self._replica.heads_digest():
            self._in_step()
        if not begins or self._first is None:
            return []
        digest, devices, version = self._first
        if digest == state.digest:
            self._settle(version)
        elif min(devices, state.devices) <= limits.PLAIN_HEADS_MAX:
            self._settled = True
            return self.news(always=True)
        elif self._me < self._peer:
            return [self._open()]
        return []

    def _in_step(self) -> None:
        """The peer has all that is here, and nothing else."""
        if self._settled:
            self._version = self._replica.heads().version
            self._height = self._replica.height()
        self.lacking.clear()
        self._peer_heads.clear()
        self._peer_lacks.clear()

    def _settle(self, version: int) -> None:
        self._settled = True
        self._version = max(self._version, version)
        self._opened = self._answering = None

    # -- heads that change ---------------------------------------------------------------------------
    def news(self, always: bool = False) -> list[m.Message]:
        """Heads of ours that the peer has not heard of and does not have itself."""
        if not self._settled:
            return []
        heads, height = self._replica.heads(), self._replica.height()
        rows = [m.HeadRow(device, *heads.at(device)) for device in heads.since(self._version)]
        rows = [row for row in rows if row.seq and self._is_news(row)]
        if not rows and height <= self._height and not always:
            self._version = heads.version
            return []
        self._version = heads.version
        for row in rows:
            self._peer_lacks.setdefault(row.device, row.seq - 1)
        return self._pages(rows)

    def _is_news(self, row: m.HeadRow) -> bool:
        theirs = self._peer_heads.get(row.device)
        if theirs is None:
            return True
        if theirs.seq <= row.seq:
            del self._peer_heads[row.device]
        return theirs.seq < row.seq or (theirs.seq == row.seq and theirs.digest not in (b"", row.digest))

    def _pages(self, rows: Sequence[m.HeadRow]) -> list[m.Message]:
        size = limits.HEADS_PER_MESSAGE_MAX
        pages = [tuple(rows[at : at + size]) for at in range(0, len(rows), size)] or [()]
        self._height = height = self._replica.height()
        return [m.Heads(height, page, place + 1 < len(pages)) for place, page in enumerate(pages)]

    def hear_heads(self, heads: m.Heads) -> None:
        """Raises PeerError ``too_many_heads``."""
        self.peer_height = max(self.peer_height, heads.height)
        mine = self._replica.heads()
        for row in heads.rows:
            have = mine.at(row.device)
            if have.seq < row.seq:
                self._has_more(row.device, Head(row.seq, row.digest))
            elif have.seq > row.seq:
                self._peer_lacks[row.device] = row.seq
            else:
                self._peer_lacks.pop(row.device, None)
                if have.digest != row.digest and len(self.odd) < limits.IDS_PER_WANT_MAX:
                    self.odd.add(row.digest)  # a fork: the other branch is evidence
        if len(self._peer_heads) > limits.DEVICES_MAX:
            raise PeerError("too_many_heads")

    def _has_more(self, device: bytes, head: Head) -> None:
        self._peer_heads[device] = head
        self.lacking[device] = head.seq
        self._peer_lacks.pop(device, None)

    def forget_arrived(self) -> list[bytes]:
        """Devices of which nothing is lacking any more."""
        heads = self._replica.heads()
        arrived = [device for device, seq in self.lacking.items() if heads.at(device).seq >= seq]
        for device in arrived:
            del self.lacking[device]
        return arrived

    def missing(self) -> int:
        """Actions that the peer has and that are lacking here."""
        heads = self._replica.heads()
        return sum(max(0, seq - heads.at(device).seq) for device, seq in self.lacking.items())

    def behind(self) -> int:
        """By how many actions the two differ, as far as that is known."""
        heads = self._replica.heads()
        return self.missing() + sum(max(0, heads.at(d).seq - seq) for d, seq in self._peer_lacks.items())

    def hear(self, message: m.Compare | m.Symbols | m.More | m.Compared) -> list[m.Message]:
        """A part of a comparison. Raises PeerError for what does not belong there."""
        if isinstance(message, m.Compare):
            return self._answer(message)
        if isinstance(message, m.Symbols):
            return self._hear_symbols(message)
        if isinstance(message, m.More):
            return self._hear_more(message)
        return self._hear_compared(message)

    @property
    def waiting(self) -> bool:
        """An answer to a comparison that we opened is outstanding."""
        return self._opened is not None

    # -- comparing: the opener -------------------------------------------------------------------------
    def audit(self) -> list[m.Message]:
        """Compare again, under another salt: nothing is lacking, and still the digests differ."""
        if self._me > self._peer or not self._settled or self.lacking or self._peer_heads:
            return []
        few = len(self._replica.heads()) <= limits.PLAIN_HEADS_MAX
        if few or self._comparisons >= limits.COMPARISONS_MAX or self.peer_digest == self._replica.heads_digest():
            return []
        return [self._open()]

    def _open(self) -> m.Compare:
        self._comparisons += 1
        heads, salt = self._replica.heads(), self._token(reconcile.SALT_BYTES)
        key = reconcile.key_of(self._replica.org_id, self._me, self._peer, salt)
        ranges = reconcile.ranges_for(len(heads))
        self._settled = False
        rows = reconcile.ranged(heads, ranges)
        self._opened = _Comparison(key, rows, heads.version)
        return m.Compare(salt, b"".join(reconcile.fingerprints(rows, key)), reconcile.samples(rows, key))

    def _hear_symbols(self, message: m.Symbols) -> list[m.Message]:
        """Raises PeerError for what is no answer to us."""
        now = self._opened
        if now is None or len(message.differing) != len(now.rows) // 8:
            raise PeerError("order")
        if now.items is None:
            now.differing = message.differing
            now.items = Items([now.rows[one] for one in _bits(message.differing)], now.key)
        elif message.differing != now.differing or not message.coded:
            raise PeerError("order")
        if not message.coded:
            return self._conclude(now, reconcile.difference_from_list(now.items, message.data))
        if not message.data:
            return self._list_all()
        now.symbols += reconcile.unpack(message.data)
        found = reconcile.difference(now.items, now.symbols)
        if found is not None:
            return self._conclude(now, found)
        count = min(len(now.symbols) // 4 + 8, limits.SYMBOLS_MAX - len(now.symbols))
        if now.more == limits.MORE_MAX or count < 1:
            return self._list_all()
        now.more += 1
        return [m.More(count)]

    def _list_all(self) -> list[m.Message]:
        """No difference was found: both sides list all their heads."""
        self._version = -1
        self._settle(-1)
        return [m.Compared(False, b"", b""), *self.news(always=True)]

    def _conclude(self, now: _Comparison, found: Difference) -> list[m.Message]:
        """Note what is lacking here, and tell the other side what is lacking there."""
        assert now.items is not None
        named = Counter(row.name for row in found.theirs)
        differing = named.keys() | {device[:NAME_BYTES] for device, _ in found.mine}
        names = [row[:NAME_BYTES] for row in now.items.values.values()]
        known = Counter(name for name in names if name in differing)
        theirs = {row.name: row.seq for row in found.theirs}
        ask = dict.fromkeys(name for name in named if known[name] != 1 or named[name] != 1)
        full: list[m.HeadRow] = []
        rows: list[bytes] = []
        heads = self._replica.heads()
        for device, head in found.mine:
            name = device[:NAME_BYTES]
            if name in ask or name not in theirs or known[name] != 1:
                full.append(m.HeadRow(device, *head))
            elif theirs[name] > head.seq:
                if heads.at(device).seq < theirs[name]:
                    self._has_more(device, Head(theirs[name], b""))
            elif theirs[name] < head.seq:
                rows.append(name + head.seq.to_bytes(SEQ_BYTES, "big"))
                self._peer_lacks[device] = theirs[name]
            else:
                full.append(m.HeadRow(device, *head))
                ask[name] = None
        self._settle(now.version)
        return [m.Compared(True, b"".join(rows), b"".join(ask)), *self._pages(full)]

    # -- comparing: the other side -----------------------------------------------------------------------
    def _answer(self, message: m.Compare) -> list[m.Message]:
        """Raises PeerError ``order`` where we open, or after too many."""
        self._comparisons += 1
        if self._me < self._peer or self._comparisons > limits.COMPARISONS_MAX or self._first is None:
            raise PeerError("order")
        heads = self._replica.heads()
        key = reconcile.key_of(self._replica.org_id, self._peer, self._me, message.salt)
        ranges = len(message.ranges) // reconcile.FINGERPRINT_BYTES
        parts = reconcile.ranged(heads, ranges)
        unequal = [
            n for n, own in enumerate(reconcile.fingerprints(parts, key))
            if own != message.ranges[n * len(own) : (n + 1) * len(own)]
        ]  # fmt: skip
        now = _Comparison(key, parts, heads.version, _as_bits(unequal, ranges))
        now.items = Items([parts[one] for one in unequal], key)
        rows = len(now.items.values)
        self._answering = now
        self._settled = False
        count = reconcile.symbols_for(
            reconcile.guess(ranges, len(unequal), reconcile.samples(parts, key), message.samples)
        )
        if rows * reconcile.ITEM_BYTES <= count * reconcile.SYMBOL_BYTES and rows <= limits.ITEMS_MAX:
            return [m.Symbols(now.differing, False, reconcile.listed(now.items))]
        if count > limits.SYMBOLS_MAX:
            return [m.Symbols(now.differing, True, b"")]
        now.sent = count
        return [m.Symbols(now.differing, True, reconcile.pack(now.items.symbols(count)))]

    def _hear_more(self, message: m.More) -> list[m.Message]:
        """Raises PeerError ``order`` where there is nothing to go on with."""
        now = self._answering
        if now is None or now.items is None or not now.sent or now.more == limits.MORE_MAX:
            raise PeerError("order")
        total = now.sent + message.count
        if total > limits.SYMBOLS_MAX:
            raise PeerError("order")
        now.more += 1
        data = reconcile.pack(now.items.symbols(total)[now.sent :])
        now.sent = total
        return [m.Symbols(now.differing, True, data)]

    def _hear_compared(self, message: m.Compared) -> list[m.Message]:
        """Raises PeerError ``compared`` for what cannot have come of it."""
        now = self._answering
        if now is None or now.items is None:
            raise PeerError("order")
        if not message.found:
            self._version = -1
            self._settle(-1)
            return self.news(always=True)
        more = list(_named_rows(message.rows))
        names = [message.names[at : at + NAME_BYTES] for at in range(0, len(message.names), NAME_BYTES)]
        by_name: dict[bytes, list[Row]] = {}
        for row in now.items.named({*names, *(name for name, _ in more)}):
            by_name.setdefault(row[0][:NAME_BYTES], []).append(row)
        heads = self._replica.heads()
        for name, seq in more:
            found = by_name.get(name, [])
            if len(found) != 1 or seq <= found[0][1].seq:
                raise PeerError("compared")
            if heads.at(found[0][0]).seq < seq:
                self._has_more(found[0][0], Head(seq, b""))
        asked = [row for name in dict.fromkeys(names) for row in by_name.get(name, [])]
        self._settle(now.version)
        return self._pages([m.HeadRow(device, *head) for device, head in asked])


def _named_rows(data: bytes) -> Iterable[tuple[bytes, int]]:
    size = NAME_BYTES + SEQ_BYTES
    for at in range(0, len(data), size):
        yield data[at : at + NAME_BYTES], int.from_bytes(data[at + NAME_BYTES : at + size], "big")


def _bits(data: bytes) -> list[int]:
    """Numbers of the bits that are set, the highest of the first byte being 0."""
    return [8 * place + bit for place, byte in enumerate(data) for bit in range(8) if byte & 0x80 >> bit]


def _as_bits(numbers: Iterable[int], of: int) -> bytes:
    data = bytearray(of // 8)
    for number in numbers:
        data[number // 8] |= 0x80 >> number % 8
    return bytes(data)
