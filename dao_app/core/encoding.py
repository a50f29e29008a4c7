"""The strict subset of DAG-CBOR in which everything is hashed, signed and stored (protocol §2).

Integers within ±2⁵³−1, byte strings, UTF-8 text, lists, maps with text keys, booleans, null and
links (tag 42 over a CIDv1, dag-cbor, sha2-256). No floats, other tags, indefinite lengths, duplicate
or unsorted keys; depth at most 16. ``decode`` refuses whatever would not encode to the same bytes.
Source: IPLD DAG-CBOR specification; RFC 8949 §4.2.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import cbor2

from dao_app.core.errors import EncodingError
from dao_app.core.limits import DEPTH_MAX, INT_MAX, POWER_BYTES_MAX

CID_PREFIX = b"\x01\x71\x12\x20"  # CIDv1, dag-cbor, sha2-256, 32 bytes
_TAG_PREFIX = b"\x00" + CID_PREFIX
_LINK_TAG = 42


class Link(bytes):
    """A link to a dag-cbor block: the 32-byte SHA-256 digest of its bytes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Link({self.hex()[:12]})"


def _encode_link(encoder: Any, link: Link) -> None:
    encoder.encode(cbor2.CBORTag(_LINK_TAG, _TAG_PREFIX + link))


_NESTING = (cbor2.CBORTag, dict, list)
_ENCODERS: dict[type, Any] = {Link: _encode_link}


def digest(data: bytes) -> bytes:
    """SHA-256 of the bytes (32 bytes)."""
    return hashlib.sha256(data).digest()


def encode(value: Any) -> bytes:
    """Encode a value of the subset; tuples encode as lists.

    Raises EncodingError for what the subset does not hold.
    """
    try:
        data: bytes = cbor2.dumps(value, canonical=True, encoders=_ENCODERS)
    except (cbor2.CBOREncodeError, ValueError, TypeError, OverflowError) as error:
        raise EncodingError(f"cannot encode: {error}") from error
    decode(data)
    return data


def encode_trusted(value: Any) -> bytes:
    """Encode a value that our own code built from the subset, without links and unsorted maps."""
    data: bytes = cbor2.dumps(value)
    return data


def decode(data: bytes, depth_max: int = DEPTH_MAX) -> Any:
    """Decode bytes of the subset. Raises EncodingError for anything else; never another exception."""
    return checked(decode_unchecked(data, depth_max))


def decode_unchecked(data: bytes, depth_max: int = DEPTH_MAX) -> Any:
    """Decode bytes that are CBOR in its shortest form; types, ranges and key order are the caller's to check
    (``checked``), and links are still tags. Raises EncodingError."""
    try:
        value = cbor2.loads(
            data, max_depth=depth_max, allow_indefinite=False, allow_duplicate_keys=False
        )
        same = cbor2.dumps(value) == data
    except Exception as error:  # whatever a codec raises for foreign bytes is the bytes' fault
        raise EncodingError("not CBOR of the strict subset") from error
    if not same:
        raise EncodingError("not in canonical form")
    return value


def decode_trusted(data: bytes) -> Any:
    """Decode bytes that ``decode`` accepted before (our own store); links become ``Link``."""
    return with_links(cbor2.loads(data))


def with_links(value: Any) -> Any:
    """A trusted decoded value with its links as ``Link`` (in place where it can be)."""
    kind = type(value)
    if kind is cbor2.CBORTag:
        return Link(value.value[5:])
    if kind is dict:
        for key, item in value.items():
            if type(item) in _NESTING:
                value[key] = with_links(item)
    elif kind is list:
        for place, item in enumerate(value):
            if type(item) in _NESTING:
                value[place] = with_links(item)
    return value


def checked(value: Any) -> Any:
    """Check types, ranges and key order; returns the value with links as ``Link`` (in place)."""
    kind = type(value)
    if kind is int:
        if not -INT_MAX <= value <= INT_MAX:
            raise EncodingError("integer beyond ±2^53-1")
        return value
    if kind is bytes or kind is str or kind is bool or value is None:
        return value
    if kind is dict:
        _check_map(value)
        return value
    if kind is list:
        for place, item in enumerate(value):
            found = checked(item)
            if found is not item:
                value[place] = found
        return value
    if kind is cbor2.CBORTag:
        inner = value.value
        if value.tag != _LINK_TAG or type(inner) is not bytes or len(inner) != 37:
            raise EncodingError("tag that is no link")
        if inner[:5] != _TAG_PREFIX:
            raise EncodingError("link that is not CIDv1 dag-cbor sha2-256")
        return Link(inner[5:])
    raise EncodingError(f"type {kind.__name__} is not in the subset")


def _check_map(value: dict[Any, Any]) -> None:
    before = (-1, b"")
    for key, item in value.items():
        if type(key) is not str:
            raise EncodingError("map key that is no text")
        raw = key.encode()
        order = (len(raw), raw)
        if order <= before:
            raise EncodingError("map keys out of order")
        before = order
        found = checked(item)
        if found is not item:
            value[key] = found


def cid_text(link: bytes) -> str:
    """The CID of a digest as text in base32, as IPLD tools write it ("bafyrei…")."""
    raw = CID_PREFIX + bytes(link)
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def power_to_wire(power: int) -> int | bytes:
    """A power as it stands in a payload: an integer up to 2⁵³−1, above that minimal big-endian bytes."""
    if power <= INT_MAX:
        return power
    return power.to_bytes((power.bit_length() + 7) // 8, "big")


def power_from_wire(value: Any) -> int | None:
    """The power meant by a payload value, or None where it is none (negative, not minimal, too big)."""
    if type(value) is int:
        return value if value >= 0 else None
    if type(value) is bytes and 0 < len(value) <= POWER_BYTES_MAX and value[0] != 0:
        power = int.from_bytes(value, "big")
        return power if power > INT_MAX else None
    return None
