"""Controls in which a ballot is filled in: one kind for each form of ballot (docs/tally-format.md).

Every control has ``value()`` (the ballot, None while there is none to sign), ``preset(value)``, ``changed``,
``choose(place)`` for number keys and ``toggle(place)`` for letter keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QSpinBox, QWidget

from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.fields import Check
from dao_app.ui.widgets.glyphs import KeyChip
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, column, row
from dao_app.ui.widgets.ranking import Ranking, letter

YES_NO = ("yes", "no", "abstain")
STANCES = ("agree", "abstain", "disagree", "object")
SEGMENTS_MAX = 10  # a score up to this is chosen from segments, a larger one is typed
SHARES_MAX = 100  # credits of one option


class BallotBox(QWidget):
    """Base: no number and no letter does anything."""

    changed = Signal()

    def choose(self, place: int) -> bool:
        return False

    def toggle(self, place: int) -> bool:
        return False


class OneOf(BallotBox):
    """Yes, no, abstain; a stance; or one option of several."""

    def __init__(self, ui: Ui, names: tuple[str, ...], options: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._names = names
        self._group = QButtonGroup(self)
        self._buttons: list[Button] = []
        for place, name in enumerate(names or options):
            key = str(place + 1) if place < 9 else ""
            button = Button(ui, f"vote.{name}" if names else "", "choice", key, wide=True, height=32 if names else 34)
            if not names:
                button.say(f"{letter(place)}  {show.title(name)}")
                button.leading = True
            button.clicked.connect(lambda _: self.changed.emit())
            self._group.addButton(button)
            self._buttons.append(button)
        if names and len(names) <= 3:
            layout = column(ui, row(ui, *self._buttons, gap=6))
        elif names:
            half = len(names) // 2
            layout = column(
                ui, row(ui, *self._buttons[:half], gap=6), row(ui, *self._buttons[half:], gap=6), gap=6
            )
        else:
            layout = column(ui, *self._buttons, gap=6)
        self.setLayout(layout)

    def _chosen(self) -> Any:
        place = next((p for p, b in enumerate(self._buttons) if b.isChecked()), None)
        if place is None:
            return None
        return self._names[place] if self._names else place + 1

    def value(self) -> Any:
        chosen = self._chosen()
        return {"stance": chosen} if chosen in STANCES and self._names == STANCES else chosen

    def preset(self, value: Any) -> None:
        if isinstance(value, dict):
            value = value.get("stance")
        if isinstance(value, str) and value in self._names:
            self._buttons[self._names.index(value)].setChecked(True)
        elif type(value) is int and 0 < value <= len(self._buttons):
            self._buttons[value - 1].setChecked(True)

    def choose(self, place: int) -> bool:
        if 0 <= place < len(self._buttons) and self._buttons[place].isEnabled():
            self._buttons[place].click()
            return True
        return False


class Several(BallotBox):
    """Approve any; none is a valid blank."""

    def __init__(self, ui: Ui, options: tuple[str, ...]) -> None:
        super().__init__()
        self._checks: list[Check] = []
        lines: list[QWidget] = []
        for place, option in enumerate(options):
            check = Check(ui)
            check.say(show.title(option))
            check.toggled.connect(lambda _: self.changed.emit())
            self._checks.append(check)
            line = row(ui, check, KeyChip(ui, letter(place)), gap=8, margins=(10, 3, 10, 3))
            line.setStretch(0, 1)
            lines.append(Box(ui, "card", line))
        self.setLayout(column(ui, *lines, gap=6))

    def value(self) -> Any:
        return [place + 1 for place, check in enumerate(self._checks) if check.isChecked()]

    def preset(self, value: Any) -> None:
        for place, check in enumerate(self._checks):
            check.setChecked(isinstance(value, list) and place + 1 in value)

    def toggle(self, place: int) -> bool:
        if 0 <= place < len(self._checks) and self._checks[place].isEnabled():
            self._checks[place].click()
            return True
        return False


class Segments(QWidget):
    """A whole number from 0 in segments; ←→ or a digit chooses, Backspace takes it back."""

    changed = Signal()

    def __init__(self, ui: Ui, most: int, name: str) -> None:
        super().__init__()
        self._ui, self._most, self._name = ui, most, name
        self.number: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.relook()

    def relook(self) -> None:
        look = self._ui.look
        self.setFixedSize(look.px(26) * (self._most + 1), look.px(26))
        self._speak()
        self.update()

    def set_number(self, number: int | None) -> None:
        self.number = number
        self._speak()
        self.update()

    def _speak(self) -> None:
        value = self._ui.t("vote.no_mark") if self.number is None else str(self.number)
        self.setAccessibleName(f"{self._name}: {value}")

    def _pick(self, number: int | None) -> None:
        if self.isEnabled() and number != self.number:
            self.set_number(number)
            self.changed.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt)
        place = int(event.position().x() * (self._most + 1) // max(self.width(), 1))
        number = min(max(place, 0), self._most)
        self._pick(None if number == self.number else number)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt)
        key, now = event.key(), -1 if self.number is None else self.number
        if key == Qt.Key.Key_Right:
            self._pick(min(now + 1, self._most))
        elif key == Qt.Key.Key_Left and now >= 0:
            self._pick(now - 1 if now else None)
        elif key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self._pick(None)
        elif event.text().isdigit() and event.text().isascii() and int(event.text()) <= self._most:
            self._pick(int(event.text()))
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 (Qt)
        look = self._ui.look
        width, height = self.width() / (self._most + 1), self.height()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            frame = self.rect().adjusted(1, 1, -1, -1)
            painter.setBrush(look.color("raised"))
            focused = self.hasFocus()
            painter.setPen(QPen(look.color("focus" if focused else "borderStrong"), 2 if focused else 1))
            painter.drawRoundedRect(frame, look.px(5), look.px(5))
            for number in range(self._most + 1):
                left = round(number * width)
                box = self.rect().adjusted(left, 0, left + round(width) - self.width(), 0)
                chosen = number == self.number
                if chosen:
                    painter.setPen(Qt.PenStyle.NoPen)
                    painter.setBrush(look.color("accent"))
                    painter.drawRect(box.adjusted(1, 2, -1, -2))
                elif number:
                    painter.setPen(QPen(look.color("border"), 1))
                    painter.drawLine(left, look.px(4), left, height - look.px(4))
                painter.setFont(look.font("body", 600 if chosen else 400))
                painter.setPen(look.color("onAccent" if chosen else "text"))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))


class Stepper(QWidget):
    """− n +; typed, stepped by keys or by the buttons."""

    changed = Signal()

    def __init__(self, ui: Ui, most: int, name: str) -> None:
        super().__init__()
        self._ui = ui
        self.field = QSpinBox()
        self.field.setProperty("box", "stepper")
        self.field.setRange(0, most)
        self.field.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.field.setAccessibleName(name)
        self.field.valueChanged.connect(lambda _: self.changed.emit())
        less, more = IconButton(ui, "minus", "vote.less"), IconButton(ui, "plus", "vote.more")
        for button in (less, more):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        less.clicked.connect(lambda: self.field.stepBy(-1))
        more.clicked.connect(lambda: self.field.stepBy(1))
        self.setLayout(row(ui, less, self.field, more, gap=2))
        self.relook()

    def relook(self) -> None:
        self.field.setFont(self._ui.look.font("body", 600))
        self.field.setFixedSize(self._ui.look.px(52), self._ui.look.px(28))

    def sizeHint(self) -> QSize:  # noqa: N802 (Qt)
        return QSize(self._ui.look.px(120), self._ui.look.px(30))


class Marks(BallotBox):
    """A mark for each option; an option without one counts 0."""

    def __init__(self, ui: Ui, options: tuple[str, ...], most: int) -> None:
        super().__init__()
        self._controls: list[Segments | Stepper] = []
        lines: list[QWidget] = [Paragraph(ui, "vote.marks.help", role="caption", tone="text3")]
        for option in options:
            control: Segments | Stepper
            name = show.title(option)
            control = Segments(ui, most, name) if most <= SEGMENTS_MAX else Stepper(ui, most, name)
            control.changed.connect(self.changed)
            self._controls.append(control)
            caption = Label(ui, elide=True)
            caption.say(name)
            if most <= 5:
                line = row(ui, caption, control, gap=10)
                line.setStretch(0, 1)
                holder = Box(ui, "plain", line)
            else:
                holder = Box(ui, "plain", column(ui, caption, 3, row(ui, control, None)))
            lines.append(holder)
        self.setLayout(column(ui, *lines, gap=7))

    def value(self) -> Any:
        marks: dict[str, int] = {}
        for place, control in enumerate(self._controls, 1):
            if isinstance(control, Segments):
                if control.number is not None:
                    marks[str(place)] = control.number
            elif control.field.value():
                marks[str(place)] = control.field.value()
        return marks or None

    def preset(self, value: Any) -> None:
        marks: Mapping[str, Any] = value if isinstance(value, dict) else {}
        for place, control in enumerate(self._controls, 1):
            mark = marks.get(str(place))
            if isinstance(control, Segments):
                control.set_number(mark if type(mark) is int else None)
            else:
                control.field.setValue(mark if type(mark) is int else 0)


class Shares(BallotBox):
    """Credits on several options; only their proportion counts. ``roots``: their square roots are what counts."""

    def __init__(self, ui: Ui, options: tuple[str, ...], roots: bool) -> None:
        super().__init__()
        self._ui = ui
        self._kept: dict[str, Any] | None = None  # a ballot with shares that are no whole credits
        self._steppers: list[Stepper] = []
        self._parts: list[Label] = []
        help_key = "vote.shares.help_roots" if roots else "vote.shares.help"
        lines: list[QWidget] = [Paragraph(ui, help_key, role="caption", tone="text3")]
        for option in options:
            caption, part = Label(ui, elide=True), Label(ui, role="caption", tone="text2")
            caption.say(show.title(option))
            stepper = Stepper(ui, SHARES_MAX, show.title(option))
            stepper.changed.connect(self._stepped)
            self._steppers.append(stepper)
            self._parts.append(part)
            line = row(ui, caption, part, stepper, gap=10)
            line.setStretch(0, 1)
            lines.append(Box(ui, "plain", line))
        self.setLayout(column(ui, *lines, gap=5))
        self._say()

    def _stepped(self) -> None:
        self._kept = None
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        total = sum(stepper.field.value() for stepper in self._steppers)
        for stepper, part in zip(self._steppers, self._parts, strict=True):
            part.say(self._ui.texts.percent(stepper.field.value(), total) if total else "")

    def value(self) -> Any:
        if self._kept is not None:
            return self._kept
        shares = {str(n): s.field.value() for n, s in enumerate(self._steppers, 1) if s.field.value()}
        return shares or None

    def preset(self, value: Any) -> None:
        shares = value if isinstance(value, dict) else {}
        for number, stepper in enumerate(self._steppers, 1):
            share = shares.get(str(number), 0)
            stepper.field.blockSignals(True)
            stepper.field.setValue(share if type(share) is int and 0 <= share <= SHARES_MAX else 0)
            stepper.field.blockSignals(False)
        whole = all(type(share) is int and share <= SHARES_MAX for share in shares.values())
        self._kept = dict(shares) if shares and not whole else None
        self._say()


class Ranked(BallotBox):
    """An order of options; below the line are those that are not acceptable."""

    def __init__(self, ui: Ui, options: tuple[str, ...], complete: bool, tiers: bool) -> None:
        super().__init__()
        self._tiers, self._complete, self._count = tiers, complete, len(options)
        help_key = "vote.rank.help_tiers" if tiers else "vote.rank.help_all" if complete else "vote.rank.help"
        self.list = Ranking(ui, options, tiers)
        self.list.changed.connect(self.changed)
        self.setLayout(column(ui, Paragraph(ui, help_key, role="caption", tone="text3"), self.list, gap=6))

    def value(self) -> Any:
        tiers = self.list.ranked()
        if not tiers or (self._complete and sum(map(len, tiers)) < self._count):
            return None
        return tiers if self._tiers else [number for tier in tiers for number in tier]

    def preset(self, value: Any) -> None:
        rows = value if isinstance(value, list) else []
        self.list.set_ranked([list(tier) if isinstance(tier, list) else [tier] for tier in rows])

    def choose(self, place: int) -> bool:
        return self.list.isEnabled() and self.list.rank_next(place)


def ballot_for(ui: Ui, method: str, options: tuple[str, ...], parameters: Mapping[str, Any]) -> BallotBox:
    """The control for a method's ballot."""
    if method == "yes-no-abstain":
        return OneOf(ui, YES_NO)
    if method == "consent":
        return OneOf(ui, STANCES)
    if method == "single":
        return OneOf(ui, (), options)
    if method == "approval":
        return Several(ui, options)
    if method == "score":
        return Marks(ui, options, int(parameters.get("max", 5)))
    if method in ("weighted", "quadratic"):
        return Shares(ui, options, method == "quadratic")
    complete = method == "copeland" or bool(parameters.get("complete"))
    return Ranked(ui, options, complete, method == "schulze")
