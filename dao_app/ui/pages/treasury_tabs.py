"""Tabs of the Treasury page: payment requests, and sums paid in instalments."""

from __future__ import annotations

from dao_app.app import views_governance as g
from dao_app.app.views import PersonView
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.payments import RequestDialog, ScheduleDialog
from dao_app.ui.models import show
from dao_app.ui.pages.people_tabs import Tab
from dao_app.ui.widgets.rows import Cell, Col
from dao_app.ui.widgets.tables import Table

REQUEST_COLUMNS = (
    Col("col.asked_by", share=2), Col("col.payer", share=2), Col("col.amount", width=140, right=True),
    Col("col.memo", share=3, drop=8), Col("col.state", width=110),
)  # fmt: skip
SCHEDULE_COLUMNS = (
    Col("col.from", share=2), Col("col.to", share=2), Col("col.amount", width=130, right=True),
    Col("col.paid", width=130, right=True), Col("col.instalments", width=90, right=True, drop=9),
    Col("col.next", width=150, drop=8), Col("col.state", width=110),
)  # fmt: skip


class RequestsTab(Tab):
    """Requests that concern you."""

    new_key = "request.new"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self.table = Table(
            ui, "treasury.tab.requests", REQUEST_COLUMNS, lambda r: r.id, self._cells, self._describe, "request.empty",
            "request.new",
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.build(self.table, ("settle", "primary", self._settle), ("close_request", "danger", self._close))

    def makes(self) -> bool:
        return self.ui.can("token.transfer") and self.ui.org_view is not None and "tokens" in self.ui.org_view.modules

    def refresh(self) -> None:
        self.ui.ask(self, "payment_requests", self._show)

    def render_again(self) -> None:
        self.table.rows.again()

    def _show(self, rows: tuple[g.RequestRow, ...]) -> None:
        self.table.show_rows(rows)
        self.table.empty.offer(self.makes())
        self._offer()

    def _offer(self) -> None:
        row_ = self.table.current()
        can = row_.can if isinstance(row_, g.RequestRow) else ()
        if isinstance(row_, g.RequestRow):
            self._buttons["close_request"].say_key("gesture.withdraw" if row_.payee.you else "gesture.decline")
        self.offer(["close_request" if name == "close" else name for name in can])

    def _cells(self, r: g.RequestRow) -> list[Cell]:
        ui = self.ui
        tone = "provisional" if r.status == "open" else "text2"
        return [
            Cell(ui.name_you(r.payee), person=r.payee),
            Cell(ui.name_you(r.payer), person=r.payer),
            Cell(ui.texts.amount(r.amount), weight=600),
            Cell(show.title(r.memo) if r.memo else "", tone="text2"),
            Cell(ui.t(f"request.status.{r.status}"), tone=tone),
        ]

    def _describe(self, r: g.RequestRow) -> str:
        ui = self.ui
        people = (ui.name_you(r.payee), ui.name_you(r.payer))
        parts = (*people, ui.texts.amount(r.amount), ui.t(f"request.status.{r.status}"))
        return ui.t("list.comma").join(parts)

    def primary(self) -> None:
        if self.makes():
            RequestDialog(self.ui, self.window(), lambda _: self.refresh()).open()

    def _settle(self) -> None:
        row_, ui = self.table.current(), self.ui
        if isinstance(row_, g.RequestRow):
            facts = [("col.amount", ui.texts.amount(row_.amount)), ("col.to", ui.name(row_.payee))]
            self.confirm("settle", "payment_settle", facts, request=row_.id)

    def _close(self) -> None:
        row_, ui = self.table.current(), self.ui
        if isinstance(row_, g.RequestRow):
            key = "request.withdraw.held" if row_.payee.you else "request.decline.held"
            self.hold(ui.t(key, amount=ui.texts.amount(row_.amount)), "payment_close", request=row_.id)


class SchedulesTab(Tab):
    """Sums set aside and paid in instalments."""

    new_key = "schedule.new"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self.table = Table(
            ui, "treasury.tab.schedules", SCHEDULE_COLUMNS, lambda s: s.id, self._cells, self._describe,
            "schedule.empty", "schedule.new",
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.build(self.table, ("stop", "danger", self._stop))

    def makes(self) -> bool:
        return self.ui.can("token.transfer")

    def refresh(self) -> None:
        self.ui.ask(self, "schedule_list", self._show)

    def render_again(self) -> None:
        self.table.rows.again()

    def _show(self, rows: tuple[g.ScheduleRow, ...]) -> None:
        self.table.show_rows(rows)
        self.table.empty.offer(self.makes())
        self._offer()

    def _offer(self) -> None:
        row_ = self.table.current()
        self.offer(row_.can if isinstance(row_, g.ScheduleRow) else ())

    def _party(self, name: str, person: PersonView | None) -> str:
        if person is not None:
            return self.ui.name_you(person)
        key = f"party.{name}"
        return self.ui.t(key) if self.ui.texts.has(key) else show.title(name)

    def _cells(self, s: g.ScheduleRow) -> list[Cell]:
        ui = self.ui
        active = s.status == "active"
        due = ui.texts.until(s.next_ms, ui.now_ms()) if active and s.next_ms is not None else ""
        return [
            Cell(self._party(s.source, s.source_person), person=s.source_person),
            Cell(self._party(s.target, s.target_person), person=s.target_person),
            Cell(ui.texts.amount(s.amount), weight=600),
            Cell(ui.texts.amount(s.paid)),
            Cell(ui.t("schedule.of", done=s.done, total=s.instalments)),
            Cell(due, tone="text2"),
            Cell(ui.t(f"schedule.status.{s.status}"), tone="provisional" if active else "text2"),
        ]

    def _describe(self, s: g.ScheduleRow) -> str:
        ui = self.ui
        parts = (self._party(s.source, s.source_person), self._party(s.target, s.target_person),
                 ui.texts.amount(s.amount), ui.t(f"schedule.status.{s.status}"))  # fmt: skip
        return ui.t("list.comma").join(parts)

    def primary(self) -> None:
        if self.makes():
            ScheduleDialog(self.ui, self.window(), lambda _: self.refresh()).open()

    def _stop(self) -> None:
        row_ = self.table.current()
        if isinstance(row_, g.ScheduleRow):
            texts = self.ui.texts
            facts = [("col.amount", texts.amount(row_.amount)), ("col.paid", texts.amount(row_.paid))]
            self.confirm("stop", "schedule_stop", facts, schedule=row_.id)
