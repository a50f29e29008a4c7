"""A session's part in fetching a snapshot: one request at a time, of one peer at a time. Sans-IO, as ``session``."""

from __future__ import annotations

from dao_app.app.ports import Replica
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.codec import PeerError
from dao_app.net.effects import Effect, TakeBuckets, TakeHead
from dao_app.net.fetching import Fetching

THING, HISTORY = b"snapshot", b"history"  # reserved in ``Fetching``: what one peer brings is not asked of another


class Snapshotting:
    """What is asked of this peer and whether it helps."""

    def __init__(self, replica: Replica, fetching: Fetching, session: object) -> None:
        self._replica, self._fetching, self._session = replica, fetching, session
        self._want: m.SnapshotWant | None = None
        self._left: set[int] = set()  # slots that were asked for and have not come
        self._answered = False
        self._helped = False
        self._useless = False  # this peer has none, or none that helps
        self._tried: object = None  # of the history, without success

    @property
    def waiting(self) -> bool:
        return self._want is not None and not self._answered

    @property
    def is_open(self) -> bool:
        return self._want is not None

    def is_due(self, missing: int) -> bool:
        """Shall the state be fetched rather than what led to it?"""
        return not self._useless and self._replica.snapshots.due(missing)

    def ask(self, id_: int) -> list[m.SnapshotWant]:
        """The next request; nothing while another session fetches it."""
        if not self._fetching.take(THING, self._session):
            return []
        request = self._replica.snapshots.request()
        self._want = m.SnapshotWant(id_, request.anchor, request.runs)
        self._left = {slot for first, last in request.runs for slot in range(first, last + 1)}
        self._answered = self._helped = False
        return [self._want]

    def hear(self, message: m.SnapshotHead | m.SnapshotPart) -> Effect:
        """Raises PeerError for what was not asked for."""
        want = self._want
        if want is None or message.id != want.id or self._answered:
            raise PeerError("order")
        if isinstance(message, m.SnapshotHead):
            if want.runs:
                raise PeerError("unasked")
            return TakeHead(message.head, message.roots)
        for slot, _ in message.rows:
            if slot not in self._left:  # never asked for, or sent twice
                raise PeerError("unasked")
            self._left.discard(slot)
        return TakeBuckets(message.height, message.rows)

    def taken(self, code: str) -> None:
        """What became of it. Raises PeerError where it was poison: then others are asked."""
        if code == "poisoned":
            raise PeerError("poisoned")
        self._helped = self._helped or not code

    def done(self, id_: int) -> bool:
        """Is this the end of our request?"""
        if self._want is None or self._want.id != id_ or self._answered:
            return False
        self._answered = True
        return True

    def finish(self) -> bool:
        """Everything that came was taken in: may be asked on. False while an answer is outstanding."""
        if self._want is None or not self._answered:
            return False
        self._want = None
        self._useless = not self._helped
        self._fetching.release(self._session)
        return True

    # -- the history before a snapshot -----------------------------------------------------------
    def history(self, urgent: bool) -> tuple[tuple[m.RangeRow, ...], tuple[bytes, ...], int] | None:
        """What of it to ask for (ranges, ids, certificates from a height), one session at a time; ``urgent``: only
        the heads, behind which everything new comes."""
        rows, ids, certificates = self._replica.snapshots.history_wanted(
            limits.RANGES_PER_WANT_MAX, limits.ACTIONS_PER_WANT_MAX
        )
        if not (rows or ids or certificates) or (urgent and not _are_heads(rows)):
            return None
        found = tuple(m.RangeRow(*row) for row in rows), tuple(ids[: limits.IDS_PER_WANT_MAX]), certificates
        if found == self._tried or not self._fetching.take(HISTORY, self._session):
            return None
        self._tried = found
        return found

    def try_again(self) -> None:
        """What this peer did not have some time ago it may have now."""
        self._tried = None
        self._useless = False


def _are_heads(rows: list[tuple[bytes, int, int]]) -> bool:
    return bool(rows) and all(first == last for _, first, last in rows)
