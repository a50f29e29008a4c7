"""Ranges of several devices as one stream in which parents come before children.

An action's claimed time is never before that of its parents (protocol §2), so merging chains by that time
keeps nearly all of them in order; the few ties wait in the receiver's orphan pool for a moment.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from dao_app.app.ports import Replica
from dao_app.net.limits import RANGE_BUFFER_BYTES, RANGE_CHUNK_BYTES_MAX, RANGE_CHUNK_BYTES_MIN
from dao_app.net.messages import RangeRow

# The canonical payload begins with {"v": 1, "at": …}: a9 61 76 01 62 61 74, then the integer.
_AT = 7


def claimed_time(envelope: bytes) -> int:
    """``at`` of an admitted envelope, read at its fixed place (keys are sorted by length)."""
    head = envelope[1]
    start = 2 if head < 0x58 else 3 if head == 0x58 else 4 if head == 0x59 else 6
    first = envelope[start + _AT]
    if first < 24:
        return first
    size = 1 << (first - 24)
    return int.from_bytes(envelope[start + _AT + 1 : start + _AT + 1 + size], "big")


def merged(replica: Replica, ranges: Sequence[RangeRow]) -> Iterator[bytes]:
    """The envelopes of all ranges by claimed time; what is not here is left out."""
    chunk = RANGE_BUFFER_BYTES // max(1, len(ranges))
    chunk = max(RANGE_CHUNK_BYTES_MIN, min(RANGE_CHUNK_BYTES_MAX, chunk))
    chains = [_chain(replica, row, chunk) for row in ranges]
    return (envelope for _, envelope in heapq.merge(*chains, key=lambda pair: pair[0]))


def _chain(replica: Replica, row: RangeRow, chunk: int) -> Iterator[tuple[int, bytes]]:
    first = row.first
    while first <= row.last:
        envelopes = replica.envelopes(row.device, first, row.last, chunk)
        if not envelopes:
            return
        for envelope in envelopes:
            yield claimed_time(envelope), envelope
        first += len(envelopes)
