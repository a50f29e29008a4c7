"""Devices and guardians: letting a further device in, naming guardians, approving another key of somebody's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QLineEdit, QWidget

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.core.limits import GUARDIANS_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.pages.welcome import PASSPHRASE_CHARS_MAX
from dao_app.ui.widgets.fields import Check, Field, Line, Picker
from dao_app.ui.widgets.hand_on import HandOn
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row, scrolling
from dao_app.ui.widgets.take_in import TakeIn

LABEL_BYTES_MAX = 60
WORDS_IN_A_LINE = 4


class Compare(QWidget):
    """Words to compare aloud, and a check that they were; hidden until there are some."""

    def __init__(self, ui: Ui, agreed: Callable[[], None], ask: str = "device.words_match") -> None:
        super().__init__()
        self._ui = ui
        self._about = Label(ui, weight=600, elide=True)
        self._lines = column(ui, gap=6)
        self.match = Check(ui, ask)
        self.match.toggled.connect(lambda _: agreed())
        inner = column(
            ui, self._about, 4, Paragraph(ui, "device.words_text", tone="text2"), 4, self._lines, 6, self.match,
            margins=(16, 12, 16, 12),
        )  # fmt: skip
        self.setLayout(column(ui, Box(ui, "card", inner)))
        self.hide()

    def show_words(self, about: str, words: Sequence[str]) -> None:
        self._about.say(about)
        clear(self._lines)
        for start in range(0, len(words), WORDS_IN_A_LINE):
            line = row(self._ui, gap=6)
            for word in words[start : start + WORDS_IN_A_LINE]:
                label = Label(self._ui, weight=600)
                label.say(word)
                line.addWidget(Box(self._ui, "well", row(self._ui, None, label, None, margins=(8, 4, 8, 4))))
            self._lines.addLayout(line)
        self.match.setChecked(False)
        self.show()

    @property
    def agrees(self) -> bool:
        return not self.isHidden() and self.match.isChecked()


class GrantDialog(Dialog):
    """Take in what a new device shows, compare, give it the identity."""

    WIDTH = 620

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(ui, parent, "device.add", "device.add.verb", signed=False)
        self.paragraph("device.add_text")
        self.link = TakeIn(ui, "device.request_hint", "device.request")
        self.link.changed.connect(self._read)
        self.link.failed.connect(self.refused)
        self.compare = Compare(ui, self._offer)
        self.passphrase = Line(ui, name="identity.passphrase", bytes_max=PASSPHRASE_CHARS_MAX)
        self.passphrase.setEchoMode(QLineEdit.EchoMode.Password)
        self.passphrase.textChanged.connect(lambda _: self._offer())
        self._field = Field(ui, "identity.passphrase", self.passphrase, "device.passphrase_help")
        self.content.addWidget(Field(ui, "device.request", self.link))
        self.content.addWidget(self.compare)
        self.content.addWidget(self._field)
        self._field.hide()
        self._offer()
        self.link.setFocus()

    def _read(self, text: str) -> None:
        self.problem.clear()
        self.compare.hide()
        self._field.hide()
        self._offer()
        if text.strip():
            self.ui.bridge.call(self, "device_read", {"link": text}, self._show, self.refused, key="device_read")

    def _show(self, found: d.DeviceRequestView) -> None:
        made = self.ui.texts.moment(found.created_ms, self.ui.now_ms())
        self.compare.show_words(self.ui.t("device.request_by", name=isolate(found.name), time=made), found.words)
        self._field.show()
        self._offer()
        self.fit()

    def _offer(self) -> None:
        self.main.setEnabled(self.compare.agrees and bool(self.passphrase.text()))

    def refused(self, error: GuildhallError) -> None:
        super().refused(error)
        self._offer()

    def accept_now(self) -> None:
        self.busy(True)
        params = {"link": self.link.text(), "passphrase": self.passphrase.text()}
        self.ui.bridge.call(self, "device_grant", params, self._granted, self.refused, writes=True)

    def _granted(self, found: d.DeviceGrantView) -> None:
        self.passphrase.clear()
        parent = self.parentWidget()
        assert parent is not None
        self.accept()
        GrantedDialog(self.ui, parent, found).open()


class GrantedDialog(Dialog):
    """The answer for the new device."""

    WIDTH = 640

    def __init__(self, ui: Ui, parent: QWidget, found: d.DeviceGrantView) -> None:
        super().__init__(ui, parent, "device.granted", signed=False)
        names = ui.texts.join([isolate(name) for name in found.organisations])
        self.paragraph("device.granted_text", name=isolate(found.name), organisations=names)
        self.hand_on = HandOn(ui, found.link, found.text, (), "device.words_text", "guildhall-device-answer")
        self.hand_on.failed.connect(self.refused)
        self.content.addWidget(self.hand_on)


class HandOnDialog(Dialog):
    """Something of one's own to be shown to others: an address card, a request to guardians."""

    WIDTH = 640

    def __init__(self, ui: Ui, parent: QWidget, kind: str, link: str, text: str, words: Sequence[str] = ()) -> None:
        super().__init__(ui, parent, f"{kind}.title", signed=False)
        self.paragraph(f"{kind}.text")
        name = f"guildhall-{kind.replace('_', '-')}"
        self.hand_on = HandOn(ui, link, text, words, "device.words_text", name, secret=False)
        self.hand_on.failed.connect(self.refused)
        self.content.addWidget(self.hand_on)


