"""The messages of a sync session: DAG-CBOR lists that begin with their kind, read strictly.

Arrays only, so that any message is canonical whatever builds it. Reading raises PeerError and nothing else.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.app.addresses import RECORD_BYTES_MAX
from dao_app.app.heads import SHARES
from dao_app.core.encoding import decode, encode_trusted
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import CERTIFICATE_BYTES_MAX
from dao_app.core.finality.snapshot import SLOTS, TREES
from dao_app.core.limits import ENVELOPE_BYTES_MAX, INT_MAX, SEQ_MAX
from dao_app.net.codec import PeerError
from dao_app.net.limits import (
    ACTIONS_PER_MESSAGE_MAX,
    BLOB_BYTES_MAX,
    CERTIFICATES_PER_WANT_MAX,
    CONTENTS_PER_WANT_MAX,
    FRAME_BYTES_MAX,
    HASHES_PER_MESSAGE_MAX,
    HEADS_PER_MESSAGE_MAX,
    HELLO_KEYS_MAX,
    IDS_PER_WANT_MAX,
    MESSAGE_BYTES_MAX,
    RANGES_PER_WANT_MAX,
    RECORDS_PER_MESSAGE_MAX,
    SYMBOLS_MAX,
    WORDS_PER_MESSAGE_MAX,
)
from dao_app.net.reconcile import FINGERPRINT_BYTES, NAME_BYTES, SALT_BYTES, SAMPLES_BYTES, SEQ_BYTES

CODE_CHARS_MAX = 48
RANGES_BYTES = frozenset(FINGERPRINT_BYTES << n for n in range(3, 9))  # 8 to 256 ranges


class State(NamedTuple):
    """Where the sender is. ``digest`` over its heads and height; ``clock_ms`` is its machine's clock; ``devices``: how
    many heads it has."""

    digest: bytes
    height: int
    clock_ms: int
    devices: int


class HeadRow(NamedTuple):
    device: bytes
    seq: int
    digest: bytes


class Heads(NamedTuple):
    """Heads that the receiver may not know. ``more``: the rest follows in the next message."""

    height: int
    rows: tuple[HeadRow, ...]
    more: bool


class RangeRow(NamedTuple):
    device: bytes
    first: int
    last: int


class Want(NamedTuple):
    """A request: certificates from a height on (0: none), ranges of actions, contents by hash, actions by id
    with what comes before them off their device's trunk."""

    id: int
    certificates_from: int
    ranges: tuple[RangeRow, ...]
    contents: tuple[bytes, ...]
    ids: tuple[bytes, ...] = ()


class Certificates(NamedTuple):
    id: int
    items: tuple[bytes, ...]


class Actions(NamedTuple):
    id: int
    items: tuple[bytes, ...]


class Contents(NamedTuple):
    id: int
    items: tuple[bytes, ...]


class Done(NamedTuple):
    """Everything for a request was sent that is here."""

    id: int


class Have(NamedTuple):
    """Detached content that can be fetched now."""

    hashes: tuple[bytes, ...]


class Join(NamedTuple):
    envelope: bytes


class Joined(NamedTuple):
    """What became of the request to join: "" is taken in, otherwise a refusal code."""

    code: str


class Keys(NamedTuple):
    """The organisation's keys, for a device whose join is final."""

    rows: tuple[tuple[int, bytes], ...]


class Addresses(NamedTuple):
    """Where devices can be reached, as each of them signed it (``net.records``)."""

    items: tuple[bytes, ...]


class Words(NamedTuple):
    """What witnesses signed of the height that is being decided."""

    items: tuple[bytes, ...]


class SnapshotWant(NamedTuple):
    """A request for a snapshot's head (no ``runs``), whose chain passes the height ``anchor``, or for buckets by
    runs of slots, first and last."""

    id: int
    anchor: int
    runs: tuple[tuple[int, int], ...]


class SnapshotHead(NamedTuple):
    """Head and the roots of the three maps, at the sender's last checkpoint."""

    id: int
    head: bytes
    roots: tuple[bytes, ...]


class SnapshotPart(NamedTuple):
    """Buckets, slot and bytes, as they are certified at the sender's ``height``."""

    id: int
    height: int
    rows: tuple[tuple[int, bytes], ...]


class Compare(NamedTuple):
    """Opens a comparison of heads: fingerprints of ranges one after the other, and samples (``reconcile``)."""

    salt: bytes
    ranges: bytes
    samples: bytes


class Symbols(NamedTuple):
    """Of the heads in the ranges whose bit is set (the first range is the highest bit of the first byte): coded symbols
    from the beginning on, or what follows those that were sent; or all items, not coded. Coded and none: too many."""

    differing: bytes
    coded: bool
    data: bytes


class More(NamedTuple):
    """So many symbols more."""

    count: int


class Compared(NamedTuple):
    """What came of it. ``rows``: devices of which the sender has more, name and seq, 9 bytes each; ``names`` of devices
    whose heads it does not know, 5 bytes each. Not ``found``: both list all heads."""

    found: bool
    rows: bytes
    names: bytes


