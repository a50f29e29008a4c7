"""Every gesture of an organisation through the window: by mouse and by keyboard, with undo or confirmation."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app.errors import Refused
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.dialogs.contributions import ContributionDialog
from dao_app.ui.dialogs.invite import InvitationDialog, InviteDialog
from dao_app.ui.dialogs.palette import Palette
from dao_app.ui.dialogs.proposals import ProposalDialog
from dao_app.ui.dialogs.tasks import NoteDialog, SubmitDialog, TaskDialog
from dao_app.ui.dialogs.tokens import MoveDialog
from dao_app.ui.dialogs.trust import EntryDialog, PeerDialog
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import AMARA, LIN, NOW_MS, ident
from tests.ui.conftest import Opened

Open = Callable[..., Opened]
W = TypeVar("W", bound=QWidget)
CONTROL = Qt.KeyboardModifier.ControlModifier


def key(o: Opened, *keys: Any, to: QWidget | None = None) -> None:
    """Press keys on the window, as if nothing below wanted them; a pair is (key, modifiers)."""
    for each in keys:
        pressed, modifiers = each if isinstance(each, tuple) else (each, Qt.KeyboardModifier.NoModifier)
        QTest.keyClick(to or o.window, pressed, modifiers)
    o.settle()


def dialog(o: Opened, kind: type[W]) -> W:
    """The dialog of this kind that is open."""
    o.until(lambda: any(d.isVisible() for d in o.window.findChildren(kind)))
    return next(d for d in o.window.findChildren(kind) if d.isVisible())


def sign(o: Opened, shown: Dialog) -> None:
    QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
    o.settle()


@pytest.fixture
def o(opened: Open) -> Opened:
    return opened()


# -- today -------------------------------------------------------------------------------------
def test_today_leads_to_the_vote_by_v_and_by_click(o: Opened) -> None:
    key(o, Qt.Key.Key_V)
    assert o.window.shell.page().name == "proposals"
    o.until(lambda: o.window.shell.proposals.detail.proposal is not None)
    o.go("today")
    page = o.window.shell.pages["today"]
    review = next(n for n in page._needs if n.item.what == "review")  # type: ignore[attr-defined]
    QTest.mouseClick(review.button, Qt.MouseButton.LeftButton)
    o.settle()
    assert o.window.shell.page().name == "tasks"
    o.until(lambda: o.window.shell.tasks.pane.task is not None)


def test_recovery_words_are_asked_from_today(opened: Open) -> None:
    engine = FakeEngine()
    object.__setattr__(engine.identity, "words_confirmed", False)
    o = opened(engine)
    page = o.window.shell.pages["today"]
    o.until(lambda: bool(page._needs))  # type: ignore[attr-defined]
    page._needs[0].button.click()  # type: ignore[attr-defined]
    assert o.window.start.page() is o.window.start.words


class Busy(FakeEngine):
    def today(self, org: str) -> v.TodayView:
        view = super().today(org)
        asks = v.TodayItem("pay", "", None, "Jonas", None, v.AmountView("GLD", 150, 2))
        return dataclasses.replace(view, needs=(asks, *view.needs, *view.needs[1:], *view.needs[1:]))


def test_what_does_not_fit_on_today_is_told_and_shown(opened: Open) -> None:
    o = opened(Busy())
    page = o.window.shell.pages["today"]
    o.until(lambda: bool(page._needs))  # type: ignore[attr-defined]
    assert len(page._needs) == 8 and page._more.isVisible()  # type: ignore[attr-defined]
    page._more.click()  # type: ignore[attr-defined]
    assert len(page._needs) == 20 and not page._more.isVisible()  # type: ignore[attr-defined]
    page._needs[0].button.click()  # type: ignore[attr-defined]
    o.settle()
    assert o.window.shell.page().name == "treasury"
    assert o.window.shell.treasury._tabs.selected() == "requests"


# -- proposals ---------------------------------------------------------------------------------
def open_proposal(o: Opened, number: int) -> None:
    o.go("proposals", ident(f"proposal {number}"))
    o.until(lambda: o.window.shell.proposals.detail.proposal is not None)


def test_ballot_by_keys_alone_is_held_then_signed(o: Opened) -> None:
    open_proposal(o, 59)
    key(o, Qt.Key.Key_2, (Qt.Key.Key_Return, CONTROL))
    assert o.engine.named("vote") == []
    assert o.window.shell.toast.isVisible()
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("vote") == [
        {"org": o.window.ui.org, "proposal": ident("proposal 59"), "choice": "no", "reason": ""}
    ]


def test_ballot_is_undone_by_ctrl_z(o: Opened) -> None:
    open_proposal(o, 59)
    key(o, Qt.Key.Key_1, (Qt.Key.Key_Return, CONTROL))
    QTest.keyClick(o.window, Qt.Key.Key_Z, CONTROL)
    o.settle()
    o.window.ui.drafts.flush()
    assert o.engine.named("vote") == []
    assert not o.window.shell.toast.isVisible()


def test_ballot_near_the_close_is_signed_at_once(opened: Open) -> None:
    engine = FakeEngine()
    proposal = ident("proposal 59")
    object.__setattr__(engine.proposals[proposal], "closes_ms", NOW_MS + 20_000)
    o = opened(engine)
    open_proposal(o, 59)
    key(o, Qt.Key.Key_1, (Qt.Key.Key_Return, CONTROL))
    assert [c["choice"] for c in engine.named("vote")] == ["yes"]


def test_choose_one_takes_option_numbers(o: Opened) -> None:
    open_proposal(o, 58)
    panel = o.window.shell.proposals.detail.vote_panel
    QTest.mouseClick(panel._ballot._buttons[2], Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel._sign, Qt.MouseButton.LeftButton)
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("vote")[0]["choice"] == 3


def test_approval_by_letters_keeps_the_ballot_cast_before(o: Opened) -> None:
    open_proposal(o, 60)
    panel = o.window.shell.proposals.detail.vote_panel
    assert panel.choice() == [1, 3]
    key(o, Qt.Key.Key_A, Qt.Key.Key_B, (Qt.Key.Key_Return, CONTROL))
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("vote")[0]["choice"] == [2, 3]


def test_refused_ballot_is_presented_with_its_reason(o: Opened) -> None:
    open_proposal(o, 59)
    o.engine.fail["vote"] = Refused("reject.voting_closed")
    key(o, Qt.Key.Key_1, (Qt.Key.Key_Return, CONTROL))
    o.window.ui.drafts.flush()
    o.settle()
    assert o.window.shell.problem.isVisible()
    assert "Voting is closed" in o.window.shell.problem.accessibleName()


def test_ticks_not_signed_yet_survive_a_refresh(o: Opened) -> None:
    open_proposal(o, 59)
    key(o, Qt.Key.Key_3)
    o.engine.tell("proposals")
    o.settle()
    o.window.shell.proposals.refresh()
    o.settle()
    assert o.window.shell.proposals.detail.vote_panel.choice() == "abstain"


def test_proposal_is_opened_with_options_and_times(o: Opened) -> None:
    o.go("proposals")
    key(o, Qt.Key.Key_N)
    shown = dialog(o, ProposalDialog)
    shown.title.setText("Colour of the sign")
    shown.method.pick("single")
    shown.options.setPlainText("red\n\nblue\n")
    shown.votes.pick("3600")
    sign(o, shown)
    call = o.engine.named("proposal_open")[0]
    assert (call["method"], call["options"], call["voting_s"]) == ("single", ["red", "blue"], 3600)


@pytest.mark.parametrize("options", ["", "one", "same\nsame", "\n".join(str(n) for n in range(65))])
def test_bad_options_are_said_and_not_sent(o: Opened, options: str) -> None:
    o.go("proposals")
    o.window.shell.proposals.primary()
    shown = dialog(o, ProposalDialog)
    shown.title.setText("x")
    shown.method.pick("approval")
    shown.options.setPlainText(options)
    sign(o, shown)
    assert shown.isVisible()
    assert o.engine.named("proposal_open") == []


def test_refused_dialog_keeps_what_was_typed(o: Opened) -> None:
    o.go("proposals")
    o.window.shell.proposals.primary()
    shown = dialog(o, ProposalDialog)
    shown.title.setText("Kept")
    o.engine.fail["proposal_open"] = Refused("reject.not_allowed")
    sign(o, shown)
    assert shown.isVisible()
    assert shown.problem.isVisible()
    assert shown.title.text() == "Kept"
    sign(o, shown)
    assert len(o.engine.named("proposal_open")) == 2


def test_j_and_k_step_through_proposals_and_escape_leads_back(o: Opened) -> None:
    open_proposal(o, 57)
    key(o, Qt.Key.Key_J)
    o.until(lambda: o.window.shell.proposals.detail.proposal.number == 58)  # type: ignore[union-attr]
    key(o, Qt.Key.Key_K)
    o.until(lambda: o.window.shell.proposals.detail.proposal.number == 57)  # type: ignore[union-attr]
    key(o, Qt.Key.Key_Escape)
    assert o.window.shell.proposals._stack.currentIndex() == 0


def test_own_proposal_in_discussion_can_be_withdrawn(o: Opened) -> None:
    open_proposal(o, 61)
    assert o.window.shell.proposals.detail._withdraw.isVisible()
    o.window.shell.proposals.detail._withdraw.click()
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("proposal_withdraw")


# -- tasks -------------------------------------------------------------------------------------
def open_task(o: Opened, number: int) -> None:
    o.go("tasks", ident(f"task {number}"))
    o.until(lambda: o.window.shell.tasks.pane.task is not None)


def test_task_is_claimed_by_key_after_undo_time(o: Opened) -> None:
    open_task(o, 221)
    key(o, Qt.Key.Key_A)
    assert o.engine.named("task_claim") == []
    o.window.ui.drafts.flush()
    o.until(lambda: o.window.shell.tasks.pane.task.status == "claimed")  # type: ignore[union-attr]


def test_task_is_handed_in_with_a_note_a_link_and_a_file(o: Opened, tmp_path: Path) -> None:
    open_task(o, 214)
    key(o, Qt.Key.Key_S)
    shown = dialog(o, SubmitDialog)
    shown.note.setPlainText("All totals agree.")
    shown.links.setPlainText("https://example.org/sheet\n")
    file = tmp_path / "totals.csv"
    file.write_bytes(b"1,2,3\n")
    shown.files.take([file])
    o.until(lambda: bool(shown.files.files()))
    sign(o, shown)
    (call,) = o.engine.named("task_submit")
    assert (call["note"], call["links"]) == ("All totals agree.", ["https://example.org/sheet"])
    assert call["files"] == [[hashlib.sha256(b"1,2,3\n").hexdigest(), "totals.csv", 6]]


def test_acceptance_that_pays_is_confirmed_with_amount_and_signer(o: Opened) -> None:
    open_task(o, 207)
    key(o, Qt.Key.Key_Y)
    shown = dialog(o, ConfirmDialog)
    texts = " ".join(w.text() for w in shown.findChildren(type(shown.heading)))
    assert "40\u00a0GLD" in texts
    assert "Amara Okafor" in texts
    assert "Lin Wei" in texts
    assert o.engine.named("task_accept") == []
    sign(o, shown)
    assert o.engine.named("task_accept")


def test_changes_are_requested_only_with_a_note(o: Opened) -> None:
    open_task(o, 207)
    key(o, Qt.Key.Key_R)
    shown = dialog(o, NoteDialog)
    sign(o, shown)
    assert shown.isVisible()
    shown.note.setPlainText("The second page is missing.")
    sign(o, shown)
    assert o.engine.named("task_changes")[0]["note"] == "The second page is missing."


def test_only_gestures_that_are_allowed_are_shown(o: Opened) -> None:
    open_task(o, 218)
    assert not any(b.isVisible() for b in o.window.shell.tasks.pane._buttons.values())
    key(o, Qt.Key.Key_A, Qt.Key.Key_S, Qt.Key.Key_Y)
    o.window.ui.drafts.flush()
    assert not any(name in {"task_claim", "task_submit", "task_accept"} for name, _ in o.engine.calls)


def test_task_with_reward_is_opened_from_the_treasury(o: Opened) -> None:
    o.go("tasks")
    key(o, Qt.Key.Key_N)
    shown = dialog(o, TaskDialog)
    shown.title.setText("Paint the door")
    shown.reward.setText("12.50")
    assert "12.50" in shown.main.text()
    sign(o, shown)
    call = o.engine.named("task_open")[0]
    assert (call["title"], call["reward"], call["unit"], call["payer"]) == (
        "Paint the door",
        "12.50",
        "GLD",
        "treasury",
    )
    o.until(lambda: o.window.shell.tasks.pane.task is not None)


def test_whom_a_pending_task_waits_for_is_written_out(o: Opened) -> None:
    open_task(o, 228)
    pane = o.window.shell.tasks.pane
    assert "Amara Okafor" in pane._waits.text()
    assert "last seen" in pane._waits.text()


def test_board_list_and_filter_show_the_same_tasks(o: Opened) -> None:
    o.go("tasks")
    page = o.window.shell.tasks
    o.until(lambda: bool(page._tasks))
    assert [lane.list.rows.rowCount() for lane in page._lanes.values()] == [5, 5, 3]
    key(o, Qt.Key.Key_L)
    assert page._list.rows.rowCount() == 13
    page._switch("done")
    assert page._list.rows.rowCount() == 3
    page._filter.setCurrentIndex(page._filter.findData("review"))
    page._switch("board")
    assert [lane.list.rows.rowCount() for lane in page._lanes.values()] == [0, 0, 2]


# -- comments ----------------------------------------------------------------------------------
def test_comment_is_signed_by_ctrl_enter_and_undo_gives_it_back(o: Opened) -> None:
    open_task(o, 214)
    composer = o.window.shell.tasks.pane.composer
    key(o, Qt.Key.Key_C)
    composer.field.insertPlainText("Looks *good*.")
    key(o, (Qt.Key.Key_Return, CONTROL), to=composer.field)
    assert composer.field.text() == ""
    o.window.ui.drafts.undo()
    assert composer.field.text() == "Looks *good*."
    key(o, (Qt.Key.Key_Return, CONTROL), to=composer.field)
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("comment_add")[0]["text"] == "Looks *good*."


def test_comment_that_fails_comes_back_into_the_field(o: Opened) -> None:
    open_task(o, 214)
    pane = o.window.shell.tasks.pane
    o.engine.fail["comment_add"] = Refused("reject.not_allowed")
    pane.composer.put("Not lost")
    pane.composer._send()
    o.window.ui.drafts.flush()
    o.settle()
    assert pane.composer.field.text() == "Not lost"
    assert o.window.shell.problem.isVisible()


# -- contributions, tokens ---------------------------------------------------------------------
def test_contribution_is_recorded_and_another_endorsed(o: Opened) -> None:
    o.go("contributions")
    key(o, Qt.Key.Key_N)
    shown = dialog(o, ContributionDialog)
    shown.title.setText("Repaired the door")
    sign(o, shown)
    assert o.engine.named("contribution_claim")[0]["title"] == "Repaired the door"
    o.go("contributions", ident("con 4"))
    key(o, Qt.Key.Key_E)
    o.window.ui.drafts.flush()
    o.settle()
    assert o.engine.named("contribution_endorse")[0]["contribution"] == ident("con 4")


@pytest.mark.parametrize(
    ("kind", "method", "memo"), [("transfer", "token_transfer", "memo"), ("tip", "token_tip", "reason")]
)
def test_moving_tokens_names_amount_and_receiver_before_signing(o: Opened, kind: str, method: str, memo: str) -> None:
    o.go("treasury")
    o.window.shell.treasury.start_move(kind)
    o.settle()
    shown = dialog(o, MoveDialog)
    shown.to.pick(AMARA.id)
    shown.amount.setText("12.50")
    shown.memo.setText("thanks")
    assert "12.50\u00a0GLD" in shown._sentence.text()
    assert "Amara Okafor" in shown._sentence.text()
    assert shown.to.findData(LIN.id) < 0
    sign(o, shown)
    call = o.engine.named(method)[0]
    assert (call["to"], call["amount"], call[memo]) == (AMARA.id, "12.50", "thanks")


def test_issue_is_absent_without_the_permission(opened: Open) -> None:
    engine = FakeEngine()
    engine.permissions = tuple(p for p in engine.permissions if p != "token.issue")
    o = opened(engine)
    o.go("treasury")
    assert not o.window.shell.treasury._moves["issue"].isVisible()
    o.window.shell.treasury.start_move("issue")
    o.settle()
    assert o.window.findChildren(MoveDialog) == []


# -- people, trust -----------------------------------------------------------------------------
def test_invitation_is_made_and_handed_on_in_four_ways(o: Opened, tmp_path: Any) -> None:
    key(o, Qt.Key.Key_I)
    shown = dialog(o, InviteDialog)
    shown.uses.setText("3")
    sign(o, shown)
    assert o.engine.named("invite_create")[0]["uses"] == 3
    ready = dialog(o, InvitationDialog)
    ready.hand_on._copy_link()
    assert QGuiApplication.clipboard().text().startswith("guildhall:join/")
    ready.hand_on._copy_text()
    assert "You are invited" in QGuiApplication.clipboard().text()
    ready.hand_on.save_to(tmp_path / "invitation.txt", b"x")
    assert (tmp_path / "invitation.txt").read_bytes() == b"x"
    ready.hand_on.save_to(tmp_path / "no" / "place.txt", b"x")
    assert ready.problem.isVisible()


@pytest.mark.parametrize("uses", ["0", "-1", "x", "99999", "", "１"])
def test_bad_number_of_uses_is_said(o: Opened, uses: str) -> None:
    o.go("people")
    o.window.shell.people.primary()
    shown = dialog(o, InviteDialog)
    shown.uses.setText(uses)
    sign(o, shown)
    assert shown.isVisible()
    assert o.engine.named("invite_create") == []


def test_plain_member_may_only_invite_plain_roles(opened: Open) -> None:
    engine = FakeEngine()
    engine.permissions = tuple(p for p in engine.permissions if p != "invite.role")
    o = opened(engine)
    o.window.shell.people.primary()
    shown = dialog(o, InviteDialog)
    assert {shown.role.itemData(n) for n in range(shown.role.count())} == {"member", "observer"}


def test_invitation_is_revoked(o: Opened) -> None:
    o.go("people", "invites")
    page = o.window.shell.people
    assert page._invite_list.select(ident("inv 1"))
    o.settle()
    page._revoke.click()
    o.window.ui.drafts.flush()
    o.until(lambda: o.engine.invites[ident("inv 1")].status == "revoked")


def test_verify_everything_reports_each_check(o: Opened) -> None:
    o.go("trust")
    key(o, Qt.Key.Key_Y)
    box = o.window.shell.trust.side.verify
    o.until(lambda: box._results.count() == 5)
    assert box._text.text() == "Everything is in order."


def test_founder_alone_is_said(opened: Open) -> None:
    o = opened(FakeEngine(founder_alone=True))
    o.go("trust")
    o.until(o.window.shell.trust._overview.council._alone.isVisible)


def test_log_entry_is_shown_as_signed_and_more_is_fetched_on_demand(o: Opened) -> None:
    o.go("trust", "log")
    page = o.window.shell.trust
    o.until(lambda: len(page._log_rows) == 200)
    page._log.verticalScrollBar().setValue(page._log.verticalScrollBar().maximum())
    o.until(lambda: len(page._log_rows) == 400)
    page._open_entry(page._log_rows[9].id)
    shown = dialog(o, EntryDialog)
    assert '"type"' in shown.payload.toPlainText()


def test_peer_is_added_by_address_and_a_bad_one_said(o: Opened) -> None:
    o.go("trust")
    o.window.shell.trust._add_peer()
    shown = dialog(o, PeerDialog)
    shown.address.setText("/ip4/192.0.2.7")
    sign(o, shown)
    assert shown.problem.isVisible()
    shown.address.setText("/ip4/192.0.2.7/tcp/1/p2p/12D3")
    sign(o, shown)
    assert [c["address"] for c in o.engine.named("peer_add")] == [
        "/ip4/192.0.2.7",
        "/ip4/192.0.2.7/tcp/1/p2p/12D3",
    ]


# -- frame -------------------------------------------------------------------------------------
def test_g_and_a_letter_go_to_each_page(o: Opened) -> None:
    for letter, page in zip(
        "TKPCYMR", ("today", "tasks", "proposals", "contributions", "treasury", "people", "trust"), strict=True
    ):
        key(o, Qt.Key.Key_G, getattr(Qt.Key, f"Key_{letter}"))
        assert o.window.shell.page().name == page


def test_single_keys_can_be_switched_off(opened: Open) -> None:
    o = opened(single_keys=False)
    key(o, Qt.Key.Key_G, Qt.Key.Key_K)
    assert o.window.shell.page().name == "today"


def test_single_keys_do_not_act_inside_text(o: Opened) -> None:
    open_task(o, 214)
    field = o.window.shell.tasks.pane.composer.field
    field.setFocus()
    QTest.keyClicks(field, "ngk")
    o.settle()
    assert field.text() == "ngk"
    assert o.window.shell.page().name == "tasks"


def test_palette_finds_objects_and_actions(o: Opened) -> None:
    key(o, (Qt.Key.Key_K, CONTROL))
    shown = dialog(o, Palette)
    shown.field.setText("shared host")
    o.settle()
    QTest.keyClick(shown.field, Qt.Key.Key_Return)
    o.until(lambda: o.window.shell.proposals.detail.proposal is not None)


def test_alt_left_goes_back(o: Opened) -> None:
    o.go("tasks")
    o.go("people")
    key(o, (Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier))
    assert o.window.shell.page().name == "tasks"


def test_switching_organisations_leaves_nothing_behind(o: Opened) -> None:
    open_task(o, 214)
    o.window.org_action("demo")
    o.until(lambda: o.window.ui.org_view is not None and o.window.ui.org_view.row.demo)
    assert o.window.shell.tasks.pane.task is None
    assert o.window.shell.tasks.pane.isHidden()
    assert all(call.get("org") != o.engine.orgs[0].id for name, call in o.engine.calls[-3:] if name == "task_show")


def test_offline_is_a_sentence_in_the_status_bar(opened: Open) -> None:
    engine = FakeEngine()
    engine.offline = True
    o = opened(engine)
    status = o.window.shell.status
    o.until(lambda: "Offline since" in status._peers.text())
    assert "3 changes" in status._unsent.accessibleName()
    assert not o.window.shell.problem.isVisible()


def test_own_links_are_followed_and_others_shown_first(o: Opened) -> None:
    o.window.open_link(f"guildhall:task/{o.window.ui.org}/{ident('task 214')}")
    o.until(lambda: o.window.shell.tasks.pane.task is not None)
    o.window.open_link("https://example.org/a?b=1")
    shown = dialog(o, ConfirmDialog)
    assert any("https://example.org/a?b=1" in w.text() for w in shown.findChildren(type(shown.heading)))


def test_closing_sends_what_is_held(o: Opened) -> None:
    open_proposal(o, 59)
    key(o, Qt.Key.Key_1, (Qt.Key.Key_Return, CONTROL))
    assert o.engine.named("vote") == []
    o.window.close()
    assert o.engine.named("vote")
