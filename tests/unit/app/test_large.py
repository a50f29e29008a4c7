"""Questions about a large organisation ask the store a bounded number of times, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dao_app.app.cases_governance import department_row
from dao_app.app.proposal_views import proposal_ids, proposal_row
from dao_app.app.queries import Reader
from dao_app.app.settled import Settled
from dao_app.app.task_rows import task_ids, task_row
from dao_app.core.encoding import Link
from tests.fakes.desk import Desk
from tests.fakes.world import World

ROWS = 40


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    world = World(tmp_path)
    world.seal()
    made = Desk(world)
    made.join()
    return made


@pytest.fixture
def asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often the store was asked since the last call."""
    store: Any = desk.org.store
    original, count = store._all, [0]

    def counted(*args: Any, **more: Any) -> Any:
        count[0] += 1
        return original(*args, **more)

    monkeypatch.setattr(store, "_all", counted)

    def since() -> int:
        found, count[0] = count[0], 0
        return found

    return since


def reader(desk: Desk) -> Reader:
    return Reader(desk.org, desk.people[0].root.public, {}, set())


def test_lists_ask_the_store_a_few_times_only(desk: Desk, asked: Callable[[], int]) -> None:
    for _ in range(ROWS):
        desk.open(desk.people[0], seal=False, amount=5)
        desk.write(
            desk.people[0], "proposal.open", title="P", kind="decision", method="yes-no-abstain", options=[],
            discussion=0, voting=10_000,
        )  # fmt: skip
    desk.seal()
    one = reader(desk)
    asked()
    rows = [task_row(one, id_) for id_ in task_ids(one)]
    proposals = [proposal_row(one, id_, desk.world.clock.now) for id_ in proposal_ids(one, desk.world.clock.now)]
    assert len(rows) == len(proposals) == ROWS
    assert asked() < ROWS // 2
    again = reader(desk)
    asked()
    assert [task_row(again, id_) for id_ in task_ids(again)] == rows
    assert asked() <= 3  # what is sealed is not read a second time


def test_departments_share_one_walk_through_the_members(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    founder, member = desk.people
    ids = [desk.write(founder, "department.open", name=f"D{n}", parent=None).id for n in range(5)]
    for id_ in ids[:2]:
        desk.write(founder, "role.give", department=Link(id_), member=member.root.public, role="member")
    desk.seal()
    one, walks = reader(desk), [0]
    roots = one.roots

    def walked() -> tuple[bytes, ...]:
        walks[0] += 1
        return roots()

    monkeypatch.setattr(one, "roots", walked)
    rows = [department_row(one, id_) for id_ in ids]
    assert [len(row.members) for row in rows] == [1, 1, 0, 0, 0]
    assert walks[0] == 1


def test_verdicts_are_of_sealed_actions_and_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    task = desk.open(desk.people[0])
    refused = desk.org.replay.position.height
    settled = Settled(desk.org.store)
    assert settled.of(task) == ("", desk.org.replay.action(task).at)
    with pytest.raises(KeyError):
        settled.of(b"\1" * 32)
    monkeypatch.setattr("dao_app.app.settled.SETTLED_MAX", 2)
    others = [desk.open(desk.people[0]) for _ in range(3)]
    for id_ in others:
        assert settled.of(id_)[0] == ""
    assert len(settled._kept) <= 2
    assert desk.org.replay.position.height > refused


def test_a_pending_action_is_not_taken_for_settled(desk: Desk) -> None:
    task = desk.open(desk.people[0], seal=False)
    one = reader(desk)
    one.look_ahead([task])
    assert one.stamp(task).state == "provisional"
    desk.seal()
    assert reader(desk).stamp(task).state == "final"
