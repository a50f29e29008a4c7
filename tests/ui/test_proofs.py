"""Notarised files and proofs in the window: dropping, looking up, saving, checking (TRUST-2, TRUST-4, VOTE-5)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QDialog, QFileDialog

from dao_app.app.errors import InputError, Refused
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.proofs import ExportProofDialog, FileDialog, ProofDialog
from dao_app.ui.pages.trust_bundle import BundleDialog
from dao_app.ui.proofs import file_stem
from dao_app.ui.widgets.buttons import Button
from tests.fakes.sample import ident
from tests.ui.conftest import Opened


@pytest.fixture
def o(opened: Callable[..., Opened]) -> Opened:
    return opened()


def dialog(o: Opened, kind: type[QDialog]) -> Any:
    o.until(lambda: any(d.isVisible() for d in o.window.findChildren(kind)))
    return next(d for d in o.window.findChildren(kind) if d.isVisible())


def answers(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """The file dialogs answer with this path at once."""
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *args: (str(path), ""))


def drop(o: Opened, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    o.window.shell.trust.dropEvent(
        QDropEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    )


def test_a_dropped_file_is_notarised_after_a_look(o: Opened, tmp_path: Path) -> None:
    path = tmp_path / "contract.pdf"
    path.write_bytes(b"the contract")
    o.go("trust")
    drop(o, path)
    asked = dialog(o, ConfirmDialog)
    assert not o.engine.named("file_notarise")
    asked.main.click()
    o.until(lambda: bool(o.engine.named("file_notarise")))
    (call,) = o.engine.named("file_notarise")
    assert (call["hash"], call["size"], call["title"]) == (
        hashlib.sha256(b"the contract").hexdigest(), 12, "contract.pdf",
    )
    drop(o, path)  # now it is known: who did it is shown, nothing is signed
    known = dialog(o, FileDialog)
    assert known.main.isHidden() and len(o.engine.named("file_notarise")) == 1


def test_a_refused_file_says_why(o: Opened, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x")
    o.go("trust", "files")
    o.window.shell.trust.files.take(path)
    asked = dialog(o, ConfirmDialog)
    o.engine.fail["file_notarise"] = Refused("reject.file_known")
    asked.main.click()
    o.until(asked.problem.isVisible)


def test_the_list_opens_a_file_and_saves_its_proof(
    o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    o.go("trust", "files")
    tab = o.window.shell.trust.files
    o.until(lambda: tab.files.rows.rowCount() == 3)
    row = next(r for r in o.engine.files.values() if r.height == 1_279)
    tab.show_file(row)
    answers(monkeypatch, tmp_path / "file.proof")
    dialog(o, FileDialog).main.click()
    o.until((tmp_path / "file.proof").exists)
    assert o.engine.named("certificate_file")[0]["hash"] == row.hash
    assert (tmp_path / "file.proof").read_bytes() == b"proof of file"


def test_a_closed_vote_saves_its_certificate_and_its_picture(
    o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    o.go("proposals", ident("proposal 55"))
    page = o.window.shell.proposals.detail
    o.until(page._seal_panel._proof.isVisible)
    answers(monkeypatch, tmp_path / "result.proof")
    page.save_certificate()
    o.until((tmp_path / "result.proof").exists)
    answers(monkeypatch, tmp_path / "result.png")
    page.save_card()
    o.until((tmp_path / "result.png").exists)
    assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")
    o.go("proposals", ident("proposal 59"))
    o.until(lambda: not page._seal_panel._proof.isVisible())


def test_export_offers_what_is_final(o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    o.go("trust")
    o.window.shell.trust.export_proof()
    chosen = dialog(o, ExportProofDialog)
    assert [chosen.kind.itemData(n) for n in range(chosen.kind.count())] == ["balance", "result", "file"]
    for kind, method in (("file", "certificate_file"), ("result", "certificate_result")):
        chosen.kind.pick(kind)
        answers(monkeypatch, tmp_path / f"{kind}.proof")
        chosen.main.click()
        o.until(lambda m=method: bool(o.engine.named(m)))  # type: ignore[misc]
        o.until((tmp_path / f"{kind}.proof").exists)
    assert o.engine.named("certificate_file")[0]["hash"] in {r.hash for r in o.engine.files.values() if r.height}


def test_a_balance_certificate_from_the_treasury(
    o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    o.go("treasury")
    answers(monkeypatch, tmp_path / "b.proof")
    page = o.window.shell.treasury

    def saves() -> list[Button]:
        return [b for b in page.findChildren(Button) if b.text() == "Save certificate…"]

    o.until(lambda: len(saves()) >= 1)
    saves()[0].click()
    o.until((tmp_path / "b.proof").exists)
    assert o.engine.named("certificate_balance")[0]["party"] == "treasury"


@pytest.mark.parametrize("good", [True, False])
def test_a_proof_file_is_checked_and_shown(
    o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: bool
) -> None:
    path = tmp_path / "some.proof"
    path.write_bytes(b"proof of result" if good else b"changed")
    o.go("trust", "files")
    answers(monkeypatch, path)
    o.window.shell.trust.files.check()
    shown = dialog(o, ProofDialog)
    texts = " ".join(label.text() for label in shown.findChildren(type(shown.heading)))
    assert ("Move the weekly meeting" in texts) == good


def test_names_of_proof_files_hold_nothing_that_steers() -> None:
    assert file_stem("../../etc/passwd") == "etc-passwd"
    assert file_stem("合同.pdf") == "合同.pdf" and file_stem("\u202e/") == "guildhall"
    assert len(file_stem("x" * 400)) == 60


# -- bundles -------------------------------------------------------------------------------------
def test_a_bundle_is_looked_at_before_it_is_merged(
    o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    o.go("trust")
    box = o.window.shell.trust.side.bundle
    answers(monkeypatch, tmp_path / "org.car")
    box.save()
    o.until(lambda: bool(o.engine.named("bundle_export")))
    o.until(box.export.isEnabled)
    box.choose()
    shown = dialog(o, BundleDialog)
    assert not o.engine.named("bundle_import")
    shown.main.click()
    o.until(lambda: bool(o.engine.named("bundle_import")))
    assert o.engine.named("bundle_import")[0]["path"] == str(tmp_path / "org.car")


@pytest.mark.parametrize(
    "changes",
    [{"yours": False}, {"actions_new": 0, "certificates_new": 0, "contents_new": 0}],
)
def test_what_cannot_or_need_not_be_merged_offers_nothing(
    o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    o.engine.bundle = replace(o.engine.bundle, problems=("parents_missing", "contradicts"), **changes)
    o.go("trust")
    answers(monkeypatch, tmp_path / "org.car")
    o.window.shell.trust.side.bundle.choose()
    assert dialog(o, BundleDialog).main.isHidden()


def test_a_damaged_bundle_says_so(o: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    o.go("trust")
    box = o.window.shell.trust.side.bundle
    answers(monkeypatch, tmp_path / "org.car")
    o.engine.fail["bundle_inspect"] = InputError("bundle_damaged", path="org.car")
    box.choose()
    o.until(box._problem.isVisible)
    assert box.export.isEnabled()
