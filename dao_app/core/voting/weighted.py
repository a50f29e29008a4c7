"""Weighted voting: a ballot splits its power among options in proportion to the shares it gives.

An option's score is the sum of power * share / sum of the ballot's shares, as an exact fraction.

Invariants: all scores add up to the valid power; ballots are summed by their sum of shares, so one more recounts
nothing. Only where the sums of shares have a common denominator of more than ``FRACTION_DIGITS_MAX`` digits, each
group of ballots with one sum of shares is cut after ``FINE_PLACES`` decimals, and the scores say so by ``places``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from fractions import Fraction
from math import lcm
from operator import add
from typing import Any

from dao_app.core.voting.base import NOTHING_DROPPED, Dropped, Method, Outcome, Read, Rule, Running, highest, most
from dao_app.core.voting.numbers import FRACTION_DIGITS_MAX, PLACES
from dao_app.core.voting.shares import Shares, read_shares

FINE_PLACES = 48  # leaves 24 more than are printed, whatever the number of ballots
_FINE: int = 10**FINE_PLACES
_DENOMINATOR_END: int = 10**FRACTION_DIGITS_MAX


class Weighted(Method):
    name = "weighted"

    def read(self, choice: Any, options: int) -> Shares | None:
        return read_shares(choice, options)

    def start(self, options: int) -> Running:
        return _Count(self, options)


class _Count(Running):
    def __init__(self, method: Method, options: int) -> None:
        super().__init__(method, options)
        self.groups: dict[int, list[int]] = defaultdict(lambda: [0] * options)  # power * share by sum of shares
        self.power: dict[int, int] = {}  # of each group

    def enter(self, rows: Collection[Read]) -> None:
        groups, powers = self.groups, self.power
        for (places, parts, total), power in rows:
            row = groups[total]
            if type(places) is range:
                row[:] = map(add, row, map(power.__mul__, parts))
            else:
                for place, part in zip(places, parts, strict=True):
                    row[place] += power * part
            powers[total] = left = powers.get(total, 0) + power
            if not left:
                del powers[total], groups[total]

    def outcome(self, rule: Rule | None = None, dropped: Dropped = NOTHING_DROPPED) -> Outcome:
        below = _common(self.groups)
        sums = [0] * self.options
        for total, row in self.groups.items():
            if below:
                factor = below // total
                sums = [old + factor * part for old, part in zip(sums, row, strict=True)]
            else:
                sums = [old + _FINE * part // total for old, part in zip(sums, row, strict=True)]
        scores, places = [Fraction(part, below or _FINE) for part in sums], 0 if below else PLACES
        winners = most(scores)
        return self.report(winners, scores, dropped, highest(winners, scores, places), places=places)


def _common(totals: Iterable[int]) -> int | None:
    """The least common denominator, None where it is too long to be worth it."""
    found = 1
    for total in totals:
        found = lcm(found, total)
        if found >= _DENOMINATOR_END:
            return None
    return found
