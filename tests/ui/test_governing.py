"""Ballots of every method, the new proposal, the charter, and the tabs of the People page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from dao_app.core.voting.registry import METHODS, method
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.governing import DelegateDialog, DepartmentDialog, FirmDialog, RoleDialog
from dao_app.ui.dialogs.payments import RequestDialog, ScheduleDialog
from dao_app.ui.dialogs.proposals import ProposalDialog, methods_for
from dao_app.ui.pages.people import TABS
from dao_app.ui.widgets.ballots import BallotBox, Marks, Ranked, Segments, Shares, ballot_for
from tests.fakes.sample import AMARA, JONAS, ident
from tests.ui.conftest import Opened

OPTIONS = ("Harbour", "Mill", "Library")
CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
VALUES: dict[str, Any] = {
    "yes-no-abstain": "no", "single": 2, "approval": [1, 3], "score": {"1": 5, "3": 0}, "ranked": [3, 1],
    "copeland": [2, 3, 1], "schulze": [[2], [1, 3]], "stv": [2], "weighted": {"1": 30, "2": 70},
    "quadratic": {"3": 100}, "consent": {"stance": "disagree"},
}  # fmt: skip


@pytest.fixture
def o(opened: Callable[..., Opened]) -> Iterator[Opened]:
    yield opened()


def ballot(o: Opened, name: str, **parameters: Any) -> BallotBox:
    made = ballot_for(o.window.ui, name, OPTIONS, parameters)
    made.setParent(o.window)
    made.show()
    return made


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_has_a_ballot_that_keeps_what_was_cast(o: Opened, name: str) -> None:
    control = ballot(o, name)
    if name != "approval":
        assert control.value() is None  # nothing is signed unasked
    control.preset(VALUES[name])
    assert control.value() == VALUES[name]
    found = METHODS[name]
    options = len(found.fixed_options) or len(OPTIONS)
    assert found.check_choice(control.value(), options)


def test_ranking_by_keys(o: Opened) -> None:
    control = ballot(o, "ranked")
    assert isinstance(control, Ranked)
    rows = control.list
    assert control.choose(2) and control.choose(0)
    assert control.value() == [3, 1]
    rows.setCurrentRow(1)
    QTest.keyClick(rows, Qt.Key.Key_Up, ALT)
    assert control.value() == [1, 3]
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert control.value() == [3]
    QTest.keyClick(rows, Qt.Key.Key_Equal)
    assert control.value() == [3]


def test_equal_ranks_and_complete_rankings(o: Opened) -> None:
    tiers = ballot(o, "schulze")
    assert isinstance(tiers, Ranked)
    tiers.preset([[1], [2]])
    tiers.list.setCurrentRow(1)
    QTest.keyClick(tiers.list, Qt.Key.Key_Equal)
    assert tiers.value() == [[1, 2]]
    complete = ballot(o, "copeland")
    complete.preset([1, 2])
    assert complete.value() is None
    complete.preset([1, 2, 3])
    assert complete.value() == [1, 2, 3]


def test_marks_by_keys_and_typed(o: Opened) -> None:
    control = ballot(o, "score")
    assert isinstance(control, Marks)
    first = control.findChildren(Segments)[0]
    QTest.keyClick(first, Qt.Key.Key_4)
    QTest.keyClick(first, Qt.Key.Key_Right)
    QTest.keyClick(first, Qt.Key.Key_Right)
    assert control.value() == {"1": 5}
    QTest.keyClick(first, Qt.Key.Key_Backspace)
    assert control.value() is None
    large = ballot(o, "score", max=100)
    large.preset({"2": 70})
    assert large.value() == {"2": 70}


def test_shares_that_are_no_whole_credits_are_kept(o: Opened) -> None:
    control = ballot(o, "weighted")
    assert isinstance(control, Shares)
    control.preset({"1": "0.5", "2": 1})
    assert control.value() == {"1": "0.5", "2": 1}
    control._steppers[0].field.setValue(7)
    assert control.value() == {"1": 7, "2": 1}


def test_an_objection_needs_a_reason(o: Opened) -> None:
    o.go("proposals", ident("proposal 59"))
    o.until(lambda: o.window.shell.proposals.detail.proposal is not None)
    detail = o.window.shell.proposals.detail
    panel = detail.vote_panel
    shown = detail._detail
    assert shown is not None
    panel.show_proposal(dataclasses.replace(shown, row=dataclasses.replace(shown.row, method="consent")))
    assert panel.choose(3) and not panel._sign.isEnabled() and not panel.sign()
    panel.reason.setText("It breaks the lease")
    assert panel.sign()
    o.window.ui.drafts.flush()
    o.settle()
    call = o.engine.named("vote")[0]
    assert (call["choice"], call["reason"]) == ({"stance": "object"}, "It breaks the lease")


def test_any_ballot_may_say_why(o: Opened) -> None:
    o.go("proposals", ident("proposal 59"))
    o.until(lambda: o.window.shell.proposals.detail.proposal is not None)
    panel = o.window.shell.proposals.detail.vote_panel
    assert panel.choose(0)
    panel.reason.setText("Cheaper in the long run")
    assert panel.sign() and panel.reason.text() != ""  # kept until it is signed: it may be taken back
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("vote")[0]["reason"] == "Cheaper in the long run"
    assert panel.reason.text() == ""


def dialog(o: Opened, kind: type[QWidget]) -> Any:
    o.settle()
    return next(d for d in o.window.findChildren(kind) if d.isVisible())


def test_a_spending_proposal_is_checked_and_signed_with_its_effect(o: Opened) -> None:
    o.go("proposals")
    o.window.shell.proposals.primary()
    shown = dialog(o, ProposalDialog)
    shown.template.pick("spending")
    o.settle()
    shown.title.setText("A new press")
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert o.engine.named("proposal_open") == []  # the amount is missing
    form = shown.effects._forms[0]
    form.preset({"to": JONAS.id, "amount": "12.50"})
    shown._check()
    o.settle()
    assert o.engine.named("proposal_check")[0]["effects"] == [
        {"do": "pay", "to": JONAS.id, "amount": "12.50", "from": "treasury"}
    ]
    assert shown._checked.isVisible()
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    call = o.engine.named("proposal_open")[0]
    assert (call["kind"], call["method"], call["effects"][0]["amount"]) == ("spending", "yes-no-abstain", "12.50")


def test_instalments_are_chosen_in_words(o: Opened) -> None:
    o.go("proposals")
    o.window.shell.proposals.primary()
    shown = dialog(o, ProposalDialog)
    shown.template.pick("spending")
    o.settle()
    shown.effects.add("schedule")
    form = shown.effects._forms[1]
    form.preset({"to": JONAS.id, "amount": "12", "count": "3", "every": "2592000", "revocable": "no"})
    assert form.form() == {
        "do": "schedule", "to": JONAS.id, "amount": "12", "count": "3", "every": "2592000", "first": "0",
        "from": "treasury", "revocable": "no",
    }  # fmt: skip


def test_an_election_takes_candidates_and_no_options(o: Opened) -> None:
    o.go("proposals")
    o.window.shell.proposals.primary()
    shown = dialog(o, ProposalDialog)
    shown.template.pick("election")
    o.settle()
    shown.title.setText("Who keeps the books?")
    form = shown.effects._forms[0]
    for id_ in (AMARA.id, JONAS.id):
        form._controls["candidates"]._checks[id_].setChecked(True)
    form.preset({"role": "treasurer"})
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    call = o.engine.named("proposal_open")[0]
    assert call["options"] == []
    assert set(call["effects"][0]["candidates"].split(",")) == {AMARA.id, JONAS.id}


def test_kinds_offer_the_methods_that_suit_them() -> None:
    assert set(methods_for("decision")) == set(METHODS)
    assert methods_for("spending") == ("yes-no-abstain", "consent")
    assert all(method(name, {}) for name in methods_for("election"))


def test_a_change_of_the_charter_is_proposed_from_its_rule(o: Opened) -> None:
    o.go("charter")
    page = o.window.shell.pages["charter"]
    row = next(r for r in page._view.rows if r.name == "quorum_bp")
    page._open_rule(row)
    o.settle()
    page.keys()["E"]()
    shown = dialog(o, ProposalDialog)
    o.settle()
    form = shown.effects._forms[0]
    assert form._current("name") == "quorum_bp"
    shown.title.setText("A higher quorum")
    form.preset({"value": "3000"})
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert o.engine.named("proposal_open")[0]["effects"] == [{"do": "amend", "name": "quorum_bp", "value": "3000"}]


def test_the_charter_shows_history_texts_and_the_stop(o: Opened) -> None:
    o.go("charter", "history")
    page = o.window.shell.pages["charter"]
    assert [r.name for r in page._history.rows.rows()] == ["spending.quorum_bp", "quorum_bp"]
    page.open("texts")
    o.settle()
    assert [r.title for r in page._texts.rows.rows()] == ["Code of conduct"]
    assert page._stop.isVisible()
    page.ask_stop()
    shown = next(d for d in o.window.findChildren(QWidget) if type(d).__name__ == "StopDialog" and d.isVisible())
    shown.reason.setPlainText("The treasury key was lost")
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert o.engine.named("emergency_stop")[0]["reason"] == "The treasury key was lost"
    assert page._notice.isVisible()


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_of_people_shows_rows(o: Opened, tab: str) -> None:
    o.go("people", tab)
    page = o.window.shell.people
    assert page._tabs.selected() == tab
    if tab in page._more:
        table = page._more[tab].roles if tab == "roles" else page._more[tab].table
        assert table.currentIndex() == 0
        assert len(table.rows.rows()) > 0


def test_firms_are_absent_where_their_module_is_off(opened: Callable[..., Opened]) -> None:
    from dataclasses import replace

    from tests.fakes.engine import FakeEngine

    class Points(FakeEngine):
        def org_show(self, org: str) -> Any:
            return replace(super().org_show(org), modules=("tasks",))

    found = opened(engine=Points())
    found.go("people")
    assert not found.window.shell.people._tabs._buttons["firms"].isVisible()


def test_requests_and_instalments_under_treasury(o: Opened) -> None:
    o.go("treasury", "requests")
    page = o.window.shell.treasury
    tab = page._more["requests"]
    tab.table.list.setCurrentIndex(tab.table.rows.index(0))
    o.settle()
    tab._buttons["settle"].click()
    o.settle()
    asked = next(d for d in o.window.findChildren(ConfirmDialog) if d.isVisible())
    QTest.keyClick(asked, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert len(o.engine.named("payment_settle")) == 1
    page.primary()
    shown = dialog(o, RequestDialog)
    shown.amount.setText("5")
    shown.payer.pick(JONAS.id)
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert o.engine.named("payment_request")[0]["payer"] == JONAS.id
    page.open("schedules")
    o.settle()
    page.primary()
    shown = dialog(o, ScheduleDialog)
    shown.amount.setText("120")
    shown.to.pick(JONAS.id)
    shown.source.pick("treasury")
    shown.vesting.setChecked(True)
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    call = o.engine.named("schedule_open")[0]
    assert (call["instalments"], call["source"], call["revocable"]) == (12, "treasury", False)


def test_gestures_of_departments_firms_and_delegations(o: Opened) -> None:
    o.go("people", "departments")
    page = o.window.shell.people
    tab = page._more["departments"]
    tab.table.list.setCurrentIndex(tab.table.rows.index(0))
    o.settle()
    tab._buttons["give"].click()
    shown = dialog(o, RoleDialog)
    shown.member.pick(AMARA.id)
    shown.role.pick("treasurer")
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert o.engine.named("role_give")[0]["role"] == "treasurer"
    page.primary()
    shown = dialog(o, DepartmentDialog)
    shown.name.setText("Outreach")
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert o.engine.named("department_open")[0]["name"] == "Outreach"
    page.open("firms")
    o.settle()
    page.primary()
    shown = dialog(o, FirmDialog)
    shown.name.setText("New Ltd")
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    assert [limit for _, limit in o.engine.named("firm_register")[0]["signers"]] == ["-"]
    page.open("delegations")
    o.settle()
    page.primary()
    shown = dialog(o, DelegateDialog)
    shown.to.pick(JONAS.id)
    shown.scope.pick("topic")
    shown.topic.setText("money")
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()
    call = o.engine.named("delegate")[0]
    assert (call["to"], call["topic"], call["department"]) == (JONAS.id, "money", "")
