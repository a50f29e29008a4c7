"""Columns of cards: painted, with titles of up to three lines; a card can be carried to another column."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QApplication,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from dao_app.app.views import PersonView
from dao_app.ui.context import Ui
from dao_app.ui.models.rows import VIEW, ViewModel
from dao_app.ui.theme.painting import avatar, seal
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.dragging import Hint, Meaning, card_data, card_of, hint_for, paint_hint
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import column, row
from dao_app.ui.widgets.rows import RowList

log = logging.getLogger(__name__)
TITLE_LINES_MAX = 3
CARDS_MAX = 200  # of one column; each has its own height, so all are measured
CARDS_PER_TURN = 24  # measured and laid out at once, about 4 ms
TITLES_CACHED_MAX = 2_000
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Card:
    """What a card shows: name, action and pictures on top, title, then state or figure with a count on the left
    and a note on the right."""

    name: str
    title: str
    people: tuple[PersonView, ...] = ()
    name_tone: str = "text3"
    action: str = ""
    left: str = ""
    left_tone: str = "text2"
    seal: str = ""
    marks: str = ""
    right: str = ""
    right_tone: str = "text2"
    right_icon: str = ""


class CardDelegate(QStyledItemDelegate):
    """Paints cards; the wrapped title is cached by (text, width)."""

    def __init__(self, ui: Ui, card: Callable[[Any], Card]) -> None:
        super().__init__()
        self._ui, self._card = ui, card
        self._titles: dict[tuple[str, int, bool], tuple[QTextLayout, int]] = {}
        ui.look.changed.connect(self._titles.clear)

    def _title(self, text: str, width: int, strong: bool) -> tuple[QTextLayout, int]:
        key = (text, width, strong)
        if key not in self._titles:
            if len(self._titles) >= TITLES_CACHED_MAX:
                self._titles.clear()
            look = self._ui.look
            option = QTextOption()
            option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
            layout = QTextLayout(text, look.font("body", 600 if strong else 400))
            layout.setTextOption(option)
            layout.beginLayout()
            y, lines = 0, 0
            while lines < TITLE_LINES_MAX and (line := layout.createLine()).isValid():
                line.setLineWidth(width)
                line.setPosition(QPointF(0, y + (look.line("body") - line.height()) / 2))
                y += look.line("body")
                lines += 1
            layout.endLayout()
            self._titles[key] = (layout, max(y, look.line("body")))
        return self._titles[key]

    def _width(self, option: QStyleOptionViewItem) -> int:
        view = option.widget
        whole = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        return max(whole - self._ui.look.px(26), 40)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt)
        look = self._ui.look
        card = self._card(index.data(VIEW))
        height = self._title(card.title, self._width(option), False)[1]
        return QSize(10, height + look.px(22) + look.px(24) + look.px(20) + look.px(8))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        try:
            self._paint(painter, option, self._card(index.data(VIEW)))
        except Exception:  # a card that cannot be drawn must not take the window with it
            log.exception("card cannot be painted")
        painter.restore()

    def _paint(self, painter: QPainter, option: QStyleOptionViewItem, card: Card) -> None:
        look = self._ui.look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        box = QRectF(option.rect).adjusted(1, 1, -1, -look.px(8))
        hover = bool(option.state & QStyle.StateFlag.State_MouseOver)
        pen = QPen(look.color("focus"), 2) if selected else QPen(look.color("borderStrong" if hover else "border"), 1)
        painter.setPen(pen)
        painter.setBrush(look.color("raised"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), look.px(8), look.px(8))
        inner = option.rect.adjusted(look.px(13), look.px(9), -look.px(13), -look.px(8))
        ratio = option.widget.devicePixelRatioF() if option.widget else 1.0
        self._paint_head(painter, inner, card, ratio)
        layout, height = self._title(card.title, self._width(option), selected)
        painter.setPen(look.color("text"))
        layout.draw(painter, QPointF(inner.x(), inner.y() + look.px(21)))
        self._paint_foot(
            painter, QRect(inner.x(), inner.y() + look.px(25) + height, inner.width(), look.px(20)), card, ratio
        )

    def _paint_head(self, painter: QPainter, inner: QRect, card: Card, ratio: float) -> None:
        look = self._ui.look
        head = QRect(inner.x(), inner.y(), inner.width(), look.px(18))
        painter.setFont(look.font("caption"))
        painter.setPen(look.color(card.name_tone))
        edge = look.px(18)
        right = head.right() + 1
        for person in reversed(card.people):
            right -= edge
            painter.drawPixmap(right, head.y(), avatar(look, person.id, person.name, 18, ratio))
            right -= look.px(3)
        room = right - head.x() - look.px(8)
        action = look.elided(card.action, "caption", 600, room // 2) if card.action else ""
        wide = look.metrics("caption", 600).horizontalAdvance(action) + look.px(8) if action else 0
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, look.elided(card.name, "caption", 400, room - wide))
        if action:
            painter.setFont(look.font("caption", 600))
            painter.setPen(look.color("accent"))
            at = QRect(head.x(), head.y(), right - head.x() - (look.px(3) if card.people else 0), head.height())
            painter.drawText(at, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, action)

    def _paint_foot(self, painter: QPainter, rect: QRect, card: Card, ratio: float) -> None:
        look, x = self._ui.look, rect.x()
        metrics = look.metrics("caption")
        painter.setFont(look.font("caption"))
        if card.seal:
            painter.drawPixmap(x, rect.y() + look.px(3), seal(look, card.seal, 14, ratio, "raised"))
            x += look.px(20)
        right = metrics.horizontalAdvance(card.right) + (look.px(20) if card.right_icon else 0)
        room = rect.right() - x - right - look.px(8)
        wanted = metrics.horizontalAdvance(card.left)
        crowded = bool(card.left) and room < wanted  # the figure on the left matters more
        room = rect.right() - x if crowded else room
        painter.setPen(look.color(card.left_tone))
        left = metrics.elidedText(card.left, Qt.TextElideMode.ElideRight, max(room, 0))
        painter.drawText(QRect(x, rect.y(), max(room, 0), rect.height()), Qt.AlignmentFlag.AlignVCenter, left)
        if crowded:
            return
        if card.marks:
            self._paint_marks(painter, x + (wanted + look.px(10) if wanted else 0), rect, right, card.marks, ratio)
        painter.setPen(look.color(card.right_tone))
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, card.right)
        if card.right_icon:
            place = rect.right() - metrics.horizontalAdvance(card.right) - look.px(19)
            painter.drawPixmap(
                place, rect.y() + look.px(3), look.icon(card.right_icon, card.right_tone, 14, ratio, "raised")
            )

    def _paint_marks(self, painter: QPainter, x: int, rect: QRect, right: int, marks: str, ratio: float) -> None:
        """How many steps are done, where there is room."""
        look = self._ui.look
        icon, text = look.px(14), look.metrics("caption").horizontalAdvance(marks)
        if x + icon + look.px(5) + text > rect.right() - right - look.px(8):
            return
        painter.drawPixmap(x, rect.y() + look.px(3), look.icon("tasks", "text2", 14, ratio, "raised"))
        painter.setPen(look.color("text2"))
        at = QRect(x + icon + look.px(5), rect.y(), text + 2, rect.height())
        painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, marks)


class CardList(RowList):
    """A column's cards; heights follow the width. ← and → go to the neighbour column, with Ctrl they carry the
    card there."""

    sideways = Signal(int, bool)  # by so many columns; with the card?
    dropped = Signal(str)  # a card was let go here

    def __init__(self, ui: Ui, model: ViewModel, delegate: CardDelegate, name: str, meaning: Meaning) -> None:
        super().__init__(ui, model, delegate, name)
        self._meaning = meaning
        self.setLayoutMode(QListView.LayoutMode.Batched)  # each card is measured: not all in one turn
        self.setBatchSize(CARDS_PER_TURN)
        self._pressed: QPoint | None = None
        self.hint: Hint | None = None
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)

    # -- carrying a card away ------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        super().mousePressEvent(event)
        on_card = self.indexAt(event.position().toPoint()).isValid()
        self._pressed = event.position().toPoint() if on_card and event.button() == Qt.MouseButton.LeftButton else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
        elif (event.position().toPoint() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            pressed, self._pressed = self._pressed, None
            self._carry(self.indexAt(pressed), pressed)

    def _carry(self, index: QModelIndex, at: QPoint) -> None:
        view = self.rows.view(index)
        if view is None:
            return
        rect = self.visualRect(index)
        ratio = self.devicePixelRatioF()
        picture = QPixmap(rect.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        self.viewport().render(picture, QPoint(), rect)
        carried = QDrag(self)
        carried.setMimeData(card_data(view.id))
        carried.setPixmap(picture)
        carried.setHotSpot(at - rect.topLeft())
        carried.exec(Qt.DropAction.MoveAction)
        self.setState(QListView.State.NoState)

    # -- a card over this column ---------------------------------------------------------------
    def _show(self, hint: Hint | None) -> None:
        if hint != self.hint:
            self.hint = hint
            self.viewport().update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt)
        self._show(hint_for(event, self._meaning))

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802 (Qt)
        self._show(hint_for(event, self._meaning))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt)
        self._show(None)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt)
        hint_for(event, self._meaning)
        self._show(None)
        if card := card_of(event.mimeData()):
            self.dropped.emit(card)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        super().paintEvent(event)
        if self.hint is not None:
            with QPainter(self.viewport()) as painter:
                paint_hint(painter, QRectF(self.viewport().rect()), self._ui.look, self.hint)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        carry = modifiers == Qt.KeyboardModifier.ControlModifier
        if step is not None and (carry or modifiers == Qt.KeyboardModifier.NoModifier):
            self.sideways.emit(step, carry)
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt)
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()


class Lane(QWidget):
    """One column of the board with its headline."""

    def __init__(
        self,
        ui: Ui,
        icon: tuple[str, str],
        title: str,
        model: ViewModel,
        card: Callable[[Any], Card],
        meaning: Meaning,
    ) -> None:
        super().__init__()
        self._ui = ui
        self._count = Label(ui, role="caption", tone="text3")
        head = row(
            ui, IconView(ui, *icon), Label(ui, title, weight=600), self._count, None, gap=8, margins=(8, 0, 8, 0)
        )
        self.list = CardList(ui, model, CardDelegate(ui, card), title, meaning)
        self.list.setUniformItemSizes(False)
        self.list.setSpacing(0)
        self.more = Button(ui, "task.more_in_list", "link")
        self.more.hide()
        layout = column(ui, head, 8, self.list, self.more)
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def show_rows(self, rows: Sequence[Any]) -> None:
        """The newest as cards; the list holds all."""
        self._count.say(self._ui.texts.number(len(rows)))
        self.list.rows.set_rows(rows[:CARDS_MAX])
        self.more.setVisible(len(rows) > CARDS_MAX)
        if len(rows) > CARDS_MAX:
            self.more.say_key("task.more_in_list", n=len(rows) - CARDS_MAX)


class Strip(QWidget):
    """The done column, collapsed to a strip; a click opens the list of what is done."""

    pressed = Signal()
    sideways = Signal(int, bool)
    dropped = Signal(str)

    def __init__(self, ui: Ui, title: str, meaning: Meaning) -> None:
        super().__init__()
        self._ui, self._title, self._count, self._meaning = ui, title, 0, meaning
        self.hint: Hint | None = None
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.relook()

    def show_count(self, count: int) -> None:
        self._count = count
        self.relook()

    def relook(self) -> None:
        self.setFixedWidth(self._ui.look.px(36))
        self.setAccessibleName(f"{self._ui.t(self._title)}, {self._count}")
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        self.pressed.emit()

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 (Qt)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        elif event.key() == Qt.Key.Key_Left and not event.modifiers():
            self.sideways.emit(-1, False)
        else:
            event.ignore()

    def _show(self, hint: Hint | None) -> None:
        self.hint = hint
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 (Qt)
        self._show(hint_for(event, self._meaning))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 (Qt)
        self._show(None)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 (Qt)
        hint_for(event, self._meaning)
        self._show(None)
        if card := card_of(event.mimeData()):
            self.dropped.emit(card)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            focused = self.hasFocus()
            painter.setPen(QPen(look.color("focus" if focused else "border"), 2 if focused else 1))
            painter.setBrush(look.color("window"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), look.px(8), look.px(8))
            if self.hint is not None:
                paint_hint(painter, QRectF(self.rect()), look, self.hint)
            edge = look.px(16)
            icon = look.icon("done", "accent", 16, self.devicePixelRatioF(), "window")
            painter.drawPixmap((self.width() - edge) // 2, look.px(10), icon)
            painter.save()
            painter.translate(self.width() / 2, look.px(36))
            painter.rotate(90)
            painter.setFont(look.font("body", 600))
            painter.setPen(look.color("text"))
            text = self._ui.t(self._title)
            advance = look.metrics("body", 600).horizontalAdvance(text)
            box = QRectF(0, -look.px(10), advance + 4, look.px(20))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)
            painter.restore()
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text3"))
            top = look.px(36) + advance + look.px(8)
            painter.drawText(
                QRectF(0, top, self.width(), look.px(18)),
                Qt.AlignmentFlag.AlignCenter,
                self._ui.texts.number(self._count),
            )
