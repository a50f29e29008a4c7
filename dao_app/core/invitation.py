"""Invitations as they are handed over: link, plain text, picture (of the link) or file (protocol §5).

DAG-CBOR [version, org, invite, created, anchor height, anchor id, bearer seed, addresses, expiry, role,
inviter], then the first 4 bytes of its SHA-256, in base32 without padding behind ``guildhall:join/``.
Base32 in lower case survives every chat program: no sign of it is markup or ends a link. A text block in two
languages carries the same link over several lines.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from dao_app.core.encoding import decode, digest, encode
from dao_app.core.errors import EncodingError

VERSION = 1
SCHEME = "guildhall:join/"
CHECKSUM_BYTES = 4
ADDRESSES_MAX = 8
ADDRESS_CHARS_MAX = 256
LINK_CHARS_MAX = 6_000
TEXT_CHARS_MAX = 64 * 1024
LINE_CHARS = 60
PLACES_MAX = 8  # places in one text that look like a link
READINGS_MAX = 400  # chunks between blanks that may belong to one link broken over lines
_BEGIN, _END = "-----BEGIN GUILDHALL INVITATION-----", "-----END GUILDHALL INVITATION-----"
_GAP = r"[\s>*|\u200b\u200c\u200d\u2060\ufeff\u00ad]*"  # blanks, quote marks, invisible breaks
_START = re.compile(_GAP.join("guildhall:") + _GAP + f"(?:/{_GAP}/{_GAP})?" + _GAP.join("join/"), re.IGNORECASE)
_BETWEEN = re.compile(_GAP)
_CHUNK = re.compile(r"[a-z2-7]+", re.IGNORECASE | re.ASCII)


class InvitationError(EncodingError):
    """``reason``: missing (no invitation in the text), damaged, too_long, newer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Invitation(NamedTuple):
    """``bearer_seed`` is the secret of the invitation: whoever holds it may ask to join."""

    org: bytes
    invite: bytes  # id of invite.create
    created_ms: int
    anchor_height: int  # 0: no checkpoint yet, the id is the organisation's
    anchor_id: bytes
    bearer_seed: bytes
    addresses: tuple[str, ...]
    expires_ms: int
    role: str
    inviter: bytes  # root

    def __repr__(self) -> str:
        return f"Invitation({self.org.hex()[:12]})"

    def to_link(self) -> str:
        raw = encode([VERSION, *self._replace(addresses=list(self.addresses))])  # type: ignore[arg-type]
        return SCHEME + base64.b32encode(raw + digest(raw)[:CHECKSUM_BYTES]).decode().lower().rstrip("=")

    def to_text(self) -> str:
        """For chat programs that open no links: a block that survives line breaks."""
        link = self.to_link()
        lines = [link[i : i + LINE_CHARS] for i in range(0, len(link), LINE_CHARS)]
        head = "Guildhall invitation: paste all of this into the program.\n共治邀请：将以下全部内容粘贴到程序中。"
        return "\n".join([head, _BEGIN, *lines, _END]) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Invitation:
        """Find and read an invitation in a link, message or file, whatever breaks its lines.

        Raises InvitationError: the last reason found where several places look like a link.
        """
        if len(text) > TEXT_CHARS_MAX:
            raise InvitationError("too_long")
        reason = "missing"
        for place, start in enumerate(_START.finditer(text)):
            if place == PLACES_MAX:
                break
            try:
                return cls._read(_body_at(text, start.end()))
            except InvitationError as error:
                reason = error.reason
        raise InvitationError(reason)

    @classmethod
    def _read(cls, raw: bytes) -> Invitation:
        try:
            fields = decode(raw)
        except EncodingError as error:
            raise InvitationError("damaged") from error
        if type(fields) is not list or not fields or type(fields[0]) is not int:
            raise InvitationError("damaged")
        if fields[0] > VERSION:
            raise InvitationError("newer")
        if len(fields) != 11 or fields[0] != VERSION:
            raise InvitationError("damaged")
        _, org, invite, created, height, anchor, seed, addresses, expires, role, inviter = fields
        keys = all(type(x) is bytes and len(x) == 32 for x in (org, invite, anchor, seed, inviter))
        counts = all(type(x) is int and x >= 0 for x in (created, height, expires))
        listed = type(addresses) is list and len(addresses) <= ADDRESSES_MAX
        if not (keys and counts and listed and type(role) is str and len(role) <= 64):
            raise InvitationError("damaged")
        if any(type(a) is not str or len(a) > ADDRESS_CHARS_MAX for a in addresses):
            raise InvitationError("damaged")
        return cls(org, invite, created, height, anchor, seed, tuple(addresses), expires, role, inviter)


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
            raise InvitationError("too_long")
        raw = _decoded(body)
        if raw is not None and digest(raw[:-CHECKSUM_BYTES])[:CHECKSUM_BYTES] == raw[-CHECKSUM_BYTES:]:
            return raw[:-CHECKSUM_BYTES]
    raise InvitationError("damaged")


def _decoded(body: str) -> bytes | None:
    try:
        return base64.b32decode(body.upper() + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError):
        return None
