"""guildhall witness, recovery: who co-signs, being a witness, electing; recovering."""

from __future__ import annotations

from typing import Any

import click

from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.proposals import one_proposal
from dao_app.cli.session import Session

SEATS = ("1", "4", "7", "10")


@click.group("witness", cls=Group)
def witness() -> None:
    pass


@witness.command("list")
@click.pass_obj
def witness_list(session: Session) -> None:
    session.show(session.ask("finality"), lambda view: _told(session, view))


@witness.command("ready")
@click.pass_obj
def ready(session: Session) -> None:
    session.unlock()
    session.show(session.ask("witness_ready"), lambda view: _told(session, view))


@witness.command("move")
@click.argument("member")
@click.pass_obj
def move(session: Session, member: str) -> None:
    session.unlock()
    session.show(session.ask("witness_move", member=member), lambda view: _told(session, view))


@witness.command("elect")
@option("--seats", "witness_seats", type=click.Choice(SEATS), default="4", show_default=True)
@option("--title", default="", metavar="TEXT")
@option("--text", default="", metavar="TEXT")
@click.argument("members", nargs=-1, required=True)
@click.pass_obj
def elect(session: Session, witness_seats: str, title: str, text: str, members: tuple[str, ...]) -> None:
    session.unlock()
    named = title or session.t("cli.witness_election", seats=witness_seats)
    row = session.ask("witness_elect", members=list(members), seats=int(witness_seats), title=named, text=text)
    one_proposal(session, row)


@click.group("recovery", cls=Group)
def recovery() -> None:
    pass


@recovery.command("propose")
@option("--branch", "recovery_branch", default="", metavar="HEIGHT:ID")
@click.argument("members", nargs=-1, required=True)
@click.pass_obj
def propose(session: Session, recovery_branch: str, members: tuple[str, ...]) -> None:
    session.unlock()
    view = session.ask("recovery_propose", members=list(members), branch=recovery_branch)
    session.show(view, lambda found: _recoveries(session, found))


@recovery.command("sign")
@click.argument("recovery_id", metavar="ID")
@click.pass_obj
def sign(session: Session, recovery_id: str) -> None:
    session.unlock()
    session.show(session.ask("recovery_sign", recovery=recovery_id), lambda found: _recoveries(session, found))


@recovery.command("list")
@click.pass_obj
def recovery_list(session: Session) -> None:
    session.show(session.ask("finality"), lambda found: _recoveries(session, found))


def _recoveries(session: Session, view: Any) -> None:
    def effect(row: Any) -> str:
        if row["in_effect"]:
            return session.t("recovery.in_effect")
        return "" if row["effect_ms"] is None else render.moment(session, row["effect_ms"])

    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.base", lambda row: str(row["base"])),
        ("cli.col.branch", lambda row: f"{row['branch']}:{row['branch_id'][:12]}"),
        ("cli.col.who", lambda row: session.texts.join([render.who(session, person) for person in row["members"]])),
        ("cli.col.signed", lambda row: f"{row['signed']} / {row['needed']}"),
        ("cli.col.effect", effect),
    ], view["recoveries"], "cli.no_entries")


def _told(session: Session, view: Any) -> None:
    """Who sits, who stands ready, what is under way, what went wrong."""
    render.facts(session, [
        ("cli.col.term", str(view["term"])),
        ("cli.col.quorum", session.t("witness.needed", quorum=view["quorum"], n=len(view["seats"]))),
        ("cli.col.since", str(view["since"])),
        ("cli.col.round", "" if view["round"] is None else str(view["round"])),
        ("cli.col.rules", str(view["rules"][0])),
    ])
    session.line()
    render.table(session, [
        ("cli.col.who", render.person(session, "person")),
        ("cli.col.here", lambda row: session.t("cli.yes" if row["here"] else "cli.no")),
        ("cli.col.connected", lambda row: session.t("cli.yes" if row["online"] else "cli.no")),
        ("cli.col.seen", render.when(session, "seen_ms")),
        ("cli.col.cosigned", lambda row: session.t(f"witness.voted.{row['voted'] or 'nothing'}")),
        ("cli.col.state", lambda row: session.t("witness.faulty") if row["faulty"] else ""),
    ], view["seats"], "cli.no_entries")
    if view["alone"]:
        session.line(session.t("trust.alone_text"))
    election = view["election"]
    if election is not None:
        session.line(session.t("witness.election", term=election["term"], seats=election["seats"]))
        _candidates(session, election["candidates"])
    elif view["reserve"]:
        session.line(session.t("witness.reserve"))
        _candidates(session, view["reserve"])
    if view["may_declare"]:
        session.line(session.t("witness.elected_you_cli"))
    if view["recoveries"]:
        _recoveries(session, view)
    if view["frozen"]:
        session.line(session.t("device.frozen_cli"))
    if view["silent"]:
        session.line(session.t("witness.silent"))
    for row in view["alarm"]:
        session.line(session.t("witness.alarm_row", height=row["height"], id=row["id"][:16]))
    for row in view["evidence"]:
        who = render.who(session, row["person"]) if row["person"] else row["key"]
        session.line(session.t(f"witness.evidence_{row['what']}", who=who, entry=row["entry"][:12]))


def _candidates(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.who", render.person(session, "person")),
        ("cli.col.ready", lambda row: session.t("cli.yes" if row["ready"] else "cli.no")),
    ], rows, "cli.no_entries")
