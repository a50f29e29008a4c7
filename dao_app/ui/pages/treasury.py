"""Treasury: what the organisation and the viewer hold, the ledger, and moving tokens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.tokens import MoveDialog, describe_move
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import Facts, Pane, SplitPage, TopBar, section_head
from dao_app.ui.pages.people_tabs import Tab
from dao_app.ui.pages.treasury_tabs import RequestsTab, SchedulesTab
from dao_app.ui.proofs import save_proof
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.glyphs import Bar, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row, scrolling
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

LEDGER_ROWS_MAX = 1_000
COLUMNS = (
    Col("col.date", width=116),
    Col("col.entry", share=3),
    Col("col.from_to", share=2, drop=8),
    Col("col.amount", width=128, right=True),
    Col("col.state", width=120, drop=3),
)


MORE: dict[str, type[Tab]] = {"requests": RequestsTab, "schedules": SchedulesTab}
TABS = ("ledger", *MORE)


class EntryPane(Pane):
    """One entry of the ledger."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._row: v.LedgerRow | None = None
        self._title, self._amount = Paragraph(ui, role="heading"), Label(ui, role="title")
        self._source, self._target = Label(ui, elide=True), Label(ui, elide=True)
        self._memo, self._state = Paragraph(ui), SealView(ui)
        self._waits = Paragraph(ui, role="caption", tone="provisional")
        self._digits = Label(ui, role="mono", tone="text2", elide=True)
        self._facts = Facts(ui)
        self._facts.add("col.from", self._source)
        self._facts.add("col.to", self._target)
        self._facts.add("move.memo", self._memo)
        self._facts.add("fact.state", self._state, None)
        self._facts.add("fact.waits", self._waits)
        self._facts.add("fact.entry", self._digits)
        see = Button(ui, "ledger.see_entry", "link")
        see.clicked.connect(lambda: self._row and ui.go.emit("trust", f"entry:{self._row.action}"))
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui, self._title, 6, self._amount, 10, self._facts, 8, row(ui, see, None), None, margins=(20, 16, 20, 16)
            )
        )
        self.body.addWidget(scrolling(content))
        self.link.hide()

    def show_row(self, row_: v.LedgerRow) -> None:
        ui = self._ui
        self._row = row_
        self.name.say(ui.t("col.entry"))
        self.chip.say(ui.t(f"ledger.kind.{row_.kind}"))
        self._title.say(show.ledger_title(ui, row_))
        self._amount.say(show.ledger_amount(ui, row_))
        self._source.say(show.party_name(ui, row_.source, row_.source_person))
        self._target.say(show.party_name(ui, row_.target, row_.target_person))
        self._memo.say(isolate(row_.memo))
        self._facts.show_line("move.memo", bool(row_.memo))
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)
        self._digits.say(show.grouped(row_.action))

    def render_again(self) -> None:
        if self._row is not None:
            self.show_row(self._row)

    @property
    def shown(self) -> str:
        return self._row.action if self._row else ""

    def forget(self) -> None:
        self._row = None


