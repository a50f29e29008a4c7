"""The palette has everything once; every single key is told; what moves value is asked before it is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from dao_app.ui.commands import NEW, commands
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.dialogs.keys import KEY_HELP, KeysDialog
from dao_app.ui.dialogs.palette import Palette
from dao_app.ui.dialogs.proposals import ProposalDialog
from dao_app.ui.shell import PAGE_KINDS
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import ident
from tests.ui.conftest import Opened
from tests.ui.test_pages import dialog, key, sign

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def o(opened: Callable[..., Opened]) -> Opened:
    return opened()


def open_dialogs(o: Opened) -> list[QDialog]:
    return [d for d in o.window.findChildren(QDialog) if d.isVisible()]


# -- the palette -------------------------------------------------------------------------------
def test_every_command_stands_there_once_and_in_words(o: Opened) -> None:
    found = commands(o.window)
    assert len({entry.name for entry in found}) == len({entry.text for entry in found}) == len(found)
    assert not [entry.text for entry in found if "." in entry.text.strip("…")]
    assert {key_ for key_, *_ in NEW} <= {entry.name for entry in found}


@pytest.mark.parametrize("number", range(60))
def test_every_command_leads_somewhere(o: Opened, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = commands(o.window)
    if number >= len(found):
        return
    entry = found[number]
    saved: list[int] = []
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *a: saved.append(1) or ("", ""))
    entry.act()
    o.settle()
    led = o.window.shell.page().name != "today" or open_dialogs(o) or saved
    assert led or entry.name == "go today" or o.window.start.isVisible(), entry.name
    if entry.name in {name for name, *_ in NEW}:
        assert open_dialogs(o), entry.name
    assert not o.window.shell.problem.isVisible()
    for shown in open_dialogs(o):
        QTest.keyClick(shown, Qt.Key.Key_Escape)
        o.settle()
    assert open_dialogs(o) == [], entry.name


def test_without_permissions_nothing_is_offered(opened: Callable[..., Opened]) -> None:
    engine = FakeEngine()
    engine.permissions = ()
    o = opened(engine)
    names = {entry.name for entry in commands(o.window)}
    assert not names & {key_ for key_, *_ in NEW}
    assert not names & {"move.tip", "move.issue", "match.new", "task.import", "emergency.ask"}


def test_a_template_is_chosen_in_the_palette(o: Opened) -> None:
    key(o, (Qt.Key.Key_K, CONTROL))
    shown = dialog(o, Palette)
    shown.field.setText("spend from the tr")
    o.settle()
    QTest.keyClick(shown.field, Qt.Key.Key_Return)
    o.settle()
    made = dialog(o, ProposalDialog)
    assert made.template.currentData() == "spending"
    QTest.keyClick(made, Qt.Key.Key_Escape)
    o.go("today")
    key(o, (Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier))
    assert open_dialogs(o) == []  # going back opens no dialog again


# -- keys --------------------------------------------------------------------------------------
def told(section: str) -> set[str]:
    keys = " ".join(caps for name, rows in KEY_HELP if name in (section, "keys.everywhere") for caps, _ in rows)
    return set(keys.split())


@pytest.mark.parametrize("page", sorted(PAGE_KINDS))
def test_every_single_key_of_a_page_is_told(o: Opened, page: str) -> None:
    target = {"tasks": ident("task 214"), "proposals": ident("proposal 60")}.get(page, "")
    o.go(page, target)
    o.settle()
    known = told(f"page.{page}")
    offered = o.window.shell.page().keys()
    pressed = {k for k in offered if not k.isdigit()}
    if page == "proposals":
        pressed = {k for k in pressed if k in "CVDJKSEX"}  # the letters of options are told as A … Z
    assert pressed <= known, pressed - known


def test_no_key_is_told_twice_in_a_section() -> None:
    for section, rows in KEY_HELP:
        plain = [keys for keys, _ in rows if not keys.startswith(("Ctrl", "Alt", "G ")) and "…" not in keys]
        caps = [cap for keys in plain for cap in keys.split()]
        assert len(caps) == len(set(caps)), section


def test_the_keys_dialog_fits_and_closes(o: Opened) -> None:
    key(o, Qt.Key.Key_Question)
    shown = dialog(o, KeysDialog)
    QTest.keyClick(shown, Qt.Key.Key_Escape)
    o.settle()
    assert open_dialogs(o) == []


# -- what moves value is confirmed -----------------------------------------------------------------
def press(o: Opened, page: str, tab: str, gesture: str) -> QWidget:
    o.go(page, tab)
    shown: Any = o.window.shell.page()._more[tab]  # type: ignore[attr-defined]
    table = shown.payments if gesture in ("approve", "cancel_payment") else shown.table
    table.list.setCurrentIndex(table.rows.index(0))
    o.settle()
    shown._buttons[gesture].click()
    o.settle()
    return shown


@pytest.mark.parametrize(
    ("page", "tab", "gesture", "method"),
    [
        ("treasury", "requests", "settle", "payment_settle"), ("treasury", "schedules", "stop", "schedule_stop"),
        ("people", "firms", "approve", "firm_approve"), ("people", "firms", "cancel_payment", "firm_cancel"),
    ],
)  # fmt: skip
def test_what_moves_value_is_asked_first(o: Opened, page: str, tab: str, gesture: str, method: str) -> None:
    press(o, page, tab, gesture)
    assert o.engine.named(method) == []
    sign(o, dialog(o, ConfirmDialog))
    assert len(o.engine.named(method)) == 1


@pytest.mark.parametrize(
    ("page", "tab", "gesture", "method"),
    [("treasury", "requests", "close_request", "payment_close"), ("people", "delegations", "revoke", "delegate")],
)
def test_what_can_be_made_again_can_be_undone(o: Opened, page: str, tab: str, gesture: str, method: str) -> None:
    o.go(page, tab)
    o.settle()
    if tab == "delegations":
        table = o.window.shell.people._more[tab].table
        table.list.setCurrentIndex(table.rows.index(1))
        o.settle()
        o.window.shell.people._more[tab]._buttons[gesture].click()
        o.settle()
    else:
        press(o, page, tab, gesture)
    assert o.engine.named(method) == [] and o.window.shell.toast.isVisible()
    QTest.keyClick(o.window, Qt.Key.Key_Z, CONTROL)
    o.settle()
    o.window.ui.drafts.flush()
    assert o.engine.named(method) == []


def test_signing_keys_and_escape_work_in_every_dialog(o: Opened) -> None:
    """Ctrl+Enter tries the main action, Esc leaves, wherever the focus is."""
    for entry in commands(o.window):
        if entry.name in {name for name, *_ in NEW}:
            entry.act()
            o.settle()
            for shown in open_dialogs(o):
                assert isinstance(shown, Dialog)
                focused = shown.focusWidget()
                assert focused is not None, entry.name
                QTest.keyClick(focused, Qt.Key.Key_Escape)
                o.settle()
            assert open_dialogs(o) == [], entry.name
