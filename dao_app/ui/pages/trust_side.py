"""Beside the Trust tabs: verify everything, the latest checkpoint, and words to compare with somebody."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.app import views_finality as f
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.pages.base import Facts
from dao_app.ui.pages.trust_bundle import BundleBox
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.glyphs import IconView, Pips, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, row
from dao_app.ui.widgets.notices import Problem, ProgressLine

JOB = "verify"


class VerifyBox(Box):
    """Checks the whole log again on this device."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._report: v.VerifyReport | None = None
        self._running = False
        self._text = Paragraph(ui, "verify.text", tone="text2")
        self.start = Button(ui, "verify.start", key="Y", icon="shield")
        self.start.clicked.connect(self.run)
        self._progress = ProgressLine(ui)
        self.rest = Button(ui, "verify.pause", "link")
        self.rest.clicked.connect(self._rest)
        self.rest.hide()
        self._resting = False
        self._results: QVBoxLayout = column(ui, gap=6)
        self._problem = Problem(ui)
        self.setLayout(
            column(
                ui,
                row(ui, Label(ui, "verify.title", weight=600), None, Label(ui, "verify.here", "caption", "text3")),
                6,
                self._text,
                8,
                self._progress,
                self._results,
                self._problem,
                6,
                row(ui, self.start, self.rest, None, gap=8),
                margins=(20, 16, 20, 16),
            )
        )
        ui.bridge.progress.connect(self._on_progress)

    def run(self) -> None:
        """Start, unless it runs already."""
        if self._running:
            return
        self._running = True
        self._problem.clear()
        self._report = None
        clear(self._results)
        self.start.setEnabled(False)
        self._progress.show_progress(self._ui.t("verify.running"), 0, 0)
        self.rest.show()
        self._ui.ask(self, "log_verify", self._done, self._failed)

    def _rest(self) -> None:
        """Pause, or go on."""
        self._resting = not self._resting
        self.rest.say_key("verify.go_on" if self._resting else "verify.pause")
        self._ui.bridge.call(self, "log_verify_rest", {"rest": self._resting}, lambda _: None, self._problem.show_error)

    def _on_progress(self, progress: v.Progress) -> None:
        if self._running and progress.job.startswith(JOB):
            self._progress.show_progress(self._ui.t("verify.running"), progress.done, progress.total)

    def _stop(self) -> None:
        self._running = False
        self.start.setEnabled(True)
        self.rest.hide()
        self._progress.hide()

    def _failed(self, error: GuildhallError) -> None:
        self._stop()
        self._problem.show_error(error)

    def _done(self, report: v.VerifyReport) -> None:
        self._stop()
        self._report = report
        self.render_again()

    def render_again(self) -> None:
        report = self._report
        if report is None:
            return
        ui = self._ui
        clear(self._results)
        for key, looked, bad in (
            ("verify.signatures", report.actions, report.signatures_bad),
            ("verify.checkpoints", report.checkpoints, report.checkpoints_bad),
            ("verify.results", report.results, report.results_bad),
            ("verify.ledgers", report.ledgers, report.ledgers_bad),
            ("verify.root", 1, 0 if report.root_matches else 1),
        ):
            text = Label(ui, elide=True)
            text.say(ui.t(key if not bad else f"{key}_bad", n=bad))
            count = Label(ui, role="caption", tone="text2")
            count.say(ui.texts.number(looked))
            line = row(
                ui, IconView(ui, "check" if not bad else "warn", "accent" if not bad else "danger"), text, count, gap=8
            )
            line.setStretch(1, 1)
            self._results.addLayout(line)
        self._text.say_key("verify.all_good" if report.ok else "verify.found_bad")
        if report.missing and report.ok:
            self._text.say_key("verify.missing", n=report.missing)


