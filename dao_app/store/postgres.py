"""A database on a PostgreSQL server, for large archives: each organisation in a schema of its own.

Invariant: one program at a time. An advisory lock that lives as long as the connection keeps a second one out,
since two would use the same sequence numbers of one device.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, Integer, MetaData, Table, create_engine, delete, event, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateSchema, DropSchema

from dao_app.app.errors import InputError, StorageError
from dao_app.store.database import Database
from dao_app.store.schema import SCHEMA_VERSION, chunk, content, metadata

DRIVER = "postgresql+psycopg"
CONNECT_S = 5
# A server whose machine or line is gone is noticed after some 10 s (libpq, "Database Connection Control Functions").
GONE = {"tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_version = Table("guildhall_version", MetaData(), Column("version", Integer, nullable=False))


class ServerSchema(Database):
    """See the module; made by ``open_postgres``."""

    def insert(self, table: Table) -> Any:
        return insert(table)

    def shred(self, connection: Connection, hashes: list[bytes]) -> None:
        """Delete the rows; the server overwrites their bytes when it vacuums the table (docs/known-limits.md)."""
        connection.execute(delete(content).where(content.c.hash.in_(hashes)))
        connection.execute(delete(chunk).where(chunk.c.owner.in_(hashes)))

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StorageError(_reason(error), path=self.name) from error


def _reason(error: DBAPIError) -> str:
    """What to tell people, by the class of the server's code (PostgreSQL, appendix A) or the connection's state."""
    code = str(getattr(error.orig, "sqlstate", None) or "")
    if code.startswith("53"):
        return "disk_full" if code == "53100" else "database_busy"
    if code.startswith("28") or code == "42501":
        return "no_rights"
    if error.connection_invalidated or code[:2] in ("08", "57") or (isinstance(error, OperationalError) and not code):
        return "database_unreachable"
    return "database_damaged" if isinstance(error, DatabaseError) else "database_unreachable"


def check_address(address: str) -> URL:
    """The parts of a database's address. Raises InputError where it is none that serves."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise InputError("database_address") from error
    if url.drivername != DRIVER or not url.database:
        raise InputError("database_address")
    return url


def open_postgres(address: str, schema: str) -> ServerSchema:
    """Open or create a schema of this name. Raises InputError (no such address) and StorageError (unreachable, in
    use, newer version, no rights)."""
    import psycopg  # only where a server is used

    url = check_address(address)
    engine = create_engine(
        url, module=psycopg, poolclass=StaticPool, paramstyle="format",
        connect_args={"connect_timeout": CONNECT_S, **GONE},
    )  # fmt: skip
    base = ServerSchema(engine, f"{url.database} · {schema}")

    def prepare(connection: Any, record: object) -> None:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [schema])
            if not cursor.fetchone()[0]:
                connection.close()
                raise StorageError("database_in_use", path=base.name)
            cursor.execute("SELECT set_config('search_path', quote_ident(%s), false)", [schema])
        connection.autocommit = False

    event.listen(engine, "connect", prepare)
    try:
        with base.translated(), engine.begin() as connection:
            connection.execute(CreateSchema(schema, if_not_exists=True))
            _ensure_tables(connection, base.name)
    except BaseException:
        engine.dispose()
        raise
    return base


def _ensure_tables(connection: Connection, name: str) -> None:
    _version.create(connection, checkfirst=True)
    version = connection.execute(select(func.max(_version.c.version))).scalar()
    if version is None:
        metadata.create_all(connection)
        connection.execute(insert(_version).values(version=SCHEMA_VERSION))
    elif version != SCHEMA_VERSION:
        code = "database_newer" if version > SCHEMA_VERSION else "database_older"
        raise StorageError(code, path=name, version=version)


def drop_schema(address: str, schema: str) -> None:
    """Delete an organisation's schema and everything in it. Raises as ``open_postgres``."""
    base = open_postgres(address, schema)
    try:
        with base.translated(), base.engine.begin() as connection:
            connection.execute(DropSchema(schema, cascade=True))
    finally:
        base.close()
