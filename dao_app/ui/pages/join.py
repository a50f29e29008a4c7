"""Join or found: an invitation from link, file or picture, or a new organisation; then the first sync."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from dao_app.app import views as v
from dao_app.app import views_devices as d
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.core.limits import TITLE_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.devices import HandOnDialog
from dao_app.ui.pages.base import Facts
from dao_app.ui.pages.start_frame import StartPage
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.fields import Area, Check, Field, Line, Picker
from dao_app.ui.widgets.glyphs import AvatarView, Chip, IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row
from dao_app.ui.widgets.notices import ProgressLine
from dao_app.ui.widgets.take_in import TakeIn

PARTS = ("join", "return", "found")
UNIT_CHARS_MAX = 8
HOUR_MS = 3_600_000
VOTING = [
    (str(h * HOUR_MS), key)
    for h, key in ((1, "period.hour"), (24, "period.day"), (72, "period.days3"), (168, "period.week"))
]


class StartOrgPage(StartPage):
    """Join with an invitation, or start an organisation."""

    step = "start"
    joining = Signal(object)  # JoinView
    founded = Signal(object)  # OrgRow

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "start.title", "start.intro")
        self._preview: v.InvitePreview | None = None
        self._picture, self._name = AvatarView(ui, size=32), Label(ui, weight=600, elide=True)
        self._print, self._checked = Label(ui, role="mono", tone="text3"), Label(ui, role="caption", tone="accent")
        who = row(
            ui,
            self._picture,
            column(ui, self._name, row(ui, self._print, self._checked, None)),
            gap=12,
            margins=(16, 12, 16, 12),
        )
        who.setStretch(1, 1)
        self.content.addWidget(Box(ui, "card", who))
        self.choice = Choices(ui, [(part, f"start.{part}") for part in PARTS], "segment")
        self.choice.chosen.connect(self.show_part)
        self.content.addLayout(row(ui, self.choice, None))
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build_join())
        self._stack.addWidget(self._build_return())
        self._stack.addWidget(self._build_found())
        self.content.addWidget(self._stack)
        self.add_help("join.next", "join.next_text")
        self.add_help("join.no_peer", "join.no_peer_text")
        self.add_help("welcome.states", "welcome.states_text")

    # -- join ----------------------------------------------------------------------------------
    def _build_join(self) -> QWidget:
        ui = self.ui
        self.link = TakeIn(ui, "join.link_hint", "join.invitation")
        self.link.changed.connect(self._read)
        self.link.failed.connect(self.problem.show_error)
        self._facts = Facts(ui, 136)
        self._org, self._by, self._until = (
            Label(ui, role="mono", elide=True),
            Label(ui, role="mono", elide=True),
            Label(ui, elide=True),
        )
        self._peers = Label(ui, elide=True)
        self._role = Chip(ui)
        self._facts.add("join.org", self._org)
        self._facts.add("join.role", self._role, None)
        self._facts.add("join.inviter", self._by)
        self._facts.add("join.until", self._until)
        self._facts.add("join.addresses", self._peers)
        self._words = row(ui, gap=6)
        self.match = Check(ui, "join.words_match")
        self.match.toggled.connect(lambda _: self._offer())
        self.unreachable = Check(ui, "join.unreachable")
        self.unreachable.toggled.connect(lambda _: self._offer())
        preview = column(
            ui,
            Paragraph(ui, "join.preview_note", role="caption", tone="text3"),
            self._facts,
            8,
            divider(),
            10,
            Paragraph(ui, "join.words_ask", weight=600),
            Paragraph(ui, "join.words_text", tone="text2"),
            4,
            self._words,
            6,
            self.match,
            self.unreachable,
            margins=(16, 14, 16, 14),
        )
        self._card = Box(ui, "card", preview)
        self._card.hide()
        holder = QWidget()
        holder.setLayout(column(ui, Label(ui, "join.invitation", weight=600), 5, self.link, 12, self._card, None))
        return holder

    def put_link(self, link: str) -> None:
        """An invitation that came with the start of the program."""
        self.link.put(link)

    def _read(self, text: str) -> None:
        self.problem.clear()
        self._preview = None
        if not text.strip():
            self._card.hide()
            self._offer()
            return
        self.ui.bridge.call(
            self, "invite_read", {"link": text}, self._show_preview, self._unreadable, key="invite_read"
        )

    def _unreadable(self, error: GuildhallError) -> None:
        self._preview = None
        self._card.hide()
        self.problem.show_error(error)
        self._offer()

    def _show_preview(self, preview: v.InvitePreview) -> None:
        ui = self.ui
        self._preview = preview
        self._org.say(preview.org[:16] + " …")
        self._role.say(ui.t(f"role.{preview.role}"), "accent")
        self._by.say(preview.inviter_fingerprint)
        expired = preview.expires_ms < ui.now_ms()
        self._until.say(ui.t("join.expired") if expired else ui.texts.until(preview.expires_ms, ui.now_ms()))
        self._until.tone("danger" if expired else "text")
        self._peers.say(ui.t("join.addresses_n", n=len(preview.addresses)))
        clear(self._words)
        for word in preview.words:
            label = Label(ui, weight=600)
            label.say(word)
            self._words.addWidget(Box(ui, "well", row(ui, None, label, None, margins=(8, 4, 8, 4))))
        self.match.setChecked(False)
        self.unreachable.setChecked(False)
        self._card.show()
        self._offer()

    # -- come back -----------------------------------------------------------------------------
    def _build_return(self) -> QWidget:
        ui = self.ui
        self.card = TakeIn(ui, "return.hint", "return.card")
        self.card.changed.connect(lambda _: self._offer())
        self.card.failed.connect(self.problem.show_error)
        lost = Button(ui, "return.lost", "link", icon="shield")
        lost.clicked.connect(self._ask_guardians)
        holder = QWidget()
        texts = [Paragraph(ui, "return.text", tone="text2"), Field(ui, "return.card", self.card, "return.card_help")]
        guardians = Paragraph(ui, "return.lost_text", tone="text2")
        holder.setLayout(column(ui, *texts, divider(), guardians, row(ui, lost, None), None, gap=12))
        return holder

    def _ask_guardians(self) -> None:
        def show(found: d.GuardianRequestView) -> None:
            HandOnDialog(self.ui, self.window(), "guardian_request", found.link, found.text, found.words).open()

        self.ui.bridge.call(self, "guardian_request", {}, show, self.problem.show_error)

    # -- found ---------------------------------------------------------------------------------
    def _build_found(self) -> QWidget:
        ui = self.ui
        self.name = Line(ui, "found.name_hint", "found.name", TITLE_BYTES_MAX)
        self.name.textChanged.connect(lambda _: self._offer())
        self.purpose = Area(ui, "found.purpose_hint", "found.purpose", lines=2)
        self.unit = Line(ui, name="found.unit", bytes_max=UNIT_CHARS_MAX)
        self.unit.setText("GLD")
        self.unit_en, self.unit_zh = Line(ui, name="found.unit_en"), Line(ui, name="found.unit_zh")
        self.cap, self.initial = Line(ui, name="found.cap"), Line(ui, name="found.initial")
        self.cap.setText("1000000")
        self.initial.setText("100000")
        self.voting = Picker(ui, "found.voting")
        self.voting.offer(VOTING)
        self.voting.pick(str(72 * HOUR_MS))
        self._name_field = Field(ui, "found.name", self.name)
        unit = row(
            ui,
            Field(ui, "found.unit", self.unit),
            Field(ui, "found.unit_en", self.unit_en),
            Field(ui, "found.unit_zh", self.unit_zh),
            gap=16,
        )
        amounts = row(
            ui,
            Field(ui, "found.initial", self.initial),
            Field(ui, "found.cap", self.cap),
            Field(ui, "found.voting", self.voting),
            gap=16,
        )
        holder = QWidget()
        holder.setLayout(
            column(
                ui,
                self._name_field,
                Field(ui, "found.purpose", self.purpose),
                unit,
                amounts,
                Paragraph(ui, "found.note", role="caption", tone="text3"),
                None,
                gap=14,
            )
        )
        return holder

    # -- the page ------------------------------------------------------------------------------
    def show_identity(self, identity: v.IdentityView) -> None:
        self._picture.show_person(v.PersonView(identity.id, identity.name, identity.fingerprint, True))
        self._name.say(isolate(identity.name))
        self._print.say(identity.fingerprint)
        self._checked.say_key("start.words_checked" if identity.words_confirmed else "start.words_open")
        self._checked.tone("accent" if identity.words_confirmed else "provisional")

    def show_part(self, part: str) -> None:
        """ "join", "return" or "found"."""
        self.choice.select(part)
        self._stack.setCurrentIndex(PARTS.index(part))
        (self.link, self.card, self.name)[PARTS.index(part)].setFocus()
        self._offer()

    def _offer(self) -> None:
        part = self.choice.selected()
        self.next.say_key(f"{part}.verb")
        ready = {
            "join": self._preview is not None and (self.match.isChecked() or self.unreachable.isChecked()),
            "return": bool(self.card.text().strip()),
            "found": bool(self.name.text().strip()),
        }
        self.next.setEnabled(ready[part])

    def go_on(self) -> None:
        self.busy(True)
        if self.choice.selected() == "join":
            self.ui.bridge.call(self, "join", {"link": self.link.text()}, self._joining, self._refused, writes=True)
            return
        if self.choice.selected() == "return":
            params: dict[str, object] = {"link": self.card.text()}
            self.ui.bridge.call(self, "org_restore", params, self._joining, self._refused, writes=True)
            return
        voting = int(self.voting.currentData())
        params = {
            "name": self.name.text().strip(),
            "purpose": self.purpose.text(),
            "unit": self.unit.text().strip().upper(),
            "unit_name_en": self.unit_en.text().strip(),
            "unit_name_zh": self.unit_zh.text().strip(),
            "cap": self.cap.text().strip(),
            "initial": self.initial.text().strip() or "0",
            "parameters": {"voting_ms": voting, "voting_least_ms": min(voting, HOUR_MS)},
        }
        self.ui.bridge.call(self, "org_create", params, self._founded, self._refused, writes=True)

    def _refused(self, error: GuildhallError) -> None:
        self._offer()
        self.problem.show_error(error)

    def _joining(self, view: v.JoinView) -> None:
        self._offer()
        self.link.clear()
        self.card.clear()
        self.joining.emit(view)

    def _founded(self, row_: v.OrgRow) -> None:
        self._offer()
        self.name.clear()
        self.purpose.clear()
        self.founded.emit(row_)


class SyncPage(StartPage):
    """After asking to join: who is looked for, what has arrived, what is awaited."""

    step = "sync"
    done = Signal(str)
    STAGES = ("searching", "syncing", "waiting", "done")

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "sync.title", "sync.intro")
        self._view: v.JoinView | None = None
        self._lines: dict[str, tuple[IconView, Label]] = {}
        box = column(ui, gap=10, margins=(16, 14, 16, 14))
        for stage in self.STAGES:
            icon, label = IconView(ui, "todo", "text3", back="raised"), Label(ui, f"sync.{stage}")
            self._lines[stage] = (icon, label)
            line = row(ui, icon, label, gap=10)
            line.setStretch(1, 1)
            box.addLayout(line)
        self.progress = ProgressLine(ui)
        box.addWidget(self.progress)
        self.content.addWidget(Box(ui, "card", box))
        self.add_help("join.no_peer", "join.no_peer_text")
        self.next.say_key("sync.open")
        self.next.setEnabled(False)
        self.back.hide()
        ui.bridge.changed.connect(self._changed)

    def begin(self, view: v.JoinView) -> None:
        self.problem.clear()
        self.later.setFocus()
        self.show_join(view)

    def _changed(self, change: v.Change) -> None:
        if self._view is not None and change.org == self._view.org and "join" in change.topics:
            self.ui.bridge.call(self, "join_status", {"org": self._view.org}, self.show_join, key="join_status")

    def render_again(self) -> None:
        if self._view is not None:
            self.show_join(self._view)

    def show_join(self, view: v.JoinView) -> None:
        self._view = view
        place = self.STAGES.index(view.stage) if view.stage in self.STAGES else -1
        for number, stage in enumerate(self.STAGES):
            icon, label = self._lines[stage]
            reached = number < place or view.stage == "done"
            icon.show_icon(
                "check" if reached else "clock" if number == place else "todo", "accent" if number <= place else "text3"
            )
            label.tone("text" if number <= place else "text3")
        if view.stage == "syncing":
            self.progress.show_progress(self.ui.t("sync.received"), view.received, view.total)
        else:
            self.progress.hide()
        if view.stage == "refused":
            code = view.reason if "." in view.reason else f"reject.{view.reason}"
            self.problem.show_error(GuildhallError(code))
        self.next.setEnabled(view.stage == "done")

    def go_on(self) -> None:
        if self._view is not None and self._view.stage == "done":
            org, self._view = self._view.org, None
            self.done.emit(org)
