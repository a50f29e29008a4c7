"""What led to a snapshot: fetched afterwards, and entered as if it had always been here (SYNC-4, protocol §5).

An action of the history is known by its id before it comes: the heads under the certified frontier first, then
what each names as the one before. Certificates are known by the ids that later ones name as previous. When all is
here the history is derived again, which checks it as a whole and enters what the rules did: order, verdicts,
postings.

Invariants: nothing becomes part of the history that a certified checkpoint does not lead to by hashes; what is
passed on to others has a signature that was judged here; a certificate is passed on once its moves came out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from dao_app.app.admission import Parsed, stored
from dao_app.app.ports import SignatureCheck, Verifier
from dao_app.app.storage import CHAIN_META, CHANGES_META, SNAPSHOT_META, Gap, LogRecord, Past
from dao_app.app.verification import fresh_replay
from dao_app.core.entities import Erased
from dao_app.core.envelope import JOIN_TYPE, Action, parse_trusted
from dao_app.core.errors import EncodingError
from dao_app.core.finality.checkpoint import Certificate, Move, has_quorum, parse_certificate
from dao_app.core.frontier import Cut, Missing, Under
from dao_app.core.keys import erased_key
from dao_app.core.replay import Replay, Sealed
from dao_app.core.rules.registry import about
from dao_app.core.transition import InvariantBroken

if TYPE_CHECKING:
    from dao_app.app.organisation import Organisation

CERTIFICATES_AT_ONCE = 1_000  # asked for downwards; one more is sent, which names who signs the next
FILL_STEP = 200  # actions derived between two pauses: about 20 ms
CONCERN_ROWS = 2_000  # actions whose objects are looked up at a time
Pause = Callable[[], Awaitable[None]]
Range = tuple[bytes, int, int]  # device, first and last seq


class History:
    """See the module; of one organisation. ``height`` is that of the snapshot, 0 where all is here."""

    def __init__(self, org: Organisation, verifier: Verifier) -> None:
        self._org = org
        self._verifier = verifier
        self.reload()

    def reload(self) -> None:
        self._stopped = False  # it needs rules that this program does not know
        self._doubted = False  # the snapshot's own certificate does not come out: its moves were changed on the way
        kept = self._org.store.meta(SNAPSHOT_META)
        self.height = int.from_bytes(kept, "big") if kept else 0
        self._gaps = self.height > 0 and self._org.store.has_gaps()

    @property
    def is_complete(self) -> bool:
        return self.height == 0

    def is_past(self, action: Action) -> bool:
        """Does it belong before the snapshot, by its device and seq?"""
        return action.seq <= self._org.replay.sealed.get(action.by, (0, b""))[0]

    # -- actions -------------------------------------------------------------------------------
    def take(self, batch: Sequence[Parsed]) -> list[bytes]:
        """Enter those that certified ids lead to; returns their ids. Others are left alone."""
        store = self._org.store
        waiting = {parsed.action.id: parsed for parsed in batch}
        expected = store.gaps_among(list(waiting))
        taken: dict[bytes, Parsed] = {}
        opened: dict[bytes, Gap] = {}
        queue = list(expected.values())
        while queue:
            gap = queue.pop()
            parsed = waiting.pop(gap.id, None)
            if parsed is None:
                opened[gap.id] = gap
                continue
            taken[gap.id] = parsed._replace(off=gap.off > 0)
            prev = parsed.action.prev
            if prev is not None and prev not in taken and not store.known([prev]):
                queue.append(Gap(prev, gap.device, gap.seq - 1, gap.off))
        if not taken:
            return []
        rows = [stored(parsed) for parsed in sorted(taken.values(), key=lambda p: (p.action.at, p.action.seq))]
        store.append([row._replace(refs=self._kept(row.refs)) for row in rows], past=True)
        store.move_gaps(list(taken), [gap for gap in opened.values() if gap.id not in expected])
        self._gaps = store.has_gaps()
        own = self._org.signer.public if self._org.signer is not None else b""
        if any(parsed.action.type == JOIN_TYPE and parsed.action.by == own for parsed in taken.values()):
            self._org.add_content(store.meta("join_profile") or b"")
        return list(taken)

    def _kept(self, refs: tuple[tuple[bytes, int], ...]) -> tuple[tuple[bytes, int], ...]:
        """Without what was erased since."""
        return tuple(r for r in refs if not isinstance(self._org.replay.final.entity(erased_key(r[0])), Erased))

    # -- certificates --------------------------------------------------------------------------
    def take_certificates(self, items: Sequence[Certificate]) -> int:
        """Enter those that lead down from the lowest one here by their ids; returns how many."""
        floor, lowest = self._lowest()
        found = {one.checkpoint.height: one for one in items}
        if self._doubted:
            self._replace(found.get(self.height))
        taken: list[Certificate] = []
        while floor > 1:
            one, before = found.get(floor - 1), found.get(floor - 2)
            if one is None or one.id != lowest.checkpoint.previous:
                break
            if floor == 2:
                signers: tuple[bytes, ...] = (self._org.replay.action(self._org.org_id).body["witness"],)
            elif before is not None and before.id == one.checkpoint.previous:
                signers = before.checkpoint.witnesses
            else:
                break
            if not has_quorum(one, signers, self._signed):
                break
            taken.append(one)
            floor, lowest = floor - 1, one
        self._org.store.put_past(taken)
        return len(taken)

    def _signed(self, key: bytes, message: bytes, signature: bytes) -> bool:
        return self._verifier.verify(SignatureCheck(key, message, signature))

    def _replace(self, other: Certificate | None) -> None:
        """Another peer's copy of the snapshot's certificate: the same checkpoint, perhaps with the right moves."""
        record = self._org.store.checkpoint(self.height)
        if other is not None and record is not None and other.id == record.id and other.raw != record.raw:
            self._org.store.replace_certificate(self.height, other.raw)
            self._doubted = False

    def _lowest(self) -> tuple[int, Certificate]:
        height = self._org.store.first_height()
        record = self._org.store.checkpoint(height)
        assert record is not None
        return height, parse_certificate(record.raw)

    # -- what to ask for -----------------------------------------------------------------------
    def wants(self, ranges_max: int, actions_max: int) -> tuple[list[Range], list[bytes], int]:
        """Ranges of actions, actions by id, and the height from which certificates are wanted (0: none)."""
        if self.is_complete:
            return [], [], 0
        gaps = self._org.store.gaps(ranges_max) if self._gaps else []
        trunk = [gap for gap in gaps if not gap.off]
        heads = [gap for gap in trunk if self._org.replay.sealed.get(gap.device, (0, b""))[1] == gap.id]
        if heads:  # without them nothing can be put behind the snapshot
            return [(gap.device, gap.seq, gap.seq) for gap in heads], [], 0
        each = max(1, actions_max // max(1, len(trunk)))
        ranges = [(gap.device, max(1, gap.seq - each + 1), gap.seq) for gap in trunk]
        first = self._org.store.first_height()
        certificates = max(1, first - CERTIFICATES_AT_ONCE) if first > 1 and not gaps else 0
        if self._doubted:
            certificates = self.height
        return ranges, [gap.id for gap in gaps if gap.off], certificates

    @property
    def is_fetched(self) -> bool:
        """Is everything here, so that it can be derived?"""
        if self.is_complete or self._gaps or self._doubted or self._stopped:
            return False
        return self._org.store.first_height() == 1

    # -- entering what it did ------------------------------------------------------------------
    async def fill(self, pause: Pause, told: Callable[[int, int], None]) -> bool:
        """Derive the history again and enter order, verdicts and postings; False where a certificate of it does not
        come out (that one and those below are fetched anew) or needs rules that this program does not know."""
        org, store = self._org, self._org.store
        replay = fresh_replay(org)
        done, total = 0, max(1, store.counts().actions)
        for height in range(1, self.height + 1):
            record = store.checkpoint(height)
            assert record is not None
            certificate = parse_certificate(record.raw)
            for one in self._under(replay, certificate):
                replay.add(parse_trusted(one.id, one.payload), bool(one.off))
                done += 1
                if done % FILL_STEP == 0:
                    told(done, total)
                    await pause()
            if replay.rules() > replay.supported:
                self._stopped = True
                return False
            cut = Cut(certificate.moves, certificate.extras)
            sealing = replay.under(cut)
            sealed = _sealed(replay, cut, sealing, certificate.checkpoint.time)
            if sealed is None or sealed.checkpoint != certificate.checkpoint:
                self._doubted = height == self.height
                store.drop_past(min(height, self.height - 1))
                return False
            replay.advance(sealed, certificate.id)
            store.fill(Past(height, sealed.order, sealed.verdicts, sealed.postings))
            await pause()
        await self._concern(pause)
        for key in (SNAPSHOT_META, CHAIN_META, CHANGES_META):
            store.set_meta(key, None)
        self.reload()
        told(total, total)
        return True

    def _under(self, replay: Replay, certificate: Certificate) -> Iterator[LogRecord]:
        """The stored actions that a certificate of the history names."""
        store = self._org.store
        for move in certificate.moves:
            first = replay.sealed.get(move.device, (0, b""))[0] + 1
            yield from store.chain(move.device, first, move.seq, move.seq - first + 1)
        for extra in certificate.extras:
            yield from self._branch(replay, extra)

    def _branch(self, replay: Replay, extra: Move) -> Iterator[LogRecord]:
        record = self._org.store.record(extra.head)
        while record is not None and record.off and record.id not in replay.pending:
            yield record
            prev = parse_trusted(record.id, record.payload).prev
            record = None if prev is None else self._org.store.record(prev)

    async def _concern(self, pause: Pause) -> None:
        """Objects came after what concerns them: find them now."""
        pos = -(2**53)
        while records := self._org.store.after(pos, CONCERN_ROWS):
            rows = {}
            for record in records:
                target = about(parse_trusted(record.id, record.payload))
                if target is not None:
                    rows[record.id] = target
            self._org.store.concern(rows)
            pos = records[-1].pos
            await pause()


def _sealed(replay: Replay, cut: Cut, sealing: Under | Missing | None, time: int) -> Sealed | None:
    """The next checkpoint derived; None where it cannot be."""
    if not isinstance(sealing, Under):
        return None
    try:
        return replay.seal(cut, sealing, time)
    except InvariantBroken:
        return None


def certificates_of(items: Sequence[bytes]) -> list[Certificate]:
    """Those that can be read."""
    found = []
    for raw in items:
        try:
            found.append(parse_certificate(raw))
        except EncodingError:
            continue
    return found

