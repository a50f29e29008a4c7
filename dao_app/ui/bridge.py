"""The only place where Qt meets the engine.

Calls go down by ``EngineHandle.call``; answers arrive in the engine's thread and are handed to the window's
thread by a queued signal. Answers for an owner that is gone, or overtaken by a newer question with the same
key, are dropped. Changes are merged and handed on at most ten times a second.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from dao_app.app.errors import GuildhallError
from dao_app.app.ports import EngineHandle
from dao_app.app.views import Change, Progress

MERGE_MS = 100

Done = Callable[[Any], None]
Failed = Callable[[GuildhallError], None]


@dataclass(slots=True)
class _Pending:
    owner: weakref.ref[QObject]
    key: str
    turn: int
    done: Done
    failed: Failed | None
    writes: bool


class Bridge(QObject):
    """Asks the engine for the window."""

    changed = Signal(Change)
    progress = Signal(Progress)
    failed = Signal(GuildhallError)  # where the caller gave no way to handle it
    idle = Signal()  # no write is under way any more

    _answer = Signal(int, object, object)
    _told = Signal(object)

    def __init__(self, handle: EngineHandle, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._handle = handle
        self._pending: dict[int, _Pending] = {}
        self._newest: dict[tuple[int, str], int] = {}
        self._turn = 0
        self._merged: dict[str, frozenset[str]] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(MERGE_MS)
        self._timer.timeout.connect(self._hand_on)
        self._answer.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._told.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = handle.subscribe(self._told.emit)

    def call(
        self,
        owner: QObject,
        method: str,
        params: Mapping[str, object],
        done: Done,
        failed: Failed | None = None,
        key: str = "",
        writes: bool = False,
    ) -> None:
        """Ask; ``done`` or ``failed`` runs in the window's thread while ``owner`` lives.

        With a ``key`` only the newest question of this owner and key is answered. ``writes`` marks a
        gesture that must be finished before the program ends.
        """
        self._turn += 1
        turn = self._turn
        if key:
            self._newest[(id(owner), key)] = turn
        self._pending[turn] = _Pending(weakref.ref(owner), key, turn, done, failed, writes)
        self._handle.call(
            method,
            params,
            lambda result: self._emit(turn, result, None),
            lambda error: self._emit(turn, None, error),
        )

    @property
    def asking(self) -> int:
        """How many questions are not answered yet, gestures included."""
        return len(self._pending)

    @property
    def writing(self) -> int:
        """How many gestures are not answered yet."""
        return sum(1 for pending in self._pending.values() if pending.writes)

    def close(self) -> None:
        """Stop listening; the engine itself is closed by whoever made it."""
        self._unsubscribe()
        self._pending.clear()

    def _emit(self, turn: int, result: object, error: GuildhallError | None) -> None:
        if shiboken6.isValid(self):
            self._answer.emit(turn, result, error)

    @Slot(int, object, object)
    def _deliver(self, turn: int, result: object, error: GuildhallError | None) -> None:
        pending = self._pending.pop(turn, None)
        if pending is None:
            return
        owner = pending.owner()
        alive = owner is not None and shiboken6.isValid(owner)
        overtaken = pending.key and alive and self._newest.get((id(owner), pending.key)) != turn
        if alive and not overtaken:
            if error is None:
                pending.done(result)
            elif pending.failed is not None:
                pending.failed(error)
            else:
                self.failed.emit(error)
        elif error is not None and pending.writes:
            self.failed.emit(error)  # a gesture that failed is said, even if its page is gone
        if pending.writes and not self.writing:
            self.idle.emit()

    @Slot(object)
    def _take(self, told: object) -> None:
        if isinstance(told, Progress):
            self.progress.emit(told)
        elif isinstance(told, Change):
            self._merged[told.org] = self._merged.get(told.org, frozenset()) | told.topics
            if not self._timer.isActive():
                self._timer.start()

    def _hand_on(self) -> None:
        merged, self._merged = self._merged, {}
        for org, topics in merged.items():
            self.changed.emit(Change(org, topics))
