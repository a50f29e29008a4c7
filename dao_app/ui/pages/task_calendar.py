"""Due dates of tasks: the month, and the tasks of the chosen day below it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dao_app.app import views_tasks as vt
from dao_app.ui.context import Ui
from dao_app.ui.models import show_tasks as show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.models.show import due_tone, title
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.calendar import Entry, MonthGrid, month_of
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.rows import Col, RowDelegate, RowList

LIST_ROWS = 4  # of the chosen day on show at once
COLUMNS = (
    Col(width=16),
    Col(width=52),
    Col(),
    Col(width=96, drop=8),
    Col(width=100, right=True, drop=6),
    Col(width=84, right=True, drop=4),
)


class TaskCalendar(QWidget):
    """What is due when."""

    opened = Signal(str)  # a task

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._tasks: Sequence[vt.TaskRow] = ()
        self._days: dict[date, list[vt.TaskRow]] = {}
        before, after = IconButton(ui, "left", "calendar.before"), IconButton(ui, "right", "calendar.after")
        today = Button(ui, "calendar.today", "link")
        self._month, self._without = Label(ui, role="heading"), Label(ui, role="caption", tone="text3")
        self.grid = MonthGrid(ui, "task.calendar")
        before.clicked.connect(lambda: self.grid.choose(month_of(self.grid.day, -1)))
        after.clicked.connect(lambda: self.grid.choose(month_of(self.grid.day, 1)))
        today.clicked.connect(lambda: self.grid.choose(self.grid.today))
        self.grid.picked.connect(lambda _: self._show_day())
        self.grid.entered.connect(self._enter)
        self._day, self._count = Label(ui, weight=600), Label(ui, role="caption", tone="text3")
        model = ViewModel(lambda r: r.id, partial(show.describe_task, ui), self)
        self.list = RowList(ui, model, RowDelegate(ui, COLUMNS, partial(show.my_task_cells, ui)), "calendar.day")
        self.list.opened.connect(lambda r: self.opened.emit(r.id))
        self._none = Label(ui, "calendar.none", tone="text3")
        head = row(ui, before, after, self._month, today, None, self._without, gap=8)
        layout = column(
            ui, head, 8, self.grid, 10, row(ui, self._day, self._count, None, gap=8), 4, self._none, self.list,
            margins=(24, 10, 24, 10),
        )  # fmt: skip
        layout.setStretch(2, 1)
        self.setLayout(column(ui, Box(ui, "plain", layout)))
        self.relook()

    def relook(self) -> None:
        self.list.setFixedHeight(self._ui.look.px(36) * LIST_ROWS)

    def show_tasks(self, tasks: Sequence[vt.TaskRow]) -> None:
        """Tasks that are not over."""
        ui, now = self._ui, self._ui.now_ms()
        self._tasks = tasks
        self._days = {}
        without = 0
        for task in tasks:
            due = show.when(task)
            if due is None:
                without += 1
            else:
                self._days.setdefault(ui.texts.local(due).date(), []).append(task)
        entries = {
            day: [Entry(title(t.title), due_tone(ui, show.when(t))) for t in found] for day, found in self._days.items()
        }
        today = ui.texts.local(now).date()
        first = self.grid.today == self.grid.day != today
        self.grid.show_entries(entries, today)
        if first:
            self.grid.choose(today)
        self._without.say(ui.t("calendar.without", n=without) if without else "")
        self._show_day()

    def render_again(self) -> None:
        self.show_tasks(self._tasks)

    def choose(self, day: date) -> None:
        self.grid.choose(day)

    def _show_day(self) -> None:
        ui, day = self._ui, self.grid.day
        found = self._days.get(day, [])
        self._month.say(ui.texts.month_name(day))
        self._day.say(ui.texts.day_name(day))
        self._count.say(ui.texts.number(len(found)) if found else "")
        self.list.rows.set_rows(found)
        self.list.setVisible(bool(found))
        self._none.setVisible(not found)

    def _enter(self) -> None:
        """Into the list of the day."""
        if self.list.rows.rowCount():
            self.list.setFocus()
            if not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self.list.rows.index(0))
