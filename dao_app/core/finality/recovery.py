"""Recovery of an organisation whose witnesses are stuck or signed two histories (protocol §4).

A recovery names the last common state (base), the checkpoint from which to go on (branch) and the members who
seal next. Signed by more than two thirds of those who had a vote in the base's state, it prevails over anything
certified above the branch. Everything here is pure; signatures are judged elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from dao_app.core.encoding import decode, digest, encode
from dao_app.core.entities import Device, Member
from dao_app.core.envelope import RECOVERY_PREFIX
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import WITNESSES_MAX, is_bytes, is_count
from dao_app.core.keys import ELECTION_KEY, WITNESSES_KEY, device_key, member_key
from dao_app.core.rules.members import all_members, has_vote
from dao_app.core.rules.witnesses import SIZES
from dao_app.core.state import State, Tree
from dao_app.core.witness_entities import Seat, Witnesses

VERSION = 1
SIGNED_BYTES_MAX = 8 * 1024  # a recovery of ten members with one signature has about 700
_FIELDS = {"v", "org", "base", "branch", "members"}


class Place(NamedTuple):
    """A checkpoint; height 0 has the organisation's id."""

    height: int
    id: bytes


class Recovery(NamedTuple):
    id: bytes
    org: bytes
    base: Place
    branch: Place
    members: tuple[bytes, ...]
    raw: bytes


class SignedRecovery(NamedTuple):
    recovery: Recovery
    device: bytes
    signature: bytes


def build_recovery(org: bytes, base: Place, branch: Place, members: tuple[bytes, ...]) -> bytes:
    return encode(
        {"v": VERSION, "org": org, "base": list(base), "branch": list(branch), "members": list(members)}
    )


def recovery_message(id_: bytes) -> bytes:
    """What a device signs."""
    return RECOVERY_PREFIX + id_


def encode_signed(recovery: bytes, device: bytes, signature: bytes) -> bytes:
    return encode([recovery, device, signature])


def parse_signed_recovery(raw: bytes) -> SignedRecovery:
    """Read a foreign signed recovery strictly. Raises EncodingError."""
    if len(raw) > SIGNED_BYTES_MAX:
        raise EncodingError("recovery too large")
    parts = decode(raw)
    if type(parts) is not list or len(parts) != 3 or type(parts[0]) is not bytes:
        raise EncodingError("not a signed recovery")
    if not is_bytes(parts[1], 32) or not is_bytes(parts[2], 64):
        raise EncodingError("bad device or signature")
    return SignedRecovery(_parse(parts[0]), parts[1], parts[2])


def _parse(raw: bytes) -> Recovery:
    value = decode(raw)
    if type(value) is not dict or value.keys() != _FIELDS or value["v"] != VERSION or type(value["v"]) is not int:
        raise EncodingError("not a recovery")
    members = value["members"]
    if type(members) is not list or len(members) not in SIZES or not all(is_bytes(m, 32) for m in members):
        raise EncodingError("bad members")
    if len(set(members)) != len(members) or len(members) > WITNESSES_MAX or not is_bytes(value["org"], 32):
        raise EncodingError("bad members")
    base, branch = _place(value["base"]), _place(value["branch"])
    if branch.height < base.height or (branch.height == base.height and branch.id != base.id):
        raise EncodingError("the branch is not above the base")
    return Recovery(digest(raw), value["org"], base, branch, tuple(members), raw)


def _place(value: Any) -> Place:
    if type(value) is not list or len(value) != 2 or not is_count(value[0]) or not is_bytes(value[1], 32):
        raise EncodingError("bad place")
    return Place(*value)


def voices(final: Tree, devices: Iterable[bytes]) -> tuple[int, int]:
    """How many members with a vote in this state signed by an active device of theirs, and how many there are."""
    state = State(final)
    voters = {root for root in all_members(state) if has_vote(state.need(member_key(root), Member))}
    signed = set()
    for device in devices:
        found = final.entity(device_key(device))
        if isinstance(found, Device) and found.status == "active" and found.member in voters:
            signed.add(found.member)
    return len(signed), len(voters)


def is_enough(signed: int, voters: int) -> bool:
    """More than two thirds."""
    return 3 * signed > 2 * voters


def seats_of(final: Tree, members: tuple[bytes, ...]) -> tuple[Seat, ...]:
    """The members with the smallest key of their active devices; empty where one has none."""
    devices: dict[bytes, bytes] = {}
    for key, _ in final.entries():
        if key[:1] == b"d":
            found = final.entity(key)
            if isinstance(found, Device) and found.status == "active" and found.member in members:
                devices[found.member] = min(devices.get(found.member, b"\xff" * 33), key[1:])
    return tuple((root, devices[root]) for root in members) if len(devices) == len(members) else ()


def put_seats(state: State, recovery: Recovery, seats: tuple[Seat, ...], height: int) -> None:
    """The recovery's members are the witnesses of a new term from this height on."""
    now = state.get(WITNESSES_KEY, Witnesses)
    term = now.term + 1 if now is not None else 1
    state.put(WITNESSES_KEY, Witnesses(term, seats, (), (), height, recovery.id, False))
    state.put(ELECTION_KEY, None)
