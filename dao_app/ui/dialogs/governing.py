"""Dialogs of governance: departments and roles in them, delegation, firms and their payments, the stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.core.limits import MEMO_BYTES_MAX, SIGNERS_MAX, TOPIC_BYTES_MAX
from dao_app.core.rules.membership import STANCES
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.models.governing import role_name
from dao_app.ui.widgets.fields import Area, Check, Field, Line, Picker
from dao_app.ui.widgets.layout import Box, column, row, scrolling

Done = Callable[[object], None]
SIGNERS_HEIGHT = 150


def tree_options(rows: tuple[g.DepartmentRow, ...]) -> list[tuple[str, str]]:
    """Active departments as (id, indented name)."""
    return [(d.id, "  " * (d.depth - 1) + show.title(d.name)) for d in rows if d.active]


def people_options(ui: Ui, members: tuple[v.MemberRow, ...], you: bool = True) -> list[tuple[str, str]]:
    """Active members as (id, name and fingerprint)."""
    shown = [m for m in members if m.status == "active" and (you or not m.person.you)]
    return [(m.person.id, f"{ui.name_you(m.person)}  {m.person.fingerprint}") for m in shown]


class DepartmentDialog(Dialog):
    """Found a department."""

    def __init__(
        self, ui: Ui, parent: QWidget, rows: tuple[g.DepartmentRow, ...], above: str, done: Done
    ) -> None:
        super().__init__(ui, parent, "department.new", "department.new.verb")
        self._done = done
        self.name = Line(ui, "department.name.hint", "field.name")
        self.parent_ = Picker(ui, "field.parent")
        self.parent_.offer_plain([("", ui.t("department.top")), *tree_options(rows)])
        self.parent_.pick(above)
        self._name_field = Field(ui, "field.name", self.name)
        self.content.addWidget(self._name_field)
        self.content.addWidget(Field(ui, "field.parent", self.parent_))
        self.name.setFocus()

    def accept_now(self) -> None:
        name = self.name.text().strip()
        self._name_field.fault("" if name else self.ui.t("fault.missing"))
        if name:
            self.write("department_open", self._done, name=name, parent=self.parent_.currentData() or "")


class MoveDepartmentDialog(Dialog):
    """Put a department elsewhere in the tree."""

    def __init__(
        self, ui: Ui, parent: QWidget, rows: tuple[g.DepartmentRow, ...], moved: g.DepartmentRow, done: Done
    ) -> None:
        super().__init__(ui, parent, "department.move", "department.move.verb", name=show.title(moved.name))
        self._done, self._moved = done, moved
        self.parent_ = Picker(ui, "field.parent")
        others = tuple(d for d in rows if d.id != moved.id)
        self.parent_.offer_plain([("", ui.t("department.top")), *tree_options(others)])
        self.parent_.pick(moved.parent)
        self.content.addWidget(Field(ui, "field.parent", self.parent_))

    def accept_now(self) -> None:
        self.write(
            "department_move", self._done, department=self._moved.id, parent=self.parent_.currentData() or ""
        )


class RoleDialog(Dialog):
    """Give a role in a department, or take one away."""

    def __init__(
        self, ui: Ui, parent: QWidget, department: g.DepartmentRow, take: bool, done: Done
    ) -> None:
        kind = "take" if take else "give"
        super().__init__(ui, parent, f"role.{kind}", f"role.{kind}.verb", name=show.title(department.name))
        self._department, self._take, self._done = department, take, done
        self.member, self.role = Picker(ui, "field.member"), Picker(ui, "field.role")
        self.content.addWidget(Field(ui, "field.member", self.member))
        self.content.addWidget(Field(ui, "field.role", self.role))
        self.paragraph("role.scope", name=show.title(department.name))
        if take:
            self.member.offer_plain([(p.id, ui.name_you(p)) for p, _ in department.members])
            self.member.currentIndexChanged.connect(lambda _: self._offer_held())
            self._offer_held()
        else:
            ui.ask(self, "member_list", lambda rows: self.member.offer_plain(people_options(ui, rows)))
            ui.ask(self, "role_list", self._offer_roles)

    def _offer_held(self) -> None:
        held = next((roles for p, roles in self._department.members if p.id == self.member.currentData()), ())
        self.role.offer_plain([(code, role_name(self.ui, code)) for code in held])

    def _offer_roles(self, rows: tuple[g.RoleRow, ...]) -> None:
        zh = self.ui.texts.language == "zh"
        self.role.offer_plain(
            [
                (r.code, role_name(self.ui, r.code) if r.built_in else show.title(r.name_zh if zh else r.name_en))
                for r in rows
                if r.code != "founder"
            ]
        )
        self.role.pick("member")

    def accept_now(self) -> None:
        member, role = self.member.currentData(), self.role.currentData()
        if member and role:
            method = "role_take" if self._take else "role_give"
            self.write(method, self._done, department=self._department.id, member=member, role=role)


class DelegateDialog(Dialog):
    """Let a member vote for you: everything, a department, or a topic."""

    def __init__(self, ui: Ui, parent: QWidget, to: str, done: Done) -> None:
        super().__init__(ui, parent, "delegation.new", "delegation.new.verb")
        self._done = done
        self.to, self.scope = Picker(ui, "delegation.to"), Picker(ui, "delegation.for")
        self.department = Picker(ui, "field.department")
        self.topic = Line(ui, "proposal.topic.hint", "proposal.topic", TOPIC_BYTES_MAX)
        self.scope.offer([(s, f"delegation.kind.{s}") for s in ("everything", "department", "topic")])
        self._department_field = Field(ui, "field.department", self.department)
        self._topic_field = Field(ui, "proposal.topic", self.topic)
        for field in (Field(ui, "delegation.to", self.to), Field(ui, "delegation.for", self.scope)):
            self.content.addWidget(field)
        self.content.addWidget(self._department_field)
        self.content.addWidget(self._topic_field)
        self.paragraph("delegation.text")
        self.scope.currentIndexChanged.connect(lambda _: self._fold())
        ui.ask(self, "member_list", lambda rows: self._offer(rows, to))
        ui.ask(self, "department_list", lambda rows: self.department.offer_plain(tree_options(rows)))
        self._fold()

    def _offer(self, rows: tuple[v.MemberRow, ...], to: str) -> None:
        self.to.offer_plain(people_options(self.ui, rows, you=False))
        self.to.pick(to)

    def _fold(self) -> None:
        self._department_field.setVisible(self.scope.currentData() == "department")
        self._topic_field.setVisible(self.scope.currentData() == "topic")
        self.fit()

    def accept_now(self) -> None:
        scope, topic = self.scope.currentData(), self.topic.text().strip()
        self._topic_field.fault(self.ui.t("fault.missing") if scope == "topic" and not topic else "")
        if scope == "topic" and not topic:
            return
        department = self.department.currentData() or "" if scope == "department" else ""
        self.write(
            "delegate", self._done, to=self.to.currentData() or "", department=department,
            topic=topic if scope == "topic" else "",
        )


class FirmDialog(Dialog):
    """Enter a firm, or hand it over to other signers."""

    WIDTH = 600

    def __init__(self, ui: Ui, parent: QWidget, firm: g.FirmRow | None, done: Done) -> None:
        title = "firm.change" if firm else "firm.new"
        super().__init__(ui, parent, title, f"{title}.verb", name=show.title(firm.name) if firm else "")
        self._firm, self._done = firm, done
        self.name = Line(ui, "firm.name.hint", "field.name")
        self.register = Line(ui, "firm.register.hint", "firm.register")
        self.dual = Line(ui, "firm.dual.hint", "firm.dual")
        self.dual.setText(firm.dual if firm else "-")
        self._checks: dict[str, tuple[Check, Line]] = {}
        self._list = column(ui, gap=2, margins=(8, 6, 8, 6))
        self._name_field = Field(ui, "field.name", self.name)
        self._register_field = Field(ui, "firm.register", self.register, "firm.register.help")
        for field in (self._name_field, self._register_field):
            self.content.addWidget(field)
            field.setVisible(firm is None)
        inner = QWidget()
        inner.setProperty("box", "raised")
        inner.setLayout(self._list)
        area = scrolling(inner, ui.t("firm.signers"))
        area.setFixedHeight(ui.look.px(SIGNERS_HEIGHT))
        self._signers = Field(ui, "firm.signers", Box(ui, "card", column(ui, area)), "firm.signers.help")
        self.content.addWidget(self._signers)
        self.content.addWidget(Field(ui, "firm.dual", self.dual, "firm.dual.help"))
        if firm is not None:
            self.paragraph("firm.change.text")
        ui.ask(self, "member_list", self._offer)

    def _offer(self, members: tuple[v.MemberRow, ...]) -> None:
        ui = self.ui
        now = {s.person.id: s.limit for s in self._firm.signers} if self._firm else {}
        for member in (m for m in members if m.status == "active"):
            check, limit = Check(ui), Line(ui, "firm.limit.hint", "firm.limit")
            check.say(ui.name_you(member.person))
            check.setChecked(member.person.id in now or (self._firm is None and member.person.you))
            limit.setText(now.get(member.person.id, "-"))
            limit.setFixedWidth(ui.look.px(110))
            self._checks[member.person.id] = check, limit
            line = row(ui, check, limit, gap=8)
            line.setStretch(0, 1)
            self._list.addLayout(line)
        self._list.addStretch()

    def accept_now(self) -> None:
        name = self.name.text().strip()
        ticked = [(id_, limit) for id_, (check, limit) in self._checks.items() if check.isChecked()]
        chosen = [(id_, limit.text().strip() or "-") for id_, limit in ticked]
        self._name_field.fault("" if name or self._firm else self.ui.t("fault.missing"))
        bad = not 1 <= len(chosen) <= SIGNERS_MAX
        self._signers.fault(self.ui.t("fault.signers", most=SIGNERS_MAX) if bad else "")
        if bad or not (name or self._firm):
            return
        dual = self.dual.text().strip() or "-"
        if self._firm is None:
            register = self.register.text().strip()
            self.write("firm_register", self._done, name=name, signers=chosen, register=register, dual=dual)
        else:
            self.write("firm_change", self._done, firm=self._firm.id, signers=chosen, dual=dual)


class FirmPayDialog(Dialog):
    """Pay from a firm's balance."""

    def __init__(self, ui: Ui, parent: QWidget, firm: g.FirmRow, done: Done) -> None:
        super().__init__(ui, parent, "firm.pay", "firm.pay.verb", name=show.title(firm.name))
        self._firm, self._done = firm, done
        self.to = Picker(ui, "move.to")
        self.amount = Line(ui, "move.amount.hint", "move.amount", 40)
        self.memo = Line(ui, "move.transfer.memo_hint", "move.memo", MEMO_BYTES_MAX)
        self._amount_field = Field(ui, "move.amount", self.amount)
        self.content.addWidget(Field(ui, "move.to", self.to))
        self.content.addWidget(self._amount_field)
        self.content.addWidget(Field(ui, "move.memo", self.memo))
        self.paragraph("firm.pay.text", amount=firm.dual)
        treasury = [("treasury", ui.t("party.treasury"))]
        ui.ask(self, "member_list", lambda rows: self.to.offer_plain([*people_options(ui, rows), *treasury]))

    def accept_now(self) -> None:
        amount = self.amount.text().strip()
        self._amount_field.fault("" if amount else self.ui.t("fault.amount"))
        if amount and self.to.currentData():
            self.write(
                "firm_pay", self._done, firm=self._firm.id, to=self.to.currentData(), amount=amount,
                memo=self.memo.text().strip(),
            )


class StancesDialog(Dialog):
    """On which sides one stands."""

    def __init__(self, ui: Ui, parent: QWidget, stances: tuple[str, ...]) -> None:
        super().__init__(ui, parent, "member.stances.say", "member.stances.verb")
        self.paragraph("member.stances.text")
        self.checks: dict[str, Check] = {}
        for name in STANCES:
            check = Check(ui, f"stance.{name}")
            check.setChecked(name in stances)
            self.checks[name] = check
            self.content.addWidget(check)

    def accept_now(self) -> None:
        self.write("member_stances", None, stances=[name for name, check in self.checks.items() if check.isChecked()])


class StopDialog(Dialog):
    """Ask for the emergency stop."""

    def __init__(self, ui: Ui, parent: QWidget, done: Done) -> None:
        super().__init__(ui, parent, "emergency.ask", "emergency.ask.verb")
        self._done = done
        self.paragraph("emergency.ask.text")
        self.reason = Area(ui, "emergency.reason.hint", "emergency.reason", lines=4)
        self.content.addWidget(Field(ui, "emergency.reason", self.reason))
        self.reason.setFocus()

    def accept_now(self) -> None:
        self.write("emergency_stop", self._done, reason=self.reason.text())
