"""Painted glyphs shared by delegates and small widgets: seal, pips, bars, avatars, chips, keys.

Finality is a shape: hollow is pending, filled is final (docs/glossary.md). The seal is an eight-lobed path
r = R(1 − a + a·cos 8t) and means finality of something signed, nothing else.
"""

from __future__ import annotations

import hashlib
import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QFont, QPainter, QPainterPath, QPen, QPixmap

from dao_app.ui.theme.look import Look, tokens

SEAL_TONES = {
    "queued": "text3",
    "provisional": "provisional",
    "closing": "provisional",
    "final": "final",
    "contested": "danger",
    "rejected": "danger",
}
AVATAR_TONES = (
    ("accentSoft", "accent"),
    ("provisionalSoft", "provisional"),
    ("infoSoft", "info"),
    ("plumSoft", "plum"),
    ("sunken", "text2"),
    ("dangerSoft", "danger"),
)
AVATAR_SEGMENTS = 12
_SEAL_STEPS = 96
FIRST_CJK = 0x2E80  # from here on one character fills the picture


def seal_path(centre: QPointF, radius: float) -> QPainterPath:
    """The lobed outline of the seal."""
    amplitude, lobes = tokens()["seal"]["amplitude"], tokens()["seal"]["lobes"]
    path = QPainterPath()
    for step in range(_SEAL_STEPS):
        t = step / _SEAL_STEPS * 2 * math.pi
        r = radius * (1 - amplitude + amplitude * math.cos(lobes * t))
        point = QPointF(centre.x() + r * math.sin(t), centre.y() - r * math.cos(t))
        if step:
            path.lineTo(point)
        else:
            path.moveTo(point)
    path.closeSubpath()
    return path


def _round_pen(look: Look, tone: str, width: float) -> QPen:
    return QPen(
        QBrush(look.color(tone)), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    )


def _draw_seal(painter: QPainter, rect: QRectF, look: Look, state: str, back: str) -> None:
    centre, unit = rect.center(), rect.width() / 16
    tone = SEAL_TONES[state]
    stroke = max(1.3, unit * (1.9 if rect.width() >= look.px(20) else 1.45) * 0.85)
    if state == "final":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.color(tone))
        painter.drawPath(seal_path(centre, 7.8 * unit))
        painter.setPen(_round_pen(look, back, 1.7 * unit))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        tick = [(-3.2, 0.2), (-0.9, 2.5), (3.3, -2.3)]
        painter.drawPolyline([QPointF(centre.x() + x * unit, centre.y() + y * unit) for x, y in tick])
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state == "queued":
        pen = _round_pen(look, tone, stroke)
        pen.setDashPattern([0.9, 1.9])
        painter.setPen(pen)
        painter.drawEllipse(centre, 6.3 * unit, 6.3 * unit)
        return
    painter.setPen(_round_pen(look, tone, stroke))
    painter.drawPath(seal_path(centre, 7.1 * unit))
    if state == "closing":
        painter.drawLine(QPointF(centre.x(), centre.y() - 3.2 * unit), centre)
        painter.drawLine(centre, QPointF(centre.x() + 2.4 * unit, centre.y() + 1.4 * unit))
    elif state in ("contested", "rejected"):
        painter.setPen(_round_pen(look, tone, 1.7 * unit))
        if state == "contested":
            painter.drawLine(QPointF(centre.x(), centre.y() - 3.3 * unit), QPointF(centre.x(), centre.y() + 0.7 * unit))
            painter.drawPoint(QPointF(centre.x(), centre.y() + 3.2 * unit))
        else:
            painter.drawLine(QPointF(centre.x() - 3 * unit, centre.y()), QPointF(centre.x() + 3 * unit, centre.y()))


def seal(look: Look, state: str, size: float, ratio: float, back: str = "surface") -> QPixmap:
    """The seal of a state as a cached pixmap of ``size`` token pixels."""
    shown = state if state in SEAL_TONES else "queued"
    return look.pixmap(("seal", shown, back), size, ratio, lambda p, r: _draw_seal(p, r, look, shown, back))


def initials(name: str) -> str:
    """Up to two letters of a name, one for a CJK name; "?" where there is none."""
    letters = [first for word in name.split() if (first := next((c for c in word if c.isalnum()), ""))]
    if not letters:
        return "?"
    if ord(letters[0]) >= FIRST_CJK:
        return letters[0]
    return "".join(letters[:2]).upper()


