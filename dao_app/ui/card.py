"""The result card: a proven result as a picture, with what leads back to its proof (DESK-6, VOTE-5).

The picture says what the proof file says and proves nothing itself: it names the digest of the file, as
figures and as a QR code. It is painted alike by the window and by the command line, on light ground.
"""

from __future__ import annotations

from datetime import UTC
from fractions import Fraction
from functools import lru_cache

import segno
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter, QTextLayout, QTextOption

from dao_app.app.errors import InputError
from dao_app.app.texts import Texts, isolate
from dao_app.app.views_proofs import ProofView, ResultPart
from dao_app.ui.theme.look import Look, load_fonts
from dao_app.ui.theme.painting import draw_bar, draw_pips, seal

WIDTH, MARGIN = 720, 44  # token pixels
RATIO = 2.0  # device pixels per token pixel
OPTIONS_SHOWN = 8  # a card is looked at, not read
TITLE_LINES = 3
HEAD, OUTCOME, ROW, FOOT = 80, 58, 40, 196  # heights of the parts, ROW of one option
CODE_EDGE = 104
QUIET_MODULES = 2
FIXED = ("yes-no-abstain", "consent")  # methods whose options have names of their own


def card_png(view: ProofView, texts: Texts) -> bytes:
    """The card as a PNG. Raises InputError where the proof is of no result, or does not hold."""
    image = card_image(view, texts)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(data.data())


@lru_cache(maxsize=1)
def _application() -> QGuiApplication | None:
    """Where no window is open: an application without a display, for fonts and painting alone."""
    made = None if QGuiApplication.instance() is not None else QGuiApplication(["guildhall", "-platform", "offscreen"])
    load_fonts()
    return made


