"""guildhall payment: requests between members, and sums paid in instalments."""

from __future__ import annotations

from typing import Any

import click

from dao_app.cli import render
from dao_app.cli.commands import DURATION, Group, option
from dao_app.cli.session import Session


@click.group("payment", cls=Group)
def payment() -> None:
    pass


@payment.command("requests")
@click.pass_obj
def requests(session: Session) -> None:
    session.show(session.ask("payment_requests"), lambda rows: _requests(session, rows))


@payment.command("request")
@click.argument("member")
@click.argument("amount")
@option("--unit", default="")
@option("--memo", default="")
@click.pass_obj
def request(session: Session, member: str, amount: str, unit: str, memo: str) -> None:
    _request(session, session.ask("payment_request", payer=member, amount=amount, unit_code=unit, memo=memo))


@payment.command("settle")
@click.argument("request")
@click.pass_obj
def settle(session: Session, request: str) -> None:
    _request(session, session.ask("payment_settle", request=request))


@payment.command("decline")
@click.argument("request")
@click.pass_obj
def decline(session: Session, request: str) -> None:
    _request(session, session.ask("payment_close", request=request))


@payment.command("scheduled")
@click.pass_obj
def scheduled(session: Session) -> None:
    session.show(session.ask("schedule_list"), lambda rows: _schedules(session, rows))


@payment.command("schedule")
@click.argument("to")
@click.argument("amount")
@option("--times", default=1, show_default=True)
@option("--every", type=DURATION, default="30d", show_default=True)
@option("--first", type=DURATION, default=0)
@option("--unit", default="")
@option("--from", "source", default="", metavar="PARTY")
@option("--vesting", is_flag=True)
@option("--memo", default="")
@click.pass_obj
def schedule(
    session: Session, to: str, amount: str, times: int, every: int, first: int, unit: str, source: str, vesting: bool,
    memo: str,
) -> None:
    made = session.ask(
        "schedule_open", to=to, amount=amount, instalments=times, every_s=every, first_s=first, unit_code=unit,
        source=source, revocable=not vesting, memo=memo,
    )
    session.show(made, lambda row: _schedules(session, [row]))


@payment.command("stop")
@click.argument("schedule")
@click.pass_obj
def stop(session: Session, schedule: str) -> None:
    session.show(session.ask("schedule_stop", schedule=schedule), lambda row: _schedules(session, [row]))


def _request(session: Session, row: Any) -> None:
    session.show(row, lambda found: _requests(session, [found]))


def _requests(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.asked_by", render.person(session, "payee")),
        ("cli.col.payer", render.person(session, "payer")),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.memo", render.text("memo")),
        ("cli.col.status", render.word(session, "request.status", "status")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_requests")


def _party(session: Session, person: Any, name: str) -> str:
    if person:
        return render.who(session, person)
    key = f"cli.party.{name}"
    return session.t(key) if session.texts.has(key) else render.plain(name)


def _schedules(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.payer", lambda row: _party(session, row["source_person"], row["source"])),
        ("cli.col.to", lambda row: _party(session, row["target_person"], row["target"])),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.paid", lambda row: render.amount(session, row["paid"])),
        ("cli.col.instalments", lambda row: f"{row['done']}/{row['instalments']}"),
        ("cli.col.next", lambda row: render.moment(session, row["next_ms"]) if row["status"] == "active" else ""),
        ("cli.col.status", render.word(session, "schedule.status", "status")),
    ], rows, "cli.no_schedules")
