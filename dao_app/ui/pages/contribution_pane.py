"""One contribution: text, evidence, who vouches for it and who doubts it, points, comments."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dao_app.app import views_rewards as r
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.contributions import DisputeDialog, ValueDialog
from dao_app.ui.files import on_file, take_files
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.models import show, show_rewards
from dao_app.ui.pages.base import Facts, Pane, section_head
from dao_app.ui.pages.task_pane import erase_comment
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.glyphs import AvatarView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row, scrolling
from dao_app.ui.widgets.posts import Composer, Posts


class ContributionPane(Pane):
    """``link_opened`` carries the address of a link in somebody's text."""

    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._detail: r.ContributionDetail | None = None
        self._title = Paragraph(ui, role="heading")
        self._who, self._picture = Label(ui, elide=True), AvatarView(ui, size=18)
        self._lines = {
            name: Label(ui, elide=True) for name in ("category", "department", "earned", "points", "endorsed")
        }
        self._state, self._waits = SealView(ui), Paragraph(ui, role="caption", tone="provisional")
        self._facts = Facts(ui)
        self._facts.add("col.person", self._picture, self._who)
        for name, label in self._lines.items():
            self._facts.add(f"col.{name}", label)
        self._facts.add("fact.state", self._state, None)
        self._facts.add("fact.waits", self._waits)
        self._text, self._absent = MarkdownView(ui, "text2"), Paragraph(ui, "text.absent", tone="text3")
        self._evidence_box, self._disputes_box = QWidget(), QWidget()
        self._evidence, self._disputes = column(ui, gap=4), column(ui, gap=10)
        self._evidence_box.setLayout(column(ui, section_head(ui, "contribution.evidence"), self._evidence, 12, gap=6))
        self._disputes_box.setLayout(column(ui, section_head(ui, "contribution.disputes"), self._disputes, 12, gap=6))
        self._posts, self._count = Posts(ui), Label(ui, role="caption", tone="text3")
        self._text.link.connect(self.link_opened)
        self._posts.link.connect(self.link_opened)
        self._posts.erase.connect(lambda c: erase_comment(ui, self, c, self.reload))
        self._posts.file.connect(lambda comment, gesture: on_file(ui, self, comment, gesture, self.reload))
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui, self._title, 10, self._facts, 10, divider(), 12, self._text, self._absent, 12, self._evidence_box,
                self._disputes_box, section_head(ui, "comments", self._count), 4, self._posts, None,
                margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        self.body.addWidget(scrolling(content))
        self.composer = Composer(ui, margins=(20, 8, 20, 8))
        self.composer.written.connect(self._comment)
        take_files(ui, self, self.composer, lambda: self._detail.row.id if self._detail else "", self.reload)
        self.foot(self.composer)
        self.foot(self._gestures())
        self.link.hide()

    def _gestures(self) -> QWidget:
        ui = self._ui
        self._buttons = {
            "endorse": Button(ui, "contribution.endorse", "primary", "E"),
            "dispute": Button(ui, "contribution.dispute", key="D"),
            "value": Button(ui, "contribution.value", key="V"),
            "withdraw": Button(ui, "contribution.withdraw"),
        }
        acts = {"endorse": self.endorse, "dispute": self.dispute, "value": self.value, "withdraw": self.withdraw}
        for name, button in self._buttons.items():
            button.clicked.connect(acts[name])
        first = row(ui, self._buttons["endorse"], self._buttons["dispute"], None)
        second = row(ui, self._buttons["value"], self._buttons["withdraw"], None)
        self._foot = Box(ui, "bottom", column(ui, first, second, gap=8, margins=(20, 10, 20, 10)))
        return self._foot

    # -- data ----------------------------------------------------------------------------------
    def load(self, contribution: str) -> None:
        self._ui.ask(self, "contribution_show", self.show_contribution, contribution=contribution)

    def reload(self) -> None:
        if self._detail is not None:
            self.load(self._detail.row.id)

    def forget(self) -> None:
        self._detail = None

    def render_again(self) -> None:
        if self._detail is not None:
            self.show_contribution(self._detail, again=True)

    def show_contribution(self, detail: r.ContributionDetail, again: bool = False) -> None:
        ui, row_ = self._ui, detail.row
        self._detail = detail
        self.name.say(ui.t(f"contribution.source.{row_.source}", task=row_.task or ""))
        self.chip.say(
            ui.t(f"contribution.status.{row_.status}"), show_rewards.CONTRIBUTION_CHIPS.get(row_.status, "")
        )
        self._title.say(show.title(row_.title))
        self._who.say(ui.name_you(row_.author))
        self._picture.show_person(row_.author)
        names = ui.texts.join([ui.name_you(p) for p in row_.endorsed_by])
        endorsed = show.endorsed_text(ui, row_)
        for name, text in (
            ("category", isolate(row_.category)),
            ("department", show.title(row_.department)),
            ("earned", ui.texts.amount(row_.earned) if row_.earned else ""),
            ("points", show_rewards.points_text(ui, row_)),
            ("endorsed", f"{endorsed} ({names})" if names else endorsed),
        ):
            self._lines[name].say(text)
            self._facts.show_line(f"col.{name}", bool(text))
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)
        self._text.show_text(detail.text or "")
        self._text.setVisible(bool(detail.text))
        self._absent.setVisible(detail.text is None and row_.source == "claim")
        self._show_evidence(detail)
        self._count.say(ui.texts.number(len(detail.comments)) if detail.comments else "")
        self._posts.show_comments(detail.comments, again)
        self.composer.setVisible("comment" in row_.can)
        for name, button in self._buttons.items():
            button.setVisible(name in row_.can)
        mine = row_.author.you and "withdraw" in row_.can
        self._buttons["withdraw"].say_key("contribution.withdraw" if mine else "contribution.withdraw_dispute")
        self._foot.setVisible(any(name in row_.can for name in self._buttons))

    def _show_evidence(self, detail: r.ContributionDetail) -> None:
        ui = self._ui
        clear(self._evidence)
        for one in detail.evidence:
            if one.label.lower().startswith(("http://", "https://")):
                way = Button(ui, "", "link")
                way.say(isolate(one.label))
                way.clicked.connect(lambda _=False, address=one.label: self.link_opened.emit(address))
                self._evidence.addLayout(row(ui, way, None))
            else:
                label = Label(ui, elide=True)
                label.say(isolate(one.label))
                self._evidence.addWidget(label)
            if one.hash:
                digest = Label(ui, role="mono", tone="text3", elide=True)
                digest.say(show.grouped(one.hash))
                self._evidence.addWidget(digest)
        self._evidence_box.setVisible(bool(detail.evidence))
        clear(self._disputes)
        for doubt in detail.disputes:
            reason = Paragraph(ui, tone="text2")
            absent = doubt.reason is None
            reason.say(ui.t("text.absent") if absent else "\n".join(map(isolate, (doubt.reason or "").split("\n"))))
            who = Label(ui, weight=600, elide=True)
            who.say(ui.name_you(doubt.person))
            head = row(ui, AvatarView(ui, doubt.person, 18), who)
            head.setStretch(1, 1)
            self._disputes.addLayout(column(ui, head, reason, gap=2))
        self._disputes_box.setVisible(bool(detail.disputes))

    # -- gestures ------------------------------------------------------------------------------
    def _may(self, gesture: str) -> r.ContributionRow | None:
        if self._detail is None or gesture not in self._detail.row.can:
            return None
        return self._detail.row

    def endorse(self) -> None:
        if (row_ := self._may("endorse")) is not None:
            self._hold("contribution.held", "contribution_endorse", row_)

    def dispute(self) -> None:
        if (row_ := self._may("dispute")) is not None:
            DisputeDialog(self._ui, self.window(), row_, lambda _: self.reload()).open()

    def value(self) -> None:
        if (row_ := self._may("value")) is not None and self._detail is not None:
            most = self._detail.points_most
            ValueDialog(self._ui, self.window(), row_, most, lambda _: self.reload()).open()

    def withdraw(self) -> None:
        row_ = self._may("withdraw")
        if row_ is None:
            return
        if not row_.author.you:
            self._hold("contribution.held_withdraw", "contribution_withdraw", row_)
            return

        def act(dialog: ConfirmDialog) -> None:
            dialog.write("contribution_withdraw", lambda _: self.reload(), contribution=row_.id)

        facts = [("contribution.title", show.title(row_.title))]
        ConfirmDialog(
            self._ui, self.window(), "contribution.withdraw", "contribution.withdraw.text",
            "contribution.withdraw.verb", facts, act,
        ).open()  # fmt: skip

    def _hold(self, text: str, method: str, row_: r.ContributionRow) -> None:
        ui = self._ui
        ui.hold(
            ui.t(text, title=show.title(row_.title)),
            lambda: ui.write(self, method, lambda _: self.reload(), contribution=row_.id),
        )

    def _comment(self, text: str) -> None:
        if self._detail is None:
            return
        ui, row_ = self._ui, self._detail.row

        def back(error: GuildhallError) -> None:
            self.composer.put(text)
            ui.failed.emit(error)

        ui.hold(
            ui.t("comment.held", name=show.title(row_.title)),
            lambda: ui.write(self, "comment_add", lambda _: self.reload(), back, target=row_.id, text=text),
            undo=lambda: self.composer.put(text),
        )

    def keys(self) -> dict[str, Callable[[], None]]:
        return {"E": self.endorse, "D": self.dispute, "V": self.value, "C": self.composer.field.setFocus}
