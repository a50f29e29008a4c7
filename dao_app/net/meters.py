"""Counting and limiting what peers send; time is an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address


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


class Gate:
    """How often strangers may knock: each place by itself, and all together. A place is an IPv4 address or the first
    64 bits of an IPv6 address, which one household can fill at will."""

    def __init__(self, one: tuple[float, float], all_: tuple[float, float], places_max: int, now: float) -> None:
        self._one = one  # a second, after a burst
        self._all = Bucket(*all_, now)
        self._places_max = places_max
        self._places: OrderedDict[str, Bucket] = OrderedDict()

    def admits(self, address: str, now: float) -> bool:
        """May somebody from this address knock now?"""
        place = place_of(address)
        bucket = self._places.setdefault(place, Bucket(*self._one, now))
        self._places.move_to_end(place)
        while len(self._places) > self._places_max:
            self._places.popitem(last=False)
        return bucket.take(1, now) and self._all.take(1, now)


def place_of(address: str) -> str:
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    if isinstance(ip, IPv6Address) and mapped is None:
        return ip.exploded[:19]
    return str(mapped or ip)


@dataclass(slots=True)
class Traffic:
    """Bytes and messages of one session, so that they can be measured."""

    bytes_in: int = 0
    bytes_out: int = 0
    messages_in: int = 0
    messages_out: int = 0
