"""My earnings: figures, a chart or table by month or week, the entries behind each, statements."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QStackedWidget, QWidget

from dao_app.app import earnings as sums
from dao_app.app import views as v
from dao_app.app import views_rewards as r
from dao_app.ui.context import Ui
from dao_app.ui.evidence import write_text
from dao_app.ui.models import show_rewards
from dao_app.ui.statement import Papers, Statement
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.chart import TONES, EarningsChart, Legend
from dao_app.ui.widgets.glyphs import SealView
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import Box, clear, column, row, scrolling
from dao_app.ui.widgets.rows import Cell, Col
from dao_app.ui.widgets.tables import Table

BARS = 12  # months or weeks shown
COLUMNS = (
    Col("col.date", width=116), Col("col.contribution"), Col("col.number", width=64, drop=8),
    Col("col.source", width=110, drop=10), Col("col.from", width=150, drop=15),
    Col("col.earned", width=110, right=True), Col("col.state", width=120, drop=4),
)  # fmt: skip
BUCKET_COLUMNS = (
    Col("col.period"), Col("earning.state.final", width=130, right=True),
    Col("earning.state.provisional", width=130, right=True), Col("earning.state.held", width=130, right=True),
    Col("earning.total", width=130, right=True),
)  # fmt: skip
MONTH_LETTERS = 3  # of a month's name below its bar
CHART_LEAST = 560  # token pixels of the entries below the chart


class Figure(QWidget):
    """A caption, a large figure with its unit, and quiet lines."""

    def __init__(self, ui: Ui, caption: str, figure: str, unit: str, *below: QWidget) -> None:
        super().__init__()
        number, code, name = Label(ui, role="title"), Label(ui, tone="text2"), Label(ui, role="caption", tone="text2")
        number.say(figure)
        code.say(unit)
        name.say(caption)
        self.setLayout(
            column(ui, name, row(ui, number, code, None, gap=6), row(ui, *below, None, gap=12), gap=2)
        )


class EarningsTab(QWidget):
    """``entry_wanted`` carries the action behind a figure."""

    entry_wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.ui = ui
        self._view: r.EarningsView | None = None
        self._balances: tuple[v.BalanceView, ...] = ()
        self._buckets: list[sums.Bucket] = []
        self._papers = Papers(ui, self)
        self._figures: QHBoxLayout = row(ui, gap=56)
        self._by = Choices(ui, [("month", "earning.by.month"), ("week", "earning.by.week")], "segment")
        self._as = Choices(ui, [("chart", "earning.as.chart"), ("table", "earning.as.table")], "segment")
        self._by.chosen.connect(lambda _: self._show_periods(fresh=True))
        self._as.chosen.connect(lambda _: self._switch())
        self.chart, self._legend = EarningsChart(ui), Legend(ui)
        self.chart.chosen.connect(lambda _: self._show_entries())
        self.periods = Table(
            ui, "earning.chart", BUCKET_COLUMNS, lambda b: b.first.isoformat(), self._bucket_cells,
            self._describe_bucket, "earning.empty",
        )
        self.periods.picked.connect(self._picked)
        self._shown = QStackedWidget()
        self._shown.addWidget(self.chart)
        self._shown.addWidget(self.periods)
        self._unit = Label(ui, role="caption", tone="text3")
        name = Label(ui, "earning.chart", weight=600)
        head = row(ui, name, self._unit, None, self._by, self._as, gap=12)
        self._card = Box(ui, "card", column(ui, head, self._legend, self._shown, gap=8, margins=(16, 12, 16, 10)))
        self.entries = Table(
            ui, "earning.entries", COLUMNS, lambda e: f"{e.action}{e.state}", partial(show_rewards.earning_cells, ui),
            partial(show_rewards.describe_earning, ui), "earning.empty",
        )
        self.entries.opened.connect(lambda e: self.entry_wanted.emit(e.action))
        self._period, self._note = Label(ui, weight=600), Label(ui, role="caption", tone="text2")
        self._head = QWidget()
        self.csv, self.pdf = Button(ui, "statement.csv", icon="copy"), Button(ui, "statement.pdf")
        self.csv.clicked.connect(self.save_csv)
        self.pdf.clicked.connect(self.save_pdf)
        self._head.setLayout(
            row(ui, self._period, self._note, None, self.csv, self.pdf, gap=8, margins=(16, 0, 16, 0))
        )
        content = QWidget()
        content.setProperty("box", "surface")
        layout = column(
            ui, Box(ui, "plain", row(ui, self._figures, None, margins=(16, 0, 16, 4))),
            Box(ui, "plain", column(ui, self._card, margins=(8, 0, 8, 0))), self._head, self.entries, gap=12,
            margins=(8, 18, 8, 8),
        )  # fmt: skip
        layout.setStretch(3, 1)
        content.setLayout(layout)
        self._content = content
        outer = column(ui, scrolling(content, ui.t("contribution.tab.mine")))
        self.setLayout(outer)
        self.relook()

    def relook(self) -> None:
        self._content.setMinimumHeight(self.ui.look.px(CHART_LEAST + 60))
        self._shown.setFixedHeight(self.ui.look.px(216))
        self.entries.setMinimumHeight(self.ui.look.px(180))

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self.ui.ask(self, "earnings", self._show)
        self.ui.ask(self, "token_balance", self._show_balances)

    def reset(self) -> None:
        self._view, self._balances, self._buckets = None, (), []
        self._show_periods(fresh=True)
        self._show_figures()

    def render_again(self) -> None:
        self._show_periods()
        self._show_figures()

    def _show(self, view: r.EarningsView) -> None:
        fresh = self._view is None
        self._view = view
        self._show_periods(fresh)
        self._show_figures()

    def _show_balances(self, balances: tuple[v.BalanceView, ...]) -> None:
        self._balances = balances
        self._show_figures()

    def _show_figures(self) -> None:
        ui = self.ui
        clear(self._figures)
        view = self._view
        if view is None:
            return
        for balance in self._balances:
            final = SealView(ui)
            shown = ui.texts.figure(balance.available_minor, balance.decimals)
            final.show_state("final", ui.t("balance.final", amount=shown))
            below: list[QWidget] = [final]
            if balance.pending_in_minor:
                coming = SealView(ui)
                figure = ui.texts.figure(balance.pending_in_minor, balance.decimals, signed=True)
                coming.show_state("provisional", ui.t("balance.pending", amount=figure))
                below.append(coming)
            figure = ui.texts.figure(balance.available_minor + balance.held_minor, balance.decimals)
            self._figures.addWidget(Figure(ui, ui.t("today.balance"), figure, balance.unit, *below))
        months = sums.buckets(view.rows, ui.texts, "month", ui.now_ms(), BARS)
        this, last = months[-1], months[-2]
        compared = Label(ui, role="caption", tone="text2")
        change = ui.texts.figure(abs(this.total - last.total), view.decimals)
        key = "earning.more_than" if this.total >= last.total else "earning.less_than"
        compared.say(ui.t(key, amount=change, month=ui.texts.month(last.first.month)))
        earned = ui.texts.figure(this.total, view.decimals)
        self._figures.addWidget(
            Figure(ui, ui.t("earning.in", month=ui.texts.month(this.first.month)), earned, view.unit, compared)
        )
        year = ui.texts.figure(sum(one.total for one in months), view.decimals)
        held = Label(ui, role="caption", tone="text2")
        waiting = sum(row_.amount.minor for row_ in view.rows if row_.state == "held")
        held.say(ui.t("earning.held_now", amount=ui.texts.figure(waiting, view.decimals)) if waiting else "")
        self._figures.addWidget(Figure(ui, ui.t("earning.in_year"), year, view.unit, held))

    def _label(self, one: sums.Bucket, by: str) -> str:
        """ "March 2026", or "Week from 9 March"."""
        month, year = self.ui.texts.month(one.first.month), str(one.first.year)
        if by == "month":
            return self.ui.t("earning.month", month=month, year=year)
        day = self.ui.t("time.date", day=str(one.first.day), month=month, year=year)
        return self.ui.t("earning.week", date=day)

    def _show_periods(self, fresh: bool = False) -> None:
        ui, view, by = self.ui, self._view, self._by.selected()
        rows = view.rows if view is not None else ()
        self._buckets = sums.buckets(rows, ui.texts, by, ui.now_ms(), BARS)
        decimals = view.decimals if view is not None else 0
        place = BARS - 1 if fresh or self.chart.place < 0 else self.chart.place
        labels = [self._short(one, by) for one in self._buckets]
        self.chart.show_buckets(self._buckets, labels, view.unit if view is not None else "", decimals, place)
        self._unit.say(view.unit if view is not None else "")
        used = {source for one in self._buckets for source, sum_ in zip(sums.SOURCES, one.final, strict=True) if sum_}
        entries = [(ui.t(f"earning.source.{source}"), TONES[source]) for source in sums.SOURCES if source in used]
        if any(one.provisional for one in self._buckets):
            entries.append((ui.t("earning.state.provisional"), ""))
        if any(one.held for one in self._buckets):
            entries.append((ui.t("earning.state.held"), "-"))
        self._legend.show_entries(entries)
        self.periods.show_rows(list(reversed(self._buckets)))
        self._show_entries()

    def _short(self, one: sums.Bucket, by: str) -> str:
        """A bar's name, short enough to stand below it."""
        if by == "month":
            name = self.ui.texts.month(one.first.month)
            return self.ui.t("earning.month_short", month=name[:MONTH_LETTERS])
        return f"{one.first.day}.{one.first.month}."

    def _show_entries(self) -> None:
        ui, view, by = self.ui, self._view, self._by.selected()
        if view is None or not 0 <= self.chart.place < len(self._buckets):
            self.entries.show_rows(())
            self._head.hide()
            return
        one = self._buckets[self.chart.place]
        listed = [row_ for row_ in view.rows if sums.first_day(ui.texts, row_.at_ms, by) == one.first]
        self.entries.show_rows(listed)
        self._head.setVisible(bool(view.rows))
        self._period.say(self._label(one, by))
        amount = ui.texts.amount(v.AmountView(view.unit, one.total, view.decimals))
        self._note.say(ui.t("earning.records", n=len(listed), amount=amount))

    def _bucket_cells(self, one: sums.Bucket) -> list[Cell]:
        decimals = self._view.decimals if self._view is not None else 0
        figures = (sum(one.final), one.provisional, one.held, one.total)
        return [
            Cell(self._label(one, self._by.selected())),
            *(Cell(self.ui.texts.figure(minor, decimals), tone="text" if minor else "text3") for minor in figures),
        ]

    def _describe_bucket(self, one: sums.Bucket) -> str:
        cells = self._bucket_cells(one)
        names = [self.ui.t(col.title) for col in BUCKET_COLUMNS]
        return self.ui.t("list.comma").join(f"{name} {cell.text}" for name, cell in zip(names, cells, strict=True))

    def _picked(self, one: object) -> None:
        if isinstance(one, sums.Bucket) and one in self._buckets:
            self.chart.choose(self._buckets.index(one))

    def _switch(self) -> None:
        table = self._as.selected() == "table"
        self._shown.setCurrentIndex(1 if table else 0)

    def toggle_table(self) -> None:
        """Key T."""
        self._as.step(1)

    # -- statements ----------------------------------------------------------------------------
    def _file_name(self, ending: str) -> str:
        day = datetime.fromtimestamp(self.ui.now_ms() // 1000, self.ui.texts.zone or UTC).date()
        return f"guildhall-{day.isoformat()}.{ending}"

    def save_csv(self) -> None:
        if self._view is None:
            return
        path, _ = QFileDialog.getSaveFileName(self, self.ui.t("statement.csv"), self._file_name("csv"))
        if path:
            table = sums.statement_csv(self._view, self._view.rows, self.ui.texts)
            write_text(self.ui, path, table, self._saved)

    def save_pdf(self) -> None:
        ui, view = self.ui, self._view
        if view is None:
            return
        path, _ = QFileDialog.getSaveFileName(self, ui.t("statement.pdf"), self._file_name("pdf"))
        if not path:
            return
        organisation = ui.org_view.row.name if ui.org_view else ""
        statement = Statement(ui.texts, view, organisation, ui.t("statement.heading"))
        self._papers.write(path, statement, self._saved)

    def _saved(self) -> None:
        self.ui.said.emit(self.ui.t("statement.saved"))

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"T": self.toggle_table}
