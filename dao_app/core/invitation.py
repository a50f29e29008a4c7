"""Invitations as they are handed over: link, plain text, picture (of the link) or file (protocol §5).

DAG-CBOR [version, org, invite, created, anchor height, anchor id, bearer seed, addresses, expiry, role,
inviter] as a link (``core.links``) of the scheme ``guildhall:join/``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.core.encoding import encode
from dao_app.core.links import are_addresses, find, to_link, to_text

VERSION = 1
SCHEME = "guildhall:join/"
_HEAD = "Guildhall invitation: paste all of this into the program.\n共治邀请：将以下全部内容粘贴到程序中。"


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
        return to_link(SCHEME, raw)

    def to_text(self) -> str:
        """For chat programs that open no links: a block that survives line breaks."""
        return to_text(self.to_link(), "INVITATION", _HEAD)

    @classmethod
    def from_text(cls, text: str) -> Invitation:
        """Find and read an invitation in a link, message or file, whatever breaks its lines. Raises LinkError."""
        return find(SCHEME, text, VERSION, _read)


def _read(fields: list[Any]) -> Invitation | None:
    if len(fields) != 10:
        return None
    org, invite, created, height, anchor, seed, addresses, expires, role, inviter = fields
    keys = all(type(x) is bytes and len(x) == 32 for x in (org, invite, anchor, seed, inviter))
    counts = all(type(x) is int and x >= 0 for x in (created, height, expires))
    if not (keys and counts and are_addresses(addresses) and type(role) is str and len(role) <= 64):
        return None
    return Invitation(org, invite, created, height, anchor, seed, tuple(addresses), expires, role, inviter)
