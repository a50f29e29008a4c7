"""Who may use this device as a relay, and how much: places (reservations) and circuits of circuit relay v2. Pure.

Invariants: a place belongs to a device that the caller found to be a member's; at most ``RESERVATIONS_MAX`` places,
``CIRCUITS_MAX`` circuits, ``CIRCUITS_PER_DEVICE_MAX`` with the same device as an end. Time is an argument.
"""

from __future__ import annotations

from collections import Counter

from dao_app.net.limits import CIRCUITS_MAX, CIRCUITS_PER_DEVICE_MAX, RESERVATION_S, RESERVATIONS_MAX


class Places:
    """See the module."""

    def __init__(self) -> None:
        self._until: dict[bytes, float] = {}
        self._ends: Counter[bytes] = Counter()
        self.circuits = 0

    def reserve(self, device: bytes, now_s: float) -> bool:
        """Keep or renew a place; False where there is no room."""
        self._until = {other: until for other, until in self._until.items() if until > now_s}
        if device not in self._until and len(self._until) >= RESERVATIONS_MAX:
            return False
        self._until[device] = now_s + RESERVATION_S
        return True

    def release(self, device: bytes) -> None:
        """The device is gone; so is its place."""
        self._until.pop(device, None)

    def is_kept(self, device: bytes, now_s: float) -> bool:
        return self._until.get(device, 0.0) > now_s

    def open_circuit(self, source: bytes, target: bytes) -> bool:
        """Count a circuit in; False where it would be one too many. Each True needs one ``close_circuit``."""
        busy = max(self._ends[source], self._ends[target]) >= CIRCUITS_PER_DEVICE_MAX
        if source == target or busy or self.circuits >= CIRCUITS_MAX:
            return False
        self.circuits += 1
        self._ends[source] += 1
        self._ends[target] += 1
        return True

    def close_circuit(self, source: bytes, target: bytes) -> None:
        self.circuits -= 1
        for device in (source, target):
            self._ends[device] -= 1
            if not self._ends[device]:
                del self._ends[device]


class Budget:
    """What one circuit may still carry, both ways together."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self, count: int) -> bool:
        self._left -= count
        return self._left >= 0
