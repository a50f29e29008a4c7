"""Proposals: the list by state, then one proposal in full."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.proposals import ProposalDialog
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import Page, TopBar
from dao_app.ui.pages.proposal_detail import ProposalDetailView
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.layout import column
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, RowDelegate, RowList

COLUMNS = (
    Col(width=16),
    Col(width=52),
    Col(),
    Col(width=104),
    Col(width=140, drop=15),
    Col(width=190, drop=8),
    Col(width=110, drop=11),
)
TABS = {
    "open": ("discussion", "voting", "closing"),
    "decided": ("passed", "not_passed", "decided"),
    "withdrawn": ("withdrawn",),
}


class ProposalsPage(Page):
    """What the members decide."""

    name = "proposals"
    topics = frozenset({"proposals", "checkpoints", "members"})
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._rows: tuple[v.ProposalRow, ...] = ()
        self._tabs = Choices(ui, [(name, f"proposal.tab.{name}") for name in TABS])
        self._tabs.chosen.connect(lambda _: self._fill())
        self._new = Button(ui, "proposal.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self.top = TopBar(ui, "page.proposals", self._tabs, [self._new])
        model = ViewModel(lambda r: r.id, partial(show.describe_proposal, ui), self)
        self._list = RowList(
            ui, model, RowDelegate(ui, COLUMNS, partial(show.proposal_cells, ui), height=54, pad=10), "page.proposals"
        )
        self._list.opened.connect(lambda r: self.open(r.id))
        self._empty = Empty(ui, "proposal.empty", "proposal.empty_why", "proposal.new", "N")
        self._empty.pressed.connect(self.primary)
        self._body = QStackedWidget()
        holder = QWidget()
        layout = column(ui, self._list, margins=(14, 8, 14, 8))
        holder.setLayout(layout)
        self._body.addWidget(holder)
        self._body.addWidget(self._empty)
        listing = QWidget()
        outer = column(ui, self.top, self._body)
        outer.setStretch(1, 1)
        listing.setLayout(outer)
        self.detail = ProposalDetailView(ui)
        self.detail.left.connect(self.close_detail)
        self.detail.stepped.connect(self._step)
        self.detail.link_opened.connect(self.link_opened)
        self._stack = QStackedWidget()
        self._stack.addWidget(listing)
        self._stack.addWidget(self.detail)
        self.setLayout(column(ui, self._stack))

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self._new.setVisible(self.ui.can("proposal.open"))
        self._empty.offer(self.ui.can("proposal.open"))
        self.ui.ask(self, "proposal_list", self._show)
        self.detail.reload()

    def render_again(self) -> None:
        self._fill()

    def reset(self) -> None:
        self._rows = ()
        self.detail.forget()
        self._stack.setCurrentIndex(0)
        self._fill()

    def _show(self, rows: tuple[v.ProposalRow, ...]) -> None:
        self._rows = rows
        self._fill()

    def _fill(self) -> None:
        for name, states in TABS.items():
            count = sum(1 for r in self._rows if r.status in states)
            self._tabs.count(name, self.ui.texts.number(count) if count else "")
        states = TABS[self._tabs.selected()]
        now = self.ui.now_ms()
        shown = [r for r in self._rows if r.status in states]
        if self._tabs.selected() == "open":
            shown.sort(key=lambda r: (r.status == "discussion", r.closes_ms if r.closes_ms is not None else now, r.id))
        else:
            shown.sort(key=lambda r: (-(r.closes_ms or r.stamp.at_ms), r.id))
        self._list.rows.set_rows(shown)
        self._body.setCurrentIndex(0 if shown else 1)

    # -- navigation and keys -------------------------------------------------------------------
    def open(self, target: str) -> None:
        if target in TABS:
            self.close_detail()
            self._tabs.select(target)
            self._fill()
        elif target:
            self._list.select(target)
            self.detail.load(target)
            self._stack.setCurrentIndex(1)
            self.detail.setFocus()

    def close_detail(self) -> bool:
        if self._stack.currentIndex() == 0:
            return False
        self.detail.forget()
        self._stack.setCurrentIndex(0)
        self._list.setFocus()
        return True

    def _step(self, by: int) -> None:
        if self.detail.proposal is not None:
            self._list.select(self.detail.proposal.id)
        view = self._list.step(by)
        if view is not None:
            self.detail.load(view.id)

    def primary(self) -> None:
        self.propose()

    def propose(self, template: str = "") -> None:
        """Begin a proposal, from a template."""
        if self.ui.can("proposal.open"):
            dialog = ProposalDialog(self.ui, self.window(), self._opened)
            if template:
                dialog.start(template)
            dialog.open()

    def _opened(self, row: object) -> None:
        if isinstance(row, v.ProposalRow):
            self.open(row.id)

    def sign(self) -> bool:
        return self._stack.currentIndex() == 1 and self.detail.vote_panel.sign()

    def fold(self, width: int) -> None:
        self.detail.fold(width)

    def keys(self) -> dict[str, Callable[[], None]]:
        return self.detail.keys() if self._stack.currentIndex() == 1 else {}
