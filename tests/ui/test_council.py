"""The Trust page's council: who co-signed, what is asked of you, elections, evidence, alarms, recovery."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtWidgets import QLabel

from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.trust import EntryDialog
from dao_app.ui.dialogs.witnesses import MoveDialog, RecoverDialog
from dao_app.ui.widgets.buttons import Button
from tests.fakes.engine import FakeEngine
from tests.ui.conftest import Opened
from tests.ui.test_pages import dialog

Open = Any


def engine(**told: Any) -> FakeEngine:
    made = FakeEngine(founder_alone=told.pop("founder_alone", False))
    for name, value in told.items():
        setattr(made, name, value)
    return made


def texts(o: Opened) -> str:
    """Everything that the notes say."""
    council = o.window.shell.trust._overview.council
    return "\n".join(label.text() for label in council.findChildren(QLabel) if label.isVisible())


def names(o: Opened, method: str) -> list[dict[str, Any]]:
    return [params for name, params in o.engine.calls if name == method]


def test_the_checkpoint_being_formed_says_who_signed_and_whom_it_waits_for(opened: Open) -> None:
    o = opened(engine())
    o.go("trust")
    box = o.window.shell.trust.side._checkpoint
    o.until(lambda: box._title.text().endswith("1,285"))
    assert "2 of 4" in box._signed.text() and "You" in box._waits.text() and "Priya" in box._waits.text()
    assert "term 3" in o.window.shell.trust._overview._note.text()


def test_who_is_elected_is_asked_and_declares_a_key(opened: Open) -> None:
    o = opened(engine(elected=4))
    o.go("trust")
    o.until(lambda: "term 4" in texts(o))
    assert "Waiting for" in texts(o)
    o.window.shell.trust._declare()
    dialog(o, ConfirmDialog).main.click()
    o.until(lambda: bool(names(o, "witness_ready")))
    o.until(lambda: "elected" not in texts(o))


def test_the_founder_alone_may_hand_over_or_propose_an_election(opened: Open) -> None:
    o = opened(engine(founder_alone=True))
    o.go("trust")
    o.until(lambda: "seals alone" in texts(o))
    council = o.window.shell.trust._overview.council
    council.move.emit()
    move = dialog(o, MoveDialog)
    o.until(lambda: move.member.count() > 0)
    move.accept_now()
    o.until(lambda: bool(names(o, "witness_move")))
    council.elect.emit()
    o.until(o.window.shell.proposals.isVisible)


def test_evidence_opens_the_entry_that_tells(opened: Open) -> None:
    o = opened(engine(double=True))
    o.go("trust")
    reserve = o.window.shell.trust._overview.reserve
    o.until(lambda: reserve._rows.count() == 2)
    reserve.findChildren(Button)[0].click()
    assert dialog(o, EntryDialog) is not None


def test_two_certified_histories_are_an_alarm_with_a_way_out(opened: Open) -> None:
    o = opened(engine(alarm=2))
    o.go("trust")
    o.until(lambda: "Two certified histories" in texts(o))
    o.window.shell.trust.recover()
    recover = dialog(o, RecoverDialog)
    assert recover.branch.count() == 3
    o.until(lambda: bool(recover.members._checks))
    recover.accept_now()
    assert not names(o, "recovery_propose")  # nobody was named
    next(iter(recover.members._checks.values())).setChecked(True)
    recover.branch.setCurrentIndex(1)
    recover.accept_now()
    o.until(lambda: bool(names(o, "recovery_propose")))
    assert names(o, "recovery_propose")[0]["branch"].startswith("1285:")


def test_a_recovery_under_way_is_loud_and_signed_after_a_question(opened: Open) -> None:
    o = opened(engine(recovering=True))
    o.go("trust")
    o.until(lambda: "recovering" in texts(o))
    o.window.shell.trust._overview.council._sign.click()
    dialog(o, ConfirmDialog).main.click()
    o.until(lambda: bool(names(o, "recovery_sign")))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_notes_fit_a_narrow_window(opened: Open, language: str) -> None:
    o = opened(engine(elected=4, alarm=2, double=True, recovering=True), (900, 700), language=language)
    o.go("trust")
    o.until(lambda: bool(texts(o)))
    council = o.window.shell.trust._overview.council
    assert council.width() <= o.window.width()
