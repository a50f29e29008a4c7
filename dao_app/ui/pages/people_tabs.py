"""Tabs of the People page: departments, roles and who may do what, firms, delegations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views_governance as g
from dao_app.app.views import PersonView
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.governing import (
    DelegateDialog,
    DepartmentDialog,
    FirmDialog,
    FirmPayDialog,
    MoveDepartmentDialog,
    RoleDialog,
)
from dao_app.ui.models import show
from dao_app.ui.models.governing import grant_text
from dao_app.ui.models.rows import Group
from dao_app.ui.models.show import role_name
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.rows import Cell, Col
from dao_app.ui.widgets.tables import Table

DEPARTMENT_COLUMNS = (
    Col("col.called", share=3), Col("col.stewards", share=2), Col("col.members", width=90, right=True),
    Col("col.balance", width=150, right=True, drop=8), Col("col.why", width=110, drop=10),
)  # fmt: skip
ROLE_COLUMNS = (Col("col.role", width=170), Col("col.holders", share=2), Col("col.allows", share=3, drop=8))
MAY_COLUMNS = (Col("col.may", share=2), Col("col.why", share=3))
FIRM_COLUMNS = (
    Col("col.called", share=2), Col("col.signers", share=3), Col("col.dual", width=130, right=True, drop=10),
    Col("col.balance", width=150, right=True), Col("col.state", width=110, drop=8),
)  # fmt: skip
PAYMENT_COLUMNS = (
    Col("col.firm", share=2), Col("col.to", share=2), Col("col.amount", width=140, right=True),
    Col("col.asked_by", share=2), Col("col.state", width=120),
)  # fmt: skip
DELEGATION_COLUMNS = (Col("col.scope", share=2), Col("col.name", share=3))


class Tab(QWidget):
    """A table with the gestures for its row at the foot; ``primary`` is the page's main action there."""

    new_key = ""  # what the main action is called

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.ui = ui
        self._buttons: dict[str, Button] = {}

    def build(self, content: QWidget, *buttons: tuple[str, str, Callable[[], None]]) -> None:
        """Put the content above buttons of (gesture, kind, act)."""
        made = []
        for name, kind, act in buttons:
            button = Button(self.ui, f"gesture.{name}", kind)
            button.clicked.connect(act)
            self._buttons[name] = button
            made.append(button)
        foot = Box(self.ui, "bottom", row(self.ui, *made, None, margins=(16, 10, 16, 10)))
        self._foot = foot
        layout = column(self.ui, content, foot)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.offer(())

    def offer(self, gestures: Sequence[str]) -> None:
        """Show the buttons for these gestures."""
        for name, button in self._buttons.items():
            button.setVisible(name in gestures)
        self._foot.setVisible(any(name in gestures for name in self._buttons))

    def refresh(self) -> None:
        """Ask again."""

    def render_again(self) -> None:
        """Show the same rows in the new language."""

    def makes(self) -> bool:
        """May the viewer do the main action?"""
        return False

    def primary(self) -> None:
        """The page's main action on this tab."""

    def choose(self, name: str) -> None:
        """Make the row of something the current one."""

    def confirm(self, gesture: str, method: str, facts: list[tuple[str, str]], **params: object) -> None:
        """Ask before a gesture that moves value or cannot be taken back."""

        def act(dialog: ConfirmDialog) -> None:
            dialog.write(method, lambda _: self.refresh(), **params)

        key = f"confirm.{gesture}"
        ConfirmDialog(self.ui, self.window(), key, f"{key}.text", f"gesture.{gesture}", facts, act).open()

    def hold(self, text: str, method: str, **params: object) -> None:
        """Make a gesture that can be undone while it is unsigned."""
        self.ui.hold(text, lambda: self.ui.write(self, method, lambda _: self.refresh(), **params))

    def names(self, people: Sequence[PersonView]) -> str:
        return self.ui.texts.join([self.ui.name_you(person) for person in people])


