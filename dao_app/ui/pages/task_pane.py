"""One task: people, reward, state, text, steps, evidence, history and comments, with the gestures allowed now."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from dao_app.app import views_tasks as vt
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.tasks import AssignDialog, NoteDialog, SubmitDialog, TaskDialog
from dao_app.ui.files import on_file, take_files
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.models import show_tasks as show
from dao_app.ui.models.show import due_tone, title
from dao_app.ui.pages.base import Facts, Pane, section_head
from dao_app.ui.pages.task_parts import Applications, Chips, People, Section, Steps, Waits, Work
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.evidence import FileLines
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, divider, row, scrolling
from dao_app.ui.widgets.posts import Activity, Composer, Posts

# Gesture, key, kind; the first two allowed are buttons, the others stand in the menu beside them.
GESTURES = (
    ("publish", "P", "primary"),
    ("claim", "A", "primary"),
    ("apply", "A", "primary"),
    ("accept", "Y", "primary"),
    ("submit", "S", "primary"),
    ("changes", "R", ""),
    ("assign", "A", ""),
    ("start", "W", ""),
    ("reject", "X", ""),
    ("edit", "E", ""),
    ("dispute", "D", ""),
    ("unassign", "U", ""),
    ("cancel", "", ""),
)
BUTTONS_SHOWN = 2
NOTED = {"apply": False, "changes": True, "reject": True, "dispute": True}  # gesture → is its note required


class TaskPane(Pane):
    """The detail beside the board."""

    link_opened = Signal(str)
    task_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._detail: vt.TaskDetail | None = None
        self._title = Paragraph(ui, role="heading")
        self._facts = self._build_facts()
        self._notice = Paragraph(ui, role="caption", tone="provisional")
        self._text = MarkdownView(ui, "text2")
        self._text_absent = Paragraph(ui, "text.absent", tone="text3")
        self._steps, self._needs = Steps(ui), Waits(ui)
        self._steps.ticked.connect(self._tick)
        self._needs.opened.connect(self.task_opened)
        self._attached = Section(ui, "task.files")
        self._files = FileLines(ui)
        self._attached.body.addWidget(self._files)
        self._applications, self._work = Applications(ui), Work(ui)
        self._activity = Activity(ui)
        self._comment_count = Label(ui, role="caption", tone="text3")
        self._posts = Posts(ui)
        for source in (self._text.link, self._work.link, self._posts.link):
            source.connect(self.link_opened)
        self._posts.erase.connect(self._erase)
        self._posts.file.connect(lambda comment, gesture: on_file(ui, self, comment, gesture, self.reload))
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui,
                self._title,
                10,
                self._facts,
                self._notice,
                10,
                divider(),
                12,
                self._text,
                self._text_absent,
                14,
                self._steps,
                self._needs,
                self._attached,
                self._applications,
                self._work,
                section_head(ui, "task.activity", Label(ui, "task.all_signed", "caption", "text3")),
                4,
                self._activity,
                14,
                section_head(ui, "comments", self._comment_count),
                4,
                self._posts,
                None,
                margins=(20, 16, 20, 16),
            )
        )
        self.body.addWidget(scrolling(content))
        self._build_foot()
        self.link.clicked.connect(self.copy_link)

    def _build_facts(self) -> Facts:
        ui = self._ui
        facts = Facts(ui)
        self._opener, self._opener_picture = Label(ui, elide=True), AvatarView(ui, size=18)
        self._people, self._labels = People(ui), Chips(ui)
        self._reward, self._escrow = Label(ui), Label(ui, role="caption", tone="text2", elide=True)
        plain = {
            name: Label(ui, elide=True)
            for name in ("department", "priority", "due", "estimate", "repeat", "expires", "appeal", "version")
        }
        self._plain = plain
        self._proposal = Button(ui, "task.dispute.open", "link")
        self._proposal.clicked.connect(self._open_proposal)
        self._state = SealView(ui)
        self._waits = Paragraph(ui, role="caption", tone="provisional")
        facts.add("task.fact.assignee", self._people)
        facts.add("task.fact.opener", self._opener_picture, self._opener)
        for name in ("department", "priority", "due"):
            facts.add(f"task.fact.{name}", plain[name])
        facts.add("task.fact.labels", self._labels)
        facts.add("task.fact.reward", self._reward, self._escrow)
        for name in ("estimate", "repeat", "expires", "appeal", "version"):
            facts.add(f"task.fact.{name}", plain[name])
        facts.add("task.fact.proposal", self._proposal, None)
        facts.add("fact.state", self._state, None)
        facts.add("fact.waits", self._waits)
        return facts

    def _build_foot(self) -> None:
        ui = self._ui
        self._buttons: dict[str, Button] = {}
        foot = row(ui, gap=8, margins=(20, 10, 20, 10))
        for gesture, key, kind in GESTURES:
            button = Button(ui, f"task.do.{gesture}", kind, key)
            button.clicked.connect(lambda _=False, g=gesture: self.do(g))
            self._buttons[gesture] = button
            foot.addWidget(button)
        foot.addStretch(1)
        self.more = IconButton(ui, "more", "task.more_steps")
        self.more.clicked.connect(self._show_menu)
        foot.addWidget(self.more)
        self._foot = Box(ui, "bottom", foot)
        self.composer = Composer(ui, margins=(20, 8, 20, 8))
        self.composer.written.connect(self._comment)
        take_files(ui, self, self.composer, lambda: self.task.id if self.task is not None else "", self.reload)
        self.foot(self.composer)
        self.foot(self._foot)

    # -- data ----------------------------------------------------------------------------------
    @property
    def task(self) -> vt.TaskRow | None:
        return self._detail.row if self._detail else None

    def load(self, task: str) -> None:
        self._ui.ask(self, "task_show", self.show_task, task=task)

    def reload(self) -> None:
        if self._detail is not None:
            self.load(self._detail.row.id)

    def render_again(self) -> None:
        if self._detail is not None:
            self.show_task(self._detail, again=True)

    def forget(self) -> None:
        self._detail = None

    def show_task(self, detail: vt.TaskDetail, again: bool = False) -> None:
        ui, row_ = self._ui, detail.row
        self._detail = detail
        self.name.say(show.task_name(ui, row_))
        self.chip.say(ui.t(f"task.status.{row_.status}"), show.CHIPS.get(row_.status, ""))
        self._title.say(title(row_.title))
        self._show_facts(detail)
        notice = self._notice_text(detail)
        self._notice.say(notice)
        self._notice.setVisible(bool(notice))
        self._text.show_text(detail.text or "")
        self._text.setVisible(bool(detail.text))
        self._text_absent.setVisible(detail.text is None)
        self._steps.show_items(detail.checklist, "tick" in row_.can)
        self._needs.show_links(detail.depends)
        self._files.show_files(detail.files)
        self._attached.setVisible(bool(detail.files))
        self._applications.show_rows(detail.applications)
        self._work.show_work(detail.submission)
        self._activity.show_steps(detail.activity, again)
        self._comment_count.say(ui.texts.number(len(detail.comments)) if detail.comments else "")
        self._posts.show_comments(detail.comments, again)
        self._show_gestures(row_)

    def _show_facts(self, detail: vt.TaskDetail) -> None:
        ui, row_, now = self._ui, detail.row, self._ui.now_ms()
        self._opener.say(ui.name_you(row_.opener))
        self._opener_picture.show_person(row_.opener)
        self._people.show_people(row_.assignees)
        self._labels.show_texts(row_.labels)
        self._facts.show_line("task.fact.labels", bool(row_.labels))
        self._reward.say(show.reward_text(ui, row_) or ui.t("task.no_reward"))
        source = ui.t("task.paid_by", name=self._payer(detail)) if row_.reward else ""
        self._escrow.say(ui.t("list.comma").join(p for p in (source, show.payment_text(ui, row_)) if p))
        values = {
            "department": isolate(row_.department),
            "priority": ui.t(f"task.priority.{row_.priority}") if row_.priority != "normal" else "",
            "due": ui.texts.until(row_.due_ms, now) if row_.due_ms is not None else "",
            "estimate": ui.texts.duration(row_.estimate_min * 60_000) if row_.estimate_min else "",
            "repeat": self._repeat_text(row_),
            "expires": ui.texts.until(row_.expires_ms, now) if row_.expires_ms is not None else "",
            "appeal": ui.texts.until(row_.returns_ms, now) if row_.returns_ms is not None else "",
            "version": ui.texts.number(detail.version) if detail.version > 1 else "",
        }
        for name, value in values.items():
            self._plain[name].say(value)
            self._facts.show_line(f"task.fact.{name}", bool(value))
        self._plain["due"].tone(due_tone(ui, row_.due_ms))
        self._plain["expires"].tone(due_tone(ui, row_.expires_ms))
        self._plain["priority"].tone(show.PRIORITY_TONES[row_.priority])
        self._facts.show_line("task.fact.proposal", detail.proposal is not None)
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)

    def _payer(self, detail: vt.TaskDetail) -> str:
        if detail.payer_person is not None:
            return self._ui.name_you(detail.payer_person)
        return self._ui.t("party.treasury") if detail.payer == "treasury" else isolate(detail.payer)

    def _repeat_text(self, row_: vt.TaskRow) -> str:
        if not row_.every_days:
            return ""
        ui = self._ui
        parts = [ui.t("task.every", n=row_.every_days)]
        if row_.round > 1:
            parts.append(ui.t("task.round", n=row_.round))
        if row_.resumes_ms is not None:
            parts.append(ui.t("task.resumes", when=ui.texts.until(row_.resumes_ms, ui.now_ms())))
        return ui.t("list.comma").join(parts)

    def _notice_text(self, detail: vt.TaskDetail) -> str:
        """What keeps the task from going on, in a sentence."""
        ui, row_ = self._ui, detail.row
        if detail.stopped:
            return ui.t("task.stopped", reason=ui.texts.reason(detail.stopped))
        if row_.blocked and row_.status == "submitted":
            return ui.t("task.blocked_accept")
        if row_.status == "open" and not row_.escrow_final:
            return ui.t("task.held_pending")
        return ""

    def _show_gestures(self, row_: vt.TaskRow) -> None:
        allowed = [g for g, _, _ in GESTURES if g in row_.can]
        for gesture, button in self._buttons.items():
            button.setVisible(gesture in allowed[:BUTTONS_SHOWN])
        self.more.setVisible(len(allowed) > BUTTONS_SHOWN)
        if row_.reward is not None:
            self._buttons["accept"].say_key("task.do.accept_pay", amount=self._ui.texts.amount(row_.reward))
        else:
            self._buttons["accept"].say_key("task.do.accept")
        self._foot.setVisible(bool(allowed))
        self.composer.setVisible("comment" in row_.can)

    def menu(self) -> QMenu:
        """The gestures that have no button."""
        made = QMenu(self)
        task = self.task
        allowed = [(g, key) for g, key, _ in GESTURES if task is not None and g in task.can]
        for gesture, key in allowed[BUTTONS_SHOWN:]:
            text = self._ui.t(f"task.do.{gesture}")
            action = made.addAction(f"{text}\t{key}" if key else text)
            action.triggered.connect(lambda _=False, g=gesture: self.do(g))
        return made

    def _show_menu(self) -> None:
        menu = self.menu()
        menu.exec(self.more.mapToGlobal(QPoint(0, -menu.sizeHint().height())))

    # -- gestures ------------------------------------------------------------------------------
    def do(self, gesture: str) -> None:
        """Make a gesture on the task shown, if it is allowed now."""
        if self._detail is not None:
            self._do(gesture, self._detail)

    def do_on(self, task: str, gesture: str) -> None:
        """The same on another task, which need not be open."""
        self._ui.ask(self, "task_show", partial(self._do, gesture), task=task)

    def _do(self, gesture: str, detail: vt.TaskDetail) -> None:
        task = detail.row
        if gesture not in task.can:
            return
        ui, name = self._ui, f"{show.task_name(self._ui, task)} {title(task.title)}"
        if gesture in NOTED:
            NoteDialog(ui, self.window(), f"task_{gesture}", task.id, name, NOTED[gesture], self._made).open()
        elif gesture == "submit":
            SubmitDialog(ui, self.window(), task.id, name, self._made).open()
        elif gesture == "assign":
            AssignDialog(ui, self.window(), detail, self._made).open()
        elif gesture == "edit":
            TaskDialog(ui, self.window(), self._made, detail).open()
        elif gesture == "accept":
            self._accept(task, name)
        elif gesture == "publish" and task.reward is not None:
            self._publish(task, name)
        else:
            self._hold(f"task_{gesture}", task, ui.t(f"task.held.{gesture}", name=name))

    def _first_of(self, *gestures: str) -> None:
        """The key that several gestures share goes to the first that is allowed."""
        task = self.task
        for gesture in gestures:
            if task is not None and gesture in task.can:
                self.do(gesture)
                return

    def _made(self, result: object) -> None:
        self.reload()

    def _hold(self, method: str, task: vt.TaskRow, text: str) -> None:
        self._ui.hold(
            text,
            lambda: self._ui.write(self, method, lambda _: self.reload(), task=task.id),
            deadline_ms=task.expires_ms,
        )

    def _accept(self, task: vt.TaskRow, name: str) -> None:
        ui = self._ui
        if task.reward is None:
            self._hold("task_accept", task, ui.t("task.held.accept", name=name))
            return
        facts = [
            ("task.fact.reward", ui.texts.amount(task.reward)),
            ("task.fact.paid_to", show.people_text(ui, task)),
        ]

        def act(dialog: ConfirmDialog) -> None:
            dialog.write("task_accept", task=task.id)

        ConfirmDialog(
            ui, self.window(), "task.accept.title", "task.accept.text", "task.accept.verb", facts, act, name=name
        ).open()

    def _publish(self, task: vt.TaskRow, name: str) -> None:
        """Opening a draft moves its reward: it is confirmed."""
        ui = self._ui
        assert task.reward is not None
        facts = [("task.fact.reward", ui.texts.amount(task.reward))]

        def act(dialog: ConfirmDialog) -> None:
            dialog.write("task_publish", self._made, task=task.id)

        ConfirmDialog(
            ui, self.window(), "task.publish.title", "task.publish.text", "task.publish.verb", facts, act, name=name
        ).open()

    def _tick(self, item: int, done: bool) -> None:
        task = self.task
        if task is not None:
            self._ui.write(self, "task_tick", self._made, task=task.id, item=item, done=done)

    def _comment(self, text: str) -> None:
        task = self.task
        if task is None:
            return
        ui = self._ui

        def back(error: GuildhallError) -> None:
            self.composer.put(text)
            ui.failed.emit(error)

        ui.hold(
            ui.t("comment.held", name=show.task_name(ui, task)),
            lambda: ui.write(self, "comment_add", lambda _: self.reload(), back, target=task.id, text=text),
            undo=lambda: self.composer.put(text),
        )

    def _erase(self, comment: str) -> None:
        erase_comment(self._ui, self, comment, self.reload)

    def _open_proposal(self) -> None:
        if self._detail is not None and self._detail.proposal is not None:
            self._ui.go.emit("proposals", self._detail.proposal)

    def copy_link(self) -> None:
        if self.task is not None:
            self._ui.clipboard.copy(f"guildhall:task/{self._ui.org}/{self.task.id}")
            self._ui.said.emit(self._ui.t("link.copied"))

    def keys(self) -> dict[str, Callable[[], None]]:
        keyed: dict[str, list[str]] = {}
        for gesture, key, _ in GESTURES:
            if key:
                keyed.setdefault(key, []).append(gesture)
        found: dict[str, Callable[[], None]] = {
            key: lambda gestures=tuple(gestures): self._first_of(*gestures)  # type: ignore[misc]
            for key, gestures in keyed.items()
        }
        return {**found, "C": self.composer.field.setFocus}


def erase_comment(ui: Ui, owner: QWidget, comment: str, done: Callable[[], None]) -> None:
    """Ask, then have all peers drop the text of one's own comment."""

    def act(dialog: ConfirmDialog) -> None:
        dialog.write("content_erase", lambda _: done(), target=comment)

    ConfirmDialog(ui, owner.window(), "comment.erase.title", "comment.erase.text", "comment.erase.verb", [], act).open()
