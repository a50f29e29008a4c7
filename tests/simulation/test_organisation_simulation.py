"""Whole organisations in trouble: the real program on real stores, cheating members, lying witnesses.

Seeds and events are printed (``pytest -s``); ``python -m tools.soak --kind live --seed 2 --witnesses 4`` replays one.
"""

from __future__ import annotations

import pytest

from tests.simulation.founding import Founding
from tests.simulation.organisation_runs import live
from tests.simulation.scenarios import restarted, slow_news, sybils, torn


@pytest.mark.parametrize(
    ("witnesses", "members", "seeds", "hours"),
    [
        (1, 8, range(4), 1.5), (4, 14, range(2, 5), 1.5), (7, 17, range(1), 0.7), (10, 20, range(1), 0.5),
        (4, 200, range(1), 1),
    ],
)
def test_everything_honest_becomes_final_once_and_the_same_everywhere(tmp_path, witnesses, members, seeds, hours):
    founding = Founding(tmp_path, witnesses, members)
    runs = [live(seed, founding, tmp_path, witnesses, hours=hours) for seed in seeds]
    events = sum(run.events for run in runs)
    print(f"n={witnesses}, {members} members: seeds {seeds.start}-{seeds.stop - 1}, {events} events")
    assert sum(run.votes for run in runs) and all(run.honest for run in runs)


def test_a_seed_replays_exactly(tmp_path):
    founding = Founding(tmp_path, 1, 8)
    here = []
    for place in ("one", "two"):
        folder = tmp_path / place
        folder.mkdir()
        here.append(live(5, founding, folder, 1, hours=0.5))
    assert here[0] == here[1]


@pytest.mark.parametrize("scenario", [restarted, slow_news, sybils])
def test_attacks_that_luck_meets_too_seldom(tmp_path, scenario):
    """All stop half-way and come back; news is always late; an invitation is shown to too many."""
    assert scenario(2, Founding(tmp_path, 4, 14), tmp_path, 4)


@pytest.mark.parametrize("witnesses", [4, 7])
def test_with_one_liar_more_than_f_both_histories_are_shown(tmp_path, witnesses):
    founding = Founding(tmp_path, witnesses, witnesses + 3)
    faulty = (witnesses - 1) // 3
    assert torn(0, founding, tmp_path, witnesses) == witnesses - faulty - 1
    assert torn(0, founding, tmp_path, witnesses, liars=faulty) == 0
