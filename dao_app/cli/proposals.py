"""guildhall proposal and vote."""

from __future__ import annotations

import csv
import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dao_app.app.dates import read_date
from dao_app.app.effects_form import FIELDS
from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Command, Group, option
from dao_app.cli.files import read_text
from dao_app.cli.governance import parameter_name, parameter_value
from dao_app.cli.session import Session
from dao_app.cli.tasks import activity, long_text, say
from dao_app.core.limits import OPTIONS_MAX, TABLE_MAX
from dao_app.core.rules.charter import KINDS
from dao_app.core.voting.registry import METHODS
from dao_app.core.voting.yes_no_abstain import CHOICES

STATUSES = ("discussion", "voting", "closing", "passed", "not_passed", "decided", "withdrawn")
TABLE_BYTES_MAX = 1024 * 1024  # 1,000 rows of a name and a power
BLANK = "blank"
SPOKEN = (*CHOICES, *METHODS["consent"].fixed_options)


@click.group("proposal", cls=Group)
def proposal() -> None:
    pass


def _asked(command: Any) -> Any:
    """The options that say what is asked and what happens when it passes."""
    for declare in reversed((
        click.argument("title"),
        option("--text", default=""),
        option("--text-file", metavar="FILE"),
        option("--kind", type=click.Choice(KINDS), default="decision", show_default=True),
        option("--method", type=click.Choice(sorted(METHODS)), default="yes-no-abstain", show_default=True),
        option("--option", "options", multiple=True, metavar="NAME"),
        option("--effect", "effects", multiple=True, metavar="EFFECT"),
        option("--set", "parameters", multiple=True, metavar="KEY=VALUE"),
        option("--department", default=""),
        option("--topic", default=""),
        option("--bond", default=""),
        option("--discussion", type=DURATION, default=0),
        option("--opens", metavar="DATE", default=""),
        option("--voting", type=DURATION, default=0),
        option("--table", metavar="FILE"),
    )):
        command = declare(command)
    return command


def _given(given: dict[str, Any]) -> dict[str, Any]:
    """What the options mean to the use case."""
    table = given.pop("table")
    text, file = given.pop("text"), given.pop("text_file")
    opens = read_date(given["opens"])
    return {
        **{name: given[name] for name in ("title", "kind", "method", "department", "topic", "bond")},
        "text": long_text(text, file),
        "options": list(given["options"]),
        "effects": [read_effect(effect) for effect in given["effects"]],
        "parameters": dict(_parameter(text) for text in given["parameters"]) or None,
        "discussion_s": given["discussion"],
        **({"opens_ms": opens} if opens else {}),
        "voting_s": given["voting"],
        "table": read_table(Path(table)) if table else [],
    }


@proposal.command("open")
@_asked
@click.pass_obj
def open_(session: Session, /, **given: Any) -> None:
    one_proposal(session, session.ask("proposal_open", **_given(given)))


@proposal.command("check")
@_asked
@click.pass_obj
def check(session: Session, /, **given: Any) -> None:
    def human(view: Any) -> None:
        effects(session, view["effects"])
        said = session.texts.reason(view["reason"]) if view["reason"] else session.t("cli.check_good")
        session.line(said)

    session.show(session.ask("proposal_check", **_given(given)), human)


@proposal.command("revise")
@click.argument("proposal")
@option("--title", default="")
@option("--text", default="")
@option("--text-file", metavar="FILE")
@option("--option", "options", multiple=True, metavar="NAME")
@option("--effect", "effects", multiple=True, metavar="EFFECT")
@click.pass_obj
def revise(
    session: Session, proposal: str, title: str, text: str, text_file: str | None, options: tuple[str, ...],
    effects: tuple[str, ...],
) -> None:
    made = session.ask(
        "proposal_revise", proposal=proposal, title=title, text=long_text(text, text_file),
        options=list(options) or None, effects=[read_effect(effect) for effect in effects] or None,
    )
    one_proposal(session, made)


@proposal.command("second")
@click.argument("proposal")
@click.pass_obj
def second(session: Session, proposal: str) -> None:
    one_proposal(session, session.ask("proposal_second", proposal=proposal))


@proposal.command("execute")
@click.argument("proposal")
@click.pass_obj
def execute(session: Session, proposal: str) -> None:
    one_proposal(session, session.ask("proposal_execute", proposal=proposal))


@proposal.command("templates")
@click.pass_obj
def templates(session: Session) -> None:
    session.show(session.ask("proposal_templates"), lambda rows: render.table(session, [
        ("cli.col.template", render.text("code")),
        ("cli.col.title", lambda row: session.t(f"template.{row['code']}")),
        ("cli.col.kind", render.word(session, "kind", "kind")),
        ("cli.col.method", render.word(session, "method", "method")),
        ("cli.col.effects", lambda row: " ".join(_usage(do) for do in row["effects"])),
    ], rows, "cli.none"))


