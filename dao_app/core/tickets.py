"""What is handed over beside invitations (protocol §5): an organisation's address card; a new device's request and the
grant that answers it; a new root key that guardians are asked to approve. All are links (``core.links``).

The grant alone is secret, and sealed; words made of the key in a request are compared aloud before anything follows
from it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.core.encoding import decode, encode
from dao_app.core.errors import EncodingError
from dao_app.core.links import are_addresses, find, to_link, to_text

VERSION = 1
CARD_SCHEME = "guildhall:org/"
DEVICE_SCHEME = "guildhall:device/"
GRANT_SCHEME = "guildhall:grant/"
ROOT_SCHEME = "guildhall:root/"
NAME_CHARS_MAX = 120  # of a device or a person
SEALED_BYTES_MAX = 4_096
GRANTED_MAX = 8  # organisations in one grant: more would not fit a link
GRANT_ADDRESSES_MAX = 2  # of each: a picture of the grant stays readable
WORDS = 6  # made of a key, to compare aloud: a forged key would have to fit 48 bits


class OrgCard(NamedTuple):
    """Where an organisation's members can be reached. No secret: it lets in nobody who is not in already."""

    org: bytes
    anchor_height: int  # 0: no checkpoint yet, the id is the organisation's
    anchor_id: bytes
    addresses: tuple[str, ...]

    def to_link(self) -> str:
        return to_link(CARD_SCHEME, encode([VERSION, *_card_row(self)]))

    def to_text(self) -> str:
        return to_text(self.to_link(), "ADDRESS CARD", _HEADS["card"])

    @classmethod
    def from_text(cls, text: str) -> OrgCard:
        """Raises LinkError."""
        return find(CARD_SCHEME, text, VERSION, _card)


class KeyRequest(NamedTuple):
    """A key that somebody is asked to trust, with the name of who or what holds it."""

    key: bytes
    name: str
    created_ms: int


class DeviceRequest(KeyRequest):
    """By a new device: ``key`` is the Ed25519 key to which the grant is sealed, used for this alone."""

    def to_link(self) -> str:
        return to_link(DEVICE_SCHEME, encode([VERSION, *self]))

    def to_text(self) -> str:
        return to_text(self.to_link(), "DEVICE REQUEST", _HEADS["device"])

    @classmethod
    def from_text(cls, text: str) -> DeviceRequest:
        """Raises LinkError."""
        found = find(DEVICE_SCHEME, text, VERSION, _request)
        return cls(*found)


class RootRequest(KeyRequest):
    """By somebody who lost the recovery words: ``key`` is the root of a new identity."""

    def to_link(self) -> str:
        return to_link(ROOT_SCHEME, encode([VERSION, *self]))

    def to_text(self) -> str:
        return to_text(self.to_link(), "ROOT KEY REQUEST", _HEADS["root"])

    @classmethod
    def from_text(cls, text: str) -> RootRequest:
        """Raises LinkError."""
        found = find(ROOT_SCHEME, text, VERSION, _request)
        return cls(*found)


class DeviceGrant(NamedTuple):
    """The answer to a device's request: ``sealed`` holds a ``Granted``."""

    key: bytes  # of the request
    sealed: bytes

    def to_link(self) -> str:
        return to_link(GRANT_SCHEME, encode([VERSION, *self]))

    def to_text(self) -> str:
        return to_text(self.to_link(), "DEVICE GRANT", _HEADS["grant"])

    @classmethod
    def from_text(cls, text: str) -> DeviceGrant:
        """Raises LinkError."""
        return find(GRANT_SCHEME, text, VERSION, _grant)


class Granted(NamedTuple):
    """What a grant gives: the identity itself, and where its organisations are found."""

    entropy: bytes
    name: str
    cards: tuple[OrgCard, ...]

    def __repr__(self) -> str:
        return f"Granted({len(self.cards)} organisations)"

    def encoded(self) -> bytes:
        return encode([self.entropy, self.name, [_card_row(card) for card in self.cards]])

    @classmethod
    def decoded(cls, raw: bytes) -> Granted | None:
        """None for anything else."""
        try:
            fields = decode(raw)
        except EncodingError:
            return None
        if type(fields) is not list or len(fields) != 3:
            return None
        entropy, name, rows = fields
        if not _is_bytes(entropy, 32) or not _is_name(name) or type(rows) is not list or len(rows) > GRANTED_MAX:
            return None
        cards = [_card(row) if type(row) is list else None for row in rows]
        if any(card is None for card in cards):
            return None
        return cls(entropy, name, tuple(card for card in cards if card is not None))


def _card_row(card: OrgCard) -> list[Any]:
    return [card.org, card.anchor_height, card.anchor_id, list(card.addresses)]


def _card(fields: list[Any]) -> OrgCard | None:
    if len(fields) != 4:
        return None
    org, height, anchor, addresses = fields
    if not (_is_bytes(org, 32) and _is_bytes(anchor, 32) and _is_count(height) and are_addresses(addresses)):
        return None
    return OrgCard(org, height, anchor, tuple(addresses))


def _request(fields: list[Any]) -> KeyRequest | None:
    if len(fields) != 3 or not (_is_bytes(fields[0], 32) and _is_name(fields[1]) and _is_count(fields[2])):
        return None
    return KeyRequest(*fields)


def _grant(fields: list[Any]) -> DeviceGrant | None:
    if len(fields) != 2 or not _is_bytes(fields[0], 32) or type(fields[1]) is not bytes:
        return None
    return DeviceGrant(*fields) if 0 < len(fields[1]) <= SEALED_BYTES_MAX else None


def _is_bytes(value: Any, size: int) -> bool:
    return type(value) is bytes and len(value) == size


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_name(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= NAME_CHARS_MAX


_HEADS = {
    "card": "Guildhall address card: paste all of this into the program.\n共治地址卡：将以下全部内容粘贴到程序中。",
    "device": "Guildhall, a new device: paste all of this into the program on your first device.\n"
    "共治新设备：在你的第一台设备上，将以下全部内容粘贴到程序中。",
    "grant": "Guildhall, the answer for your new device: paste all of this into the program there.\n"
    "共治对新设备的答复：在新设备上，将以下全部内容粘贴到程序中。",
    "root": "Guildhall, a new key: guardians paste all of this into the program.\n"
    "共治新密钥：监护人将以下全部内容粘贴到程序中。",
}
