"""A member's devices: certifying a further one; forks, their evidence and the freeze (protocol §1, §3).

Invariant: a frozen device's later actions have no effect. The evidence carries its own proof; that its
signatures are good was checked at admission, with the action's own.
"""

from __future__ import annotations

from dao_app.core.entities import Device, Member
from dao_app.core.envelope import Action, parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.keys import device_key, member_key
from dao_app.core.limits import DEVICES_ACTIVE_MAX, PAYLOAD_BYTES_MAX
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.schema import Schema, key, signature
from dao_app.core.state import State


def _envelope(value: object) -> bool:
    return type(value) is bytes and 0 < len(value) <= PAYLOAD_BYTES_MAX // 2


CERTIFY = Schema({"root": key, "cert": signature})
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
    root = action.body["root"]
    member = state.get(member_key(root), Member)
    if member is None:
        return Rejection.NOT_A_MEMBER
    if member.status in ("left", "expelled"):
        return Rejection.MEMBER_NOT_ACTIVE
    if state.get(device_key(action.by), Device) is not None:
        return Rejection.DEVICE_KNOWN
    if member.devices >= DEVICES_ACTIVE_MAX:
        return Rejection.DEVICES_MANY
    state.put(member_key(root), member._replace(devices=member.devices + 1))
    state.put(device_key(action.by), Device(root, "active", context.height))
    return None


def freeze(state: State, device: bytes) -> bool:
    """Freeze an active device; False where it is none."""
    found = state.get(device_key(device), Device)
    if found is None or found.status != "active":
        return False
    member = state.need(member_key(found.member), Member)
    state.put(member_key(found.member), member._replace(devices=member.devices - 1))
    state.put(device_key(device), found._replace(status="frozen"))
    return True


def fork(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Freeze a device that signed two histories."""
    proof = fork_of(action.body["one"], action.body["two"])
    if proof is None or proof[0].org != action.org:
        return Rejection.EVIDENCE_BAD
    return None if freeze(state, proof[0].by) else Rejection.DEVICE_FROZEN
