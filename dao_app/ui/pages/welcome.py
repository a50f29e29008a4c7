"""The first screen: look around, join, found; or unlock the identity that is here."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.app.views import IdentityView, PersonView
from dao_app.ui.context import Ui
from dao_app.ui.pages.start_frame import StartPage
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Field, Line
from dao_app.ui.widgets.glyphs import AvatarView, IconView, KeyChip
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.notices import ProgressLine

PASSPHRASE_CHARS_MAX = 1_024


class BigChoice(QFrame):
    """A card that is pressed as a whole: icon, title, explanation."""

    pressed = Signal()

    def __init__(self, ui: Ui, icon: str, title: str, text: str, key: str) -> None:
        super().__init__()
        self._ui, self._title, self._text = ui, title, text
        self.setProperty("box", "card")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        texts = column(ui, Label(ui, title, "heading"), Paragraph(ui, text, tone="text2"), gap=2)
        layout = row(
            ui,
            column(ui, 3, IconView(ui, icon, "accent", 20, "raised"), None),
            texts,
            KeyChip(ui, key),
            gap=16,
            margins=(18, 14, 16, 14),
        )
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.relook()

    def relook(self) -> None:
        self.setAccessibleName(f"{self._ui.t(self._title)}. {self._ui.t(self._text)}")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit()
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        super().paintEvent(event)
        if self.hasFocus() or self.underMouse():
            with QPainter(self) as painter:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.setPen(
                    QPen(
                        self._ui.look.color("focus" if self.hasFocus() else "borderStrong"), 2 if self.hasFocus() else 1
                    )
                )
                radius = self._ui.look.px(8)
                painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), radius, radius)

    def focusInEvent(self, event: object) -> None:  # noqa: N802 (Qt)
        self.update()

    def focusOutEvent(self, event: object) -> None:  # noqa: N802 (Qt)
        self.update()

    def enterEvent(self, event: object) -> None:  # noqa: N802 (Qt)
        self.update()

    def leaveEvent(self, event: object) -> None:  # noqa: N802 (Qt)
        self.update()


class WelcomePage(StartPage):
    """Where a new user begins."""

    demo_wanted = Signal()
    join_wanted = Signal()
    found_wanted = Signal()
    restore_wanted = Signal()
    further_wanted = Signal()
    unlocked = Signal(object)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "welcome.title", "welcome.intro")
        self.demo = BigChoice(ui, "search", "welcome.demo", "welcome.demo_text", "1")
        self.join = BigChoice(ui, "link", "welcome.join", "welcome.join_text", "2")
        self.found = BigChoice(ui, "plus", "welcome.found", "welcome.found_text", "3")
        self.demo.pressed.connect(self.demo_wanted)
        self.join.pressed.connect(self.join_wanted)
        self.found.pressed.connect(self.found_wanted)
        self._unlock = self._build_unlock()
        self.progress = ProgressLine(ui)
        restore = Button(ui, "welcome.restore", "link", icon="key")
        restore.clicked.connect(self.restore_wanted)
        self._restore = QWidget()
        further = Button(ui, "welcome.further", "link", icon="plus")
        further.clicked.connect(self.further_wanted)
        self._restore.setLayout(row(ui, restore, further, None, gap=18))
        for widget in (self._unlock, self.demo, self.join, self.found, self.progress, self._restore):
            self.content.addWidget(widget)
        self.add_help("welcome.help", "welcome.help_text")
        self.add_help("welcome.states", "welcome.states_text")
        self.foot.hide()

    def _build_unlock(self) -> QWidget:
        ui = self.ui
        self._picture, self._name = AvatarView(ui, size=32), Label(ui, weight=600, elide=True)
        self._print = Label(ui, role="mono", tone="text3")
        self.passphrase = Line(ui, name="identity.passphrase", bytes_max=PASSPHRASE_CHARS_MAX)
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.returnPressed.connect(self._open)
        button = Button(ui, "unlock.verb", "primary")
        button.clicked.connect(self._open)
        who = row(ui, self._picture, column(ui, self._name, self._print), gap=12)
        who.setStretch(1, 1)
        field = row(ui, Field(ui, "identity.passphrase", self.passphrase), column(ui, None, button), gap=10)
        field.setStretch(0, 1)
        return Box(ui, "card", column(ui, who, 12, field, margins=(18, 16, 18, 16)))

    def show_identity(self, identity: IdentityView) -> None:
        """Ask for the passphrase of an identity that is locked."""
        locked = identity.exists and not identity.unlocked
        self._unlock.setVisible(locked)
        self.join.setVisible(not locked)
        self.found.setVisible(not locked)
        self._restore.setVisible(not identity.exists)
        if locked:
            self._picture.show_person(PersonView(identity.id, identity.name, identity.fingerprint, True))
            self._name.say(isolate(identity.name))
            self._print.say(identity.fingerprint)
            self.heading.say_key("unlock.title")
            self.intro.say_key("unlock.text")
            self.passphrase.setFocus()
        else:
            self.heading.say_key("welcome.title")
            self.intro.say_key("welcome.intro")
            self.demo.setFocus()

    def _open(self) -> None:
        if not self.passphrase.text():
            return
        self.problem.clear()

        def failed(error: GuildhallError) -> None:
            self.passphrase.setEnabled(True)
            self.passphrase.selectAll()
            self.passphrase.setFocus()
            self.problem.show_error(error)

        def done(identity: object) -> None:
            self.passphrase.setEnabled(True)
            self.passphrase.clear()
            self.unlocked.emit(identity)

        self.passphrase.setEnabled(False)
        self.ui.bridge.call(self, "identity_unlock", {"passphrase": self.passphrase.text()}, done, failed)

    def keys(self) -> dict[str, Callable[[], None]]:
        shown = {"1": self.demo, "2": self.join, "3": self.found}
        return {key: choice.pressed.emit for key, choice in shown.items() if not choice.isHidden()}
