"""guildhall proposal and vote."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Command, Group, option
from dao_app.cli.files import read_text
from dao_app.cli.session import Session
from dao_app.cli.tasks import activity, long_text, say
from dao_app.core.limits import OPTIONS_MAX, TABLE_MAX
from dao_app.core.voting.registry import METHODS
from dao_app.core.voting.yes_no_abstain import CHOICES

STATUSES = ("discussion", "voting", "closing", "passed", "not_passed", "decided", "withdrawn")
TABLE_BYTES_MAX = 1024 * 1024  # 1,000 rows of a name and a power
BLANK = "blank"


@click.group("proposal", cls=Group)
def proposal() -> None:
    pass


@proposal.command("open")
@click.argument("title")
@option("--text", default="")
@option("--text-file", metavar="FILE")
@option("--kind", type=click.Choice(("decision", "poll")), default="decision", show_default=True)
@option("--method", type=click.Choice(sorted(METHODS)), default="yes-no-abstain", show_default=True)
@option("--option", "options", multiple=True, metavar="NAME")
@option("--discussion", type=DURATION, default=0)
@option("--voting", type=DURATION, default=0)
@option("--table", metavar="FILE")
@click.pass_obj
def open_(
    session: Session, title: str, text: str, text_file: str | None, kind: str, method: str,
    options: tuple[str, ...], discussion: int, voting: int, table: str | None,
) -> None:
    made = session.ask(
        "proposal_open", title=title, text=long_text(text, text_file), kind=kind, method=method,
        options=list(options), discussion_s=discussion, voting_s=voting,
        table=read_table(Path(table)) if table else [],
    )
    _one(session, made)


def read_table(path: Path) -> list[list[str]]:
    """Rows "member,power" of a CSV file. Raises InputError."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(read_text(path, TABLE_BYTES_MAX)))
    try:
        for row in reader:
            if not row:
                continue
            if len(row) != 2 or len(rows) >= TABLE_MAX:
                raise InputError("table_row", path=path, line=reader.line_num, limit=TABLE_MAX)
            rows.append([cell.strip() for cell in row])
    except csv.Error as error:
        raise InputError("table_row", path=path, line=reader.line_num, limit=TABLE_MAX) from error
    return rows


@proposal.command("list")
@option("--status", type=click.Choice(STATUSES), default=None)
@click.pass_obj
def list_(session: Session, status: str | None) -> None:
    session.show(session.ask("proposal_list", status=status or ""), lambda rows: _rows(session, rows))


@proposal.command("show")
@click.argument("proposal")
@click.pass_obj
def show(session: Session, proposal: str) -> None:
    def human(view: Any) -> None:
        row = view["row"]
        render.facts(session, [
            ("cli.col.number", render.number("P")(row)),
            ("cli.col.title", render.plain(row["title"])),
            ("cli.col.status", render.word(session, "cli.proposal", "status")(row)),
            ("cli.col.method", render.word(session, "method", "method")(row)),
            ("cli.col.author", render.who(session, row["author"])),
            ("cli.col.opens", render.moment(session, row["opens_ms"])),
            ("cli.col.closes", render.moment(session, row["closes_ms"])),
            ("cli.col.voted", f"{row['voted']}/{row['electorate']}"),
            ("cli.col.my_choice", choice_text(session, row["my_choice"])),
            ("cli.col.state", render.settled(session, row["stamp"])),
            ("cli.col.id", row["id"]),
            ("cli.col.text", render.paragraphs(view["text"] or "")),
        ])
        if view["tally"] is not None:
            _tally(session, view["tally"])
        _ballots(session, view["ballots"])
        activity(session, view["activity"])
        render.comments(session, view["comments"])

    session.show(session.ask("proposal_show", proposal=proposal), human)


