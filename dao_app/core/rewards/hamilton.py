"""Sharing an integer budget by largest remainders, the one rule by which anything is shared here.

Invariants: the shares are integers from 0 whose sum is exactly the budget, or all 0 where every weight is 0
(the budget stays); a share differs from budget·weight/sum by less than one unit; weight 0 gets nothing; what
decides between equal remainders is the place in the list and nothing else.

Source: Balinski and Young, "Fair Representation" (1982), the method of Hamilton; also called Hare-Niemeyer.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm


def share_out(budget: int, weights: Sequence[int]) -> list[int]:
    """⌊budget·weight/sum⌋ for each, then one unit each by largest budget·weight mod sum, then list order.

    Args: ``budget`` in indivisible units; ``weights`` of any size; both from 0.
    Raises ValueError for a negative number, a bug of the caller.
    """
    if budget < 0 or min(weights, default=0) < 0:
        raise ValueError("negative budget or weight")
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    shares, remainders = [], []
    for weight in weights:
        share, remainder = divmod(budget * weight, total)
        shares.append(share)
        remainders.append(-remainder)
    by_remainder = sorted(range(len(weights)), key=remainders.__getitem__)
    for place in by_remainder[: budget - sum(shares)]:
        shares[place] += 1
    return shares


def whole_weights(weights: Sequence[Fraction | int], scale_max: int) -> tuple[list[int], int] | None:
    """Exact weights as integers with their common denominator; None where that is above ``scale_max``."""
    scale = 1
    for weight in weights:
        below = weight.denominator
        if scale % below:
            scale = lcm(scale, below)
            if scale > scale_max:
                return None
    return [weight.numerator * (scale // weight.denominator) for weight in weights], scale
