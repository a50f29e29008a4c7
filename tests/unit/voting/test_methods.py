"""Each method by hand: forms, sums, ties, blanks, adoption at its boundaries."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from dao_app.core.voting.base import Ballot, Method
from dao_app.core.voting.registry import METHODS
from dao_app.core.voting.yes_no_abstain import Adoption

SINGLE, APPROVAL, YES_NO = METHODS["single"], METHODS["approval"], METHODS["yes-no-abstain"]


def ballots(*rows: tuple[int, Any]) -> list[Ballot]:
    return [Ballot(f"v{place}", power, choice) for place, (power, choice) in enumerate(rows)]


def test_registry_knows_the_methods_by_their_names() -> None:
    assert list(METHODS) == [method.name for method in METHODS.values()] == [
        "single", "yes-no-abstain", "approval", "score", "ranked", "copeland", "schulze", "stv", "weighted",
        "quadratic", "consent",
    ]  # fmt: skip


@pytest.mark.parametrize("choice", [0, 4, -1, True, "1", 1.0, None, [1], {"1": 1}, 2**70])
def test_single_refuses_what_is_no_option_number(choice: Any) -> None:
    assert not SINGLE.check_choice(choice, 3)


def test_single_takes_every_option_number() -> None:
    assert all(SINGLE.check_choice(number, 3) for number in (1, 2, 3))


@pytest.mark.parametrize("choice", [1, "12", None, [0], [4], [1, 1], [True], [[1]], (1,), [1, 2, 3, 1], {1}])
def test_approval_refuses_what_is_no_list_of_distinct_options(choice: Any) -> None:
    assert not APPROVAL.check_choice(choice, 3)


@pytest.mark.parametrize("choice", [[], [3], [2, 1], [3, 1, 2]])
def test_approval_takes_distinct_options_and_blanks(choice: Any) -> None:
    assert APPROVAL.check_choice(choice, 3)


@pytest.mark.parametrize("choice", ["Yes", "YES", " yes", "", 1, True, None, ["yes"], {"yes": 1}])
def test_yes_no_abstain_takes_the_three_words_only(choice: Any) -> None:
    assert not YES_NO.check_choice(choice, 3)
    assert all(YES_NO.check_choice(word, 3) for word in ("yes", "no", "abstain"))


def test_single_sums_power() -> None:
    outcome = SINGLE.count(3, ballots((5, 1), (3, 2), (4, 2), (0, 3)))
    assert (outcome.scores, outcome.winners, outcome.tie, outcome.valid_power) == ((5, 7, 0), (2,), False, 12)
    assert outcome.passed is None


def test_several_winners_are_a_tie() -> None:
    outcome = SINGLE.count(3, ballots((2, 3), (1, 1), (1, 1)))
    assert (outcome.winners, outcome.tie) == ((1, 3), True)


def test_approval_gives_full_power_to_each() -> None:
    outcome = APPROVAL.count(3, ballots((5, [1, 2]), (3, [2]), (4, [])))
    assert (outcome.scores, outcome.winners, outcome.valid_power) == ((5, 8, 0), (2,), 12)


@pytest.mark.parametrize(
    ("method", "rows"),
    [
        (SINGLE, []),
        (SINGLE, [(0, 1), (0, 2)]),
        (APPROVAL, [(5, []), (7, [])]),
        (APPROVAL, [(0, [1, 2])]),
        (YES_NO, [(9, "abstain")]),
        (YES_NO, [(0, "yes")]),
        (YES_NO, []),
    ],
)
def test_without_power_behind_an_option_there_is_no_winner(method: Method, rows: list[tuple[int, Any]]) -> None:
    outcome = method.count(3, ballots(*rows))
    assert (outcome.winners, outcome.tie) == ((), False)
    assert not outcome.passed


def test_powers_of_any_size_are_exact() -> None:
    big = 10**4000
    outcome = SINGLE.count(2, ballots((big, 1), (big, 2), (1, 2)))
    assert (outcome.scores, outcome.winners) == ((big, big + 1), (2,))


def test_ill_formed_ballots_are_dropped_whole_and_counted() -> None:
    outcome = APPROVAL.count(3, ballots((5, [1, 4]), (5, [2, 2]), (1, [3])))
    assert (outcome.scores, outcome.invalid, outcome.valid_power) == ((0, 0, 1), 2, 1)


def test_the_last_well_formed_ballot_of_a_voter_counts() -> None:
    cast = [Ballot("a", 5, 1), Ballot("b", 1, 1), Ballot("a", 3, 2), Ballot("a", 9, "2")]
    outcome = SINGLE.count(2, cast)
    assert (outcome.scores, outcome.invalid, outcome.valid_power) == ((1, 3), 1, 4)


def test_negative_power_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="negative"):
        SINGLE.count(2, ballots((-1, 1)))


@pytest.mark.parametrize(
    ("rule", "yes", "no", "abstain", "passed"),
    [
        (Adoption(), 1, 1, 0, False),  # half is not strictly above a half
        (Adoption(), 51, 49, 0, True),
        (Adoption(), 1, 0, 0, True),
        (Adoption(), 0, 0, 7, False),
        (Adoption(support_bp=0), 1, 99, 0, True),
        (Adoption(support_bp=0), 0, 5, 0, False),
        (Adoption(support_bp=6_667), 6_667, 3_333, 0, False),
        (Adoption(support_bp=6_667), 6_668, 3_332, 0, True),
        (Adoption(support_bp=Fraction(20_000, 3)), 2, 1, 0, False),  # exactly two thirds
        (Adoption(support_bp=Fraction(20_000, 3)), 2 * 10**30 + 1, 10**30, 0, True),
        (Adoption(quorum_power=10), 9, 0, 0, False),
        (Adoption(quorum_power=10), 9, 0, 1, True),  # abstaining takes part
        (Adoption(quorum_bp=2_000, electorate_power=11), 2, 0, 0, False),  # 2.2 needed
        (Adoption(quorum_bp=2_000, electorate_power=11), 3, 0, 0, True),
        (Adoption(quorum_bp=2_000, electorate_power=10), 2, 0, 0, True),  # at least
        (Adoption(quorum_bp=10_000, electorate_power=3), 2, 0, 1, True),
        (Adoption(min_support_power=5), 4, 0, 9, False),
        (Adoption(min_support_power=5), 5, 4, 0, True),
    ],
)
def test_adoption_at_its_boundaries(rule: Adoption, yes: int, no: int, abstain: int, passed: bool) -> None:
    outcome = YES_NO.count(3, ballots((yes, "yes"), (no, "no"), (abstain, "abstain")), rule)
    assert (outcome.passed, outcome.scores) == (passed, (yes, no, abstain))
    assert outcome.winners == (() if yes + no == 0 else ((1,) if passed else (2,)))


def test_participation_needed_is_rounded_up_and_the_larger_of_both() -> None:
    assert Adoption(quorum_bp=1, quorum_power=0).participation_needed(10_001) == 2
    assert Adoption(quorum_bp=5_000, quorum_power=7).participation_needed(10) == 7
    assert Adoption(quorum_bp=5_000, quorum_power=3).participation_needed(10) == 5
