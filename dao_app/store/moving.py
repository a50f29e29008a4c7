"""Moving an organisation's log from its file to a database server: everything in one transaction, or nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, func, insert, select

from dao_app.app.errors import StorageError
from dao_app.store.database import Database, transaction
from dao_app.store.schema import meta, metadata
from dao_app.store.sqlite import open_sqlite

ROWS = 2_000  # copied at a time; with the largest payloads some 128 MiB


def move_to(target: Database, path: Path) -> None:
    """Copy all rows of the file into the target's tables; nothing is to be done where they are there already, after a
    move that was cut off. Raises StorageError where something else is there, or either database fails; then the target
    is as it was. The file is only read."""
    source = open_sqlite(path)
    try:
        with source.translated(), source.engine.connect() as reading, transaction(target) as writing:
            held = _contents(writing)
            if any(held[0].values()):
                if held == _contents(reading):
                    return
                raise StorageError("database_not_empty", path=target.name)
            for table in metadata.sorted_tables:
                rows = reading.execution_options(yield_per=ROWS).execute(select(table))
                for part in rows.mappings().partitions(ROWS):
                    writing.execute(insert(table), [dict(row) for row in part])
    finally:
        source.close()


def is_empty(base: Database) -> bool:
    """Has nothing been written there yet? Raises StorageError."""
    with base.translated(), base.engine.connect() as connection:
        return not any(_contents(connection)[0].values())


def _contents(connection: Connection) -> tuple[dict[str, int], dict[str, bytes]]:
    """Rows of each table, and the small values beside the log, of which one changes whenever the log does."""
    counts = {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in metadata.sorted_tables
    }
    return counts, {name: bytes(value) for name, value in connection.execute(select(meta.c.key, meta.c.value))}
