"""Whether a person is here: what keeps the keys from being locked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QGuiApplication

TELL_EVERY_MS = 30_000
_SIGNS = frozenset({QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel})


class Presence(QObject):
    """Calls ``here`` when somebody types or clicks, at most so often."""

    def __init__(self, parent: QObject, now_ms: Callable[[], int], here: Callable[[], None]) -> None:
        super().__init__(parent)
        self._now_ms, self._here = now_ms, here
        self._told_ms: int | None = None
        application = QGuiApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if event.type() in _SIGNS:
            now = self._now_ms()
            if self._told_ms is None or abs(now - self._told_ms) >= TELL_EVERY_MS:
                self._told_ms = now
                self._here()
        return False
