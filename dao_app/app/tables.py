"""Tables of text from elsewhere (CSV): encoding and delimiter found, size bounded, cells made harmless.

Invariants: reading never raises anything but InputError, and never takes more than the bounds below; a cell
that leaves here holds no control or direction characters, and none begins like a formula.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dao_app.app.errors import InputError
from dao_app.app.texts import is_control

TABLE_BYTES_MAX = 1024 * 1024  # with every character escaped a call to the engine still holds it
ROWS_MAX = 1_000  # four checkpoints of one device
COLUMNS_MAX = 64
SAMPLE_ROWS = 20  # looked at to find the delimiter
DELIMITERS = (",", ";", "\t", "|")
FORMULA_MARKS = ("=", "+", "-", "@")  # what spreadsheet programs take for the beginning of a formula
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\u00ad\u180e")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Table(NamedTuple):
    """``lines`` gives for each row the line of the file on which it begins, from 1; the first row is the head."""

    encoding: str
    delimiter: str
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]


def read_table(data: bytes) -> Table:
    """A table from the bytes of a file. Raises InputError (too large, no text, no table)."""
    if len(data) > TABLE_BYTES_MAX:
        raise InputError("table_large", limit=TABLE_BYTES_MAX // 1024)
    encoding, text = _decode(data)
    if "\0" in text:
        raise InputError("table_no_text")
    delimiter = _delimiter(text)
    rows, lines = _rows(text, delimiter)
    if len(rows) < 2:
        raise InputError("table_empty")
    return Table(encoding, delimiter, tuple(rows), tuple(lines))


def _decode(data: bytes) -> tuple[str, str]:
    """UTF-8 or UTF-16 by its mark, else UTF-8 if it is, else UTF-16 by its zeros, else GB18030 (which has GBK)."""
    guesses = [encoding for mark, encoding in _BOMS if data.startswith(mark)]
    if not guesses:
        sample = data[:4_096]
        zeros = sample[0::2].count(0), sample[1::2].count(0)
        many = max(zeros) * 8 > len(sample)  # a table in any language has some plain separators and figures
        wide = ["utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"] if many else []
        guesses = [*wide, "utf-8", "gb18030"]
    for encoding in guesses:
        try:
            return encoding, data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("table_no_text")


def _delimiter(text: str) -> str:
    """The one that splits the first rows into most columns, alike in all of them where that can be had."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        try:
            widths = [len(row) for row in _sample(text, delimiter)]
        except csv.Error:
            return (False, 0)
        return (min(widths, default=0) > 1 and len(set(widths)) == 1, min(widths, default=0))

    return max(DELIMITERS, key=fitness)


def _sample(text: str, delimiter: str) -> Iterable[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    for row in reader:
        if any(cell.strip() for cell in row):
            yield row
        if reader.line_num >= SAMPLE_ROWS:
            return


def _rows(text: str, delimiter: str) -> tuple[list[tuple[str, ...]], list[int]]:
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    begins = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                if len(rows) > ROWS_MAX:
                    raise InputError("table_rows", limit=ROWS_MAX)
                if len(row) > COLUMNS_MAX:
                    raise InputError("table_columns", line=begins, limit=COLUMNS_MAX)
                rows.append(tuple(row))
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError("table_row_bad", line=begins) from error
    return rows, lines


def harmless(cell: str, many_lines: bool = False) -> tuple[str, tuple[str, ...]]:
    """A cell without control, direction and invisible characters, and an apostrophe before what a spreadsheet
    would compute; with the names of what was changed ("control", "formula")."""
    kept = "".join(c for c in cell if (c == "\n" and many_lines) or c == "\t" or not (is_control(c) or c in _INVISIBLE))
    plain = kept.replace("\t", " ").strip()
    notes = () if plain == cell.replace("\t", " ").replace("\r\n", "\n").strip() else ("control",)
    text = guarded(plain)
    return text, notes if text == plain else (*notes, "formula")


def guarded(text: str) -> str:
    """Text that no spreadsheet program computes."""
    return f"'{text}" if text.startswith(FORMULA_MARKS) else text


def unguarded(text: str) -> str:
    """The text as it was before ``guarded``."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_MARKS) else text


def write_table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV with commas and CR LF (RFC 4180); no cell is computed when it is opened."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()
