"""A device's own signed word about its addresses: what members pass on about each other (peer exchange). Sans-IO.

A record is DAG-CBOR ``[payload, signature]``; the payload is DAG-CBOR ``[1, org, device, time in ms, relays,
[address …]]``; the device signs ``"guildhall/addresses/1\\0"`` ‖ payload. Of one device the newest counts, so an old
one that is told again changes nothing. ``relays``: members may reach others through this device.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from dao_app.app.addresses import ADDRESSES_PER_DEVICE_MAX, RECORD_BYTES_MAX, read_address
from dao_app.app.ports import SignatureCheck, Signer, Verifier
from dao_app.core.encoding import decode, encode
from dao_app.core.errors import EncodingError
from dao_app.core.limits import INT_MAX

VERSION = 1
PREFIX = b"guildhall/addresses/1\0"


class Record(NamedTuple):
    """``raw``: as it is passed on."""

    raw: bytes
    org: bytes
    device: bytes
    at_ms: int
    relays: bool
    addresses: tuple[str, ...]


def sign_record(signer: Signer, org: bytes, at_ms: int, relays: bool, addresses: Sequence[str]) -> Record:
    """This device's word; addresses beyond the most that a record may have are left out."""
    told = list(addresses)[:ADDRESSES_PER_DEVICE_MAX]
    payload = encode([VERSION, org, signer.public, at_ms, relays, told])
    raw = encode([payload, signer.sign(PREFIX + payload)])
    return Record(raw, org, signer.public, at_ms, relays, tuple(told))


def read_record(raw: bytes) -> Record | None:
    """Read a foreign record whose signature is not checked yet; None where it is none."""
    outer = _list(raw, 2) if len(raw) <= RECORD_BYTES_MAX else None
    if outer is None or any(type(part) is not bytes for part in outer) or len(outer[1]) != 64:
        return None
    value = _list(outer[0], 6)
    if value is None or list(map(type, value)) != [int, bytes, bytes, int, bool, list] or value[0] != VERSION:
        return None
    _, org, device, at_ms, relays, addresses = value
    if len(org) != 32 or len(device) != 32 or not 0 <= at_ms <= INT_MAX or len(addresses) > ADDRESSES_PER_DEVICE_MAX:
        return None
    for text in addresses:
        address = read_address(text) if type(text) is str else None
        if address is None or address.device != device:
            return None
    return Record(raw, org, device, at_ms, relays, tuple(addresses))


def is_signed(record: Record, verifier: Verifier) -> bool:
    """Did the device itself sign this?"""
    payload, signature = decode(record.raw)
    return verifier.is_valid_key(record.device) and verifier.verify(
        SignatureCheck(record.device, PREFIX + payload, signature)
    )


def _list(raw: bytes, length: int) -> list[Any] | None:
    try:
        value = decode(raw)
    except EncodingError:
        return None
    return value if type(value) is list and len(value) == length else None
