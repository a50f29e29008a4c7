"""An open organisation: sidebar, pages, status bar, and going to and fro between objects."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QMenu, QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.pages.base import Page
from dao_app.ui.pages.charter import CharterPage
from dao_app.ui.pages.contributions import ContributionsPage
from dao_app.ui.pages.people import PeoplePage
from dao_app.ui.pages.proposals import ProposalsPage
from dao_app.ui.pages.tasks import TasksPage
from dao_app.ui.pages.today import TodayPage
from dao_app.ui.pages.treasury import TreasuryPage
from dao_app.ui.pages.trust import TrustPage
from dao_app.ui.widgets.layout import column, row
from dao_app.ui.widgets.notices import Problem, Toast
from dao_app.ui.widgets.sidebar import Sidebar, page_is_on
from dao_app.ui.widgets.status import StatusBar

RAIL_BELOW = 1_100  # effective pixels of the window below which the sidebar is an icon rail
HISTORY_MAX = 100
TICK_MS = 20_000  # relative times ("2 min ago") are brought up to date this often
REFRESH_MS = 250  # a page is asked again at most this often


PAGE_KINDS: dict[str, type[Page]] = {
    kind.name: kind
    for kind in (
        TodayPage, TasksPage, ProposalsPage, ContributionsPage, TreasuryPage, PeoplePage, CharterPage, TrustPage,
    )
}


class Shell(QWidget):
    """Everything of one organisation."""

    menu_wanted = Signal()
    settings_wanted = Signal()
    palette_wanted = Signal()
    words_wanted = Signal()
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.ui = ui
        self.sidebar, self.status = Sidebar(ui), StatusBar(ui)
        self.pages: dict[str, Page] = {}  # made when first shown, so that the window is up at once
        self.stack = QStackedWidget()
        self._made("today")
        self.problem = Problem(ui, closable=True)
        area = QWidget()
        area.setProperty("box", "surface")
        inner = column(ui, self.problem, self.stack)
        inner.setStretch(1, 1)
        area.setLayout(inner)
        self.problem.hide()
        body = row(ui, self.sidebar, area, gap=0)
        body.setStretch(1, 1)
        layout = column(ui, body, self.status)
        layout.setStretch(0, 1)
        self.setLayout(layout)
        self.toast = Toast(ui, area)
        self._history: list[tuple[str, str]] = []
        self._dirty = set(PAGE_KINDS)
        self._refresh_timer, self._tick = QTimer(self), QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._ask_status)
        self._connect()

    def _made(self, name: str) -> Page:
        """The page of this name, made if it was not shown yet."""
        if name not in self.pages:
            page = self.pages[name] = PAGE_KINDS[name](self.ui)
            self.stack.addWidget(page)
            for signal, target in (
                ("words_wanted", self.words_wanted),
                ("tip_wanted", self._tip),
                ("link_opened", self.link_opened),
            ):
                if hasattr(page, signal):
                    getattr(page, signal).connect(target)
        return self.pages[name]

    @property
    def tasks(self) -> TasksPage:
        return cast(TasksPage, self._made("tasks"))

    @property
    def proposals(self) -> ProposalsPage:
        return cast(ProposalsPage, self._made("proposals"))

    @property
    def contributions(self) -> ContributionsPage:
        return cast(ContributionsPage, self._made("contributions"))

    @property
    def treasury(self) -> TreasuryPage:
        return cast(TreasuryPage, self._made("treasury"))

    @property
    def people(self) -> PeoplePage:
        return cast(PeoplePage, self._made("people"))

    @property
    def charter(self) -> CharterPage:
        return cast(CharterPage, self._made("charter"))

    @property
    def trust(self) -> TrustPage:
        return cast(TrustPage, self._made("trust"))

    def _tip(self, member: str) -> None:
        self.treasury.start_move("tip", member)

    def _connect(self) -> None:
        ui = self.ui
        self.sidebar.nav.wanted.connect(self._go_to_list)
        self.sidebar.departments.wanted.connect(lambda name: self.go("tasks", f"department:{name}"))
        self.sidebar.org.clicked.connect(self.menu_wanted)
        self.sidebar.jump.clicked.connect(self.palette_wanted)
        self.sidebar.me.pressed.connect(lambda _: self.settings_wanted.emit())
        ui.go.connect(self.go)
        ui.failed.connect(self.show_error)
        ui.bridge.changed.connect(self._changed)

    # -- the organisation ----------------------------------------------------------------------
    def open_org(self, org: v.OrgRow) -> None:
        """Show another organisation; nothing of the one before stays."""
        ui = self.ui
        ui.drafts.flush()
        ui.org, ui.org_view = org.id, None
        self.problem.clear()
        for page in self.pages.values():
            page.reset()
        self._dirty = set(PAGE_KINDS)
        self._history.clear()
        self.status.reset()
        self.sidebar.org.show_org(org)
        ui.ask(self, "org_show", self._show_org)
        self._ask_status()
        self._tick.start()
        self.go("today")

    def _show_org(self, view: v.OrgView) -> None:
        ui = self.ui
        if view.row.id != ui.org:
            return
        first = ui.org_view is None
        ui.org_view = view
        self.sidebar.org.show_org(view.row)
        self.sidebar.me.show_person(view.you)
        self.sidebar.nav.show_modules(view.modules)
        ui.org_updated.emit()
        if first:
            self._dirty = set(PAGE_KINDS)
        self._refresh()

    def reload_org(self) -> None:
        self.ui.ask(self, "org_show", self._show_org)

    def _changed(self, change: v.Change) -> None:
        if change.org != self.ui.org or not self.ui.org:
            return
        if change.topics & {"org", "orgs", "members"}:
            self.reload_org()
        self._dirty |= {name for name, kind in PAGE_KINDS.items() if change.topics & kind.topics}
        if not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _refresh(self) -> None:
        """Ask again what the page on show and the edges need."""
        page = self.page()
        if page.name in self._dirty and self.isVisible():
            self._dirty.discard(page.name)
            page.refresh()
        self._ask_status()
        self._ask_counts()

    def _ask_status(self) -> None:
        if self.ui.org:
            self.ui.ask(self.status, "status", self.status.show_status)

    def _ask_counts(self) -> None:
        ui, nav = self.ui, self.sidebar.nav
        ui.ask(nav, "today", lambda view: nav.show_count("today", len(view.needs)))
        ui.ask(nav, "proposal_list", lambda rows: nav.show_count("proposals", len(rows)), status="voting")
        modules = ui.org_view.modules if ui.org_view else ()
        if page_is_on("tasks", modules):
            ui.ask(nav, "task_list", lambda rows: nav.show_count("tasks", len(rows)), status="open")
            ui.ask(self.sidebar.departments, "department_list", self._show_departments)

    def _show_departments(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        """One's own first, then those at the top."""
        active = [d for d in rows if d.active]
        own = [d for d in active if any(person.you for person, _ in d.members)]
        others = [d for d in active if d not in own and d.depth == 1]
        self.sidebar.departments.show_departments(tuple(d.name for d in (*own, *others)))

    # -- going ---------------------------------------------------------------------------------
    def page(self) -> Page:
        page = self.stack.currentWidget()
        assert isinstance(page, Page)
        return page

    def go(self, name: str, target: str = "", remember: bool = True) -> None:
        """Show a page, and an object on it."""
        modules = self.ui.org_view.modules if self.ui.org_view else ()
        if name not in PAGE_KINDS or (self.ui.org_view is not None and not page_is_on(name, modules)):
            return
        page = self._made(name)
        if remember:
            self._history = [*self._history[-HISTORY_MAX:], (name, target)]
        self.stack.setCurrentWidget(page)
        self.sidebar.nav.show_page(name)
        page.fold(self._page_width())
        if name in self._dirty and self.ui.org_view is not None:
            self._dirty.discard(name)
            page.refresh()
        if target:
            page.open(target)
        focused = QApplication.focusWidget()
        if focused is None or not self.sidebar.isAncestorOf(focused):
            page.take_focus()

    def primary(self) -> bool:
        """The main action of the page on show; False where it has none."""
        primary = getattr(self.page(), "primary", None)
        if primary is not None:
            primary()
        return primary is not None

    def _go_to_list(self, name: str) -> None:
        """A page chosen in the sidebar shows its list, not what was open on it."""
        self._made(name).close_detail()
        self.go(name)

    def back(self) -> None:
        """Alt+←."""
        if len(self._history) > 1:
            self._history.pop()
            name, target = self._history[-1]
            if not target:
                self.pages[name].close_detail()
            self.go(name, target, remember=False)

    def render_again(self) -> None:
        """After a change of language or look."""
        self.toast.relook()

    # -- edges ---------------------------------------------------------------------------------
    def show_error(self, error: GuildhallError) -> None:
        self.problem.show_error(error)

    def _page_width(self) -> int:
        scale = self.ui.look.scale / 100
        return round((self.width() - self.sidebar.width()) / scale)

    def fold_now(self) -> None:
        """Fit the parts into the window's width."""
        width = round(self.width() * 100 / self.ui.look.scale)
        self.sidebar.set_rail(width < RAIL_BELOW)
        self.status.fold(width)
        self.page().fold(self._page_width())
        self.toast.relook()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 (Qt)
        super().resizeEvent(event)
        self.fold_now()

    def org_menu(self, orgs: tuple[v.OrgRow, ...]) -> QMenu:
        """The organisations of this device and the ways to more; actions carry (what, id) as data."""
        ui, menu = self.ui, QMenu(self)
        for org in orgs:
            name = isolate(org.name).replace("&", "&&")
            if org.demo:
                name = f"{name} · {ui.t('org.demo')}"
            if org.membership == "joining":
                name = f"{name} · {ui.t('member.status.joining')}"
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(org.id == ui.org)
            action.setData(("open", org.id))
        menu.addSeparator()
        for what in ("about", "join", "found", "demo"):
            if what != "demo" or not any(o.demo for o in orgs):
                menu.addAction(ui.t(f"org.menu.{what}")).setData((what, ""))
        return menu
