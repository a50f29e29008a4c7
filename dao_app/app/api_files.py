"""The part of ``app.api.Api`` about attached files. ``attachment``: id of the comment that carries one, or a prefix."""

from __future__ import annotations

from typing import Protocol

from dao_app.app.views_files import AttachmentsView, FilePreview, RoomView
from dao_app.app.views_parts import CommentView


class FilesApi(Protocol):
    """See ``app.api``."""

    async def attachment_add(self, org: str, target: str, path: str) -> CommentView:
        """Attach a file of at most 64 MiB to a task, proposal or contribution; ``path`` is absolute. Who is asked for
        it later needs this device, or one that fetched it, to be there."""
        ...

    def attachment_list(self, org: str) -> AttachmentsView: ...
    def attachment_fetch(self, org: str, attachment: str) -> CommentView:
        """Have the file's chunks fetched from whoever has them; goes on after a restart. Raises InputError where it
        does not fit into the quota."""
        ...

    def attachment_stop(self, org: str, attachment: str) -> CommentView:
        """Fetch no more; what is here stays."""
        ...

    def attachment_drop(self, org: str, attachment: str) -> CommentView:
        """Delete the file from this device; others keep it."""
        ...

    async def attachment_save(self, org: str, attachment: str, path: str) -> str:
        """Write the whole file; ``path`` is absolute, a folder or a new file. Returns where it is."""
        ...

    def attachment_preview(self, org: str, attachment: str) -> FilePreview: ...
    def attachment_room(self) -> RoomView: ...
    def attachment_quota(self, quota: int) -> RoomView:
        """How many bytes of attached files this folder may hold."""
        ...
