"""Start of the window: Qt, fonts, look, first paint; the engine may come up meanwhile."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

import shiboken6
from PySide6.QtCore import QByteArray, QLocale, Qt, QTimer
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from dao_app.app.errors import GuildhallError
from dao_app.app.ports import EngineHandle
from dao_app.app.texts import LANGUAGES, Texts, language_of, resource
from dao_app.ui.context import Settings, Ui, machine_ms
from dao_app.ui.theme.look import load_fonts
from dao_app.ui.theme.qss import style_sheet
from dao_app.ui.window import Window

LINK_PREFIX = "guildhall:"
ICON_EDGE = 128
log = logging.getLogger(__name__)


def make_application(argv: Sequence[str]) -> QApplication:
    """The Qt application in our style; there is at most one per process."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    app = QApplication(list(argv[:1]) or ["guildhall"])
    app.setStyle("Fusion")
    app.setApplicationName("guildhall")
    app.setApplicationDisplayName("Guildhall")
    app.setDesktopFileName("guildhall")
    load_fonts()
    app.setWindowIcon(program_icon())
    return app


def program_icon() -> QIcon:
    """The program's mark for the task bar."""
    pixmap = QPixmap(ICON_EDGE, ICON_EDGE)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        QSvgRenderer(QByteArray(resource("guildhall.svg").read_bytes())).render(painter)
    return QIcon(pixmap)


def report_faults(window: Window) -> None:
    """A fault of ours is logged and said in the window; the program goes on."""

    def caught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("fault in the window", exc_info=(kind, error, trace))
        if shiboken6.isValid(window):
            window.ui.failed.emit(GuildhallError("internal", method=kind.__name__))

    sys.excepthook = caught


def make_window(
    app: QApplication, handle: EngineHandle, settings: Settings, link: str = "", now_ms: Callable[[], int] = machine_ms
) -> Window:
    """The window with language, theme and scale from the settings; not shown yet."""
    ui = Ui(handle, settings, now_ms)
    language = settings.values.get("language", "")
    ui.texts = Texts(language if language in LANGUAGES else language_of(QLocale.system().name()))
    scale = settings.values.get("scale", 100)
    ui.look.set(
        str(settings.values.get("theme", "system")), ui.texts.language, scale if isinstance(scale, int) else 100
    )
    app.setFont(ui.look.font())
    app.setStyleSheet(style_sheet(ui.look))
    return Window(ui, link)


def run_window(handle: EngineHandle, settings: Settings, argv: Sequence[str]) -> int:
    """Show the window and run until it is closed; returns the exit code.

    ``settings.values`` holds language, theme, scale, single_keys and org; the caller gives ``save``. The
    engine is not closed here: whoever made the handle closes it afterwards.
    """
    app = make_application(argv)
    link = next((a for a in argv[1:] if a.lower().startswith(LINK_PREFIX)), "")
    window = make_window(app, handle, settings, link)
    report_faults(window)
    window.show()
    QTimer.singleShot(0, window.load)  # first paint comes before the first question
    return app.exec()
