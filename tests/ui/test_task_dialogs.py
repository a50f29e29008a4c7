"""Tasks in the window: every field, assignment, steps, filters, tables; by keyboard and with undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from dao_app.app.errors import Refused
from dao_app.ui.dialogs.task_import import ImportDialog
from dao_app.ui.dialogs.tasks import AssignDialog, NoteDialog, TaskDialog, hundredths, minutes_of
from dao_app.ui.pages.task_pane import GESTURES
from dao_app.ui.widgets.fields import Check, Picker
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import NOW_MS, PRIYA, ident, make_task
from tests.ui.conftest import Opened
from tests.ui.test_pages import dialog, key, open_task, sign

Open = Callable[..., Opened]


@pytest.fixture
def o(opened: Open) -> Opened:
    return opened()


def test_all_fields_of_a_new_task_are_sent(o: Opened) -> None:
    o.go("tasks")
    key(o, Qt.Key.Key_N)
    shown = dialog(o, TaskDialog)
    assert not shown._rare.isVisible()
    shown.unfold(True)
    shown.title.setText("Paint the door")
    shown.due.setText("2026-03-20")
    shown.labels.setText("wood, paint，door")
    shown.priority.pick("high")
    shown.estimate.setText("1:30")
    shown.checklist.setPlainText("sand\nprime\n")
    shown.depends.setText("T-3, T-5")
    shown.repeat.pick("7")
    shown.seats.setText("2")
    shown.approval.setChecked(True)
    shown.draft.setChecked(True)
    assert "draft" in shown.main.text().lower()
    sign(o, shown)
    (call,) = o.engine.named("task_open")
    assert call["labels"] == ["wood", " paint", "door"]
    assert (call["priority"], call["estimate_min"], call["depends"]) == ("high", 90, ["T-3", "T-5"])
    assert (call["checklist"], call["every_days"], call["seats"]) == (["sand", "prime"], 7, 2)
    assert (call["approval"], call["draft"], call["due_ms"] > NOW_MS) == (True, True, True)


@pytest.mark.parametrize(
    ("field", "text"), [("title", " "), ("due", "soon"), ("estimate", "long"), ("seats", "0"), ("seats", "17")]
)
def test_faults_are_said_at_their_field_and_nothing_is_sent(o: Opened, field: str, text: str) -> None:
    o.go("tasks")
    o.window.shell.tasks.primary()
    shown = dialog(o, TaskDialog)
    shown.title.setText("T")
    getattr(shown, field).setText(text)
    sign(o, shown)
    assert shown.isVisible() and o.engine.named("task_open") == []
    assert getattr(shown, field).isVisible()
    assert getattr(shown, field).property("bad")


def test_a_date_in_the_past_is_said_and_allowed(o: Opened) -> None:
    o.go("tasks")
    o.window.shell.tasks.primary()
    shown = dialog(o, TaskDialog)
    shown.title.setText("T")
    shown.due.setText("2020-01-01")
    assert "past" in shown._due_field._note.text()
    sign(o, shown)
    assert o.engine.named("task_open")


def test_a_task_is_changed_with_what_it_asks_for_filled_in(o: Opened) -> None:
    open_task(o, 225)
    key(o, Qt.Key.Key_E)
    shown = dialog(o, TaskDialog)
    assert shown.title.text() == "Print view for the member register"
    assert shown.reward.text() == "20" and shown.approval.isChecked() and shown._rare.isVisible()
    shown.title.setText("Print view")
    sign(o, shown)
    (call,) = o.engine.named("task_edit")
    assert (call["task"], call["title"], call["reward"], call["payer"]) == (
        ident("task 225"), "Print view", "20", "treasury",
    )  # fmt: skip


def test_applicants_are_assigned_with_shares_that_must_be_whole(o: Opened) -> None:
    open_task(o, 225)
    key(o, Qt.Key.Key_A)
    shown = dialog(o, AssignDialog)
    o.until(lambda: shown._add.count() > 2)
    assert "applied" in shown._add.itemText(1)
    for _ in range(2):
        shown._add.setCurrentIndex(1 + len(shown._shares))
        shown._chosen()
    lines = list(shown._shares.values())
    lines[0].setText("60")
    assert shown._sum.property("tone") == "danger"
    lines[1].setText("40")
    assert shown._sum.property("tone") == "text2"
    o.engine.fail["task_assign"] = Refused("reject.shares_bad")
    sign(o, shown)
    assert shown.isVisible() and shown.problem.isVisible()
    sign(o, shown)
    call = o.engine.named("task_assign")[-1]
    assert sorted(share for _, share in call["assignees"]) == ["40", "60"]
    assert PRIYA.id in [person for person, _ in call["assignees"]]


def test_a_step_is_ticked_by_the_keyboard(o: Opened) -> None:
    open_task(o, 214)
    boxes = o.window.shell.tasks.pane._steps.findChildren(Check)
    assert [box.isChecked() for box in boxes] == [True] * 4 + [False] * 2
    boxes[4].setFocus()
    key(o, Qt.Key.Key_Space, to=boxes[4])
    assert o.engine.named("task_tick") == [
        {"org": o.window.ui.org, "task": ident("task 214"), "item": 5, "done": True}
    ]


def test_steps_of_others_cannot_be_ticked(opened: Open) -> None:
    engine = FakeEngine()
    row = make_task(300, "Theirs", "claimed", 5, PRIYA, PRIYA, 0, items=2, ticked=1)
    engine.tasks[row.id] = row
    o = opened(engine)
    open_task(o, 300)
    assert not any(box.isEnabled() for box in o.window.shell.tasks.pane._steps.findChildren(Check))


def test_at_most_two_gestures_are_buttons_and_the_rest_is_in_the_menu(o: Opened) -> None:
    open_task(o, 207)
    pane = o.window.shell.tasks.pane
    assert [g for g, b in pane._buttons.items() if b.isVisible()] == ["accept", "changes"]
    names = [action.text() for action in pane.menu().actions()]
    assert names == ["Reject\tX", "Dispute\tD"]
    allowed = {g for g, _, _ in GESTURES if g in pane.task.can}  # type: ignore[union-attr]
    assert len(allowed) == 4


@pytest.mark.parametrize(("pressed", "method"), [(Qt.Key.Key_X, "task_reject"), (Qt.Key.Key_D, "task_dispute")])
def test_rejection_and_dispute_need_a_reason(o: Opened, pressed: Qt.Key, method: str) -> None:
    open_task(o, 207)
    key(o, pressed)
    shown = dialog(o, NoteDialog)
    sign(o, shown)
    assert shown.isVisible() and o.engine.named(method) == []
    shown.note.setPlainText("Half of it is missing.")
    sign(o, shown)
    (call,) = o.engine.named(method)
    assert call.get("note", call.get("reason")) == "Half of it is missing."


def test_work_is_started_and_given_back_after_undo_time(o: Opened) -> None:
    open_task(o, 214)
    key(o, Qt.Key.Key_W)
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("task_start")
    key(o, Qt.Key.Key_U)
    o.window.ui.drafts.undo()
    assert o.engine.named("task_unassign") == []


def test_filters_by_text_label_and_department(o: Opened) -> None:
    o.go("tasks")
    page = o.window.shell.tasks
    o.until(lambda: bool(page._tasks))

    def counts() -> list[int]:
        return [lane.list.rows.rowCount() for lane in page._lanes.values()]

    key(o, Qt.Key.Key_F)
    assert page._find.hasFocus()
    page._find.setText("relay")
    assert counts() == [0, 1, 0]
    page._find.setText("nothing of the kind")
    assert page._stack.currentWidget() is page._none
    page._none.pressed.emit()
    assert sum(counts()) == 13
    page._label.pick("ledger")
    assert counts() == [0, 1, 0]
    page._clear_filters()
    page._department.pick("Platform")
    assert counts() == [1, 1, 0]


def test_urgent_tasks_stand_first(o: Opened) -> None:
    o.go("tasks")
    page = o.window.shell.tasks
    o.until(lambda: bool(page._tasks))
    first = page._lanes["todo"].list.rows.rows()[0]
    assert first.priority == "urgent"


def test_filters_leave_a_top_bar_without_room(opened: Open) -> None:
    o = opened(size=(1000, 800))
    o.go("tasks")
    page = o.window.shell.tasks
    assert page._filters.line.isVisible() and page._find.isVisible()
    o.window.resize(1600, 900)
    o.settle()
    assert not page._filters.line.isVisible() and page._find.isVisible()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "old.csv"
    file.write_bytes("标题,金额,旧编号\n修楼梯,40,a1\n,15,a2\n刷门,10,a3\n".encode("gb18030"))
    return file


def test_a_table_is_looked_at_then_signed_as_one_gesture(o: Opened, table: Path) -> None:
    o.go("tasks")
    o.window.shell.tasks.import_table()
    shown = dialog(o, ImportDialog)
    assert not shown.main.isEnabled()
    shown.take_file(table)
    o.until(lambda: shown._preview is not None)
    assert shown._columns == ["title", "reward", ""]
    assert [line.line for line in shown._list.rows.rows()] == [3, 2, 4]  # what is wrong stands first
    assert "2 rows become tasks, 1 are left out" in shown._totals.text()
    assert o.engine.named("task_import") == []
    sign(o, shown)
    assert o.engine.named("task_import") == []
    assert o.window.ui.drafts.undo()
    assert o.engine.named("task_import") == []
    o.window.shell.tasks.import_table()
    shown = dialog(o, ImportDialog)
    shown.take_file(table)
    o.until(lambda: shown._preview is not None)
    sign(o, shown)
    o.window.ui.drafts.flush()
    o.settle()
    (call,) = o.engine.named("task_import")
    assert (call["lines"], call["payer"]) == ([2, 3, 4], "treasury")


def test_a_mapping_without_a_title_cannot_be_signed(o: Opened, table: Path) -> None:
    o.go("tasks")
    o.window.shell.tasks.import_table()
    shown = dialog(o, ImportDialog)
    shown.take_file(table)
    o.until(lambda: shown._preview is not None)
    title = next(p for p in shown.findChildren(Picker) if "标题" in p.accessibleName())
    title.pick("")
    o.settle()
    assert shown.problem.isVisible() and not shown.main.isEnabled()


@pytest.mark.parametrize("data", [b"", b"\x00\x00", b"\xff" * 10, b"title\n", b"x" * (2**20 + 1)])
def test_a_file_that_is_no_table_is_said_and_nothing_can_be_signed(o: Opened, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(data)
    o.go("tasks")
    o.window.shell.tasks.import_table()
    shown = dialog(o, ImportDialog)
    shown.take_file(file)
    assert shown.problem.isVisible() and not shown.main.isEnabled()
    shown.take_file(tmp_path / "gone.csv")
    assert shown.problem.isVisible()


@pytest.mark.parametrize(
    ("text", "minutes"), [("", 0), ("2", 120), ("1.5", 90), ("1:30", 90), ("0,25", 15), ("x", None), ("1:75", None),
                          ("-1", None), ("１", None), ("1.", None)]
)  # fmt: skip
def test_hours_are_read(text: str, minutes: int | None) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "part"), [("60", 6_000), ("33.34", 3_334), ("33,3", 3_330), ("", None), ("1.234", None), ("-5", None)]
)
def test_percents_are_read(text: str, part: int | None) -> None:
    assert hundredths(text) == part
