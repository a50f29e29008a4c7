"""Departments: a tree with stewards, an account and work of their own (ORG-4, TOKEN-2).

Invariants: a department is never below itself, and never deeper than ``DEPARTMENT_DEPTH_MAX``; who closes
one leaves nothing active below it, and what it had goes to the treasury.
"""

from __future__ import annotations

from collections.abc import Iterator

from dao_app.core.entities import Account, Department, Grant, Member, Org, Register, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import (
    ORG_KEY,
    REGISTER_ROWS,
    TOTALS_KEY,
    TREASURY,
    account_key,
    department_key,
    department_party,
    department_register_key,
    member_key,
)
from dao_app.core.limits import DEPARTMENT_DEPTH_MAX, DEPARTMENTS_MAX, GRANTS_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.members import append, chain_of, may, put_member, role_exists, role_permissions
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.roles import CONTROL
from dao_app.core.state import Posting, State

OPEN = s.Schema({"name": s.title, "parent": s.optional(s.link)})
MOVE = s.Schema({"department": s.link, "parent": s.optional(s.link)})
CLOSE = s.Schema({"department": s.link})
GIVE = s.Schema({"department": s.link, "member": s.key, "role": s.name})


def active(state: State, id_: bytes) -> Department | None:
    found = state.get(department_key(id_), Department)
    return found if found is not None and found.status == "active" else None


def found(state: State, id_: bytes, name: str, parent: bytes | None, cause: bytes) -> Rejection | None:
    """A new department below ``parent``, or at the top."""
    above = None if parent is None else active(state, parent)
    if parent is not None and above is None:
        return Rejection.DEPARTMENT_UNKNOWN
    depth = 1 if above is None else above.depth + 1
    if depth > DEPARTMENT_DEPTH_MAX:
        return Rejection.DEPARTMENT_DEEP
    if state.need(TOTALS_KEY, Totals).departments >= DEPARTMENTS_MAX:
        return Rejection.COUNT_TOO_LARGE
    state.put(department_key(id_), Department(name, parent, "active", cause, depth, 0))
    _count_below(state, parent, 1)
    totals = state.need(TOTALS_KEY, Totals)
    append(state, department_register_key(totals.departments // REGISTER_ROWS), id_)
    state.put(TOTALS_KEY, totals._replace(departments=totals.departments + 1))
    return None


def all_departments(state: State) -> Iterator[bytes]:
    """Ids of all departments ever, in the order in which they were founded."""
    totals = state.need(TOTALS_KEY, Totals)
    for number in range(-(-totals.departments // REGISTER_ROWS)):
        yield from state.need(department_register_key(number), Register).ids


def move(state: State, id_: bytes, parent: bytes | None) -> Rejection | None:
    """Put a department without departments below it elsewhere."""
    here = active(state, id_)
    if here is None or (parent is not None and active(state, parent) is None):
        return Rejection.DEPARTMENT_UNKNOWN
    if parent is not None and id_ in chain_of(state, parent):
        return Rejection.DEPARTMENT_CYCLE
    if here.below:
        return Rejection.DEPARTMENT_NOT_EMPTY
    above = None if parent is None else active(state, parent)
    depth = 1 if above is None else above.depth + 1
    if depth > DEPARTMENT_DEPTH_MAX:
        return Rejection.DEPARTMENT_DEEP
    _count_below(state, here.parent, -1)
    state.put(department_key(id_), here._replace(parent=parent, depth=depth))
    _count_below(state, parent, 1)
    return None


def close(state: State, id_: bytes, cause: bytes) -> Rejection | None:
    """End a department; its money goes to the treasury."""
    here = active(state, id_)
    if here is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if here.below:
        return Rejection.DEPARTMENT_NOT_EMPTY
    for unit in state.need(ORG_KEY, Org).units:
        key = account_key(department_party(id_), unit)
        account = state.get(key, Account)
        rest = account.balance + account.incoming if account is not None else 0  # also what came in just now
        if rest:
            state.put(key, Account(rest, 0))
            state.move(Posting("refund", department_party(id_), TREASURY, unit, rest, cause, None))
    state.put(department_key(id_), here._replace(status="closed"))
    _count_below(state, here.parent, -1)
    return None


def _count_below(state: State, id_: bytes | None, by: int) -> None:
    if id_ is not None:
        above = state.need(department_key(id_), Department)
        state.put(department_key(id_), above._replace(below=above.below + by))


# -- by those who manage them --------------------------------------------------------------------
def open_department(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Found a department below one that the author manages, or anywhere for the organisation's stewards."""
    body = action.body
    if not may(state, author, "department.manage", body["parent"]):
        return Rejection.NOT_ALLOWED
    return found(state, action.id, body["name"], _bytes(body["parent"]), action.id)


def move_department(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    body = action.body
    here = active(state, body["department"])
    if here is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if not may(state, author, "department.manage", here.parent) or not may(
        state, author, "department.manage", body["parent"]
    ):
        return Rejection.NOT_ALLOWED
    return move(state, bytes(body["department"]), _bytes(body["parent"]))


def close_department(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    here = active(state, action.body["department"])
    if here is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if not may(state, author, "department.manage", here.parent):
        return Rejection.NOT_ALLOWED
    return close(state, bytes(action.body["department"]), action.id)


def give(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A steward of a department gives a role in it, none that allows more than the giver may there."""
    body = action.body
    department, root, role = bytes(body["department"]), body["member"], body["role"]
    refused = _refuse_handling(state, author, department, role)
    if refused:
        return refused
    member = state.get(member_key(root), Member)
    if member is None:
        return Rejection.MEMBER_UNKNOWN
    if member.status != "active":
        return Rejection.MEMBER_NOT_ACTIVE
    if any(grant.role == role and grant.department == department for grant in member.grants):
        return Rejection.ROLE_HELD
    if len(member.grants) >= GRANTS_MAX:
        return Rejection.ROLES_MANY
    grants = (*member.grants, Grant(role, department, action.id, 0))
    put_member(state, root, member._replace(grants=grants), context.height)
    return None


def take(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A steward of a department takes a role in it away; oneself may always lay one down."""
    body = action.body
    department, root, role = bytes(body["department"]), body["member"], body["role"]
    if root != author.root:
        refused = _refuse_handling(state, author, department, role)
        if refused:
            return refused
    member = state.get(member_key(root), Member)
    if member is None:
        return Rejection.MEMBER_UNKNOWN
    kept = tuple(g for g in member.grants if not (g.role == role and g.department == department))
    if len(kept) == len(member.grants):
        return Rejection.ROLE_NOT_HELD
    put_member(state, root, member._replace(grants=kept), context.height)
    return None


def _refuse_handling(state: State, author: Author, department: bytes, role: str) -> Rejection | None:
    if active(state, department) is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if not may(state, author, "department.manage", department):
        return Rejection.NOT_ALLOWED
    if not role_exists(state, role):
        return Rejection.ROLE_UNKNOWN
    wanted = role_permissions(state, role) - CONTROL
    if not all(may(state, author, permission, department) for permission in wanted):
        return Rejection.ROLE_NOT_YOURS
    return None


def _bytes(link: bytes | None) -> bytes | None:
    return None if link is None else bytes(link)