class CheckpointBox(Box):
    """The latest checkpoint."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._title, self._state = Label(ui, weight=600), SealView(ui)
        self._entries, self._root = Label(ui), Label(ui, role="mono", elide=True)
        self._pips, self._signed = Pips(ui), Label(ui, elide=True)
        self._waits = Paragraph(ui)
        self._facts = Facts(ui)
        self._facts.add("trust.fact.entries", self._entries)
        self._facts.add("trust.fact.root", self._root)
        self._facts.add("trust.fact.witnesses", self._pips, self._signed)
        self._facts.add("fact.waits", self._waits)
        self.setLayout(column(ui, row(ui, self._title, None, self._state), 6, self._facts, margins=(20, 16, 20, 16)))

    def show_finality(self, trust: v.TrustView, view: f.FinalityView) -> None:
        """The checkpoint being formed, while there is something to seal and several sign."""
        ui = self._ui
        if not trust.actions_provisional or len(view.seats) < 2:
            return
        signed = [seat for seat in view.seats if seat.voted == "precommit"]
        n = len(view.seats)
        self.show()
        self._title.say(ui.t("trust.checkpoint_n", n=trust.height + 1))
        self._state.show_state("provisional", ui.t("trust.signed_of", signed=len(signed), quorum=view.quorum))
        self._entries.say(ui.t("trust.entries_since", n=trust.actions_provisional, height=trust.height))
        self._facts.show_line("trust.fact.root", False)
        self._pips.show_count(len(signed), n, view.quorum)
        self._signed.say(ui.t("witness.pips_short", signed=len(signed), total=n, quorum=view.quorum))
        waits = ui.texts.join([isolate(ui.name_you(seat.person)) for seat in view.seats if seat not in signed])
        self._waits.say(waits)
        self._facts.show_line("fact.waits", bool(waits))

    def show_trust(self, trust: v.TrustView) -> None:
        ui = self._ui
        self._facts.show_line("trust.fact.root", True)
        self.setVisible(bool(trust.checkpoints))
        if not trust.checkpoints:
            return
        newest = trust.checkpoints[0]
        self._title.say(ui.t("trust.checkpoint_n", n=newest.height))
        self._state.show_state("final" if len(newest.signers) >= newest.quorum else "provisional", ui.t("state.final"))
        self._entries.say(ui.t("trust.entries", n=newest.actions))
        self._root.say(show.grouped(newest.state_root))
        self._pips.show_count(len(newest.signers), newest.witnesses, newest.quorum)
        signed, total, quorum = len(newest.signers), newest.witnesses, newest.quorum
        self._signed.say(ui.t("witness.pips_short", signed=signed, total=total, quorum=quorum))
        waits = ui.texts.join([isolate(n) for n in trust.waits_for]) if trust.actions_provisional else ""
        self._waits.say(waits)
        self._facts.show_line("fact.waits", bool(waits))


class CompareBox(Box):
    """Words of the common history, to read aloud."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self._words = Paragraph(ui, weight=600)
        copy = IconButton(ui, "copy", "copy")
        copy.clicked.connect(self._copy)
        line = row(ui, self._words, copy)
        line.setStretch(0, 1)
        self.setLayout(
            column(
                ui,
                Label(ui, "trust.compare", weight=600),
                4,
                Paragraph(ui, "trust.compare_text", "caption", "text2"),
                6,
                line,
                margins=(20, 16, 14, 16),
            )
        )

    def show_trust(self, trust: v.TrustView) -> None:
        self.setVisible(bool(trust.words))
        self._words.say(" · ".join(trust.words))

    def _copy(self) -> None:
        self._ui.clipboard.copy(self._words.text())
        self._ui.said.emit(self._ui.t("link.copied"))


class TrustSide(QWidget):
    """The right column."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.setProperty("box", "surface")
        self.verify, self._checkpoint, self._compare = VerifyBox(ui), CheckpointBox(ui), CompareBox(ui)
        self.bundle = BundleBox(ui)
        self.setLayout(column(ui, self.verify, self._checkpoint, self._compare, self.bundle, None))

    def show_trust(self, trust: v.TrustView) -> None:
        self._checkpoint.show_trust(trust)
        self._compare.show_trust(trust)

    def show_finality(self, trust: v.TrustView, view: f.FinalityView) -> None:
        self._checkpoint.show_finality(trust, view)
