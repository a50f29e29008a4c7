"""guildhall device, guardian: a member's devices, and who may give a member another root key."""

from __future__ import annotations

from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Group, option
from dao_app.cli.handing import JOIN_EXIT_CODES, check_picture, coming_in, read_in, say_written, write_out
from dao_app.cli.session import Session, stdout_is_terminal

WAIT = "60s"


@click.group("device", cls=Group)
def device() -> None:
    pass


@device.command("list")
@click.pass_obj
def device_list(session: Session) -> None:
    session.show(session.ask("device_list"), lambda rows: _devices(session, rows))


def _devices(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["device"][:12]),
        ("cli.col.label", render.text("label")),
        ("cli.col.status", render.word(session, "device.status", "status")),
        ("cli.col.this_device", lambda row: session.t("cli.yes") if row["here"] else ""),
        ("cli.col.active_since", render.when(session, "since_ms")),
        ("cli.col.seen", render.when(session, "seen_ms")),
        ("cli.col.online", lambda row: session.t("cli.yes" if row["connected"] else "cli.no")),
    ], rows, "cli.none")


@device.command("label")
@click.argument("device")
@click.argument("label", default="")
@click.pass_obj
def device_label(session: Session, device: str, label: str) -> None:
    row = session.ask("device_label", device=device, label=label)
    session.show(row, lambda found: _devices(session, [found]))


@device.command("revoke")
@click.argument("device")
@click.pass_obj
def device_revoke(session: Session, device: str) -> None:
    session.network = True
    session.unlock()
    stamp = session.ask("device_revoke", device=device)
    session.show(stamp, lambda found: session.line(render.settled(session, found)))


@device.command("renew")
@click.pass_obj
def device_renew(session: Session) -> None:
    session.network = True
    session.unlock()
    session.ask("device_renew")
    session.show(session.ask("device_list"), lambda rows: _devices(session, rows))


@device.command("request")
@click.argument("name")
@option("--picture", metavar="FILE")
@option("--file", "out_file", metavar="FILE")
@click.pass_obj
def device_request(session: Session, name: str, picture: str | None, out_file: str | None) -> None:
    check_picture(picture)
    made = session.call("device_request", name=name, passphrase=session.passphrase.get(again=True))
    _hand_over(session, made, picture, out_file, "cli.device_request_next")


@device.command("grant")
@click.argument("link", required=False)
@option("--file", "in_file", metavar="FILE")
@option("--picture", metavar="FILE")
@option("--to-file", "out_file", metavar="FILE")
@option("--yes", "words_yes", is_flag=True)
@click.pass_obj
def device_grant(
    session: Session, link: str | None, in_file: str | None, picture: str | None, out_file: str | None, words_yes: bool
) -> None:
    check_picture(picture)
    text = read_in(session, link, in_file)
    _compare(session, session.call("device_read", link=text), words_yes)
    made = session.call("device_grant", link=text, passphrase=session.passphrase.get())
    _hand_over(session, made, picture, out_file, "cli.device_grant_next")


@device.command("accept")
@click.argument("link", required=False)
@option("--file", "in_file", metavar="FILE")
@option("--wait", type=DURATION, default=WAIT, show_default=True)
@click.pass_context
def device_accept(ctx: click.Context, link: str | None, in_file: str | None, wait: int) -> None:
    session: Session = ctx.obj
    text = read_in(session, link, in_file)
    session.network = True
    rows = session.call("device_accept", link=text, wait_s=wait)

    def human(found: Any) -> None:
        for row in found:
            session.line(f"{row['org'][:12]}  {coming_in(session, row)}")
        status = session.call("identity_status")
        session.note(session.t("cli.device_accepted", name=render.plain(status["name"]), key=status["fingerprint"]))

    session.show(rows, human)
    if wait:
        ctx.exit(min((JOIN_EXIT_CODES[row["stage"]] for row in rows if row["stage"] in JOIN_EXIT_CODES), default=0))


def _hand_over(session: Session, made: Any, picture: str | None, out_file: str | None, next_: str) -> None:
    write_out(session, made, picture, out_file)

    def human(view: Any) -> None:
        session.line(view["link"])
        session.line()
        session.line(session.t("cli.compare_words", words=" ".join(view["words"])))
        session.note(session.t(next_))
        say_written(session, picture, out_file)

    session.show(made, human)


def _compare(session: Session, found: Any, yes: bool) -> None:
    """Nothing follows from a request before a person has compared its words."""
    if yes:
        return
    session.note(session.t("cli.request_by", name=render.plain(found["name"])))
    session.note(session.t("cli.compare_words", words=" ".join(found["words"])))
    if not (stdout_is_terminal() and click.confirm(session.t("cli.words_equal"), err=True)):
        raise InputError("words_not_compared")


@click.group("guardian", cls=Group)
def guardian() -> None:
    pass


@guardian.command("list")
@click.pass_obj
def guardian_list(session: Session) -> None:
    session.show(session.ask("guardian_list"), lambda view: _guardians(session, view))


def _guardians(session: Session, view: Any) -> None:
    names = session.texts.join([render.who(session, person) for person in view["guardians"]])
    if view["guardians"]:
        session.line(session.t("cli.guardians_of_you", names=names, n=view["needed"]))
    else:
        session.line(session.t("cli.guardians_none"))
    for row in view["waiting"]:
        session.line(_waiting(session, row))
    session.line()
    render.table(session, [
        ("cli.col.who", render.person(session, "member")),
        ("cli.col.needed", lambda row: f"{row['needed']}/{len(row['guardians'])}"),
        ("cli.col.waiting", lambda row: "\n".join(_waiting(session, one) for one in row["waiting"])),
        ("cli.col.approved", lambda row: session.t("cli.yes" if row["approved"] else "cli.no")),
    ], view["wards"], "cli.no_wards")


def _waiting(session: Session, row: Any) -> str:
    said = session.t("cli.rekey", key=row["fingerprint"], n=len(row["approved_by"]), needed=row["needed"])
    due = row["due_ms"]
    return session.t("cli.rekey_due", said=said, due=render.moment(session, due)) if due else said


@guardian.command("set")
@click.argument("members", nargs=-1)
@option("--needed", type=int, default=0)
@click.pass_obj
def guardian_set(session: Session, members: tuple[str, ...], needed: int) -> None:
    enough = needed or (len(members) // 2 + 1 if members else 0)
    stamp = session.ask("guardian_set", members=list(members), needed=enough)
    session.show(stamp, lambda found: session.line(render.settled(session, found)))


@guardian.command("request")
@option("--picture", metavar="FILE")
@option("--file", "out_file", metavar="FILE")
@click.pass_obj
def guardian_request(session: Session, picture: str | None, out_file: str | None) -> None:
    check_picture(picture)
    _hand_over(session, session.call("guardian_request"), picture, out_file, "cli.guardian_request_next")


@guardian.command("approve")
@click.argument("member")
@click.argument("link", required=False)
@option("--file", "in_file", metavar="FILE")
@option("--yes", "words_yes", is_flag=True)
@click.pass_obj
def guardian_approve(session: Session, member: str, link: str | None, in_file: str | None, words_yes: bool) -> None:
    text = read_in(session, link, in_file)
    _compare(session, session.call("guardian_read", link=text), words_yes)
    stamp = session.ask("guardian_approve", member=member, link=text)
    session.show(stamp, lambda found: session.line(render.settled(session, found)))


@guardian.command("refuse")
@click.pass_obj
def guardian_refuse(session: Session) -> None:
    session.network = True
    stamp = session.ask("guardian_refuse")
    session.show(stamp, lambda found: session.line(render.settled(session, found)))
