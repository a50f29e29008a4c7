"""guildhall identity: create, show, restore, words, passphrase, keyring, lock."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from dao_app.app.errors import InputError
from dao_app.cli import render
from dao_app.cli.commands import DURATION, Group, option
from dao_app.cli.passphrase import PassphraseSource, read_secret
from dao_app.cli.session import Session

WORDS_PER_LINE = 6
WORDS_ASKED = 3


@click.group("identity", cls=Group)
def identity() -> None:
    pass


@identity.command("create")
@click.argument("name")
@click.pass_obj
def create(session: Session, name: str) -> None:
    made, words = session.call("identity_create", name=name, passphrase=session.passphrase.get(again=True))

    def human(value: Any) -> None:
        _facts(session, made)
        _words(session, words)
        session.note(session.t("cli.words_write_down"))

    session.show({"identity": made, "words": words}, human)


@identity.command("show")
@click.pass_obj
def show(session: Session) -> None:
    session.show(session.call("identity_status"), lambda found: _facts(session, found))


@identity.command("restore")
@click.argument("name")
@option("--words-file", metavar="FILE")
@click.pass_obj
def restore(session: Session, name: str, words_file: str | None) -> None:
    if words_file:
        words = read_secret(Path(words_file))
    else:
        words = click.prompt(session.t("cli.ask.words"), hide_input=True, err=True)
    made = session.call(
        "identity_restore", words=" ".join(words.split()), name=name, passphrase=session.passphrase.get(again=True)
    )
    session.show(made, lambda found: _facts(session, found))


@identity.command("words")
@option("--check", is_flag=True)
@click.pass_obj
def words(session: Session, check: bool) -> None:
    if not check:
        found = session.call("identity_words", passphrase=session.passphrase.get())
        session.show(found, lambda listed: _words(session, listed))
        return
    session.call("identity_unlock", passphrase=session.passphrase.get())
    positions = sorted(secrets.SystemRandom().sample(range(1, 25), WORDS_ASKED))
    given = [click.prompt(session.t("cli.ask.word", n=place), hide_input=True, err=True) for place in positions]
    if not session.call("identity_confirm_words", words=given, positions=positions):
        raise InputError("words_wrong")
    session.show({"confirmed": True}, lambda _: session.line(session.t("cli.words_right")))


@identity.command("passphrase")
@option("--new-passphrase-file", metavar="FILE")
@click.pass_obj
def passphrase(session: Session, new_passphrase_file: str | None) -> None:
    old = session.passphrase.get()
    new = PassphraseSource(session.texts, new_passphrase_file or "", {}, "cli.ask.passphrase_new").get(again=True)
    session.show(session.call("identity_passphrase", old=old, new=new), lambda found: _facts(session, found))


@identity.command("keyring")
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.pass_obj
def keyring(session: Session, switch: str) -> None:
    on = switch == "on"
    found = session.call("identity_keyring", on=on, passphrase=session.passphrase.get() if on else "")
    session.show(found, lambda view: _locking(session, view))


@identity.command("lock")
@option("--after", "lock_after", type=DURATION)
@click.pass_obj
def lock(session: Session, lock_after: int | None) -> None:
    if lock_after is not None:
        session.show(session.call("identity_lock_after", seconds=lock_after), lambda view: _locking(session, view))
        return
    session.show(session.call("identity_lock"), lambda found: _facts(session, found))


def _locking(session: Session, view: Any) -> None:
    after = view["lock_after_s"]
    render.facts(session, [
        ("cli.col.keyring", session.t("cli.yes" if view["keyring"] else "cli.no")),
        ("cli.col.lock_after", session.texts.duration(1_000 * after) if after else session.t("cli.never")),
    ])
    if not view["keyring_available"]:
        session.note(session.t("cli.keyring_missing"))


def _facts(session: Session, found: Any) -> None:
    if not found["exists"]:
        session.line(session.t("cli.no_identity"))
        return
    render.facts(session, [
        ("cli.col.name", render.plain(found["name"])),
        ("cli.col.fingerprint", found["fingerprint"]),
        ("cli.col.id", found["id"]),
        ("cli.col.unlocked", session.t("cli.yes" if found["unlocked"] else "cli.no")),
        ("cli.col.words_confirmed", session.t("cli.yes" if found["words_confirmed"] else "cli.no")),
    ])


def _words(session: Session, words: Sequence[str]) -> None:
    for start in range(0, len(words), WORDS_PER_LINE):
        row = enumerate(words[start : start + WORDS_PER_LINE], start + 1)
        session.line("  ".join(f"{place:>2} {word:<10}" for place, word in row).rstrip())
