"""Buttons: the style sheet draws the box, we paint label, icon and key chip so that all align."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
)

from dao_app.ui.context import Ui
from dao_app.ui.theme.painting import chip_width, draw_chip
from dao_app.ui.widgets.labels import tip
from dao_app.ui.widgets.layout import row

KEY_SIGN = "Ctrl \u21b5"
_TONES = {
    "primary": "onAccent",
    "ghost": "text2",
    "link": "accent",
    "toast": "window",
    "danger": "danger",
    "tab": "text2",
    "segment": "text2",
}
_PADS = {"link": 1, "tab": 10, "segment": 10}
_HEIGHTS = {"link": 24, "tab": 51, "segment": 24}


class Button(QPushButton):
    """A labelled button; ``key`` is shown as a chip, ``kind`` chooses the box.

    Kinds: "", primary, ghost, link, danger, toast, choice, tab, segment. ``leading`` puts the label of a
    choice at the left behind a circle.
    """

    leading = False
    leading_text = False  # the label stands at the left, without a circle

    def __init__(
        self, ui: Ui, text: str = "", kind: str = "", key: str = "", icon: str = "", height: int = 0, wide: bool = False
    ) -> None:
        super().__init__()
        self._ui, self._text_key, self._kind, self._key, self._icon = ui, text, kind, key, icon
        self._height, self._count, self._said = height or _HEIGHTS.get(kind, 30), "", ""
        self._compact = False
        self._params: dict[str, object] = {}
        self.setProperty("kind", kind)
        self.setAutoDefault(False)
        self.setCheckable(kind in ("choice", "tab", "segment"))
        if not wide:
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.relook()

    def relook(self) -> None:
        self.setFixedHeight(self._ui.look.px(self._height))
        text = self._said or (self._ui.t(self._text_key, **self._params) if self._text_key else "")
        self.setText("" if self._compact else text.replace("&", "&&"))
        named = self.property("accessible") or text
        self.setAccessibleName(str(named))
        if self._key or self._compact:
            tip(self, f"{named} ({self._key})" if self._key else str(named))
        self.updateGeometry()
        self.update()

    def say(self, text: str) -> None:
        """Show this text instead of a catalogue key (plain, may be foreign)."""
        self._said = text
        self.relook()

    def say_key(self, key: str, **params: object) -> None:
        self._said, self._text_key, self._params = "", key, params
        self.relook()

    def compact(self, compact: bool) -> None:
        """Show the icon and the key without the label, where there is no room for it."""
        if compact != self._compact:
            self._compact = compact
            self.relook()

    def count(self, text: str) -> None:
        """A quiet figure after the label, for tabs."""
        if text != self._count:
            self._count = text
            self.updateGeometry()
            self.update()

    def set_icon(self, icon: str) -> None:
        self._icon = icon
        self.update()

    def _label(self) -> str:
        return self.text().replace("&&", "&")

    def _weight(self) -> int:
        if self._kind == "primary" or (self._kind in ("tab", "segment", "choice") and self.isChecked()):
            return 600
        return 400 if self._kind in ("link", "tab", "segment", "choice") else 500

    def _role(self) -> str:
        return "caption" if self._kind == "link" else "body"

    def _parts(self) -> tuple[int, int, int, int]:
        """Widths of icon, label, count and key chip."""
        look = self._ui.look
        icon = look.px(16) if self._icon else 0
        weight = 600 if self._kind in ("tab", "segment", "choice") else self._weight()  # no jump when checked
        label = look.metrics(self._role(), weight).horizontalAdvance(self._label()) + 1 if self.text() else 0
        count = look.metrics("caption").horizontalAdvance(self._count) if self._count else 0
        key = chip_width(look, self._key, 4, "kbd") if self._key else 0
        return icon, label, count, key

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        look, parts = self._ui.look, [p for p in self._parts() if p]
        pad = _PADS.get(self._kind, 11) if self.text() else 7
        width = sum(parts) + look.px(7) * max(len(parts) - 1, 0) + 2 * look.px(pad) + 2
        return QSize(width, look.px(self._height))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = ""
        look = self._ui.look
        tone = _TONES.get(self._kind, "text")
        if self._kind in ("tab", "segment") and self.isChecked():
            tone = "text"
        if not self.isEnabled():
            tone = "text3"
        with QPainter(self) as painter:
            self.style().drawControl(QStyle.ControlElement.CE_PushButton, option, painter, self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_parts(painter, tone)
            if self._kind == "tab" and self.hasFocus():
                painter.setPen(look.color("focus"))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 4, -1, -4), 4, 4)

    def _paint_parts(self, painter: QPainter, tone: str) -> None:
        look = self._ui.look
        icon, label, count, key = self._parts()
        gap, height = look.px(7), self.height()
        total = sum(p for p in (icon, label, count, key) if p) + gap * (
            sum(1 for p in (icon, label, count, key) if p) - 1
        )
        x = (self.width() - total) / 2
        if self.leading_text:
            x = look.px(9)
            label = min(label, self.width() - 2 * look.px(9))
        if self.leading:
            x = self._paint_radio(painter)
            label = min(label, self.width() - round(x) - key - look.px(18))
        if icon:
            painter.drawPixmap(
                round(x), round((height - icon) / 2), look.icon(self._icon, tone, 16, self.devicePixelRatioF())
            )
            x += icon + gap
        if label:
            painter.setFont(look.font(self._role(), self._weight()))
            painter.setPen(look.color(tone))
            shown = painter.fontMetrics().elidedText(self._label(), Qt.TextElideMode.ElideRight, label + 2)
            painter.drawText(QRectF(x, 0, label + 2, height), Qt.AlignmentFlag.AlignVCenter, shown)
            x += label + gap
        if count:
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text3"))
            painter.drawText(QRectF(x, 0, count + 2, height), Qt.AlignmentFlag.AlignVCenter, self._count)
            x += count + gap
        if key:
            inverse = self._kind in ("primary", "toast")
            if self.leading:
                x = self.width() - key - look.px(8)
            rect = QRectF(x, (height - look.px(18)) / 2, key, look.px(18))
            draw_chip(
                painter,
                rect,
                look,
                self._key,
                tone if inverse else "text3",
                "",
                tone if inverse else "border",
                role="kbd",
            )

    def _paint_radio(self, painter: QPainter) -> float:
        """The circle of a choice from a list; returns where the label begins."""
        look, edge = self._ui.look, self._ui.look.px(14)
        circle = QRectF(look.px(11), (self.height() - edge) / 2, edge, edge)
        painter.setPen(QPen(look.color("accent" if self.isChecked() else "borderStrong"), 1.5))
        painter.setBrush(look.color("accent" if self.isChecked() else "raised"))
        painter.drawEllipse(circle.adjusted(0.75, 0.75, -0.75, -0.75))
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("onAccent"))
            painter.drawEllipse(circle.center(), edge / 6, edge / 6)
        return circle.right() + look.px(9)


class IconButton(Button):
    """A square button with an icon; its name is spoken and shown as a tooltip."""

    def __init__(self, ui: Ui, icon: str, name: str, kind: str = "ghost", key: str = "") -> None:
        self._name, self._shown_key = name, key
        super().__init__(ui, "", kind, "", icon)
        self.relook()

    def relook(self) -> None:
        name = self._ui.t(self._name)
        self.setProperty("accessible", name)
        super().relook()
        tip(self, f"{name} ({self._shown_key})" if self._shown_key else name)
        self.setFixedWidth(self._ui.look.px(30))

    def rename(self, name: str) -> None:
        self._name = name
        self.relook()


class Choices(QFrame):
    """A row of tabs or segments, one of which is chosen."""

    chosen = Signal(str)

    def __init__(
        self, ui: Ui, options: list[tuple[str, str]], kind: str = "tab", icons: dict[str, str] | None = None
    ) -> None:
        super().__init__()
        self.setProperty("box", "segments" if kind == "segment" else "plain")
        self._group = QButtonGroup(self)
        self._buttons: dict[str, Button] = {}
        for name, key in options:
            button = Button(ui, key, kind, icon=(icons or {}).get(name, ""))
            button.clicked.connect(lambda _=False, n=name: self.chosen.emit(n))
            self._group.addButton(button)
            self._buttons[name] = button
        margins = (2, 2, 2, 2) if kind == "segment" else (0, 0, 0, 0)
        self.setLayout(row(ui, *self._buttons.values(), gap=2, margins=margins))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._buttons[options[0][0]].setChecked(True)

    def select(self, name: str) -> None:
        """Show one as chosen without telling."""
        if name in self._buttons:
            self._buttons[name].setChecked(True)

    def selected(self) -> str:
        return next((name for name, button in self._buttons.items() if button.isChecked()), "")

    def count(self, name: str, text: str) -> None:
        self._buttons[name].count(text)

    def show_only(self, names: set[str]) -> None:
        for name, button in self._buttons.items():
            button.setVisible(name in names)

    def step(self, by: int) -> None:
        """Choose the next or previous one and tell."""
        names = [n for n, b in self._buttons.items() if not b.isHidden()]
        place = (names.index(self.selected()) + by) % len(names)
        self._buttons[names[place]].click()
