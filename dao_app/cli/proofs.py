"""guildhall file, certificate: what was written down, and proofs that anybody checks."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from dao_app.app.views import AmountView
from dao_app.app.views_proofs import ProofView, ResultPart
from dao_app.cli import render
from dao_app.cli.commands import Group, option
from dao_app.cli.files import file_digest, read_bytes, write_file
from dao_app.cli.session import Session

PROOF_BYTES_MAX = 2 * 1024 * 1024  # as the core reads
FAILED_EXIT_CODE = 7  # as for damaged data


# -- notarised files -----------------------------------------------------------------------------
@click.group("file", cls=Group)
def file() -> None:
    pass


@file.command("notarise")
@click.argument("path", type=click.Path(path_type=Path))
@option("--title", default=None)
@click.pass_obj
def notarise(session: Session, path: Path, title: str | None) -> None:
    digest, name, size = file_digest(path)
    row = session.ask("file_notarise", hash=digest, size=size, title=name if title is None else title)
    session.show(row, lambda found: _file(session, found))


@file.command("check")
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def check(session: Session, path: Path) -> None:
    digest, _, _ = file_digest(path)
    session.show(session.ask("file_check", hash=digest), lambda found: _file(session, found))


@file.command("list")
@click.pass_obj
def file_list(session: Session) -> None:
    session.show(session.ask("file_list"), lambda rows: render.table(session, [
        ("cli.col.sha256", lambda row: row["hash"][:12]),
        ("cli.col.title", render.text("title")),
        ("cli.col.bytes", render.count(session, "size")),
        ("cli.col.who", render.person(session, "person")),
        ("cli.col.height", lambda row: session.texts.number(row["height"]) if row["height"] else ""),
        ("cli.col.time", lambda row: render.moment(session, row["sealed_ms"] or row["stamp"]["at_ms"])),
        ("cli.col.state", render.state(session)),
    ], rows, "cli.no_files"))


def _file(session: Session, row: Mapping[str, Any]) -> None:
    render.facts(session, [
        ("cli.col.sha256", row["hash"]),
        ("cli.col.title", render.plain(row["title"] or "")),
        ("cli.col.bytes", session.texts.number(row["size"])),
        ("cli.col.who", render.who(session, row["person"])),
        ("cli.col.state", render.settled(session, row["stamp"])),
    ])
    if row["height"]:
        at = render.moment(session, row["sealed_ms"])
        session.line(session.t("cli.file_before", height=row["height"], time=at))
    else:
        session.line(session.t("cli.file_waits"))


# -- proofs --------------------------------------------------------------------------------------
@click.group("certificate", cls=Group)
def certificate() -> None:
    pass


def _made(function: Callable[..., None]) -> Callable[..., None]:
    """Options of every command that makes a proof."""
    through = option("--through", type=click.IntRange(1), default=None, metavar="HEIGHT")
    out = option("--out", "proof_out", type=click.Path(path_type=Path), required=True, metavar="FILE")
    return out(through(function))


@certificate.command("result")
@click.argument("proposal")
@_made
@option("--card", type=click.Path(path_type=Path), default=None, metavar="FILE")
@click.pass_obj
def result(session: Session, proposal: str, proof_out: Path, through: int | None, card: Path | None) -> None:
    made = session.ask("certificate_result", proposal=proposal, anchor=through or 0)
    if card is not None:
        write_file(card, session.services.paint_card(_view(made["view"]), session.texts.language))
    _keep(session, made, proof_out)
    if card is not None:
        session.note(session.t("cli.card_written", file=card))


@certificate.command("balance")
@click.argument("party", default="")
@option("--unit", default="")
@_made
@click.pass_obj
def balance(session: Session, party: str, unit: str, proof_out: Path, through: int | None) -> None:
    made = session.ask("certificate_balance", party=party, unit=unit, anchor=through or 0)
    _keep(session, made, proof_out)


@certificate.command("file")
@click.argument("path", type=click.Path(path_type=Path))
@_made
@click.pass_obj
def certificate_file(session: Session, path: Path, proof_out: Path, through: int | None) -> None:
    digest, _, _ = file_digest(path)
    _keep(session, session.ask("certificate_file", hash=digest, anchor=through or 0), proof_out)


@certificate.command("evidence")
@click.argument("entry")
@option("--out", "proof_out", type=click.Path(path_type=Path), required=True, metavar="FILE")
@click.pass_obj
def evidence(session: Session, entry: str, proof_out: Path) -> None:
    _keep(session, session.ask("certificate_evidence", entry=entry), proof_out)


@certificate.command("check")
@click.argument("proof", type=click.Path(path_type=Path))
@option("--anchor", default="", metavar="HEIGHT:ID")
@option("--file", "about_file", type=click.Path(path_type=Path), default=None, metavar="FILE")
@click.pass_context
def certificate_check(ctx: click.Context, proof: Path, anchor: str, about_file: Path | None) -> None:
    session: Session = ctx.obj
    data = base64.b64encode(read_bytes(proof, PROOF_BYTES_MAX)).decode()
    digest = file_digest(about_file)[0] if about_file is not None else ""
    found = session.ask("certificate_check", data=data, anchor=anchor, hash=digest)
    session.show(found, lambda view: _told(session, view, anchor))
    if not found["ok"]:
        ctx.exit(FAILED_EXIT_CODE)


def _keep(session: Session, made: Mapping[str, Any], path: Path) -> None:
    raw = base64.b64decode(made["data"])
    write_file(path, raw)
    session.show({"file": str(path), "bytes": len(raw), **made["view"]}, lambda view: _told(session, view, ""))
    session.note(session.t("cli.proof_written", file=path, n=len(raw)))


def _told(session: Session, view: Mapping[str, Any], anchor: str) -> None:
    """What a proof says, and on what it rests."""
    pairs = [
        ("cli.col.kind_of_proof", session.t(f"proof.kind.{view['kind']}")),
        ("cli.col.org", " ".join(filter(None, (render.plain(view["name"]), view["org"])))),
    ]
    for part in (_result, _balance, _proven_file, _evidence):
        pairs += part(session, view)
    if view["height"]:
        pairs += [
            ("cli.col.height", session.texts.number(view["height"])),
            ("cli.col.time", render.moment(session, view["sealed_ms"])),
            ("cli.col.checkpoint", view["checkpoint"]),
            ("cli.col.quorum_of", session.t("card.witnesses", quorum=view["quorum"], n=view["witnesses"])),
        ]
    render.facts(session, [*pairs, ("cli.col.digest", view["digest"])])
    session.line()
    if not view["ok"]:
        session.line(session.t("proof.fails", why=session.t(f"proof.fault.{view['fault']}")))
        return
    session.line(session.t("proof.holds"))
    if view["retired"]:
        session.line(session.t("proof.retired", n=view["retired"]))
    if anchor:
        session.line(session.t("cli.proof_anchored" if view["anchored"] else "cli.proof_not_anchored"))
    if not session.org:
        session.line(session.t("cli.proof_org"))


Pairs = list[tuple[str, str]]


def _result(session: Session, view: Mapping[str, Any]) -> Pairs:
    part = view["result"]
    if part is None:
        return []
    fixed = part["method"] in ("yes-no-abstain", "consent")
    names = [session.t(f"vote.{o}") if fixed else render.plain(o) for o in part["options"]]
    scores = [f"{name}: {session.texts.score(score)}" for name, score in zip(names, part["scores"], strict=True)]
    return [
        ("cli.col.title", f"P-{part['number']} {render.plain(part['title'])}"),
        ("cli.col.outcome", session.t(f"cli.outcome.{part['outcome']}")),
        ("cli.col.score", session.texts.join(scores)),
        ("cli.col.turnout", session.t(
            "card.turnout", voted=part["voted"], voters=part["voters"],
            share=session.texts.percent(part["voted"], part["voters"]),
        )),
    ]


def _balance(session: Session, view: Mapping[str, Any]) -> Pairs:
    part = view["balance"]
    if part is None:
        return []
    key = f"cli.party.{part['party']}"
    whose = session.t(key) if session.texts.has(key) else ""
    amount = AmountView(render.plain(part["unit"]), part["minor"], part["decimals"])
    return [
        ("cli.col.party", " ".join(filter(None, (whose, part["id"])))),
        ("cli.col.amount", session.texts.amount(amount)),
    ]


def _proven_file(session: Session, view: Mapping[str, Any]) -> Pairs:
    part = view["file"]
    if part is None:
        return []
    return [
        ("cli.col.sha256", part["hash"]),
        ("cli.col.bytes", session.texts.number(part["size"])),
        ("cli.col.who", part["member"]),
        ("cli.col.place", session.t("cli.before_checkpoint", height=part["height"])),
    ]


def _evidence(session: Session, view: Mapping[str, Any]) -> Pairs:
    part = view["evidence"]
    if part is None:
        return []
    return [
        ("cli.col.key", f"{part['key']} #{part['number']}"),
        ("cli.col.two_entries", f"{part['one']} {part['two']}"),
    ]


def _view(found: Mapping[str, Any]) -> ProofView:
    """The view again, of the JSON that came over the call; only a result's part is needed."""
    part = found["result"]
    result = ResultPart(**{k: tuple(v) if isinstance(v, list) else v for k, v in part.items()})
    return ProofView(**{**found, "result": result, "balance": None, "file": None, "evidence": None})
