"""Forks: two actions of one device with one sequence number (protocol §3, evidence and freeze).

Invariant: a frozen device's later actions have no effect. The evidence carries its own proof; that its
signatures are good was checked at admission, with the action's own.
"""

from __future__ import annotations

from dao_app.core.entities import Device
from dao_app.core.envelope import Action, parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.keys import device_key
from dao_app.core.limits import PAYLOAD_BYTES_MAX
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.schema import Schema
from dao_app.core.state import State


def _envelope(value: object) -> bool:
    return type(value) is bytes and 0 < len(value) <= PAYLOAD_BYTES_MAX // 2


FORK = Schema({"one": _envelope, "two": _envelope})


def fork_of(one: bytes, two: bytes) -> tuple[Action, Action] | None:
    """The two actions, if these envelopes prove a fork (their signatures are checked elsewhere)."""
    try:
        first, second = parse_action(unpack(one)[0]), parse_action(unpack(two)[0])
    except EncodingError:
        return None
    same = first.by == second.by and first.seq == second.seq and first.org == second.org
    return (first, second) if same and first.id < second.id else None


def fork(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Freeze a device that signed two histories."""
    proof = fork_of(action.body["one"], action.body["two"])
    if proof is None or proof[0].org != action.org:
        return Rejection.EVIDENCE_BAD
    key = device_key(proof[0].by)
    device = state.get(key, Device)
    if device is None or device.status != "active":
        return Rejection.DEVICE_FROZEN
    state.put(key, device._replace(status="frozen"))
    return None
