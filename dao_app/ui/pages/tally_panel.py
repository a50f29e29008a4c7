"""The count as seen here: turnout, each option, what is needed, who sealed it; with a table of the ballots."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.vote_panel import choice_text
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.glyphs import Bar, IconView, KeyChip, Pips, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row
from dao_app.ui.widgets.ranking import letter
from dao_app.ui.widgets.rows import Cell, Col, Header, RowDelegate, RowList

OPTIONS_SHOWN = 12
ROUNDS_PICKED_MAX = 9  # more rounds than that stand in the ballots' dialog
POWER_METHODS = ("single", "approval", "ranked", "stv", "weighted", "quadratic")  # scores are parts of the power
BALLOT_COLUMNS = (
    Col("col.voter", width=160),
    Col("col.choice"),
    Col("col.power", width=56, right=True),
    Col("col.state", width=104),
)


def share(part: str, whole: str) -> float:
    """Exact scores or powers as a share for painting; 0 of 0 is 0."""
    total = _exact(whole)
    return int(_exact(part) * 10_000 / total) / 10_000 if total else 0.0


def _exact(score: str) -> Fraction:
    """A printed score: an integer, a fraction "7/3" or a decimal."""
    return Fraction(score)


def power_text(ui: Ui, power: str) -> str:
    return ui.texts.number(int(power))


class TallyPanel(Box):
    """Live tally, then the result."""

    ballots_wanted = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._round: int | None = None  # shown; None is the last
        self._shown: v.ProposalDetail | None = None
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
        if self._shown is None or self._shown.row.id != detail.row.id:
            self._round = None
        self._shown = detail
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
        if tally.method == "consent":
            self._add_stances(tally)
            return
        rounds = tally.detail.get("rounds") or []
        number = len(rounds) if self._round is None else min(self._round, len(rounds))
        scores = tuple(str(x) for x in rounds[number - 1]["tally"]) if rounds else tally.scores
        best = max((_exact(s) for s in scores), default=Fraction(0))
        whole = tally.valid_power if tally.method in POWER_METHODS else str(max(best, Fraction(1)))
        if rounds:
            self._rows.addLayout(self._round_head(number, len(rounds)))
        out = {one["eliminated"]: place for place, one in enumerate(rounds[: number - 1], 1) if one.get("eliminated")}
        for place, score in enumerate(scores[:OPTIONS_SHOWN]):
            if place + 1 in out:
                gone = Label(ui, role="caption", tone="text3", elide=True)
                gone.say(ui.t("tally.out", round=out[place + 1]))
                line = row(ui, KeyChip(ui, letter(place), filled=True), gone, gap=8)
                line.setStretch(1, 1)
                self._rows.addLayout(line)
                continue
            won = place + 1 in tally.winners and number == max(len(rounds), number)
            lead = won or (not tally.winners and bool(best) and _exact(score) == best)
            name = tally.options[place]
            self._rows.addLayout(self._line(letter(place), score, whole, tally, lead, None, name))

    def _round_head(self, number: int, rounds: int) -> QHBoxLayout:
        """"Round 2 of 3" and a way to the others."""
        ui = self._ui
        head = Label(ui, role="caption", weight=600)
        head.say(ui.t("tally.round_of", round=number, n=rounds))
        if not 1 < rounds <= ROUNDS_PICKED_MAX:
            return row(ui, head, None)
        picker = Choices(ui, [(str(n), f"digit.{n}") for n in range(1, rounds + 1)], "segment")
        picker.setAccessibleName(ui.t("tally.round_pick"))
        picker.select(str(number))
        picker.chosen.connect(self._pick_round)
        return row(ui, head, None, picker)

    def _pick_round(self, name: str) -> None:
        self._round = int(name)
        if self._shown is not None:
            QTimer.singleShot(0, self._fill_again)  # not while the picker that is replaced still speaks

    def _fill_again(self) -> None:
        if self._shown is not None:
            self.show_proposal(self._shown)

    def _add_stances(self, tally: v.TallyView) -> None:
        """Consent: who stands where; one objection decides."""
        ui = self._ui
        counts = dict(zip(tally.options, tally.scores, strict=True))
        objected = _exact(counts.get("object", "0")) > 0
        for stance, score in counts.items():
            lead = (stance == "object") == objected and stance in ("agree", "object")
            self._rows.addLayout(self._line(ui.t(f"vote.{stance}"), score, tally.valid_power, tally, lead, None))

    def _line(
        self, name: str, score: str, whole: str, tally: v.TallyView, lead: bool, mark: float | None, full: str = ""
    ) -> QVBoxLayout:
        ui = self._ui
        bar = Bar(ui, height=16)
        percent = ui.texts.percent(int(share(score, whole) * 10_000), 10_000)
        spoken = f"{show.title(full) if full else name}: {ui.texts.score(score)}, {percent}"
        bar.show_share(share(score, whole), spoken, mark, tally.final, lead)
        figure = Label(ui, weight=600)
        figure.say(ui.texts.score(score))
        part = Label(ui, role="caption", tone="text2")
        part.say(percent)
        head: QWidget = KeyChip(ui, name, filled=True)
        if not full:
            caption = Label(ui, role="caption", tone="text2")
            caption.say(name)
            head = Box(ui, "plain", row(ui, caption), width=64 if tally.method == "consent" else 40)
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
        elif tally.method in ("yes-no-abstain", "consent"):
            parts.append(ui.t("tally.would_pass" if tally.outcome == "passed" else "tally.would_fail"))
        elif tally.winners and not tally.tie:
            parts.append(ui.t("tally.leads", option=letter(tally.winners[0] - 1)))
        elif tally.tie:
            parts.append(ui.t("tally.tie", options=ui.texts.join([letter(w - 1) for w in tally.winners])))
        if _exact(tally.carried_power):
            parts.append(ui.t("tally.carried", power=power_text(ui, tally.carried_power)))
        if _exact(tally.lost_power):
            parts.append(ui.t("tally.lost", power=power_text(ui, tally.lost_power)))
        if tally.method == "yes-no-abstain":
            parts.append(ui.t("tally.needs_support", share=ui.texts.basis_points(tally.support_bp)))
            if int(tally.min_support_power) > 0:
                parts.append(ui.t("tally.needs_power", power=power_text(ui, tally.min_support_power)))
        return ui.t("list.sentence").join(parts)


class SealPanel(Box):
    """Who makes the result final, and the way to the ballots."""

    def __init__(self, ui: Ui, ballots: Button, powers: Button, certificate: Button, card: Button) -> None:
        super().__init__(ui, "section")
        self._note = Label(ui, role="caption", tone="text3", elide=True)
        self._pips = Pips(ui)
        self._signed = Label(ui, role="caption", tone="text2", elide=True)
        self._waits = Paragraph(ui, role="caption", tone="text2")
        self._checked = Label(ui, role="caption", tone="text2", elide=True)
        head = row(ui, Label(ui, "trust.witnesses", weight=600), self._note, gap=8)
        head.setStretch(1, 1)
        pips = row(ui, self._pips, self._signed, gap=12)
        pips.setStretch(1, 1)
        checked = row(ui, IconView(ui, "shield", "text2", 14), self._checked, gap=8)
        ways = row(ui, ballots, powers, None, gap=14)
        checked.setStretch(1, 1)
        self._proof = Box(ui, "plain", row(ui, certificate, card, None, gap=8))
        self.setLayout(
            column(ui, head, 4, pips, 4, self._waits, 8, checked, 4, ways, 8, self._proof, margins=(20, 14, 20, 14))
        )

    def show_proposal(self, detail: v.ProposalDetail) -> None:
        ui, tally = self._ui, detail.tally
        done = tally is not None and tally.final
        self._proof.setVisible(done)
        self._note.say("" if done else ui.t("witness.after_close"))
        signed, total, quorum = detail.cosigned if done else (0, *detail.cosigned[1:])
        self._pips.show_count(signed, total, quorum)
        self._signed.say(ui.t("witness.pips", signed=signed, total=total, quorum=quorum))
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
            fixed = tally.method in ("yes-no-abstain", "consent")
            names = tuple(ui.t(f"vote.{o}") for o in tally.options) if fixed else tally.options
            for place, (name, score) in enumerate(zip(names, tally.scores, strict=True)):
                option = Label(ui, elide=True)
                option.say(name if fixed else f"{letter(place)}  {show.title(name)}")
                figure = Label(ui, weight=600)
                figure.say(ui.texts.score(score))
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
