"""Tables of one organisation's database; ``SCHEMA_VERSION`` is kept in it (SQLite: user_version)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, SmallInteger, String, Table, UniqueConstraint
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

SCHEMA_VERSION = 4
metadata = MetaData()


class Bytes(UserDefinedType[bytes]):
    """Bytes as the driver takes and gives them; LargeBinary would wrap each value in a call."""

    cache_ok = True

    def get_col_spec(self, **kw: object) -> str:
        return "BLOB"


@compiles(Bytes, "postgresql")
def _bytea(type_: Bytes, compiler: Any, **kw: object) -> str:
    return "BYTEA"


Whole = Integer().with_variant(BigInteger, "postgresql")  # up to 2**53: SQLite's integers have 64 bits anyway


meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Bytes, nullable=False))

device = Table(
    "device",
    metadata,
    Column("no", Whole, primary_key=True),
    Column("key", Bytes, nullable=False, unique=True),
    Column("seq", Whole, nullable=False),  # newest admitted
    Column("head", Bytes, nullable=False),
)

# ``kind`` is the place of what the action is listed as in OBJECT_KINDS, for those that make objects, else NULL;
# ``about`` is the pos of the action that made the object concerned; ``off`` says where a forked device's action
# stands: 0 on the trunk, 1 off it and not sealed, 2 sealed off it.
action = Table(
    "action",
    metadata,
    Column("pos", Whole, primary_key=True),
    Column("id", Bytes, nullable=False),
    Column("device", Whole, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("off", SmallInteger, nullable=False),
    Column("kind", SmallInteger),
    Column("about", Whole),
    Column("payload", Bytes, nullable=False),
    Column("signature", Bytes, nullable=False),
    UniqueConstraint("id"),
)
Index("action_chain", action.c.device, action.c.seq)
Index("action_off", action.c.off, sqlite_where=action.c.off == 1, postgresql_where=action.c.off == 1)
Index("action_kind", action.c.kind, sqlite_where=action.c.kind.isnot(None), postgresql_where=action.c.kind.isnot(None))
Index(
    "action_about", action.c.about, sqlite_where=action.c.about.isnot(None), postgresql_where=action.c.about.isnot(None)
)

verdict = Table("verdict", metadata, Column("pos", Whole, primary_key=True), Column("code", String, nullable=False))

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("height", Whole, primary_key=True),
    Column("id", Bytes, nullable=False),
    Column("time", Whole, nullable=False),
    Column("actions", Whole, nullable=False),
    Column("certificate", Bytes, nullable=False),
    Column("order", Bytes, nullable=False),  # DAG-CBOR list of pos, in the final order
)

# ``slot`` = tree * 4096 + bucket: an entity lies beside its bucket's others.
entity = Table(
    "entity",
    metadata,
    Column("slot", Whole, primary_key=True),
    Column("key", Bytes, primary_key=True),
    Column("value", Bytes, nullable=False),
    sqlite_with_rowid=False,
)
bucket = Table("bucket", metadata, Column("slot", Whole, primary_key=True), Column("root", Bytes, nullable=False))

posting = Table(
    "posting",
    metadata,
    Column("no", Whole, primary_key=True),
    Column("height", Whole, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", Bytes, nullable=False),
    Column("target", Bytes, nullable=False),
    Column("unit", String, nullable=False),
    Column("amount", Whole, nullable=False),
    Column("action", Whole, nullable=False),
    Column("memo", Bytes),
)

Index("posting_target", posting.c.target)

# ``blob`` is salt ‖ content once it is here; NULL while wanted. Erased content leaves no row.
content = Table(
    "content",
    metadata,
    Column("hash", Bytes, primary_key=True),
    Column("size", Whole, nullable=False),
    Column("blob", Bytes),
)
Index(
    "content_wanted", content.c.hash, sqlite_where=content.c.blob.is_(None), postgresql_where=content.c.blob.is_(None)
)

# Chunks of attached files; ``blob`` is NULL while somebody here wants it. ``owner``: hash of the list that names it.
chunk = Table(
    "chunk",
    metadata,
    Column("owner", Bytes, primary_key=True),
    Column("place", Whole, primary_key=True),
    Column("hash", Bytes, nullable=False),
    Column("size", Whole, nullable=False),
    Column("blob", Bytes),
)
Index("chunk_hash", chunk.c.hash)
Index("chunk_wanted", chunk.c.hash, sqlite_where=chunk.c.blob.is_(None), postgresql_where=chunk.c.blob.is_(None))

# What witnesses said of the height that is being decided; gone with its certificate.
word = Table(
    "word",
    metadata,
    Column("id", Bytes, primary_key=True),
    Column("height", Whole, nullable=False),
    Column("raw", Bytes, nullable=False),
)

# Buckets of a snapshot that is being fetched, checked against their roots; emptied when it takes its place.
staged = Table(
    "staged",
    metadata,
    Column("slot", Whole, primary_key=True),
    Column("root", Bytes, nullable=False),
    Column("entries", Bytes, nullable=False),  # DAG-CBOR [[key, value], …]
)

# Actions of the history before a snapshot that are known by id and not here; ``off`` as in ``action``.
gap = Table(
    "gap",
    metadata,
    Column("id", Bytes, primary_key=True),
    Column("device", Bytes, nullable=False),
    Column("seq", Whole, nullable=False),
    Column("off", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)

OBJECT_KINDS = (
    "org.create", "member.join", "invite.create", "task.open", "task.accept", "proposal.open", "contribution.claim",
    "firm.register", "firm.pay", "round.open", "match.open", "payout.record",
    "task.dispute", "payment.request", "payment.schedule", "witness.ready", "file.notarise", "witness.evidence",
    "device.fork", "key.epoch", "attachment",
)  # fmt: skip
