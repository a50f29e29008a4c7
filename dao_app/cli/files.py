"""Files that a person names on the command line: bounded reading, whole writing, clear errors."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from pathlib import Path

from dao_app.app.errors import InputError, StorageError

DIGEST_PART_BYTES = 1024 * 1024  # read at a time


def read_bytes(path: Path, bytes_max: int) -> bytes:
    """The contents; "-" is standard input. Raises InputError (missing, unreadable, too large)."""
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(bytes_max + 1)
        else:
            with path.open("rb") as file:
                data = file.read(bytes_max + 1)
    except OSError as error:
        raise InputError("file_unreadable", path=path, detail=error.strerror or "") from error
    if len(data) > bytes_max:
        raise InputError("file_too_large", path=path, limit=bytes_max)
    return data


def read_text(path: Path, bytes_max: int) -> str:
    """The same as UTF-8 text."""
    try:
        return read_bytes(path, bytes_max).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("file_no_text", path=path) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file for this user only, whole or not at all. Raises StorageError."""
    fresh = path.with_name(path.name + ".new")
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        os.replace(fresh, path)
    except OSError as error:
        code = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "file_unwritable"
        raise StorageError(code, path=path, detail=error.strerror or "") from error


def file_digest(path: Path) -> tuple[str, str, int]:
    """(SHA-256 in hexadecimal, name, size in bytes) of a file of any size. Raises InputError."""
    found, size = hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while part := file.read(DIGEST_PART_BYTES):
                found.update(part)
                size += len(part)
    except OSError as error:
        raise InputError("file_unreadable", path=path, detail=error.strerror or "") from error
    return found.hexdigest(), path.name, size
