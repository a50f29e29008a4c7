"""Text as plain text: one line elided, or wrapped at the token line height. Foreign text is never markup."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from dao_app.ui.context import Ui

LINES_MAX = 400  # of one wrapped label; longer text is a document and belongs elsewhere


class Label(QLabel):
    """A line of text by catalogue key or as given.

    ``elide`` takes what room there is and cuts the text to it, with a tooltip; ``hug`` does so without
    taking more room than the text needs.
    """

    def __init__(
        self,
        ui: Ui,
        key: str = "",
        role: str = "body",
        tone: str = "text",
        weight: int = 0,
        size: int = 0,
        elide: bool = False,
        hug: bool = False,
        **params: object,
    ) -> None:
        super().__init__()
        self._ui, self._key, self._params = ui, key, params
        elide = elide or hug
        self._role, self._weight, self._size, self._elide = role, weight, size, elide
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", tone)
        if elide:
            across = QSizePolicy.Policy.Maximum if hug else QSizePolicy.Policy.Ignored
            self.setSizePolicy(across, QSizePolicy.Policy.Fixed)
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFont(look.font(self._role, self._weight, self._size))
        self.setFixedHeight(max(look.line(self._role), look.px(self._size * 1.3)))
        if self._key:
            self.setText(self._ui.t(self._key, **self._params))

    def say(self, text: str) -> None:
        """Show this text instead of a catalogue key."""
        self._key = ""
        if text != self.text():
            self.setText(text)
            self.setToolTip("")

    def say_key(self, key: str, **params: object) -> None:
        self._key, self._params = key, params
        self.setText(self._ui.t(key, **params))

    def tone(self, tone: str) -> None:
        if self.property("tone") != tone:
            self.setProperty("tone", tone)
            self.style().unpolish(self)
            self.style().polish(self)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(0, self.height()) if self._elide else super().minimumSizeHint()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        width = self.fontMetrics().horizontalAdvance(self.text()) + 1
        return QSize(width, self.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        if not self._elide:
            super().paintEvent(event)
            return
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        if shown != self.text() and not self.toolTip():
            self.setToolTip(plain_tooltip(self.text()))
        with QPainter(self) as painter:
            painter.setPen(self.palette().windowText().color())
            painter.drawText(self.rect(), self.alignment() | Qt.AlignmentFlag.AlignVCenter, shown)


class Paragraph(QLabel):
    """Wrapped plain text at the token line height."""

    def __init__(
        self, ui: Ui, key: str = "", role: str = "body", tone: str = "text", weight: int = 0, **params: object
    ) -> None:
        super().__init__()
        self._ui, self._key, self._params, self._role, self._weight = ui, key, params, role, weight
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("tone", tone)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.relook()

    def relook(self) -> None:
        self.setFont(self._ui.look.font(self._role, self._weight))
        if self._key:
            self.setText(self._ui.t(self._key, **self._params))
        self.updateGeometry()

    def say(self, text: str) -> None:
        self._key = ""
        if text != self.text():
            self.setText(text)
            self.updateGeometry()

    def say_key(self, key: str, **params: object) -> None:
        self._key, self._params = key, params
        self.setText(self._ui.t(key, **params))
        self.updateGeometry()

    def _lay_out(self, width: int) -> tuple[list[QTextLayout], int]:
        line_height = self._ui.look.line(self._role)
        layouts, y = [], 0
        option = QTextOption(self.alignment() & Qt.AlignmentFlag.AlignHorizontal_Mask)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        lines = 0
        for part in self.text().split("\n"):
            layout = QTextLayout(part, self.font())
            layout.setTextOption(option)
            layout.beginLayout()
            while lines < LINES_MAX and (line := layout.createLine()).isValid():
                line.setLineWidth(max(width, 1))
                line.setPosition(QPointF(0, y + (line_height - line.height()) / 2))
                y += line_height
                lines += 1
            layout.endLayout()
            if not part:
                y += line_height
            layouts.append(layout)
        return layouts, y

    def hasHeightForWidth(self) -> bool:  # noqa: N802 (Qt)
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802 (Qt)
        return self._lay_out(width)[1]

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        width = min(self.fontMetrics().horizontalAdvance(self.text()) + 2, self._ui.look.size("measure"))
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(self._ui.look.px(60), self._ui.look.line(self._role))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        layouts, _ = self._lay_out(self.width())
        with QPainter(self) as painter:
            painter.setPen(self.palette().windowText().color())
            for layout in layouts:
                layout.draw(painter, QPointF(0, 0))


def plain_tooltip(text: str) -> str:
    """Qt guesses whether a tooltip is markup; escaped inside one paragraph it is always shown as written."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<p style='white-space:pre-wrap'>{escaped}</p>"


def tip(widget: QWidget, text: str) -> None:
    """Give a widget a tooltip that is never markup."""
    widget.setToolTip(plain_tooltip(text) if text else "")
