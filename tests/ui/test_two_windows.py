"""The main job through two real windows over two real engines: found, invite, join, work, pay, decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from dao_app.app.errors import GuildhallError
from dao_app.app.views import Finding
from dao_app.bootstrap.engine import EngineThread, Options
from dao_app.ui.commands import commands
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.dialogs.contributions import ContributionDialog
from dao_app.ui.dialogs.governing import DelegateDialog, DepartmentDialog, RoleDialog
from dao_app.ui.dialogs.invite import InvitationDialog, InviteDialog
from dao_app.ui.dialogs.palette import Palette
from dao_app.ui.dialogs.proposals import ProposalDialog
from dao_app.ui.dialogs.rewards import RoundDialog
from dao_app.ui.dialogs.tasks import SubmitDialog, TaskDialog
from dao_app.ui.dialogs.tokens import MoveDialog
from dao_app.ui.pages.people_tabs import DepartmentsTab
from dao_app.ui.start import make_window
from dao_app.ui.widgets.fields import Line, Picker
from dao_app.ui.window import Window
from tests.ui.conftest import MemorySettings

WAIT_MS = 30_000  # a join over loopback with sealing takes a few seconds
CONTROL = Qt.KeyboardModifier.ControlModifier
W = TypeVar("W", bound=QWidget)


class Desk:
    """One member's window with an engine of its own."""

    def __init__(self, app: QApplication, home: Path, name: str, until: Callable[[Callable[[], bool]], None]) -> None:
        options = Options(home, listen=("/ip4/127.0.0.1/tcp/0",), mdns=False, socket=False, vault_cost="least")
        self.name, self._until = name, until
        self._asked = self._listening = False
        self.engine = EngineThread(options)
        self.engine.wait_ready()
        self.window: Window = make_window(app, self.engine, MemorySettings(language="en", theme="light"))
        self.window.ui.drafts.hold_ms = 0  # gestures are signed at once; holding has tests of its own
        self.errors: list[GuildhallError] = []
        self.window.ui.failed.connect(self.errors.append)
        self.window.show()
        self.window.load()

    def until(self, condition: Callable[[], object]) -> None:
        def met() -> bool:
            assert self.errors == []
            return bool(condition())

        self._until(met)

    def close(self) -> None:
        self.window.close()
        self.window.deleteLater()
        self.engine.close()

    def listens(self) -> bool:
        """Does the host of the organisation have an address that an invitation can carry?"""
        if not self._asked:
            self._asked = True
            params = {"org": self.window.ui.org}
            self.window.ui.bridge.call(self.window, "doctor", params, self._heard, key="doctor")
        return self._listening

    def _heard(self, findings: tuple[Finding, ...]) -> None:
        self._asked = False
        self._listening = any(f.code == "net_listens" for f in findings)

    # -- steps ---------------------------------------------------------------------------------
    def make_identity(self, goal: str) -> None:
        start = self.window.start
        self.window.begin(goal)
        start.identity.name.setText(self.name)
        for line in (start.identity.first, start.identity.again):
            line.setText("four plain words here")
        start.identity.go_on()
        self.until(lambda: start.page() is start.words and len(start.words._words) == 24)
        words = start.words._words
        start.words.go_on()
        for answer, place in zip(start.words.answers, start.words._asked, strict=True):
            answer.setText(words[place - 1])
        start.words.go_on()
        self.until(lambda: start.page() is start.org)

    def dialog(self, kind: type[W]) -> W:
        self.until(lambda: any(d.isVisible() for d in self.window.findChildren(kind)))
        return next(d for d in self.window.findChildren(kind) if d.isVisible())

    def sign(self, shown: Dialog) -> None:
        """Do the main action and wait until it is done."""
        closed: list[int] = []
        shown.finished.connect(closed.append)
        QTest.keyClick(shown, Qt.Key.Key_Return, CONTROL)
        self.until(lambda: closed)

    def command(self, text: str) -> None:
        """Do what the palette finds first for a text."""
        self.window.activateWindow()  # shortcuts act in the active window only
        self.until(self.window.isActiveWindow)
        QTest.keyClick(self.window, Qt.Key.Key_K, CONTROL)
        palette = self.dialog(Palette)
        QTest.keyClicks(palette.field, text)
        self.until(lambda: palette.list.rows.rowCount() and text in palette.list.rows.rows()[0].text)
        QTest.keyClick(palette.field, Qt.Key.Key_Return)

    def members(self) -> set[str]:
        """Names of the active members, as the People page shows them."""
        self.window.shell.go("people")
        return {m.person.name for m in self.window.shell.people._members if m.status == "active"}

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.window, key)

    def balance(self) -> list[int]:
        """Available amounts of this member, as the Treasury page shows them."""
        page = self.window.shell.treasury
        self.window.shell.go("treasury")
        return [b.available_minor for b in page._balances if b.person is not None and b.person.you]


