"""A list model of frozen views: rows keep their place, and only what changed is told to the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from dao_app.ui.widgets.labels import plain_tooltip

VIEW = int(Qt.ItemDataRole.UserRole) + 1
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Group:
    """A headline between rows; it cannot be chosen."""

    title: str
    note: str = ""


class ViewModel(QAbstractListModel):
    """Rows of one kind. ``identify`` gives the object's id, ``describe`` the full text for screen readers."""

    def __init__(
        self, identify: Callable[[Any], str], describe: Callable[[Any], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._identify, self._describe = identify, describe
        self._rows: list[Any] = []

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show these; where the ids are the same in the same order, changed rows are repainted in place."""
        new = list(rows)
        same = len(new) == len(self._rows) and all(
            self._id(a) == self._id(b) for a, b in zip(new, self._rows, strict=True)
        )
        if same:
            for place, (before, after) in enumerate(zip(self._rows, new, strict=True)):
                if before != after:
                    self._rows[place] = after
                    index = self.index(place)
                    self.dataChanged.emit(index, index)
            return
        self.beginResetModel()
        self._rows = new
        self.endResetModel()

    def again(self) -> None:
        """Everything looks different now (language, theme, clock)."""
        if self._rows:
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def rows(self) -> Sequence[Any]:
        return self._rows

    def view(self, index: Index) -> Any:
        return self._rows[index.row()] if index.isValid() and index.row() < len(self._rows) else None

    def place(self, identity: str) -> int:
        """Row of an object, or −1."""
        for place, row in enumerate(self._rows):
            if not isinstance(row, Group) and self._identify(row) == identity:
                return place
        return -1

    def _id(self, row: Any) -> str:
        return f"group {row.title}" if isinstance(row, Group) else self._identify(row)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt)
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:
        row = self.view(index)
        if row is None:
            return None
        if role == VIEW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.title if isinstance(row, Group) else self._describe(row)
        if role == Qt.ItemDataRole.ToolTipRole and getattr(getattr(row, "stamp", None), "state", "final") != "final":
            return plain_tooltip(self._describe(row))  # says whom a pending row waits for
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if isinstance(self.view(index), Group):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
