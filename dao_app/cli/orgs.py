"""guildhall org, invite, join, member: organisations and who is in them."""

from __future__ import annotations

from typing import Any

import click

from dao_app.app.effects_form import charter_value
from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Command, Group, option
from dao_app.cli.governance import parameter_name, parameter_value
from dao_app.cli.handing import JOIN_EXIT_CODES, check_picture, coming_in, read_in, say_written, write_out
from dao_app.cli.session import Session

JOIN_WAIT = "60s"


@click.group("org", cls=Group)
def org() -> None:
    pass


@org.command("create")
@click.argument("name")
@option("--purpose", default="")
@option("--unit", default="GLD", show_default=True)
@option("--unit-name-en", default="")
@option("--unit-name-zh", default="")
@option("--decimals", default=2, show_default=True)
@option("--cap", default="1000000", show_default=True)
@option("--initial", default="0", show_default=True)
@option("--parameter", "parameters", multiple=True, metavar="KEY=VALUE")
@click.pass_obj
def create(session: Session, /, parameters: tuple[str, ...], **given: Any) -> None:
    values = dict(_parameter(text) for text in parameters)
    made = session.call("org_create", parameters=values or None, **given)
    session.org = made["id"]
    session.show(made, lambda row: _rows(session, [row]))


def _parameter(text: str) -> tuple[str, int]:
    key, _, written = text.partition("=")
    value = charter_value(key, written)
    if value is None:
        raise InputError("charter_value", key=key, value=written[:40])
    return key, value


@org.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    session.show(session.call("org_list"), lambda rows: _rows(session, rows))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.name", render.text("name")),
        ("cli.col.members", render.count(session, "members")),
        ("cli.col.membership", render.word(session, "cli.membership", "membership")),
        ("cli.col.roles", lambda row: _roles(session, row["roles"])),
    ], rows, "cli.no_orgs")


def _roles(session: Session, roles: Any) -> str:
    return session.texts.join([render.word(session, "role", "role")({"role": role}) for role in roles])


@org.command("show")
@click.pass_obj
def show(session: Session) -> None:
    def human(view: Any) -> None:
        row = view["row"]
        render.facts(session, [
            ("cli.col.name", render.plain(row["name"])),
            ("cli.col.id", row["id"]),
            ("cli.col.purpose", render.plain(view["purpose"])),
            ("cli.col.founded", render.moment(session, view["founded_ms"])),
            ("cli.col.members", session.texts.number(row["members"])),
            ("cli.col.you", render.who(session, view["you"])),
            ("cli.col.roles", _roles(session, row["roles"])),
        ])
        session.line()
        render.table(session, [
            ("cli.col.unit", render.text("code")),
            ("cli.col.name", lambda u: render.plain(u["name_zh" if session.texts.language == "zh" else "name_en"])),
            ("cli.col.supply", lambda u: render.figure(session, u, "supply_minor")),
            ("cli.col.cap", lambda u: render.figure(session, u, "cap_minor")),
        ], view["units"], "cli.none")
        session.line()
        render.table(session, [
            ("cli.col.parameter", render.text("key")),
            ("cli.col.meaning", lambda row: parameter_name(session, row["key"])),
            ("cli.col.value", lambda row: parameter_value(session, row["key"], int(row["value"]))),
        ], view["charter"], "cli.none")

    session.show(session.ask("org_show"), human)


@org.command("card")
@option("--picture", metavar="FILE")
@option("--file", "out_file", metavar="FILE")
@click.pass_obj
def card(session: Session, picture: str | None, out_file: str | None) -> None:
    check_picture(picture)
    made = session.ask("org_card")
    write_out(session, made, picture, out_file)

    def human(view: Any) -> None:
        session.line(view["link"])
        if not view["addresses"]:
            session.note(session.t("cli.card_no_address"))
        say_written(session, picture, out_file)

    session.show(made, human)


@org.command("restore")
@click.argument("link", required=False)
@option("--file", "in_file", metavar="FILE")
@option("--wait", type=DURATION, default=JOIN_WAIT, show_default=True)
@click.pass_context
def restore(ctx: click.Context, link: str | None, in_file: str | None, wait: int) -> None:
    session: Session = ctx.obj
    text = read_in(session, link, in_file)
    session.network = True
    _came_in(ctx, session.call("org_restore", link=text, wait_s=wait), wait)


@click.group("invite", cls=Group)
def invite() -> None:
    pass


@invite.command("create")
@option("--role", default="member", show_default=True)
@option("--uses", default=1, show_default=True)
@option("--lifetime", type=DURATION, default="7d", show_default=True)
@option("--note", default="")
@option("--qr", metavar="FILE")
@option("--file", "to_file", metavar="FILE")
@click.pass_obj
def invite_create(
    session: Session, role: str, uses: int, lifetime: int, note: str, qr: str | None, to_file: str | None
) -> None:
    check_picture(qr)
    made = session.ask("invite_create", role=role, uses=uses, lifetime_s=lifetime, note=note)
    _hand_over(session, made, qr, to_file)


