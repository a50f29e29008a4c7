"""Tasks: the board by state, the list, and one task beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.tasks import TaskDialog
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import SplitPage, TopBar
from dao_app.ui.pages.task_pane import TaskPane
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.fields import Picker
from dao_app.ui.widgets.kanban import Card, Lane, Strip
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

DONE = ("accepted", "cancelled", "expired")
LANES = (("open", "task.lane.open"), ("claimed", "task.lane.claimed"), ("submitted", "task.lane.submitted"))
COLUMNS = (
    Col(width=16),
    Col("col.number", width=52),
    Col("col.title"),
    Col("col.status", width=104),
    Col("col.assignee", width=150, drop=16),
    Col("col.reward", width=104, right=True, drop=6),
    Col("col.expires", width=110, drop=21),
    Col("col.state", width=110, drop=11),
)
FILTERS = [
    ("all", "task.filter.all"),
    ("mine", "task.filter.mine"),
    ("free", "task.filter.free"),
    ("review", "task.filter.review"),
]


class TasksPage(SplitPage):
    """The work of the organisation."""

    name = "tasks"
    topics = frozenset({"tasks", "checkpoints", "members"})
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._tasks: tuple[v.TaskRow, ...] = ()
        self._open_id = ""
        self._views = Choices(
            ui,
            [("board", "task.board"), ("list", "task.list"), ("done", "task.done")],
            "segment",
            {"board": "board", "list": "list", "done": "done"},
        )
        self._views.chosen.connect(self._switch)
        self._filter = Picker(ui, "task.filter")
        self._filter.offer(FILTERS)
        self._filter.currentIndexChanged.connect(lambda _: self._fill())
        self._new = Button(ui, "task.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self.top = TopBar(ui, "page.tasks", self._views, [self._filter, self._new])
        self.pane = TaskPane(ui)
        self.pane.closed.connect(self.close_detail)
        self.pane.link_opened.connect(self.link_opened)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_board())
        self._stack.addWidget(self._build_list())
        self._empty = Empty(ui, "task.empty", "task.empty_why", "task.new", "N")
        self._empty.pressed.connect(self.primary)
        self._stack.addWidget(self._empty)
        self.set_up(self.top, self._stack, self.pane)

    def _build_board(self) -> QWidget:
        ui = self.ui
        self._lanes: list[Lane] = []
        for status, title in LANES:
            model = ViewModel(lambda r: r.id, partial(show.describe_task, ui), self)
            lane = Lane(ui, status, show.TASK_ICONS[status], title, model, self._card)
            lane.list.opened.connect(lambda r: self.open(r.id))
            lane.more.clicked.connect(lambda: self._switch("list"))
            self._lanes.append(lane)
        self._strip = Strip(ui, "task.done")
        self._strip.pressed.connect(lambda: self._switch("done"))
        board = QWidget()
        layout = row(ui, *self._lanes, self._strip, gap=12, margins=(16, 16, 12, 12))
        for place in range(len(self._lanes)):
            layout.setStretch(place, 1)
        board.setLayout(layout)
        return board

    def _build_list(self) -> QWidget:
        ui = self.ui
        model = ViewModel(lambda r: r.id, partial(show.describe_task, ui), self)
        self._list = RowList(ui, model, RowDelegate(ui, COLUMNS, partial(show.task_cells, ui)), "page.tasks")
        self._list.opened.connect(lambda r: self.open(r.id))
        layout = column(ui, Header(ui, COLUMNS, self._list), self._list, margins=(16, 10, 16, 10))
        layout.setStretch(1, 1)
        return Box(ui, "plain", layout)

    def _card(self, task: v.TaskRow) -> Card:
        ui = self.ui
        left, tone, seal = show.reward_text(ui, task), "text2", ""
        if task.stamp.state != "final":
            seal = task.stamp.state
            left = f"{left} {ui.stamp_word(task.stamp)}".strip()
            tone = "danger" if seal in ("contested", "rejected") else "text3" if seal == "queued" else "provisional"
        right, right_tone, icon = "", "text2", ""
        if task.status == "submitted" and "accept" in task.can:
            right, right_tone = ui.t("task.your_review"), "accent"
        elif task.expires_ms is not None:
            right, right_tone = ui.texts.day(task.expires_ms, ui.now_ms()), show.due_tone(ui, task.expires_ms)
            icon = "clock" if right_tone == "provisional" else ""
        elif task.comments:
            right, icon = ui.texts.number(task.comments), "note"
        action = ui.t("task.do.claim") if "claim" in task.can else ""
        return Card(
            show.task_name(ui, task),
            show.title(task.title),
            task.assignee,
            action,
            left,
            tone,
            seal,
            right,
            right_tone,
            icon,
        )

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self._new.setVisible(self.ui.can("task.open"))
        self._empty.offer(self.ui.can("task.open"))
        self.ui.ask(self, "task_list", self._show)
        self.pane.reload()

    def render_again(self) -> None:
        self._fill()

    def reset(self) -> None:
        self._tasks, self._open_id = (), ""
        self.pane.forget()
        self.show_detail(False)
        self._fill()

    def _show(self, tasks: tuple[v.TaskRow, ...]) -> None:
        self._tasks = tasks
        self._fill()

    def _passes(self, task: v.TaskRow) -> bool:
        wanted = self._filter.currentData()
        mine = task.assignee is not None and task.assignee.you
        if wanted == "mine":
            return mine or task.opener.you
        if wanted == "free":
            return "claim" in task.can
        return "accept" in task.can if wanted == "review" else True

    def _fill(self) -> None:
        shown = [t for t in self._tasks if self._passes(t)]
        for lane in self._lanes:
            lane.show_rows([t for t in shown if t.status == lane.status])
        done = [t for t in shown if t.status in DONE]
        self._strip.show_count(len(done))
        view = self._views.selected()
        self._list.rows.set_rows(done if view == "done" else [t for t in shown if t.status not in DONE])
        if not self._tasks:
            self._stack.setCurrentIndex(2)
        else:
            self._stack.setCurrentIndex(0 if view == "board" else 1)
        if self._open_id:
            self._mark(self._open_id)

    def _mark(self, task: str) -> None:
        for rows in (*(lane.list for lane in self._lanes), self._list):
            if not rows.select(task):
                rows.clearSelection()

    def _switch(self, view: str) -> None:
        self._views.select(view)
        self._fill()

    # -- navigation and keys -------------------------------------------------------------------
    def open(self, target: str) -> None:
        if target:
            self._open_id = target
            self.pane.load(target)
            self.show_detail(True)
            self._mark(target)

    def close_detail(self) -> bool:
        if self.pane.isHidden():
            return False
        self._open_id = ""
        self.show_detail(False)
        self.pane.forget()
        return True

    def primary(self) -> None:
        if self.ui.can("task.open"):
            TaskDialog(self.ui, self.window(), self._opened).open()

    def _opened(self, task: object) -> None:
        if isinstance(task, v.TaskRow):
            self.open(task.id)

    def keys(self) -> dict[str, Callable[[], None]]:
        return {
            "F": self._filter.showPopup,
            "B": lambda: self._switch("board"),
            "L": lambda: self._switch("list"),
            **self.pane.keys(),
        }
