"""The bridge: answers come in the window's thread, to owners that live, newest question first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread

from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.views import Change, Progress
from dao_app.ui.bridge import Bridge
from tests.ui.conftest import WAIT_MS


class Later:
    """A handle that answers when the test says so, from another thread."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Callable[[object], None], Callable[[GuildhallError], None]]] = []
        self.sinks: list[Callable[[Any], None]] = []

    def call(
        self,
        method: str,
        params: Mapping[str, object],
        done: Callable[[object], None],
        failed: Callable[[GuildhallError], None],
    ) -> None:
        self.asked.append((method, done, failed))

    def subscribe(self, sink: Callable[[Any], None]) -> Callable[[], None]:
        self.sinks.append(sink)
        return lambda: self.sinks.remove(sink)

    def close(self) -> None:
        self.sinks.clear()

    def answer(self, place: int, result: object) -> None:
        self._elsewhere(lambda: self.asked[place][1](result))

    def fail(self, place: int, error: GuildhallError) -> None:
        self._elsewhere(lambda: self.asked[place][2](error))

    def tell(self, told: object) -> None:
        self._elsewhere(lambda: [sink(told) for sink in self.sinks])

    @staticmethod
    def _elsewhere(act: Callable[[], object]) -> None:
        thread = threading.Thread(target=act)
        thread.start()
        thread.join()


@pytest.fixture
def handle() -> Later:
    return Later()


@pytest.fixture
def bridge(qapp: Any, handle: Later) -> Bridge:
    return Bridge(handle)


def test_answer_arrives_in_the_windows_thread(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    owner, seen = QObject(), []
    bridge.call(owner, "today", {}, lambda r: seen.append((r, QThread.currentThread())))
    handle.answer(0, "view")
    assert seen == []  # nothing runs in the engine's thread
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    assert seen == [("view", bridge.thread())]


def test_answer_for_an_owner_that_is_gone_is_dropped(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    owner, other, seen = QObject(), QObject(), []
    bridge.call(owner, "today", {}, seen.append)
    bridge.call(other, "today", {}, seen.append)
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    handle.answer(0, "lost")
    handle.answer(1, "kept")
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    assert seen == ["kept"]


def test_only_the_newest_question_of_a_key_is_answered(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    owner, seen = QObject(), []
    for _ in range(3):
        bridge.call(owner, "task_list", {}, seen.append, key="task_list")
    handle.answer(2, "new")
    handle.answer(0, "old")
    handle.answer(1, "older")
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    assert seen == ["new"]


def test_failure_goes_to_its_handler_else_to_the_presenter(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    owner, handled, presented = QObject(), [], []
    bridge.failed.connect(presented.append)
    bridge.call(owner, "vote", {}, print, handled.append)
    bridge.call(owner, "vote", {}, print)
    handle.fail(0, InputError("choice_bad"))
    handle.fail(1, InputError("text_empty"))
    qtbot.waitUntil(lambda: bool(presented), timeout=WAIT_MS)
    assert [e.code for e in handled] == ["choice_bad"]
    assert [e.code for e in presented] == ["text_empty"]


def test_a_gesture_that_fails_is_said_even_if_its_page_is_gone(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    owner, presented = QObject(), []
    bridge.failed.connect(presented.append)
    bridge.call(owner, "vote", {}, print, print, writes=True)
    owner.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    handle.fail(0, InputError("choice_bad"))
    qtbot.waitUntil(lambda: bool(presented), timeout=WAIT_MS)


def test_idle_is_told_when_the_last_gesture_is_stored(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    owner = QObject()
    bridge.call(owner, "vote", {}, print, writes=True)
    bridge.call(owner, "today", {}, print)
    assert bridge.writing == 1
    with qtbot.waitSignal(bridge.idle, timeout=WAIT_MS):
        handle.answer(0, None)
    assert bridge.writing == 0


def test_changes_are_merged_per_organisation(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    seen: list[Change] = []
    bridge.changed.connect(seen.append)
    for topic in ("tasks", "ledger", "tasks"):
        handle.tell(Change("a", frozenset({topic})))
    handle.tell(Change("b", frozenset({"peers"})))
    qtbot.waitUntil(lambda: len(seen) == 2, timeout=WAIT_MS)
    assert {c.org: c.topics for c in seen} == {"a": frozenset({"tasks", "ledger"}), "b": frozenset({"peers"})}


def test_progress_is_handed_on(qtbot: Any, bridge: Bridge, handle: Later) -> None:
    with qtbot.waitSignal(bridge.progress, timeout=WAIT_MS) as caught:
        handle.tell(Progress("verify", 1, 2))
    assert caught.args == [Progress("verify", 1, 2)]


def test_closed_bridge_hears_nothing(bridge: Bridge, handle: Later) -> None:
    bridge.close()
    assert handle.sinks == []
