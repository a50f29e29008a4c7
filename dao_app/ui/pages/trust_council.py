"""What stands above and below the witnesses on the Trust page: alarms, what is asked of you, elections, evidence."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app import views_finality as f
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row

EVIDENCE_SHOWN = 6


class Note(Box):
    """A boxed note with a heading, a text and at most two buttons; ``tone``: note | problem."""

    def __init__(self, ui: Ui, tone: str, icon: str, *buttons: Button) -> None:
        super().__init__(ui, tone)
        colour = "danger" if tone == "problem" else "provisional"
        self._heading, self._text = Paragraph(ui, weight=600), Paragraph(ui, role="caption")
        texts = column(ui, self._heading, self._text, gap=2)
        if buttons:
            texts.addSpacing(ui.look.px(6))
            texts.addLayout(row(ui, *buttons, None, gap=8))
        line = row(
            ui, column(ui, 2, IconView(ui, icon, colour, back=f"{colour}Soft"), None), texts, gap=10,
            margins=(14, 10, 14, 12),
        )  # fmt: skip
        line.setStretch(1, 1)
        self.setLayout(line)
        self.hide()

    def say(self, heading: str, text: str) -> None:
        self._heading.say(heading)
        self._text.say(text)
        self.show()


class Council(QWidget):
    """The notes above the witnesses; signals name the gesture that a button asks for."""

    declare = Signal()
    move = Signal()
    elect = Signal()
    recover = Signal()
    renew = Signal()
    sign = Signal(str)  # a recovery

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._alarm = Note(ui, "problem", "warn", self._button("recovery.propose", self.recover))
        self._elected = Note(ui, "note", "shield", self._button("witness.be", self.declare, "primary"))
        self._silent = Note(ui, "problem", "warn")
        self._old = Note(ui, "problem", "warn")
        self._move = self._button("witness.move", self.move)
        self._alone = Note(ui, "note", "user", self._move, self._button("witness.elect", self.elect))
        self._election = Note(ui, "note", "clock")
        self._frozen = Note(ui, "problem", "warn", self._button("device.renew", self.renew))
        self._recovery_id = ""
        self._sign = Button(ui, "recovery.sign", "primary")
        self._sign.clicked.connect(lambda: self.sign.emit(self._recovery_id))
        self._recovery = Note(ui, "problem", "clock", self._sign)
        self._notes = (
            self._recovery, self._frozen, self._alarm, self._old, self._elected, self._silent, self._election,
            self._alone,
        )  # fmt: skip
        self.setLayout(column(ui, *self._notes, gap=8))

    def _button(self, key: str, signal: Signal, kind: str = "plain") -> Button:
        button = Button(self._ui, key, kind)
        button.clicked.connect(signal)
        return button

    def show_finality(self, view: f.FinalityView) -> None:
        ui = self._ui
        for note in self._notes:
            note.hide()
        if view.alarm:
            ids = ui.texts.join([show.grouped(row_.id, 2) for row_ in view.alarm])
            key = "witness.alarm" if len(view.alarm) > 1 else "witness.alarm_one"
            self._alarm.say(ui.t(key, height=view.alarm[0].height), ui.t(f"{key}_text", ids=ids))
        active, known, _ = view.rules
        if active > known:
            self._old.say(ui.t("rules.unknown", version=active), ui.t("rules.unknown_text", known=known))
        waiting = [row_ for row_ in view.recoveries if not row_.in_effect]
        if waiting:
            self._say_recovery(next((row_ for row_ in waiting if not row_.mine), waiting[0]))
        if view.frozen:
            self._frozen.say(ui.t("device.frozen"), ui.t("device.frozen_text"))
        if view.may_declare:
            self._elected.say(ui.t("witness.elected_you", term=view.may_declare), ui.t("witness.elected_you_text"))
        if view.silent:
            self._silent.say(ui.t("witness.silent_title"), ui.t("witness.silent"))
        if view.election is not None:
            self._election.say(*self._election_texts(view.election))
        if view.alone and view.election is None:
            self._move.setVisible(view.may_move)
            self._alone.say(ui.t("trust.alone"), ui.t("trust.alone_text"))
        self.setVisible(any(not note.isHidden() for note in self._notes))

    def _say_recovery(self, recovery: f.RecoveryRow) -> None:
        """Loudly: what members are about to decide over the heads of the witnesses."""
        ui = self._ui
        names = ui.texts.join([isolate(ui.name(person)) for person in recovery.members])
        parts = [ui.t("recovery.what", branch=recovery.branch, id=show.grouped(recovery.branch_id, 2), names=names)]
        parts.append(ui.t("recovery.signed", signed=recovery.signed, needed=recovery.needed))
        if recovery.effect_ms is not None:
            parts.append(ui.t("recovery.effect", when=ui.texts.moment(recovery.effect_ms, ui.now_ms())))
        self._recovery_id = recovery.id
        self._sign.setVisible(not recovery.mine)
        self._recovery.say(ui.t("recovery.title"), ui.t("list.space").join(parts))

    def _election_texts(self, election: f.ElectionView) -> tuple[str, str]:
        ui = self._ui
        ready = [isolate(ui.name(c.person)) for c in election.candidates if c.ready]
        awaited = [isolate(ui.name(c.person)) for c in election.candidates if not c.ready]
        parts = [ui.t("witness.election_ready", n=len(ready), of=len(election.candidates), seats=election.seats)]
        if awaited:
            parts.append(ui.t("witness.election_waits", names=ui.texts.join(awaited)))
        if election.until_ms is not None:
            parts.append(ui.t("witness.election_until", when=ui.texts.moment(election.until_ms, ui.now_ms())))
        return ui.t("witness.election_title", term=election.term), ui.t("list.space").join(parts)


class Reserve(QWidget):
    """Below the grid: who would fill a free seat, and proofs of double signing."""

    def __init__(self, ui: Ui, opened: Callable[[str], None]) -> None:
        super().__init__()
        self._ui = ui
        self._opened = opened
        self._reserve = Paragraph(ui, role="caption", tone="text2")
        self._rows: QVBoxLayout = column(ui, gap=4)
        self._head = Label(ui, "witness.evidence", weight=600)
        self.setLayout(column(ui, self._reserve, self._head, self._rows, gap=6))

    def show_finality(self, view: f.FinalityView) -> None:
        ui = self._ui
        named = [
            isolate(ui.name(c.person)) + ("" if c.ready else f" ({ui.t('witness.not_ready')})") for c in view.reserve
        ]
        self._reserve.setVisible(bool(named))
        self._reserve.say(ui.t("witness.reserve_names", names=ui.texts.join(named)))
        clear(self._rows)
        self._head.setVisible(bool(view.evidence))
        for evidence in view.evidence[:EVIDENCE_SHOWN]:
            who = isolate(ui.name(evidence.person)) if evidence.person is not None else evidence.key
            text = Label(ui, elide=True)
            text.say(ui.t(f"witness.told.{evidence.what}", who=who))
            when = Label(ui, role="caption", tone="text2")
            when.say(ui.texts.moment(evidence.at_ms, ui.now_ms()))
            look = Button(ui, "witness.evidence_look", "link")
            look.clicked.connect(lambda _=False, entry=evidence.entry: self._opened(entry))
            line = row(ui, IconView(ui, "warn", "danger"), text, when, look, gap=8)
            line.setStretch(1, 1)
            self._rows.addLayout(line)
        self.setVisible(bool(named or view.evidence))
