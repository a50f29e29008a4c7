"""Open a reward round or a matching pool, give to a project, record a payment made outside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QSpinBox, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app import views_rewards as r
from dao_app.core.limits import CURRENCY_BYTES_MAX, MEMO_BYTES_MAX, PERIODS_MAX
from dao_app.core.rules.rounds import KINDS, POLICIES
from dao_app.ui.context import Ui
from dao_app.ui.dialogs.base import Dialog
from dao_app.ui.dialogs.tasks import AMOUNT_CHARS_MAX
from dao_app.ui.models import show
from dao_app.ui.widgets.fields import Area, Field, Line, Picker
from dao_app.ui.widgets.labels import Paragraph
from dao_app.ui.widgets.layout import row

DAY_S = 86_400
WINDOWS = [(str(3 * DAY_S), "period.days3"), (str(7 * DAY_S), "period.week"), (str(30 * DAY_S), "period.month")]
DISCOUNT = 20  # percent, where nothing else is chosen
DATE_CHARS = 10
PROJECT_LINES = 3


class Number(QSpinBox):
    """A whole number in our type and height."""

    def __init__(self, ui: Ui, name: str, least: int, most: int, value: int) -> None:
        super().__init__()
        self._ui, self._name = ui, name
        self.setRange(least, most)
        self.setValue(value)
        self.relook()

    def relook(self) -> None:
        self.setFont(self._ui.look.font("body"))
        self.setFixedHeight(self._ui.look.px(32))
        self.setAccessibleName(self._ui.t(self._name))


class PoolDialog(Dialog):
    """What opening a round and opening a pool share: title, amount, account, time."""

    def __init__(self, ui: Ui, parent: QWidget, title: str, verb: str, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, title, verb)
        self._done = done
        self.title = Line(ui, f"{title}.hint", "contribution.title")
        self.text = Area(ui, f"{title}.text_hint", "contribution.text", lines=2)
        self.amount = Line(ui, "move.amount.hint", "move.amount", AMOUNT_CHARS_MAX)
        self.payer, self.window_ = Picker(ui, "round.payer"), Picker(ui, "round.window")
        self.payer.offer([("treasury", "party.treasury")])
        self.window_.offer(WINDOWS)
        self.window_.pick(str(7 * DAY_S))
        self._title_field = Field(ui, "contribution.title", self.title)
        self._amount_field = Field(ui, "move.amount", self.amount)
        ui.ask(self, "department_list", self._offer_departments)

    def build_money(self) -> None:
        ui = self.ui
        self.content.addWidget(self._title_field)
        self.content.addWidget(Field(ui, "contribution.text", self.text))
        self.content.addLayout(self.pair(self._amount_field, Field(ui, "round.payer", self.payer)))
        self.title.setFocus()

    def pair(self, left: QWidget, right: QWidget) -> Any:
        """Two fields side by side, of equal width."""
        both = row(self.ui, left, right, gap=16)
        both.setStretch(0, 1)
        both.setStretch(1, 1)
        return both

    def _offer_departments(self, rows: tuple[g.DepartmentRow, ...]) -> None:
        open_ = [d for d in rows if d.active]
        names = [(f"department:{d.id}", "  " * d.depth + show.title(d.name)) for d in open_]
        self.payer.offer_plain([("treasury", self.ui.t("party.treasury")), *names])
        self.departments_came([(f"department:{d.id}", show.title(d.name)) for d in open_])

    def departments_came(self, names: list[tuple[str, str]]) -> None:
        """Departments are known now."""

    def common(self) -> dict[str, object] | None:
        """The arguments that both share; None where something is missing, which is then marked."""
        title, amount = self.title.text().strip(), self.amount.text().strip()
        self._title_field.fault("" if title else self.ui.t("fault.title"))
        self._amount_field.fault("" if amount else self.ui.t("fault.amount"))
        if not title or not amount:
            self.fit()
            return None
        return {
            "title": title, "amount": amount, "unit": self.ui.unit, "text": self.text.text(),
            "payer": self.payer.currentData(), "window_s": int(self.window_.currentData()),
        }  # fmt: skip


class RoundDialog(PoolDialog):
    """Set a budget aside and say how it is shared."""

    def __init__(
        self, ui: Ui, parent: QWidget, members: Sequence[v.MemberRow], points: int, done: Callable[[object], None]
    ) -> None:
        super().__init__(ui, parent, "round.new", "round.new.verb", done)
        self.kind, self.policy, self.who = Picker(ui, "round.by"), Picker(ui, "round.policy"), Picker(ui, "round.who")
        self.to = Picker(ui, "round.special_to")
        self.kind.offer([(kind, f"round.kind.{kind}") for kind in KINDS])
        self.policy.offer([(one, f"round.policy_name.{one}") for one in POLICIES])
        self.who.offer([("", "round.who.all")])
        self.to.offer_plain([(m.person.id, ui.name(m.person)) for m in members if m.status == "active"])
        self.points = Number(ui, "round.points", 1, 1_000_000, points)
        self.look = Number(ui, "round.look", 1, PERIODS_MAX, 1)
        self._points_field = Field(ui, "round.points", self.points)
        self._look_field = Field(ui, "round.look", self.look)
        self._to_field = Field(ui, "round.special_to", self.to)
        self._about = Paragraph(ui, role="caption", tone="text2")
        self.build_money()
        self.content.addLayout(self.pair(Field(ui, "round.by", self.kind), Field(ui, "round.policy", self.policy)))
        self.content.addWidget(self._about)
        self.content.addLayout(self.pair(Field(ui, "round.who", self.who), Field(ui, "round.window", self.window_)))
        self.content.addLayout(self.pair(self._points_field, self._look_field))
        self.content.addWidget(self._to_field)
        self.kind.currentIndexChanged.connect(lambda _: self._arrange())
        self.policy.currentIndexChanged.connect(lambda _: self._arrange())
        self._arrange()

    def departments_came(self, names: list[tuple[str, str]]) -> None:
        self.who.offer_plain([("", self.ui.t("round.who.all")), *names])

    def _arrange(self) -> None:
        policy = str(self.policy.currentData())
        special = policy == "special"
        self.kind.setEnabled(not special)
        if special:
            self.kind.pick("points")
        self._points_field.setVisible(self.kind.currentData() != "points")
        self._look_field.setVisible(policy in ("immediate", "recent"))
        self._look_field.rename("round.look" if policy == "immediate" else "round.discount")
        self.look.setRange(1, PERIODS_MAX if policy == "immediate" else 100)
        if policy == "recent" and self.look.value() == 1:
            self.look.setValue(DISCOUNT)
        elif policy == "immediate" and self.look.value() == DISCOUNT:
            self.look.setValue(1)
        self._to_field.setVisible(special)
        self._about.say_key(f"round.policy_about.{policy}")
        self.fit()

    def accept_now(self) -> None:
        common = self.common()
        if common is None:
            return
        policy = str(self.policy.currentData())
        who = str(self.who.currentData() or "")
        scope = [who] if who else []
        self.write(
            "round_open", self._done, **common, kind=self.kind.currentData(), policy=policy,
            look=self.look.value() if policy in ("immediate", "recent") else 0, points=self.points.value(),
            to=str(self.to.currentData() or "") if policy == "special" else "", givers=scope, receivers=scope,
        )  # fmt: skip


class MatchDialog(PoolDialog):
    """Set a pool aside for projects."""

    def __init__(self, ui: Ui, parent: QWidget, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "match.new", "match.new.verb", done)
        self.projects = Area(ui, "match.projects.hint", "match.projects", lines=PROJECT_LINES)
        self.mode = Picker(ui, "match.mode")
        self.mode.offer([("fill", "match.mode.fill"), ("scale-down", "match.mode.scale-down")])
        self.bound = Line(ui, "match.bound.hint", "match.bound", AMOUNT_CHARS_MAX)
        self._projects_field = Field(ui, "match.projects", self.projects, "match.projects.help")
        self.build_money()
        self.content.addWidget(self._projects_field)
        self.content.addLayout(self.pair(Field(ui, "match.mode", self.mode), Field(ui, "round.window", self.window_)))
        self.content.addWidget(Field(ui, "match.bound", self.bound, "match.bound.help"))

    def accept_now(self) -> None:
        rows = []
        for line in self.projects.text().split("\n"):
            name, equals, receiver = line.rpartition("=")
            if line.strip() and (not equals or not name.strip() or not receiver.strip()):
                self._projects_field.fault(self.ui.t("fault.project", line=line.strip()))
                self.fit()
                return
            if line.strip():
                rows.append((name.strip(), receiver.strip()))
        self._projects_field.fault("" if rows else self.ui.t("fault.projects"))
        common = self.common()
        if common is not None and rows:
            self.write(
                "match_open", self._done, **common, projects=rows, mode=self.mode.currentData(),
                bound=self.bound.text().strip(),
            )  # fmt: skip


class GiveDialog(Dialog):
    """Give from one's own balance to a project of a pool."""

    def __init__(
        self, ui: Ui, parent: QWidget, match: r.MatchRow, project: r.ProjectRow, done: Callable[[object], None]
    ) -> None:
        super().__init__(ui, parent, "match.give", "match.give.verb")
        self._match, self._project, self._done = match, project, done
        self.amount = Line(ui, "move.amount.hint", "move.amount", AMOUNT_CHARS_MAX)
        self.memo = Line(ui, "move.tip.memo_hint", "move.memo", MEMO_BYTES_MAX)
        self._field = Field(ui, "move.amount", self.amount)
        self.content.addWidget(self._field)
        self.content.addWidget(Field(ui, "move.memo", self.memo))
        self._sentence = Paragraph(ui, weight=600)
        self.content.addWidget(self._sentence)
        self.paragraph("match.give.text")
        self.amount.textChanged.connect(lambda _: self._say())
        self._say()
        self.amount.setFocus()

    def _say(self) -> None:
        amount = f"{self.amount.text().strip() or '…'}\u00a0{self._match.amount.unit}"
        project = show.title(self._project.title)
        self._sentence.say(self.ui.t("match.give.sentence", amount=amount, project=project))

    def accept_now(self) -> None:
        amount = self.amount.text().strip()
        self._field.fault("" if amount else self.ui.t("fault.amount"))
        if amount:
            self.write(
                "match_give", self._done, match=self._match.id, project=self._project.number, amount=amount,
                memo=self.memo.text().strip(),
            )  # fmt: skip


