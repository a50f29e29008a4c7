"""This computer as a further device of somebody who has one: a request to show there, and the answer from there."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.pages.identity import NAME_CHARS_MAX, PASSPHRASE_LEAST, strength
from dao_app.ui.pages.start_frame import StartPage
from dao_app.ui.pages.welcome import PASSPHRASE_CHARS_MAX
from dao_app.ui.widgets.fields import Field, Line
from dao_app.ui.widgets.hand_on import HandOn
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import clear, column, row
from dao_app.ui.widgets.take_in import TakeIn


class FurtherDevicePage(StartPage):
    """First a name and a passphrase, then the request with its words, then the answer."""

    step = "identity"
    entered_with = Signal(object)  # JoinView of each organisation

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "further.title", "further.intro")
        self._stack = QStackedWidget()
        self._parts = (self._build_ask(), self._build_wait())
        for part in self._parts:
            self._stack.addWidget(part)
        self.content.addWidget(self._stack)
        self.add_help("further.help", "further.help_text")
        self.add_help("further.help_words", "further.help_words_text")
        self.note.say_key("identity.local")

    def _build_ask(self) -> QWidget:
        ui = self.ui
        self.name = Line(ui, name="further.name", bytes_max=NAME_CHARS_MAX)
        self.first = Line(ui, name="identity.passphrase", bytes_max=PASSPHRASE_CHARS_MAX)
        self.again = Line(ui, name="identity.again", bytes_max=PASSPHRASE_CHARS_MAX)
        for line in (self.first, self.again):
            line.setEchoMode(QLineEdit.EchoMode.Password)
        self._name_field = Field(ui, "further.name", self.name, "further.name_help")
        self._first_field = Field(ui, "identity.passphrase", self.first, "identity.passphrase_help")
        self._again_field = Field(ui, "identity.again", self.again)
        pair = row(ui, column(ui, self._first_field, None), column(ui, self._again_field, None), gap=16)
        pair.setStretch(0, 1)
        pair.setStretch(1, 1)
        holder = QWidget()
        holder.setLayout(column(ui, self._name_field, pair, None, gap=14))
        return holder

    def _build_wait(self) -> QWidget:
        ui = self.ui
        self._shown: QVBoxLayout = column(ui)
        self.answer = TakeIn(ui, "further.answer_hint", "further.answer")
        self.answer.changed.connect(lambda text: self.next.setEnabled(bool(text.strip())))
        self.answer.failed.connect(self.problem.show_error)
        holder = QWidget()
        answer = Field(ui, "further.answer", self.answer)
        holder.setLayout(column(ui, Label(ui, "further.show", weight=600), self._shown, answer, None, gap=12))
        return holder

    def begin(self) -> None:
        for line in (self.name, self.first, self.again, self.answer):
            line.clear()
        self._show_stage(0)
        self.name.setFocus()

    def _show_stage(self, stage: int) -> None:
        self._stack.setCurrentIndex(stage)
        for place, part in enumerate(self._parts):
            policy = part.sizePolicy()
            policy.setVerticalPolicy(policy.Policy.Preferred if place == stage else policy.Policy.Ignored)
            part.setSizePolicy(policy)
        self.next.say_key(("further.ask", "further.enter")[stage])
        self.next.setEnabled(stage == 0 or bool(self.answer.text().strip()))

    def go_on(self) -> None:
        if self._stack.currentIndex() == 0:
            self._ask()
            return
        self.busy(True)
        params = {"link": self.answer.text()}
        self.ui.bridge.call(self, "device_accept", params, self._accepted, self._failed, writes=True)

    def _ask(self) -> None:
        name, passphrase = self.name.text().strip(), self.first.text()
        self._name_field.fault("" if name else self.ui.t("fault.name"))
        weak, differs = strength(passphrase) == "short", passphrase != self.again.text()
        self._first_field.fault(self.ui.t("fault.passphrase", least=PASSPHRASE_LEAST) if weak else "")
        self._again_field.fault(self.ui.t("fault.differs") if differs else "")
        if name and not weak and not differs:
            self.busy(True)
            params = {"name": name, "passphrase": passphrase}
            self.ui.bridge.call(self, "device_request", params, self._asked, self._failed, writes=True)

    def _asked(self, found: d.DeviceRequestView) -> None:
        self.busy(False)
        for line in (self.first, self.again):
            line.clear()
        clear(self._shown)
        hand_on = HandOn(
            self.ui, found.link, found.text, found.words, "device.words_text", "guildhall-device-request", secret=False
        )
        hand_on.failed.connect(self.problem.show_error)
        self._shown.addWidget(hand_on)
        self._show_stage(1)
        self.answer.setFocus()

    def _accepted(self, views: tuple[v.JoinView, ...]) -> None:
        self.busy(False)
        self.answer.clear()
        clear(self._shown)
        self.entered_with.emit(tuple(views))

    def _failed(self, error: GuildhallError) -> None:
        self.busy(False)
        self.problem.show_error(error)

    def go_back(self) -> None:
        if self._stack.currentIndex() == 1:
            self._show_stage(0)
        else:
            self.left.emit()
