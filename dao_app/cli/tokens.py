"""guildhall token: balances, transfers, tips, issue, ledger."""

from __future__ import annotations

from typing import Any

import click

from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.session import Session

LEDGER_ROWS = 100
LEDGER_ROWS_MAX = 100_000


@click.group("token", cls=Group)
def token() -> None:
    pass


@token.command("balance")
@click.argument("party", default="")
@click.pass_obj
def balance(session: Session, party: str) -> None:
    session.show(session.ask("token_balance", party=party), lambda rows: render.table(session, [
        ("cli.col.party", lambda row: _party(session, row["party"], row["person"])),
        ("cli.col.unit", render.text("unit")),
        ("cli.col.available", lambda row: render.figure(session, row, "available_minor")),
        ("cli.col.held", lambda row: render.figure(session, row, "held_minor")),
        ("cli.col.pending_in", lambda row: render.figure(session, row, "pending_in_minor")),
        ("cli.col.pending_out", lambda row: render.figure(session, row, "pending_out_minor")),
    ], rows, "cli.no_balances"))


@token.command("transfer")
@click.argument("to")
@click.argument("amount")
@option("--unit", default="")
@option("--memo", default="")
@option("--from-treasury", is_flag=True)
@click.pass_obj
def transfer(session: Session, to: str, amount: str, unit: str, memo: str, from_treasury: bool) -> None:
    _one(session, session.ask(
        "token_transfer", to=to, amount=amount, unit=unit, memo=memo, from_treasury=from_treasury
    ))


@token.command("tip")
@click.argument("to")
@click.argument("amount")
@option("--unit", default="")
@option("--reason", default="")
@option("--payer", default="", metavar="PARTY")
@click.pass_obj
def tip(session: Session, to: str, amount: str, unit: str, reason: str, payer: str) -> None:
    _one(session, session.ask("token_tip", to=to, amount=amount, unit=unit, reason=reason, payer=payer))


@token.command("issue")
@click.argument("amount")
@option("--to", default="treasury", show_default=True)
@option("--unit", default="")
@option("--memo", default="")
@click.pass_obj
def issue(session: Session, amount: str, to: str, unit: str, memo: str) -> None:
    _one(session, session.ask("token_issue", amount=amount, unit=unit, to=to, memo=memo))


@token.command("ledger")
@click.argument("party", default="")
@option("--limit", type=click.IntRange(1, LEDGER_ROWS_MAX), default=LEDGER_ROWS, show_default=True)
@click.pass_obj
def ledger(session: Session, party: str, limit: int) -> None:
    session.show(session.ask("token_ledger", party=party, limit=limit), lambda rows: _rows(session, rows))


def _party(session: Session, party: str, person: Any) -> str:
    if person is not None:
        return render.who(session, person)
    key = f"cli.party.{party}"
    return session.t(key) if session.texts.has(key) else render.plain(party)


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.time", lambda row: render.moment(session, row["stamp"]["at_ms"])),
        ("cli.col.kind", render.word(session, "cli.ledger", "kind")),
        ("cli.col.source", lambda row: _party(session, row["source"], row["source_person"])),
        ("cli.col.target", lambda row: _party(session, row["target"], row["target_person"])),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.memo", render.text("memo")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_postings")
