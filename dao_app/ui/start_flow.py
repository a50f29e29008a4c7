"""The way in: welcome, identity, recovery words, join or found, first sync."""

from __future__ import annotations

from functools import cached_property
from typing import TypeVar

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.pages.further_device import FurtherDevicePage
from dao_app.ui.pages.identity import IdentityPage, WordsPage
from dao_app.ui.pages.join import StartOrgPage, SyncPage
from dao_app.ui.pages.start_frame import StartPage
from dao_app.ui.pages.welcome import WelcomePage

DEMO_JOB = "demo"
P = TypeVar("P", bound=StartPage)


class StartFlow(QStackedWidget):
    """Leads to an organisation. The recovery words come before the first role, not before a look."""

    org_ready = Signal(str)  # id of an organisation to open
    left = Signal()  # back to what was open before
    language_chosen = Signal(str)
    identity_changed = Signal(object)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.ui = ui
        self._goal = ""
        self._link = ""
        self.welcome = self._add(WelcomePage(ui))
        self.welcome.demo_wanted.connect(self.open_demo)
        self.welcome.join_wanted.connect(lambda: self.begin("join"))
        self.welcome.found_wanted.connect(lambda: self.begin("found"))
        self.welcome.restore_wanted.connect(lambda: self._show_identity(restoring=True))
        self.welcome.further_wanted.connect(self._show_further)
        self.welcome.unlocked.connect(self._unlocked)
        ui.bridge.progress.connect(self._progress)

    def _add(self, page: P) -> P:
        self.addWidget(page)
        page.language_chosen.connect(self.language_chosen)
        page.left.connect(self.left)
        return page

    @cached_property
    def identity(self) -> IdentityPage:
        page = self._add(IdentityPage(self.ui))
        page.made.connect(self._made)
        return page

    @cached_property
    def words(self) -> WordsPage:
        page = self._add(WordsPage(self.ui))
        page.confirmed.connect(self._confirmed)
        return page

    @cached_property
    def further(self) -> FurtherDevicePage:
        page = self._add(FurtherDevicePage(self.ui))
        page.entered_with.connect(self._entered)
        return page

    @cached_property
    def org(self) -> StartOrgPage:
        page = self._add(StartOrgPage(self.ui))
        page.joining.connect(self._joining)
        page.founded.connect(lambda row_: self.org_ready.emit(row_.id))
        return page

    @cached_property
    def sync(self) -> SyncPage:
        page = self._add(SyncPage(self.ui))
        page.done.connect(self.org_ready)
        return page

    def page(self) -> StartPage:
        page = self.currentWidget()
        assert isinstance(page, StartPage)
        return page

    def _show(self, page: StartPage) -> None:
        self.setCurrentWidget(page)
        page.problem.clear()
        page.fold(self._width())
        page.next.setFocus()

    def show_welcome(self) -> None:
        self.welcome.show_identity(self.ui.identity)
        self._show(self.welcome)
        self.welcome.show_identity(self.ui.identity)

    def begin(self, goal: str, link: str = "") -> None:
        """Go for "join", "found" or "words", by the steps still missing."""
        self._goal, self._link = goal, link or self._link
        identity = self.ui.identity
        if identity.exists and not identity.unlocked:
            self.show_welcome()
        elif not identity.exists:
            self._show_identity(restoring=False)
        elif not identity.words_confirmed:
            self._show(self.words)
            self.words.begin(())
        elif goal == "words":
            self.left.emit()
        else:
            self._show_org()

    def _show_identity(self, restoring: bool) -> None:
        self._goal = self._goal or "join"
        self._show(self.identity)
        self.identity.begin(restoring)

    def _show_further(self) -> None:
        self._show(self.further)
        self.further.begin()

    def _entered(self, views: tuple[v.JoinView, ...]) -> None:
        """The identity came from another device; its organisations are on their way."""

        def told(identity: v.IdentityView) -> None:
            self.identity_changed.emit(identity)
            if views:
                self._joining(views[0])
            else:
                self.begin("join")

        self.ui.bridge.call(self, "identity_status", {}, told)

    def _show_org(self) -> None:
        self._show(self.org)
        self.org.show_identity(self.ui.identity)
        self.org.show_part(self._goal if self._goal in ("found", "return") else "join")
        if self._link:
            link, self._link = self._link, ""
            self.org.put_link(link)

    def _unlocked(self, identity: v.IdentityView) -> None:
        self.identity_changed.emit(identity)
        if self._link:
            self.begin("join")

    def _made(self, identity: v.IdentityView, words: tuple[str, ...]) -> None:
        self.identity_changed.emit(identity)
        if words:
            self._show(self.words)
            self.words.begin(words)
        else:  # restored: whoever has words was somewhere before
            self.begin("return" if self._goal == "join" and not self._link else self._goal)

    def _confirmed(self) -> None:
        def told(identity: v.IdentityView) -> None:
            self.identity_changed.emit(identity)
            self.begin(self._goal)

        self.ui.bridge.call(self, "identity_status", {}, told)

    def show_joining(self, org: str) -> None:
        """How far a join has come that was begun before."""
        self.ui.bridge.call(self, "join_status", {"org": org}, self._joining, key="join_status")

    def _joining(self, view: v.JoinView) -> None:
        self._show(self.sync)
        self.sync.begin(view)

    # -- the guided demo -----------------------------------------------------------------------
    def open_demo(self) -> None:
        """One click away, before any identity exists."""
        self.welcome.progress.show_progress(self.ui.t("demo.building"), 0, 0)
        self.ui.bridge.call(self, "demo_open", {}, self._demo_ready, self._demo_failed, key="demo_open")

    def _demo_ready(self, org: v.OrgRow) -> None:
        self.welcome.progress.hide()
        self.org_ready.emit(org.id)

    def _demo_failed(self, error: GuildhallError) -> None:
        self.welcome.progress.hide()
        self.show_welcome()
        self.welcome.problem.show_error(error)

    def _progress(self, progress: v.Progress) -> None:
        if progress.job.startswith(DEMO_JOB) and self.welcome.progress.isVisible():
            self.welcome.progress.show_progress(self.ui.t("demo.building"), progress.done, progress.total)

    def _width(self) -> int:
        return round(self.width() * 100 / self.ui.look.scale)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt)
        super().resizeEvent(event)
        self.page().fold(self._width())
