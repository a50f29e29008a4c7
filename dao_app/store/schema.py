"""Tables of one organisation's database. ``SCHEMA_VERSION`` stands in SQLite's user_version."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, SmallInteger, String, Table, UniqueConstraint

SCHEMA_VERSION = 1
metadata = MetaData()

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", LargeBinary, nullable=False))

device = Table(
    "device",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False, unique=True),
    Column("seq", Integer, nullable=False),  # newest admitted
    Column("head", LargeBinary, nullable=False),
)

# ``kind`` is the place of the type in OBJECT_KINDS for actions that make objects, else NULL;
# ``about`` is the pos of the action that made the object concerned.
action = Table(
    "action",
    metadata,
    Column("pos", Integer, primary_key=True),
    Column("id", LargeBinary, nullable=False),
    Column("device", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", SmallInteger),
    Column("about", Integer),
    Column("payload", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    UniqueConstraint("id"),
)
Index("action_chain", action.c.device, action.c.seq)
Index("action_kind", action.c.kind, sqlite_where=action.c.kind.isnot(None), postgresql_where=action.c.kind.isnot(None))
Index("action_about", action.c.about, sqlite_where=action.c.about.isnot(None), postgresql_where=action.c.about.isnot(None))

verdict = Table("verdict", metadata, Column("pos", Integer, primary_key=True), Column("code", String, nullable=False))

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("height", Integer, primary_key=True),
    Column("id", LargeBinary, nullable=False),
    Column("time", Integer, nullable=False),
    Column("actions", Integer, nullable=False),
    Column("certificate", LargeBinary, nullable=False),
    Column("order", LargeBinary, nullable=False),  # DAG-CBOR list of pos, in the final order
)

# ``slot`` = tree * 4096 + bucket: an entity lies beside its bucket's others.
entity = Table(
    "entity",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
bucket = Table(
    "bucket", metadata, Column("slot", Integer, primary_key=True), Column("root", LargeBinary, nullable=False)
)

posting = Table(
    "posting",
    metadata,
    Column("no", Integer, primary_key=True),
    Column("height", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", LargeBinary, nullable=False),
    Column("target", LargeBinary, nullable=False),
    Column("unit", String, nullable=False),
    Column("amount", Integer, nullable=False),
    Column("action", Integer, nullable=False),
    Column("memo", LargeBinary),
)

# ``blob`` is salt ‖ content once it is here; NULL while wanted. Erased content leaves no row.
content = Table(
    "content",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("blob", LargeBinary),
)
Index("content_wanted", content.c.size, sqlite_where=content.c.blob.is_(None), postgresql_where=content.c.blob.is_(None))

OBJECT_KINDS = (
    "org.create", "member.join", "invite.create", "task.open", "task.accept", "proposal.open", "contribution.claim",
)  # fmt: skip
