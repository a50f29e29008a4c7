"""An organisation's store on SQLAlchemy Core: implements ``app.storage.OrgStore``.

Invariant: a row is either durably there with all that belongs to it, or not at all; entities, buckets,
order and certificate of a checkpoint change in one transaction.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    RootTransaction,
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from dao_app.app.storage import CheckpointRecord, Counts, LogRecord, PostingRecord, StoredAction
from dao_app.core.encoding import decode_trusted, encode_trusted
from dao_app.core.finality.checkpoint import Certificate
from dao_app.core.merkle import BUCKETS, bucket_of
from dao_app.core.replay import Branching, Sealed
from dao_app.core.state import FRONTIER_TREE, RESULTS_TREE, STATE_TREE, TreeChange
from dao_app.store.chunks import ChunkTable
from dao_app.store.database import Database, Many, transaction
from dao_app.store.schema import (
    OBJECT_KINDS,
    action,
    bucket,
    checkpoint,
    chunk,
    content,
    device,
    entity,
    meta,
    posting,
    verdict,
    word,
)
from dao_app.store.snapshots import SnapshotTables
from dao_app.store.sqlite import open_sqlite

IN_MAX = 500  # values in one IN list; SQLite allows 32,766 variables
POSITIONS_MAX = 200_000  # remembered id → pos pairs; about 150 bytes each
_KIND_NO = {name: number for number, name in enumerate(OBJECT_KINDS)}


# Built once: SQLAlchemy spends more on building a statement than SQLite on running it.
_ADD_ACTION = insert(action)
_BUCKET = select(entity.c.key, entity.c.value).where(entity.c.slot == bindparam("slot"))
_BY_IDS = select(action).where(action.c.id.in_(bindparam("ids", expanding=True)))
_POSITIONS = select(action.c.id, action.c.pos).where(action.c.id.in_(bindparam("ids", expanding=True)))
_CHAIN = (
    select(action)
    .where(
        action.c.device == bindparam("device"), action.c.seq >= bindparam("first"), action.c.seq <= bindparam("last"),
        action.c.off == 0,
    )
    .order_by(action.c.seq)
    .limit(bindparam("most"))
)
_VERDICTS = select(verdict).where(verdict.c.pos.in_(bindparam("numbers", expanding=True)))
_CONTENT = select(content.c.blob).where(content.c.hash == bindparam("hash"))
_CHUNK = select(chunk.c.blob).where(chunk.c.hash == bindparam("hash"), chunk.c.blob.isnot(None)).limit(1)
_ABOUT = select(action).where(action.c.about == bindparam("pos")).order_by(action.c.pos)
_POSTINGS = (
    select(
        posting.c.kind, posting.c.source, posting.c.target, posting.c.unit, posting.c.amount, action.c.id,
        posting.c.memo, posting.c.height,
    )
    .join(action, action.c.pos == posting.c.action)
    .order_by(posting.c.no.desc())
)  # fmt: skip
_POSTING = ("height", "kind", "source", "target", "unit", "amount", "action", "memo")
_ROW = ("pos", "id", "device", "seq", "off", "kind", "about", "payload", "signature")  # of a new action


class SqlStore(SnapshotTables, ChunkTable):
    """One organisation's database: a file of its own (created where there is none), or one that was opened."""

    def __init__(self, place: Path | Database) -> None:
        base = self._base = open_sqlite(place) if isinstance(place, Path) else place
        self._engine = base.engine
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._under_way: Future[None] | None = None
        self._is_writing = False
        self._add_action = Many(_ADD_ACTION, self._engine, _ROW)
        self._put_bucket = Many(base.upsert(bucket, ["slot"], ["root"]), self._engine, ("slot", "root"))
        self._add_posting = Many(insert(posting), self._engine, _POSTING)
        put_entity = base.upsert(entity, ["slot", "key"], ["value"])
        self._put_entity = Many(put_entity, self._engine, ("slot", "key", "value"))
        self._put_head = base.upsert(device, ["no"], ["seq", "head"], only="seq")
        self._want_content = base.add_new(content)
        self._positions: OrderedDict[bytes, int] = OrderedDict()
        with self._reading() as connection:
            self._next_pos = (connection.execute(select(func.max(action.c.pos))).scalar() or 0) + 1
            self._first_pos = min(connection.execute(select(func.min(action.c.pos))).scalar() or 1, 1)
            rows = connection.execute(select(device.c.no, device.c.key)).all()
        self._numbers: dict[bytes, int] = {row.key: row.no for row in rows}
        self._keys: dict[int, bytes] = {row.no: row.key for row in rows}

    def close(self) -> None:
        try:
            self.settle()
        finally:
            self._committer.shutdown()
            self._base.close()

    def settle(self) -> None:
        """Wait for the commit under way; raises StorageError where it failed."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            with self._base.translated():
                under_way.result()

    @contextmanager
    def _writing(self, wait: bool = True) -> Iterator[Connection]:
        """One transaction; without waiting, its commit goes on beside the caller's work (the sync to disk
        releases the interpreter), and the next use of the store waits for it."""
        self.settle()
        self._is_writing = True
        try:
            with self._begun(wait) as connection:
                yield connection
        finally:
            self._is_writing = False

    @contextmanager
    def _begun(self, wait: bool) -> Iterator[Connection]:
        if wait:
            with transaction(self._base) as connection:
                yield connection
            return
        with self._base.translated():
            connection = self._engine.connect()
            change = connection.begin()
            try:
                yield connection
            except BaseException:
                change.rollback()
                connection.close()
                raise
        self._under_way = self._committer.submit(_commit, connection, change)

    # -- writing -------------------------------------------------------------------------------
    def append(self, rows: Sequence[StoredAction], wait: bool = True, past: bool = False) -> None:
        first = self._first_pos - len(rows) if past else self._next_pos
        fresh = {row.action.id: pos for pos, row in enumerate(rows, first)}
        about = self._positions_of({row.about for row in rows if row.about is not None and row.about not in fresh})
        about.update(fresh)
        heads: dict[bytes, tuple[int, bytes]] = {}
        refs: list[dict[str, Any]] = []
        for row in rows:
            action_ = row.action
            if not row.off and action_.seq > heads.get(action_.by, (0, b""))[0]:
                heads[action_.by] = (action_.seq, action_.id)
            refs.extend({"hash": hash_, "size": size} for hash_, size in row.refs)
        with self._writing(wait) as connection:
            added = self._write_heads(connection, heads)
            numbers = {**self._numbers, **added}
            self._add_action(
                connection,
                [
                    (
                        fresh[r.action.id], r.action.id, numbers[r.action.by], r.action.seq, r.off * (1 + past),
                        _KIND_NO.get(r.listed), about.get(r.about) if r.about else None, r.payload, r.signature,
                    )
                    for r in rows
                ],
            )  # fmt: skip
            if refs:
                connection.execute(self._want_content, refs)
        self._numbers = numbers
        self._keys.update({number: key for key, number in added.items()})
        if past:
            self._first_pos = first
        else:
            self._next_pos += len(rows)
        self._remember(fresh)

    def _write_heads(self, connection: Any, heads: Mapping[bytes, tuple[int, bytes]]) -> dict[bytes, int]:
        numbers: dict[bytes, int] = {}
        rows = []
        for key, (seq, head) in heads.items():
            number = self._numbers.get(key)
            if number is None:
                number = numbers[key] = len(self._numbers) + len(numbers) + 1
            rows.append({"no": number, "key": key, "seq": seq, "head": head})
        if rows:
            connection.execute(self._put_head, rows)
        return numbers

    def commit(self, sealed: Sealed, certificate: Certificate, wait: bool = True) -> None:
        positions = self._positions_of(sealed.order)
        order = [positions[id_] for id_ in sealed.order]
        causes = self._positions_of({p.action for p in sealed.postings})
        branches = self._positions_of(sealed.branching.places)
        height = certificate.checkpoint.height
        with self._writing(wait) as connection:
            connection.execute(
                insert(checkpoint),
                {
                    "height": height, "id": certificate.id, "time": certificate.checkpoint.time, "actions": len(order),
                    "certificate": certificate.raw, "order": encode_trusted(order),
                },
            )  # fmt: skip
            if sealed.verdicts:
                connection.execute(
                    insert(verdict), [{"pos": positions[i], "code": r.value} for i, r in sealed.verdicts.items()]
                )
            if sealed.postings:
                self._add_posting(
                    connection,
                    [
                        (height, p.kind, p.source, p.target, p.unit, p.amount, causes[p.action], p.memo)
                        for p in sealed.postings
                    ],
                )
            for tree, change in (
                (STATE_TREE, sealed.state), (RESULTS_TREE, sealed.results), (FRONTIER_TREE, sealed.frontier),
            ):  # fmt: skip
                self._write_tree(connection, tree, change)
            self._write_branches(connection, sealed.branching, branches)
            connection.execute(delete(word).where(word.c.height <= height))
            erased = [key[1:] for key in sealed.changed if key[0] == 0x7A]
            if erased:
                self._base.shred(connection, erased)

    def _write_branches(self, connection: Connection, branching: Branching, positions: Mapping[bytes, int]) -> None:
        for place in (0, 1, 2):
            numbers = [positions[id_] for id_, now in branching.places.items() if now == place]
            if numbers:
                for start in range(0, len(numbers), IN_MAX):
                    part = numbers[start : start + IN_MAX]
                    connection.execute(update(action).where(action.c.pos.in_(part)).values(off=place))
        for key, (seq, head) in branching.heads.items():
            connection.execute(update(device).where(device.c.key == key).values(seq=seq, head=head))

    def forget_derived(self) -> None:
        with self._writing() as connection:
            for table in (checkpoint, verdict, posting, entity, bucket, word):
                connection.execute(delete(table))
            connection.execute(update(action).where(action.c.off == 2).values(off=1))
            connection.execute(delete(meta).where(meta.c.key == "conflict"))

    # -- trees ---------------------------------------------------------------------------------
    def load_bucket(self, tree: int, bucket: int) -> dict[bytes, bytes]:
        return {row[0]: row[1] for row in self._all(_BUCKET, slot=tree * BUCKETS + bucket)}

    def load_roots(self, tree: int) -> dict[int, bytes]:
        first = tree * BUCKETS
        query = select(bucket).where(bucket.c.slot >= first, bucket.c.slot < first + BUCKETS)
        return {row.slot - first: row.root for row in self._all(query)}

    def load_tree(self, tree: int) -> Iterable[tuple[bytes, bytes]]:
        first = tree * BUCKETS
        query = select(entity.c.key, entity.c.value).where(entity.c.slot >= first, entity.c.slot < first + BUCKETS)
        return [(row[0], row[1]) for row in self._all(query)]

    # -- the log -------------------------------------------------------------------------------
    def known(self, ids: Iterable[bytes]) -> set[bytes]:
        return set(self._positions_of(ids))

    def record(self, id_: bytes) -> LogRecord | None:
        found = self.records([id_])
        return found[0] if found else None

    def records(self, ids: Sequence[bytes]) -> list[LogRecord]:
        rows: list[LogRecord] = []
        for start in range(0, len(ids), IN_MAX):
            part = ids[start : start + IN_MAX]
            found = {r.id: r for r in self._records(_BY_IDS, ids=part)}
            rows.extend(found[id_] for id_ in part if id_ in found)
        return rows

    def find(self, prefix: bytes, odd: int | None, limit: int) -> list[bytes]:
        low = prefix + (bytes([odd << 4]) if odd is not None else b"")
        high = prefix + bytes([odd << 4 | 15]) if odd is not None else prefix
        query = select(action.c.id).where(action.c.id >= low, action.c.id <= high + b"\xff" * 32).limit(limit)
        return [row[0] for row in self._all(query)]

    def chain(self, device: bytes, first: int, last: int, limit: int) -> list[LogRecord]:
        number = self._numbers.get(device)
        if number is None:
            return []
        return self._records(_CHAIN, device=number, first=first, last=last, most=limit)

    def at(self, device: bytes, seq: int) -> LogRecord | None:
        found = self.chain(device, seq, seq, 1)
        return found[0] if found else None

    def heads(self) -> Mapping[bytes, tuple[int, bytes]]:
        return {row.key: (row.seq, row.head) for row in self._all(select(device))}

    def unsealed(self, sealed: Mapping[bytes, tuple[int, bytes]]) -> list[LogRecord]:
        rows: list[LogRecord] = []
        for key, (seq, _) in self.heads().items():
            done = sealed.get(key, (0, b""))[0]
            if seq > done:
                query = select(action).where(
                    action.c.device == self._numbers[key], action.c.seq > done, action.c.off == 0
                )
                rows.extend(self._records(query))
        rows.extend(self._records(select(action).where(action.c.off == 1)))
        return sorted(rows)

    def newest(self, limit: int, before: int | None) -> list[LogRecord]:
        query = select(action).order_by(action.c.pos.desc()).limit(limit)
        return self._records(query if before is None else query.where(action.c.pos < before))

    def after(self, pos: int, limit: int) -> list[LogRecord]:
        return self._records(select(action).where(action.c.pos > pos).order_by(action.c.pos).limit(limit))

    def of_type(self, type_: str) -> list[bytes]:
        query = select(action.c.id).where(action.c.kind == _KIND_NO[type_]).order_by(action.c.pos)
        return [row[0] for row in self._all(query)]

    def about(self, id_: bytes) -> list[LogRecord]:
        pos = self._positions_of([id_]).get(id_)
        return [] if pos is None else self._records(_ABOUT, pos=pos)

    def verdict(self, id_: bytes) -> str | None:
        return self.verdicts([id_]).get(id_)

    def verdicts(self, ids: Sequence[bytes]) -> dict[bytes, str]:
        by_pos = {pos: id_ for id_, pos in self._positions_of(ids).items()}
        found: dict[bytes, str] = {}
        numbers = list(by_pos)
        for start in range(0, len(numbers), IN_MAX):
            rows = self._all(_VERDICTS, numbers=numbers[start : start + IN_MAX])
            found.update({by_pos[row.pos]: row.code for row in rows})
        return found

    def keep_word(self, height: int, id_: bytes, raw: bytes) -> None:
        with self._writing() as connection:
            connection.execute(self._base.add_new(word), {"id": id_, "height": height, "raw": raw})

    def words(self, height: int) -> list[bytes]:
        return [row.raw for row in self._all(select(word.c.raw).where(word.c.height == height).order_by(word.c.id))]

    # -- checkpoints and ledger ----------------------------------------------------------------
    def checkpoint(self, height: int) -> CheckpointRecord | None:
        found = self.checkpoints(height, 1)
        return found[0] if found and found[0].height == height else None

    def checkpoints(self, first: int, limit: int) -> list[CheckpointRecord]:
        query = select(
            checkpoint.c.height, checkpoint.c.id, checkpoint.c.time, checkpoint.c.actions, checkpoint.c.certificate
        )
        query = query.where(checkpoint.c.height >= first).order_by(checkpoint.c.height).limit(limit)
        return [CheckpointRecord(*row) for row in self._all(query)]

    def last_checkpoint(self) -> CheckpointRecord | None:
        height = self._all(select(func.max(checkpoint.c.height)))[0][0]
        return None if height is None else self.checkpoint(height)

    def order(self, height: int) -> list[bytes]:
        rows = self._all(select(checkpoint.c.order).where(checkpoint.c.height == height))
        numbers: list[int] = decode_trusted(rows[0][0]) if rows else []
        ids: dict[int, bytes] = {}
        for start in range(0, len(numbers), IN_MAX):
            query = select(action.c.pos, action.c.id).where(action.c.pos.in_(numbers[start : start + IN_MAX]))
            ids.update({row.pos: row.id for row in self._all(query)})
        return [ids[number] for number in numbers]

    def postings(self, limit: int) -> list[PostingRecord]:
        return self._postings(_POSTINGS.limit(limit))

    def incoming(self, party: bytes, limit: int) -> list[PostingRecord]:
        return self._postings(_POSTINGS.where(posting.c.target == party).limit(limit))

    def _postings(self, query: Select[Any]) -> list[PostingRecord]:
        return [PostingRecord(*row) for row in self._all(query)]

    # -- detached content ----------------------------------------------------------------------
    def content(self, hash_: bytes) -> bytes | None:
        rows = self._all(_CONTENT, hash=hash_) or self._all(_CHUNK, hash=hash_)
        return rows[0][0] if rows else None

    def contents(self, after: bytes, limit: int) -> list[bytes]:
        query = select(content.c.hash).where(content.c.hash > after, content.c.blob.isnot(None))
        return [row.hash for row in self._all(query.order_by(content.c.hash).limit(limit))]

    def add_content(self, hash_: bytes, blob: bytes) -> None:
        with self._writing() as connection:
            for table in (content, chunk):
                connection.execute(update(table).where(table.c.hash == hash_).values(blob=blob))

    def erase_content(self, hash_: bytes) -> None:
        with self._writing() as connection:
            self._base.shred(connection, [hash_])

    def wanted(self, after: bytes, limit: int) -> list[bytes]:
        found: set[bytes] = set()
        for table in (content, chunk):
            query = select(table.c.hash).where(table.c.blob.is_(None), table.c.hash > after).distinct()
            found.update(row.hash for row in self._all(query.order_by(table.c.hash).limit(limit)))
        return sorted(found)[:limit]

    def which(self, hashes: Sequence[bytes], here: bool) -> set[bytes]:
        found: set[bytes] = set()
        for table in (content, chunk):
            state = table.c.blob.isnot(None) if here else table.c.blob.is_(None)
            for start in range(0, len(hashes), IN_MAX):
                query = select(table.c.hash).where(table.c.hash.in_(hashes[start : start + IN_MAX]), state)
                found.update(row.hash for row in self._all(query))
        return found

    def wants(self, hash_: bytes) -> int | None:
        for table in (content, chunk):
            query = select(table.c.size).where(table.c.hash == hash_, table.c.blob.is_(None)).limit(1)
            rows = self._all(query)
            if rows:
                return int(rows[0][0])
        return None

    # -- small things --------------------------------------------------------------------------
    def counts(self) -> Counts:
        rows = self._all(
            select(
                select(func.count()).select_from(action).scalar_subquery(),
                select(func.coalesce(func.sum(checkpoint.c.actions), 0)).scalar_subquery(),
                select(func.count()).select_from(content).scalar_subquery(),
            )
        )
        return Counts(*map(int, rows[0]))

    def meta(self, key: str) -> bytes | None:
        rows = self._all(select(meta.c.value).where(meta.c.key == key))
        return rows[0][0] if rows else None

    def set_meta(self, key: str, value: bytes | None) -> None:
        with self._writing() as connection:
            connection.execute(delete(meta).where(meta.c.key == key))
            if value is not None:
                connection.execute(insert(meta).values(key=key, value=value))

    # -- inside --------------------------------------------------------------------------------
    def _reading(self) -> Any:
        return transaction(self._base)

    def _all(self, query: Select[Any], **values: Any) -> Sequence[Row[Any]]:
        if self._is_writing:  # there is one connection: closing a read would roll the transaction back
            raise RuntimeError("a read within a transaction")
        self.settle()
        with self._base.translated(), self._engine.connect() as connection:
            return connection.execute(query, values).all()

    def _records(self, query: Select[Any], **values: Any) -> list[LogRecord]:
        rows = self._all(query, **values)
        return [LogRecord(r.pos, r.id, self._keys[r.device], r.seq, r.payload, r.signature, r.off) for r in rows]

    def _positions_of(self, ids: Iterable[bytes]) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        unknown = []
        for id_ in ids:
            pos = self._positions.get(id_)
            if pos is None:
                unknown.append(id_)
            else:
                found[id_] = pos
        for start in range(0, len(unknown), IN_MAX):
            found.update({row.id: row.pos for row in self._all(_POSITIONS, ids=unknown[start : start + IN_MAX])})
        return found

    def _remember(self, positions: Mapping[bytes, int]) -> None:
        self._positions.update(positions)
        while len(self._positions) > POSITIONS_MAX:
            self._positions.popitem(last=False)

    def _write_tree(self, connection: Any, tree: int, change: TreeChange) -> None:
        first = tree * BUCKETS
        gone, rows = [], []
        for key, value in change.values.items():
            slot = first + bucket_of(key)
            if value is None:
                gone.append((slot, key))
            else:
                rows.append((slot, key, value))
        if rows:
            self._put_entity(connection, rows)
        for start in range(0, len(gone), IN_MAX):
            connection.execute(
                delete(entity).where(tuple_(entity.c.slot, entity.c.key).in_(gone[start : start + IN_MAX]))
            )
        if change.roots:
            self._put_bucket(connection, [(first + number, root) for number, root in change.roots.items()])


def _commit(connection: Connection, change: RootTransaction) -> None:
    try:
        change.commit()
    finally:
        connection.close()
