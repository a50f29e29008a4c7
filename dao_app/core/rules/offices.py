"""Roles given and taken by vote, with scope and term; the ends of terms and suspensions (ORG-3, ORG-5).

Invariants: nobody holds a role twice in one scope, nor more than ``GRANTS_MAX``; a term runs from the sealed
time of what gave it and ends then, unless nobody could decide any more; who was expelled does not come back
by the end of a suspension.
"""

from __future__ import annotations

from dao_app.core.entities import DueItem, Grant, Member
from dao_app.core.keys import member_key
from dao_app.core.limits import GRANTS_MAX, PERIOD_MS_MAX
from dao_app.core.rules import departments
from dao_app.core.rules.due import schedule
from dao_app.core.rules.lockout import locks_out
from dao_app.core.rules.members import put_member, role_exists
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

HOLDOVER_MS = 86_400_000  # a day: an office that nobody else could fill goes on for so long, again and again


def give_role(
    state: State, root: bytes, role: str, department: bytes | None, term: int, cause: bytes, time: int, height: int,
    place: int,
) -> Rejection | None:
    """Give an active member a role, in a department or the whole organisation, for ``term`` ms (0: no end)."""
    member = state.get(member_key(root), Member)
    if member is None:
        return Rejection.MEMBER_UNKNOWN
    if member.status != "active":
        return Rejection.MEMBER_NOT_ACTIVE
    if not role_exists(state, role):
        return Rejection.ROLE_UNKNOWN
    if department is not None and departments.active(state, department) is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if term > PERIOD_MS_MAX or 0 < term < 1_000:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    scope = department or b""
    if any(grant.role == role and grant.department == scope for grant in member.grants):
        return Rejection.ROLE_HELD
    if len(member.grants) >= GRANTS_MAX:
        return Rejection.ROLES_MANY
    until = time + term if term else 0
    put_grant(state, root, member.grants, Grant(role, scope, cause, until), height, place)
    return None


def put_grant(
    state: State, root: bytes, others: tuple[Grant, ...], grant: Grant, height: int, place: int
) -> None:
    """Give it beside these others, and let its term end in time."""
    member = state.need(member_key(root), Member)
    put_member(state, root, member._replace(grants=(*others, grant)), height)
    if grant.until:
        schedule(state, DueItem(grant.until, place, "end_term", root))


def take_role(state: State, root: bytes, role: str, department: bytes | None, height: int) -> Rejection | None:
    """Take a role away again."""
    member = state.get(member_key(root), Member)
    if member is None:
        return Rejection.MEMBER_UNKNOWN
    scope = department or b""
    kept = tuple(g for g in member.grants if not (g.role == role and g.department == scope))
    if len(kept) == len(member.grants):
        return Rejection.ROLE_NOT_HELD
    put_member(state, root, member._replace(grants=kept), height)
    return None


def end_term(state: State, root: bytes, time: int, height: int, place: int) -> None:
    """Roles whose term is over at ``time`` end. Where nobody could decide any more they are held over, day by
    day, until somebody else can."""
    member = state.need(member_key(root), Member)
    kept = tuple(grant for grant in member.grants if not 0 < grant.until <= time)
    if len(kept) == len(member.grants):
        return
    layer = State(state)
    put_member(layer, root, member._replace(grants=kept), height)
    if not locks_out(layer, time):
        state.absorb(layer)
        return
    until = time + HOLDOVER_MS
    held = tuple(grant._replace(until=until) if 0 < grant.until <= time else grant for grant in member.grants)
    put_member(state, root, member._replace(grants=held), height)
    schedule(state, DueItem(until, place, "end_term", root))


def end_suspension(state: State, root: bytes, time: int, height: int) -> None:
    """A suspension is over at ``time``; who was expelled meanwhile, or suspended again for longer, stays so."""
    member = state.need(member_key(root), Member)
    if member.status == "suspended" and member.suspended_until <= time:
        put_member(state, root, member._replace(status="active", suspended_until=0), height)
