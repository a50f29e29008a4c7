"""Attached files in the window: fetched, looked at, saved, dropped; names are labels, contents are plain."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QPlainTextEdit

from dao_app.app import views as v
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.settings import SettingsDialog
from dao_app.ui.files import PreviewDialog
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.file_row import FileRow
from tests.fakes.files import attached
from tests.fakes.sample import AMARA, final, ident
from tests.ui.conftest import Opened
from tests.ui.test_pages import dialog, o, open_task

__all__ = ["o"]  # a fixture

TASK = ident("task 214")


def put(o: Opened, name: str, state: str, here: int = 0) -> str:
    id_ = ident(f"file {name}")
    comment = v.CommentView(id_, AMARA, "", False, final(1_000), (), attached(name, 4_096, state, here))
    o.engine.comments[TASK] = [comment]
    return id_


def file_row(o: Opened) -> FileRow:
    (found,) = o.window.shell.tasks.pane._posts.findChildren(FileRow)
    return found


def buttons(o: Opened) -> dict[str, Button]:
    return {button.accessibleName() or button.text(): button for button in file_row(o).findChildren(Button)}


def press(o: Opened, gesture: str) -> None:
    name = o.window.ui.t(f"attachment.{gesture}")
    next(b for b in file_row(o).findChildren(Button) if name in (b.accessibleName(), b.text())).click()
    o.settle()


def test_a_file_is_fetched_and_stopped(o: Opened) -> None:
    id_ = put(o, "plan.txt", "absent")
    open_task(o, 214)
    press(o, "fetch")
    assert o.engine.named("attachment_fetch")[0]["attachment"] == id_
    o.until(lambda: o.engine.comments[TASK][0].file.state == "coming")
    o.until(lambda: "stop" in file_row_gestures(o))
    press(o, "stop")
    assert o.engine.named("attachment_stop")[0]["attachment"] == id_


def file_row_gestures(o: Opened) -> list[str]:
    names = {o.window.ui.t(f"attachment.{g}"): g for g in ("fetch", "stop", "preview", "save", "drop")}
    rows = o.window.shell.tasks.pane._posts.findChildren(FileRow)
    found = [b for row in rows for b in row.findChildren(Button)]
    return [names[n] for b in found for n in (b.accessibleName(), b.text()) if n in names]


def test_a_text_is_shown_as_it_is(o: Opened) -> None:
    put(o, "notes.txt", "here")
    open_task(o, 214)
    press(o, "preview")
    shown = dialog(o, PreviewDialog)
    (field,) = shown.findChildren(QPlainTextEdit)
    assert field.toPlainText() == "<b>first</b> line\nsecond line" and field.isReadOnly()


def test_a_picture_is_shown(o: Opened) -> None:
    put(o, "photo.png", "here")
    open_task(o, 214)
    press(o, "preview")
    shown = dialog(o, PreviewDialog)
    assert any(not label.pixmap().isNull() for label in shown.findChildren(QLabel))


def test_anything_else_is_not_shown(o: Opened) -> None:
    put(o, "tool.bin", "here")
    open_task(o, 214)
    press(o, "preview")
    shown = dialog(o, PreviewDialog)
    assert not shown.findChildren(QPlainTextEdit)
    assert not any(not label.pixmap().isNull() for label in shown.findChildren(QLabel))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\x00b", "CON", "x" * 250 + ".txt"])
def test_saving_offers_a_harmless_name(o: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    put(o, name, "here")
    open_task(o, 214)
    offered: list[str] = []

    def choose(owner: object, title: str, proposed: str, **more: object) -> tuple[str, str]:
        offered.append(proposed)
        return str(tmp_path / "chosen"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    press(o, "save")
    assert "/" not in offered[0] and "\0" not in offered[0] and offered[0].upper() != "CON"
    assert o.engine.named("attachment_save")[0]["path"] == str(tmp_path / "chosen")


def test_removing_asks_first(o: Opened) -> None:
    id_ = put(o, "plan.txt", "here")
    open_task(o, 214)
    press(o, "drop")
    asked = dialog(o, ConfirmDialog)
    assert not o.engine.named("attachment_drop")
    asked.main.click()
    o.settle()
    assert o.engine.named("attachment_drop")[0]["attachment"] == id_


def test_a_file_is_attached_after_being_asked(o: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "plan.txt"
    path.write_text("plan")
    open_task(o, 214)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *given: (str(path), ""))
    o.window.shell.tasks.pane.composer.attach.emit()
    asked = dialog(o, ConfirmDialog)
    assert not o.engine.named("attachment_add")
    asked.main.click()
    o.settle()
    assert o.engine.named("attachment_add")[0] == {"org": o.window.ui.org, "target": TASK, "path": str(path)}


def test_a_file_dropped_on_the_field_is_attached(o: Opened, tmp_path: Path) -> None:
    open_task(o, 214)
    composer = o.window.shell.tasks.pane.composer
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/x"), QUrl.fromLocalFile(str(tmp_path / "a.txt"))])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    composer.dropEvent(event)
    dialog(o, ConfirmDialog).main.click()
    o.settle()
    assert o.engine.named("attachment_add")[0]["path"] == str(tmp_path / "a.txt")


def test_the_room_for_files_is_set(o: Opened) -> None:
    shown = SettingsDialog(o.window.ui, o.window)
    shown.open()
    o.settle()
    assert shown._room.currentData() == str(1024**3) and "300" in shown._used.text()
    shown._room.pick(str(5 * 1024**3))
    shown._set_room()
    o.settle()
    assert o.engine.named("attachment_quota") == [{"quota": 5 * 1024**3}]
