"""Consensus under everything that may go wrong. Seeds and events are printed (``pytest -s``); a seed replays a run:
``python -m tools.soak --seed 7 --witnesses 4``."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

import pytest

from tests.simulation.engine import HOUR, Broken
from tests.simulation.model import MUTANTS, search
from tests.simulation.runs import evenings, split_world, troubled
from tests.simulation.schedules import ROUNDS_TO_DECIDE, fight


@pytest.mark.parametrize(("count", "seeds"), [(1, 20), (4, 40), (7, 10), (10, 6)])
def test_days_of_trouble_end_with_everything_final_and_nothing_twice(count, seeds):
    """Delay, loss, repeats, partitions, crashes at writes, clocks a minute off, switching off, up to f liars."""
    runs = [troubled(seed, count) for seed in range(seeds)]
    events, heights = sum(run.events for run in runs), sum(run.heights for run in runs)
    late = max(run.late_ms for run in runs) // 1000
    print(f"n={count}: seeds 0-{seeds - 1}, {events} events, {heights} heights, final {late} s after faults stop")
    assert heights >= seeds


@pytest.mark.parametrize(("count", "seeds"), [(1, 50), (4, 500), (7, 100), (10, 30)])
def test_an_adversary_that_aims_breaks_nothing(count, seeds):
    """It owns network, clocks and f witnesses; then it stops, and all decide within a bounded number of rounds."""
    runs = [fight(seed, count, 200) for seed in range(seeds)]
    steps, early = sum(run.steps for run in runs), sum(run.decided_early > 0 for run in runs)
    most = max(after - before for before, after in (run.rounds for run in runs))
    print(f"n={count}: seeds 0-{seeds - 1}, {steps} steps, {early} decided under attack, else {most} rounds after it")
    assert most <= ROUNDS_TO_DECIDE
    assert early


@pytest.mark.parametrize("count", [4, 7, 10])
def test_with_one_liar_more_than_f_the_simulator_finds_a_break(count):
    faulty = (count - 1) // 3
    for seed in range(3):
        with pytest.raises(Broken, match="another checkpoint at height 1"):
            split_world(seed, count, faulty + 1)
        split_world(seed, count, faulty)


def test_the_aiming_adversary_breaks_it_too_with_two_of_four():
    broken = 0
    for seed in range(40):
        try:
            fight(seed, 4, 200, liars=2)
        except Broken as error:
            assert "two checkpoints" in str(error)
            broken += 1
    assert broken


def test_witnesses_that_are_never_on_together_still_decide():
    hours = [ms / HOUR for seed in range(3) for ms in evenings(seed)]
    print(f"four disjoint evenings: median {statistics.median(hours):.0f} h, at most {max(hours):.0f} h")
    assert statistics.median(hours) < 60
    assert max(hours) < 7 * 24


def test_with_one_of_them_away_for_good_too():
    hours = [ms / HOUR for ms in evenings(0, away=1)]
    assert max(hours) < 21 * 24


def test_a_seed_replays_exactly():
    """In this process and in another one with another hash seed."""
    here = [troubled(3, 4), troubled(1, 7)]
    assert here == [troubled(3, 4), troubled(1, 7)]
    code = "from tests.simulation.runs import troubled; print([troubled(3, 4), troubled(1, 7)])"
    for hash_seed in ("1", "2"):
        setting = {**os.environ, "PYTHONHASHSEED": hash_seed}
        out = subprocess.run([sys.executable, "-c", code], check=True, env=setting, capture_output=True, text=True)
        assert out.stdout.strip() == str(here)


def test_the_model_has_no_state_with_two_decisions():
    report = search(2)
    print(f"model n=4 f=1 rounds=2: {report.states} states, {report.steps} steps")
    assert report.states > 30_000
    assert not report.broken


@pytest.mark.parametrize("name", [name for name, (rounds, _) in MUTANTS.items() if rounds == 2])
def test_the_model_breaks_where_a_rule_is_taken_out(name):
    rounds, rules = MUTANTS[name]
    assert len(search(rounds, rules).broken) > 3
