"""Majority judgment as it is told: one median grade of power taken away at a time, from lists of units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def take_medians_away(options: int, rows: Sequence[tuple[int, dict[str, Any]]]) -> list[int]:
    """Option numbers that are left; ``rows`` are (power, grades by option number as text)."""
    units = {n: sorted(g for power, row in rows for g in [row.get(str(n), 0)] * power) for n in range(1, options + 1)}
    left = list(units)
    while len(left) > 1 and units[left[0]]:
        medians = {n: units[n][(len(units[n]) - 1) // 2] for n in left}
        left = [n for n in left if medians[n] == max(medians.values())]
        for n in left:
            units[n].remove(medians[n])
    return left
