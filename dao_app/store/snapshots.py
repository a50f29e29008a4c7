"""Tables of a snapshot on its way in, and of the history that follows it: part of ``SqlStore``.

Invariant: what is staged touches nothing that the state is read from; it takes its place in one transaction,
with the checkpoint that certifies it. History takes places before everything else, so that what is read in the
order of arrival stays in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from dao_app.app.storage import CHAIN_META, SNAPSHOT_META, Gap, Past
from dao_app.core.encoding import decode_trusted, encode_trusted
from dao_app.core.finality.checkpoint import Certificate
from dao_app.core.merkle import BUCKETS, bucket_of
from dao_app.core.state import FRONTIER_TREE, STATE_TREE
from dao_app.store.database import Database
from dao_app.store.schema import action, bucket, checkpoint, entity, gap, meta, posting, staged, verdict

DEVICE_KEY_BYTES = 32  # an extra head's key in the frontier is longer
INSTALL_BUCKETS = 256  # read and written at a time
_CLEAR_IN_MAX = 500  # values in one IN list


class SnapshotTables:
    """See the module; the attributes are those of ``SqlStore``."""

    _base: Database
    _all: Any
    _writing: Any
    _put_entity: Any
    _put_bucket: Any
    _write_heads: Any
    _positions_of: Any
    _add_posting: Any
    _numbers: dict[bytes, int]
    _keys: dict[int, bytes]

    # -- on its way ----------------------------------------------------------------------------
    def stage(self, rows: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Keep checked buckets: (slot, root, entries as ``core.finality.snapshot`` encodes them)."""
        statement = self._base.upsert(staged, ["slot"], ["root", "entries"])
        values = [{"slot": slot, "root": root, "entries": entries} for slot, root, entries in rows]
        if values:
            with self._writing() as connection:
                connection.execute(statement, values)

    def staged(self) -> dict[int, bytes]:
        """Roots of the buckets that are kept, by slot."""
        return {row.slot: row.root for row in self._all(select(staged.c.slot, staged.c.root))}

    def staged_entries(self, slot: int) -> bytes:
        """Raises KeyError where nothing is kept."""
        found = self._all(select(staged.c.entries).where(staged.c.slot == slot))
        if not found:
            raise KeyError(slot)
        return bytes(found[0].entries)

    def clear_staged(self) -> None:
        with self._writing() as connection:
            connection.execute(delete(staged))

    def install(self, certificate: Certificate, roots: Mapping[int, bytes], sealed: int, chain: bytes) -> None:
        """Let the staged buckets be the state, certified by this checkpoint; ``roots`` by slot, ``sealed`` the number
        of actions under it, ``chain`` what leads to it."""
        heads: dict[bytes, tuple[int, bytes]] = {}
        gaps: list[dict[str, Any]] = []
        slots = sorted(roots)
        with self._writing() as connection:
            connection.execute(delete(entity))
            connection.execute(delete(bucket))
            for start in range(0, len(slots), INSTALL_BUCKETS):
                part = slots[start : start + INSTALL_BUCKETS]
                query = select(staged).where(staged.c.slot >= part[0], staged.c.slot <= part[-1])
                rows = []
                for row in connection.execute(query):
                    if roots.get(row.slot) != row.root:
                        continue
                    found = decode_trusted(row.entries)
                    rows += [(row.slot, key, value) for key, value in found]
                    if row.slot >= FRONTIER_TREE * BUCKETS:
                        gaps += [self._note(key, value, heads) for key, value in found]
                if rows:
                    self._put_entity(connection, rows)
            self._put_bucket(connection, [(slot, roots[slot]) for slot in slots])
            added = self._write_heads(connection, heads)
            connection.execute(
                insert(checkpoint),
                {
                    "height": certificate.checkpoint.height, "id": certificate.id, "time": certificate.checkpoint.time,
                    "actions": sealed, "certificate": certificate.raw, "order": encode_trusted([]),
                },
            )  # fmt: skip
            if gaps:
                connection.execute(self._base.add_new(gap), gaps)
            connection.execute(delete(staged))
            height = certificate.checkpoint.height.to_bytes(8, "big")
            for key, value in ((CHAIN_META, chain), (SNAPSHOT_META, height)):
                connection.execute(delete(meta).where(meta.c.key == key))
                connection.execute(insert(meta).values(key=key, value=value))
        self._numbers = {**self._numbers, **added}
        self._keys.update({number: key for key, number in added.items()})

    @staticmethod
    def _note(key: bytes, value: bytes, heads: dict[bytes, tuple[int, bytes]]) -> dict[str, Any]:
        """A head of the frontier: the newest action of a chain that is not here."""
        fields = decode_trusted(value)
        if len(key) == DEVICE_KEY_BYTES:
            heads[key] = (fields[0], fields[1])
            return {"id": fields[1], "device": key, "seq": fields[0], "off": 0}
        return {"id": key[DEVICE_KEY_BYTES:], "device": key[:DEVICE_KEY_BYTES], "seq": fields[0], "off": 2}

    # -- the history that follows ----------------------------------------------------------------
    def gaps(self, limit: int) -> list[Gap]:
        """Actions that are known by id to be part of the history and are not here."""
        return [Gap(row.id, row.device, row.seq, row.off) for row in self._all(select(gap).limit(limit))]

    def has_gaps(self) -> bool:
        return bool(self._all(select(gap.c.id).limit(1)))

    def gaps_among(self, ids: Sequence[bytes]) -> dict[bytes, Gap]:
        found: dict[bytes, Gap] = {}
        for start in range(0, len(ids), _CLEAR_IN_MAX):
            query = select(gap).where(gap.c.id.in_(ids[start : start + _CLEAR_IN_MAX]))
            found.update({row.id: Gap(row.id, row.device, row.seq, row.off) for row in self._all(query)})
        return found

    def move_gaps(self, closed: Sequence[bytes], opened: Sequence[Gap]) -> None:
        """These are here now, and those are known to be missing before them."""
        with self._writing() as connection:
            for start in range(0, len(closed), _CLEAR_IN_MAX):
                connection.execute(delete(gap).where(gap.c.id.in_(closed[start : start + _CLEAR_IN_MAX])))
            if opened:
                connection.execute(self._base.add_new(gap), [one._asdict() for one in opened])

    def put_past(self, certificates: Sequence[Certificate]) -> None:
        """Certificates of the history; what they sealed is entered by ``fill``."""
        rows = [
            {
                "height": one.checkpoint.height, "id": one.id, "time": one.checkpoint.time, "actions": 0,
                "certificate": one.raw, "order": encode_trusted([]),
            }
            for one in certificates
        ]  # fmt: skip
        if rows:
            with self._writing() as connection:
                connection.execute(self._base.add_new(checkpoint), rows)

    def drop_past(self, height: int) -> None:
        """Certificates of the history up to this height: its list of moves is not what it certifies."""
        with self._writing() as connection:
            connection.execute(delete(checkpoint).where(checkpoint.c.height <= height))

    def replace_certificate(self, height: int, raw: bytes) -> None:
        """Another copy of the same checkpoint's certificate."""
        with self._writing() as connection:
            connection.execute(update(checkpoint).where(checkpoint.c.height == height).values(certificate=raw))

    def fill(self, past: Past) -> None:
        """What a checkpoint of the history did, derived again: order, verdicts, postings."""
        positions = self._positions_of(past.order)
        order = [positions[id_] for id_ in past.order]
        causes = self._positions_of({p.action for p in past.postings})
        with self._writing() as connection:
            connection.execute(
                update(checkpoint)
                .where(checkpoint.c.height == past.height)
                .values(order=encode_trusted(order), actions=len(order))
            )
            if past.verdicts:
                rows = [{"pos": positions[i], "code": r.value} for i, r in past.verdicts.items()]
                connection.execute(self._base.add_new(verdict), rows)
            connection.execute(delete(posting).where(posting.c.height == past.height))
            if past.postings:
                self._add_posting(
                    connection,
                    [
                        (past.height, p.kind, p.source, p.target, p.unit, p.amount, causes[p.action], p.memo)
                        for p in past.postings
                    ],
                )

    def concern(self, about: Mapping[bytes, bytes]) -> None:
        """Which object each of these actions concerns, where that was not here when they came: id → id."""
        positions = self._positions_of({*about.keys(), *about.values()})
        with self._writing() as connection:
            for id_, target in about.items():
                if id_ in positions and target in positions:
                    connection.execute(
                        update(action).where(action.c.pos == positions[id_]).values(about=positions[target])
                    )

    def first_height(self) -> int:
        """Of the checkpoints that are here; 0 where there is none."""
        found = self._all(select(func.min(checkpoint.c.height)))[0][0]
        return int(found or 0)

    def raw_bucket(self, slot: int) -> dict[bytes, bytes]:
        """The entries of a slot, as they are certified."""
        query = select(entity.c.key, entity.c.value).where(entity.c.slot == slot)
        return {row.key: row.value for row in self._all(query)}


assert STATE_TREE == 0 and bucket_of(b"") < BUCKETS  # a slot is tree x 4,096 + bucket
