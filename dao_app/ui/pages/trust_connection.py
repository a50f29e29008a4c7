"""How this device is connected: what works and what to change, one line for each finding of the doctor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row, scrolling

LEVELS = {"ok": ("check", "text2"), "note": ("note", "text2"), "problem": ("warn", "danger")}


class ConnectionTab(QWidget):
    """See the module."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._findings: tuple[v.Finding, ...] = ()
        again = Button(ui, "connection.again", "link", icon="undo")
        again.clicked.connect(self.refresh)
        hint = Paragraph(ui, "connection.about", tone="text2")
        zone = row(ui, IconView(ui, "peers", "text2", back="sunken"), hint, again, gap=12, margins=(14, 10, 12, 10))
        zone.setStretch(1, 1)
        self._lines = column(ui, gap=10, margins=(4, 4, 4, 4))
        holder = QWidget()
        holder.setProperty("box", "surface")
        holder.setLayout(column(ui, self._lines, None))
        layout = column(ui, Box(ui, "well", zone), 8, scrolling(holder), margins=(16, 14, 16, 8))
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def refresh(self) -> None:
        self._ui.ask(self, "doctor_network", self.show_findings)

    def show_findings(self, findings: tuple[v.Finding, ...]) -> None:
        self._findings = findings
        self.render_again()

    def render_again(self) -> None:
        """Write the lines anew, in the language of now."""
        clear(self._lines)
        view = self._ui.org_view
        named = {} if view is None else {"org": isolate(view.row.name)}  # of one organisation: by its name
        for finding in self._findings:
            icon, tone = LEVELS[finding.level]
            text = Paragraph(self._ui, tone="text")
            text.say(self._ui.texts.finding(finding.code, {**finding.params, **named}))
            text.setAccessibleName(f"{self._ui.t(f'connection.{finding.level}')}: {text.text()}")
            line = row(self._ui, IconView(self._ui, icon, tone), text, gap=10)
            line.setAlignment(line.itemAt(0).widget(), Qt.AlignmentFlag.AlignTop)
            line.setStretch(1, 1)
            self._lines.addLayout(line)
