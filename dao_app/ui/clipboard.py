"""The clipboard: what lets somebody in is taken off again after two minutes (an invitation is a key)."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

CLEAR_MS = 120_000


class Clipboard(QObject):
    """Copies text; secrets do not stay there."""

    def __init__(self, parent: QObject | None = None, clear_ms: int = CLEAR_MS) -> None:
        super().__init__(parent)
        self._clear_ms, self._secret = clear_ms, ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.forget)

    def copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)

    def copy_secret(self, text: str) -> None:
        """Copy, and take it off after a while or at the end of the program."""
        self._secret = text
        self.copy(text)
        self._timer.start(self._clear_ms)

    def forget(self) -> None:
        """Clear the clipboard if it still holds the secret."""
        self._timer.stop()
        if self._secret and QGuiApplication.clipboard().text() == self._secret:
            QGuiApplication.clipboard().clear()
        self._secret = ""
