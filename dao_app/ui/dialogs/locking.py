"""The key file: another passphrase, the system keyring, and when it locks itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QLineEdit, QWidget

from dao_app.app import views_devices as d
from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.pages.identity import PASSPHRASE_LEAST, strength
from dao_app.ui.pages.welcome import PASSPHRASE_CHARS_MAX
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Check, Field, Line, Picker
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import divider, row

IDLE = [("0", "lock.never"), ("300", "lock.minutes5"), ("1800", "lock.minutes30"), ("7200", "lock.hours2")]


class LockingDialog(Dialog):
    """Opens from the settings. A change of passphrase is its main action; the rest takes effect at once."""

    WIDTH = 520

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(ui, parent, "lock.title", "lock.change", signed=False)
        self.old, self.new, self.again = (self._secret(f"lock.{name}") for name in ("old", "new", "again"))
        self._old = Field(ui, "lock.old", self.old)
        self._new = Field(ui, "lock.new", self.new, "identity.passphrase_help")
        self._again = Field(ui, "lock.again", self.again)
        pair = row(ui, self._new, self._again, gap=16)
        pair.setStretch(0, 1)
        pair.setStretch(1, 1)
        self.content.addWidget(self._old)
        self.content.addLayout(pair)
        self.content.addWidget(divider())
        self.keyring = Check(ui, "lock.keyring")
        self.keyring.clicked.connect(self._turn)
        self._missing = Paragraph(ui, "lock.keyring_missing", role="caption", tone="text3")
        self._missing.hide()
        self.idle = Picker(ui, "lock.after")
        self.idle.offer(IDLE)
        self.idle.activated.connect(lambda _: self._wait())
        now = Button(ui, "lock.now", icon="key")
        now.clicked.connect(self._lock)
        self.content.addWidget(self.keyring)
        self.content.addWidget(self._missing)
        self.content.addWidget(Field(ui, "lock.after", self.idle))
        self.content.addLayout(row(ui, now, None))
        self._call("identity_locking", {}, self._show)
        self.old.setFocus()

    def _secret(self, name: str) -> Line:
        line = Line(self.ui, name=name, bytes_max=PASSPHRASE_CHARS_MAX)
        line.setEchoMode(QLineEdit.EchoMode.Password)
        return line

    def _call(self, method: str, params: dict[str, Any], done: Callable[[Any], None], writes: bool = False) -> None:
        self.ui.bridge.call(self, method, params, done, self.refused, writes=writes)

    def _show(self, view: d.LockView) -> None:
        self.keyring.setEnabled(view.keyring or view.keyring_available)
        self.keyring.setChecked(view.keyring)
        self._missing.setVisible(not view.keyring_available)
        if self.idle.findData(str(view.lock_after_s)) < 0:
            self.idle.addItem(self.ui.texts.duration(view.lock_after_s * 1000), str(view.lock_after_s))
        self.idle.pick(str(view.lock_after_s))
        self.fit()

    def _turn(self) -> None:
        """The passphrase is asked for where the keyring is to hold it."""
        on = self.keyring.isChecked()
        if on and not self.old.text():
            self.keyring.setChecked(False)
            self._old.fault(self.ui.t("lock.need_old"))
            self.old.setFocus()
            return
        self._call("identity_keyring", {"on": on, "passphrase": self.old.text() if on else ""}, self._show, writes=True)

    def refused(self, error: GuildhallError) -> None:
        super().refused(error)
        self.ui.bridge.call(self, "identity_locking", {}, self._show, lambda _: None)

    def _wait(self) -> None:
        self._call("identity_lock_after", {"seconds": int(self.idle.currentData())}, self._show, writes=True)

    def _lock(self) -> None:
        self.ui.drafts.flush()  # what is held is signed first: afterwards nothing could be
        self._call("identity_lock", {}, lambda _: self.accept(), writes=True)

    def accept_now(self) -> None:
        old, new = self.old.text(), self.new.text()
        self._old.fault("" if old else self.ui.t("lock.need_old"))
        weak, differs = strength(new) == "short", new != self.again.text()
        self._new.fault(self.ui.t("fault.passphrase", least=PASSPHRASE_LEAST) if weak else "")
        self._again.fault(self.ui.t("fault.differs") if differs else "")
        if old and not weak and not differs:
            self.busy(True)
            self._call("identity_passphrase", {"old": old, "new": new}, self._changed, writes=True)

    def _changed(self, _: object) -> None:
        for line in (self.old, self.new, self.again):
            line.clear()
        self.busy(False)
        self.ui.said.emit(self.ui.t("lock.changed"))
        self.accept()
