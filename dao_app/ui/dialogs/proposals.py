"""A new proposal: title, text, kind, method, options and times."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.core.limits import OPTIONS_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.fields import Area, Field, Line, Picker
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import row

HOUR_S, DAY_S = 3_600, 86_400
METHODS = [("yes-no-abstain", "method.yes-no-abstain"), ("single", "method.single"), ("approval", "method.approval")]
KINDS = [("decision", "proposal.kind.decision"), ("poll", "proposal.kind.poll")]
TALKS = [
    ("0", "period.none"),
    (str(DAY_S), "period.day"),
    (str(3 * DAY_S), "period.days3"),
    (str(7 * DAY_S), "period.week"),
]
VOTES = [
    ("0", "period.usual"),
    (str(HOUR_S), "period.hour"),
    (str(DAY_S), "period.day"),
    (str(3 * DAY_S), "period.days3"),
    (str(7 * DAY_S), "period.week"),
    (str(14 * DAY_S), "period.weeks2"),
]


class ProposalDialog(Dialog):
    """What the members shall decide, and how."""

    WIDTH = 600

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "proposal.new", "proposal.new.verb")
        self._done = done
        self.title = Line(ui, "proposal.title.hint", "proposal.title")
        self.text = Area(ui, "proposal.text.hint", "proposal.text", lines=5)
        self.options = Area(ui, "proposal.options.hint", "proposal.options", lines=4)
        self.kind, self.method = Picker(ui, "proposal.kind"), Picker(ui, "proposal.method")
        self.talk, self.votes = Picker(ui, "proposal.discussion"), Picker(ui, "proposal.voting")
        for picker, options in ((self.kind, KINDS), (self.method, METHODS), (self.talk, TALKS), (self.votes, VOTES)):
            picker.offer(options)
        self._title_field = Field(ui, "proposal.title", self.title)
        self._options_field = Field(ui, "proposal.options", self.options, "proposal.options.help")
        self.content.addWidget(self._title_field)
        self.content.addWidget(Field(ui, "proposal.text", self.text, "markdown.help"))
        self.content.addLayout(
            row(ui, Field(ui, "proposal.kind", self.kind), Field(ui, "proposal.method", self.method), gap=16)
        )
        self.content.addWidget(self._options_field)
        self.content.addLayout(
            row(ui, Field(ui, "proposal.discussion", self.talk), Field(ui, "proposal.voting", self.votes), gap=16)
        )
        self.content.addWidget(Paragraph(ui, "proposal.fixed", role="caption", tone="text3"))
        self.method.currentIndexChanged.connect(self._method_changed)
        self._method_changed()
        self.title.setFocus()

    def _method_changed(self) -> None:
        self._options_field.setVisible(self.method.currentData() != "yes-no-abstain")
        self.fit()

    def _options(self) -> list[str]:
        return [line.strip() for line in self.options.text().split("\n") if line.strip()]

    def accept_now(self) -> None:
        title, method = self.title.text().strip(), self.method.currentData()
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        if not title:
            self.title.setFocus()
            return
        options = self._options() if method != "yes-no-abstain" else []
        bad = method != "yes-no-abstain" and not 2 <= len(set(options)) == len(options) <= OPTIONS_MAX
        self._options_field.fault(self.ui.t("fault.options", most=OPTIONS_MAX) if bad else "")
        if bad:
            self.options.setFocus()
            return
        self.write(
            "proposal_open",
            self._done,
            title=title,
            text=self.text.text(),
            kind=self.kind.currentData(),
            method=method,
            options=options,
            discussion_s=int(self.talk.currentData()),
            voting_s=int(self.votes.currentData()),
        )
