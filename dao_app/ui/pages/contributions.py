"""Contributions: mine and everyone's, with what was earned and who stands behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.contributions import ContributionDialog
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import Facts, Pane, SplitPage, TopBar, section_head
from dao_app.ui.pages.task_pane import erase_comment
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row, scrolling
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.posts import Composer, Posts
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

COLUMNS = (
    Col("col.date", width=116),
    Col("col.contribution"),
    Col("col.person", width=150, drop=15),
    Col("col.source", width=64, drop=8),
    Col("col.endorsed", width=130, drop=11),
    Col("col.earned", width=100, right=True),
    Col("col.state", width=110, drop=4),
)


class Figure(QWidget):
    """A caption, a large figure with its unit, and a quiet line."""

    def __init__(self, ui: Ui, caption: str, figure: str, unit: str, *below: QWidget) -> None:
        super().__init__()
        number, code = Label(ui, role="title"), Label(ui, tone="text2")
        number.say(figure)
        code.say(unit)
        self.setLayout(
            column(
                ui,
                Label(ui, caption, "caption", "text2"),
                row(ui, number, code, None, gap=6),
                row(ui, *below, None, gap=12),
                gap=2,
            )
        )


class ContributionPane(Pane):
    """One contribution with its text, endorsements and comments."""

    link_opened = Signal(str)
    task_wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._detail: v.ContributionDetail | None = None
        self._title = Paragraph(ui, role="heading")
        self._who, self._picture = Label(ui, elide=True), AvatarView(ui, size=18)
        self._earned, self._endorsed, self._state = Label(ui, elide=True), Label(ui, elide=True), SealView(ui)
        self._waits = Paragraph(ui, role="caption", tone="provisional")
        self._facts = Facts(ui)
        self._facts.add("col.person", self._picture, self._who)
        self._facts.add("col.earned", self._earned)
        self._facts.add("col.endorsed", self._endorsed)
        self._facts.add("fact.state", self._state, None)
        self._facts.add("fact.waits", self._waits)
        self._text, self._absent = MarkdownView(ui, "text2"), Paragraph(ui, "text.absent", tone="text3")
        self._posts, self._count = Posts(ui), Label(ui, role="caption", tone="text3")
        self._text.link.connect(self.link_opened)
        self._posts.link.connect(self.link_opened)
        self._posts.erase.connect(lambda c: erase_comment(ui, self, c, self.reload))
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui,
                self._title,
                10,
                self._facts,
                10,
                divider(),
                12,
                self._text,
                self._absent,
                12,
                section_head(ui, "comments", self._count),
                4,
                self._posts,
                None,
                margins=(20, 16, 20, 16),
            )
        )
        self.body.addWidget(scrolling(content))
        self.composer = Composer(ui, margins=(20, 8, 20, 8))
        self.composer.written.connect(self._comment)
        self._endorse = Button(ui, "contribution.endorse", "primary", "E")
        self._endorse.clicked.connect(self.endorse)
        self._foot = Box(ui, "bottom", row(ui, self._endorse, None, margins=(20, 10, 20, 10)))
        self.foot(self.composer)
        self.foot(self._foot)
        self.link.hide()

    def load(self, contribution: str) -> None:
        self._ui.ask(self, "contribution_show", self.show_contribution, contribution=contribution)

    def reload(self) -> None:
        if self._detail is not None:
            self.load(self._detail.row.id)

    def forget(self) -> None:
        self._detail = None

    def render_again(self) -> None:
        if self._detail is not None:
            self.show_contribution(self._detail, again=True)

    def show_contribution(self, detail: v.ContributionDetail, again: bool = False) -> None:
        ui, row_ = self._ui, detail.row
        self._detail = detail
        self.name.say(ui.t(f"contribution.source.{row_.source}", task=row_.task or ""))
        self.chip.say(ui.t(f"contribution.status.{row_.status}"), "accent" if row_.status == "endorsed" else "")
        self._title.say(show.title(row_.title))
        self._who.say(ui.name_you(row_.author))
        self._picture.show_person(row_.author)
        self._facts.show_line("col.earned", row_.earned is not None)
        if row_.earned is not None:
            self._earned.say(ui.texts.amount(row_.earned))
        names = ui.texts.join([ui.name_you(p) for p in row_.endorsed_by])
        endorsed = show.endorsed_text(ui, row_)
        self._endorsed.say(f"{endorsed} ({names})" if names else endorsed)
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)
        self._text.show_text(detail.text or "")
        self._text.setVisible(bool(detail.text))
        self._absent.setVisible(detail.text is None and row_.source == "claim")
        self._count.say(ui.texts.number(len(detail.comments)) if detail.comments else "")
        self._posts.show_comments(detail.comments, again)
        self.composer.setVisible("comment" in row_.can)
        self._foot.setVisible("endorse" in row_.can)

    def endorse(self) -> None:
        if self._detail is None or "endorse" not in self._detail.row.can:
            return
        ui, row_ = self._ui, self._detail.row
        ui.hold(
            ui.t("contribution.held", title=show.title(row_.title)),
            lambda: ui.write(self, "contribution_endorse", lambda _: self.reload(), contribution=row_.id),
        )

    def _comment(self, text: str) -> None:
        if self._detail is None:
            return
        ui, row_ = self._ui, self._detail.row

        def back(error: GuildhallError) -> None:
            self.composer.put(text)
            ui.failed.emit(error)

        ui.hold(
            ui.t("comment.held", name=show.title(row_.title)),
            lambda: ui.write(self, "comment_add", lambda _: self.reload(), back, target=row_.id, text=text),
            undo=lambda: self.composer.put(text),
        )

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"E": self.endorse, "C": self.composer.field.setFocus}


class ContributionsPage(SplitPage):
    """Who gave what."""

    name = "contributions"
    topics = frozenset({"contributions", "checkpoints", "ledger", "members"})
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._rows: tuple[v.ContributionRow, ...] = ()
        self._balances: tuple[v.BalanceView, ...] = ()
        self._open_id = ""
        self._tabs = Choices(ui, [("mine", "contribution.tab.mine"), ("all", "contribution.tab.all")])
        self._tabs.chosen.connect(lambda _: self._fill())
        self._new = Button(ui, "contribution.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self.top = TopBar(ui, "page.contributions", self._tabs, [self._new])
        model = ViewModel(lambda r: r.id, partial(show.describe_contribution, ui), self)
        self._list = RowList(
            ui, model, RowDelegate(ui, COLUMNS, partial(show.contribution_cells, ui)), "page.contributions"
        )
        self._list.opened.connect(lambda r: self.open(r.id))
        self._figures: QHBoxLayout = row(ui, gap=56)
        self._figure_box = Box(ui, "plain", row(ui, self._figures, None, margins=(8, 0, 0, 10)))
        self._empty = Empty(ui, "contribution.empty", "contribution.empty_why", "contribution.new", "N")
        self._empty.pressed.connect(self.primary)
        self._stack = QStackedWidget()
        listing = QWidget()
        layout = column(ui, Header(ui, COLUMNS, self._list), self._list)
        layout.setStretch(1, 1)
        listing.setLayout(layout)
        self._stack.addWidget(listing)
        self._stack.addWidget(self._empty)
        main = QWidget()
        outer = column(ui, self._figure_box, self._stack, margins=(16, 18, 16, 8))
        outer.setStretch(1, 1)
        main.setLayout(outer)
        self.pane = ContributionPane(ui)
        self.pane.closed.connect(self.close_detail)
        self.pane.link_opened.connect(self.link_opened)
        self.set_up(self.top, main, self.pane)

    def refresh(self) -> None:
        self._new.setVisible(self.ui.can("contribution.claim"))
        self._empty.offer(self.ui.can("contribution.claim"))
        self.ui.ask(self, "contribution_list", self._show)
        self.ui.ask(self, "token_balance", self._show_balances)
        self.pane.reload()

    def render_again(self) -> None:
        self._fill()
        self._show_balances(self._balances)

    def reset(self) -> None:
        self._rows, self._balances, self._open_id = (), (), ""
        self.pane.forget()
        self.show_detail(False)
        self._fill()

    def _show(self, rows: tuple[v.ContributionRow, ...]) -> None:
        self._rows = rows
        self._fill()
        self._show_balances(self._balances)

    def _fill(self) -> None:
        mine = self._tabs.selected() == "mine"
        shown = [r for r in self._rows if r.author.you or not mine]
        shown.sort(key=lambda r: (-r.stamp.at_ms, r.id))
        self._list.rows.set_rows(shown)
        if self._open_id:
            self._list.select(self._open_id)
        self._stack.setCurrentIndex(0 if shown else 1)
        self._tabs.count("mine", self.ui.texts.number(sum(1 for r in self._rows if r.author.you)))
        self._tabs.count("all", self.ui.texts.number(len(self._rows)))
        self._figure_box.setVisible(mine and bool(self._balances))

    def _show_balances(self, balances: tuple[v.BalanceView, ...]) -> None:
        ui = self.ui
        self._balances = balances
        clear(self._figures)
        for balance in balances:
            final = SealView(ui)
            final.show_state(
                "final", ui.t("balance.final", amount=ui.texts.figure(balance.available_minor, balance.decimals))
            )
            below: list[QWidget] = [final]
            if balance.pending_in_minor:
                coming = SealView(ui)
                figure = ui.texts.figure(balance.pending_in_minor, balance.decimals, signed=True)
                coming.show_state("provisional", ui.t("balance.pending", amount=figure))
                below.append(coming)
            figure = ui.texts.figure(balance.available_minor + balance.held_minor, balance.decimals)
            self._figures.addWidget(Figure(ui, "today.balance", figure, balance.unit, *below))
            earned = sum(
                r.earned.minor for r in self._rows if r.author.you and r.earned and r.earned.unit == balance.unit
            )
            tasks = sum(1 for r in self._rows if r.author.you and r.source == "task")
            from_tasks = Label(ui, role="caption", tone="text2")
            from_tasks.say(ui.t("contribution.tasks_n", n=tasks))
            self._figures.addWidget(
                Figure(ui, "contribution.earned", ui.texts.figure(earned, balance.decimals), balance.unit, from_tasks)
            )
        self._figure_box.setVisible(self._tabs.selected() == "mine" and bool(balances))

    def open(self, target: str) -> None:
        if target:
            self._open_id = target
            listed = next((r for r in self._rows if r.id == target), None)
            if listed is None or not listed.author.you:
                self._tabs.select("all")
                self._fill()
            self.pane.load(target)
            self.show_detail(True)
            self._list.select(target)

    def close_detail(self) -> bool:
        if self.pane.isHidden():
            return False
        self._open_id = ""
        self.show_detail(False)
        self.pane.forget()
        return True

    def primary(self) -> None:
        if self.ui.can("contribution.claim"):
            ContributionDialog(self.ui, self.window(), self._opened).open()

    def _opened(self, row_: object) -> None:
        if isinstance(row_, v.ContributionRow):
            self.open(row_.id)

    def keys(self) -> dict[str, Callable[[], None]]:
        return self.pane.keys()
