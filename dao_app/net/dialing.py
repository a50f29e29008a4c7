"""Whom to dial and when: known addresses by device, with jittered exponential back-off. Sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from dao_app.net.limits import ADDRESSES_PER_PEER_MAX, BACKOFF_S_MAX, BACKOFF_S_MIN, PEERS_KNOWN_MAX


@dataclass(slots=True)
class Known:
    """A device that may be dialled; newest success first in ``addresses``."""

    addresses: list[str] = field(default_factory=list)
    failures: int = 0
    next_s: float = 0.0
    dialling: bool = False
    reached: bool = False  # at least once since the start
    local: bool = False  # seen by mDNS


class Dialer:
    """``jitter`` gives a number in [0, 1)."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self.known: dict[bytes, Known] = {}

    def learn(self, device: bytes, address: str, now_s: float, local: bool = False, delay_s: float = 0.0) -> None:
        """An address that may work; the oldest are forgotten when there are too many."""
        found = self.known.get(device)
        if found is None:
            if len(self.known) >= PEERS_KNOWN_MAX and not self._forget_one():
                return
            found = self.known[device] = Known(next_s=now_s + delay_s)
        found.local = found.local or local
        if address not in found.addresses:
            found.addresses.append(address)
            del found.addresses[ADDRESSES_PER_PEER_MAX:]

    def _forget_one(self) -> bool:
        """Make room by forgetting a peer that was never reached."""
        for device, found in self.known.items():
            if not found.reached and not found.dialling:
                del self.known[device]
                return True
        return False

    def due(self, now_s: float, linked: Callable[[bytes], bool], most: int) -> list[bytes]:
        """Devices to dial now, soonest due first; they count as being dialled."""
        waiting = [
            (found.next_s, device)
            for device, found in self.known.items()
            if not found.dialling and found.addresses and found.next_s <= now_s and not linked(device)
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

    def reached(self, device: bytes, address: str) -> None:
        """Connected at this address."""
        found = self.known.get(device)
        if found is not None:
            if address in found.addresses:
                found.addresses.remove(address)
                found.addresses.insert(0, address)
            found.dialling = False

    def greeted(self, device: bytes) -> None:
        """Hello succeeded: back-off begins anew."""
        found = self.known.get(device)
        if found is not None:
            found.failures = 0
            found.reached = True

    def lost(self, device: bytes, now_s: float) -> None:
        """A link ended: soon again, not all at the same instant."""
        found = self.known.get(device)
        if found is not None:
            found.next_s = now_s + BACKOFF_S_MIN * self._jitter()
