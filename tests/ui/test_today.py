"""Today: each row leads to its object; delegates are named; the filter by department."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from dao_app.ui.pages.people_tabs import FirmsTab
from dao_app.ui.pages.today import TodayPage
from dao_app.ui.pages.treasury_tabs import RequestsTab
from tests.fakes.sample import ident
from tests.ui.conftest import Opened


@pytest.fixture
def o(opened: Callable[..., Opened]) -> Opened:
    made = opened()
    made.until(lambda: bool(page(made)._needs))
    return made


def page(o: Opened) -> TodayPage:
    return cast(TodayPage, o.window.shell.pages["today"])


def press(o: Opened, what: str) -> None:
    need = next(n for n in page(o)._needs if n.item.what == what)
    need.button.click()
    o.settle()


def test_a_request_leads_to_its_row(o: Opened) -> None:
    press(o, "pay")
    shell = o.window.shell
    assert shell.page() is shell.treasury
    tab = shell.treasury._more["requests"]
    assert isinstance(tab, RequestsTab) and tab.table.current().id == ident("request")
    assert not tab._buttons["settle"].isHidden()


def test_a_firms_payment_leads_to_its_row(o: Opened) -> None:
    press(o, "approve_payment")
    shell = o.window.shell
    assert shell.page() is shell.people
    tab = shell.people._more["firms"]
    assert isinstance(tab, FirmsTab) and tab.payments.current()[1].id == ident("payment")


def test_who_votes_in_ones_place_is_said(o: Opened) -> None:
    row = next(n for n in page(o)._needs if n.item.note == "voted")
    assert "Amara Okafor" in row.accessibleName() and "has voted for you" in row.accessibleName()
    assert not page(o)._votes_box.isHidden()


def test_coming_up_opens_by_key(o: Opened) -> None:
    rows = page(o)._upcoming
    rows.setFocus()
    rows.select(ident("task 219"))
    QTest.keyClick(rows, Qt.Key.Key_Return)
    o.settle()
    assert o.window.shell.page() is o.window.shell.tasks


def test_the_filter_by_department(o: Opened) -> None:
    today = page(o)
    every = len(today._needs)
    assert today._department.isVisible()
    today._department.pick("Platform")
    o.settle()
    assert 0 < len(today._needs) < every
    assert {n.item.department for n in today._needs} == {"Platform"}
    today._department.setCurrentIndex(0)
    o.settle()
    assert len(today._needs) == every


def test_a_refresh_keeps_the_focus_and_builds_nothing_anew(o: Opened) -> None:
    today = page(o)
    before = list(today._needs)
    before[1].button.setFocus()
    o.engine.tell("tasks")
    today.refresh()
    o.settle()
    assert today._needs == before and before[1].button.hasFocus()
