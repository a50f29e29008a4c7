"""guildhall file: what was written down, and proofs that anybody checks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.files import file_digest
from dao_app.cli.session import Session


# -- notarised files -----------------------------------------------------------------------------
@click.group("file", cls=Group)
def file() -> None:
    pass


@file.command("notarise")
@click.argument("path", type=click.Path(path_type=Path))
@option("--title", default=None)
@click.pass_obj
def notarise(session: Session, path: Path, title: str | None) -> None:
    digest, name, size = file_digest(path)
    row = session.ask("file_notarise", hash=digest, size=size, title=name if title is None else title)
    session.show(row, lambda found: _file(session, found))


@file.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def check(session: Session, path: Path) -> None:
    digest, _, _ = file_digest(path)
    session.show(session.ask("file_check", hash=digest), lambda found: _file(session, found))


@file.command("list")
@click.pass_obj
def file_list(session: Session) -> None:
    session.show(session.ask("file_list"), lambda rows: render.table(session, [
        ("cli.col.sha256", lambda row: row["hash"][:12]),
        ("cli.col.title", render.text("title")),
        ("cli.col.bytes", render.count(session, "size")),
        ("cli.col.who", render.person(session, "person")),
        ("cli.col.height", lambda row: session.texts.number(row["height"]) if row["height"] else ""),
        ("cli.col.time", lambda row: render.moment(session, row["sealed_ms"] or row["stamp"]["at_ms"])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_files"))


def _file(session: Session, row: Mapping[str, Any]) -> None:
    render.facts(session, [
        ("cli.col.sha256", row["hash"]),
        ("cli.col.title", render.plain(row["title"] or "")),
        ("cli.col.bytes", session.texts.number(row["size"])),
        ("cli.col.who", render.who(session, row["person"])),
        ("cli.col.state", render.settled(session, row["stamp"])),
    ])
    if row["height"]:
        at = render.moment(session, row["sealed_ms"])
        session.line(session.t("cli.file_before", height=row["height"], time=at))
    else:
        session.line(session.t("cli.file_waits"))
