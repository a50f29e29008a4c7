"""guildhall earnings, payout, reputation: what work brought, inside and outside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import click

from dao_app.app import earnings as sums
from dao_app.app.errors import InputError
from dao_app.app.views import AmountView, PersonView, to_json
from dao_app.app.views_rewards import EarningRow, EarningsView
from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.files import write_file
from dao_app.cli.session import Session

PERIODS = 12  # months or weeks shown
STATES = ("final", "provisional", "held")


@click.group("earnings", cls=Group)
def earnings() -> None:
    pass


@earnings.command("list")
@option("--unit", default="")
@option("--member", default="", metavar="MEMBER")
@option("--from", "first", default=None, metavar="DATE")
@option("--to", "last", default=None, metavar="DATE")
@click.pass_obj
def list_(session: Session, unit: str, member: str, first: str | None, last: str | None) -> None:
    view = _view(session.ask("earnings", unit=unit, member=member))
    rows = sums.between(view.rows, session.texts, _date(first), _date(last))
    session.show(_json(view, rows), lambda found: render.table(session, [
        ("cli.col.time", render.when(session, "at_ms")),
        ("cli.col.origin", render.word(session, "earning.source", "source")),
        ("cli.col.number", render.text("about")),
        ("cli.col.title", render.text("title")),
        ("cli.col.source", lambda row: _from(session, row)),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.state", render.word(session, "earning.state", "state")),
        ("cli.col.id", lambda row: row["action"][:12]),
    ], found["rows"], "cli.no_earnings"))


@earnings.command("summary")
@option("--unit", default="")
@option("--member", default="", metavar="MEMBER")
@option("--by", type=click.Choice(("month", "week")), default="month", show_default=True)
@click.pass_obj
def summary(session: Session, unit: str, member: str, by: str) -> None:
    view = _view(session.ask("earnings", unit=unit, member=member))
    found = sums.sums(view.rows)
    periods = sums.buckets(view.rows, session.texts, by, view.now_ms, PERIODS)
    value = {
        "unit": view.unit, "decimals": view.decimals, "available_minor": view.available_minor, "by": by,
        "truncated": view.truncated,
        "sources": [
            {"source": source, **{state: found.get((source, state), 0) for state in STATES}} for source in sums.SOURCES
        ],
        "periods": [
            {"first": one.first.isoformat(), "final": sum(one.final), "provisional": one.provisional,
             "held": one.held, "total": one.total}
            for one in periods
        ],
    }  # fmt: skip
    session.show(value, lambda shown: _summary(session, view, shown))


def _summary(session: Session, view: EarningsView, value: Mapping[str, Any]) -> None:
    def figure(name: str) -> render.Cell:
        return lambda row: session.texts.figure(row[name], view.decimals)

    states = [(f"earning.state.{state}", figure(state)) for state in STATES]
    available = session.texts.amount(AmountView(render.plain(view.unit), view.available_minor, view.decimals))
    render.facts(session, [("cli.col.available", available)])
    session.line()
    render.table(session, [
        ("cli.col.origin", render.word(session, "earning.source", "source")), *states
    ], [row for row in value["sources"] if any(row[state] for state in STATES)], "cli.no_earnings")
    session.line()
    render.table(session, [
        ("cli.col.first_day", render.text("first")), *states, ("cli.rewards.total", figure("total"))
    ], value["periods"], "cli.no_earnings")
    if view.truncated:
        session.note(session.t("cli.earnings_truncated", n=sums.ENTRIES_MAX))


@earnings.command("statement")
@option("--csv", "csv_file", required=True, metavar="FILE")
@option("--unit", default="")
@option("--member", default="", metavar="MEMBER")
@option("--from", "first", default=None, metavar="DATE")
@option("--to", "last", default=None, metavar="DATE")
@click.pass_obj
def statement(
    session: Session, csv_file: str, unit: str, member: str, first: str | None, last: str | None
) -> None:
    view = _view(session.ask("earnings", unit=unit, member=member))
    rows = sums.between(view.rows, session.texts, _date(first), _date(last))
    write_file(Path(csv_file), sums.statement_csv(view, rows, session.texts).encode("utf-8-sig"))
    session.show(
        {"file": csv_file, "entries": len(rows), "truncated": view.truncated},
        lambda _: session.line(session.t("cli.statement_written", n=len(rows), file=render.plain(csv_file))),
    )


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputError("day_form", date=text[:40]) from error


def _from(session: Session, row: Mapping[str, Any]) -> str:
    person = row["payer_person"]
    if person is not None:
        return render.who(session, person)
    key = f"cli.party.{row['payer']}"
    return session.t(key) if session.texts.has(key) else render.plain(row["payer"])


def _view(found: Any) -> EarningsView:
    """The view again, of the JSON that came over the call."""
    rows = []
    for row in found["rows"]:
        given = {**row, "amount": AmountView(**row["amount"]), "payer_person": _person(row["payer_person"])}
        rows.append(EarningRow(**{field.name: given[field.name] for field in fields(EarningRow)}))
    person = _person(found["person"])
    assert person is not None
    return EarningsView(
        person, found["unit"], found["decimals"], tuple(rows), found["available_minor"], found["truncated"],
        found["now_ms"],
    )


def _person(found: Mapping[str, Any] | None) -> PersonView | None:
    return None if found is None else PersonView(**found)


def _json(view: EarningsView, rows: Iterable[EarningRow]) -> Any:
    return {**to_json(view), "rows": to_json(list(rows))}


# -- payout records ------------------------------------------------------------------------------
@click.group("payout", cls=Group)
def payout() -> None:
    pass


@payout.command("record")
@click.argument("to")
@click.argument("amount")
@click.argument("currency")
@option("--day", required=True, metavar="DATE")
@option("--reference", default="")
@click.pass_obj
def record(session: Session, to: str, amount: str, currency: str, day: str, reference: str) -> None:
    _one(session, session.ask(
        "payout_record", to=to, amount=amount, currency=currency, day=day, reference=reference
    ))


@payout.command("confirm")
@click.argument("payout")
@option("--text", default="")
@click.pass_obj
def confirm(session: Session, payout: str, text: str) -> None:
    _one(session, session.ask("payout_confirm", payout=payout, text=text))


@payout.command("dispute")
@click.argument("payout")
@option("--text", default="")
@click.pass_obj
def dispute(session: Session, payout: str, text: str) -> None:
    _one(session, session.ask("payout_dispute", payout=payout, text=text))


@payout.command("list")
@click.argument("member", default="")
@click.pass_obj
def payout_list(session: Session, member: str) -> None:
    session.show(session.ask("payout_list", member=member), lambda rows: _rows(session, rows))


@payout.command("totals")
@click.argument("member", default="")
@option("--by", type=click.Choice(("month", "year")), default="month", show_default=True)
@click.pass_obj
def totals(session: Session, member: str, by: str) -> None:
    session.show(session.ask("payout_totals", member=member, by=by), lambda lines: render.table(session, [
        ("cli.col.period", render.text("period")),
        ("cli.col.target", render.person(session, "to")),
        ("cli.col.amount", lambda line: render.amount(session, line["amount"])),
        ("payout.status.confirmed", lambda line: render.amount(session, line["confirmed"])),
    ], lines, "cli.no_payouts"))


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.day", render.text("day")),
        ("cli.col.target", render.person(session, "to")),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.reference", lambda row: render.plain(row["reference"] or "")),
        ("cli.col.by", render.person(session, "by")),
        ("cli.col.status", render.word(session, "payout.status", "status")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_payouts")


# -- reputation ----------------------------------------------------------------------------------
@click.group("reputation", cls=Group)
def reputation() -> None:
    pass


@reputation.command("list")
@click.pass_obj
def reputation_list(session: Session) -> None:
    session.show(session.ask("reputation_list"), lambda rows: render.table(session, [
        ("cli.col.who", render.person(session, "person")),
        ("cli.col.reputation", render.text("exact")),
        ("cli.col.power", render.count(session, "whole")),
        ("cli.col.contribution_points", render.count(session, "points")),
    ], rows, "cli.none"))
