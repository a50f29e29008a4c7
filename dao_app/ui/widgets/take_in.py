"""Where something that was handed on comes in: typed or pasted, from a text file or picture, or a picture copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from dao_app.app.errors import InputError
from dao_app.ui import pictures
from dao_app.ui.context import Ui
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.layout import row

LINK_CHARS_MAX = 16 * 1024


class TakeIn(QWidget):
    """``changed`` with every text that is put in; ``failed`` where a file or picture holds none."""

    changed = Signal(str)
    failed = Signal(object)

    def __init__(self, ui: Ui, hint: str, name: str) -> None:
        super().__init__()
        self._ui = ui
        self.line = Line(ui, hint, name, LINK_CHARS_MAX, mono=True)
        self.line.textChanged.connect(self.changed)
        file = Button(ui, "join.open_file", icon="down", height=32)
        file.clicked.connect(self._open_file)
        board = Button(ui, "join.from_clipboard", icon="qr", height=32)
        board.clicked.connect(self._from_clipboard)
        layout = row(ui, self.line, file, board, gap=8)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.setFocusProxy(self.line)

    def text(self) -> str:
        return self.line.text()

    def put(self, link: str) -> None:
        """A text that came with the start of the program, a file or a picture."""
        self.line.setText(" ".join(link.split()))
        self.line.setCursorPosition(0)

    def clear(self) -> None:
        self.line.clear()

    def _open_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._ui.t("join.open_file"), "", self._ui.t("join.file_kinds"))
        if path:
            self.take_file(Path(path))

    def take_file(self, path: Path) -> None:
        """Read a text file or picture."""
        self._take(lambda: pictures.invitation_in_file(path))

    def _from_clipboard(self) -> None:
        self._take(lambda: pictures.invitation_in_picture(pictures.clipboard_picture()))

    def _take(self, read: Callable[[], str]) -> None:
        try:
            text = read()
        except InputError as error:
            self.failed.emit(error)
        else:
            self.put(text)
