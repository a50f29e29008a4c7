"""One task: people, reward, state, text, submission, steps and comments, with the gestures allowed now."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.tasks import NoteDialog
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.models import show
from dao_app.ui.pages.base import Facts, Pane, section_head
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, divider, row, scrolling
from dao_app.ui.widgets.posts import Activity, Composer, Posts

GESTURES = (  # gesture, key cap, kind
    ("claim", "A", "primary"),
    ("submit", "S", "primary"),
    ("accept", "Y", "primary"),
    ("reject", "R", ""),
    ("cancel", "", ""),
)


class TaskPane(Pane):
    """The detail beside the board."""

    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._detail: v.TaskDetail | None = None
        self._title = Paragraph(ui, role="heading")
        self._facts = self._build_facts()
        self._text = MarkdownView(ui, "text2")
        self._text_absent = Paragraph(ui, "text.absent", tone="text3")
        self._submission_head = section_head(ui, "task.submission")
        self._submission = MarkdownView(ui)
        self._activity = Activity(ui)
        self._comment_count = Label(ui, role="caption", tone="text3")
        self._posts = Posts(ui)
        for source in (self._text.link, self._submission.link, self._posts.link):
            source.connect(self.link_opened)
        self._posts.erase.connect(self._erase)
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui,
                self._title,
                10,
                self._facts,
                10,
                divider(),
                12,
                self._text,
                self._text_absent,
                8,
                self._submission_head,
                self._submission,
                8,
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
        self._buttons: dict[str, Button] = {}
        foot = row(ui, gap=8, margins=(20, 10, 20, 10))
        for gesture, key, kind in GESTURES:
            button = Button(ui, f"task.do.{gesture}", kind, key)
            button.clicked.connect(lambda _=False, g=gesture: self.do(g))
            self._buttons[gesture] = button
            foot.addWidget(button)
        foot.addStretch(1)
        self._foot = Box(ui, "bottom", foot)
        self.composer = Composer(ui, margins=(20, 8, 20, 8))
        self.composer.written.connect(self._comment)
        self.foot(self.composer)
        self.foot(self._foot)
        self.link.clicked.connect(self.copy_link)

    def _build_facts(self) -> Facts:
        ui = self._ui
        facts = Facts(ui)
        self._opener, self._opener_picture = Label(ui, elide=True), AvatarView(ui, size=18)
        self._assignee, self._assignee_picture = Label(ui, elide=True), AvatarView(ui, size=18)
        self._reward, self._escrow = Label(ui), Label(ui, role="caption", tone="text2", elide=True)
        self._expires = Label(ui, elide=True)
        self._state = SealView(ui)
        self._waits = Paragraph(ui, role="caption", tone="provisional")
        facts.add("task.fact.opener", self._opener_picture, self._opener)
        facts.add("task.fact.assignee", self._assignee_picture, self._assignee)
        facts.add("task.fact.reward", self._reward, self._escrow)
        facts.add("task.fact.expires", self._expires)
        facts.add("fact.state", self._state, None)
        facts.add("fact.waits", self._waits)
        return facts

    # -- data ----------------------------------------------------------------------------------
    @property
    def task(self) -> v.TaskRow | None:
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

    def show_task(self, detail: v.TaskDetail, again: bool = False) -> None:
        ui, row_ = self._ui, detail.row
        self._detail = detail
        self.name.say(show.task_name(ui, row_))
        self.chip.say(ui.t(f"task.status.{row_.status}"), show.TASK_CHIPS.get(row_.status, ""))
        self._title.say(show.title(row_.title))
        self._opener.say(ui.name_you(row_.opener))
        self._opener_picture.show_person(row_.opener)
        self._assignee.say(ui.name_you(row_.assignee) if row_.assignee else ui.t("task.nobody"))
        self._assignee_picture.show_person(row_.assignee)
        self._assignee_picture.setVisible(row_.assignee is not None)
        self._reward.say(show.reward_text(ui, row_) or ui.t("task.no_reward"))
        held = ui.t("task.held_final") if row_.escrow_final else ui.t("task.held_pending")
        source = ui.t("task.source_treasury" if detail.from_treasury else "task.source_opener")
        open_ = row_.status in ("open", "claimed", "submitted")
        self._escrow.say(
            ui.t("list.comma").join((source, held)) if row_.reward and open_ else source if row_.reward else ""
        )
        self._facts.show_line("task.fact.expires", row_.expires_ms is not None)
        if row_.expires_ms is not None:
            self._expires.say(ui.texts.until(row_.expires_ms, ui.now_ms()))
            self._expires.tone(show.due_tone(ui, row_.expires_ms))
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)
        self._text.show_text(detail.text or "")
        self._text.setVisible(bool(detail.text))
        self._text_absent.setVisible(detail.text is None)
        self._submission.show_text(detail.submission or "")
        self._submission.setVisible(bool(detail.submission))
        self._submission_head.setVisible(bool(detail.submission))
        self._activity.show_steps(detail.activity, again)
        self._comment_count.say(ui.texts.number(len(detail.comments)) if detail.comments else "")
        self._posts.show_comments(detail.comments, again)
        self._show_gestures(row_)

    def _show_gestures(self, row_: v.TaskRow) -> None:
        for gesture, button in self._buttons.items():
            button.setVisible(gesture in row_.can)
        if row_.reward is not None:
            self._buttons["accept"].say_key("task.do.accept_pay", amount=self._ui.texts.amount(row_.reward))
        else:
            self._buttons["accept"].say_key("task.do.accept")
        self._foot.setVisible(any(g in row_.can for g in self._buttons))
        self.composer.setVisible("comment" in row_.can)

    # -- gestures ------------------------------------------------------------------------------
    def do(self, gesture: str) -> None:
        """Make a gesture on the task shown, if it is allowed now."""
        task = self.task
        if task is None or gesture not in task.can:
            return
        ui, name = self._ui, f"{show.task_name(self._ui, task)} {show.title(task.title)}"
        if gesture in ("submit", "reject"):
            NoteDialog(ui, self.window(), f"task_{gesture}", task.id, name, gesture == "reject").open()
        elif gesture == "accept":
            self._accept(task, name)
        else:
            self._hold(f"task_{gesture}", task, ui.t(f"task.held.{gesture}", name=name))

    def _hold(self, method: str, task: v.TaskRow, text: str) -> None:
        self._ui.hold(
            text,
            lambda: self._ui.write(self, method, lambda _: self.reload(), task=task.id),
            deadline_ms=task.expires_ms,
        )

    def _accept(self, task: v.TaskRow, name: str) -> None:
        ui = self._ui
        if task.reward is None:
            self._hold("task_accept", task, ui.t("task.held.accept", name=name))
            return
        facts = [("task.fact.reward", ui.texts.amount(task.reward)), ("task.fact.paid_to", ui.name(task.assignee))]

        def act(dialog: ConfirmDialog) -> None:
            dialog.write("task_accept", task=task.id)

        ConfirmDialog(
            ui, self.window(), "task.accept.title", "task.accept.text", "task.accept.verb", facts, act, name=name
        ).open()

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

    def copy_link(self) -> None:
        if self.task is not None:
            self._ui.clipboard.copy(f"guildhall:task/{self._ui.org}/{self.task.id}")
            self._ui.said.emit(self._ui.t("link.copied"))

    def keys(self) -> dict[str, Callable[[], None]]:
        return {
            "A": lambda: self.do("claim"),
            "S": lambda: self.do("submit"),
            "Y": lambda: self.do("accept"),
            "R": lambda: self.do("reject"),
            "C": self.composer.field.setFocus,
        }


def erase_comment(ui: Ui, owner: QWidget, comment: str, done: Callable[[], None]) -> None:
    """Ask, then have all peers drop the text of one's own comment."""

    def act(dialog: ConfirmDialog) -> None:
        dialog.write("content_erase", lambda _: done(), target=comment)

    ConfirmDialog(ui, owner.window(), "comment.erase.title", "comment.erase.text", "comment.erase.verb", [], act).open()
