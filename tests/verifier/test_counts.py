"""The verifier's voting methods and reward computations give what the program's give, on drawn elections."""

from __future__ import annotations

import random
from fractions import Fraction
from types import ModuleType
from typing import Any

import pytest

from dao_app.core.rewards import quadratic_match
from dao_app.core.rewards.decay import advance, hourly_factor
from dao_app.core.rewards.delegation import resolve
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.voting.base import Method
from dao_app.core.voting.registry import METHODS, method
from dao_app.core.voting.yes_no_abstain import Adoption

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "score": [{}, {"max": 3}],
    "ranked": [{}, {"complete": True}],
    "copeland": [{}, {"tie_break": "support"}],
    "schulze": [{}, {"strength": "margins"}],
    "stv": [{}, {"seats": 2}, {"seats": 3, "complete": True}],
}
ODD: list[Any] = [None, True, 0, -1, 99, "", "1", b"1", [], [[]], [1, 1], [True], {}, {"1": -1}, {"01": 1}, {"9": 1},
                  {"1": "1.5"}, {"1": "x"}, {"stance": "agree"}, {"stance": 1}, "yes", "no"]  # fmt: skip
POWERS = (0, 1, 1, 1, 2, 3, 7, 10**40)
SHARES: tuple[Any, ...] = (0, 1, 2, 3, 10, "0.5", "0.25", "1e-3", "-0.0", "2", "1E2", "0.333")


def draw(rng: random.Random, name: str, options: int) -> Any:
    order = rng.sample(range(1, options + 1), rng.randrange(1, options + 1))
    if name == "yes-no-abstain":
        return rng.choice(["yes", "yes", "no", "abstain"])
    if name == "consent":
        return {"stance": rng.choice(["agree", "agree", "agree", "abstain", "disagree", "object"])}
    if name == "single":
        return order[0]
    if name == "copeland":
        return rng.sample(range(1, options + 1), options)
    if name == "schulze":
        return [[one] for one in order] if rng.random() < 0.5 else [order]
    if name == "score":
        return {str(one): rng.randrange(0, 4) for one in sorted(order)}
    if name in ("weighted", "quadratic"):
        return {str(one): rng.choice(SHARES) for one in sorted(order)}
    return order if rng.random() < 0.7 else rng.sample(range(1, options + 1), options)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_drawn_elections(verifier: ModuleType, name: str) -> None:
    rng = random.Random(name)
    ours = set()
    for number in range(60):
        settings = rng.choice(SETTINGS.get(name, [{}]))
        fixed = METHODS[name].fixed_options
        options = len(fixed) or rng.randrange(1, 6)
        seed = f"{number:064x}"
        made = method(name, {**settings, "seed": seed} if name == "stv" else settings)
        assert isinstance(made, Method)
        given = []
        for voter in range(rng.randrange(0, 12)):
            choice = draw(rng, name, options) if rng.random() < 0.85 else rng.choice(ODD)
            good = made.check_choice(choice, options)
            assert verifier.is_ballot(name, settings, options, choice) == good, choice
            if good:
                given.append((voter, rng.choice(POWERS), choice))
        theirs = made.count(options, given, Adoption(min_support_power=0))
        count = verifier.count_votes(name, settings, options, [(choice, power) for _, power, choice in given], seed)
        printed = tuple(verifier.written_score(score, count.places) for score in count.scores)
        assert (printed, count.valid_power) == (theirs.printed_scores(100), theirs.valid_power)
        if not fixed:  # with the other two the verdict decides, which is the tally's to say
            assert (count.winners, count.tie) == (theirs.winners, theirs.tie)
        ours.add(printed)
    assert len(ours) > 10


def test_settings_of_methods(verifier: ModuleType) -> None:
    values = [None, True, 0, 1, 4, 10**18, 10**18 + 1, 10_000, 10_001, "", "none", "support", "winning", "margins", b""]
    for name in METHODS:
        for key in ("max", "complete", "tie_break", "strength", "seats", "seed", "other"):
            for value in values:
                taken = key in verifier.SETTINGS[name] and verifier.SETTINGS[name][key](value)
                assert bool(taken) == (key != "seed" and isinstance(method(name, {key: value}), Method)), (name, key)


def test_long_denominators(verifier: ModuleType) -> None:
    """Sums of shares without a common denominator of a reasonable length: cut in groups, the same everywhere."""
    given = [(voter, 1, {"1": 10**900 + 7 * voter, "2": voter + 1}) for voter in range(8)]
    theirs = METHODS["weighted"].count(2, given)
    count = verifier.count_votes("weighted", {}, 2, [(choice, power) for _, power, choice in given], "")
    assert count.places == 24
    printed = tuple(verifier.written_score(score, count.places) for score in count.scores)
    assert printed == theirs.printed_scores(100)


def test_sharing(verifier: ModuleType) -> None:
    rng = random.Random(1)
    for _ in range(300):
        weights = [rng.choice([0, 1, 2, 5, 10**30]) for _ in range(rng.randrange(0, 9))]
        budget = rng.randrange(0, 100)
        assert verifier.hamilton(budget, weights) == share_out(budget, weights)


def test_decay(verifier: ModuleType) -> None:
    for hours in (1, 2, 3, 24, 720, 4_383, 87_660, 876_600):
        assert verifier.hourly_factor(hours) == hourly_factor(hours)
    assert advance(10**12, 100, 24) < 10**12


@pytest.mark.parametrize("bound", [None, 1, 9])
def test_matching(verifier: ModuleType, bound: int | None) -> None:
    rng = random.Random(2)
    for _ in range(40):
        projects = [
            {bytes([who]): rng.choice([1, 2, 9, 10**12]) for who in range(rng.randrange(0, 7))} for _ in range(3)
        ]
        theirs = quadratic_match.match(100, projects, quadratic_match.Mode.FILL, bound)
        fine = verifier.matchings(projects, bound)
        assert [verifier.rounded(one) for one in fine] == theirs.matching
        assert verifier.rounded(sum(fine)) == theirs.total
    assert Fraction(theirs.total) >= 0


def test_delegation(verifier: ModuleType) -> None:
    rng = random.Random(3)
    for _ in range(300):
        members = [bytes([who]) for who in range(8)]
        powers = {one: rng.randrange(1, 5) for one in members[:6]}
        voted = {one for one in members if rng.random() < 0.3}
        chosen = {one: rng.choice(members) for one in powers if one not in voted and rng.random() < 0.7}
        theirs = resolve(powers, voted, chosen)
        carried, lost = verifier.follow_delegates(powers, voted, chosen)
        assert (carried, lost) == (theirs.carried, set(theirs.lost))
