"""Attachments: the list of a file's chunks, as the detached text of a comment holds it (docs/protocol.md §5).

Pure data: no rule reads it, and nothing in it is trusted. A name is a label, never a path.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.core.encoding import decode, encode
from dao_app.core.errors import EncodingError
from dao_app.core.limits import CONTENT_BYTES_MAX

KIND = "file"  # of the comment's text
COMMENT_TYPE = "comment.add"
CHUNK_BYTES = CONTENT_BYTES_MAX  # each chunk but the last has exactly so many
CHUNKS_MAX = 256  # of one file: 64 MiB, a list of 10 kB
FILE_BYTES_MAX = CHUNKS_MAX * CHUNK_BYTES
NAME_BYTES_MAX = 255  # the longest name of a file
TYPE_BYTES_MAX = 100
_RESERVED = frozenset(  # names that Windows gives to devices
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
)


class Attachment(NamedTuple):
    """``name`` and ``type`` are the sender's words; ``size`` in bytes; ``chunks``: (hash of salt ‖ bytes, size)."""

    name: str
    type: str
    size: int
    chunks: tuple[tuple[bytes, int], ...]


def encode_attachment(file: Attachment) -> bytes:
    chunks = [list(chunk) for chunk in file.chunks]
    return encode({"name": file.name, "type": file.type, "size": file.size, "chunks": chunks})


def read_attachment(raw: bytes) -> Attachment:
    """Read a foreign list of chunks. Raises EncodingError."""
    value = decode(raw)
    if type(value) is not dict or value.keys() != {"name", "type", "size", "chunks"}:
        raise EncodingError("attachment")
    name, type_, size, chunks = (value[key] for key in ("name", "type", "size", "chunks"))
    good = (
        _is_text(name, NAME_BYTES_MAX)
        and _is_text(type_, TYPE_BYTES_MAX)
        and type(size) is int
        and 0 < size <= FILE_BYTES_MAX
        and type(chunks) is list
        and len(chunks) == -(-size // CHUNK_BYTES)
    )
    if not good:
        raise EncodingError("attachment")
    left = size
    for chunk in chunks:
        if type(chunk) is not list or len(chunk) != 2 or type(chunk[0]) is not bytes or len(chunk[0]) != 32:
            raise EncodingError("attachment")
        if type(chunk[1]) is not int or chunk[1] != min(left, CHUNK_BYTES):
            raise EncodingError("attachment")
        left -= chunk[1]
    return Attachment(name, type_, size, tuple((hash_, bytes_) for hash_, bytes_ in chunks))


def _is_text(value: Any, most: int) -> bool:
    return type(value) is str and 0 < len(value.encode()) <= most


def safe_name(label: str) -> str:
    """A name under which a file of this label can be kept on any system: no path, no control or hidden or reserved
    name, at most 255 bytes, the ending kept."""
    kept = "".join("_" if ord(char) < 32 or ord(char) == 127 or char in '/\\:*?"<>|' else char for char in label)
    kept = "".join(char for char in kept if not _steers(ord(char))).strip(" .") or "file"
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending.encode()) > 16:
        stem, ending = kept, ""
    if stem.partition(".")[0].strip().lower() in _RESERVED:
        stem = f"_{stem}"
    most = NAME_BYTES_MAX - len(ending.encode()) - len(dot)
    return stem.encode()[:most].decode(errors="ignore") + (dot + ending if ending else "")


def _steers(code: int) -> bool:
    """Characters that turn the direction of text or take no room: an ending must be where it seems to be."""
    return code in (0x061C, 0xFEFF) or 0x200B <= code <= 0x200F or 0x202A <= code <= 0x202E or 0x2060 <= code <= 0x2069


def is_attachment(type_: str, body: Any) -> bool:
    """Does an action of this type and (foreign) body attach a file?"""
    text = body.get("text") if type_ == COMMENT_TYPE and type(body) is dict else None
    return type(text) is dict and text.get("kind") == KIND and type(text.get("hash")) is bytes
