"""The statement of earnings as a PDF: plain text in tables, no markup and nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QObject, QRect, QRunnable, Qt, QThreadPool, Signal
from PySide6.QtGui import QFont, QPageLayout, QPageSize, QPainter, QPdfWriter

from dao_app.app import views_rewards as r
from dao_app.app.earnings import SOURCES, statement_row, sums
from dao_app.app.errors import StorageError
from dao_app.app.texts import Texts, isolate
from dao_app.app.views_parts import AmountView
from dao_app.ui.context import Ui
from dao_app.ui.theme.look import tokens

MARGIN_MM = 16
DOTS_PER_INCH = 96  # of the page, so that sizes in the document are pixels of a screen
TEXT_PX, TITLE_PX = 11, 18
CELL_PADDING, GAP = 3, 12
COLUMNS = ("date", "source", "about", "title", "payer", "amount", "state", "action")
WIDTHS = (11, 12, 8, 23, 14, 12, 9, 11)  # percent
AMOUNT = COLUMNS.index("amount")
TOTAL_WIDTHS = (31, 23, 23, 23)
ACTION_DIGITS = 8
_WRAP = int(Qt.TextFlag.TextWordWrap) | int(Qt.TextFlag.TextWrapAnywhere)
STATES = ("final", "provisional", "held")


class Statement:
    """What a statement says; made in the window's thread, laid out in another."""

    def __init__(self, texts: Texts, view: r.EarningsView, organisation: str, title: str) -> None:
        self.title = title
        rows = view.rows
        person = isolate(view.person.name) or view.person.fingerprint
        self.about = " · ".join((isolate(organisation), person, view.person.fingerprint, texts.stamp(view.now_ms)))
        self.note = texts.t("statement.note")

        def amount(minor: int) -> str:
            return texts.amount(AmountView(view.unit, minor, view.decimals))

        found = sums(rows)
        self.totals = [["", *(texts.t(f"earning.state.{state}") for state in STATES)]]
        for source in SOURCES:
            if any((source, state) in found for state in STATES):
                line = [amount(found.get((source, state), 0)) for state in STATES]
                self.totals.append([texts.t(f"earning.source.{source}"), *line])
        whole = [sum(found.get((source, state), 0) for source in SOURCES) for state in STATES]
        self.totals.append([texts.t("earning.total"), *map(amount, whole)])
        self.entries = [[texts.t(f"statement.{name}") for name in COLUMNS]]
        for row in reversed(rows):
            date, source, number, name, payer, figure, unit, state, action = statement_row(row, view.decimals, texts)
            cells = (date[:10], source, number, name, payer, f"{figure} {unit}", state, action[:ACTION_DIGITS])
            self.entries.append([isolate(cell) for cell in cells])


def pdf_of(statement: Statement) -> bytes:
    """The statement on A4 pages. May run in any thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(statement.title)
    writer.setCreator("Guildhall")
    writer.setResolution(DOTS_PER_INCH)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM), QPageLayout.Unit.Millimeter)
    with QPainter(writer) as painter:
        paper = _Paper(painter, writer.newPage, writer.width(), writer.height())
        paper.paragraph(statement.title, TITLE_PX)
        paper.paragraph(statement.about)
        paper.table(statement.totals, TOTAL_WIDTHS, range(1, 1 + len(STATES)), last_bold=True)
        paper.table(statement.entries, WIDTHS, (AMOUNT,))
        paper.paragraph(statement.note)
    buffer.close()
    return bytes(buffer.data().data())


class _Paper:
    """Writes downwards and begins a new page where there is no room; ``below`` is where writing goes on."""

    def __init__(self, painter: QPainter, new_page: Callable[[], object], width: int, height: int) -> None:
        self._painter, self._new_page, self._width, self._height = painter, new_page, width, height
        self.below = 0

    def _letters(self, size: int = TEXT_PX, bold: bool = False) -> None:
        font = QFont(tokens()["font"]["ui"])
        font.setPixelSize(size)
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        self._painter.setFont(font)

    def _wrapped(self, text: str, width: int) -> int:
        """The height that a text takes."""
        return self._painter.fontMetrics().boundingRect(QRect(0, 0, width, self._height), _WRAP, text).height()

    def _room(self, height: int) -> bool:
        """Turn the page where so much has no room; says whether it did."""
        if self.below + height <= self._height or not self.below:
            return False
        self._new_page()
        self.below = 0
        return True

    def paragraph(self, text: str, size: int = TEXT_PX) -> None:
        self._letters(size, bold=size != TEXT_PX)
        height = self._wrapped(text, self._width)
        self._room(height)
        self._painter.drawText(QRect(0, self.below, self._width, height), _WRAP, text)
        self.below += height + GAP

    def table(
        self, rows: Sequence[Sequence[str]], widths: Sequence[int], right: Sequence[int], last_bold: bool = False
    ) -> None:
        """Rows of cells; the first is the heading and stands again on each page."""
        for number, cells in enumerate(rows):
            strong = number == 0 or (last_bold and number == len(rows) - 1)
            if self._line(cells, widths, right, strong, measure=True):
                self._line(rows[0], widths, right, True)
            self._line(cells, widths, right, strong)
        self.below += GAP

    def _line(
        self, cells: Sequence[str], widths: Sequence[int], right: Sequence[int], strong: bool, measure: bool = False
    ) -> bool:
        """Write one row, or (``measure``) only see that it has room; True where the page was turned."""
        self._letters(bold=strong)
        across = [self._width * share // 100 - 2 * CELL_PADDING for share in widths]
        height = max(self._wrapped(text, width) for text, width in zip(cells, across, strict=True)) + 2 * CELL_PADDING
        if measure:
            return self._room(height + 1)
        x = 0
        for place, (text, width) in enumerate(zip(cells, across, strict=True)):
            box = QRect(x + CELL_PADDING, self.below + CELL_PADDING, width, height)
            side = Qt.AlignmentFlag.AlignRight if place in right else Qt.AlignmentFlag.AlignLeft
            self._painter.drawText(box, int(side) | _WRAP, text)
            x += width + 2 * CELL_PADDING
        self.below += height
        self._painter.drawLine(0, self.below, self._width, self.below)
        self.below += 1
        return False


class _Told(QObject):
    done = Signal()
    failed = Signal(object)  # StorageError


class _Writing(QRunnable):
    def __init__(self, path: Path, statement: Statement) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self._path, self._statement, self.told = path, statement, _Told()

    def run(self) -> None:
        try:
            self._path.write_bytes(pdf_of(self._statement))
        except OSError as error:
            detail = error.strerror or ""
            self.told.failed.emit(StorageError("file_unwritable", path=self._path.name, detail=detail))
        else:
            self.told.done.emit()


class Papers(QObject):
    """Writes statements beside the window's thread: thousands of entries take a while to lay out."""

    def __init__(self, ui: Ui, parent: QObject) -> None:
        super().__init__(parent)
        self._ui = ui
        self._running: list[_Writing] = []

    def write(self, path: str, statement: Statement, said: Callable[[], None]) -> None:
        """Write a statement, or say why not."""
        work = _Writing(Path(path), statement)
        work.told.done.connect(said)
        work.told.failed.connect(self._ui.failed)
        work.told.done.connect(lambda: self._over(work))
        work.told.failed.connect(lambda _: self._over(work))
        self._running.append(work)
        QThreadPool.globalInstance().start(work)

    def _over(self, work: _Writing) -> None:
        if work in self._running:
            self._running.remove(work)
