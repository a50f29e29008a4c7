"""Opening a database, and turning its failures into errors that say what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import StaticPool

from dao_app.app.errors import StorageError
from dao_app.store.schema import SCHEMA_VERSION, metadata

CACHE_KIB = 16 * 1024  # SQLite's page cache; bounds memory, not correctness
BUSY_MS = 5_000


def open_database(path: Path) -> Engine:
    """Open or create the database. Raises StorageError (damaged, newer version, no room, no rights)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = not path.exists()
    engine = create_engine(
        f"sqlite:///{path}", poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": BUSY_MS / 1000}
    )
    event.listen(engine, "connect", _configure)
    with translated(path), engine.begin() as connection:
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
    return engine


def _configure(connection: object, record: object) -> None:
    """WAL with a sync at each commit: what was signed and shown is on the disk."""
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in (
        "journal_mode=WAL", "synchronous=FULL", f"cache_size=-{CACHE_KIB:d}", "foreign_keys=ON", "temp_store=MEMORY",
        "secure_delete=OFF", "wal_autocheckpoint=16000", "trusted_schema=OFF",
    ):  # fmt: skip
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite reports into StorageError; anything else passes as a bug of ours."""
    try:
        yield
    except OperationalError as error:
        text = str(error.orig).lower()
        if "full" in text:
            raise StorageError("disk_full", path=path.name) from error
        if "readonly" in text or "unable to open" in text or "permission" in text:
            raise StorageError("no_rights", path=path.name) from error
        if "locked" in text:
            raise StorageError("database_busy", path=path.name) from error
        if "disk i/o" in text:
            raise StorageError("disk_failing", path=path.name) from error
        raise StorageError("database_damaged", path=path.name) from error
    except DatabaseError as error:
        raise StorageError("database_damaged", path=path.name) from error


@contextmanager
def transaction(engine: Engine, path: Path) -> Iterator[Connection]:
    """All or nothing."""
    with translated(path), engine.begin() as connection:
        yield connection


class Many:
    """A statement for many rows given as tuples: SQLAlchemy compiles it once, the driver runs it."""

    def __init__(self, statement: Any, engine: Engine, columns: Sequence[str]) -> None:
        compiled = statement.compile(engine, column_keys=list(columns))
        order = compiled.positiontup
        assert order is not None and sorted(order) == sorted(columns)
        self._sql = str(compiled)
        self._pick = None if list(order) == list(columns) else itemgetter(*(columns.index(name) for name in order))

    def __call__(self, connection: Connection, rows: list[tuple[Any, ...]]) -> None:
        connection.exec_driver_sql(self._sql, rows if self._pick is None else [self._pick(row) for row in rows])
