"""Who fetches what, so that sessions of one organisation do not ask two peers for the same.

What certificates seal is cut into *pieces* along the final order: the parents of a piece's actions lie in it or in
pieces before it. Each session with a peer that has them takes pieces in turn, so the load of a first sync is shared
and a slow peer has less of it; they are handed on in order, whoever brings them.

Invariants: a piece is handed on when all before it were; at most ``PIECES_AHEAD`` are held in memory; what a session
had is free for others when it ends, brings less than it was asked for, or takes longer than ``PIECE_SLOW_MS``; other
things when it ends, is done with them, or does not get on for ``THING_SLOW_MS``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from dao_app.app.heads import HeadTable
from dao_app.app.ports import Replica
from dao_app.core.limits import CHECKPOINT_DEVICE_ACTIONS_MAX
from dao_app.net import limits
from dao_app.net.messages import RangeRow


class Piece:
    """Ranges of several devices; ``count`` actions, sealed up to ``height``. ``brought``: the request by which all
    of it came."""

    __slots__ = ("askers", "brought", "count", "height", "rows", "since_ms")

    def __init__(self, height: int, rows: list[RangeRow]) -> None:
        self.height = height
        self.rows = rows
        self.count = sum(row.last - row.first + 1 for row in rows)
        self.askers: list[object] = []
        self.since_ms = 0
        self.brought: object | None = None


def _is_here(piece: Piece, heads: HeadTable) -> bool:
    return all(heads.at(row.device).seq >= row.last for row in piece.rows)


class Fetching:
    """Things (a device's actions, the certificates, a content) and pieces, with the session that asks for each.
    ``wake`` has all sessions look soon for what they can ask."""

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self.wake = wake
        self._taken: dict[bytes, tuple[object, int]] = {}  # thing → session, and since when it has not got on
        self.releases = 0  # times that something taken was given up
        self._pieces: deque[Piece] = deque()
        self._planned = 0  # height up to which certificates were cut into pieces
        self._seqs: dict[bytes, int] = {}  # device → seq up to which it is in pieces
        self._version = -1  # of the heads when that was begun
        self._short: set[object] = set()  # sessions whose peer brought less than it was asked for
        self.doubts = False  # certificates that cannot be filled: no signature covers what they list
        self.in_work = 0  # batches of pieces that were handed on and are not stored yet
        self.done = self.total = 0  # actions of pieces handed on, and planned

    # -- things ------------------------------------------------------------------------------------
    def take(self, thing: bytes, session: object, now_ms: int | None = None) -> bool:
        """Reserve it for this session; False where another one has it. ``now_ms``: it may be taken over from one that
        does not get on."""
        taker, since_ms = self._taken.get(thing, (session, 0))
        if taker is not session and (now_ms is None or now_ms - since_ms <= limits.THING_SLOW_MS):
            return False
        self._taken[thing] = session, now_ms or 0
        return True

    def gets_on(self, session: object, now_ms: int) -> None:
        """Enough came of what this session has asked for."""
        for thing, (taker, _) in self._taken.items():
            if taker is session:
                self._taken[thing] = session, now_ms

    def is_taken(self, thing: bytes) -> bool:
        return thing in self._taken

    def release(self, session: object) -> None:
        """Free all things that this session had."""
        given_up = [thing for thing, (taker, _) in self._taken.items() if taker is session]
        for thing in given_up:
            del self._taken[thing]
        self.releases += bool(given_up)

    def end(self, session: object, handed: int) -> None:
        """This session is gone: what it had others may fetch, also batches that it had handed on."""
        if handed:
            self.in_work -= handed
            self._start_anew()
        self.release(session)
        self._short.discard(session)
        for piece in self._pieces:
            if session in piece.askers:
                piece.askers.remove(session)

    def try_again(self, session: object) -> None:
        """What this peer did not have some time ago it may have now."""
        self._short.discard(session)

    # -- pieces ------------------------------------------------------------------------------------
    @property
    def is_busy(self) -> bool:
        """Pieces are on their way, or being stored."""
        return bool(self._pieces) or self.in_work > 0

    def plan(self, replica: Replica) -> None:
        """Cut what certificates here seal, and what is not here yet, into pieces."""
        heads = replica.heads()
        if self.doubts:
            return
        while self._pieces and not self._pieces[0].askers and _is_here(self._pieces[0], heads):
            self.done += self._pieces.popleft().count  # it came by another way
        if not self.is_busy:
            self.done = self.total = 0
            if replica.height() < self._planned and self._version != heads.version:
                self._planned = 0  # some of it did not come, or was refused
        if not self._planned:
            self._seqs.clear()
            self._version = heads.version
        rows: list[RangeRow] = []
        count = 0
        for height, moves in replica.sealed_after(max(self._planned, replica.height())):
            for device, seq in moves:
                first = max(heads.at(device).seq, self._seqs.get(device, 0)) + 1
                if seq - first >= CHECKPOINT_DEVICE_ACTIONS_MAX:
                    self.doubt()
                    return
                if first <= seq:
                    rows.append(RangeRow(device, first, seq))
                    count += seq - first + 1
                    self._seqs[device] = seq
            self._planned = height
            if count >= limits.PIECE_ACTIONS:
                self._add(height, rows)
                rows, count = [], 0
        if rows:
            self._add(self._planned, rows)

    def _add(self, height: int, rows: list[RangeRow]) -> None:
        for start in range(0, len(rows), limits.RANGES_PER_WANT_MAX):
            piece = Piece(height, rows[start : start + limits.RANGES_PER_WANT_MAX])
            self._pieces.append(piece)
            self.total += piece.count

    def piece_for(self, session: object, height: int, now_ms: int) -> Piece | None:
        """The next piece that this session may ask a peer at this height for: one that nobody fetches, or that takes
        somebody else too long."""
        if session in self._short:
            return None
        for place, piece in enumerate(self._pieces):
            if place == limits.PIECES_AHEAD or piece.height > height or (place and piece.count > limits.PIECE_HELD_MAX):
                return None
            slow = now_ms - piece.since_ms > limits.PIECE_SLOW_MS and len(piece.askers) < limits.PIECE_ASKERS_MAX
            if piece.brought is None and session not in piece.askers and (slow or not piece.askers):
                piece.askers.append(session)
                piece.since_ms = now_ms
                return piece
        return None

    def is_front(self, piece: Piece) -> bool:
        """May what comes of it be handed on at once?"""
        return piece not in self._pieces or self._pieces[0] is piece

    def bring(self, piece: Piece, request: object) -> Iterator[Piece]:
        """All of it came by this request; the pieces that may be handed on now."""
        if piece.brought is None:
            piece.brought = request
        while self._pieces and self._pieces[0].brought is not None:
            self.done += self._pieces[0].count
            yield self._pieces.popleft()

    def fall_short(self, piece: Piece, session: object) -> None:
        """This session's peer did not bring all of it: others are asked, for what is not here by then."""
        self._short.add(session)
        self.leave(piece, session)
        self.doubt()

    def leave(self, piece: Piece, session: object) -> None:
        """The rest of it is to be asked for again."""
        if session in piece.askers:
            piece.askers.remove(session)

    def doubt(self) -> None:
        """Certificates are asked for again before pieces are."""
        self.doubts = True
        self._start_anew()

    def _start_anew(self) -> None:
        self._pieces.clear()
        self._planned = 0

    def certificates_came(self) -> None:
        self.doubts = False
