"""Chunks of attached files: part of ``SqlStore``.

A row without bytes is a chunk that somebody here wants. ``owner`` is the hash of the list that names the chunk, so
that what belongs to a file goes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select

from dao_app.app.storage import FileState
from dao_app.store.database import Database
from dao_app.store.schema import chunk


class ChunkTable:
    """See the module; the attributes are those of ``SqlStore``."""

    _base: Database
    _all: Any
    _writing: Any

    def want_chunks(self, owner: bytes, rows: Sequence[tuple[bytes, int]]) -> None:
        """Want what is not here of a file's chunks, (hash, size) in order."""
        values = [
            {"owner": owner, "place": place, "hash": hash_, "size": size} for place, (hash_, size) in enumerate(rows)
        ]
        with self._writing() as connection:
            connection.execute(self._base.add_new(chunk), values)

    def put_chunk(self, owner: bytes, place: int, hash_: bytes, blob: bytes, size: int) -> None:
        """Keep a chunk of an own file."""
        values = {"owner": owner, "place": place, "hash": hash_, "size": size, "blob": blob}
        with self._writing() as connection:
            connection.execute(self._base.add_new(chunk), values)

    def give_up_chunks(self, owner: bytes) -> None:
        """Want no more of this file; what is here stays."""
        with self._writing() as connection:
            connection.execute(delete(chunk).where(chunk.c.owner == owner, chunk.c.blob.is_(None)))

    def drop_chunks(self, owner: bytes) -> None:
        with self._writing() as connection:
            connection.execute(delete(chunk).where(chunk.c.owner == owner))

    def chunks(self, owner: bytes) -> list[bytes]:
        """Hashes of a file's chunks that are here, in order."""
        query = select(chunk.c.hash).where(chunk.c.owner == owner, chunk.c.blob.isnot(None)).order_by(chunk.c.place)
        return [row.hash for row in self._all(query)]

    def file_states(self) -> dict[bytes, FileState]:
        """By owner: bytes that are here, and that are wanted."""
        query = select(
            chunk.c.owner,
            func.coalesce(func.sum(chunk.c.size).filter(chunk.c.blob.isnot(None)), 0),
            func.coalesce(func.sum(chunk.c.size).filter(chunk.c.blob.is_(None)), 0),
        ).group_by(chunk.c.owner)
        return {row[0]: FileState(int(row[1]), int(row[2])) for row in self._all(query)}
