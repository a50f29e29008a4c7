"""Look: live language, theme and scale; folds; names for screen readers; painting that leaves nothing behind."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from dao_app.app.errors import StorageError
from dao_app.app.texts import Texts
from dao_app.ui.dialogs.keys import KeysDialog
from dao_app.ui.dialogs.settings import SettingsDialog
from dao_app.ui.pages.people import TABS as PEOPLE_TABS
from dao_app.ui.theme.look import tokens
from dao_app.ui.widgets.buttons import Button, Choices
from dao_app.ui.widgets.sidebar import PAGES
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import AMARA, ident
from tests.ui.conftest import Opened

Open = Callable[..., Opened]
KEY_SHAPE = re.compile(r"^[a-z_]+(\.[a-z_0-9]+)+$")
TARGETS = {
    "tasks": ident("task 214"),
    "proposals": ident("proposal 58"),
    "contributions": ident("con 4"),
    "people": AMARA.id,
}


def every_page(o: Opened) -> Iterator[str]:
    """Show each page with something open on it."""
    for name, _, _ in PAGES:
        o.go(name)
        o.go(name, TARGETS.get(name, ""))
        yield name
    for tab in PEOPLE_TABS:
        o.go("people", tab)
        yield f"people {tab}"
    for tab in ("requests", "schedules", "ledger"):
        o.go("treasury", tab)
        yield f"treasury {tab}"
    for tab in ("history", "texts"):
        o.go("charter", tab)
        yield f"charter {tab}"


def shown_texts(root: QWidget) -> list[str]:
    """What stands on labels and buttons, and what fields are called."""
    texts = [w.text() for w in root.findChildren(QLabel)] + [w.text() for w in root.findChildren(QAbstractButton)]
    texts += [w.placeholderText() for w in root.findChildren(QLineEdit)]
    return [t for t in texts if t]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_catalogue_key_is_ever_shown(opened: Open, language: str) -> None:
    o = opened(language=language)
    for page in every_page(o):
        bad = [
            t for t in shown_texts(o.window) if KEY_SHAPE.match(t) and not t.startswith(("task.", "vote.", "token."))
        ]
        assert bad == [], page


def test_language_is_switched_live_everywhere(opened: Open) -> None:
    o = opened()
    for _ in every_page(o):
        pass
    english = set(shown_texts(o.window))
    o.window.apply("language", "zh")
    o.settle()
    chinese = set(shown_texts(o.window))
    catalogue_en, catalogue_zh = Texts("en", UTC), Texts("zh", UTC)
    same = {"Markdown", "GLD"}
    left = {
        text
        for key in catalogue_en._table
        if not key.startswith(("cli.", "language.", "app."))
        and (text := catalogue_en.t(key)) in chinese
        and text != catalogue_zh.t(key)
        and text not in same
        and "{" not in text
        and len(text) > 2
    }
    assert left == set()
    assert len(english & chinese) < len(english) // 2
    assert o.settings.values["language"] == "zh"


def test_theme_and_scale_are_switched_live_and_remembered(opened: Open) -> None:
    o = opened()
    light = o.window.grab().toImage().pixelColor(240, 700)
    o.window.apply("theme", "dark")
    o.settle()
    assert light == QColor(tokens()["color"]["light"]["surface"])
    assert o.window.grab().toImage().pixelColor(240, 700) == QColor(tokens()["color"]["dark"]["surface"])
    o.window.apply("scale", 150)
    o.settle()
    assert o.window.shell.status.height() == 42
    o.window.apply("scale", 500)
    assert (o.settings.values["theme"], o.settings.values["scale"]) == ("dark", 200)
    assert o.settings.saved >= 3


def test_settings_dialog_carries_choices_out_at_once(opened: Open) -> None:
    o = opened()
    o.window.show_settings()
    o.settle()
    dialog = o.window.findChild(SettingsDialog)
    assert dialog is not None
    dialog._language._buttons["zh"].click()
    dialog._theme._buttons["dark"].click()
    dialog._resize(10)
    o.settle()
    assert (o.window.ui.texts.language, o.window.ui.look.theme, o.window.ui.look.scale) == ("zh", "dark", 110)
    assert dialog.windowTitle() == "设置"


def test_fonts_are_the_bundled_ones(opened: Open) -> None:
    o = opened()
    assert QFontInfo(o.window.ui.look.font("body")).family() == "Inter"
    assert QFontInfo(o.window.ui.look.font("mono")).family() == "JetBrains Mono"


@pytest.mark.parametrize(
    ("width", "scale", "rail", "folded"),
    [(1440, 100, False, False), (1000, 100, True, False), (1440, 150, True, False), (760, 100, True, True)],
)
def test_narrow_windows_fold(opened: Open, width: int, scale: int, rail: bool, folded: bool) -> None:
    o = opened(size=(width, 800), scale=scale)
    o.go("tasks", ident("task 214"))
    o.settle()
    page = o.window.shell.tasks
    assert o.window.shell.sidebar._rail == rail
    assert page.pane.isVisible()
    assert page.main.isVisible() != folded
    o.window.shell.page().close_detail()
    assert page.main.isVisible()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_tab_is_cut_off_at_150_percent(opened: Open, language: str) -> None:
    o = opened(size=(1440, 900), language=language, scale=150)
    for page in every_page(o):
        o.settle()
        tabs = [b for c in o.window.shell.page().findChildren(Choices) for b in c.findChildren(Button) if b.isVisible()]
        air = o.window.ui.look.px(20)  # left and right of the words: this may be squeezed
        assert [b.text() for b in tabs if b.width() < b.sizeHint().width() - air] == [], page


@pytest.mark.parametrize("scale", [90, 200])
def test_extreme_scales_paint(opened: Open, scale: int) -> None:
    o = opened(scale=scale)
    for _ in every_page(o):
        assert not o.window.grab().isNull()


def test_every_control_has_a_name(opened: Open) -> None:
    o = opened()
    for page in every_page(o):
        for kind in (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView):
            for control in o.window.findChildren(kind):
                inner = (
                    isinstance(control.parentWidget(), QComboBox)
                    or "QComboBox" in type(control.parentWidget()).__name__
                )
                if control.isVisible() and not inner:
                    assert control.accessibleName(), (page, type(control).__name__, control.objectName())


def test_rows_read_aloud_in_full(opened: Open) -> None:
    o = opened()
    o.go("proposals")
    rows = o.window.shell.proposals._list.rows
    o.until(lambda: rows.rowCount() == 5)
    spoken = rows.index(1).data(int(Qt.ItemDataRole.AccessibleTextRole))
    assert "P-58" in spoken
    assert "Choose shared hosting" in spoken
    assert "Voting" in spoken
    assert "31 of 48 voted" in spoken
    assert "closes in 6 h" in spoken
    assert "Final" in spoken


def test_bars_and_seals_say_their_figures(opened: Open) -> None:
    o = opened()
    o.go("proposals", ident("proposal 58"))
    o.settle()
    detail = o.window.shell.proposals.detail
    assert detail.tally_panel._turnout.accessibleName() == "Turnout 65\u202f%, needed 24"
    assert "closes today" in detail._stages.accessibleName()


def test_every_action_of_the_keys_list_has_a_text(opened: Open) -> None:
    o = opened()
    o.window.show_keys()
    o.settle()
    assert o.window.findChild(KeysDialog) is not None


def test_nothing_flashes_up_as_a_window_of_its_own(opened: Open, qapp: QApplication) -> None:
    """A part that is shown before it has a parent would be a window for a moment."""
    flashed: list[str] = []

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
            own = isinstance(watched, (QDialog, QMenu, QMainWindow))
            if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow() and not own:
                flashed.append(type(watched).__name__)
            return False

    watch = Watch()
    qapp.installEventFilter(watch)
    try:
        o = opened()
        for page in every_page(o):
            shown = o.window.shell.pages[page.partition(" ")[0]]
            if hasattr(shown, "primary"):
                shown.primary()
                o.settle()
        for goal in ("found", "words", "join"):
            o.window.begin(goal)
    finally:
        qapp.removeEventFilter(watch)
    assert flashed == []


def test_painting_keeps_the_count_of_none(opened: Open) -> None:
    """One release of the toolkit dropped a reference to None with every call that returns nothing."""
    o = opened()
    o.go("tasks", ident("task 214"))
    o.window.grab()
    before = sys.getrefcount(None)
    for _ in range(20):
        o.window.grab()
        o.window.shell.tasks.render_again()
    assert sys.getrefcount(None) > before - 200


def test_a_row_that_cannot_be_drawn_leaves_the_window_alive(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    o = opened()
    o.go("people")
    page = o.window.shell.people
    o.until(lambda: page._list.rows.rowCount() > 0)
    delegate = page._list.itemDelegate()

    def broken(_: object) -> None:
        raise ValueError("cannot be shown")

    delegate._cells = broken  # type: ignore[attr-defined]
    delegate._kept.clear()  # type: ignore[attr-defined]
    assert not o.window.grab().isNull()
    assert "row cannot be painted" in caplog.text


def test_loading_and_failing_pages_stay_usable(opened: Open) -> None:
    engine = FakeEngine()
    o = opened(engine)
    for name, _, _ in PAGES:
        for method in ("task_list", "proposal_list", "contribution_list", "token_ledger", "member_list", "trust"):
            engine.fail[method] = StorageError("disk_failing", path="x")
        o.go(name)
        assert not o.window.grab().isNull()


def test_long_names_and_titles_never_widen_a_page(opened: Open) -> None:
    """Foreign text is cut or wrapped: the window stays as wide as the user made it."""
    engine = FakeEngine()
    long = "An uncommonly long name that fits into no line at all, not even on the widest of screens, " * 3
    engine.orgs = [replace(engine.orgs[0], name=long)]
    engine.tasks = {k: replace(t, title=long, opener=replace(t.opener, name=long)) for k, t in engine.tasks.items()}
    engine.proposals = {
        k: replace(p, title=long, author=replace(p.author, name=long)) for k, p in engine.proposals.items()
    }
    engine.comments = {
        k: [replace(c, author=replace(c.author, name=long), text=long) for c in all_]
        for k, all_ in engine.comments.items()
    }
    o = opened(engine, size=(1000, 700))
    for page in every_page(o):
        assert o.window.width() == 1000, page
        for area in o.window.findChildren(QScrollArea):
            content = area.widget()
            if content is not None and content.isVisible():
                assert content.width() <= area.viewport().width(), (page, area.accessibleName())
