"""guildhall task: the board, from opening to payment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Group, option
from dao_app.cli.files import read_text
from dao_app.cli.session import Session
from dao_app.core.limits import CONTENT_BYTES_MAX

STATUSES = ("open", "claimed", "submitted", "accepted", "cancelled", "expired")


def long_text(given: str, file: str | None) -> str:
    """A description, from the option or from a file ("-": standard input)."""
    if file is None:
        return given
    if given:
        raise InputError("text_twice")
    return read_text(Path(file), CONTENT_BYTES_MAX)


@click.group("task", cls=Group)
def task() -> None:
    pass


@task.command("open")
@click.argument("title")
@option("--text", default="")
@option("--text-file", metavar="FILE")
@option("--reward", default="")
@option("--unit", default="")
@option("--own", is_flag=True)
@option("--lifetime", type=DURATION, default=0)
@click.pass_obj
def open_(
    session: Session, title: str, text: str, text_file: str | None, reward: str, unit: str, own: bool, lifetime: int
) -> None:
    made = session.ask(
        "task_open", title=title, text=long_text(text, text_file), reward=reward, unit=unit,
        from_treasury=not own, lifetime_s=lifetime,
    )
    _one(session, made)


@task.command("list")
@option("--status", type=click.Choice(STATUSES), default=None)
@click.pass_obj
def list_(session: Session, status: str | None) -> None:
    session.show(session.ask("task_list", status=status or ""), lambda rows: _rows(session, rows))


@task.command("show")
@click.argument("task")
@click.pass_obj
def show(session: Session, task: str) -> None:
    def human(view: Any) -> None:
        row = view["row"]
        render.facts(session, [
            ("cli.col.number", render.number("T")(row)),
            ("cli.col.title", render.plain(row["title"])),
            ("cli.col.status", render.word(session, "cli.task", "status")(row)),
            ("cli.col.reward", _reward(session, row)),
            ("cli.col.opener", render.who(session, row["opener"])),
            ("cli.col.assignee", render.who(session, row["assignee"])),
            ("cli.col.expires", render.moment(session, row["expires_ms"])),
            ("cli.col.state", render.settled(session, row["stamp"])),
            ("cli.col.id", row["id"]),
            ("cli.col.text", render.paragraphs(view["text"] or "")),
            ("cli.col.submission", render.paragraphs(view["submission"] or "")),
        ])
        activity(session, view["activity"])
        render.comments(session, view["comments"])

    session.show(session.ask("task_show", task=task), human)


def activity(session: Session, rows: Any) -> None:
    """The signed steps in the life of an object."""
    session.line()
    render.table(session, [
        ("cli.col.time", lambda row: render.moment(session, row["stamp"]["at_ms"])),
        ("cli.col.who", render.person(session, "author")),
        ("cli.col.what", lambda row: session.texts.action(row["what"])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.none")


@task.command("claim")
@click.argument("task")
@click.pass_obj
def claim(session: Session, task: str) -> None:
    _one(session, session.ask("task_claim", task=task))


@task.command("submit")
@click.argument("task")
@option("--note", default="")
@option("--text-file", metavar="FILE")
@click.pass_obj
def submit(session: Session, task: str, note: str, text_file: str | None) -> None:
    _one(session, session.ask("task_submit", task=task, note=long_text(note, text_file)))


@task.command("accept")
@click.argument("task")
@click.pass_obj
def accept(session: Session, task: str) -> None:
    _one(session, session.ask("task_accept", task=task))


@task.command("reject")
@click.argument("task")
@option("--note", default="")
@click.pass_obj
def reject(session: Session, task: str, note: str) -> None:
    _one(session, session.ask("task_reject", task=task, note=note))


@task.command("cancel")
@click.argument("task")
@click.pass_obj
def cancel(session: Session, task: str) -> None:
    _one(session, session.ask("task_cancel", task=task))


@task.command("comment")
@click.argument("target")
@click.argument("text")
@click.pass_obj
def comment(session: Session, target: str, text: str) -> None:
    say(session, target, text)


def say(session: Session, target: str, text: str) -> None:
    """Comment on anything."""
    made = session.ask("comment_add", target=target, text=text)
    session.show(made, lambda row: session.line(render.settled(session, row["stamp"])))


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _reward(session: Session, row: Any) -> str:
    amount = render.amount(session, row["reward"])
    return amount if not amount or row["escrow_final"] else session.t("cli.escrow_pending", amount=amount)


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.number("T")),
        ("cli.col.title", render.text("title")),
        ("cli.col.status", render.word(session, "cli.task", "status")),
        ("cli.col.reward", lambda row: _reward(session, row)),
        ("cli.col.assignee", render.person(session, "assignee")),
        ("cli.col.expires", render.when(session, "expires_ms")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_tasks")
