"""Gossip: sealed hints of new actions and certificates. Completeness comes from the sync session alone."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from dao_app.core.encoding import decode, encode_trusted
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import CERTIFICATE_BYTES_MAX
from dao_app.core.limits import ENVELOPE_BYTES_MAX
from dao_app.net.limits import GOSSIP_BYTES_MAX, GOSSIP_ITEMS_MAX

SEAL_PURPOSE = b"guildhall/gossip/1\0"
_TOPIC_PREFIX = b"guildhall/topic/1\0"
_SEAL_BYTES = 64  # nonce, tag and lists, rounded up


class Sealer(Protocol):
    """Sealing with the organisation's key (see crypto.sealing)."""

    def seal(self, key: bytes, purpose: bytes, data: bytes) -> bytes: ...
    def open(self, key: bytes, purpose: bytes, sealed: bytes) -> bytes | None: ...


class Hint(NamedTuple):
    envelopes: tuple[bytes, ...]
    certificates: tuple[bytes, ...]


def topic_of(key: bytes) -> str:
    """A topic that only holders of the organisation's key can name."""
    return hmac.digest(key, _TOPIC_PREFIX, "sha256").hex()


def sealed_hints(sealer: Sealer, key: bytes, envelopes: Sequence[bytes], certificates: Sequence[bytes]) -> list[bytes]:
    """Messages that carry all of it; what is too large for a hint is left to the sessions."""
    hints: list[Hint] = []
    room = 0
    for place, items in enumerate((envelopes, certificates)):
        for item in items:
            cost = len(item) + 8
            if cost > GOSSIP_BYTES_MAX - _SEAL_BYTES:
                continue
            if not hints or cost > room or sum(map(len, hints[-1])) >= GOSSIP_ITEMS_MAX:
                hints.append(Hint((), ()))
                room = GOSSIP_BYTES_MAX - _SEAL_BYTES
            room -= cost
            last = hints[-1]
            hints[-1] = Hint((*last[0], item), last[1]) if place == 0 else Hint(last[0], (*last[1], item))
    return [sealer.seal(key, SEAL_PURPOSE, encode_trusted([list(part) for part in hint])) for hint in hints]


def open_hint(sealer: Sealer, key: bytes, sealed: bytes) -> Hint | None:
    """A hint that was sealed with this key, or None."""
    if len(sealed) > GOSSIP_BYTES_MAX:
        return None
    raw = sealer.open(key, SEAL_PURPOSE, sealed)
    if raw is None:
        return None
    try:
        value = decode(raw)
    except EncodingError:
        return None
    if type(value) is not list or len(value) != 2 or any(type(part) is not list for part in value):
        return None
    if sum(map(len, value)) > GOSSIP_ITEMS_MAX:
        return None
    for part, most in zip(value, (ENVELOPE_BYTES_MAX, CERTIFICATE_BYTES_MAX), strict=True):
        if any(type(item) is not bytes or not 0 < len(item) <= most for item in part):
            return None
    return Hint(tuple(value[0]), tuple(value[1]))
