"""The window without a screen, over the stand-in engine."""

from __future__ import annotations

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from dao_app.ui.start import make_application, make_window
from dao_app.ui.window import Window
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import NOW_MS

WAIT_MS = 3_000  # far above what any step takes; only a failing test waits so long


class MemorySettings:
    """Settings that live as long as the test."""

    def __init__(self, **values: Any) -> None:
        self.values = dict(values)
        self.saved = 0

    def save(self) -> None:
        self.saved += 1


@dataclass
class Opened:
    window: Window
    engine: FakeEngine
    settings: MemorySettings
    until: Callable[[Callable[[], bool]], None]

    def settle(self) -> None:
        """Let queued answers arrive."""
        for _ in range(12):
            QApplication.processEvents()

    def go(self, page: str, target: str = "") -> None:
        self.window.shell.go(page, target)
        self.settle()


@pytest.fixture(scope="session")
def qapp() -> Iterator[QApplication]:
    """One application in our style for all tests of a process."""
    yield make_application(["guildhall"])


@pytest.fixture
def opened(qtbot: Any, qapp: QApplication) -> Iterator[Callable[..., Opened]]:
    """Opens windows; each is closed at the end."""
    windows: list[Window] = []

    def until(condition: Callable[[], bool]) -> None:
        qtbot.waitUntil(condition, timeout=WAIT_MS)

    def make(
        engine: FakeEngine | None = None, size: tuple[int, int] = (1440, 900), link: str = "", **settings: Any
    ) -> Opened:
        engine = engine or FakeEngine()
        remembered = MemorySettings(**{"language": "en", "theme": "light", **settings})
        window = make_window(qapp, engine, remembered, link, now_ms=lambda: NOW_MS)
        windows.append(window)
        window.resize(*size)
        window.show()
        window.load()
        result = Opened(window, engine, remembered, until)
        result.settle()
        window.activateWindow()  # shortcuts act in the active window only
        until(window.isActiveWindow)
        if engine.orgs and not link and not (engine.identity.exists and not engine.identity.unlocked):
            until(lambda: window.ui.org_view is not None)
            result.settle()
        return result

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