class PayoutDialog(Dialog):
    """Record what was paid outside in money."""

    def __init__(
        self, ui: Ui, parent: QWidget, members: Sequence[v.MemberRow], done: Callable[[object], None]
    ) -> None:
        super().__init__(ui, parent, "payout.new", "payout.new.verb")
        self._done = done
        self.to = Picker(ui, "move.to")
        people = [(m.person.id, f"{ui.name(m.person)}  {m.person.fingerprint}") for m in members if not m.person.you]
        self.to.offer_plain(people)
        self.amount = Line(ui, "move.amount.hint", "move.amount", AMOUNT_CHARS_MAX)
        self.currency = Line(ui, "payout.currency.hint", "payout.currency", CURRENCY_BYTES_MAX)
        self.day = Line(ui, "payout.day.hint", "payout.day", DATE_CHARS)
        self.day.setText(ui.texts.local(ui.now_ms()).date().isoformat())
        self.reference = Line(ui, "payout.reference.hint", "payout.reference", MEMO_BYTES_MAX)
        self._fields = [
            (Field(ui, "move.amount", self.amount), self.amount, "fault.amount"),
            (Field(ui, "payout.currency", self.currency), self.currency, "fault.currency"),
            (Field(ui, "payout.day", self.day), self.day, "fault.day"),
        ]
        self.content.addWidget(Field(ui, "move.to", self.to))
        line = row(ui, *(field for field, _, _ in self._fields), gap=12)
        for place, share in enumerate((3, 2, 3)):
            line.setStretch(place, share)
        self.content.addLayout(line)
        self.content.addWidget(Field(ui, "payout.reference", self.reference))
        self.paragraph("payout.new.text")
        self.amount.setFocus()

    def accept_now(self) -> None:
        complete = True
        for field, line, fault in self._fields:
            field.fault("" if line.text().strip() else self.ui.t(fault))
            complete = complete and bool(line.text().strip())
        if complete and self.to.currentData() is not None:
            self.write(
                "payout_record", self._done, to=self.to.currentData(), amount=self.amount.text().strip(),
                currency=self.currency.text().strip(), day=self.day.text().strip(),
                reference=self.reference.text().strip(),
            )  # fmt: skip
        else:
            self.fit()


class AnswerDialog(Dialog):
    """Say that a payment did not arrive, or not so."""

    def __init__(self, ui: Ui, parent: QWidget, payout: r.PayoutRow, done: Callable[[object], None]) -> None:
        super().__init__(ui, parent, "payout.dispute", "payout.dispute.verb")
        self._payout, self._done = payout, done
        self.paragraph("payout.dispute.text", amount=ui.texts.amount(payout.amount), name=ui.name(payout.by))
        self.text = Area(ui, "payout.dispute.hint", "contribution.dispute.reason", lines=3)
        self._field = Field(ui, "contribution.dispute.reason", self.text)
        self.content.addWidget(self._field)
        self.text.setFocus()

    def accept_now(self) -> None:
        text = self.text.text()
        self._field.fault("" if text else self.ui.t("fault.reason"))
        if text:
            self.write("payout_dispute", self._done, payout=self._payout.id, text=text)
