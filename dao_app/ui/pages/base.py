"""What all pages share: the top bar, the split into list and detail, refreshing and keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QApplication, QListView, QSplitter, QVBoxLayout, QWidget

from dao_app.app.views import Stamp
from dao_app.ui.context import Ui
from dao_app.ui.widgets.buttons import Button, Choices, IconButton
from dao_app.ui.widgets.glyphs import Chip, IconView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, Item, column, row

FILTERS_NEED = 1_120  # effective pixels of the page below which filters leave the top bar


class TopBar(Box):
    """Title, tabs or crumb on the left, actions on the right."""

    def __init__(self, ui: Ui, title: str, tabs: Choices | None = None, actions: list[QWidget] | None = None) -> None:
        super().__init__(ui, "top", height=52)
        self.title = Label(ui, title, "heading")
        self.note = Label(ui, tone="text3")
        self.tabs = tabs
        items: list[Item] = [self.title, self.note]
        if tabs is not None:
            items += [4, tabs]
        layout = row(ui, *items, None, *(actions or []), gap=10, margins=(24, 0, 20, 0))
        self.setLayout(layout)


class Filters(QWidget):
    """What narrows a page's list: in its top bar (this widget), or in a ``line`` of its own where there is no room."""

    def __init__(self, ui: Ui, *fields: QWidget) -> None:
        super().__init__()
        self._fields = QWidget()
        self._fields.setLayout(row(ui, *fields, gap=10))
        self._slot, self._line_slot = row(ui), row(ui, gap=10, margins=(24, 0, 20, 0))
        self._slot.addWidget(self._fields)
        self.setLayout(self._slot)
        self.line = Box(ui, "top", self._line_slot, height=48)
        self.line.hide()

    def fold(self, narrow: bool) -> None:
        if narrow == self.line.isVisibleTo(self.line.parentWidget()):
            return
        (self._line_slot if narrow else self._slot).addWidget(self._fields)
        if narrow:
            self._line_slot.setAlignment(self._fields, Qt.AlignmentFlag.AlignLeft)
        self.line.setVisible(narrow)


class Page(QWidget):
    """One page of the window. ``topics`` are the changes that concern it (app.views.Change)."""

    name = ""
    topics: frozenset[str] = frozenset()

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self.ui = ui
        self.setProperty("box", "surface")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground, True)

    def refresh(self) -> None:
        """Ask again for what is shown."""

    def render_again(self) -> None:
        """Show the same data in the new language or look."""

    def open(self, target: str) -> None:
        """Show an object of this page."""

    def close_detail(self) -> bool:
        """Esc: close what is open; False where nothing is."""
        return False

    def reset(self) -> None:
        """Another organisation is on show: forget what was open."""

    def keys(self) -> dict[str, Callable[[], None]]:
        """Single keys of the page, by name as on the key cap."""
        return {}

    def take_focus(self) -> None:
        """Where keys go when the page is shown: its first list, else the page itself."""
        shown = next((view for view in self.findChildren(QListView) if view.isVisible()), None)
        (shown or self).setFocus()

    def sign(self) -> bool:
        """Ctrl+Enter outside a dialog; False where there is nothing to sign."""
        return False

    def fold(self, width: int) -> None:
        """The page is this many effective pixels wide."""


class Pane(Box):
    """The detail beside a list: a head with name, state and close; content; gestures at the foot."""

    closed = Signal()

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "side")
        self.name = Label(ui, tone="text3")
        self.chip = Chip(ui)
        self.link = IconButton(ui, "link", "link.copy")
        self.shut = IconButton(ui, "x", "close", key="Esc")
        self.shut.clicked.connect(self.closed)
        head = Box(
            ui,
            "line",
            row(ui, self.name, self.chip, None, self.link, self.shut, gap=8, margins=(20, 0, 10, 0)),
            height=44,
        )
        self.body: QVBoxLayout = column(ui)
        self._outer = column(ui, head, self.body)
        self._outer.setStretch(1, 1)
        self.setLayout(self._outer)

    def relook(self) -> None:
        super().relook()
        self.setMinimumWidth(self._ui.look.size("detailMin"))

    def foot(self, box: QWidget) -> None:
        self._outer.addWidget(box)


