"""Pictures of every page, tab, ballot and of the dialogs in light and dark, English and Chinese.

Without ``--home`` the guided sample organisation is built in a temporary folder; with it, the organisation
of an existing folder is shown (nothing is signed). Run from the checkout: ``python tools/screenshots.py OUT``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtWidgets import QApplication, QDialog, QWidget

from dao_app.bootstrap.engine import EngineThread, Options
from dao_app.ui.commands import TABS, commands
from dao_app.ui.shell import Shell
from dao_app.ui.start import make_application, make_window
from dao_app.ui.widgets.sidebar import PAGES
from dao_app.ui.window import Window

WAIT_S = 30.0
SIZE = (1440, 900)


class NoSettings:
    """Settings that are forgotten."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def save(self) -> None:
        """Nothing is kept."""


def until(condition: Callable[[], bool], what: str) -> None:
    """Run the event loop until the condition holds; exits with a message where it never does."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        QApplication.processEvents()
        if time.monotonic() > deadline:
            sys.exit(f"screenshots: waited {WAIT_S:.0f} s for {what}")


def settle(window: Window) -> None:
    """Wait until every question is answered and drawn."""
    until(lambda: window.ui.bridge.asking == 0, "answers")
    for _ in range(5):
        QApplication.processEvents()
        until(lambda: window.ui.bridge.asking == 0, "answers")


@contextmanager
def folder(home: str) -> Iterator[Path]:
    """The folder given, or a temporary one."""
    if home:
        yield Path(home)
    else:
        with tempfile.TemporaryDirectory(prefix="guildhall-pictures-") as made:
            yield Path(made)


def open_organisation(window: Window, passphrase: str) -> None:
    """Show the organisation of the folder, or the sample."""
    start = window.start
    window.load()
    settle(window)
    if not window.ui.org and passphrase and window.ui.identity.exists:
        start.welcome.passphrase.setText(passphrase)
        start.welcome.passphrase.returnPressed.emit()
        until(lambda: bool(window.ui.org), "the organisation to open")
    if not window.ui.org:
        start.open_demo()
    until(lambda: window.ui.org_view is not None, "the organisation to open")
    settle(window)


def pictures(window: Window) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name and way to each page, tab and object worth a picture."""
    shell = window.shell
    for name, _, _ in PAGES:
        yield name, lambda n=name: shell.go(n)
        if name == "tasks" and shell.tasks._tasks:
            yield "task", lambda: shell.go("tasks", shell.tasks._tasks[-1].id)
        if name == "proposals":
            yield from ballots(shell)
        for page, _, tabs, _ in TABS:
            for tab in tabs[1:] if page == name else ():  # the page begins at its first
                yield f"{name}-{tab}", lambda n=name, t=tab: shell.go(n, t)
    yield "people-may", lambda: shell.go("people", "may")
    for kind, pools in (("round", shell.contributions.rounds._rounds), ("match", shell.contributions.rounds._matches)):
        for pool in pools[:1]:
            yield kind, lambda k=kind, i=pool.id: shell.go("contributions", f"{k}:{i}")


def ballots(shell: Shell) -> Iterator[tuple[str, Callable[[], None]]]:
    """A proposal of every method, open ones before decided ones."""
    rows = sorted(shell.proposals._rows, key=lambda row: row.status != "voting")
    for method in dict.fromkeys(row.method for row in rows):
        first = next(row for row in rows if row.method == method)
        yield f"proposal-{method}", lambda i=first.id: shell.go("proposals", i)


def dialogs(window: Window) -> Iterator[tuple[str, Callable[[], None]]]:
    """Name and way to each dialog worth a picture."""
    yield "new-proposal", lambda: window.act("propose:spending")
    for name in ("task.new", "round.new", "firm.new", "delegation.new", "schedule.new"):
        entry = next((one for one in commands(window) if one.name == name), None)
        if entry is not None:
            yield name.replace(".", "-"), entry.act
    yield "keys", window.show_keys
    yield "palette", window.show_palette


def shoot(window: Window, out: Path, prefix: str) -> int:
    """Save every picture of the current look; returns how many."""
    count = 0
    for name, show in pictures(window):
        window.shell.page().close_detail()
        show()
        settle(window)
        save(window, out / f"{prefix}-{name}.png")
        count += 1
    for name, show in dialogs(window):
        show()
        settle(window)
        shown = next((d for d in window.findChildren(QDialog) if d.isVisible()), None)
        if shown is not None:
            save(shown, out / f"{prefix}-dialog-{name}.png")
            shown.reject()
            settle(window)
            count += 1
    for page, _, tabs, _ in TABS:
        window.shell.go(page, tabs[0])
    return count


def save(widget: QWidget, path: Path) -> None:
    if not widget.grab().save(str(path)):
        sys.exit(f"screenshots: {path} cannot be written")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--home", default="", help="data folder to show instead of the sample")
    parser.add_argument("--passphrase-file", type=Path, help="unlocks the identity of that folder")
    parser.add_argument("--languages", default="en,zh")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--scale", type=int, default=100, help="percent")
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    passphrase = given.passphrase_file.read_text("utf-8").strip("\n") if given.passphrase_file else ""
    app = make_application(["guildhall"])
    with folder(given.home) as home:
        engine = EngineThread(Options(home, network=False, socket=False))
        engine.wait_ready()
        window = make_window(app, engine, NoSettings())
        window.resize(*SIZE)
        window.show()
        window.apply("scale", given.scale)
        open_organisation(window, passphrase)
        count = 0
        for language in given.languages.split(","):
            for theme in given.themes.split(","):
                window.apply("language", language)
                window.apply("theme", theme)
                count += shoot(window, given.out, f"{language}-{theme}")
        window.close()
        engine.close()
    print(f"{count} pictures in {given.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
