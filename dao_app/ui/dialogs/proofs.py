"""A notarised file with its proof; what a proof file says; choosing what to prove."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.app import views_proofs as p
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.models import show
from dao_app.ui.pages.base import Facts
from dao_app.ui.proofs import file_stem, save_proof
from dao_app.ui.widgets.buttons import Button
from dao_app.ui.widgets.evidence import size_text
from dao_app.ui.widgets.fields import Field, Picker
from dao_app.ui.widgets.glyphs import AvatarView, IconView, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row

FIXED = ("yes-no-abstain", "consent")


def file_title(ui: Ui, row_: p.FileRow) -> str:
    """The name under which it was notarised; the beginning of its digest where there is none."""
    return isolate(row_.title or "") or row_.hash[:12]


class FileDialog(Dialog):
    """Who notarised a file, and before which checkpoint it existed."""

    WIDTH = 600

    def __init__(self, ui: Ui, parent: QWidget, row_: p.FileRow) -> None:
        super().__init__(ui, parent, "file.title", "proof.save" if row_.height else "", signed=False)
        self._row = row_
        name, size, digest = Label(ui, elide=True), Label(ui), Label(ui, role="mono", elide=True)
        name.say(file_title(ui, row_))
        size.say(size_text(ui, row_.size))
        digest.say(show.grouped(row_.hash))
        who, seal = Label(ui, elide=True), SealView(ui, back="raised")
        who.say(ui.name_you(row_.person))
        seal.show_stamp(row_.stamp)
        facts = Facts(ui)
        facts.add("file.name", name)
        facts.add("file.size", size)
        facts.add("file.digest", digest)
        facts.add("file.by", AvatarView(ui, row_.person, 18), who)
        facts.add("fact.state", seal, None)
        self.content.addWidget(facts)
        if row_.height:
            self.paragraph("file.before", height=row_.height, time=ui.texts.stamp(row_.sealed_ms))
        else:
            self.paragraph("file.waits")
        copy = Button(ui, "file.copy", "link", icon="copy")
        copy.clicked.connect(self._copy)
        self.content.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)

    def _copy(self) -> None:
        self.ui.clipboard.copy(self._row.hash)
        self.ui.said.emit(self.ui.t("file.copied"))

    def accept_now(self) -> None:
        name = self._row.title or self._row.hash[:12]
        save_proof(self.ui, self, "certificate_file", file_stem(name), hash=self._row.hash)


class ProofDialog(Dialog):
    """What a proof file says, whether that holds, and on what it rests."""

    WIDTH = 620

    def __init__(self, ui: Ui, parent: QWidget, view: p.ProofView) -> None:
        super().__init__(ui, parent, "proof.title", signed=False)
        mark = IconView(ui, "check" if view.ok else "warn", "accent" if view.ok else "danger", back="sunken")
        said = Paragraph(ui, weight=600)
        fault = ui.t(f"proof.fault.{view.fault}") if view.fault else ""
        said.say(ui.t("proof.holds") if view.ok else ui.t("proof.fails", why=fault))
        line = row(ui, mark, said, gap=10, margins=(14, 10, 14, 10))
        line.setStretch(1, 1)
        self.content.addWidget(Box(ui, "well" if view.ok else "problem", line))
        facts = Facts(ui, 130)
        self._add(facts, "proof.proves", ui.t(f"proof.kind.{view.kind}"))
        for caption, value in (*_result(ui, view), *_balance(ui, view), *_file(ui, view), *_evidence(view)):
            self._add(facts, caption, value)
        if view.height:
            at = ui.t("proof.at", height=view.height, time=ui.texts.stamp(view.sealed_ms))
            self._add(facts, "trust.checkpoint", at)
            self._add(facts, "trust.witnesses", ui.t("progress.of", done=view.quorum, total=view.witnesses))
        self._add(facts, "proof.org", isolate(view.name))
        self._add(facts, "proof.org_id", show.grouped(view.org), "mono")
        self._add(facts, "proof.digest", show.grouped(view.digest), "mono")
        self.content.addWidget(facts)
        if view.ok:
            self.paragraph("proof.same_org" if view.org == ui.org else "proof.other_org")
        if view.retired:
            self.paragraph("proof.retired", n=view.retired)

    def _add(self, facts: Facts, caption: str, value: str, role: str = "body") -> None:
        if value:
            label = Label(self.ui, role=role, elide=True)
            label.say(value)
            facts.add(caption, label)


Pairs = list[tuple[str, str]]


def _result(ui: Ui, view: p.ProofView) -> Pairs:
    part = view.result
    if part is None:
        return []
    names = [ui.t(f"vote.{o}") if part.method in FIXED else isolate(o) for o in part.options]
    scores = [f"{name}: {ui.texts.score(score)}" for name, score in zip(names, part.scores, strict=True)]
    return [
        ("col.title", f"P-{part.number} {isolate(part.title)}"),
        ("proof.outcome", ui.t(f"tally.outcome.{part.outcome}")),
        ("proof.scores", ui.texts.join(scores)),
        ("proof.turnout", ui.t("card.turnout", voted=part.voted, voters=part.voters,
                               share=ui.texts.percent(part.voted, part.voters))),
    ]


def _balance(ui: Ui, view: p.ProofView) -> Pairs:
    part = view.balance
    if part is None:
        return []
    whose = " ".join(filter(None, (ui.t(f"cli.party.{part.party}"), show.grouped(part.id) if part.id else "")))
    amount = v.AmountView(isolate(part.unit), part.minor, part.decimals)
    return [("proof.party", whose), ("col.amount", ui.texts.amount(amount))]


def _file(ui: Ui, view: p.ProofView) -> Pairs:
    part = view.file
    if part is None:
        return []
    before = ui.t("proof.existed", height=part.height)
    return [("file.digest", show.grouped(part.hash)), ("file.size", size_text(ui, part.size)), ("proof.when", before)]


def _evidence(view: p.ProofView) -> Pairs:
    part = view.evidence
    return [] if part is None else [("proof.key", f"{show.grouped(part.key)} #{part.number}")]


class ExportProofDialog(Dialog):
    """Choose what to prove: a balance, a result, a file."""

    def __init__(
        self, ui: Ui, parent: QWidget, files: tuple[p.FileRow, ...], proposals: tuple[v.ProposalRow, ...]
    ) -> None:
        super().__init__(ui, parent, "proof.export", "proof.save", signed=False)
        self.paragraph("proof.export_text")
        self._subjects: dict[str, list[tuple[str, str]]] = {
            "balance": [("treasury", ui.t("party.treasury")), *([("", ui.t("today.balance"))] if ui.signer() else [])],
            "result": [
                (row_.id, f"{show.proposal_name(ui, row_)} {show.title(row_.title)}")
                for row_ in proposals if row_.status in ("passed", "not_passed", "decided")
            ],
            "file": [(row_.hash, file_title(ui, row_)) for row_ in files if row_.height],
        }  # fmt: skip
        self.kind, self.subject = Picker(ui, "proof.kind"), Picker(ui, "proof.subject")
        self.kind.offer([(name, f"proof.kind.{name}") for name, found in self._subjects.items() if found])
        self.kind.currentIndexChanged.connect(lambda _: self._offer())
        self.content.addLayout(
            column(ui, Field(ui, "proof.kind", self.kind), Field(ui, "proof.subject", self.subject), gap=12)
        )
        self._offer()

    def _offer(self) -> None:
        self.subject.offer_plain(self._subjects[self.kind.currentData()])

    def accept_now(self) -> None:
        kind, subject = self.kind.currentData(), self.subject.currentData()
        name = {"balance": "party", "result": "proposal", "file": "hash"}[kind]
        stem = file_stem(self.subject.currentText().split(" ")[0] if kind == "result" else self.subject.currentText())
        save_proof(self.ui, self, f"certificate_{kind}", stem, **{name: subject})


def export_proof(ui: Ui, owner: QWidget) -> None:
    """Ask what there is to prove, then open the dialog."""

    def with_files(proposals: tuple[v.ProposalRow, ...], files: tuple[p.FileRow, ...]) -> None:
        ExportProofDialog(ui, owner.window(), files, proposals).open()

    def with_proposals(proposals: tuple[v.ProposalRow, ...]) -> None:
        ui.ask(owner, "file_list", partial(with_files, proposals))

    ui.ask(owner, "proposal_list", with_proposals)


def proof_shown(ui: Ui, owner: QWidget) -> Callable[[p.ProofView], None]:
    """Show a checked proof over the owner's window."""
    return lambda view: ProofDialog(ui, owner.window(), view).open()
