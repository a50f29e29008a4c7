"""Files that a person names: their digests are taken beside the window's thread, their bytes stay where they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from dao_app.app.errors import StorageError
from dao_app.ui.context import Ui

PART_BYTES = 1024 * 1024
Named = tuple[str, str, int]  # SHA-256 in hexadecimal, name, size in bytes


class _Told(QObject):
    done = Signal(object)  # Named
    failed = Signal(object)  # StorageError


class _Digest(QRunnable):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._path, self.told = path, _Told()

    def run(self) -> None:
        try:
            self.told.done.emit(digest_of(self._path))
        except OSError as error:
            detail = error.strerror or ""
            self.told.failed.emit(StorageError("evidence_unreadable", path=self._path.name, detail=detail))


def digest_of(path: Path) -> Named:
    """Raises OSError."""
    found, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while part := file.read(PART_BYTES):
            found.update(part)
            size += len(part)
    return found.hexdigest(), path.name, size


class Digests(QObject):
    """Takes digests one after the other; ``ready`` tells each, in the window's thread."""

    ready = Signal(object)  # Named
    failed = Signal(object)  # StorageError

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._running: list[_Digest] = []

    def take(self, path: Path) -> None:
        work = _Digest(path)
        work.told.done.connect(self.ready)
        work.told.failed.connect(self.failed)
        self._running = [*self._running[-16:], work]
        QThreadPool.globalInstance().start(work)


def write_text(ui: Ui, path: str, text: str, said: Callable[[], None]) -> None:
    """Write a file that a spreadsheet program opens, or say why not."""
    try:
        Path(path).write_bytes(text.encode("utf-8-sig"))
    except OSError as error:
        ui.failed.emit(StorageError("file_unwritable", path=Path(path).name, detail=error.strerror or ""))
    else:
        said()
