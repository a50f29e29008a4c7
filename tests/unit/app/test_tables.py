"""Tables from elsewhere: encodings, delimiters, bounds, and everything that is meant to do harm."""

from __future__ import annotations

import csv
import io
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.app.dates import read_date
from dao_app.app.errors import InputError
from dao_app.app.mentions import mentioned
from dao_app.app.tables import (
    COLUMNS_MAX,
    ROWS_MAX,
    TABLE_BYTES_MAX,
    guarded,
    harmless,
    read_table,
    unguarded,
    write_table,
)
from dao_app.app.task_table import FIELDS, check_columns, guess_columns

PLAIN = "title,reward\nMend the roof,40\n修楼梯,15\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("gb18030", "gb18030"), ("gbk", "gb18030"),
    ],
)  # fmt: skip
def test_encodings_are_recognised(encoding: str, found: str) -> None:
    table = read_table(PLAIN.encode(encoding))
    assert table.encoding == found
    assert table.rows == (("title", "reward"), ("Mend the roof", "40"), ("修楼梯", "15"))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_recognised(delimiter: str) -> None:
    text = f'title{delimiter}reward\n"a, b; c"{delimiter}4,50\nd{delimiter}5\n'
    if delimiter == ",":
        text = text.replace("4,50", '"4,50"')
    table = read_table(text.encode())
    assert table.delimiter == delimiter
    assert table.rows[1] == ("a, b; c", "4,50")


def test_rows_know_the_line_on_which_they_begin() -> None:
    table = read_table(b'title,text\n\none,"a\nb\nc"\n\r\ntwo,d\r\n')
    assert table.lines == (1, 3, 7)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "table_empty"),
        (b"title\n", "table_empty"),
        (b"\n\n \n", "table_empty"),
        (b"x" * (TABLE_BYTES_MAX + 1), "table_large"),
        (b"title\n" + b"a\n" * (ROWS_MAX + 1), "table_rows"),
        (b"," * COLUMNS_MAX + b"x\n" + b"a,b\n", "table_columns"),
        (b"title,b\n\xff\xff\xff\xff,1\n", "table_no_text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "table_no_text"),
        (b"title,x\na\x00b,1\n", "table_no_text"),
        (b"\xff\xfe\x00", "table_no_text"),
        (b'title\n"' + b"y" * 200_000 + b'"\n', "table_row_bad"),
    ],
)
def test_what_is_no_table_is_named(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_table(data)
    assert caught.value.code == code


def test_the_largest_table_is_read() -> None:
    table = read_table(b"title,reward\n" + b"a,1\n" * ROWS_MAX)
    assert len(table.rows) == ROWS_MAX + 1


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_are_a_table_or_a_named_fault(data: bytes) -> None:
    try:
        table = read_table(data)
    except InputError:
        return
    assert len(table.rows) == len(table.lines) >= 2
    for row in table.rows:
        for cell in row:
            harmless(cell, many_lines=True)
    guess_columns(table.rows[0])


FORMULAS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "=HYPERLINK(\"http://x\")", "\t=1", " =1", "\u200b=1",
            "\u202e=1", "\ufeff=1", "\r=1"]  # fmt: skip


@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_is_computed_by_a_spreadsheet(cell: str) -> None:
    text, notes = harmless(cell)
    assert text.startswith("'") and "formula" in notes
    (row,) = csv.reader(io.StringIO(write_table([[cell.strip()]])))
    assert not row[0].startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    ("cell", "text", "notes"),
    [
        ("plain", "plain", ()),
        ("  spaced ", "spaced", ()),
        ("\u202egnp.exe", "gnp.exe", ("control",)),
        ("a\u2066b\u2069", "ab", ("control",)),
        ("a\x1b[31mred", "a[31mred", ("control",)),
        ("zero\u200bwidth", "zerowidth", ("control",)),
        ("two\nlines", "twolines", ("control",)),
        ("don't", "don't", ()),
        ("", "", ()),
    ],
)
def test_hidden_characters_are_taken_out_and_said(cell: str, text: str, notes: tuple[str, ...]) -> None:
    assert harmless(cell) == (text, notes)


@given(st.text(max_size=80))
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    once, _ = harmless(cell, many_lines=True)
    assert harmless(unguarded(once), many_lines=True)[0] == once
    assert not once.startswith(("=", "+", "-", "@"))
    assert unguarded(guarded(once)) == unguarded(once)


def test_columns_are_guessed_from_headings_of_other_programs() -> None:
    assert guess_columns(["Card Name", "Description", "Labels", "Due Date", "Votes"]) == [
        "title", "text", "labels", "due", "",
    ]  # fmt: skip
    assert guess_columns(["标题", "金额", "标签", "优先级"]) == ["title", "reward", "labels", "priority"]
    assert guess_columns(["title", "Title"]) == ["title", ""]


@pytest.mark.parametrize(
    ("columns", "code"),
    [(["reward"], "field_title"), (["title", "title"], "field_twice"), (["title", "colour"], "field_unknown")],
)
def test_columns_that_make_no_sense(columns: list[str], code: str) -> None:
    with pytest.raises(InputError) as caught:
        check_columns(columns)
    assert caught.value.code == code
    check_columns(["", *FIELDS])


# -- dates ---------------------------------------------------------------------------------------
SHANGHAI = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("", 0), ("2026-03-12 00:00", 1_773_273_600_000), ("2026/3/12 8:30", 1_773_304_200_000),
        ("2026.03.12", 1_773_359_940_000), ("2026年3月12日", 1_773_359_940_000),
        ("2026-03-12T16:00:00.000Z", 1_773_331_200_000),
    ],
)  # fmt: skip
def test_dates_are_read_in_the_viewers_zone(text: str, ms: int) -> None:
    shift = 0 if not text or text.endswith("Z") else 8 * 3_600_000
    assert read_date(text, UTC) == ms
    assert read_date(text, SHANGHAI) == ms - shift


@pytest.mark.parametrize(
    "text",
    ["12.03.2026", "2026-13-01", "2026-02-30", "soon", "2026-03-12 25:00", "1969-01-01", "２０２６-03-12", "9" * 40],
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(InputError):
        read_date(text, UTC)


# -- mentions ------------------------------------------------------------------------------------
A, B, C, D = (bytes([n]) * 32 for n in (0xA1, 0xB2, 0xC3, 0xD4))
NAMES = {A: "Lin", B: "Lin Wei", C: "陈默", D: ""}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@Lin Wei please", (B,)),
        ("@Lin, look", (A,)),
        ("@lin wei and @Lin", (B, A)),
        ("@陈默请看", (C,)),
        ("@Linus is nobody", ()),
        ("write to lin@example.org", ()),
        ("@@Lin", ()),
        ("@ Lin", ()),
        ("(@d4d4d4) @b2b2b2b2", (D, B)),
        ("@Lin @Lin", (A,)),
        ("<b>@Lin</b>", (A,)),
    ],
)
def test_who_is_mentioned(text: str, found: tuple[bytes, ...]) -> None:
    assert mentioned(text, NAMES) == found


def test_a_name_of_two_members_is_not_guessed() -> None:
    with pytest.raises(InputError) as caught:
        mentioned("@Lin", {A: "Lin", B: "lin"})
    assert caught.value.code == "mention_ambiguous"


def test_more_mentions_than_a_comment_may_name() -> None:
    names = {bytes([n]) * 32: f"m{n:02}" for n in range(17)}
    with pytest.raises(InputError) as caught:
        mentioned(" ".join(f"@{name}" for name in names.values()), names)
    assert caught.value.code == "mentions_many"
