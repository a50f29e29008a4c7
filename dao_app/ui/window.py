"""The main window: the way in or an organisation, keys, language and look, and a clean end."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QDialog, QMainWindow, QStackedWidget

from dao_app.app import views as v
from dao_app.app.texts import Texts, isolate
from dao_app.ui.commands import commands, go_and_do
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.keys import KeysDialog
from dao_app.ui.dialogs.palette import Palette
from dao_app.ui.dialogs.settings import OrgDialog, SettingsDialog
from dao_app.ui.presence import Presence
from dao_app.ui.shell import Shell
from dao_app.ui.start_flow import StartFlow
from dao_app.ui.theme.look import SCALE_STEP
from dao_app.ui.theme.qss import style_sheet
from dao_app.ui.widgets.layout import relook_all
from dao_app.ui.widgets.sidebar import PAGES

G_SEQUENCE_MS = 1_500  # after G the next key names a page
CLOSE_WAIT_MS = 5_000  # how long closing waits until gestures are signed and stored
START_SIZE = (1440, 900)
LEAST_SIZE = (640, 480)
LINK_PAGES = {"task": "tasks", "proposal": "proposals", "contribution": "contributions"}


class Window(QMainWindow):
    """One window for all organisations of this device."""

    def __init__(self, ui: Ui, link: str = "") -> None:
        super().__init__()
        self.ui = ui
        ui.setParent(self)
        self._link = link
        self._orgs: tuple[v.OrgRow, ...] = ()
        self._after_g = QTimer(self)
        self._after_g.setSingleShot(True)
        self.start, self.shell = StartFlow(ui), Shell(ui)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start)
        self._stack.addWidget(self.shell)
        self.setCentralWidget(self._stack)
        self.setMinimumSize(*LEAST_SIZE)
        self.resize(*START_SIZE)
        self._connect()
        self._shortcuts()
        self._title()

    def _connect(self) -> None:
        ui = self.ui
        self.start.org_ready.connect(self._open_new)
        self.start.left.connect(self._left_start)
        self.start.language_chosen.connect(lambda code: self.apply("language", code))
        self.start.identity_changed.connect(self._identity_changed)
        self.shell.menu_wanted.connect(self.show_org_menu)
        self.shell.settings_wanted.connect(self.show_settings)
        self.shell.palette_wanted.connect(self.show_palette)
        self.shell.words_wanted.connect(lambda: self.begin("words"))
        self.shell.link_opened.connect(self.open_link)
        ui.act.connect(self.act)
        ui.bridge.changed.connect(self._changed)
        ui.look.changed.connect(self._look_changed)
        self._presence = Presence(self, ui.now_ms, self._here)

    def _here(self) -> None:
        """Somebody is here: the keys are not locked meanwhile."""
        if self.ui.identity.unlocked:
            self.ui.bridge.call(self, "identity_used", {}, lambda _: None, lambda _: None)

    def _shortcuts(self) -> None:
        for keys, act in (
            ("Ctrl+K", self.show_palette),
            ("Ctrl+Z", self.ui.drafts.undo),
            ("Alt+Left", self.shell.back),
            ("Ctrl++", lambda: self.apply("scale", self.ui.look.scale + SCALE_STEP)),
            ("Ctrl+=", lambda: self.apply("scale", self.ui.look.scale + SCALE_STEP)),
            ("Ctrl+-", lambda: self.apply("scale", self.ui.look.scale - SCALE_STEP)),
            ("Ctrl+0", lambda: self.apply("scale", 100)),
            ("F1", self.show_keys),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)

    # -- beginning -----------------------------------------------------------------------------
    def load(self) -> None:
        """Ask who we are and what is here; then show the way in or the last organisation."""
        self.start.show_welcome()
        self.ui.bridge.call(self, "identity_status", {}, self._loaded_identity)

    def _loaded_identity(self, identity: v.IdentityView) -> None:
        self.ui.identity = identity
        if identity.exists and not identity.unlocked and identity.keyring:
            self._try_keyring()
        else:
            self._ask_orgs()

    def _ask_orgs(self) -> None:
        self.ui.bridge.call(self, "org_list", {}, self._loaded_orgs)

    def _try_keyring(self) -> None:
        """Where the system's keyring holds what opens the key file, nobody is asked."""

        def opened(identity: v.IdentityView) -> None:
            self.ui.identity = identity
            self._ask_orgs()

        self.ui.bridge.call(self, "identity_unlock", {"passphrase": ""}, opened, lambda _: self._ask_orgs())

    def _loaded_orgs(self, orgs: tuple[v.OrgRow, ...]) -> None:
        self._orgs = orgs
        identity = self.ui.identity
        locked = identity.exists and not identity.unlocked
        if self._link and not locked:
            link, self._link = self._link, ""
            self.begin("join", link)
            return
        wanted = str(self.ui.settings.values.get("org", ""))
        mine = [o for o in orgs if o.membership == "active" and (not o.demo or o.id == wanted)]
        known = next((o for o in mine if o.id == wanted), mine[0] if mine else None)
        waiting = next((o for o in orgs if o.membership == "joining"), None)
        if (known or waiting) is not None and not locked:
            self._open(known or waiting)  # type: ignore[arg-type]
        else:
            self.start.show_welcome()

    def begin(self, goal: str, link: str = "") -> None:
        """Show the way to an organisation, or to the recovery words."""
        self._stack.setCurrentWidget(self.start)
        self.start.begin(goal, link)

    def _left_start(self) -> None:
        if self.ui.org:
            self._stack.setCurrentWidget(self.shell)
        else:
            self.start.show_welcome()

    def _identity_changed(self, identity: v.IdentityView) -> None:
        unlocked_now = identity.unlocked and not self.ui.identity.unlocked and self.ui.identity.exists
        self.ui.identity = identity
        if unlocked_now:
            self.ui.bridge.call(self, "org_list", {}, self._loaded_orgs)

    def _open_new(self, org: str) -> None:
        def found(orgs: tuple[v.OrgRow, ...]) -> None:
            self._orgs = orgs
            row = next((o for o in orgs if o.id == org), None)
            if row is not None:
                self._open(row)

        self.ui.bridge.call(self, "org_list", {}, found)

    def _open(self, org: v.OrgRow) -> None:
        if org.membership in ("joining", "refused"):
            self._stack.setCurrentWidget(self.start)
            self.start.show_joining(org.id)
            return
        self._stack.setCurrentWidget(self.shell)
        self.shell.open_org(org)
        self.ui.settings.values["org"] = org.id
        self.ui.settings.save()
        self._title(org)
        self.shell.page().take_focus()

    def _changed(self, change: v.Change) -> None:
        if "orgs" in change.topics:
            self.ui.bridge.call(self, "org_list", {}, self._keep_orgs, key="org_list")
        if "identity" in change.topics:
            self.ui.bridge.call(self, "identity_status", {}, self._keep_identity, key="identity_status")

    def _keep_orgs(self, orgs: tuple[v.OrgRow, ...]) -> None:
        self._orgs = orgs

    def _keep_identity(self, identity: v.IdentityView) -> None:
        locked_now = self.ui.identity.unlocked and not identity.unlocked
        self.ui.identity = identity
        if locked_now:
            for dialog in self.findChildren(QDialog):
                dialog.reject()
            self._stack.setCurrentWidget(self.start)
            self.start.show_welcome()

    def _title(self, org: v.OrgRow | None = None) -> None:
        name = self.ui.t("app.name")
        self.setWindowTitle(f"{isolate(org.name)} · {name}" if org else name)

    # -- language and look ---------------------------------------------------------------------
    def apply(self, setting: str, value: object) -> None:
        """Change a setting, at once and for the next time."""
        ui = self.ui
        if setting == "language":
            ui.texts = Texts(str(value), ui.texts.zone)
            ui.look.set(language=ui.texts.language)
        elif setting == "theme":
            ui.look.set(theme=str(value))
        elif setting == "scale" and isinstance(value, int):
            ui.look.set(scale=value)
            value = ui.look.scale
        ui.settings.values[setting] = value
        ui.settings.save()

    def _look_changed(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setFont(self.ui.look.font())
            app.setStyleSheet(style_sheet(self.ui.look))
        relook_all(self)
        self.shell.fold_now()
        self.ui.relooked.emit()

    # -- menus, palette, dialogs ---------------------------------------------------------------
    def show_org_menu(self) -> None:
        button = self.shell.sidebar.org
        menu = self.shell.org_menu(self._orgs)
        menu.triggered.connect(lambda action: self.org_action(*action.data()))
        menu.aboutToHide.connect(menu.deleteLater, Qt.ConnectionType.QueuedConnection)
        menu.popup(button.mapToGlobal(QPoint(0, button.height() + 2)))

    def org_action(self, what: str, org: str = "") -> None:
        """A choice of the organisation menu."""
        if what == "open":
            row = next((o for o in self._orgs if o.id == org), None)
            if row is not None:
                self._open(row)
        elif what == "about" and self.ui.org_view is not None:
            OrgDialog(self.ui, self, self.ui.org_view).open()
        elif what == "demo":
            self.start.open_demo()
        elif what in ("join", "found"):
            self.begin(what)

    def show_settings(self) -> None:
        dialog = SettingsDialog(self.ui, self)
        dialog.picked.connect(self.apply)
        dialog.words_wanted.connect(lambda: self.begin("words"))
        dialog.open()

    def show_keys(self) -> None:
        KeysDialog(self.ui, self).open()

    def show_palette(self) -> None:
        if self._stack.currentWidget() is not self.shell or not self.ui.org:
            return
        palette = Palette(self.ui, self, commands(self))
        palette.open()
        palette.move(self.mapToGlobal(QPoint((self.width() - palette.width()) // 2, self.height() // 8)))

    def act(self, name: str) -> None:
        what, _, template = name.partition(":")
        if name == "new":
            self.show_palette()
        elif what == "propose":
            self.shell.go("proposals")
            self.shell.proposals.propose(template)

    def open_link(self, address: str) -> None:
        """A link in somebody's text: our own are followed, others shown first."""
        if address.lower().startswith("guildhall:"):
            self._open_own(address)
            return

        def act(dialog: ConfirmDialog) -> None:
            dialog.accept()
            QDesktopServices.openUrl(QUrl(address))

        facts = [("link.address", isolate(address))]
        ConfirmDialog(self.ui, self, "link.open", "link.open_text", "link.open_verb", facts, act, signed=False).open()

    def _open_own(self, address: str) -> None:
        kind, _, rest = address[len("guildhall:") :].partition("/")
        org, _, target = rest.partition("/")
        if kind == "join":
            self.begin("join", address)
        elif kind in LINK_PAGES and org == self.ui.org and target:
            self.shell.go(LINK_PAGES[kind], target)
        else:
            self.ui.said.emit(self.ui.t("link.elsewhere"))

    # -- keys ----------------------------------------------------------------------------------
    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        """Keys that nobody below wanted: text fields and lists come first."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        starting = self._stack.currentWidget() is self.start
        if enter and modifiers == Qt.KeyboardModifier.ControlModifier:
            if starting:
                self.start.page().sign()
            else:
                self.shell.page().sign()
        elif event.key() == Qt.Key.Key_Escape and not starting:
            self.shell.page().close_detail()
        elif modifiers in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier) and event.text():
            if self.ui.settings.values.get("single_keys", True):
                self._single_key(event.text().upper(), starting)
        else:
            super().keyPressEvent(event)

    def _single_key(self, key: str, starting: bool) -> None:
        if starting:
            page_keys: dict[str, Callable[[], None]] = self.start.page().keys()
            page_keys.get(key, lambda: None)()
            return
        if self._after_g.isActive():
            self._after_g.stop()
            for name, _, cap in PAGES:
                if cap == key:
                    self.shell.go(name)
                    return
        keys = self.shell.page().keys()
        if key in keys:
            keys[key]()
        elif key == "G":
            self._after_g.start(G_SEQUENCE_MS)
        elif key == "N":
            if not self.shell.primary():
                self.show_palette()
        elif key == "I":
            go_and_do(self.shell, "people", "invites")
        elif key == "/":
            self.show_palette()
        elif key == "?":
            self.show_keys()

    # -- the end -------------------------------------------------------------------------------
    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 (Qt)
        """Send what is held and wait until it is stored; nothing that was signed is lost."""
        self.ui.drafts.flush()
        if self.ui.bridge.writing:
            loop = QEventLoop()
            self.ui.bridge.idle.connect(loop.quit)
            QTimer.singleShot(CLOSE_WAIT_MS, loop.quit)
            loop.exec()
        self.ui.clipboard.forget()
        self.ui.bridge.close()
        super().closeEvent(event)
