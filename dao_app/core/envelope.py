"""Actions as they are written, signed and carried (protocol §2), and the other signed objects.

Payload: a DAG-CBOR map {v, org, by, seq, prev, deps, at, type, body}. Its id is the SHA-256 digest
behind CIDv1(dag-cbor); the signature covers prefix ‖ digest; the envelope is [payload, signature].
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cbor2

from dao_app.core.encoding import Link, checked, decode_unchecked, digest, encode, with_links
from dao_app.core.errors import EncodingError
from dao_app.core.limits import DEPS_MAX, ENVELOPE_BYTES_MAX, INT_MAX, PAYLOAD_BYTES_MAX, SEQ_MAX

VERSION = 1
ACTION_PREFIX = b"guildhall/action/1\0"
DEVICE_PREFIX = b"guildhall/device/1\0"  # root certifies a device
WITNESS_PREFIX = b"guildhall/witness/1\0"  # holder of a witness key declares it
RECOVERY_PREFIX = b"guildhall/recovery/1\0"  # member names a branch and new witnesses
REVOKE_PREFIX = b"guildhall/revoke/1\0"  # root revokes a device
GUARDIANS_PREFIX = b"guildhall/guardians/1\0"  # root names guardians
BEARER_PREFIX = b"guildhall/bearer/1\0"  # holder of an invitation proves it
PROPOSAL_PREFIX = b"guildhall/proposal/1\0"  # witness that leads a round proposes a checkpoint
PREVOTE_PREFIX = b"guildhall/prevote/1\0"  # witness finds it good, or nothing
PRECOMMIT_PREFIX = b"guildhall/precommit/1\0"  # witness co-signs a checkpoint
GENESIS_TYPE = "org.create"
JOIN_TYPE = "member.join"
CERTIFY_TYPE = "device.certify"
EPOCH_TYPE = "key.epoch"
TYPE_BYTES_MAX = 48


class Action(NamedTuple):
    """One decoded action. ``id``, ``org``, ``by``, ``prev`` and ``deps`` are 32-byte values."""

    id: bytes
    org: bytes | None
    by: bytes
    seq: int
    prev: bytes | None
    deps: tuple[bytes, ...]
    at: int
    type: str
    body: dict[str, Any]


def build_payload(
    org: bytes | None,
    by: bytes,
    seq: int,
    prev: bytes | None,
    deps: tuple[bytes, ...],
    at: int,
    type_: str,
    body: dict[str, Any],
) -> bytes:
    """Encode a payload to be signed. Raises EncodingError where the body is not in the subset."""
    payload = encode(
        {
            "v": VERSION,
            "org": org,
            "by": by,
            "seq": seq,
            "prev": None if prev is None else Link(prev),
            "deps": [Link(d) for d in deps],
            "at": at,
            "type": type_,
            "body": body,
        }
    )
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise EncodingError("payload too large")
    return payload


def signed_message(id_: bytes) -> bytes:
    """What the device signs for an action id (32 bytes)."""
    return ACTION_PREFIX + id_


def witness_message(org: bytes, term: int, device: bytes, key: bytes) -> bytes:
    """What a witness key signs for the device that declares it for a term."""
    return WITNESS_PREFIX + encode([org, term, device, key])


def device_message(org: bytes | None, device: bytes) -> bytes:
    """What a root signs to certify a device; ``org`` is None in the genesis itself."""
    return DEVICE_PREFIX + encode([org, device])


def revoke_message(org: bytes, device: bytes) -> bytes:
    """What a root signs to revoke a device."""
    return REVOKE_PREFIX + encode([org, device])


def guardians_message(org: bytes, root: bytes, version: int, needed: int, guardians: list[bytes]) -> bytes:
    """What a root signs to name guardians (members), so many of whom are needed; the version keeps an earlier list
    from being put again."""
    return GUARDIANS_PREFIX + encode([org, root, version, needed, guardians])


def bearer_message(org: bytes, root: bytes, device: bytes) -> bytes:
    """What an invitation's bearer key signs for one joiner: it cannot be reused by another."""
    return BEARER_PREFIX + encode([org, root, device])


