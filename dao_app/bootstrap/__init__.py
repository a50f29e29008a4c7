"""Composition root: the only place that knows every adapter. ``main`` is the console command."""

from __future__ import annotations

import multiprocessing
import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line; without arguments, the window. Returns the exit code."""
    multiprocessing.freeze_support()
    from dao_app.bootstrap.services import RealServices
    from dao_app.cli.app import run

    given = sys.argv[1:] if argv is None else argv
    return run(given or ["window"], RealServices())
