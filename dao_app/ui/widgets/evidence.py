"""Files named by their digests: a list to look at, and one that can be added to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.app.views_tasks import FileView
from dao_app.core.limits import FILES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.evidence import Digests, Named
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label, tip
from dao_app.ui.widgets.layout import clear, column, row

KIB = 1024


def size_text(ui: Ui, size: int) -> str:
    """ "212 KB", in steps of 1,024, never less than what is there."""
    for unit in ("size.b", "size.kb", "size.mb"):
        if size < KIB:
            return ui.t(unit, n=size)
        size = -(-size // KIB)
    return ui.t("size.gb", n=size)


class FileLines(QWidget):
    """Files with size and the beginning of their digest; the whole digest is in the tooltip."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._lines = column(ui, gap=4)
        self.setLayout(self._lines)

    def show_files(self, files: Sequence[FileView]) -> None:
        clear(self._lines)
        for file in files:
            self._lines.addLayout(file_line(self._ui, file))


def file_line(ui: Ui, file: FileView, *after: QWidget) -> QHBoxLayout:
    name = Label(ui, elide=True)
    name.say(isolate(file.name))
    size = Label(ui, role="caption", tone="text3")
    size.say(size_text(ui, file.size))
    mark = Label(ui, role="mono", tone="text3")
    mark.say(file.hash[:8])
    tip(mark, file.hash)
    line = row(ui, IconView(ui, "note", "text2", 14), name, size, mark, *after, gap=8)
    line.setStretch(1, 1)
    return line


class FilePicker(QWidget):
    """Files to be named: chosen from the disk, or dropped on it; each can be taken off again."""

    problem = Signal(GuildhallError)
    resized = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._files: list[Named] = []
        self._digests = Digests(self)
        self._digests.ready.connect(self._add)
        self._digests.failed.connect(self.problem)
        self._lines = column(ui, gap=4)
        self._choose = Button(ui, "evidence.add", icon="plus")
        self._choose.clicked.connect(self.choose)
        self.setLayout(column(ui, self._lines, row(ui, self._choose, None), gap=6))
        self.setAcceptDrops(True)

    def files(self) -> list[list[object]]:
        return [list(file) for file in self._files]

    def put(self, files: Sequence[FileView]) -> None:
        self._files = [(f.hash, f.name, f.size) for f in files]
        self._show()

    def choose(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, self._ui.t("evidence.add"))
        self.take([Path(path) for path in paths])

    def take(self, paths: Sequence[Path]) -> None:
        """Name these files once their digests are known."""
        for path in paths[: FILES_MAX - len(self._files)]:
            self._digests.take(path)

    def _add(self, file: Named) -> None:
        if len(self._files) < FILES_MAX and file[0] not in [known[0] for known in self._files]:
            self._files.append(file)
            self._show()

    def _drop(self, digest: str) -> None:
        self._files = [file for file in self._files if file[0] != digest]
        self._show()

    def _show(self) -> None:
        clear(self._lines)
        for file in self._files:
            away = IconButton(self._ui, "x", "evidence.remove")
            away.setFixedHeight(self._ui.look.px(24))
            away.clicked.connect(lambda _=False, digest=file[0]: self._drop(digest))
            self._lines.addLayout(file_line(self._ui, FileView(*file), away))
        self._choose.setEnabled(len(self._files) < FILES_MAX)
        self.resized.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt)
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt)
        self.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
