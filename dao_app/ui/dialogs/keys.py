"""All keys, by where they act."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.widgets.glyphs import KeyChip
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import column, row, scrolling
from dao_app.ui.widgets.sidebar import PAGES

# Section (catalogue key) → keys as on the caps, and what they do.
KEY_HELP: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("keys.everywhere", (
        ("Ctrl K  /", "keys.palette"),
        ("G " + " ".join(cap for _, _, cap in PAGES), "keys.go"),
        ("J K ↑ ↓", "keys.move"),
        ("Enter", "keys.open"),
        ("Esc", "keys.close"),
        ("N", "keys.new"),
        ("C", "keys.comment"),
        ("@", "keys.mention"),
        ("I", "keys.invite"),
        ("Ctrl ↵", "keys.sign"),
        ("Ctrl Z", "keys.undo"),
        ("Alt ←", "keys.back"),
        ("Ctrl + − 0", "keys.scale"),
        ("?  F1", "keys.help"),
    )),
    ("page.today", (("V", "keys.vote"),)),
    ("page.tasks", (
        ("B L M", "keys.views"),
        ("F", "keys.filter"),
        ("← →", "keys.columns"),
        ("Ctrl ← →", "keys.carry"),
        ("Pg↑ Pg↓ Home", "keys.month"),
        ("P", "keys.publish"),
        ("A", "keys.claim"),
        ("W", "keys.start"),
        ("S", "keys.submit"),
        ("Y R X", "keys.review"),
        ("D", "keys.dispute"),
        ("E", "keys.edit"),
        ("U", "keys.unassign"),
    )),
    ("page.proposals", (
        ("V", "keys.vote"),
        ("1 … 9  A … Z", "keys.choose"),
        ("Alt ↑ ↓  =", "keys.rank"),
        ("D", "keys.powers"),
        ("S", "keys.second"),
        ("E", "keys.revise"),
        ("X", "keys.execute"),
    )),
    ("page.contributions", (
        ("E", "keys.endorse"),
        ("D", "keys.dispute"),
        ("V", "keys.value"),
        ("T", "keys.table"),
    )),
    ("page.treasury", (("P", "keys.tip"),)),
    ("page.people", (("F", "keys.filter"), ("P", "keys.tip"), ("D", "keys.delegate"))),
    ("page.charter", (("E", "keys.amend"),)),
    ("page.trust", (("Y", "keys.verify"),)),
)  # fmt: skip


class KeysDialog(Dialog):
    """All keys."""

    WIDTH = 520

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(ui, parent, "keys.title", signed=False)
        lines = column(ui, gap=5)
        for number, (section, keys) in enumerate(KEY_HELP):
            if number:
                lines.addSpacing(ui.look.px(10))
            lines.addWidget(Label(ui, section, weight=600))
            for key, text in keys:
                line = row(ui, Label(ui, text, elide=True), KeyChip(ui, key), gap=12)
                line.setStretch(0, 1)
                lines.addLayout(line)
        holder = QWidget()
        holder.setProperty("box", "raised")
        holder.setLayout(column(ui, lines, None, margins=(0, 0, 10, 0)))
        area = scrolling(holder, ui.t("keys.title"))
        area.setMinimumHeight(ui.look.px(460))
        self.content.addWidget(area)
