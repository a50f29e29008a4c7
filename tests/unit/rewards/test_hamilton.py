"""Largest remainders: published examples and the places where a unit could go astray."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dao_app.core.rewards.hamilton import share_out, whole_weights


@pytest.mark.parametrize(
    ("budget", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (1, [1, 2, 2], [0, 1, 0]),
        (10, [6, 6, 2], [4, 4, 2]),  # the Alabama paradox: one seat more, and the small state loses one
        (11, [6, 6, 2], [5, 5, 1]),
        (100, [47_000, 16_000, 15_900, 12_000, 6_000, 3_100], [47, 16, 16, 12, 6, 3]),
        (7, [0, 3, 0, 4], [0, 3, 0, 4]),
        (5, [0, 0], [0, 0]),
        (5, [], []),
        (0, [1, 2], [0, 0]),
        (3, [10**40, 10**40 + 1], [1, 2]),
    ],
)
def test_examples(budget: int, weights: list[int], shares: list[int]) -> None:
    assert share_out(budget, weights) == shares


@pytest.mark.parametrize(("budget", "weights"), [(-1, [1]), (1, [1, -1])])
def test_a_negative_number_is_a_bug_of_the_caller(budget: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        share_out(budget, weights)


def test_weights_over_one_denominator() -> None:
    assert whole_weights([Fraction(1, 3), Fraction(1, 4), 2], 12) == ([4, 3, 24], 12)
    assert whole_weights([Fraction(1, 3), Fraction(1, 4)], 11) is None
    assert whole_weights([], 1) == ([], 1)
