"""Quadratic matching: known rounds, exact whole numbers, and an oracle in decimal arithmetic."""

from __future__ import annotations

import random
from decimal import Decimal, localcontext

import pytest

from dao_app.core.rewards import quadratic_match
from dao_app.core.rewards.quadratic_match import UNIT, Mode, TooManyPairs, match, summed


def oracle(projects: list[dict[str, int]], bound: int | None) -> list[Decimal]:
    """The formulas as they are printed, with 120 digits."""
    with localcontext() as context:
        context.prec = 120
        names = sorted({name for project in projects for name in project})

        def root(project: dict[str, int], i: str, j: str) -> Decimal:
            return Decimal(project.get(i, 0) * project.get(j, 0)).sqrt()

        together = {(i, j): sum(root(project, i, j) for project in projects) for i in names for j in names}
        if bound is None:
            return [
                sum(Decimal(amount).sqrt() for amount in project.values()) ** 2 - sum(project.values())
                for project in projects
            ]
        return [
            sum((root(p, i, j) * bound / (bound + together[i, j]) for i in p for j in p if i != j), Decimal(0))
            for p in projects
        ]


def test_ten_in_one_hand_in_two_and_in_ten() -> None:
    """The introductory example of quadratic funding: the same sum draws 0, 10 and 90."""
    projects = [{"one": 10}, {"a": 5, "b": 5}, {f"m{n}": 1 for n in range(10)}]
    matched = match(1000, projects, Mode.FILL)
    assert matched.matching == [0, 10 * UNIT, 90 * UNIT] and matched.payouts == [0, 100, 900]
    assert match(1000, projects, Mode.SCALE_DOWN).payouts == [0, 10, 90]
    assert match(50, projects, Mode.SCALE_DOWN).payouts == [0, 5, 45]


@pytest.mark.parametrize("bound", [None, 1, 50, 10**30])
@pytest.mark.parametrize("seed", range(8))
def test_against_the_printed_formula(seed: int, bound: int | None) -> None:
    rng = random.Random(seed)
    top = rng.choice([10, 1000, 2**53, 10**40])
    givers = [rng.sample("abcdefgh", rng.randrange(8)) for _ in range(rng.randrange(6))]
    projects = [{name: rng.randrange(1, top) for name in names} for names in givers]
    matched = match(10**9, projects, Mode.FILL, bound)
    for own, wanted in zip(matched.matching, oracle(projects, bound), strict=True):
        with localcontext() as context:
            context.prec = 120
            assert abs(Decimal(own) / UNIT - wanted) <= Decimal(1) / UNIT


def test_whole_numbers_are_found_though_their_roots_are_not() -> None:
    projects = [{"a": 2, "b": 8}, {"a": 3, "b": 12, "c": 27}]
    assert match(1000, projects, Mode.SCALE_DOWN).payouts == [8, 12 + 18 + 36]
    halves = [{"a": 1, "b": 1}] * 3  # together 3, bound 3: one half of 2 each
    assert match(1000, halves, Mode.SCALE_DOWN, 3).payouts == [1, 1, 1]
    thirds = [{"a": 1, "b": 1}, {"c": 1, "d": 1}, {"e": 1, "f": 1}]  # two thirds of 2 each: 4 in all, not 3.99…
    matched = match(1000, thirds, Mode.SCALE_DOWN, 2)
    assert matched.matching == [4 * UNIT // 3] * 3
    assert matched.total == 4 * UNIT and matched.payouts == [2, 1, 1]


def test_a_pair_draws_at_most_twice_the_bound() -> None:
    for amount in (1, 10**6, 10**40):
        together = [{"a": amount, "b": amount} for _ in range(20)]
        assert match(10**50, together, Mode.SCALE_DOWN, 500).total <= 1000 * UNIT


def test_splitting_a_contribution_changes_nothing() -> None:
    whole = summed([("a", "P", 9), ("b", "P", 4)], ["P"])
    split = summed([("a", "P", 4), ("b", "P", 4), ("a", "P", 5), ("c", "P", 0)], ["P"])
    assert whole == split == {"P": {"a": 9, "b": 4}}


def test_pairs_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quadratic_match, "PAIRS_MAX", 3)
    three = {"a": 1, "b": 1, "c": 1}
    assert match(9, [three], Mode.FILL, 5).payouts == [9]
    with pytest.raises(TooManyPairs):
        match(9, [three, {"a": 1, "b": 1}], Mode.FILL, 5)


def test_nothing_to_match() -> None:
    assert match(9, [], Mode.FILL) == ([], 0, [])
    assert match(9, [{}, {"a": 5}], Mode.FILL) == ([0, 0], 0, [0, 0])
