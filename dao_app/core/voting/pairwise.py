"""Pairwise sums, which Copeland and Schulze count from.

Invariant: ``sums[a][b]`` is the power of the ballots that prefer option a to option b (places from 0), so a ballot is
entered or taken back without looking at the others.
"""

from __future__ import annotations

from collections.abc import Sequence

from dao_app.core.voting.base import Method, Running
from dao_app.core.voting.numbers import printed

PAIRWISE_OPTIONS_MAX = 256  # a ballot costs up to 32,640 pairs, the strongest paths 256 cubed steps
Tiers = Sequence[Sequence[int]]  # option numbers, the best first


class Pairs(Running):
    """Running count of the methods that compare options two by two."""

    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.sums = [[0] * options for _ in range(options)]

    def take(self, ballot: Tiers, power: int) -> None:
        below: list[int] = []  # places of all lower tiers
        for tier in reversed(ballot):
            for number in tier:
                row = self.sums[number - 1]
                for place in below:
                    row[place] += power
            below += [number - 1 for number in tier]

    def printed_pairs(self) -> list[list[str]]:
        """One row for each option: the power that prefers it to each of the others."""
        return [[printed(power) for power in row] for row in self.sums]
