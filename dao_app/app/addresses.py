"""Addresses of devices, and the book in which they are remembered with what became of dialling them. Pure.

An address is ``/ip4|ip6|dns4|dns6|dns/HOST/tcp/PORT``, then where a member's relay stands between
``/p2p/RELAY/p2p-circuit``, then ``/p2p/DEVICE``; nothing else is remembered or dialled. Invariants of the book: at
most ``DEVICES_MAX`` devices with ``ADDRESSES_PER_DEVICE_MAX`` addresses each; what answered stays before what did not;
a device that answered once is forgotten by age alone.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dao_app.app.errors import InputError
from dao_app.core.encoding import decode, encode
from dao_app.core.errors import EncodingError
from dao_app.core.limits import INT_MAX

KEY_PREFIX = b"\x00\x24\x08\x01\x12\x20"  # identity multihash of an Ed25519 public key
ADDRESS_CHARS_MAX = 256
DEVICES_MAX = 256  # whom one device remembers; of a larger organisation the rest is told by peers
ADDRESSES_PER_DEVICE_MAX = 8
UNPROVEN_MS_MAX = 7 * 86_400_000  # an address that never answered is forgotten a week after it was told
PROVEN_MS_MAX = 90 * 86_400_000  # one that did answer, a quarter after it last did
BOOK_BYTES_MAX = 2 * 1024 * 1024  # above 256 x (8 x (256 + 30) + 4,096)
RECORD_BYTES_MAX = 4_096
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LISTEN_NOWHERE = "none"
_HOSTS = ("ip4", "ip6", "dns", "dns4", "dns6")
_NEAR = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
    "fc00::/7", "fe80::/10", "::1/128",
)))  # fmt: skip


class Address(NamedTuple):
    """``relay``: the member's device through which it leads, None where it is direct."""

    text: str
    device: bytes
    kind: str
    host: str
    port: int
    relay: bytes | None

    @property
    def relay_address(self) -> str:
        """Where the relay itself is reached; "" for a direct address."""
        return "" if self.relay is None else self.text.partition("/p2p-circuit")[0]


