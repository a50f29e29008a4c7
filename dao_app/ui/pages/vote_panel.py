"""The ballot: one control per voting method, signed by Ctrl+Enter, changeable until the close."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.widgets.ballots import STANCES, YES_NO, BallotBox, ballot_for
from dao_app.ui.widgets.buttons import KEY_SIGN, Button
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row
from dao_app.ui.widgets.ranking import letter

CARRIED_SHOWN = 6  # names of those for whom one votes
TAB = Qt.FocusPolicy.TabFocus
OBJECTION = {"stance": "object"}  # needs a reason


def choice_text(ui: Ui, method: str, choice: str, options: tuple[str, ...]) -> str:
    """A ballot in words: "Yes", "B Two providers", "C, A", "A = B, C", "A 5, B 2"."""
    try:
        value: Any = json.loads(choice)
    except ValueError:
        return ui.t("vote.unreadable")
    if isinstance(value, dict) and isinstance(value.get("stance"), str) and value["stance"] in STANCES:
        return ui.t(f"vote.{value['stance']}")
    if isinstance(value, dict):
        return _marks_text(ui, value, options)
    if method == "yes-no-abstain" and value in YES_NO:
        return ui.t(f"vote.{value}")
    places = [value] if isinstance(value, int) else value if isinstance(value, list) else []
    named = [text for place in places if (text := _place_text(place, options))]
    if len(named) == 1 and isinstance(places[0], int):
        return f"{named[0]} {show.title(options[places[0] - 1])}"
    return ui.texts.join(named) or ui.t("vote.blank")


def _place_text(place: Any, options: tuple[str, ...]) -> str:
    """A letter, or letters ranked equal."""
    if isinstance(place, list):
        return " = ".join(filter(None, (_place_text(one, options) for one in place)))
    return letter(place - 1) if isinstance(place, int) and 0 < place <= len(options) else ""


def _marks_text(ui: Ui, marks: dict[str, Any], options: tuple[str, ...]) -> str:
    shown = []
    for number, mark in sorted(marks.items(), key=lambda row_: (len(row_[0]), row_[0])):
        if number.isascii() and number.isdigit() and 0 < int(number) <= len(options):
            shown.append(f"{letter(int(number) - 1)} {show.title(str(mark))}")
    return ui.texts.join(shown) or ui.t("vote.unreadable")


class VotePanel(Box):
    """What the viewer may choose, and what was chosen."""

    signed = Signal(object, str)  # the choice as the method takes it, and the reason

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._ballot: BallotBox | None = None
        self._detail: v.ProposalDetail | None = None
        self._shape: tuple[object, ...] = ()
        self._method = Label(ui, role="caption", tone="text3")
        self._clock = IconView(ui, "clock", "provisional", 14)
        self._left = Label(ui, role="caption", tone="provisional")
        self._choices: QVBoxLayout = column(ui, gap=6)
        self.reason = Line(ui, "vote.reason.hint", "vote.reason")
        self.reason.textChanged.connect(lambda _: self._offer())
        self._sign = Button(ui, "vote.sign", "primary", KEY_SIGN)
        self._sign.clicked.connect(self.sign)
        self._note = Label(ui, role="caption", tone="text3", elide=True)
        head = row(ui, Label(ui, "vote.yours", weight=600), self._method, None, self._clock, self._left, gap=8)
        foot = row(ui, self._sign, self._note, gap=10)
        foot.setStretch(1, 1)
        self._via = Paragraph(ui, role="caption", tone="text2")
        self._carries = Paragraph(ui, role="caption", tone="text2")
        self.setLayout(
            column(
                ui, head, 8, self._via, self._carries, 4, self._choices, 8, self.reason, 10, foot,
                margins=(20, 16, 20, 16),
            )
        )

    def show_proposal(self, detail: v.ProposalDetail, again: bool = False) -> None:
        """Show the ballot of a proposal; what was ticked and not yet signed stays."""
        ui, row_ = self._ui, detail.row
        shape = (row_.id, row_.method, detail.options, row_.my_choice, tuple(sorted(detail.parameters.items())))
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
            if shape[:4] != self._shape[:4]:  # another proposal, or signed
                self.reason.clear()
            self._show_delegation(detail)
            self._shape = shape
            self._build(detail)
            assert self._ballot is not None
            self._ballot.preset(json.loads(row_.my_choice) if row_.my_choice else pending)
        if self._ballot is not None:
            self._ballot.setEnabled(may)
        self._sign.setVisible(may)
        self.reason.setVisible(may)
        self._sign.say_key("vote.sign_again" if row_.my_choice is not None else "vote.sign")
        if row_.my_choice is not None:
            chosen = choice_text(ui, row_.method, row_.my_choice, detail.options)
            self._note.say(ui.t("vote.signed", choice=chosen))
        else:
            self._note.say(ui.t("vote.editable"))
        self._offer()

    def _show_delegation(self, detail: v.ProposalDetail) -> None:
        ui = self._ui
        self._via.setVisible(detail.via is not None)
        if detail.via is not None:
            self._via.say(ui.t("vote.via", name=ui.name(detail.via)))
        self._carries.setVisible(bool(detail.carries))
        names = [ui.name(person) for person in detail.carries[:CARRIED_SHOWN]]
        rest = len(detail.carries) - len(names)
        shown = ui.texts.join(names)
        self._carries.say(ui.t("vote.carries_more", names=shown, n=rest) if rest else ui.t("vote.carries", names=shown))

    def _build(self, detail: v.ProposalDetail) -> None:
        clear(self._choices)
        self._ballot = ballot_for(self._ui, detail.row.method, detail.options, detail.parameters)
        self._ballot.changed.connect(self._chosen)
        self._choices.addWidget(self._ballot)

    def choice(self) -> Any:
        """What is filled in, in the method's form; None while there is nothing to sign."""
        return None if self._ballot is None or self._detail is None else self._ballot.value()

    def _chosen(self) -> None:
        if self.choice() == OBJECTION:
            self.reason.setFocus()
        self._offer()

    def _offer(self) -> None:
        objects = self.choice() == OBJECTION
        self.reason.setPlaceholderText(self._ui.t("vote.reason.must" if objects else "vote.reason.hint"))
        self._sign.setEnabled(self.choice() is not None and (not objects or bool(self.reason.text().strip())))

    def choose(self, place: int) -> bool:
        """By number key: take the option at this place; False where there is none."""
        return self._ballot is not None and self._ballot.choose(place)

    def toggle(self, place: int) -> bool:
        """By letter key: tick or untick."""
        return self._ballot is not None and self._ballot.toggle(place)

    def focus(self) -> None:
        if self._ballot is not None:
            inner = [w for w in self._ballot.findChildren(QWidget) if w.focusPolicy() & TAB and w.isVisible()]
            if inner:
                inner[0].setFocus()

    def sign(self) -> bool:
        """Hand over the ballot; False where there is none to sign."""
        choice = self.choice()
        if not self._sign.isEnabled() or self._detail is None or "vote" not in self._detail.row.can:
            return False
        self.signed.emit(choice, self.reason.text().strip())
        return True