class DepartmentsTab(Tab):
    """The tree, with stewards, members and money."""

    new_key = "department.new"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._rows: tuple[g.DepartmentRow, ...] = ()
        self.table = Table(
            ui, "people.tab.departments", DEPARTMENT_COLUMNS, lambda d: d.id, self._cells, self._describe,
            "department.empty", "department.new",
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.build(
            self.table, ("below", "", lambda: self._new(self._id())), ("give", "", lambda: self._role(False)),
            ("take", "", lambda: self._role(True)), ("move", "", self._move), ("close", "danger", self._close),
        )  # fmt: skip

    def makes(self) -> bool:
        return self.ui.can("department.manage")

    def refresh(self) -> None:
        self.ui.ask(self, "department_list", self._show)

    def render_again(self) -> None:
        self.table.rows.again()

    def _show(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        self._rows = rows
        self.table.show_rows([d for d in rows if d.active])
        self.table.empty.offer(self.makes())
        self._offer()

    def _current(self) -> g.DepartmentRow | None:
        found = self.table.current()
        return found if isinstance(found, g.DepartmentRow) else None

    def _id(self) -> str:
        current = self._current()
        return current.id if current else ""

    def _offer(self) -> None:
        current = self._current()
        can = current.can if current else ()
        shown = {"open": "below", "move": "move", "close": "close", "give": "give"}
        gestures = [shown[name] for name in can if name in shown]
        if current is not None and "give" in can and current.members:
            gestures.append("take")
        self.offer(gestures)

    def _cells(self, d: g.DepartmentRow) -> list[Cell]:
        ui, key = self.ui, f"grant.cause.{d.cause}"
        return [
            Cell("    " * (d.depth - 1) + show.title(d.name), weight=600 if d.depth == 1 else 400),
            Cell(self.names(d.stewards), tone="text2"),
            Cell(ui.texts.number(len(d.members))),
            Cell(ui.texts.join([ui.texts.amount(one) for one in d.balances])),
            Cell(ui.t(key) if ui.texts.has(key) else show.title(d.cause), tone="text3", role="caption"),
        ]

    def _describe(self, d: g.DepartmentRow) -> str:
        parts = (show.title(d.name), self.names(d.stewards), self.ui.t("department.members", n=len(d.members)))
        return self.ui.t("list.comma").join(part for part in parts if part)

    def primary(self) -> None:
        if self.makes():
            self._new("")

    def _new(self, above: str) -> None:
        DepartmentDialog(self.ui, self.window(), self._rows, above, lambda _: self.refresh()).open()

    def _role(self, take: bool) -> None:
        current = self._current()
        if current is not None:
            RoleDialog(self.ui, self.window(), current, take, lambda _: self.refresh()).open()

    def _move(self) -> None:
        current = self._current()
        if current is not None:
            MoveDepartmentDialog(self.ui, self.window(), self._rows, current, lambda _: self.refresh()).open()

    def _close(self) -> None:
        current, ui = self._current(), self.ui
        if current is None:
            return
        balance = ui.texts.join([ui.texts.amount(one) for one in current.balances])

        def act(dialog: ConfirmDialog) -> None:
            dialog.write("department_close", lambda _: self.refresh(), department=current.id)

        ConfirmDialog(
            ui, self.window(), "department.close", "department.close.text", "department.close.verb",
            [("col.balance", balance)], act, name=show.title(current.name),
        ).open()  # fmt: skip


class RolesTab(Tab):
    """Roles with what they allow; and who may do what, and why."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._kinds = Choices(ui, [("roles", "people.roles"), ("may", "people.may")], "segment")
        self._kinds.chosen.connect(self.show_kind)
        self.roles = Table(
            ui, "people.roles", ROLE_COLUMNS, lambda r: r.code, self._role_cells, self._describe_role, "role.empty"
        )
        self.may = Table(
            ui, "people.may", MAY_COLUMNS, lambda m: m.person.id + m.permission, self._may_cells, self._describe_may,
            "role.empty",
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self.roles)
        self._stack.addWidget(self.may)
        content = QWidget()
        layout = column(ui, row(ui, self._kinds, None, margins=(24, 12, 24, 0)), self._stack)
        layout.setStretch(1, 1)
        content.setLayout(layout)
        self.build(content)

    def show_kind(self, name: str) -> None:
        """Roles, or who may do what."""
        self._kinds.select(name)
        self._stack.setCurrentIndex(name == "may")
        self.refresh()

    def refresh(self) -> None:
        """Only what is on show: who may do what is long."""
        if self._kinds.selected() == "may":
            self.ui.ask(self, "permission_list", self._show_may)
        else:
            self.ui.ask(self, "role_list", self.roles.show_rows)

    def render_again(self) -> None:
        self.roles.rows.again()
        self.may.rows.again()

    def _show_may(self, rows: tuple[g.MayRow, ...]) -> None:
        """Grouped by member."""
        shown: list[Group | g.MayRow] = []
        last = ""
        for one in rows:
            if one.person.id != last:
                last = one.person.id
                shown.append(Group(self.ui.name_you(one.person), one.person.fingerprint))
            shown.append(one)
        self.may.show_rows(shown)

    def _role_name(self, r: g.RoleRow) -> str:
        if r.built_in:
            return role_name(self.ui, r.code)
        return show.title(r.name_zh if self.ui.texts.language == "zh" else r.name_en)

    def _allows(self, r: g.RoleRow) -> str:
        return self.ui.texts.join([self.ui.t(f"permission.{p}") for p in r.permissions])

    def _role_cells(self, r: g.RoleRow) -> list[Cell]:
        return [
            Cell(self._role_name(r), weight=600 if not r.built_in else 400),
            Cell(self.names(r.holders)),
            Cell(self._allows(r), tone="text2", role="caption"),
        ]

    def _describe_role(self, r: g.RoleRow) -> str:
        parts = (self._role_name(r), self.names(r.holders), self._allows(r))
        return self.ui.t("list.comma").join(part for part in parts if part)

    def _why(self, m: g.MayRow) -> str:
        return self.ui.texts.join([grant_text(self.ui, one) for one in m.why])

    def _may_cells(self, m: g.MayRow) -> list[Cell]:
        return [
            Cell(self.ui.t(f"permission.{m.permission}")),
            Cell(self._why(m), tone="text2", role="caption"),
        ]

    def _describe_may(self, m: g.MayRow) -> str:
        return f"{self.ui.name_you(m.person)}, {self.ui.t(f'permission.{m.permission}')}, {self._why(m)}"


class FirmsTab(Tab):
    """Firms with their signers, and payments that wait for a second one."""

    new_key = "firm.new"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self.table = Table(
            ui, "people.tab.firms", FIRM_COLUMNS, lambda f: f.id, self._cells, self._describe, "firm.empty", "firm.new"
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.payments = Table(
            ui, "firm.payments", PAYMENT_COLUMNS, lambda p: p[1].id, self._payment_cells, self._describe_payment,
            "firm.no_payments",
        )
        self.payments.picked.connect(lambda _: self._offer())
        content = QWidget()
        layout = column(ui, self.table, self.payments)
        layout.setStretch(0, 3)
        layout.setStretch(1, 2)
        content.setLayout(layout)
        self.build(
            content, ("pay", "", self._pay), ("change", "", self._change), ("approve", "primary", self._approve),
            ("cancel_payment", "danger", self._cancel),
        )  # fmt: skip

    def makes(self) -> bool:
        return self.ui.can("firm.manage")

    def refresh(self) -> None:
        self.ui.ask(self, "firm_list", self._show)

    def render_again(self) -> None:
        self.table.rows.again()
        self.payments.rows.again()

    def _show(self, rows: tuple[g.FirmRow, ...]) -> None:
        self.table.show_rows(rows)
        self.table.empty.offer(self.makes())
        waiting = [(f, p) for f in rows for p in f.payments]
        waiting.sort(key=lambda entry: (entry[1].status != "waiting", -entry[1].stamp.at_ms))
        self.payments.show_rows(waiting)
        self.payments.setVisible(bool(waiting))
        self._offer()

    def _offer(self) -> None:
        firm, payment = self.table.current(), self.payments.current()
        gestures = list(firm.can) if isinstance(firm, g.FirmRow) else []
        if isinstance(payment, tuple):
            gestures += ["cancel_payment" if name == "cancel" else name for name in payment[1].can]
        self.offer(gestures)

    def _signers(self, f: g.FirmRow) -> str:
        ui = self.ui
        return ui.texts.join(
            [ui.name_you(s.person) + ("" if s.limit == "-" else f" ({s.limit})") for s in f.signers]
        )

    def _cells(self, f: g.FirmRow) -> list[Cell]:
        ui = self.ui
        handing = ui.t("firm.handover", name=ui.name_you(f.handover_by)) if f.handover_by else ""
        return [
            Cell(show.title(f.name), weight=600, after=show.title(f.register) if f.register else ""),
            Cell(self._signers(f), tone="text2", after=handing),
            Cell(ui.t("firm.no_dual") if f.dual == "-" else f.dual),
            Cell(ui.texts.join([ui.texts.amount(one) for one in f.balances])),
            show.stamp_cell(ui, f.stamp),
        ]

    def _describe(self, f: g.FirmRow) -> str:
        balance = self.ui.texts.join([self.ui.texts.amount(one) for one in f.balances])
        return self.ui.t("list.comma").join((show.title(f.name), self._signers(f), balance))

    def _payment_cells(self, entry: tuple[g.FirmRow, g.PaymentRow]) -> list[Cell]:
        ui, (f, p) = self.ui, entry
        waiting = p.status == "waiting"
        return [
            Cell(show.title(f.name)),
            Cell(self._target(p), person=p.to_person),
            Cell(ui.texts.amount(p.amount), weight=600),
            Cell(ui.name_you(p.by), person=p.by),
            Cell(ui.t(f"payment.{p.status}"), tone="provisional" if waiting else "text2"),
        ]

    def _describe_payment(self, entry: tuple[g.FirmRow, g.PaymentRow]) -> str:
        f, p = entry
        parts = (show.title(f.name), self.ui.texts.amount(p.amount), self.ui.t(f"payment.{p.status}"))
        return self.ui.t("list.comma").join(parts)

    def primary(self) -> None:
        if self.makes():
            FirmDialog(self.ui, self.window(), None, lambda _: self.refresh()).open()

    def _pay(self) -> None:
        firm = self.table.current()
        if isinstance(firm, g.FirmRow):
            FirmPayDialog(self.ui, self.window(), firm, lambda _: self.refresh()).open()

    def _change(self) -> None:
        firm = self.table.current()
        if isinstance(firm, g.FirmRow):
            FirmDialog(self.ui, self.window(), firm, lambda _: self.refresh()).open()

    def _payment(self, gesture: str, method: str) -> None:
        entry = self.payments.current()
        if isinstance(entry, tuple):
            firm, payment = entry
            facts = [
                ("col.amount", self.ui.texts.amount(payment.amount)), ("col.firm", show.title(firm.name)),
                ("col.to", self._target(payment)),
            ]  # fmt: skip
            self.confirm(gesture, method, facts, payment=payment.id)

    def _approve(self) -> None:
        self._payment("approve", "firm_approve")

    def _cancel(self) -> None:
        self._payment("cancel_payment", "firm_cancel")

    def _target(self, p: g.PaymentRow) -> str:
        ui = self.ui
        if p.to_person is not None:
            return ui.name_you(p.to_person)
        return ui.t(f"party.{p.to}") if ui.texts.has(f"party.{p.to}") else show.title(p.to)


class DelegationsTab(Tab):
    """Whom you let vote, and for whom you vote."""

    new_key = "delegation.new"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._given: set[str] = set()
        self.table = Table(
            ui, "people.tab.delegations", DELEGATION_COLUMNS, self._identify, self._cells, self._describe,
            "delegation.empty", "delegation.new",
        )
        self.table.picked.connect(lambda _: self._offer())
        self.table.wanted.connect(self.primary)
        self.build(self.table, ("revoke", "danger", self._revoke))

    def makes(self) -> bool:
        return self.ui.can("vote.delegate")

    def refresh(self) -> None:
        self.ui.ask(self, "delegation_list", self._show)

    def render_again(self) -> None:
        self.refresh()

    @staticmethod
    def _identify(d: g.DelegationRow) -> str:
        return "/".join((d.scope, d.name, d.department_id, d.person.id))

    def _show(self, view: g.DelegationsView) -> None:
        rows: list[Group | g.DelegationRow] = []
        for title, part in (("delegation.given", view.given), ("delegation.received", view.received)):
            if part:
                rows += [Group(self.ui.t(title)), *part]
        self._given = {self._identify(d) for d in view.given}
        self.table.show_rows(rows)
        self.table.empty.offer(self.makes())
        self._offer()

    def _offer(self) -> None:
        current = self.table.current()
        own = isinstance(current, g.DelegationRow) and self._identify(current) in self._given
        self.offer(["revoke"] if own else [])

    def _scope(self, d: g.DelegationRow) -> str:
        return self.ui.t(f"delegation.scope.{d.scope}", name=show.title(d.name))

    def _cells(self, d: g.DelegationRow) -> list[Cell]:
        return [Cell(self._scope(d)), Cell(self.ui.name(d.person), person=d.person)]

    def _describe(self, d: g.DelegationRow) -> str:
        return f"{self._scope(d)}, {self.ui.name(d.person)}"

    def primary(self, to: str = "") -> None:
        if self.makes():
            DelegateDialog(self.ui, self.window(), to, lambda _: self.refresh()).open()

    def _revoke(self) -> None:
        current = self.table.current()
        if isinstance(current, g.DelegationRow):
            topic = current.name if current.scope == "topic" else ""
            text = self.ui.t("delegation.revoke.held", scope=self._scope(current), name=self.ui.name(current.person))
            self.hold(text, "delegate", to="", department=current.department_id, topic=topic)
