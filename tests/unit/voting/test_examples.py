"""Worked examples, each from its source, and the edges of each rule by hand."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from typing import Any

import pytest

from dao_app.core.voting import numbers, weighted
from dao_app.core.voting.base import Ballot, Method, Outcome
from dao_app.core.voting.numbers import printed
from dao_app.core.voting.registry import METHODS, method
from tests.fakes.judgment import take_medians_away

BIG = 10**40


def count(name: str, options: int, rows: Sequence[tuple[int, Any]], **parameters: Any) -> Outcome:
    found = method(name, parameters)
    assert isinstance(found, Method)
    return found.count(options, [Ballot(place, power, choice) for place, (power, choice) in enumerate(rows)])


def steps(outcome: Outcome, name: str) -> list[Any]:
    return [step for step in outcome.log if step["step"] == name]


# "Tennessee voting example" (Wikipedia, Condorcet method): Memphis, Nashville, Chattanooga, Knoxville.
TENNESSEE = [(42, [1, 2, 3, 4]), (26, [2, 3, 4, 1]), (15, [3, 4, 2, 1]), (17, [4, 3, 2, 1])]


def test_tennessee_by_instant_run_off_elects_knoxville() -> None:
    outcome = count("ranked", 4, TENNESSEE)
    assert outcome.winners == (4,) and outcome.scores == (42, 0, 0, 58)
    assert outcome.extras["rounds"] == [
        {"tally": ["42", "26", "15", "17"], "exhausted": "0", "eliminated": 3},
        {"tally": ["42", "26", "0", "32"], "exhausted": "0", "eliminated": 2},
        {"tally": ["42", "0", "0", "58"], "exhausted": "0", "eliminated": None},
    ]


def test_tennessee_by_pairs_elects_nashville() -> None:
    outcome = count("copeland", 4, TENNESSEE)
    assert (outcome.winners, outcome.scores) == ((2,), (0, 3, 2, 1))
    assert outcome.extras["pairwise"] == [
        ["0", "42", "42", "42"], ["58", "0", "68", "68"], ["58", "32", "0", "83"], ["58", "32", "17", "0"],
    ]  # fmt: skip
    tiers = [(power, [[number] for number in ranking]) for power, ranking in TENNESSEE]
    assert count("schulze", 4, tiers).extras["ranking"] == [[2], [3], [4], [1]]


def test_tennessee_by_score_and_star() -> None:
    """Wikipedia, "Score voting" and "STAR voting": grades 10, 4, 2, 0 and so on; Nashville by score and by STAR."""
    grades = [(42, (10, 4, 2, 0)), (26, (0, 10, 4, 2)), (15, (0, 3, 10, 7)), (17, (0, 3, 6, 10))]
    rows = [(power, {str(n): grade for n, grade in enumerate(row, 1)}) for power, row in grades]
    outcome = count("score", 4, rows, max=10)
    assert outcome.scores == (420, 26 * 10 + 42 * 4 + 15 * 3 + 17 * 3, 440, 327)
    assert outcome.winners == (2,) and outcome.extras["star_winners"] == [2]
    assert steps(outcome, "runoff") == [{"step": "runoff", "options": [2, 3], "power": ["68", "32"]}]


# Schulze's example 1 with 45 voters and five options (Social Choice and Welfare 36, section 3.1).
SCHULZE = [
    (5, "ACBED"), (5, "ADECB"), (8, "BEDAC"), (3, "CABED"), (7, "CAEBD"), (2, "CBADE"), (7, "DCEBA"), (8, "EBADC"),
]  # fmt: skip


def letters(word: str) -> list[list[int]]:
    return [["ABCDE".index(letter) + 1] for letter in word]


@pytest.mark.parametrize("strength", ["winning", "margins"])
def test_schulzes_own_example(strength: str) -> None:
    rows = [(power, letters(word)) for power, word in SCHULZE]
    outcome = count("schulze", 5, rows, strength=strength)
    assert outcome.winners == (5,) and outcome.extras["ranking"] == [[5], [1], [3], [2], [4]]
    assert outcome.scores == (3, 1, 2, 0, 4)
    if strength == "winning":
        assert outcome.extras["pairwise"][0] == ["0", "20", "26", "30", "22"]
        assert outcome.extras["paths"] == [
            ["0", "28", "28", "30", "24"], ["25", "0", "28", "33", "24"], ["25", "29", "0", "29", "24"],
            ["25", "28", "28", "0", "24"], ["25", "28", "28", "31", "0"],
        ]  # fmt: skip


def test_winning_votes_and_margins_can_differ() -> None:
    """A cycle: A > B 5:2, B > C 6:4, C > A 6:5. By winning votes A > B is the weakest, by margins C > A."""
    rows = [(4, [[1], [2]]), (2, [[2], [3]]), (1, [[1]]), (4, [[3]])]
    winning, margins = (count("schulze", 3, rows, strength=kind) for kind in ("winning", "margins"))
    assert winning.extras["pairwise"] == [["0", "5", "5"], ["2", "0", "6"], ["6", "4", "0"]]
    assert margins.extras["pairwise"] == winning.extras["pairwise"]
    assert winning.extras["ranking"] == [[2], [3], [1]]
    assert margins.extras["ranking"] == [[1], [2], [3]]


def test_schulze_ranks_options_that_nobody_compares_in_one_tier() -> None:
    outcome = count("schulze", 4, [(1, [[1], [2]]), (1, [[3], [4]])])
    assert (outcome.winners, outcome.tie) == ((1, 3), True)
    assert outcome.extras["ranking"] == [[1, 3], [2, 4]]


def test_schulze_without_any_preference_has_no_winner() -> None:
    for rows in ([(5, [])], [(5, [[1, 2, 3]])], [(0, [[1]])], []):
        outcome = count("schulze", 3, rows)
        assert (outcome.winners, outcome.tie, outcome.extras["ranking"]) == ((), False, [[1, 2, 3]])
    assert count("schulze", 1, [(5, [[1]])]).winners == (1,)


def test_copeland_counts_a_draw_half_and_breaks_ties_by_support() -> None:
    outcome = count("copeland", 3, [(1, [1, 2, 3]), (1, [2, 1, 3])], tie_break="support")
    assert outcome.scores == (Fraction(3, 2), Fraction(3, 2), 0) and outcome.printed_scores() == ("3/2", "3/2", "0")
    assert (outcome.winners, outcome.tie, outcome.tie_break_used) == ((1, 2), True, True)
    cycle = [(5, [1, 2, 3]), (3, [2, 3, 1]), (3, [3, 1, 2])]
    plain, broken = count("copeland", 3, cycle), count("copeland", 3, cycle, tie_break="support")
    assert (plain.winners, plain.tie, plain.tie_break, plain.tie_break_used) == ((1, 2, 3), True, "none", False)
    assert (broken.winners, broken.tie, broken.tie_break, broken.tie_break_used) == ((1,), False, "support", True)
    assert broken.extras["support_power"] == ["13", "11", "9"]


def test_copeland_without_power_or_with_one_option() -> None:
    assert count("copeland", 3, [(0, [1, 2, 3])]).scores == (0, 0, 0)
    assert count("copeland", 3, []).winners == ()
    assert count("copeland", 1, [(1, [1])]).winners == (1,)


# Party food (Wikipedia, "Single transferable vote", example for three seats).
FOOD = [(4, [1]), (2, [2, 1]), (8, [3, 4]), (4, [3, 5]), (1, [4]), (1, [5])]


def test_party_food_by_stv() -> None:
    outcome = count("stv", 5, FOOD, seats=3)
    assert outcome.winners == (1, 3, 4) and outcome.extras["elected"] == [3, 1, 4] and outcome.extras["quota"] == "6"
    assert [one["tally"] for one in outcome.extras["rounds"]] == [
        ["4", "2", "12", "1", "1"], ["4", "2", "6", "5", "3"], ["6", "0", "6", "5", "3"], ["6", "0", "6", "5", "0"],
    ]  # fmt: skip
    assert [one["eliminated"] for one in outcome.extras["rounds"]] == [None, 2, 5, None]
    assert (outcome.tie, outcome.extras["lot"], outcome.tie_break_used) == (False, False, False)


def test_transfer_values_are_cut_to_five_places_by_paper() -> None:
    """Rule 48(3): surplus 5 of 11 votes: 0.45454 a paper; 7 papers go to B, 4 to C."""
    outcome = count("stv", 3, [(7, [1, 2]), (4, [1, 3]), (3, [2]), (3, [3])], seats=2)
    assert outcome.extras["quota"] == "6"
    second = outcome.extras["rounds"][1]
    assert [Fraction(votes) for votes in second["tally"]] == [
        6, 3 + 7 * Fraction(45454, 100_000), 3 + 4 * Fraction(45454, 100_000)
    ]
    assert Fraction(second["lost"]) == 5 - 11 * Fraction(45454, 100_000)
    assert outcome.winners == (1, 2)


def test_a_paper_moves_on_at_the_value_it_was_received_with() -> None:
    """Rules 48(3) and 50(4): A's surplus, 3 of 9, goes to B at 0.33333; B's to C at that times 1.99997 of 7.99997."""
    outcome = count("stv", 4, [(9, [1, 2, 3]), (5, [2, 3]), (4, [3]), (4, [4])], seats=3)
    assert outcome.extras["quota"] == "6"
    rounds = outcome.extras["rounds"]
    assert Fraction(rounds[1]["tally"][1]) == 5 + 9 * Fraction(33333, 100_000)
    surplus, votes = 5 * 100_000 + 9 * 33333 - 600_000, 5 * 100_000 + 9 * 33333
    moved = 9 * (surplus * 33333 // votes) + 5 * (surplus * 100_000 // votes)
    assert Fraction(rounds[2]["tally"][2]) == 4 + Fraction(moved, 100_000)


def test_non_transferable_papers_share_in_the_surplus_and_exhaust() -> None:
    outcome = count("stv", 3, [(6, [1]), (6, [1, 2]), (2, [2]), (3, [3])], seats=2)
    assert outcome.extras["quota"] == "6"
    second = outcome.extras["rounds"][1]
    assert (second["tally"], second["exhausted"], second["lost"]) == (["6", "5", "3"], "3", "0")


def test_an_exclusion_tie_in_stv_looks_at_the_latest_different_stage() -> None:
    """After D goes out B and C are level with 5; at the first stage C had fewer, so C is excluded."""
    outcome = count("stv", 4, [(10, [1]), (5, [2]), (4, [3]), (1, [4, 3])], seats=1)
    assert [one["eliminated"] for one in outcome.extras["rounds"]][:2] == [4, 3]
    assert (outcome.extras["lot"], outcome.tie_break_used) == (False, True)


def test_equal_surpluses_and_equal_exclusions_go_by_lot() -> None:
    for seed in ("", "a", "共治", "\ud800"):
        lots = [sha256(seed.encode("utf-8", "surrogatepass") + n.to_bytes(4, "big")).digest() for n in (1, 2)]
        loser = 1 if lots[0] < lots[1] else 2
        outcome = count("stv", 2, [(2, [1]), (2, [2])], seats=1, seed=seed)
        assert outcome.extras["rounds"][0]["eliminated"] == loser and outcome.winners == (3 - loser,)
        assert (outcome.extras["lot"], outcome.tie_break_used) == (True, True)
        surplus = count("stv", 5, [(8, [1, 3]), (8, [2, 4]), (1, [3]), (1, [4]), (1, [5])], seats=3, seed=seed)
        assert surplus.extras["rounds"][0]["transferred"] == 3 - loser


def test_last_vacancies_are_filled_even_without_votes() -> None:
    """Rule 52: as many continue as seats are left."""
    outcome = count("stv", 2, [(5, [1])], seats=2)
    assert (outcome.winners, outcome.extras["elected"]) == ((1, 2), [1, 2])
    assert count("stv", 2, [(5, [1])], seats=7).winners == (1, 2)
    assert count("stv", 2, [(0, [1])], seats=1).winners == () and count("stv", 2, [], seats=1).winners == ()


def test_no_surplus_is_transferred_when_all_seats_are_filled() -> None:
    outcome = count("stv", 3, [(9, [1, 3]), (9, [2, 3]), (1, [3])], seats=2)
    assert outcome.winners == (1, 2) and len(outcome.extras["rounds"]) == 1


def test_majority_is_of_the_continuing_power() -> None:
    """A has 4 of 9; when C's ballot is exhausted 4 of 7 is more than half."""
    outcome = count("ranked", 3, [(4, [1]), (3, [2]), (2, [3])])
    assert outcome.winners == (1,) and outcome.extras["rounds"][-1]["exhausted"] == "2"
    half = count("ranked", 3, [(4, [1]), (3, [2]), (1, [3])])
    assert len(half.extras["rounds"]) == 2  # four of eight is not more than half