def _usage(do: str) -> str:
    """An effect as it is typed: "pay to=… amount=… [unit=…]"."""
    fields = (f"{f}=…" if not f.endswith("?") else f"[{f[:-1]}=…]" for f in FIELDS[do])
    return " ".join([do, *fields])


def read_effect(text: str) -> dict[str, str]:
    """"pay to=Ben amount=12.50" as a map of texts; quotes hold a value with spaces. Raises InputError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError("effect_form", effect=text[:80]) from error
    form = {"do": words[0]} if words else {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals or name in form:
            raise InputError("effect_form", effect=text[:80])
        form[name] = value
    return form


def _parameter(text: str) -> tuple[str, Any]:
    """A setting of the method: a number, true, false, or a word."""
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError("method_setting", setting=text[:80])
    if value in ("true", "false"):
        return name, value == "true"
    return name, int(value) if value.isascii() and value.isdigit() and len(value) < 16 else value


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
            ("cli.col.kind", render.word(session, "kind", "kind")(row)),
            ("cli.col.status", render.word(session, "cli.proposal", "status")(row)),
            ("cli.col.version", session.texts.number(row["version"]) if row["version"] > 1 else ""),
            ("cli.col.department", render.plain(row["department"])),
            ("cli.col.topic", render.plain(row["topic"])),
            ("cli.col.method", render.word(session, "method", "method")(row)),
            ("cli.col.author", render.who(session, row["author"])),
            ("cli.col.opens", render.moment(session, row["opens_ms"])),
            ("cli.col.closes", render.moment(session, row["closes_ms"])),
            ("cli.col.voted", f"{row['voted']}/{row['electorate']}"),
            ("cli.col.voting_power", session.t(f"choice.{view['power_kind']}")),
            ("cli.col.my_choice", choice_text(session, row["my_choice"])),
            ("cli.col.my_power", view["my_power"] or ""),
            ("cli.col.via", render.who(session, view["via"])),
            ("cli.col.carries", _people(session, view["carries"])),
            ("cli.col.asks", session.texts.join([render.amount(session, one) for one in row["asks"]])),
            ("cli.col.seconders", _people(session, view["seconders"])),
            ("cli.col.bond", render.amount(session, view["bond"])),
            ("cli.col.reserved", session.texts.join([render.amount(session, one) for one in view["reserved"]])),
            ("cli.col.execution", _execution(session, row)),
            ("cli.col.retry_until", render.moment(session, view["retry_until_ms"])),
            ("cli.col.state", render.settled(session, row["stamp"])),
            ("cli.col.id", row["id"]),
            ("cli.col.text", render.paragraphs(view["text"] or "")),
        ])
        if view["effects"]:
            session.line()
            effects(session, view["effects"])
        if view["tally"] is not None:
            _tally(session, view["tally"])
        _ballots(session, view["ballots"])
        activity(session, view["activity"])
        render.comments(session, view["comments"])

    session.show(session.ask("proposal_show", proposal=proposal), human)


def _people(session: Session, people: Any) -> str:
    return session.texts.join([render.who(session, person) for person in people])


def _execution(session: Session, row: Any) -> str:
    if not row["execution"]:
        return ""
    said = session.t(f"execution.{row['execution']}")
    if not row["reason"]:
        return said
    return session.t("cli.with_reason", said=said, reason=session.texts.reason(row["reason"]))


def effects(session: Session, rows: Any) -> None:
    """What a proposal does when it passes, a line for each effect."""
    for effect in rows:
        fields = [f"{session.t('field.' + f['name'])}: {field_text(session, effect, f)}" for f in effect["fields"]]
        name = session.t(f"effect.{effect['do']}")
        session.line(f"- {name}: {session.texts.join(fields)}" if fields else f"- {name}")


def field_text(session: Session, effect: Any, field: Any) -> str:
    """One field of an effect in words."""
    kind, text = field["kind"], field["text"]
    if field["person"] is not None:
        return render.who(session, field["person"])
    if kind == "amount":
        return render.amount(session, field["amount"])
    if kind == "duration":
        return str(session.texts.duration(int(text)))
    if kind == "flag":
        return session.t(text)
    if kind == "party":
        key = f"cli.party.{text}"
        return session.t(key) if session.texts.has(key) else render.plain(text)
    if kind == "role":
        key = f"role.{text}"
        return session.t(key) if session.texts.has(key) else render.plain(text)
    if kind == "parameter":
        return parameter_name(session, text)
    if kind == "value":
        name = next(f["text"] for f in effect["fields"] if f["kind"] == "parameter")
        return parameter_value(session, name, None if text == "" else int(text))
    if kind == "permissions":
        return session.texts.join([session.t(f"permission.{name}") for name in text.split(",")])
    return render.plain(text)


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
        ("cli.col.carried_power", tally["carried_power"] if tally["carried_power"] != "0" else ""),
        ("cli.col.lost_power", tally["lost_power"] if tally["lost_power"] != "0" else ""),
        ("cli.col.quorum", f"{tally['quorum_power']} ({met})"),
        ("cli.col.support", session.texts.basis_points(tally["support_bp"])),
        ("cli.col.min_support", tally["min_support_power"] if tally["min_support_power"] != "0" else ""),
        ("cli.col.counted", session.t("state.final" if tally["final"] else "state.provisional")),
    ])


def _option(session: Session, method: str, name: str) -> str:
    return session.t(f"cli.choice.{name}") if METHODS[method].fixed_options else render.plain(name)


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
    if isinstance(choice, dict) and "stance" in choice:
        choice = choice["stance"]
    if isinstance(choice, dict):
        return ", ".join(f"{number}: {share}" for number, share in sorted(choice.items()))
    if isinstance(choice, list):
        tiers = (" = ".join(map(str, tier)) if isinstance(tier, list) else str(tier) for tier in choice)
        return ", ".join(tiers) if choice else session.t("cli.choice.blank")
    return session.t(f"cli.choice.{choice}") if choice in SPOKEN else render.plain(str(choice))


@proposal.command("withdraw")
@click.argument("proposal")
@click.pass_obj
def withdraw(session: Session, proposal: str) -> None:
    one_proposal(session, session.ask("proposal_withdraw", proposal=proposal))


@proposal.command("comment")
@click.argument("target")
@click.argument("text")
@click.pass_obj
def comment(session: Session, target: str, text: str) -> None:
    say(session, target, text)


@click.command("vote", cls=Command)
@click.argument("proposal")
@click.argument("choice", nargs=-1, required=True)
@option("--reason", default="")
@click.pass_obj
def vote(session: Session, proposal: str, choice: tuple[str, ...], reason: str) -> None:
    method = session.ask("proposal_show", proposal=proposal)["row"]["method"]
    made = session.ask("vote", proposal=proposal, choice=read_choice(session, method, choice), reason=reason)
    one_proposal(session, made)


def read_choice(session: Session, method: str, given: tuple[str, ...]) -> Any:
    """What was typed as the method's ballot. Raises InputError.

    A word (yes, agree); a number; numbers "2 1 3"; tiers "1 2=3"; shares or scores "1:5 2:3".
    """
    words = [word for part in given for word in part.replace(",", " ").split()]
    read = _READ.get(method, _numbers)
    choice = read(session, words[:OPTIONS_MAX + 1])
    if choice is None or len(words) > OPTIONS_MAX:
        raise InputError("choice_unreadable", choice=" ".join(words)[:80], method=method)
    return choice


def _word(session: Session, words: list[str], names: tuple[str, ...]) -> str | None:
    spoken = {session.t(f"cli.choice.{name}").lower(): name for name in names}
    name = spoken.get(words[0].lower(), words[0].lower()) if len(words) == 1 else ""
    return name if name in names else None


def _consent(session: Session, words: list[str]) -> Any:
    stance = _word(session, words, METHODS["consent"].fixed_options)
    return None if stance is None else {"stance": stance}


def _number(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 6 else None


def _numbers(session: Session, words: list[str]) -> Any:
    if words == [BLANK]:
        return []
    numbers = [_number(word) for word in words]
    return None if None in numbers or not numbers else numbers


def _single(session: Session, words: list[str]) -> Any:
    return _number(words[0]) if len(words) == 1 else None


def _tiers(session: Session, words: list[str]) -> Any:
    tiers = [[_number(part) for part in word.split("=")] for word in words]
    return None if any(None in tier for tier in tiers) else tiers


def _marks(session: Session, words: list[str]) -> Any:
    """"1:5 2:3.5": whole numbers as such, decimals as text, exactly as typed."""
    marks: dict[str, Any] = {}
    for word in words:
        number, colon, mark = word.replace("：", ":").partition(":")
        if not colon or _number(number) is None or str(int(number)) in marks or not mark:
            return None
        marks[str(int(number))] = int(mark) if mark.isascii() and mark.isdigit() and len(mark) < 16 else mark
    return marks or None


_READ: dict[str, Callable[[Session, list[str]], Any]] = {
    "yes-no-abstain": lambda session, words: _word(session, words, CHOICES),
    "consent": _consent,
    "single": _single,
    "schulze": _tiers,
    "score": _marks,
    "weighted": _marks,
    "quadratic": _marks,
}


def one_proposal(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.number("P")),
        ("cli.col.title", render.text("title")),
        ("cli.col.kind", render.word(session, "kind", "kind")),
        ("cli.col.status", render.word(session, "cli.proposal", "status")),
        ("cli.col.closes", render.when(session, "closes_ms")),
        ("cli.col.voted", lambda row: f"{row['voted']}/{row['electorate']}"),
        ("cli.col.my_choice", lambda row: choice_text(session, row["my_choice"])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_proposals")
