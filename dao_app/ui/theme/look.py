"""The current look: colours, type, sizes and icons from the tokens, cached until it changes.

Sizes are token pixels at 100 % times the user's scale. Caches are keyed by token name and cleared on
every change of theme, language or scale, so that delegates never build fonts or pixmaps while painting.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from dao_app.app.texts import resource

SCALE_MIN, SCALE_MAX, SCALE_STEP = 90, 200, 10  # percent
ELIDED_KEPT_MAX = 5_000
FONT_FILES = (
    "Inter-Regular.otf",
    "Inter-Medium.otf",
    "Inter-SemiBold.otf",
    "JetBrainsMono-Regular.ttf",
    "JetBrainsMono-Medium.ttf",
)


@lru_cache(maxsize=1)
def tokens() -> dict[str, Any]:
    """The design tokens as written in resources/tokens.json."""
    loaded: dict[str, Any] = json.loads(resource("tokens.json").read_text(encoding="utf-8"))
    return loaded


@lru_cache(maxsize=1)
def icon_paths() -> dict[str, str]:
    """Icon name → SVG elements on the 16 px grid; ``@surface`` stands for the colour behind."""
    loaded: dict[str, str] = json.loads(resource("icons.json").read_text(encoding="utf-8"))
    return loaded


def load_fonts() -> None:
    """Make the bundled fonts known to Qt; Chinese comes from the system's Noto Sans CJK SC."""
    for name in FONT_FILES:
        QFontDatabase.addApplicationFontFromData(QByteArray(resource("fonts", name).read_bytes()))


class Look(QObject):
    """Theme ("light", "dark" or "system"), language of the type scale and scale in percent."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.theme = "system"
        self.language = "en"
        self.scale = 100
        self.turn = 0  # grows with every change, for caches elsewhere
        self._elided: dict[tuple[str, str, int, int], str] = {}
        self._fonts: dict[tuple[str, int, int], QFont] = {}
        self._metrics: dict[tuple[str, int, int], QFontMetrics] = {}
        self._colors: dict[str, QColor] = {}
        self._pixmaps: dict[tuple[object, ...], QPixmap] = {}
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._system_changed)

    def set(self, theme: str | None = None, language: str | None = None, scale: int | None = None) -> None:
        """Change some of it; emits ``changed`` once."""
        if theme is not None:
            self.theme = theme if theme in ("light", "dark") else "system"
        if language is not None:
            self.language = language
        if scale is not None:
            self.scale = min(max(scale, SCALE_MIN), SCALE_MAX)
        self._clear()
        self.changed.emit()

    def _system_changed(self) -> None:
        if self.theme == "system":
            self._clear()
            self.changed.emit()

    def _clear(self) -> None:
        self.turn += 1
        self._elided.clear()
        self._fonts.clear()
        self._metrics.clear()
        self._colors.clear()
        self._pixmaps.clear()

    # -- colours -------------------------------------------------------------------------------
    @property
    def is_dark(self) -> bool:
        if self.theme == "system":
            return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        return self.theme == "dark"

    def hex(self, name: str) -> str:
        value: str = tokens()["color"]["dark" if self.is_dark else "light"][name]
        return value

    def color(self, name: str) -> QColor:
        if name not in self._colors:
            self._colors[name] = QColor(self.hex(name))
        return self._colors[name]

    # -- sizes ---------------------------------------------------------------------------------
    def px(self, value: float) -> int:
        """Token pixels at the user's scale."""
        return round(value * self.scale / 100)

    def size(self, name: str) -> int:
        return self.px(tokens()["size"][name])

    # -- type ----------------------------------------------------------------------------------
    def _type(self, role: str) -> list[int]:
        scale: dict[str, list[int]] = tokens()["font"]["scale"]["zh" if self.language == "zh" else "en"]
        return scale[role]

    def line(self, role: str) -> int:
        """Line height of a role in pixels."""
        return self.px(self._type(role)[1])

    def font(self, role: str = "body", weight: int = 0, size: int = 0) -> QFont:
        """A font by role; ``weight`` and ``size`` (token pixels) override the role's."""
        key = (role, weight, size)
        if key not in self._fonts:
            points, _, usual = self._type(role)
            font = QFont(tokens()["font"]["mono" if role == "mono" else "ui"])
            font.setPixelSize(self.px(size or points))
            font.setWeight(QFont.Weight(weight or usual))
            if role != "mono":
                font.setFeature(QFont.Tag("tnum"), 1)
            font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
            self._fonts[key] = font
        return self._fonts[key]

    def metrics(self, role: str = "body", weight: int = 0, size: int = 0) -> QFontMetrics:
        key = (role, weight, size)
        if key not in self._metrics:
            self._metrics[key] = QFontMetrics(self.font(role, weight, size))
        return self._metrics[key]

    def elided(self, text: str, role: str, weight: int, width: int) -> str:
        """Text cut to a width with an ellipsis, kept for the next paint."""
        key = (text, role, weight, width)
        if key not in self._elided:
            if len(self._elided) > ELIDED_KEPT_MAX:
                self._elided.clear()
            self._elided[key] = self.metrics(role, weight).elidedText(text, Qt.TextElideMode.ElideRight, width)
        return self._elided[key]

    # -- pixmaps -------------------------------------------------------------------------------
    def pixmap(
        self, key: tuple[object, ...], size: float, ratio: float, draw: Callable[[QPainter, QRectF], None]
    ) -> QPixmap:
        """A square pixmap of ``size`` token pixels, drawn once per key and device pixel ratio."""
        edge = self.px(size)
        full = (*key, edge, ratio)
        if full not in self._pixmaps:
            pixmap = QPixmap(round(edge * ratio), round(edge * ratio))
            pixmap.setDevicePixelRatio(ratio)
            pixmap.fill(Qt.GlobalColor.transparent)
            with QPainter(pixmap) as painter:
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                draw(painter, QRectF(0, 0, edge, edge))
            self._pixmaps[full] = pixmap
        return self._pixmaps[full]

    def icon(
        self, name: str, tone: str = "text2", size: float = 16, ratio: float = 1.0, back: str = "surface"
    ) -> QPixmap:
        """An icon of the set in a token colour."""

        def draw(painter: QPainter, rect: QRectF) -> None:
            tint = self.hex(tone)
            body = icon_paths()[name].replace("currentColor", tint).replace("@surface", self.hex(back))
            svg = (
                '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" '
                f'stroke="{tint}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">{body}</svg>'
            )
            QSvgRenderer(QByteArray(svg.encode())).render(painter, rect)

        return self.pixmap(("icon", name, tone, back), size, ratio, draw)
