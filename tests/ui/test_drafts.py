"""Undo before it is sent."""

from __future__ import annotations

from typing import Any

import pytest

from dao_app.ui.drafts import Draft, Drafts
from tests.ui.conftest import WAIT_MS


@pytest.fixture
def done() -> list[str]:
    return []


def draft(name: str, done: list[str]) -> Draft:
    return Draft(name, lambda: done.append(f"sent {name}"), lambda: done.append(f"undone {name}"))


def test_held_gesture_is_not_sent_before_its_time(qapp: Any, done: list[str]) -> None:
    drafts = Drafts()
    drafts.hold(draft("a", done))
    assert done == []
    assert drafts.current is not None


def test_held_gesture_is_sent_after_its_time(qtbot: Any, done: list[str]) -> None:
    drafts = Drafts(hold_ms=1)
    with qtbot.waitSignal(drafts.settled, timeout=WAIT_MS):
        drafts.hold(draft("a", done))
    assert done == ["sent a"]


def test_undo_drops_it_and_gives_back_what_was_typed(qapp: Any, done: list[str]) -> None:
    drafts = Drafts()
    drafts.hold(draft("a", done))
    assert drafts.undo()
    assert done == ["undone a"]
    drafts.flush()
    assert done == ["undone a"]
    assert not drafts.undo()


def test_a_new_gesture_sends_the_one_before(qapp: Any, done: list[str]) -> None:
    drafts = Drafts()
    drafts.hold(draft("a", done))
    drafts.hold(draft("b", done))
    assert done == ["sent a"]


def test_near_a_deadline_it_is_sent_at_once(qapp: Any, done: list[str]) -> None:
    Drafts().hold(draft("a", done), at_once=True)
    assert done == ["sent a"]


def test_paused_gesture_waits_and_goes_on(qtbot: Any, done: list[str]) -> None:
    drafts = Drafts(hold_ms=20)
    drafts.hold(draft("a", done))
    drafts.pause()
    assert not drafts._timer.isActive()
    assert done == []
    with qtbot.waitSignal(drafts.settled, timeout=WAIT_MS):
        drafts.resume()
    assert done == ["sent a"]