class TreasuryPage(SplitPage):
    """Balances and the ledger."""

    name = "treasury"
    topics = frozenset({"ledger", "checkpoints", "org", "members"})

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._balances: tuple[v.BalanceView, ...] = ()
        self._ledger: tuple[v.LedgerRow, ...] = ()
        self._moves: dict[str, Button] = {}
        for kind, icon, key in (("issue", "plus", ""), ("tip", "contrib", "P"), ("transfer", "arrow", "N")):
            button = Button(ui, f"move.{kind}", key=key, icon=icon)
            button.clicked.connect(lambda _=False, k=kind: self.start_move(k))
            self._moves[kind] = button
        self._tabs = Choices(ui, [(name, f"treasury.tab.{name}") for name in TABS])
        self._tabs.chosen.connect(lambda _: self._show_tab())
        self._new = Button(ui, "request.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self.top = TopBar(ui, "page.treasury", self._tabs, [*self._moves.values(), self._new])
        self._cards: QHBoxLayout = row(ui, gap=0, margins=(1, 1, 1, 1))
        self._filter = Choices(ui, [(n, f"ledger.filter.{n}") for n in ("all", "mine", "treasury")], "segment")
        self._filter.chosen.connect(lambda _: self._fill())
        self._count = Label(ui, role="caption", tone="text3")
        model = ViewModel(
            lambda r: f"{r.action} {r.kind} {r.source} {r.target}", partial(show.describe_ledger, ui), self
        )
        self._list = RowList(ui, model, RowDelegate(ui, COLUMNS, partial(show.ledger_cells, ui)), "ledger.title")
        self._list.opened.connect(self._open_row)
        self._stack = QStackedWidget()
        listing = QWidget()
        inner = column(ui, Header(ui, COLUMNS, self._list), self._list)
        inner.setStretch(1, 1)
        listing.setLayout(inner)
        self._stack.addWidget(listing)
        self._stack.addWidget(Empty(ui, "ledger.empty", "ledger.empty_why"))
        main = QWidget()
        layout = column(
            ui,
            Box(ui, "card", self._cards),
            18,
            section_head(ui, "ledger.title", self._count, self._filter),
            6,
            self._stack,
            margins=(24, 16, 24, 8),
        )
        layout.setStretch(layout.count() - 1, 1)
        main.setLayout(layout)
        self._parts = QStackedWidget()
        self._parts.addWidget(main)
        self._more: dict[str, Tab] = {name: kind(ui) for name, kind in MORE.items()}
        for tab in self._more.values():
            self._parts.addWidget(tab)
        self.pane = EntryPane(ui)
        self.pane.closed.connect(self.close_detail)
        self.set_up(self.top, self._parts, self.pane)
        self._new.hide()

    def refresh(self) -> None:
        ui = self.ui
        self._show_tab()
        ui.ask(self, "token_balance", self._show_balances, party="all")
        ui.ask(self, "token_ledger", self._show_ledger, limit=LEDGER_ROWS_MAX)

    def _show_tab(self) -> None:
        """The ledger, or what one of the other tabs holds."""
        name = self._tabs.selected()
        tab = self._more.get(name)
        self._parts.setCurrentIndex(TABS.index(name))
        for kind, button in self._moves.items():
            button.setVisible(tab is None and kind in self._allowed())
        self._new.setVisible(tab is not None and tab.makes())
        if tab is not None:
            self._new.say_key(tab.new_key)
            self.show_detail(False)
            tab.refresh()

    def _allowed(self) -> set[str]:
        ui = self.ui
        tokens = ui.org_view is not None and "tokens" in ui.org_view.modules
        allowed = {"issue"} if ui.can("token.issue") else set()
        if tokens and ui.can("token.tip"):
            allowed.add("tip")
        if ui.can("token.transfer") and (tokens or ui.can("treasury.spend")):
            allowed.add("transfer")
        return allowed

    def render_again(self) -> None:
        self._show_balances(self._balances)
        for tab in self._more.values():
            tab.render_again()
        self._fill()

    def reset(self) -> None:
        self._balances, self._ledger = (), ()
        self.pane.forget()
        self.show_detail(False)
        self._fill()

    def _show_balances(self, balances: tuple[v.BalanceView, ...]) -> None:
        ui = self.ui
        self._balances = balances
        clear(self._cards)
        units = ui.org_view.units if ui.org_view else ()
        boxes: list[QWidget] = []
        for unit in units:
            treasury = next((b for b in balances if b.party == "treasury" and b.unit == unit.code), None)
            mine = next((b for b in balances if b.person is not None and b.person.you and b.unit == unit.code), None)
            boxes.append(self._party_card("party.treasury", treasury, unit))
            boxes.append(self._supply_card(unit))
            boxes.append(self._party_card("today.balance", mine, unit))
        for place, box in enumerate(boxes):
            if place:
                line = Box(ui, "divide")
                line.setFixedWidth(1)
                self._cards.addWidget(line)
            self._cards.addWidget(box, 1)

    def _party_card(self, caption: str, balance: v.BalanceView | None, unit: v.UnitView) -> QWidget:
        ui = self.ui
        available = balance.available_minor if balance else 0
        notes: list[QWidget] = []
        final = SealView(ui, back="raised")
        final.show_state("final", ui.t("balance.available"))
        notes.append(final)
        for minor, key, signed in (
            (balance.pending_in_minor if balance else 0, "balance.pending", True),
            (-balance.pending_out_minor if balance else 0, "balance.pending", True),
        ):
            if minor:
                seal = SealView(ui, back="raised")
                seal.show_state("provisional", ui.t(key, amount=ui.texts.figure(minor, unit.decimals, signed)))
                notes.append(seal)
        if balance and balance.held_minor:
            held = Label(ui, role="caption", tone="text2")
            held.say(ui.t("balance.held", amount=ui.texts.figure(balance.held_minor, unit.decimals)))
            notes.append(held)
        return self._card(
            caption, ui.texts.figure(available, unit.decimals), unit.code, notes, self._certificate(balance)
        )

    def _certificate(self, balance: v.BalanceView | None) -> Button | None:
        """The way to a proof of this balance."""
        if balance is None:
            return None
        ui, unit, party = self.ui, balance.unit, "treasury" if balance.party == "treasury" else ""
        save = Button(ui, "proof.save", "link", height=20)
        save.clicked.connect(lambda: save_proof(ui, self, "certificate_balance", unit, party=party, unit=unit))
        return save

    def _supply_card(self, unit: v.UnitView) -> QWidget:
        ui = self.ui
        cap = ui.texts.figure(unit.cap_minor, unit.decimals)
        bar = Bar(ui, height=6)
        name = ui.t("treasury.of_cap", cap=cap)
        bar.show_share(unit.supply_minor / unit.cap_minor if unit.cap_minor else 0.0, name, final=True, leading=True)
        note = Label(ui, role="caption", tone="text2")
        note.say(name)
        card = self._card(
            "treasury.supply", ui.texts.figure(unit.supply_minor, unit.decimals), ui.unit_name(unit.code), [note]
        )
        card.layout().addWidget(bar)  # type: ignore[union-attr]
        return card

    def _card(
        self, caption: str, figure: str, unit: str, notes: list[QWidget], corner: QWidget | None = None
    ) -> QWidget:
        ui = self.ui
        number, code = Label(ui, role="title"), Label(ui, tone="text2", elide=True)
        number.say(figure)
        code.say(unit)
        top = row(ui, number, code, gap=6)
        top.setStretch(1, 1)
        return Box(
            ui,
            "plain",
            column(
                ui,
                row(ui, Label(ui, caption, "caption", "text2"), None, *([corner] if corner is not None else [])),
                top,
                2,
                row(ui, *notes, None, gap=10),
                None,
                gap=1,
                margins=(14, 12, 14, 10),
            ),
        )

    def _show_ledger(self, rows: tuple[v.LedgerRow, ...]) -> None:
        self._ledger = rows
        self._fill()

    def _fill(self) -> None:
        which = self._filter.selected()
        shown = [
            r
            for r in self._ledger
            if which == "all"
            or (which == "mine" and show.ledger_sign(r))
            or (which == "treasury" and "treasury" in (r.source, r.target))
        ]
        self._list.rows.set_rows(shown)
        self._count.say(self.ui.t("ledger.entries", n=len(shown)))
        self._stack.setCurrentIndex(0 if shown else 1)
        if self.pane.shown:
            now = next((r for r in self._ledger if r.action == self.pane.shown), None)
            if now is not None:
                self.pane.show_row(now)

    # -- gestures ------------------------------------------------------------------------------
    def _open_row(self, row_: v.LedgerRow) -> None:
        self.pane.show_row(row_)
        self.show_detail(True)

    def open(self, target: str) -> None:
        if target in TABS:
            self._tabs.select(target)
            self._show_tab()
            return
        kind, colon, name = target.partition(":")
        if colon and kind == "request":
            self.open("requests")
            requests = self._more["requests"]
            assert isinstance(requests, RequestsTab)
            requests.table.choose(name)
            return
        entry = next((r for r in self._ledger if r.action == target), None)
        if entry is not None:
            self._open_row(entry)

    def close_detail(self) -> bool:
        if self.pane.isHidden():
            return False
        self.show_detail(False)
        self.pane.forget()
        return True

    def start_move(self, kind: str, to: str = "") -> None:
        """Ask for members first, then open the dialog."""
        if self.ui.can({"transfer": "token.transfer", "tip": "token.tip", "issue": "token.issue"}[kind]):
            self.ui.ask(self, "member_list", partial(self._open_move, kind, to))

    def _open_move(self, kind: str, to: str, members: tuple[v.MemberRow, ...]) -> None:
        def done(result: object) -> None:
            if isinstance(result, v.LedgerRow):
                self.ui.said.emit(describe_move(self.ui, result))
            self.refresh()

        MoveDialog(self.ui, self.window(), kind, members, to, done).open()

    def primary(self) -> None:
        tab = self._more.get(self._tabs.selected())
        if tab is not None:
            tab.primary()
        else:
            self.start_move("transfer")

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"P": lambda: self.start_move("tip")}
