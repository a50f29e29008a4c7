"""Who a member is to the rules: status, roles with scope and term, permissions and why, the right to vote.

Invariants: a member changes through ``put_member`` alone, which keeps the numbers of voters and stewards
and the heights at which a member has a vote, and begins an epoch where a member goes; a permission in a department is
one in all below it; a grant that has ended gives nothing from the checkpoint that ends it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dao_app.core.entities import Department, Grant, Member, Register, Role, Totals
from dao_app.core.key_entities import Root
from dao_app.core.keys import REGISTER_ROWS, TOTALS_KEY, department_key, member_key, register_key, role_key, root_key
from dao_app.core.limits import DEPARTMENT_DEPTH_MAX, VOTE_SPANS_MAX
from dao_app.core.rules import epochs
from dao_app.core.rules.context import Author
from dao_app.core.rules.roles import ROLES, STEERING, VOTING, permissions_of
from dao_app.core.state import State

GONE = ("left", "expelled")  # members whose devices are met no more
NOBODY = Member("", (), 0, None, b"", None, 0, (), (), ())


def has_vote(member: Member) -> bool:
    """A vote in the whole organisation, as of now."""
    return member.status == "active" and any(role in VOTING for role in member.roles)


def is_steward(member: Member) -> bool:
    return member.status == "active" and any(role in STEERING for role in member.roles)


def had_vote(member: Member, height: int) -> bool:
    """A vote in the final state of this height."""
    return any(start <= height and (not end or height < end) for start, end in member.spans)


def put_member(state: State, root: bytes, member: Member, height: int) -> None:
    """Change a member, or take in a new one; ``height`` is that of the checkpoint being formed."""
    key = member_key(root)
    old = state.get(key, Member)
    before = old or NOBODY
    voted, votes = has_vote(before), has_vote(member)
    if voted != votes:
        member = member._replace(spans=_spans(member.spans, votes, height))
    steered, steers = is_steward(before), is_steward(member)
    if old is None or voted != votes or steered != steers:
        totals = state.need(TOTALS_KEY, Totals)
        if old is None:
            append(state, register_key(totals.joined // REGISTER_ROWS), root)
        state.put(
            TOTALS_KEY,
            totals._replace(
                members=totals.members + votes - voted,
                stewards=totals.stewards + steers - steered,
                joined=totals.joined + (old is None),
            ),
        )
    state.put(key, member)
    if member.status in GONE and before.status not in GONE:
        epochs.begin(state, height)


def _spans(spans: tuple[tuple[int, int], ...], votes: bool, height: int) -> tuple[tuple[int, int], ...]:
    if votes:
        return (*spans, (height, 0))[-VOTE_SPANS_MAX:]
    start, _ = spans[-1]
    return (*spans[:-1], (start, height))


def append(state: State, key: bytes, id_: bytes) -> None:
    """Enter an id into the register's part under this key."""
    found = state.get(key, Register)
    state.put(key, Register((*(found.ids if found else ()), id_)))


def member_of(state: State, root: bytes) -> bytes | None:
    """The member whose root key this is now, or None."""
    known = state.get(root_key(root), Root)
    if known is not None:
        return known.member if known.status == "current" else None
    return root if state.get(member_key(root), Member) is not None else None


def is_root(state: State, root: bytes) -> bool:
    """Is, or was, this anybody's root key?"""
    return state.get(member_key(root), Member) is not None or state.get(root_key(root), Root) is not None


def all_members(state: State) -> Iterator[bytes]:
    """Roots of all members ever, in the order in which they joined."""
    totals = state.need(TOTALS_KEY, Totals)
    for number in range(-(-totals.joined // REGISTER_ROWS)):
        yield from state.need(register_key(number), Register).ids


def role_permissions(state: State, code: str) -> frozenset[str]:
    """What a role allows; nothing where there is no such role."""
    built_in = ROLES.get(code)
    if built_in is not None:
        return built_in
    found = state.get(role_key(code), Role)
    return frozenset(found.permissions) if found is not None else frozenset()


def role_exists(state: State, code: str) -> bool:
    return code in ROLES or state.get(role_key(code), Role) is not None


def permissions_everywhere(state: State, member: Member) -> frozenset[str]:
    """What a member's roles in the whole organisation allow."""
    roles = member.roles
    joint = permissions_of(roles)
    for role in roles:
        if role not in ROLES:
            joint |= role_permissions(state, role)
    return joint


def chain_of(state: State, department: bytes) -> Iterator[bytes]:
    """A department and those above it, nearest first; at most ``DEPARTMENT_DEPTH_MAX``."""
    at: bytes | None = department
    for _ in range(DEPARTMENT_DEPTH_MAX):
        if at is None:
            return
        found = state.get(department_key(at), Department)
        if found is None:
            return
        yield at
        at = found.parent


def may(state: State, author: Author, permission: str, department: bytes | None = None) -> bool:
    """May the author do this, in the department or (None) in the whole organisation?"""
    if permission in author.permissions:
        return True
    if department is None:
        return False
    scoped = [grant for grant in author.member.grants if grant.department]
    if not scoped:
        return False
    above = set(chain_of(state, department))
    return any(g.department in above and permission in role_permissions(state, g.role) for g in scoped)


def belongs_to(state: State, member: Member, department: bytes) -> bool:
    """Has the member a voting role in the department or below it?"""
    return any(
        grant.department and grant.role in VOTING and department in chain_of(state, grant.department)
        for grant in member.grants
    )


def reasons_of(state: State, member: Member) -> list[tuple[Grant, frozenset[str]]]:
    """Each grant of a member with the permissions that it gives."""
    grants = member.grants if member.status == "active" else ()
    return [(grant, role_permissions(state, grant.role)) for grant in grants]