def device_text(device: bytes) -> str:
    """A device key as libp2p writes it in addresses (base58 of the peer id)."""
    number, text = int.from_bytes(KEY_PREFIX + device, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _BASE58[digit] + text
    return "1" + text  # the one leading zero byte of the prefix


def _device(text: str) -> bytes | None:
    if not text.startswith("1") or not 40 <= len(text) <= 60:
        return None
    number = 0
    for sign in text:
        digit = _BASE58.find(sign)
        if digit < 0:
            return None
        number = number * 58 + digit
    raw = number.to_bytes(48, "big")[-38:]
    return raw[len(KEY_PREFIX) :] if number < 1 << 304 and raw.startswith(KEY_PREFIX) else None


def read_address(text: str) -> Address | None:
    """Read a foreign text; None where it is no such address."""
    parts = text.split("/") if len(text) <= ADDRESS_CHARS_MAX and text.isascii() else []
    if len(parts) not in (7, 10) or parts[0] or parts[1] not in _HOSTS or parts[3] != "tcp" or parts[-2] != "p2p":
        return None
    device, relay = _device(parts[-1]), None
    if len(parts) == 10:
        relay = _device(parts[6]) if (parts[5], parts[7]) == ("p2p", "p2p-circuit") else None
        if relay is None or relay == device:
            return None
    port = int(parts[4]) if parts[4].isdecimal() and len(parts[4]) <= 5 else 0
    if device is None or not 0 < port <= 65_535 or not _host_fits(parts[1], parts[2]):
        return None
    return Address(text, device, parts[1], parts[2], port, relay)


def check_announced(texts: Sequence[str]) -> None:
    """Raises InputError where one of these cannot be announced: addresses without /p2p/ and without a relay."""
    for text in texts:
        read = read_address(f"{text}/p2p/{device_text(bytes(32))}")
        if read is None or read.relay is not None:
            raise InputError("announce_form", address=text[:ADDRESS_CHARS_MAX])


def check_listened(texts: Sequence[str]) -> None:
    """Raises InputError where one of these is no address to listen at. Nothing is the usual one; ``LISTEN_NOWHERE``
    alone none."""
    for text in texts if tuple(texts) != (LISTEN_NOWHERE,) else ():
        parts = text.split("/") if len(text) <= ADDRESS_CHARS_MAX and text.isascii() else []
        good = len(parts) == 5 and not parts[0] and parts[1] in ("ip4", "ip6") and parts[3] == "tcp"
        good = good and parts[4].isdecimal() and len(parts[4]) <= 5 and int(parts[4]) <= 65_535
        if not good or not _host_fits(parts[1], parts[2], own=True):
            raise InputError("listen_form", address=text[:ADDRESS_CHARS_MAX])


def _host_fits(kind: str, host: str, own: bool = False) -> bool:
    """``own``: all interfaces of this machine will do."""
    if kind.startswith("dns"):
        return 0 < len(host) <= 128 and all(sign.isalnum() or sign in "-." for sign in host)
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return f"ip{ip.version}" == kind and not ip.is_multicast and (own or not ip.is_unspecified)


def is_near(host: str) -> bool:
    """Is this IP address one of a local network, which says nothing about being reached from outside?"""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(ip in network for network in _NEAR if network.version == ip.version)


@dataclass(slots=True)
class Row:
    """One address. ``success_ms`` 0: never; ``failures`` since the last success."""

    address: Address
    learnt_ms: int
    success_ms: int = 0
    failures: int = 0


@dataclass(slots=True)
class Entry:
    """What is known of a device. ``record`` is its own signed word about its addresses, b"" without one."""

    rows: list[Row] = field(default_factory=list)
    record: bytes = b""
    record_ms: int = 0


class AddressBook:
    """See the module. ``changed`` is set by whatever is worth keeping."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.changed = False

    def learn(self, text: str, now_ms: int) -> Address | None:
        """Remember an address that may work. None where it is none, or where there is no room for its device."""
        address = read_address(text)
        if address is None:
            return None
        entry = self._entry(address.device)
        if entry is None:
            return None
        row = _row(entry, address.text)
        if row is None:
            entry.rows.append(Row(address, now_ms))
            entry.rows.sort(key=_rank)
            if len(entry.rows) > ADDRESSES_PER_DEVICE_MAX:
                newest = max(entry.rows, key=lambda row: row.learnt_ms)
                entry.rows.remove(next(row for row in reversed(entry.rows) if row is not newest))
            self.changed = True
        else:
            row.learnt_ms = now_ms
        return address

    def _entry(self, device: bytes) -> Entry | None:
        if device not in self.entries:
            if len(self.entries) >= DEVICES_MAX and not self._make_room():
                return None
            self.entries[device] = Entry()
        return self.entries[device]

    def _make_room(self) -> bool:
        """Forget a device that never answered."""
        for device, entry in self.entries.items():
            if not any(row.success_ms for row in entry.rows):
                del self.entries[device]
                return True
        return False

    def keep_record(self, device: bytes, record: bytes, record_ms: int, texts: Sequence[str], now_ms: int) -> bool:
        """Take a device's own newer word about its addresses: what it no longer names and never answered goes."""
        entry = self._entry(device)
        if entry is None or record_ms <= entry.record_ms:
            return False
        entry.record, entry.record_ms = record, record_ms
        entry.rows = [row for row in entry.rows if row.success_ms or row.address.text in texts]
        for text in texts:
            self.learn(text, now_ms)
        self.changed = True
        return True

    def succeeded(self, text: str, now_ms: int) -> None:
        self._note(text, lambda row: (now_ms, 0))

    def failed(self, text: str) -> None:
        self._note(text, lambda row: (row.success_ms, row.failures + 1))

    def _note(self, text: str, result: Callable[[Row], tuple[int, int]]) -> None:
        address = read_address(text)
        entry = self.entries.get(address.device) if address is not None else None
        row = _row(entry, text) if entry is not None else None
        if entry is not None and row is not None:
            row.success_ms, row.failures = result(row)
            entry.rows.sort(key=_rank)
            self.changed = True

    def addresses(self, device: bytes) -> list[Address]:
        """To be tried in this order: direct before relayed; newest success first; then fewest failures."""
        entry = self.entries.get(device)
        return [row.address for row in entry.rows] if entry is not None else []

    def proven(self, most: int) -> list[str]:
        """Where devices answered directly, newest first."""
        rows = [row for entry in self.entries.values() for row in entry.rows if row.success_ms]
        rows = [row for row in rows if row.address.relay is None]
        return [row.address.text for row in sorted(rows, key=lambda row: -row.success_ms)[:most]]

    def texts(self) -> list[str]:
        return [row.address.text for entry in self.entries.values() for row in entry.rows]

    def drop(self, device: bytes) -> None:
        """This device is to be met no more."""
        if self.entries.pop(device, None) is not None:
            self.changed = True

    def forget(self, now_ms: int) -> None:
        """Drop what is too old."""
        for device, entry in list(self.entries.items()):
            entry.rows = [row for row in entry.rows if not _is_old(row, now_ms)]
            if not entry.rows:
                del self.entries[device]

    # -- keeping it ----------------------------------------------------------------------------------
    def encoded(self) -> bytes:
        return encode([
            [entry.record, entry.record_ms, [
                [row.address.text, row.learnt_ms, row.success_ms, row.failures] for row in entry.rows
            ]]
            for entry in self.entries.values()
        ])  # fmt: skip

    @classmethod
    def read(cls, raw: bytes, now_ms: int) -> AddressBook:
        """What was kept; an empty book where that cannot be read."""
        book = cls()
        for record, record_ms, rows in _kept(raw):
            for text, learnt_ms, success_ms, failures in rows:
                address = book.learn(text, learnt_ms)
                row = _row(book.entries[address.device], text) if address is not None else None
                if address is not None and row is not None:
                    row.success_ms, row.failures = success_ms, failures
                    book.entries[address.device].record = record
                    book.entries[address.device].record_ms = record_ms
        for entry in book.entries.values():
            entry.rows.sort(key=_rank)
        book.forget(now_ms)
        book.changed = False
        return book


def _row(entry: Entry, text: str) -> Row | None:
    return next((row for row in entry.rows if row.address.text == text), None)


def _rank(row: Row) -> tuple[bool, int, int, int]:
    return row.address.relay is not None, -row.success_ms, row.failures, -row.learnt_ms


def _is_old(row: Row, now_ms: int) -> bool:
    return now_ms - max(row.success_ms, row.learnt_ms) > (PROVEN_MS_MAX if row.success_ms else UNPROVEN_MS_MAX)


def _kept(raw: bytes) -> list[Any]:
    try:
        rows = decode(raw) if 0 < len(raw) <= BOOK_BYTES_MAX else []
    except EncodingError:
        return []
    fits = type(rows) is list and len(rows) <= DEVICES_MAX and all(
        type(entry) is list and list(map(type, entry)) == [bytes, int, list] and len(entry[0]) <= RECORD_BYTES_MAX
        and len(entry[2]) <= ADDRESSES_PER_DEVICE_MAX
        and all(type(row) is list and list(map(type, row)) == [str, int, int, int] for row in entry[2])
        and all(0 <= number <= INT_MAX for row in entry[2] for number in row[1:])
        for entry in rows
    )  # fmt: skip
    return rows if fits else []
