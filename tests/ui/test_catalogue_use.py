"""Every key that the window names stands in the catalogue, and the window names no adapter."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from dao_app.app.cases_proposals import TEMPLATES
from dao_app.app.effects_form import FIELDS
from dao_app.app.task_table import FIELDS as TABLE_FIELDS
from dao_app.core.rules.charter import BINDING, KINDS, PARAMETERS, POWERS, PROPOSERS
from dao_app.core.rules.effects import KINDS as EFFECTS
from dao_app.core.rules.roles import PERMISSIONS
from dao_app.core.voting.registry import METHODS
from dao_app.ui.dialogs import keys, tasks
from dao_app.ui.models import show, show_tasks
from dao_app.ui.pages import start_frame, today, trust
from dao_app.ui.pages.people import TABS as PEOPLE_TABS
from dao_app.ui.pages.proposals import TABS
from dao_app.ui.pages.task_pane import GESTURES, NOTED
from dao_app.ui.widgets.sidebar import PAGES

PAYMENTS = ("planned", "held", "unsealed", "pending", "paid", "disputable", "returned")
ROOT = Path(__file__).parents[2]
UI = ROOT / "dao_app" / "ui"
EN = json.loads((ROOT / "resources" / "strings" / "en.json").read_bytes())
SHAPE = re.compile(r"^[a-z_]+(\.[a-z_0-9-]+)+$")
NOT_KEYS = {"guildhall.svg", "tasks.csv", "icons.json", "tokens.json", "app.texts"}


def literals() -> set[str]:
    found = set()
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SHAPE.match(node.value):
                found.add(node.value)
    return found - NOT_KEYS


def test_every_key_written_out_exists() -> None:
    missing = sorted(k for k in literals() if k not in EN and k not in PERMISSIONS)
    assert missing == []


def test_every_key_put_together_exists() -> None:
    composed = [f"page.{name}" for name, _, _ in PAGES]
    composed += [f"task.status.{s}" for s in show_tasks.ICONS] + [f"task.do.{g}" for g, _, _ in GESTURES]
    composed += [f"task_{g}.{end}" for g in NOTED for end in ("title", "verb", "hint", "note")]
    composed += [f"task.held.{g}" for g in ("publish", "claim", "start", "unassign", "cancel", "accept")]
    composed += [f"task.payment.{p}" for p in PAYMENTS] + [f"task.field.{f}" for f in ("none", *TABLE_FIELDS)]
    composed += [key for _, key in (*tasks.PRIORITIES, *tasks.REPEATS)]
    composed += [f"task.import.note.{n}" for n in ("control", "formula")]
    composed += [f"proposal.status.{s}" for states in TABS.values() for s in states] + [
        f"proposal.tab.{t}" for t in TABS
    ]
    composed += (
        [f"need.{w}" for w in today.ICONS]
        + [f"need.do.{w}" for w in today.ICONS]
        + [f"need.why.{w}" for w in today.ICONS]
    )
    composed += [f"step.{s}" for s in start_frame.STEPS] + [f"step.{s}.note" for s in start_frame.STEPS]
    composed += (
        [f"trust.tab.{t}" for t in trust.TABS]
        + [text for _, rows in keys.KEY_HELP for _, text in rows]
        + [k for _, k in tasks.LIVES]
    )
    composed += [
        f"move.{kind}{end}" for kind in ("transfer", "tip", "issue") for end in ("", ".verb", ".memo_hint", ".sentence")
    ]
    composed += [f"task_submit.{end}" for end in ("title", "verb", "hint", "note")]
    composed += [f"peer.path.{p}" for p in show.PATH_ICONS] + [
        f"identity.strength.{s}" for s in ("short", "fair", "good")
    ]
    composed += [f"ledger.kind.{k}" for k in ("issue", "transfer", "tip", "escrow", "pay", "refund")]
    composed += [f"tally.outcome.{o}" for o in ("passed", "not_passed", "decided", "none")]
    assert sorted(k for k in composed if k not in EN) == []


def test_every_text_of_governance_exists() -> None:
    composed = [f"kind.{kind}" for kind in KINDS] + [f"choice.{c}" for c in (*BINDING, *POWERS, *PROPOSERS)]
    composed += [f"charter.{name}.about" for name in PARAMETERS] + [f"permission.{p}" for p in PERMISSIONS]
    composed += [f"effect.{do}" for do in EFFECTS] + [f"method.{name}" for name in METHODS]
    composed += [f"field.{name.rstrip('?')}" for fields in FIELDS.values() for name in fields]
    composed += [f"execution.{e}" for e in ("none", "waiting", "done", "failed", "expired")]
    composed += [f"{t}.{one.code}{end}" for one in TEMPLATES for t, end in (("template", ""), ("template", ".text"))]
    composed += [f"vote.{name}" for name in ("yes", "no", "abstain", "agree", "disagree", "object")]
    composed += [f"delegation.{part}.{s}" for s in ("everything", "department", "topic") for part in ("kind", "scope")]
    composed += [f"payment.{s}" for s in ("waiting", "paid", "cancelled")]
    composed += [f"member.status.{s}" for s in ("active", "joining", "applicant", "suspended", "left", "expelled")]
    composed += [f"people.tab.{t}" for t in PEOPLE_TABS] + [f"charter.tab.{t}" for t in ("rules", "history", "texts")]
    assert sorted(k for k in composed if k not in EN) == []


def test_texts_of_the_charter_are_complete() -> None:
    from dao_app.core.rules.charter import PARAMETERS
    from dao_app.core.rules.roles import ROLES

    assert [name for name in PARAMETERS if f"charter.{name}" not in EN] == []
    assert [name for name in ROLES if f"role.{name}" not in EN] == []


def test_every_use_case_that_the_window_calls_exists() -> None:
    from dao_app.app.api import Api

    called = set()
    for path in UI.rglob("*.py"):
        called |= set(re.findall(r'(?:ask|write|call)\(\s*\w+(?:\.\w+)*,\s*"([a-z_]+)"', path.read_text("utf-8")))
    assert len(called) > 20
    assert sorted(name for name in called if not hasattr(Api, name)) == []
