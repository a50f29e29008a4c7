"""Attached files in the window: choosing, fetching, looking at, saving. A file is shown as text or as a picture or not
at all, and never handed to another program."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QSize, Qt
from PySide6.QtGui import QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QFileDialog, QLabel, QPlainTextEdit, QWidget

from dao_app.app.texts import isolate
from dao_app.app.views import CommentView
from dao_app.app.views_files import FilePreview
from dao_app.core.attachment import safe_name
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.posts import Composer

PICTURE_EDGE = 560  # pixels of the look, in which a picture is shown
PICTURE_MIB_MAX = 128  # what decoding one may take


def attach_file(ui: Ui, owner: QWidget, target: str, done: Callable[[], None]) -> None:
    """Ask for a file and hang it on the object."""
    path, _ = QFileDialog.getOpenFileName(owner, ui.t("attachment.choose"))
    if path:
        attach_path(ui, owner, target, Path(path), done)


def attach_path(ui: Ui, owner: QWidget, target: str, path: Path, done: Callable[[], None]) -> None:
    def ask(dialog: ConfirmDialog) -> None:
        dialog.write("attachment_add", lambda _: done(), target=target, path=str(path.absolute()))

    facts = [("file.name", isolate(path.name))]
    ConfirmDialog(ui, owner.window(), "attachment.title", "attachment.about", "attachment.verb", facts, ask).open()


def take_files(ui: Ui, owner: QWidget, composer: Composer, target: Callable[[], str], done: Callable[[], None]) -> None:
    """Let a composer hang files on the object that ``target`` names then ("": none)."""

    def attach(path: str = "") -> None:
        on = target()
        if on and path:
            attach_path(ui, owner, on, Path(path), done)
        elif on:
            attach_file(ui, owner, on, done)

    composer.attach.connect(attach)
    composer.dropped.connect(attach)


def on_file(ui: Ui, owner: QWidget, comment: CommentView, gesture: str, done: Callable[[], None]) -> None:
    """Do one of ``AttachedFile.can``."""
    if gesture == "preview":
        ui.ask(owner, "attachment_preview", lambda found: _show(ui, owner, found), attachment=comment.id)
    elif gesture == "save":
        _save(ui, owner, comment)
    elif gesture == "drop":
        _drop(ui, owner, comment, done)
    else:
        ui.write(owner, f"attachment_{gesture}", lambda _: done(), attachment=comment.id)


def _show(ui: Ui, owner: QWidget, found: object) -> None:
    assert isinstance(found, FilePreview)
    PreviewDialog(ui, owner.window(), found).open()


def _save(ui: Ui, owner: QWidget, comment: CommentView) -> None:
    assert comment.file is not None
    options = QFileDialog.Option.DontConfirmOverwrite  # nothing is ever written over: the engine says so
    path, _ = QFileDialog.getSaveFileName(
        owner, ui.t("attachment.save"), safe_name(comment.file.name), options=options
    )
    if path:
        ui.write(
            owner, "attachment_save", lambda _: ui.said.emit(ui.t("attachment.saved")), attachment=comment.id,
            path=str(Path(path).absolute()),
        )  # fmt: skip


def _drop(ui: Ui, owner: QWidget, comment: CommentView, done: Callable[[], None]) -> None:
    assert comment.file is not None

    def act(dialog: ConfirmDialog) -> None:
        dialog.write("attachment_drop", lambda _: done(), attachment=comment.id)

    facts = [("file.name", isolate(comment.file.name))]
    ConfirmDialog(
        ui, owner.window(), "attachment.drop.title", "attachment.drop.text", "attachment.drop", facts, act, signed=False
    ).open()


class PreviewDialog(Dialog):
    """The beginning of a text, or a picture, as plain as it can be shown."""

    WIDTH = 640

    def __init__(self, ui: Ui, parent: QWidget, found: FilePreview) -> None:
        super().__init__(ui, parent, "attachment.preview.title", signed=False, name=isolate(found.name))
        picture = picture_of(ui, found) if found.kind == "image" else None
        if picture is not None:
            shown = QLabel()
            shown.setPixmap(picture)
            shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
            shown.setAccessibleName(ui.t("attachment.picture"))
            self.content.addWidget(shown)
        elif found.kind == "text":
            field = QPlainTextEdit(found.text)
            field.setReadOnly(True)
            field.setTabChangesFocus(True)
            field.setFont(ui.look.font("mono"))
            field.setFixedHeight(ui.look.px(360))
            field.setAccessibleName(ui.t("attachment.text"))
            self.content.addWidget(field)
            if found.cut:
                self.paragraph("attachment.cut")
        else:
            said = Paragraph(ui, tone="text2")
            said.say_key("attachment.no_preview")
            self.content.addWidget(said)


def picture_of(ui: Ui, found: FilePreview) -> QPixmap | None:
    """A foreign picture, reduced while it is read; None where it is none or would take too much memory."""
    data = QByteArray(base64.b64decode(found.image))
    buffer = QBuffer(data)
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    QImageReader.setAllocationLimit(PICTURE_MIB_MAX)
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    size, edge = reader.size(), ui.look.px(PICTURE_EDGE)
    if not size.isValid():
        return None
    if max(size.width(), size.height()) > edge:
        reader.setScaledSize(size.scaled(QSize(edge, edge), Qt.AspectRatioMode.KeepAspectRatio))
    image: QImage = reader.read()
    return None if image.isNull() else QPixmap.fromImage(image)
