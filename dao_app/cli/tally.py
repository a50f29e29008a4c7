"""guildhall tally: counts elections from a file; needs no organisation and no identity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Command
from dao_app.cli.files import read_bytes
from dao_app.cli.session import Session
from dao_app.core.voting import tallyfile
from dao_app.core.voting.yes_no_abstain import CHOICES


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
    names = election.get("options", [])
    if result["method"] == "yes-no-abstain":
        names = [session.t(f"cli.choice.{name}") for name in CHOICES]
    if isinstance(election.get("title"), str):
        session.line(render.plain(election["title"]))
    rows = [
        {"place": str(place), "option": name, "score": score, "won": place in result["winners"]}
        for place, (name, score) in enumerate(zip(names, result["scores"], strict=True), 1)
    ]
    render.table(session, [
        ("cli.col.place", render.text("place")),
        ("cli.col.option", render.text("option")),
        ("cli.col.score", render.text("score")),
        ("cli.col.won", lambda row: session.t("cli.won") if row["won"] else ""),
    ], rows, "cli.none")
    session.line()
    verdict = ""
    if "passed" in result:
        verdict = session.t("cli.outcome.passed" if result["passed"] else "cli.outcome.not_passed")
    render.facts(session, [
        ("cli.col.outcome", verdict),
        ("cli.col.tie", session.t("cli.yes") if result["tie"] else ""),
        ("cli.col.valid_power", result["valid_power"]),
        ("cli.col.quorum", result.get("quorum_power", "")),
        ("cli.col.support", result.get("support", "")),
        ("cli.col.invalid", session.texts.number(result["invalid"])),
    ])
