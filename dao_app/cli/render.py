"""Results as tables and lines for a person. Foreign text is shown plainly: never as markup, never steering."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dao_app.app.texts import isolate
from dao_app.app.views import AmountView
from dao_app.cli.session import Session, stdout_is_terminal

PIPED_WIDTH = 200  # columns where no terminal limits the line
Row = Mapping[str, Any]
Cell = Callable[[Row], str]
Column = tuple[str, Cell]  # key of the heading, what stands below


def plain(foreign: str) -> str:
    """One line of foreign text without control and direction characters."""
    return isolate(foreign)[1:-1]


def paragraphs(foreign: str) -> str:
    """Foreign text with its line ends, without control and direction characters."""
    return "\n".join(plain(line) for line in foreign.splitlines())


def put(made: Table) -> None:
    """Print a table, without the blanks that fill its last column."""
    width = None if stdout_is_terminal() else PIPED_WIDTH
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(made)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def table(session: Session, columns: Sequence[Column], rows: Iterable[Row], empty: str) -> None:
    """A table with translated headings, or the line ``empty`` (a key)."""
    listed = list(rows)
    if not listed:
        session.line(session.t(empty))
        return
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for key, _ in columns:
        made.add_column(Text(session.t(key)), overflow="fold")
    for row in listed:
        made.add_row(*(Text(cell(row)) for _, cell in columns))
    put(made)


def facts(session: Session, pairs: Iterable[tuple[str, str]]) -> None:
    """Named values, one a line; empty ones are left out."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim")
    made.add_column(overflow="fold")
    for key, value in pairs:
        if value:
            made.add_row(Text(session.t(key)), Text(value))
    put(made)


# -- cells ---------------------------------------------------------------------------------------
def text(name: str) -> Cell:
    return lambda row: plain(str(row[name] or ""))


def count(session: Session, name: str) -> Cell:
    return lambda row: "" if row[name] is None else session.texts.number(row[name])


def who(session: Session, person: Row | None) -> str:
    """A member: name, else fingerprint; marked where it is you."""
    if person is None:
        return ""
    name = plain(person["name"]) or person["fingerprint"]
    return session.t("cli.you", name=name) if person["you"] else name


def person(session: Session, name: str) -> Cell:
    return lambda row: who(session, row[name])


def amount(session: Session, value: Row | None) -> str:
    if value is None:
        return ""
    return session.texts.amount(AmountView(plain(value["unit"]), value["minor"], value["decimals"]))


def figure(session: Session, row: Row, name: str) -> str:
    return session.texts.figure(row[name], row["decimals"])


def moment(session: Session, ms: int | None) -> str:
    return "" if ms is None else session.texts.stamp(ms)


def when(session: Session, name: str) -> Cell:
    return lambda row: moment(session, row[name])


def number(letter: str) -> Cell:
    """"T-12" once the final order gave a number, else the short id."""
    return lambda row: f"{letter}-{row['number']}" if row["number"] is not None else row["short"]


def word(session: Session, prefix: str, name: str) -> Cell:
    """A code in words, such as a status."""

    def cell(row: Row) -> str:
        key = f"{prefix}.{row[name]}"
        return session.t(key) if session.texts.has(key) else plain(str(row[name]))

    return cell


def settled(session: Session, stamp: Row) -> str:
    """How settled something signed is, and whom it waits for or why it has no effect."""
    said = session.t(f"state.{stamp['state']}")
    if stamp["reason"]:
        return session.t("cli.with_reason", said=said, reason=session.texts.reason(stamp["reason"]))
    if stamp["waits_for"] and stamp["state"] not in ("final", "rejected"):
        names = session.texts.join([plain(name) for name in stamp["waits_for"]])
        return session.t("cli.with_reason", said=said, reason=session.t("state.waits_for", names=names))
    return said


def state(session: Session) -> Cell:
    return lambda row: settled(session, row["stamp"])


def comments(session: Session, rows: Sequence[Row]) -> None:
    """What was said about an object."""
    for row in rows:
        session.line()
        session.line(f"{who(session, row['author'])} · {moment(session, row['stamp']['at_ms'])}")
        if row["file"] is not None:
            session.line(f"{plain(row['file']['name'])} · {file_state(session, row['file'])} · {row['id'][:12]}")
            continue
        key = "cli.text_erased" if row["erased"] else "cli.text_not_here"
        session.line(session.t(key) if row["text"] is None else paragraphs(row["text"]))


def file_state(session: Session, file: Row) -> str:
    """How much of an attached file is here."""
    percent = file["here"] * 100 // file["size"] if file["size"] else 0
    return session.t(f"file.state.{file['state']}", percent=percent)


def report(session: Session, value: Mapping[str, Any]) -> None:
    """A report by name: single values first, then each list as a table."""
    single = [(name, v) for name, v in value.items() if not isinstance(v, (list, tuple, dict))]
    facts(session, ((_heading(session, name), plain(str(v))) for name, v in single))
    for name, rows in value.items():
        if not isinstance(rows, (list, tuple)) or not rows or not isinstance(rows[0], Mapping):
            continue
        session.line()
        session.line(session.t(_heading(session, name)))
        columns = [(_heading(session, key), text(key)) for key in rows[0]]
        table(session, columns, rows, "cli.none")


def _heading(session: Session, name: str) -> str:
    key = f"cli.report.{name}"
    return key if session.texts.has(key) else plain(name.replace("_", " "))
