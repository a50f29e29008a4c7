"""Saving proofs and cards to files, and looking at proof files of others."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from dao_app.app.errors import InputError, StorageError
from dao_app.app.views_proofs import ProofMade, ProofView
from dao_app.core.finality.proofs import PROOF_BYTES_MAX
from dao_app.ui.card import card_png
from dao_app.ui.context import Ui


def save_proof(ui: Ui, owner: QWidget, method: str, name: str, **params: object) -> None:
    """Have a proof made, ask where to, write it. ``name`` is the file's, without its ending."""

    def made(found: object) -> None:
        assert isinstance(found, ProofMade)
        path, _ = QFileDialog.getSaveFileName(owner, ui.t("proof.save"), f"{name}.proof", ui.t("proof.kinds"))
        if path:
            write(ui, path, base64.b64decode(found.data), "proof.saved")

    ui.ask(owner, method, made, **params)


def save_card(ui: Ui, owner: QWidget, name: str, proposal: str) -> None:
    """The same for a result's picture."""

    def made(found: object) -> None:
        assert isinstance(found, ProofMade)
        path, _ = QFileDialog.getSaveFileName(owner, ui.t("proof.card"), f"{name}.png", ui.t("proof.card_kinds"))
        if path:
            write(ui, path, card_png(found.view, ui.texts), "proof.card_saved")

    ui.ask(owner, "certificate_result", made, proposal=proposal)


def check_proof(ui: Ui, owner: QWidget, shown: Callable[[ProofView], None]) -> None:
    """Ask for a proof file and have it checked; of which organisation it is, is part of what is shown."""
    path, _ = QFileDialog.getOpenFileName(owner, ui.t("proof.check"), "", ui.t("proof.kinds"))
    if path:
        check_file(ui, owner, Path(path), shown)


def check_file(ui: Ui, owner: QWidget, path: Path, shown: Callable[[ProofView], None]) -> None:
    try:
        with path.open("rb") as file:
            raw = file.read(PROOF_BYTES_MAX + 1)
    except OSError as error:
        ui.failed.emit(InputError("file_unreadable", path=path.name, detail=error.strerror or ""))
        return

    def told(found: object) -> None:
        if isinstance(found, ProofView):
            shown(found)

    params = {"data": base64.b64encode(raw).decode()}
    ui.bridge.call(owner, "certificate_check", params, told, key="certificate_check")


def write(ui: Ui, path: str, data: bytes, said: str) -> None:
    """Write a file, or say why not."""
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        ui.failed.emit(StorageError("file_unwritable", path=Path(path).name, detail=error.strerror or ""))
    else:
        ui.said.emit(ui.t(said))


def file_stem(name: str) -> str:
    """A name for a file out of foreign text."""
    kept = "".join(c if c.isalnum() or c in " -_." else "-" for c in name).strip(" .-")
    return kept[:60] or "guildhall"
