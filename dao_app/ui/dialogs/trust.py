"""One entry of the log exactly as it was signed; and adding a peer by its address."""

from __future__ import annotations

import json
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.pages.base import Facts
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.fields import Field, Line
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph

ADDRESS_CHARS_MAX = 512


class EntryDialog(Dialog):
    """Who, what, when, where in the order, and the signed payload itself."""

    WIDTH = 680

    def __init__(self, ui: Ui, parent: QWidget, entry: v.LogEntry) -> None:
        super().__init__(ui, parent, "entry.title", type=entry.row.type)
        self._entry = entry
        row_ = entry.row
        who, what, place = Label(ui, elide=True), Label(ui, elide=True), Label(ui, elide=True)
        who.say(f"{ui.name_you(row_.author)}  {row_.author.fingerprint}")
        what.say(f"{ui.texts.action(row_.type)} ({row_.type})")
        place.say(
            ui.t("entry.place", place=row_.place, height=row_.stamp.height or 0)
            if row_.place is not None
            else ui.t("entry.no_place")
        )
        device, identity, size = Label(ui, role="mono", elide=True), Label(ui, role="mono", elide=True), Label(ui)
        device.say(ui.t("entry.device", device=row_.device, seq=row_.seq))
        identity.say(entry.cid)
        size.say(ui.t("entry.size", n=entry.size))
        seal, waits = SealView(ui, back="raised"), Paragraph(ui, role="caption", tone="text2")
        seal.show_stamp(row_.stamp)
        reason = ui.waits_short(row_.stamp)
        waits.say(reason)
        facts = Facts(ui)
        facts.add("entry.author", AvatarView(ui, row_.author, 18), who)
        facts.add("entry.what", what)
        facts.add("fact.state", seal, None)
        if reason and row_.stamp.state != "final":
            facts.add("fact.reason" if row_.stamp.reason else "fact.waits", waits)
        facts.add("entry.order", place)
        facts.add("entry.device_caption", device)
        facts.add("entry.id", identity)
        facts.add("entry.size_caption", size)
        self.content.addWidget(facts)
        self.payload = QPlainTextEdit()
        self.payload.setReadOnly(True)
        self.payload.setFont(ui.look.font("mono"))
        self.payload.setPlainText(json.dumps(entry.payload, indent=2, ensure_ascii=True))
        self.payload.setMinimumHeight(ui.look.px(220))
        self.payload.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.payload.setAccessibleName(ui.t("entry.payload"))
        self.content.addWidget(Field(ui, "entry.payload", self.payload, "entry.payload_help"))
        copy = Button(ui, "entry.copy", icon="copy")
        copy.clicked.connect(self._copy)
        self.content.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)

    def _copy(self) -> None:
        text = {"cid": self._entry.cid, "payload": self._entry.payload, "signature": self._entry.signature}
        self.ui.clipboard.copy(json.dumps(text, indent=2, ensure_ascii=True))
        self.ui.said.emit(self.ui.t("entry.copied"))


class PeerDialog(Dialog):
    """Adds a peer by its address."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "peer.add", "peer.add.verb", signed=False)
        self._done = done
        self.paragraph("peer.add.text")
        self.address = Line(ui, "peer.address.hint", "peer.address", ADDRESS_CHARS_MAX, mono=True)
        self._field = Field(ui, "peer.address", self.address)
        self.content.addWidget(self._field)
        self.address.setFocus()

    def accept_now(self) -> None:
        address = self.address.text().strip()
        self._field.fault("" if address else self.ui.t("fault.address"))
        if address:
            self.write("peer_add", self._done, address=address)


def entry_opened(ui: Ui, parent: QWidget, entry: object) -> None:
    """Show an entry that the engine handed over."""
    if isinstance(entry, v.LogEntry):
        EntryDialog(ui, parent, entry).open()
