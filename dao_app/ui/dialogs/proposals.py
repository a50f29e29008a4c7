"""A new proposal: from a template, what is asked, how it is voted, what happens when it passes; and a revision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QSpinBox, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.core.limits import OPTIONS_MAX
from dao_app.core.rules.charter import KINDS
from dao_app.core.voting.registry import METHODS, PARAMETERS
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.dialogs.effects import EffectsEditor
from dao_app.ui.models import show
from dao_app.ui.models.governing import effect_lines
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Area, Field, Line, Picker
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import Box, column, row, scrolling

HOUR_S, DAY_S = 3_600, 86_400
TALKS = [
    ("0", "period.usual_least"),
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
OPEN_KINDS = ("poll", "decision", "election")  # may be decided among options
VERDICT_METHODS = ("yes-no-abstain", "consent")
CONTENT_HEIGHT = 520  # of what scrolls, at most


def methods_for(kind: str) -> tuple[str, ...]:
    """Methods that suit a kind of proposal."""
    if kind == "election":
        return ("ranked", "approval", "single", "score", "schulze", "copeland", "stv")
    if kind not in OPEN_KINDS:
        return VERDICT_METHODS
    return (*VERDICT_METHODS, *(name for name in METHODS if name not in VERDICT_METHODS))


class ProposalDialog(Dialog):
    """What the members shall decide, and how."""

    WIDTH = 680

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "proposal.new", "proposal.new.verb")
        self._done = done
        self._templates: tuple[g.TemplateView, ...] = ()
        self._start: tuple[str, dict[str, str]] = ("", {})
        self.template = Picker(ui, "proposal.template")
        self.template.offer([("decision", "template.decision")])
        self.title = Line(ui, "proposal.title.hint", "proposal.title")
        self.text = Area(ui, "proposal.text.hint", "proposal.text", lines=4)
        self.options = Area(ui, "proposal.options.hint", "proposal.options", lines=4)
        self.kind, self.method = Picker(ui, "proposal.kind"), Picker(ui, "proposal.method")
        self.talk, self.votes = Picker(ui, "proposal.discussion"), Picker(ui, "proposal.voting")
        self.kind.offer([(kind, f"kind.{kind}") for kind in KINDS])
        self.kind.pick("decision")
        self.talk.offer(TALKS)
        self.votes.offer(VOTES)
        self.effects = EffectsEditor(ui, self)
        self.number = QSpinBox()
        self.department, self.topic = Picker(ui, "field.department"), Line(ui, "proposal.topic.hint", "proposal.topic")
        self.bond = Line(ui, "proposal.bond.hint", "proposal.bond")
        self._build()
        ui.ask(self, "proposal_templates", self._offer_templates)
        ui.ask(self, "department_list", self._offer_departments)
        self.kind.currentIndexChanged.connect(lambda _: self._kind_changed())
        self.method.currentIndexChanged.connect(lambda _: self._method_changed())
        self.template.currentIndexChanged.connect(lambda _: self._template_chosen())
        self.effects.changed.connect(self._arrange)
        self._kind_changed()
        self.title.setFocus()

    def _build(self) -> None:
        ui = self.ui
        self._title_field = Field(ui, "proposal.title", self.title)
        self._options_field = Field(ui, "proposal.options", self.options, "proposal.options.help")
        self._number_field = Field(ui, "proposal.number", self.number)
        self._more = Button(ui, "proposal.more", "link")
        self._more.clicked.connect(self._unfold)
        advanced = column(
            ui,
            row(ui, Field(ui, "field.department", self.department), Field(ui, "proposal.topic", self.topic), gap=16),
            row(ui, Field(ui, "proposal.bond", self.bond, "proposal.bond.help"), None, gap=16),
            gap=12,
        )
        self._advanced = QWidget()
        self._advanced.setLayout(advanced)
        self._advanced.hide()
        self._checked = Paragraph(ui, role="caption", tone="text2")
        self._checked.hide()
        check = Button(ui, "proposal.check")
        check.clicked.connect(self._check)
        body = QWidget()
        body.setProperty("box", "raised")
        body.setLayout(
            column(
                ui,
                Field(ui, "proposal.template", self.template),
                self._title_field,
                Field(ui, "proposal.text", self.text, "markdown.help"),
                row(ui, Field(ui, "proposal.kind", self.kind), Field(ui, "proposal.method", self.method), gap=16),
                self._options_field,
                self._number_field,
                self.effects,
                row(ui, Field(ui, "proposal.discussion", self.talk), Field(ui, "proposal.voting", self.votes), gap=16),
                self._more,
                self._advanced,
                Paragraph(ui, "proposal.fixed", role="caption", tone="text3"),
                gap=14,
                margins=(0, 0, 10, 0),
            )
        )
        self._body = body
        self._area = scrolling(body, ui.t("proposal.new"))
        self.content.addWidget(self._area)
        checking = row(ui, check, self._checked, None, gap=10)
        checking.setStretch(1, 1)
        self.content.addLayout(checking)

    # -- what is offered -------------------------------------------------------------------------
    def _offer_templates(self, templates: tuple[g.TemplateView, ...]) -> None:
        self._templates = templates
        self.template.offer([(t.code, f"template.{t.code}") for t in templates])
        self.template.blockSignals(True)
        self.template.pick("decision")
        self.template.blockSignals(False)
        if self._start[0]:
            self._begin()

    def _offer_departments(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        names = [(d.id, "  " * (d.depth - 1) + show.title(d.name)) for d in rows if d.active]
        self.department.offer_plain([("", self.ui.t("effects.none")), *names])

    def start(self, template: str, values: dict[str, str] | None = None) -> None:
        """Begin with a template and, in its first effect, these fields."""
        self._start = template, values or {}
        if self._templates:
            self._begin()

    def _begin(self) -> None:
        template, values = self._start
        self.template.pick(template)
        self._template_chosen()
        self.effects.preset(values)

    def _template_chosen(self) -> None:
        found = next((t for t in self._templates if t.code == self.template.currentData()), None)
        if found is None:
            return
        self.kind.pick(found.kind)
        self._kind_changed()
        self.method.pick(found.method)
        self.effects.start_with(found.effects)
        self.text.setPlaceholderText(self.ui.t(f"template.{found.code}.text"))
        self._method_changed()

    def _kind_changed(self) -> None:
        kind = str(self.kind.currentData())
        self.method.offer([(m, f"method.{m}") for m in methods_for(kind)])
        self.effects.show_kind(kind)
        self._method_changed()

    def _method_changed(self) -> None:
        method, kind = str(self.method.currentData()), self.kind.currentData()
        self._options_field.setVisible(method not in VERDICT_METHODS and kind != "election")
        named = self._parameter()
        self._number_field.setVisible(bool(named))
        if named:
            parameter = PARAMETERS[method][named]
            self.number.setRange(max(parameter.least, 1), min(parameter.most, OPTIONS_MAX))
            self.number.setValue(int(parameter.default) or 1)
            self._number_field.rename(f"proposal.number.{named}")
        self._arrange()

    def _parameter(self) -> str:
        """The one number that a method asks for, or ""; an election's seats stand in its effect."""
        method = str(self.method.currentData())
        if method == "score":
            return "max"
        return "seats" if method == "stv" and self.kind.currentData() != "election" else ""

    def _unfold(self) -> None:
        self._advanced.setVisible(self._advanced.isHidden())
        self._arrange()

    def _arrange(self) -> None:
        """Give what scrolls the height it needs, as far as the dialog may grow."""
        self._body.adjustSize()
        wanted = self._body.sizeHint().height()
        self._area.setFixedHeight(min(wanted, self.ui.look.px(CONTENT_HEIGHT)))
        self._checked.hide()
        self.fit()

    # -- what is given -----------------------------------------------------------------------------
    def _options(self) -> list[str]:
        return [line.strip() for line in self.options.text().split("\n") if line.strip()]

    def _given(self) -> dict[str, Any] | None:
        """The arguments of the use case; None where something is missing, which is then marked."""
        title, method = self.title.text().strip(), str(self.method.currentData())
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        if not title:
            self.title.setFocus()
            return None
        options = self._options() if not self._options_field.isHidden() else []
        bad = not self._options_field.isHidden() and not 2 <= len(set(options)) == len(options) <= OPTIONS_MAX
        self._options_field.fault(self.ui.t("fault.options", most=OPTIONS_MAX) if bad else "")
        if bad:
            self.options.setFocus()
            return None
        if self.effects.fault():
            return None
        named = self._parameter()
        return {
            "title": title,
            "text": self.text.text(),
            "kind": self.kind.currentData(),
            "method": method,
            "options": options,
            "effects": self.effects.forms(),
            "parameters": {named: self.number.value()} if named else None,
            "department": self.department.currentData() or "",
            "topic": self.topic.text().strip(),
            "bond": self.bond.text().strip(),
            "discussion_s": int(self.talk.currentData()),
            "voting_s": int(self.votes.currentData()),
        }

    def _check(self) -> None:
        """The dry run: what would happen, or why it would not."""
        given = self._given()
        if given is not None:
            self.problem.clear()
            self.ui.ask(self, "proposal_check", self._told, self.refused, **given)

    def _told(self, found: g.CheckView) -> None:
        ui = self.ui
        lines = [": ".join(filter(None, effect_lines(ui, effect))) for effect in found.effects]
        verdict = ui.texts.reason(found.reason) if found.reason else ui.t("proposal.check_good")
        self._checked.say("\n".join([*lines, verdict]))
        self._checked.show()
        self.fit()

    def accept_now(self) -> None:
        given = self._given()
        if given is not None:
            self.write("proposal_open", self._done, **given)