def _tally(session: Session, tally: Any) -> None:
    session.line()
    rows = [
        {"place": str(place), "option": option, "score": score, "won": place in tally["winners"]}
        for place, (option, score) in enumerate(zip(tally["options"], tally["scores"], strict=True), 1)
    ]
    render.table(session, [
        ("cli.col.place", render.text("place")),
        ("cli.col.option", lambda row: _option(session, tally["method"], row["option"])),
        ("cli.col.score", render.text("score")),
        ("cli.col.won", lambda row: session.t("cli.won") if row["won"] else ""),
    ], rows, "cli.none")
    session.line()
    turnout = session.t("cli.of", part=tally["valid_power"], whole=tally["electorate_power"])
    met = session.t("cli.met" if tally["quorum_met"] else "cli.not_met")
    render.facts(session, [
        ("cli.col.outcome", session.t(f"cli.outcome.{tally['outcome']}")),
        ("cli.col.tie", session.t("cli.yes") if tally["tie"] else ""),
        ("cli.col.turnout", turnout),
        ("cli.col.quorum", f"{tally['quorum_power']} ({met})"),
        ("cli.col.support", session.texts.basis_points(tally["support_bp"])),
        ("cli.col.min_support", tally["min_support_power"] if tally["min_support_power"] != "0" else ""),
        ("cli.col.counted", session.t("state.final" if tally["final"] else "state.provisional")),
    ])


def _option(session: Session, method: str, name: str) -> str:
    return session.t(f"cli.choice.{name}") if method == "yes-no-abstain" else render.plain(name)


def _ballots(session: Session, ballots: Any) -> None:
    session.line()
    render.table(session, [
        ("cli.col.who", render.person(session, "voter")),
        ("cli.col.choice", lambda row: choice_text(session, row["choice"])),
        ("cli.col.power", render.text("power")),
        ("cli.col.state", render.state(session)),
    ], ballots, "cli.no_ballots")


def choice_text(session: Session, written: str | None) -> str:
    """A ballot, which comes as JSON, in words."""
    if written is None:
        return ""
    choice = json.loads(written)
    if isinstance(choice, list):
        return ", ".join(map(str, choice)) if choice else session.t("cli.choice.blank")
    return session.t(f"cli.choice.{choice}") if choice in CHOICES else render.plain(str(choice))


@proposal.command("withdraw")
@click.argument("proposal")
@click.pass_obj
def withdraw(session: Session, proposal: str) -> None:
    _one(session, session.ask("proposal_withdraw", proposal=proposal))


@proposal.command("comment")
@click.argument("target")
@click.argument("text")
@click.pass_obj
def comment(session: Session, target: str, text: str) -> None:
    say(session, target, text)


@click.command("vote", cls=Command)
@click.argument("proposal")
@click.argument("choice", nargs=-1, required=True)
@click.pass_obj
def vote(session: Session, proposal: str, choice: tuple[str, ...]) -> None:
    method = session.ask("proposal_show", proposal=proposal)["row"]["method"]
    made = session.ask("vote", proposal=proposal, choice=read_choice(session, method, choice))
    _one(session, made)


def read_choice(session: Session, method: str, given: tuple[str, ...]) -> Any:
    """What was typed as the method wants it: a word, a number, or numbers. Raises InputError."""
    words = [word for part in given for word in part.replace(",", " ").split()]
    if method == "yes-no-abstain":
        spoken = {session.t(f"cli.choice.{name}").lower(): name for name in CHOICES}
        name = spoken.get(words[0].lower(), words[0].lower()) if len(words) == 1 else ""
        if name in CHOICES:
            return name
    elif method == "approval" and words == [BLANK]:
        return []
    elif words and len(words) <= OPTIONS_MAX and all(w.isascii() and w.isdigit() and len(w) < 6 for w in words):
        numbers = [int(word) for word in words]
        if method != "single":
            return numbers
        if len(numbers) == 1:
            return numbers[0]
    raise InputError("choice_unreadable", choice=" ".join(words)[:80], method=method)


def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.number("P")),
        ("cli.col.title", render.text("title")),
        ("cli.col.status", render.word(session, "cli.proposal", "status")),
        ("cli.col.closes", render.when(session, "closes_ms")),
        ("cli.col.voted", lambda row: f"{row['voted']}/{row['electorate']}"),
        ("cli.col.my_choice", lambda row: choice_text(session, row["my_choice"])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_proposals")
