"""Texts: both languages complete and alike, and every code that a person can meet has one."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import click
import pytest

from dao_app.app import errors
from dao_app.app.earnings import SOURCES
from dao_app.cli.app import tree
from dao_app.core.rules.matching import MODES
from dao_app.core.rules.registry import TYPES
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.rounds import KINDS, POLICIES
from dao_app.core.voting.registry import METHODS

ROOT = Path(__file__).parents[2]
FILES = {language: ROOT / "resources" / "strings" / f"{language}.json" for language in ("en", "zh")}
CATALOGUES: dict[str, dict[str, Any]] = {name: json.loads(path.read_bytes()) for name, path in FILES.items()}
EN = CATALOGUES["en"]
ERRORS = {name for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, Exception)}
ENUMERATIONS = {
    "cli.choice": ("yes", "no", "abstain", "blank", "agree", "disagree", "object"),
    "cli.contribution": ("claimed", "endorsed", "disputed", "withdrawn"),
    "cli.invite": ("open", "used", "expired", "revoked"),
    "cli.join": ("searching", "syncing", "waiting", "done", "refused"),
    "cli.ledger": ("issue", "transfer", "tip", "escrow", "pay", "refund", "reserve", "bond", "forfeit",
                   "budget", "fine", "reward", "support", "match"),
    "execution": ("waiting", "done", "failed", "expired"),
    "request.status": ("open", "paid", "declined", "withdrawn"),
    "schedule.status": ("active", "done", "stopped"),
    "delegation.scope": ("everything", "department", "topic"),
    "cli.member": ("active", "joining", "refused", "applicant", "suspended", "left", "expelled"),
    "cli.membership": ("active", "joining", "none", "refused"),
    "cli.outcome": ("passed", "not_passed", "decided", "none"),
    "cli.party": ("treasury", "escrow", "issue", "reserve", "department", "firm"),
    "cli.path": ("direct", "local", "none"),
    "cli.proposal": ("discussion", "voting", "closing", "passed", "not_passed", "decided", "withdrawn"),
    "cli.round": ("open", "closing", "paid", "returned", "cancelled"),
    "cli.rewards_dropped": ("not_a_member", "to_oneself", "not_a_receiver", "zero", "over_limit"),
    "cli.rewards_lost": ("cycle", "dead_end"),
    "cli.tally_step": (
        "counted", "no_winner", "highest", "tied", "support", "quorum", "yes_power", "objections", "runoff", "median",
        "medians_taken", "level_earlier_round", "level_order", "eliminated", "majority", "beats", "support_power",
        "path", "unbeaten", "roots", "quota", "elected", "last_vacancies", "surplus", "excluded", "lot",
    ),
    "cli.task": ("draft", "open", "claimed", "started", "submitted", "changes", "accepted", "rejected", "disputed",
                 "cancelled", "expired"),
    "cli.tie_break": ("earlier-rounds-then-order", "history-then-lot", "support"),
    "cli.topic": ("identity", "orgs", "org", "members", "invites", "tasks", "proposals", "contributions", "ledger",
                  "log", "checkpoints", "peers", "status", "join", "rewards", "files"),
    "cli.verify": ("actions", "checkpoints", "results", "ledgers"),
    "earning.source": SOURCES,
    "earning.state": ("final", "provisional", "held"),
    "match.mode": MODES,
    "method": tuple(METHODS),
    "payout.status": ("recorded", "confirmed", "disputed"),
    "round.kind": KINDS,
    "round.policy": POLICIES,
    "state": ("queued", "provisional", "closing", "final", "contested", "rejected"),
}


def forms(text: Any) -> list[str]:
    return list(text.values()) if isinstance(text, dict) else [text]


def placeholders(text: Any) -> set[str]:
    return {field for form in forms(text) for _, field, _, _ in Formatter().parse(form) if field is not None}


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    for path in sorted((ROOT / "dao_app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                yield path, node, name


def literals(node: ast.Call) -> set[str]:
    """The texts that the first argument can be: one, or either of a choice."""
    first = node.args[0] if node.args else None
    parts = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}


def codes_of(*names: str) -> set[str]:
    return {code for _, node, name in calls() if name in names for code in literals(node)}


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(CATALOGUES["en"]) == sorted(CATALOGUES["zh"])


def test_both_languages_have_the_same_placeholders() -> None:
    # English may count ("{n}") where Chinese needs no number, not the other way round.
    wrong = [key for key in EN if placeholders(EN[key]) != placeholders(CATALOGUES["zh"].get(key, ""))]
    assert not wrong


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files_are_sorted_one_key_a_line_without_empty_texts(language: str) -> None:
    keys = list(CATALOGUES[language])
    assert keys == sorted(keys)
    words = [key for key in keys if not key.startswith("list.")]  # these are what stands between words
    assert not [key for key in words if not all(form.strip() for form in forms(CATALOGUES[language][key]))]


def test_every_rejection_has_a_text() -> None:
    assert not [one.value for one in Rejection if f"reject.{one.value}" not in EN]


def test_every_action_type_has_a_text() -> None:
    assert not [name for name in [*TYPES, "org.create", "member.join"] if f"action.{name}" not in EN]


def test_every_error_code_has_a_text_of_three_lines() -> None:
    codes = {code for code in codes_of(*ERRORS) if not code.startswith("reject.")}
    assert not sorted(code for code in codes if f"error.{code}" not in EN)
    for language, table in CATALOGUES.items():
        bad = [code for code in codes if len(table[f"error.{code}"].split("\n")) != 3]
        assert not bad, language


def test_every_finding_of_the_doctor_has_a_text() -> None:
    found = codes_of("Finding")
    assert found and not sorted(code for code in found if f"doctor.{code}" not in EN)


def test_every_text_that_is_asked_for_exists() -> None:
    asked = {(key, path.name) for path, node, name in calls() if name == "t" for key in literals(node)}
    assert not sorted(f"{key} ({where})" for key, where in asked if key not in EN)


def test_every_word_for_a_code_exists() -> None:
    keys = [f"{prefix}.{code}" for prefix, codes in ENUMERATIONS.items() for code in codes]
    assert not [key for key in keys if key not in EN]


def test_every_command_and_option_has_help() -> None:
    def keys(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
        yield ".".join(["cli.help", *path])
        yield from (f"cli.opt.{param.name}" for param in command.params if isinstance(param, click.Option))
        for name, below in (command.commands if isinstance(command, click.Group) else {}).items():
            yield from keys(below, (*path, name))

    assert not sorted({key for key in keys(tree(), ()) if key not in EN})


def test_every_text_that_the_command_line_names_is_there() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "dao_app" / "cli").rglob("*.py"))
    named = set(re.findall(r'"(cli\.[a-z_0-9]+(?:\.[a-z_0-9]+)*)"', source))
    beginnings = {key.rpartition(".")[0] for key in EN}  # of words by a value, as "cli.task." + status
    assert named and not sorted(named - set(EN) - beginnings)


def test_no_text_of_the_command_line_is_left_over() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "dao_app" / "cli").rglob("*.py"))
    prefixes = "|".join(re.escape(name) + r"\." for name in ENUMERATIONS)
    dynamic = re.compile(r"cli\.(?:help|opt|job|report)\b|" + prefixes)
    left = [key for key in EN if key.startswith("cli.") and f'"{key}"' not in source and not dynamic.match(key)]
    assert not left
