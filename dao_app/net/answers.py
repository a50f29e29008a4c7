"""Answers to a peer's request, one bounded message at a time, made when the stream has room for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from dao_app.app.ports import Replica
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.ranges import merged


def answers_to(want: m.Want | m.SnapshotWant, replica: Replica) -> Iterator[m.Message]:
    return _snapshot(want, replica) if isinstance(want, m.SnapshotWant) else _history(want, replica)


def _history(want: m.Want, replica: Replica) -> Iterator[m.Message]:
    """Certificates first, so that the receiver knows who has joined; then actions, then contents, then ``Done``."""
    if want.certificates_from:
        yield from _certificates(want, replica)
    batch: list[bytes] = []
    size = 0
    wanted = chain(merged(replica, want.ranges), replica.envelopes_of(want.ids, limits.ACTIONS_BYTES))
    for envelope in islice(wanted, limits.ACTIONS_PER_WANT_MAX):
        batch.append(envelope)
        size += len(envelope)
        if size >= limits.ACTIONS_BYTES or len(batch) == limits.ACTIONS_PER_MESSAGE_MAX:
            yield m.Actions(want.id, tuple(batch))
            batch, size = [], 0
    if batch:
        yield m.Actions(want.id, tuple(batch))
    yield from _contents(want, replica)
    yield m.Done(want.id)


def _certificates(want: m.Want, replica: Replica) -> Iterator[m.Message]:
    first = want.certificates_from
    last = first + limits.CERTIFICATES_PER_WANT_MAX
    while first < last:
        items = replica.certificates(first, limits.CERTIFICATES_BYTES)[: last - first]
        if not items:
            return
        first += len(items)
        yield from _pages(want.id, items)


def _pages(id_: int, items: list[bytes]) -> Iterator[m.Message]:
    """Certificates in messages, each within the frame's bound: a large one goes alone."""
    batch: list[bytes] = []
    size = 0
    for item in items:
        if batch and size + len(item) > limits.CERTIFICATES_BYTES:
            yield m.Certificates(id_, tuple(batch))
            batch, size = [], 0
        batch.append(item)
        size += len(item) + 8
    if batch:
        yield m.Certificates(id_, tuple(batch))


def _contents(want: m.Want, replica: Replica) -> Iterator[m.Message]:
    batch: list[bytes] = []
    size = 0
    held = replica.held_content(want.contents) if want.contents else ()
    for hash_ in want.contents:
        blob = replica.content(hash_) if hash_ in held else None
        if blob is None or len(blob) > limits.BLOB_BYTES_MAX:
            continue
        batch.append(blob)
        size += len(blob)
        if size >= limits.CONTENTS_BYTES:
            yield m.Contents(want.id, tuple(batch))
            batch, size = [], 0
    if batch:
        yield m.Contents(want.id, tuple(batch))


def _snapshot(want: m.SnapshotWant, replica: Replica) -> Iterator[m.Message]:
    """Head and roots, or buckets; then ``Done``."""
    if not want.runs:
        served = replica.snapshots.served_head(want.anchor)
        if served is not None and len(served[0]) + sum(map(len, served[1])) < limits.FRAME_BYTES_MAX - 1_024:
            yield m.SnapshotHead(want.id, served[0], served[1])
        yield m.Done(want.id)
        return
    slots = [slot for first, last in want.runs for slot in range(first, last + 1)]
    place, sent = 0, 0
    while place < len(slots) and sent < limits.SNAPSHOT_BYTES_PER_WANT:
        rows = replica.snapshots.served_buckets(slots[place:], limits.SNAPSHOT_BYTES)
        place += len(rows)
        size = sum(len(raw) for _, raw in rows)
        sent += size
        if size < limits.FRAME_BYTES_MAX - 1_024 * 1_024:
            yield m.SnapshotPart(want.id, replica.height(), tuple(rows))
    yield m.Done(want.id)
