"""The whole organisation as one file: saved here, or looked at and merged."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from dao_app.app import views as v
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.app.views_proofs import BundleMerged, BundleView
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.pages.base import Facts
from dao_app.ui.proofs import file_stem
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.evidence import size_text
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.notices import Problem, ProgressLine

JOBS = {"export": "bundle.writing", "inspect": "bundle.reading", "import": "bundle.merging"}


class BundleBox(Box):
    """Two ways: out and in."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "section")
        self.export, self.merge = Button(ui, "bundle.export", icon="copy"), Button(ui, "bundle.import", "link")
        self.export.clicked.connect(self.save)
        self.merge.clicked.connect(self.choose)
        self._progress, self._problem = ProgressLine(ui), Problem(ui)
        self.setLayout(
            column(
                ui, Label(ui, "bundle.title", weight=600), Paragraph(ui, "bundle.text", "caption", "text2"), 6,
                self._progress, self._problem, row(ui, self.export, self.merge, None, gap=10),
                gap=2, margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        ui.bridge.progress.connect(self._on_progress)

    def _on_progress(self, progress: v.Progress) -> None:
        if progress.job in JOBS and not self.export.isEnabled():
            self._progress.show_progress(self._ui.t(JOBS[progress.job]), progress.done, progress.total)

    def _busy(self, busy: bool) -> None:
        self.export.setEnabled(not busy)
        self.merge.setEnabled(not busy)
        if busy:
            self._problem.clear()
        else:
            self._progress.hide()

    def _failed(self, error: GuildhallError) -> None:
        self._busy(False)
        self._problem.show_error(error)

    # -- gestures ------------------------------------------------------------------------------
    def save(self) -> None:
        ui = self._ui
        name = file_stem(ui.org_view.row.name if ui.org_view else "")
        path, _ = QFileDialog.getSaveFileName(self, ui.t("bundle.export"), f"{name}.car", ui.t("bundle.kinds"))
        if path and self.export.isEnabled():
            self._busy(True)
            ui.ask(self, "bundle_export", self._saved, self._failed, path=str(Path(path).absolute()))

    def _saved(self, view: BundleView) -> None:
        self._busy(False)
        self._ui.said.emit(self._ui.t("bundle.saved", n=view.actions))

    def choose(self) -> None:
        ui = self._ui
        path, _ = QFileDialog.getOpenFileName(self, ui.t("bundle.import"), "", ui.t("bundle.kinds"))
        if path and self.export.isEnabled():
            self._busy(True)
            params = {"path": str(Path(path).absolute())}
            ui.bridge.call(self, "bundle_inspect", params, lambda view: self._look(path, view), self._failed)

    def _look(self, path: str, view: object) -> None:
        self._busy(False)
        if isinstance(view, BundleView):
            BundleDialog(self._ui, self.window(), path, view).open()


class BundleDialog(Dialog):
    """What a bundle would bring, before anything is merged."""

    WIDTH = 600

    def __init__(self, ui: Ui, parent: QWidget, path: str, view: BundleView) -> None:
        verb = "bundle.import.verb" if view.yours and self._brings(view) else ""
        super().__init__(ui, parent, "bundle.preview", verb, signed=False)
        self._path = path
        facts = Facts(ui, 130)
        for caption, value in (
            ("proof.org", isolate(view.name)),
            ("proof.org_id", show.grouped(view.org)),
            ("trust.checkpoint", ui.texts.number(view.height)),
            ("bundle.members", ui.texts.number(view.members)),
            ("bundle.actions", ui.t("bundle.new", total=view.actions, new=view.actions_new)),
            ("bundle.checkpoints", ui.t("bundle.new", total=view.certificates, new=view.certificates_new)),
            ("bundle.contents", ui.t("bundle.new", total=view.contents, new=view.contents_new)),
            ("bundle.times", ui.t("bundle.between", first=ui.texts.date(view.from_ms), last=ui.texts.date(view.to_ms))),
            ("file.size", size_text(ui, view.size)),
        ):
            label = Label(ui, role="mono" if caption == "proof.org_id" else "body", elide=True)
            label.say(value)
            facts.add(caption, label)
        self.content.addWidget(facts)
        for problem in view.problems:
            said = Paragraph(ui)
            said.say(ui.t(f"bundle.problem.{problem}"))
            line = row(ui, IconView(ui, "warn", "danger", back="dangerSoft"), said, gap=10, margins=(14, 8, 14, 8))
            line.setStretch(1, 1)
            self.content.addWidget(Box(ui, "problem", line))
        if not view.yours:
            self.paragraph("bundle.not_yours")
        elif not self._brings(view):
            self.paragraph("bundle.nothing_new")
        self._progress = ProgressLine(ui)
        self.content.addWidget(self._progress)
        ui.bridge.progress.connect(self._on_progress)

    @staticmethod
    def _brings(view: BundleView) -> bool:
        return bool(view.actions_new or view.certificates_new or view.contents_new)

    def _on_progress(self, progress: v.Progress) -> None:
        if progress.job in JOBS and not self.main.isEnabled():
            self._progress.show_progress(self.ui.t(JOBS[progress.job]), progress.done, progress.total)

    def accept_now(self) -> None:
        self.busy(True)
        params = {"path": str(Path(self._path).absolute())}
        self.ui.bridge.call(self, "bundle_import", params, self._merged, self.refused, writes=True)

    def _merged(self, merged: object) -> None:
        self.busy(False)
        self.accept()
        if isinstance(merged, BundleMerged):
            said = self.ui.t("bundle.merged", stored=merged.stored, checkpoints=merged.checkpoints)
            self.ui.said.emit(said)
