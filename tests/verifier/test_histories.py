"""Whole histories derived twice: every root that the program certified comes out of the verifier's own rules."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dao_app.app.sample_story import FOUNDER, GENESIS, play
from dao_app.app.scribe import Scribe, SetClock
from dao_app.bootstrap.sample import SEED, STORY_MS, RecordingRandom
from dao_app.core.replay import Replay
from dao_app.store.log import SqlStore
from tests.fakes.device_history import DeviceHistory
from tests.fakes.governance_history import GovernanceHistory
from tests.fakes.history import History
from tests.fakes.reward_history import RewardHistory
from tests.fakes.world import START_MS, SodiumOnly
from tests.verifier.bundling import Parts, parts_of

CASES = [
    *((History, seed, 250) for seed in range(3)),
    *((RewardHistory, seed, 200) for seed in range(3)),
    *((GovernanceHistory, seed, 180) for seed in range(4)),
    *((DeviceHistory, seed, 180) for seed in range(3)),
]


def checked(verifier: ModuleType, parts: Parts) -> dict[str, Any]:
    report = verifier.check_bundle(parts.car(), parts.org, None, None)
    return dict(report.checked)


@pytest.mark.parametrize(("kind", "seed", "steps"), [(History, 10, 200), (RewardHistory, 10, 150),
                                                     (GovernanceHistory, 10, 120),
                                                     (DeviceHistory, 10, 160)])  # fmt: skip
def test_histories_of_people_who_sign_what_is_refused(
    verifier: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, seed: int, steps: int
) -> None:
    """About half of these actions are rejected: each guard has to say the same."""
    monkeypatch.setattr(Replay, "judge", lambda replay, action: None)
    found = checked(verifier, parts_of(kind(tmp_path, seed, steps).world.main))
    assert found["judged"]["rejected"] > 40


@pytest.mark.parametrize(("kind", "seed", "steps"), CASES)
def test_drawn_histories(verifier: ModuleType, tmp_path: Path, kind: Any, seed: int, steps: int) -> None:
    print(f"{kind.__name__} seed {seed}")
    org = kind(tmp_path, seed, steps).world.main
    parts = parts_of(org)
    found = checked(verifier, parts)
    assert found["actions"]["number"] == len(parts.actions) > 30
    assert found["checkpoints"]["number"] == org.height() > 10
    assert found["entries"]["state"] == len(list(org.replay.final.entries()))


def test_the_sample_organisation(verifier: ModuleType, tmp_path: Path) -> None:
    random, clock = RecordingRandom(SEED), SetClock(START_MS - STORY_MS)
    scribe = Scribe(
        lambda org_id: SqlStore(tmp_path / "log.db"), SodiumOnly(), clock, random, random.signer, FOUNDER, GENESIS
    )
    for _ in play(scribe, START_MS):
        pass
    found = checked(verifier, parts_of(scribe.org))
    scribe.org.store.close()
    assert found["judged"]["rejected"] == 0 and found["results"]["number"] >= 5 and found["rewards"]["rounds"] >= 1
    assert found["contents"]["number"] == found["contents"]["named"]
