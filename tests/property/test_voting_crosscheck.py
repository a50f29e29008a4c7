"""Our counts beside those of pref_voting, votelib and stvpoll, on elections drawn from fixed seeds.

Where they may differ, the test says when and why; docs/voting.md has the same list. What is not in it must agree.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from stvpoll.irv import calculate_irv
from stvpoll.scottish_stv import calculate_scottish_stv
from votelib.convert import RankedToCondorcetVotes
from votelib.evaluate import cardinal, condorcet, core, sequential

from dao_app.core.voting.base import Ballot, Method, Outcome
from dao_app.core.voting.registry import method
from tests.fakes import pref_voting as theirs
from tests.fakes.judgment import take_medians_away

ELECTIONS = 1_000  # for each comparison
Rows = list[tuple[int, Any]]


def count(name: str, options: int, rows: Rows, **parameters: Any) -> Outcome:
    found = method(name, parameters)
    assert isinstance(found, Method)
    return found.count(options, [Ballot(place, power, choice) for place, (power, choice) in enumerate(rows)])


def numbers(places: Sequence[int]) -> tuple[int, ...]:
    """Their options count from 0."""
    return tuple(sorted(place + 1 for place in places))


def winners(elected: list[Any]) -> tuple[int, ...]:
    """Of votelib: an option, a tie of several, or nothing."""
    if elected and isinstance(elected[0], core.Tie):
        return tuple(sorted(elected[0]))
    return tuple(sorted(elected))


def rankings(seed: int, complete: bool) -> tuple[int, dict[tuple[int, ...], int], Rows]:
    draw = random.Random(seed)
    options = draw.randint(2, 5)
    merged: Counter[tuple[int, ...]] = Counter()
    for _ in range(draw.randint(1, 7)):
        length = options if complete else draw.randint(1, options)
        merged[tuple(draw.sample(range(1, options + 1), length))] += draw.randint(1, 20)
    return options, dict(merged), [(power, list(ranking)) for ranking, power in merged.items()]


def their_profile(options: int, rows: Rows) -> Any:
    maps = [{number - 1: rank for rank, number in enumerate(ranking)} for _, ranking in rows]
    return theirs.profiles_with_ties.ProfileWithTies(
        maps, [power for power, _ in rows], candidates=list(range(options))
    )


def votelib_stv(merged: dict[tuple[int, ...], int], seats: int) -> tuple[int, ...] | None:
    """None where it gives up on a tie."""
    counter = sequential.TransferableVoteSelector(transferer="Gregory", quota_function="droop")
    try:
        elected = counter.evaluate(dict(merged), seats)
    except (NotImplementedError, core.VotingSystemError):
        return None
    return None if any(isinstance(one, core.Tie) for one in elected) else winners(elected)


@pytest.mark.parametrize("complete", [True, False])
def test_instant_run_off(complete: bool) -> None:
    compared = 0
    for seed in range(ELECTIONS):
        options, merged, rows = rankings(seed, complete)
        ours = count("ranked", options, rows)
        stvpoll = calculate_irv(tuple(range(1, options + 1)), merged, random_shuffle=False)
        if stvpoll.complete:  # it asks for a majority of all ballots, so exhausted ones can leave it without a winner
            assert stvpoll.elected_as_tuple() == ours.winners, seed
        else:
            assert not complete and int(ours.extras["rounds"][-1]["exhausted"]) > 0, seed
        order = list(range(options - 1, -1, -1))
        tied = theirs.iterative_methods.instant_runoff_tb(their_profile(options, rows), tie_breaker=order)
        if not ours.tie_break_used:  # it does not look at earlier rounds
            assert numbers(tied) == ours.winners, seed
            compared += 1
        found = votelib_stv(merged, 1)
        if found is not None and not ours.tie_break_used:
            assert found == ours.winners, seed
    assert compared > ELECTIONS // 2


def test_a_tied_instant_run_off_is_one_of_all_ways_to_break_it() -> None:
    for seed in range(ELECTIONS):
        options, _, rows = rankings(seed, complete=True)
        universe = theirs.iterative_methods.instant_runoff_put(their_profile(options, rows))
        assert set(count("ranked", options, rows).winners) <= set(numbers(universe)), seed


def surpluses_wait(outcome: Outcome) -> bool:
    """Do several elected options hold a surplus at one stage?"""
    quota, elected = Fraction(outcome.extras["quota"]), list[int]()
    for one in outcome.extras["rounds"]:
        elected += one["elected"]
        if sum(Fraction(one["tally"][number - 1]) > quota for number in elected) > 1:
            return True
        if one["transferred"] and len(one["elected"]) > 1:
            return True  # the others take no papers any more, even without a surplus of their own
    return False


def decided_by_cut_values(outcome: Outcome) -> bool:
    """Do two tallies, or a tally and the quota, lie so close that what cutting costs decides?"""
    quota = Fraction(outcome.extras["quota"])
    for one in outcome.extras["rounds"]:
        tallies = [quota, *(Fraction(votes) for votes in one["tally"])]
        if any(0 < abs(a - b) < Fraction(1, 100) for a in tallies for b in tallies):
            return True
    return False


@pytest.mark.parametrize("complete", [True, False])
def test_single_transferable_vote(complete: bool) -> None:
    compared = Counter[str]()
    for seed in range(ELECTIONS):
        options, merged, rows = rankings(seed, complete)
        for seats in range(1, options):
            ours = count("stv", options, rows, seats=seats)
            if ours.extras["lot"]:
                continue  # each draws lots its own way
            scottish = theirs.proportional_methods.stv_scottish(
                their_profile(options, rows), num_seats=seats, rng=random.Random(seed)
            )
            assert numbers(scottish) == ours.winners, seed
            if surpluses_wait(ours) or decided_by_cut_values(ours):
                continue  # stvpoll also transfers to those elected whose surplus waits, and rounds; votelib is exact
            stvpoll = calculate_scottish_stv(tuple(range(1, options + 1)), merged, seats, random_shuffle=False)
            assert tuple(sorted(stvpoll.elected_as_tuple())) == ours.winners, seed
            compared["stvpoll"] += 1
            found = votelib_stv(merged, seats)
            if complete and found is not None:  # it keeps the exhausted pile as if it were an option
                assert found == ours.winners, seed
                compared["votelib"] += 1
    assert compared["stvpoll"] > ELECTIONS and (not complete or compared["votelib"] > ELECTIONS // 2)


def test_copeland() -> None:
    for seed in range(ELECTIONS):
        options, merged, rows = rankings(seed, complete=True)
        ours = count("copeland", options, rows)
        assert numbers(theirs.c1_methods.copeland(their_profile(options, rows))) == ours.winners, seed
        pairs = RankedToCondorcetVotes().convert(merged)
        found = winners(condorcet.Copeland(second_order=False).evaluate(pairs, 1))
        if found:  # it names nobody where every pair is level
            assert found == ours.winners, seed
        else:
            assert len(ours.winners) == options, seed


def tiers(seed: int) -> tuple[int, Rows]:
    draw = random.Random(seed)
    options, rows = draw.randint(2, 5), []
    for _ in range(draw.randint(1, 6)):
        places = [draw.randint(0, 3) for _ in range(options)]
        grouped = [[n for n, place in enumerate(places, 1) if place == tier] for tier in range(4)]
        rows.append((draw.randint(1, 20), [tier for tier in grouped if tier]))
    return options, rows


@pytest.mark.parametrize("strength", ["winning", "margins"])
def test_schulze(strength: str) -> None:
    for seed in range(ELECTIONS):
        options, rows = tiers(seed)
        ours = count("schulze", options, rows, strength=strength)
        if not ours.winners:  # nobody prefers anything: we name nobody, they name all
            assert not any(int(cell) for row in ours.extras["pairwise"] for cell in row), seed
            continue
        maps = [{number - 1: rank for rank, tier in enumerate(ballot) for number in tier} for _, ballot in rows]
        profile = theirs.profiles_with_ties.ProfileWithTies(
            maps, [power for power, _ in rows], candidates=list(range(options))
        )
        profile.use_extended_strict_preference()
        support = profile.support if strength == "winning" else None
        beaten = theirs.margin_based_methods.beat_path(profile, strength_function=support)
        assert numbers(beaten) == ours.winners, seed
        if strength == "winning":
            merged: Counter[Any] = Counter()
            for power, ballot in rows:
                merged[tuple(frozenset(tier) if len(tier) > 1 else tier[0] for tier in ballot)] += power
            found = winners(condorcet.Schulze().evaluate(RankedToCondorcetVotes().convert(dict(merged)), 1))
            # It takes those that beat the most others: nobody where no option beats any.
            most = max(ours.scores)
            assert found == tuple(n for n, score in enumerate(ours.scores, 1) if score == most > 0), seed


def grades(seed: int) -> tuple[int, Rows, Any, dict[Any, int]]:
    draw = random.Random(seed)
    options = draw.randint(2, 5)
    rows = [
        (draw.randint(1, 6), {str(number): draw.randint(0, 5) for number in range(1, options + 1)})
        for _ in range(draw.randint(1, 6))
    ]
    profile = theirs.grade_profiles.GradeProfile(
        [{int(key) - 1: grade for key, grade in ballot.items()} for _, ballot in rows], list(range(6)),
        gcounts=[power for power, _ in rows], candidates=list(range(options)),
    )  # fmt: skip
    merged: Counter[Any] = Counter()
    for power, ballot in rows:
        merged[frozenset((int(key), grade) for key, grade in ballot.items())] += power
    return options, rows, profile, dict(merged)


def test_score_and_star() -> None:
    for seed in range(ELECTIONS):
        options, rows, profile, merged = grades(seed)
        ours = count("score", options, rows)
        if not ours.winners:
            continue
        summed = theirs.grade_methods.score_voting(profile, evaluation_method="sum")
        assert numbers(summed) == ours.winners, seed
        star = tuple(ours.extras["star_winners"])
        assert numbers(theirs.grade_methods.star(profile)) == star, seed
        if ours.extras["star_tie"] == "none":  # votelib names nobody where there is a tie at either step
            assert winners(cardinal.STAR().evaluate(merged, 1)) == star, seed


def gauge(options: int, rows: Rows) -> tuple[int, ...]:
    """Majority gauge: highest lower median, then the larger of the powers above and below it, above counting for."""
    total = sum(power for power, _ in rows)
    found = {}
    for number in range(1, options + 1):
        units = sorted(ballot[str(number)] for power, ballot in rows for _ in range(power))
        median = units[(total - 1) // 2]
        above, below = sum(unit > median for unit in units), sum(unit < median for unit in units)
        found[number] = (median, above if above > below else -below)
    return tuple(number for number, value in found.items() if value == max(found.values()))


def test_majority_judgment() -> None:
    """pref_voting breaks ties by the majority gauge and can leave several; where it names one, it is ours. votelib
    takes several medians away at once, which can step over the difference; ours is what taking them singly gives."""
    agreed = Counter[str]()
    for seed in range(ELECTIONS):
        options, rows, profile, merged = grades(seed)
        ours = tuple(count("score", options, rows).extras["majority_judgment_winners"])
        if not ours:
            continue
        by_gauge = numbers(theirs.grade_methods.majority_judgement(profile))
        assert by_gauge == gauge(options, rows), seed
        if len(by_gauge) == 1:
            assert by_gauge == ours, seed
            agreed["pref_voting"] += 1
        try:
            found = winners(cardinal.MajorityJudgment().evaluate(merged, 1))
        except core.VotingSystemError:  # it gives up where all grades are alike
            assert len(ours) > 1, seed
            continue
        if found == ours:
            agreed["votelib"] += 1
        else:
            assert tuple(take_medians_away(options, rows)) == ours, seed
    assert agreed["pref_voting"] > 0.8 * ELECTIONS and agreed["votelib"] > 0.9 * ELECTIONS


def test_approval_and_single_choice() -> None:
    for seed in range(ELECTIONS):
        draw = random.Random(seed)
        options = draw.randint(2, 5)
        rows: Rows = [
            (draw.randint(1, 9), draw.sample(range(1, options + 1), draw.randint(1, options)))
            for _ in range(draw.randint(1, 6))
        ]
        maps = [{place: int(place + 1 in chosen) for place in range(options)} for _, chosen in rows]
        profile = theirs.grade_profiles.GradeProfile(
            maps, [0, 1], gcounts=[power for power, _ in rows], candidates=list(range(options))
        )
        assert numbers(theirs.grade_methods.approval(profile)) == count("approval", options, rows).winners, seed
        first: Counter[int] = Counter()
        for power, chosen in rows:
            first[chosen[0]] += power
        single = count("single", options, [(power, chosen[0]) for power, chosen in rows])
        assert winners(core.get_n_best(dict(first), 1)) == single.winners, seed
