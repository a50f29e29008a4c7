"""Dialogs of tasks: open one, hand in with a note, ask for changes with a note."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.fields import Area, Check, Field, Line, Picker
from dao_app.ui.widgets.layout import row

DAY_S = 86_400
LIVES = [("0", "task.life.open"), (str(7 * DAY_S), "task.life.week"), (str(30 * DAY_S), "task.life.month")]
AMOUNT_CHARS_MAX = 24


class TaskDialog(Dialog):
    """A new task, with a reward that is held for it when there is one."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "task.new", "task.new.verb")
        self._done = done
        self.title = Line(ui, "task.title.hint", "task.title")
        self.text = Area(ui, "task.text.hint", "task.text", lines=5)
        self.reward = Line(ui, "task.reward.hint", "task.reward", AMOUNT_CHARS_MAX)
        self.life = Picker(ui, "task.life")
        self.life.offer(LIVES)
        self.treasury = Check(ui, "task.from_treasury")
        self._title_field = Field(ui, "task.title", self.title)
        self._reward_field = Field(ui, "task.reward", self.reward)
        self._reward_field.fault("")
        self.content.addWidget(self._title_field)
        self.content.addWidget(Field(ui, "task.text", self.text, "markdown.help"))
        pair = row(ui, self._reward_field, Field(ui, "task.life", self.life), gap=16)
        self.content.addLayout(pair)
        may_fund = ui.can("task.fund") or ui.can("treasury.spend")
        self.treasury.setChecked(may_fund)
        if not may_fund:
            self.treasury.hide()
        self.content.addWidget(self.treasury)
        self.reward.textChanged.connect(self._name_verb)
        self.title.setFocus()

    def _name_verb(self) -> None:
        amount = self.reward.text().strip()
        if amount:
            self.main.say_key("task.new.verb_hold", amount=f"{amount}\u00a0{self.ui.unit}")
        else:
            self.main.say_key("task.new.verb")

    def accept_now(self) -> None:
        title = self.title.text().strip()
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        if not title:
            self.title.setFocus()
            return
        self.write(
            "task_open",
            self._done,
            title=title,
            text=self.text.text(),
            reward=self.reward.text().strip(),
            unit=self.ui.unit if self.reward.text().strip() else "",
            from_treasury=self.treasury.isChecked(),
            lifetime_s=int(self.life.currentData()),
        )


class NoteDialog(Dialog):
    """A gesture on a task that carries a note: hand in, or ask for changes."""

    def __init__(self, ui: Ui, parent: QWidget, method: str, task: str, name: str, required: bool) -> None:
        super().__init__(ui, parent, f"{method}.title", f"{method}.verb", name=name)
        self._method, self._task, self._required = method, task, required
        self.note = Area(ui, f"{method}.hint", f"{method}.note", lines=5)
        self._field = Field(ui, f"{method}.note", self.note, "markdown.help")
        self.content.addWidget(self._field)
        self.note.setFocus()

    def accept_now(self) -> None:
        note = self.note.text()
        if self._required and not note:
            self._field.fault(self.ui.t("fault.note"))
            return
        self.write(self._method, task=self._task, note=note)
