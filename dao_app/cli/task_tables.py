"""guildhall task import and export: tasks from a table, seen before anything is signed, and to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.tables import TABLE_BYTES_MAX, Table, read_table
from dao_app.app.task_table import FIELDS, check_columns, guess_columns
from dao_app.cli import render
from dao_app.cli.commands import option
from dao_app.cli.files import read_bytes, write_file
from dao_app.cli.session import Session, stdout_is_terminal
from dao_app.cli.tasks import task


@task.command("import")
@click.argument("file")
@option("--map", "mapping", multiple=True, metavar="COLUMN=FIELD")
@option("--pay-from", metavar="PARTY", default="treasury", show_default=True)
@option("--dry-run", is_flag=True)
@option("--yes", is_flag=True)
@click.pass_obj
def import_(
    session: Session, file: str, mapping: tuple[str, ...], pay_from: str, dry_run: bool, yes: bool
) -> None:
    table = read_table(read_bytes(Path(file), TABLE_BYTES_MAX))
    columns = columns_of(table, mapping)
    check_columns(columns)
    params: dict[str, Any] = {
        "rows": [list(row) for row in table.rows[1:]], "lines": list(table.lines[1:]), "columns": columns,
        "payer": pay_from,
    }  # fmt: skip
    found = session.ask("task_import_check", **params)
    if dry_run or not found["good"]:
        session.show(found, lambda view: _preview(session, table, columns, view))
        return
    if not session.json:
        _preview(session, table, columns, found)
    if not yes and not (stdout_is_terminal() and click.confirm(session.t("cli.import_sign", n=found["good"]))):
        raise InputError("import_unconfirmed", n=found["good"])
    made = session.ask("task_import", **params, digest=found["digest"])
    session.show(made, lambda rows: session.line(session.t("cli.imported", n=len(rows))))


def columns_of(table: Table, mapping: tuple[str, ...]) -> list[str]:
    """What each column is: guessed from its heading, then as mapped. Raises InputError."""
    columns = guess_columns(table.rows[0])
    for pair in mapping:
        name, _, field = pair.rpartition("=")
        places = [n for n, heading in enumerate(table.rows[0]) if heading.strip() == name.strip()]
        if not places and name.isascii() and name.isdigit() and 1 <= int(name) <= len(columns):
            places = [int(name) - 1]
        if len(places) != 1:
            raise InputError("column_unknown", name=name[:80])
        if field and field not in FIELDS:
            raise InputError("field_unknown", name=field[:80], fields=", ".join(FIELDS))
        columns = ["" if column == field else column for column in columns]
        columns[places[0]] = field
    return columns


def _preview(session: Session, table: Table, columns: list[str], view: Any) -> None:
    delimiter = {"\t": "TAB"}.get(table.delimiter, table.delimiter)
    session.line(session.t("cli.import_read", encoding=table.encoding, delimiter=delimiter))
    render.table(session, [
        ("cli.col.column", render.text("heading")),
        ("cli.col.field", lambda row: session.t(f"task.field.{row['field']}") if row["field"] else ""),
    ], [{"heading": h, "field": f} for h, f in zip(table.rows[0], columns, strict=False)], "cli.none")
    session.line()
    render.table(session, [
        ("cli.col.line", lambda row: session.texts.number(row["line"])),
        ("cli.col.title", render.text("title")),
        ("cli.col.reward", lambda row: render.amount(session, row["reward"])),
        ("cli.col.due", render.when(session, "due_ms")),
        ("cli.col.problem", lambda row: _problem(session, row)),
    ], view["lines"], "cli.none")
    session.line()
    session.line(session.t("cli.import_counts", good=view["good"], bad=view["bad"]))
    for total in view["totals"]:
        decimals = total["reward"]["decimals"]
        session.line(session.t(
            "cli.import_total", amount=render.amount(session, total["reward"]),
            available=session.texts.figure(total["available_minor"], decimals),
        ))  # fmt: skip


def _problem(session: Session, row: Any) -> str:
    if row["problem"]:
        return session.texts.error_text(GuildhallError(row["problem"], **row["params"])).happened
    return session.texts.join([session.t(f"task.import.note.{note}") for note in row["notes"]])


@task.command("export")
@option("--to-file", "to_table", metavar="FILE", default=None)
@click.pass_obj
def export(session: Session, to_table: str | None) -> None:
    text = session.ask("task_export")
    if to_table:
        write_file(Path(to_table), text.encode("utf-8-sig"))
        session.show({"file": to_table}, lambda made: session.line(session.t("cli.exported", path=made["file"])))
    else:
        session.show({"csv": text}, lambda made: click.echo(made["csv"], nl=False))
