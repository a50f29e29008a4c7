"""The count as seen here: turnout, each option, what is needed, who sealed it; with a table of the ballots."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.vote_panel import choice_text, letter
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.glyphs import Bar, IconView, KeyChip, Pips, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row
from dao_app.ui.widgets.rows import Cell, Col, Header, RowDelegate, RowList

OPTIONS_SHOWN = 12
BALLOT_COLUMNS = (
    Col("col.voter", width=160),
    Col("col.choice"),
    Col("col.power", width=56, right=True),
    Col("col.state", width=104),
)


def share(part: str, whole: str) -> float:
    """Exact powers as a share for painting; 0 of 0 is 0."""
    total = int(whole)
    return int(part) * 10_000 // total / 10_000 if total else 0.0


def power_text(ui: Ui, power: str) -> str:
    return ui.texts.number(int(power))


class TallyPanel(Box):
    """Live tally, then the result."""

    ballots_wanted = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._seal = SealView(ui)
        self._voted = Label(ui, role="caption", tone="text2")
        self._quorum_icon = IconView(ui, "check", "accent", 14)
        self._quorum = Label(ui, role="caption", tone="text2")
        self._turnout = Bar(ui)
        self._rows: QVBoxLayout = column(ui, gap=2)
        self._summary = Paragraph(ui, role="caption", tone="text2")
        self._title = Label(ui, "tally.live", weight=600)
        head = row(ui, self._title, None, self._seal)
        line = row(ui, self._voted, None, self._quorum_icon, self._quorum, gap=5)
        self._count = QWidget()
        self._count.setLayout(column(ui, line, self._turnout, 6, self._rows, 6, self._summary))
        self._none = Paragraph(ui, "tally.none", role="caption", tone="text2")
        self.setLayout(column(ui, head, 6, self._count, self._none, margins=(20, 16, 20, 16)))

    def show_proposal(self, detail: v.ProposalDetail) -> None:
        ui, tally = self._ui, detail.tally
        self._count.setVisible(tally is not None)
        self._none.setVisible(tally is None)
        self._seal.setVisible(tally is not None)
        if tally is None:
            self._title.say_key("tally.live")
            return
        self._title.say_key("tally.result" if tally.final else "tally.live")
        if tally.final:
            self._seal.show_state("final", ui.t("state.final"))
        elif detail.row.status == "closing":
            self._seal.show_state("closing", ui.t("state.closing"))
        else:
            self._seal.show_state("provisional", ui.t("tally.as_seen", time=ui.texts.clock(ui.now_ms())))
        self._voted.say(ui.t("proposal.have_voted", voted=tally.voted, electorate=tally.electorate))
        needed = power_text(ui, tally.quorum_power)
        self._quorum.say(ui.t("tally.quorum_met" if tally.quorum_met else "tally.quorum_of", needed=needed))
        self._quorum_icon.show_icon("check" if tally.quorum_met else "clock", "accent" if tally.quorum_met else "text3")
        has_quorum = int(tally.quorum_power) > 0
        self._quorum.setVisible(has_quorum)
        self._quorum_icon.setVisible(has_quorum)
        name = ui.t(
            "tally.turnout_name",
            share=ui.texts.percent(int(tally.valid_power), int(tally.electorate_power)),
            needed=needed,
        )
        mark = share(tally.quorum_power, tally.electorate_power) if has_quorum else None
        self._turnout.show_share(share(tally.valid_power, tally.electorate_power), name, mark, tally.final, False)
        clear(self._rows)
        self._add_options(tally)
        self._summary.say(self._summarise(tally))

    def _add_options(self, tally: v.TallyView) -> None:
        ui = self._ui
        if tally.method == "yes-no-abstain":
            yes, no, abstain = (int(s) for s in tally.scores)
            decisive = str(yes + no)
            self._rows.addLayout(
                self._line(ui.t("vote.yes"), str(yes), decisive, tally, yes > no, tally.support_bp / 10_000)
            )
            self._rows.addLayout(self._line(ui.t("vote.no"), str(no), decisive, tally, no > yes, None))
            quiet = Label(ui, role="caption", tone="text3")
            quiet.say(ui.t("tally.abstained", n=abstain))
            self._rows.addLayout(row(ui, quiet, None))
            return
        best = max((int(s) for s in tally.scores), default=0)
        for place, score in enumerate(tally.scores[:OPTIONS_SHOWN]):
            lead = best > 0 and int(score) == best
            self._rows.addLayout(
                self._line(letter(place), score, tally.valid_power, tally, lead, None, tally.options[place])
            )

    def _line(
        self, name: str, score: str, whole: str, tally: v.TallyView, lead: bool, mark: float | None, full: str = ""
    ) -> QVBoxLayout:
        ui = self._ui
        bar = Bar(ui, height=16)
        percent = ui.texts.percent(int(score), int(whole))
        spoken = f"{show.title(full) if full else name}: {power_text(ui, score)}, {percent}"
        bar.show_share(share(score, whole), spoken, mark, tally.final, lead)
        figure = Label(ui, weight=600)
        figure.say(power_text(ui, score))
        part = Label(ui, role="caption", tone="text2")
        part.say(percent)
        head: QWidget = KeyChip(ui, name, filled=True)
        if not full:
            caption = Label(ui, role="caption", tone="text2")
            caption.say(name)
            head = Box(ui, "plain", row(ui, caption), width=40)
        amount = Box(ui, "plain", row(ui, None, figure), width=max(20, 9 * len(figure.text())))
        line = row(ui, head, bar, amount, Box(ui, "plain", row(ui, None, part), width=44), gap=8)
        line.setStretch(1, 1)
        return column(ui, line)

    def _summarise(self, tally: v.TallyView) -> str:
        """Where the count stands, in one or two sentences."""
        ui = self._ui
        parts = []
        if tally.final:
            parts.append(ui.t(f"tally.outcome.{tally.outcome}"))
        elif tally.method == "yes-no-abstain":
            parts.append(ui.t("tally.would_pass" if tally.outcome == "passed" else "tally.would_fail"))
        elif tally.winners and not tally.tie:
            parts.append(ui.t("tally.leads", option=letter(tally.winners[0] - 1)))
        elif tally.tie:
            parts.append(ui.t("tally.tie", options=ui.texts.join([letter(w - 1) for w in tally.winners])))
        if tally.method == "yes-no-abstain":
            parts.append(ui.t("tally.needs_support", share=ui.texts.basis_points(tally.support_bp)))
            if int(tally.min_support_power) > 0:
                parts.append(ui.t("tally.needs_power", power=power_text(ui, tally.min_support_power)))
        return ui.t("list.sentence").join(parts)


class SealPanel(Box):
    """Who makes the result final, and the way to the ballots."""

    def __init__(self, ui: Ui, ballots: Button) -> None:
        super().__init__(ui, "section")
        self._note = Label(ui, role="caption", tone="text3", elide=True)
        self._pips = Pips(ui)
        self._signed = Label(ui, role="caption", tone="text2", elide=True)
        self._waits = Paragraph(ui, role="caption", tone="text2")
        self._checked = Label(ui, role="caption", tone="text2", elide=True)
        head = row(ui, Label(ui, "witness.title", weight=600), self._note, gap=8)
        head.setStretch(1, 1)
        pips = row(ui, self._pips, self._signed, gap=12)
        pips.setStretch(1, 1)
        checked = row(ui, IconView(ui, "shield", "text2", 14), self._checked, gap=8)
        checked.setStretch(1, 1)
        self.setLayout(
            column(ui, head, 4, pips, 4, self._waits, 8, checked, 4, row(ui, ballots, None), margins=(20, 14, 20, 14))
        )

    def show_proposal(self, detail: v.ProposalDetail) -> None:
        ui, tally = self._ui, detail.tally
        done = tally is not None and tally.final
        self._note.say("" if done else ui.t("witness.after_close"))
        self._pips.show_count(1 if done else 0, 1, 1)
        self._signed.say(ui.t("witness.pips", signed=1 if done else 0, total=1, quorum=1))
        stamp = detail.row.stamp
        waits = ui.waits_text(stamp.waits_for, stamp.seen_ms) if not done else ""
        if detail.row.closes_ms is not None and not done:
            deadline = ui.t("proposal.deadline", when=ui.texts.until(detail.row.closes_ms, ui.now_ms()))
            waits = "\n".join(p for p in (waits, deadline) if p)
        self._waits.say(waits)
        self._waits.setVisible(bool(waits))
        self._checked.say(ui.t("tally.checked", n=len(detail.ballots)))


class BallotsDialog(Dialog):
    """The count and every ballot as tables."""

    WIDTH = 720

    def __init__(self, ui: Ui, parent: QWidget, detail: v.ProposalDetail) -> None:
        super().__init__(ui, parent, "tally.ballots_title", name=show.proposal_name(ui, detail.row))
        tally = detail.tally
        if tally is not None:
            lines = column(ui, gap=4, margins=(14, 10, 14, 10))
            names = (
                tuple(ui.t(f"vote.{o}") for o in tally.options) if tally.method == "yes-no-abstain" else tally.options
            )
            for place, (name, score) in enumerate(zip(names, tally.scores, strict=True)):
                option = Label(ui, elide=True)
                option.say(name if tally.method == "yes-no-abstain" else f"{letter(place)}  {show.title(name)}")
                figure = Label(ui, weight=600)
                figure.say(power_text(ui, score))
                line = row(ui, option, figure)
                line.setStretch(0, 1)
                lines.addLayout(line)
            self.content.addWidget(Box(ui, "card", lines))
        model = ViewModel(lambda b: b.voter.id, partial(self._describe, detail), self)
        rows = RowList(ui, model, RowDelegate(ui, BALLOT_COLUMNS, partial(self._cells, detail)), "tally.ballots")
        rows.setMinimumHeight(ui.look.px(280))
        model.set_rows(detail.ballots)
        self.content.addLayout(column(ui, Header(ui, BALLOT_COLUMNS, rows), rows))

    def _cells(self, detail: v.ProposalDetail, ballot: v.BallotView) -> Sequence[Cell]:
        ui = self.ui
        return [
            Cell(ui.name_you(ballot.voter), person=ballot.voter),
            Cell(choice_text(ui, detail.row.method, ballot.choice, detail.options)),
            Cell(power_text(ui, ballot.power), tone="text2"),
            show.stamp_cell(ui, ballot.stamp),
        ]

    def _describe(self, detail: v.ProposalDetail, ballot: v.BallotView) -> str:
        choice = choice_text(self.ui, detail.row.method, ballot.choice, detail.options)
        return self.ui.t("list.comma").join(
            (self.ui.name_you(ballot.voter), choice, ballot.power, self.ui.stamp_text(ballot.stamp))
        )
