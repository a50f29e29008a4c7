"""One reward round: sharing out points, then the computation line by line; one matching pool: its projects."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from dao_app.app import views_rewards as r
from dao_app.app.errors import GuildhallError
from dao_app.app.texts import isolate
from dao_app.app.views_parts import AmountView
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import ConfirmDialog
from dao_app.ui.dialogs.rewards import GiveDialog
from dao_app.ui.markdown import MarkdownView
from dao_app.ui.models import show, show_rewards
from dao_app.ui.models.rows import ViewModel
from dao_app.ui.pages.base import Facts, Pane, section_head
from dao_app.ui.widgets.buttons import KEY_SIGN, Button
from dao_app.ui.widgets.fields import Line
from dao_app.ui.widgets.glyphs import Bar, SealView
from dao_app.ui.widgets.labels import Label, Paragraph
from dao_app.ui.widgets.layout import Box, clear, column, divider, row, scrolling
from dao_app.ui.widgets.points import PointsSheet
from dao_app.ui.widgets.rows import Col, RowDelegate, RowList

LINE_COLUMNS = (Col(), Col(width=120, right=True))
GIFT_COLUMNS = (Col(), Col(width=60, right=True))


class PoolPane(Pane):
    """What rounds and pools share: head, facts, text, cancelling."""

    link_opened = Signal(str)
    METHOD = ""

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._title = Paragraph(ui, role="heading")
        self._lines = {name: Label(ui, elide=True) for name in ("amount", "payer", "opener", "closes", "policy")}
        self._state, self._waits = SealView(ui), Paragraph(ui, role="caption", tone="provisional")
        self._facts = Facts(ui)
        for name, label in self._lines.items():
            self._facts.add(f"round.fact.{name}", label)
        self._facts.add("fact.state", self._state, None)
        self._facts.add("fact.waits", self._waits)
        self._text = MarkdownView(ui, "text2")
        self._text.link.connect(self.link_opened)
        self._cancel = Button(ui, "round.cancel", "danger")
        self._cancel.clicked.connect(self.cancel)
        self.link.hide()

    def head(self, row_: r.RoundRow | r.MatchRow, text: str | None, policy: str) -> None:
        ui = self._ui
        self.name.say(show_rewards.pool_name(ui, row_))
        self.chip.say(ui.t(f"round.status.{row_.status}"), show_rewards.ROUND_CHIPS.get(row_.status, ""))
        self._title.say(show.title(row_.title))
        closes = ui.texts.until(row_.closes_ms, ui.now_ms()) if row_.closes_ms is not None else ""
        for name, said in (
            ("amount", ui.texts.amount(row_.amount)), ("payer", show_rewards.party(ui, row_.payer, None)),
            ("opener", ui.name_you(row_.opener)), ("closes", closes), ("policy", policy),
        ):  # fmt: skip
            self._lines[name].say(said)
            self._facts.show_line(f"round.fact.{name}", bool(said))
        self._state.show_stamp(row_.stamp)
        self._facts.show_waits(ui, row_.stamp, self._waits)
        self._text.show_text(text or "")
        self._text.setVisible(bool(text))
        self._cancel.setVisible("cancel" in row_.can)

    def cancel(self) -> None:
        """Ask, then take it back."""

    def ask_cancel(self, title: str, done: Callable[[object], None], **which: object) -> None:
        def act(dialog: ConfirmDialog) -> None:
            dialog.write(self.METHOD, done, **which)

        facts = [("contribution.title", show.title(title))]
        ConfirmDialog(
            self._ui, self.window(), "round.cancel", "round.cancel.text", "round.cancel.verb", facts, act
        ).open()


class RoundPane(PoolPane):
    """Points are shared out here; whom one gave is open to all, and the pane says so."""

    METHOD = "round_cancel"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._detail: r.RoundDetail | None = None
        self._touched = False  # what is on the sheet was changed here and not signed
        self._intro, self._open_gifts = Paragraph(ui, tone="text2"), Paragraph(ui, "round.who_sees", "caption", "text2")
        self.sheet = PointsSheet(ui)
        self.sheet.changed.connect(self._changed)
        self.note = Line(ui, "round.note.hint", "round.note")
        self.note.textEdited.connect(lambda _: self._changed())
        self._give_box = QWidget()
        self._give_box.setLayout(
            column(ui, self._intro, 8, self.sheet, 8, self.note, 6, self._open_gifts, 4, divider(), 8)
        )
        self._shared = Label(ui, role="caption", tone="text2", elide=True)
        self._lines_note = Label(ui, role="caption", tone="text3")
        model = ViewModel(lambda line: line.person.id, partial(show_rewards.describe_line, ui), self)
        delegate = RowDelegate(ui, LINE_COLUMNS, partial(show_rewards.line_cells, ui), height=48, pad=0)
        self.lines = RowList(ui, model, delegate, "round.computed", fit=True)
        gifts = ViewModel(lambda g: g.giver.id + g.receiver.id, partial(show_rewards.describe_gift, ui), self)
        gift_delegate = RowDelegate(ui, GIFT_COLUMNS, partial(show_rewards.gift_cells, ui), height=40, pad=0)
        self.gifts = RowList(ui, gifts, gift_delegate, "round.gifts", fit=True)
        self._lines_box, self._gifts_box = QWidget(), QWidget()
        self._lines_head = Label(ui, weight=600)
        self._lines_box.setLayout(
            column(ui, row(ui, self._lines_head, self._lines_note, None, gap=8), self.lines, 10, gap=4)
        )
        self._notes = column(ui, gap=4)
        self._gifts_box.setLayout(column(ui, section_head(ui, "round.gifts"), self.gifts, self._notes, gap=4))
        self._nothing = Paragraph(ui, tone="text3")
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui, self._title, 10, self._facts, 8, self._text, 8, divider(), 10, self._give_box, self._shared, 6,
                self._nothing, self._lines_box, self._gifts_box, None, margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        self.body.addWidget(scrolling(content))
        self.sign_button = Button(ui, "round.sign", "primary", KEY_SIGN)
        self.sign_button.clicked.connect(self.sign)
        self._even = Button(ui, "round.even", "ghost")
        self._even.clicked.connect(self.sheet.split_evenly)
        self._foot = Box(
            ui, "bottom", row(ui, self.sign_button, self._even, None, self._cancel, margins=(20, 10, 20, 10))
        )
        self.foot(self._foot)

    # -- data ----------------------------------------------------------------------------------
    def load(self, round_: str) -> None:
        if self._detail is not None and self._detail.row.id != round_:
            self._touched = False
        self._ui.ask(self, "round_show", self.show_round, round=round_)

    def reload(self) -> None:
        if self._detail is not None:
            self.load(self._detail.row.id)

    def forget(self) -> None:
        self._detail, self._touched = None, False

    def render_again(self) -> None:
        if self._detail is not None:
            self.show_round(self._detail)
            self.sheet.render_again()

    def show_round(self, detail: r.RoundDetail) -> None:
        ui, row_ = self._ui, detail.row
        self._detail = detail
        self.head(row_, detail.text, show_rewards.policy(ui, row_))
        gives = "give" in row_.can and row_.status == "open"
        self._intro.say(ui.t("round.intro", points=row_.points, amount=ui.texts.amount(row_.amount)))
        self._give_box.setVisible(gives)
        if gives and not self._touched:
            mine = {g.receiver.id: g.points for g in detail.gifts if g.giver.you}
            self.sheet.offer([p for p in detail.receivers if not p.you], row_.points, mine)
            self.note.setText(next((isolate(g.note)[1:-1] for g in detail.givers if g.person.you and g.note), ""))
        self._shared.say(ui.t("round.gave", n=row_.gave))
        self._shared.setVisible(row_.kind != "points")
        self._show_result(detail)
        self.sign_button.setVisible(gives)
        self._even.setVisible(gives)
        self._foot.setVisible(gives or "cancel" in row_.can)
        self._changed(False)

    def _show_result(self, detail: r.RoundDetail) -> None:
        ui, row_ = self._ui, detail.row
        live = row_.status in ("open", "closing")
        self._lines_head.say(ui.t("round.computed_now" if live else "round.computed"))
        total = sum(line.payout.minor for line in detail.lines)
        paid = AmountView(row_.amount.unit, total, row_.amount.decimals)
        self._lines_note.say(ui.texts.amount(paid) if detail.lines else "")
        self.lines.rows.set_rows(detail.lines)
        self.gifts.rows.set_rows(detail.gifts)
        self._lines_box.setVisible(bool(detail.lines))
        self._gifts_box.setVisible(bool(detail.gifts))
        clear(self._notes)
        for giver in detail.givers:
            if giver.note or giver.burned:
                line = Paragraph(ui, role="caption", tone="text2")
                burned = ui.t("round.burned", n=giver.burned) if giver.burned else ""
                note = isolate(giver.note or "")
                line.say(" · ".join(p for p in (ui.name_you(giver.person), note, burned) if p))
                self._notes.addWidget(line)
        empty = not detail.lines and not detail.gifts
        self._nothing.setVisible(empty)
        self._nothing.say(ui.t("round.nothing" if live else f"round.nothing.{row_.status}"))

    def _changed(self, touched: bool = True) -> None:
        self._touched = self._touched or touched
        self.sign_button.setEnabled(self._touched)

    # -- gestures ------------------------------------------------------------------------------
    def sign(self) -> bool:
        """Sign what stands on the sheet; False where there is nothing to sign."""
        if self._detail is None or self._give_box.isHidden() or not self._touched:
            return False
        ui, row_, gifts = self._ui, self._detail.row, self.sheet.gifts()
        note = self.note.text().strip()
        self._touched = False
        self._changed(False)

        def back(error: GuildhallError) -> None:
            self._touched = True
            self._changed()
            ui.failed.emit(error)

        ui.hold(
            ui.t("round.held", n=self.sheet.total(), title=show.title(row_.title)),
            lambda: ui.write(
                self, "round_give", lambda _: self.reload(), back, round=row_.id, gifts=gifts, note=note
            ),
            undo=self._changed,
            deadline_ms=row_.closes_ms,
        )
        return True

    def cancel(self) -> None:
        if self._detail is not None and "cancel" in self._detail.row.can:
            self.ask_cancel(self._detail.row.title, lambda _: self.reload(), round=self._detail.row.id)

    def keys(self) -> dict[str, Callable[[], None]]:
        return {}


class MatchPane(PoolPane):
    """A matching pool."""

    METHOD = "match_cancel"

    def __init__(self, ui: Ui) -> None:
        super().__init__(ui)
        self._detail: r.MatchDetail | None = None
        self._intro = Paragraph(ui, "match.intro", tone="text2")
        self._projects = column(ui, gap=12)
        content = QWidget()
        content.setProperty("box", "surface")
        content.setLayout(
            column(
                ui, self._title, 10, self._facts, 8, self._text, 8, divider(), 10, self._intro, 12, self._projects,
                None, margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        self.body.addWidget(scrolling(content))
        self._foot = Box(ui, "bottom", row(ui, self._cancel, None, margins=(20, 10, 20, 10)))
        self.foot(self._foot)

    def load(self, match: str) -> None:
        self._ui.ask(self, "match_show", self.show_match, match=match)

    def reload(self) -> None:
        if self._detail is not None:
            self.load(self._detail.row.id)

    def forget(self) -> None:
        self._detail = None

    def render_again(self) -> None:
        if self._detail is not None:
            self.show_match(self._detail)

    def show_match(self, detail: r.MatchDetail) -> None:
        ui, row_ = self._ui, detail.row
        self._detail = detail
        mode = ui.t(f"match.mode.{row_.mode}")
        bound = ui.t("match.bound_at", amount=ui.texts.amount(row_.bound)) if row_.bound is not None else ""
        self.head(row_, detail.text, " · ".join(p for p in (mode, bound) if p))
        clear(self._projects)
        for project in row_.projects:
            self._projects.addWidget(self._project(row_, project))
        self._foot.setVisible("cancel" in row_.can)

    def _project(self, match: r.MatchRow, project: r.ProjectRow) -> QWidget:
        ui = self._ui
        title, receiver = Label(ui, weight=600, elide=True), Label(ui, role="caption", tone="text2", elide=True)
        title.say(show.title(project.title))
        receiver.say(ui.t("match.for", name=show_rewards.party(ui, project.receiver, project.receiver_person)))
        given, matched = Label(ui, role="caption", elide=True), Label(ui, role="caption", tone="text2", elide=True)
        given.say(ui.t("match.given", n=project.backers, amount=ui.texts.amount(project.given)))
        live = match.status in ("open", "closing")
        key = "match.would_pay" if live else "match.paid"
        matched.say(ui.t(key, amount=ui.texts.amount(project.payout)))
        bar = Bar(ui)
        whole = max(match.amount.minor, 1)
        bar.show_share(project.payout.minor / whole, matched.text(), final=not live, leading=True)
        texts = column(ui, title, receiver)
        head = row(ui, texts, gap=8)
        head.setStretch(0, 1)
        mine = project.receiver_person is not None and project.receiver_person.you
        if "give" in match.can and not mine:
            give = Button(ui, "match.give")
            give.clicked.connect(lambda: self.give(project))
            head.addWidget(give)
        return Box(ui, "card", column(ui, head, given, bar, matched, gap=4, margins=(14, 10, 14, 10)))

    def give(self, project: r.ProjectRow) -> None:
        if self._detail is not None and "give" in self._detail.row.can:
            GiveDialog(self._ui, self.window(), self._detail.row, project, lambda _: self.reload()).open()

    def cancel(self) -> None:
        if self._detail is not None and "cancel" in self._detail.row.can:
            self.ask_cancel(self._detail.row.title, lambda _: self.reload(), match=self._detail.row.id)