def card_image(view: ProofView, texts: Texts) -> QImage:
    if view.result is None or not view.ok:
        raise InputError("card_of_result")
    _application()
    look = Look()
    look.set(theme="light", language=texts.language, scale=100)
    card = _Card(look, texts, view, view.result)
    image = QImage(round(WIDTH * RATIO), round(card.height * RATIO), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(RATIO)
    image.fill(look.color("surface"))
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        card.paint(painter)
    return image


class _Card:
    """Measures, then paints from the top down."""

    def __init__(self, look: Look, texts: Texts, view: ProofView, result: ResultPart) -> None:
        self._look, self._texts, self._view, self._result = look, texts, view, result
        self._title = self._lines(isolate(result.title), TITLE_LINES)
        self._shown = shown_options(result)
        more = look.line("body") if len(result.options) > len(self._shown) else 0
        self._title_height = len(self._title) * look.line("display")
        options = len(self._shown) * ROW + more
        self.height = HEAD + self._title_height + OUTCOME + options + FOOT

    def _lines(self, text: str, most: int) -> list[str]:
        """The text broken to the width, at most so many lines; the last one is cut."""
        look, found, start = self._look, [], 0
        layout = QTextLayout(text, look.font("display", 600))
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        while (line := layout.createLine()).isValid() and len(found) < most:
            line.setLineWidth(WIDTH - 2 * MARGIN)
            start = line.textStart()
            found.append(text[start : start + line.textLength()].strip())
        layout.endLayout()
        if found and start + len(found[-1]) < len(text):
            metrics = look.metrics("display", 600)
            found[-1] = metrics.elidedText(text[start:], Qt.TextElideMode.ElideRight, WIDTH - 2 * MARGIN)
        return found

    def paint(self, painter: QPainter) -> None:
        y = 32.0
        self._text(painter, y, isolate(self._view.name), "body", "text2", 600)
        self._text(painter, y, self._fingerprint(), "mono", "text3", right=True)
        y += 24 + 24
        for line in self._title:
            self._text(painter, y, line, "display", "text", 600)
            y += self._look.line("display")
        y += 12
        self._outcome(painter, y)
        y += 30 + 16
        y = self._options(painter, y) + 16
        turnout = self._texts.t(
            "card.turnout", voted=self._result.voted, voters=self._result.voters,
            share=self._texts.percent(self._result.voted, self._result.voters),
        )  # fmt: skip
        self._text(painter, y, turnout, "body", "text2")
        y += 24 + 12
        painter.fillRect(QRectF(MARGIN, y, WIDTH - 2 * MARGIN, 1), self._look.color("border"))
        self._foot(painter, y + 12)

    def _text(
        self, painter: QPainter, y: float, text: str, role: str, tone: str, weight: int = 0, right: bool = False,
        left: float = MARGIN, width: float = WIDTH - 2 * MARGIN,
    ) -> None:
        look = self._look
        painter.setFont(look.font(role, weight))
        painter.setPen(look.color(tone))
        place = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        shown = look.metrics(role, weight).elidedText(text, Qt.TextElideMode.ElideRight, int(width))
        painter.drawText(QRectF(left, y, width, look.line(role)), place | Qt.AlignmentFlag.AlignVCenter, shown)

    def _outcome(self, painter: QPainter, y: float) -> None:
        look, texts, result = self._look, self._texts, self._result
        painter.drawPixmap(MARGIN, round(y) + 3, seal(look, "final", 24, RATIO))
        word = texts.t(f"tally.outcome.{result.outcome}")
        self._text(painter, y + 1, word, "title", "accent", 600, left=MARGIN + 34)
        about = f"P-{result.number} · {texts.t(f'method.{result.method}')}"
        self._text(painter, y + 4, about, "body", "text2", right=True)

    def _options(self, painter: QPainter, y: float) -> float:
        look, texts, result = self._look, self._texts, self._result
        scores = [Fraction(score) for score in result.scores]
        whole = Fraction(result.valid_power) if result.method in FIXED else max([*scores, Fraction(0)])
        fixed = result.method in FIXED
        for place in self._shown:
            name = texts.t(f"vote.{result.options[place]}") if fixed else isolate(result.options[place])
            won = place + 1 in result.winners or (fixed and scores[place] == max(scores) > 0)
            self._text(painter, y, name, "body", "text", 600 if won else 400, width=WIDTH - 2 * MARGIN - 110)
            self._text(painter, y, texts.score(result.scores[place]), "body", "text", 600, right=True)
            share = float(scores[place] / whole) if whole else 0.0
            bar = QRectF(MARGIN, y + look.line("body") + 2, WIDTH - 2 * MARGIN, 8)
            draw_bar(painter, bar, look, share, True, won, None, 0)
            y += ROW
        if len(result.options) > len(self._shown):
            self._text(painter, y, texts.t("card.more", n=len(result.options) - len(self._shown)), "body", "text2")
            y += look.line("body")
        return y

    def _foot(self, painter: QPainter, y: float) -> None:
        """How final it is, and the way to the proof."""
        look, texts, view = self._look, self._texts, self._view
        room = WIDTH - 2 * MARGIN - CODE_EDGE - 24
        self._text(painter, y, texts.t("card.final", height=view.height), "heading", "text", 600, width=room)
        draw_pips(painter, QRectF(MARGIN, y + 28, 200, 16), look, view.quorum, view.witnesses, view.quorum)
        left = MARGIN + view.witnesses * 14 + 16
        signed = texts.t("card.witnesses", quorum=view.quorum, n=view.witnesses)
        self._text(painter, y + 26, signed, "body", "text2", left=left, width=room - left + MARGIN)
        at = f"{Texts(texts.language, UTC).stamp(view.sealed_ms)} UTC"  # the card is seen in any time zone
        self._text(painter, y + 48, at, "body", "text2", width=room)
        self._text(painter, y + 76, texts.t("card.check"), "caption", "text3", width=room)
        self._text(painter, y + 92, _groups(view.digest), "mono", "text2", width=room)
        self._code(painter, QRectF(WIDTH - MARGIN - CODE_EDGE, y, CODE_EDGE, CODE_EDGE))

    def _code(self, painter: QPainter, room: QRectF) -> None:
        lines = [list(line) for line in segno.make(code_text(self._view), error="m", micro=False).matrix]
        module = room.width() / (len(lines) + 2 * QUIET_MODULES)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.fillRect(room, Qt.GlobalColor.white)
        for y, line in enumerate(lines, QUIET_MODULES):
            for x, dark in enumerate(line, QUIET_MODULES):
                if dark:
                    painter.fillRect(
                        QRectF(room.x() + x * module, room.y() + y * module, module + 0.25, module + 0.25),
                        Qt.GlobalColor.black,
                    )
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)

    def _fingerprint(self) -> str:
        org = self._view.org
        return f"{org[:4]} {org[4:8]} {org[8:12]}"


def shown_options(result: ResultPart) -> list[int]:
    """Places of the options that the card shows, from 0: the winners and those with the highest scores, in order."""
    places = range(len(result.options))
    ranked = sorted(places, key=lambda place: (place + 1 not in result.winners, -Fraction(result.scores[place]), place))
    return sorted(ranked[:OPTIONS_SHOWN])


def code_text(view: ProofView) -> str:
    """What the QR code of a card says: the digest of the proof file."""
    return f"guildhall:proof/{view.digest}"


def _groups(digest: str) -> str:
    """The first 128 bits in groups of four digits: enough to tell two files apart by eye."""
    return " ".join(digest[place : place + 4] for place in range(0, 32, 4))