def pack(payload: bytes, signature: bytes) -> bytes:
    """The envelope of a payload and its 64-byte signature."""
    return encode([payload, signature])


def unpack(envelope: bytes) -> tuple[bytes, bytes]:
    """Payload and signature of an envelope. Raises EncodingError for anything else."""
    size = len(envelope)
    if size > ENVELOPE_BYTES_MAX:
        raise EncodingError("envelope too large")
    if size < 70 or envelope[-66:-64] != _SIGNATURE_HEAD:
        raise EncodingError("envelope without payload and signature")
    payload = envelope[_head_bytes(size) : -66]
    if envelope[:-66] != _pair_head(len(payload)) + payload:
        raise EncodingError("envelope not in canonical form")
    return payload, envelope[-64:]


def unpack_trusted(envelope: bytes) -> tuple[bytes, bytes]:
    """As ``unpack`` for an envelope that it accepted before."""
    return envelope[_head_bytes(len(envelope)) : -66], envelope[-64:]


_SIGNATURE_HEAD = b"\x58\x40"  # CBOR: byte string of 64


def _head_bytes(size: int) -> int:
    """Bytes before the payload in an envelope of this size: the list's head and the payload's."""
    rest = size - 66
    return 2 if rest < 2 + 24 else 3 if rest < 3 + 256 else 4 if rest < 4 + 65_536 else 6


def _pair_head(size: int) -> bytes:
    """CBOR heads of a list of two and of a byte string of this size."""
    if size < 24:
        return bytes([0x82, 0x40 | size])
    if size < 256:
        return bytes([0x82, 0x58, size])
    if size < 65_536:
        return b"\x82\x59" + size.to_bytes(2, "big")
    return b"\x82\x5a" + size.to_bytes(4, "big")


# A payload is a map of nine fields in a fixed order, so its ends can be read at their places: it begins with
# {"v": 1, "at": …, "by": …}, and after the body come deps, prev and type.
_START = b"\xa9\x61v\x01\x62at"
_BY = b"\x62by\x58\x20"
_BEFORE_TAIL = ("v", "at", "by", "org", "seq", "body")
_TYPE, _PREV, _DEPS = b"\x64type", b"\x64prev", b"\x64deps"
_NULL = b"\xf6"
_LINK = b"\xd8\x2a\x58\x25\x00\x01\x71\x12\x20"  # tag 42 over 37 bytes: CIDv1, dag-cbor, sha2-256
_LINK_BYTES = len(_LINK) + 32
_LISTS = [bytes([0x80 | count]) for count in range(DEPS_MAX + 1)]  # heads of lists


def author_key(payload: bytes) -> bytes:
    """The key under ``by``, before the rest of the payload is checked. Raises EncodingError."""
    size = payload[7] - 24 if len(payload) > 7 else -1
    by = 8 if size < 0 else 8 + (1 << size)  # behind the integer ``at``
    if not payload.startswith(_START) or size > 3 or payload[by : by + 5] != _BY or len(payload) < by + 37:
        raise EncodingError("no map with an author")
    return payload[by + 5 : by + 37]


