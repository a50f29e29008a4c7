"""The left edge: organisation switcher, jump field, pages, identity with settings; an icon rail when narrow."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from dao_app.app import views as v
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.models.rows import VIEW, ViewModel
from dao_app.ui.theme.painting import chip_width, draw_chip, initials
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.glyphs import AvatarView
from dao_app.ui.widgets.labels import Label, tip
from dao_app.ui.widgets.layout import Box, clear, column, row

PAGES = (
    ("today", "today", "T"),
    ("tasks", "tasks", "K"),
    ("proposals", "proposals", "P"),
    ("contributions", "contrib", "C"),
    ("treasury", "treasury", "Y"),
    ("people", "people", "M"),
    ("charter", "charter", "H"),
    ("trust", "trust", "R"),
)
MODULES = {"tasks": ("tasks",), "contributions": ("contributions", "rewards")}  # pages that a module brings
DEPARTMENTS_SHOWN_MAX = 12
RAIL_WIDTH = 56
Index = QModelIndex | QPersistentModelIndex


def page_is_on(name: str, modules: tuple[str, ...]) -> bool:
    """Has the charter the page's module on?"""
    return name not in MODULES or any(module in modules for module in MODULES[name])


class NavDelegate(QStyledItemDelegate):
    """A page's icon, name and count."""

    def __init__(self, ui: Ui, counts: dict[str, int]) -> None:
        super().__init__()
        self._ui, self._counts, self.rail = ui, counts, False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802 (Qt)
        return QSize(10, self._ui.look.px(31))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        look, (name, icon, _) = self._ui.look, index.data(VIEW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = option.rect.adjusted(0, 0, 0, -1)
        on = bool(option.state & QStyle.StateFlag.State_Selected)
        if on or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("selected" if on else "hover"))
            painter.drawRoundedRect(QRectF(rect), look.px(6), look.px(6))
        if option.state & QStyle.StateFlag.State_HasFocus and on:
            painter.setPen(QPen(look.color("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), look.px(6), look.px(6))
        ratio = option.widget.devicePixelRatioF() if option.widget else 1.0
        edge = look.px(16)
        left = (rect.width() - edge) // 2 if self.rail else look.px(9)
        picture = look.icon(icon, "accent" if on else "text2", 16, ratio, "window")
        painter.drawPixmap(rect.x() + left, rect.y() + (rect.height() - edge) // 2, picture)
        if not self.rail:
            painter.setFont(look.font("body", 600 if on else 400))
            painter.setPen(look.color("text" if on else "text2"))
            painter.drawText(
                rect.adjusted(look.px(35), 0, -look.px(30), 0),
                Qt.AlignmentFlag.AlignVCenter,
                self._ui.t(f"page.{name}"),
            )
            if self._counts.get(name):
                painter.setFont(look.font("caption"))
                painter.setPen(look.color("text2" if on else "text3"))
                side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
                painter.drawText(rect.adjusted(0, 0, -look.px(9), 0), side, self._ui.texts.number(self._counts[name]))
        painter.restore()


class Nav(QListView):
    """The pages."""

    wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self.counts: dict[str, int] = {}
        self._model = ViewModel(lambda p: p[0], self._describe, self)
        self._delegate = NavDelegate(ui, self.counts)
        self._delegate.setParent(self)
        self.setModel(self._model)
        self._model.set_rows(PAGES)
        self.setItemDelegate(self._delegate)
        self.setMouseTracking(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(lambda index: self.wanted.emit(index.data(VIEW)[0]))
        self.relook()

    def _describe(self, page: tuple[str, str, str]) -> str:
        count = self.counts.get(page[0])
        name = self._ui.t(f"page.{page[0]}")
        return f"{name}, {count}" if count else name

    def show_modules(self, modules: tuple[str, ...]) -> None:
        """Only the pages whose module is on."""
        shown = [page for page in PAGES if page_is_on(page[0], modules)]
        if list(self._model.rows()) != shown:
            self._model.set_rows(shown)
            self.relook()

    def relook(self) -> None:
        self.setAccessibleName(self._ui.t("nav.pages"))
        self.setFixedHeight(self._ui.look.px(31) * len(self._model.rows()) + 2)
        self._model.again()
        self.scheduleDelayedItemsLayout()

    def show_page(self, name: str) -> None:
        self.setCurrentIndex(self._model.index(self._model.place(name)))

    def show_count(self, name: str, count: int) -> None:
        if self.counts.get(name, 0) != count:
            self.counts[name] = count
            self._model.again()

    def set_rail(self, rail: bool) -> None:
        self._delegate.rail = rail
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if self.currentIndex().isValid():
                self.wanted.emit(self.currentIndex().data(VIEW)[0])
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()


class Pressable(QAbstractButton):
    """A painted button of the sidebar."""

    def __init__(self, ui: Ui, height: int) -> None:
        super().__init__()
        self._ui, self._height, self.rail = ui, height, False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.relook()

    def relook(self) -> None:
        self.setFixedHeight(self._ui.look.px(self._height))
        self.update()

    def _paint_box(self, painter: QPainter) -> None:
        look = self._ui.look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect())
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("hover"))
            painter.drawRoundedRect(rect, look.px(6), look.px(6))
        if self.hasFocus():
            painter.setPen(QPen(look.color("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), look.px(6), look.px(6))


class OrgButton(Pressable):
    """The organisation on show; pressing offers the others, found, join and the demo."""

    def __init__(self, ui: Ui) -> None:
        self._org: v.OrgRow | None = None
        super().__init__(ui, 44)

    def show_org(self, org: v.OrgRow | None) -> None:
        self._org = org
        self.relook()

    def relook(self) -> None:
        super().relook()
        name = isolate(self._org.name) if self._org else ""
        self.setAccessibleName(self._ui.t("nav.organisation", name=name))
        tip(self, name)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        with QPainter(self) as painter:
            self._paint_box(painter)
            if self._org is None:
                return
            edge, top = look.px(28), (self.height() - look.px(28)) / 2
            left = (self.width() - edge) / 2 if self.rail else look.px(8)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("accent"))
            square = QRectF(left, top, edge, edge)
            painter.drawRoundedRect(square, look.px(6), look.px(6))
            painter.setFont(look.font("caption", 600))
            painter.setPen(look.color("onAccent"))
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, initials(self._org.name))
            if self.rail:
                return
            x, width = left + edge + look.px(10), self.width() - left - edge - look.px(42)
            name = look.metrics("body", 600).elidedText(
                isolate(self._org.name), Qt.TextElideMode.ElideRight, int(width)
            )
            painter.setFont(look.font("body", 600))
            painter.setPen(look.color("text"))
            painter.drawText(QRectF(x, look.px(3), width, look.px(20)), Qt.AlignmentFlag.AlignVCenter, name)
            note = self._ui.t("org.members", n=self._org.members)
            if self._org.demo:
                note = f"{self._ui.t('org.demo')} · {note}"
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text3"))
            painter.drawText(QRectF(x, look.px(22), width, look.px(18)), Qt.AlignmentFlag.AlignVCenter, note)
            icon = look.icon("updown", "text3", 16, self.devicePixelRatioF(), "window")
            painter.drawPixmap(self.width() - look.px(24), (self.height() - look.px(16)) // 2, icon)


class JumpButton(Pressable):
    """Opens the palette."""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, 30)

    def relook(self) -> None:
        super().relook()
        self.setAccessibleName(self._ui.t("nav.jump"))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            focused = self.hasFocus()
            painter.setPen(QPen(look.color("focus" if focused else "border"), 2 if focused else 1))
            painter.setBrush(look.color("raised"))
            inset = 1.0 if focused else 0.5
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), look.px(6), look.px(6))
            icon = look.icon("search", "text3", 16, self.devicePixelRatioF(), "raised")
            left = (self.width() - look.px(16)) // 2 if self.rail else look.px(9)
            painter.drawPixmap(left, (self.height() - look.px(16)) // 2, icon)
            if self.rail:
                return
            painter.setFont(look.font("body"))
            painter.setPen(look.color("text3"))
            painter.drawText(
                self.rect().adjusted(look.px(34), 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._ui.t("nav.jump")
            )
            width = chip_width(look, "Ctrl K", 4, "kbd")
            chip = QRectF(self.width() - width - look.px(6), (self.height() - look.px(18)) / 2, width, look.px(18))
            draw_chip(painter, chip, look, "Ctrl K", "text3", "surface", "border", role="kbd")


class MePanel(Box):
    """Who signs here, and the way to the settings."""

    pressed = Signal(QPoint)

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "me", height=50)
        self._person: v.PersonView | None = None
        self._picture = AvatarView(ui, size=26)
        self._name, self._print = (
            Label(ui, weight=600, elide=True),
            Label(ui, role="mono", tone="text3", elide=True, size=11),
        )
        self._gear = IconButton(ui, "gear", "settings")
        self._gear.clicked.connect(lambda: self.pressed.emit(self.mapToGlobal(QPoint(0, 0))))
        self._texts = QWidget()
        self._texts.setLayout(column(ui, None, self._name, self._print, None))
        line = row(ui, self._picture, self._texts, self._gear, gap=9, margins=(16, 0, 8, 0))
        line.setStretch(1, 1)
        self.setLayout(line)

    def show_person(self, person: v.PersonView | None) -> None:
        self._person = person
        self._picture.show_person(person)
        self._name.say(self._ui.name(person) if person else "")
        self._print.say(person.fingerprint if person else "")

    def set_rail(self, rail: bool) -> None:
        self._texts.setVisible(not rail)
        self._picture.setVisible(not rail)


class Departments(QWidget):
    """The departments that one belongs to first, then the others at the top; each leads to its tasks."""

    wanted = Signal(str)

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui, self._rail = ui, False
        self._shown: tuple[str, ...] = ()
        self._rows = column(ui, gap=0)
        head = row(ui, Label(ui, "nav.departments", "caption", "text3"), None, margins=(9, 0, 0, 4))
        self.setLayout(column(ui, 14, head, self._rows))
        self.hide()

    def show_departments(self, names: tuple[str, ...]) -> None:
        """Names as people gave them (foreign text)."""
        names = names[:DEPARTMENTS_SHOWN_MAX]
        if names == self._shown:
            return
        self._shown = names
        clear(self._rows)
        for name in names:
            button = Button(self._ui, kind="ghost", wide=True, height=30)
            button.leading_text = True
            button.say(show.title(name))
            button.clicked.connect(lambda _=False, n=name: self.wanted.emit(n))
            self._rows.addWidget(button)
        self._fold()

    def set_rail(self, rail: bool) -> None:
        self._rail = rail
        self._fold()

    def _fold(self) -> None:
        self.setVisible(bool(self._shown) and not self._rail)


class Sidebar(Box):
    """All of it."""

    _rail = False

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui, "sidebar")
        self.org, self.jump, self.nav, self.me = OrgButton(ui), JumpButton(ui), Nav(ui), MePanel(ui)
        self.departments = Departments(ui)
        upper = column(ui, self.org, 8, self.jump, 10, self.nav, self.departments, None, margins=(8, 10, 8, 8))
        outer = column(ui, upper, self.me)
        outer.setStretch(0, 1)
        self.setLayout(outer)
        self.relook()

    def relook(self) -> None:
        super().relook()
        look = self._ui.look
        self.setFixedWidth(look.px(RAIL_WIDTH) if self._rail else look.size("sidebar"))

    def set_rail(self, rail: bool) -> None:
        """Icons only, where the window is narrow."""
        if rail != self._rail:
            self._rail = rail
            for part in (self.org, self.jump):
                part.rail = rail
                part.update()
            self.nav.set_rail(rail)
            self.departments.set_rail(rail)
            self.me.set_rail(rail)
            self.relook()