class LabelDialog(Dialog):
    """What a device is called on this machine."""

    def __init__(self, ui: Ui, parent: QWidget, device: d.DeviceRow, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "device.label", "device.label.verb", signed=False)
        self._device, self._done = device, done
        self.label = Line(ui, "device.label_hint", "device.label", LABEL_BYTES_MAX)
        self.label.setText(device.label)
        self.content.addWidget(Field(ui, "device.label", self.label, "device.label_help"))
        self.label.setFocus()

    def accept_now(self) -> None:
        self.write("device_label", self._done, device=self._device.device, label=self.label.text().strip())


class GuardiansDialog(Dialog):
    """Who may give one another key, and how many of them it takes."""

    def __init__(
        self, ui: Ui, parent: QWidget, view: d.GuardiansView, people: Sequence[v.PersonView],
        done: Callable[[object], None],
    ) -> None:
        super().__init__(ui, parent, "guardians.choose", "guardians.choose.verb")
        self._done = done
        self.paragraph("guardians.choose_text")
        chosen = {person.id for person in view.guardians}
        self._checks: list[tuple[v.PersonView, Check]] = []
        lines = column(ui, gap=2, margins=(12, 8, 12, 8))
        for person in people:
            check = Check(ui)
            check.setText(ui.name(person))
            check.setChecked(person.id in chosen)
            check.toggled.connect(lambda _: self._count())
            self._checks.append((person, check))
            lines.addWidget(check)
        lines.addStretch(1)
        inner = QWidget()
        inner.setProperty("box", "raised")
        inner.setLayout(lines)
        area = scrolling(inner, ui.t("guardians.choose"))
        area.setFixedHeight(ui.look.px(min(260, 40 + 28 * len(people))))
        self.content.addWidget(Box(ui, "card", column(ui, area)))
        self.needed = Picker(ui, "guardians.needed")
        self._needed_field = Field(ui, "guardians.needed", self.needed, "guardians.needed_help")
        self.content.addWidget(self._needed_field)
        self._count()
        if view.needed:
            self.needed.pick(str(view.needed))

    def _chosen(self) -> list[v.PersonView]:
        return [person for person, check in self._checks if check.isChecked()]

    def _count(self) -> None:
        count = len(self._chosen())
        kept = self.needed.currentData() or str(count // 2 + 1)
        self.needed.offer_plain([(str(n), self.ui.t("guardians.of", k=n, n=count)) for n in range(1, count + 1)])
        self.needed.pick(kept if int(kept) <= count else str(count))
        self._needed_field.setVisible(count > 0)
        self.main.setEnabled(count <= GUARDIANS_MAX)

    def accept_now(self) -> None:
        chosen = self._chosen()
        needed = int(self.needed.currentData()) if chosen else 0
        self.write("guardian_set", self._done, members=[person.id for person in chosen], needed=needed)


class ApproveDialog(Dialog):
    """A guardian takes in what the member shows, compares, and approves it."""

    WIDTH = 620

    def __init__(self, ui: Ui, parent: QWidget, ward: v.PersonView, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "guardian.approve", "guardian.approve.verb")
        self._ward, self._done = ward, done
        self.paragraph("guardian.approve_text", name=ui.name(ward))
        self.link = TakeIn(ui, "guardian.request_hint", "guardian.request")
        self.link.changed.connect(self._read)
        self.link.failed.connect(self.refused)
        self.compare = Compare(ui, self._offer, "guardian.words_match")
        self.content.addWidget(Field(ui, "guardian.request", self.link))
        self.content.addWidget(self.compare)
        self._offer()
        self.link.setFocus()

    def _read(self, text: str) -> None:
        self.problem.clear()
        self.compare.hide()
        self._offer()
        if text.strip():
            self.ui.bridge.call(self, "guardian_read", {"link": text}, self._show, self.refused, key="guardian_read")

    def _show(self, found: d.GuardianRequestView) -> None:
        made = self.ui.texts.moment(found.created_ms, self.ui.now_ms())
        self.compare.show_words(self.ui.t("guardian.request_by", name=isolate(found.name), time=made), found.words)
        self.fit()

    def _offer(self) -> None:
        self.main.setEnabled(self.compare.agrees)

    def refused(self, error: GuildhallError) -> None:
        super().refused(error)
        self._offer()

    def accept_now(self) -> None:
        self.write("guardian_approve", self._done, member=self._ward.id, link=self.link.text())
