"""Today: what waits for me, my tasks, what was decided, my balance, what comes up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.models import show, show_tasks
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import Page, TopBar, section_head
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Picker
from dao_app.ui.widgets.glyphs import AvatarView, Bar, IconView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row, scrolling
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Cell, Col, RowDelegate, RowList

NEEDS_SHOWN = 8
TASKS_SHOWN = 8
DECIDED_SHOWN = 6
UPCOMING_SHOWN = 6
NEEDS_MOST = 30  # rows on demand; each is a widget with a button of its own
NEEDS_KEPT_MS = 60_000  # relative times in the rows are at most so old
DELEGATIONS_SHOWN = 5
RAIL_NEEDS = 1000  # effective pixels of the page below which the right column goes
ICONS = {
    "vote": "proposals",
    "second": "proposals",
    "review": "review",
    "work": "doing",
    "claim": "tasks",
    "assign": "people",
    "mention_task": "note",
    "mention_proposal": "note",
    "mention_contribution": "note",
    "endorse": "contrib",
    "share_points": "contrib",
    "confirm_payout": "check",
    "pay": "treasury",
    "approve_payment": "treasury",
    "confirm_words": "key",
    "be_witness": "shield",
    "renew_device": "warn",
    "sign_recovery": "warn",
    "refuse_rekey": "warn",
    "approve_rekey": "people",
}
PAGES = {
    "vote": "proposals", "second": "proposals", "review": "tasks", "work": "tasks", "claim": "tasks", "assign": "tasks",
    "mention_task": "tasks", "mention_proposal": "proposals", "mention_contribution": "contributions",
    "endorse": "contributions", "share_points": "contributions", "confirm_payout": "contributions",
    "pay": "treasury", "approve_payment": "people", "be_witness": "trust", "renew_device": "trust",
    "sign_recovery": "trust", "refuse_rekey": "people", "approve_rekey": "people",
}  # fmt: skip
WITHIN = {  # where on the page the object is
    "share_points": "round:", "confirm_payout": "payout:", "pay": "request:", "approve_payment": "payment:",
    "refuse_rekey": "devices:", "approve_rekey": "devices:",
}  # fmt: skip
LETTERS = {
    "vote": "P", "second": "P", "review": "T", "work": "T", "claim": "T", "assign": "T", "mention_task": "T",
    "mention_proposal": "P", "share_points": "R",
}  # fmt: skip


class NeedRow(Box):
    """One thing that waits for the viewer, with the way to it."""

    pressed = Signal(object)

    def __init__(self, ui: Ui, item: v.TodayItem, first: bool) -> None:
        super().__init__(ui, "chosen" if first else "plain", height=54)
        self.item = item
        title = Label(ui, weight=600, elide=True)
        title.say(ui.t(f"need.{item.what}", title=show.title(item.title)))
        under = Label(ui, role="caption", tone="text2", elide=True)
        under.say(self._under(ui, item))
        due = Label(ui, role="caption", tone=show.due_tone(ui, item.due_ms))
        if item.due_ms is not None:
            key = "time.closes_in" if item.what in ("vote", "share_points") else "time.left"
            due.say(ui.t(key, duration=ui.texts.duration(item.due_ms - ui.now_ms(), 1)))
        clock = IconView(ui, "clock", show.due_tone(ui, item.due_ms), 14, "raised")
        if item.due_ms is None:
            clock.hide()
        key = "V" if item.what == "vote" and first else ""
        self.button = Button(ui, f"need.do.{item.what}", "primary" if first else "", key, wide=True)
        self.button.setFixedWidth(ui.look.px(112))
        self.button.clicked.connect(lambda: self.pressed.emit(item))
        texts = column(ui, None, title, under, None)
        tone = "accent" if first else "text2"
        back = "selected" if first else "raised"
        icon = IconView(ui, ICONS[item.what], tone, 16, back)
        due_box = Box(ui, "plain", row(ui, clock, due, None, gap=6), width=128)
        layout = row(ui, icon, texts, due_box, self.button, gap=14, margins=(14, 0, 12, 0))
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.setAccessibleName(f"{title.text()}, {under.text()}, {due.text()}")

    @staticmethod
    def _under(ui: Ui, item: v.TodayItem) -> str:
        parts = []
        if item.what == "vote" and item.person is not None:
            key = "need.via_voted" if item.note == "voted" else "need.via"
            parts.append(ui.t(key, name=ui.name(item.person)))
        if item.number is not None and item.what in LETTERS:
            parts.append(f"{LETTERS[item.what]}-{item.number}")
        if item.amount is not None:
            parts.append(ui.texts.amount(item.amount))
        if item.due_ms is not None:
            parts.append(ui.t("time.until", when=ui.texts.until(item.due_ms, ui.now_ms())))
        if item.department:
            parts.append(show.title(item.department))
        if item.person is not None and item.what in ("second", "approve_payment", "approve_rekey"):
            parts.append(ui.t("need.by", name=ui.name_you(item.person)))
        return " · ".join(parts) or ui.t(f"need.why.{item.what}")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(self.item)


class BalanceBox(Box):
    """The viewer's balance in one unit: final filled, pending hollow."""

    def __init__(self, ui: Ui, balance: v.BalanceView) -> None:
        super().__init__(ui, "plain")
        total = balance.available_minor + balance.held_minor
        figure = Label(ui, role="display")
        figure.say(ui.texts.figure(total, balance.decimals))
        unit = Label(ui, role="heading", tone="text2", weight=400)
        unit.say(balance.unit)
        bar = Bar(ui)
        whole = max(total + balance.pending_in_minor, 1)
        final_text = ui.t("balance.final", amount=ui.texts.figure(total, balance.decimals))
        bar.show_share(total / whole, final_text, final=True, leading=True, coming=balance.pending_in_minor / whole)
        final = SealView(ui)
        final.show_state("final", final_text)
        states = row(ui, final, None)
        if balance.pending_in_minor:
            coming = SealView(ui)
            amount = ui.texts.figure(balance.pending_in_minor, balance.decimals, signed=True)
            coming.show_state("provisional", ui.t("balance.pending", amount=amount))
            states.addWidget(coming)
        parts = column(ui, row(ui, figure, column(ui, None, unit, 3), None, gap=6), bar, states, gap=4)
        if balance.held_minor:
            held = Label(ui, role="caption", tone="text3")
            held.say(ui.t("balance.held", amount=ui.texts.figure(balance.held_minor, balance.decimals)))
            parts.addWidget(held)
        if balance.pending_out_minor:
            going = Label(ui, role="caption", tone="text3")
            going.say(ui.t("balance.going", amount=ui.texts.figure(balance.pending_out_minor, balance.decimals)))
            parts.addWidget(going)
        self.setLayout(parts)


