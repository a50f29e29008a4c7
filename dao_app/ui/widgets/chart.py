"""The chart of earnings: a bar for each month or week, filled where final, hollow where pending or held.

Painted only; totals stand on the bars, the same figures stand in a table behind key T. ← and → move between
bars, a click chooses one.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleValueChangeEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from dao_app.app.earnings import SOURCES, Bucket
from dao_app.ui.context import Ui

TONES = dict(zip(SOURCES, ("c1", "c3", "c4", "c2", "c5", "info", "plum"), strict=True))
LINES = 4  # steps of the scale
STEPS = (1, 2, 5)  # times a power of ten


def scale_top(most: int) -> int:
    """The end of the scale: LINES equal round steps that reach ``most`` (from 0)."""
    power = 1
    while True:
        for step in STEPS:
            if LINES * step * power >= most:
                return LINES * step * power
        power *= 10


class EarningsChart(QWidget):
    """``chosen`` tells the place of the bar that was chosen."""

    chosen = Signal(int)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._buckets: Sequence[Bucket] = ()
        self._labels: Sequence[str] = ()
        self._unit, self._decimals, self.place = "", 0, -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.relook()

    def relook(self) -> None:
        self.setFixedHeight(self._ui.look.px(216))
        self._speak()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(self._ui.look.px(560), self.height())

    def show_buckets(
        self, buckets: Sequence[Bucket], labels: Sequence[str], unit: str, decimals: int, place: int
    ) -> None:
        """``labels`` name the bars; ``place`` is the one chosen."""
        self._buckets, self._labels, self._unit, self._decimals = buckets, labels, unit, decimals
        self.place = place
        self._speak()
        self.update()

    def choose(self, place: int) -> None:
        if 0 <= place < len(self._buckets) and place != self.place:
            self.place = place
            self._speak()
            self.update()
            QAccessible.updateAccessibility(QAccessibleValueChangeEvent(self, self._buckets[place].total))
            self.chosen.emit(place)

    def _speak(self) -> None:
        """The chosen bar in words; the table has them all."""
        ui = self._ui
        text = ui.t("earning.chart")
        if 0 <= self.place < len(self._buckets):
            one = self._buckets[self.place]
            parts = [
                (ui.t(f"earning.source.{source}"), amount)
                for source, amount in zip(SOURCES, one.final, strict=True)
            ]
            parts += [(ui.t("earning.state.provisional"), one.provisional), (ui.t("earning.state.held"), one.held)]
            said = [f"{name} {self._figure(amount)}" for name, amount in parts if amount]
            total = f"{self._figure(one.total)} {self._unit}"
            text = ui.t("list.comma").join([text, self._labels[self.place], total, *said])
        self.setAccessibleName(text)

    def _figure(self, minor: int) -> str:
        return self._ui.texts.figure(minor, self._decimals)

    # -- choosing ------------------------------------------------------------------------------
    def _slot(self, place: int) -> QRectF:
        """Where a bar with its labels lies."""
        look = self._ui.look
        left, width = look.px(56), self.width() - look.px(56) - look.px(4)
        each = width / max(len(self._buckets), 1)
        return QRectF(left + place * each, 0, each, self.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        for place in range(len(self._buckets)):
            if self._slot(place).contains(event.position()):
                self.choose(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.choose(self.place + (1 if event.key() == Qt.Key.Key_Right else -1))
        else:
            event.ignore()

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        top, bottom = look.px(20), self.height() - look.px(26)
        most = scale_top(max((one.total for one in self._buckets), default=0) or 10**self._decimals)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_scale(painter, most, top, bottom)
            for place, bucket in enumerate(self._buckets):
                self._paint_bar(painter, place, bucket, most, top, bottom)
            if self.hasFocus():
                painter.setPen(QPen(look.color("focus"), 2))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), look.px(6), look.px(6))

    def _paint_scale(self, painter: QPainter, most: int, top: int, bottom: int) -> None:
        look = self._ui.look
        painter.setFont(look.font("caption"))
        for line in range(LINES + 1):
            y = bottom - (bottom - top) * line / LINES
            painter.setPen(QPen(look.color("border"), 1))
            painter.drawLine(look.px(56), round(y), self.width() - look.px(4), round(y))
            painter.setPen(look.color("text3"))
            place = QRectF(0, y - look.px(9), look.px(48), look.px(18))
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, side, self._figure(most * line // LINES))

    def _paint_bar(self, painter: QPainter, place: int, one: Bucket, most: int, top: int, bottom: int) -> None:
        look, slot = self._ui.look, self._slot(place)
        width = min(slot.width() * 0.62, look.px(40))
        x, y = slot.center().x() - width / 2, float(bottom)
        tall = (bottom - top) / most
        for source, amount in zip(SOURCES, one.final, strict=True):
            if amount:
                height = max(amount * tall, 2.0)
                painter.fillRect(QRectF(x, y - height, width, max(height - 1, 1)), look.color(TONES[source]))
                y -= height
        for amount, dashed in ((one.provisional, False), (one.held, True)):
            if amount:
                height = max(amount * tall, 4.0)
                line = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
                painter.setPen(QPen(look.color("provisional"), 1.5, line))
                painter.setBrush(look.color("provisionalSoft"))
                painter.drawRect(QRectF(x + 0.75, y - height + 0.75, width - 1.5, height - 1.5))
                y -= height
        chosen = place == self.place
        align = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(look.font("caption", 600 if chosen else 400))
        painter.setPen(look.color("text" if chosen else "text2"))
        if one.total:
            above = QRectF(slot.x(), y - look.px(19), slot.width(), look.px(18))
            painter.drawText(above, align, self._figure(one.total))
        painter.drawText(QRectF(slot.x(), bottom + look.px(6), slot.width(), look.px(18)), align, self._labels[place])


class Legend(QWidget):
    """What the fills mean: filled squares for sources, hollow ones for what is not final."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._entries: list[tuple[str, str]] = []  # (text, tone; "" provisional, "-" held)
        self.relook()

    def relook(self) -> None:
        self.setFixedHeight(self._ui.look.px(20))
        self.updateGeometry()
        self.update()

    def show_entries(self, entries: list[tuple[str, str]]) -> None:
        self._entries = entries
        self.setAccessibleName(self._ui.t("list.comma").join(text for text, _ in entries))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        look = self._ui.look
        metrics = look.metrics("caption")
        width = sum(look.px(34) + metrics.horizontalAdvance(text) for text, _ in self._entries)
        return QSize(width, look.px(20))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(0, self._ui.look.px(20))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        metrics = look.metrics("caption")
        edge, x = look.px(10), 0
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(look.font("caption"))
            for text, tone in self._entries:
                box = QRectF(x + 0.75, (self.height() - edge) / 2 + 0.75, edge - 1.5, edge - 1.5)
                if tone in ("", "-"):
                    line = Qt.PenStyle.DashLine if tone else Qt.PenStyle.SolidLine
                    painter.setPen(QPen(look.color("provisional"), 1.5, line))
                    painter.setBrush(look.color("provisionalSoft"))
                else:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(look.color(tone))
                painter.drawRoundedRect(box, 2, 2)
                painter.setPen(look.color("text2"))
                width = metrics.horizontalAdvance(text) + 2
                left = x + edge + look.px(7)
                painter.drawText(QRectF(left, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
                x = left + width + look.px(15)
