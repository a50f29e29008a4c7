"""guildhall rewards: computes shares, matchings, reputation and delegated power from a file; needs no organisation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Group
from dao_app.cli.files import read_bytes
from dao_app.cli.session import Session
from dao_app.core.rewards import rewardsfile
from dao_app.core.rewards.filereading import FILE_BYTES_MAX, RewardsFileError

# What is known of each receiver beside the payout: key of the result → heading.
_BESIDE = {
    "received": "cli.rewards.received",
    "weights": "cli.rewards.weight",
    "contributed": "cli.rewards.contributed",
    "matching": "cli.rewards.matching",
}


@click.group("rewards", cls=Group)
def rewards() -> None:
    pass


@rewards.command("compute")
@click.argument("file")
@click.pass_obj
def compute(session: Session, file: str) -> None:
    data = read_bytes(Path(file), FILE_BYTES_MAX)
    try:
        computations = rewardsfile.parse(data)
        results = rewardsfile.compute_value(computations)
    except RewardsFileError as error:
        raise InputError(f"rewards_{error.code}", where=error.where or "-", found=error.found, file=file) from error
    for result in results if isinstance(results, list) else [results]:
        for key in result.get("ignored", ()):
            session.note(session.t("cli.tally_ignored", name=key))
    session.show(results, lambda _: _human(session, computations, results))


def _human(session: Session, computations: Any, results: Any) -> None:
    pairs = zip(computations, results, strict=True) if isinstance(results, list) else [(computations, results)]
    for place, (computation, result) in enumerate(pairs):
        if place:
            session.line()
        title = computation.get("title")
        session.line(render.plain(title) if isinstance(title, str) and title else result["rule"])
        if "payouts" in result:
            _payouts(session, result)
        elif "carried" in result:
            _power(session, result)
        else:
            render.facts(session, [("cli.rewards.value", result["value"]), ("cli.rewards.factor", result["factor"])])


def _payouts(session: Session, result: Mapping[str, Any]) -> None:
    if result.get("lines"):
        render.table(session, [
            ("cli.col.source", render.text("from")),
            ("cli.col.target", render.text("to")),
            ("cli.rewards.points", render.text("points")),
            ("cli.rewards.counts", lambda row: _counts(session, row["dropped"])),
        ], result["lines"], "cli.none")
        session.line()
    payouts = result["payouts"]
    if isinstance(payouts, list):
        payouts = {str(place): payout for place, payout in enumerate(payouts, 1)}
    beside = {name: heading for name, heading in _BESIDE.items() if name in result}
    rows = [{"who": who, "payout": payout, **{name: result[name][who] for name in beside}}
            for who, payout in payouts.items()]  # fmt: skip
    render.table(session, [
        ("cli.rewards.to", render.text("who")),
        *((heading, render.text(name)) for name, heading in beside.items()),
        ("cli.rewards.payout", render.text("payout")),
    ], rows, "cli.none")
    session.line()
    render.facts(session, [("cli.rewards.total", result["total"]), ("cli.rewards.left", result["left"])])


def _counts(session: Session, dropped: str | None) -> str:
    return session.t(f"cli.rewards_dropped.{dropped}") if dropped else session.t("cli.yes")


def _power(session: Session, result: Mapping[str, Any]) -> None:
    names = {who: [render.plain(name) for name in given] for who, given in result["votes_for"].items()}
    carried = [
        {"who": who, "power": power, "for": session.texts.join(names[who])} for who, power in result["carried"].items()
    ]
    render.table(session, [
        ("cli.col.who", render.text("who")),
        ("cli.col.power", render.text("power")),
        ("cli.rewards.votes_for", lambda row: row["for"]),
    ], carried, "cli.none")
    session.line()
    if result["lost"]:
        render.table(session, [
            ("cli.rewards.lost", render.text("who")),
            ("cli.col.power", render.text("power")),
            ("cli.rewards.why", lambda row: session.t(f"cli.rewards_lost.{row['reason']}")),
        ], [{"who": who, **loss} for who, loss in result["lost"].items()], "cli.none")
        session.line()
    render.facts(session, [
        ("cli.rewards.carried_power", result["carried_power"]),
        ("cli.rewards.lost_power", result["lost_power"]),
        ("cli.rewards.silent_power", result["silent_power"]),
        ("cli.rewards.silent", session.texts.join([render.plain(name) for name in result["silent"]])),
    ])
