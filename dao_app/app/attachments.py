"""Attached files of an organisation on this device: taken apart, fetched when somebody asks, put together.

Nothing of a file is ever run, and its name never leads anywhere. What is fetched is bounded by a quota for the whole
folder; a chunk is kept only if its hash and size are those that the list names.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from dao_app.app.admission import content_hash
from dao_app.app.errors import InputError, StorageError
from dao_app.app.organisation import Organisation
from dao_app.app.storage import FileState
from dao_app.core.attachment import CHUNK_BYTES, FILE_BYTES_MAX, Attachment, encode_attachment, read_attachment
from dao_app.core.envelope import Action
from dao_app.core.errors import EncodingError
from dao_app.core.limits import SALT_BYTES

QUOTA_BYTES = 1024**3  # of all attached files in a folder, until somebody sets another
TEXT_PREVIEW_BYTES = 64 * 1024  # shown of a text
IMAGE_PREVIEW_BYTES = 8 * 1024 * 1024  # the largest picture that is shown
_PICTURES = (  # told by how the bytes begin; the sender's word is not asked
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"), (b"BM", "image/bmp"),
)  # fmt: skip
Pause = Callable[[], Awaitable[None]]
FileStateName = Literal["here", "partial", "coming", "absent", "erased", "unread", "damaged"]


class Found(NamedTuple):
    """An attachment as far as it is known here; ``list_hash`` is the hash of the list of its chunks."""

    list_hash: bytes
    state: FileStateName
    file: Attachment | None
    here: int  # bytes


def find(org: Organisation, action: Action, states: dict[bytes, FileState]) -> Found:
    """How an attachment stands here."""
    hash_ = action.body["text"]["hash"]
    if org.is_erased(hash_):
        return Found(hash_, "erased", None, 0)
    blob = org.store.content(hash_)
    if blob is None:
        return Found(hash_, "unread", None, 0)
    try:
        file = read_attachment(blob[SALT_BYTES:])
    except EncodingError:
        return Found(hash_, "damaged", None, 0)
    found = states.get(hash_, FileState(0, 0))
    if found.here == file.size:
        return Found(hash_, "here", file, found.here)
    if found.wanted:
        return Found(hash_, "coming", file, found.here)
    return Found(hash_, "partial" if found.here else "absent", file, found.here)


async def take_apart(org: Organisation, path: Path, label: str, salt: Callable[[int], bytes], pause: Pause) -> bytes:
    """Keep the file's chunks and return the blob of the list that names them. Raises InputError and StorageError;
    nothing is kept of a file that could not be read to its end."""
    blobs: list[bytes] = []
    for part in _parts(path):
        blobs.append(salt(SALT_BYTES) + part)
        await pause()
    if not blobs:
        raise InputError("attachment_empty")
    chunks = tuple((content_hash(blob), len(blob) - SALT_BYTES) for blob in blobs)
    file = Attachment(label, sniff(blobs[0][SALT_BYTES:]), sum(size for _, size in chunks), chunks)
    listed = salt(SALT_BYTES) + encode_attachment(file)
    owner = content_hash(listed)
    try:
        for place, ((hash_, size), blob) in enumerate(zip(chunks, blobs, strict=True)):
            org.store.put_chunk(owner, place, hash_, blob, size)
            await pause()
    except StorageError:
        org.store.drop_chunks(owner)
        raise
    return listed


def _parts(path: Path) -> Iterator[bytes]:
    """A file's bytes in chunks. Raises InputError (unreadable, too large)."""
    read = 0
    try:
        with path.open("rb") as file:
            while part := file.read(CHUNK_BYTES):
                read += len(part)
                if read > FILE_BYTES_MAX or os.fstat(file.fileno()).st_size > FILE_BYTES_MAX:
                    raise InputError("attachment_large", limit=FILE_BYTES_MAX // 1024**2)
                yield part
    except OSError as error:
        raise InputError("file_unreadable", path=str(path), detail=error.strerror or "") from error


async def put_together(org: Organisation, found: Found, path: Path, pause: Pause) -> int:
    """Write a whole file where nothing is yet, readable by its owner alone and not to be run; returns its bytes.
    Raises InputError and StorageError; then nothing is left behind."""
    written = 0
    with _fresh(path) as file:
        for hash_ in org.store.chunks(found.list_hash):
            blob = org.store.content(hash_)
            if blob is None:
                raise InputError("attachment_not_here")
            written += file.write(blob[SALT_BYTES:])
            await pause()
    return written


@contextmanager
def _fresh(path: Path) -> Iterator[BinaryIO]:
    """A new file, taken away again where the block fails."""
    try:
        out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError("file_exists", path=str(path)) from error
    except OSError as error:
        raise StorageError("no_rights", path=path.name) from error
    try:
        with open(out, "wb") as file:
            yield file
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageError("disk_full", path=path.name) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def first_bytes(org: Organisation, found: Found, most: int) -> bytes:
    """The beginning of a file, as far as it is here without a gap."""
    if found.file is None:
        return b""
    parts: list[bytes] = []
    for hash_, size in found.file.chunks:
        blob = org.store.content(hash_) if most > 0 else None
        if blob is None:
            break
        parts.append(blob[SALT_BYTES : SALT_BYTES + most])
        most -= size
    return b"".join(parts)


def sniff(start: bytes) -> str:
    """What a file is, by its first bytes: a picture that can be shown, a text, or anything else."""
    for magic, kind in _PICTURES:
        if start.startswith(magic):
            return kind
    part = start[:TEXT_PREVIEW_BYTES]
    if b"\0" in part:
        return "application/octet-stream"
    try:
        part.decode()
    except UnicodeDecodeError as error:
        if error.start < len(part) - 3:  # not merely a character that is cut in two
            return "application/octet-stream"
    return "text/plain"
