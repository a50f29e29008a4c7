"""Ranges of several devices as one stream in which parents come before children.

An action's claimed time is never before that of its parents (protocol §2), so chains merged by that time are in
order but for actions that claim the same time; those are put in order by their links.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import groupby

from dao_app.app.ports import Replica
from dao_app.core.encoding import decode_trusted, digest
from dao_app.net.limits import RANGE_BUFFER_BYTES, RANGE_CHUNK_BYTES_MAX, RANGE_CHUNK_BYTES_MIN
from dao_app.net.messages import RangeRow

# The canonical payload begins with {"v": 1, "at": …}: a9 61 76 01 62 61 74, then the integer.
_AT = 7
_SIGNATURE_BYTES = 66  # the envelope's end: head and 64 bytes


def claimed_time(envelope: bytes) -> int:
    """``at`` of an admitted envelope, read at its fixed place (keys are sorted by length)."""
    start = _payload_start(envelope)
    first = envelope[start + _AT]
    if first < 24:
        return first
    size = 1 << (first - 24)
    return int.from_bytes(envelope[start + _AT + 1 : start + _AT + 1 + size], "big")


def merged(replica: Replica, ranges: Sequence[RangeRow]) -> Iterator[bytes]:
    """The envelopes of all ranges, parents before children; what is not here is left out."""
    chunk = RANGE_BUFFER_BYTES // max(1, len(ranges))
    chunk = max(RANGE_CHUNK_BYTES_MIN, min(RANGE_CHUNK_BYTES_MAX, chunk))
    chains = [_chain(replica, row, chunk) for row in ranges]
    for _, group in groupby(heapq.merge(*chains, key=_time), key=_time):
        envelopes = [envelope for _, envelope in group]
        yield from envelopes if len(envelopes) == 1 else _in_order(envelopes)


def _time(pair: tuple[int, bytes]) -> int:
    return pair[0]


def _chain(replica: Replica, row: RangeRow, chunk: int) -> Iterator[tuple[int, bytes]]:
    first = row.first
    while first <= row.last:
        envelopes = replica.envelopes(row.device, first, row.last, chunk)
        if not envelopes:
            return
        for envelope in envelopes:
            yield claimed_time(envelope), envelope
        first += len(envelopes)


def _in_order(envelopes: list[bytes]) -> Iterator[bytes]:
    """Actions of one claimed time, each after those of its parents that are among them."""
    left = {digest(_payload(envelope)): envelope for envelope in envelopes}
    parents = {id_: _parents(envelope) for id_, envelope in left.items()}
    for id_ in list(left):
        path = [id_]
        while path:
            waiting = [parent for parent in parents[path[-1]] if parent in left and parent != path[-1]]
            if waiting:
                path.append(waiting[0])
                continue
            envelope = left.pop(path.pop(), None)
            if envelope is not None:
                yield envelope


def _parents(envelope: bytes) -> list[bytes]:
    value = decode_trusted(_payload(envelope))
    return [*value["deps"]] if value["prev"] is None else [value["prev"], *value["deps"]]


def _payload(envelope: bytes) -> bytes:
    return envelope[_payload_start(envelope) : -_SIGNATURE_BYTES]


def _payload_start(envelope: bytes) -> int:
    head = envelope[1]
    return 2 if head < 0x58 else 3 if head == 0x58 else 4 if head == 0x59 else 6
