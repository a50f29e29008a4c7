"""guildhall round, match: sharing out points and budgets, and matching what members give to projects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Group, option
from dao_app.cli.files import write_file
from dao_app.cli.session import Session
from dao_app.cli.tasks import long_text
from dao_app.core.rules.matching import MODES
from dao_app.core.rules.rounds import KINDS, POLICIES

STATUSES = ("open", "closing", "paid", "returned", "cancelled")
WEEK_S = 604_800


@click.group("round", cls=Group)
def round_() -> None:
    pass


@round_.command("open")
@click.argument("title")
@click.argument("amount")
@option("--unit", default="")
@option("--text", default="")
@option("--text-file", metavar="FILE")
@option("--kind", "round_kind", type=click.Choice(KINDS), default="peer", show_default=True)
@option("--policy", "payout_policy", type=click.Choice(POLICIES), default="immediate", show_default=True)
@option("--look", type=click.IntRange(0, 100), default=None)
@option("--special-to", default="", metavar="MEMBER")
@option("--payer", default="treasury", metavar="PARTY", show_default=True)
@option("--giver", "givers", multiple=True, metavar="MEMBER")
@option("--receiver", "receivers", multiple=True, metavar="MEMBER")
@option("--points", type=click.IntRange(1), default=None)
@option("--window", type=DURATION, default=WEEK_S)
@click.pass_obj
def open_(
    session: Session, title: str, amount: str, unit: str, text: str, text_file: str | None, round_kind: str,
    payout_policy: str, look: int | None, special_to: str, payer: str, givers: tuple[str, ...],
    receivers: tuple[str, ...], points: int | None, window: int,
) -> None:
    _one(session, session.ask(
        "round_open", title=title, amount=amount, unit=unit, text=long_text(text, text_file), kind=round_kind,
        policy=payout_policy, look=-1 if look is None else look, to=special_to, payer=payer, givers=list(givers),
        receivers=list(receivers), points=points or 0, window_s=window,
    ))


@round_.command("list")
@option("--status", type=click.Choice(STATUSES), default=None)
@click.pass_obj
def list_(session: Session, status: str | None) -> None:
    session.show(session.ask("round_list", status=status or ""), lambda rows: _rows(session, rows))


@round_.command("give")
@click.argument("round")
@click.argument("gifts", nargs=-1, metavar="MEMBER=POINTS…")
@option("--note", default="")
@click.pass_obj
def give(session: Session, round: str, gifts: tuple[str, ...], note: str) -> None:
    rows = []
    for gift in gifts:
        name, equals, points = gift.rpartition("=")
        if not equals or not (points.isascii() and points.isdigit()) or len(points) > 9:
            raise InputError("gift_form", gift=gift[:80])
        rows.append((name, int(points)))
    _one(session, session.ask("round_give", round=round, gifts=rows, note=note))


@round_.command("cancel")
@click.argument("round")
@click.pass_obj
def cancel(session: Session, round: str) -> None:
    _one(session, session.ask("round_cancel", round=round))


@round_.command("show")
@click.argument("round")
@option("--save-computation", metavar="FILE")
@click.pass_obj
def show(session: Session, round: str, save_computation: str | None) -> None:
    view = session.ask("round_show", round=round)
    if save_computation is not None:
        if not view["computation"]:
            raise InputError("round_no_computation", name=round[:80])
        write_file(Path(save_computation), view["computation"].encode())
    session.show(view, lambda found: _human(session, found))


def _human(session: Session, view: Any) -> None:
    row = view["row"]
    render.facts(session, [
        ("cli.col.title", render.plain(row["title"])),
        ("cli.col.status", render.word(session, "cli.round", "status")(row)),
        ("cli.col.kind", session.t(f"round.kind.{row['kind']}")),
        ("cli.col.policy", policy(session, row)),
        ("cli.col.amount", render.amount(session, row["amount"])),
        ("cli.col.source", payer(session, row["payer"])),
        ("cli.col.closes", render.moment(session, row["closes_ms"])),
        ("cli.col.opener", render.who(session, row["opener"])),
        ("cli.col.state", render.settled(session, row["stamp"])),
        ("cli.col.id", row["id"]),
        ("cli.col.text", render.paragraphs(view["text"] or "")),
    ])
    if row["kind"] != "points":
        session.line()
        session.line(session.t("round.who_sees"))
        session.line()
        _gifts(session, view)
    session.line()
    session.line(session.t("round.computed_now" if row["status"] in ("open", "closing") else "round.computed"))
    render.table(session, [
        ("cli.rewards.to", render.person(session, "person")),
        ("cli.rewards.received", render.count(session, "received")),
        ("cli.col.contribution_points", render.count(session, "points")),
        ("cli.rewards.weight", render.text("weight")),
        ("cli.rewards.payout", lambda line: render.amount(session, line["payout"])),
    ], view["lines"], "cli.none")


def _gifts(session: Session, view: Any) -> None:
    render.table(session, [
        ("cli.col.source", render.person(session, "giver")),
        ("cli.col.target", render.person(session, "receiver")),
        ("cli.rewards.points", render.count(session, "points")),
        ("cli.rewards.counts", lambda gift: session.t(
            f"cli.rewards_dropped.{gift['dropped']}" if gift["dropped"] else "cli.yes"
        )),
    ], view["gifts"], "cli.no_gifts")
    if not view["givers"]:
        return
    session.line()
    render.table(session, [
        ("cli.col.source", render.person(session, "person")),
        ("cli.col.given", render.count(session, "given")),
        ("cli.col.burned", render.count(session, "burned")),
        ("cli.col.note", lambda giver: render.plain(giver["note"] or "")),
    ], view["givers"], "cli.none")


def policy(session: Session, row: Any) -> str:
    """The payout policy with its number."""
    name = "" if row["to"] is None else render.who(session, row["to"])
    return session.t(f"round.policy.{row['policy']}", n=row["look"], name=name)


def payer(session: Session, name: str) -> str:
    return session.t("cli.party.treasury") if name == "treasury" else render.plain(name)


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.number("R")),
        ("cli.col.title", render.text("title")),
        ("cli.col.kind", render.word(session, "round.kind", "kind")),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.status", render.word(session, "cli.round", "status")),
        ("cli.col.closes", render.when(session, "closes_ms")),
        ("cli.col.gave", render.count(session, "gave")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_rounds")


# -- matching pools ------------------------------------------------------------------------------
@click.group("match", cls=Group)
def match() -> None:
    pass


@match.command("open")
@click.argument("title")
@click.argument("amount")
@click.argument("projects", nargs=-1, required=True, metavar="TITLE=RECEIVER…")
@option("--unit", default="")
@option("--text", default="")
@option("--text-file", metavar="FILE")
@option("--mode", "match_mode", type=click.Choice(MODES), default="fill", show_default=True)
@option("--bound", default="", metavar="AMOUNT")
@option("--payer", default="treasury", metavar="PARTY", show_default=True)
@option("--window", type=DURATION, default=WEEK_S)
@click.pass_obj
def match_open(
    session: Session, title: str, amount: str, projects: tuple[str, ...], unit: str, text: str, text_file: str | None,
    match_mode: str, bound: str, payer: str, window: int,
) -> None:
    rows = []
    for project in projects:
        name, equals, receiver = project.rpartition("=")
        if not equals or not name.strip() or not receiver.strip():
            raise InputError("project_form", project=project[:80])
        rows.append((name, receiver))
    _one_match(session, session.ask(
        "match_open", title=title, amount=amount, projects=rows, unit=unit, text=long_text(text, text_file),
        mode=match_mode, bound=bound, payer=payer, window_s=window,
    ))


@match.command("list")
@option("--status", type=click.Choice(STATUSES), default=None)
@click.pass_obj
def match_list(session: Session, status: str | None) -> None:
    session.show(session.ask("match_list", status=status or ""), lambda rows: _match_rows(session, rows))


@match.command("give")
@click.argument("match")
@click.argument("project", type=click.IntRange(1))
@click.argument("amount")
@option("--memo", default="")
@click.pass_obj
def match_give(session: Session, match: str, project: int, amount: str, memo: str) -> None:
    _one_match(session, session.ask("match_give", match=match, project=project, amount=amount, memo=memo))


@match.command("cancel")
@click.argument("match")
@click.pass_obj
def match_cancel(session: Session, match: str) -> None:
    _one_match(session, session.ask("match_cancel", match=match))


@match.command("show")
@click.argument("match")
@click.pass_obj
def match_show(session: Session, match: str) -> None:
    def human(view: Any) -> None:
        row = view["row"]
        render.facts(session, [
            ("cli.col.title", render.plain(row["title"])),
            ("cli.col.status", render.word(session, "cli.round", "status")(row)),
            ("cli.col.amount", render.amount(session, row["amount"])),
            ("cli.col.source", payer(session, row["payer"])),
            ("cli.col.mode", session.t(f"match.mode.{row['mode']}")),
            ("cli.col.bound", render.amount(session, row["bound"])),
            ("cli.col.closes", render.moment(session, row["closes_ms"])),
            ("cli.col.opener", render.who(session, row["opener"])),
            ("cli.col.state", render.settled(session, row["stamp"])),
            ("cli.col.id", row["id"]),
            ("cli.col.text", render.paragraphs(view["text"] or "")),
        ])
        session.line()
        _projects(session, row)

    session.show(session.ask("match_show", match=match), human)


def _projects(session: Session, row: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.count(session, "number")),
        ("cli.col.project", render.text("title")),
        ("cli.col.target", lambda one: _receiver(session, one)),
        ("cli.col.backers", render.count(session, "backers")),
        ("cli.col.given", lambda one: render.amount(session, one["given"])),
        ("cli.rewards.matching", render.text("matching")),
        ("cli.rewards.payout", lambda one: render.amount(session, one["payout"])),
    ], row["projects"], "cli.none")


def _receiver(session: Session, project: Any) -> str:
    person = project["receiver_person"]
    return payer(session, project["receiver"]) if person is None else render.who(session, person)


def _one_match(session: Session, row: Any) -> None:
    session.show(row, lambda found: _match_rows(session, [found]))


def _match_rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.number("M")),
        ("cli.col.title", render.text("title")),
        ("cli.col.amount", lambda row: render.amount(session, row["amount"])),
        ("cli.col.status", render.word(session, "cli.round", "status")),
        ("cli.col.closes", render.when(session, "closes_ms")),
        ("cli.col.projects", lambda row: session.texts.number(len(row["projects"]))),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_matches")
