"""Counting and limiting what peers send; time is an argument."""

from __future__ import annotations

from dataclasses import dataclass


class Bucket:
    """A token bucket: ``rate`` a second after a burst of ``burst``."""

    __slots__ = ("_at", "_burst", "_left", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._at = now

    def take(self, amount: float, now: float) -> bool:
        """May so much pass now? Takes it if so."""
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < amount:
            return False
        self._left -= amount
        return True


@dataclass(slots=True)
class Traffic:
    """Bytes and messages of one session, so that they can be measured."""

    bytes_in: int = 0
    bytes_out: int = 0
    messages_in: int = 0
    messages_out: int = 0