@pytest.fixture
def desks(qtbot: Any, qapp: QApplication, tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=WAIT_MS)

    pair = (Desk(qapp, tmp_path / "ada", "Ada", until), Desk(qapp, tmp_path / "ben", "Ben", until))
    yield pair
    for desk in pair:
        desk.close()


def found_and_join(ada: Desk, ben: Desk) -> None:
    """Ada founds and invites; Ben joins with the link."""
    ada.make_identity("found")
    page = ada.window.start.org
    page.name.setText("Pear Growers")
    page.go_on()
    ada.until(lambda: ada.window.ui.org_view is not None)
    ada.until(ada.listens)
    ada.key(Qt.Key.Key_I)
    ada.sign(ada.dialog(InviteDialog))
    link = ada.dialog(InvitationDialog).hand_on._link
    ada.dialog(InvitationDialog).reject()
    ben.make_identity("join")
    ben.window.start.org.put_link(link)
    ben.until(lambda: ben.window.start.org._preview is not None)
    ben.window.start.org.match.setChecked(True)
    ben.window.start.org.go_on()
    sync = ben.window.start.sync
    ben.until(lambda: ben.window.start.page() is sync)
    ben.until(sync.next.isEnabled)
    sync.go_on()
    ben.until(lambda: ben.window.ui.org_view is not None)


def test_the_whole_way_through_two_windows(desks: tuple[Desk, Desk]) -> None:
    ada, ben = desks
    found_and_join(ada, ben)
    ada.window.shell.go("people")
    people = ada.window.shell.people
    ada.until(lambda: {m.person.name for m in people._members if m.status == "active"} == {"Ada", "Ben"})
    work_and_pay(ada, ben)
    decide(ada, ben)
    thank(ada, ben)


def test_a_group_governs_itself_by_keyboard(desks: tuple[Desk, Desk]) -> None:
    ada, ben = desks
    found_and_join(ada, ben)
    ada.until(lambda: ada.members() == {"Ada", "Ben"})
    spend(ada, ben)
    organise(ada, ben)
    share_out(ada, ben)


def spend(ada: Desk, ben: Desk) -> None:
    """A spending proposal from a template: too much is refused before signing; then seconded and voted."""
    ada.command("Spend from the treasury")
    shown = ada.dialog(ProposalDialog)
    ada.until(lambda: shown.effects._forms and shown.effects.known.members)
    QTest.keyClicks(shown.title, "A new press")
    form = shown.effects._forms[0]
    to, amount = form._controls["to"], form._controls["amount"]
    assert isinstance(to, Picker) and isinstance(amount, Line)
    to.pick(next(m.person.id for m in shown.effects.known.members if m.person.name == "Ben"))
    QTest.keyClicks(amount, "999999")
    QTest.keyClick(amount, Qt.Key.Key_Return, CONTROL)
    ada.until(shown.problem.isVisible)
    assert shown.isVisible() and shown.title.text() == "A new press"
    amount.setFocus()
    amount.selectAll()
    QTest.keyClicks(amount, "120")
    ada.sign(shown)
    proposals = ben.window.shell.proposals
    ben.window.shell.go("today")
    ben.until(lambda: any(n.item.what == "second" for n in ben.window.shell.pages["today"]._needs))  # type: ignore[attr-defined]
    need = next(n for n in ben.window.shell.pages["today"]._needs if n.item.what == "second")  # type: ignore[attr-defined]
    QTest.keyClick(need.button, Qt.Key.Key_Space)
    ben.until(lambda: proposals.detail.proposal is not None and "second" in proposals.detail.proposal.can)
    ben.key(Qt.Key.Key_S)
    ben.until(lambda: proposals.detail.proposal is not None and "vote" in proposals.detail.proposal.can)
    ben.key(Qt.Key.Key_1)
    QTest.keyClick(ben.window, Qt.Key.Key_Return, CONTROL)
    ben.until(lambda: proposals.detail.proposal is not None and proposals.detail.proposal.my_choice is not None)
    detail = ada.window.shell.proposals.detail
    ada.until(lambda: detail._detail is not None and detail._detail.tally is not None and detail.proposal.voted == 1)  # type: ignore[union-attr]


