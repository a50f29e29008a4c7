"""Undo before it is sent: a gesture is held unsigned for ten seconds, then called.

What is signed is never withdrawn, so undo exists only while nothing is signed. One gesture is held at a
time; a new one, or closing the window, sends the one before. What moves value is confirmed in a dialog
instead and never held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

HOLD_MS = 10_000


@dataclass(frozen=True, slots=True)
class Draft:
    """``text`` names the gesture for the toast; ``send`` signs it; ``undo`` puts back what was typed."""

    text: str
    send: Callable[[], None]
    undo: Callable[[], None] | None = None


class Drafts(QObject):
    """Holds at most one gesture."""

    held = Signal(Draft)
    settled = Signal()  # sent or undone

    def __init__(self, hold_ms: int = HOLD_MS, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hold_ms = hold_ms
        self._draft: Draft | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.flush)
        self._left_ms = 0

    @property
    def current(self) -> Draft | None:
        return self._draft

    def hold(self, draft: Draft, at_once: bool = False) -> None:
        """Hold a gesture; ``at_once`` where a deadline leaves no time to wait."""
        self.flush()
        if at_once or self.hold_ms <= 0:
            draft.send()
            return
        self._draft = draft
        self._timer.start(self.hold_ms)
        self.held.emit(draft)

    def pause(self) -> None:
        """Stop the time, while the pointer or the focus is on the toast."""
        if self._timer.isActive():
            self._left_ms = max(self._timer.remainingTime(), 1)
            self._timer.stop()

    def resume(self) -> None:
        if self._draft is not None and not self._timer.isActive():
            self._timer.start(self._left_ms or self.hold_ms)

    def flush(self) -> None:
        """Send what is held."""
        draft = self._settle()
        if draft is not None:
            draft.send()

    def undo(self) -> bool:
        """Drop what is held; False where nothing is."""
        draft = self._settle()
        if draft is None:
            return False
        if draft.undo is not None:
            draft.undo()
        return True

    def _settle(self) -> Draft | None:
        draft, self._draft = self._draft, None
        self._timer.stop()
        if draft is not None:
            self.settled.emit()
        return draft
