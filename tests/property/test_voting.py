"""What holds for every election: order, seeds of hashing, one more ballot, sums, taking back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.voting.base import Ballot, Method, Outcome
from dao_app.core.voting.quadratic import _Count
from dao_app.core.voting.registry import METHODS, method

ROOT = Path(__file__).parents[2]
OPTIONS = 4
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in METHODS},
    "copeland by support": ("copeland", {"tie_break": "support"}),
    "schulze by margins": ("schulze", {"strength": "margins"}),
    "stv of two": ("stv", {"seats": 2, "seed": "s"}),
    "stv of three": ("stv", {"seats": 3, "seed": "t"}),
}
NUMBERS = list(range(1, OPTIONS + 1))
SHARE = st.integers(0, 5) | st.sampled_from(["0.5", "1e-2", "0.333"])


def tiers() -> st.SearchStrategy[list[list[int]]]:
    places = st.lists(st.integers(0, 3), min_size=OPTIONS, max_size=OPTIONS)

    def grouped(given: list[int]) -> list[list[int]]:
        groups = [[n for n, place in zip(NUMBERS, given, strict=True) if place == tier] for tier in range(3)]
        return [group for group in groups if group]

    return places.map(grouped)


rankings = st.permutations(NUMBERS).flatmap(lambda row: st.integers(1, OPTIONS).map(lambda cut: row[:cut]))
CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "single": st.integers(0, OPTIONS + 1),
    "yes-no-abstain": st.sampled_from(["yes", "no", "abstain", "maybe"]),
    "approval": st.lists(st.sampled_from(NUMBERS), max_size=5),
    "score": st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), st.integers(0, 6), max_size=4),
    "ranked": rankings,
    "copeland": st.permutations(NUMBERS),
    "schulze": tiers(),
    "stv": rankings,
    "weighted": st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), SHARE, max_size=4),
    "quadratic": st.dictionaries(st.sampled_from(["1", "2", "3", "4"]), SHARE, max_size=4),
    "consent": st.sampled_from([{"stance": word} for word in ("agree", "abstain", "disagree", "object", "?")]),
}
POWERS = st.integers(0, 4) | st.integers(0, 10**40)


@st.composite
def elections(draw: st.DrawFn, *names: str) -> tuple[Method, list[Ballot]]:
    name, parameters = VARIANTS[draw(st.sampled_from(names or sorted(VARIANTS)))]
    found = method(name, parameters)
    assert isinstance(found, Method)
    rows = draw(st.lists(st.tuples(POWERS, CHOICES[name]), max_size=12))
    return found, [Ballot(place, power, choice) for place, (power, choice) in enumerate(rows)]


def counted(found: Method, cast: list[Ballot]) -> Outcome:
    return found.count(OPTIONS, cast)


@given(elections(), st.randoms(use_true_random=False))
def test_the_order_of_ballots_changes_nothing(election: tuple[Method, list[Ballot]], random: Any) -> None:
    found, cast = election
    shuffled = list(cast)
    random.shuffle(shuffled)
    assert counted(found, shuffled) == counted(found, cast)


@given(elections(), st.data())
def test_a_running_count_equals_a_count_from_scratch(election: tuple[Method, list[Ballot]], data: Any) -> None:
    found, cast = election
    good = [ballot for ballot in cast if found.check_choice(ballot.choice, OPTIONS)]
    taken = data.draw(st.sets(st.integers(0, max(0, len(good) - 1))))
    running = found.start(OPTIONS)
    for ballot in good:
        running.add(ballot.choice, ballot.power)
        running.outcome()  # asking in between changes nothing
    for place in taken & set(range(len(good))):
        running.remove(good[place].choice, good[place].power)
    rest = [ballot for place, ballot in enumerate(good) if place not in taken]
    assert running.outcome() == counted(found, rest)


BEST: dict[str, Any] = {
    "single": lambda winner: winner,
    "yes-no-abstain": lambda winner: "yes" if winner == 1 else "no",
    "approval": lambda winner: [winner],
    "score": lambda winner: {str(winner): 5},
    "copeland": lambda winner: [winner, *(n for n in NUMBERS if n != winner)],
    "schulze": lambda winner: [[winner]],
    "weighted": lambda winner: {str(winner): 1},
    "quadratic": lambda winner: {str(winner): 1},
    "consent": lambda winner: {"stance": "agree" if winner == 1 else "object"},
}


@given(elections(*BEST), POWERS)
def test_another_ballot_for_the_sole_winner_keeps_it(election: tuple[Method, list[Ballot]], power: int) -> None:
    """All methods but the two that eliminate, which are not monotone."""
    found, cast = election
    before = counted(found, cast)
    if len(before.winners) == 1:
        winner = before.winners[0]
        assert counted(found, [*cast, Ballot("new", power, BEST[found.name](winner))]).winners == (winner,)


@given(elections("weighted", "quadratic"))
def test_shared_power_adds_up(election: tuple[Method, list[Ballot]]) -> None:
    outcome = counted(*election)
    assert sum(outcome.scores) == outcome.valid_power


@given(
    st.integers(0, 10**6) | st.integers(0, 10**60), st.lists(st.integers(0, 12) | st.integers(0, 10**30), min_size=1)
)
def test_roots_by_multiplication_are_the_integer_roots(power: int, parts: list[int]) -> None:
    running = _Count(METHODS["quadratic"], OPTIONS)
    under, total = power * 10**48, max(1, sum(parts))
    assert running.roots_of(under, parts, total) == [isqrt(under * part // total) for part in parts]
    square = power * power * 10**48  # whose roots are whole, and one below
    for near in (square, max(0, square - 1), square + 1):
        assert running.roots_of(near, [1], 1) == [isqrt(near)]


@given(elections("ranked", "stv", "stv of two", "stv of three"))
def test_no_vote_is_lost_on_the_way(election: tuple[Method, list[Ballot]]) -> None:
    outcome = counted(*election)
    for one in outcome.extras["rounds"]:
        held = sum(Fraction(votes) for votes in one["tally"])
        assert held + Fraction(one["exhausted"]) + Fraction(one.get("lost", "0")) == outcome.valid_power


@given(elections("stv", "stv of two", "stv of three"))
def test_stv_fills_the_seats_and_nobody_stays_above_the_quota(election: tuple[Method, list[Ballot]]) -> None:
    found, cast = election
    outcome = counted(found, cast)
    seats = int(found.parameters["seats"])
    assert len(outcome.winners) == (seats if outcome.valid_power else 0)
    assert sorted(outcome.extras["elected"]) == list(outcome.winners)


@given(elections("ranked", "stv"))
def test_a_majority_of_first_preferences_wins(election: tuple[Method, list[Ballot]]) -> None:
    found, cast = election
    outcome = counted(found, cast)
    for number in NUMBERS:
        first = sum(ballot.power for ballot in cast if ballot.choice[0] == number)
        if 2 * first > outcome.valid_power:
            assert outcome.winners == (number,)


@given(elections("copeland", "schulze", "schulze by margins"))
def test_who_beats_all_others_wins_alone(election: tuple[Method, list[Ballot]]) -> None:
    outcome = counted(*election)
    pairs = [[int(power) for power in row] for row in outcome.extras["pairwise"]]
    for a in range(OPTIONS):
        if all(pairs[a][b] > pairs[b][a] for b in range(OPTIONS) if b != a):
            assert outcome.winners == (a + 1,)


@given(elections())
def test_ties_and_winners_agree(election: tuple[Method, list[Ballot]]) -> None:
    outcome = counted(*election)
    if not outcome.valid_power:
        assert outcome.winners == () and not outcome.tie and not any(outcome.scores)
    assert outcome.tie == (len(outcome.winners) > 1 and outcome.method != "stv")
    json.dumps([*outcome.printed_scores(), dict(outcome.extras), list(outcome.log)], allow_nan=False)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_hash_seeds_change_nothing(seed: str) -> None:
    """The published vectors, counted by an interpreter with another seed of hashing."""
    script = (
        "import json, sys; from dao_app.core.voting.tallyfile import count\n"
        "held = json.load(open(sys.argv[1], encoding='utf-8'))\n"
        "for one in held['elections']: assert count(one['file']) == one['result'], one['about']"
    )
    vectors = ROOT / "tests" / "vectors" / "tally.json"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script, str(vectors)], env=environment, check=True)
