"""What a side asks of its peer, and what becomes of the answers. Sans-IO, part of ``session``.

A request is answered by parts and ``Done``. Pieces of the certified history (``fetching``) are asked for two at a time,
so the next one is on its way while one is judged; everything else one request at a time. Batches are handed on as they
are large enough for judging and storing; how many are under way at once the driver bounds, and so how fast it reads.

Invariants: an answer is taken only to a request that is open, and never more than was asked for; forged objects count
against the peer that sent them, whoever hands them on.
"""

from __future__ import annotations

from collections import deque

from dao_app.app.ports import CHAIN_MAX, AdmitReport, Replica
from dao_app.net import limits
from dao_app.net import messages as m
from dao_app.net.codec import PeerError
from dao_app.net.contents import Contents
from dao_app.net.effects import AddContents, Admit, AdmitCertificates, Effect, Progressed
from dao_app.net.fetching import Fetching, Piece
from dao_app.net.snapshotting import Snapshotting
from dao_app.net.telling import Telling

CERTIFICATES = b"certificates"  # reserved in ``Fetching``, or tried
_FORGED = frozenset({"malformed", "signature", "other_organisation", "weak_key", "certification", "certificate"})


class Request:
    """One under way. ``got`` of ``asked`` actions came; ``in_work`` batches of it are being stored; ``told``:
    contents that the peer got meanwhile, whatever the answer lacks."""

    __slots__ = ("answered", "asked", "asking", "gathered", "gathered_bytes", "got", "in_work", "piece", "told", "want")

    def __init__(self, asking: Asking, want: m.Want, asked: int, piece: Piece | None) -> None:
        self.asking = asking
        self.want = want
        self.asked = asked
        self.piece = piece
        self.got = self.gathered_bytes = self.in_work = 0
        self.gathered: list[bytes] = []
        self.told: set[bytes] = set()
        self.answered = False


