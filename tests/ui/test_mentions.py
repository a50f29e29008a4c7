"""Names of members completed after @ in the comment field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from dao_app.app.mentions import mentioned, offered, wanted, written
from dao_app.app.views import PersonView
from dao_app.ui.widgets.posts import Composer
from tests.fakes.engine import FakeEngine
from tests.fakes.sample import AMARA, ident
from tests.ui.conftest import Opened


def someone(name: str, key: str = "") -> PersonView:
    id_ = ident(key or name)
    return PersonView(id_, name, f"{id_[:4]} {id_[4:8]} {id_[8:12]}", False)


@pytest.mark.parametrize(
    ("before", "typed"),
    [
        ("", None), ("@", ""), ("hello @Lin", "Lin"), ("@Lin W", "Lin W"), ("mail a@b", None), ("@ x", None),
        ("@a\nnext", None), ("（@王", "王"), ("@" + "x" * 65, None), ("@a @b", "b"), ("..@x", None),
    ],
)  # fmt: skip
def test_what_of_a_name_is_typed(before: str, typed: str | None) -> None:
    assert wanted(before) == typed


def test_offers_begin_with_names_then_words_then_ids() -> None:
    lin, wei, wang = someone("Lin Wei"), someone("Weiss"), someone("王海")
    people = (lin, wei, wang)
    assert offered("wei", people) == (wei, lin)
    assert offered("王", people) == (wang,)
    assert offered(wang.id[:6], people) == (wang,)
    assert offered("nobody", people) == ()
    assert len(offered("", [someone(f"M {n}") for n in range(50)])) == 8


@pytest.mark.parametrize(
    "names", [("Lin", "Lin"), ("Lin", "lin"), ("Lin", "Lin Wei"), ("@x", "y"), ("", "z"), ("A", "B")]
)
def test_what_is_written_names_exactly_the_one_chosen(names: tuple[str, str]) -> None:
    people = [someone(name, f"{name} {n}") for n, name in enumerate(names)]
    table = {bytes.fromhex(p.id): p.name for p in people}
    for person in people:
        text = f"Thanks {written(person, people)}for this"
        assert mentioned(text, table) == (bytes.fromhex(person.id),)


@pytest.fixture
def field(opened: Callable[..., Opened]) -> tuple[Opened, Composer]:
    o = opened()
    o.go("tasks", ident("task 214"))
    o.until(lambda: o.window.shell.tasks.pane.task is not None)
    composer = o.window.shell.tasks.pane.composer
    composer.field.setFocus()
    o.settle()
    return o, composer


def typing(o: Opened, composer: Composer, text: str) -> None:
    QTest.keyClicks(composer.field, text)
    o.settle()


def shown(composer: Composer) -> list[str]:
    popup = composer.mentions
    return [] if popup.isHidden() else [p.name for p in popup.list.rows.rows()]


def test_a_name_is_completed_by_keys(field: tuple[Opened, Composer]) -> None:
    o, composer = field
    typing(o, composer, "Thanks @ama")
    assert shown(composer) == ["Amara Okafor"]
    assert "Amara" in composer.field.accessibleDescription()
    QTest.keyClick(composer.field, Qt.Key.Key_Return)
    o.settle()
    assert composer.field.toPlainText() == "Thanks @Amara Okafor "
    assert shown(composer) == [] and composer.field.hasFocus()
    typing(o, composer, "and you")
    assert shown(composer) == []


def test_arrows_choose_and_escape_only_closes_the_list(field: tuple[Opened, Composer]) -> None:
    o, composer = field
    typing(o, composer, "@")
    assert len(shown(composer)) > 2
    QTest.keyClick(composer.field, Qt.Key.Key_Down)
    second = composer.mentions.list.rows.rows()[1]
    assert composer.mentions.list.rows.view(composer.mentions.list.currentIndex()) == second
    QTest.keyClick(composer.field, Qt.Key.Key_Escape)
    o.settle()
    assert shown(composer) == [] and composer.field.hasFocus()
    assert composer.field.toPlainText() == "@"


def test_signing_is_not_swallowed(field: tuple[Opened, Composer]) -> None:
    o, composer = field
    typing(o, composer, "Hi @ama")
    QTest.keyClick(composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    o.window.ui.drafts.flush()
    o.settle()
    assert [c["text"] for c in o.engine.named("comment_add")] == ["Hi @ama"]
    assert shown(composer) == []


def test_while_an_input_method_composes_nothing_pops_up(field: tuple[Opened, Composer]) -> None:
    o, composer = field
    typing(o, composer, "@")
    assert shown(composer)
    QApplication.sendEvent(composer.field, QInputMethodEvent("wang", []))
    o.settle()
    assert shown(composer) == []
    done = QInputMethodEvent("", [])
    done.setCommitString("王")
    QApplication.sendEvent(composer.field, done)
    o.settle()
    assert shown(composer) == [p.name for p in composer.mentions._people if p.name.startswith("王")]


def test_two_of_one_name_are_told_apart(opened: Callable[..., Opened]) -> None:
    class Twins(FakeEngine):
        def member_list(self, org: str) -> tuple[Any, ...]:
            rows = super().member_list(org)
            amara = next(r for r in rows if r.person.name == AMARA.name)
            return (*rows, replace(amara, person=someone(AMARA.name, "twin")))

    o = opened(Twins())
    o.go("tasks", ident("task 214"))
    o.until(lambda: o.window.shell.tasks.pane.task is not None)
    composer = o.window.shell.tasks.pane.composer
    composer.field.setFocus()
    typing(o, composer, "@Amara")
    rows = composer.mentions.list.rows
    assert len({rows.data(rows.index(n)) for n in range(2)}) == 2  # the fingerprint is read out too
    QTest.keyClick(composer.field, Qt.Key.Key_Tab)
    o.settle()
    assert composer.field.toPlainText().startswith("@") and "Amara" not in composer.field.toPlainText()
