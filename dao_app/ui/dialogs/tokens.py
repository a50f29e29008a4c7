"""Transfer, tip and issue: each says what moves, from whom to whom, and who signs, before it is signed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from dao_app.app import views as v
from dao_app.core.limits import MEMO_BYTES_MAX
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.dialogs.tasks import AMOUNT_CHARS_MAX
from dao_app.ui.models import show
from dao_app.ui.widgets.fields import Check, Field, Line, Picker
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import row

TREASURY = "treasury"
_METHODS = {"transfer": "token_transfer", "tip": "token_tip", "issue": "token_issue"}


class MoveDialog(Dialog):
    """``kind``: transfer | tip | issue. The sentence above the button says what will be signed."""

    def __init__(
        self,
        ui: Ui,
        parent: QWidget,
        kind: str,
        members: tuple[v.MemberRow, ...],
        to: str = "",
        done: Callable[[object], None] | None = None,
    ) -> None:
        super().__init__(ui, parent, f"move.{kind}", f"move.{kind}.verb")
        self._kind, self._done = kind, done
        self.to = Picker(ui, "move.to")
        people = [
            (m.person.id, f"{ui.name(m.person)}  {m.person.fingerprint}") for m in members if m.status == "active"
        ]
        if kind != "issue":
            people = [p for p in people if not any(m.person.you and m.person.id == p[0] for m in members)]
        treasury = [(TREASURY, ui.t("party.treasury"))] if kind in ("transfer", "issue") else []
        self.to.offer_plain(treasury + people if kind == "issue" else people + treasury)
        self.to.pick(to)
        self.amount = Line(ui, "move.amount.hint", "move.amount", AMOUNT_CHARS_MAX)
        self.unit = Picker(ui, "move.unit")
        units = ui.org_view.units if ui.org_view else ()
        self.unit.offer_plain([(u.code, f"{u.code} · {ui.unit_name(u.code)}") for u in units])
        self.memo = Line(ui, f"move.{kind}.memo_hint", "move.memo", MEMO_BYTES_MAX)
        self.treasury = Check(ui, "move.from_treasury")
        if kind != "transfer" or not ui.can("treasury.spend"):
            self.treasury.hide()
        self._amount_field = Field(ui, "move.amount", self.amount)
        self.content.addWidget(Field(ui, "move.to", self.to))
        pair = row(ui, self._amount_field, Field(ui, "move.unit", self.unit), gap=16)
        pair.setStretch(0, 1)
        pair.setStretch(1, 1)
        self.content.addLayout(pair)
        self.content.addWidget(Field(ui, "move.memo" if kind != "tip" else "move.reason", self.memo))
        self.content.addWidget(self.treasury)
        self._sentence = Paragraph(ui, weight=600)
        self.content.addWidget(self._sentence)
        self.content.addWidget(Paragraph(ui, "move.when_final", role="caption", tone="text2"))
        for signal in (
            self.amount.textChanged,
            self.to.currentIndexChanged,
            self.unit.currentIndexChanged,
            self.treasury.toggled,
        ):
            signal.connect(lambda *_: self._say())
        self._say()
        self.amount.setFocus()

    def _say(self) -> None:
        ui = self.ui
        amount = f"{self.amount.text().strip() or '…'}\u00a0{self.unit.currentData() or ''}"
        source = ui.t("party.treasury") if self.treasury.isChecked() else ui.t("move.you")
        target = self.to.currentText() or "…"
        self._sentence.say(ui.t(f"move.{self._kind}.sentence", amount=amount, source=source, target=target))

    def accept_now(self) -> None:
        amount = self.amount.text().strip()
        self._amount_field.fault("" if amount else self.ui.t("fault.amount"))
        if not amount or self.to.currentData() is None:
            self.amount.setFocus()
            return
        params: dict[str, object] = {
            "to": self.to.currentData(),
            "amount": amount,
            "unit": self.unit.currentData() or "",
        }
        params["reason" if self._kind == "tip" else "memo"] = self.memo.text().strip()
        if self._kind == "transfer":
            params["from_treasury"] = self.treasury.isChecked()
        self.write(_METHODS[self._kind], self._done, **params)


def describe_move(ui: Ui, row_: v.LedgerRow) -> str:
    """A finished movement in one line, for the notice."""
    return f"{show.ledger_title(ui, row_)}: {show.ledger_amount(ui, row_)}"
