"""Guardians (ID-3): k of n members who may give somebody another root key (protocol §6).

Invariants: only the member's root names guardians, and no list that it signed can be put twice; a change of roots
needs ``needed`` guardians who approve one and the same key, and then the charter's delay, in which any active device of
the member refuses it; a key that is or was a root is never taken; with the change all devices of the member lose
their rights. A member keeps its id, the first root.
"""

from __future__ import annotations

from dao_app.core.entities import DueItem, Member
from dao_app.core.envelope import Action
from dao_app.core.key_entities import Guardians, Root
from dao_app.core.keys import guardians_key, member_key, root_key
from dao_app.core.limits import GUARDIANS_MAX
from dao_app.core.rules import devices
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.members import GONE, is_root, member_of
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

SET = s.Schema(
    {
        "guardians": s.list_of(s.key, GUARDIANS_MAX), "needed": s.count, "version": s.count, "root": s.key,
        "sig": s.signature,
    }
)
APPROVE = s.Schema({"member": s.key, "root": s.key})
REFUSE = s.Schema({"member": s.key})


def name(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Name one's guardians, none to end it. The root's signature was checked at admission."""
    body = action.body
    if member_of(state, body["root"]) != author.root:
        return Rejection.ROOT_NOT_YOURS
    key = guardians_key(author.root)
    before = state.get(key, Guardians)
    if body["version"] != (before.version if before is not None else 0) + 1:
        return Rejection.GUARDIANS_VERSION
    guardians = tuple(sorted(body["guardians"]))
    if len(set(guardians)) != len(guardians) or author.root in guardians:
        return Rejection.GUARDIANS_BAD
    if not min(1, len(guardians)) <= body["needed"] <= len(guardians):
        return Rejection.GUARDIANS_BAD
    for root in guardians:
        member = state.get(member_key(root), Member)
        if member is None:
            return Rejection.MEMBER_UNKNOWN
        if member.status != "active":
            return Rejection.MEMBER_NOT_ACTIVE
    state.put(key, Guardians(guardians, body["needed"], body["version"], body["root"], (), b"", 0))
    return None


def approve(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Vouch that a member's root shall be this key; the last voice needed begins the delay."""
    member, root = action.body["member"], action.body["root"]
    found = state.get(guardians_key(member), Guardians)
    if found is None or author.root not in found.guardians:
        return Rejection.NOT_GUARDIAN
    if state.need(member_key(member), Member).status in GONE:
        return Rejection.MEMBER_NOT_ACTIVE
    if found.root:
        return Rejection.REKEY_WAITS
    if is_root(state, root):
        return Rejection.ROOT_USED
    if (author.root, root) in found.approvals:
        return Rejection.ALREADY_APPROVED
    approvals = tuple(sorted({**dict(found.approvals), author.root: root}.items()))
    enough = sum(approved == root for _, approved in approvals) >= found.needed
    state.put(guardians_key(member), found._replace(approvals=approvals, root=root if enough else b""))
    if enough:
        state.start("rekey", member, context.place, parameter(state, "rekey_delay_ms"))
    return None


def refuse(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """The member has a device still, and does not want it."""
    if action.body["member"] != author.root:
        return Rejection.NOT_ALLOWED
    found = state.get(guardians_key(author.root), Guardians)
    if found is None or not found.approvals:
        return Rejection.NOTHING_TO_REFUSE
    state.put(guardians_key(author.root), _without_approvals(found))
    return None


def start_rekey(state: State, member: bytes, delay: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the last voice needed."""
    found = state.need(guardians_key(member), Guardians)
    if found.root and not found.until:
        until = time + delay
        state.put(guardians_key(member), found._replace(until=until))
        schedule(state, DueItem(until, place, "rekey", member))


def rekey(state: State, member: bytes, time: int, height: int) -> None:
    """Nobody refused: the new key is the member's root, and all devices that the old one certified are revoked."""
    found = state.need(guardians_key(member), Guardians)
    if not 0 < found.until <= time:
        return
    person = state.need(member_key(member), Member)
    done = _without_approvals(found)
    if person.status in GONE or is_root(state, found.root):
        state.put(guardians_key(member), done)
        return
    state.put(guardians_key(member), done._replace(current=found.root))
    state.put(root_key(found.current), Root(member, "replaced"))
    state.put(root_key(found.root), Root(member, "current"))
    for device in person.devices:
        devices.end(state, device, "revoked", height)


def _without_approvals(found: Guardians) -> Guardians:
    return found._replace(approvals=(), root=b"", until=0)
