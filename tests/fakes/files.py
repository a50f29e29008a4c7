"""The part of the stand-in engine that holds attached files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dao_app.app import views as v
from dao_app.app.errors import NotFound
from dao_app.app.views_files import AttachmentRow, AttachmentsView, FilePreview, RoomView
from tests.fakes.sample import LIN, ident, queued

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
CAN = {
    "absent": ("fetch",), "partial": ("fetch", "preview", "drop"), "coming": ("stop",),
    "here": ("save", "preview", "drop"), "erased": (), "unread": (), "damaged": (),
}  # fmt: skip


def attached(name: str, size: int, state: str, here: int = 0) -> v.AttachedFile:
    return v.AttachedFile(name, size, size if state == "here" else here, state, CAN[state])


class FakeFiles:
    """Mixed into ``FakeEngine``."""

    comments: dict[str, list[v.CommentView]]
    quota = 1024**3

    def tell(self, *topics: str) -> None:
        raise NotImplementedError

    def attachment_add(self, org: str, target: str, path: str) -> v.CommentView:
        file = attached(Path(path).name, 2_048, "here")
        comment = v.CommentView(ident(f"file {target} {path}"), LIN, "", False, queued(), (), file)
        self.comments.setdefault(target, []).insert(0, comment)
        self.tell("tasks", "proposals", "contributions")
        return comment

    def _found(self, attachment: str) -> tuple[list[v.CommentView], int]:
        for rows in self.comments.values():
            for place, comment in enumerate(rows):
                if comment.id == attachment and comment.file is not None:
                    return rows, place
        raise NotFound("attachment_unknown", name=attachment)

    def _become(self, attachment: str, state: str) -> v.CommentView:
        rows, place = self._found(attachment)
        file = rows[place].file
        assert file is not None
        rows[place] = replace(rows[place], file=attached(file.name, file.size, state, file.here))
        self.tell("tasks", "proposals", "contributions")
        return rows[place]

    def attachment_fetch(self, org: str, attachment: str) -> v.CommentView:
        return self._become(attachment, "coming")

    def attachment_stop(self, org: str, attachment: str) -> v.CommentView:
        return self._become(attachment, "partial")

    def attachment_drop(self, org: str, attachment: str) -> v.CommentView:
        return self._become(attachment, "absent")

    def attachment_save(self, org: str, attachment: str, path: str) -> str:
        return path

    def attachment_preview(self, org: str, attachment: str) -> FilePreview:
        rows, place = self._found(attachment)
        file = rows[place].file
        assert file is not None
        if file.name.endswith(".png"):
            return FilePreview("image", file.name, image=PICTURE)
        if file.name.endswith(".txt"):
            return FilePreview("text", file.name, "<b>first</b> line\nsecond line", True)
        return FilePreview("none", file.name)

    def attachment_list(self, org: str) -> AttachmentsView:
        rows = [
            AttachmentRow(comment.id, target, comment.author, comment.file, comment.stamp)
            for target, comments in self.comments.items() for comment in comments if comment.file is not None
        ]  # fmt: skip
        return AttachmentsView(tuple(rows), self.attachment_room())

    def attachment_room(self) -> RoomView:
        return RoomView(300 * 1024**2, self.quota)

    def attachment_quota(self, quota: int) -> RoomView:
        self.quota = quota
        return self.attachment_room()

