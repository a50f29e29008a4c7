"""guildhall charter, role, department, delegate, emergency: how an organisation governs itself."""

from __future__ import annotations

from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import Command, Group, option
from dao_app.cli.session import Session
from dao_app.core.rules.charter import parameter_of


@click.group("charter", cls=Group)
def charter() -> None:
    pass


@charter.command("show")
@click.pass_obj
def charter_show(session: Session) -> None:
    def human(view: Any) -> None:
        rows: list[dict[str, Any]] = []
        for row in view["rows"]:
            rows.append({"key": row["name"], "value": row["value"], "row": row})
            rows += [{"key": f"{kind}.{row['name']}", "value": value, "row": row} for kind, value in row["kinds"]]
        render.table(session, [
            ("cli.col.parameter", render.text("key")),
            ("cli.col.meaning", lambda line: parameter_name(session, line["key"])),
            ("cli.col.value", lambda line: parameter_value(session, line["key"], line["value"])),
            ("cli.col.bounds", lambda line: _bounds(session, line["key"], line["row"])),
        ], rows, "cli.none")

    session.show(session.ask("charter_show"), human)


@charter.command("explain")
@click.argument("name")
@click.pass_obj
def charter_explain(session: Session, name: str) -> None:
    general = name.partition(".")[2] or name
    view = session.ask("charter_show")
    row = next((row for row in view["rows"] if row["name"] == general), None)
    if row is None or parameter_of(name) is None:
        raise InputError("parameter_unknown", name=name[:80])

    def human(found: Any) -> None:
        session.line(parameter_name(session, name))
        session.line(session.t(f"charter.{general}.about"))
        render.facts(session, [
            ("cli.col.value", parameter_value(session, name, _value(found, name))),
            ("cli.col.default", parameter_value(session, general, found["default"])),
            ("cli.col.bounds", _bounds(session, general, found)),
            ("cli.col.step", parameter_value(session, general, found["step"]) if found["step"] else ""),
        ])

    session.show(row, human)


def _value(row: Any, name: str) -> int | None:
    kind, dot, _ = name.partition(".")
    return dict(map(tuple, row["kinds"])).get(kind) if dot else row["value"]


@charter.command("history")
@click.pass_obj
def charter_history(session: Session) -> None:
    session.show(session.ask("charter_show")["history"], lambda rows: render.table(session, [
        ("cli.col.time", render.when(session, "time_ms")),
        ("cli.col.meaning", lambda row: parameter_name(session, row["name"])),
        ("cli.col.before", lambda row: parameter_value(session, row["name"], row["old"])),
        ("cli.col.after", lambda row: parameter_value(session, row["name"], row["new"])),
        ("cli.col.number", lambda row: f"P-{row['proposal_number']}" if row["proposal_number"] else ""),
        ("cli.col.title", render.text("title")),
    ], rows, "cli.no_amendments"))


@charter.command("texts")
@click.pass_obj
def charter_texts(session: Session) -> None:
    session.show(session.ask("charter_show")["texts"], lambda rows: render.table(session, [
        ("cli.col.time", render.when(session, "time_ms")),
        ("cli.col.title", render.text("title")),
        ("cli.col.number", lambda row: f"P-{row['proposal_number']}" if row["proposal_number"] else ""),
        ("cli.col.replaced_by", lambda row: row["replaced_by"] or ""),
    ], rows, "cli.none"))


def parameter_name(session: Session, name: str) -> str:
    """A parameter as people call it."""
    kind, dot, general = name.partition(".")
    said = session.t(f"charter.{general or kind}")
    return session.t("charter.for_kind", kind=session.t(f"kind.{kind}"), name=said) if dot else said


def parameter_value(session: Session, name: str, value: int | None) -> str:
    """A value of a parameter in words."""
    found = parameter_of(name)
    if value is None or found is None:
        return session.t("charter.as_for_all")
    texts = session.texts
    if found.unit == "ms":
        return texts.duration(value)
    if found.unit == "bp":
        return texts.basis_points(value)
    if found.unit == "flag":
        return session.t("cli.yes" if value else "cli.no")
    if found.unit == "choice":
        return session.t(f"choice.{found.choices[value]}")
    return texts.number(value)


def _bounds(session: Session, name: str, row: Any) -> str:
    if row["unit"] == "choice":
        return session.texts.join([session.t(f"choice.{choice}") for choice in row["choices"]])
    if row["unit"] == "flag":
        return ""
    return f"{parameter_value(session, name, row['least'])} – {parameter_value(session, name, row['most'])}"


# -- roles ---------------------------------------------------------------------------------------
@click.group("role", cls=Group)
def role() -> None:
    pass


@role.command("list")
@click.pass_obj
def role_list(session: Session) -> None:
    session.show(session.ask("role_list"), lambda rows: render.table(session, [
        ("cli.col.role", lambda row: role_name(session, row)),
        ("cli.col.holders", lambda row: session.texts.join([render.who(session, p) for p in row["holders"]])),
        ("cli.col.permissions", lambda row: permissions_text(session, row["permissions"])),
    ], rows, "cli.none"))


def permissions_text(session: Session, permissions: Any) -> str:
    return session.texts.join([session.t(f"permission.{name}") for name in permissions])


def role_name(session: Session, row: Any) -> str:
    if row["built_in"]:
        return session.t(f"role.{row['code']}")
    return render.plain(row["name_zh" if session.texts.language == "zh" else "name_en"])


