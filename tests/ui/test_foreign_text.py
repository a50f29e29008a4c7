"""Foreign text is never markup (threat 19): no name, title, comment, memo or word of an invitation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from dao_app.app import views as v
from dao_app.app.errors import InputError
from dao_app.app.texts import isolate
from dao_app.ui.dialogs.tokens import MoveDialog
from dao_app.ui.markdown import MarkdownView, render, safe_link
from dao_app.ui.widgets.labels import plain_tooltip
from tests.fakes.engine import FakeEngine
from tests.ui.conftest import Opened
from tests.ui.test_look import every_page

Open = Callable[..., Opened]
PAYLOADS = (
    "<b>bold</b>",
    "<img src='file:///etc/passwd'>",
    '<a href="https://example.org">x</a>',
    "<script>alert(1)</script>",
    "<table><tr><td>x</table>",
    "&lt;b&gt; & co",
    "\u202egpj.exe",
    "\u2066unclosed",
    "\u2069\u2069closed",
    "a\u0000b\u001b[31m",
    "line\nbreak",
    "%s %d {n} {0.__class__}",
    "&File",
)
FOREIGN = {"name", "title", "text", "memo", "note", "purpose", "submission", "options", "topic", "register"}


def poisoned(value: Any, payload: str) -> Any:
    """The same view with every text of a member's making replaced."""
    if isinstance(value, tuple):
        return tuple(poisoned(item, payload) for item in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes: dict[str, Any] = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if field.name in FOREIGN and isinstance(old, str) and old:
            changes[field.name] = payload
        elif field.name == "options" and isinstance(old, tuple) and old and old[0] not in ("yes",):
            changes[field.name] = tuple(f"{payload}{n}" for n in range(len(old)))
        elif field.name == "waits_for":
            changes[field.name] = tuple(payload for _ in old)
        elif is_dataclass(old) or isinstance(old, tuple):
            changes[field.name] = poisoned(old, payload)
    return replace(value, **changes)


class PoisonedEngine(FakeEngine):
    """Answers with the payload wherever a member could have written something."""

    payload = ""

    def call(self, method: str, params: Any, done: Any, failed: Any) -> None:
        super().call(method, params, lambda result: done(poisoned(result, self.payload)), failed)


def labels(root: QWidget) -> Iterator[QLabel]:
    yield from root.findChildren(QLabel)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_label_on_any_page_takes_it_for_markup(opened: Open, payload: str) -> None:
    engine = PoisonedEngine()
    engine.payload = payload
    o = opened(engine)
    for page in every_page(o):
        for label in labels(o.window):
            if isinstance(label, MarkdownView):
                assert label.textFormat() == Qt.TextFormat.RichText
                assert "<img" not in label.text()
                assert "<script" not in label.text()
                assert "<table" not in label.text()
            else:
                assert label.textFormat() == Qt.TextFormat.PlainText, (page, label.text())
        for widget in o.window.findChildren(QWidget):
            tooltip = widget.toolTip()
            assert not tooltip or tooltip.startswith("<p style='white-space:pre-wrap'>"), tooltip
            assert "<b>" not in tooltip.replace("&lt;b&gt;", "")
            assert "<img" not in tooltip
        assert not o.window.grab().isNull()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_shown_names_are_isolated(payload: str) -> None:
    shown = isolate(payload)
    assert shown.startswith("\u2068")
    assert shown.endswith("\u2069")
    inner = shown[1:-1]
    assert not set(inner) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\x00\x1b\n")


def test_errors_show_foreign_parameters_as_they_are(opened: Open) -> None:
    o = opened()
    o.window.ui.failed.emit(InputError("member_unknown", name="<img src=x>\u202e"))
    o.settle()
    problem = o.window.shell.problem
    assert "<img src=x>\u2069" in problem._happened.text()
    assert problem._happened.textFormat() == Qt.TextFormat.PlainText


def test_dialogs_and_menus_show_names_as_they_are(opened: Open) -> None:
    engine = PoisonedEngine()
    engine.payload = "<b>&amp</b>"
    o = opened(engine)
    menu = o.window.shell.org_menu(tuple(poisoned(engine.org_list(), engine.payload)))
    assert menu.actions()[0].text() == "\u2068<b>&&amp</b>\u2069"
    menu.deleteLater()
    o.window.shell.treasury.start_move("tip")
    o.until(lambda: o.window.findChild(MoveDialog) is not None)
    dialog = o.window.findChild(MoveDialog)
    assert dialog is not None
    assert all(w.textFormat() == Qt.TextFormat.PlainText for w in labels(dialog))
    assert "<b>&amp</b>" in dialog.to.currentText()
    assert o.window.findChildren(QMessageBox) == []


@pytest.mark.parametrize(
    ("source", "absent"),
    [
        ("<b>x</b>", "<b>x"),
        ("<img src=x onerror=y>", "<img"),
        ("![alt](https://example.org/a.png)", "<img"),
        ("[x](javascript:alert(1))", "<a "),
        ("[x](file:///etc/passwd)", "<a "),
        ("[x](data:text/html,y)", "<a "),
        ("<a href='https://example.org'>x</a>", "<a "),
        ("<style>*{color:red}</style>", "<style"),
        ("&lt;img src=x&gt;", "<img"),
        ("`<img>`", "<img"),
        ("```\n<img>\n```", "<img"),
        ('[a](https://x.org/"onclick="y)', '" onclick'),
        ("> " * 60 + "deep", "<script"),
    ],
)
def test_markdown_writes_only_its_own_tags(source: str, absent: str) -> None:
    assert absent not in render(source, 20, "Mono", "#000000")


def test_markdown_keeps_what_it_is_for() -> None:
    html = render("**a** *b* `c`\n\n- d\n\n[e](https://example.org/?x=1&y=2)", 20, "Mono", "#123456")
    for part in ("<b>a</b>", "<i>b</i>", ">c</span>", "<li>", 'href="https://example.org/?x=1&amp;y=2"'):
        assert part in html


def test_markdown_never_fails_on_random_text() -> None:
    for seed in range(64):
        text = "".join(chr(33 + (seed * 7 + n * 13) % 90) for n in range(400))
        assert isinstance(render(text, 20, "Mono", "#000000"), str)


def test_bidi_overrides_do_not_survive_in_markdown() -> None:
    assert "\u202e" not in render("a\u202eb", 20, "Mono", "#000000")


@pytest.mark.parametrize("address", ["javascript:x", "file:///x", "ftp://x", "https://a b", " https://x", "//x", ""])
def test_links_that_are_never_offered(address: str) -> None:
    assert not safe_link(address)


def test_links_are_shown_before_they_are_opened(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_addresses: list[str] = []
    monkeypatch.setattr(
        "dao_app.ui.window.QDesktopServices.openUrl", lambda url: opened_addresses.append(url.toString())
    )
    o = opened()
    o.window.open_link("https://example.org/x")
    o.settle()
    assert opened_addresses == []


def test_tooltips_are_escaped() -> None:
    assert plain_tooltip("<b>&") == "<p style='white-space:pre-wrap'>&lt;b&gt;&amp;</p>"


def test_log_entry_is_shown_as_data(opened: Open) -> None:
    o = opened()
    entry = o.engine.log_show("x", o.engine.log_list("x")[0].id)
    hostile = replace(entry, payload={"title": "<b>\u202e</b>"})
    from dao_app.ui.dialogs.trust import EntryDialog

    dialog = EntryDialog(o.window.ui, o.window, hostile)
    assert "\\u202e" in dialog.payload.toPlainText()
    assert isinstance(hostile, v.LogEntry)
    dialog.deleteLater()
