"""A count that is kept gives what a count from scratch gives, after any sequence of ballots."""

from __future__ import annotations

import random
from typing import Any

import pytest

from dao_app.core.encoding import encode
from dao_app.core.rules.live import LIVE_MAX, LiveCount, LiveCounts
from dao_app.core.voting.base import Ballot, Rule
from dao_app.core.voting.registry import METHODS
from dao_app.core.voting.yes_no_abstain import MAJORITY
from tests.fakes.world import World
from tests.unit.rules.votes import body, proposal, put, vote

OPTIONS = 4


def random_choice(name: str, rng: random.Random) -> Any:
    numbers = rng.sample(range(1, OPTIONS + 1), rng.randint(1, OPTIONS))
    if name == "yes-no-abstain":
        return rng.choice(("yes", "no", "abstain"))
    if name == "consent":
        return {"stance": rng.choice(("agree", "abstain", "disagree", "object"))}
    if name == "single":
        return numbers[0]
    if name == "schulze":
        return [[number] for number in numbers]
    if name in ("score", "weighted", "quadratic"):
        return {str(number): rng.randint(1, 5) for number in numbers}
    if name == "copeland":
        return rng.sample(range(1, OPTIONS + 1), OPTIONS)
    return numbers


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("seed", range(5))
def test_kept_and_fresh_counts_agree(name: str, seed: int) -> None:
    rng = random.Random(f"{name} {seed}")
    method = METHODS[name]
    options = len(method.fixed_options) or OPTIONS
    rule: Rule = MAJORITY
    live = LiveCount(method, options)
    rows: dict[bytes, tuple[bytes, int]] = {}
    choices: dict[bytes, Any] = {}
    for _ in range(40):
        member = bytes([rng.randrange(12)])
        if rng.random() < 0.15 and member in rows:
            del rows[member], choices[member]
        else:
            choices[member] = random_choice(name, rng)
            rows[member] = encode(choices[member]), rng.choice((0, 1, 3, 10**30))
        fresh = method.count(options, [Ballot(m, rows[m][1], choices[m]) for m in rows], rule)
        assert live.outcome(dict(rows), rule) == fresh


def test_the_counts_kept_are_bounded(world: World) -> None:
    id_ = put(world, body("decision"))
    vote(world.main, id_)
    counts = LiveCounts()
    found = proposal(world, id_)
    for number in range(LIVE_MAX * 2):
        counts.of(number.to_bytes(32, "big"), found, METHODS["yes-no-abstain"])
    assert len(counts._kept) == LIVE_MAX