def test_options_without_first_preferences_go_first_one_a_round_from_the_end() -> None:
    outcome = count("ranked", 5, [(4, [1]), (3, [2, 4]), (2, [3, 4])])
    assert [one["eliminated"] for one in outcome.extras["rounds"]] == [5, 4, 3, None]
    assert outcome.tie_break_used


def test_elimination_ties_by_earlier_round_then_by_order() -> None:
    earlier = count("ranked", 4, [(10, [1]), (5, [2]), (4, [3]), (6, [4, 1]), (1, [3])])
    assert [one["eliminated"] for one in earlier.extras["rounds"]] == [3, 2, None]
    assert steps(earlier, "level_order")  # level at 5 from the start: the later one goes
    history = count("ranked", 4, [(10, [1]), (5, [2]), (4, [3]), (1, [4, 3])])
    assert [one["eliminated"] for one in history.extras["rounds"]][:2] == [4, 3]
    assert steps(history, "level_earlier_round") == [
        {"step": "level_earlier_round", "round": 2, "options": [2, 3]}
    ]


def test_two_level_at_the_end_leave_one_winner() -> None:
    outcome = count("ranked", 2, [(3, [1]), (3, [2])])
    assert (outcome.winners, outcome.tie, outcome.tie_break_used) == ((1,), False, True)
    assert [one["eliminated"] for one in outcome.extras["rounds"]] == [2, None]


