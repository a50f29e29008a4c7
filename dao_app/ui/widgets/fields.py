"""Fields with a caption above and help or a fault below; pictures of state are ticks, not colours alone."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from dao_app.core.limits import CONTENT_BYTES_MAX, TITLE_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import column


class Line(QLineEdit):
    """One line of text; longer than the protocol takes cannot be typed."""

    def __init__(
        self, ui: Ui, placeholder: str = "", name: str = "", bytes_max: int = TITLE_BYTES_MAX, mono: bool = False
    ) -> None:
        super().__init__()
        self._ui, self._placeholder, self._name, self._mono = ui, placeholder, name, mono
        self.setMaxLength(bytes_max)
        self.relook()

    def relook(self) -> None:
        self.setFont(self._ui.look.font("mono" if self._mono else "body"))
        self.setFixedHeight(self._ui.look.px(32))
        if self._placeholder:
            self.setPlaceholderText(self._ui.t(self._placeholder))
        self.setAccessibleName(self._ui.t(self._name or self._placeholder))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        super().keyPressEvent(event)
        if event.key() == Qt.Key.Key_Escape:
            event.ignore()

    def mark(self, bad: bool) -> None:
        if bool(self.property("bad")) != bad:
            self.setProperty("bad", bad)
            self.style().unpolish(self)
            self.style().polish(self)


class Area(QPlainTextEdit):
    """Several lines of Markdown; Tab leaves the field, Ctrl+Enter is left to the dialog."""

    def __init__(self, ui: Ui, placeholder: str = "", name: str = "", lines: int = 4) -> None:
        super().__init__()
        self._ui, self._placeholder, self._name, self._lines = ui, placeholder, name, lines
        self.setTabChangesFocus(True)
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFont(look.font("body"))
        self.document().setDefaultFont(look.font("body"))
        self.viewport().setFont(look.font("body"))  # the placeholder is drawn with this one
        self.setFixedHeight(look.line("body") * self._lines + look.px(14))
        if self._placeholder:
            self.setPlaceholderText(self._ui.t(self._placeholder))
        self.setAccessibleName(self._ui.t(self._name or self._placeholder))

    def text(self) -> str:
        """What is typed, at most as many bytes as a description may have."""
        raw = self.toPlainText().encode("utf-8", "ignore")[:CONTENT_BYTES_MAX]
        return raw.decode("utf-8", "ignore").strip()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() == Qt.Key.Key_Escape or (control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)):
            event.ignore()
            return
        super().keyPressEvent(event)


class Picker(QComboBox):
    """A choice from few; the arrow is painted."""

    def __init__(self, ui: Ui, name: str) -> None:
        super().__init__()
        self._ui, self._name = ui, name
        self._options: list[tuple[str, str]] = []
        self.relook()

    def offer(self, options: list[tuple[str, str]]) -> None:
        """(value, catalogue key) pairs."""
        kept = self.currentData()
        self._options = options
        self.blockSignals(True)
        self.clear()
        for value, key in options:
            self.addItem(self._ui.t(key), value)
        self.pick(kept)
        self.blockSignals(False)

    def offer_plain(self, options: list[tuple[str, str]]) -> None:
        """(value, text) pairs; the text may be foreign."""
        self._options = []
        kept = self.currentData()
        self.blockSignals(True)
        self.clear()
        for value, text in options:
            self.addItem(text, value)
        self.pick(kept)
        self.blockSignals(False)

    def pick(self, value: object) -> None:
        place = self.findData(value)
        if place >= 0:
            self.setCurrentIndex(place)

    def relook(self) -> None:
        self.setFont(self._ui.look.font("body"))
        self.setFixedHeight(self._ui.look.px(32))
        self.setAccessibleName(self._ui.t(self._name))
        if self._options:
            for place, (_, key) in enumerate(self._options):
                self.setItemText(place, self._ui.t(key))

    def minimumSizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(self._ui.look.px(96), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        super().paintEvent(event)
        with QPainter(self) as painter:
            edge = self._ui.look.px(12)
            icon = self._ui.look.icon("down", "text2", 12, self.devicePixelRatioF())
            painter.drawPixmap(self.width() - edge - self._ui.look.px(9), (self.height() - edge) // 2, icon)


class Check(QCheckBox):
    """A check box with a painted tick that does not depend on the platform's style."""

    def __init__(self, ui: Ui, key: str = "", radio: bool = False) -> None:
        super().__init__()
        self._ui, self._key, self._radio = ui, key, radio
        self.relook()

    def relook(self) -> None:
        self.setFont(self._ui.look.font("body"))
        if self._key:
            self.setText(self._ui.t(self._key))
        self.setMinimumHeight(self._ui.look.px(24))
        self.updateGeometry()

    def say(self, text: str) -> None:
        self._key = ""
        self.setText(text.replace("&", "&&"))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        look = self._ui.look
        return QSize(look.px(26) + look.metrics().horizontalAdvance(self.text()) + 4, look.px(24))

    def hitButton(self, pos: object) -> bool:  # noqa: N802 (Qt)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        option = QStyleOptionButton()
        self.initStyleOption(option)
        edge = look.px(16)
        top = (self.height() - edge) / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            pen = painter.pen()
            on = self.isChecked()
            pen.setColor(look.color("accent" if on else "borderStrong"))
            pen.setWidthF(1.5)
            painter.setPen(pen)
            painter.setBrush(look.color("accent" if on else "raised"))
            painter.drawRoundedRect(1, round(top) + 1, edge - 2, edge - 2, look.px(3), look.px(3))
            if on:
                painter.drawPixmap(0, round(top), look.icon("check", "onAccent", 16, self.devicePixelRatioF()))
            if option.state & QStyle.StateFlag.State_HasFocus:
                pen.setColor(look.color("focus"))
                pen.setWidth(2)
                painter.setPen(pen)
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), look.px(4), look.px(4))
            painter.setFont(look.font("body"))
            painter.setPen(look.color("text"))
            rect = self.rect().adjusted(edge + look.px(8), 0, 0, 0)
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, self.text().replace("&&", "&"))


class Field(QWidget):
    """Caption, control and a line below that helps or names the fault."""

    left = Signal()

    def __init__(self, ui: Ui, caption: str, control: QWidget, help_key: str = "") -> None:
        super().__init__()
        self.control = control
        self._help_key = help_key
        self._note = Paragraph(ui, help_key, "caption", "text3")
        if not help_key:
            self._note.hide()
        self._caption = Label(ui, caption, weight=600)
        self._caption.setBuddy(control)
        layout: QVBoxLayout = column(ui, self._caption, control, self._note, None, gap=5)
        self.setLayout(layout)

    def fault(self, text: str) -> None:
        """Say what is wrong ("" takes it back)."""
        self._note.setProperty("tone", "danger" if text else "text3")
        self._note.style().unpolish(self._note)
        self._note.style().polish(self._note)
        if text:
            self._note.say(text)
        elif self._help_key:
            self._note.say_key(self._help_key)
        self._note.setVisible(bool(text or self._help_key))
        if isinstance(self.control, Line):
            self.control.mark(bool(text))

    def rename(self, caption: str) -> None:
        self._caption.say_key(caption)

    def judge(self, text: str) -> None:
        """Say something about what is typed that is no fault."""
        self._note.say(text)
        self._note.setVisible(True)
