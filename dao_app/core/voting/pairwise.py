"""Pairwise sums, which Copeland and Schulze count from.

Invariant: ``sums()[a][b]`` is the power of the ballots that prefer option a to option b (places from 0), so a ballot is
entered or taken back without looking at the others.

The sums of one option stand side by side in one long integer, a lane for each opponent, so that a ballot costs one
multiplication for each option instead of one addition for each pair. No sum exceeds the valid power, so no lane runs
over into the next as long as the lanes are wider than that; they are widened before it grows beyond.
"""

from __future__ import annotations

from collections.abc import Collection

from dao_app.core.voting.base import Method, Read, Running
from dao_app.core.voting.numbers import printed

PAIRWISE_OPTIONS_MAX = 256  # the strongest paths cost 256 cubed steps
Tiers = list[list[int]]  # option numbers, the best first


class Pairs(Running):
    """Running count of the methods that compare options two by two."""

    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.lane_bytes = 8
        self.rows = [0] * options  # packed

    def enter(self, rows: Collection[Read]) -> None:
        self.make_room()
        lanes, packed = self.lanes(), self.rows
        for tiers, power in rows:
            below = 0  # lanes of all lower tiers
            for tier in reversed(tiers):
                gain = power * below
                for number in tier:
                    packed[number - 1] += gain
                    below |= lanes[number - 1]

    def make_room(self) -> None:
        """Widen the lanes to hold the valid power, which includes the ballots that are entered next."""
        needed = self.valid_power.bit_length() // 8 + 1
        if needed > self.lane_bytes:
            sums = self.sums()
            self.lane_bytes = 2 * needed
            self.rows = [
                int.from_bytes(b"".join(power.to_bytes(self.lane_bytes, "little") for power in row), "little")
                for row in sums
            ]

    def lanes(self) -> list[int]:
        """The unit of each option's lane."""
        return [1 << (8 * self.lane_bytes * place) for place in range(self.options)]

    def sums(self) -> list[list[int]]:
        """One row for each option: the power that prefers it to each of the others."""
        size = self.lane_bytes
        starts = range(0, size * self.options, size)
        packed = [row.to_bytes(size * self.options, "little") for row in self.rows]
        return [[int.from_bytes(row[start : start + size], "little") for start in starts] for row in packed]


def printed_pairs(sums: list[list[int]]) -> list[list[str]]:
    """Pairwise sums as they are printed."""
    return [[printed(power) for power in row] for row in sums]
