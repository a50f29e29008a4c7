"""Files of all organisations in a folder: the quota, asking peers, and what an archive keeps by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dao_app.app.attachments import QUOTA_BYTES, find
from dao_app.app.errors import InputError, StorageError
from dao_app.core.envelope import parse_trusted

if TYPE_CHECKING:
    from dao_app.app.workspace import Opened, Workspace

TOPICS = frozenset({"tasks", "proposals", "contributions", "files"})
LOOK_EVERY_MS = 5_000
LOOKED_AT_ONCE = 100  # attachments that an archive has not settled yet, at one look


class FileKeeping:
    """``archive``: fetch every file as far as the quota reaches, so that it is there when its author is away."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self.archive = False
        self._looked_ms = 0
        self._looks = 0
        self._settled: set[bytes] = set()

    def quota(self) -> int:
        """Bytes."""
        found = self._ws.home.load_profile().get("file_quota", QUOTA_BYTES)
        return found if type(found) is int and found >= 0 else QUOTA_BYTES

    def used(self) -> int:
        """Bytes of attached files that are here or under way."""
        states = [state for opened in self._ws.opened.values() for state in opened.org.store.file_states().values()]
        return sum(state.here + state.wanted for state in states)

    def need_room(self, size: int) -> None:
        """Raises InputError where so many bytes more do not fit."""
        quota, used = self.quota(), self.used()
        if used + size > quota:
            raise InputError("attachment_quota", need=-(-size // 1024**2), used=used // 1024**2, quota=quota // 1024**2)

    def ask(self, opened: Opened) -> None:
        """Something is wanted now: peers are asked for it soon."""
        if self._ws.network is not None and opened.online:
            self._ws.network.want_content(opened.org.org_id)
        self.changed(opened)

    def changed(self, opened: Opened) -> None:
        self._ws.mark(opened.org.org_id, TOPICS)

    def tick(self, now_ms: int) -> None:
        """What an archive does by itself."""
        if not self.archive or now_ms - self._looked_ms < LOOK_EVERY_MS:
            return
        self._looked_ms = now_ms
        for opened in self._ws.opened.values():
            try:
                if not opened.demo and self._want_what_is_new(opened):
                    self.ask(opened)
            except StorageError as error:
                self._ws.failed(opened, error)  # a full disk, a server that is away: looked at again

    def _want_what_is_new(self, opened: Opened) -> bool:
        store, asked = opened.org.store, False
        open_ = [id_ for id_ in store.of_type("attachment") if id_ not in self._settled]
        if not open_:
            return False
        start = self._looks * LOOKED_AT_ONCE % len(open_)  # those that never come do not stand in others' way
        fresh = open_[start : start + LOOKED_AT_ONCE]
        self._looks += 1
        states, room = store.file_states(), self.quota() - self.used()
        for record in store.records(fresh):
            if not opened.org.stands(record.id):
                if record.id not in opened.org.replay.pending:
                    self._settled.add(record.id)
                continue
            found = find(opened.org, parse_trusted(record.id, record.payload), states)
            if found.state == "unread":
                continue  # the list is on its way
            if found.file is not None and found.state in ("absent", "partial"):
                missing = found.file.size - found.here
                if missing > room:
                    continue  # a smaller one may fit, or there is room later
                store.want_chunks(found.list_hash, found.file.chunks)
                room -= missing
                asked = True
            self._settled.add(record.id)
        return asked
