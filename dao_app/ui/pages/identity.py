"""An identity in one step, its recovery words in the next; or an identity restored from words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRandomGenerator, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QStackedWidget, QWidget

from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.views import IdentityView
from dao_app.ui.context import Ui
from dao_app.ui.pages.start_frame import StartPage
from dao_app.ui.pages.welcome import PASSPHRASE_CHARS_MAX
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Area, Field, Line
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row

NAME_CHARS_MAX = 80
PASSPHRASE_LEAST = 8  # characters
PASSPHRASE_GOOD = 16
WORD_COLUMNS = 4
POSITIONS_ASKED = 3


def strength(text: str) -> str:
    """A plain word for a passphrase: short, fair or good."""
    if len(text) < PASSPHRASE_LEAST:
        return "short"
    return "good" if len(text) >= PASSPHRASE_GOOD or len(text.split()) >= 4 else "fair"


def random_positions(count: int) -> tuple[int, ...]:
    """Three different places from 1 to ``count``, in order."""
    places: set[int] = set()
    while len(places) < POSITIONS_ASKED:
        places.add(QRandomGenerator.system().bounded(count) + 1)
    return tuple(sorted(places))


class IdentityPage(StartPage):
    """Name and passphrase; with words where an identity is restored."""

    step = "identity"
    made = Signal(object, object)  # IdentityView, words (empty where restored)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "identity.title", "identity.intro")
        self._restoring = False
        self.name = Line(ui, name="identity.name", bytes_max=NAME_CHARS_MAX)
        self.words = Area(ui, "identity.words_hint", "identity.words", lines=3)
        self.first = Line(ui, name="identity.passphrase", bytes_max=PASSPHRASE_CHARS_MAX)
        self.again = Line(ui, name="identity.again", bytes_max=PASSPHRASE_CHARS_MAX)
        for line in (self.first, self.again):
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.textChanged.connect(lambda _: self._judge())
        self._name_field = Field(ui, "identity.name", self.name, "identity.name_help")
        self._words_field = Field(ui, "identity.words", self.words)
        self._first_field = Field(ui, "identity.passphrase", self.first, "identity.passphrase_help")
        self._again_field = Field(ui, "identity.again", self.again)
        self._shown = Button(ui, "identity.show", "link")
        self._shown.clicked.connect(self._toggle_shown)
        pair = row(ui, column(ui, self._first_field, None), column(ui, self._again_field, None), gap=16)
        pair.setStretch(0, 1)
        pair.setStretch(1, 1)
        for widget in (self._words_field, self._name_field):
            self.content.addWidget(widget)
        self.content.addLayout(pair)
        self.content.addLayout(row(ui, self._shown, None))
        self.add_help("identity.help", "identity.help_text")
        self.add_help("identity.help_words", "identity.help_words_text")
        self.note.say_key("identity.local")

    def begin(self, restoring: bool) -> None:
        """A new identity, or one restored from its words."""
        self._restoring = restoring
        self._words_field.setVisible(restoring)
        self.heading.say_key("identity.restore_title" if restoring else "identity.title")
        self.intro.say_key("identity.restore_intro" if restoring else "identity.intro")
        for field in (self.name, self.first, self.again):
            field.clear()
        self.words.clear()
        (self.words if restoring else self.name).setFocus()

    def _toggle_shown(self) -> None:
        hidden = self.first.echoMode() == QLineEdit.EchoMode.Password
        for line in (self.first, self.again):
            line.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self._shown.say_key("identity.hide" if hidden else "identity.show")

    def _judge(self) -> None:
        text = self.first.text()
        self._first_field.fault("")
        if text:
            self._first_field.judge(self.ui.t(f"identity.strength.{strength(text)}"))
        same = not self.again.text() or self.again.text() == text
        self._again_field.fault("" if same else self.ui.t("fault.differs"))

    def go_on(self) -> None:
        name, passphrase = self.name.text().strip(), self.first.text()
        self._name_field.fault("" if name else self.ui.t("fault.name"))
        weak = strength(passphrase) == "short"
        if weak:
            self._first_field.fault(self.ui.t("fault.passphrase", least=PASSPHRASE_LEAST))
        differs = passphrase != self.again.text()
        self._again_field.fault(self.ui.t("fault.differs") if differs else "")
        if not name or weak or differs:
            return
        self.busy(True)
        if self._restoring:
            params = {"words": " ".join(self.words.text().split()), "name": name, "passphrase": passphrase}
            self.ui.bridge.call(self, "identity_restore", params, self._restored, self._failed, writes=True)
        else:
            params = {"name": name, "passphrase": passphrase}
            self.ui.bridge.call(self, "identity_create", params, self._created, self._failed, writes=True)

    def _failed(self, error: GuildhallError) -> None:
        self.busy(False)
        self.problem.show_error(error)

    def _restored(self, identity: IdentityView) -> None:
        self._finish(identity, ())

    def _created(self, result: tuple[IdentityView, tuple[str, ...]]) -> None:
        self._finish(*result)

    def _finish(self, identity: IdentityView, words: tuple[str, ...]) -> None:
        self.busy(False)
        for line in (self.first, self.again):
            line.clear()
        self.words.clear()
        self.made.emit(identity, words)


class WordsPage(StartPage):
    """The recovery words: shown once to be written down, then three of them asked."""

    step = "words"
    confirmed = Signal()

    def __init__(self, ui: Ui, positions: Callable[[int], tuple[int, ...]] = random_positions) -> None:
        super().__init__(ui, "words.title", "words.intro")
        self._choose = positions
        self._asked: tuple[int, ...] = ()
        self._words: tuple[str, ...] = ()
        self._stack = QStackedWidget()
        self._parts = (self._build_locked(), self._build_shown(), self._build_check())
        for part in self._parts:
            self._stack.addWidget(part)
        self.content.addWidget(self._stack)
        self.add_help("words.help", "words.help_text")
        self.add_help("words.paper", "words.paper_text")
        self.note.say_key("identity.local")

    def _build_locked(self) -> QWidget:
        self.passphrase = Line(self.ui, name="identity.passphrase", bytes_max=PASSPHRASE_CHARS_MAX)
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        holder = QWidget()
        holder.setLayout(column(self.ui, Field(self.ui, "words.passphrase", self.passphrase), None))
        return holder

    def _build_shown(self) -> QWidget:
        self._grid = QGridLayout()
        self._grid.setSpacing(self.ui.look.px(8))
        holder = QWidget()
        holder.setLayout(column(self.ui, self._grid, 8, Paragraph(self.ui, "words.write", tone="text2"), None, gap=6))
        return holder

    def _build_check(self) -> QWidget:
        ui = self.ui
        self.answers = [Line(ui, name="words.answer", bytes_max=32) for _ in range(POSITIONS_ASKED)]
        self._captions = [Label(ui, weight=600) for _ in self.answers]
        fields = row(ui, *(column(ui, c, a, gap=5) for c, a in zip(self._captions, self.answers, strict=True)), gap=16)
        holder = QWidget()
        again = Button(ui, "words.again", "link", icon="left")
        again.clicked.connect(lambda: self._show_stage(1))
        holder.setLayout(
            column(ui, Paragraph(ui, "words.check", tone="text2"), 8, fields, 8, row(ui, again, None), None)
        )
        return holder

    def begin(self, words: tuple[str, ...]) -> None:
        """With the words of a new identity, or none: then the passphrase is asked first."""
        self._set_words(words)
        self._show_stage(1 if words else 0)

    def _set_words(self, words: tuple[str, ...]) -> None:
        ui = self.ui
        self._words = words
        clear(self._grid)
        for place, word in enumerate(words):
            number, text = Label(ui, tone="text3"), Label(ui, weight=600)
            number.say(str(place + 1))
            text.say(word)
            cell = Box(
                ui,
                "card",
                row(ui, Box(ui, "plain", row(ui, None, number), width=20), text, None, gap=8, margins=(8, 5, 8, 5)),
            )
            cell.setAccessibleName(f"{place + 1} {word}")
            self._grid.addWidget(cell, place // WORD_COLUMNS, place % WORD_COLUMNS)

    def _show_stage(self, stage: int) -> None:
        self._stack.setCurrentIndex(stage)
        for place, part in enumerate(self._parts):
            policy = part.sizePolicy()
            policy.setVerticalPolicy(policy.Policy.Preferred if place == stage else policy.Policy.Ignored)
            part.setSizePolicy(policy)
        self.next.say_key(("words.reveal", "words.written", "words.confirm")[stage])
        if stage == 2:
            self._asked = self._choose(len(self._words))
            for caption, answer, place in zip(self._captions, self.answers, self._asked, strict=True):
                caption.say_key("words.number", place=str(place))
                answer.clear()
            self.answers[0].setFocus()
        elif stage == 0:
            self.passphrase.clear()
            self.passphrase.setFocus()

    def go_on(self) -> None:
        stage = self._stack.currentIndex()
        if stage == 0:
            self.ui.bridge.call(
                self, "identity_words", {"passphrase": self.passphrase.text()}, self._revealed, self.problem.show_error
            )
        elif stage == 1:
            self._show_stage(2)
        else:
            params = {"words": [a.text().strip() for a in self.answers], "positions": list(self._asked)}
            self.ui.bridge.call(
                self, "identity_confirm_words", params, self._judged, self.problem.show_error, writes=True
            )

    def _revealed(self, words: tuple[str, ...]) -> None:
        self.passphrase.clear()
        self.begin(tuple(words))

    def _judged(self, right: bool) -> None:
        if right:
            self.forget()
            self.confirmed.emit()
        else:
            self.problem.show_error(InputError("words_differ"))

    def forget(self) -> None:
        """Nothing secret stays in the widgets."""
        self._set_words(())
        for answer in self.answers:
            answer.clear()

    def go_back(self) -> None:
        if self._stack.currentIndex() == 2:
            self._show_stage(1)
        else:
            self.left.emit()