def organise(ada: Desk, ben: Desk) -> None:
    """A delegation, a department with a role in it, and the stop, each from the palette."""
    ben.command("Delegate a vote")
    chosen = ben.dialog(DelegateDialog)
    ben.until(chosen.to.currentData)
    ben.sign(chosen)
    ben.until(lambda: ben.window.shell.people._more["delegations"].table.rows.rowCount() == 2)  # type: ignore[attr-defined]
    ada.command("New department")
    made = ada.dialog(DepartmentDialog)
    QTest.keyClicks(made.name, "Workshop")
    ada.sign(made)
    tab = ada.window.shell.people._more["departments"]
    assert isinstance(tab, DepartmentsTab)
    ada.until(lambda: tab.table.rows.rowCount() == 1)
    tab.table.list.setFocus()
    QTest.keyClick(tab.table.list, Qt.Key.Key_Home)
    ada.until(tab._buttons["give"].isVisible)
    QTest.keyClick(tab._buttons["give"], Qt.Key.Key_Space)
    giving = ada.dialog(RoleDialog)
    ada.until(lambda: giving.role.count() > 3 and giving.member.count() == 2)
    giving.member.setCurrentIndex(giving.member.findText("Ben", Qt.MatchFlag.MatchContains))
    giving.role.pick("steward")
    ada.sign(giving)
    ada.until(lambda: "Ben" in tab.names(tab.table.rows.rows()[0].stewards))
    names = [entry.name for entry in commands(ada.window)]
    assert "emergency.ask" not in names or ada.window.ui.can("emergency.stop")


def share_out(ada: Desk, ben: Desk) -> None:
    """A round of points that both can give."""
    ada.command("Open a round")
    shown = ada.dialog(RoundDialog)
    QTest.keyClicks(shown.title, "Thanks")
    QTest.keyClicks(shown.amount, "10")
    ada.sign(shown)
    ben.window.shell.go("contributions", "rounds")
    rounds = ben.window.shell.contributions.rounds
    ben.until(lambda: rounds._rounds and "give" in rounds._rounds[0].can)
    rounds.table.list.setFocus()
    QTest.keyClick(rounds.table.list, Qt.Key.Key_Home)
    QTest.keyClick(rounds.table.list, Qt.Key.Key_Return)
    pane = ben.window.shell.contributions.round_pane
    ben.until(lambda: pane.sheet._steppers)
    stepper = next(iter(pane.sheet._steppers.values()))
    stepper.field.setFocus()
    stepper.field.selectAll()
    QTest.keyClicks(stepper.field, "40")
    QTest.keyClick(stepper.field, Qt.Key.Key_Return, CONTROL)
    ben.until(lambda: rounds._rounds[0].my_given == 40)
    ada.window.shell.go("contributions", "rounds")
    ada.until(lambda: ada.window.shell.contributions.rounds._rounds[0].gave == 1)