@invite.command("show")
@click.argument("invite")
@option("--qr", metavar="FILE")
@option("--file", "to_file", metavar="FILE")
@click.pass_obj
def invite_show(session: Session, invite: str, qr: str | None, to_file: str | None) -> None:
    check_picture(qr)
    _hand_over(session, session.ask("invite_show", invite=invite), qr, to_file)


def _hand_over(session: Session, made: Any, qr: str | None, to_file: str | None) -> None:
    write_out(session, made, qr, to_file)

    def human(view: Any) -> None:
        session.line(view["link"])
        session.line()
        session.line(session.t("cli.compare_words", words=" ".join(view["words"])))
        session.line(session.t("cli.invite_lifetime", duration=session.texts.duration(view["lifetime_ms"])))
        if not session.call("invite_read", link=view["link"])["addresses"]:
            session.note(session.t("cli.invite_no_address", id=view["id"][:12]))
        say_written(session, qr, to_file)

    session.show(made, human)


@invite.command("list")
@click.pass_obj
def invite_list(session: Session) -> None:
    session.show(session.ask("invite_list"), lambda rows: render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.role", render.word(session, "role", "role")),
        ("cli.col.inviter", render.person(session, "inviter")),
        ("cli.col.used", lambda row: f"{row['used']}/{row['uses']}"),
        ("cli.col.expires", render.when(session, "expires_ms")),
        ("cli.col.status", render.word(session, "cli.invite", "status")),
        ("cli.col.note", render.text("note")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_invites"))


@invite.command("revoke")
@click.argument("invite")
@click.pass_obj
def invite_revoke(session: Session, invite: str) -> None:
    stamp = session.ask("invite_revoke", invite=invite)
    session.show(stamp, lambda found: session.line(render.settled(session, found)))


@click.command("join", cls=Command)
@click.argument("link", required=False)
@option("--file", "from_file", metavar="FILE")
@option("--wait", type=DURATION, default=JOIN_WAIT, show_default=True)
@option("--preview", is_flag=True)
@click.pass_context
def join(ctx: click.Context, link: str | None, from_file: str | None, wait: int, preview: bool) -> None:
    session: Session = ctx.obj
    text = read_in(session, link, from_file)
    if preview:
        session.show(session.call("invite_read", link=text), lambda found: _preview(session, found))
        return
    session.network = True
    if not session.json:
        _preview(session, session.call("invite_read", link=text))
    _came_in(ctx, session.call("join", link=text, wait_s=wait), wait)


def _came_in(ctx: click.Context, found: Any, wait: int) -> None:
    """How far coming in got; the exit code says so too."""
    session: Session = ctx.obj
    session.show(found, lambda view: session.line(coming_in(session, view)))
    if found["stage"] in JOIN_EXIT_CODES and wait:
        ctx.exit(JOIN_EXIT_CODES[found["stage"]])


def _preview(session: Session, found: Any) -> None:
    render.facts(session, [
        ("cli.col.org", found["org"]),
        ("cli.col.role", render.word(session, "role", "role")(found)),
        ("cli.col.inviter", found["inviter_fingerprint"]),
        ("cli.col.expires", render.moment(session, found["expires_ms"])),
        ("cli.col.words", " ".join(found["words"])),
        ("cli.col.addresses", "\n".join(render.plain(address) for address in found["addresses"])),
    ])


@click.group("member", cls=Group)
def member() -> None:
    pass


@member.command("stances")
@click.argument("stances", nargs=-1)
@click.pass_obj
def member_stances(session: Session, stances: tuple[str, ...]) -> None:
    stamp = session.ask("member_stances", stances=list(stances))
    session.show(stamp, lambda found: session.line(render.settled(session, found)))


@member.command("list")
@click.pass_obj
def member_list(session: Session) -> None:
    session.show(session.ask("member_list"), lambda rows: render.table(session, [
        ("cli.col.name", render.person(session, "person")),
        ("cli.col.fingerprint", lambda row: row["person"]["fingerprint"]),
        ("cli.col.roles", lambda row: _roles(session, row["roles"])),
        ("cli.col.stances", lambda row: session.texts.join([session.t(f"stance.{s}") for s in row["stances"]])),
        ("cli.col.status", render.word(session, "cli.member", "status")),
        ("cli.col.invited_by", render.person(session, "invited_by")),
        ("cli.col.joined", render.when(session, "joined_ms")),
        ("cli.col.power", render.text("power")),
        ("cli.col.online", lambda row: session.t("cli.yes" if row["online"] else "cli.no")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.none"))
