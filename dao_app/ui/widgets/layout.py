"""Layouts and frames whose sizes are token pixels and follow the scale while the window lives."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import shiboken6
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from dao_app.ui.context import Ui

Margins = tuple[int, int, int, int]
NO_MARGINS: Margins = (0, 0, 0, 0)


@runtime_checkable
class Relook(Protocol):
    """Anything that has to be brought up to date when theme, language or scale change."""

    def relook(self) -> None: ...


@runtime_checkable
class RenderAgain(Protocol):
    """A part that writes data into labels and does it anew after its labels are up to date."""

    def render_again(self) -> None: ...


def relook_all(root: QObject) -> None:
    """Bring ``root`` and everything below up to date; pages come last because they write into labels."""
    late: list[RenderAgain] = []
    for thing in [root, *root.findChildren(QObject)]:
        if not shiboken6.isValid(thing):
            continue
        if isinstance(thing, Relook):
            thing.relook()
        if isinstance(thing, RenderAgain):
            late.append(thing)
    for page in late:
        if shiboken6.isValid(page):
            page.render_again()


class _Row(QHBoxLayout):
    def __init__(self, ui: Ui, gap: int, margins: Margins) -> None:
        super().__init__()
        self._ui, self._gap, self._margins = ui, gap, margins
        self.relook()

    def relook(self) -> None:
        self.setSpacing(self._ui.look.px(self._gap))
        self.setContentsMargins(*(self._ui.look.px(m) for m in self._margins))


class _Column(QVBoxLayout):
    def __init__(self, ui: Ui, gap: int, margins: Margins) -> None:
        super().__init__()
        self._ui, self._gap, self._margins = ui, gap, margins
        self.relook()

    def relook(self) -> None:
        self.setSpacing(self._ui.look.px(self._gap))
        self.setContentsMargins(*(self._ui.look.px(m) for m in self._margins))


class Space(QWidget):
    """An empty stretch of fixed token size along a row or column."""

    def __init__(self, ui: Ui, size: int, across: bool) -> None:
        super().__init__()
        self._ui, self._size, self._across = ui, size, across
        self.relook()

    def relook(self) -> None:
        edge = self._ui.look.px(self._size)
        if self._across:
            self.setFixedSize(edge, 1)
        else:
            self.setFixedSize(1, edge)


Item = QWidget | QLayout | int | None


def _fill(layout: QBoxLayout, ui: Ui, items: tuple[Item, ...], across: bool) -> None:
    for item in items:
        if item is None:
            layout.addStretch(1)
        elif isinstance(item, int):
            layout.addWidget(Space(ui, item, across))
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)


def row(ui: Ui, *items: Item, gap: int = 8, margins: Margins = NO_MARGINS) -> QHBoxLayout:
    """Widgets side by side; None stretches, a number is empty space in token pixels."""
    layout = _Row(ui, gap, margins)
    _fill(layout, ui, items, across=True)
    return layout


def column(ui: Ui, *items: Item, gap: int = 0, margins: Margins = NO_MARGINS) -> QVBoxLayout:
    """Widgets below each other; None stretches, a number is empty space in token pixels."""
    layout = _Column(ui, gap, margins)
    _fill(layout, ui, items, across=False)
    return layout


class Box(QFrame):
    """A frame of the style sheet (``box`` names its look), with optional fixed token sizes."""

    def __init__(self, ui: Ui, box: str, layout: QLayout | None = None, width: int = 0, height: int = 0) -> None:
        super().__init__()
        self._ui, self._width, self._height = ui, width, height
        self.setProperty("box", box)
        if layout is not None:
            self.setLayout(layout)
        self.relook()

    def relook(self) -> None:
        if self._width:
            self.setFixedWidth(self._ui.look.px(self._width))
        if self._height:
            self.setFixedHeight(self._ui.look.px(self._height))


def divider() -> QFrame:
    """A hairline across."""
    line = QFrame()
    line.setProperty("box", "divide")
    line.setFixedHeight(1)
    return line


def scrolling(content: QWidget, name: str = "") -> QScrollArea:
    """Content that scrolls up and down and never sideways."""
    area = QScrollArea()
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setAccessibleName(name)
    return area


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.setParent(None)
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
