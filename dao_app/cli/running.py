"""guildhall window, node and demo: what runs for a while."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dao_app.app.addresses import LISTEN_NOWHERE
from dao_app.cli import render
from dao_app.cli.commands import Command, Group, option
from dao_app.cli.session import Session, json_text

PROBLEM_EXIT_CODE = 1


@click.command("window", cls=Command)
@option("--announce", multiple=True, metavar="ADDR")
@option("--relay", is_flag=True)
@click.pass_context
def window(ctx: click.Context, announce: tuple[str, ...], relay: bool) -> None:
    session: Session = ctx.obj
    ctx.exit(session.services.run_window(session.home, announce, relay))


@click.group("node", cls=Group)
def node() -> None:
    pass


@node.command("run")
@option("--listen", multiple=True, metavar="ADDR")
@option("--announce", multiple=True, metavar="ADDR")
@option("--no-relay", is_flag=True)
@option("--no-mdns", is_flag=True)
@option("--database", default="", metavar="URL", envvar="GUILDHALL_DATABASE")
@option("--metrics", default="", metavar="HOST:PORT", envvar="GUILDHALL_METRICS")
@option("--report", type=click.Path(dir_okay=False, path_type=Path), default=None, metavar="FILE")
@click.pass_obj
def run(
    session: Session, listen: tuple[str, ...], announce: tuple[str, ...], no_relay: bool, no_mdns: bool,
    database: str, metrics: str, report: Path | None,
) -> None:
    def ready(told: Mapping[str, Any]) -> None:
        if session.json:
            session.line(json_text(told))
            return
        session.line(session.t("cli.node_runs", home=told["home"], pid=str(told["pid"])))
        for org, addresses in told["addresses"].items():
            if not addresses and listen != (LISTEN_NOWHERE,):
                session.line(session.t("cli.node_unreachable", org=org[:12]))
            for address in addresses:
                session.line(f"  {org[:12]}  {render.plain(address)}")
        if told["metrics"]:
            session.line(session.t("cli.node_metrics", address=told["metrics"]))

    session.services.run_node(
        session.home, session.passphrase.get, listen, not no_mdns, ready, report, database, metrics, announce,
        not no_relay,
    )


@node.command("status")
@click.pass_context
def status(ctx: click.Context) -> None:
    session: Session = ctx.obj
    view = session.call("node_status")
    assert isinstance(view, Mapping)
    session.show(view, lambda found: _told(session, found))
    if not view["healthy"]:
        ctx.exit(PROBLEM_EXIT_CODE)


def _told(session: Session, view: Mapping[str, Any]) -> None:
    session.line(session.t("cli.node_healthy" if view["healthy"] else "cli.node_unhealthy"))
    if view["locked"]:
        session.line(session.t("cli.node_locked"))
    render.table(session, [
        ("cli.col.org", lambda row: render.plain(row["name"]) or row["id"][:12]),
        ("cli.col.height", lambda row: str(row["height"])),
        ("cli.col.actions", lambda row: session.texts.number(row["actions"])),
        ("cli.col.peers", lambda row: f"{row['peers']}/{row['known_peers']}"),
        ("cli.col.traffic", lambda row: " / ".join(map(session.texts.number, (row["bytes_in"], row["bytes_out"])))),
        ("cli.col.problems", lambda row: ", ".join(session.t(f"node.problem.{code}") for code in row["problems"])),
    ], view["organisations"], "cli.no_orgs")


@click.group("demo", cls=Group)
def demo() -> None:
    pass


@demo.command("build")
@option("--data", type=click.Path(file_okay=False, exists=True, path_type=Path), default=None, metavar="DIR")
@click.pass_obj
def build(session: Session, data: Path | None) -> None:
    with session.progress() as sink:
        report = session.services.build_demo(session.home, data, sink)
    session.show(report, lambda found: render.report(session, found))


@demo.command("open")
@click.pass_obj
def open_(session: Session) -> None:
    with session.progress() as sink:
        row = session.call("demo_open", sink)
    session.show(row, lambda found: session.line(
        session.t("cli.demo_opened", name=render.plain(found["name"]))
    ))
