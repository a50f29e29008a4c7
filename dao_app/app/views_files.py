"""Attached files as people see them."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views_parts import AttachedFile, PersonView, Stamp


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """``id``: of the comment that carries it; ``target``: what it hangs on."""

    id: str
    target: str
    author: PersonView
    file: AttachedFile
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class RoomView:
    """Bytes of attached files of all organisations in this folder, here or under way, and how many there may be."""

    used: int
    quota: int


@dataclass(frozen=True, slots=True)
class AttachmentsView:
    """The newest first."""

    rows: tuple[AttachmentRow, ...]
    room: RoomView


@dataclass(frozen=True, slots=True)
class FilePreview:
    """``kind``: text | image | none. ``text``: its beginning, foreign; ``cut``: there is more. ``image``: base64."""

    kind: str
    name: str
    text: str = ""
    cut: bool = False
    image: str = ""
