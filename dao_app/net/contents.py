"""Which contents a session asks its peer for: all that are wanted here, in the order of their hashes, in turns.

A *turn* goes once over what is wanted, a page at each ask, and is due again when something new is wanted, the peer
has something now, or another session gave up what it had taken or does not get on with it. So whatever nobody has
(texts of members who left, or made up to be in the way) costs a bounded part of each ask and hides nothing that lies
behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dao_app.app.ports import Replica
from dao_app.net import limits
from dao_app.net.fetching import Fetching


class Contents:
    """See the module. ``session`` is in whose name contents are reserved in ``fetching``."""

    def __init__(self, replica: Replica, fetching: Fetching, session: object) -> None:
        self._replica = replica
        self._fetching = fetching
        self._session = session
        self._place = b""  # up to which this turn has come
        self._left = True  # something of this turn is left
        self._again = False  # and another one is due afterwards
        self._passed: tuple[int, int] | None = None  # releases so far, and when, as another session had something
        self._absent: set[bytes] = set()  # at the peer
        self._is_full = False  # more is absent than is remembered: nothing is asked until some time passed

    def due(self) -> None:
        """Something may be fetched that could not be so far."""
        self._again = True

    def try_again(self) -> None:
        """Some time passed."""
        if self._is_full:
            self._is_full = False
            self._absent.clear()
            self.due()

    def may_be_fetched(self, hashes: Iterable[bytes]) -> None:
        """The peer has these now."""
        self._absent.difference_update(hashes)
        self.due()

    def next(self, now_ms: int) -> tuple[bytes, ...]:
        """What to ask for now."""
        if self._is_full:
            return ()
        if self._passed is not None:
            releases, since_ms = self._passed
            self._again |= releases != self._fetching.releases or now_ms - since_ms > limits.THING_SLOW_MS
        if not self._left:
            if not self._again:
                return ()
            self._place, self._left, self._again, self._passed = b"", True, False, None
        page = self._replica.wanted_content(self._place, limits.CONTENTS_LOOKED_AT)
        found: list[bytes] = []
        for hash_ in page:
            self._place = hash_
            if hash_ in self._absent:
                continue
            if self._fetching.take(hash_, self._session, now_ms):
                found.append(hash_)
                if len(found) == limits.CONTENTS_PER_WANT_MAX:
                    return tuple(found)
            elif self._passed is None:
                self._passed = self._fetching.releases, now_ms
        self._left = len(page) == limits.CONTENTS_LOOKED_AT
        return tuple(found)

    def answered(self, asked: Sequence[bytes], told: set[bytes]) -> None:
        """These were asked for, and what came is kept. ``told``: of which the peer said meanwhile that it has them."""
        lacking = self._replica.lacking_content(asked)
        self._absent |= lacking - told
        self._is_full = len(self._absent) > limits.MISSING_CONTENT_MAX
        if lacking & told:
            self.due()
        if lacking:
            self._fetching.wake()
