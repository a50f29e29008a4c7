"""The frame of all dialogs: title, content, who signs, what went wrong, cancel and the one main action."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.widgets.buttons import KEY_SIGN, Button
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.notices import Problem


class Dialog(QDialog):
    """A window-modal dialog. Subclasses fill ``content`` and give ``accept_now``.

    Ctrl+Enter does the main action, Esc leaves. What was typed stays while the engine works and when it
    refuses; the dialog closes only when the gesture is signed.
    """

    WIDTH = 520

    def __init__(
        self, ui: Ui, parent: QWidget, title: str, verb: str = "", signed: bool = True, **params: object
    ) -> None:
        super().__init__(parent)
        self.ui = ui
        self._title_key, self._params = title, params
        self.setModal(True)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.heading = Label(ui, role="heading", elide=True)
        self.heading.say_key(title, **params)
        self.content: QVBoxLayout = column(ui, gap=14)
        self.problem = Problem(ui)
        self.main = Button(ui, verb or "ok", "primary", KEY_SIGN)
        if not verb:
            self.main.hide()
        self.main.clicked.connect(self._go)
        self.cancel = Button(ui, "cancel" if verb else "close")
        self.cancel.clicked.connect(self.reject)
        self._signer = Label(ui, role="caption", tone="text2", elide=True)
        self._print = Label(ui, role="mono", tone="text2")
        signer = row(
            ui, IconView(ui, "key", "text2", 14, "sunken"), self._signer, self._print, gap=8, margins=(10, 6, 10, 6)
        )
        signer.setStretch(1, 1)
        self._signer_box = Box(ui, "well", signer)
        self._signed = signed and bool(verb)
        foot = row(ui, None, self.cancel, self.main, gap=8)
        self.setLayout(
            column(
                ui, self.heading, self.content, self.problem, self._signer_box, foot, gap=14, margins=(20, 18, 20, 18)
            )
        )
        self.relook()

    def relook(self) -> None:
        self.setWindowTitle(self.ui.t(self._title_key, **self._params))
        self.setAccessibleName(self.windowTitle())
        self.setFixedWidth(self.ui.look.px(self.WIDTH))
        signer = self.ui.signer()
        self._signer_box.setVisible(self._signed and signer is not None)
        if signer is not None:
            self._signer.say(self.ui.t("dialog.signed_as", name=self.ui.name(signer)))
            self._print.say(signer.fingerprint)

    # -- the main action -----------------------------------------------------------------------
    def accept_now(self) -> None:
        """Check what was typed and make the gesture."""
        self.accept()

    def _go(self) -> None:
        if self.main.isVisible() and self.main.isEnabled():
            self.problem.clear()
            self.accept_now()

    def write(self, method: str, done: Callable[[object], None] | None = None, /, **params: object) -> None:
        """Make a gesture of the organisation; closes when it is signed, says why when it is refused."""
        self.busy(True)

        def finished(result: object) -> None:
            self.busy(False)
            self.accept()
            if done is not None:
                done(result)

        self.ui.write(self, method, finished, self.refused, **params)

    def refused(self, error: GuildhallError) -> None:
        self.busy(False)
        self.problem.show_error(error)
        self.fit()

    def busy(self, busy: bool) -> None:
        self.main.setEnabled(not busy)

    def fit(self) -> None:
        """Give the content the height it needs, as far as the screen allows."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        needed = max(layout.totalHeightForWidth(self.width()), layout.totalMinimumSize().height())
        self.resize(self.width(), min(needed, self.screen().availableGeometry().height()))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt)
        super().showEvent(event)
        self.fit()
        if self._signed and self.focusWidget() in (None, self.cancel):
            self._focus_first()

    def _focus_first(self) -> None:
        """Typing begins at the first field that is on show."""
        at = self.nextInFocusChain()
        while at is not None and at is not self:
            takes = at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.isVisible() and at.isEnabled()
            if takes and at not in (self.cancel, self.main) and self.isAncestorOf(at):
                at.setFocus()
                return
            at = at.nextInFocusChain()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if control and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._go()
        elif event.key() == Qt.Key.Key_Escape:
            self.reject()
        else:
            event.ignore()

    def paragraph(self, key: str, **params: object) -> Paragraph:
        """A line of explanation in the content."""
        text = Paragraph(self.ui, tone="text2")
        text.say_key(key, **params)
        self.content.addWidget(text)
        return text


class ConfirmDialog(Dialog):
    """Asks before something that moves value or cannot be taken back; names object, amount and signer."""

    def __init__(
        self,
        ui: Ui,
        parent: QWidget,
        title: str,
        text: str,
        verb: str,
        facts: list[tuple[str, str]],
        act: Callable[[ConfirmDialog], None],
        signed: bool = True,
        **params: object,
    ) -> None:
        super().__init__(ui, parent, title, verb, signed, **params)
        self._act = act
        self.paragraph(text, **params)
        if facts:
            lines = column(ui, gap=6, margins=(14, 10, 14, 10))
            for caption, value in facts:
                shown = Label(ui, weight=600, elide=True)
                shown.say(value)
                shown.setAlignment(Qt.AlignmentFlag.AlignRight)
                line = row(ui, Label(ui, caption, tone="text2"), shown, gap=12)
                line.setStretch(1, 1)
                lines.addLayout(line)
            self.content.addWidget(Box(ui, "card", lines))
        self.main.setFocus()

    def accept_now(self) -> None:
        self._act(self)
