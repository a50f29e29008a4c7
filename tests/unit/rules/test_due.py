"""The agenda: nothing that is due gets lost, however much of it there is and however long nobody sealed."""

from __future__ import annotations

import pytest

from dao_app.core import transition
from dao_app.core.entities import Invite
from dao_app.core.keys import invite_key
from tests.fakes.world import World

HOUR = 3_600_000


def test_what_one_checkpoint_cannot_take_waits_for_the_next(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transition, "DUE_PER_CHECKPOINT_MAX", 2)
    ids = [world.invite(world.main, lifetime=hours * HOUR)[0].id for hours in (1, 2, 2, 3, 4)]
    world.seal()
    expired = []
    for _ in range(3):
        world.main.write("contribution.claim", {"title": "Something to seal"})
        world.seal(5 * HOUR)
        found = [world.main.replay.final.entity(invite_key(id_)) for id_ in ids]
        expired.append([isinstance(one, Invite) and one.status == "expired" for one in found].count(True))
    assert expired == [2, 4, 5]


def test_a_long_absence_is_looked_through_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each item: half a year has 4,392 hours."""
    for number in range(1, 41):
        world.invite(world.main, lifetime=number * 48 * HOUR)
    world.seal()
    looked = 0
    real = transition.State.get

    def get(state, key, kind):  # type: ignore[no-untyped-def]
        nonlocal looked
        looked += key[:1] == b"q"
        return real(state, key, kind)

    monkeypatch.setattr(transition.State, "get", get)
    world.seal(183 * 24 * HOUR)
    assert looked < 3 * 4_392
