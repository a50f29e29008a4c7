"""Tasks from a table: choose the file, say what its columns are, look at what would be signed, sign it all.

Nothing is signed before the look; what is signed then can be undone as one gesture while it is held.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from dao_app.app import views_tasks as vt
from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.tables import TABLE_BYTES_MAX, Table, read_table
from dao_app.app.task_table import FIELDS, check_columns, guess_columns
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Field, Picker
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import clear, column, row, scrolling
from dao_app.ui.widgets.rows import Cell, Col, Header, RowDelegate, RowList

SAMPLES = 2  # cells of a column shown beside its heading
COLUMNS = (
    Col("col.line", width=44),
    Col("col.title"),
    Col("col.reward", width=104, right=True),
    Col("col.due", width=116),
    Col("col.problem", share=1),
)


class ImportDialog(Dialog):
    """See the module."""

    WIDTH = 760

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(ui, parent, "task.import", "task.import.verb")
        self._table: Table | None = None
        self._columns: list[str] = []
        self._preview: vt.ImportPreview | None = None
        self._choose = Button(ui, "task.import.choose", icon="below")
        self._choose.clicked.connect(self._open_file)
        self._about = Paragraph(ui, "task.import.help", "caption", "text2")
        self._payer = Picker(ui, "task.payer")
        may_fund = ui.can("task.fund") or ui.can("treasury.spend")
        self._payer.offer([*([("treasury", "task.payer.treasury")] if may_fund else []), ("own", "task.payer.own")])
        self._payer.currentIndexChanged.connect(lambda _: self._check())
        head = row(ui, self._choose, self._about, gap=12)
        head.setStretch(1, 1)
        self.content.addLayout(head)
        self._mapping = column(ui, gap=4)
        holder = QWidget()
        holder.setProperty("box", "raised")
        holder.setLayout(self._mapping)
        self._mapping_area = scrolling(holder)
        self.content.addWidget(self._mapping_area)
        self._payer_field = Field(ui, "task.payer", self._payer)
        self.content.addWidget(self._payer_field)
        model = ViewModel(lambda line: str(line.line), self._describe, self)
        self._list = RowList(ui, model, RowDelegate(ui, COLUMNS, self._cells), "task.import.rows")
        self._header = Header(ui, COLUMNS, self._list)
        self.content.addLayout(column(ui, self._header, self._list))
        self._totals = Paragraph(ui, weight=600)
        self.content.addWidget(self._totals)
        self._show_parts()
        self._choose.setFocus()

    # -- the file ------------------------------------------------------------------------------
    def _open_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.ui.t("task.import.choose"), "", self.ui.t("task.import.kinds"))
        if path:
            self.take_file(Path(path))

    def take_file(self, path: Path) -> None:
        """Read a table and guess its columns, or say why it is none."""
        self.problem.clear()
        try:
            with path.open("rb") as file:
                self._table = read_table(file.read(TABLE_BYTES_MAX + 1))
        except OSError as error:
            self._table = None
            self.refused(InputError("file_unreadable", path=path.name, detail=error.strerror or ""))
        except InputError as error:
            self._table = None
            self.refused(error)
        if self._table is not None:
            delimiter = {"\t": "Tab"}.get(self._table.delimiter, self._table.delimiter)
            rows = len(self._table.rows) - 1
            self._about.say(
                self.ui.t("task.import.read", name=isolate(path.name), n=rows, encoding=self._table.encoding.upper(),
                          delimiter=delimiter)
            )  # fmt: skip
            self._columns = guess_columns(self._table.rows[0])
        self._preview = None
        self._offer_mapping()
        self._check()

    def _offer_mapping(self) -> None:
        """One line for each column: heading, first cells, what it is."""
        clear(self._mapping)
        ui = self.ui
        if self._table is None:
            return
        for place, heading in enumerate(self._table.rows[0]):
            name = Label(ui, weight=600, elide=True)
            name.say(isolate(heading))
            samples = [r[place] for r in self._table.rows[1 : 1 + SAMPLES] if place < len(r) and r[place].strip()]
            sample = Label(ui, role="caption", tone="text3", elide=True)
            sample.say(" · ".join(isolate(cell) for cell in samples))
            picker = Picker(ui, "task.import.field")
            picker.offer([("", "task.field.none"), *((field, f"task.field.{field}") for field in FIELDS)])
            picker.setAccessibleName(f"{ui.t('task.import.field')}: {isolate(heading)}")
            picker.pick(self._columns[place])
            picker.currentIndexChanged.connect(partial(self._map, place, picker))
            picker.setFixedWidth(ui.look.px(170))
            line = row(ui, name, sample, picker, gap=10)
            line.setStretch(0, 2)
            line.setStretch(1, 3)
            self._mapping.addLayout(line)

    def _map(self, place: int, picker: Picker, _index: int) -> None:
        self._columns[place] = str(picker.currentData() or "")
        self._check()

    # -- the look ------------------------------------------------------------------------------
    def _request(self) -> dict[str, Any]:
        assert self._table is not None
        return {
            "rows": [list(r) for r in self._table.rows[1:]],
            "lines": list(self._table.lines[1:]),
            "columns": list(self._columns),
            "payer": self._payer.currentData(),
        }

    def _check(self) -> None:
        """Have the rows judged, where the columns make sense."""
        self._preview = None
        self._show_parts()
        if self._table is None:
            return
        try:
            check_columns(self._columns)
        except InputError as error:
            self.refused(error)
            return
        self.problem.clear()
        self.ui.ask(self, "task_import_check", self._show_preview, self.refused, **self._request())

    def _show_preview(self, preview: vt.ImportPreview) -> None:
        self._preview = preview
        self._list.rows.set_rows(sorted(preview.lines, key=lambda line: (not line.problem, line.line)))
        self._show_parts()

    def _show_parts(self) -> None:
        ui, found = self.ui, self._preview
        rows = len(self._table.rows[0]) if self._table else 0
        self._mapping_area.setVisible(rows > 0)
        self._mapping_area.setFixedHeight(min(rows, 5) * ui.look.px(36) + 2)
        self._payer_field.setVisible(rows > 0)
        for part in (self._header, self._list, self._totals):
            part.setVisible(found is not None)
        self._list.setFixedHeight(ui.look.px(216))
        self.busy(False)
        self.main.say_key("task.import.verb", n=found.good if found is not None else 0)
        if found is not None:
            self._totals.say(self._totals_text(found))
        self.fit()

    def _totals_text(self, found: vt.ImportPreview) -> str:
        ui = self.ui
        lines = [ui.t("task.import.counts", good=found.good, bad=found.bad)]
        for total in found.totals:
            available = ui.texts.figure(total.available_minor, total.reward.decimals)
            lines.append(ui.t("task.import.total", amount=ui.texts.amount(total.reward), available=available))
        return "\n".join(lines)

    def _problem_text(self, line: vt.ImportLine) -> str:
        if line.problem:
            return self.ui.texts.error_text(GuildhallError(line.problem, **line.params)).happened
        return self.ui.texts.join([self.ui.t(f"task.import.note.{note}") for note in line.notes])

    def _describe(self, line: vt.ImportLine) -> str:
        ui = self.ui
        reward = ui.texts.amount(line.reward) if line.reward else ""
        parts = (ui.t("task.import.line", n=line.line), isolate(line.title), reward, self._problem_text(line))
        return ui.t("list.comma").join(part for part in parts if part)

    def _cells(self, line: vt.ImportLine) -> list[Cell]:
        ui = self.ui
        bad = bool(line.problem)
        text = self._problem_text(line)
        return [
            Cell(ui.texts.number(line.line), tone="text3", role="caption"),
            Cell(isolate(line.title), tone="text3" if bad else "text"),
            Cell(ui.texts.amount(line.reward) if line.reward else "", tone="text2"),
            Cell(ui.texts.day(line.due_ms, ui.now_ms()) if line.due_ms else "", tone="text2", role="caption"),
            Cell(text, tone="danger" if bad else "provisional", role="caption", icon="warn" if bad else "",
                 icon_tone="danger"),
        ]  # fmt: skip

    def busy(self, busy: bool) -> None:
        """There is something to sign only after a look at good rows."""
        super().busy(busy or self._preview is None or not self._preview.good)

    # -- signing -------------------------------------------------------------------------------
    def accept_now(self) -> None:
        """Hold the whole import as one gesture; it is signed when the time to undo is over."""
        found, ui = self._preview, self.ui
        if found is None or not found.good:
            return
        params, owner = {**self._request(), "digest": found.digest}, self.parentWidget()
        ui.hold(
            ui.t("task.import.held", n=found.good),
            lambda: ui.write(owner, "task_import", lambda made: ui.said.emit(ui.t("task.imported", n=len(made))),
                             None, **params),
        )  # fmt: skip
        self.accept()
