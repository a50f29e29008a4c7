"""The use cases of governance in the stand-in for the engine: charter, roles, departments, firms, delegation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.cases_proposals import TEMPLATES
from dao_app.core.rules.charter import KIND_DEFAULTS, KINDS, PARAMETERS
from dao_app.core.rules.roles import ROLES
from tests.fakes.sample import AMARA, CHEN, DAY, JONAS, LIN, NOW_MS, PRIYA, final, gld, ident


def grant(role: str, department: str = "", cause: str = "invitation", until: int | None = None) -> g.GrantView:
    return g.GrantView(role, "", department, ident(department) if department else "", cause, ident(cause), until)


class FakeGoverning:
    """Part of ``FakeEngine``."""

    permissions: tuple[str, ...]

    def _fill_governing(self) -> None:
        self.departments = [
            g.DepartmentRow(
                ident("dept platform"), "Platform", "", 1, True, "founding", (JONAS,),
                ((JONAS, ("steward",)), (PRIYA, ("member",))), (gld(120_000),), ("open", "move", "close", "give"),
            ),
            g.DepartmentRow(
                ident("dept relay"), "Relay", ident("dept platform"), 2, True, "P-12", (), ((CHEN, ("member",)),),
                (gld(0),), ("open", "move", "close", "give"),
            ),
        ]  # fmt: skip
        self.delegations = g.DelegationsView(
            (g.DelegationRow("topic", "money", "", AMARA),), (g.DelegationRow("everything", "", "", CHEN),)
        )
        self.emergency = g.EmergencyView((), 2, None, ("stop",))
        self.firms = [
            g.FirmRow(
                ident("firm"), "Mill Lane Ltd", "91310000MA1K35X",
                (g.SignerView(LIN, "500.00"), g.SignerView(AMARA, "-")),
                "100.00", (gld(250_000),),
                (g.PaymentRow(ident("payment"), gld(30_000), JONAS.id, JONAS, AMARA, "waiting", final(DAY),
                              ("approve", "cancel")),),
                None, final(9 * DAY), ("pay", "change"),
            )
        ]  # fmt: skip

    def proposal_templates(self, org: str) -> tuple[g.TemplateView, ...]:
        return TEMPLATES

    def proposal_check(self, org: str, title: str, **given: Any) -> g.CheckView:
        return g.CheckView((), "", (), 48)

    def department_list(self, org: str) -> tuple[g.DepartmentRow, ...]:
        return tuple(self.departments)

    def department_open(self, org: str, name: str, parent: str = "") -> g.DepartmentRow:
        row = replace(self.departments[0], id=ident(name), name=name, parent=parent, stewards=(), members=())
        self.departments.append(row)
        return row

    def department_move(self, org: str, department: str, parent: str = "") -> g.DepartmentRow:
        return self.departments[0]

    def department_close(self, org: str, department: str) -> g.DepartmentRow:
        self.departments = [replace(d, active=d.id != department) for d in self.departments]
        return self.departments[0]

    def role_give(self, org: str, department: str, member: str, role: str) -> g.DepartmentRow:
        return self.departments[0]

    def role_take(self, org: str, department: str, member: str, role: str) -> g.DepartmentRow:
        return self.departments[0]

    def role_list(self, org: str) -> tuple[g.RoleRow, ...]:
        holders = {"founder": (LIN,), "steward": (JONAS,), "witness": (AMARA,)}
        rows = [g.RoleRow(c, "", "", tuple(sorted(p)), True, holders.get(c, ())) for c, p in ROLES.items()]
        return (*rows, g.RoleRow("keeper", "Keeper", "保管员", ("task.fund",), False, (PRIYA,)))

    def permission_list(self, org: str, member: str = "") -> tuple[g.MayRow, ...]:
        rows = [g.MayRow(LIN, one, (grant("founder", cause="founding"),)) for one in self.permissions]
        rows += [
            g.MayRow(JONAS, "treasury.spend", (grant("treasurer", cause="P-12", until=NOW_MS + 90 * DAY),)),
            g.MayRow(JONAS, "department.manage", (grant("steward", "Platform", "P-9"),)),
        ]
        return tuple(row for row in rows if not member or row.person.id == member)

    def charter_show(self, org: str) -> g.CharterView:
        rows = tuple(
            g.CharterRow(
                name, p.unit, p.default, p.default, p.least, p.most, p.step, p.choices, p.for_kind,
                tuple((kind, KIND_DEFAULTS[f"{kind}.{name}"]) for kind in KINDS if f"{kind}.{name}" in KIND_DEFAULTS),
            )
            for name, p in PARAMETERS.items()
        )
        history = (
            g.AmendmentRow(2, "spending.quorum_bp", "bp", (), None, 3_000, ident("a2"), 41, "Quorum", NOW_MS - DAY),
            g.AmendmentRow(1, "quorum_bp", "bp", (), 2_000, 2_500, ident("a1"), 30, "More voices", NOW_MS - 40 * DAY),
        )
        texts = (g.AdoptedRow(ident("t1"), 22, "Code of conduct", "Be **kind**.", NOW_MS - 80 * DAY, None),)
        return g.CharterView(rows, history, texts)

    def delegation_list(self, org: str) -> g.DelegationsView:
        return self.delegations

    def delegate(self, org: str, to: str, department: str = "", topic: str = "") -> g.DelegationsView:
        return self.delegations

    def emergency_show(self, org: str) -> g.EmergencyView:
        return self.emergency

    def emergency_stop(self, org: str, reason: str = "") -> g.EmergencyView:
        self.emergency = replace(self.emergency, supporters=(LIN,), can=())
        return self.emergency

    def member_stances(self, org: str, stances: tuple[str, ...]) -> v.Stamp:
        return final(0)

    def member_leave(self, org: str) -> v.Stamp:
        return final(0)

    def payment_requests(self, org: str) -> tuple[g.RequestRow, ...]:
        return (
            g.RequestRow(ident("request"), AMARA, LIN, gld(2_500), "for the paint", "open", final(DAY),
                         ("settle", "close")),
        )  # fmt: skip

    def payment_request(self, org: str, payer: str, amount: str, **given: Any) -> g.RequestRow:
        return self.payment_requests(org)[0]

    def payment_settle(self, org: str, request: str) -> g.RequestRow:
        return self.payment_requests(org)[0]

    def payment_close(self, org: str, request: str) -> g.RequestRow:
        return self.payment_requests(org)[0]

    def schedule_list(self, org: str) -> tuple[g.ScheduleRow, ...]:
        return (
            g.ScheduleRow(
                ident("schedule"), "treasury", None, JONAS.id, JONAS, gld(120_000), gld(30_000), 12, 3, 30 * DAY,
                NOW_MS + 4 * DAY, True, "active", final(DAY), ("stop",), True,
            ),
        )

    def schedule_open(self, org: str, to: str, amount: str, **given: Any) -> g.ScheduleRow:
        return self.schedule_list(org)[0]

    def schedule_stop(self, org: str, schedule: str) -> g.ScheduleRow:
        return self.schedule_list(org)[0]

    def events(self, org: str, after: str = "", limit: int = 200) -> v.EventsView:
        if after in ("", "8.2"):
            return v.EventsView(after or "7.1", ())
        event = v.EventRow("final", ident("vote"), "vote.cast", AMARA, ident("proposal 57"), NOW_MS, 2, "")
        return v.EventsView("8.2", (event,))

    def firm_list(self, org: str) -> tuple[g.FirmRow, ...]:
        return tuple(self.firms)

    def firm_register(self, org: str, name: str, **given: Any) -> g.FirmRow:
        return self.firms[0]

    def firm_change(self, org: str, firm: str, **given: Any) -> g.FirmRow:
        return self.firms[0]

    def firm_pay(self, org: str, firm: str, to: str, amount: str, **given: Any) -> g.FirmRow:
        return self.firms[0]

    def firm_approve(self, org: str, payment: str) -> g.FirmRow:
        return self.firms[0]

    def firm_cancel(self, org: str, payment: str) -> g.FirmRow:
        return self.firms[0]
