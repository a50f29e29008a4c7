"""guildhall contribution: what people did, claimed, endorsed, disputed and valued."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.files import file_digest
from dao_app.cli.session import Session
from dao_app.cli.tasks import long_text, say


@click.group("contribution", cls=Group)
def contribution() -> None:
    pass


@contribution.command("claim")
@click.argument("title")
@option("--text", default="")
@option("--text-file", metavar="FILE")
@option("--category", default="")
@option("--department", default="")
@option("--link", "links", multiple=True, metavar="URL")
@option("--evidence-file", "evidence_files", multiple=True, metavar="FILE")
@click.pass_obj
def claim(
    session: Session, title: str, text: str, text_file: str | None, category: str, department: str,
    links: tuple[str, ...], evidence_files: tuple[str, ...],
) -> None:
    evidence = [(link, "") for link in links]
    for file in evidence_files:
        digest, name, _ = file_digest(Path(file))
        evidence.append((name, digest))
    _one(session, session.ask(
        "contribution_claim", title=title, text=long_text(text, text_file), category=category, department=department,
        evidence=evidence,
    ))


@contribution.command("endorse")
@click.argument("contribution")
@click.pass_obj
def endorse(session: Session, contribution: str) -> None:
    _one(session, session.ask("contribution_endorse", contribution=contribution))


@contribution.command("dispute")
@click.argument("contribution")
@click.argument("reason")
@click.pass_obj
def dispute(session: Session, contribution: str, reason: str) -> None:
    _one(session, session.ask("contribution_dispute", contribution=contribution, reason=reason))


@contribution.command("withdraw")
@click.argument("contribution")
@click.pass_obj
def withdraw(session: Session, contribution: str) -> None:
    _one(session, session.ask("contribution_withdraw", contribution=contribution))


@contribution.command("value")
@click.argument("contribution")
@click.argument("points", type=click.IntRange(0))
@click.pass_obj
def value(session: Session, contribution: str, points: int) -> None:
    _one(session, session.ask("contribution_value", contribution=contribution, points=points))


@contribution.command("list")
@option("--mine", is_flag=True)
@click.pass_obj
def list_(session: Session, mine: bool) -> None:
    session.show(session.ask("contribution_list", mine=mine), lambda rows: _rows(session, rows))


@contribution.command("show")
@click.argument("contribution")
@click.pass_obj
def show(session: Session, contribution: str) -> None:
    def human(view: Any) -> None:
        row = view["row"]
        render.facts(session, [
            ("cli.col.title", render.plain(row["title"])),
            ("cli.col.author", render.who(session, row["author"])),
            ("cli.col.status", render.word(session, "cli.contribution", "status")(row)),
            ("cli.col.task", render.plain(row["task"] or "")),
            ("cli.col.category", render.plain(row["category"])),
            ("cli.col.department", render.plain(row["department"])),
            ("cli.col.earned", render.amount(session, row["earned"])),
            ("cli.col.points", _points(session, row)),
            ("cli.col.endorsed", _endorsed(session, row)),
            ("cli.col.state", render.settled(session, row["stamp"])),
            ("cli.col.id", row["id"]),
            ("cli.col.text", render.paragraphs(view["text"] or "")),
        ])
        for one in view["evidence"]:
            session.line(f"{render.plain(one['label'])}  {one['hash']}".rstrip())
        for one in view["disputes"]:
            reason = session.t("cli.text_not_here") if one["reason"] is None else render.paragraphs(one["reason"])
            session.line(session.t("cli.disputed_by", name=render.who(session, one["person"]), reason=reason))
        render.comments(session, view["comments"])

    session.show(session.ask("contribution_show", contribution=contribution), human)


@contribution.command("comment")
@click.argument("target")
@click.argument("text")
@click.pass_obj
def comment(session: Session, target: str, text: str) -> None:
    say(session, target, text)


def _endorsed(session: Session, row: Any) -> str:
    names = session.texts.join([render.who(session, person) for person in row["endorsed_by"]])
    return f"{len(row['endorsed_by'])}/{row['endorsements_needed']} {names}".rstrip()


def _points(session: Session, row: Any) -> str:
    """What it adds to its author's points now, or what it would."""
    counted = row["counted"]
    return session.texts.number(counted) if counted else session.t("cli.points_once_counts", n=row["points"])


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.title", render.text("title")),
        ("cli.col.author", render.person(session, "author")),
        ("cli.col.status", render.word(session, "cli.contribution", "status")),
        ("cli.col.earned", lambda row: render.amount(session, row["earned"])),
        ("cli.col.points", lambda row: _points(session, row)),
        ("cli.col.endorsed", lambda row: f"{len(row['endorsed_by'])}/{row['endorsements_needed']}"),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_contributions")
