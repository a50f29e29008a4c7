"""Lists of painted rows: columns of cells, one delegate for all of them, a header that shares the columns.

A page gives the columns and a function from a view to its cells; everything is painted from cached fonts
and pixmaps. A failure while painting one row draws that row as plain text: an exception may not leave the
painter open.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from dao_app.app.views import PersonView
from dao_app.ui.context import Ui
from dao_app.ui.models.rows import VIEW, Group, ViewModel
from dao_app.ui.theme.painting import SEAL_TONES, avatar, chip_width, draw_chip, seal
from dao_app.ui.widgets.glyphs import Chip
from dao_app.ui.widgets.labels import plain_tooltip

log = logging.getLogger(__name__)
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column of a row shows, in this order: picture, text, quiet text; ``under`` is a second line."""

    text: str = ""
    tone: str = "text"
    weight: int = 400
    role: str = "body"
    icon: str = ""
    icon_tone: str = "text2"
    seal: str = ""
    person: PersonView | None = None
    after: str = ""
    chips: tuple[tuple[str, str], ...] = ()
    under: str = ""


@dataclass(frozen=True, slots=True)
class Col:
    """``width`` in token pixels, 0 takes a share of the rest; the column with the largest ``drop`` goes first
    where there is no room, 0 never goes."""

    title: str = ""
    width: int = 0
    right: bool = False
    drop: int = 0
    share: int = 1


RIGHT_GAP = 24
CELLS_KEPT_MAX = 2_000  # rows whose cells are kept between paints
WIDTHS_KEPT_MAX = 64
CELLS_KEPT_MS = 20_000  # relative times in them are at most so old
REST_LEAST = 170  # token pixels that the stretching columns keep together
Cells = Callable[[Any], Sequence[Cell]]


def column_rects(ui: Ui, columns: Sequence[Col], rect: QRect, pad: int) -> list[QRect | None]:
    """Where each column lies in a row; None for one that is hidden."""
    px, gap = ui.look.px, ui.look.px(12)
    wider = px(RIGHT_GAP)  # a figure at the right edge of its column stays clear of the next one
    shown = list(columns)
    while True:
        gaps = sum(wider if c.right else gap for c in shown[:-1])
        rest = rect.width() - sum(px(c.width) for c in shown if c.width) - gaps - 2 * px(pad)
        shares = sum(c.share for c in shown if not c.width) or 1
        droppable = [c for c in shown if c.drop]
        if rest >= px(REST_LEAST) or not droppable:
            break
        shown.remove(max(droppable, key=lambda c: c.drop))
    rest = max(rest, 0)
    x = rect.x() + px(pad)
    rects: list[QRect | None] = []
    for col in columns:
        if col not in shown:
            rects.append(None)
            continue
        width = px(col.width) if col.width else rest * col.share // shares
        rects.append(QRect(x, rect.y(), width, rect.height()))
        x += width + (wider if col.right else gap)
    return rects