class ReviseDialog(Dialog):
    """A new version of a proposal during its discussion."""

    WIDTH = 620

    def __init__(self, ui: Ui, parent: QWidget, detail: v.ProposalDetail, done: Callable[[object], None]) -> None:
        name = show.proposal_name(ui, detail.row)
        super().__init__(ui, parent, "proposal.revise.title", "proposal.revise.verb", name=name)
        self._detail, self._done = detail, done
        self.paragraph("proposal.revise.text", n=detail.row.version + 1)
        self.title = Line(ui, "proposal.title.hint", "proposal.title")
        self.title.setText(detail.row.title)
        self.text = Area(ui, "proposal.text.hint", "proposal.text", lines=8)
        self.text.setPlainText(detail.text or "")
        self.options = Area(ui, "proposal.options.hint", "proposal.options", lines=4)
        self.options.setPlainText("\n".join(detail.options))
        self._title_field = Field(ui, "proposal.title", self.title)
        self._options_field = Field(ui, "proposal.options", self.options, "proposal.options.help")
        self._options_field.setVisible(detail.row.method not in VERDICT_METHODS and detail.row.kind != "election")
        self.content.addWidget(self._title_field)
        self.content.addWidget(Field(ui, "proposal.text", self.text, "markdown.help"))
        self.content.addWidget(self._options_field)
        if detail.effects:
            lines = column(ui, gap=4, margins=(14, 10, 14, 10))
            for effect in detail.effects:
                line = Paragraph(ui, role="caption", tone="text2")
                line.say(": ".join(filter(None, effect_lines(ui, effect))))
                lines.addWidget(line)
            self.content.addWidget(Box(ui, "card", lines))
            self.paragraph("proposal.revise.effects")
        self.title.setFocus()

    def accept_now(self) -> None:
        title = self.title.text().strip()
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        if not title:
            return
        fixed = self._detail.row.method in VERDICT_METHODS
        options = None
        if not fixed:
            options = [line.strip() for line in self.options.text().split("\n") if line.strip()]
        self.write(
            "proposal_revise", self._done, proposal=self._detail.row.id, title=title, text=self.text.text(),
            options=options,
        )