class TodayPage(Page):
    """The first page of an organisation."""

    name = "today"
    topics = frozenset({"tasks", "proposals", "contributions", "ledger", "identity", "checkpoints", "status", "org"})

    words_wanted = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._view: v.TodayView | None = None
        self._status: v.StatusView | None = None
        self._needs: list[NeedRow] = []
        self._shown: tuple[object, ...] = ()
        self._department = Picker(ui, "task.filter.department")
        self._department.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._department.currentIndexChanged.connect(lambda _: self.render_again())
        self._department.hide()
        new = Button(ui, "new", key="N", icon="plus")
        new.clicked.connect(lambda: ui.act.emit("new"))
        self.top = TopBar(ui, "page.today", actions=[self._department, new])
        self._left = self._build_left()
        self._rail = self._build_rail()
        body = row(ui, scrolling(self._left, ui.t("page.today")), self._rail, gap=0)
        body.setStretch(0, 1)
        layout = column(ui, self.top, body)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def _build_left(self) -> QWidget:
        ui = self.ui
        self._count = Label(ui, role="caption", tone="text3")
        self._needs_box: QVBoxLayout = column(ui, margins=(1, 1, 1, 1))
        self._needs_card = Box(ui, "card", self._needs_box)
        self._all_needs = False
        self._more = Button(ui, "", "link")
        self._more.clicked.connect(self._show_all)
        self._calm = Box(ui, "card", column(ui, Empty(ui, "today.calm", "today.calm_why")))
        self._task_note = Label(ui, role="caption", tone="text3")
        columns = (
            Col(width=16),
            Col(width=44),
            Col(),
            Col(width=96, drop=8),
            Col(width=100, right=True),
            Col(width=84, right=True, drop=4),
        )
        self._tasks = self._list(
            columns, lambda r: show_tasks.my_task_cells(ui, r), show_tasks.describe_task, "today.my_tasks"
        )
        self._tasks.opened.connect(lambda r: ui.go.emit("tasks", r.id))
        self._tasks_head = section_head(ui, "today.my_tasks", self._task_note)
        self._tasks_card = Box(ui, "card", column(ui, self._tasks, margins=(1, 1, 1, 1)))
        decided = (
            Col(width=16),
            Col(width=44),
            Col(),
            Col(width=90, right=True),
            Col(width=84, right=True, drop=4),
            Col(width=110),
        )
        self._decided = self._list(
            decided, lambda r: show.decided_cells(ui, r), show.describe_proposal, "today.decided"
        )
        self._decided.opened.connect(lambda r: ui.go.emit("proposals", r.id))
        self._decided_head = section_head(ui, "today.decided")
        self._decided_card = Box(ui, "card", column(ui, self._decided, margins=(1, 1, 1, 1)))
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui,
                section_head(ui, "today.needs", self._count),
                4,
                self._needs_card,
                row(ui, self._more, None),
                self._calm,
                18,
                self._tasks_head,
                4,
                self._tasks_card,
                18,
                self._decided_head,
                4,
                self._decided_card,
                None,
                margins=(24, 18, 24, 24),
            )
        )
        return content

    def _list(
        self,
        columns: tuple[Col, ...],
        cells: Callable[[Any], Sequence[Cell]],
        describe: Callable[..., str],
        name: str,
        identify: Callable[[Any], str] = lambda r: r.id,
        height: int = 36,
    ) -> RowList:
        model = ViewModel(identify, partial(describe, self.ui), self)
        quiet = height < 36  # token pixels: a list without a card around it
        delegate = RowDelegate(self.ui, columns, cells, height, pad=0 if quiet else 13, in_card=not quiet)
        return RowList(self.ui, model, delegate, name, fit=True)

    def _build_rail(self) -> QWidget:
        ui = self.ui
        self._balances: QVBoxLayout = column(ui, gap=12)
        self._upcoming = self._list(
            (Col(width=108), Col()), self._upcoming_cells, self._describe_item, "today.upcoming", lambda i: i.target, 26
        )
        self._upcoming.opened.connect(self._do)
        self._votes: QVBoxLayout = column(ui, gap=6)
        self._sync = Paragraph(ui, role="caption", tone="text2")
        see = Button(ui, "today.see_changes", "link")
        see.clicked.connect(lambda: ui.go.emit("trust", "log"))
        self._balance_box = Box(
            ui,
            "section",
            column(ui, Label(ui, "today.balance", weight=600), 4, self._balances, margins=(20, 20, 20, 18)),
        )
        self._upcoming_box = Box(
            ui,
            "section",
            column(ui, Label(ui, "today.upcoming", weight=600), 6, self._upcoming, margins=(20, 16, 20, 16)),
        )
        change = Button(ui, "today.delegations", "link")
        change.clicked.connect(lambda: ui.go.emit("people", "delegations"))
        self._votes_box = Box(
            ui,
            "section",
            column(
                ui, Label(ui, "today.your_vote", weight=600), 6, self._votes, 4, row(ui, change, None),
                margins=(20, 16, 20, 14),
            ),
        )  # fmt: skip
        sync = Box(
            ui,
            "section",
            column(
                ui, Label(ui, "today.sync", weight=600), 6, self._sync, 4, row(ui, see, None), margins=(20, 16, 20, 14)
            ),
        )
        parts = column(ui, self._balance_box, self._upcoming_box, sync, self._votes_box, None)
        return Box(ui, "pane", parts, width=304)

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self.ui.ask(self, "today", self._show)
        self.ui.ask(self, "status", self._show_sync)

    def render_again(self) -> None:
        if self._view is not None:
            self._show(self._view)
        if self._status is not None:
            self._show_sync(self._status)

    def reset(self) -> None:
        self._view, self._status, self._all_needs, self._shown = None, None, False, ()

    def _show(self, view: v.TodayView) -> None:
        ui = self.ui
        self._view = view
        self._offer_departments(view)
        view = self._filtered(view)
        self.top.note.say(ui.texts.weekday(ui.now_ms()))
        self._show_needs(view)
        self._task_note.say(ui.t("today.open_n", n=len(view.tasks)))
        self._tasks.rows.set_rows(view.tasks[:TASKS_SHOWN])
        self._tasks_head.setVisible(bool(view.tasks))
        self._tasks_card.setVisible(bool(view.tasks))
        self._decided.rows.set_rows(view.decided[:DECIDED_SHOWN])
        self._decided_head.setVisible(bool(view.decided))
        self._decided_card.setVisible(bool(view.decided))
        clear(self._balances)
        for balance in view.balances:
            self._balances.addWidget(BalanceBox(ui, balance))
        self._balance_box.setVisible(bool(view.balances))
        self._upcoming.rows.set_rows(view.upcoming[:UPCOMING_SHOWN])
        self._upcoming_box.setVisible(bool(view.upcoming))
        self._show_votes(view)

    def _offer_departments(self, view: v.TodayView) -> None:
        """Departments that something on show belongs to; without any the filter is absent."""
        named = [item.department for item in (*view.needs, *view.upcoming)]
        named += [r.department for r in view.tasks] + [r.department for r in view.decided]
        names = sorted(set(named) - {""})
        every = ("", self.ui.t("task.filter.any_department"))
        self._department.offer_plain([every, *((name, isolate(name)) for name in names)])
        self._department.setVisible(bool(names))

    def _filtered(self, view: v.TodayView) -> v.TodayView:
        wanted = self._department.currentData() or ""
        if not wanted:
            return view
        return replace(
            view,
            needs=tuple(i for i in view.needs if i.department == wanted),
            upcoming=tuple(i for i in view.upcoming if i.department == wanted),
            tasks=tuple(r for r in view.tasks if r.department == wanted),
            decided=tuple(r for r in view.decided if r.department == wanted),
        )

    def _show_votes(self, view: v.TodayView) -> None:
        """Who votes in the viewer's place, and where."""
        ui = self.ui
        clear(self._votes)
        for one in view.delegations[:DELEGATIONS_SHOWN]:
            what = Label(ui, role="caption", elide=True)
            named = {"department": isolate(one.name), "topic": isolate(one.name)}.get(one.scope, "")
            what.say(ui.t(f"today.via.{one.scope}", name=ui.name(one.person), of=named))
            line = row(ui, AvatarView(ui, one.person, 18), what, gap=8)
            line.setStretch(1, 1)
            self._votes.addLayout(line)
        if view.delegations and all(one.scope != "everything" for one in view.delegations):
            self._votes.addWidget(Label(ui, "today.via.self", role="caption", tone="text2", elide=True))
        self._votes_box.setVisible(bool(view.delegations))

    def _show_needs(self, view: v.TodayView) -> None:
        shown = view.needs[: NEEDS_MOST if self._all_needs else NEEDS_SHOWN]
        self._count.say(self.ui.texts.number(len(view.needs)) if view.needs else "")
        self._more.say_key("today.more", n=len(view.needs) - len(shown))
        self._more.setVisible(len(shown) < min(len(view.needs), NEEDS_MOST))
        same = (shown, self.ui.look.turn, self.ui.texts.language, self.ui.now_ms() // NEEDS_KEPT_MS)
        if same == self._shown:
            return
        self._shown = same
        focused = next((need.item.target for need in self._needs if need.button.hasFocus()), None)
        clear(self._needs_box)
        self._needs = []
        for place, item in enumerate(shown):
            if place:
                self._needs_box.addWidget(divider())
            need = NeedRow(self.ui, item, first=place == 0)
            need.pressed.connect(self._do)
            self._needs.append(need)
            self._needs_box.addWidget(need)
            if item.target == focused:
                need.button.setFocus()
        self._needs_card.setVisible(bool(shown))
        self._calm.setVisible(not shown)

    def _show_all(self) -> None:
        self._all_needs = True
        if self._view is not None:
            self._show_needs(self._filtered(self._view))

    def _upcoming_texts(self, item: v.TodayItem) -> tuple[str, str]:
        ui = self.ui
        when = ui.texts.moment(item.due_ms, ui.now_ms()) if item.due_ms is not None else ""
        number = f"{LETTERS[item.what]}-{item.number} " if item.number is not None and item.what in LETTERS else ""
        return when, number + show.title(item.title)

    def _upcoming_cells(self, item: v.TodayItem) -> list[Cell]:
        when, what = self._upcoming_texts(item)
        return [Cell(when, tone=show.due_tone(self.ui, item.due_ms), role="caption"), Cell(what, role="caption")]

    def _describe_item(self, ui: Ui, item: v.TodayItem) -> str:
        when, what = self._upcoming_texts(item)
        return ui.t("list.comma").join((what, when))

    def _show_sync(self, status: v.StatusView) -> None:
        ui, self._status = self.ui, status
        if status.offline_since_ms is not None and not status.peers:
            text = ui.t("status.offline", time=ui.texts.moment(status.offline_since_ms, ui.now_ms()))
        else:
            text = ui.t("today.sync_peers", n=status.peers) if status.peers else ui.t("status.alone")
        gap = ui.t("list.sentence")
        if status.unsent:
            text += gap + ui.t("today.sync_unsent", n=status.unsent)
        if status.provisional:
            waits = ui.waits_text(status.waits_for, status.witness_seen_ms)
            text += gap + ui.t("today.sync_pending", n=status.provisional, waits=waits)
        self._sync.say(text)

    # -- gestures ------------------------------------------------------------------------------
    def _do(self, item: v.TodayItem) -> None:
        if item.what == "confirm_words":
            self.words_wanted.emit()
        else:
            self.ui.go.emit(PAGES[item.what], WITHIN.get(item.what, "") + item.target)

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"V": self._vote_first}

    def _vote_first(self) -> None:
        for need in self._needs:
            if need.item.what == "vote":
                self._do(need.item)
                return

    def fold(self, width: int) -> None:
        self._rail.setVisible(width >= RAIL_NEEDS)
