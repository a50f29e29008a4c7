"""Invitations as they are handed over: link, plain text, picture (of the link) or file (protocol §5).

DAG-CBOR [version, org, invite, created, anchor height, anchor id, bearer seed, addresses, expiry, role,
inviter], then the first 4 bytes of its SHA-256, in base32 without padding behind ``guildhall:join/``.
Base32 in capitals would make the smallest picture; lower case reads better and costs a quarter more.
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
_BEGIN, _END = "-----BEGIN GUILDHALL INVITATION-----", "-----END GUILDHALL INVITATION-----"
_LINK = re.compile(r"guildhall:(?://)?join/([a-z2-7]+)", re.IGNORECASE | re.ASCII)
_BLOCK = re.compile(re.escape(_BEGIN) + r"(.*?)" + re.escape(_END), re.DOTALL)


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
        return SCHEME + self._body()

    def to_text(self) -> str:
        """For chat programs that open no links: a block that survives line breaks."""
        body = self._body()
        lines = [body[i : i + 60] for i in range(0, len(body), 60)]
        head = "Guildhall invitation: paste all of this into the program.\n共治邀请：将以下全部内容粘贴到程序中。"
        return "\n".join([head, _BEGIN, *lines, _END]) + "\n"

    def _body(self) -> str:
        raw = encode([VERSION, *self._replace(addresses=list(self.addresses))])  # type: ignore[arg-type]
        return base64.b32encode(raw + digest(raw)[:CHECKSUM_BYTES]).decode().lower().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Invitation:
        """Find and read an invitation in a link, message or file. Raises InvitationError."""
        if len(text) > TEXT_CHARS_MAX:
            raise InvitationError("too_long")
        block = _BLOCK.search(text)
        if block is not None:
            body = "".join(block[1].split())
        else:
            joined = re.sub(r"\s*\n\s*", "", text)
            link = _LINK.search(text.strip() if " " in text.strip() else joined)
            if link is None:
                raise InvitationError("missing")
            body = link[1]
        if len(body) > LINK_CHARS_MAX:
            raise InvitationError("too_long")
        try:
            raw = base64.b32decode(body.upper() + "=" * (-len(body) % 8))
        except (binascii.Error, ValueError) as error:
            raise InvitationError("damaged") from error
        if digest(raw[:-CHECKSUM_BYTES])[:CHECKSUM_BYTES] != raw[-CHECKSUM_BYTES:]:
            raise InvitationError("damaged")
        return cls._read(raw[:-CHECKSUM_BYTES])

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
