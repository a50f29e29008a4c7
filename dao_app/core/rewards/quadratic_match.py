"""Quadratic matching of a pool over projects: many small contributions draw more than one large one.

A project's matching is the sum over ordered pairs of different contributors of √(cᵢ·cⱼ), which is
(Σ√c)² − Σc. In the pairwise-bounded form each term is multiplied by T/(T + Pᵢⱼ), where Pᵢⱼ is the sum of √(cᵢ·cⱼ)
over all projects: two who always give to the same projects draw at most 2T from the pool, however much they give.

Invariants: a project with one contributor has matching 0; what one contributor gives to one project counts as one
sum, however it is split; more from anybody never lowers the plain matching of a project; what is paid is at most the
pool, and exactly the pool where it is to be filled and any matching is above 0.

Sources: Buterin, Hitzig and Weyl, "A Flexible Design for Funding Public Goods", Management Science 65 (2019),
arXiv 1809.06421, section 4; Buterin, "Pairwise coordination subsidies" (2019).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import combinations
from math import isqrt
from typing import NamedTuple, TypeVar

from dao_app.core.errors import CoreError
from dao_app.core.rewards.hamilton import share_out

PLACES = 24  # decimal places of a matching
UNIT: int = 10**PLACES
ROOT_PLACES = 72  # of what stands between: all its errors together stay below half of 10⁻²⁴
AMOUNT_MAX = 10**60  # of one contributor to one project; with so many contributions, what ROOT_PLACES holds for
CONTRIBUTIONS_MAX = 100_000
PAIRS_MAX = 500_000  # two contributors of one project, over all projects, in the pairwise form: some seconds, 150 MB

_ROOT_UNIT: int = 10**ROOT_PLACES

K = TypeVar("K", bound=Hashable)
P = TypeVar("P", bound=Hashable)


class Mode(StrEnum):
    """What becomes of the pool."""

    FILL = "fill"  # all of it is paid, in proportion to the matchings
    SCALE_DOWN = "scale-down"  # the matchings are paid, rounded down in all; scaled where they are above the pool


class TooManyPairs(CoreError):
    """More than PAIRS_MAX pairs of contributors."""


class Matched(NamedTuple):
    """``matching`` of each project and their ``total``, in units of 10⁻²⁴; ``payouts`` in units of the pool."""

    matching: list[int]
    total: int
    payouts: list[int]


def summed(contributions: Iterable[tuple[K, P, int]], projects: Iterable[P]) -> dict[P, dict[K, int]]:
    """(contributor, project, amount) added up for each project and contributor; zeros are left out."""
    sums: dict[P, dict[K, int]] = {project: {} for project in projects}
    for contributor, project, amount in contributions:
        if amount:
            of_project = sums[project]
            of_project[contributor] = of_project.get(contributor, 0) + amount
    return sums


def match(pool: int, projects: Sequence[Mapping[K, int]], mode: Mode, pairwise_bound: int | None = None) -> Matched:
    """Share ``pool`` by matching.

    Args: ``projects``: for each, what each contributor gave, in the unit of the pool; their order decides between
    equal remainders. ``pairwise_bound``: T from 1, in the same unit; None for the plain form.
    Matchings and their total are rounded to the nearest 10⁻²⁴, so that what is a whole number is found to be one.
    Raises TooManyPairs.
    """
    if pairwise_bound is None:
        fine = [_plain(project.values()) for project in projects]
    else:
        fine = _pairwise(projects, pairwise_bound)
    matching, total = [_rounded(one) for one in fine], _rounded(sum(fine))
    budget = pool if mode is Mode.FILL else min(pool, total // UNIT)
    return Matched(matching, total, share_out(budget, matching))


def _rounded(fine: int) -> int:
    """From 72 to 24 places, halves up."""
    step = _ROOT_UNIT // UNIT
    return (2 * fine + step) // (2 * step)


def _plain(amounts: Iterable[int]) -> int:
    """(Σr)² − Σr² with r = √c, which unlike (Σr)² − Σc cannot fall below 0 by rounding."""
    roots = [isqrt(amount * _ROOT_UNIT * _ROOT_UNIT) for amount in amounts]
    side = sum(roots)
    return (side * side - sum(root * root for root in roots)) // _ROOT_UNIT


def _pairwise(projects: Sequence[Mapping[K, int]], bound: int) -> list[int]:
    if sum(len(project) * (len(project) - 1) // 2 for project in projects) > PAIRS_MAX:
        raise TooManyPairs
    numbers: dict[K, int] = {}
    for project in projects:
        for contributor in project:
            numbers.setdefault(contributor, len(numbers))
    together: defaultdict[int, int] = defaultdict(int)
    pairs_of: list[list[tuple[int, int]]] = []
    for project in projects:
        numbered = sorted((numbers[contributor], amount) for contributor, amount in project.items())
        pairs = []
        for (i, given), (j, also) in combinations(numbered, 2):
            pair, root = i * len(numbers) + j, isqrt(given * also * _ROOT_UNIT * _ROOT_UNIT)
            together[pair] += root
            pairs.append((pair, root))
        pairs_of.append(pairs)
    scaled = bound * _ROOT_UNIT
    return [sum(2 * root * scaled // (scaled + together[pair]) for pair, root in pairs) for pairs in pairs_of]