def test_star_ties_at_either_step_are_reported() -> None:
    runoff = count("score", 3, [(1, {"1": 5}), (1, {"2": 5})])
    assert (runoff.extras["star_winners"], runoff.extras["star_tie"]) == ([1, 2], "runoff")
    finalists = count("score", 3, [(3, {"1": 4, "2": 2, "3": 2}), (2, {"2": 3}), (2, {"3": 3})])
    assert finalists.scores == (12, 12, 12)
    assert finalists.extras["star_tie"] in ("finalists", "both")
    second = count("score", 3, [(3, {"1": 5, "2": 2, "3": 2}), (1, {"2": 1, "3": 1})])
    assert (second.extras["star_winners"], second.extras["star_tie"]) == ([1], "finalists")
    assert count("score", 1, [(1, {"1": 1})]).extras["star_winners"] == [1]


def test_star_can_differ_from_score() -> None:
    outcome = count("score", 2, [(3, {"1": 3, "2": 2}), (2, {"2": 5})])
    assert (outcome.winners, outcome.extras["star_winners"]) == ((2,), [1])


@pytest.mark.parametrize("seed", range(60))
def test_majority_judgment_equals_the_removal_one_by_one(seed: int) -> None:
    digest = sha256(seed.to_bytes(2, "big")).digest()
    rows = [(digest[i] % 4, {str(n): digest[i + n] % 4 for n in range(1, 4)}) for i in range(0, 24, 4)]
    outcome = count("score", 3, rows)
    expected = take_medians_away(3, rows) if any(outcome.scores) else []
    assert outcome.extras["majority_judgment_winners"] == expected


