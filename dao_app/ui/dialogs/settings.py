"""Settings: language, appearance, size, single keys. Everything takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app.texts import isolate
from dao_app.app.views_files import RoomView
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.dialogs.locking import LockingDialog
from dao_app.ui.pages.base import Facts
from dao_app.ui.theme.look import SCALE_MAX, SCALE_MIN, SCALE_STEP
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.fields import Check, Picker
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row

ROOMS = tuple(mib * 1024**2 for mib in (0, 256, 1_024, 5_120, 20_480, 102_400))


class SettingsDialog(Dialog):
    """Opens from the identity panel."""

    WIDTH = 440
    picked = Signal(str, object)  # setting, value
    words_wanted = Signal()

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(ui, parent, "settings", signed=False)
        self._language = Choices(ui, [("en", "language.en"), ("zh", "language.zh")], "segment")
        self._language.select(ui.texts.language)
        self._language.chosen.connect(lambda v: self.picked.emit("language", v))
        self._theme = Choices(ui, [(t, f"theme.{t}") for t in ("system", "light", "dark")], "segment")
        self._theme.select(ui.look.theme)
        self._theme.chosen.connect(lambda v: self.picked.emit("theme", v))
        smaller, larger = Button(ui, "scale.smaller"), Button(ui, "scale.larger")
        smaller.clicked.connect(lambda: self._resize(-SCALE_STEP))
        larger.clicked.connect(lambda: self._resize(SCALE_STEP))
        self._scale = Label(ui, weight=600)
        self._keys = Check(ui, "settings.single_keys")
        self._keys.setChecked(bool(ui.settings.values.get("single_keys", True)))
        self._keys.toggled.connect(lambda on: self.picked.emit("single_keys", on))
        for caption, control in (("settings.language", self._language), ("settings.theme", self._theme)):
            self.content.addLayout(row(ui, Label(ui, caption, tone="text2"), None, control))
        self.content.addLayout(
            row(ui, Label(ui, "settings.scale", tone="text2"), None, smaller, self._scale, larger, gap=8)
        )
        self.content.addWidget(self._keys)
        self._room = Picker(ui, "settings.room")
        self._room.offer_plain([(str(size), f"{size // 1024**2:,} MiB") for size in ROOMS])
        self._room.activated.connect(lambda _: self._set_room())
        self._used = Label(ui, role="caption", tone="text3")
        self.content.addLayout(row(ui, Label(ui, "settings.room", tone="text2"), None, self._used, self._room, gap=8))
        ui.bridge.call(self, "attachment_room", {}, self._show_room, lambda _: None)
        if ui.identity.exists and not ui.identity.words_confirmed:
            words = Button(ui, "settings.words", icon="key")
            words.clicked.connect(self._want_words)
            self.content.addLayout(row(ui, words, None))
        if ui.identity.exists and ui.identity.unlocked:
            locking = Button(ui, "settings.locking", icon="key")
            locking.clicked.connect(self._lock)
            self.content.addLayout(row(ui, locking, None))
        self._show_scale()

    def _lock(self) -> None:
        parent = self.parentWidget()
        assert parent is not None
        self.accept()
        LockingDialog(self.ui, parent).open()

    def _show_room(self, room: RoomView) -> None:
        if self._room.findData(str(room.quota)) < 0:
            self._room.addItem(f"{room.quota // 1024**2:,} MiB", str(room.quota))
        self._room.pick(str(room.quota))
        self._used.say(self.ui.t("settings.room_used", used=f"{-(-room.used // 1024**2):,}"))

    def _set_room(self) -> None:
        params = {"quota": int(self._room.currentData())}
        self.ui.bridge.call(self, "attachment_quota", params, self._show_room, self.refused, writes=True)

    def _resize(self, by: int) -> None:
        scale = min(max(self.ui.look.scale + by, SCALE_MIN), SCALE_MAX)
        self.picked.emit("scale", scale)
        self._show_scale()

    def _show_scale(self) -> None:
        self._scale.say(f"{self.ui.look.scale}\u202f%")

    def _want_words(self) -> None:
        self.accept()
        self.words_wanted.emit()


class OrgDialog(Dialog):
    """What the organisation says of itself: purpose, units and the charter."""

    def __init__(self, ui: Ui, parent: QWidget, org: v.OrgView) -> None:
        super().__init__(ui, parent, "org.about", signed=False)
        name, purpose = Label(ui, weight=600, elide=True), Paragraph(ui, tone="text2")
        name.say(isolate(org.row.name))
        purpose.say(org.purpose)
        self.content.addLayout(column(ui, name, purpose, gap=2))
        facts = Facts(ui, 150)
        founded, members, units, identity = (
            Label(ui, elide=True),
            Label(ui, elide=True),
            Paragraph(ui),
            Label(ui, role="mono", elide=True),
        )
        founded.say(ui.texts.date(org.founded_ms))
        members.say(ui.t("org.members", n=org.row.members))
        units.say("\n".join(self._unit(u) for u in org.units))
        identity.say(org.row.id)
        for key, value in (
            ("org.founded", founded),
            ("org.members_caption", members),
            ("org.units", units),
            ("org.id", identity),
        ):
            facts.add(key, value)
        self.content.addWidget(facts)
        self.content.addWidget(Label(ui, "org.charter", weight=600))
        charter = Facts(ui, 250)
        for parameter in org.charter:
            value = Label(ui, elide=True)
            value.say(self._value(parameter))
            charter.add(f"charter.{parameter.key}", value)
        self.content.addWidget(Box(ui, "card", column(ui, charter, margins=(14, 8, 14, 8))))
        self.content.addWidget(Paragraph(ui, "org.charter_note", role="caption", tone="text3"))

    def _unit(self, unit: v.UnitView) -> str:
        supply = self.ui.texts.figure(unit.supply_minor, unit.decimals)
        cap = self.ui.texts.figure(unit.cap_minor, unit.decimals)
        return self.ui.t("org.unit_line", code=unit.code, name=self.ui.unit_name(unit.code), supply=supply, cap=cap)

    def _value(self, parameter: v.ParameterView) -> str:
        """A parameter's value in words, by its unit."""
        ui, number = self.ui, parameter.value
        if not number.lstrip("-").isdigit():
            return number
        value = int(number)
        if parameter.unit == "bp":
            return ui.texts.basis_points(value)
        if parameter.unit == "ms":
            return ui.texts.duration(value) if value else ui.t("period.none")
        if parameter.unit == "flag":
            return ui.t("yes" if value else "no")
        return ui.texts.number(value)
