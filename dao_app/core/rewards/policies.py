"""Payout policies: what weight somebody's contribution points have when a budget is paid (REWARD-3).

Each policy gives exact weights; the budget is then shared by largest remainders, so its sum is paid exactly
wherever any weight is above 0. *Special*, the fourth policy, gives the whole budget to one named receiver.

Invariants: weights are never negative; more points never lower a weight of one's own. Balanced: while anybody has
points, somebody is owed at least the budget in all, so the budget is always paid.

Source: the grain policies of SourceCred (immediate, recent, balanced, special).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

SCALE_BITS_MAX = 3_300  # of recent's common denominator, some 1,000 digits: 1,000 periods at a discount of 0.1


class Weights(NamedTuple):
    """Exact weights: each is ``values[i] / scale``."""

    values: list[int]
    scale: int


def immediate(rows: Sequence[Sequence[int]], last: int) -> Weights:
    """The points of the last ``last`` periods (1 or more).

    ``rows``: for each person points per period, oldest first.
    """
    if last < 1:
        raise ValueError("no period")
    return Weights([sum(row[-last:]) for row in rows], 1)


def recent(rows: Sequence[Sequence[int]], discount: Fraction) -> Weights:
    """accumulated·(1−discount) + new, from the oldest period to the newest; ``discount`` from 0 to 1.

    All rows have the same length. The newest period counts in full, the one before times (1−discount), and so on.
    """
    if not 0 <= discount <= 1:
        raise ValueError("discount out of range")
    whole = discount.denominator
    kept = whole - discount.numerator
    values = []
    for row in rows:
        accumulated, unit = 0, 1  # accumulated is in units of 1/unit after each step
        for place, new in enumerate(row):
            if place:
                unit *= whole
            accumulated = accumulated * kept + new * unit
        values.append(accumulated)
    periods = len(rows[0]) if rows else 0
    return Weights(values, whole ** max(periods - 1, 0))


def balanced(budget: int, points: Sequence[int], paid: Sequence[int]) -> Weights:
    """max(0, (all paid + budget)·share − paid): how far each would be behind, were all shared by points from the start.

    Args: ``points``: all points so far; ``paid``: what each was paid before, in the unit of ``budget``.
    """
    total = sum(points)
    whole = sum(paid) + budget
    owed = [max(0, whole * own - before * total) for own, before in zip(points, paid, strict=True)]
    return Weights(owed, max(total, 1))
