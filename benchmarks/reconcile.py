"""Bytes, turns and processor time of finding out which heads differ: what the program does, and the candidate that it
was chosen over (docs/decisions/0010-reconciliation.md).

``python -m benchmarks.reconcile`` prints the table. The other candidate is range-based set reconciliation all the
way down (arXiv 2212.13567): ranges of the sorted set with fingerprints of 8 bytes, split in ``BRANCHES`` by count where
they differ, items of 12 bytes where a range is small. Its messages are counted, not made: 3 bytes for a bound.
"""

from __future__ import annotations

import statistics
import time
from bisect import bisect_left
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from dao_app.app.heads import Head, row_bytes
from dao_app.net import messages as m
from dao_app.net import reconcile
from dao_app.net.codec import frame
from tests.fakes.telling import HeadsOnly, Pair, Side, changed, some_heads

BRANCHES, LEAF = 16, 16
FINGERPRINT_BYTES, ITEM_BYTES, BOUND_BYTES = 8, 12, 3
RUNS = 5
CASES = (
    ("nothing changed", 10_000, 0), ("10 changed", 10_000, 10), ("1,000 changed", 10_000, 1_000),
    ("all changed", 10_000, 10_000), ("10 of 100,000 changed", 100_000, 10),
    ("1,000 of 100,000 changed", 100_000, 1_000),
)  # fmt: skip

Rows = dict[bytes, Head]


class Ranges:
    """One side of the candidate: sorted keys and rows."""

    def __init__(self, rows: Rows) -> None:
        self.keys = sorted(rows)
        self.rows = [row_bytes(device, rows[device]) for device in self.keys]

    def part(self, low: bytes, high: bytes) -> slice:
        return slice(bisect_left(self.keys, low), bisect_left(self.keys, high))

    def fingerprint(self, part: slice) -> bytes:
        return sha256(b"".join(self.rows[part])).digest()[:FINGERPRINT_BYTES]

    def split(self, part: slice, high: bytes) -> list[bytes]:
        """Upper bounds of about equal parts."""
        step = max(1, -(-(part.stop - part.start) // BRANCHES))
        return [self.keys[at] for at in range(part.start + step, part.stop, step)] + [high]


def by_ranges(one: Rows, two: Rows) -> tuple[int, int, int]:
    """Bytes, turns, differing rows found; the first side begins with the whole range."""
    sides = (Ranges(one), Ranges(two))
    size, turns, found = FINGERPRINT_BYTES, 1, 0
    open_ranges = [(b"", b"\xff" * 33)]
    speaker = 1
    while open_ranges:
        turns += 1
        mine, other = sides[speaker], sides[1 - speaker]
        following = []
        for low, high in open_ranges:
            part, there = mine.part(low, high), other.part(low, high)
            if mine.fingerprint(part) == other.fingerprint(there):
                continue
            if part.stop - part.start <= LEAF:
                lists = set(mine.rows[part]), set(other.rows[there])
                size += BOUND_BYTES + ITEM_BYTES * (len(lists[0]) + len(lists[1] - lists[0]))
                found += len(lists[0] ^ lists[1])
                continue
            bounds = mine.split(part, high)
            size += (BOUND_BYTES + FINGERPRINT_BYTES) * len(bounds)
            following += zip([low, *bounds], bounds, strict=False)
        open_ranges = following
        speaker = 1 - speaker
    return size, turns + 1, found


class TimedPair(Pair):
    """Seconds of each side: what it makes of what it hears, encoding what it says, decoding what it hears."""

    def __init__(self, one: HeadsOnly, two: HeadsOnly, seed: int) -> None:
        super().__init__(one, two, seed)
        self.spent = {id(self.low): 0.0, id(self.high): 0.0}
        for side in (self.low, self.high):
            side.hear = self._timed(side, side.hear)  # type: ignore[method-assign]

    def _timed(self, side: Side, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any) -> Any:
            started = time.process_time()
            found = work(*arguments)
            self.spent[id(side)] += time.process_time() - started
            return found

        return timed

    def send(self, to: Side, messages: list[m.Message]) -> None:
        said_by = self.high if to is self.low else self.low
        for message in messages:
            raw = self._timed(said_by, m.encode_message)(message)
            self.bytes += len(frame(raw))
            to.inbox.append(self._timed(to, m.decode_message)(raw))


def by_symbols(one: Rows, two: Rows, seed: int) -> tuple[int, int, float, float]:
    """Bytes and turns after the states, and seconds of both sides, and of the one that has more to do, of what the
    program does."""
    replicas = HeadsOnly(one), HeadsOnly(two)
    for replica in replicas:
        replica.heads_digest()  # kept from change to change
    reconcile.difference(reconcile.Items([], b""), [0])  # its tables are made once
    pair = TimedPair(*replicas, seed)
    started = time.process_time()
    pair.start()
    pair.run()
    spent = time.process_time() - started
    return pair.bytes, pair.turns - 1, spent, max(pair.spent.values())


def measure(devices: int = 10_000) -> dict[str, float]:
    """``resync_heads_N_bytes`` (states included), ``_turns`` (half round trips after the states, until both know),
    ``_cpu_ms`` (both sides together) and ``_side_cpu_ms`` (the side that has more to do) for so many devices."""
    told: dict[str, float] = {}
    for count in (0, 10, 1_000):
        runs = []
        for seed in range(RUNS):
            common = some_heads(devices, seed)
            runs.append(by_symbols(common, changed(common, count, seed), seed))
        told[f"resync_heads_{count}_bytes"] = statistics.median(run[0] for run in runs)
        told[f"resync_heads_{count}_turns"] = statistics.median(run[1] for run in runs)
        told[f"resync_heads_{count}_cpu_ms"] = 1000 * min(run[2] for run in runs)
        told[f"resync_heads_{count}_side_cpu_ms"] = 1000 * min(run[3] for run in runs)
    return told


def main() -> None:
    print(f"{'case':28}{'symbols: bytes, turns, ms of both':>40}{'ranges: bytes, turns, ms of both':>40}")
    cases = [(name, common, changed(common, count)) for name, total, count in CASES for common in [some_heads(total)]]
    cases.append(("nothing in common", some_heads(10_000, 1), some_heads(10_000, 2)))
    cases.append(("one side empty", some_heads(10_000), {}))
    for name, one, two in cases:
        size, turns, spent, _ = by_symbols(one, two, 0)
        started = time.process_time()
        others = by_ranges(one, two)
        other_ms = 1000 * (time.process_time() - started)
        left = f"{size:,} B, {turns}, {1000 * spent:.0f} ms"
        print(f"{name:28}{left:>40}{f'{others[0]:,} B, {others[1]}, {other_ms:.0f} ms':>40}")


if __name__ == "__main__":
    main()
