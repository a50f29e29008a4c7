"""Reputation that decays: fixed point, one integer step an hour (REWARD-4).

A reputation is an integer number of nano-points, 10⁻⁹ of a point. With half-life H hours, one hour is

    v ← ⌊v · f / 2⁶⁴⌋      where f = ⌊2⁶⁴ · 2^(−1/H)⌋

and nothing else ever changes it but earning. It is stored as (value, hour) and advanced when touched.

Invariants: never negative; without earning never rises, and falls each hour until it is 0; a larger value stays at
least as large; a hours and then b hours are exactly a+b hours, so it does not matter who touches it when; what is
left after H hours is at most v/2 and at least v/2 − v·H/2⁶⁴ − H nano-points.

Why: the step is monotone, and f < 2⁶⁴. For the last, f is at most one below 2⁶⁴·2^(−1/H), which takes at most H/2⁶⁴ of
v in H steps, and each step's rounding takes less than one nano-point.
"""

from __future__ import annotations

from functools import lru_cache

SCALE = 10**9  # nano-points of a point: over a half-life of 10 years rounding takes 0.0002 points
FACTOR_BITS = 64  # of the hourly factor: its own error is below 10⁻¹³ over a half-life of 100 years
HALF_LIFE_HOURS_MAX = 876_600  # 100 years
HOURS_MAX = 1_000_000  # of one advance, 114 years; bounds its time, a fraction of a second


def advance(value: int, hours: int, half_life_hours: int) -> int:
    """What is left of ``value`` nano-points after so many hours (0 to HOURS_MAX); ``half_life_hours`` from 1.

    Raises ValueError beyond the bounds, a bug of the caller.
    """
    if value < 0 or not 0 <= hours <= HOURS_MAX:
        raise ValueError("value or hours out of range")
    factor = hourly_factor(half_life_hours)
    while hours and value:
        value = value * factor >> FACTOR_BITS
        hours -= 1
    return value


@lru_cache(maxsize=64)
def hourly_factor(half_life_hours: int) -> int:
    """⌊2⁶⁴ · 2^(−1/H)⌋: the largest f of 64 bits for which (f/2⁶⁴)^H is not above one half."""
    if not 1 <= half_life_hours <= HALF_LIFE_HOURS_MAX:
        raise ValueError("half-life out of range")
    low, high = 1 << (FACTOR_BITS - 1), 1 << FACTOR_BITS  # fits at low, not at high
    while high - low > 1:
        middle = (low + high) // 2
        if _is_at_most_half(middle, half_life_hours):
            low = middle
        else:
            high = middle
    return low


def _is_at_most_half(factor: int, power: int) -> bool:
    """Is (factor/2⁶⁴)^power ≤ 1/2? Decided by bounds from both sides, as precise as it takes."""
    bits = 2 * FACTOR_BITS
    while True:
        low, high = (_power(factor << (bits - FACTOR_BITS), power, bits, up) for up in (False, True))
        half = 1 << (bits - 1)
        if high <= half:
            return True
        if low > half:
            return False
        bits *= 2


def _power(base: int, power: int, bits: int, up: bool) -> int:
    """base^power in fixed point of ``bits`` bits, each product rounded down, or up."""
    rounding = (1 << bits) - 1 if up else 0
    result = 1 << bits
    while power:
        if power & 1:
            result = (result * base + rounding) >> bits
        base = (base * base + rounding) >> bits
        power >>= 1
    return result
