"""The newest admitted action of each device, in the form that peers compare (protocol §5).

Invariants: every change moves ``version`` on by one; the changes after a version are found without looking at
the others; what a digest covers is made anew only for shares of the devices in which something changed.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple

from dao_app.core.encoding import digest, encode

SHARES = 256  # of the devices, by the first byte of the key
ROW_BYTES = 68


class Head(NamedTuple):
    """The newest admitted action of a device: seq from 1, digest of 32 bytes."""

    seq: int
    digest: bytes


NO_HEAD = Head(0, b"")


def row_bytes(device: bytes, head: Head) -> bytes:
    """One device with its head, 68 bytes: key ‖ seq in 4 bytes, big-endian ‖ the action's id."""
    return device + head.seq.to_bytes(4, "big") + head.digest


def parse_rows(data: bytes) -> list[tuple[bytes, Head]]:
    """What ``row_bytes`` gave, one after the other."""
    return [
        (data[at : at + 32], Head(int.from_bytes(data[at + 32 : at + 36], "big"), data[at + 36 : at + ROW_BYTES]))
        for at in range(0, len(data), ROW_BYTES)
    ]


class HeadTable(Mapping[bytes, Head]):
    """See the module. Devices are keys of 32 bytes."""

    def __init__(self, rows: Mapping[bytes, tuple[int, bytes]] = {}) -> None:
        self.version = 0
        self._heads: dict[bytes, Head] = {device: Head(*head) for device, head in rows.items()}
        self._changed: dict[bytes, int] = dict.fromkeys(self._heads, 0)  # device → version, in the order of changing
        self._devices: list[list[bytes]] = [[] for _ in range(SHARES)]
        for device in sorted(self._heads):
            self._devices[device[0]].append(device)
        self._shares: list[bytes | None] = [None] * SHARES
        self._digests: list[bytes] = [b""] * SHARES

    def __len__(self) -> int:
        return len(self._heads)

    def __contains__(self, device: object) -> bool:
        return device in self._heads

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._heads)

    def __getitem__(self, device: bytes) -> Head:
        return self._heads[device]

    def at(self, device: bytes) -> Head:
        """``NO_HEAD`` (seq 0) where nothing of the device is here."""
        return self._heads.get(device, NO_HEAD)

    def put(self, device: bytes, seq: int, id_: bytes) -> None:
        if self._changed.pop(device, None) is None:
            insort(self._devices[device[0]], device)
        self._heads[device] = Head(seq, id_)
        self.version = self._changed[device] = self.version + 1
        self._shares[device[0]] = None

    def drop(self, device: bytes) -> None:
        """Nothing of this device is here any more."""
        if self._heads.pop(device, None) is not None:
            del self._changed[device]
            self._devices[device[0]].remove(device)
            self._shares[device[0]] = None
            self.version += 1

    def replace(self, rows: Mapping[bytes, tuple[int, bytes]]) -> None:
        """Become these rows; what differs has changed."""
        for device in [device for device in self._heads if device not in rows]:
            self.drop(device)
        for device, head in rows.items():
            if self._heads.get(device) != head:
                self.put(device, *head)

    def since(self, version: int) -> list[bytes]:
        """Devices whose head changed after this version, newest first."""
        found = []
        for device in reversed(self._changed):
            if self._changed[device] <= version:
                break
            found.append(device)
        return found

    def share(self, number: int) -> bytes:
        """The rows of one share (``row_bytes``), one after the other."""
        known = self._shares[number]
        if known is None:
            known = b"".join([row_bytes(device, self._heads[device]) for device in self._devices[number]])
            self._shares[number] = known
            self._digests[number] = sha256(known).digest()
        return known

    def digest(self, height: int, checkpoint: bytes) -> bytes:
        """32 bytes over all heads, and the last certified checkpoint with its height."""
        for number, known in enumerate(self._shares):
            if known is None:
                self.share(number)
        return digest(encode([height, checkpoint, b"".join(self._digests)]))
