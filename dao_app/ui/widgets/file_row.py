"""An attached file below a comment: name, size, how much of it is here, and what may be done about it."""

from __future__ import annotations

from PySide6.QtCore import Signal

from dao_app.app.texts import isolate
from dao_app.app.views import AttachedFile
from dao_app.ui.context import Ui
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.evidence import size_text
from dao_app.ui.widgets.glyphs import IconView
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import Box, column, row

BUTTONS = ("fetch", "stop", "preview", "save")


class FileRow(Box):
    """``wanted`` gives one of ``AttachedFile.can``."""

    wanted = Signal(str)

    def __init__(self, ui: Ui, file: AttachedFile) -> None:
        name = Label(ui, weight=600, elide=True)
        name.say(isolate(file.name) or ui.t("attachment.unnamed"))
        about = Label(ui, role="caption", tone="text2", elide=True)
        about.say(about_text(ui, file))
        texts = column(ui, name, about)
        line = row(ui, IconView(ui, "file", "text2", 16, "sunken"), texts, gap=10, margins=(12, 8, 8, 8))
        line.setStretch(1, 1)
        gestures = [gesture for gesture in BUTTONS if gesture in file.can]
        place = row(ui, gap=14) if len(gestures) > 1 else line  # several do not fit beside a name
        for gesture in gestures:
            button = Button(ui, f"attachment.{gesture}", "link" if len(gestures) > 1 else "")
            button.clicked.connect(lambda _=False, gesture=gesture: self.wanted.emit(gesture))
            place.addWidget(button)
        if place is not line:
            place.addStretch(1)
            texts.addLayout(place)
        if "drop" in file.can and "stop" not in file.can:
            away = IconButton(ui, "x", "attachment.drop")
            away.clicked.connect(lambda: self.wanted.emit("drop"))
            line.addWidget(away)
        super().__init__(ui, "well", line)


def about_text(ui: Ui, file: AttachedFile) -> str:
    """Size and state in one line."""
    percent = file.here * 100 // file.size if file.size else 0
    state = ui.t(f"file.state.{file.state}", percent=percent)
    return ui.t("list.joiner").join([size_text(ui, file.size), state]) if file.size else state
