"""Ask a member for a payment; set a sum aside and pay it in instalments."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.core.limits import INSTALMENTS_MAX, MEMO_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.dialogs.effects import PERIODS
from dao_app.ui.dialogs.governing import people_options, tree_options
from dao_app.ui.dialogs.tasks import AMOUNT_CHARS_MAX
from dao_app.ui.widgets.fields import Check, Field, Line, Picker
from dao_app.ui.widgets.layout import row

Done = Callable[[object], None]


def _units(ui: Ui) -> list[tuple[str, str]]:
    return [(u.code, f"{u.code} · {ui.unit_name(u.code)}") for u in (ui.org_view.units if ui.org_view else ())]


class RequestDialog(Dialog):
    """A request, which the other pays or declines."""

    def __init__(self, ui: Ui, parent: QWidget, done: Done) -> None:
        super().__init__(ui, parent, "request.new", "request.new.verb")
        self._done = done
        self.payer, self.unit = Picker(ui, "request.from"), Picker(ui, "move.unit")
        self.amount = Line(ui, "move.amount.hint", "move.amount", AMOUNT_CHARS_MAX)
        self.memo = Line(ui, "move.transfer.memo_hint", "move.memo", MEMO_BYTES_MAX)
        self.unit.offer_plain(_units(ui))
        self._amount_field = Field(ui, "move.amount", self.amount)
        self.content.addWidget(Field(ui, "request.from", self.payer))
        self.content.addLayout(row(ui, self._amount_field, Field(ui, "move.unit", self.unit), gap=16))
        self.content.addWidget(Field(ui, "move.memo", self.memo))
        ui.ask(self, "member_list", lambda rows: self.payer.offer_plain(people_options(ui, rows, you=False)))
        self.amount.setFocus()

    def accept_now(self) -> None:
        amount = self.amount.text().strip()
        self._amount_field.fault("" if amount else self.ui.t("fault.amount"))
        if amount and self.payer.currentData():
            self.write(
                "payment_request", self._done, payer=self.payer.currentData(), amount=amount,
                unit_code=self.unit.currentData() or "", memo=self.memo.text().strip(),
            )


class ScheduleDialog(Dialog):
    """Wages, vesting, a loan paid back: one sum, several instalments."""

    WIDTH = 560

    def __init__(self, ui: Ui, parent: QWidget, done: Done) -> None:
        super().__init__(ui, parent, "schedule.new", "schedule.new.verb")
        self._done = done
        self.source, self.to, self.unit = Picker(ui, "col.from"), Picker(ui, "move.to"), Picker(ui, "move.unit")
        self.amount = Line(ui, "move.amount.hint", "move.amount", AMOUNT_CHARS_MAX)
        self.times = Line(ui, "schedule.times", "schedule.times", 4)
        self.times.setText("12")
        self.every, self.first = Picker(ui, "schedule.every"), Picker(ui, "schedule.first")
        self.every.offer([("86400", "period.day"), *PERIODS[1:]])
        self.every.pick("2592000")
        self.first.offer(PERIODS)
        self.vesting = Check(ui, "schedule.vesting")
        self.unit.offer_plain(_units(ui))
        self._amount_field, self._times_field = (
            Field(ui, "move.amount", self.amount), Field(ui, "schedule.times", self.times),
        )  # fmt: skip
        self._source_field = Field(ui, "col.from", self.source)
        self.content.addWidget(self._source_field)
        self.content.addWidget(Field(ui, "move.to", self.to))
        self.content.addLayout(row(ui, self._amount_field, Field(ui, "move.unit", self.unit), gap=16))
        self.content.addLayout(
            row(
                ui, self._times_field, Field(ui, "schedule.every", self.every), Field(ui, "schedule.first", self.first),
                gap=16,
            )
        )
        self.content.addWidget(self.vesting)
        self.paragraph("schedule.text")
        sources = [("", ui.t("move.you"))]
        if ui.can("treasury.spend"):
            sources.append(("treasury", ui.t("party.treasury")))
        self._sources = sources
        self.source.offer_plain(sources)
        ui.ask(self, "member_list", self._offer_people)
        ui.ask(self, "department_list", self._offer_departments)
        self.amount.setFocus()

    def _offer_people(self, rows: tuple[v.MemberRow, ...]) -> None:
        self.to.offer_plain(people_options(self.ui, rows))

    def _offer_departments(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        rooms = [(f"department:{id_}", name.strip()) for id_, name in tree_options(rows)]
        self.source.offer_plain([*self._sources, *rooms])

    def accept_now(self) -> None:
        amount, times = self.amount.text().strip(), self.times.text().strip()
        good = times.isascii() and times.isdigit() and 1 <= int(times) <= INSTALMENTS_MAX
        self._amount_field.fault("" if amount else self.ui.t("fault.amount"))
        self._times_field.fault("" if good else self.ui.t("fault.times"))
        if amount and good and self.to.currentData():
            self.write(
                "schedule_open", self._done, to=self.to.currentData(), amount=amount, instalments=int(times),
                every_s=int(self.every.currentData()), first_s=int(self.first.currentData()),
                unit_code=self.unit.currentData() or "", source=self.source.currentData() or "",
                revocable=not self.vesting.isChecked(),
            )
