"""Dialogs of tasks: open or change one, assign it, hand in work, and steps that carry a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app import views_tasks as vt
from dao_app.app.dates import read_date
from dao_app.app.errors import InputError
from dao_app.app.texts import isolate
from dao_app.core.limits import ASSIGNEES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.evidence import FilePicker
from dao_app.ui.widgets.fields import Area, Check, Field, Line, Picker
from dao_app.ui.widgets.glyphs import AvatarView
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import column, row, scrolling

DAY_S = 86_400
HOUR_MIN = 60
LIVES = [("0", "task.life.open"), (str(7 * DAY_S), "task.life.week"), (str(30 * DAY_S), "task.life.month")]
PRIORITIES = [(p, f"task.priority.{p}") for p in ("low", "normal", "high", "urgent")]
REPEATS = [("0", "task.repeat.never"), ("1", "task.repeat.day"), ("7", "task.repeat.week"), ("30", "task.repeat.month")]
AMOUNT_CHARS_MAX = 24
NUMBER_CHARS_MAX = 6


class TaskDialog(Dialog):
    """A new task, or (given ``detail``) other terms for one that nobody has claimed; what is rarely needed is
    folded away."""

    WIDTH = 560

    def __init__(
        self, ui: Ui, parent: QWidget, done: Callable[[object], None], detail: vt.TaskDetail | None = None
    ) -> None:
        title = "task.new" if detail is None else "task.edit"
        super().__init__(ui, parent, title, "task.new.verb" if detail is None else "task.edit.verb")
        self._done, self._detail = done, detail
        self._build_plain()
        self._build_more()
        self._more = Button(ui, "task.more", "link")
        self._more.clicked.connect(lambda: self.unfold(self._rare.isHidden()))
        holder = QWidget()
        holder.setProperty("box", "raised")
        holder.setLayout(column(ui, self._plain, row(ui, self._more, None), self._rare, gap=12, margins=(0, 0, 8, 0)))
        self._area = scrolling(holder)
        self.content.addWidget(self._area)
        self._holder = holder
        if detail is not None:
            self._put(detail)
        self.unfold(detail is not None and self._is_rare(detail))
        self._name_verb()
        self.title.setFocus()

    def _build_plain(self) -> None:
        ui = self.ui
        self.title = Line(ui, "task.title.hint", "task.title")
        self.text = Area(ui, "task.text.hint", "task.text", lines=5)
        self.reward = Line(ui, "task.reward.hint", "task.reward", AMOUNT_CHARS_MAX)
        self.due = Line(ui, "task.due.hint", "task.fact.due", AMOUNT_CHARS_MAX)
        self.payer = Picker(ui, "task.payer")
        may_fund = ui.can("task.fund") or ui.can("treasury.spend")
        sources = [("treasury", "task.payer.treasury")] if may_fund else []
        self.payer.offer([*sources, ("own", "task.payer.own")])
        self._title_field = Field(ui, "task.title", self.title)
        self._reward_field = Field(ui, "task.reward", self.reward)
        self._due_field = Field(ui, "task.fact.due", self.due)
        self.due.textChanged.connect(self._judge_due)
        self.reward.textChanged.connect(self._name_verb)
        self._plain = QWidget()
        self._plain.setLayout(
            column(
                ui,
                self._title_field,
                Field(ui, "task.text", self.text, "markdown.help"),
                row(ui, self._reward_field, Field(ui, "task.payer", self.payer), self._due_field, gap=16),
                gap=12,
            )
        )

    def _build_more(self) -> None:
        ui = self.ui
        self.labels = Line(ui, "task.labels.hint", "task.labels")
        self.priority = Picker(ui, "task.priority")
        self.priority.offer(PRIORITIES)
        self.priority.pick("normal")
        self.estimate = Line(ui, "task.estimate.hint", "task.estimate", NUMBER_CHARS_MAX)
        self.life = Picker(ui, "task.life")
        self.life.offer(LIVES)
        self.checklist = Area(ui, "task.checklist.hint", "task.checklist", lines=3)
        self.depends = Line(ui, "task.depends.hint", "task.depends")
        self.repeat = Picker(ui, "task.repeat")
        self.repeat.offer(REPEATS)
        self.seats = Line(ui, "task.seats.hint", "task.seats", NUMBER_CHARS_MAX)
        self.department = Picker(ui, "task.fact.department")
        self.department.offer([("", "task.department.none")])
        self.approval = Check(ui, "task.approval")
        self.draft = Check(ui, "task.draft")
        self.draft.toggled.connect(lambda _: self._name_verb())
        self.files = FilePicker(ui)
        self.files.problem.connect(self.refused)
        self.files.resized.connect(self.fit)
        self._estimate_field = Field(ui, "task.estimate", self.estimate)
        self._seats_field = Field(ui, "task.seats", self.seats)
        self._rare = QWidget()
        self._rare.setLayout(
            column(
                ui,
                row(ui, Field(ui, "task.labels", self.labels), Field(ui, "task.priority", self.priority), gap=16),
                Field(ui, "task.checklist", self.checklist),
                row(ui, self._estimate_field, Field(ui, "task.life", self.life), gap=16),
                row(ui, Field(ui, "task.repeat", self.repeat), self._seats_field, gap=16),
                row(ui, Field(ui, "task.fact.department", self.department), Field(ui, "task.depends", self.depends),
                    gap=16),
                Field(ui, "task.files", self.files),
                self.approval,
                self.draft,
                gap=12,
            )
        )  # fmt: skip
        if self._detail is not None:
            self.draft.hide()
        ui.ask(self, "department_list", self._offer_departments)

    def _offer_departments(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        """Departments to which it may belong, and which may pay for it."""
        active = [row_ for row_ in rows if row_.active]
        kept = self._detail.row.department if self._detail is not None else ""
        names = [(row_.id, "\u2003" * (row_.depth - 1) + isolate(row_.name)) for row_ in active]
        self.department.offer_plain([("", self.ui.t("task.department.none")), *names])
        self.department.pick(next((row_.id for row_ in active if row_.name == kept), ""))
        for row_ in active:
            if self.payer.findText(row_.name) < 0:
                self.payer.addItem(isolate(row_.name), row_.id)
        if self._detail is not None and self._detail.payer_person is None:
            self.payer.pick(next((row_.id for row_ in active if row_.name == self._detail.payer), self._detail.payer))

    @staticmethod
    def _is_rare(detail: vt.TaskDetail) -> bool:
        row_ = detail.row
        return bool(
            row_.labels or row_.priority != "normal" or row_.estimate_min or row_.items or row_.every_days
            or row_.seats > 1 or row_.approval or row_.department or detail.depends or detail.files
            or detail.lifetime_s
        )  # fmt: skip

    def _put(self, detail: vt.TaskDetail) -> None:
        """What the task asks for now."""
        row_ = detail.row
        self.title.setText(row_.title)
        self.text.setPlainText(detail.text or "")
        if row_.reward is not None:
            figure = self.ui.texts.figure(row_.reward.minor, row_.reward.decimals)
            self.reward.setText(figure.replace(",", ""))
        if row_.due_ms is not None:
            self.due.setText(self.ui.texts.local(row_.due_ms).strftime("%Y-%m-%d %H:%M"))
        self.payer.pick("own" if detail.payer_person is not None else detail.payer)
        self.labels.setText(", ".join(row_.labels))
        self.priority.pick(row_.priority)
        self.estimate.setText(hours_text(row_.estimate_min))
        _pick_or_add(self.life, detail.lifetime_s, self.ui.texts.duration(detail.lifetime_s * 1_000))
        self.checklist.setPlainText("\n".join(item.text for item in detail.checklist))
        self.depends.setText(", ".join(f"T-{link.number}" if link.number else link.short for link in detail.depends))
        _pick_or_add(self.repeat, row_.every_days, self.ui.t("task.every", n=row_.every_days))
        self.seats.setText(str(row_.seats) if row_.seats > 1 else "")
        self.approval.setChecked(row_.approval)
        self.files.put(detail.files)

    def unfold(self, shown: bool) -> None:
        """Show what is rarely needed, or fold it away."""
        self._rare.setVisible(shown)
        self._more.say_key("task.less" if shown else "task.more")
        self.fit()

    def fit(self) -> None:
        self._holder.adjustSize()
        wanted = self._holder.sizeHint().height() + 2
        most = self.screen().availableGeometry().height() - self.ui.look.px(250)
        self._area.setFixedHeight(min(wanted, max(most, self.ui.look.px(240))))
        super().fit()

    def _name_verb(self) -> None:
        amount = self.reward.text().strip()
        if self._detail is not None:
            return
        if self.draft.isChecked():
            self.main.say_key("task.draft.verb")
        elif amount:
            self.main.say_key("task.new.verb_hold", amount=f"{amount}\u00a0{self.ui.unit}")
        else:
            self.main.say_key("task.new.verb")

    def _judge_due(self) -> None:
        """A date in the past is allowed and said."""
        due = self._due()
        self._due_field.fault("")
        if due and due < self.ui.now_ms():
            self._due_field.judge(self.ui.t("task.due.past"))

    def _due(self) -> int | None:
        """The date typed, 0 for none, None where it is none."""
        try:
            return read_date(self.due.text(), self.ui.texts.zone)
        except InputError:
            return None

    def _faults(self) -> bool:
        """Say what cannot be; is there something?"""
        t = self.ui.t
        faults = [
            (self._title_field, "" if self.title.text().strip() else t("fault.title")),
            (self._due_field, t("fault.date") if self._due() is None else ""),
            (self._estimate_field, t("fault.hours") if minutes_of(self.estimate.text()) is None else ""),
            (self._seats_field, "" if _is_count(self.seats.text(), ASSIGNEES_MAX) else t("fault.seats")),
        ]
        wrong = [field for field, fault in faults if fault]
        for field, fault in faults:
            field.fault(fault)
        if any(field in (self._estimate_field, self._seats_field) for field in wrong):
            self.unfold(True)
        if wrong:
            wrong[0].control.setFocus()
            self.fit()
        return bool(wrong)

    def accept_now(self) -> None:
        if self._faults():
            return
        reward = self.reward.text().strip()
        params: dict[str, Any] = {
            "title": self.title.text().strip(),
            "text": self.text.text(),
            "reward": reward,
            "unit": self._unit() if reward else "",
            "payer": self.payer.currentData(),
            "lifetime_s": int(self.life.currentData()),
            "labels": self.labels.text().replace("，", ",").replace("、", ",").split(","),
            "priority": self.priority.currentData(),
            "due_ms": self._due() or 0,
            "estimate_min": minutes_of(self.estimate.text()) or 0,
            "checklist": self.checklist.text().splitlines(),
            "files": self.files.files(),
            "depends": self.depends.text().replace("，", ",").replace(",", " ").split(),
            "every_days": int(self.repeat.currentData()),
            "approval": self.approval.isChecked(),
            "seats": int(self.seats.text().strip() or 1),
            "department": self.department.currentData() or "",
        }
        if self._detail is None:
            self.write("task_open", self._done, **params, draft=self.draft.isChecked())
        else:
            self.write("task_edit", self._done, task=self._detail.row.id, **params)

    def _unit(self) -> str:
        kept = self._detail.row.reward if self._detail is not None else None
        return kept.unit if kept is not None else self.ui.unit


def _pick_or_add(picker: Picker, value: int, text: str) -> None:
    if picker.findData(str(value)) < 0:
        picker.addItem(text, str(value))
    picker.pick(str(value))


def _is_count(text: str, most: int) -> bool:
    text = text.strip()
    return not text or (text.isascii() and text.isdigit() and 1 <= int(text) <= most)


def minutes_of(text: str) -> int | None:
    """Minutes of hours such as "1.5" or "1:30"; 0 for nothing, None where it is no time."""
    text = text.strip().replace("，", ".").replace("：", ":").replace(",", ".")
    if not text:
        return 0
    whole, mark, part = text.partition(":" if ":" in text else ".")
    if not (text.isascii() and whole.isdigit() and (part.isdigit() or not mark)):
        return None
    if mark == ":":
        return int(whole) * HOUR_MIN + int(part) if int(part) < HOUR_MIN else None
    return int(whole) * HOUR_MIN + (int(part) * HOUR_MIN // 10 ** len(part) if part else 0)


def hours_text(minutes: int) -> str:
    hours, rest = divmod(minutes, HOUR_MIN)
    return "" if not minutes else f"{hours}:{rest:02}" if rest else str(hours)


class AssignDialog(Dialog):
    """Who does the task, and with which share; who applied stands first."""

    def __init__(self, ui: Ui, parent: QWidget, detail: vt.TaskDetail, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "task.assign.title", "task.assign.verb", name=detail.row.title)
        self._done, self._detail = done, detail
        self._people: dict[str, v.PersonView] = {}
        self._shares: dict[str, Line] = {}
        self._rows = column(ui, gap=6)
        self._add = Picker(ui, "task.assign.add")
        self._add.activated.connect(lambda _: self._chosen())
        self._sum = Label(ui, role="caption", tone="text2")
        self.content.addLayout(self._rows)
        self.content.addWidget(Field(ui, "task.assign.add", self._add))
        self.content.addWidget(self._sum)
        for assignee in detail.row.assignees:
            self._put(assignee.person, ui.texts.basis_points(assignee.share_bp)[:-2])
        if not detail.row.assignees and len(detail.applications) == 1:
            self._put(detail.applications[0].person, "")
        ui.ask(self, "member_list", self._offer)
        self._tell()

    def _offer(self, members: tuple[v.MemberRow, ...]) -> None:
        applied = {a.person.id for a in self._detail.applications}
        self._people = {m.person.id: m.person for m in members if m.status == "active"}
        ordered = sorted(self._people.values(), key=lambda p: (p.id not in applied, p.name.casefold()))
        mark = self.ui.t("task.assign.applied")
        self._add.offer_plain([
            ("", self.ui.t("task.assign.choose")),
            *((p.id, f"{self.ui.name(p)} · {mark}" if p.id in applied else self.ui.name(p)) for p in ordered),
        ])  # fmt: skip

    def _chosen(self) -> None:
        person = self._people.get(str(self._add.currentData()))
        if person is not None:
            self._put(person, "")
        self._add.setCurrentIndex(0)

    def _put(self, person: v.PersonView, share: str) -> None:
        if person.id in self._shares or len(self._shares) >= ASSIGNEES_MAX:
            return
        ui = self.ui
        self._people[person.id] = person
        name = Label(ui, elide=True)
        name.say(ui.name(person))
        line = Line(ui, "task.assign.share", "task.assign.share", NUMBER_CHARS_MAX)
        line.setFixedWidth(ui.look.px(96))
        line.setText(share)
        line.textChanged.connect(lambda _: self._tell())
        away = IconButton(ui, "x", "task.assign.remove")
        holder = QWidget()
        layout = row(ui, AvatarView(ui, person), name, line, Label(ui, "percent.sign", tone="text2"), away, gap=8)
        layout.setStretch(1, 1)
        holder.setLayout(layout)
        away.clicked.connect(lambda: self._drop(person.id, holder))
        self._shares[person.id] = line
        self._rows.addWidget(holder)
        self._tell()
        self.fit()

    def _drop(self, person: str, holder: QWidget) -> None:
        del self._shares[person]
        holder.deleteLater()
        self._tell()

    def _tell(self) -> None:
        """What the shares come to, as they are typed."""
        typed = [line.text().strip() for line in self._shares.values()]
        if not typed or not any(typed):
            self._sum.say(self.ui.t("task.assign.equal") if typed else self.ui.t("task.assign.nobody"))
            self._sum.tone("text2")
            return
        parts = [hundredths(text) for text in typed]
        total = sum(part or 0 for part in parts)
        right = total == 10_000 and all(parts)
        self._sum.say(self.ui.t("task.assign.sum", sum=self.ui.texts.basis_points(total)))
        self._sum.tone("text2" if right else "danger")

    def accept_now(self) -> None:
        if not self._shares:
            self._add.setFocus()
            return
        pairs = [[person, line.text().strip()] for person, line in self._shares.items()]
        self.write("task_assign", self._done, task=self._detail.row.id, assignees=pairs)


def hundredths(text: str) -> int | None:
    """ "33.34" → 3334; None where it is no share."""
    whole, mark, part = text.replace(",", ".").partition(".")
    if not (text.isascii() and whole.isdigit() and (part.isdigit() or not mark) and len(part) <= 2):
        return None
    return int(whole) * 100 + int(part.ljust(2, "0") or 0)


class SubmitDialog(Dialog):
    """Hand in the work, with files and links as evidence."""

    def __init__(self, ui: Ui, parent: QWidget, task: str, name: str, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "task_submit.title", "task_submit.verb", name=name)
        self._task, self._done = task, done
        self.note = Area(ui, "task_submit.hint", "task_submit.note", lines=5)
        self.links = Area(ui, "task.links.hint", "task.links", lines=2)
        self.files = FilePicker(ui)
        self.files.problem.connect(self.refused)
        self.files.resized.connect(self.fit)
        self.content.addWidget(Field(ui, "task_submit.note", self.note, "markdown.help"))
        self.content.addWidget(Field(ui, "task.links", self.links))
        self.content.addWidget(Field(ui, "task.files", self.files, "evidence.help"))
        self.note.setFocus()

    def accept_now(self) -> None:
        self.write(
            "task_submit",
            self._done,
            task=self._task,
            note=self.note.text(),
            files=self.files.files(),
            links=self.links.text().splitlines(),
        )


class NoteDialog(Dialog):
    """A step on a task that carries a note: apply, ask for changes, reject, dispute."""

    def __init__(
        self, ui: Ui, parent: QWidget, method: str, task: str, name: str, required: bool,
        done: Callable[[object], None] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(ui, parent, f"{method}.title", f"{method}.verb", name=name)
        self._method, self._task, self._required, self._done = method, task, required, done
        self._name = name
        if ui.texts.has(f"{method}.text"):
            self.paragraph(f"{method}.text")
        self.note = Area(ui, f"{method}.hint", f"{method}.note", lines=5)
        self._field = Field(ui, f"{method}.note", self.note, "markdown.help")
        self.content.addWidget(self._field)
        self.note.setFocus()

    def accept_now(self) -> None:
        note = self.note.text()
        if self._required and not note:
            self._field.fault(self.ui.t("fault.note"))
            return
        if self._method == "task_dispute":
            title = self.ui.t("task.dispute.proposal", name=self._name.strip())
            self.write(self._method, self._done, task=self._task, title=title, reason=note)
        else:
            self.write(self._method, self._done, task=self._task, note=note)
