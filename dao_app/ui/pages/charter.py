"""The charter: every rule with its meaning and bounds, what amendments changed, adopted texts, the emergency stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.governing import StopDialog
from dao_app.ui.dialogs.proposals import ProposalDialog
from dao_app.ui.models import show
from dao_app.ui.models.governing import parameter_name, parameter_value
from dao_app.ui.models.rows import Group
from dao_app.ui.pages.base import Facts, Pane, SplitPage, TopBar
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row, scrolling
from dao_app.ui.widgets.rows import Cell, Col
from dao_app.ui.widgets.tables import Table

RULE_COLUMNS = (Col("col.rule", share=3), Col("col.value", share=2), Col("col.kinds", share=3, drop=8))
HISTORY_COLUMNS = (
    Col("col.when", width=120), Col("col.rule", share=2), Col("col.before", width=150), Col("col.after", width=150),
    Col("col.by_proposal", share=2, drop=8),
)  # fmt: skip
TEXT_COLUMNS = (Col("col.when", width=120), Col("col.title"), Col("col.state", width=200))
TABS = ("rules", "history", "texts")
GROUPS = (
    ("charter.group.voting", ("proposer", "method", "power", "support_bp", "quorum_bp", "discussion_ms", "voting_ms",
                              "voting_least_ms", "grace_ms", "min_support_power", "tables", "locked_ballots",
                              "swing_bp", "swing_ms", "delegation", "execution_retry_ms")),
    ("charter.group.money", ("seconders", "bond", "reserve_bp", "direct_issue", "issue_period_ms", "issue_period_bp")),
    ("charter.group.witnesses", ("witness_delay_ms", "witness_ready_ms", "recovery_delay_ms")),
    ("charter.group.stop", ("stop_auditors", "stop_ms")),
)  # fmt: skip


class RulePane(Pane):
    """One rule: what it means, what it is, what it may become, for which kinds it differs."""

    change_wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._row: g.CharterRow | None = None
        self._title, self._about = Label(ui, role="heading", elide=True), Paragraph(ui, tone="text2")
        self._facts = Facts(ui, 140)
        self._values = {name: Paragraph(ui) for name in ("value", "default", "bounds", "step", "kinds")}
        for name, label in self._values.items():
            self._facts.add(f"fact.{name}", label)
        self._change = Button(ui, "charter.change", key="E", icon="proposals")
        self._change.clicked.connect(self.change)
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui, self._title, 6, self._about, 12, self._facts, 14, row(ui, self._change, None), None,
                margins=(20, 16, 20, 16),
            )
        )
        self.body.addWidget(scrolling(content))
        self.link.hide()
        self.chip.hide()

    def show_row(self, row_: g.CharterRow) -> None:
        ui = self._ui
        self._row = row_
        self.name.say(ui.t("page.charter"))
        self._title.say(parameter_name(ui, row_.name))
        self._about.say(ui.t(f"charter.{row_.name}.about"))
        self._values["value"].say(parameter_value(ui, row_.name, row_.value))
        self._values["default"].say(parameter_value(ui, row_.name, row_.default))
        if row_.unit == "choice":
            bounds = ui.texts.join([ui.t(f"choice.{choice}") for choice in row_.choices])
        elif row_.unit == "flag":
            bounds = ui.texts.join([ui.t("yes"), ui.t("no")])
        else:
            bounds = f"{parameter_value(ui, row_.name, row_.least)} – {parameter_value(ui, row_.name, row_.most)}"
        self._values["bounds"].say(bounds)
        self._values["step"].say(parameter_value(ui, row_.name, row_.step))
        self._facts.show_line("fact.step", row_.step > 0)
        self._values["kinds"].say(kinds_text(ui, row_, "\n"))
        self._facts.show_line("fact.kinds", bool(row_.kinds))
        self._change.setVisible(ui.can("proposal.open"))

    def render_again(self) -> None:
        if self._row is not None:
            self.show_row(self._row)

    def change(self) -> None:
        if self._row is not None and not self._change.isHidden():
            self.change_wanted.emit(self._row.name)

    @property
    def shown(self) -> str:
        return self._row.name if self._row else ""

    def forget(self) -> None:
        self._row = None


def kinds_text(ui: Ui, row_: g.CharterRow, between: str = "") -> str:
    """Where kinds of proposals have a value of their own."""
    shown = [f"{ui.t(f'kind.{kind}')} {parameter_value(ui, row_.name, value)}" for kind, value in row_.kinds]
    return between.join(shown) if between else ui.texts.join(shown)


class CharterPage(SplitPage):
    """By which rules the organisation decides."""

    name = "charter"
    topics = frozenset({"org", "proposals", "checkpoints"})

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._view: g.CharterView | None = None
        self._emergency: g.EmergencyView | None = None
        tabs = [(name, f"charter.tab.{name}") for name in TABS]
        self._tabs = Choices(ui, tabs)
        self._tabs.chosen.connect(lambda _: self._fill())
        self._stop = Button(ui, "emergency.ask", "danger")
        self._stop.clicked.connect(self.ask_stop)
        self.top = TopBar(ui, "page.charter", self._tabs, [self._stop])
        self._rules = Table(
            ui, "charter.tab.rules", RULE_COLUMNS, lambda r: r.name, self._rule_cells, self._describe_rule,
            "charter.empty",
        )
        self._rules.opened.connect(self._open_rule)
        self._history = Table(
            ui, "charter.tab.history", HISTORY_COLUMNS, lambda r: str(r.number), self._history_cells,
            self._describe_amendment, "charter.no_history",
        )
        self._history.opened.connect(lambda r: ui.go.emit("proposals", r.proposal))
        self._texts = Table(
            ui, "charter.tab.texts", TEXT_COLUMNS, lambda r: r.proposal, self._text_cells, self._describe_text,
            "charter.no_texts",
        )
        self._texts.opened.connect(self._open_text)
        self._notice = Paragraph(ui, tone="provisional", weight=600)
        self._note = Box(ui, "note", row(ui, self._notice, margins=(14, 9, 14, 9)))
        self._stack = QStackedWidget()
        for table in (self._rules, self._history, self._texts):
            self._stack.addWidget(table)
        main = QWidget()
        holder = QWidget()
        holder.setLayout(column(ui, self._note, margins=(16, 10, 16, 0)))
        self._holder = holder
        layout = column(ui, holder, self._stack)
        layout.setStretch(1, 1)
        main.setLayout(layout)
        self.pane = RulePane(ui)
        self.pane.closed.connect(self.close_detail)
        self.pane.change_wanted.connect(self._propose)
        self.set_up(self.top, main, self.pane)
        holder.hide()
        self._stop.hide()

    # -- data ----------------------------------------------------------------------------------
    def refresh(self) -> None:
        self.ui.ask(self, "charter_show", self._show)
        self.ui.ask(self, "emergency_show", self._show_emergency)

    def render_again(self) -> None:
        self._fill()
        if self._emergency is not None:
            self._show_emergency(self._emergency)

    def reset(self) -> None:
        self._view = self._emergency = None
        self.pane.forget()
        self.show_detail(False)
        self._fill()

    def _show(self, view: g.CharterView) -> None:
        self._view = view
        self._fill()

    def _show_emergency(self, view: g.EmergencyView) -> None:
        ui = self.ui
        self._emergency = view
        self._stop.setVisible("stop" in view.can)
        self._holder.setVisible(view.until_ms is not None or bool(view.supporters))
        if view.until_ms is not None:
            self._notice.say(ui.t("emergency.holds", when=ui.texts.until(view.until_ms, ui.now_ms())))
        elif view.supporters:
            names = ui.texts.join([ui.name_you(person) for person in view.supporters])
            self._notice.say(ui.t("emergency.asked", names=names, n=view.needed - len(view.supporters)))

    def _fill(self) -> None:
        view = self._view
        tab = self._tabs.selected()
        self._stack.setCurrentIndex(TABS.index(tab))
        self._rules.show_rows(self._grouped())
        self._history.show_rows(view.history if view else ())
        self._texts.show_rows(view.texts if view else ())
        self._tabs.count("history", self.ui.texts.number(len(view.history)) if view and view.history else "")
        self._tabs.count("texts", self.ui.texts.number(len(view.texts)) if view and view.texts else "")
        if tab != "rules":
            self.show_detail(False)
        now = next((r for r in (view.rows if view else ()) if r.name == self.pane.shown), None)
        if now is not None:
            self.pane.show_row(now)

    def _grouped(self) -> Sequence[Group | g.CharterRow]:
        if self._view is None:
            return ()
        found = {row_.name: row_ for row_ in self._view.rows}
        rows: list[Group | g.CharterRow] = []
        placed: set[str] = set()
        for title, names in GROUPS:
            rows.append(Group(self.ui.t(title)))
            rows += [found[name] for name in names if name in found]
            placed |= set(names)
        modules = [row_ for row_ in self._view.rows if row_.name.startswith("module_")]
        others = [r for r in self._view.rows if r.name not in placed and r not in modules]
        rows += [Group(self.ui.t("charter.group.people")), *others]
        return [*rows, Group(self.ui.t("charter.group.modules")), *modules]

    # -- rows ----------------------------------------------------------------------------------
    def _rule_cells(self, row_: g.CharterRow) -> list[Cell]:
        ui = self.ui
        changed = row_.value != row_.default
        return [
            Cell(parameter_name(ui, row_.name)),
            Cell(parameter_value(ui, row_.name, row_.value), weight=600 if changed else 400),
            Cell(kinds_text(ui, row_), tone="text2", role="caption"),
        ]

    def _describe_rule(self, row_: g.CharterRow) -> str:
        parts = (parameter_name(self.ui, row_.name), parameter_value(self.ui, row_.name, row_.value),
                 kinds_text(self.ui, row_))  # fmt: skip
        return self.ui.t("list.comma").join(part for part in parts if part)

    def _history_cells(self, row_: g.AmendmentRow) -> list[Cell]:
        ui = self.ui
        number = f"P-{row_.proposal_number} " if row_.proposal_number else ""
        return [
            Cell(ui.texts.day(row_.time_ms, ui.now_ms()), tone="text2"),
            Cell(parameter_name(ui, row_.name)),
            Cell(parameter_value(ui, row_.name, row_.old), tone="text2"),
            Cell(parameter_value(ui, row_.name, row_.new), weight=600),
            Cell(f"{number}{show.title(row_.title)}", tone="accent"),
        ]

    def _describe_amendment(self, row_: g.AmendmentRow) -> str:
        ui = self.ui
        parts = (ui.texts.day(row_.time_ms, ui.now_ms()), parameter_name(ui, row_.name),
                 parameter_value(ui, row_.name, row_.old), parameter_value(ui, row_.name, row_.new))  # fmt: skip
        return ui.t("list.comma").join(parts)

    def _text_cells(self, row_: g.AdoptedRow) -> list[Cell]:
        ui = self.ui
        state = ui.t("text.replaced", by=row_.replaced_by) if row_.replaced_by else ui.t("text.in_force")
        return [
            Cell(ui.texts.day(row_.time_ms, ui.now_ms()), tone="text2"),
            Cell(show.title(row_.title), weight=400 if row_.replaced_by else 600),
            Cell(state, tone="text2", role="caption"),
        ]

    def _describe_text(self, row_: g.AdoptedRow) -> str:
        return f"{show.title(row_.title)}, {self.ui.texts.day(row_.time_ms, self.ui.now_ms())}"

    # -- gestures ------------------------------------------------------------------------------
    def _open_rule(self, row_: object) -> None:
        if isinstance(row_, g.CharterRow):
            self.pane.show_row(row_)
            self.show_detail(True)

    def _open_text(self, row_: object) -> None:
        if isinstance(row_, g.AdoptedRow):
            self.ui.go.emit("proposals", row_.proposal)

    def open(self, target: str) -> None:
        if target in TABS:
            self._tabs.select(target)
            self._fill()

    def close_detail(self) -> bool:
        if self.pane.isHidden():
            return False
        self.show_detail(False)
        self.pane.forget()
        return True

    def _propose(self, name: str) -> None:
        dialog = ProposalDialog(self.ui, self.window(), self._proposed)
        dialog.start("amendment", {"name": name})
        dialog.open()

    def _proposed(self, row_: object) -> None:
        if isinstance(row_, v.ProposalRow):
            self.ui.go.emit("proposals", row_.id)

    def ask_stop(self) -> None:
        """Ask for everything to be stopped, with a reason."""
        StopDialog(self.ui, self.window(), lambda _: self.refresh()).open()

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"E": self.pane.change}
