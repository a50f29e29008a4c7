"""Parts of the detail of a task: who does it, steps, applications, the work handed in, what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dao_app.app import views_tasks as vt
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.markdown import MarkdownView, safe_link
from dao_app.ui.models import show_tasks as show
from dao_app.ui.models.show import title
from dao_app.ui.pages.base import section_head
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.evidence import FileLines
from dao_app.ui.widgets.fields import Check
from dao_app.ui.widgets.glyphs import AvatarView, Chip, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import clear, column, row


class People(QWidget):
    """The assignees below each other, with shares where there are several."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._lines = column(ui, gap=3)
        self.setLayout(self._lines)

    def show_people(self, people: Sequence[vt.AssigneeView]) -> None:
        ui = self._ui
        clear(self._lines)
        if not people:
            nobody = Label(ui, "task.nobody", tone="text3")
            self._lines.addWidget(nobody)
        for assignee in people:
            name = Label(ui, hug=True)
            name.say(ui.name_you(assignee.person))
            share = Label(ui, role="caption", tone="text2")
            share.say(ui.texts.basis_points(assignee.share_bp) if len(people) > 1 else "")
            self._lines.addLayout(row(ui, AvatarView(ui, assignee.person, 18), name, share, None, gap=8))


class Chips(QWidget):
    """Labels beside each other, in lines that fit."""

    PER_LINE = 3

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._lines = column(ui, gap=4)
        self.setLayout(self._lines)

    def show_texts(self, texts: Sequence[str]) -> None:
        clear(self._lines)
        for start in range(0, len(texts), self.PER_LINE):
            few = texts[start : start + self.PER_LINE]
            room = self._ui.look.px(96)
            cut = [self._ui.look.elided(isolate(text), "caption", 400, room) for text in few]
            chips = [Chip(self._ui, text, "outline") for text in cut]
            self._lines.addLayout(row(self._ui, *chips, None, gap=4))


class Section(QWidget):
    """A headline and what stands below it; absent where there is nothing."""

    def __init__(self, ui: Ui, key: str) -> None:
        super().__init__()
        self._ui = ui
        self.note = Label(ui, role="caption", tone="text3")
        self.body = column(ui, gap=4)
        self.setLayout(column(ui, section_head(ui, key, self.note), self.body, gap=5, margins=(0, 0, 0, 12)))


class Steps(Section):
    """The checklist; a click or the space bar ticks an item."""

    ticked = Signal(int, bool)  # item from 1, done

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "task.steps")
        self._shown: tuple[tuple[vt.CheckItem, ...], bool] = ((), False)

    def show_items(self, items: tuple[vt.CheckItem, ...], may: bool) -> None:
        self.setVisible(bool(items))
        self.note.say(self._ui.t("task.steps_of", done=sum(i.done for i in items), all=len(items)))
        if (items, may) == self._shown:
            return
        focused = next((n for n, box in enumerate(self._boxes()) if box.hasFocus()), -1)
        self._shown = (items, may)
        clear(self.body)
        for number, item in enumerate(items, 1):
            box = Check(self._ui)
            box.say(isolate(item.text))
            box.setChecked(item.done)
            box.setEnabled(may)
            box.setAccessibleName(f"{number}. {isolate(item.text)}")
            box.toggled.connect(lambda done, n=number: self.ticked.emit(n, done))
            self.body.addWidget(box)
        boxes = self._boxes()
        if 0 <= focused < len(boxes):
            boxes[focused].setFocus()

    def _boxes(self) -> list[Check]:
        found = (self.body.itemAt(n) for n in range(self.body.count()))
        return [box for item in found if item is not None and isinstance(box := item.widget(), Check)]


class Waits(Section):
    """The tasks that this one waits for; each opens."""

    opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "task.waits")

    def show_links(self, links: tuple[vt.TaskLink, ...]) -> None:
        ui = self._ui
        self.setVisible(bool(links))
        self.note.say(ui.t("task.waits_of", done=sum(link.over for link in links), all=len(links)))
        clear(self.body)
        for link in links:
            name = Button(ui, kind="link")
            name.say(show.task_name(ui, link))
            name.clicked.connect(lambda _=False, id_=link.id: self.opened.emit(id_))
            what = Label(ui, elide=True, tone="text3" if link.over else "text")
            what.say(title(link.title))
            chip = Chip(ui, ui.t(f"task.status.{link.status}"), show.CHIPS.get(link.status, ""))
            line = row(ui, name, what, chip, gap=8)
            line.setStretch(1, 1)
            self.body.addLayout(line)


class Applications(Section):
    """Who would like to do it."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "task.applications")

    def show_rows(self, rows: tuple[vt.ApplicationView, ...]) -> None:
        ui = self._ui
        self.setVisible(bool(rows))
        self.note.say(ui.texts.number(len(rows)))
        clear(self.body)
        for application in rows:
            name = Label(ui, weight=600, hug=True)
            name.say(ui.name_you(application.person))
            seal = SealView(ui)
            seal.show_stamp(application.stamp, ui.texts.moment(application.stamp.at_ms, ui.now_ms()))
            self.body.addLayout(row(ui, AvatarView(ui, application.person, 18), name, None, seal, gap=8))
            if application.note:
                note = Paragraph(ui, tone="text2")
                note.say("\n".join(isolate(line) for line in application.note.splitlines()))
                self.body.addWidget(note)


class Work(Section):
    """What was handed in, with its evidence, and what the reviewer wrote."""

    link = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "task.submission")
        self._note = MarkdownView(ui)
        self._files = FileLines(ui)
        self._links = column(ui, gap=2)
        self._review_by = Label(ui, role="caption", tone="text2", elide=True)
        self._review = MarkdownView(ui)
        for view in (self._note, self._review):
            view.link.connect(self.link)
        for part in (self._note, self._files):
            self.body.addWidget(part)
        self.body.addLayout(self._links)
        self.body.addWidget(self._review_by)
        self.body.addWidget(self._review)

    def show_work(self, work: vt.SubmissionView | None) -> None:
        ui = self._ui
        self.setVisible(work is not None)
        if work is None:
            return
        when = ui.texts.moment(work.stamp.at_ms, ui.now_ms())
        self.note.say(ui.t("task.work.by", name=ui.name_you(work.by), when=when))
        self._note.show_text(work.note or "")
        self._note.setVisible(bool(work.note))
        self._files.show_files(work.files)
        clear(self._links)
        for address in work.links:
            button = Button(ui, kind="link", icon="link")
            button.say(ui.look.elided(isolate(address), "caption", 400, ui.look.px(300)))
            button.clicked.connect(lambda _=False, a=address: self.link.emit(a))
            button.setEnabled(safe_link(address))
            self._links.addLayout(row(ui, button, None))
        reviewed = work.reviewer is not None and bool(work.review)
        self._review_by.setVisible(reviewed)
        self._review.setVisible(reviewed)
        if work.reviewer is not None:
            self._review_by.say(ui.t("task.work.reviewed", name=ui.name_you(work.reviewer)))
            self._review.show_text(work.review or "")
