"""Small painted widgets: icon, seal with its word, avatar, chip, key letter, bars, pips."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleValueChangeEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from dao_app.app.views import PersonView, Stamp
from dao_app.ui.context import Ui
from dao_app.ui.theme.painting import SEAL_TONES, avatar, chip_width, draw_bar, draw_chip, draw_coming, draw_pips, seal
from dao_app.ui.widgets.labels import tip


class IconView(QWidget):
    """An icon that says nothing by itself; a word stands beside it."""

    def __init__(self, ui: Ui, name: str, tone: str = "text2", size: int = 16, back: str = "surface") -> None:
        super().__init__()
        self._ui, self._name, self._tone, self._size, self._back = ui, name, tone, size, back
        self.relook()

    def relook(self) -> None:
        edge = self._ui.look.px(self._size)
        self.setFixedSize(edge, edge)
        self.update()

    def show_icon(self, name: str, tone: str = "") -> None:
        self._name, self._tone = name, tone or self._tone
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        with QPainter(self) as painter:
            pixmap = self._ui.look.icon(self._name, self._tone, self._size, self.devicePixelRatioF(), self._back)
            painter.drawPixmap(0, 0, pixmap)


class SealView(QWidget):
    """The seal of a state with a word beside it; the tooltip says whom it waits for."""

    def __init__(
        self, ui: Ui, state: str = "queued", text: str | None = None, size: int = 14, back: str = "surface"
    ) -> None:
        super().__init__()
        self._ui, self._state, self._text, self._size, self._back = ui, state, text, size, back
        self._stamp: Stamp | None = None
        self._with_wait = False
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.relook()

    def show_stamp(self, stamp: Stamp, text: str | None = None, waits: bool = False) -> None:
        """Show how settled something is; ``waits`` writes out whom it waits for."""
        self._stamp, self._state, self._text, self._with_wait = stamp, stamp.state, text, waits
        self.relook()

    def show_state(self, state: str, text: str) -> None:
        self._stamp, self._state, self._text = None, state, text
        self.relook()

    def _word(self) -> str:
        if self._text is not None:
            return self._text
        word = self._ui.t(f"state.{self._state}")
        if self._stamp is not None and self._with_wait and self._stamp.state in ("provisional", "closing", "queued"):
            waits = self._ui.waits_text(self._stamp.waits_for, self._stamp.seen_ms)
            return self._ui.t("list.joiner").join(p for p in (word, waits) if p)
        return word

    def relook(self) -> None:
        look, word = self._ui.look, self._word()
        edge = look.px(self._size)
        width = edge + (look.px(6) + look.metrics("caption").horizontalAdvance(word) + 2 if word else 0)
        self.setFixedSize(width, max(edge, look.line("caption")))
        full = self._ui.stamp_text(self._stamp) if self._stamp is not None else word
        self.setAccessibleName(full)
        tip(self, full if self._stamp is not None else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        edge = look.px(self._size)
        with QPainter(self) as painter:
            top = (self.height() - edge) // 2
            painter.drawPixmap(0, top, seal(look, self._state, self._size, self.devicePixelRatioF(), self._back))
            painter.setFont(look.font("caption"))
            painter.setPen(look.color("text2" if self._state == "final" else SEAL_TONES.get(self._state, "text3")))
            rect = self.rect().adjusted(edge + look.px(6), 0, 0, 0)
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, self._word())


class AvatarView(QWidget):
    """A person's picture made from the key."""

    def __init__(self, ui: Ui, person: PersonView | None = None, size: int = 22) -> None:
        super().__init__()
        self._ui, self._person, self._size = ui, person, size
        self._square = ""
        self.relook()

    def show_person(self, person: PersonView | None) -> None:
        self._person = person
        self.relook()

    def relook(self) -> None:
        edge = self._ui.look.px(self._size)
        self.setFixedSize(edge, edge)
        if self._person is not None:
            self.setAccessibleName(self._ui.name(self._person))
            tip(self, f"{self._ui.name(self._person)}\n{self._person.fingerprint}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        if self._person is None:
            return
        with QPainter(self) as painter:
            picture = avatar(self._ui.look, self._person.id, self._person.name, self._size, self.devicePixelRatioF())
            painter.drawPixmap(0, 0, picture)


class Chip(QWidget):
    """A small label. Kinds: "" (quiet), accent, warn, info, danger, outline."""

    FILLS: ClassVar[dict[str, tuple[str, str, str]]] = {
        "": ("text2", "sunken", ""),
        "accent": ("accent", "accentSoft", ""),
        "warn": ("provisional", "provisionalSoft", ""),
        "info": ("info", "infoSoft", ""),
        "danger": ("danger", "dangerSoft", ""),
        "outline": ("text2", "", "border"),
    }

    def __init__(self, ui: Ui, text: str = "", kind: str = "") -> None:
        super().__init__()
        self._ui, self._text, self._kind = ui, text, kind
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.relook()

    def say(self, text: str, kind: str = "") -> None:
        self._text, self._kind = text, kind
        self.relook()

    def relook(self) -> None:
        self.setFixedSize(chip_width(self._ui.look, self._text), self._ui.look.px(20))
        self.setAccessibleName(self._text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        tone, fill, border = self.FILLS[self._kind]
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_chip(painter, QRectF(self.rect()), self._ui.look, self._text, tone, fill, border)


class KeyChip(QWidget):
    """A key or an option's letter in a small box."""

    def __init__(self, ui: Ui, text: str, filled: bool = False) -> None:
        super().__init__()
        self._ui, self._text, self._filled = ui, text, filled
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFixedSize(chip_width(look, self._text, 4, "kbd"), look.px(18))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            fill, border = ("sunken", "") if self._filled else ("surface", "border")
            tone = "text2" if self._filled else "text3"
            draw_chip(painter, QRectF(self.rect()), self._ui.look, self._text, tone, fill, border, role="kbd")


class Bar(QWidget):
    """A tally or progress bar; ``mark`` is what is needed, as a share of the whole."""

    OVERHANG = 4

    def __init__(self, ui: Ui, height: int = 8) -> None:
        super().__init__()
        self._ui, self._height = ui, height
        self._share, self._coming, self._final, self._leading = 0.0, 0.0, False, False
        self._mark: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.relook()

    def relook(self) -> None:
        self.setFixedHeight(self._ui.look.px(self._height) + 2 * self._ui.look.px(self.OVERHANG))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(self._ui.look.px(120), self.height())

    def show_share(
        self,
        share: float,
        name: str,
        mark: float | None = None,
        final: bool = False,
        leading: bool = False,
        coming: float = 0.0,
    ) -> None:
        """``name`` says the figures in words, for screen readers and as a tooltip; ``coming`` is pending."""
        before = (self._share, self._coming, self._mark, self._final, self._leading)
        changed = (share, coming, mark, final, leading) != before
        self._share, self._coming, self._mark, self._final, self._leading = share, coming, mark, final, leading
        self.setAccessibleName(name)
        tip(self, name)
        if changed:
            self.update()
            QAccessible.updateAccessibility(QAccessibleValueChangeEvent(self, round(share * 100)))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        overhang = self._ui.look.px(self.OVERHANG)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            rect = QRectF(0, overhang, self.width(), self.height() - 2 * overhang)
            draw_bar(painter, rect, self._ui.look, self._share, self._final, self._leading, self._mark, overhang)
            if self._coming > 0:
                draw_coming(painter, rect, self._ui.look, self._share, self._coming)


class Pips(QWidget):
    """How many witnesses co-signed, of how many, and where the quorum is."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui, self._signed, self._total, self._quorum = ui, 0, 1, 1
        self.relook()

    def show_count(self, signed: int, total: int, quorum: int) -> None:
        self._signed, self._total, self._quorum = signed, total, quorum
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFixedSize(look.px(14 * self._total + 8), look.px(18))
        self.setAccessibleName(self._ui.t("witness.pips", signed=self._signed, total=self._total, quorum=self._quorum))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_pips(painter, QRectF(self.rect()), self._ui.look, self._signed, self._total, self._quorum)
