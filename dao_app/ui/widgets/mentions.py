"""Names of members offered while a comment is typed after @.

The list is a child of the window that never takes the focus, so that input methods keep composing in the
field; while something is being composed it is away. Names are plain text with the fingerprint beside them:
two members may bear one name.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent, QTextCursor

from dao_app.app import views as v
from dao_app.app.mentions import offered, wanted, written
from dao_app.ui.context import Ui
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.widgets.fields import Area
from dao_app.ui.widgets.layout import Box, column
from dao_app.ui.widgets.rows import Cell, Col, RowDelegate, RowList

COLUMNS = (Col(), Col(width=112, right=True))
WIDTH, GAP = 320, 10
GONE = ("joining", "left", "expelled")  # who is not met in a discussion


class Mentions(Box):
    """The list beside a field; ↑ ↓ choose, Enter or Tab writes the name, Esc closes."""

    def __init__(self, ui: Ui, field: Area) -> None:
        super().__init__(ui, "card")
        self._ui, self._field = ui, field
        self._people: tuple[v.PersonView, ...] = ()
        self._composing = self._asked = self._closed = False
        model = ViewModel(lambda p: p.id, self._describe, self)
        delegate = RowDelegate(ui, COLUMNS, self._cells, height=32, pad=8, in_card=True)
        self.list = RowList(ui, model, delegate, "mention.list", fit=True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.opened.connect(self._take)
        self.list.picked.connect(self._say)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setLayout(column(ui, self.list, margins=(1, 1, 1, 1)))
        field.textChanged.connect(self._look)
        field.cursorPositionChanged.connect(self._look)
        field.installEventFilter(self)
        self.hide()

    def relook(self) -> None:
        super().relook()
        self.setFixedWidth(self._ui.look.px(WIDTH))

    def _cells(self, person: v.PersonView) -> list[Cell]:
        return [Cell(self._ui.name_you(person), person=person), Cell(person.fingerprint, role="mono", tone="text3")]

    def _describe(self, person: v.PersonView) -> str:
        return self._ui.t("list.comma").join((self._ui.name_you(person), person.fingerprint))

    # -- what is typed -------------------------------------------------------------------------
    def _before(self) -> str:
        cursor = self._field.textCursor()
        return cursor.block().text()[: cursor.positionInBlock()]

    def _look(self) -> None:
        """Offer whom the text before the cursor may name."""
        typed = wanted(self._before()) if self._field.hasFocus() and not self._composing else None
        if typed is None:
            self._asked = self._closed = False
            self._away()
        elif not self._asked:
            self._asked = True
            self._ui.ask(self, "member_list", self._know)
        elif not self._closed:
            self._offer(typed)

    def _know(self, members: tuple[v.MemberRow, ...]) -> None:
        self._people = tuple(m.person for m in members if m.status not in GONE)
        self._look()

    def _offer(self, typed: str) -> None:
        found = offered(typed, self._people)
        if not found:
            self._away()
            return
        self.list.rows.set_rows(found)
        self.list.setCurrentIndex(self.list.rows.index(0))
        if self.parent() is not self._field.window():
            self.setParent(self._field.window())
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()

    def _place(self) -> None:
        """Above the line that is typed, else below it, inside the window."""
        window, field = self._field.window(), self._field
        line = field.cursorRect()
        gap = self._ui.look.px(GAP)
        top = field.viewport().mapTo(window, line.topLeft())
        x = min(top.x(), window.width() - self.width() - gap)
        y = top.y() - self.height() - gap
        if y < 0:
            y = top.y() + line.height() + gap
        self.move(QPoint(max(x, gap), y))

    def _away(self) -> None:
        if not self.isHidden():
            self.hide()
            self._field.setAccessibleDescription("")

    def _say(self, person: object) -> None:
        """The one under the keys, for screen readers that follow the field."""
        if isinstance(person, v.PersonView):
            self._field.setAccessibleDescription(self._describe(person))

    def _take(self, person: v.PersonView) -> None:
        """Write the name in place of what is typed of it."""
        typed = wanted(self._before())
        if typed is None:
            return
        cursor = self._field.textCursor()
        for _ in range(len(typed) + 1):
            cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor)
        self._closed = True
        cursor.insertText(written(person, self._people))
        self._field.setTextCursor(cursor)
        self._away()

    # -- keys ----------------------------------------------------------------------------------
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if isinstance(event, QInputMethodEvent):
            self._composing = bool(event.preeditString())
            if self._composing:
                self._away()
        elif event.type() == QEvent.Type.FocusOut:
            self._away()
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and not self.isHidden():
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.list.step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self._take(self.list.rows.view(self.list.currentIndex()))
        elif key == Qt.Key.Key_Escape:
            self._closed = True
            self._away()
        else:
            return False
        return True
