"""The Contributions page: disputes and valuations, sharing out points, pools, payouts, earnings and statements."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from dao_app.app import views as v
from dao_app.app.earnings import SOURCES, STATEMENT_COLUMNS
from dao_app.app.errors import Refused
from dao_app.app.texts import Texts
from dao_app.core.rules.matching import MODES
from dao_app.core.rules.rounds import KINDS, POLICIES
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.dialogs.contributions import ContributionDialog, DisputeDialog, ValueDialog
from dao_app.ui.dialogs.rewards import AnswerDialog, GiveDialog, MatchDialog, PayoutDialog, RoundDialog
from dao_app.ui.pages.contributions import TABS, ContributionsPage
from dao_app.ui.pages.today import TodayPage
from dao_app.ui.statement import Statement, pdf_of
from dao_app.ui.widgets.chart import scale_top
from tests.fakes.rewards import earn
from tests.fakes.sample import AMARA, JONAS, LIN, ident
from tests.ui.conftest import Opened
from tests.ui.test_pages import CONTROL, dialog, key, sign

Open = Callable[..., Opened]


@pytest.fixture
def o(opened: Open) -> Opened:
    return opened()


def page(o: Opened, target: str = "") -> ContributionsPage:
    o.go("contributions", target)
    o.settle()
    return o.window.shell.contributions


def flush(o: Opened) -> None:
    o.window.ui.drafts.flush()
    o.settle()


# -- contributions -------------------------------------------------------------------------------
def test_a_claim_carries_category_and_evidence(o: Opened) -> None:
    page(o)
    key(o, Qt.Key.Key_N)
    shown = dialog(o, ContributionDialog)
    shown.title.setText("Repaired the door")
    shown.category.setText("care")
    shown.links.insertPlainText("https://example.org/a\n\nhttps://example.org/b")
    sign(o, shown)
    call = o.engine.named("contribution_claim")[0]
    assert (call["category"], call["department"]) == ("care", "")
    assert call["evidence"] == [("https://example.org/a", ""), ("https://example.org/b", "")]


def test_disputing_asks_for_a_reason(o: Opened) -> None:
    found = o.engine.contributions[ident("con 4")]
    o.engine.contributions[found.id] = replace(found, can=("endorse", "dispute", "value", "comment"))
    page(o, found.id)
    key(o, Qt.Key.Key_D)
    shown = dialog(o, DisputeDialog)
    sign(o, shown)
    assert not o.engine.named("contribution_dispute") and shown.isVisible()
    shown.reason.insertPlainText("I wrote these")
    sign(o, shown)
    assert o.engine.named("contribution_dispute")[0]["reason"] == "I wrote these"
    o.settle()
    pane = o.window.shell.contributions.pane
    assert pane.chip.accessibleName() == "Disputed" and not pane._disputes_box.isHidden()
    assert not pane._buttons["withdraw"].isHidden() and pane._buttons["endorse"].isHidden()
    pane.withdraw()
    flush(o)
    assert o.engine.named("contribution_withdraw")[0]["contribution"] == found.id


def test_a_valuation_stays_within_the_charter(o: Opened) -> None:
    found = o.engine.contributions[ident("con 4")]
    o.engine.contributions[found.id] = replace(found, can=("value", "comment"))
    page(o, found.id)
    key(o, Qt.Key.Key_V)
    shown = dialog(o, ValueDialog)
    shown.points.setValue(500)
    assert shown.points.value() == 100
    sign(o, shown)
    assert o.engine.named("contribution_value")[0]["points"] == 100


# -- rounds --------------------------------------------------------------------------------------
def test_points_are_shared_out_and_signed_by_ctrl_enter(o: Opened) -> None:
    found = page(o, "round:" + ident("round 16"))
    pane = found.round_pane
    o.until(lambda: bool(pane.sheet._steppers))
    assert "Everybody sees" in pane._open_gifts.text()
    assert LIN.id not in pane.sheet._steppers
    assert not pane.sign_button.isEnabled()
    pane.sheet._steppers[AMARA.id].field.setValue(70)
    pane.sheet._steppers[JONAS.id].field.setValue(50)
    assert pane.sheet._steppers[JONAS.id].field.value() == 30
    assert pane.sheet._given.text() == "Given 100 of 100"
    pane.note.setText("for the guide")
    key(o, (Qt.Key.Key_Return, CONTROL))
    flush(o)
    call = o.engine.named("round_give")[0]
    assert call["gifts"] == [(AMARA.id, 70), (JONAS.id, 30)] and call["note"] == "for the guide"
    o.settle()
    assert not pane.sign_button.isEnabled() and pane.sheet.total() == 100


def test_what_is_being_shared_out_survives_a_refresh_and_a_refusal(o: Opened) -> None:
    pane = page(o, "round:" + ident("round 16")).round_pane
    o.until(lambda: bool(pane.sheet._steppers))
    pane.sheet._steppers[AMARA.id].field.setValue(10)
    o.engine.tell("rewards")
    o.until(lambda: len(o.engine.named("round_show")) > 1)
    o.settle()
    assert pane.sheet.gifts() == [(AMARA.id, 10)]
    o.engine.fail["round_give"] = Refused("reject.round_closed")
    pane.sign()
    flush(o)
    assert pane.sheet.gifts() == [(AMARA.id, 10)] and pane.sign_button.isEnabled()
    assert o.window.shell.problem.isVisible()


def test_splitting_evenly_gives_every_point(o: Opened) -> None:
    pane = page(o, "round:" + ident("round 16")).round_pane
    o.until(lambda: bool(pane.sheet._steppers))
    pane.sheet.split_evenly()
    assert sorted(points for _, points in pane.sheet.gifts()) == [16, 16, 17, 17, 17, 17]
    pane.sheet._steppers[AMARA.id].field.setValue(0)
    assert pane.sheet.total() == 100 - 17


def test_a_closed_round_shows_its_computation(o: Opened) -> None:
    pane = page(o, "round:" + ident("round 15")).round_pane
    o.until(lambda: pane.lines.rows.rowCount() == 2)
    assert pane._give_box.isHidden() and pane.sign_button.isHidden()
    said = [pane.lines.rows.index(place).data(Qt.ItemDataRole.AccessibleTextRole) for place in range(2)]
    assert "received 40 · weight 40" in said[0] and "1,600" in said[0]
    gift = pane.gifts.rows.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "does not count" in gift


def test_opening_a_round(o: Opened) -> None:
    page(o, "rounds")
    key(o, Qt.Key.Key_N)
    shown = dialog(o, RoundDialog)
    sign(o, shown)
    assert not o.engine.named("round_open") and shown._title_field._note.isVisible()
    shown.title.setText("April")
    shown.amount.setText("2400")
    shown.policy.pick("recent")
    assert shown.look.value() == 20
    shown.policy.pick("special")
    assert not shown.kind.isEnabled() and shown.kind.currentData() == "points" and shown._points_field.isHidden()
    shown.policy.pick("balanced")
    shown.kind.pick("both")
    sign(o, shown)
    call = o.engine.named("round_open")[0]
    assert (call["kind"], call["policy"], call["look"], call["payer"]) == ("both", "balanced", 0, "treasury")
    assert (call["givers"], call["to"], call["window_s"]) == ([], "", 604_800)


def test_pools_projects_and_gifts(o: Opened) -> None:
    found = page(o, "rounds")
    found.rounds.new_pool()
    shown = dialog(o, MatchDialog)
    shown.title.setText("Pool")
    shown.amount.setText("900")
    shown.projects.insertPlainText("Garden")
    sign(o, shown)
    assert not o.engine.named("match_open")
    shown.projects.setPlainText("Garden = department:Operations\nChoir=Sofia")
    sign(o, shown)
    assert o.engine.named("match_open")[0]["projects"] == [("Garden", "department:Operations"), ("Choir", "Sofia")]
    found.open("match:" + ident("match 1"))
    o.settle()
    found.match_pane.give(o.engine.matches[ident("match 1")].projects[1])
    gift = dialog(o, GiveDialog)
    gift.amount.setText("10")
    assert "10\u00a0GLD" in gift._sentence.text() and "Evening choir" in gift._sentence.text()
    sign(o, gift)
    assert o.engine.named("match_give")[0]["project"] == 2
    found.match_pane.cancel()
    sign(o, dialog(o, ConfirmDialog))
    assert o.engine.named("match_cancel")[0]["match"] == ident("match 1")


# -- payouts -------------------------------------------------------------------------------------
def test_the_receiver_confirms_or_disputes_a_payout(o: Opened) -> None:
    found = page(o, "payout:" + ident("payout 3"))
    tab = found.payouts
    o.until(lambda: not tab._buttons["confirm_payout"].isHidden())
    tab.dispute()
    shown = dialog(o, AnswerDialog)
    sign(o, shown)
    assert not o.engine.named("payout_dispute")
    shown.reject()
    tab.confirm()
    sign(o, dialog(o, ConfirmDialog))
    assert o.engine.named("payout_confirm")[0]["payout"] == ident("payout 3")
    o.until(tab._buttons["confirm_payout"].isHidden)
    tab._as._buttons["year"].click()
    o.until(lambda: tab.totals.rows.rowCount() == 2)
    assert o.engine.named("payout_totals")[-1]["by"] == "year"


def test_recording_a_payout(o: Opened) -> None:
    page(o, "payouts")
    key(o, Qt.Key.Key_N)
    shown = dialog(o, PayoutDialog)
    assert shown.to.findData(LIN.id) < 0 and shown.day.text() == "2026-03-12"
    shown.to.pick(JONAS.id)
    shown.amount.setText("120.50")
    sign(o, shown)
    assert not o.engine.named("payout_record")
    shown.currency.setText("CNY")
    sign(o, shown)
    call = o.engine.named("payout_record")[0]
    assert (call["to"], call["amount"], call["currency"], call["day"]) == (JONAS.id, "120.50", "CNY", "2026-03-12")


# -- earnings ------------------------------------------------------------------------------------
def test_a_bar_opens_its_entries_and_an_entry_its_action(o: Opened) -> None:
    entry = o.engine.log_list(o.window.ui.org, 1)[0].id
    rows = (replace(o.engine.earned.rows[0], action=entry), *o.engine.earned.rows[1:])
    o.engine.earned = replace(o.engine.earned, rows=rows)
    found = page(o, "mine")
    tab = found.earnings
    o.until(lambda: tab.entries.rows.rowCount() == 6)
    assert "294" in tab.chart.accessibleName() and "Reward round 148" in tab.chart.accessibleName()
    QTest.keyClick(tab.chart, Qt.Key.Key_Left)
    assert tab._period.text() == "February 2026" and tab.entries.rows.rowCount() == 2
    slot = tab.chart._slot(11)
    QTest.mouseClick(tab.chart, Qt.MouseButton.LeftButton, pos=QPoint(round(slot.center().x()), 100))
    assert tab._period.text() == "March 2026"
    wanted: list[str] = []
    tab.entry_wanted.connect(wanted.append)
    first = tab.entries.rows.view(tab.entries.rows.index(0))
    tab.entries.opened.emit(first)
    assert wanted == [first.action] and o.window.shell.page().name == "trust"


def test_t_shows_the_table_and_weeks_are_counted_too(o: Opened) -> None:
    tab = page(o, "mine").earnings
    o.until(lambda: tab.entries.rows.rowCount() == 6)
    key(o, Qt.Key.Key_T)
    assert tab._shown.currentWidget() is tab.periods
    said = tab.periods.rows.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "March 2026" in said and "222" in said and "294" in said
    tab.periods.list.setCurrentIndex(tab.periods.rows.index(1))
    assert tab._period.text() == "February 2026"
    tab._by._buttons["week"].click()
    assert sum(bucket.total for bucket in tab._buckets) <= 210_500 and len(tab._buckets) == 12
    key(o, Qt.Key.Key_T)
    assert tab._shown.currentWidget() is tab.chart


def test_the_chart_has_something_for_every_source_and_language(opened: Open) -> None:
    o = opened(language="zh", theme="dark")
    rows = tuple(earn(source, 10 ** (place + 1), 0, "x") for place, source in enumerate(SOURCES))
    o.engine.earned = replace(o.engine.earned, rows=rows)
    tab = page(o, "mine").earnings
    o.until(lambda: tab.entries.rows.rowCount() == len(SOURCES))
    assert len(tab._legend._entries) == len(SOURCES)
    assert not tab.chart.grab().toImage().isNull()
    o.engine.earned = replace(o.engine.earned, rows=())
    tab.refresh()
    o.until(lambda: tab.entries.rows.rowCount() == 0)
    assert not tab.chart.grab().toImage().isNull()


@pytest.mark.parametrize(("most", "top"), [(0, 4), (1, 4), (4, 4), (5, 8), (293, 400), (80_001, 200_000)])
def test_the_scale_has_round_steps(most: int, top: int) -> None:
    assert scale_top(most) == top


def test_the_statement_is_saved_as_csv_and_pdf(o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = page(o, "mine").earnings
    o.until(lambda: tab.entries.rows.rowCount() == 6)
    table, paper = tmp_path / "s.csv", tmp_path / "s.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(table), ""))
    tab.csv.click()
    rows = list(csv.reader(io.StringIO(table.read_bytes().decode("utf-8-sig"))))
    assert len(rows) == 1 + len(o.engine.earned.rows) and rows[-1][2] == "T-198"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(paper), ""))
    tab.pdf.click()
    o.until(lambda: paper.exists() and not tab._papers._running)
    assert paper.read_bytes().startswith(b"%PDF-") and paper.stat().st_size > 3_000
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "no" / "s.pdf"), ""))
    tab.pdf.click()
    o.until(o.window.shell.problem.isVisible)


def test_foreign_text_is_no_markup_in_the_statement(o: Opened) -> None:
    page(o)
    hostile = "<img src='http://example.org/x.png'><b>bold</b>\u202egnp"
    view = replace(o.engine.earned, rows=(earn("tip", 100, 0, hostile),))
    statement = Statement(o.window.ui.texts, view, "<i>Org</i>", "Statement")
    shown = "".join(statement.entries[1])
    assert "<img src='http://example.org/x.png'><b>bold</b>" in shown and "<i>Org</i>" in statement.about
    assert "\u202e" not in shown
    assert pdf_of(statement).startswith(b"%PDF-")


def test_a_long_statement_takes_as_many_pages_as_it_needs(o: Opened) -> None:
    page(o)
    view = replace(o.engine.earned, rows=tuple(earn("tip", 100, day, "word " * 30) for day in range(60)))
    made = pdf_of(Statement(o.window.ui.texts, view, "Org", "Statement"))
    assert made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") + made.count(b"/Type/Page") > 2


# -- modules and permissions ---------------------------------------------------------------------
def test_without_the_module_there_are_no_tabs_of_rewards(o: Opened) -> None:
    found = page(o, "rounds")
    assert found.tab() == "rounds"
    assert o.window.ui.org_view is not None
    o.window.ui.org_view = replace(o.window.ui.org_view, modules=("tasks", "contributions"))
    found.refresh()
    o.settle()
    assert found.tab() == "mine"
    assert found._tabs._buttons["rounds"].isHidden() and found._tabs._buttons["payouts"].isHidden()
    o.window.ui.org_view = replace(o.window.ui.org_view, modules=("tasks", "rewards"))
    found.refresh()
    o.settle()
    assert found._tabs._buttons["all"].isHidden() and not found._tabs._buttons["rounds"].isHidden()
    assert found._new.isHidden()


def test_who_may_not_open_a_round_is_not_offered_one(opened: Open) -> None:
    def strip(engine: Any) -> Any:
        engine.permissions = tuple(p for p in engine.permissions if p not in ("round.open", "payout.record"))
        return engine

    from tests.fakes.engine import FakeEngine

    o = opened(strip(FakeEngine()))
    found = page(o, "rounds")
    assert found._new.isHidden() and found._new_pool.isHidden()
    found.primary()
    o.settle()
    assert not [d for d in o.window.findChildren(Dialog) if d.isVisible()]


@pytest.mark.parametrize(
    ("what", "target", "tab"), [("share_points", "round 16", "rounds"), ("confirm_payout", "payout 3", "payouts")]
)
def test_today_leads_to_points_to_share_and_payouts_to_confirm(o: Opened, what: str, target: str, tab: str) -> None:
    need = v.TodayItem(what, ident(target), None, "x", None, None)
    today = o.window.shell.page()
    assert isinstance(today, TodayPage)
    today._do(need)
    o.settle()
    assert o.window.shell.page() is o.window.shell.contributions
    assert o.window.shell.contributions.tab() == tab


def test_every_text_put_together_exists() -> None:
    composed = [f"contribution.tab.{name}" for name in TABS]
    composed += [f"contribution.status.{s}" for s in ("claimed", "endorsed", "disputed", "withdrawn")]
    composed += [f"round.status.{s}" for s in ("open", "closing", "paid", "returned", "cancelled")]
    composed += [f"round.nothing.{s}" for s in ("paid", "returned", "cancelled")]
    composed += [f"round.dropped.{why}" for why in ("not_a_member", "not_a_receiver")]
    composed += [f"round.fact.{name}" for name in ("amount", "payer", "opener", "closes", "policy")]
    composed += [f"round.kind.{kind}" for kind in KINDS]
    composed += [f"round.{part}.{one}" for one in POLICIES for part in ("policy", "policy_name", "policy_about")]
    composed += [f"{title}.{end}" for title in ("round.new", "match.new") for end in ("verb", "hint", "text_hint")]
    composed += [f"match.mode.{mode}" for mode in MODES] + [f"earning.source.{source}" for source in SOURCES]
    composed += [f"payout.status.{s}" for s in ("recorded", "confirmed", "disputed")]
    composed += [f"earning.state.{s}" for s in ("final", "provisional", "held")]
    composed += [f"statement.{name}" for name in STATEMENT_COLUMNS]
    composed += [f"ledger.kind.{kind}" for kind in ("reward", "support", "match")]
    texts = Texts("en")
    assert [k for k in composed if not texts.has(k)] == []
