"""Another key for the organisation after each loss of rights: made by whichever device is first (protocol §5).

Devices go by rank of SHA-256(height ‖ device), each waiting a little longer, so that mostly one makes the key and the
others find it in the log. Invariants: only a device that is in and holds a key makes the next one; it is sealed to the
devices that are active in the final state it goes by, and to nobody else; it is kept before it is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.app.ports import Random
from dao_app.app.workspace_ports import KeyTools
from dao_app.core.encoding import digest
from dao_app.core.entities import Device, Member
from dao_app.core.envelope import Action
from dao_app.core.key_entities import Epoch
from dao_app.core.keys import EPOCH_KEY, device_key, member_key
from dao_app.core.limits import SEALS_MAX
from dao_app.core.org_keys import KEY_BYTES, key_id
from dao_app.core.rules.members import GONE

WAIT_MS = 5_000  # of the second in rank; the n-th waits about so long for each doubling of n
UNOPENED_MS = 60_000  # longer where there is a key that is not sealed to this device: the rest of it may be coming


@dataclass(slots=True)
class KeyDuty:
    """What this device does about one epoch."""

    height: int = 0
    since_ms: int = 0
    wait_ms: int = 0
    key: bytes = b""
    left: list[bytes] = field(default_factory=list)  # devices to which the key made here is not sealed yet


def wait_of(rank: int) -> int:
    """How long the device of this rank (from 0) waits, in ms: linear between the powers of two."""
    if rank == 0:
        return 0
    whole = 1 << (rank.bit_length() - 1)
    return WAIT_MS * rank.bit_length() + WAIT_MS * (rank - whole) // whole


def active_devices(org: Organisation) -> list[bytes]:
    """Devices with rights by the final state."""
    found = []
    for device in org.heads():
        row = org.replay.final.entity(device_key(device))
        if not isinstance(row, Device) or row.status != "active":
            continue
        member = org.replay.final.entity(member_key(row.member))
        if isinstance(member, Member) and member.status not in GONE:
            found.append(device)
    return found


def make_key(org: Organisation, duty: KeyDuty, keys: KeyTools, random: Random, now_ms: int) -> list[Action]:
    """Once a second: make the epoch's key if it is this device's turn, or go on sealing it; returns what was signed."""
    epoch = org.replay.final.entity(EPOCH_KEY)
    if not isinstance(epoch, Epoch) or not epoch.height or org.signer is None or not org.may_derive():
        return []
    own = org.signer.public
    if org.standing(own) != "active":
        return []
    if duty.height != epoch.height:
        devices = active_devices(org)
        prefix = epoch.height.to_bytes(8, "big")
        mine = digest(prefix + own)
        rank = sum(digest(prefix + device) < mine for device in devices)
        duty.height, duty.since_ms, duty.wait_ms, duty.key, duty.left = epoch.height, now_ms, wait_of(rank), b"", []
    if not duty.left and not _is_due(org, epoch, duty, now_ms):
        return []
    if not duty.left:
        duty.key, duty.left = random.token(KEY_BYTES), sorted(active_devices(org))
        org.ring.offer([(duty.height, duty.key)])
    batch = duty.left[:SEALS_MAX]
    body = {
        "height": duty.height,
        "id": key_id(org.org_id, duty.height, duty.key),
        "seals": [[device, keys.seal_to(device, duty.key)] for device in batch],
    }
    try:
        action = org.write("key.epoch", body)
    except Refused:
        return []  # somebody loses rights just now: the next epoch asks again
    duty.left = duty.left[SEALS_MAX:]
    duty.since_ms = now_ms
    return [action]


def _is_due(org: Organisation, epoch: Epoch, duty: KeyDuty, now_ms: int) -> bool:
    """Is no key of the epoch here, nor on its way to this device, and has this device waited long enough?"""
    if org.ring.holds(epoch.height) or not org.ring.held:
        return False
    coming = org.keys_coming(epoch.height)
    wait = duty.wait_ms + (UNOPENED_MS if epoch.key_id or coming else 0)
    return now_ms - duty.since_ms >= wait and not any(coming)