class Bye(NamedTuple):
    """Why the sender ends the session."""

    code: str


Message = (
    State | Heads | Want | Certificates | Actions | Contents | Done | Have | Join | Joined | Keys | Addresses | Bye
    | Words | SnapshotWant | SnapshotHead | SnapshotPart | Compare | Symbols | More | Compared
)
_KINDS: tuple[type[Any], ...] = (
    State, Heads, Want, Certificates, Actions, Contents, Done, Have, Join, Joined, Keys, Addresses, Bye,
    Words, SnapshotWant, SnapshotHead, SnapshotPart, Compare, Symbols, More, Compared,
)  # fmt: skip
ANSWERS = (Done, SnapshotHead, Symbols, Compared)  # to all of a request
PARTS = (Certificates, Actions, Contents, SnapshotPart)
_NUMBER = {kind: number for number, kind in enumerate(_KINDS)}
_LARGE = frozenset(  # may hold a whole frontier, a chain of checkpoints, one large bucket
    _NUMBER[kind] for kind in (Certificates, Words, SnapshotHead, SnapshotPart)
)


def encode_message(message: Message) -> bytes:
    return encode_trusted([_NUMBER[type(message)], *message])


def bound_of(start: bytes) -> int:
    """The most bytes a message may have that begins with these two bytes."""
    return FRAME_BYTES_MAX if len(start) == 2 and start[1] in _LARGE else MESSAGE_BYTES_MAX


def decode_message(raw: bytes) -> Message:
    """Read a foreign message. Raises PeerError ``message``."""
    try:
        value = decode(raw)
    except EncodingError as error:
        raise PeerError("message") from error
    if type(value) is not list or not value or type(value[0]) is not int or not 0 <= value[0] < len(_KINDS):
        raise PeerError("message")
    message: Message | None = _READERS[_KINDS[value[0]]](value[1:])
    if message is None:
        raise PeerError("message")
    return message


def _is_count(value: Any, most: int = INT_MAX) -> bool:
    return type(value) is int and 0 <= value <= most


def _is_digest(value: Any) -> bool:
    return type(value) is bytes and len(value) == 32


def _is_code(value: Any) -> bool:
    return type(value) is str and len(value) <= CODE_CHARS_MAX and value.isascii()


def _are_bytes(value: Any, most: int, size_max: int) -> bool:
    return (
        type(value) is list
        and len(value) <= most
        and all(type(item) is bytes and 0 < len(item) <= size_max for item in value)
    )


def _state(v: list[Any]) -> State | None:
    good = len(v) == 4 and _is_digest(v[0]) and all(map(_is_count, v[1:]))
    return State(*v) if good else None


def _heads(v: list[Any]) -> Heads | None:
    if len(v) != 3 or not _is_count(v[0]) or type(v[1]) is not list or type(v[2]) is not bool:
        return None
    if len(v[1]) > HEADS_PER_MESSAGE_MAX or not all(map(_is_head, v[1])):
        return None
    return Heads(v[0], tuple(HeadRow(*row) for row in v[1]), v[2])


def _is_head(row: Any) -> bool:
    return (
        type(row) is list
        and len(row) == 3
        and _is_digest(row[0])
        and _is_count(row[1], SEQ_MAX)
        and row[1] > 0
        and _is_digest(row[2])
    )


def _want(v: list[Any]) -> Want | None:
    if len(v) != 5 or not _is_count(v[0]) or not _is_count(v[1]) or type(v[2]) is not list:
        return None
    if len(v[2]) > RANGES_PER_WANT_MAX or not all(map(_is_range, v[2])):
        return None
    if not _are_bytes(v[3], CONTENTS_PER_WANT_MAX, 32) or not all(map(_is_digest, v[3])):
        return None
    if not _are_bytes(v[4], IDS_PER_WANT_MAX, 32) or not all(map(_is_digest, v[4])):
        return None
    return Want(v[0], v[1], tuple(RangeRow(*row) for row in v[2]), tuple(v[3]), tuple(v[4]))


def _is_range(row: Any) -> bool:
    return (
        type(row) is list
        and len(row) == 3
        and _is_digest(row[0])
        and _is_count(row[1], SEQ_MAX)
        and _is_count(row[2], SEQ_MAX)
        and 1 <= row[1] <= row[2]
    )


def _items(kind: type[Any], most: int, size_max: int) -> Any:
    def read(v: list[Any]) -> Any:
        good = len(v) == 2 and _is_count(v[0]) and _are_bytes(v[1], most, size_max)
        return kind(v[0], tuple(v[1])) if good else None

    return read


def _done(v: list[Any]) -> Done | None:
    return Done(v[0]) if len(v) == 1 and _is_count(v[0]) else None


