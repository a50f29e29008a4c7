"""Snapshots of an organisation: served from what is here, and taken in piece by piece (SYNC-4, protocol §5).

``served_*`` answer a peer; ``Intake`` checks what peers send and keeps it until the state is complete, also over
a restart, and also when the peers' checkpoint moves on meanwhile: then only buckets that changed are asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from dao_app.app.admission import Parsed, stored
from dao_app.app.errors import GuildhallError
from dao_app.app.ports import SignatureCheck, SnapshotRequest
from dao_app.app.proofs import chain
from dao_app.core.encoding import decode_trusted, encode_trusted
from dao_app.core.entities import Totals, decode_entity
from dao_app.core.envelope import parse_action, unpack
from dao_app.core.errors import EncodingError
from dao_app.core.finality.proofs import chain_to_wire
from dao_app.core.finality.snapshot import (
    SLOTS,
    TREES,
    Head,
    Poisoned,
    certified_roots,
    encode_bucket,
    encode_head,
    encode_roots,
    read_bucket,
    read_head,
    read_roots,
)
from dao_app.core.keys import TOTALS_KEY
from dao_app.core.merkle import BUCKETS, bucket_of

if TYPE_CHECKING:
    from dao_app.app.organisation import Organisation

BEHIND_MIN = 5_000  # actions missing: fewer are derived in seconds, and then nothing has to be fetched afterwards
STAGE_BYTES = 4 * 1024 * 1024  # checked buckets gathered before they are written


# -- serving -------------------------------------------------------------------------------------
def served_head(org: Organisation, anchor: int) -> tuple[bytes, tuple[bytes, ...]] | None:
    """Head and roots of the three trees at the last checkpoint; None where nothing is final, or the chain is not
    here. The chain passes the height ``anchor``, if that is not 0."""
    last, genesis = org.store.last_checkpoint(), org.store.record(org.org_id)
    if last is None or genesis is None or anchor > last.height:
        return None
    try:
        rows = chain(org, anchor)
    except GuildhallError:  # over a recovery, or not past this anchor
        return None
    head = encode_head((genesis.payload, genesis.signature), rows, last.raw)
    return head, tuple(encode_roots(org.store.load_roots(tree)) for tree in range(TREES))


def served_buckets(org: Organisation, slots: Iterable[int], max_bytes: int) -> Iterator[tuple[int, bytes]]:
    """The buckets in these slots (tree x 4,096 + bucket) as they are certified now, at least one, until so many
    bytes are passed."""
    size = 0
    for slot in slots:
        raw = encode_bucket(org.store.raw_bucket(slot))
        yield slot, raw
        size += len(raw)
        if size > max_bytes:
            return


# -- taking in -----------------------------------------------------------------------------------
class Intake:
    """A snapshot on its way into an organisation of which nothing is sealed here. Raises Poisoned and EncodingError
    for what a peer sent; then nothing of that is kept."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self.head: Head | None = None
        self._roots: dict[int, bytes] = {}  # of all buckets that are not empty, by slot
        self._have = org.store.staged()
        self._fresh: list[tuple[int, bytes, bytes]] = []
        self._fresh_bytes = 0

    # -- the head ------------------------------------------------------------------------------
    def take_head(self, raw: bytes, roots: tuple[bytes, ...]) -> None:
        """A peer's head with the roots under it; one that is not newer than what is here changes nothing."""
        head, _ = read_head(raw, self._org.org_id, self._org.anchor, self._signed)
        if self.head is not None and head.checkpoint.height <= self.head.checkpoint.height:
            return
        if len(roots) != TREES:
            raise Poisoned("roots")
        found: dict[int, bytes] = {}
        for tree, (part, certified) in enumerate(zip(roots, certified_roots(head.checkpoint), strict=True)):
            found.update({tree * BUCKETS + number: root for number, root in read_roots(part, certified).items()})
        self.head, self._roots = head, found

    def _signed(self, key: bytes, message: bytes, signature: bytes) -> bool:
        return self._org.verifier.verify(SignatureCheck(key, message, signature))

    @property
    def height(self) -> int:
        """Of the checkpoint that it aims at; 0 before there is one."""
        return 0 if self.head is None else self.head.checkpoint.height

    # -- buckets -------------------------------------------------------------------------------
    def wanted(self, limit: int) -> list[int]:
        """Slots that are still missing, in order."""
        missing = (slot for slot in sorted(self._roots) if self._have.get(slot) != self._roots[slot])
        return [slot for _, slot in zip(range(limit), missing, strict=False)]

    def take_buckets(self, height: int, rows: Iterable[tuple[int, bytes]]) -> int:
        """Check buckets that a peer at this height sent, and keep them; returns how many. One that does not fit is
        poison if the peer is at our height; from a peer that has moved on it may just have changed."""
        taken = 0
        for slot, raw in rows:
            root = self._roots.get(slot) if 0 <= slot < SLOTS else None
            if root is None:
                if height == self.height:
                    raise Poisoned("bucket")
                continue
            if self._have.get(slot) == root:
                continue
            try:
                read_bucket(raw, slot, root)
            except Poisoned:
                if height == self.height:
                    raise
                continue
            self._have[slot] = root
            self._fresh.append((slot, root, raw))
            self._fresh_bytes += len(raw)
            taken += 1
        if self._fresh_bytes >= STAGE_BYTES:
            self.keep()
        return taken

    def keep(self) -> None:
        """Write what was checked."""
        self._org.store.stage(self._fresh)
        self._fresh, self._fresh_bytes = [], 0

    @property
    def progress(self) -> tuple[int, int]:
        """Buckets that are here, of all."""
        return sum(self._have.get(slot) == root for slot, root in self._roots.items()), len(self._roots)

    @property
    def is_complete(self) -> bool:
        return self.head is not None and not self.wanted(1)

    def install(self) -> None:
        """Let it be the state; the tail and the history come by the usual ways."""
        head = self.head
        assert head is not None and self.is_complete
        self.keep()
        if not self._org.store.known([self._org.org_id]):
            payload, signature = unpack(head.genesis)
            self._org.store.append([stored(Parsed(parse_action(payload), payload, signature))])
        rows = encode_trusted(chain_to_wire(head.chain))
        self._org.store.install(head.certificate, self._roots, _sealed(self._org), rows)
        self._org.adopt_snapshot()


