"""An order of options to drag or move by keys; a line parts what is ranked from what is not."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.theme.painting import draw_chip

PLACE = Qt.ItemDataRole.UserRole  # number of the option from 1; 0 is the line
JOINED = Qt.ItemDataRole.UserRole + 1  # ranked equal with the row above
ROW_HEIGHT, LINE_HEIGHT, ROWS_SHOWN_MAX = 38, 24, 14
Index = QModelIndex | QPersistentModelIndex


def letter(place: int) -> str:
    """The letter of an option: A … Z, then AA …"""
    name = ""
    while place >= 0:
        name = chr(ord("A") + place % 26) + name
        place = place // 26 - 1
    return name


class _RowDelegate(QStyledItemDelegate):
    """Cards with rank, letter and name; dashed and unnumbered below the line."""

    def __init__(self, ui: Ui, ranking: Ranking) -> None:
        super().__init__(ranking)
        self._ui, self._ranking = ui, ranking

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt)
        height = ROW_HEIGHT if index.data(PLACE) else LINE_HEIGHT
        return QSize(10, self._ui.look.px(height))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, number = self._ui.look, index.data(PLACE)
        rect: QRect = option.rect  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not number:
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text3"))
            painter.drawText(
                rect.adjusted(look.px(4), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._ui.t("vote.rank.line")
            )
            painter.restore()
            return
        ranked = index.row() < self._ranking.line_row()
        state = option.state  # type: ignore[attr-defined]
        chosen = bool(state & QStyle.StateFlag.State_Selected) and self._ranking.hasFocus()
        card = rect.adjusted(1, look.px(2), -1, -look.px(2))
        pen = QPen(look.color("focus" if chosen else "border" if ranked else "borderStrong"), 2 if chosen else 1)
        if not ranked and not chosen:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(look.color("raised") if ranked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(card, look.px(6), look.px(6))
        self._paint_row(painter, card, number, self._ranking.rank_of(index.row()) if ranked else "–", ranked)
        painter.restore()

    def _paint_row(self, painter: QPainter, card: QRect, number: int, rank: str, ranked: bool) -> None:
        look = self._ui.look
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color("text3"))
        middle = card.center().y()
        for x in (12, 16):
            for y in (-4, 0, 4):
                painter.drawEllipse(card.left() + look.px(x), middle + look.px(y) - 1, look.px(2), look.px(2))
        painter.setFont(look.font("body", 600))
        painter.setPen(look.color("text" if ranked else "text3"))
        painter.drawText(
            QRect(card.left() + look.px(24), card.top(), look.px(24), card.height()),
            Qt.AlignmentFlag.AlignCenter, rank,
        )
        chip = QRect(card.left() + look.px(54), middle - look.px(9), look.px(20), look.px(18))
        draw_chip(painter, chip.toRectF(), look, letter(number - 1), "text2", "sunken")
        text = card.adjusted(look.px(82), 0, -look.px(8), 0)
        painter.setFont(look.font("body", 500 if ranked else 400))
        painter.setPen(look.color("text" if ranked else "text2"))
        name = painter.fontMetrics().elidedText(
            self._ranking.name_of(number), Qt.TextElideMode.ElideRight, text.width()
        )
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, name)


class Ranking(QListWidget):
    """Alt+↑↓ moves, Enter ranks next or takes back, = joins with the row above (where ties are allowed)."""

    changed = Signal()

    def __init__(self, ui: Ui, options: tuple[str, ...], tiers: bool) -> None:
        super().__init__()
        self._ui, self._options, self._tiers = ui, options, tiers
        self.setItemDelegate(_RowDelegate(ui, self))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setProperty("box", "plain")
        self.set_ranked([])
        self.model().rowsMoved.connect(lambda *_: self._moved())
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        rows = min(len(self._options), ROWS_SHOWN_MAX)
        self.setFixedHeight(rows * look.px(ROW_HEIGHT) + look.px(LINE_HEIGHT) + 4)
        self.setAccessibleName(self._ui.t("vote.rank.name"))
        self._speak()
        self.viewport().update()

    # -- the order -----------------------------------------------------------------------------
    def set_ranked(self, tiers: list[list[int]]) -> None:
        """Show this order; what it leaves out stands below the line."""
        known = range(1, len(self._options) + 1)
        self.blockSignals(True)
        self.clear()
        seen: set[int] = set()
        for tier in tiers:
            for place, number in enumerate(n for n in tier if n in known and n not in seen):
                seen.add(number)
                self._add(number, place > 0)
        self._add(0, False)
        for number in known:
            if number not in seen:
                self._add(number, False)
        self.setCurrentRow(0 if self.item(0).data(PLACE) else 1)
        self.blockSignals(False)
        self._speak()

    def _add(self, number: int, joined: bool) -> None:
        item = QListWidgetItem()
        item.setData(PLACE, number)
        item.setData(JOINED, joined)
        if not number:
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.addItem(item)

    def ranked(self) -> list[list[int]]:
        """The options above the line, best first; equal ones together."""
        tiers: list[list[int]] = []
        for place in range(self.line_row()):
            item = self.item(place)
            if item.data(JOINED) and tiers:
                tiers[-1].append(item.data(PLACE))
            else:
                tiers.append([item.data(PLACE)])
        return tiers

    def line_row(self) -> int:
        return next(place for place in range(self.count()) if not self.item(place).data(PLACE))

    def rank_of(self, place: int) -> str:
        """The number before a row above the line."""
        rank = sum(1 for at in range(place + 1) if at == 0 or not self.item(at).data(JOINED))
        return str(rank)

    def name_of(self, number: int) -> str:
        return show.title(self._options[number - 1])

    def rank_next(self, place: int) -> bool:
        """Rank the option at this place (from 0) behind those ranked so far, or take it back."""
        for at in range(self.count()):
            if self.item(at).data(PLACE) == place + 1:
                self._switch(at)
                return True
        return False

    # -- gestures ------------------------------------------------------------------------------
    def _switch(self, at: int) -> None:
        line = self.line_row()
        self._move(at, line if at > line else self.count() - 1)

    def _move(self, at: int, to: int) -> None:
        item = self.takeItem(at)
        item.setData(JOINED, False)
        self.insertItem(to, item)
        self.setCurrentRow(to)
        self._moved()

    def _moved(self) -> None:
        line = self.line_row()
        for place in range(self.count()):
            if place == 0 or place > line:
                self.item(place).setData(JOINED, False)
        self._speak()
        self.viewport().update()
        self.changed.emit()

    def _speak(self) -> None:
        line = self.line_row()
        for place in range(self.count()):
            item, number = self.item(place), self.item(place).data(PLACE)
            if number:
                rank = self.rank_of(place) if place < line else self._ui.t("vote.rank.unranked")
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{rank}, {self.name_of(number)}")
            else:
                item.setData(Qt.ItemDataRole.AccessibleTextRole, self._ui.t("vote.rank.line"))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        at, key = self.currentRow(), event.key()
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if at < 0 or not self.item(at).data(PLACE) or control:
            super().keyPressEvent(event)
        elif alt and key == Qt.Key.Key_Up and at > 0:
            self._move(at, at - 1)
        elif alt and key == Qt.Key.Key_Down and at < self.count() - 1:
            self._move(at, at + 1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._switch(at)
        elif key == Qt.Key.Key_Equal and self._tiers and 0 < at < self.line_row():
            self.item(at).setData(JOINED, not self.item(at).data(JOINED))
            self._moved()
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        at = self.indexAt(event.position().toPoint()).row()
        if at >= 0 and self.item(at).data(PLACE):
            self._switch(at)