def _draw_avatar(painter: QPainter, rect: QRectF, look: Look, key: str, letters: str) -> None:
    bits = hashlib.sha256(key.encode()).digest()
    soft, tone = AVATAR_TONES[bits[0] % len(AVATAR_TONES)]
    pen_width = max(1.1, rect.width() / 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color(soft))
    painter.drawEllipse(rect)
    ring = rect.adjusted(pen_width / 2, pen_width / 2, -pen_width / 2, -pen_width / 2)
    pen = QPen(QBrush(look.color(tone)), pen_width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setPen(pen)
    span = 360 * 16 // AVATAR_SEGMENTS
    pattern = int.from_bytes(bits[1:3], "big")
    for segment in range(AVATAR_SEGMENTS):
        if pattern >> segment & 1:
            painter.drawArc(ring, segment * span, span)
    font = QFont(look.font("caption", 600))  # a copy: the look's own fonts are shared
    font.setPixelSize(max(7, round(rect.width() * (0.46 if len(letters) < 2 else 0.40))))
    painter.setFont(font)
    painter.setPen(look.color(tone))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, letters)


def avatar(look: Look, key: str, name: str, size: float, ratio: float) -> QPixmap:
    """A person's picture: tone and ring of segments come from the key, the letters from the name."""
    letters = initials(name)
    return look.pixmap(("avatar", key, letters), size, ratio, lambda p, r: _draw_avatar(p, r, look, key, letters))


def chip_width(look: Look, text: str, pad: int = 7, role: str = "caption", least: int = 18) -> int:
    return max(look.px(least), look.metrics(role).horizontalAdvance(text) + look.px(2 * pad))


def draw_chip(
    painter: QPainter,
    rect: QRectF,
    look: Look,
    text: str,
    tone: str,
    fill: str = "",
    border: str = "",
    role: str = "caption",
) -> None:
    """A small rounded label filling ``rect``."""
    painter.setPen(QPen(look.color(border), 1) if border else Qt.PenStyle.NoPen)
    painter.setBrush(look.color(fill) if fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), look.px(4), look.px(4))
    painter.setFont(look.font(role))
    painter.setPen(look.color(tone))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)


def draw_bar(
    painter: QPainter,
    rect: QRectF,
    look: Look,
    share: float,
    final: bool,
    leading: bool,
    mark: float | None,
    overhang: int,
) -> None:
    """A tally bar: hollow while pending, filled when final; ``mark`` is a share that is needed."""
    radius = look.px(2)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(look.color("sunken"))
    painter.drawRoundedRect(rect, radius, radius)
    width = rect.width() * min(max(share, 0.0), 1.0)
    if width >= 1:
        tone = "accent" if leading or final else "text3"
        filled = QRectF(rect.x(), rect.y(), max(width, look.px(4)), rect.height())
        if final:
            painter.setBrush(look.color(tone if leading else "text3"))
            painter.drawRoundedRect(filled, radius, radius)
        else:
            painter.setPen(QPen(look.color(tone), 1.5))
            painter.setBrush(look.color("accentSoft" if leading else "surface"))
            painter.drawRoundedRect(filled.adjusted(0.75, 0.75, -0.75, -0.75), radius, radius)
    if mark is not None:
        x = round(rect.x() + rect.width() * min(max(mark, 0.0), 1.0))
        x = min(x, round(rect.right()) - 2)
        painter.fillRect(QRectF(x, rect.y() - overhang, look.px(2), rect.height() + 2 * overhang), look.color("text"))


def draw_coming(painter: QPainter, rect: QRectF, look: Look, after: float, share: float) -> None:
    """The pending part of an amount, hollow, behind the filled one."""
    left = rect.x() + rect.width() * min(after, 1.0) + look.px(2)
    width = max(rect.width() * share - look.px(2), look.px(8))
    part = QRectF(min(left, rect.right() - width), rect.y(), width, rect.height())
    painter.setPen(QPen(look.color("provisional"), 1.5))
    painter.setBrush(look.color("provisionalSoft"))
    painter.drawRoundedRect(part.adjusted(0.75, 0.75, -0.75, -0.75), look.px(2), look.px(2))


def draw_pips(painter: QPainter, rect: QRectF, look: Look, signed: int, total: int, quorum: int) -> None:
    """Witness pips: filled for who co-signed, a stroke after as many as make it final."""
    tone = "final" if signed >= quorum else "provisional" if signed else "text3"
    edge, x = look.px(10), rect.x() + 1
    for number in range(total):
        painter.setPen(QPen(look.color(tone), 1.5))
        painter.setBrush(look.color(tone) if number < signed else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(x + 0.75, rect.center().y() - edge / 2 + 0.75, edge - 1.5, edge - 1.5))
        x += look.px(14)
        if number == quorum - 1:
            painter.drawLine(QPointF(x, rect.y() + look.px(2)), QPointF(x, rect.bottom() - look.px(2)))
            x += look.px(6)