_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class RowDelegate(QStyledItemDelegate):
    """Paints the cells of a view in the columns given."""

    def __init__(
        self, ui: Ui, columns: Sequence[Col], cells: Cells, height: int = 36, pad: int = 8, in_card: bool = False
    ) -> None:
        super().__init__()
        self._ui, self.columns, self._cells, self._height, self._pad = ui, columns, cells, height, pad
        self._in_card = in_card
        self._kept: dict[int, tuple[Any, Sequence[Cell]]] = {}
        self._kept_at = (0, 0)
        self._places: dict[tuple[int, int], list[QRect | None]] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt)
        return QSize(10, self._ui.look.px(self._height))

    def _cells_of(self, view: Any) -> Sequence[Cell]:
        """The cells of a view, kept while neither it nor the look nor (nearly) the time changes."""
        slot = (self._ui.now_ms() // CELLS_KEPT_MS, self._ui.look.turn)
        if slot != self._kept_at or len(self._kept) > CELLS_KEPT_MAX:
            self._kept.clear()
            self._kept_at = slot
        kept = self._kept.get(id(view))
        if kept is None or kept[0] is not view:
            kept = self._kept[id(view)] = (view, self._cells(view))
        return kept[1]

    def _places_of(self, rect: QRect) -> Sequence[QRect | None]:
        """The columns of a row at the list's left edge; the same for every row of one width."""
        key = (rect.width(), self._ui.look.turn)
        if key not in self._places:
            if len(self._places) > WIDTHS_KEPT_MAX:
                self._places.clear()
            at_top = QRect(0, 0, rect.width(), rect.height())
            self._places[key] = column_rects(self._ui, self.columns, at_top, self._pad)
        return self._places[key]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        try:
            view = index.data(VIEW)
            if isinstance(view, Group):
                self._paint_group(painter, option.rect, view)
            else:
                last = index.row() == index.model().rowCount() - 1
                self._paint_row(painter, option, view, line=not (self._in_card and last))
        except Exception:  # a row that cannot be drawn must not take the window with it
            log.exception("row cannot be painted")
            painter.drawText(option.rect, Qt.AlignmentFlag.AlignVCenter, str(index.data() or ""))
        painter.restore()

    def helpEvent(  # noqa: N802 (Qt)
        self, event: QHelpEvent | None, view: QAbstractItemView | None, option: QStyleOptionViewItem, index: Index
    ) -> bool:
        """Over text that is cut the whole row is told, where the model has nothing more urgent to say."""
        if event is not None and view is not None and not index.data(Qt.ItemDataRole.ToolTipRole):
            row = index.data(VIEW)
            if row is not None and not isinstance(row, Group) and self._is_cut(option.rect, row):
                QToolTip.showText(event.globalPos(), plain_tooltip(str(index.data())), view)
                return True
        return super().helpEvent(event, view, option, index)

    def _is_cut(self, rect: QRect, view: Any) -> bool:
        look = self._ui.look
        for place, cell in zip(self._places_of(rect), self._cells_of(view), strict=False):
            if place is None:
                continue
            for text, role, weight in ((cell.text, cell.role, cell.weight), (cell.under, "caption", 400)):
                if text and look.metrics(role, weight).horizontalAdvance(text) > place.width():
                    return True
        return False

    def _paint_group(self, painter: QPainter, rect: QRect, group: Group) -> None:
        look = self._ui.look
        inner = rect.adjusted(look.px(self._pad), look.px(6), 0, 0)
        painter.setFont(look.font("body", 600))
        painter.setPen(look.color("text"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, group.title)
        x = inner.x() + look.metrics("body", 600).horizontalAdvance(group.title) + look.px(8)
        painter.setFont(look.font("caption"))
        painter.setPen(look.color("text3"))
        painter.drawText(inner.adjusted(x - inner.x(), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, group.note)
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), look.color("border"))

    def _paint_row(self, painter: QPainter, option: QStyleOptionViewItem, view: Any, line: bool) -> None:
        look, rect = self._ui.look, option.rect
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, look.color("selected" if selected else "hover"))
        if line:
            painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), look.color("border"))
        if option.state & QStyle.StateFlag.State_HasFocus and selected:
            painter.setPen(QPen(look.color("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -2), look.px(4), look.px(4))
        ratio = option.widget.devicePixelRatioF() if option.widget else 1.0
        back = "selected" if selected else "raised" if self._in_card else "surface"
        for col, place, cell in zip(self.columns, self._places_of(rect), self._cells_of(view), strict=False):
            if place is not None:
                at = place.translated(rect.x(), rect.y())
                self._paint_cell(painter, at, cell, col.right, ratio, back)

    def _paint_cell(self, painter: QPainter, rect: QRect, cell: Cell, right: bool, ratio: float, back: str) -> None:
        look, x, middle = self._ui.look, rect.x(), rect.center().y() + 1
        if cell.icon:
            edge = look.px(16)
            painter.drawPixmap(x, middle - edge // 2, look.icon(cell.icon, cell.icon_tone, 16, ratio, back))
            x += edge + look.px(8)
        if cell.person is not None:
            edge = look.px(22)
            picture = avatar(look, cell.person.id, cell.person.name, 22, ratio)
            painter.drawPixmap(x, middle - edge // 2, picture)
            x += edge + look.px(8)
        if cell.seal:
            edge = look.px(14)
            painter.drawPixmap(x, middle - edge // 2, seal(look, cell.seal, 14, ratio, back))
            x += edge + look.px(6)
        for text, kind in cell.chips:
            tone, fill, border = Chip.FILLS[kind]
            width = chip_width(look, text)
            if x + width > rect.right() + look.px(8):
                break
            chip = QRectF(x, middle - look.px(10), width, look.px(20))
            draw_chip(painter, chip, look, text, tone, fill, border)
            x += width + look.px(4)
        if cell.chips:
            x += look.px(4)
        if cell.text or cell.under:
            self._paint_text(painter, QRect(x, rect.y(), max(rect.right() + 1 - x, 0), rect.height()), cell, right)

    def _paint_text(self, painter: QPainter, rect: QRect, cell: Cell, right: bool) -> None:
        look = self._ui.look
        metrics = look.metrics(cell.role, cell.weight)
        align = _RIGHT if right else _LEFT
        line = rect
        if cell.under:
            half = (look.line(cell.role) + look.line("caption")) // 2
            line = QRect(rect.x(), rect.center().y() - half, rect.width(), look.line(cell.role))
        shown = look.elided(cell.text, cell.role, cell.weight, line.width())
        painter.setFont(look.font(cell.role, cell.weight))
        painter.setPen(look.color(cell.tone or SEAL_TONES.get(cell.seal, "text")))
        painter.drawText(line, align, shown)
        if not cell.under and not cell.after:
            return
        painter.setFont(look.font("caption"))
        if cell.after and not right:
            used = metrics.horizontalAdvance(shown) + look.px(8)
            painter.setPen(look.color("text3"))
            rest = line.adjusted(used, 0, 0, 0)
            if rest.width() > look.px(16):
                painter.drawText(rest, align, look.elided(cell.after, "caption", 400, rest.width()))
        if cell.under:
            painter.setPen(look.color("text2"))
            below = QRect(rect.x(), line.bottom() + 1, rect.width(), look.line("caption"))
            painter.drawText(below, align, look.elided(cell.under, "caption", 400, below.width()))


class RowList(QListView):
    """A list of painted rows. J and K move as the arrows do; other letters are left to the page."""

    opened = Signal(object)  # a view, by Enter or click
    picked = Signal(object)  # the current view, or None

    def __init__(self, ui: Ui, model: ViewModel, delegate: QStyledItemDelegate, name: str, fit: bool = False) -> None:
        super().__init__()
        self._ui, self._name, self._fit = ui, name, fit
        self.setModel(model)
        self.setItemDelegate(delegate)
        delegate.setParent(self)
        self.setUniformItemSizes(isinstance(delegate, RowDelegate))
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        if fit:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            model.modelReset.connect(self._fit_height)
        self.clicked.connect(lambda index: self.opened.emit(self.rows.view(index)))
        self.relook()

    @property
    def rows(self) -> ViewModel:
        model = self.model()
        assert isinstance(model, ViewModel)
        return model

    def relook(self) -> None:
        self.setAccessibleName(self._ui.t(self._name))
        self.rows.again()
        self.scheduleDelayedItemsLayout()
        if self._fit:
            self._fit_height()
        self.viewport().update()

    def _fit_height(self) -> None:
        option = QStyleOptionViewItem()
        heights = (
            self.itemDelegate().sizeHint(option, self.rows.index(i)).height() for i in range(self.rows.rowCount())
        )
        self.setFixedHeight(sum(heights))

    def select(self, identity: str) -> bool:
        """Make the object current without opening it; False where it is not listed."""
        place = self.rows.place(identity)
        if place >= 0:
            self.setCurrentIndex(self.rows.index(place))
        return place >= 0

    def step(self, by: int) -> Any:
        """Move the current row by so many and return its view."""
        place = self.currentIndex().row() + by
        while 0 <= place < self.rows.rowCount() and isinstance(self.rows.view(self.rows.index(place)), Group):
            place += 1 if by > 0 else -1
        if 0 <= place < self.rows.rowCount():
            self.setCurrentIndex(self.rows.index(place))
        return self.rows.view(self.currentIndex())

    def currentChanged(self, current: Index, previous: Index) -> None:  # noqa: N802 (Qt)
        super().currentChanged(current, previous)
        self.picked.emit(self.rows.view(current))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.opened.emit(self.rows.view(self.currentIndex()))
                return
        elif plain and event.key() in (Qt.Key.Key_J, Qt.Key.Key_K):
            if self._ui.settings.values.get("single_keys", True):
                self.step(1 if event.key() == Qt.Key.Key_J else -1)
                return
        elif event.key() in _MOVES:
            super().keyPressEvent(event)
            return
        event.ignore()

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 (Qt)
        if self._fit:
            event.ignore()  # a fitted list never scrolls; the page does
        else:
            super().wheelEvent(event)


_MOVES = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
)


class Header(QWidget):
    """Column titles above a list, aligned with its rows: as wide as what the list shows them in."""

    def __init__(self, ui: Ui, columns: Sequence[Col], rows: QListView, pad: int = 8) -> None:
        super().__init__()
        self._ui, self._columns, self._pad, self._viewport = ui, columns, pad, rows.viewport()
        self._viewport.installEventFilter(self)
        self.relook()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if event.type() == QEvent.Type.Resize:
            self.update()
        return super().eventFilter(watched, event)

    def relook(self) -> None:
        self.setFixedHeight(self._ui.look.px(30))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        with QPainter(self) as painter:
            painter.setFont(look.font("caption", 500))
            painter.setPen(look.color("text3"))
            inner = QRect(0, 0, self._viewport.width(), self.height())
            for col, rect in zip(self._columns, column_rects(self._ui, self._columns, inner, self._pad), strict=True):
                if rect is not None and col.title:
                    side = Qt.AlignmentFlag.AlignRight if col.right else Qt.AlignmentFlag.AlignLeft
                    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | side, self._ui.t(col.title))
            line = QRect(QPoint(0, self.height() - 1), QSize(self.width(), 1))
            painter.fillRect(line, look.color("border"))
