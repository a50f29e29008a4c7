"""The frame of everything before an organisation is open: steps on the left, the step, help, a footer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from dao_app.ui.context import Ui
from dao_app.ui.theme.painting import seal
from dao_app.ui.widgets.buttons import KEY_SIGN, Button
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row, scrolling
from dao_app.ui.widgets.notices import Problem
from dao_app.ui.widgets.stages import Stage, Steps

LANGUAGES = (("en", "English"), ("zh", "简体中文"))
HELP_NEEDS = 1000  # effective pixels of the window below which the help column goes
STEPS = ("identity", "words", "start", "sync")


class Mark(QWidget):
    """The program's mark: the one place besides signed things where the seal stands."""

    def __init__(self, ui: Ui, size: int = 24) -> None:
        super().__init__()
        self._ui, self._size = ui, size
        self.relook()

    def relook(self) -> None:
        edge = self._ui.look.px(self._size)
        self.setFixedSize(edge, edge)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        with QPainter(self) as painter:
            painter.drawPixmap(0, 0, seal(self._ui.look, "final", self._size, self.devicePixelRatioF(), "window"))


class LanguageButton(Button):
    """Chooses the language of the window."""

    chosen = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "language.name", "ghost", icon="globe")
        self.clicked.connect(self._offer)

    def _offer(self) -> None:
        menu = QMenu(self)
        for code, name in LANGUAGES:
            menu.addAction(name).triggered.connect(lambda _=False, c=code: self.chosen.emit(c))
        menu.popup(self.mapToGlobal(self.rect().topLeft()))


class StartPage(QWidget):
    """One step. Subclasses fill ``content`` and ``help`` and set the buttons of the footer."""

    step = ""  # name in STEPS; "" shows no steps
    language_chosen = Signal(str)
    left = Signal()  # finish later, back to the welcome

    def __init__(self, ui: Ui, title: str, intro: str) -> None:
        super().__init__()
        self.ui = ui
        self.setProperty("box", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)
        self._steps = Steps(ui)
        language = LanguageButton(ui)
        language.chosen.connect(self.language_chosen)
        mark = row(
            ui,
            Mark(ui),
            Label(ui, "app.name", "heading"),
            Label(ui, "app.other_name", "heading", "text2", 400),
            None,
            gap=8,
        )
        rail = Box(
            ui,
            "sidebar",
            column(ui, mark, 34, self._steps, None, row(ui, language, None), margins=(24, 26, 20, 24)),
            width=300,
        )
        self.heading = Label(ui, title, "title")
        self.intro = Paragraph(ui, intro, tone="text2")
        self.content: QVBoxLayout = column(ui, gap=14)
        self.problem = Problem(ui)
        inner = column(ui, self.heading, 6, self.intro, 16, self.problem, self.content, None, margins=(56, 40, 56, 24))
        middle = QWidget()
        middle.setProperty("box", "surface")
        middle.setLayout(inner)
        middle.setMaximumWidth(ui.look.px(860))
        self.help: QVBoxLayout = column(ui, gap=6, margins=(28, 44, 28, 24))
        self.help_box = Box(ui, "pane", column(ui, self.help, None), width=320)
        self.back = Button(ui, "back", "ghost", icon="left")
        self.back.clicked.connect(self.go_back)
        self.note = Label(ui, role="caption", tone="text2", elide=True)
        self.later = Button(ui, "finish_later", "ghost")
        self.later.clicked.connect(self.left)
        self.next = Button(ui, "continue", "primary", KEY_SIGN)
        self.next.clicked.connect(self._go_on)
        foot_row = row(ui, self.back, self.note, self.later, self.next, gap=14, margins=(28, 0, 28, 0))
        foot_row.setStretch(1, 1)
        self.foot = Box(ui, "footer", foot_row, height=62)
        body = row(ui, rail, scrolling(middle, ui.t(title)), self.help_box, gap=0)
        body.setStretch(1, 1)
        layout = column(ui, body, self.foot)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.relook()

    def relook(self) -> None:
        ui = self.ui
        place = STEPS.index(self.step) if self.step in STEPS else -1
        states = ["done" if n < place else "now" if n == place else "later" for n in range(len(STEPS))]
        stages = tuple(Stage(s, ui.t(f"step.{n}"), ui.t(f"step.{n}.note")) for s, n in zip(states, STEPS, strict=True))
        self._steps.show_stages(stages if place >= 0 else ())
        self._steps.setVisible(place >= 0)

    def add_help(self, title: str, *texts: str) -> None:
        """A headline with paragraphs in the right column."""
        self.help.addWidget(Label(self.ui, title, weight=600))
        for text in texts:
            self.help.addWidget(Paragraph(self.ui, text, tone="text2"))
        self.help.addSpacing(self.ui.look.px(16))

    def fold(self, width: int) -> None:
        self.help_box.setVisible(width >= HELP_NEEDS and self.help.count() > 0)

    def busy(self, busy: bool) -> None:
        self.next.setEnabled(not busy)

    def _go_on(self) -> None:
        if self.next.isEnabled() and self.next.isVisible():
            self.problem.clear()
            self.go_on()

    def sign(self) -> bool:
        """Ctrl+Enter."""
        self._go_on()
        return True

    def go_on(self) -> None:
        """The main action."""

    def go_back(self) -> None:
        """One step back."""
        self.left.emit()

    def entered(self) -> None:
        """The page is shown now."""

    def keys(self) -> dict[str, Callable[[], None]]:
        return {}