def _have(v: list[Any]) -> Have | None:
    good = len(v) == 1 and _are_bytes(v[0], HASHES_PER_MESSAGE_MAX, 32) and all(map(_is_digest, v[0]))
    return Have(tuple(v[0])) if good else None


def _join(v: list[Any]) -> Join | None:
    good = len(v) == 1 and type(v[0]) is bytes and 0 < len(v[0]) <= ENVELOPE_BYTES_MAX
    return Join(v[0]) if good else None


def _joined(v: list[Any]) -> Joined | None:
    return Joined(v[0]) if len(v) == 1 and _is_code(v[0]) else None


def _keys(v: list[Any]) -> Keys | None:
    if len(v) != 1 or type(v[0]) is not list or not 0 < len(v[0]) <= HELLO_KEYS_MAX * 8:
        return None
    good = all(type(r) is list and len(r) == 2 and _is_count(r[0]) and _is_digest(r[1]) for r in v[0])
    return Keys(tuple((epoch, key) for epoch, key in v[0])) if good else None


def _addresses(v: list[Any]) -> Addresses | None:
    good = len(v) == 1 and _are_bytes(v[0], RECORDS_PER_MESSAGE_MAX, RECORD_BYTES_MAX)
    return Addresses(tuple(v[0])) if good else None


def _words(v: list[Any]) -> Words | None:
    good = len(v) == 1 and _are_bytes(v[0], WORDS_PER_MESSAGE_MAX, CERTIFICATE_BYTES_MAX)
    return Words(tuple(v[0])) if good else None


def _snapshot_want(v: list[Any]) -> SnapshotWant | None:
    if len(v) != 3 or not _is_count(v[0]) or not _is_count(v[1]) or type(v[2]) is not list or len(v[2]) > SLOTS:
        return None
    before = -1
    for row in v[2]:
        if type(row) is not list or len(row) != 2 or not all(_is_count(n, SLOTS - 1) for n in row):
            return None
        if not before < row[0] <= row[1]:
            return None
        before = row[1]
    return SnapshotWant(v[0], v[1], tuple((first, last) for first, last in v[2]))


def _snapshot_head(v: list[Any]) -> SnapshotHead | None:
    good = len(v) == 3 and _is_count(v[0]) and type(v[1]) is bytes and _are_bytes(v[2], TREES, FRAME_BYTES_MAX)
    return SnapshotHead(v[0], v[1], tuple(v[2])) if good else None


def _snapshot_part(v: list[Any]) -> SnapshotPart | None:
    if len(v) != 3 or not _is_count(v[0]) or not _is_count(v[1]) or type(v[2]) is not list or len(v[2]) > SLOTS:
        return None
    if not all(type(r) is list and len(r) == 2 and _is_count(r[0], SLOTS - 1) and type(r[1]) is bytes for r in v[2]):
        return None
    return SnapshotPart(v[0], v[1], tuple((slot, raw) for slot, raw in v[2]))


def _compare(v: list[Any]) -> Compare | None:
    good = len(v) == 3 and all(type(part) is bytes for part in v) and len(v[0]) == SALT_BYTES
    good = good and len(v[1]) in RANGES_BYTES and len(v[2]) == SAMPLES_BYTES
    return Compare(*v) if good else None


def _symbols(v: list[Any]) -> Symbols | None:
    good = len(v) == 3 and type(v[0]) is bytes and type(v[1]) is bool and type(v[2]) is bytes
    return Symbols(*v) if good and len(v[0]) <= SHARES // 8 else None


def _more(v: list[Any]) -> More | None:
    return More(v[0]) if len(v) == 1 and _is_count(v[0], SYMBOLS_MAX) and v[0] else None


def _compared(v: list[Any]) -> Compared | None:
    good = len(v) == 3 and type(v[0]) is bool and type(v[1]) is bytes and type(v[2]) is bytes
    good = good and not len(v[1]) % (NAME_BYTES + SEQ_BYTES) and not len(v[2]) % NAME_BYTES
    return Compared(*v) if good else None


def _bye(v: list[Any]) -> Bye | None:
    return Bye(v[0]) if len(v) == 1 and _is_code(v[0]) else None


_READERS: dict[type[Any], Any] = {
    State: _state,
    Heads: _heads,
    Want: _want,
    Certificates: _items(Certificates, CERTIFICATES_PER_WANT_MAX, CERTIFICATE_BYTES_MAX),
    Actions: _items(Actions, ACTIONS_PER_MESSAGE_MAX, ENVELOPE_BYTES_MAX),
    Contents: _items(Contents, CONTENTS_PER_WANT_MAX, BLOB_BYTES_MAX),
    Done: _done,
    Have: _have,
    Join: _join,
    Joined: _joined,
    Keys: _keys,
    Addresses: _addresses,
    Bye: _bye,
    Words: _words,
    SnapshotWant: _snapshot_want,
    SnapshotHead: _snapshot_head,
    SnapshotPart: _snapshot_part,
    Compare: _compare,
    Symbols: _symbols,
    More: _more,
    Compared: _compared,
}
