"""The stages of a proposal, or the steps of a wizard, as painted marks with words."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from dao_app.ui.context import Ui

ICONS = {"done": ("done", "accent"), "now": ("doing", "provisional"), "later": ("todo", "text3")}


@dataclass(frozen=True, slots=True)
class Stage:
    """``place``: done | now | later."""

    place: str
    title: str
    note: str


class Stages(QWidget):
    """Side by side, joined by a line."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._stages: tuple[Stage, ...] = ()
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFixedHeight(look.px(22) + 2 * look.line("caption"))
        self.update()

    def show_stages(self, stages: tuple[Stage, ...]) -> None:
        self._stages = stages
        self.setAccessibleName(
            self._ui.t("list.comma").join(f"{s.title}: {s.note}" if s.note else s.title for s in stages)
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        if not self._stages:
            return
        look, step = self._ui.look, self.width() / len(self._stages)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for number, stage in enumerate(self._stages):
                x = number * step
                icon, tone = ICONS[stage.place]
                painter.drawPixmap(round(x) - 1, 0, look.icon(icon, tone, 15, self.devicePixelRatioF()))
                if number + 1 < len(self._stages):
                    y = look.px(8) - 0.5
                    painter.setPen(QPen(look.color("border"), 1))
                    painter.drawLine(
                        QRectF(x + look.px(19), y, step - look.px(24), 0).topLeft(),
                        QRectF(x + step - look.px(5), y, 0, 0).topLeft(),
                    )
                width = round(step) - look.px(10)
                self._text(
                    painter, x, look.px(20), width, stage.title, "text" if stage.place != "later" else "text2", 600
                )
                note_tone = "provisional" if stage.place == "now" else "text3"
                self._text(painter, x, look.px(20) + look.line("caption"), width, stage.note, note_tone, 400)

    def _text(self, painter: QPainter, x: float, y: float, width: int, text: str, tone: str, weight: int) -> None:
        look = self._ui.look
        painter.setFont(look.font("caption", weight))
        painter.setPen(look.color(tone))
        shown = look.metrics("caption", weight).elidedText(text, Qt.TextElideMode.ElideRight, width)
        painter.drawText(QRectF(x, y, width, look.line("caption")), Qt.AlignmentFlag.AlignVCenter, shown)


class Steps(QWidget):
    """Below each other, each with a title and a quiet line."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._stages: tuple[Stage, ...] = ()
        self.relook()

    def relook(self) -> None:
        self.setFixedHeight(max(len(self._stages), 1) * self._ui.look.px(56))
        self.update()

    def show_stages(self, stages: tuple[Stage, ...]) -> None:
        self._stages = stages
        self.setAccessibleName(self._ui.t("list.comma").join(f"{s.title}: {s.note}" for s in stages))
        self.relook()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for number, stage in enumerate(self._stages):
                y = number * look.px(56)
                icon, tone = ICONS[stage.place]
                tone = "accent" if stage.place == "now" else tone
                painter.drawPixmap(0, y + look.px(2), look.icon(icon, tone, 14, self.devicePixelRatioF(), "window"))
                if number + 1 < len(self._stages):
                    painter.setPen(QPen(look.color("border"), 1))
                    x = look.px(7) - 0.5
                    painter.drawLine(round(x), y + look.px(22), round(x), y + look.px(50))
                left, width = look.px(27), self.width() - look.px(27)
                weight = 600 if stage.place != "later" else 400
                painter.setFont(look.font("body", weight))
                painter.setPen(look.color("text" if stage.place != "later" else "text2"))
                painter.drawText(
                    QRectF(left, y - 1, width, look.line("body")), Qt.AlignmentFlag.AlignVCenter, stage.title
                )
                painter.setFont(look.font("caption"))
                painter.setPen(look.color("text3"))
                note = look.metrics("caption").elidedText(stage.note, Qt.TextElideMode.ElideRight, width)
                painter.drawText(
                    QRectF(left, y + look.line("body") - 2, width, look.line("caption")),
                    Qt.AlignmentFlag.AlignVCenter,
                    note,
                )
