"""The way in: look around, identity, words, found, join, unlock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import segno
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest

from dao_app.app.errors import StorageError
from dao_app.ui.pictures import codes_in
from dao_app.ui.widgets.hand_on import qr_png
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import LIN, WORDS, ident
from tests.ui.conftest import Opened

LINK = "guildhall:join/" + ident("bearer") * 3
Open = Callable[..., Opened]


@pytest.fixture
def fresh(opened: Open) -> Opened:
    """A device where nothing was made yet."""
    return opened(FakeEngine(filled=False))


def make_identity(o: Opened) -> None:
    page = o.window.start.identity
    page.name.setText("Lin Wei")
    page.first.setText("four plain words here")
    page.again.setText("four plain words here")
    page.go_on()
    o.settle()


def confirm_words(o: Opened) -> None:
    page = o.window.start.words
    page.go_on()
    for answer, place in zip(page.answers, page._asked, strict=True):
        answer.setText(WORDS[place - 1])
    page.go_on()
    o.settle()


def test_looking_around_needs_no_identity(fresh: Opened) -> None:
    QTest.keyClick(fresh.window, Qt.Key.Key_1)
    fresh.until(lambda: fresh.window.ui.org_view is not None)
    assert fresh.window.ui.org_view.row.demo
    assert fresh.engine.named("identity_create") == []


def test_demo_that_fails_is_said_and_the_welcome_stays(fresh: Opened) -> None:
    fresh.engine.fail["demo_open"] = StorageError("disk_full", path="sample")
    fresh.window.start.welcome.demo.pressed.emit()
    fresh.settle()
    problem = fresh.window.start.welcome.problem
    assert problem.isVisible()
    assert "sample" in problem.accessibleName()


def test_words_come_before_the_first_role(fresh: Opened) -> None:
    fresh.window.start.welcome.found.pressed.emit()
    make_identity(fresh)
    assert fresh.window.start.page() is fresh.window.start.words
    confirm_words(fresh)
    assert fresh.window.start.page() is fresh.window.start.org


def test_finish_later_leads_back_and_the_words_are_asked_again(fresh: Opened) -> None:
    fresh.window.start.welcome.join.pressed.emit()
    make_identity(fresh)
    fresh.window.start.words.later.click()
    assert fresh.window.start.page() is fresh.window.start.welcome
    fresh.window.start.welcome.join.pressed.emit()
    page = fresh.window.start.words
    assert fresh.window.start.page() is page
    page.passphrase.setText("four plain words here")
    page.go_on()
    fresh.settle()
    assert page._words == WORDS


def test_a_wrong_word_is_said_and_nothing_confirmed(fresh: Opened) -> None:
    fresh.window.start.welcome.found.pressed.emit()
    make_identity(fresh)
    page = fresh.window.start.words
    page.go_on()
    for answer in page.answers:
        answer.setText("zebra")
    page.go_on()
    fresh.settle()
    assert page.problem.isVisible()
    assert not fresh.engine.identity.words_confirmed


def test_words_do_not_stay_in_the_widgets(fresh: Opened) -> None:
    fresh.window.start.welcome.found.pressed.emit()
    make_identity(fresh)
    confirm_words(fresh)
    page = fresh.window.start.words
    assert page._words == ()
    assert page._grid.count() == 0
    assert not any(answer.text() for answer in page.answers)
    assert fresh.window.start.identity.first.text() == ""


@pytest.mark.parametrize(
    ("name", "first", "again"),
    [("", "long enough", "long enough"), ("Lin", "short", "short"), ("Lin", "long enough", "other one")],
)
def test_identity_is_not_made_from_bad_input(fresh: Opened, name: str, first: str, again: str) -> None:
    fresh.window.start.welcome.found.pressed.emit()
    page = fresh.window.start.identity
    page.name.setText(name)
    page.first.setText(first)
    page.again.setText(again)
    page.go_on()
    fresh.settle()
    assert fresh.engine.named("identity_create") == []


def test_restoring_takes_words_in_any_layout(fresh: Opened) -> None:
    fresh.window.start.welcome.restore_wanted.emit()
    page = fresh.window.start.identity
    page.words.setPlainText("\n ".join(WORDS))
    for line, text in ((page.name, "Lin"), (page.first, "long enough"), (page.again, "long enough")):
        line.setText(text)
    page.go_on()
    fresh.settle()
    assert fresh.engine.named("identity_restore")[0]["words"] == " ".join(WORDS)
    assert fresh.window.start.page() is fresh.window.start.org


def ready_to_start(o: Opened, part: str) -> None:
    o.engine.identity = o.window.ui.identity = replace(
        o.engine.identity, exists=True, unlocked=True, id=LIN.id, name="Lin Wei", words_confirmed=True
    )
    o.window.begin(part)
    o.settle()


def test_founding_hands_over_what_was_typed(fresh: Opened) -> None:
    ready_to_start(fresh, "found")
    page = fresh.window.start.org
    assert not page.next.isEnabled()
    page.name.setText("Pear Growers")
    page.unit.setText("prs")
    QTest.keyClick(fresh.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    fresh.until(lambda: fresh.window.ui.org_view is not None)
    call = fresh.engine.named("org_create")[0]
    assert (call["name"], call["unit"], call["cap"]) == ("Pear Growers", "PRS", "1000000")
    assert call["parameters"] == {"voting_ms": 259_200_000, "voting_least_ms": 3_600_000}


def test_join_waits_for_the_words_to_be_compared(fresh: Opened) -> None:
    ready_to_start(fresh, "join")
    page = fresh.window.start.org
    page.put_link(f"Please join\n{LINK}")
    fresh.settle()
    assert page._card.isVisible()
    assert not page.next.isEnabled()
    page.match.setChecked(True)
    assert page.next.isEnabled()


def test_join_shows_its_stages_until_the_organisation_opens(fresh: Opened) -> None:
    ready_to_start(fresh, "join")
    page, sync = fresh.window.start.org, fresh.window.start.sync
    page.put_link(LINK)
    fresh.settle()
    page.unreachable.setChecked(True)
    page.go_on()
    fresh.settle()
    assert fresh.window.start.page() is sync
    fresh.engine.advance_join("syncing", 3_000, 12_000)
    fresh.until(sync.progress.isVisible)
    fresh.engine.advance_join("done")
    fresh.until(sync.next.isEnabled)
    sync.go_on()
    fresh.until(lambda: fresh.window.ui.org_view is not None)


def test_refused_join_says_why(fresh: Opened) -> None:
    ready_to_start(fresh, "join")
    page, sync = fresh.window.start.org, fresh.window.start.sync
    page.put_link(LINK)
    fresh.settle()
    page.match.setChecked(True)
    page.go_on()
    fresh.settle()
    fresh.engine.advance_join("refused", reason="invite_used")
    fresh.until(sync.problem.isVisible)
    assert "used up" in sync.problem.accessibleName()
    assert not sync.next.isEnabled()


@pytest.mark.parametrize("text", ["hello", "guildhall:join/", "guildhall:join/abc", "https://example.org/x"])
def test_what_is_no_invitation_is_said(fresh: Opened, text: str) -> None:
    ready_to_start(fresh, "join")
    page = fresh.window.start.org
    page.link.put(text)
    fresh.settle()
    assert page.problem.isVisible()
    assert not page._card.isVisible()
    assert not page.next.isEnabled()


def test_invitation_is_read_from_picture_and_text_file(fresh: Opened, tmp_path: Path) -> None:
    ready_to_start(fresh, "join")
    page = fresh.window.start.org
    picture = tmp_path / "code.png"
    picture.write_bytes(qr_png(LINK))
    page.link.take_file(picture)
    assert page.link.text() == LINK
    page.link.clear()
    text = tmp_path / "invitation.txt"
    text.write_text(f"You are invited.\n{LINK}\n")
    page.link.take_file(text)
    assert LINK in page.link.text()


def test_invitation_is_read_from_the_clipboard(fresh: Opened) -> None:
    ready_to_start(fresh, "join")
    page = fresh.window.start.org
    QGuiApplication.clipboard().setImage(QImage.fromData(qr_png(LINK)))
    page.link._from_clipboard()
    assert page.link.text() == LINK


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", b"\x89PNG no picture"),
        ("a.txt", b"x" * 70_000),
        ("b.png", b""),
        ("missing.txt", None),
        ("c.txt", b"\xff\xfe\x00"),
    ],
)
def test_bad_files_are_said_and_change_nothing(fresh: Opened, tmp_path: Path, name: str, data: bytes | None) -> None:
    ready_to_start(fresh, "join")
    page = fresh.window.start.org
    path = tmp_path / name
    if data is not None:
        path.write_bytes(data)
    page.link.take_file(path)
    fresh.settle()
    assert page.problem.isVisible()
    assert not page.next.isEnabled()


def test_picture_without_code_is_said(fresh: Opened, tmp_path: Path) -> None:
    ready_to_start(fresh, "join")
    image = QImage(200, 200, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFF)
    path = tmp_path / "white.png"
    assert image.save(str(path))
    fresh.window.start.org.link.take_file(path)
    assert "No QR code" in fresh.window.start.org.problem.accessibleName()


def test_codes_survive_padding_of_picture_lines() -> None:
    """Widths that are no multiple of four have padded lines in Qt's memory."""
    png = qr_png("guildhall:join/x")
    image = QImage.fromData(png).scaled(331, 331)
    assert codes_in(image) == ["guildhall:join/x"]
    assert segno.make("guildhall:join/x", micro=False).matrix


def test_link_given_at_the_start_leads_to_joining(opened: Open) -> None:
    engine = FakeEngine(filled=False)
    engine.identity = replace(engine.identity, exists=True, unlocked=True, name="Lin", words_confirmed=True)
    o = opened(engine, link=LINK)
    o.until(lambda: o.window.start.org.link.text() == LINK)


def test_locked_identity_is_unlocked_first(opened: Open) -> None:
    engine = FakeEngine()
    engine.passphrase = "right"
    engine.identity = replace(engine.identity, unlocked=False)
    o = opened(engine)
    page = o.window.start.welcome
    assert page.passphrase.isVisible()
    page.passphrase.setText("wrong")
    QTest.keyClick(page.passphrase, Qt.Key.Key_Return)
    o.settle()
    assert page.problem.isVisible()
    assert o.window.ui.org == ""
    page.passphrase.setText("right")
    QTest.keyClick(page.passphrase, Qt.Key.Key_Return)
    o.until(lambda: o.window.ui.org_view is not None)
    assert page.passphrase.text() == ""
