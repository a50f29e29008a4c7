"""guildhall attachment: files that hang on tasks, proposals and contributions; they travel when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dao_app.app.dates import read_size
from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.session import Session


@click.group("attachment", cls=Group)
def attachment() -> None:
    pass


@attachment.command("add")
@click.argument("target")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def add(session: Session, target: str, file: Path) -> None:
    view = session.ask("attachment_add", target=target, path=str(file.absolute()))
    session.show(view, lambda found: _one(session, found))


@attachment.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    def human(view: Mapping[str, Any]) -> None:
        render.table(session, [
            ("cli.col.id", lambda row: row["id"][:12]),
            ("cli.col.on", lambda row: row["target"][:12]),
            ("cli.col.title", lambda row: render.plain(row["file"]["name"])),
            ("cli.col.bytes", lambda row: session.texts.number(row["file"]["size"])),
            ("cli.col.who", render.person(session, "author")),
            ("cli.col.state", lambda row: render.file_state(session, row["file"])),
        ], view["rows"], "cli.no_attachments")
        _room(session, view["room"])

    session.show(session.ask("attachment_list"), human)


@attachment.command("fetch")
@click.argument("attachment")
@click.pass_obj
def fetch(session: Session, attachment: str) -> None:
    session.show(session.ask("attachment_fetch", attachment=attachment), lambda found: _one(session, found))


@attachment.command("stop")
@click.argument("attachment")
@click.pass_obj
def stop(session: Session, attachment: str) -> None:
    session.show(session.ask("attachment_stop", attachment=attachment), lambda found: _one(session, found))


@attachment.command("drop")
@click.argument("attachment")
@click.pass_obj
def drop(session: Session, attachment: str) -> None:
    session.show(session.ask("attachment_drop", attachment=attachment), lambda found: _one(session, found))


@attachment.command("save")
@click.argument("attachment")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def save(session: Session, attachment: str, file: Path) -> None:
    place = session.ask("attachment_save", attachment=attachment, path=str(file.absolute()))
    session.show({"file": place}, lambda found: session.line(
        session.t("cli.attachment_saved", file=render.plain(found["file"]))
    ))


@attachment.command("quota")
@option("--set", "quota", default="", metavar="SIZE")
@click.pass_obj
def quota(session: Session, quota: str) -> None:
    if quota:
        bytes_ = read_size(quota)
        if bytes_ is None:
            raise InputError("quota_value")
        view = session.call("attachment_quota", quota=bytes_)
    else:
        view = session.call("attachment_room")
    session.show(view, lambda found: _room(session, found))


def _one(session: Session, view: Mapping[str, Any]) -> None:
    file = view["file"]
    render.facts(session, [
        ("cli.col.id", view["id"]),
        ("cli.col.title", render.plain(file["name"])),
        ("cli.col.bytes", session.texts.number(file["size"])),
        ("cli.col.who", render.who(session, view["author"])),
        ("cli.col.state", render.file_state(session, file)),
    ])


def _room(session: Session, view: Mapping[str, Any]) -> None:
    used, most = (session.texts.number(-(-view[name] // 1024**2)) for name in ("used", "quota"))
    session.line(session.t("cli.attachment_room", used=used, quota=most))