def test_majority_judgment_works_for_powers_of_any_size() -> None:
    """Level medians, told apart after 10**40 and some units."""
    level = [(BIG, {"1": 3, "2": 3}), (BIG, {"1": 1, "2": 1}), (2, {"1": 2, "2": 2})]
    rows = [*level, (1, {"1": 3, "2": 2}), (1, {"1": 0, "2": 1})]
    outcome = count("score", 2, rows)
    assert outcome.valid_power == 2 * BIG + 4
    assert outcome.extras["majority_judgment_winners"] == [1]
    assert count("score", 2, [(BIG, {"1": 2, "2": 2})]).extras["majority_judgment_winners"] == [1, 2]


# Orsay, 2007, per mille, the best grade first (Balinski and Laraki, "Election by Majority Judgement: Experimental
# Evidence", Cahier 2007-28 of the Ecole Polytechnique). Bayrou is "Good+" there, Royal and Sarkozy "Good-".
ORSAY = {
    "Bayrou": (136, 307, 251, 148, 84, 45, 29),
    "Royal": (167, 227, 191, 168, 122, 108, 17),
    "Sarkozy": (191, 198, 143, 115, 71, 265, 17),
}


def test_majority_judgment_of_the_orsay_experiment() -> None:
    columns = [[grade for grade, share in zip(range(6, -1, -1), row, strict=True) for _ in range(share)]
               for row in ORSAY.values()]  # fmt: skip
    rows = [(1, {str(n): grade for n, grade in enumerate(row, 1)}) for row in zip(*columns, strict=True)]
    outcome = count("score", 3, rows, max=6)
    assert outcome.extras["majority_judgment_winners"] == [1]
    assert steps(outcome, "median") == [{"step": "median", "options": [1, 2, 3], "grade": "4"}]
    assert steps(outcome, "medians_taken")[-1]["options"] == [1]


def test_weighted_is_exact_and_adds_up() -> None:
    outcome = count("weighted", 3, [(7, {"1": 1, "2": 2}), (BIG, {"3": "0.1", "1": "0.2"}), (5, {"2": 1})])
    assert outcome.scores == (Fraction(7, 3) + Fraction(2 * BIG, 3), Fraction(14, 3) + 5, Fraction(BIG, 3))
    assert sum(outcome.scores) == outcome.valid_power
    assert outcome.printed_scores()[1] == "29/3"


