"""Every key that the window names stands in the catalogue, and the window names no adapter."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from dao_app.app.task_table import FIELDS
from dao_app.ui.dialogs import settings, tasks
from dao_app.ui.models import show, show_tasks
from dao_app.ui.pages import start_frame, today, trust
from dao_app.ui.pages.proposals import TABS
from dao_app.ui.pages.task_pane import GESTURES, NOTED
from dao_app.ui.widgets.sidebar import PAGES

PAYMENTS = ("planned", "held", "unsealed", "pending", "paid", "disputable", "returned")
ROOT = Path(__file__).parents[2]
UI = ROOT / "dao_app" / "ui"
EN = json.loads((ROOT / "resources" / "strings" / "en.json").read_bytes())
SHAPE = re.compile(r"^[a-z_]+(\.[a-z_0-9-]+)+$")
NOT_KEYS = {"guildhall.svg", "tasks.csv", "icons.json", "tokens.json", "app.texts"}
PERMISSIONS = re.compile(
    r"^(comment\.add|content\.erase|token\.(transfer|tip|issue)|treasury\.spend|task\.(open|claim|submit|review|fund|cancel)"
    r"|proposal\.(open|table)|vote\.cast|contribution\.(claim|endorse)|invite\.(create|role))$"
)


def literals() -> set[str]:
    found = set()
    for path in UI.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SHAPE.match(node.value):
                found.add(node.value)
    return found - NOT_KEYS


def test_every_key_written_out_exists() -> None:
    missing = sorted(k for k in literals() if k not in EN and not PERMISSIONS.match(k))
    assert missing == []


def test_every_key_put_together_exists() -> None:
    composed = [f"page.{name}" for name, _, _ in PAGES]
    composed += [f"task.status.{s}" for s in show_tasks.ICONS] + [f"task.do.{g}" for g, _, _ in GESTURES]
    composed += [f"task_{g}.{end}" for g in NOTED for end in ("title", "verb", "hint", "note")]
    composed += [f"task.held.{g}" for g in ("publish", "claim", "start", "unassign", "cancel", "accept")]
    composed += [f"task.payment.{p}" for p in PAYMENTS] + [f"task.field.{f}" for f in ("none", *FIELDS)]
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
        [f"trust.tab.{t}" for t in trust.TABS] + [text for _, text in settings.KEY_HELP] + [k for _, k in tasks.LIVES]
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
