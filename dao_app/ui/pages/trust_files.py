"""Notarised files: a file dropped here is looked up by its digest, or written down."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from dao_app.app.errors import GuildhallError, NotFound
from dao_app.app.texts import isolate
from dao_app.app.views_proofs import FileRow
from dao_app.core.limits import TITLE_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.proofs import FileDialog, file_title, proof_shown
from dao_app.ui.evidence import Digests, Named
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.proofs import check_proof
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.evidence import size_text
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Cell, Col, Header, RowDelegate, RowList

COLUMNS = (
    Col("file.name"),
    Col("file.size", width=84, right=True, drop=8),
    Col("file.by", width=150, drop=12),
    Col("file.digest", width=150, drop=20),
    Col("trust.checkpoint", width=96, right=True),
    Col("col.state", width=116, drop=4),
)


class FilesTab(QWidget):
    """See the module."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._digests = Digests(self)
        self._digests.ready.connect(self._look_up)
        self._digests.failed.connect(ui.failed)
        add, check = Button(ui, "file.add", icon="plus", key="N"), Button(ui, "proof.check", "link", icon="shield")
        add.clicked.connect(self.choose)
        check.clicked.connect(self.check)
        hint = Paragraph(ui, "file.drop", tone="text2")
        zone = row(ui, IconView(ui, "shield", "text2", back="sunken"), hint, add, gap=12, margins=(14, 10, 12, 10))
        zone.setStretch(1, 1)
        model = ViewModel(lambda r: r.hash, self._describe, self)
        self.files = RowList(ui, model, RowDelegate(ui, COLUMNS, self._cells), "trust.tab.files")
        self.files.opened.connect(self.show_file)
        listing = QWidget()
        inner = column(ui, Header(ui, COLUMNS, self.files), self.files)
        inner.setStretch(1, 1)
        listing.setLayout(inner)
        self._stack = QStackedWidget()
        self._stack.addWidget(listing)
        self._stack.addWidget(Empty(ui, "file.empty", "file.empty_why"))
        foot = row(ui, check, None, margins=(4, 4, 0, 4))
        layout = column(ui, Box(ui, "well", zone), 8, self._stack, foot, margins=(16, 14, 16, 8))
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def refresh(self) -> None:
        self._ui.ask(self, "file_list", self._show)

    def _show(self, rows: tuple[FileRow, ...]) -> None:
        self.files.rows.set_rows(rows)
        self._stack.setCurrentIndex(0 if rows else 1)

    def _cells(self, row_: FileRow) -> Sequence[Cell]:
        ui = self._ui
        return [
            Cell(file_title(ui, row_)),
            Cell(size_text(ui, row_.size), tone="text2", role="caption"),
            Cell(ui.name_you(row_.person), person=row_.person),
            Cell(row_.hash[:16], tone="text3", role="mono"),
            Cell(ui.texts.number(row_.height) if row_.height else "–", tone="text2"),
            show.stamp_cell(ui, row_.stamp),
        ]

    def _describe(self, row_: FileRow) -> str:
        ui = self._ui
        before = ui.t("proof.existed", height=row_.height) if row_.height else ""
        parts = (file_title(ui, row_), ui.name_you(row_.person), before, ui.stamp_text(row_.stamp))
        return ui.t("list.comma").join(part for part in parts if part)

    # -- gestures ------------------------------------------------------------------------------
    def choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self._ui.t("file.add"))
        if path:
            self.take(Path(path))

    def take(self, path: Path) -> None:
        """Look a file up by its digest; where it is not notarised, ask whether it shall be."""
        self._digests.take(path)

    def check(self) -> None:
        check_proof(self._ui, self, proof_shown(self._ui, self))

    def _look_up(self, file: Named) -> None:
        self._ui.ask(self, "file_check", self.show_file, partial(self._unknown, file), hash=file[0])

    def show_file(self, row_: object) -> None:
        if isinstance(row_, FileRow):
            FileDialog(self._ui, self.window(), row_).open()

    def _unknown(self, file: Named, error: GuildhallError) -> None:
        ui, (digest, name, size) = self._ui, file
        if not isinstance(error, NotFound) or not ui.can("comment.add"):
            ui.failed.emit(error)
            return

        def act(dialog: ConfirmDialog) -> None:
            title = name.encode()[:TITLE_BYTES_MAX].decode(errors="ignore")
            dialog.write("file_notarise", self._done, hash=digest, size=size, title=title)

        facts = [("file.name", isolate(name)), ("file.size", size_text(ui, size)), ("file.digest", digest[:16])]
        ConfirmDialog(
            ui, self.window(), "file.notarise", "file.notarise_text", "file.notarise_verb", facts, act
        ).open()

    def _done(self, row_: object) -> None:
        if isinstance(row_, FileRow):
            self._ui.said.emit(self._ui.t("file.done", name=file_title(self._ui, row_)))
        self.refresh()
