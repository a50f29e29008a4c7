"""Being a witness on this device, and handing the sole witness over."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.widgets.fields import Field, Picker


def ask_to_declare(ui: Ui, parent: QWidget, term: int, done: Callable[[object], None]) -> ConfirmDialog:
    """Before a key is made: what a witness promises."""
    return ConfirmDialog(
        ui, parent, "witness.be_title", "witness.be_text", "witness.be",
        [("witness.term", ui.texts.number(term))], lambda dialog: dialog.write("witness_ready", done),
    )  # fmt: skip


def ask_to_renew(ui: Ui, parent: QWidget, done: Callable[[object], None]) -> ConfirmDialog:
    """Before a new device key is certified."""
    return ConfirmDialog(
        ui, parent, "device.renew_title", "device.renew_text", "device.renew", [],
        lambda dialog: dialog.write("device_renew", done),
    )  # fmt: skip


class MoveDialog(Dialog):
    """To whom the sole witness goes."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "witness.move_title", "witness.move_verb")
        self._done = done
        self.paragraph("witness.move_text")
        self.member = Picker(ui, "witness.move_to")
        self._field = Field(ui, "witness.move_to", self.member, "witness.move_help")
        self.content.addWidget(self._field)
        ui.ask(self, "member_list", self._offer)

    def _offer(self, members: tuple[v.MemberRow, ...]) -> None:
        others = [m for m in members if m.status == "active" and not m.person.you]
        self.member.offer_plain([(m.person.id, self.ui.name(m.person)) for m in others])

    def accept_now(self) -> None:
        chosen = self.member.currentData()
        self._field.fault("" if chosen else self.ui.t("fault.nobody_to_move_to"))
        if chosen:
            self.write("witness_move", self._done, member=chosen)
