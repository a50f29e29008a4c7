"""The organisation's keys on this device, by epochs (protocol §5): which serve, in which order, and which are offered.

Invariants: only a key that the log names serves, but while this device's own join is not final here; of two for one
epoch the one with the lowest id comes last; what a peer offers is kept until the log names it, and displaces nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from dao_app.core.key_entities import Epoch
from dao_app.core.org_keys import KEY_BYTES, OrgKey, key_id, named_ids

HELD_MAX = 256  # keys kept: an absent member is let in over so many changes
OFFERED_MAX = 8  # keys that peers offered and the log does not name yet


class KeyRing:
    """See the module. ``epoch``: the epoch by the final state, None before it is here; ``is_in``: is this device active
    by the final state?"""

    def __init__(self, org: bytes, epoch: Callable[[], Epoch | None], is_in: Callable[[], bool]) -> None:
        self._org = org
        self._epoch = epoch
        self._is_in = is_in
        self._held: dict[tuple[int, bytes], bytes] = {}  # (height, id) → key
        self._offered: dict[tuple[int, bytes], bytes] = {}
        self._order: list[OrgKey] = []  # of what is held, as it serves
        self.on_change: Callable[[], None] = lambda: None

    # -- what is kept ----------------------------------------------------------------------------
    def load(self, held: Iterable[OrgKey], offered: Iterable[OrgKey]) -> None:
        """Take over what was kept."""
        self._held = {self._place(height, key): key for height, key in held}
        self._offered = {self._place(height, key): key for height, key in offered}
        self._order = _ordered(self._held)

    @property
    def held(self) -> list[OrgKey]:
        return [(height, key) for (height, _), key in self._held.items()]

    @property
    def offered(self) -> list[OrgKey]:
        return [(height, key) for (height, _), key in self._offered.items()]

    def forget(self) -> None:
        """Drop all keys from memory."""
        self._held, self._offered, self._order = {}, {}, []

    # -- what serves -----------------------------------------------------------------------------
    def serving(self) -> Sequence[OrgKey]:
        """Keys that serve, oldest first, the epoch's last; while joining those that were offered."""
        if self._held or not self._offered or self._is_in():
            return self._order
        return _ordered(self._offered)

    def holds(self, height: int) -> bool:
        """Is there a key of this epoch that the log names?"""
        return any(at == height for at, _ in self._held)

    # -- what comes in ---------------------------------------------------------------------------
    def hold(self, height: int, key: bytes) -> None:
        """Take a key that the log names."""
        place = self._place(height, key)
        if place in self._held:
            return
        self._held[place] = key
        self._offered.pop(place, None)
        while len(self._held) > HELD_MAX:
            del self._held[min(self._held)]
        self._order = _ordered(self._held)
        self.on_change()

    def offer(self, rows: Iterable[OrgKey]) -> None:
        """A peer says what the keys are, or this device has made one: kept until the log names it."""
        named = self._named()
        for height, key in rows:
            place = self._place(height, key)
            if place in named:
                self.hold(height, key)
            elif place not in self._held and place not in self._offered:
                self._offered[place] = key
                while len(self._offered) > OFFERED_MAX:
                    del self._offered[next(iter(self._offered))]
                self.on_change()

    def settle(self) -> None:
        """The final state has moved on: take what it names of what was offered."""
        for place in self._named() & self._offered.keys():
            self.hold(place[0], self._offered[place])

    def accept(self, height: int, id_: bytes, key: bytes | None) -> None:
        """The log has a key for this epoch under this id; ``key``: what was sealed to this device, if anything was."""
        found = self._offered.get((height, id_)) if key is None else key
        if found is not None and len(found) == KEY_BYTES and key_id(self._org, height, found) == id_:
            self.hold(height, found)

    def _named(self) -> set[tuple[int, bytes]]:
        return set(named_ids(self._epoch()).items())

    def _place(self, height: int, key: bytes) -> tuple[int, bytes]:
        return height, key_id(self._org, height, key)


def _ordered(keys: dict[tuple[int, bytes], bytes]) -> list[OrgKey]:
    """By epoch, and within one the lowest id last."""
    places = sorted(keys, key=lambda place: place[1], reverse=True)
    return [(place[0], keys[place]) for place in sorted(places, key=lambda place: place[0])]
