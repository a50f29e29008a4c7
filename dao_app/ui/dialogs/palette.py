"""Jump to or do: one field over the actions and objects of the organisation, found by fuzzy match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app import views_tasks as vt
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.models.show_tasks import task_name
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.glyphs import IconView, KeyChip
from dao_app.ui.widgets.layout import Box, column, divider, row
from dao_app.ui.widgets.rows import Cell, Col, RowDelegate, RowList

SHOWN_MAX = 9
COLUMNS = (Col(width=16), Col(), Col(width=60, right=True))


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to do or go to."""

    name: str
    text: str
    icon: str
    act: Callable[[], None]
    key: str = ""


def match(wanted: str, text: str) -> int:
    """How well ``wanted`` is found in ``text``: 0 not at all; whole words before scattered letters."""
    needle, hay = wanted.casefold().strip(), text.casefold()
    if not needle:
        return 1
    at = hay.find(needle)
    if at >= 0:
        return 1_000 - min(at, 400) + (200 if at == 0 or not hay[at - 1].isalnum() else 0)
    place, gaps = -1, 0
    for char in needle:
        if char.isspace():
            continue
        found = hay.find(char, place + 1)
        if found < 0:
            return 0
        gaps += found - place - 1
        place = found
    return max(400 - gaps, 1) if gaps <= 4 * len(needle) else 0


class Palette(QDialog):
    """Ctrl+K."""

    WIDTH = 560

    def __init__(self, ui: Ui, parent: QWidget, actions: list[Entry]) -> None:
        super().__init__(parent, Qt.WindowType.FramelessWindowHint | Qt.WindowType.Dialog)
        self.ui = ui
        self._entries = list(actions)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(ui.t("nav.jump"))
        self.setModal(True)
        self.field = Line(ui, "nav.jump", "nav.jump")
        self.field.setProperty("bare", True)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.setProperty("box", "raised")
        model = ViewModel(lambda e: e.name, lambda e: e.text, self)
        self.list = RowList(
            ui, model, RowDelegate(ui, COLUMNS, self._cells, pad=10, in_card=True), "nav.jump", fit=True
        )
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.opened.connect(self._run)
        head = row(
            ui,
            IconView(ui, "search", "text2", back="raised"),
            self.field,
            KeyChip(ui, "Esc"),
            gap=8,
            margins=(12, 4, 12, 4),
        )
        head.setStretch(1, 1)
        self._head = Box(ui, "plain", head, height=44)
        frame = Box(ui, "card", column(ui, self._head, divider(), self.list, margins=(1, 1, 1, 6)))
        self.setLayout(column(ui, frame))
        self.setFixedWidth(ui.look.px(self.WIDTH))
        self._fill()
        if ui.can("proposal.open"):
            ui.ask(self, "proposal_templates", self._add_templates)
        ui.ask(self, "proposal_list", self._add_proposals)
        ui.ask(self, "task_list", self._add_tasks)
        ui.ask(self, "member_list", self._add_members)
        self.field.setFocus()

    def _cells(self, entry: Entry) -> list[Cell]:
        return [Cell(icon=entry.icon), Cell(entry.text), Cell(entry.key, tone="text3", role="caption")]

    def _add_templates(self, templates: tuple[g.TemplateView, ...]) -> None:
        for one in templates:
            text = self.ui.t("palette.propose", what=self.ui.t(f"template.{one.code}"))
            act = partial(self.ui.act.emit, f"propose:{one.code}")
            self._entries.append(Entry(f"propose {one.code}", text, "proposals", act))
        self._fill()

    def _add_proposals(self, rows: tuple[v.ProposalRow, ...]) -> None:
        for row_ in rows:
            text = f"{show.proposal_name(self.ui, row_)}  {show.title(row_.title)}"
            if "vote" in row_.can and row_.my_choice is None:
                text = self.ui.t("palette.vote_on", name=text)
            self._entries.append(Entry(row_.id, text, "proposals", partial(self.ui.go.emit, "proposals", row_.id)))
        self._fill()

    def _add_tasks(self, rows: tuple[vt.TaskRow, ...]) -> None:
        for row_ in rows:
            text = f"{task_name(self.ui, row_)}  {show.title(row_.title)}"
            self._entries.append(Entry(row_.id, text, "tasks", partial(self.ui.go.emit, "tasks", row_.id)))
        self._fill()

    def _add_members(self, rows: tuple[v.MemberRow, ...]) -> None:
        for row_ in rows:
            text = f"{self.ui.name(row_.person)}  {row_.person.fingerprint}"
            self._entries.append(
                Entry(row_.person.id, text, "user", partial(self.ui.go.emit, "people", row_.person.id))
            )
        self._fill()

    def _fill(self) -> None:
        wanted = self.field.text()
        scored = [(match(wanted, e.text), -n, e) for n, e in enumerate(self._entries)]
        found = sorted((s for s in scored if s[0]), key=lambda s: (-s[0], -s[1]))
        self.list.rows.set_rows([s[2] for s in found[:SHOWN_MAX]])
        if found:
            self.list.setCurrentIndex(self.list.rows.index(0))
        self.setFixedHeight(self._head.height() + self.list.height() + self.ui.look.px(9))

    def _run(self, entry: Entry) -> None:
        self.accept()
        entry.act()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.list.step(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                entry = self.list.rows.view(self.list.currentIndex())
                if entry is not None:
                    self._run(entry)
                return True
        return super().eventFilter(watched, event)
