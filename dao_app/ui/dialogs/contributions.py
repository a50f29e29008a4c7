"""Contributions: record one with its evidence, doubt one, say what one is worth."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QSpinBox, QWidget

from dao_app.app import views_governance as g
from dao_app.app import views_rewards as r
from dao_app.core.limits import EVIDENCE_MAX
from dao_app.core.rules.schema import NAME_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.widgets.evidence import FilePicker
from dao_app.ui.widgets.fields import Area, Field, Line, Picker
from dao_app.ui.widgets.layout import row

LINKS_LINES = 2  # links are typed one a line


class ContributionDialog(Dialog):
    """A claim that others endorse."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "contribution.new", "contribution.new.verb")
        self._done = done
        self.title = Line(ui, "contribution.title.hint", "contribution.title")
        self.text = Area(ui, "contribution.text.hint", "contribution.text", lines=4)
        self.category = Line(ui, "contribution.category.hint", "contribution.category", NAME_BYTES_MAX)
        self.department = Picker(ui, "contribution.department")
        self.department.offer([("", "contribution.department.none")])
        self.links = Area(ui, "contribution.links.hint", "contribution.links", lines=LINKS_LINES)
        self.files = FilePicker(ui)
        self.files.problem.connect(self.problem.show_error)
        self._title_field = Field(ui, "contribution.title", self.title)
        self._links_field = Field(ui, "contribution.links", self.links)
        kind = Field(ui, "contribution.category", self.category)
        pair = row(ui, kind, Field(ui, "contribution.department", self.department), gap=16)
        pair.setStretch(0, 1)
        pair.setStretch(1, 1)
        self.content.addWidget(self._title_field)
        self.content.addWidget(Field(ui, "contribution.text", self.text, "markdown.help"))
        self.content.addLayout(pair)
        self.content.addWidget(self._links_field)
        self.content.addWidget(Field(ui, "contribution.files", self.files, "contribution.files.help"))
        self.files.resized.connect(self.fit)
        ui.ask(self, "department_list", self._offer)
        self.title.setFocus()

    def _offer(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        names = [(d.id, "  " * (d.depth - 1) + show.title(d.name)) for d in rows if d.active]
        self.department.offer_plain([("", self.ui.t("contribution.department.none")), *names])

    def accept_now(self) -> None:
        title = self.title.text().strip()
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        evidence = [(line.strip(), "") for line in self.links.text().split("\n") if line.strip()]
        evidence += [(str(name), str(digest)) for digest, name, _ in self.files.files()]
        many = len(evidence) > EVIDENCE_MAX
        self._links_field.fault(self.ui.t("fault.evidence", n=EVIDENCE_MAX) if many else "")
        if title and not many:
            self.write(
                "contribution_claim", self._done, title=title, text=self.text.text(),
                category=self.category.text().strip(), department=str(self.department.currentData() or ""),
                evidence=evidence,
            )  # fmt: skip
        else:
            self.fit()


class DisputeDialog(Dialog):
    """Doubt a contribution; a reason is needed."""

    def __init__(self, ui: Ui, parent: QWidget, found: r.ContributionRow, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "contribution.dispute", "contribution.dispute.verb")
        self._found, self._done = found, done
        self.paragraph("contribution.dispute.text", title=show.title(found.title))
        self.reason = Area(ui, "contribution.dispute.hint", "contribution.dispute.reason", lines=4)
        self._field = Field(ui, "contribution.dispute.reason", self.reason, "markdown.help")
        self.content.addWidget(self._field)
        self.reason.setFocus()

    def accept_now(self) -> None:
        reason = self.reason.text()
        self._field.fault("" if reason else self.ui.t("fault.reason"))
        if reason:
            self.write("contribution_dispute", self._done, contribution=self._found.id, reason=reason)


class ValueDialog(Dialog):
    """Say how many points a contribution is worth, within the charter's bound."""

    def __init__(
        self, ui: Ui, parent: QWidget, found: r.ContributionRow, most: int, done: Callable[[object], None]
    ) -> None:
        super().__init__(ui, parent, "contribution.value", "contribution.value.verb")
        self._found, self._done = found, done
        self.paragraph("contribution.value.text", title=show.title(found.title), most=most)
        self.points = QSpinBox()
        self.points.setRange(0, most)
        self.points.setValue(min(found.points, most))
        self.points.setAccessibleName(ui.t("col.points"))
        self.content.addWidget(Field(ui, "col.points", self.points))
        self.points.setFocus()

    def relook(self) -> None:
        super().relook()
        if hasattr(self, "points"):
            self.points.setFont(self.ui.look.font("body"))
            self.points.setFixedHeight(self.ui.look.px(32))

    def showEvent(self, event: object) -> None:  # noqa: N802 (Qt)
        self.relook()
        super().showEvent(event)  # type: ignore[arg-type]

    def accept_now(self) -> None:
        self.write("contribution_value", self._done, contribution=self._found.id, points=self.points.value())
