"""Being a witness on this device, handing the sole witness over, a new device key, recovering."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app import views_finality as f
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog, Dialog
from dao_app.ui.dialogs.effects import Candidates
from dao_app.ui.models import show
from dao_app.ui.widgets.fields import Field, Picker

SIZES = (1, 4, 7, 10)  # of a set of witnesses


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


def ask_to_sign(ui: Ui, parent: QWidget, recovery: f.RecoveryRow, done: Callable[[object], None]) -> ConfirmDialog:
    """Before a recovery is signed."""
    facts = [
        ("recovery.branch", f"{recovery.branch} · {show.grouped(recovery.branch_id)}"),
        ("recovery.members", ui.texts.join([isolate(ui.name(person)) for person in recovery.members])),
    ]
    return ConfirmDialog(
        ui, parent, "recovery.sign_title", "recovery.sign_text", "recovery.sign", facts,
        lambda dialog: dialog.write("recovery_sign", done, recovery=recovery.id),
    )  # fmt: skip


class RecoverDialog(Dialog):
    """Which branch prevails, and who seals next."""

    def __init__(self, ui: Ui, parent: QWidget, view: f.FinalityView, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "recovery.propose_title", "recovery.sign")
        self._done = done
        self.paragraph("recovery.propose_text")
        self.branch = Picker(ui, "recovery.branch")
        last = [("", ui.t("recovery.last_common"))]
        named = [(f"{r.height}:{r.id}", f"{r.height} · {show.grouped(r.id)}") for r in view.alarm]
        self.branch.offer_plain(last + (named if len(named) > 1 else []))
        self.members = Candidates(ui)
        self._who = Field(ui, "recovery.members", self.members, "recovery.members_help")
        self.content.addWidget(Field(ui, "recovery.branch", self.branch))
        self.content.addWidget(self._who)
        ui.ask(self, "member_list", lambda rows: self.members.offer(tuple(m for m in rows if m.status == "active")))

    def accept_now(self) -> None:
        chosen = self.members.chosen()
        self._who.fault("" if len(chosen) in SIZES else self.ui.t("fault.recovery_members"))
        if len(chosen) in SIZES:
            self.write("recovery_propose", self._done, members=chosen, branch=self.branch.currentData() or "")


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
