"""Decay: the factor against exact powers, the recurrence step by step, the ends of its range."""

from __future__ import annotations

import pytest

from dao_app.core.rewards.decay import FACTOR_BITS, HALF_LIFE_HOURS_MAX, HOURS_MAX, SCALE, advance, hourly_factor


@pytest.mark.parametrize("half_life", [*range(1, 60), 168, 720, 999, 4380, 8766])
def test_the_factor_is_the_largest_that_halves(half_life: int) -> None:
    factor, half = hourly_factor(half_life), 1 << (FACTOR_BITS * half_life - 1)
    assert factor**half_life <= half < (factor + 1) ** half_life


def test_longer_half_lives_decay_slower() -> None:
    factors = [hourly_factor(hours) for hours in (1, 2, 24, 720, 8766, 87_660, HALF_LIFE_HOURS_MAX)]
    assert factors == sorted(set(factors)) and factors[0] == 1 << 63 and factors[-1] < 1 << FACTOR_BITS


def test_the_recurrence_hour_by_hour() -> None:
    value, factor = 1000 * SCALE, hourly_factor(36)
    for hours in range(200):
        assert advance(1000 * SCALE, hours, 36) == value
        value = value * factor // 2**64


def test_half_is_left_after_a_half_life() -> None:
    assert advance(1000 * SCALE, 720, 720) == 499_999_999_741
    assert advance(8 * SCALE, 3, 1) == SCALE


def test_everything_is_gone_in_the_end_and_the_loop_stops_there() -> None:
    assert advance(10**6 * SCALE, HOURS_MAX, 720) == 0
    assert advance(0, HOURS_MAX, HALF_LIFE_HOURS_MAX) == 0
    assert advance(1, 1, HALF_LIFE_HOURS_MAX) == 0


@pytest.mark.parametrize(
    ("value", "hours", "half_life"),
    [(-1, 0, 1), (1, -1, 1), (1, HOURS_MAX + 1, 1), (1, 1, 0), (1, 1, HALF_LIFE_HOURS_MAX + 1)],
)
def test_what_is_out_of_range_is_a_bug_of_the_caller(value: int, hours: int, half_life: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        advance(value, hours, half_life)
