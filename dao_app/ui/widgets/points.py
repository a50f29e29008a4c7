"""Sharing out points: a budget bar and a stepper for everybody who may receive."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from dao_app.app.views_parts import PersonView
from dao_app.ui.context import Ui
from dao_app.ui.widgets.ballots import Stepper
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.glyphs import AvatarView, Bar
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import clear, column, divider, row

SHOWN_MAX = 12  # people without points that are listed; the field above finds the others


class PointsSheet(QWidget):
    """``changed`` tells that the gifts are others now."""

    changed = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._people: tuple[PersonView, ...] = ()
        self._most = 0
        self._gifts: dict[str, int] = {}
        self._steppers: dict[str, Stepper] = {}
        self._given, self._left = Label(ui, weight=600), Label(ui, role="caption", tone="text2")
        self._bar = Bar(ui)
        self.search = Line(ui, "round.find", "round.find")
        self.search.textChanged.connect(lambda _: self._fill())
        self._rows = column(ui)
        self._more = Label(ui, role="caption", tone="text3", elide=True)
        self.setLayout(
            column(
                ui, row(ui, self._given, None, self._left), self._bar, 6, self.search, 6, self._rows, self._more, gap=2
            )
        )

    def offer(self, people: Sequence[PersonView], most: int, gifts: dict[str, int]) -> None:
        """Who may receive, the points that can be given, and what is given so far by member id."""
        same = tuple(people) == self._people and most == self._most
        self._people, self._most, self._gifts = tuple(people), most, dict(gifts)
        self.search.setVisible(len(people) > SHOWN_MAX)
        if same and self._steppers:
            for identity, stepper in self._steppers.items():
                stepper.field.blockSignals(True)
                stepper.field.setValue(gifts.get(identity, 0))
                stepper.field.blockSignals(False)
        else:
            self._fill()
        self._say()

    def gifts(self) -> list[tuple[str, int]]:
        return [(identity, points) for identity, points in self._gifts.items() if points]

    def total(self) -> int:
        return sum(self._gifts.values())

    def split_evenly(self) -> None:
        """Share all points among those who have some, or everybody listed where nobody has."""
        chosen = [p.id for p in self._people if self._gifts.get(p.id)] or list(self._steppers)
        if not chosen:
            return
        each, rest = divmod(self._most, len(chosen))
        gifts = {identity: each + (place < rest) for place, identity in enumerate(chosen)}
        self.offer(self._people, self._most, gifts)
        self.changed.emit()

    def render_again(self) -> None:
        self._fill()
        self._say()

    def _fill(self) -> None:
        wanted = self.search.text().strip().casefold()
        given = [p for p in self._people if self._gifts.get(p.id)]
        rest = [p for p in self._people if not self._gifts.get(p.id)]
        if wanted:
            rest = [p for p in rest if wanted in f"{p.name} {p.fingerprint}".casefold()]
        shown = [*given, *rest[:SHOWN_MAX]]
        clear(self._rows)
        self._steppers = {}
        for place, person in enumerate(shown):
            if place:
                self._rows.addWidget(divider())
            self._rows.addLayout(self._line(person))
        hidden = len(rest) - len(rest[:SHOWN_MAX])
        self._more.setVisible(hidden > 0)
        self._more.say(self._ui.t("round.more_people", n=hidden))

    def _line(self, person: PersonView) -> QHBoxLayout:
        ui = self._ui
        name = Label(ui, weight=500, elide=True)
        name.say(ui.name(person))
        stepper = Stepper(ui, self._most, ui.name(person))
        stepper.field.setValue(self._gifts.get(person.id, 0))
        stepper.changed.connect(lambda i=person.id, s=stepper: self._stepped(i, s))
        self._steppers[person.id] = stepper
        line = row(ui, AvatarView(ui, person, 22), name, stepper, gap=10, margins=(0, 5, 0, 5))
        line.setStretch(1, 1)
        return line

    def _stepped(self, identity: str, stepper: Stepper) -> None:
        """What goes beyond the points is taken back at once."""
        wanted = stepper.field.value()
        others = self.total() - self._gifts.get(identity, 0)
        allowed = min(wanted, self._most - others)
        if allowed != wanted:
            stepper.field.blockSignals(True)
            stepper.field.setValue(allowed)
            stepper.field.blockSignals(False)
        self._gifts[identity] = allowed
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        ui, total = self._ui, self.total()
        self._given.say(ui.t("round.given_of", given=total, points=self._most))
        self._left.say(ui.t("round.left", n=self._most - total))
        self._bar.show_share(
            total / max(self._most, 1), ui.t("round.given_of", given=total, points=self._most), final=True, leading=True
        )
