"""guildhall task: the board, from opening to payment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from dao_app.app.dates import read_date
from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Group, option
from dao_app.cli.files import file_digest, read_text
from dao_app.cli.session import Session
from dao_app.core.limits import CONTENT_BYTES_MAX
from dao_app.core.rules.task_terms import PRIORITIES

STATUSES = (
    "draft", "open", "claimed", "started", "submitted", "changes", "accepted", "rejected", "disputed", "cancelled",
    "expired",
)  # fmt: skip
MINUTE_S = 60


def long_text(given: str, file: str | None) -> str:
    """A description, from the option or from a file ("-": standard input)."""
    if file is None:
        return given
    if given:
        raise InputError("text_twice")
    return read_text(Path(file), CONTENT_BYTES_MAX)


@click.group("task", cls=Group)
def task() -> None:
    pass


def terms(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say what a task asks for; each is None where it is not given."""
    for made in reversed((
        option("--text", default=None),
        option("--text-file", metavar="FILE"),
        option("--reward", default=None),
        option("--unit", default=None),
        option("--own", is_flag=True, default=None),
        option("--pay-from", metavar="PARTY", default=None),
        option("--department", metavar="NAME", default=None),
        option("--lifetime", type=DURATION, default=None),
        option("--label", "labels", multiple=True, metavar="NAME"),
        option("--priority", type=click.Choice(PRIORITIES), default=None),
        option("--due", metavar="DATE", default=None),
        option("--estimate", type=DURATION, default=None),
        option("--item", "checklist", multiple=True, metavar="TEXT"),
        option("--file", "paths", multiple=True, metavar="FILE"),
        option("--after", "depends", multiple=True, metavar="TASK"),
        option("--every", "every_days", type=click.IntRange(0), default=None, metavar="DAYS"),
        option("--approval/--no-approval", "approval", default=None),
        option("--seats", type=click.IntRange(1), default=None),
    )):
        command = made(command)
    return command


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Parameters of the use case for the options that were given."""
    text = options.pop("text"), options.pop("text_file")
    due, estimate, lifetime = options.pop("due"), options.pop("estimate"), options.pop("lifetime")
    own, payer, paths = options.pop("own"), options.pop("pay_from"), options.pop("paths")
    params = {name: list(v) if isinstance(v, tuple) else v for name, v in options.items() if v not in (None, ())}
    if own and payer:
        raise InputError("payer_twice")
    if any(part is not None for part in text):
        params["text"] = long_text(text[0] or "", text[1])
    if own or payer:
        params["payer"] = "own" if own else payer
    if due is not None:
        params["due_ms"] = read_date(due)
    if estimate is not None:
        params["estimate_min"] = -(-estimate // MINUTE_S)
    if lifetime is not None:
        params["lifetime_s"] = lifetime
    if paths:
        params["files"] = [file_digest(Path(path)) for path in paths]
    return params


@task.command("open")
@click.argument("title")
@terms
@option("--draft", is_flag=True)
@click.pass_obj
def open_(session: Session, title: str, draft: bool, **options: Any) -> None:
    params = _given(options)
    if draft:
        params["draft"] = True
    _one(session, session.ask("task_open", title=title, **params))


@task.command("edit")
@click.argument("task")
@option("--title", default=None)
@terms
@click.pass_obj
def edit(session: Session, task: str, title: str | None, **options: Any) -> None:
    params = _given(options)
    if title is not None:
        params["title"] = title
    _one(session, session.ask("task_edit", task=task, **params))


@task.command("list")
@option("--status", type=click.Choice(STATUSES), default=None)
@option("--mine", is_flag=True)
@option("--label", "only_label", default="")
@option("--department", default="")
@option("--find", default="")
@click.pass_obj
def list_(session: Session, status: str | None, mine: bool, only_label: str, department: str, find: str) -> None:
    def kept(row: Any) -> bool:
        return (
            (not mine or row["opener"]["you"] or any(a["person"]["you"] for a in row["assignees"]))
            and (not only_label or only_label in row["labels"])
            and (not department or department == row["department"])
            and find.casefold() in row["title"].casefold()
        )

    rows = [row for row in session.ask("task_list", status=status or "") if kept(row)]
    session.show(rows, lambda found: _rows(session, found))


@task.command("show")
@click.argument("task")
@click.pass_obj
def show(session: Session, task: str) -> None:
    session.show(session.ask("task_show", task=task), lambda view: _detail(session, view))


def _detail(session: Session, view: Any) -> None:
    row = view["row"]
    t = session.t
    render.facts(session, [
        ("cli.col.number", render.number("T")(row)),
        ("cli.col.title", render.plain(row["title"])),
        ("cli.col.status", render.word(session, "cli.task", "status")(row)),
        ("cli.col.reward", _reward(session, row)),
        ("cli.col.payer", _payer(session, view) if row["reward"] else ""),
        ("cli.col.opener", render.who(session, row["opener"])),
        ("cli.col.assignee", _assignees(session, row)),
        ("cli.col.department", render.plain(row["department"])),
        ("cli.col.labels", session.texts.join([render.plain(label) for label in row["labels"]])),
        ("cli.col.priority", t(f"task.priority.{row['priority']}") if row["priority"] != "normal" else ""),
        ("cli.col.due", render.moment(session, row["due_ms"])),
        ("cli.col.estimate", session.texts.duration(row["estimate_min"] * 60_000) if row["estimate_min"] else ""),
        ("cli.col.recurs", t("task.every", n=row["every_days"]) if row["every_days"] else ""),
        ("cli.col.resumes", render.moment(session, row["resumes_ms"])),
        ("cli.col.stopped", session.texts.reason(view["stopped"]) if view["stopped"] else ""),
        ("cli.col.expires", render.moment(session, row["expires_ms"])),
        ("cli.col.disputable", render.moment(session, row["returns_ms"])),
        ("cli.col.disputed_in", (view["proposal"] or "")[:8]),
        ("cli.col.waits_for", session.texts.join([_link(session, link) for link in view["depends"]])),
        ("cli.col.state", render.settled(session, row["stamp"])),
        ("cli.col.id", row["id"]),
        ("cli.col.text", render.paragraphs(view["text"] or "")),
        ("cli.col.items", "\n".join(
            f"{n}. [{'x' if item['done'] else ' '}] {render.plain(item['text'])}"
            for n, item in enumerate(view["checklist"], 1)
        )),
        ("cli.col.files", _files(view["files"])),
        *_work(session, view["submission"]),
    ])  # fmt: skip
    _applications(session, view["applications"])
    activity(session, view["activity"])
    render.comments(session, view["comments"])


def _payer(session: Session, view: Any) -> str:
    if view["payer_person"] is not None:
        return render.who(session, view["payer_person"])
    return session.t("party.treasury") if view["payer"] == "treasury" else render.plain(view["payer"])


def _link(session: Session, link: Any) -> str:
    state = session.t(f"cli.task.{link['status']}")
    return session.t("cli.with_reason", said=render.number("T")(link), reason=state)


def _files(files: Any) -> str:
    return "\n".join(f"{render.plain(f['name'])}  {f['size']}  sha256:{f['hash']}" for f in files)


def _work(session: Session, work: Any) -> list[tuple[str, str]]:
    if work is None:
        return []
    return [
        ("cli.col.submission", render.paragraphs(work["note"] or "")),
        ("cli.col.evidence", _files(work["files"])),
        ("cli.col.links", "\n".join(render.plain(link) for link in work["links"])),
        ("cli.col.reviewer", render.who(session, work["reviewer"])),
        ("cli.col.review", render.paragraphs(work["review"] or "")),
    ]


def _applications(session: Session, rows: Any) -> None:
    if rows:
        session.line()
        render.table(session, [
            ("cli.col.applicant", render.person(session, "person")),
            ("cli.col.note", lambda row: render.plain(row["note"] or "")),
            ("cli.col.state", render.state(session)),
        ], rows, "cli.none")


def activity(session: Session, rows: Any) -> None:
    """The signed steps in the life of an object."""
    session.line()
    render.table(session, [
        ("cli.col.time", lambda row: render.moment(session, row["stamp"]["at_ms"])),
        ("cli.col.who", render.person(session, "author")),
        ("cli.col.what", lambda row: session.texts.action(row["what"])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.none")


# -- gestures ----------------------------------------------------------------------------------------
def _step(name: str, *options: Callable[[Any], Any]) -> None:
    """A gesture with nothing but the task, and perhaps a note."""

    def run(session: Session, task: str, **given: Any) -> None:
        _one(session, session.ask(f"task_{name}", task=task, **given))

    command: Any = click.pass_obj(run)
    for one in options:
        command = one(command)
    task.command(name)(click.argument("task")(command))


_NOTE = option("--note", default="")
for _name, _options in {
    "publish": (), "claim": (), "apply": (_NOTE,), "start": (), "accept": (_NOTE,), "changes": (_NOTE,),
    "reject": (_NOTE,), "cancel": (),
}.items():  # fmt: skip
    _step(_name, *_options)


@task.command("assign")
@click.argument("task")
@click.argument("members", nargs=-1, required=True)
@click.pass_obj
def assign(session: Session, task: str, members: tuple[str, ...]) -> None:
    pairs = [[name, share] for name, _, share in (member.partition("=") for member in members)]
    _one(session, session.ask("task_assign", task=task, assignees=pairs))


@task.command("unassign")
@click.argument("task")
@option("--member", default="")
@click.pass_obj
def unassign(session: Session, task: str, member: str) -> None:
    _one(session, session.ask("task_unassign", task=task, member=member))


@task.command("tick")
@click.argument("task")
@click.argument("item", type=int)
@option("--undo", is_flag=True)
@click.pass_obj
def tick(session: Session, task: str, item: int, undo: bool) -> None:
    _one(session, session.ask("task_tick", task=task, item=item, done=not undo))


@task.command("submit")
@click.argument("task")
@option("--note", default="")
@option("--text-file", metavar="FILE")
@option("--file", "paths", multiple=True, metavar="FILE")
@option("--link", "links", multiple=True, metavar="URL")
@click.pass_obj
def submit(
    session: Session, task: str, note: str, text_file: str | None, paths: tuple[str, ...], links: tuple[str, ...]
) -> None:
    params: dict[str, Any] = {"note": long_text(note, text_file)}
    if paths:
        params["files"] = [file_digest(Path(path)) for path in paths]
    if links:
        params["links"] = list(links)
    _one(session, session.ask("task_submit", task=task, **params))


@task.command("dispute")
@click.argument("task")
@option("--title", default="")
@option("--reason", default="")
@option("--proposal", default="")
@click.pass_obj
def dispute(session: Session, task: str, title: str, reason: str, proposal: str) -> None:
    title = title or session.t("task.dispute.proposal", name=task)
    _one(session, session.ask("task_dispute", task=task, title=title, reason=reason, proposal=proposal))


@task.command("comment")
@click.argument("target")
@click.argument("text")
@click.pass_obj
def comment(session: Session, target: str, text: str) -> None:
    say(session, target, text)


def say(session: Session, target: str, text: str) -> None:
    """Comment on anything."""
    made = session.ask("comment_add", target=target, text=text)
    session.show(made, lambda row: session.line(render.settled(session, row["stamp"])))


# -- rows --------------------------------------------------------------------------------------------
def _one(session: Session, row: Any) -> None:
    session.show(row, lambda found: _rows(session, [found]))


def _reward(session: Session, row: Any) -> str:
    amount = render.amount(session, row["reward"])
    if not amount or row["payment"] == "held" and row["escrow_final"]:
        return amount
    said = session.t("task.payment.unsealed" if row["payment"] == "held" else f"task.payment.{row['payment']}")
    return session.t("cli.with_reason", said=amount, reason=said)


def _assignees(session: Session, row: Any) -> str:
    several = len(row["assignees"]) > 1
    return session.texts.join([
        session.t("cli.with_reason", said=render.who(session, a["person"]),
                  reason=session.texts.basis_points(a["share_bp"]))
        if several else render.who(session, a["person"])
        for a in row["assignees"]
    ])  # fmt: skip


def _rows(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.number", render.number("T")),
        ("cli.col.title", render.text("title")),
        ("cli.col.status", render.word(session, "cli.task", "status")),
        ("cli.col.reward", lambda row: _reward(session, row)),
        ("cli.col.assignee", lambda row: _assignees(session, row)),
        ("cli.col.due", render.when(session, "due_ms")),
        ("cli.col.expires", render.when(session, "expires_ms")),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_tasks")