def _sealed(org: Organisation) -> int:
    """How many actions the final order has taken, as the staged state says."""
    entries: dict[bytes, bytes] = dict(decode_trusted(org.store.staged_entries(bucket_of(TOTALS_KEY))))
    totals = decode_entity(TOTALS_KEY, entries[TOTALS_KEY])
    assert isinstance(totals, Totals)
    return totals.place


class OrgSnapshots:
    """What a sync session asks of an organisation about snapshots; implements ``ports.Snapshots``."""

    def __init__(self, org: Organisation) -> None:
        self._org = org
        self._intake: Intake | None = None
        self._moved = False  # the peers' checkpoint is another one than we aim at

    # -- taking in -----------------------------------------------------------------------------
    def due(self, missing: int) -> bool:
        org = self._org
        if missing <= BEHIND_MIN or org.height() or org.conflict:
            return False
        return org.store.counts().actions <= 1

    def request(self) -> SnapshotRequest:
        intake = self._needed()
        wanted = [] if self._moved or intake.head is None else intake.wanted(SLOTS)
        return SnapshotRequest(self._org.anchor[0], tuple(runs_of(wanted)))

    def _needed(self) -> Intake:
        if self._intake is None:
            self._intake = Intake(self._org)
        return self._intake

    def take_head(self, head: bytes, roots: tuple[bytes, ...]) -> str:
        intake = self._needed()
        before = intake.height
        try:
            intake.take_head(head, roots)
        except (Poisoned, EncodingError):
            return "poisoned"
        if intake.height == before:
            return "old"
        self._moved = False
        self._install_if_complete()
        return ""

    def take_buckets(self, height: int, rows: Sequence[tuple[int, bytes]]) -> str:
        intake = self._needed()
        try:
            intake.take_buckets(height, rows)
        except (Poisoned, EncodingError):
            return "poisoned"
        if height != intake.height:
            self._moved = True
        self._install_if_complete()
        return ""

    def _install_if_complete(self) -> None:
        if self._intake is not None and self._intake.is_complete and self._org.height() == 0:
            intake, self._intake = self._intake, None
            intake.install()

    def progress(self) -> tuple[int, int]:
        return (0, 0) if self._intake is None else self._intake.progress

    # -- serving, and the history ----------------------------------------------------------------
    def served_head(self, anchor: int) -> tuple[bytes, tuple[bytes, ...]] | None:
        return served_head(self._org, anchor)

    def served_buckets(self, slots: Sequence[int], max_bytes: int) -> list[tuple[int, bytes]]:
        return list(served_buckets(self._org, slots, max_bytes))

    def history_wanted(
        self, ranges_max: int, actions_max: int
    ) -> tuple[list[tuple[bytes, int, int]], list[bytes], int]:
        return self._org.history.wants(ranges_max, actions_max)


def runs_of(slots: Sequence[int]) -> list[tuple[int, int]]:
    """Rising numbers as runs, first and last."""
    runs: list[tuple[int, int]] = []
    for slot in slots:
        if runs and runs[-1][1] == slot - 1:
            runs[-1] = (runs[-1][0], slot)
        else:
            runs.append((slot, slot))
    return runs
