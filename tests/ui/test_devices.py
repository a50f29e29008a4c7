"""Devices and guardians in the window: adding, revoking, coming back, locking; words are compared first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.errors import InputError
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.devices import (
    ApproveDialog,
    GrantDialog,
    GrantedDialog,
    GuardiansDialog,
    HandOnDialog,
    LabelDialog,
)
from dao_app.ui.dialogs.locking import LockingDialog
from dao_app.ui.dialogs.settings import SettingsDialog
from dao_app.ui.pages.people_devices import DevicesTab
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.hand_on import HandOn, matrix_of
from tests.fakes.devices import CARD, GRANT, LAPTOP, PHONE, REQUEST, ROOT
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import AMARA, CHEN, DAY, LIN, NOW_MS
from tests.ui.conftest import Opened
from tests.ui.test_pages import Open, dialog, o, sign
from tests.ui.test_start import fresh

__all__ = ["fresh", "o"]  # fixtures
GOOD = "a good passphrase"
WORDS = ("river", "copper", "lantern", "meadow", "anchor", "willow", "marble", "harbor")


def devices(o: Opened) -> DevicesTab:
    o.go("people")
    page = o.window.shell.people
    page._tabs.select("devices")
    page._tab_chosen()
    o.settle()
    tab = page._more["devices"]
    assert isinstance(tab, DevicesTab)
    return tab


def rekeyed(o: Opened) -> None:
    """Guardians are giving this member another key."""
    waiting = d.RekeyView(LIN, "0a1b 2c3d 4e5f", WORDS, (AMARA, CHEN), 2, NOW_MS + 2 * DAY, ("refuse",))
    o.engine.guardians = replace(o.engine.guardians, waiting=(waiting,))


def choose(o: Opened, tab: DevicesTab, identity: str) -> list[str]:
    """Pick a row; which buttons are offered then."""
    assert tab.table.list.select(identity)
    o.settle()
    return [name for name, button in tab._buttons.items() if not button.isHidden()]


def test_each_row_offers_what_may_be_done(o: Opened) -> None:
    rekeyed(o)
    tab = devices(o)
    always = ["guardians_choose", "org_card"]
    assert choose(o, tab, LAPTOP) == ["device_label", "device_revoke", *always]
    assert choose(o, tab, PHONE) == ["device_label", *always]
    assert choose(o, tab, "rekey 0a1b 2c3d 4e5f") == ["guardian_refuse", *always]
    assert choose(o, tab, f"guardian {AMARA.id}") == always


def test_a_device_is_added_after_the_words_were_compared(o: Opened) -> None:
    o.engine.passphrase = GOOD
    tab = devices(o)
    tab.primary()
    shown = dialog(o, GrantDialog)
    assert not shown.main.isEnabled() and not shown.compare.isVisible()
    shown.link.put(REQUEST)
    o.settle()
    assert shown.compare.isVisible()
    shown.passphrase.setText(GOOD)
    assert not shown.main.isEnabled(), "not before the words were compared"
    shown.compare.match.setChecked(True)
    assert shown.main.isEnabled()
    shown.link.put(REQUEST + "x")
    o.settle()
    assert not shown.main.isEnabled(), "another request is to be compared anew"
    shown.compare.match.setChecked(True)
    sign(o, shown)
    assert o.engine.named("device_grant")[-1] == {"link": REQUEST + "x", "passphrase": GOOD}
    granted = dialog(o, GrantedDialog)
    granted.hand_on._copy_link()
    assert QGuiApplication.clipboard().text() == GRANT


def test_what_is_no_request_is_said(o: Opened) -> None:
    devices(o).primary()
    shown = dialog(o, GrantDialog)
    shown.link.put("guildhall:join/abc")
    o.settle()
    assert shown.problem.isVisible() and not shown.main.isEnabled()


def test_a_device_is_named_and_revoked(o: Opened) -> None:
    tab = devices(o)
    choose(o, tab, LAPTOP)
    tab._label()
    shown = dialog(o, LabelDialog)
    shown.label.setText("Office")
    sign(o, shown)
    assert o.engine.named("device_label")[0]["label"] == "Office"
    choose(o, tab, LAPTOP)
    tab._revoke()
    asked = dialog(o, ConfirmDialog)
    assert not o.engine.named("device_revoke")
    sign(o, asked)
    assert o.engine.named("device_revoke")[0]["device"] == LAPTOP


def test_guardians_are_chosen_and_how_many_are_enough(o: Opened) -> None:
    devices(o)._choose()
    o.settle()
    shown = dialog(o, GuardiansDialog)
    assert {p.id for p in shown._chosen()} >= {AMARA.id, CHEN.id} and LIN.id not in {p.id for p, _ in shown._checks}
    for person, check in shown._checks:
        check.setChecked(person.id in (AMARA.id, CHEN.id))
    assert [shown.needed.itemData(n) for n in range(shown.needed.count())] == ["1", "2"]
    shown.needed.pick("2")
    sign(o, shown)
    assert set(o.engine.named("guardian_set")[0]["members"]) == {AMARA.id, CHEN.id}
    assert o.engine.named("guardian_set")[0]["needed"] == 2


def test_no_guardian_ends_it(o: Opened) -> None:
    devices(o)._choose()
    o.settle()
    shown = dialog(o, GuardiansDialog)
    for _, check in shown._checks:
        check.setChecked(False)
    sign(o, shown)
    assert o.engine.named("guardian_set")[0] == {"org": o.window.ui.org, "members": [], "needed": 0}


def test_a_guardian_approves_after_comparing(o: Opened) -> None:
    tab = devices(o)
    ward = tab._view.wards[0]
    choose(o, tab, f"ward {ward.member.id}")
    tab._approve()
    shown = dialog(o, ApproveDialog)
    shown.link.put(ROOT)
    o.settle()
    assert not shown.main.isEnabled()
    shown.compare.match.setChecked(True)
    sign(o, shown)
    assert o.engine.named("guardian_approve")[0]["member"] == ward.member.id


def test_another_key_for_oneself_is_refused(o: Opened) -> None:
    rekeyed(o)
    tab = devices(o)
    choose(o, tab, "rekey 0a1b 2c3d 4e5f")
    tab._refuse()
    sign(o, dialog(o, ConfirmDialog))
    assert o.engine.named("guardian_refuse")


def test_the_address_card_is_handed_on(o: Opened, tmp_path: Path) -> None:
    devices(o)._card()
    o.settle()
    shown = dialog(o, HandOnDialog)
    shown.hand_on._copy_link()
    assert QGuiApplication.clipboard().text() == CARD
    shown.hand_on.save_to(tmp_path / "card.txt", b"x")
    assert (tmp_path / "card.txt").read_bytes() == b"x"


def test_a_text_too_long_for_a_picture_has_none(o: Opened) -> None:
    long = "guildhall:grant/" + "a" * 5_000
    assert matrix_of(long) is None
    widget = HandOn(o.window.ui, long, long, (), "device.words_text", "x")
    names = [button.text() or button.accessibleName() for button in widget.findChildren(Button)]
    assert o.window.ui.t("invite.save_file") in names and o.window.ui.t("invite.save_picture") not in names


# -- on the new machine ------------------------------------------------------------------------
def test_a_further_device_asks_and_comes_in(fresh: Opened) -> None:
    fresh.window.start._show_further()
    page = fresh.window.start.further
    page.go_on()
    assert not fresh.engine.named("device_request"), "a name and a passphrase first"
    page.name.setText("Office")
    page.first.setText(GOOD)
    page.again.setText(GOOD + "!")
    page.go_on()
    assert not fresh.engine.named("device_request")
    page.again.setText(GOOD)
    page.go_on()
    fresh.settle()
    assert not page.first.text() and page._stack.currentIndex() == 1
    (shown,) = page.findChildren(HandOn)
    assert shown._link == REQUEST and not page.next.isEnabled()
    page.answer.put("guildhall:grant/other")
    fresh.engine.fail["device_accept"] = InputError("device_grant_other")
    page.go_on()
    fresh.settle()
    assert page.problem.isVisible()
    page.answer.put(GRANT)
    page.go_on()
    fresh.settle()
    fresh.until(lambda: fresh.window.start.currentWidget() is fresh.window.start.sync)


def test_whoever_restored_an_identity_comes_back(fresh: Opened) -> None:
    fresh.engine.identity = v.IdentityView(True, True, LIN.id, "Lin Wei", LIN.fingerprint, True)
    fresh.window.start.identity_changed.emit(fresh.engine.identity)
    fresh.window.start._goal = "join"
    fresh.window.start._made(fresh.engine.identity, ())
    fresh.settle()
    page = fresh.window.start.org
    assert page.choice.selected() == "return" and not page.next.isEnabled()
    page.card.put(CARD)
    page.go_on()
    fresh.settle()
    assert fresh.engine.named("org_restore") == [{"link": CARD}]
    assert fresh.window.start.currentWidget() is fresh.window.start.sync


def test_lost_words_lead_to_guardians(fresh: Opened) -> None:
    fresh.engine.identity = v.IdentityView(True, True, LIN.id, "Lin Wei", LIN.fingerprint, True)
    fresh.window.start.identity_changed.emit(fresh.engine.identity)
    fresh.window.start.begin("return")
    fresh.settle()
    fresh.window.start.org._ask_guardians()
    fresh.settle()
    shown = dialog(fresh, HandOnDialog)
    assert shown.hand_on._link == ROOT


# -- locking -----------------------------------------------------------------------------------
def locking(o: Opened) -> LockingDialog:
    settings = SettingsDialog(o.window.ui, o.window)
    settings.open()
    settings._lock()
    o.settle()
    return dialog(o, LockingDialog)


def test_the_passphrase_is_changed_when_all_is_right(o: Opened) -> None:
    shown = locking(o)
    shown.new.setText(GOOD)
    shown.again.setText(GOOD)
    shown.accept_now()
    assert not o.engine.named("identity_passphrase"), "the old one is asked for"
    o.engine.passphrase = "old passphrase"
    shown.old.setText("old passphrase")
    shown.again.setText("something else")
    shown.accept_now()
    assert not o.engine.named("identity_passphrase")
    shown.again.setText(GOOD)
    shown.accept_now()
    o.settle()
    assert o.engine.named("identity_passphrase") == [{"old": "old passphrase", "new": GOOD}]


def test_a_wrong_passphrase_is_said_and_kept_in_the_field(o: Opened) -> None:
    shown = locking(o)
    o.engine.fail["identity_passphrase"] = InputError("passphrase_length", least=8)
    for line in (shown.old, shown.new, shown.again):
        line.setText(GOOD)
    shown.accept_now()
    o.settle()
    assert shown.problem.isVisible() and shown.new.text() == GOOD


def test_the_keyring_wants_the_passphrase_once(o: Opened) -> None:
    o.engine.passphrase = GOOD
    shown = locking(o)
    shown.keyring.click()
    assert not o.engine.named("identity_keyring") and not shown.keyring.isChecked()
    shown.old.setText(GOOD)
    shown.keyring.click()
    o.settle()
    assert o.engine.named("identity_keyring") == [{"on": True, "passphrase": GOOD}]
    assert shown.keyring.isChecked()


def test_without_a_keyring_it_says_so(o: Opened) -> None:
    o.engine.locking = replace(o.engine.locking, keyring_available=False)
    shown = locking(o)
    assert not shown.keyring.isEnabled() and shown._missing.isVisible()


def test_it_locks_now_and_after_a_while(o: Opened) -> None:
    shown = locking(o)
    shown.idle.pick("1800")
    shown._wait()
    o.settle()
    assert o.engine.named("identity_lock_after") == [{"seconds": 1800}]
    shown._lock()
    o.settle()
    assert o.engine.named("identity_lock")


@pytest.mark.parametrize("words", [WORDS, WORDS[:4]])
def test_all_words_are_shown(o: Opened, words: tuple[str, ...]) -> None:
    widget = HandOn(o.window.ui, CARD, CARD, words, "device.words_text", "x")
    text = " ".join(label.text() for label in widget.findChildren(type(widget._said)))
    assert all(word in text for word in words)



def test_what_locks_itself_asks_for_the_passphrase_and_goes_on(o: Opened) -> None:
    locking(o)
    o.engine.passphrase = GOOD
    asyncio.run(o.engine.identity_lock())
    window = o.window
    o.until(lambda: window._stack.currentWidget() is window.start)
    o.settle()
    assert not [shown for shown in window.findChildren(LockingDialog) if shown.isVisible()]
    assert window.start.welcome.passphrase.isVisible()
    window.start.welcome.passphrase.setText(GOOD)
    window.start.welcome._open()
    o.settle()
    o.until(lambda: window._stack.currentWidget() is window.shell)


def test_a_person_at_the_keyboard_keeps_it_open(o: Opened) -> None:
    QTest.keyClick(o.window, Qt.Key.Key_Shift)
    o.settle()
    first = len(o.engine.named("identity_used"))
    assert first
    QTest.keyClick(o.window, Qt.Key.Key_Shift)
    o.settle()
    assert len(o.engine.named("identity_used")) == first, "not told at each key"


def test_the_keyring_opens_the_window_by_itself(opened: Open) -> None:
    engine = FakeEngine()
    engine.passphrase = ""
    engine.locking = replace(engine.locking, keyring=True)
    engine.identity = replace(engine.identity, unlocked=False, keyring=True)
    shown = opened(engine)
    shown.until(lambda: shown.window._stack.currentWidget() is shown.window.shell)
    assert engine.named("identity_unlock") == [{"passphrase": ""}]


def test_today_leads_to_the_other_key(o: Opened) -> None:
    rekeyed(o)
    item = v.TodayItem("refuse_rekey", "", None, "", NOW_MS + 2 * DAY, None)
    o.go("today")
    o.window.shell.page()._do(item)
    o.settle()
    tab = o.window.shell.people._more["devices"]
    o.until(lambda: isinstance(tab.table.current(), d.RekeyView))
    item = v.TodayItem("approve_rekey", AMARA.id, None, "", None, None, person=AMARA)
    o.go("today")
    o.window.shell.page()._do(item)
    o.until(lambda: isinstance(tab.table.current(), d.WardRow))
