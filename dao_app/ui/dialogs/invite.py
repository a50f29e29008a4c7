"""Invite somebody: role, uses, time; then the invitation as link, text, picture and file."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.core.limits import INVITE_USES_MAX, MEMO_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.fields import Field, Line, Picker
from dao_app.ui.widgets.hand_on import HandOn
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import row

DAY_S = 86_400
LIVES = [(str(DAY_S), "period.day"), (str(7 * DAY_S), "period.week"), (str(30 * DAY_S), "period.month")]
ROLES_ALL = ("member", "steward", "treasurer", "auditor", "witness", "partner", "investor", "observer")
ROLES_PLAIN = ("member", "observer")


class InviteDialog(Dialog):
    """Makes an invitation."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[v.InviteCreated], None]) -> None:
        super().__init__(ui, parent, "invite.new", "invite.new.verb")
        self._done = done
        self.role, self.life = Picker(ui, "invite.role"), Picker(ui, "invite.life")
        roles = ROLES_ALL if ui.can("invite.role") else ROLES_PLAIN
        self.role.offer([(r, f"role.{r}") for r in roles])
        self.life.offer(LIVES)
        self.life.pick(str(7 * DAY_S))
        self.uses = Line(ui, "invite.uses_hint", "invite.uses_label", 4)
        self.uses.setText("1")
        self.note = Line(ui, "invite.note.hint", "invite.note", MEMO_BYTES_MAX)
        self._uses_field = Field(ui, "invite.uses_label", self.uses)
        first = row(
            ui, Field(ui, "invite.role", self.role), Field(ui, "invite.life", self.life), self._uses_field, gap=16
        )
        self.content.addLayout(first)
        self.content.addWidget(Field(ui, "invite.note", self.note, "invite.note.help"))
        self.role.setFocus()

    def accept_now(self) -> None:
        text = self.uses.text().strip()
        uses = int(text) if text.isascii() and text.isdigit() else 0
        good = 1 <= uses <= INVITE_USES_MAX
        self._uses_field.fault("" if good else self.ui.t("fault.uses", most=INVITE_USES_MAX))
        if good:
            self.write(
                "invite_create",
                self._made,
                role=self.role.currentData(),
                uses=uses,
                lifetime_s=int(self.life.currentData()),
                note=self.note.text().strip(),
            )

    def _made(self, created: object) -> None:
        if isinstance(created, v.InviteCreated):
            self._done(created)


class InvitationDialog(Dialog):
    """An invitation to hand on: link, text, picture, file, and the words to compare."""

    WIDTH = 620

    def __init__(self, ui: Ui, parent: QWidget, created: v.InviteCreated) -> None:
        super().__init__(ui, parent, "invite.ready")
        self.paragraph("invite.ready_text", duration=ui.texts.duration(created.lifetime_ms, 1))
        self.hand_on = HandOn(
            ui, created.link, created.text, created.words, "invite.words_text", "guildhall-invitation"
        )
        self.hand_on.failed.connect(self.refused)
        self.content.addWidget(self.hand_on)
        self._unreachable = Paragraph(ui, "invite.no_address", "caption", "provisional")
        self._unreachable.hide()
        self.content.addWidget(self._unreachable)
        ui.bridge.call(self, "invite_read", {"link": created.link}, self._judge_addresses, lambda _: None)

    def _judge_addresses(self, preview: v.InvitePreview) -> None:
        """Say so where the invitation tells no place to look for this device."""
        if not preview.addresses:
            self._unreachable.show()
            self.fit()
