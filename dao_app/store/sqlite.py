"""A database in one file: what everybody has by default."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, delete, event
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from dao_app.app.errors import StorageError
from dao_app.store.database import Database
from dao_app.store.schema import SCHEMA_VERSION, chunk, content, metadata

CACHE_KIB = 16 * 1024  # SQLite's page cache; bounds memory, not correctness
PAGE_BYTES = 8_192  # of new files: rows of some 400 bytes leave less of it empty than of the usual 4,096
BUSY_MS = 5_000


class SqliteFile(Database):
    """See the module; made by ``open_sqlite``."""

    def insert(self, table: Table) -> Any:
        return insert(table)

    def shred(self, connection: Connection, hashes: list[bytes]) -> None:
        """Have SQLite overwrite what it frees: only here, since it costs a fifth of all writing."""
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
        connection.execute(delete(content).where(content.c.hash.in_(hashes)))
        connection.execute(delete(chunk).where(chunk.c.owner.in_(hashes)))
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")

    @contextmanager
    def translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            text = str(error.orig).lower()
            if "full" in text:
                raise StorageError("disk_full", path=self.name) from error
            if "readonly" in text or "unable to open" in text or "permission" in text:
                raise StorageError("no_rights", path=self.name) from error
            if "locked" in text:
                raise StorageError("database_busy", path=self.name) from error
            if "disk i/o" in text:
                raise StorageError("disk_failing", path=self.name) from error
            raise StorageError("database_damaged", path=self.name) from error
        except DatabaseError as error:
            raise StorageError("database_damaged", path=self.name) from error


def open_sqlite(path: Path) -> SqliteFile:
    """Open or create the file. Raises StorageError (damaged, newer version, no room, no rights)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = not path.exists()
    engine = create_engine(
        f"sqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000}
    )
    event.listen(engine, "connect", _configure)
    base = SqliteFile(engine, path.name)
    with base.translated(), engine.begin() as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version == 0:
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION:d}")
        elif version > SCHEMA_VERSION:
            raise StorageError("database_newer", path=path.name, version=version)
        elif version < SCHEMA_VERSION:  # from before the first release: what it holds cannot be derived any more
            raise StorageError("database_older", path=path.name, version=version)
    if fresh:
        os.chmod(path, 0o600)
    return base


def _configure(connection: object, record: object) -> None:
    """WAL with a sync at each commit: what was signed and shown is on the disk."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in (
        f"page_size={PAGE_BYTES:d}", "journal_mode=WAL", "synchronous=FULL", f"cache_size=-{CACHE_KIB:d}",
        "foreign_keys=ON", "temp_store=MEMORY", "secure_delete=OFF", "wal_autocheckpoint=8000", "trusted_schema=OFF",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