def test_weighted_ties_are_found_exactly() -> None:
    outcome = count("weighted", 2, [(1, {"1": 1, "2": 2}), (1, {"1": 2, "2": 1})])
    assert (outcome.winners, outcome.tie, outcome.scores) == ((1, 2), True, (1, 1))


def test_weighted_with_hopeless_denominators_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(1, {"1": 1, "2": 2}), (1, {"1": 3, "2": 4})]
    exact = count("weighted", 2, rows)
    monkeypatch.setattr(weighted, "_DENOMINATOR_END", 10)
    cut = count("weighted", 2, rows)
    assert exact.printed_scores() == ("16/21", "26/21")
    assert cut.printed_scores() == ("0.761904761904761904761904", "1.238095238095238095238095")
    assert cut.winners == exact.winners


def test_quadratic_with_whole_roots_is_exact() -> None:
    """Two voters of power 1 on A: (1 + 1) squared = 4; one of power 4 on B: 4; rescaled from 8 to 6."""
    outcome = count("quadratic", 2, [(1, {"1": 1}), (1, {"1": 1}), (4, {"2": 1})])
    assert (outcome.scores, outcome.winners) == ((3, 3), (1, 2)) and outcome.printed_scores() == ("3", "3")


def test_quadratic_with_irrational_roots_has_24_places() -> None:
    outcome = count("quadratic", 2, [(2, {"1": 1}), (3, {"2": 1}), (5, {"1": 1})])
    # (sqrt 2 + sqrt 5) squared = 7 + 2 sqrt 10 = 13.3245553…, against 3; rescaled to 10
    first = outcome.printed_scores()[0]
    assert first.startswith("8.162277660168379331998") and len(first.partition(".")[2]) == 24
    assert sum(outcome.scores) == 10 and outcome.places == 24


def test_quadratic_favours_breadth() -> None:
    outcome = count("quadratic", 2, [(100, {"1": 1})] + [(1, {"2": 1})] * 11)
    assert outcome.winners == (2,)


def test_quadratic_reads_big_powers() -> None:
    outcome = count("quadratic", 2, [(BIG, {"1": 1}), (4 * BIG, {"2": 1})])
    assert outcome.printed_scores() == (str(BIG), str(4 * BIG))


def test_consent() -> None:
    agree, stand_aside = {"stance": "agree"}, {"stance": "abstain"}
    passed = count("consent", 4, [(2, agree), (1, stand_aside), (4, {"stance": "disagree"})])
    assert (passed.passed, passed.winners, passed.scores) == (True, (1,), (2, 1, 4, 0))
    blocked = count("consent", 4, [(BIG, agree), (1, {"stance": "object"})])
    assert (blocked.passed, blocked.winners) == (False, (4,))
    assert blocked.extras["counts"] == {"agree": str(BIG), "abstain": "0", "disagree": "0", "object": "1"}
    for rows in ([], [(0, agree)], [(0, {"stance": "object"})]):
        nobody = count("consent", 4, rows)
        assert (nobody.passed, nobody.winners) == (False, ())
    powerless = count("consent", 4, [(1, agree), (0, {"stance": "object"})])
    assert powerless.passed


def test_an_objection_is_withdrawn_by_another_stance() -> None:
    rows = [("a", "object"), ("b", "agree"), ("a", "abstain")]
    assert METHODS["consent"].count(4, [Ballot(voter, 1, {"stance": stance}) for voter, stance in rows]).passed


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [
        (0, 0, "0"), (BIG, 0, str(BIG)), (Fraction(7, 3), 0, "7/3"), (Fraction(6, 3), 0, "2"),
        (Fraction(1, 3), 4, "0.3333"), (Fraction(2, 3), 4, "0.6666"), (5, 2, "5.00"),
        (Fraction(-1, 3), 0, "-1/3"), (Fraction(-1, 8), 2, "-0.12"),
    ],
)  # fmt: skip
def test_numbers_are_printed(number: int | Fraction, places: int, text: str) -> None:
    assert printed(number, places) == text


def test_long_numbers_are_printed_in_full_and_long_fractions_as_decimals() -> None:
    assert printed(10**9_000) == "1" + "0" * 9_000 and printed(-(10**4_000)) == "-1" + "0" * 4_000
    assert printed(Fraction(1, 10**3_999)) == "1/1" + "0" * 3_999
    assert printed(Fraction(1, 10**4_000 * 3)) == "0." + "0" * numbers.PLACES
    assert printed(Fraction(1, 3), digits_max=0) == "0.333333333333333333333333"
