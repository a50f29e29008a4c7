"""What the program says: toast with undo, problem card, empty state, progress."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.drafts import Draft
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.glyphs import Bar, IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row

NOTICE_MS = 4_000


class Toast(QWidget):
    """A line at the foot of the page: a held gesture with Undo, or a short notice."""

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(parent)
        self._ui = ui
        self._text = Label(ui, tone="onToast", elide=True)
        self._undo = Button(ui, "undo", "toast", "Ctrl Z", height=26)
        self._undo.clicked.connect(ui.drafts.undo)
        self.setLayout(row(ui, self._text, self._undo, gap=12, margins=(14, 6, 8, 6)))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self._undo.installEventFilter(self)
        ui.drafts.held.connect(self._show_draft)
        ui.drafts.settled.connect(self._settled)
        ui.said.connect(self.say)
        self.hide()

    def _show_draft(self, draft: Draft) -> None:
        self._timer.stop()
        self._undo.show()
        self._present(draft.text)

    def _settled(self) -> None:
        self.hide()

    def say(self, text: str) -> None:
        """A short notice; a held gesture keeps its place."""
        if self._ui.drafts.current is not None:
            return
        self._undo.hide()
        self._present(text)
        self._timer.start(NOTICE_MS)

    def _present(self, text: str) -> None:
        self._text.say(text)
        self.setAccessibleName(text)
        self.relook()
        self.show()
        self.raise_()

    def relook(self) -> None:
        look = self._ui.look
        parent = self.parentWidget()
        if parent is None:
            return
        wanted = self._text.sizeHint().width() + look.px(30)
        if not self._undo.isHidden():
            wanted += self._undo.sizeHint().width() + look.px(12)
        width = min(max(wanted, look.px(300)), parent.width() - look.px(32))
        height = look.px(40)
        self.setGeometry((parent.width() - width) // 2, parent.height() - height - look.px(20), width, height)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("text"))
            painter.drawRoundedRect(self.rect(), look.px(6), look.px(6))

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 (Qt)
        self._ui.drafts.pause()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt)
        self._ui.drafts.resume()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if event.type() == QEvent.Type.FocusIn:
            self._ui.drafts.pause()
        elif event.type() == QEvent.Type.FocusOut:
            self._ui.drafts.resume()
        return super().eventFilter(watched, event)


class Problem(Box):
    """What happened, what was not done, what to do."""

    _error: GuildhallError | None = None

    def __init__(self, ui: Ui, closable: bool = False) -> None:
        super().__init__(ui, "problem")
        self._happened = Paragraph(ui, weight=600)
        self._rest = Paragraph(ui, role="caption")
        texts = column(ui, self._happened, self._rest, gap=2)
        icon = column(ui, 2, IconView(ui, "warn", "danger", back="dangerSoft"), None)
        items: list[object] = [icon, texts]
        if closable:
            close = IconButton(ui, "x", "close")
            close.clicked.connect(self.hide)
            items.append(column(ui, close, None))
        layout = row(ui, *items, gap=10, margins=(14, 10, 10, 12))  # type: ignore[arg-type]
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.hide()

    def show_error(self, error: GuildhallError) -> None:
        """Present a refusal of the engine."""
        self._error = error
        self.relook()
        self.show()

    def clear(self) -> None:
        self._error = None
        self.hide()

    def relook(self) -> None:
        super().relook()
        if self._error is not None:
            text = self._ui.texts.error_text(self._error)
            self._happened.say(text.happened)
            self._rest.say("\n".join(line for line in (text.undone, text.todo) if line))
            self._rest.setVisible(bool(text.undone or text.todo))
            self.setAccessibleName(str(text))


class Empty(QFrame):
    """An empty list: the fact, what would fill it, one action."""

    pressed = Signal()

    def __init__(self, ui: Ui, fact: str, filler: str, action: str = "", key: str = "") -> None:
        super().__init__()
        self._fact, self._filler = Label(ui, fact, weight=600), Paragraph(ui, filler, tone="text2")
        self._fact.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._filler.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.button = Button(ui, action, key=key, icon="plus")
        if not action:
            self.button.hide()
        self.button.clicked.connect(self.pressed)
        layout = column(
            ui, None, self._fact, self._filler, row(ui, None, self.button, None), None, gap=8, margins=(24, 32, 24, 32)
        )
        self.setLayout(layout)

    def offer(self, allowed: bool) -> None:
        """Show the action only to whom it is allowed."""
        self.button.setVisible(allowed)


class ProgressLine(QWidget):
    """A bar with counted words; hidden while there is nothing to do."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._text, self._count = Label(ui, role="caption", tone="text2"), Label(ui, role="caption", tone="text3")
        self._bar = Bar(ui, height=4)
        self.setLayout(column(ui, row(ui, self._text, None, self._count), self._bar))
        self.hide()

    def show_progress(self, text: str, done: int, total: int) -> None:
        self._text.say(text)
        count = self._ui.t("progress.of", done=done, total=total) if total else self._ui.t("progress.count", n=done)
        self._count.say(count)
        self._bar.show_share(done / total if total else 0.0, f"{text} {count}", final=True, leading=True)
        self.show()
