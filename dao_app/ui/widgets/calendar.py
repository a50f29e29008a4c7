"""A month as a grid of days with what is due on each; arrows move the day, Page keys the month."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dao_app.ui.context import Ui

DAYS, WEEKS = 7, 6
FIRST_DAY, LAST_DAY = date(1971, 1, 1), date(9998, 12, 31)  # months around these have all their days
HEAD, LINE, PAD = 24, 18, 6  # token pixels: weekday names, one entry, inside a day


@dataclass(frozen=True, slots=True)
class Entry:
    """What a day shows of one object: text and tone."""

    text: str
    tone: str = "text"


def month_of(day: date, by: int) -> date:
    """The same day so many months on, or the last of that month."""
    months = day.year * 12 + day.month - 1 + by
    year, month = divmod(months, 12)
    if not FIRST_DAY.year <= year <= LAST_DAY.year:
        return day
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


class MonthGrid(QWidget):
    """Six weeks around the chosen day's month, Mondays first."""

    picked = Signal(object)  # a date
    entered = Signal()  # Enter: go into the day

    def __init__(self, ui: Ui, name: str) -> None:
        super().__init__()
        self._ui, self._name = ui, name
        self.day = self.today = FIRST_DAY
        self._entries: Mapping[date, Sequence[Entry]] = {}
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setMinimumHeight(look.px(HEAD) + WEEKS * look.px(26))
        self._tell()

    def show_entries(self, entries: Mapping[date, Sequence[Entry]], today: date) -> None:
        self._entries, self.today = entries, today
        self._tell()

    def choose(self, day: date) -> None:
        """Make a day the current one."""
        day = min(max(day, FIRST_DAY), LAST_DAY)
        if day != self.day:
            self.day = day
            self._tell()
            self.picked.emit(day)

    def first(self) -> date:
        """The Monday with which the grid begins."""
        start = self.day.replace(day=1)
        return start - timedelta(days=start.weekday())

    def _tell(self) -> None:
        """Say the day and how much is due, for screen readers."""
        ui, found = self._ui, self._entries.get(self.day, ())
        when = ui.texts.day_name(self.day)
        count = ui.t("calendar.due_n", n=len(found))
        self.setAccessibleName(ui.t("list.comma").join((ui.t(self._name), when, count)))
        self.setAccessibleDescription(ui.t("list.comma").join(entry.text for entry in found))
        self.update()

    # -- keys and pointer ----------------------------------------------------------------------
    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        step = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -DAYS, Qt.Key.Key_Down: DAYS,
        }.get(Qt.Key(event.key()))  # fmt: skip
        months = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain and step is not None:
            self.choose(self.day + timedelta(days=step))
        elif plain and months is not None:
            self.choose(month_of(self.day, months))
        elif plain and event.key() == Qt.Key.Key_Home:
            self.choose(self.today)
        elif plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            event.ignore()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        first = self.first()
        for place in range(DAYS * WEEKS):
            if self._rect(place).contains(event.position().toPoint()):
                self.choose(first + timedelta(days=place))
                return

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt)
        self.choose(month_of(self.day, -1 if event.angleDelta().y() > 0 else 1))

    # -- painting ------------------------------------------------------------------------------
    def _rect(self, place: int) -> QRect:
        """Where the n-th day lies."""
        week, day = divmod(place, DAYS)
        head = self._ui.look.px(HEAD)
        body = self.height() - head
        left, right = self.width() * day // DAYS, self.width() * (day + 1) // DAYS
        top, bottom = head + body * week // WEEKS, head + body * (week + 1) // WEEKS
        return QRect(left, top, right - left, bottom - top)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look, first = self._ui.look, self.first()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(look.font("caption", 500))
            painter.setPen(look.color("text3"))
            for day in range(DAYS):
                rect = self._rect(day)
                at = QRect(rect.x() + look.px(PAD), 0, rect.width() - look.px(PAD), look.px(HEAD))
                name = look.elided(self._ui.texts.weekday_name(first + timedelta(days=day)), "caption", 500, at.width())
                painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, name)
            for place in range(DAYS * WEEKS):
                self._paint_day(painter, self._rect(place), first + timedelta(days=place))
            frame = QRectF(self._rect(0).topLeft(), self._rect(DAYS * WEEKS - 1).bottomRight())
            painter.setPen(QPen(look.color("border"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame.adjusted(0.5, 0.5, 0.5, 0.5), look.px(6), look.px(6))
            chosen = QRectF(self._rect((self.day - first).days)).adjusted(1, 1, -1, -1)
            painter.setPen(QPen(look.color("focus" if self.hasFocus() else "borderStrong"), 2))
            painter.drawRoundedRect(chosen, look.px(4), look.px(4))

    def _paint_day(self, painter: QPainter, rect: QRect, day: date) -> None:
        look, inside = self._ui.look, day.month == self.day.month
        if not inside:
            painter.fillRect(rect, look.color("window"))
        painter.fillRect(QRect(rect.right(), rect.y(), 1, rect.height()), look.color("border"))
        painter.fillRect(QRect(rect.x(), rect.bottom(), rect.width(), 1), look.color("border"))
        entries = self._entries.get(day, ())
        number = QRect(rect.x() + look.px(PAD), rect.y() + look.px(3), look.px(22), look.px(20))
        if day == self.today:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("accent"))
            painter.drawRoundedRect(QRectF(number), look.px(10), look.px(10))
        painter.setFont(look.font("caption", 600 if day == self.today else 400))
        painter.setPen(look.color("onAccent" if day == self.today else "text2" if inside else "text3"))
        painter.drawText(number, Qt.AlignmentFlag.AlignCenter, str(day.day))
        self._paint_entries(painter, rect, entries)

    def _paint_entries(self, painter: QPainter, rect: QRect, entries: Sequence[Entry]) -> None:
        """As many as fit; how many more, or only how many where the day is too small."""
        look = self._ui.look
        room = (rect.height() - look.px(26)) // look.px(LINE)
        if not entries:
            return
        if room < 1 or rect.width() < look.px(64):
            at = rect.adjusted(0, look.px(3), -look.px(PAD), 0)
            at.setHeight(look.px(20))
            painter.setFont(look.font("caption", 600))
            painter.setPen(look.color(entries[0].tone))
            painter.drawText(at, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, f"({len(entries)})")
            return
        shown = entries if len(entries) <= room else entries[: room - 1]
        at = QRect(
            rect.x() + look.px(PAD), rect.y() + look.px(24), rect.width() - 2 * look.px(PAD), look.px(LINE)
        )
        painter.setFont(look.font("caption"))
        for entry in shown:
            painter.setPen(look.color(entry.tone))
            text = look.elided(entry.text, "caption", 400, at.width())
            painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, text)
            at = at.translated(0, look.px(LINE))
        if len(shown) < len(entries):
            painter.setPen(look.color("text3"))
            more = self._ui.t("calendar.more", n=len(entries) - len(shown))
            painter.drawText(at, Qt.AlignmentFlag.AlignVCenter, more)
