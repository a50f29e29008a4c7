"""The ballot: one control per voting method, signed by Ctrl+Enter, changeable until the close."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.widgets.buttons import KEY_SIGN, Button
from dao_app.ui.widgets.fields import Check
from dao_app.ui.widgets.glyphs import IconView, KeyChip
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import Box, clear, column, row

YES_NO = ("yes", "no", "abstain")


def letter(place: int) -> str:
    """The letter of an option: A … Z, then AA …"""
    name = ""
    while place >= 0:
        name = chr(ord("A") + place % 26) + name
        place = place // 26 - 1
    return name


def choice_text(ui: Ui, method: str, choice: str, options: tuple[str, ...]) -> str:
    """A ballot in words: "Yes", "B Two providers", "A, C"."""
    try:
        value: Any = json.loads(choice)
    except ValueError:
        return ui.t("vote.unreadable")
    if method == "yes-no-abstain" and value in YES_NO:
        return ui.t(f"vote.{value}")
    places = [value] if isinstance(value, int) else value if isinstance(value, list) else []
    named = [letter(p - 1) for p in places if isinstance(p, int) and 0 < p <= len(options)]
    if len(named) == 1:
        return f"{named[0]} {show.title(options[places[0] - 1])}"
    return ui.texts.join(named) or ui.t("vote.blank")


class VotePanel(Box):
    """What the viewer may choose, and what was chosen."""

    signed = Signal(object)  # the choice as the method takes it

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._group: QButtonGroup | None = None
        self._buttons: list[Button] = []
        self._checks: list[Check] = []
        self._detail: v.ProposalDetail | None = None
        self._shape: tuple[object, ...] = ()
        self._method = Label(ui, role="caption", tone="text3")
        self._clock = IconView(ui, "clock", "provisional", 14)
        self._left = Label(ui, role="caption", tone="provisional")
        self._choices: QVBoxLayout = column(ui, gap=6)
        self._sign = Button(ui, "vote.sign", "primary", KEY_SIGN)
        self._sign.clicked.connect(self.sign)
        self._note = Label(ui, role="caption", tone="text3", elide=True)
        head = row(ui, Label(ui, "vote.yours", weight=600), self._method, None, self._clock, self._left, gap=8)
        foot = row(ui, self._sign, self._note, gap=10)
        foot.setStretch(1, 1)
        self.setLayout(column(ui, head, 8, self._choices, 10, foot, margins=(20, 16, 20, 16)))

    def show_proposal(self, detail: v.ProposalDetail, again: bool = False) -> None:
        """Show the ballot of a proposal; what was ticked and not yet signed stays."""
        ui, row_ = self._ui, detail.row
        shape = (row_.id, row_.method, detail.options, row_.my_choice)
        self._detail = detail
        may = "vote" in row_.can
        self.setVisible(may or row_.my_choice is not None)
        self._method.say(ui.t(f"method.{row_.method}"))
        voting = row_.status == "voting" and row_.closes_ms is not None
        self._clock.setVisible(voting)
        self._left.setVisible(voting)
        if row_.closes_ms is not None:
            self._left.say(ui.t("time.left", duration=ui.texts.duration(row_.closes_ms - ui.now_ms())))
        if shape != self._shape or again:
            pending = self.choice() if shape[:3] == self._shape[:3] else None
            self._shape = shape
            self._build(detail)
            self._preset(json.loads(row_.my_choice) if row_.my_choice else pending)
        for control in (*self._buttons, *self._checks):
            control.setEnabled(may)
        self._sign.setVisible(may)
        self._sign.say_key("vote.sign_again" if row_.my_choice is not None else "vote.sign")
        if row_.my_choice is not None:
            chosen = choice_text(ui, row_.method, row_.my_choice, detail.options)
            self._note.say(ui.t("vote.signed", choice=chosen))
        else:
            self._note.say(ui.t("vote.editable"))
        self._offer()

    def _build(self, detail: v.ProposalDetail) -> None:
        ui = self._ui
        clear(self._choices)
        self._buttons, self._checks = [], []
        self._group = QButtonGroup(self)
        if detail.row.method == "yes-no-abstain":
            for place, name in enumerate(YES_NO):
                self._buttons.append(Button(ui, f"vote.{name}", "choice", str(place + 1), wide=True, height=32))
            self._choices.addLayout(row(ui, *self._buttons, gap=6))
        elif detail.row.method == "single":
            for place, option in enumerate(detail.options):
                button = Button(ui, kind="choice", key=str(place + 1) if place < 9 else "", wide=True, height=34)
                button.say(f"{letter(place)}  {show.title(option)}")
                button.leading = True
                self._buttons.append(button)
                self._choices.addWidget(button)
        else:
            for place, option in enumerate(detail.options):
                check = Check(ui)
                check.say(show.title(option))
                check.toggled.connect(self._offer)
                self._checks.append(check)
                line = row(ui, check, KeyChip(ui, letter(place)), gap=8, margins=(10, 3, 10, 3))
                line.setStretch(0, 1)
                self._choices.addWidget(Box(ui, "card", line))
        for button in self._buttons:
            self._group.addButton(button)
            button.clicked.connect(self._offer)

    def _preset(self, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, str) and value in YES_NO:
            self._buttons[YES_NO.index(value)].setChecked(True)
        elif isinstance(value, int) and 0 < value <= len(self._buttons):
            self._buttons[value - 1].setChecked(True)
        elif isinstance(value, list):
            for place, check in enumerate(self._checks):
                check.setChecked(place + 1 in value)

    def choice(self) -> object | None:
        """What is ticked, in the method's form; None while nothing is."""
        if self._detail is None:
            return None
        if self._checks:
            return [place + 1 for place, check in enumerate(self._checks) if check.isChecked()]
        chosen = next((p for p, b in enumerate(self._buttons) if b.isChecked()), None)
        if chosen is None:
            return None
        return YES_NO[chosen] if self._detail.row.method == "yes-no-abstain" else chosen + 1

    def _offer(self) -> None:
        self._sign.setEnabled(self.choice() is not None)

    def choose(self, place: int) -> bool:
        """By number key: tick the option at this place; False where there is none."""
        if 0 <= place < len(self._buttons) and self._buttons[place].isEnabled():
            self._buttons[place].click()
            return True
        return False

    def toggle(self, place: int) -> bool:
        """By letter key: tick or untick."""
        if 0 <= place < len(self._checks) and self._checks[place].isEnabled():
            self._checks[place].click()
            return True
        return False

    def focus(self) -> None:
        controls: list[QWidget] = [*self._buttons, *self._checks]
        if controls:
            controls[0].setFocus()

    def sign(self) -> bool:
        """Hand over the ballot; False where there is none to sign."""
        choice = self.choice()
        if choice is None or self._detail is None or "vote" not in self._detail.row.can:
            return False
        self.signed.emit(choice)
        return True
