"""Opens the window on a data folder: engine in its thread, settings, log."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from dao_app.bootstrap.engine import EngineThread, Options
from dao_app.platform.log import start_log
from dao_app.platform.paths import Paths
from dao_app.platform.settings import Settings
from dao_app.ui.start import run_window


def open_window(home: Path, announce: Sequence[str] = (), relays: bool = False) -> int:
    """Run until the window is closed; returns the exit code. Raises GuildhallError where the folder cannot open."""
    paths = Paths(home)
    start_log(paths.log)
    settings = Settings(paths.settings)
    engine = EngineThread(Options(home, announce=tuple(announce), relays=relays))
    engine.wait_ready()
    try:
        return run_window(engine, settings, sys.argv[:1])
    finally:
        engine.close()
