"""guildhall firm: parties of several signers, with limits and dual approval."""

from __future__ import annotations

from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.session import Session


@click.group("firm", cls=Group)
def firm() -> None:
    pass


@firm.command("list")
@click.pass_obj
def list_(session: Session) -> None:
    session.show(session.ask("firm_list"), lambda rows: _rows(session, rows))


@firm.command("register")
@click.argument("name")
@option("--register", default="", metavar="NUMBER")
@option("--signer", "signers", multiple=True, metavar="MEMBER[=LIMIT]")
@option("--dual", default="-", metavar="AMOUNT")
@click.pass_obj
def register(session: Session, name: str, register: str, signers: tuple[str, ...], dual: str) -> None:
    made = session.ask(
        "firm_register", name=name, register=register, signers=[read_signer(s) for s in signers], dual=dual
    )
    _one(session, made)


@firm.command("change")
@click.argument("firm")
@option("--signer", "signers", multiple=True, metavar="MEMBER[=LIMIT]")
@option("--dual", default="-", metavar="AMOUNT")
@click.pass_obj
def change(session: Session, firm: str, signers: tuple[str, ...], dual: str) -> None:
    _one(session, session.ask("firm_change", firm=firm, signers=[read_signer(s) for s in signers], dual=dual))


@firm.command("pay")
@click.argument("firm")
@click.argument("to")
@click.argument("amount")
@option("--unit", default="")
@option("--memo", default="")
@click.pass_obj
def pay(session: Session, firm: str, to: str, amount: str, unit: str, memo: str) -> None:
    _one(session, session.ask("firm_pay", firm=firm, to=to, amount=amount, unit_code=unit, memo=memo))


@firm.command("approve")
@click.argument("payment")
@click.pass_obj
def approve(session: Session, payment: str) -> None:
    _one(session, session.ask("firm_approve", payment=payment))


@firm.command("cancel")
@click.argument("payment")
@click.pass_obj
def cancel(session: Session, payment: str) -> None:
    _one(session, session.ask("firm_cancel", payment=payment))


def read_signer(text: str) -> list[str]:
    """"Ben=500.00", or "Ben" without a limit. Raises InputError."""
    name, equals, limit = text.rpartition("=")
    if equals and not (name.strip() and limit.strip()):
        raise InputError("signer_form")
    return [name, limit] if equals else [text, "-"]


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.name", render.text("name")),
        ("cli.col.signers", lambda row: _signers(session, row)),
        ("cli.col.dual", lambda row: limit_text(session, row["dual"])),
        ("cli.col.balance", lambda row: session.texts.join([render.amount(session, one) for one in row["balances"]])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_firms")
    payments = [payment for row in rows for payment in row["payments"] if payment["status"] == "waiting"]
    if payments:
        session.line()
        render.table(session, [
            ("cli.col.id", lambda row: row["id"][:12]),
            ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
            ("cli.col.to", lambda row: render.who(session, row["to_person"]) or render.plain(row["to"])),
            ("cli.col.asked_by", render.person(session, "by")),
        ], payments, "cli.none")


def _signers(session: Session, row: Any) -> str:
    shown = []
    for signer in row["signers"]:
        name = render.who(session, signer["person"])
        shown.append(name if signer["limit"] == "-" else f"{name} ({signer['limit']})")
    return session.texts.join(shown)


def limit_text(session: Session, limit: str) -> str:
    return session.t("cli.no_limit") if limit == "-" else limit
