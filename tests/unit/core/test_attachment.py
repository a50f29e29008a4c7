"""Lists of chunks, and labels that never become paths (threat 18)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.attachment import (
    CHUNK_BYTES,
    CHUNKS_MAX,
    Attachment,
    encode_attachment,
    is_attachment,
    read_attachment,
    safe_name,
)
from dao_app.core.encoding import encode
from dao_app.core.errors import EncodingError

FILE = Attachment("plan.txt", "text/plain", CHUNK_BYTES + 5, ((b"a" * 32, CHUNK_BYTES), (b"b" * 32, 5)))


def test_a_list_reads_as_it_was_written() -> None:
    assert read_attachment(encode_attachment(FILE)) == FILE


def altered(**changes: object) -> bytes:
    value = {"name": "x", "type": "t", "size": 5, "chunks": [[b"a" * 32, 5]], **changes}
    return encode({key: part for key, part in value.items() if part is not None})


@pytest.mark.parametrize("changes", [
    {"name": ""}, {"name": "x" * 256}, {"name": 5}, {"type": None}, {"size": 0}, {"size": 6}, {"size": -1}, {"more": 1},
    {"chunks": []}, {"chunks": [[b"a" * 31, 5]]}, {"chunks": [[b"a" * 32, 4]]}, {"chunks": [[b"a" * 32]]},
    {"chunks": [[b"a" * 32, 5], [b"b" * 32, 0]]}, {"chunks": {}}, {"size": CHUNKS_MAX * CHUNK_BYTES + 1},
    {"size": CHUNK_BYTES + 1, "chunks": [[b"a" * 32, 1], [b"b" * 32, CHUNK_BYTES]]},
])  # fmt: skip
def test_anything_else_is_refused(changes: dict[str, object]) -> None:
    read_attachment(altered())
    with pytest.raises(EncodingError):
        read_attachment(altered(**changes))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = read_attachment(raw)
    except EncodingError:
        return
    assert encode_attachment(found) == raw


@pytest.mark.parametrize(("label", "name"), [
    ("plan.pdf", "plan.pdf"), ("../../etc/passwd", "_.._etc_passwd"), ("..", "file"), (".bashrc", "bashrc"),
    ("", "file"), ("a\0b", "a_b"), ("CON", "_CON"), ("con.txt", "_con.txt"), ("Lpt1.log", "_Lpt1.log"),
    ("C:\\x\\y.exe", "C__x_y.exe"),
    ("note\u202etxt.exe", "notetxt.exe"), ("计划 2026.md", "计划 2026.md"), ("a" * 300 + ".txt", "a" * 251 + ".txt"),
    ("name. . ", "name"), ("x\u200b.pdf", "x.pdf"), ("a\nb", "a_b"),
])  # fmt: skip
def test_a_label_becomes_a_harmless_name(label: str, name: str) -> None:
    assert safe_name(label) == name


@given(st.text(max_size=400))
def test_no_label_leads_anywhere(label: str) -> None:
    try:
        label.encode()
    except UnicodeEncodeError:
        return
    name = safe_name(label)
    assert name and name not in (".", "..") and len(name.encode()) <= 255
    assert not set(name) & set('/\\:\0') and not name.startswith(".") and not any(ord(char) < 32 for char in name)


def test_only_comments_with_a_file_are_attachments() -> None:
    text = {"hash": b"h" * 32, "size": 1, "kind": "file"}
    assert is_attachment("comment.add", {"text": text})
    assert not is_attachment("task.open", {"text": text})
    for body in ({}, {"text": None}, {"text": {"kind": "text", "hash": b""}}, {"text": {"kind": "file", "hash": 5}}):
        assert not is_attachment("comment.add", body)
