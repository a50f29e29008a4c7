"""One proposal: stages, text, options and discussion on the left; ballot, tally and seal on the right."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.proposals import ReviseDialog
from dao_app.ui.files import on_file, take_files
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.models import show
from dao_app.ui.pages.base import section_head
from dao_app.ui.pages.effects_panel import EffectsCard, PowersDialog
from dao_app.ui.pages.tally_panel import BallotsDialog, SealPanel, TallyPanel
from dao_app.ui.pages.task_pane import erase_comment
from dao_app.ui.pages.vote_panel import VotePanel, choice_text
from dao_app.ui.proofs import save_card, save_proof
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.glyphs import AvatarView, Chip, IconView, KeyChip, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row, scrolling
from dao_app.ui.widgets.posts import Composer, Posts
from dao_app.ui.widgets.ranking import letter
from dao_app.ui.widgets.stages import Stage, Stages

FIXED = ("yes-no-abstain", "consent")  # methods whose options are their own
LETTERS = 26  # options that have a single letter as their key
FOLD = 900  # effective pixels below which the ballot stands under the text


class ProposalDetailView(QWidget):
    """Everything about one proposal."""

    left = Signal()
    stepped = Signal(int)
    link_opened = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.ui = ui
        self._detail: v.ProposalDetail | None = None
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self.vote_panel, self.tally_panel = VotePanel(ui), TallyPanel(ui)
        ballots = Button(ui, "tally.show_ballots", "link")
        ballots.clicked.connect(self._show_ballots)
        powers = Button(ui, "powers.show", "link")
        powers.clicked.connect(self._show_powers)
        certificate, card = Button(ui, "proof.save"), Button(ui, "proof.card", "link")
        certificate.clicked.connect(self.save_certificate)
        card.clicked.connect(self.save_card)
        self._seal_panel = SealPanel(ui, ballots, powers, certificate, card)
        self.vote_panel.signed.connect(self._vote)
        self._splitter.addWidget(self._build_document())
        side = QWidget()
        side.setProperty("box", "surface")
        side.setLayout(column(ui, self.vote_panel, self.tally_panel, self._seal_panel, None))
        self._side = Box(ui, "side", column(ui, scrolling(side, ui.t("tally.live"))))
        self._side.setMinimumWidth(ui.look.size("detailMin"))
        self._splitter.addWidget(self._side)
        self._splitter.setStretchFactor(0, 1)
        layout = column(ui, self._build_top(), self._splitter)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self.relook()

    def relook(self) -> None:
        wide = self.ui.look.px(420)
        self._splitter.setSizes([max(self.width() - wide, wide), wide])

    def _build_top(self) -> QWidget:
        ui = self.ui
        back = Button(ui, "page.proposals", "ghost")
        back.clicked.connect(self.left)
        self._name, self._chip = Label(ui, role="heading"), Chip(ui)
        earlier, later = IconButton(ui, "up", "previous", key="K"), IconButton(ui, "below", "next", key="J")
        earlier.clicked.connect(lambda: self.stepped.emit(-1))
        later.clicked.connect(lambda: self.stepped.emit(1))
        link = Button(ui, "link.copy", "ghost", icon="link")
        link.clicked.connect(self.copy_link)
        self._revise = Button(ui, "proposal.revise", "ghost", "E")
        self._revise.clicked.connect(self._ask_revise)
        self._withdraw = Button(ui, "proposal.withdraw", "ghost")
        self._withdraw.clicked.connect(self._ask_withdraw)
        items = row(
            ui,
            back,
            IconView(ui, "right", "text3", 12),
            2,
            self._name,
            self._chip,
            None,
            self._revise,
            self._withdraw,
            earlier,
            later,
            link,
            gap=8,
            margins=(13, 0, 16, 0),
        )
        return Box(ui, "top", items, height=52)

    def _build_document(self) -> QWidget:
        ui = self.ui
        self._title = Paragraph(ui, role="title")
        self._picture, self._who = AvatarView(ui, size=18), Label(ui, role="caption", tone="text2", hug=True)
        self._how = Label(ui, role="caption", tone="text2", elide=True)
        self._state = SealView(ui)
        self._waits = Paragraph(ui, role="caption", tone="provisional")
        self._stages = Stages(ui)
        self._text, self._absent = MarkdownView(ui), Paragraph(ui, "text.absent", tone="text3")
        self._options: QVBoxLayout = column(ui, margins=(1, 1, 1, 1))
        self._options_card = Box(ui, "card", self._options)
        self._effects = EffectsCard(ui)
        self._effects.seconded.connect(self._second)
        self._effects.retried.connect(self._execute)
        self._count = Label(ui, role="caption", tone="text3")
        self._posts = Posts(ui)
        self._posts.link.connect(self.link_opened)
        self._posts.erase.connect(lambda c: erase_comment(ui, self, c, self.reload))
        self._posts.file.connect(lambda comment, gesture: on_file(ui, self, comment, gesture, self.reload))
        self._text.link.connect(self.link_opened)
        meta = row(ui, self._picture, self._who, self._how, self._state, gap=8)
        meta.setStretch(2, 1)
        content = QWidget()
        content.setProperty("box", "surface")
        discussion = section_head(ui, "comments", self._count, Label(ui, "comment.newest", "caption", "text3"))
        content.setLayout(
            column(
                ui,
                self._title,
                8,
                meta,
                self._waits,
                18,
                self._stages,
                14,
                self._text,
                self._absent,
                8,
                self._options_card,
                8,
                self._effects,
                18,
                discussion,
                6,
                self._posts,
                None,
                margins=(24, 18, 24, 16),
            )
        )
        self.composer = Composer(ui)
        self.composer.written.connect(self._comment)
        take_files(ui, self, self.composer, lambda: self.proposal.id if self.proposal else "", self.reload)
        holder = QWidget()
        layout = column(ui, scrolling(content, ui.t("page.proposals")), self.composer)
        layout.setStretch(0, 1)
        holder.setLayout(layout)
        return holder

    # -- data ----------------------------------------------------------------------------------
    @property
    def proposal(self) -> v.ProposalRow | None:
        return self._detail.row if self._detail else None

    def load(self, proposal: str) -> None:
        self.ui.ask(self, "proposal_show", self.show_proposal, self._gone, proposal=proposal)

    def _gone(self, error: GuildhallError) -> None:
        self.ui.failed.emit(error)
        if self._detail is None:
            self.left.emit()

    def reload(self) -> None:
        if self._detail is not None:
            self.load(self._detail.row.id)

    def render_again(self) -> None:
        if self._detail is not None:
            self.show_proposal(self._detail, again=True)

    def forget(self) -> None:
        self._detail = None

    def show_proposal(self, detail: v.ProposalDetail, again: bool = False) -> None:
        ui, row_ = self.ui, detail.row
        changed = (
            self._detail is None or self._detail.options != detail.options or self._detail.row.id != row_.id or again
        )
        self._detail = detail
        self._name.say(show.proposal_name(ui, row_))
        self._chip.say(ui.t(f"proposal.status.{row_.status}"), show.PROPOSAL_CHIPS.get(row_.status, ""))
        self._withdraw.setVisible("withdraw" in row_.can)
        self._title.say(show.title(row_.title))
        self._picture.show_person(row_.author)
        when = ui.texts.day(row_.stamp.at_ms, ui.now_ms())
        self._who.say(ui.t("proposal.by", name=ui.name_you(row_.author), when=when))
        self._how.say(self._about(detail))
        self._state.show_stamp(row_.stamp)
        waits = ui.waits_short(row_.stamp)
        self._waits.say(ui.t("state.waits_line", names=waits) if waits and not row_.stamp.reason else waits)
        self._waits.setVisible(bool(waits))
        self._stages.show_stages(self._stages_of(detail))
        self._text.show_text(detail.text or "")
        self._text.setVisible(bool(detail.text))
        self._absent.setVisible(detail.text is None)
        if changed:
            self._show_options(() if row_.method in FIXED else detail.options)
        self._effects.show_proposal(detail)
        self._revise.setVisible("revise" in row_.can)
        self._count.say(ui.texts.number(len(detail.comments)) if detail.comments else "")
        self._posts.show_comments(detail.comments, again)
        self.composer.setVisible("comment" in row_.can)
        self.vote_panel.show_proposal(detail, again)
        self.tally_panel.show_proposal(detail)
        self._seal_panel.setVisible(detail.tally is not None)
        self._seal_panel.show_proposal(detail)

    def _about(self, detail: v.ProposalDetail) -> str:
        """Kind, method, department, topic, power, version: what a voter wants to know at a glance."""
        ui, row_ = self.ui, detail.row
        parts = [ui.t(f"kind.{row_.kind}"), ui.t(f"method.{row_.method}")]
        if row_.department:
            parts.append(show.title(row_.department))
        if row_.topic:
            parts.append(show.title(row_.topic))
        parts.append(ui.t(f"choice.{detail.power_kind}"))
        if row_.asks:
            parts.append(ui.t("proposal.asks", amount=ui.texts.join([ui.texts.amount(a) for a in row_.asks])))
        if row_.version > 1:
            parts.append(ui.t("proposal.version", n=row_.version))
        if detail.extended:
            parts.append(ui.t("proposal.extended"))
        return " · ".join(parts)

    def _show_options(self, options: tuple[str, ...]) -> None:
        ui = self.ui
        clear(self._options)
        self._options_card.setVisible(bool(options))
        for place, option in enumerate(options):
            if place:
                self._options.addWidget(divider())
            name = Paragraph(ui, weight=600)
            name.say(show.title(option))
            line = row(
                ui, column(ui, 1, KeyChip(ui, letter(place), filled=True), None), name, gap=12, margins=(12, 9, 12, 9)
            )
            line.setStretch(1, 1)
            self._options.addLayout(line)

    def _stages_of(self, detail: v.ProposalDetail) -> tuple[Stage, ...]:
        ui, row_, now = self.ui, detail.row, self.ui.now_ms()
        order = {"discussion": 0, "voting": 1, "closing": 2, "withdrawn": 4}.get(row_.status, 4)

        def place(number: int) -> str:
            return "done" if number < order else "now" if number == order else "later"

        opens = ui.texts.until(row_.opens_ms, now) if row_.opens_ms is not None else ui.t("proposal.when_sealed")
        closes = ui.texts.until(row_.closes_ms, now) if row_.closes_ms is not None else ui.t("proposal.when_sealed")
        if row_.status == "withdrawn":
            return (Stage("done", ui.t("stage.discussion"), ""), Stage("done", ui.t("proposal.status.withdrawn"), ""))
        talk = ui.t("stage.until", when=opens) if row_.status == "discussion" else ui.texts.day(row_.stamp.at_ms, now)
        vote_key = "stage.closes" if order <= 1 else "stage.closed"
        count = ui.t("stage.count_note") if order < 4 else ui.t(f"proposal.status.{row_.status}")
        seal = ui.t("stage.final_note") if order < 4 else ui.t("stage.sealed")
        return (
            Stage(place(0), ui.t("stage.discussion"), talk),
            Stage(place(1), ui.t("stage.voting"), ui.t(vote_key, when=closes)),
            Stage(place(2), ui.t("stage.count"), count),
            Stage(place(3), ui.t("stage.final"), seal),
        )

    # -- gestures ------------------------------------------------------------------------------
    def _vote(self, choice: object, reason: str) -> None:
        detail = self._detail
        if detail is None:
            return
        ui, row_ = self.ui, detail.row
        words = choice_text(ui, row_.method, json.dumps(choice), detail.options)
        ui.hold(
            ui.t("vote.held", name=show.proposal_name(ui, row_), choice=words),
            lambda: ui.write(
                self, "vote", lambda _: self.reload(), proposal=row_.id, choice=choice, reason=reason
            ),
            deadline_ms=row_.closes_ms,
        )

    def _second(self) -> None:
        row_ = self.proposal
        if row_ is not None and "second" in row_.can:
            self.ui.hold(
                self.ui.t("proposal.second.held", name=show.proposal_name(self.ui, row_)),
                lambda: self.ui.write(self, "proposal_second", lambda _: self.reload(), proposal=row_.id),
            )

    def _execute(self) -> None:
        row_ = self.proposal
        if row_ is not None and "execute" in row_.can:
            self.ui.write(self, "proposal_execute", lambda _: self.reload(), proposal=row_.id)

    def _ask_revise(self) -> None:
        if self._detail is not None and "revise" in self._detail.row.can:
            ReviseDialog(self.ui, self.window(), self._detail, lambda _: self.reload()).open()

    def _show_powers(self) -> None:
        if self._detail is not None:
            PowersDialog(self.ui, self.window(), self._detail).open()

    def _ask_withdraw(self) -> None:
        row_ = self.proposal
        if row_ is not None:
            self.ui.hold(
                self.ui.t("proposal.withdraw.held", name=show.proposal_name(self.ui, row_)),
                lambda: self.ui.write(self, "proposal_withdraw", lambda _: self.reload(), proposal=row_.id),
            )

    def _comment(self, text: str) -> None:
        row_ = self.proposal
        if row_ is None:
            return
        ui = self.ui

        def back(error: GuildhallError) -> None:
            self.composer.put(text)
            ui.failed.emit(error)

        ui.hold(
            ui.t("comment.held", name=show.proposal_name(ui, row_)),
            lambda: ui.write(self, "comment_add", lambda _: self.reload(), back, target=row_.id, text=text),
            undo=lambda: self.composer.put(text),
        )

    def _show_ballots(self) -> None:
        if self._detail is not None:
            BallotsDialog(self.ui, self.window(), self._detail).open()

    def save_certificate(self) -> None:
        if self.proposal is not None:
            stem = show.proposal_name(self.ui, self.proposal)
            save_proof(self.ui, self, "certificate_result", stem, proposal=self.proposal.id)

    def save_card(self) -> None:
        if self.proposal is not None:
            save_card(self.ui, self, show.proposal_name(self.ui, self.proposal), self.proposal.id)

    def copy_link(self) -> None:
        if self.proposal is not None:
            self.ui.clipboard.copy(f"guildhall:proposal/{self.ui.org}/{self.proposal.id}")
            self.ui.said.emit(self.ui.t("link.copied"))

    def fold(self, width: int) -> None:
        wanted = Qt.Orientation.Vertical if width < FOLD else Qt.Orientation.Horizontal
        if self._splitter.orientation() == wanted:
            return
        self._splitter.setOrientation(wanted)
        if wanted == Qt.Orientation.Vertical:
            self._splitter.setSizes([3 * self.height() // 5, 2 * self.height() // 5])
        else:
            self.relook()

    def keys(self) -> dict[str, Callable[[], None]]:
        panel, detail = self.vote_panel, self._detail
        digits: dict[str, Callable[[], object]] = {str(n): partial(panel.choose, n - 1) for n in range(1, 10)}
        letters: dict[str, Callable[[], object]] = {}
        if detail is not None and detail.row.method == "approval":
            letters = {letter(p): partial(panel.toggle, p) for p in range(min(len(detail.options), LETTERS))}
        own: dict[str, Callable[[], object]] = {
            "C": self.composer.field.setFocus,
            "V": self.vote_panel.focus,
            "D": self._show_powers,
            "S": self._second,
            "E": self._ask_revise,
            "X": self._execute,
            "J": lambda: self.stepped.emit(1),
            "K": lambda: self.stepped.emit(-1),
        }
        return {**own, **digits, **letters}  # type: ignore[dict-item]
