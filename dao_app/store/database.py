"""What an organisation's store needs of a database: statements in its dialect, and failures as errors that say
what to do. ``sqlite`` and ``postgres`` each open one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Insert, Table


class Database(ABC):
    """An open database with this program's tables, and nobody else in it. There is one connection.

    ``name`` is how people are told of it; it holds no secret.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    @abstractmethod
    def insert(self, table: Table) -> Any:
        """An INSERT that can say what becomes of a conflict."""

    @abstractmethod
    def shred(self, connection: Connection, hashes: list[bytes]) -> None:
        """Delete detached content, and chunks that belong to it, so that their bytes go as far as the database can
        make them."""

    @contextmanager
    @abstractmethod
    def translated(self) -> Iterator[None]:
        """Turn what the driver reports into StorageError; anything else passes as a bug of ours."""
        yield

    def upsert(self, table: Table, keys: list[str], columns: list[str], only: str = "") -> Insert:
        """Insert, or set these columns of the row that is there (``only`` where this one grows)."""
        statement = self.insert(table)
        changed: Insert = statement.on_conflict_do_update(
            index_elements=keys,
            set_={name: statement.excluded[name] for name in columns},
            where=statement.excluded[only] > table.c[only] if only else None,
        )
        return changed

    def add_new(self, table: Table) -> Insert:
        """Insert where no row has these keys."""
        statement: Insert = self.insert(table).on_conflict_do_nothing()
        return statement

    def close(self) -> None:
        self.engine.dispose()


@contextmanager
def transaction(base: Database) -> Iterator[Connection]:
    """All or nothing."""
    with base.translated(), base.engine.begin() as connection:
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