def parse_action(payload: bytes, id_: bytes | None = None) -> Action:
    """Decode a foreign payload strictly; ``id_`` is its digest where that is known. Raises EncodingError."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise EncodingError("payload too large")
    end = len(payload)
    start = max(0, end - TYPE_BYTES_MAX - len(_TYPE) - 2)
    while (place := payload.find(_TYPE, start)) >= 0:  # the text itself may hold this word
        size = end - place - 5
        text = place + 6 if size <= 24 else place + 7  # behind its head
        if payload[place + 5 : text] == (bytes([0x5F + size]) if size <= 24 else bytes([0x78, size - 2])):
            links = _links_before(payload, place)
            if links is not None:
                return _parse_with(payload, id_, *links, payload[text:])
        start = place + 1
    raise EncodingError("not the fields of an action")


def _links_before(payload: bytes, end: int) -> tuple[int, tuple[bytes, ...], bytes | None] | None:
    """Where deps begin, deps and prev, if these stand before this place."""
    prev: bytes | None = None
    if payload[end - 1 : end] == _NULL and payload[end - 6 : end - 1] == _PREV:
        end -= 6
    else:
        if not payload.startswith(_PREV + _LINK, max(0, end - _LINK_BYTES - 5)):
            return None
        prev = payload[end - 32 : end]
        end -= _LINK_BYTES + 5
    for count in range(DEPS_MAX + 1):
        start = end - count * _LINK_BYTES - 6
        if start < 0:
            return None
        if payload[start + 5 : start + 6] == _LISTS[count] and payload[start : start + 5] == _DEPS:
            deps = [payload[place : place + _LINK_BYTES] for place in range(start + 6, end, _LINK_BYTES)]
            if not all(dep.startswith(_LINK) for dep in deps):
                return None
            return start, tuple([dep[9:] for dep in deps]), prev
    return None


def _parse_with(
    payload: bytes, id_: bytes | None, start: int, deps: tuple[bytes, ...], prev: bytes | None, text: bytes
) -> Action:
    """The rest of the payload, whose tail begins at ``start``."""
    value = decode_unchecked(b"\xa6" + payload[1:start])
    if payload[0] != 0xA9 or type(value) is not dict or tuple(value) != _BEFORE_TAIL:
        raise EncodingError("not the fields of an action")
    try:
        type_ = text.decode()
    except UnicodeDecodeError as error:
        raise EncodingError("type is no text") from error
    value["body"] = checked(value["body"])  # the other fields are checked one by one
    return _action(id_ or digest(payload), value, deps, prev, type_)


def parse_trusted(id_: bytes, payload: bytes) -> Action:
    """Decode a payload that was checked before (store, verifying worker); as ``parse_action`` does, so that
    an action is judged alike whether it comes from a peer or from the store."""
    value = cbor2.loads(payload)
    prev, body = value["prev"], value["body"]
    for name, item in body.items():
        kind = type(item)
        if kind is cbor2.CBORTag or kind is list or kind is dict:
            body[name] = with_links(item)
    return Action(
        id_, value["org"], value["by"], value["seq"], None if prev is None else prev.value[5:],
        tuple([dep.value[5:] for dep in value["deps"]]), value["at"], value["type"], body,
    )


def _action(
    id_: bytes, value: dict[str, Any], deps: tuple[bytes, ...], prev: bytes | None, type_: str
) -> Action:
    org, by, seq, at, body = value["org"], value["by"], value["seq"], value["at"], value["body"]
    genesis = type_ == GENESIS_TYPE
    if value["v"] != VERSION or type(value["v"]) is not int:
        raise EncodingError("unknown version of action")
    if type(by) is not bytes or len(by) != 32:
        raise EncodingError("author is no key")
    if (org is not None) if genesis else (type(org) is not bytes or len(org) != 32):
        raise EncodingError("organisation missing or misplaced")
    if type(seq) is not int or not 1 <= seq <= SEQ_MAX:
        raise EncodingError("sequence number out of range")
    if (prev is None) is not (seq == 1):
        raise EncodingError("previous link missing or misplaced")
    if type(at) is not int or not 0 <= at <= INT_MAX:
        raise EncodingError("bad time")
    if not type_ or type(body) is not dict:
        raise EncodingError("bad type or body")
    if genesis and (seq != 1 or deps):
        raise EncodingError("a genesis comes first")
    if len(deps) > 1 and len(set(deps)) != len(deps):
        raise EncodingError("repeated dependency")
    return Action(id_, org, by, seq, prev, deps, at, type_, body)
