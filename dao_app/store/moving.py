"""Moving an organisation's log from its file to a database server: everything in one transaction, or nothing."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, insert, select

from dao_app.app.errors import StorageError
from dao_app.store.database import Database, transaction
from dao_app.store.schema import action, metadata
from dao_app.store.sqlite import open_sqlite

ROWS = 2_000  # copied at a time; with the largest payloads some 128 MiB


def move_to(target: Database, path: Path) -> None:
    """Copy all rows of the file into the target's tables. Raises StorageError where something is there already, or
    either database fails; then the target is as it was. The file is only read."""
    source = open_sqlite(path)
    try:
        with source.translated(), source.engine.connect() as reading, transaction(target) as writing:
            if writing.execute(select(func.count()).select_from(action)).scalar():
                raise StorageError("database_not_empty", path=target.name)
            for table in metadata.sorted_tables:
                rows = reading.execution_options(yield_per=ROWS).execute(select(table))
                for part in rows.mappings().partitions(ROWS):
                    writing.execute(insert(table), [dict(row) for row in part])
    finally:
        source.close()
