"""The window itself: clipboard, faults, joins that were begun before, icon and title."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from dao_app.app import views as v
from dao_app.ui.clipboard import Clipboard
from dao_app.ui.start import program_icon, report_faults
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import LIN, ORG
from tests.ui.conftest import WAIT_MS, Opened

Open = Callable[..., Opened]


def test_a_copied_invitation_is_taken_off_the_clipboard(qtbot: Any, qapp: QApplication) -> None:
    clipboard = Clipboard(clear_ms=1)
    clipboard.copy_secret("guildhall:join/secret")
    qtbot.waitUntil(lambda: QGuiApplication.clipboard().text() == "", timeout=WAIT_MS)


def test_what_somebody_else_copied_since_stays(qapp: QApplication) -> None:
    clipboard = Clipboard()
    clipboard.copy_secret("guildhall:join/secret")
    QGuiApplication.clipboard().setText("shopping list")
    clipboard.forget()
    assert QGuiApplication.clipboard().text() == "shopping list"


def test_closing_the_window_takes_the_secret_off(opened: Open) -> None:
    o = opened()
    o.window.ui.clipboard.copy_secret("guildhall:join/secret")
    o.window.close()
    assert QGuiApplication.clipboard().text() == ""


def test_a_fault_of_ours_is_logged_and_said(
    opened: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    o = opened()
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    report_faults(o.window)
    try:
        raise ZeroDivisionError("made by the test")
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    o.settle()
    assert o.window.shell.problem.isVisible()
    assert "made by the test" in caplog.text


def test_a_join_begun_before_is_shown_at_the_start(opened: Open) -> None:
    engine = FakeEngine(filled=False)
    engine.identity = v.IdentityView(True, True, LIN.id, "Lin Wei", LIN.fingerprint, True)
    engine.joining = v.JoinView(ORG, "searching", 0, 0)
    joining = v.OrgRow(ORG, "", 0, "joining", ())
    engine.org_list = lambda: (joining,)  # type: ignore[method-assign]
    o = opened(engine)
    o.until(lambda: o.window.start.page() is o.window.start.sync)
    assert o.window.start.sync.problem.isHidden()


def test_the_last_organisation_is_opened_again(opened: Open) -> None:
    engine = FakeEngine()
    engine.orgs.append(v.OrgRow("b" * 64, "Second", 2, "active", ("member",)))
    engine.org_show = lambda org: v.OrgView(  # type: ignore[method-assign]
        next(r for r in engine.orgs if r.id == org), "", 0, (), (), LIN, ()
    )
    o = opened(engine, org="b" * 64)
    assert o.window.ui.org == "b" * 64
    assert "Second" in o.window.windowTitle()
    assert o.settings.values["org"] == "b" * 64


def test_settings_of_any_kind_are_survived(opened: Open) -> None:
    o = opened(language="xx", theme=7, scale="huge", org=None, single_keys="yes")
    assert o.window.ui.texts.language in ("en", "zh")
    assert o.window.ui.look.scale == 100


def test_the_program_has_an_icon(qapp: QApplication) -> None:
    assert not program_icon().isNull()
