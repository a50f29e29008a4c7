"""Carrying a card: what travels with the pointer, and how a target says what letting go would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QMimeData, QRectF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent, QPainter, QPen

from dao_app.ui.theme.look import Look
from dao_app.ui.theme.painting import chip_width, draw_chip

CARD = "application/x-guildhall-card"
ID_BYTES_MAX = 64  # hexadecimal digits of an id; longer data is not ours


@dataclass(frozen=True, slots=True)
class Hint:
    """What letting go here would do, and whether it can be done."""

    text: str
    allowed: bool


Meaning = Callable[[str], Hint | None]  # of a card's id; None where letting go does nothing


def card_data(identity: str) -> QMimeData:
    data = QMimeData()
    data.setData(CARD, identity.encode())
    return data


def card_of(data: QMimeData) -> str:
    """The id of the card carried, "" where it is none of ours."""
    raw = bytes(data.data(CARD).data())
    return raw.decode("ascii", "ignore") if len(raw) <= ID_BYTES_MAX else ""


def hint_for(event: QDragMoveEvent | QDropEvent, meaning: Meaning) -> Hint | None:
    """Take the event if it carries a card, an impossible one too: letting go then tells why. What the target
    shows meanwhile."""
    card = card_of(event.mimeData())
    if not card:
        event.ignore()
        return None
    event.accept()
    return meaning(card)


def paint_hint(painter: QPainter, rect: QRectF, look: Look, hint: Hint) -> None:
    """A frame around the target, and in words what would happen."""
    tone, fill = ("accent", "accentSoft") if hint.allowed else ("danger", "dangerSoft")
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(look.color(tone), 2)
    if not hint.allowed:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), look.px(8), look.px(8))
    width = chip_width(look, hint.text)
    if width + look.px(8) < rect.width():
        chip = QRectF(rect.center().x() - width / 2, rect.bottom() - look.px(32), width, look.px(22))
        draw_chip(painter, chip, look, hint.text, tone, fill, tone)
