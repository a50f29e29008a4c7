"""Tabs of the Contributions page: rounds and pools, and payments made outside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app import views_rewards as r
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.rewards import AnswerDialog, MatchDialog, PayoutDialog, RoundDialog
from dao_app.ui.models import show_rewards
from dao_app.ui.pages.people_tabs import Tab
from dao_app.ui.widgets.buttons import Choices
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.rows import Col
from dao_app.ui.widgets.tables import Table

POOL_COLUMNS = (
    Col(width=16), Col("col.number", width=56), Col("col.title"), Col("col.amount", width=120, right=True),
    Col("col.status", width=96), Col("col.when", width=210, drop=10), Col("col.state", width=110, drop=8),
)  # fmt: skip
PAYOUT_COLUMNS = (
    Col("payout.day", width=96), Col("col.to"), Col("col.amount", width=130, right=True),
    Col("payout.reference", width=150, drop=10), Col("col.status", width=100),
    Col("payout.answer", width=150, drop=12), Col("col.state", width=110, drop=8),
)  # fmt: skip
TOTAL_COLUMNS = (
    Col("col.period", width=110), Col("col.to"), Col("col.amount", width=160, right=True),
    Col("payout.status.confirmed", width=160, right=True),
)  # fmt: skip
POINTS = 100  # of a round, until the charter has come


class RoundsTab(Tab):
    """Rounds and pools together, those that are open first."""

    new_key = "round.new"
    opened = Signal(object)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._rounds: tuple[r.RoundRow, ...] = ()
        self._matches: tuple[r.MatchRow, ...] = ()
        self._members: tuple[v.MemberRow, ...] = ()
        self.table = Table(
            ui, "contribution.tab.rounds", POOL_COLUMNS, lambda p: p.id, partial(show_rewards.pool_cells, ui),
            partial(show_rewards.describe_pool, ui), "round.empty", "round.new", height=54,
        )
        self.table.opened.connect(self.opened)
        self.table.wanted.connect(self.primary)
        self.build(self.table)

    def makes(self) -> bool:
        return self.ui.can("round.open")

    def refresh(self) -> None:
        self.ui.ask(self, "round_list", self._show_rounds)
        self.ui.ask(self, "match_list", self._show_matches)
        self.ui.ask(self, "member_list", self._keep_members)

    def reset(self) -> None:
        self._rounds, self._matches, self._members = (), (), ()
        self._fill()

    def render_again(self) -> None:
        self._fill()

    def _show_rounds(self, rows: tuple[r.RoundRow, ...]) -> None:
        self._rounds = rows
        self._fill()

    def _show_matches(self, rows: tuple[r.MatchRow, ...]) -> None:
        self._matches = rows
        self._fill()

    def _keep_members(self, rows: tuple[v.MemberRow, ...]) -> None:
        self._members = rows

    def _fill(self) -> None:
        rows: list[r.RoundRow | r.MatchRow] = [*self._rounds, *self._matches]
        rows.sort(key=lambda p: (p.status not in ("open", "closing"), -p.stamp.at_ms, p.id))
        self.table.show_rows(rows)
        self.table.empty.offer(self.makes())

    def pool(self, identity: str) -> r.RoundRow | r.MatchRow | None:
        listed: list[r.RoundRow | r.MatchRow] = [*self._rounds, *self._matches]
        return next((p for p in listed if p.id == identity), None)

    def open_count(self) -> int:
        listed: list[r.RoundRow | r.MatchRow] = [*self._rounds, *self._matches]
        return sum(1 for p in listed if p.status in ("open", "closing"))

    def primary(self) -> None:
        if self.makes():
            view = self.ui.org_view
            found = next((p.value for p in view.charter if p.key == "round_points"), "") if view else ""
            points = int(found) if found.isdigit() else POINTS
            RoundDialog(self.ui, self.window(), self._members, points, self._made).open()

    def new_pool(self) -> None:
        if self.makes():
            MatchDialog(self.ui, self.window(), self._made).open()

    def _made(self, made: object) -> None:
        self.refresh()
        self.opened.emit(made)


class PayoutsTab(Tab):
    """Records one by one, or totals per person and month or year."""

    new_key = "payout.new"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._members: tuple[v.MemberRow, ...] = ()
        self._wanted = ""  # a record to be shown once the records are here
        self._as = Choices(
            ui, [("records", "payout.records"), ("month", "payout.by_month"), ("year", "payout.by_year")], "segment"
        )
        self._as.chosen.connect(lambda _: self._switch())
        self.table = Table(
            ui, "contribution.tab.payouts", PAYOUT_COLUMNS, lambda p: p.id, partial(show_rewards.payout_cells, ui),
            partial(show_rewards.describe_payout, ui), "payout.empty", "payout.new", height=54,
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.totals = Table(
            ui, "payout.totals", TOTAL_COLUMNS, lambda t: f"{t.period}{t.to.id}{t.amount.unit}",
            partial(show_rewards.total_cells, ui), partial(show_rewards.describe_total, ui), "payout.empty",
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.totals)
        holder = QWidget()
        top = Box(ui, "plain", row(ui, self._as, None, margins=(16, 12, 16, 0)))
        inner = column(ui, top, self._stack)
        inner.setStretch(1, 1)
        holder.setLayout(inner)
        self.build(holder, ("confirm_payout", "primary", self.confirm), ("dispute_payout", "", self.dispute))

    def makes(self) -> bool:
        return self.ui.can("payout.record")

    def refresh(self) -> None:
        self.ui.ask(self, "payout_list", self._show)
        self.ui.ask(self, "member_list", self._keep_members)
        if (by := self._as.selected()) != "records":
            self.ui.ask(self, "payout_totals", self.totals.show_rows, by=by)

    def reset(self) -> None:
        self._members, self._wanted = (), ""
        self.table.show_rows(())
        self.totals.show_rows(())

    def _show(self, rows: tuple[r.PayoutRow, ...]) -> None:
        self.table.show_rows(rows)
        self.table.empty.offer(self.makes())
        if self._wanted and self.table.list.select(self._wanted):
            self._wanted = ""
        self._offer()

    def _keep_members(self, rows: tuple[v.MemberRow, ...]) -> None:
        self._members = rows

    def _switch(self) -> None:
        self._stack.setCurrentIndex(0 if self._as.selected() == "records" else 1)
        self._offer()
        self.refresh()

    def _current(self) -> r.PayoutRow | None:
        found = self.table.current()
        return found if isinstance(found, r.PayoutRow) and self._as.selected() == "records" else None

    def _offer(self) -> None:
        found = self._current()
        self.offer([f"{step}_payout" for step in found.can] if found is not None else ())

    def open(self, identity: str) -> None:
        self._as.select("records")
        self._stack.setCurrentIndex(0)
        self._wanted = "" if self.table.list.select(identity) else identity
        self._offer()

    def primary(self) -> None:
        if self.makes():
            PayoutDialog(self.ui, self.window(), self._members, lambda _: self.refresh()).open()

    def confirm(self) -> None:
        found = self._current()
        if found is None or "confirm" not in found.can:
            return

        def act(dialog: ConfirmDialog) -> None:
            dialog.write("payout_confirm", lambda _: self.refresh(), payout=found.id)

        facts = [("move.amount", self.ui.texts.amount(found.amount)), ("payout.day", found.day)]
        ConfirmDialog(
            self.ui, self.window(), "payout.confirm", "payout.confirm.text", "payout.confirm.verb", facts, act
        ).open()

    def dispute(self) -> None:
        found = self._current()
        if found is not None and "dispute" in found.can:
            AnswerDialog(self.ui, self.window(), found, lambda _: self.refresh()).open()

    def keys(self) -> dict[str, Callable[[], None]]:
        return {}
