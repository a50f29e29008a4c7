"""Invite somebody: role, uses, time; then the invitation as link, text, picture and file."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import segno
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from dao_app.app import views as v
from dao_app.app.errors import StorageError
from dao_app.core.limits import INVITE_USES_MAX, MEMO_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Field, Line, Picker
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row

DAY_S = 86_400
LIVES = [(str(DAY_S), "period.day"), (str(7 * DAY_S), "period.week"), (str(30 * DAY_S), "period.month")]
ROLES_ALL = ("member", "steward", "treasurer", "auditor", "witness", "partner", "investor", "observer")
ROLES_PLAIN = ("member", "observer")
QR_QUIET_MODULES = 4  # ISO/IEC 18004: quiet zone around the symbol
QR_FILE_SCALE = 8  # pixels per module of the saved picture


class QrView(QWidget):
    """A QR code, black on white in both themes so that cameras read it."""

    def __init__(self, ui: Ui, text: str) -> None:
        super().__init__()
        self._ui, self._text = ui, text
        self._matrix = [list(line) for line in segno.make(text, error="l", micro=False).matrix]
        self.relook()

    def relook(self) -> None:
        edge = self._ui.look.px(196)
        self.setFixedSize(edge, edge)
        self.setAccessibleName(self._ui.t("invite.picture"))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        count = len(self._matrix) + 2 * QR_QUIET_MODULES
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor("white"))
            module = self.width() / count
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            for y, line in enumerate(self._matrix):
                for x, dark in enumerate(line):
                    if dark:
                        left, top = round((x + QR_QUIET_MODULES) * module), round((y + QR_QUIET_MODULES) * module)
                        right, bottom = (
                            round((x + 1 + QR_QUIET_MODULES) * module),
                            round((y + 1 + QR_QUIET_MODULES) * module),
                        )
                        painter.fillRect(QRectF(left, top, right - left, bottom - top), QColor("black"))


def qr_png(text: str) -> bytes:
    """The invitation's picture as a PNG file."""
    buffer = io.BytesIO()
    segno.make(text, error="l", micro=False).save(buffer, kind="png", scale=QR_FILE_SCALE, border=QR_QUIET_MODULES)
    return buffer.getvalue()


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
        self._created = created
        self.paragraph("invite.ready_text", duration=ui.texts.duration(created.lifetime_ms, 1))
        link = Line(ui, name="invite.link", bytes_max=len(created.link) + 1, mono=True)
        link.setText(created.link)
        link.setReadOnly(True)
        link.setCursorPosition(0)
        buttons = []
        for key, icon, act in (
            ("invite.copy_link", "copy", self._copy_link),
            ("invite.copy_text", "note", self._copy_text),
            ("invite.save_picture", "qr", self._save_picture),
            ("invite.save_file", "down", self._save_file),
        ):
            button = Button(ui, key, icon=icon, wide=True)
            button.clicked.connect(act)
            buttons.append(button)
        words = Label(ui, weight=600)
        words.say(" · ".join(created.words))
        right = column(
            ui,
            Label(ui, "invite.link", weight=600),
            link,
            2,
            *buttons,
            4,
            Paragraph(ui, "invite.words_text", role="caption", tone="text2"),
            words,
            None,
            gap=6,
        )
        qr = column(ui, Box(ui, "card", row(ui, QrView(ui, created.link), margins=(6, 6, 6, 6))), None)
        both = row(ui, qr, right, gap=20)
        both.setStretch(1, 1)
        self.content.addLayout(both)
        self._unreachable = Paragraph(ui, "invite.no_address", "caption", "provisional")
        self._unreachable.hide()
        self.content.addWidget(self._unreachable)
        ui.bridge.call(self, "invite_read", {"link": created.link}, self._judge_addresses, lambda _: None)
        self._said = Label(ui, role="caption", tone="accent")
        self.content.addWidget(self._said)

    def _judge_addresses(self, preview: v.InvitePreview) -> None:
        """Say so where the invitation tells no place to look for this device."""
        if not preview.addresses:
            self._unreachable.show()
            self.fit()

    def _copy_link(self) -> None:
        self.ui.clipboard.copy_secret(self._created.link)
        self._said.say_key("invite.copied")

    def _copy_text(self) -> None:
        self.ui.clipboard.copy_secret(self._created.text)
        self._said.say_key("invite.copied")

    def _save_picture(self) -> None:
        self._save("invite.save_picture", "guildhall-invitation.png", qr_png(self._created.link))

    def _save_file(self) -> None:
        self._save("invite.save_file", "guildhall-invitation.txt", self._created.text.encode() + b"\n")

    def _save(self, title: str, name: str, data: bytes) -> None:
        path, _ = QFileDialog.getSaveFileName(self, self.ui.t(title), name)
        if path:
            self.save_to(Path(path), data)

    def save_to(self, path: Path, data: bytes) -> None:
        """Write the file, or say why not."""
        try:
            path.write_bytes(data)
        except OSError as error:
            self.refused(StorageError("file_unwritable", path=path.name, detail=error.strerror or ""))
        else:
            self._said.say(self.ui.t("invite.saved", name=path.name))