class Asking:
    """See the module. Requests are put into ``control``."""

    def __init__(self, replica: Replica, telling: Telling, fetching: Fetching, control: deque[m.Message]) -> None:
        self._replica = replica
        self._telling = telling
        self._fetching = fetching
        self._control = control
        self._snapshot = Snapshotting(replica, fetching, self)
        self._snapshot_work = 0
        self._open: dict[int, Request] = {}
        self._last_id = 0
        self._now_ms = 0
        self._tried: dict[bytes, tuple[int, ...]] = {}
        self._ids_tried: set[bytes] = set()
        self._other_due = True  # a checkpoint may be another one
        self._digests: tuple[bytes | None, bytes] | None = None  # the peer's and ours, when last tried again
        self._contents = Contents(replica, fetching, self)
        self._progress = False
        self._refused = 0
        self._came = 0  # bytes, since it was last said that this session gets on
        self._handed = 0  # batches of pieces that this session handed on and that are not stored yet

    @property
    def waiting(self) -> bool:
        """An answer is outstanding."""
        return self._snapshot.waiting or any(not request.answered for request in self._open.values())

    def end(self) -> None:
        """The stream is gone: what was asked for may be asked of others."""
        self._fetching.end(self, self._handed)
        self._handed = 0

    def try_again(self) -> None:
        """Some time passed: what did not help may help now."""
        self._ids_tried.clear()
        self._tried.pop(CERTIFICATES, None)
        digests = (self._telling.peer_digest, self._replica.heads_digest())
        if digests == self._digests and len(set(digests)) == 2:  # news on their way make them differ for a moment only
            self._other_due = True
        self._digests = digests
        self._snapshot.try_again()
        self._contents.try_again()
        self._fetching.try_again(self)

    def content_wanted(self) -> None:
        """Something that refers to content came in by another way."""
        self._contents.due()

    def may_be_fetched(self, hashes: tuple[bytes, ...]) -> None:
        """The peer has these contents now."""
        for request in self._open.values():
            request.told.update(set(request.want.contents).intersection(hashes))
        self._contents.may_be_fetched(hashes)

    # -- asking --------------------------------------------------------------------------------------
    def ask(self, now_ms: int) -> list[Effect]:
        """Ask for the next parts of what is lacking, as far as nothing stands in the way. Raises PeerError where the
        peer's objects were forged."""
        self._now_ms = now_ms
        self._bear()
        effects: list[Effect] = []
        while len(self._open) < limits.WANTS_OPEN_MAX and not self._snapshot.is_open:
            request = self._next()
            if request is None:
                break
            self._open[request.want.id] = request
            self._control.append(request.want)
            if request.asked:
                effects.append(self._progressed(request))
        return effects

    def _bear(self) -> None:
        if self._refused > limits.REFUSED_MAX:
            raise PeerError("forged")

    def _progressed(self, request: Request) -> Progressed:
        if request.piece is None:
            return Progressed(request.got, request.asked)
        return Progressed(self._fetching.done, max(self._fetching.total, self._fetching.done))

    def _next(self) -> Request | None:
        for device in self._telling.forget_arrived():
            self._tried.pop(device, None)
        self._fetching.plan(self._replica)
        missing = max(self._telling.missing(), self._fetching.total - self._fetching.done)
        if self._snapshot.is_due(missing):
            if not self._open:
                self._control += self._snapshot.ask(self._new_id())
            return None
        piece = self._fetching.piece_for(self, self._telling.peer_height, self._now_ms)
        if piece is not None:
            return self._request_piece(piece)
        return None if self._open else self._request_rest(missing)

    def _request_piece(self, piece: Piece) -> Request:
        heads = self._replica.heads()
        here = [row._replace(first=max(row.first, heads.at(row.device).seq + 1)) for row in piece.rows]
        rows = tuple(row for row in here if row.first <= row.last)
        asked = min(_actions(rows), limits.ACTIONS_PER_WANT_MAX)
        return Request(self, m.Want(self._new_id(), 0, rows, ()), asked, piece)

    def _request_rest(self, missing: int) -> Request | None:
        """Heads of the history, certificates, what is not certified, contents, whatever explains a difference."""
        height = self._replica.height()
        ranges: tuple[m.RangeRow, ...] = ()
        contents: tuple[bytes, ...] = ()
        ids: tuple[bytes, ...] = ()
        certificates = 0
        history = self._snapshot.history(True)
        if history is None:
            certificates = self._certificates_from(height)
            first_certificates = missing > limits.PIECE_ACTIONS and self._fetching.is_taken(CERTIFICATES)
            if not first_certificates and not self._fetching.is_busy:
                ranges = self._ranges(height)
            ids = self._ids() if not ranges else ()
            if not ranges and not certificates:
                contents = self._contents.next(self._now_ms)
            if not (ranges or certificates or contents or ids):
                certificates = self._certificate_of_another_history(height)
            if not (ranges or certificates or contents or ids):
                history = self._snapshot.history(False)
        if history is not None:
            ranges, ids, certificates = history
        elif not (ranges or certificates or contents or ids):
            return None
        asked = min(_actions(ranges) + len(ids) * CHAIN_MAX, limits.ACTIONS_PER_WANT_MAX)
        self._progress = False
        return Request(self, m.Want(self._new_id(), certificates, ranges, contents, ids), asked, None)

    def _new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def _ranges(self, height: int) -> tuple[m.RangeRow, ...]:
        """Ranges to ask for: not those that another session fetches, nor what failed and has not changed."""
        rows: list[m.RangeRow] = []
        heads = self._replica.heads()
        for device, last in self._telling.lacking.items():
            if len(rows) == limits.RANGES_PER_WANT_MAX:
                break
            first = heads.at(device).seq + 1
            if self._tried.get(device) == (first, last, height) or not self._fetching.take(
                device, self, self._now_ms
            ):
                continue
            self._tried[device] = (first, last, height)
            rows.append(m.RangeRow(device, first, last))
        return tuple(rows)

    def _ids(self) -> tuple[bytes, ...]:
        """Actions to ask for by name: each once, until something came in or some time passed."""
        wanted = [*self._replica.missing_ids(limits.IDS_PER_WANT_MAX), *self._telling.odd]
        self._telling.odd.clear()
        fresh = [id_ for id_ in dict.fromkeys(wanted) if id_ not in self._ids_tried][: limits.IDS_PER_WANT_MAX]
        self._ids_tried.update(fresh)
        return tuple(fresh)

    def _certificates_from(self, height: int) -> int:
        held, theirs = height if self._fetching.doubts else self._replica.held_height(), self._telling.peer_height
        if theirs <= held or self._tried.get(CERTIFICATES) == (held, theirs):
            return 0
        if not self._fetching.take(CERTIFICATES, self, self._now_ms):
            return 0
        self._tried[CERTIFICATES] = (held, theirs)
        return max(1, height) if held == height else held + 1  # our last one too: both must be seen where they differ

    def _certificate_of_another_history(self, height: int) -> int:
        """Nothing is lacking, both are at one height, and still the digests differ: another checkpoint there?"""
        telling = self._telling
        if not self._other_due or not height or telling.peer_height != height or telling.peer_digest is None:
            return 0
        agree = telling.peer_digest == self._replica.heads_digest()
        if telling.lacking and not agree:
            return 0
        self._other_due = False
        return 0 if agree else height

    # -- answers -------------------------------------------------------------------------------------
    def hear(self, message: m.Certificates | m.Actions | m.Contents) -> list[Effect]:
        """A part of an answer. Raises PeerError ``order`` or ``unasked``."""
        request = self._open.get(message.id)
        if request is None or request.answered:
            raise PeerError("order")
        self._get_on(sum(map(len, message.items)))
        if isinstance(message, m.Certificates):
            if not request.want.certificates_from:
                raise PeerError("unasked")
            request.in_work += 1
            return [AdmitCertificates(message.items, request)]
        if isinstance(message, m.Contents):
            if len(message.items) > len(request.want.contents):
                raise PeerError("unasked")
            request.in_work += 1
            return [AddContents(message.items, request)]
        request.got += len(message.items)
        if request.got > request.asked:
            raise PeerError("unasked")
        request.gathered += message.items
        request.gathered_bytes += sum(map(len, message.items))
        full = len(request.gathered) >= limits.ADMIT_ACTIONS or request.gathered_bytes >= limits.ADMIT_BYTES
        return self._hand_on(request) if full and self._may_hand_on(request) else []

    def _get_on(self, size: int) -> None:
        """So many bytes came: a crumb at a time is not getting on."""
        self._came += size
        if self._came >= limits.THING_BYTES_MIN:
            self._came = 0
            self._fetching.gets_on(self, self._now_ms)

    def _may_hand_on(self, request: Request) -> bool:
        return request.piece is None or self._fetching.is_front(request.piece)

    def _hand_on(self, request: Request) -> list[Effect]:
        """What was gathered, as one batch."""
        if not request.gathered:
            return []
        batch, request.gathered, request.gathered_bytes = tuple(request.gathered), [], 0
        request.in_work += 1
        if request.piece is not None:
            self._handed += 1
            self._fetching.in_work += 1
        return [Admit(batch, request), self._progressed(request)]

    def hear_done(self, id_: int) -> list[Effect]:
        """The end of an answer. Raises PeerError ``order``."""
        if self._snapshot.done(id_):
            return self._finish_snapshot()
        request = self._open.get(id_)
        if request is None or request.answered:
            raise PeerError("order")
        request.answered = True
        if request.piece is None:
            return self._hand_on(request) + self._finish(request)
        del self._open[id_]
        return self._piece_done(request, request.piece) + self.ask(self._now_ms)

    def _piece_done(self, request: Request, piece: Piece) -> list[Effect]:
        effects: list[Effect] = []
        if request.got < request.asked:
            if self._may_hand_on(request):
                effects = self._hand_on(request)
            self._fetching.fall_short(piece, self)
        elif request.asked < _actions(request.want.ranges):
            effects = self._hand_on(request)  # a piece that large is asked for only at the front
            self._fetching.leave(piece, self)
        else:
            for ready in self._fetching.bring(piece, request):
                assert isinstance(ready.brought, Request)
                effects += self._hand_on(ready.brought)
        return effects

    def admitted(self, report: AdmitReport, request: Request) -> list[Effect]:
        """What became of a batch that this session handed on. Raises PeerError after too much forgery by its peer."""
        request.in_work -= 1
        request.asking._refused += sum(count for code, count in report.refused.items() if code in _FORGED)
        if report.stored:
            self._contents.due()
            self._progress = True
            self._fetching.gets_on(self, self._now_ms)
        if request.piece is not None:
            self._piece_stored(request, request.piece)
            return self.ask(self._now_ms)
        self._bear()
        return self._finish(request)

    def _piece_stored(self, request: Request, piece: Piece) -> None:
        """A batch of a piece is stored: was all of it what it should be?"""
        self._handed -= 1
        self._fetching.in_work -= 1
        if request.in_work or not request.answered:
            return
        heads = self._replica.heads()
        if piece.brought is request and any(heads.at(row.device).seq < row.last for row in piece.rows):
            self._fetching.fall_short(piece, request.asking)

    def refused(self, report: AdmitReport) -> None:
        """Objects beside requests (words). Raises PeerError after too much forgery."""
        self._refused += sum(count for code, count in report.refused.items() if code in _FORGED)
        self._bear()

    def contents_added(self, request: Request) -> list[Effect]:
        request.in_work -= 1
        return self._finish(request)

    def _finish(self, request: Request) -> list[Effect]:
        """When everything that came is stored: ask on, and tell others that they may."""
        if not request.answered or request.in_work or self._open.pop(request.want.id, None) is None:
            return []
        if request.want.certificates_from:
            self._fetching.certificates_came()
        if request.want.contents:
            self._contents.answered(request.want.contents, request.told)
        if self._progress:
            self._ids_tried.clear()
            self._other_due = True
            self._tried.clear()  # what could not be placed before, or was beyond the answer's bound, may go now
        self._fetching.release(self)
        done: list[Effect] = [Progressed(request.asked, request.asked)] if request.asked else []
        return done + self.ask(self._now_ms)

    # -- a snapshot ------------------------------------------------------------------------------------
    def hear_snapshot(self, message: m.SnapshotHead | m.SnapshotPart) -> list[Effect]:
        self._snapshot_work += 1
        return [self._snapshot.hear(message)]

    def snapshot_taken(self, code: str) -> list[Effect]:
        """What became of ``TakeHead`` or ``TakeBuckets``. Raises PeerError where it was poison."""
        self._snapshot_work -= 1
        self._snapshot.taken(code)
        return [Progressed(*self._replica.snapshots.progress()), *self._finish_snapshot()]

    def _finish_snapshot(self) -> list[Effect]:
        if self._snapshot_work or not self._snapshot.finish():
            return []
        self._tried.clear()
        return self.ask(self._now_ms)


def _actions(rows: tuple[m.RangeRow, ...]) -> int:
    return sum(row.last - row.first + 1 for row in rows)
