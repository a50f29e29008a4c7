"""A member's devices: certifying a further one, revoking one; forks, their evidence and the freeze (protocol §1, §3).

Invariants: the later actions of a device that is frozen or revoked have no effect, it never becomes active again, and
its loss begins an epoch. Evidence and revocations carry their own proof; that the signatures in them are good was
checked at admission, with the action's own.
"""

from __future__ import annotations

from dao_app.core.entities import Device, Member
from dao_app.core.envelope import Action, parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.keys import device_key, member_key
from dao_app.core.limits import DEVICES_ACTIVE_MAX, PAYLOAD_BYTES_MAX
from dao_app.core.rules import epochs
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.members import GONE, member_of
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.schema import Schema, key, signature
from dao_app.core.state import State


def _envelope(value: object) -> bool:
    return type(value) is bytes and 0 < len(value) <= PAYLOAD_BYTES_MAX // 2


CERTIFY = Schema({"root": key, "cert": signature})
REVOKE = Schema({"device": key, "root": key, "sig": signature})
FORK = Schema({"one": _envelope, "two": _envelope})


def fork_of(one: bytes, two: bytes) -> tuple[Action, Action] | None:
    """The two actions, if these envelopes prove a fork (their signatures are checked elsewhere)."""
    try:
        first, second = parse_action(unpack(one)[0]), parse_action(unpack(two)[0])
    except EncodingError:
        return None
    same = first.by == second.by and first.seq == second.seq and first.org == second.org
    return (first, second) if same and first.id < second.id else None


def certify(state: State, action: Action, context: Context) -> Rejection | None:
    """A member's root certified a new device, whose first action this is."""
    root = member_of(state, action.body["root"])
    if root is None:
        return Rejection.NOT_A_MEMBER
    member = state.need(member_key(root), Member)
    if member.status in GONE:
        return Rejection.MEMBER_NOT_ACTIVE
    if state.get(device_key(action.by), Device) is not None:
        return Rejection.DEVICE_KNOWN
    if len(member.devices) >= DEVICES_ACTIVE_MAX:
        return Rejection.DEVICES_MANY
    state.put(member_key(root), member._replace(devices=tuple(sorted((*member.devices, action.by)))))
    state.put(device_key(action.by), Device(root, "active", context.height))
    return None


def end(state: State, device: bytes, status: str, height: int) -> bool:
    """Take an active device's rights in the checkpoint of this height; False where it is none."""
    found = state.get(device_key(device), Device)
    if found is None or found.status != "active":
        return False
    member = state.need(member_key(found.member), Member)
    state.put(member_key(found.member), member._replace(devices=tuple(d for d in member.devices if d != device)))
    state.put(device_key(device), found._replace(status=status))
    epochs.begin(state, height)
    return True


def freeze(state: State, device: bytes, height: int) -> bool:
    """Freeze an active device; False where it is none."""
    return end(state, device, "frozen", height)


def revoke(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A member's root takes a device of that member's back; any member may hand it in."""
    device = action.body["device"]
    member = member_of(state, action.body["root"])
    if member is None:
        return Rejection.ROOT_UNKNOWN
    found = state.get(device_key(device), Device)
    if found is None or found.member != member:
        return Rejection.DEVICE_UNKNOWN
    return None if end(state, device, "revoked", context.height) else Rejection.DEVICE_NOT_ACTIVE


def fork(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Freeze a device that signed two histories."""
    proof = fork_of(action.body["one"], action.body["two"])
    if proof is None or proof[0].org != action.org:
        return Rejection.EVIDENCE_BAD
    return None if freeze(state, proof[0].by, context.height) else Rejection.DEVICE_FROZEN
