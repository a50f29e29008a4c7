"""Delegation of votes (VOTE-4): set, revoked, and who is carried by whom in one proposal.

Invariants: a delegation names an active member other than oneself and, as far as it can be seen when it is
made, closes no circle; which one holds for a proposal is decided at counting, by the state then: the
narrowest, unless the member votes. A member without a vote neither carries nor is carried.
"""

from __future__ import annotations

from dao_app.core.entities import Delegations, Member, Proposal, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import TOTALS_KEY, delegations_key, member_key
from dao_app.core.limits import DELEGATION_WALK_MAX, DELEGATIONS_MAX
from dao_app.core.rewards.delegation import Delegated, resolve
from dao_app.core.rules import charter
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.departments import active
from dao_app.core.rules.electorate import electorate
from dao_app.core.rules.members import chain_of, has_vote
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

DELEGATE = s.Schema({"to": s.optional(s.key)}, {"department": s.link, "topic": s.name})
NONE = Delegations(())


def scope_of(department: bytes | None, topic: str) -> bytes:
    """The key of a delegation's scope; b"" is everything."""
    if topic:
        return b"t" + topic.encode()
    return b"" if department is None else b"d" + department


def delegate(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Let a member vote in one's place, or (``to`` null) revoke it."""
    body = action.body
    department, topic, to = body.get("department"), body.get("topic", ""), body["to"]
    refused = _refuse(state, author, department, topic, to)
    if refused:
        return refused
    scope = scope_of(department, topic)
    key = delegations_key(author.root)
    rows = dict((state.get(key, Delegations) or NONE).rows)
    had = bool(rows)
    if to is None:
        if scope not in rows:
            return Rejection.DELEGATION_NONE
        del rows[scope]
    else:
        if scope not in rows and len(rows) >= DELEGATIONS_MAX:
            return Rejection.DELEGATIONS_MANY
        if _comes_back(state, author.root, to, scope):
            return Rejection.DELEGATION_CYCLE
        rows[scope] = to
    state.put(key, Delegations(tuple(sorted(rows.items()))) if rows else None)
    if had != bool(rows):
        totals = state.need(TOTALS_KEY, Totals)
        state.put(TOTALS_KEY, totals._replace(delegators=totals.delegators + bool(rows) - had))
    return None


def _refuse(
    state: State, author: Author, department: bytes | None, topic: str, to: bytes | None
) -> Rejection | None:
    if "vote.delegate" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if to is None:
        return None
    if not charter.parameter(state, "delegation"):
        return Rejection.NOT_ALLOWED
    if department is not None and (topic or active(state, department) is None):
        return Rejection.DEPARTMENT_UNKNOWN
    if to == author.root:
        return Rejection.DELEGATE_SELF
    member = state.get(member_key(to), Member)
    return None if member is not None and has_vote(member) else Rejection.DELEGATE_UNKNOWN


def _comes_back(state: State, root: bytes, to: bytes, scope: bytes) -> bool:
    """Does the chain of this very scope lead back? A chain too long to follow counts as one that does."""
    at: bytes | None = to
    for _ in range(DELEGATION_WALK_MAX):
        if at is None:
            return False
        if at == root:
            return True
        at = dict((state.get(delegations_key(at), Delegations) or NONE).rows).get(scope)
    return True


def delegate_for(state: State, root: bytes, scopes: list[bytes]) -> bytes | None:
    """Whom a member lets vote, by the narrowest of these scopes."""
    rows = dict((state.get(delegations_key(root), Delegations) or NONE).rows)
    for scope in scopes:
        if scope in rows:
            return rows[scope]
    return None


def scopes_of(state: State, proposal: Proposal) -> list[bytes]:
    """Scopes that cover a proposal, narrowest first."""
    found = [scope_of(None, proposal.topic)] if proposal.topic else []
    if proposal.department is not None:
        found += [scope_of(id_, "") for id_ in chain_of(state, proposal.department)]
    return [*found, b""]


def carried(state: State, id_: bytes, proposal: Proposal, voted: set[bytes]) -> Delegated[bytes] | None:
    """Who carries whose power among these voters; None where nobody delegates anything."""
    if not state.need(TOTALS_KEY, Totals).delegators or not charter.rule_of(state, proposal, "delegation"):
        return None
    scopes = scopes_of(state, proposal)
    powers = dict(electorate(state, id_, proposal))
    chosen: dict[bytes, bytes] = {}
    for root in powers:
        if root in voted:
            continue
        member = state.get(member_key(root), Member)
        to = delegate_for(state, root, scopes) if member is not None and member.status == "active" else None
        if to is not None:
            chosen[root] = to
    return resolve(powers, voted, chosen) if chosen else None
