"""Tasks: the board by stage, the list, the calendar, and one task beside them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QStackedWidget, QWidget

from dao_app.app import views_tasks as vt
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.task_import import ImportDialog
from dao_app.ui.dialogs.tasks import TaskDialog
from dao_app.ui.evidence import write_text
from dao_app.ui.models import moves
from dao_app.ui.models import show_tasks as show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import FILTERS_NEED, Filters, SplitPage, TopBar
from dao_app.ui.pages.task_calendar import TaskCalendar
from dao_app.ui.pages.task_pane import TaskPane
from dao_app.ui.widgets.buttons import Button, Choices, IconButton
from dao_app.ui.widgets.dragging import Hint
from dao_app.ui.widgets.fields import Line, Picker
from dao_app.ui.widgets.kanban import CardList, Lane, Strip
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.notices import Empty
from dao_app.ui.widgets.rows import Col, Header, RowDelegate, RowList

VIEWS = ("board", "list", "calendar", "done")
LANE_TITLES = {"todo": "task.lane.open", "doing": "task.lane.claimed", "review": "task.lane.submitted"}
COLUMNS = (
    Col(width=16),
    Col("col.number", width=52),
    Col("col.title"),
    Col("col.priority", width=64, drop=24),
    Col("col.status", width=112),
    Col("col.assignee", width=140, drop=16),
    Col("col.reward", width=104, right=True, drop=6),
    Col("col.due", width=134, drop=21),
    Col("col.state", width=110, drop=11),
)
FILTERS = [
    ("all", "task.filter.all"),
    ("mine", "task.filter.mine"),
    ("free", "task.filter.free"),
    ("review", "task.filter.review"),
]
URGENCY = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


class TasksPage(SplitPage):
    """The work of the organisation."""

    name = "tasks"
    topics = frozenset({"tasks", "checkpoints", "members"})
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._tasks: tuple[vt.TaskRow, ...] = ()
        self._wanted_department = ""  # chosen in the sidebar
        self._open_id = ""
        self._views = Choices(
            ui,
            [("board", "task.board"), ("list", "task.list"), ("calendar", "task.calendar"), ("done", "task.done")],
            "segment",
            {"board": "board", "list": "list", "calendar": "today", "done": "done"},
        )
        self._views.chosen.connect(self._switch)
        self._find = Line(ui, "task.find", "task.find")
        self._find.textChanged.connect(lambda _: self._fill())
        self._filter = Picker(ui, "task.filter")
        self._filter.offer(FILTERS)
        self._label = Picker(ui, "task.filter.label")
        self._department = Picker(ui, "task.filter.department")
        for picker in (self._filter, self._label, self._department):
            picker.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            picker.currentIndexChanged.connect(lambda _: self._fill())
        self._import = IconButton(ui, "below", "task.import")
        self._import.clicked.connect(self.import_table)
        self._export = IconButton(ui, "up", "task.export")
        self._export.clicked.connect(self.export_table)
        self._new = Button(ui, "task.new", key="N", icon="plus")
        self._new.clicked.connect(self.primary)
        self._filters = Filters(ui, self._find, self._department, self._label, self._filter)
        self.top = TopBar(ui, "page.tasks", self._views, [self._filters, self._import, self._export, self._new])
        self.pane = TaskPane(ui)
        self.pane.closed.connect(self.close_detail)
        self.pane.link_opened.connect(self.link_opened)
        self.pane.task_opened.connect(self.open)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_board())
        self._stack.addWidget(self._build_list())
        self._empty = Empty(ui, "task.empty", "task.empty_why", "task.new", "N")
        self._empty.pressed.connect(self.primary)
        self._stack.addWidget(self._empty)
        self._none = Empty(ui, "task.none_found", "task.none_found_why", "task.filter.clear")
        self._none.pressed.connect(self._clear_filters)
        self._stack.addWidget(self._none)
        self.calendar = TaskCalendar(ui)
        self.calendar.opened.connect(self.open)
        self._stack.addWidget(self.calendar)
        tops = QWidget()
        tops.setLayout(column(ui, self.top, self._filters.line))
        self.set_up(tops, self._stack, self.pane)
        self.relook()

    def relook(self) -> None:
        super().relook()
        self._find.setFixedWidth(self.ui.look.px(150))

    def fold(self, width: int) -> None:
        super().fold(width)
        self._filters.fold(width < FILTERS_NEED)

    def _build_board(self) -> QWidget:
        ui = self.ui
        self._lanes: dict[str, Lane] = {}
        for name, _ in moves.LANES:
            model = ViewModel(lambda r: r.id, partial(show.describe_task, ui), self)
            tone = "text2" if name == "todo" else "accent"
            meaning = partial(self._meaning, name)
            lane = Lane(ui, (name, tone), LANE_TITLES[name], model, partial(show.task_card, ui), meaning)
            lane.list.opened.connect(lambda r: self.open(r.id))
            lane.more.clicked.connect(lambda: self._switch("list"))
            self._lanes[name] = lane
        self._strip = Strip(ui, "task.done", partial(self._meaning, moves.DONE))
        self._strip.pressed.connect(lambda: self._switch("done"))
        for name in (*self._lanes, moves.DONE):
            target = self.target(name)
            target.dropped.connect(partial(self._dropped, name))
            target.sideways.connect(partial(self._sideways, name))
        board = QWidget()
        lanes = list(self._lanes.values())
        layout = row(ui, *lanes, self._strip, gap=12, margins=(16, 16, 12, 12))
        for place in range(len(lanes)):
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

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        may_open = self.ui.can("task.open")
        self._new.setVisible(may_open)
        self._import.setVisible(may_open)
        self._empty.offer(may_open)
        self.ui.ask(self, "task_list", self._show)
        self.pane.reload()

    def render_again(self) -> None:
        self._offer_filters()
        self._fill()

    def reset(self) -> None:
        self._tasks, self._open_id = (), ""
        self._clear_filters()
        self.pane.forget()
        self.show_detail(False)
        self._fill()

    def _show(self, tasks: tuple[vt.TaskRow, ...]) -> None:
        self._tasks = tasks
        self._offer_filters()
        self._fill()

    def _offer_filters(self) -> None:
        """Labels and departments that some task has; a filter with nothing to choose is absent."""
        labels = sorted({label for t in self._tasks for label in t.labels})
        departments = sorted({*(t.department for t in self._tasks), self._wanted_department} - {""})
        for picker, values, every in (
            (self._label, labels, "task.filter.any_label"),
            (self._department, departments, "task.filter.any_department"),
        ):
            picker.offer_plain([("", self.ui.t(every)), *((value, isolate(value)) for value in values)])
            picker.setVisible(bool(values))

    def _clear_filters(self) -> None:
        self._find.clear()
        for picker in (self._filter, self._label, self._department):
            picker.setCurrentIndex(0)

    def _passes(self, task: vt.TaskRow) -> bool:
        label, department = self._label.currentData() or "", self._department.currentData() or ""
        wanted = self._find.text().strip().casefold()
        if (label and label not in task.labels) or (department and department != task.department):
            return False
        if wanted and wanted not in f"{show.task_name(self.ui, task)} {task.title}".casefold():
            return False
        choice = self._filter.currentData()
        if choice == "mine":
            return task.yours or task.opener.you
        if choice == "free":
            return "claim" in task.can or "apply" in task.can
        return "accept" in task.can if choice == "review" else True

    def _fill(self) -> None:
        shown = sorted((t for t in self._tasks if self._passes(t)), key=lambda t: URGENCY[t.priority])
        live = [t for t in shown if not show.is_done(t)]
        done = [t for t in shown if show.is_done(t)]
        self._strip.show_count(len(done))
        view = self._views.selected()  # only what is on show is filled: a long list takes its time
        if view == "board":
            self._fill_lanes(live)
        elif view == "calendar":
            self.calendar.show_tasks(live)
        else:
            self._list.rows.set_rows(done if view == "done" else live)
        if not self._tasks:
            self._stack.setCurrentIndex(2)
        elif not shown:
            self._stack.setCurrentIndex(3)
        else:
            self._stack.setCurrentIndex({"board": 0, "calendar": 4}.get(view, 1))
        if self._open_id:
            self._mark(self._open_id)

    def _fill_lanes(self, live: list[vt.TaskRow]) -> None:
        placed: dict[str, list[vt.TaskRow]] = {name: [] for name in self._lanes}
        for task in live:
            placed[moves.lane_of(task)].append(task)
        for name, lane in self._lanes.items():
            lane.show_rows(placed[name])

    def _mark(self, task: str) -> None:
        for rows in (*(lane.list for lane in self._lanes.values()), self._list, self.calendar.list):
            if not rows.select(task):
                rows.clearSelection()

    def _switch(self, view: str) -> None:
        self._views.select(view)
        self._fill()
        if view == "calendar":
            self.calendar.grid.setFocus()

    # -- cards carried from column to column ---------------------------------------------------
    def target(self, lane: str) -> CardList | Strip:
        """What a card can be let go on."""
        return self._strip if lane == moves.DONE else self._lanes[lane].list

    def _carried(self, lane: str, task: str) -> tuple[vt.TaskRow | None, tuple[str, ...], str]:
        """The task, what moving it there may mean, and the gesture of these that is allowed, or ""."""
        found = next((t for t in self._tasks if t.id == task), None)
        if found is None or moves.lane_of(found) == lane:
            return None, (), ""
        gestures = moves.gestures(found, lane)
        return found, gestures, next((g for g in gestures if g in found.can), "")

    def _meaning(self, lane: str, task: str) -> Hint | None:
        found, _, allowed = self._carried(lane, task)
        if found is None:
            return None
        return Hint(self.ui.t(f"task.do.{allowed}" if allowed else "task.drop.no"), bool(allowed))

    def _dropped(self, lane: str, task: str) -> None:
        """Make the gesture that the move means, or say why it cannot be made."""
        found, gestures, allowed = self._carried(lane, task)
        if allowed:
            self.pane.do_on(task, allowed)
        elif found is not None and gestures:
            self.ui.ask(self, "task_why", partial(self._stays, found), task=task, gesture=gestures[0])
        elif found is not None:
            self.ui.said.emit(self.ui.t("task.drop.nothing", name=show.task_name(self.ui, found)))

    def _stays(self, task: vt.TaskRow, code: str) -> None:
        ui = self.ui
        reason = ui.texts.reason(code) if code else ui.t("task.drop.changed")
        ui.said.emit(ui.t("task.drop.stays", name=show.task_name(ui, task), reason=reason))

    def _sideways(self, lane: str, by: int, carry: bool) -> None:
        """To the neighbour column, or the card there."""
        names = [*self._lanes, moves.DONE]
        place = names.index(lane) + by
        if not 0 <= place < len(names):
            return
        source, target = self.target(lane), self.target(names[place])
        if not carry:
            target.setFocus()
            if isinstance(target, CardList) and not target.currentIndex().isValid():
                target.setCurrentIndex(target.rows.index(0))
        elif isinstance(source, CardList) and (view := source.rows.view(source.currentIndex())) is not None:
            self._dropped(names[place], view.id)

    # -- navigation and keys -------------------------------------------------------------------
    def open(self, target: str) -> None:
        if target in VIEWS:
            self.close_detail()
            self._switch(target)
            return
        kind, colon, name = target.partition(":")
        if colon and kind == "department":
            self._wanted_department = name
            self.close_detail()
            self._offer_filters()
            self._department.pick(name)
            self._fill()
            return
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
        if isinstance(task, vt.TaskRow):
            self.open(task.id)

    def import_table(self) -> None:
        if self.ui.can("task.open"):
            ImportDialog(self.ui, self.window()).open()

    def export_table(self) -> None:
        """Write all tasks as a table."""
        path, _ = QFileDialog.getSaveFileName(self, self.ui.t("task.export"), "tasks.csv")
        if path:
            self.ui.ask(self, "task_export", partial(self._write_table, path))

    def _write_table(self, path: str, table: str) -> None:
        write_text(self.ui, path, table, lambda: self.ui.said.emit(self.ui.t("task.exported")))

    def keys(self) -> dict[str, Callable[[], None]]:
        return {
            "F": self._find.setFocus,
            "B": lambda: self._switch("board"),
            "L": lambda: self._switch("list"),
            "M": lambda: self._switch("calendar"),
            **(self.pane.keys() if self.pane.task is not None else {}),
        }