class SplitPage(Page):
    """A list with a detail beside it; below 820 effective pixels the detail replaces the list."""

    FOLD = 820

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self.main = QWidget()
        self.detail: QWidget | None = None
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.main)
        self._narrow = False

    def set_up(
        self, top: QWidget, main: QWidget, detail: QWidget, detail_width: int = 400, shown: bool = False
    ) -> None:
        """Put the parts together; the detail stays hidden until something is opened."""
        old = self.main
        self.main, self.detail = main, detail
        self._splitter.replaceWidget(0, main)
        old.deleteLater()
        self._splitter.addWidget(detail)
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setStretchFactor(1, 0)
        self._detail_width = detail_width
        layout = column(self.ui, top, self._splitter)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._apply_width()
        detail.setVisible(shown)

    def _apply_width(self) -> None:
        wanted = self.ui.look.px(self._detail_width)
        self._splitter.setSizes([max(self.width() - wanted, wanted), wanted])

    def relook(self) -> None:
        self._apply_width()

    def show_detail(self, shown: bool) -> None:
        assert self.detail is not None
        if shown and self.detail.isHidden():
            self.detail.show()
            self._apply_width()
        elif not shown and not self.detail.isHidden():
            focused = QApplication.focusWidget()
            inside = focused is not None and self.detail.isAncestorOf(focused)
            self.detail.hide()
            self.main.setVisible(True)
            if inside:
                self.take_focus()  # keys stay on the page
        self.main.setVisible(not (shown and self._narrow))

    def fold(self, width: int) -> None:
        self._narrow = width < self.FOLD
        if self.detail is not None:
            self.main.setVisible(not (self._narrow and not self.detail.isHidden()))
            self._apply_width()


def crumb(ui: Ui, back: Button, name: Label, chip: Chip) -> list[Item]:
    """The way back to a list, then the object's name and state."""
    return [back, IconView(ui, "right", "text3", 12), name, chip]


def section_head(ui: Ui, title: str, note: Label | None = None, *right: Item) -> QWidget:
    """A bold line above a card, with a quiet note."""
    holder = QWidget()
    items: list[Item] = [Label(ui, title, weight=600)]
    if note is not None:
        items.append(note)
    holder.setLayout(row(ui, *items, None, *right, gap=8))
    return holder


class Facts(QWidget):
    """Quiet captions on the left, values on the right, in two columns."""

    def __init__(self, ui: Ui, width: int = 104) -> None:
        super().__init__()
        self._ui, self._width = ui, width
        self._rows: dict[str, tuple[QWidget, Label]] = {}
        self._column = column(ui, gap=2)
        self.setLayout(self._column)

    def add(self, key: str, *values: Item) -> None:
        """A line with its caption (catalogue key) and value widgets."""
        caption = Label(self._ui, key, tone="text3", elide=True)
        holder = Box(self._ui, "plain", column(self._ui, caption, None), width=self._width)
        line = QWidget()
        layout = row(self._ui, holder, *values, gap=8, margins=(0, 3, 0, 3))
        if not any(v is None for v in values):
            layout.setStretch(layout.count() - 1, 1)
        line.setLayout(layout)
        self._rows[key] = (line, caption)
        self._column.addWidget(line)

    def show_line(self, key: str, shown: bool) -> None:
        self._rows[key][0].setVisible(shown)

    def show_waits(self, ui: Ui, stamp: Stamp, label: Paragraph) -> None:
        """The line "fact.waits": whom the stamp waits for, or why it has no effect."""
        waits = ui.waits_short(stamp)
        label.say(waits)
        self._rows["fact.waits"][1].say_key("fact.reason" if stamp.reason else "fact.waits")
        self.show_line("fact.waits", bool(waits))