@role.command("who")
@click.argument("member", required=False, default="")
@click.pass_obj
def role_who(session: Session, member: str) -> None:
    session.show(session.ask("permission_list", member=member), lambda rows: render.table(session, [
        ("cli.col.name", render.person(session, "person")),
        ("cli.col.permission", lambda row: session.t(f"permission.{row['permission']}")),
        ("cli.col.why", lambda row: session.texts.join([grant_text(session, grant) for grant in row["why"]])),
    ], rows, "cli.none"))


def grant_text(session: Session, grant: Any) -> str:
    """"Steward of Operations, by P-12"."""
    name = grant["role_name"] or render.word(session, "role", "role")(grant)
    where = name
    if grant["department"]:
        where = session.t("grant.of", role=name, department=render.plain(grant["department"]))
    key = f"grant.cause.{grant['cause']}"
    cause = session.t(key) if session.texts.has(key) else render.plain(grant["cause"])
    said = session.t("grant.by", role=where, cause=cause)
    if grant["until_ms"] is None:
        return said
    return session.t("grant.until", said=said, time=render.moment(session, grant["until_ms"]))


@role.command("give")
@click.argument("department")
@click.argument("member")
@click.argument("role")
@click.pass_obj
def role_give(session: Session, department: str, member: str, role: str) -> None:
    _department(session, session.ask("role_give", department=department, member=member, role=role))


@role.command("take")
@click.argument("department")
@click.argument("member")
@click.argument("role")
@click.pass_obj
def role_take(session: Session, department: str, member: str, role: str) -> None:
    _department(session, session.ask("role_take", department=department, member=member, role=role))


# -- departments ---------------------------------------------------------------------------------
@click.group("department", cls=Group)
def department() -> None:
    pass


@department.command("list")
@click.pass_obj
def department_list(session: Session) -> None:
    session.show(session.ask("department_list"), lambda rows: _departments(session, rows))


@department.command("open")
@click.argument("name")
@option("--below", default="", metavar="DEPARTMENT")
@click.pass_obj
def department_open(session: Session, name: str, below: str) -> None:
    _department(session, session.ask("department_open", name=name, parent=below))


@department.command("move")
@click.argument("department")
@option("--below", default="", metavar="DEPARTMENT")
@click.pass_obj
def department_move(session: Session, department: str, below: str) -> None:
    _department(session, session.ask("department_move", department=department, parent=below))


@department.command("close")
@click.argument("department")
@click.pass_obj
def department_close(session: Session, department: str) -> None:
    _department(session, session.ask("department_close", department=department))


def _department(session: Session, row: Any) -> None:
    session.show(row, lambda found: _departments(session, [found]))


def _departments(session: Session, rows: Any) -> None:
    render.table(session, [
        ("cli.col.id", lambda row: row["id"][:12]),
        ("cli.col.name", lambda row: "  " * (row["depth"] - 1) + render.plain(row["name"])),
        ("cli.col.stewards", lambda row: session.texts.join([render.who(session, p) for p in row["stewards"]])),
        ("cli.col.members", lambda row: session.texts.number(len(row["members"]))),
        ("cli.col.balance", lambda row: session.texts.join([render.amount(session, one) for one in row["balances"]])),
        ("cli.col.status", lambda row: "" if row["active"] else session.t("cli.closed")),
    ], rows, "cli.no_departments")


# -- delegation, the stop ------------------------------------------------------------------------
@click.group("delegate", cls=Group)
def delegate() -> None:
    pass


@delegate.command("list")
@click.pass_obj
def delegate_list(session: Session) -> None:
    session.show(session.ask("delegation_list"), lambda view: _delegations(session, view))


@delegate.command("to")
@click.argument("member")
@option("--department", default="")
@option("--topic", default="")
@click.pass_obj
def delegate_to(session: Session, member: str, department: str, topic: str) -> None:
    made = session.ask("delegate", to=member, department=department, topic=topic)
    session.show(made, lambda view: _delegations(session, view))


@delegate.command("revoke")
@option("--department", default="")
@option("--topic", default="")
@click.pass_obj
def delegate_revoke(session: Session, department: str, topic: str) -> None:
    made = session.ask("delegate", to="", department=department, topic=topic)
    session.show(made, lambda view: _delegations(session, view))


def _delegations(session: Session, view: Any) -> None:
    for part in ("given", "received"):
        session.line(session.t(f"delegation.{part}"))
        render.table(session, [
            ("cli.col.scope", lambda row: scope_text(session, row)),
            ("cli.col.who", render.person(session, "person")),
        ], view[part], "cli.none")


def scope_text(session: Session, row: Any) -> str:
    """What a delegation is for."""
    return session.t(f"delegation.scope.{row['scope']}", name=render.plain(row["name"]))


@click.group("emergency", cls=Group)
def emergency() -> None:
    pass


@emergency.command("show")
@click.pass_obj
def emergency_show(session: Session) -> None:
    session.show(session.ask("emergency_show"), lambda view: _emergency(session, view))


@emergency.command("stop")
@option("--reason", default="")
@click.pass_obj
def emergency_stop(session: Session, reason: str) -> None:
    session.show(session.ask("emergency_stop", reason=reason), lambda view: _emergency(session, view))


def _emergency(session: Session, view: Any) -> None:
    held = view["until_ms"] is not None
    render.facts(session, [
        ("cli.col.status", session.t("emergency.on" if held else "emergency.off")),
        ("cli.col.until", render.moment(session, view["until_ms"])),
        ("cli.col.asked_by", session.texts.join([render.who(session, person) for person in view["supporters"]])),
        ("cli.col.needed", session.texts.number(view["needed"])),
    ])


@click.command("leave", cls=Command)
@click.pass_obj
def leave(session: Session) -> None:
    session.show(session.ask("member_leave"), lambda stamp: session.line(render.settled(session, stamp)))
