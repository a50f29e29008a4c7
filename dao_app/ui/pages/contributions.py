"""Contributions: what I earned, what everybody did, reward rounds, and what was paid outside."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views_rewards as r
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.contributions import ContributionDialog
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import SplitPage, TopBar
from dao_app.ui.pages.contribution_pane import ContributionPane
from dao_app.ui.pages.earnings_tab import EarningsTab
from dao_app.ui.pages.reward_tabs import PayoutsTab, RoundsTab
from dao_app.ui.pages.round_pane import MatchPane, RoundPane
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.layout import column
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

COLUMNS = (
    Col("col.date", width=116),
    Col("col.contribution"),
    Col("col.person", width=150, drop=15),
    Col("col.source", width=64, drop=8),
    Col("col.endorsed", width=130, drop=11),
    Col("col.points", width=60, right=True, drop=13),
    Col("col.earned", width=100, right=True),
    Col("col.state", width=110, drop=4),
)
TABS = ("mine", "all", "rounds", "payouts")
REWARD_TABS = frozenset({"rounds", "payouts"})


class ContributionsPage(SplitPage):
    """Who gave what, and what it brought."""

    name = "contributions"
    topics = frozenset({"contributions", "rewards", "checkpoints", "ledger", "members"})
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._rows: tuple[r.ContributionRow, ...] = ()
        self._open_id = ""
        self._tabs = Choices(ui, [(name, f"contribution.tab.{name}") for name in TABS])
        self._tabs.chosen.connect(lambda _: self._tab_chosen())
        self.earnings, self.rounds, self.payouts = EarningsTab(ui), RoundsTab(ui), PayoutsTab(ui)
        self.earnings.entry_wanted.connect(lambda action: ui.go.emit("trust", f"entry:{action}"))
        self.rounds.opened.connect(self._pool_opened)
        self._new = Button(ui, "contribution.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self._new_pool = Button(ui, "match.new", icon="plus")
        self._new_pool.clicked.connect(self.rounds.new_pool)
        self.top = TopBar(ui, "page.contributions", self._tabs, [self._new_pool, self._new])
        self._stack = QStackedWidget()
        for tab in (self.earnings, self._build_list(), self.rounds, self.payouts):
            self._stack.addWidget(tab)
        self.pane, self.round_pane, self.match_pane = ContributionPane(ui), RoundPane(ui), MatchPane(ui)
        self._panes = QStackedWidget()
        for pane in (self.pane, self.round_pane, self.match_pane):
            pane.closed.connect(self.close_detail)
            pane.link_opened.connect(self.link_opened)
            self._panes.addWidget(pane)
        self.set_up(self.top, self._stack, self._panes)
        self._arrange()

    def _build_list(self) -> QWidget:
        ui = self.ui
        model = ViewModel(lambda row_: row_.id, partial(show.describe_contribution, ui), self)
        self._list = RowList(
            ui, model, RowDelegate(ui, COLUMNS, partial(show.contribution_cells, ui)), "page.contributions"
        )
        self._list.opened.connect(lambda row_: self.open(row_.id))
        self._empty = Empty(ui, "contribution.empty", "contribution.empty_why", "contribution.new", "N")
        self._empty.pressed.connect(self.primary)
        self._list_stack = QStackedWidget()
        listing = QWidget()
        layout = column(ui, Header(ui, COLUMNS, self._list), self._list, margins=(16, 10, 16, 8))
        layout.setStretch(1, 1)
        listing.setLayout(layout)
        self._list_stack.addWidget(listing)
        self._list_stack.addWidget(self._empty)
        return self._list_stack

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self._empty.offer(self._may_claim())
        self.ui.ask(self, "contribution_list", self._show)
        self.earnings.refresh()
        if self._has("rewards"):
            self.rounds.refresh()
            self.payouts.refresh()
        self.pane.reload()
        self.round_pane.reload()
        self.match_pane.reload()
        self._arrange()

    def render_again(self) -> None:
        self._fill()
        self._arrange()

    def reset(self) -> None:
        self._rows, self._open_id = (), ""
        for pane in (self.pane, self.round_pane, self.match_pane):
            pane.forget()
        for tab in (self.earnings, self.rounds, self.payouts):
            tab.reset()
        self.show_detail(False)
        self._fill()

    def _has(self, module: str) -> bool:
        return self.ui.org_view is None or module in self.ui.org_view.modules

    def _may_claim(self) -> bool:
        return self.ui.can("contribution.claim") and self._has("contributions")

    def _show(self, rows: tuple[r.ContributionRow, ...]) -> None:
        self._rows = rows
        self._fill()

    def _fill(self) -> None:
        shown = sorted(self._rows, key=lambda row_: (-row_.stamp.at_ms, row_.id))
        self._list.rows.set_rows(shown)
        if self._open_id:
            self._list.select(self._open_id)
        self._list_stack.setCurrentIndex(0 if shown else 1)
        self._tabs.count("all", self.ui.texts.number(len(self._rows)))

    # -- tabs ----------------------------------------------------------------------------------
    def tab(self) -> str:
        return self._tabs.selected()

    def _tab_chosen(self) -> None:
        self.close_detail()
        self._arrange()

    def show_tab(self, name: str) -> None:
        self._tabs.select(name)
        self._arrange()

    def _arrange(self) -> None:
        """Show the chosen tab with its actions; without the module there are no tabs of rewards."""
        absent = REWARD_TABS if not self._has("rewards") else frozenset[str]()
        absent |= {"all"} if not self._has("contributions") else set()
        self._tabs.show_only(set(TABS) - absent)
        if self.tab() in absent:
            self._tabs.select("mine")
        name = self.tab()
        self._stack.setCurrentIndex(TABS.index(name))
        self._tabs.count("rounds", self.ui.texts.number(n) if (n := self.rounds.open_count()) else "")
        key, may = {
            "rounds": (self.rounds.new_key, self.rounds.makes()),
            "payouts": (self.payouts.new_key, self.payouts.makes()),
        }.get(name, ("contribution.new", self._may_claim()))
        self._new.say_key(key)
        self._new.setVisible(may)
        self._new_pool.setVisible(name == "rounds" and may)

    def _pool_opened(self, pool: object) -> None:
        if isinstance(pool, (r.RoundRow, r.MatchRow)):
            self._open_pool(pool.id, isinstance(pool, r.RoundRow))

    def _open_pool(self, identity: str, is_round: bool) -> None:
        self.show_tab("rounds")
        self._open_id = identity
        pane = self.round_pane if is_round else self.match_pane
        pane.load(identity)
        self._panes.setCurrentWidget(pane)
        self.show_detail(True)
        self.rounds.table.list.select(identity)

    def open(self, target: str) -> None:
        """A contribution, a round, a pool or a payout by id, or a tab by name."""
        if target in TABS:
            self.show_tab(target)
            return
        kind, colon, rest = target.partition(":")
        if colon and kind == "payout":
            self.show_tab("payouts")
            self.payouts.open(rest)
        elif colon and kind in ("round", "match"):
            self._open_pool(rest, kind == "round")
        elif (pool := self.rounds.pool(target)) is not None:
            self._pool_opened(pool)
        elif target:
            self._open_id = target
            self.show_tab("all")
            self.pane.load(target)
            self._panes.setCurrentWidget(self.pane)
            self.show_detail(True)
            self._list.select(target)

    def close_detail(self) -> bool:
        if self._panes.isHidden():
            return False
        self._open_id = ""
        self.show_detail(False)
        for pane in (self.pane, self.round_pane, self.match_pane):
            pane.forget()
        return True

    def primary(self) -> None:
        name = self.tab()
        if name == "rounds":
            self.rounds.primary()
        elif name == "payouts":
            self.payouts.primary()
        elif self._may_claim():
            ContributionDialog(self.ui, self.window(), self._claimed).open()

    def _claimed(self, row_: object) -> None:
        if isinstance(row_, r.ContributionRow):
            self.open(row_.id)

    def sign(self) -> bool:
        return self._panes.isVisible() and self._panes.currentWidget() is self.round_pane and self.round_pane.sign()

    def keys(self) -> dict[str, Callable[[], None]]:
        if self.tab() == "mine":
            return self.earnings.keys()
        return self.pane.keys() if self.tab() == "all" else {}
