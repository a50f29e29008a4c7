"""Cards moved between columns by pointer and by keys, and the calendar of due dates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.dialogs.tasks import NoteDialog, SubmitDialog
from dao_app.ui.models.moves import LANES, MOVES
from dao_app.ui.widgets.dragging import card_data
from dao_app.ui.widgets.rows import RowDelegate
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import NOW_MS, ident
from tests.ui.conftest import Opened
from tests.ui.test_pages import dialog, key

CONTROL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def o(opened: Callable[..., Opened]) -> Opened:
    made = opened()
    made.go("tasks")
    return made


def drag(o: Opened, task: int, lane: str) -> str:
    """Carry a card over a column and let it go; returns what the column said under the pointer."""
    page = o.window.shell.tasks
    target = page.target(lane)
    data = card_data(ident(f"task {task}"))
    at = QPoint(20, 20)
    move, left = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton
    target.dragEnterEvent(QDragEnterEvent(at, move, data, left, NONE))
    said = target.hint.text if target.hint else ""
    target.dropEvent(QDropEvent(QPointF(at), move, data, left, NONE))
    o.settle()
    return said


def first(o: Opened, lane: str, gesture: str) -> int:
    """Number of a task in this column that allows the gesture."""
    statuses = dict(LANES)[lane]
    return next(t.number for t in o.engine.tasks.values() if t.status in statuses and gesture in t.can and t.number)


def test_a_card_carried_to_in_progress_is_claimed_with_undo(o: Opened) -> None:
    number = first(o, "todo", "claim")
    assert drag(o, number, "doing") == "Claim"
    assert o.window.shell.toast.isVisible() and o.engine.named("task_claim") == []
    o.window.ui.drafts.flush()
    assert o.engine.named("task_claim") == [{"org": o.window.ui.org, "task": ident(f"task {number}")}]


def test_a_card_carried_to_review_asks_what_was_done(o: Opened) -> None:
    drag(o, first(o, "doing", "submit"), "review")
    assert dialog(o, SubmitDialog).isVisible()
    assert o.engine.named("task_submit") == []


def test_a_card_carried_to_done_is_accepted_after_a_question(o: Opened) -> None:
    number = first(o, "review", "accept")
    drag(o, number, "done")
    QTest.keyClick(dialog(o, ConfirmDialog), Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert [c["task"] for c in o.engine.named("task_accept")] == [ident(f"task {number}")]


def test_a_card_carried_back_asks_for_changes(o: Opened) -> None:
    drag(o, first(o, "review", "changes"), "doing")
    assert dialog(o, NoteDialog).isVisible()


def test_an_impossible_move_is_refused_and_says_why(o: Opened) -> None:
    said: list[str] = []
    o.window.ui.said.connect(said.append)
    o.engine.reasons["accept"] = "not_submitted"
    number = next(t.number for t in o.engine.tasks.values() if t.status == "open")
    assert drag(o, number or 0, "done") == "Not possible"
    assert said and f"T-{number}" in said[0] and o.window.ui.texts.reason("not_submitted") in said[0]
    assert o.engine.named("task_accept") == []


def test_moves_that_mean_nothing_are_said_too(o: Opened) -> None:
    said: list[str] = []
    o.window.ui.said.connect(said.append)
    number = next(t.number for t in o.engine.tasks.values() if t.status == "submitted")
    drag(o, number or 0, "todo")
    assert len(said) == 1 and "T-" in said[0]
    assert not [name for name, _ in o.engine.calls if name in ("task_unassign", "task_changes")]


def test_a_card_let_go_where_it_lay_does_nothing(o: Opened) -> None:
    said: list[str] = []
    o.window.ui.said.connect(said.append)
    assert drag(o, first(o, "todo", "claim"), "todo") == ""
    assert said == [] and not o.window.shell.toast.isVisible()


def test_cards_move_by_keys_alone(o: Opened) -> None:
    page = o.window.shell.tasks
    lane = page.target("todo")
    number = first(o, "todo", "claim")
    lane.setFocus()
    lane.select(ident(f"task {number}"))
    QTest.keyClick(lane, Qt.Key.Key_Right, CONTROL)
    o.settle()
    o.window.ui.drafts.flush()
    assert [c["task"] for c in o.engine.named("task_claim")] == [ident(f"task {number}")]
    QTest.keyClick(lane, Qt.Key.Key_Right)
    assert page.target("doing").hasFocus()
    QTest.keyClick(page.target("doing"), Qt.Key.Key_Left)
    assert lane.hasFocus()


def test_every_pair_of_columns_has_a_meaning_or_none() -> None:
    names = [name for name, _ in LANES]
    assert set(MOVES) <= {(a, b) for a in names for b in (*names, "done") if a != b}


# -- calendar ----------------------------------------------------------------------------------
def test_calendar_shows_due_dates_and_opens_a_task(o: Opened) -> None:
    page = o.window.shell.tasks
    page._switch("calendar")
    o.settle()
    calendar = page.calendar
    with_date = [t for t in o.engine.tasks.values() if t.due_ms or t.expires_ms]
    assert with_date
    task = with_date[0]
    day = o.window.ui.texts.local(task.due_ms or task.expires_ms or 0).date()
    calendar.choose(day)
    assert task.id in [t.id for t in calendar.list.rows.rows()]
    calendar.list.select(task.id)
    QTest.keyClick(calendar.list, Qt.Key.Key_Return)
    o.settle()
    assert page.pane.task is not None and page.pane.task.id == task.id


def test_calendar_by_keys(o: Opened) -> None:
    page = o.window.shell.tasks
    key(o, Qt.Key.Key_M)
    grid = page.calendar.grid
    today = o.window.ui.texts.local(NOW_MS).date()
    assert grid.day == today and grid.hasFocus()
    QTest.keyClick(grid, Qt.Key.Key_Right)
    assert (grid.day - today).days == 1
    QTest.keyClick(grid, Qt.Key.Key_Down)
    assert (grid.day - today).days == 8
    QTest.keyClick(grid, Qt.Key.Key_PageDown)
    assert grid.day.month != date.fromordinal(today.toordinal() + 8).month
    QTest.keyClick(grid, Qt.Key.Key_Home)
    assert grid.day == today
    assert str(today.day) in grid.accessibleName()


def test_calendar_fits_every_size(opened: Callable[..., Opened]) -> None:
    o = opened(FakeEngine(), size=(900, 620), language="zh", scale=150)
    o.go("tasks")
    o.window.shell.tasks._switch("calendar")
    o.settle()
    assert o.window.shell.tasks.calendar.grid.isVisible()
    QApplication.processEvents()
    assert not o.window.grab().isNull()


def test_closing_the_detail_keeps_the_keys_on_the_page(o: Opened) -> None:
    page = o.window.shell.tasks
    o.go("tasks", ident("task 214"))
    o.until(lambda: page.pane.task is not None)
    page.pane.shut.setFocus()
    QTest.keyClick(page.pane.shut, Qt.Key.Key_Escape)
    o.settle()
    focused = QApplication.focusWidget()
    assert focused is not None and page.isAncestorOf(focused)


def test_dialogs_begin_at_their_first_field(o: Opened) -> None:
    shell = o.window.shell
    for page, tab in (("people", "firms"), ("people", "delegations"), ("people", "departments")):
        o.go(page, tab)
        shell.primary()
        o.settle()
        shown = next(d for d in o.window.findChildren(Dialog) if d.isVisible())
        assert isinstance(shown.focusWidget(), QLineEdit | QComboBox), (page, tab)
        shown.reject()
        o.settle()


def test_cut_text_is_told_in_full(o: Opened) -> None:
    delegate = o.window.shell.tasks._list.itemDelegate()
    task = next(iter(o.engine.tasks.values()))
    assert isinstance(delegate, RowDelegate)
    assert delegate._is_cut(QRect(0, 0, 520, 36), replace(task, title="A very long title " * 9))
    assert not delegate._is_cut(QRect(0, 0, 1_400, 36), replace(task, title="Short", labels=()))
