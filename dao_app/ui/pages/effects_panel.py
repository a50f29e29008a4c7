"""What happens when a proposal passes: its effects, who stands behind the sum, what became of it; and powers."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.models.governing import effect_lines
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row
from dao_app.ui.widgets.rows import Cell, Col, Header, RowDelegate, RowList

POWER_COLUMNS = (Col("col.voter"), Col("col.power", width=120, right=True))
PEOPLE_SHOWN = 6


class EffectsCard(Box):
    """The effects, one row each, with what they ask for and what became of them."""

    seconded = Signal()
    retried = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "card")
        self._rows: QVBoxLayout = column(ui)
        self._state = Label(ui, role="caption", tone="text2", hug=True)
        self._backing = Paragraph(ui, role="caption", tone="text2")
        self._second = Button(ui, "proposal.second", key="S")
        self._second.clicked.connect(self.seconded)
        self._again = Button(ui, "proposal.execute_again", key="X")
        self._again.clicked.connect(self.retried)
        head = row(ui, Label(ui, "effects.title", weight=600), None, self._state, margins=(14, 10, 14, 6))
        foot = row(ui, self._backing, self._second, self._again, gap=10, margins=(14, 4, 14, 12))
        foot.setStretch(0, 1)
        self._foot = QWidget()
        self._foot.setLayout(foot)
        self.setLayout(column(ui, head, self._rows, self._foot))

    def show_proposal(self, detail: v.ProposalDetail) -> None:
        ui = self._ui
        self.setVisible(bool(detail.effects))
        if not detail.effects:
            return
        self._state.say(self._execution(detail.row))
        clear(self._rows)
        add_effects(ui, self._rows, detail.effects)
        backing = self._backing_text(detail)
        self._backing.say(backing)
        self._second.setVisible("second" in detail.row.can)
        self._again.setVisible("execute" in detail.row.can)
        self._foot.setVisible(bool(backing) or "second" in detail.row.can or "execute" in detail.row.can)

    def _execution(self, row_: v.ProposalRow) -> str:
        ui = self._ui
        said = ui.t(f"execution.{row_.execution}") if row_.execution else ui.t("execution.none")
        return f"{said}: {ui.texts.reason(row_.reason)}" if row_.reason else said

    def _backing_text(self, detail: v.ProposalDetail) -> str:
        ui = self._ui
        parts = []
        if detail.reserved:
            parts.append(ui.t("effects.reserved", amount=ui.texts.join([ui.texts.amount(a) for a in detail.reserved])))
        elif detail.row.asks and detail.row.status in ("discussion", "voting", "closing"):
            parts.append(ui.t("effects.not_reserved", n=detail.seconders_needed))
        if detail.seconders:
            names = ui.texts.join([ui.name_you(person) for person in detail.seconders[:PEOPLE_SHOWN]])
            parts.append(ui.t("effects.seconders", names=names))
        if detail.bond is not None:
            parts.append(ui.t("effects.bond", amount=ui.texts.amount(detail.bond)))
        if detail.retry_until_ms is not None and detail.row.execution == "failed":
            parts.append(ui.t("effects.retry_until", when=ui.texts.until(detail.retry_until_ms, ui.now_ms())))
        return ui.t("list.sentence").join(parts)


def add_effects(ui: Ui, rows: QVBoxLayout, effects: Sequence[v.EffectView]) -> None:
    """One row for each effect: what, and to whom, how much, until when."""
    for place, effect in enumerate(effects):
        if place:
            rows.addWidget(divider())
        name, fields = effect_lines(ui, effect)
        what, how = Label(ui, weight=600, hug=True), Paragraph(ui, tone="text2")
        what.say(name)
        how.say(fields)
        line = row(ui, what, how, gap=12, margins=(14, 7, 14, 7))
        line.setStretch(1, 1)
        rows.addLayout(line)


class PowersDialog(Dialog):
    """Who may vote with how much power, and whose power is lost."""

    def __init__(self, ui: Ui, parent: QWidget, detail: v.ProposalDetail) -> None:
        super().__init__(ui, parent, "powers.title", name=show.proposal_name(ui, detail.row))
        self.paragraph("powers.text", kind=ui.t(f"choice.{detail.power_kind}"))
        model = ViewModel(lambda entry: entry[0].id, self._describe, self)
        rows = RowList(ui, model, RowDelegate(ui, POWER_COLUMNS, self._cells), "powers.name")
        rows.setMinimumHeight(ui.look.px(260))
        model.set_rows(detail.powers)
        self.content.addLayout(column(ui, Header(ui, POWER_COLUMNS, rows), rows))
        if detail.powers_more:
            self.paragraph("powers.more", n=detail.powers_more)
        for why in ("cycle", "dead_end"):
            names = [ui.name_you(person) for person, reason in detail.lost if reason == why]
            if names:
                self.paragraph(f"powers.lost.{why}", names=ui.texts.join(names[:PEOPLE_SHOWN]), n=len(names))

    def _cells(self, entry: tuple[v.PersonView, str]) -> Sequence[Cell]:
        person, power = entry
        return [Cell(self.ui.name_you(person), person=person), Cell(self.ui.texts.number(int(power)))]

    def _describe(self, entry: tuple[v.PersonView, str]) -> str:
        return f"{self.ui.name_you(entry[0])}, {entry[1]}"