def work_and_pay(ada: Desk, ben: Desk) -> None:
    ada.window.shell.go("tasks")
    ada.key(Qt.Key.Key_N)
    shown = ada.dialog(TaskDialog)
    shown.title.setText("Prune the old trees")
    shown.reward.setText("12.50")
    ada.sign(shown)
    ben.window.shell.go("tasks")
    ben.until(lambda: any("claim" in t.can for t in ben.window.shell.tasks._tasks))
    task = ben.window.shell.tasks._tasks[0].id
    ben.window.shell.go("tasks", task)
    ben.until(lambda: ben.window.shell.tasks.pane.task is not None and "claim" in ben.window.shell.tasks.pane.task.can)
    ben.key(Qt.Key.Key_A)
    ben.until(lambda: "submit" in ben.window.shell.tasks.pane.task.can)  # type: ignore[union-attr]
    ben.key(Qt.Key.Key_S)
    note = ben.dialog(SubmitDialog)
    note.note.setPlainText("All *twelve* pruned.")
    ben.sign(note)
    ada.window.shell.go("tasks", task)
    ada.until(lambda: ada.window.shell.tasks.pane.task is not None and "accept" in ada.window.shell.tasks.pane.task.can)
    ada.until(lambda: "twelve" in ada.window.shell.tasks.pane._work._note.text())
    ada.key(Qt.Key.Key_Y)
    ada.sign(ada.dialog(ConfirmDialog))
    ben.window.shell.go("treasury")
    ben.until(lambda: ben.balance() == [1250])


def decide(ada: Desk, ben: Desk) -> None:
    ben.window.shell.go("proposals")
    ben.key(Qt.Key.Key_N)
    shown = ben.dialog(ProposalDialog)
    shown.title.setText("A second ladder?")
    ben.sign(shown)
    ada.window.shell.go("proposals")
    ada.until(lambda: any("vote" in p.can for p in ada.window.shell.proposals._rows))
    proposal = ada.window.shell.proposals._rows[0].id
    for desk, key in ((ada, Qt.Key.Key_1), (ben, Qt.Key.Key_2)):
        detail = desk.window.shell.proposals.detail
        desk.window.shell.go("proposals", proposal)
        desk.until(lambda d=detail: d.proposal is not None and "vote" in d.proposal.can)  # type: ignore[misc]
        desk.key(key)
        QTest.keyClick(desk.window, Qt.Key.Key_Return, CONTROL)
        desk.until(lambda d=detail: d.proposal is not None and d.proposal.my_choice is not None)  # type: ignore[misc]
    for desk in (ada, ben):
        detail = desk.window.shell.proposals.detail
        desk.until(lambda d=detail: d._detail.tally is not None and d._detail.tally.scores == ("1", "1", "0"))  # type: ignore[misc]


def thank(ada: Desk, ben: Desk) -> None:
    ben.window.shell.go("contributions")
    ben.key(Qt.Key.Key_N)
    shown = ben.dialog(ContributionDialog)
    shown.title.setText("Brought the ladder")
    ben.sign(shown)
    ada.window.shell.go("contributions")
    ada.until(lambda: any("endorse" in c.can for c in ada.window.shell.contributions._rows))
    claim = next(c for c in ada.window.shell.contributions._rows if "endorse" in c.can)
    ada.window.shell.go("contributions", claim.id)
    ada.until(lambda: ada.window.shell.contributions.pane._detail is not None)
    ada.key(Qt.Key.Key_E)
    ben.until(
        lambda: any(c.title == "Brought the ladder" and c.endorsed_by for c in ben.window.shell.contributions._rows)
    )
    ben.window.shell.go("treasury")
    ben.key(Qt.Key.Key_P)
    tip = ben.dialog(MoveDialog)
    tip.amount.setText("2.50")
    ben.sign(tip)
    ada.until(lambda: ada.balance() == [250])
    ada.window.shell.go("trust")
    ada.key(Qt.Key.Key_Y)
    verify = ada.window.shell.trust.side.verify
    ada.until(lambda: verify._report is not None)
    assert verify._report is not None
    assert verify._report.ok
