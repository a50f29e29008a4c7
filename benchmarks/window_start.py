"""Process start to first paint of the window on a folder with 20,000 actions, and its memory with 100,000."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

PAGES = "TKPCYMR"  # the keys behind G: every page once


def measure(home: Path) -> dict[str, float]:
    """In a fresh process; BENCH_STARTED is when the parent started it (seconds since 1970)."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
    from PySide6.QtTest import QTest

    from benchmarks.run import _peak_mib
    from dao_app.bootstrap.engine import EngineThread, Options
    from dao_app.platform.settings import Settings
    from dao_app.ui.start import make_application, make_window

    started = float(os.environ["BENCH_STARTED"])
    found: dict[str, float] = {}

    class FirstPaint(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
            if event.type() == QEvent.Type.Paint and "window_start_s" not in found:
                found["window_start_s"] = time.time() - started
            return False

    engine = EngineThread(Options(home, network=True, mdns=False, listen=("none",), socket=False))
    settings: Any = Settings(home / "settings.json")
    app = make_application(["guildhall"])
    window = make_window(app, engine, settings)
    paint = FirstPaint()
    app.installEventFilter(paint)
    window.show()
    QTimer.singleShot(0, window.load)

    def wait(ms: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    wait(1_500)
    for page in PAGES:
        for key in (Qt.Key.Key_G, getattr(Qt.Key, f"Key_{page}")):
            QTest.keyClick(app.focusWidget() or window, key)
        wait(700)
    found["window_peak_mib"] = _peak_mib()
    window.close()
    engine.close()
    return found
