"""Links as they are handed over between people: a scheme, and bytes in base32 with a checksum behind it.

The first 4 bytes of the SHA-256 follow the bytes; base32 without padding in lower case survives every chat program: no
sign of it is markup or ends a link. A text block in two languages carries the same link over several lines.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

from dao_app.core.encoding import decode, digest
from dao_app.core.errors import EncodingError

T = TypeVar("T")
CHECKSUM_BYTES = 4
ADDRESSES_MAX = 8  # of one organisation in one link
ADDRESS_CHARS_MAX = 256
LINK_CHARS_MAX = 6_000
TEXT_CHARS_MAX = 64 * 1024
LINE_CHARS = 60
PLACES_MAX = 8  # places in one text that look like a link
READINGS_MAX = 400  # chunks between blanks that may belong to one link broken over lines
_GAP = r"[\s>*|\u200b\u200c\u200d\u2060\ufeff\u00ad]*"  # blanks, quote marks, invisible breaks
_BETWEEN = re.compile(_GAP)
_CHUNK = re.compile(r"[a-z2-7]+", re.IGNORECASE | re.ASCII)


class LinkError(EncodingError):
    """``reason``: missing (no such link in the text), damaged, too_long, newer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def to_link(scheme: str, raw: bytes) -> str:
    """The link of these bytes; ``scheme`` as in "guildhall:join/"."""
    return scheme + base64.b32encode(raw + digest(raw)[:CHECKSUM_BYTES]).decode().lower().rstrip("=")


def to_text(link: str, title: str, head: str) -> str:
    """For chat programs that open no links: a block that survives line breaks. ``title`` names it in capitals."""
    lines = [link[i : i + LINE_CHARS] for i in range(0, len(link), LINE_CHARS)]
    begin, end = f"-----BEGIN GUILDHALL {title}-----", f"-----END GUILDHALL {title}-----"
    return "\n".join([head, begin, *lines, end]) + "\n"


def find(scheme: str, text: str, version: int, read: Callable[[list[Any]], T | None]) -> T:
    """What the first good link of this scheme in a link, message or file says, whatever breaks its lines.

    Its bytes are DAG-CBOR [version, field …]; ``read`` makes something of the fields, or None where they are no such
    link's. Raises LinkError: the last reason found where several places look like a link.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise LinkError("too_long")
    reason = "missing"
    for place, start in enumerate(_start(scheme).finditer(text)):
        if place == PLACES_MAX:
            break
        try:
            found = read(_fields(_body_at(text, start.end()), version))
        except LinkError as error:
            reason = error.reason
            continue
        if found is not None:
            return found
        reason = "damaged"
    raise LinkError(reason)


def _fields(raw: bytes, version: int) -> list[Any]:
    try:
        fields = decode(raw)
    except EncodingError as error:
        raise LinkError("damaged") from error
    if type(fields) is not list or not fields or type(fields[0]) is not int or fields[0] < version:
        raise LinkError("damaged")
    if fields[0] > version:
        raise LinkError("newer")
    return fields[1:]


def are_addresses(value: Any) -> bool:
    """Multiaddresses as a link names them, unchecked but for their number and length."""
    return (
        type(value) is list
        and len(value) <= ADDRESSES_MAX
        and all(type(a) is str and len(a) <= ADDRESS_CHARS_MAX for a in value)
    )


def _start(scheme: str) -> re.Pattern[str]:
    """Where a link of this scheme begins, with gaps between its letters and with or without "//"."""
    name, _, kind = scheme.partition(":")
    return re.compile(
        _GAP.join(f"{name}:") + _GAP + f"(?:/{_GAP}/{_GAP})?" + _GAP.join(kind), re.IGNORECASE
    )


def _body_at(text: str, at: int) -> bytes:
    """The checked bytes of the link whose base32 part begins here; what follows it may look like base32 too."""
    body = ""
    for _ in range(READINGS_MAX):
        blank = _BETWEEN.match(text, at)
        chunk = _CHUNK.match(text, blank.end() if blank else at)
        if chunk is None:
            break
        body += chunk[0]
        at = chunk.end()
        if len(body) > LINK_CHARS_MAX:
            raise LinkError("too_long")
        raw = _decoded(body)
        if raw is not None and digest(raw[:-CHECKSUM_BYTES])[:CHECKSUM_BYTES] == raw[-CHECKSUM_BYTES:]:
            return raw[:-CHECKSUM_BYTES]
    raise LinkError("damaged")


def _decoded(body: str) -> bytes | None:
    try:
        return base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        return None
