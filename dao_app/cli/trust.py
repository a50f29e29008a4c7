"""guildhall log, state, peer, doctor, watch: what stands behind everything, and how the network is."""

from __future__ import annotations

from typing import Any

import click

from dao_app.app.views import Change
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Command, Group, option
from dao_app.cli.session import Session, json_text

LOG_ROWS = 50
NETWORK_WAIT = "10s"  # a host that has just begun finds others and is answered within that
EVENT_TOPICS = frozenset({"log", "checkpoints"})
LOG_ROWS_MAX = 100_000
DAMAGED_EXIT_CODE = 7  # as for damaged data
PROBLEM_EXIT_CODE = 1
_LEVELS = {"ok": "✓", "note": "·", "problem": "✗"}


@click.group("log", cls=Group)
def log() -> None:
    pass


@log.command("list")
@option("--limit", type=click.IntRange(1, LOG_ROWS_MAX), default=LOG_ROWS, show_default=True)
@option("--before", default="", metavar="ID")
@click.pass_obj
def log_list(session: Session, limit: int, before: str) -> None:
    session.show(session.ask("log_list", limit=limit, before=before), lambda rows: render.table(session, [
        ("cli.col.place", lambda row: "" if row["place"] is None else str(row["place"])),
        ("cli.col.time", lambda row: render.moment(session, row["stamp"]["at_ms"])),
        ("cli.col.who", render.person(session, "author")),
        ("cli.col.what", lambda row: session.texts.action(row["type"])),
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_entries"))


@log.command("show")
@click.argument("entry")
@click.pass_obj
def log_show(session: Session, entry: str) -> None:
    def human(view: Any) -> None:
        row = view["row"]
        render.facts(session, [
            ("cli.col.id", row["id"]),
            ("cli.col.cid", view["cid"]),
            ("cli.col.who", render.who(session, row["author"])),
            ("cli.col.device", f"{row['device']} #{row['seq']}"),
            ("cli.col.what", f"{session.texts.action(row['type'])} ({render.plain(row['type'])})"),
            ("cli.col.time", render.moment(session, row["stamp"]["at_ms"])),
            ("cli.col.place", "" if row["place"] is None else str(row["place"])),
            ("cli.col.state", render.settled(session, row["stamp"])),
            ("cli.col.signature", view["signature"]),
            ("cli.col.bytes", session.texts.number(view["size"])),
        ])
        session.line()
        session.line(json_text(view["payload"], indent=2))

    session.show(session.ask("log_show", entry=entry), human)


@log.command("verify")
@click.pass_context
def log_verify(ctx: click.Context) -> None:
    session: Session = ctx.obj
    with session.progress() as sink:
        found = session.ask("log_verify", sink)

    def human(report: Any) -> None:
        checks = (("actions", "signatures_bad"), ("checkpoints", "checkpoints_bad"), ("results", "results_bad"),
                  ("ledgers", "ledgers_bad"))
        rows = [{"what": what, "looked": report[what], "bad": report[bad]} for what, bad in checks]
        render.table(session, [
            ("cli.col.what", render.word(session, "cli.verify", "what")),
            ("cli.col.looked", render.count(session, "looked")),
            ("cli.col.bad", render.count(session, "bad")),
        ], rows, "cli.none")
        session.line()
        session.line(session.t("cli.verify_root_same" if report["root_matches"] else "cli.verify_root_differs"))
        if report["missing"]:
            session.line(session.t("verify.missing", n=report["missing"]))
        session.line(session.t("cli.verify_good" if report["ok"] else "cli.verify_bad"))

    session.show(found, human)
    if not found["ok"]:
        ctx.exit(DAMAGED_EXIT_CODE)


@click.group("state", cls=Group)
def state() -> None:
    pass


@state.command("root")
@click.pass_obj
def state_root(session: Session) -> None:
    session.show(session.ask("state_root"), lambda view: render.facts(session, [
        ("cli.col.org", view["org"]),
        ("cli.col.height", session.texts.number(view["height"])),
        ("cli.col.time", render.moment(session, view["time_ms"])),
        ("cli.col.state_root", view["state_root"]),
        ("cli.col.results_root", view["results_root"]),
        ("cli.col.frontier_root", view["frontier_root"]),
        ("cli.col.checkpoint", view["checkpoint"]),
        ("cli.col.provisional", session.texts.number(view["provisional"])),
        ("cli.col.provisional_root", view["provisional_root"]),
    ]))


@click.group("peer", cls=Group)
def peer() -> None:
    pass


@peer.command("add")
@click.argument("address")
@click.pass_obj
def peer_add(session: Session, address: str) -> None:
    session.network = True
    session.show(session.ask("peer_add", address=address), lambda row: _peers(session, [row]))


@peer.command("list")
@click.pass_obj
def peer_list(session: Session) -> None:
    session.show(session.ask("peer_list"), lambda rows: _peers(session, rows))


def _peers(session: Session, rows: Any) -> None:
    def agrees(row: Any) -> str:
        return "" if row["agrees"] is None else session.t("cli.yes" if row["agrees"] else "cli.no")

    render.table(session, [
        ("cli.col.who", render.person(session, "person")),
        ("cli.col.device", render.text("fingerprint")),
        ("cli.col.connected", lambda row: session.t("cli.yes" if row["connected"] else "cli.no")),
        ("cli.col.path", render.word(session, "cli.path", "path")),
        ("cli.col.delay", lambda row: "" if row["delay_ms"] is None else session.t("cli.ms", n=row["delay_ms"])),
        ("cli.col.address", render.text("address")),
        ("cli.col.seen", render.when(session, "seen_ms")),
        ("cli.col.height", render.count(session, "height")),
        ("cli.col.agrees", agrees),
        ("cli.col.behind", render.count(session, "behind")),
    ], rows, "cli.no_peers")


@click.group("doctor", cls=Group, invoke_without_command=True)
@click.pass_context
def doctor(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        _examine(ctx, "doctor")


@doctor.command("network")
@option("--wait", type=DURATION, default=NETWORK_WAIT, show_default=True)
@click.pass_context
def doctor_network(ctx: click.Context, wait: int) -> None:
    _examine(ctx, "doctor_network", wait_s=wait)


def _examine(ctx: click.Context, method: str, **params: object) -> None:
    session: Session = ctx.obj
    session.network = True
    session.unlock(silently=True)
    found = session.ask(method, **params)

    def human(findings: Any) -> None:
        for finding in findings:
            params = {name: render.plain(value) for name, value in finding["params"].items()}
            session.line(f"{_LEVELS[finding['level']]} {session.texts.finding(finding['code'], params)}")

    session.show(found, human)
    if any(finding["level"] == "problem" for finding in found):
        ctx.exit(PROBLEM_EXIT_CODE)


@click.command("watch", cls=Command)
@option("--after", default="", metavar="CURSOR")
@option("--once", is_flag=True)
@click.pass_obj
def watch(session: Session, after: str, once: bool) -> None:
    session.network = True
    cursors: dict[str, str] = {}

    def events(org: str) -> None:
        """Each event as one line of JSON; the cursor in it is where to go on from."""
        while True:
            view: Any = session.call("events", org=org, after=cursors[org])
            cursors[org] = view["cursor"]
            for event in view["events"]:
                session.line(json_text({"org": org, "cursor": view["cursor"], **event}))
            if not view["events"]:
                return

    def begin(org: str, cursor: str) -> None:
        cursors[org] = cursor or str(session.call("events", org=org)["cursor"])
        events(org)

    def sink(change: Change) -> None:
        if session.json:
            if change.topics & EVENT_TOPICS and (not wanted or change.org == wanted):
                if change.org in cursors:
                    events(change.org)
                else:  # founded or joined meanwhile: from its first action
                    begin(change.org, "0.0")
        else:
            topics = [session.t(f"cli.topic.{topic}") for topic in sorted(change.topics)]
            session.line(f"{change.org[:12]}  {session.texts.join(topics)}")

    session.unlock()
    wanted = ""
    if session.json:
        if session.org or after or once:
            wanted = str(session.ask("org_show")["row"]["id"])
        rows: Any = session.call("org_list")
        for org in [wanted] if wanted else [row["id"] for row in rows]:
            begin(org, after)
    if not once:
        session.caller.watch(sink)
