"""Use cases of attached files (docs/protocol.md §5): attach, fetch, look at, save, let go."""

from __future__ import annotations

import base64

from dao_app.app import attachments as files
from dao_app.app.admission import content_hash
from dao_app.app.cases import Cases
from dao_app.app.cases_bundles import absolute
from dao_app.app.errors import GuildhallError, InputError, NotFound, Refused
from dao_app.app.queries import Reader, file_view
from dao_app.app.resolve import ids_by_prefix, target_id
from dao_app.app.views_files import AttachmentRow, AttachmentsView, FilePreview, RoomView
from dao_app.app.views_parts import CommentView
from dao_app.app.workspace import Opened
from dao_app.core.attachment import COMMENT_TYPE, KIND, NAME_BYTES_MAX, is_attachment, safe_name
from dao_app.core.encoding import Link
from dao_app.core.envelope import Action
from dao_app.core.limits import SALT_BYTES

QUOTA_BYTES_MAX = 2**50


class AttachmentCases(Cases):
    """Part of ``app.api.Api``."""

    async def attachment_add(self, org: str, target: str, path: str) -> CommentView:
        opened, reader = self._read(org)
        self._need_signer(opened)
        source, on = absolute(path), target_id(reader, target)
        label = source.name.encode()[:NAME_BYTES_MAX].decode(errors="ignore") or "file"
        body = {"on": Link(on), "text": {"hash": bytes(32), "size": 1, "kind": KIND}}
        rejection = reader.judge(COMMENT_TYPE, body)
        if rejection is not None:
            raise Refused(f"reject.{rejection.value}")
        blob = await files.take_apart(opened.org, source, label, self._ws.random.token, self._ws.pause)
        hash_ = content_hash(blob)
        reference = {"hash": hash_, "size": len(blob) - SALT_BYTES, "kind": KIND}
        try:
            action = self._write(opened, COMMENT_TYPE, {**body, "text": reference}, extra=[blob])
        except GuildhallError:
            opened.org.store.drop_chunks(hash_)
            raise
        self._ws.announce(opened, [], opened.org.store.chunks(hash_))
        return self._reader(opened).comment(action)

    def attachment_list(self, org: str) -> AttachmentsView:
        opened, reader = self._read(org)
        states = opened.org.store.file_states()
        rows = []
        for id_ in reversed(opened.org.store.of_type("attachment")):
            if not reader.stands(id_):
                continue
            action = reader.action(id_)
            found = files.find(opened.org, action, states)
            author = reader.author(action.by)
            view = file_view(found)
            rows.append(AttachmentRow(id_.hex(), action.body["on"].hex(), author, view, reader.stamp(id_)))
        return AttachmentsView(tuple(rows), self.attachment_room())

    def attachment_room(self) -> RoomView:
        return RoomView(self._ws.files.used(), self._ws.files.quota())

    def attachment_fetch(self, org: str, attachment: str) -> CommentView:
        opened, reader, action, found = self._attachment(org, attachment)
        if found.file is None:
            raise NotFound(f"attachment_{found.state}")
        if found.state in ("absent", "partial"):
            self._ws.files.need_room(found.file.size - found.here)
            opened.org.store.want_chunks(found.list_hash, found.file.chunks)
            self._ws.files.ask(opened)
        return reader.comment(action)

    def attachment_stop(self, org: str, attachment: str) -> CommentView:
        opened, reader, action, found = self._attachment(org, attachment)
        opened.org.store.give_up_chunks(found.list_hash)
        self._ws.files.changed(opened)
        return reader.comment(action)

    def attachment_drop(self, org: str, attachment: str) -> CommentView:
        opened, reader, action, found = self._attachment(org, attachment)
        opened.org.store.drop_chunks(found.list_hash)
        self._ws.files.changed(opened)
        return reader.comment(action)

    async def attachment_save(self, org: str, attachment: str, path: str) -> str:
        opened, _, _, found = self._attachment(org, attachment)
        if found.file is None or found.state != "here":
            raise InputError("attachment_not_here")
        place = absolute(path)
        if place.is_dir():
            place = place / safe_name(found.file.name)
        await files.put_together(opened.org, found, place, self._ws.pause)
        return str(place)

    def attachment_preview(self, org: str, attachment: str) -> FilePreview:
        opened, _, _, found = self._attachment(org, attachment)
        if found.file is None:
            raise NotFound(f"attachment_{found.state}")
        start = files.first_bytes(opened.org, found, files.IMAGE_PREVIEW_BYTES)
        if not start:
            raise InputError("attachment_not_here")
        kind, name = files.sniff(start), found.file.name
        if kind == "text/plain":
            text = start[: files.TEXT_PREVIEW_BYTES].decode(errors="replace")
            return FilePreview("text", name, text, found.file.size > files.TEXT_PREVIEW_BYTES)
        if kind.startswith("image/") and len(start) == found.file.size:
            return FilePreview("image", name, image=base64.b64encode(start).decode())
        return FilePreview("none", name)

    def attachment_quota(self, quota: int) -> RoomView:
        if not 0 <= quota <= QUOTA_BYTES_MAX:
            raise InputError("quota_value")
        self._ws.home.save_profile({**self._ws.home.load_profile(), "file_quota": quota})
        return self.attachment_room()

    def _attachment(self, org: str, name: str) -> tuple[Opened, Reader, Action, files.Found]:
        opened, reader = self._read(org)
        found = []
        for id_ in ids_by_prefix(reader, name.strip()):
            action = reader.action(id_)
            if is_attachment(action.type, action.body) and reader.stands(id_):
                found.append(action)
        if len(found) != 1:
            raise NotFound("attachment_unknown" if not found else "name_ambiguous", name=name[:80])
        return opened, reader, found[0], files.find(opened.org, found[0], opened.org.store.file_states())

