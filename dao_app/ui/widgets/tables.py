"""A list of rows under its header, with what stands there while it is empty."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.ui.context import Ui
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.widgets.layout import column
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Cell, Col, Header, RowDelegate, RowList


class Table(QStackedWidget):
    """``opened`` and ``picked`` carry the view of a row. ``empty`` is the catalogue's prefix of the empty state."""

    opened = Signal(object)
    picked = Signal(object)
    wanted = Signal()

    def __init__(
        self,
        ui: Ui,
        name: str,
        columns: Sequence[Col],
        identify: Callable[[Any], str],
        cells: Callable[[Any], Sequence[Cell]],
        describe: Callable[[Any], str],
        empty: str,
        action: str = "",
        height: int = 36,
    ) -> None:
        super().__init__()
        self._wanted = ""
        self.rows = ViewModel(identify, describe, self)
        self.list = RowList(ui, self.rows, RowDelegate(ui, columns, cells, height), name)
        self.list.opened.connect(self.opened)
        self.list.picked.connect(self.picked)
        holder = QWidget()
        inner = column(ui, Header(ui, columns, self.list), self.list, margins=(16, 10, 16, 8))
        inner.setStretch(1, 1)
        holder.setLayout(inner)
        self.empty = Empty(ui, empty, f"{empty}_why", action)
        self.empty.pressed.connect(self.wanted)
        self.addWidget(holder)
        self.addWidget(self.empty)

    def show_rows(self, rows: Sequence[Any]) -> None:
        self.rows.set_rows(rows)
        self.setCurrentIndex(0 if rows else 1)
        if self._wanted and self.list.select(self._wanted):
            self._wanted = ""

    def choose(self, identity: str) -> None:
        """Make a row the current one, now or when it arrives."""
        self._wanted = "" if self.list.select(identity) else identity
        self.list.setFocus()

    def current(self) -> Any:
        return self.rows.view(self.list.currentIndex())
