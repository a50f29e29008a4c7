"""Invitations and joining (ORG-2, ORG-3).

Invariants: an invitation is used at most ``uses`` times, never after it expired or was revoked by sealed
time, nor while its inviter is suspended or expelled; who joins has exactly the role of the invitation; a
root joins once; a refused device never has an effect. Between two joiners with one single-use invitation
the final order decides.
"""

from __future__ import annotations

from dao_app.core.entities import Device, DueItem, Grant, Invite, Member, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import TOTALS_KEY, device_key, invite_key, member_key
from dao_app.core.limits import INVITE_LIFETIME_MS_MAX, INVITE_USES_MAX, INVITES_OPEN_PER_MEMBER_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.lockout import locks_out
from dao_app.core.rules.members import is_root, is_steward, put_member
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.roles import CONTROL, INVITABLE, PLAIN, permissions_of
from dao_app.core.state import State

INVITE = s.Schema({"bearer": s.key, "role": s.name, "uses": s.count, "lifetime": s.count}, {"note": s.ref})
REVOKE = s.Schema({"invite": s.link})
LEAVE = s.Schema({})
STANCES = ("producer", "consumer", "promoter", "investor")  # sides of the economy that a member may stand on at once
SAY_STANCES = s.Schema({"stances": s.list_of(s.name, len(STANCES))})
JOIN = s.Schema(
    {"invite": s.link, "root": s.key, "cert": s.signature, "proof": s.signature}, {"profile": s.ref}
)


def invite(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Create an invitation; its time runs from the checkpoint that seals it."""
    body = action.body
    if body["role"] not in INVITABLE:
        return Rejection.ROLE_UNKNOWN
    if "invite.create" not in author.permissions:
        return Rejection.NOT_ALLOWED
    steward = "invite.role" in author.permissions
    if not steward and (body["role"] not in PLAIN or not parameter(state, "members_invite")):
        return Rejection.NOT_ALLOWED
    if not permissions_of((body["role"],)) - CONTROL <= author.permissions:
        return Rejection.ROLE_NOT_YOURS
    if not 1 <= body["uses"] <= INVITE_USES_MAX:
        return Rejection.COUNT_TOO_LARGE
    if not 1_000 <= body["lifetime"] <= INVITE_LIFETIME_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if author.member.open_invites >= INVITES_OPEN_PER_MEMBER_MAX:
        return Rejection.INVITE_QUOTA
    entity = Invite(
        body["bearer"], body["role"], author.root, body["uses"], 0, body["lifetime"], 0, "open",
        s.reference(body, "note"),
    )
    state.put(invite_key(action.id), entity)
    state.start("invite", action.id, context.place, body["lifetime"])
    _count_open(state, author.root, 1)
    return None


def revoke(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take an invitation back: its inviter, or who may give roles."""
    key = invite_key(action.body["invite"])
    found = state.get(key, Invite)
    if found is None:
        return Rejection.INVITE_UNKNOWN
    if found.inviter != author.root and "invite.role" not in author.permissions:
        return Rejection.NOT_ALLOWED
    refused = _usable(found)
    if refused:
        return refused
    state.put(key, found._replace(status="revoked"))
    _count_open(state, found.inviter, -1)
    return None


def join(state: State, action: Action, context: Context) -> Rejection | None:
    """Become a member. The signatures inside were checked at admission; here the final order decides."""
    body = action.body
    key = invite_key(body["invite"])
    found = state.get(key, Invite)
    refused = _refuse_join(state, action, found)
    if refused or found is None:
        state.put(device_key(action.by), Device(body["root"], "refused", context.height))
        return refused
    used = found.used + 1
    status = "used" if used == found.uses else "open"
    state.put(key, found._replace(used=used, status=status))
    if status == "used":
        _count_open(state, found.inviter, -1)
    profile = s.reference(body, "profile")
    status = "applicant" if parameter(state, "admission_vote") else "active"
    grants = (Grant(found.role, b"", action.id, 0),)
    member = Member(
        status, grants, context.height, found.inviter, action.id, profile, 0, (), (), (), devices=(action.by,)
    )
    put_member(state, body["root"], member, context.height)
    state.put(device_key(action.by), Device(body["root"], "active", context.height))
    return None


def say_stances(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Say on which sides one stands; it gives no right."""
    stances = tuple(sorted(action.body["stances"]))
    if len(set(stances)) != len(stances) or not set(stances) <= set(STANCES):
        return Rejection.STANCE_UNKNOWN
    put_member(state, author.root, author.member._replace(stances=stances), context.height)
    return None


def leave(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Leave; the history stays. Who alone can seal or steer hands that over first."""
    if is_steward(author.member) and state.need(TOTALS_KEY, Totals).stewards <= 1:
        return Rejection.LOCKOUT
    layer = State(state)
    put_member(layer, author.root, author.member._replace(status="left"), context.height)
    if locks_out(layer, context.time):
        return Rejection.LOCKOUT
    state.absorb(layer)
    return None


def _refuse_join(state: State, action: Action, found: Invite | None) -> Rejection | None:
    if found is None:
        return Rejection.INVITE_UNKNOWN
    refused = _usable(found)
    if refused:
        return refused
    if is_root(state, action.body["root"]):
        return Rejection.ALREADY_MEMBER
    if state.need(member_key(found.inviter), Member).status in ("suspended", "expelled"):
        return Rejection.INVITE_REVOKED
    return None


def _usable(found: Invite) -> Rejection | None:
    if found.status == "open":
        return None
    if found.status == "used":
        return Rejection.INVITE_USED
    return Rejection.INVITE_REVOKED if found.status == "revoked" else Rejection.INVITE_EXPIRED


def start_invite(state: State, id_: bytes, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the invitation: its life starts."""
    found = state.need(invite_key(id_), Invite)
    expires = time + found.lifetime
    state.put(invite_key(id_), found._replace(expires=expires))
    schedule(state, DueItem(expires, place, "expire_invite", id_))


def expire_invite(state: State, id_: bytes) -> None:
    """Its time is over."""
    found = state.need(invite_key(id_), Invite)
    if found.status == "open":
        state.put(invite_key(id_), found._replace(status="expired"))
        _count_open(state, found.inviter, -1)


def _count_open(state: State, root: bytes, by: int) -> None:
    member = state.need(member_key(root), Member)
    state.put(member_key(root), member._replace(open_invites=member.open_invites + by))
