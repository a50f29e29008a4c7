"""Record something done that was no task."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.fields import Area, Field, Line


class ContributionDialog(Dialog):
    """A claim that others endorse."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "contribution.new", "contribution.new.verb")
        self._done = done
        self.title = Line(ui, "contribution.title.hint", "contribution.title")
        self.text = Area(ui, "contribution.text.hint", "contribution.text", lines=5)
        self._title_field = Field(ui, "contribution.title", self.title)
        self.content.addWidget(self._title_field)
        self.content.addWidget(Field(ui, "contribution.text", self.text, "markdown.help"))
        self.title.setFocus()

    def accept_now(self) -> None:
        title = self.title.text().strip()
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        if title:
            self.write("contribution_claim", self._done, title=title, text=self.text.text())
