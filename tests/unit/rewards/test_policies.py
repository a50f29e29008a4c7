"""Payout policies by hand-computed examples, and against the formulas written out in fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rewards.policies import balanced, immediate, recent

ROWS = [[8, 0, 0, 2], [0, 0, 4, 1], [1, 1, 1, 0]]


def test_immediate_counts_the_last_periods_only() -> None:
    assert immediate(ROWS, 1).values == [2, 1, 0]
    assert immediate(ROWS, 2).values == [2, 5, 1]
    assert immediate(ROWS, 99).values == [10, 5, 3]
    with pytest.raises(ValueError, match="no period"):
        immediate(ROWS, 0)


@pytest.mark.parametrize("discount", [Fraction(0), Fraction(1), Fraction(1, 2), Fraction(3, 7), Fraction(1, 10)])
def test_recent_is_the_recurrence(discount: Fraction) -> None:
    values, scale = recent(ROWS, discount)
    for row, value in zip(ROWS, values, strict=True):
        accumulated = Fraction(0)
        for new in row:
            accumulated = accumulated * (1 - discount) + new
        assert Fraction(value, scale) == accumulated


def test_recent_halves() -> None:
    values, scale = recent(ROWS, Fraction(1, 2))
    assert [Fraction(value, scale) for value in values] == [3, 3, Fraction(7, 8)]
    assert recent([], Fraction(1, 2)).values == [] and recent([[]], Fraction(1, 2)).values == [0]
    with pytest.raises(ValueError, match="discount"):
        recent(ROWS, Fraction(3, 2))


def test_balanced_pays_who_is_behind() -> None:
    values, scale = balanced(100, [50, 30, 20], [20, 60, 20])
    assert [Fraction(value, scale) for value in values] == [80, 0, 20]


def test_balanced_ends_where_shares_would_have_led_at_once() -> None:
    points, paid = [5, 3, 2], [0, 0, 0]
    for budget in (7, 11, 100, 3, 1000):
        payouts = share_out(budget, balanced(budget, points, paid).values)
        assert sum(payouts) == budget
        paid = [before + now for before, now in zip(paid, payouts, strict=True)]
    assert all(abs(Fraction(own * 1121, 10) - got) < 1 for own, got in zip(points, paid, strict=True))


def test_nothing_is_owed_where_nobody_has_points() -> None:
    assert balanced(100, [0, 0], [5, 0]).values == [0, 0]
