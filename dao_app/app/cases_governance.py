"""Use cases of governance: charter, roles, departments, delegation, the emergency stop, leaving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.cases import Cases
from dao_app.app.effects_form import amount_of
from dao_app.app.errors import InputError
from dao_app.app.queries import Reader
from dao_app.app.resolve import department_id, member_root, one_line
from dao_app.core.encoding import Link
from dao_app.core.entities import (
    Account,
    Adopted,
    Amendment,
    Delegations,
    Department,
    Emergency,
    Grant,
    Member,
    Org,
    Proposal,
    Role,
    Totals,
)
from dao_app.core.keys import (
    EMERGENCY_KEY,
    ORG_KEY,
    TOTALS_KEY,
    account_key,
    adopted_key,
    amendment_key,
    delegations_key,
    department_key,
    department_party,
    member_key,
    proposal_key,
    role_key,
)
from dao_app.core.limits import TITLE_BYTES_MAX, TOPIC_BYTES_MAX
from dao_app.core.rules import charter
from dao_app.core.rules.departments import all_departments
from dao_app.core.rules.emergency import CALM
from dao_app.core.rules.members import reasons_of, role_permissions
from dao_app.core.rules.membership import STANCES
from dao_app.core.rules.roles import ROLES, STEERING

_NO_TEXT = {"hash": bytes(32), "size": 1, "kind": "reason"}


class GovernanceCases(Cases):
    """Part of ``app.api.Api``."""

    # -- charter ---------------------------------------------------------------------------------
    def charter_show(self, org: str) -> g.CharterView:
        _, reader = self._read(org)
        values = charter.values_of(reader.state)
        rows = tuple(
            g.CharterRow(
                name, p.unit, values[name], p.default, p.least, p.most, p.step, p.choices, p.for_kind,
                tuple((kind, values[f"{kind}.{name}"]) for kind in charter.KINDS if f"{kind}.{name}" in values),
            )
            for name, p in charter.PARAMETERS.items()
        )
        return g.CharterView(rows, _amendments(reader), _texts(reader))

    # -- roles and permissions -------------------------------------------------------------------
    def role_list(self, org: str) -> tuple[g.RoleRow, ...]:
        _, reader = self._read(org)
        held = _holders(reader)
        own = reader.state.need(ORG_KEY, Org).roles
        return tuple(_role_row(reader, code, held) for code in (*ROLES, *own))

    def permission_list(self, org: str, member: str = "") -> tuple[g.MayRow, ...]:
        _, reader = self._read(org)
        roots = (member_root(reader, member),) if member else reader.roots()
        members = [(root, reader.state.need(member_key(root), Member)) for root in roots]
        reader.load(grant.cause for _, one in members if one.status == "active" for grant in one.grants)
        rows = []
        for root, one in members:
            reasons: dict[str, list[g.GrantView]] = {}
            for grant, permissions in reasons_of(reader.state, one):
                shown = grant_view(reader, grant)
                for permission in permissions:
                    reasons.setdefault(permission, []).append(shown)
            person = reader.person(root)
            rows += [g.MayRow(person, permission, tuple(why)) for permission, why in sorted(reasons.items())]
        return tuple(rows)

    def role_give(self, org: str, department: str, member: str, role: str) -> g.DepartmentRow:
        return self._role("role.give", org, department, member, role)

    def role_take(self, org: str, department: str, member: str, role: str) -> g.DepartmentRow:
        return self._role("role.take", org, department, member, role)

    def _role(self, type_: str, org: str, department: str, member: str, role: str) -> g.DepartmentRow:
        opened, reader = self._read(org)
        id_ = department_id(reader, department)
        body = {"department": Link(id_), "member": member_root(reader, member), "role": role}
        self._write(opened, type_, body)
        return department_row(self._reader(opened), id_)

    # -- departments -----------------------------------------------------------------------------
    def department_list(self, org: str) -> tuple[g.DepartmentRow, ...]:
        _, reader = self._read(org)
        return tuple(department_row(reader, id_) for id_ in _tree(reader))

    def department_open(self, org: str, name: str, parent: str = "") -> g.DepartmentRow:
        opened, reader = self._read(org)
        above = Link(department_id(reader, parent)) if parent else None
        body = {"name": one_line(name, "name", TITLE_BYTES_MAX), "parent": above}
        action = self._write(opened, "department.open", body)
        return department_row(self._reader(opened), action.id)

    def department_move(self, org: str, department: str, parent: str = "") -> g.DepartmentRow:
        opened, reader = self._read(org)
        id_ = department_id(reader, department)
        above = Link(department_id(reader, parent)) if parent else None
        self._write(opened, "department.move", {"department": Link(id_), "parent": above})
        return department_row(self._reader(opened), id_)

    def department_close(self, org: str, department: str) -> g.DepartmentRow:
        opened, reader = self._read(org)
        id_ = department_id(reader, department)
        self._write(opened, "department.close", {"department": Link(id_)})
        return department_row(self._reader(opened), id_)

    # -- delegation ------------------------------------------------------------------------------
    def delegation_list(self, org: str) -> g.DelegationsView:
        _, reader = self._read(org)
        if reader.member is None:
            return g.DelegationsView((), ())
        given, received = [], []
        for root in reader.roots():
            found = reader.state.get(delegations_key(root), Delegations)
            for scope, to in found.rows if found is not None else ():
                if root == reader.member:
                    given.append(delegation_row(reader, scope, to))
                elif to == reader.member:
                    received.append(delegation_row(reader, scope, root))
        return g.DelegationsView(tuple(given), tuple(received))

    def delegate(self, org: str, to: str, department: str = "", topic: str = "") -> g.DelegationsView:
        """``to`` "" revokes."""
        opened, reader = self._read(org)
        body: dict[str, Any] = {"to": member_root(reader, to) if to else None}
        if topic:
            body["topic"] = one_line(topic, "topic", TOPIC_BYTES_MAX)
        elif department:
            body["department"] = Link(department_id(reader, department))
        self._write(opened, "vote.delegate", body)
        return self.delegation_list(org)

    # -- the stop, leaving -----------------------------------------------------------------------
    def emergency_show(self, org: str) -> g.EmergencyView:
        _, reader = self._read(org)
        found = reader.state.get(EMERGENCY_KEY, Emergency) or CALM
        return g.EmergencyView(
            tuple(reader.person(root) for root in found.supporters),
            charter.parameter(reader.state, "stop_auditors"),
            found.until or None,
            reader.can([("stop", "emergency.stop", {})]),
        )

    def emergency_stop(self, org: str, reason: str = "") -> g.EmergencyView:
        opened, _ = self._read(org)
        self._write(opened, "emergency.stop", {}, text=(reason, "reason"))
        return self.emergency_show(org)

    def member_stances(self, org: str, stances: Sequence[str]) -> v.Stamp:
        opened, _ = self._read(org)
        unknown = [name for name in stances if name not in STANCES]
        if unknown:
            raise InputError("stance_unknown", stance=unknown[0][:40], stances=", ".join(STANCES))
        action = self._write(opened, "member.stances", {"stances": sorted(set(stances))})
        return self._reader(opened).stamp(action.id)

    def member_leave(self, org: str) -> v.Stamp:
        opened, _ = self._read(org)
        action = self._write(opened, "member.leave", {})
        return self._reader(opened).stamp(action.id)


# -- views ---------------------------------------------------------------------------------------
def grant_view(reader: Reader, grant: Grant) -> g.GrantView:
    """A role with what gave it."""
    found = reader.state.get(role_key(grant.role), Role)
    return g.GrantView(
        grant.role,
        f"{found.name_en} / {found.name_zh}" if found is not None else "",
        reader.department_name(grant.department),
        grant.department.hex(),
        _cause(reader, grant.cause),
        grant.cause.hex(),
        grant.until or None,
    )


def _cause(reader: Reader, id_: bytes) -> str:
    """"P-12" for a vote, a code for founding and invitation, else who signed it."""
    if reader.state.get(proposal_key(id_), Proposal) is not None or not reader.is_here(id_):
        return reader.label(id_)
    action = reader.action(id_)
    code = {"org.create": "founding", "member.join": "invitation"}.get(action.type)
    author = reader.author(action.by)
    return code or author.name or author.fingerprint


def _holders(reader: Reader) -> dict[str, list[bytes]]:
    held: dict[str, list[bytes]] = {}
    for root in reader.roots():
        member = reader.state.need(member_key(root), Member)
        if member.status == "active":
            for grant in member.grants:
                if root not in held.setdefault(grant.role, []):
                    held[grant.role].append(root)
    return held


def _role_row(reader: Reader, code: str, held: dict[str, list[bytes]]) -> g.RoleRow:
    found = reader.state.get(role_key(code), Role)
    return g.RoleRow(
        code,
        found.name_en if found is not None else "",
        found.name_zh if found is not None else "",
        tuple(sorted(role_permissions(reader.state, code))),
        found is None,
        tuple(reader.person(root) for root in held.get(code, ())),
    )


def _tree(reader: Reader) -> list[bytes]:
    """Departments in the order of the tree, siblings by name."""
    below: dict[bytes | None, list[tuple[str, bytes]]] = {}
    for id_ in all_departments(reader.state):
        entity = reader.state.need(department_key(id_), Department)
        below.setdefault(entity.parent, []).append((entity.name, id_))
    ordered: list[bytes] = []
    waiting = [id_ for _, id_ in sorted(below.get(None, []), reverse=True)]
    while waiting:
        id_ = waiting.pop()
        ordered.append(id_)
        waiting += [one for _, one in sorted(below.get(id_, []), reverse=True)]
    return ordered


def department_row(reader: Reader, id_: bytes) -> g.DepartmentRow:
    """A department with who belongs to it and what it has."""
    entity = reader.state.need(department_key(id_), Department)
    here = reader.held_in(id_)
    stewards = tuple(reader.person(root) for root, roles in here.items() if set(roles) & STEERING)
    balances = []
    for code in reader.units():
        account = reader.state.get(account_key(department_party(id_), code), Account)
        balances.append(amount_of(reader, code, account.balance if account is not None else 0))
    link = Link(id_)
    own = reader.member or bytes(32)
    gestures: list[tuple[str, str, dict[str, Any]]] = [
        ("open", "department.open", {"name": "-", "parent": link}),
        ("move", "department.move", {"department": link, "parent": None}),
        ("close", "department.close", {"department": link}),
    ]
    can = reader.can(gestures)
    refused = reader.judge("role.give", {"department": link, "member": own, "role": "observer"})
    if refused is None or refused.value == "role_held":
        can = (*can, "give")
    return g.DepartmentRow(
        id_.hex(), entity.name, entity.parent.hex() if entity.parent else "", entity.depth,
        entity.status == "active", _cause(reader, entity.cause), stewards,
        tuple((reader.person(root), tuple(roles)) for root, roles in here.items()), tuple(balances), can,
    )


def _amendments(reader: Reader) -> tuple[g.AmendmentRow, ...]:
    rows = []
    for number in range(reader.state.need(TOTALS_KEY, Totals).amendments, 0, -1):
        found = reader.state.need(amendment_key(number), Amendment)
        proposal = reader.state.need(proposal_key(found.proposal), Proposal)
        described = charter.parameter_of(found.name)
        rows.append(
            g.AmendmentRow(
                number, found.name, described.unit if described else "", described.choices if described else (),
                found.old, found.new, found.proposal.hex(), proposal.number or None, proposal.title, found.time,
            )
        )
    return tuple(rows)


def _texts(reader: Reader) -> tuple[g.AdoptedRow, ...]:
    rows = []
    for id_ in reader.org.store.of_type("proposal.open"):
        found = reader.state.get(adopted_key(id_), Adopted)
        if found is not None:
            proposal = reader.state.need(proposal_key(id_), Proposal)
            rows.append(
                g.AdoptedRow(
                    id_.hex(), proposal.number or None, found.title, reader.text(found.text), found.time,
                    reader.label(found.replaced) if found.replaced else None,
                )
            )
    return tuple(rows)


def delegation_row(reader: Reader, scope: bytes, other: bytes) -> g.DelegationRow:
    """A delegation of this scope, to or from another member."""
    kind, rest = scope[:1], scope[1:]
    if kind == b"t":
        return g.DelegationRow("topic", rest.decode(), "", reader.person(other))
    if kind == b"d":
        return g.DelegationRow("department", reader.department_name(rest), rest.hex(), reader.person(other))
    return g.DelegationRow("everything", "", "", reader.person(other))
