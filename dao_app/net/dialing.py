"""Whom to dial and when: devices of the address book, with jittered exponential back-off. Sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dao_app.app.addresses import AddressBook
from dao_app.net.limits import BACKOFF_S_MAX, BACKOFF_S_MIN, WAKE_S


@dataclass(slots=True)
class Known:
    """A device that may be dialled."""

    failures: int = 0
    next_s: float = 0.0
    dialling: bool = False
    local: bool = False  # seen by mDNS


class Dialer:
    """``jitter`` gives a number in [0, 1); ``book`` says where devices are and keeps what became of dialling them."""

    def __init__(self, jitter: Callable[[], float], book: AddressBook) -> None:
        self._jitter = jitter
        self.book = book
        self.known: dict[bytes, Known] = {}

    def learn(self, text: str, now_s: float, now_ms: int, local: bool = False, delay_s: float = 0.0) -> bytes | None:
        """An address that may work; the device that it names, None where it is not taken."""
        address = self.book.learn(text, now_ms)
        if address is None:
            return None
        found = self.known.setdefault(address.device, Known(next_s=now_s + delay_s))
        found.local = found.local or local
        return address.device

    def due(self, now_s: float, linked: Callable[[bytes], bool], most: int) -> list[bytes]:
        """Devices to dial now, soonest due first; they count as being dialled."""
        for device in self.known.keys() - self.book.entries.keys():
            if not self.known[device].dialling:
                del self.known[device]  # forgotten by the book
        waiting = [
            (found.next_s, device)
            for device, found in self.known.items()
            if not found.dialling and found.next_s <= now_s and not linked(device) and self.book.addresses(device)
        ]
        chosen = [device for _, device in sorted(waiting)[: max(0, most)]]
        for device in chosen:
            self.known[device].dialling = True
        return chosen

    def failed(self, device: bytes, now_s: float) -> None:
        """Not reached, or turned away: later, and later each time."""
        found = self.known.get(device)
        if found is not None:
            pause = min(BACKOFF_S_MAX, BACKOFF_S_MIN * 2.0**found.failures)
            found.failures = min(found.failures + 1, 16)
            found.next_s = now_s + pause * (0.5 + self._jitter() / 2)
            found.dialling = False

    def connected(self, device: bytes) -> None:
        found = self.known.get(device)
        if found is not None:
            found.dialling = False

    def greeted(self, device: bytes) -> None:
        """Hello succeeded: back-off begins anew."""
        found = self.known.get(device)
        if found is not None:
            found.failures = 0

    def lost(self, device: bytes, now_s: float) -> None:
        """A link ended: soon again, not all at the same instant."""
        found = self.known.get(device)
        if found is not None:
            found.next_s = now_s + BACKOFF_S_MIN * self._jitter()

    def wake(self, now_s: float) -> None:
        """The machine slept, or is in another network: what failed before may work now, each a little apart."""
        for found in self.known.values():
            found.failures = 0
            found.next_s = min(found.next_s, now_s + WAKE_S * self._jitter())
