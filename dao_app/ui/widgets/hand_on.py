"""What is handed on to another device or person: as link, text, picture and file, with words to compare aloud."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import segno
from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QWidget
from segno.encoder import DataOverflowError

from dao_app.app.errors import StorageError
from dao_app.ui.context import Ui
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row

QR_QUIET_MODULES = 4  # ISO/IEC 18004: quiet zone around the symbol
QR_FILE_SCALE = 8  # pixels per module of the saved picture
QR_EDGE = 196  # pixels of the look
QR_MODULE_LEAST = 2  # pixels of the look; finer ones are not read by cameras
WORDS_IN_A_LINE = 6


def matrix_of(text: str) -> list[list[int]] | None:
    """The modules of the text's QR code; None where it is too long for one."""
    try:
        return [list(line) for line in segno.make(text, error="l", micro=False).matrix]
    except DataOverflowError:
        return None


def qr_png(text: str) -> bytes:
    """The text's picture as a PNG file. Raises DataOverflowError."""
    buffer = io.BytesIO()
    segno.make(text, error="l", micro=False).save(buffer, kind="png", scale=QR_FILE_SCALE, border=QR_QUIET_MODULES)
    return buffer.getvalue()


class QrView(QWidget):
    """A QR code, black on white in both themes so that cameras read it; larger where there is much in it."""

    def __init__(self, ui: Ui, matrix: list[list[int]]) -> None:
        super().__init__()
        self._ui, self._matrix = ui, matrix
        self.relook()

    def relook(self) -> None:
        least = QR_MODULE_LEAST * (len(self._matrix) + 2 * QR_QUIET_MODULES)
        edge = self._ui.look.px(max(QR_EDGE, least))
        self.setFixedSize(edge, edge)
        self.setAccessibleName(self._ui.t("invite.picture"))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        count = len(self._matrix) + 2 * QR_QUIET_MODULES
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor("white"))
            module = self.width() / count
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            for y, line in enumerate(self._matrix):
                for x, dark in enumerate(line):
                    if dark:
                        left, top = round((x + QR_QUIET_MODULES) * module), round((y + QR_QUIET_MODULES) * module)
                        right = round((x + 1 + QR_QUIET_MODULES) * module)
                        bottom = round((y + 1 + QR_QUIET_MODULES) * module)
                        painter.fillRect(QRectF(left, top, right - left, bottom - top), QColor("black"))


class HandOn(QWidget):
    """``name`` is that of saved files, without ending; ``secret``: the clipboard forgets it after a while."""

    failed = Signal(object)

    def __init__(
        self, ui: Ui, link: str, text: str, words: Sequence[str], words_text: str, name: str, secret: bool = True
    ) -> None:
        super().__init__()
        self._ui, self._link, self._text, self._name, self._secret = ui, link, text, name, secret
        matrix = matrix_of(link)
        line = Line(ui, name="invite.link", bytes_max=len(link) + 1, mono=True)
        line.setText(link)
        line.setReadOnly(True)
        line.setCursorPosition(0)
        buttons = []
        for key, icon, act in (
            ("invite.copy_link", "copy", self._copy_link),
            ("invite.copy_text", "note", self._copy_text),
            ("invite.save_picture", "qr", self._save_picture),
            ("invite.save_file", "down", self._save_file),
        ):
            if key == "invite.save_picture" and matrix is None:
                continue
            button = Button(ui, key, icon=icon, wide=True)
            button.clicked.connect(act)
            buttons.append(button)
        shown = [Label(ui, weight=600) for _ in range(0, len(words), WORDS_IN_A_LINE)]
        for place, label in enumerate(shown):
            label.say(" · ".join(words[place * WORDS_IN_A_LINE : (place + 1) * WORDS_IN_A_LINE]))
        compare = [Paragraph(ui, words_text, role="caption", tone="text2"), *shown] if words else []
        right = column(ui, Label(ui, "invite.link", weight=600), line, 2, *buttons, 4, *compare, None, gap=6)
        both = row(ui, gap=20)
        if matrix is not None:
            qr = QrView(ui, matrix)
            both.addLayout(column(ui, Box(ui, "card", row(ui, qr, margins=(6, 6, 6, 6))), None))
        both.addLayout(right, 1)
        self._said = Label(ui, role="caption", tone="accent")
        self.setLayout(column(ui, both, self._said, gap=6))

    def _copy(self, text: str) -> None:
        if self._secret:
            self._ui.clipboard.copy_secret(text)
            self._said.say_key("invite.copied")
        else:
            self._ui.clipboard.copy(text)
            self._said.say_key("link.copied")

    def _copy_link(self) -> None:
        self._copy(self._link)

    def _copy_text(self) -> None:
        self._copy(self._text)

    def _save_picture(self) -> None:
        self._save("invite.save_picture", f"{self._name}.png", qr_png(self._link))

    def _save_file(self) -> None:
        self._save("invite.save_file", f"{self._name}.txt", self._text.encode() + b"\n")

    def _save(self, title: str, name: str, data: bytes) -> None:
        path, _ = QFileDialog.getSaveFileName(self, self._ui.t(title), name)
        if path:
            self.save_to(Path(path), data)

    def save_to(self, path: Path, data: bytes) -> None:
        """Write the file, or say why not."""
        try:
            path.write_bytes(data)
        except OSError as error:
            self.failed.emit(StorageError("file_unwritable", path=path.name, detail=error.strerror or ""))
        else:
            self._said.say(self._ui.t("invite.saved", name=path.name))
