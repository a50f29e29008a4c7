"""Links that people hand to each other: shown, written as a picture or a file, and read from any of them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import segno

from dao_app.app.errors import InputError
from dao_app.cli.files import read_text, write_file
from dao_app.cli.session import Session

LINK_BYTES_MAX = 64 * 1024  # a link with the plain text around it
QR_SCALE = 6  # pixels of one module: readable from a screen at arm's length
PICTURES = (".png", ".svg")  # that can be written
READABLE = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
QR_BORDER = 4  # modules, as ISO/IEC 18004 asks
JOIN_EXIT_CODES = {"refused": 4, "searching": 6}  # as for refusals by a rule and for an unreached network


def check_picture(path: str | None) -> None:
    """Before anything is done: can a picture of this name be written? Raises InputError."""
    if path and Path(path).suffix.lower() not in PICTURES:
        raise InputError("picture_kind", path=path)


def coming_in(session: Session, found: Any) -> str:
    """How far coming in got, in words."""
    said = session.t(f"cli.join.{found['stage']}")
    reason = session.texts.reason(found["reason"]) if found["reason"] else ""
    return session.t("cli.with_reason", said=said, reason=reason) if reason else said


def write_out(session: Session, made: Any, picture: str | None, to_file: str | None) -> None:
    """Write the link as a picture, its text as a file, and say so once the rest is said."""
    if picture:
        write_qr(Path(picture), made["link"])
    if to_file:
        write_file(Path(to_file), (made["text"] + "\n").encode())


def say_written(session: Session, *paths: str | None) -> None:
    for path in filter(None, paths):
        session.note(session.t("cli.written", path=path))


def write_qr(path: Path, link: str) -> None:
    """A picture of the link, PNG or SVG by its ending. Raises InputError where it is too long, StorageError."""
    data = io.BytesIO()
    try:
        code = segno.make(link, error="m", micro=False)
    except segno.DataOverflowError:
        try:
            code = segno.make(link, error="l", micro=False)
        except segno.DataOverflowError as error:
            raise InputError("picture_too_full") from error
    code.save(data, kind=path.suffix.lower().removeprefix("."), scale=QR_SCALE, border=QR_BORDER)
    write_file(path, data.getvalue())


def read_in(session: Session, link: str | None, from_file: str | None) -> str:
    """A link as it was given: as such, in a text file, or in a picture. Raises InputError."""
    if (link is None) == (from_file is None):
        raise InputError("join_one_link")
    if link is not None:
        return link
    path = Path(str(from_file))
    if path.suffix.lower() in READABLE:
        return session.services.read_code(path)
    return read_text(path, LINK_BYTES_MAX)
