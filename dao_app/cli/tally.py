"""guildhall tally: counts elections from a file; needs no organisation and no identity."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Command
from dao_app.cli.files import read_bytes
from dao_app.cli.session import Session
from dao_app.core.voting import tallyfile
from dao_app.core.voting.registry import METHODS

SPOKEN_PLACES_MAX = 5  # a fraction that ends within so many decimals is shown as a decimal
Names = Callable[[list[int]], str]


@click.command("tally", cls=Command)
@click.argument("file")
@click.pass_obj
def tally(session: Session, file: str) -> None:
    data = read_bytes(Path(file), tallyfile.FILE_BYTES_MAX)
    try:
        elections = tallyfile.parse(data)
        results = tallyfile.count(elections)
    except tallyfile.TallyFileError as error:
        raise InputError(f"tally_{error.code}", where=error.where or "-", found=error.found, file=file) from error
    for result in results if isinstance(results, list) else [results]:
        for key in result.get("ignored", ()):
            session.note(session.t("cli.tally_ignored", name=key))
    session.show(results, lambda _: _human(session, elections, results))


def _human(session: Session, elections: Any, results: Any) -> None:
    pairs = zip(elections, results, strict=True) if isinstance(results, list) else [(elections, results)]
    for place, (election, result) in enumerate(pairs):
        if place:
            session.line()
        _one(session, election, result)


def _one(session: Session, election: Any, result: Any) -> None:
    fixed = METHODS[result["method"]].fixed_options
    listed = [session.t(f"cli.choice.{name}") for name in fixed] or [render.plain(name) for name in election["options"]]

    def names(numbers: list[int]) -> str:
        return session.texts.join([listed[number - 1] for number in numbers]) or session.t("cli.tally_nobody")

    if isinstance(election.get("title"), str):
        session.line(render.plain(election["title"]))
    rows = [
        {"place": str(place), "option": name, "score": _spoken(score), "won": place in result["winners"]}
        for place, (name, score) in enumerate(zip(listed, result["scores"], strict=True), 1)
    ]
    render.table(session, [
        ("cli.col.place", render.text("place")),
        ("cli.col.option", render.text("option")),
        ("cli.col.score", render.text("score")),
        ("cli.col.won", lambda row: session.t("cli.won") if row["won"] else ""),
    ], rows, "cli.none")
    session.line()
    render.facts(session, _facts(session, result, names))
    if "rounds" in result:
        session.line()
        _rounds(session, result["rounds"], listed, names)
    session.line()
    session.line(session.t("cli.tally_steps"))
    for step in result["log"]:
        session.line(f"- {_sentence(session, step, names)}")


def _facts(session: Session, result: Any, names: Names) -> list[tuple[str, str]]:
    verdict, tie_break, tiers = "", "", ""
    if "passed" in result:
        verdict = session.t("cli.outcome.passed" if result["passed"] else "cli.outcome.not_passed")
    if result["tie_break"] != "none":
        used = session.t("cli.tally_used" if result["tie_break_used"] else "cli.tally_not_needed")
        tie_break = f"{session.t('cli.tie_break.' + result['tie_break'])} ({used})"
    if "ranking" in result:
        tiers = " > ".join(names(tier) for tier in result["ranking"])
    turnout = result["turnout"]
    return [
        ("cli.col.method", session.t(f"method.{result['method']}")),
        ("cli.col.outcome", verdict),
        ("cli.col.winners", names(result["winners"])),
        ("cli.col.tie", session.t("cli.yes") if result["tie"] else ""),
        ("cli.col.tie_break", tie_break),
        ("cli.col.elected", names(result["elected"]) if "elected" in result else ""),
        ("cli.col.star", names(result["star_winners"]) if "star_winners" in result else ""),
        ("cli.col.judgment", _optional(result, "majority_judgment_winners", names)),
        ("cli.col.ranking", tiers),
        ("cli.col.valid_power", result["valid_power"]),
        ("cli.col.turnout", _spoken(turnout.get("share") or "")),
        ("cli.col.quorum", result.get("quorum_power", "")),
        ("cli.col.support", result.get("support", "")),
        ("cli.col.invalid", session.texts.number(result["invalid"])),
        ("cli.col.invalid_power", result["invalid_power"] if result["invalid"] else ""),
    ]


def _rounds(session: Session, rounds: list[Any], listed: list[str], names: Names) -> None:
    rows = [
        {
            "round": str(place),
            "tally": ", ".join(f"{name} {_spoken(votes)}" for name, votes in _standing(listed, one["tally"])),
            "exhausted": _spoken(one["exhausted"]),
            "out": names([one["eliminated"]]) if one["eliminated"] else "",
        }
        for place, one in enumerate(rounds, 1)
    ]
    render.table(session, [
        ("cli.col.round", render.text("round")),
        ("cli.col.tally", render.text("tally")),
        ("cli.col.exhausted", render.text("exhausted")),
        ("cli.col.eliminated", render.text("out")),
    ], rows, "cli.none")


def _standing(listed: list[str], votes: list[str]) -> list[tuple[str, str]]:
    return [(name, power) for name, power in zip(listed, votes, strict=True) if power != "0"]


def _sentence(session: Session, step: Any, names: Names) -> str:
    """A step of the log in words."""
    said: dict[str, str] = {}
    for key, value in step.items():
        if key == "option":
            said[key] = names([value])
        elif key in ("options", "draws"):
            said[key] = names(value)
        elif isinstance(value, list):
            said[key] = " : ".join(map(_spoken, value))
        else:
            said[key] = _spoken(str(value))
    return session.t(f"cli.tally_step.{step['step']}", **said)


def _spoken(number: str) -> str:
    """A fraction as a decimal where it is a short one."""
    if "/" in number and len(number) <= 40:
        scaled = Fraction(number) * 10**SPOKEN_PLACES_MAX
        if scaled.denominator == 1:
            whole, places = divmod(scaled.numerator, 10**SPOKEN_PLACES_MAX)
            return f"{whole}.{places:0{SPOKEN_PLACES_MAX}}".rstrip("0")
    return number


def _optional(result: Any, key: str, names: Names) -> str:
    return names(result[key]) if key in result else ""
