"""guildhall bundle: an organisation as one file, for a stick, a backup or an auditor."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.session import Session, stdout_is_terminal

FILE = click.Path(path_type=Path)


@click.group("bundle", cls=Group)
def bundle() -> None:
    pass


@bundle.command("export")
@click.argument("file", type=FILE)
@click.pass_obj
def export(session: Session, file: Path) -> None:
    with session.progress() as sink:
        view = session.ask("bundle_export", sink, path=str(file.absolute()))
    session.show(view, lambda found: session.line(session.t(
        "cli.bundle_written", file=file, actions=found["actions"], height=found["height"], n=found["size"]
    )))


@bundle.command("inspect")
@click.argument("file", type=FILE)
@click.pass_obj
def inspect(session: Session, file: Path) -> None:
    session.show(_look(session, file), lambda view: _told(session, view))


@bundle.command("import")
@click.argument("file", type=FILE)
@option("--yes", "merge_yes", is_flag=True)
@click.pass_obj
def import_(session: Session, file: Path, merge_yes: bool) -> None:
    view = _look(session, file)
    if not session.json:
        _told(session, view)
        session.line()
    if not merge_yes and not (stdout_is_terminal() and click.confirm(session.t("cli.bundle_ask"))):
        raise InputError("bundle_unconfirmed")
    with session.progress() as sink:
        merged = session.call("bundle_import", sink, path=str(file.absolute()))
    session.show(merged, lambda found: _merged(session, found))


def _look(session: Session, file: Path) -> Any:
    with session.progress() as sink:
        return session.call("bundle_inspect", sink, path=str(file.absolute()))


def _told(session: Session, view: Mapping[str, Any]) -> None:
    def of(total: str) -> str:
        return session.t("cli.bundle_new", total=view[total], new=view[f"{total}_new"])

    render.facts(session, [
        ("cli.col.org", " ".join(filter(None, (render.plain(view["name"]), view["org"])))),
        ("cli.col.height", session.texts.number(view["height"])),
        ("cli.col.members", session.texts.number(view["members"])),
        ("cli.col.actions", of("actions")),
        ("cli.verify.checkpoints", of("certificates")),
        ("cli.col.contents", of("contents")),
        ("cli.col.first_day", render.moment(session, view["from_ms"])),
        ("cli.col.last_day", render.moment(session, view["to_ms"])),
        ("cli.col.bytes", session.texts.number(view["size"])),
    ])
    for problem in view["problems"]:
        session.line(f"✗ {session.t(f'bundle.problem.{problem}')}")
    if not view["yours"]:
        session.line(session.t("bundle.not_yours"))


def _merged(session: Session, found: Mapping[str, Any]) -> None:
    session.line(session.t(
        "cli.bundle_merged", stored=found["stored"], checkpoints=found["checkpoints"], height=found["height"]
    ))
    for code, count in sorted(found["refused"].items()):
        session.line(session.t("cli.bundle_refused", n=count, code=render.plain(code)))
