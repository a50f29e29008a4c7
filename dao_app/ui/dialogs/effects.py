"""The effects of a new proposal, filled in field by field; what can be chosen comes from the organisation."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.app.effects_form import FIELDS, SEPARATOR
from dao_app.core.limits import EFFECTS_MAX
from dao_app.core.rules.charter import KINDS, parameter_of
from dao_app.core.rules.effects import KINDS as EFFECT_KINDS
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.models.governing import parameter_name, parameter_value, role_name
from dao_app.ui.widgets.buttons import Button, IconButton
from dao_app.ui.widgets.fields import Check, Field, Line, Picker
from dao_app.ui.widgets.labels import Label
from dao_app.ui.widgets.layout import Box, clear, column, row, scrolling

DAY_S = 86_400
PERIODS = [
    ("0", "period.none"), ("604800", "period.week"), ("2592000", "period.month"), (str(90 * DAY_S), "period.quarter"),
    (str(365 * DAY_S), "period.year"),
]  # fmt: skip
CANDIDATES_HEIGHT = 132
FLAGS = {"accept": ("yes", "no"), "revocable": ("yes", "no")}  # the usual answer first
PICKED = (
    "member", "to", "from", "department", "parent", "role", "unit", "term", "period", "every", "first", "replaces",
    *FLAGS,
)  # fmt: skip
WIDE = ("candidates", "permissions", "value")  # fields with a line of their own


@dataclass(slots=True)
class Known:
    """What effects can name: filled as the answers arrive."""

    members: tuple[v.MemberRow, ...] = ()
    departments: tuple[g.DepartmentRow, ...] = ()
    roles: tuple[g.RoleRow, ...] = ()
    firms: tuple[g.FirmRow, ...] = ()
    charter: g.CharterView | None = None


def effects_for(kind: str) -> tuple[str, ...]:
    """Kinds of effects that a kind of proposal may have."""
    return tuple(do for do, found in EFFECT_KINDS.items() if kind in found.kinds and do in FIELDS)


class Candidates(QWidget):
    """Members to tick."""

    def __init__(self, ui: Ui) -> None:
        super().__init__()
        self._ui = ui
        self._checks: dict[str, Check] = {}
        self._list: QVBoxLayout = column(ui, gap=2, margins=(8, 6, 8, 6))
        inner = QWidget()
        inner.setProperty("box", "raised")
        inner.setLayout(self._list)
        area = scrolling(inner, ui.t("field.candidates"))
        area.setFixedHeight(ui.look.px(CANDIDATES_HEIGHT))
        self.setLayout(column(ui, Box(ui, "card", column(ui, area))))

    def offer(self, members: tuple[v.MemberRow, ...]) -> None:
        kept = set(self.chosen())
        clear(self._list)
        self._checks = {}
        for member in members:
            check = Check(self._ui)
            check.say(self._ui.name_you(member.person))
            check.setChecked(member.person.id in kept)
            self._checks[member.person.id] = check
            self._list.addWidget(check)
        self._list.addStretch()

    def chosen(self) -> list[str]:
        return [id_ for id_, check in self._checks.items() if check.isChecked()]


class EffectForm(Box):
    """One effect with its fields."""

    removed = Signal()

    def __init__(self, ui: Ui, do: str, known: Known) -> None:
        super().__init__(ui, "card")
        self._ui, self.do = ui, do
        self._controls: dict[str, QWidget] = {}
        self._fields: dict[str, Field] = {}
        title = Label(ui, f"effect.{do}", weight=600)
        remove = IconButton(ui, "x", "effects.remove")
        remove.clicked.connect(self.removed)
        body = column(ui, row(ui, title, None, remove), gap=10, margins=(14, 8, 10, 12))
        pair: list[QWidget] = []
        for name in (field.rstrip("?") for field in FIELDS[do]):
            if name == "unit" and len(ui.org_view.units if ui.org_view else ()) < 2:
                continue
            control = self._control(name)
            self._controls[name] = control
            self._fields[name] = Field(ui, f"field.{name}", control)
            wide = name in WIDE or (name == "name" and self.do == "amend")
            if wide or len(pair) == 2:
                self._place(body, pair)
                pair = []
            pair.append(self._fields[name])
            if wide:
                self._place(body, pair)
                pair = []
        self._place(body, pair)
        self.setLayout(body)
        self.offer(known)

    def _place(self, body: QVBoxLayout, fields: list[QWidget]) -> None:
        """One or two fields in a line, equally wide."""
        if fields:
            line = row(self._ui, *fields, gap=12)
            for place in range(len(fields)):
                line.setStretch(place, 1)
            body.addLayout(line)

    def _control(self, name: str) -> QWidget:
        ui = self._ui
        if name == "candidates":
            return Candidates(ui)
        if name in PICKED or (name == "name" and self.do == "amend"):
            picker = Picker(ui, f"field.{name}")
            if name in FLAGS:
                picker.offer([(answer, answer) for answer in FLAGS[name]])
            if name in ("term", "period", "every", "first"):
                first = "period.at_once" if name == "first" else "period.unlimited"
                endless = name in ("term", "first") or self.do == "budget"
                picker.offer([("0", first), *PERIODS[1:]] if endless else PERIODS[1:])
            if name == "name":
                picker.currentIndexChanged.connect(lambda _: self._explain())
            return picker
        return Line(ui, f"field.hint.{name}" if ui.texts.has(f"field.hint.{name}") else "", f"field.{name}")

    def offer(self, known: Known) -> None:
        """Fill the pickers with what is known by now."""
        self._known = known
        ui = self._ui
        active = tuple(m for m in known.members if m.status == "active")
        people = [(m.person.id, ui.name_you(m.person)) for m in (known.members if self.do == "admit" else active)]
        rooms = [(d.id, "  " * (d.depth - 1) + show.title(d.name)) for d in known.departments if d.active]
        firms = [(f"firm:{f.id}", show.title(f.name)) for f in known.firms]
        treasury = ("treasury", ui.t("party.treasury"))
        parties = [(f"department:{id_}", name) for id_, name in rooms]
        none = ("", ui.t("effects.none"))
        texts = known.charter.texts if known.charter is not None else ()
        offers: dict[str, list[tuple[str, str]]] = {
            "member": people,
            "to": [*people, *parties, *firms, treasury],
            "from": [treasury, *parties],
            "department": rooms if self.do in ("budget", "move_department", "close_department") else [none, *rooms],
            "parent": [none, *rooms],
            "role": [(r.code, self._role(r)) for r in known.roles if r.code != "founder"],
            "unit": [(u.code, u.code) for u in (ui.org_view.units if ui.org_view else ())],
            "replaces": [none, *((t.proposal, show.title(t.title)) for t in texts if t.replaced_by is None)],
        }
        if self.do == "issue":
            offers["to"].insert(0, offers["to"].pop())
        for name, control in self._controls.items():
            if isinstance(control, Candidates):
                control.offer(active)
            elif isinstance(control, Picker) and name in offers:
                control.offer_plain(offers[name])
            elif isinstance(control, Picker) and name == "name":
                control.offer_plain(self._parameters())

    def _role(self, role: g.RoleRow) -> str:
        if role.built_in:
            return role_name(self._ui, role.code)
        return show.title(role.name_zh if self._ui.texts.language == "zh" else role.name_en)

    def _parameters(self) -> list[tuple[str, str]]:
        rows = self._known.charter.rows if self._known.charter is not None else ()
        found = [(r.name, parameter_name(self._ui, r.name)) for r in rows]
        found += [
            (f"{kind}.{r.name}", parameter_name(self._ui, f"{kind}.{r.name}")) for kind in KINDS for r in rows if r.own
        ]
        return found

    def _explain(self) -> None:
        """The value a parameter has now, and what it may become."""
        name = str(self._current("name"))
        general = name.partition(".")[2] or name
        rows = self._known.charter.rows if self._known.charter is not None else ()
        found = next((r for r in rows if r.name == general), None)
        parameter = parameter_of(name)
        if found is None or parameter is None:
            return
        ui = self._ui
        kind = name.partition(".")[0] if "." in name else ""
        now = dict(found.kinds).get(kind) if kind else found.value
        line = self._controls["value"]
        if parameter.unit in ("choice", "flag"):
            allowed = ui.texts.join(list(parameter.choices or ("yes", "no")))
        else:
            least, most = (parameter_value(ui, name, bound) for bound in (found.least, found.most))
            allowed = f"{least} – {most}"
        note = ui.t("effects.parameter", now=parameter_value(ui, name, now), allowed=allowed)
        self._fields["value"].judge(f"{ui.t(f'charter.{general}.about')} {note}")
        if isinstance(line, Line) and parameter.unit == "ms":
            line.setPlaceholderText(ui.t("field.hint.ms"))

    def _current(self, name: str) -> object:
        control = self._controls[name]
        if isinstance(control, Candidates):
            return SEPARATOR.join(control.chosen())
        if isinstance(control, Picker):
            return control.currentData() or ""
        assert isinstance(control, Line)
        return control.text().strip()

    def preset(self, values: dict[str, str]) -> None:
        """Choose or write these, where they can be."""
        for name, value in values.items():
            control = self._controls.get(name)
            if isinstance(control, Picker):
                control.pick(value)
            elif isinstance(control, Line):
                control.setText(value)

    def form(self) -> dict[str, object]:
        """The effect as ``app.effects_form`` reads it."""
        return {"do": self.do, **{n: value for n in self._controls if (value := self._current(n)) != ""}}

    def fault(self) -> bool:
        """Mark what must be given and is not; True where something is missing."""
        missing = False
        for name in FIELDS[self.do]:
            if name in self._fields:
                empty = self._current(name) in ("", None)
                self._fields[name].fault(self._ui.t("fault.missing") if empty else "")
                missing = missing or empty
        return missing


class EffectsEditor(QWidget):
    """All effects of a proposal, and a way to add one."""

    changed = Signal()

    def __init__(self, ui: Ui, parent: QWidget) -> None:
        super().__init__(parent)
        self._ui, self._kind, self.known = ui, "", Known()
        self._forms: list[EffectForm] = []
        self._preset: dict[str, str] = {}
        self._list: QVBoxLayout = column(ui, gap=8)
        self._pick = Picker(ui, "effects.add")
        self._add = Button(ui, "effects.add", icon="plus")
        self._add.clicked.connect(lambda: self.add(str(self._pick.currentData())))
        self._adding = QWidget()
        self._adding.setLayout(row(ui, self._pick, self._add, None, gap=8))
        self.setLayout(column(ui, self._list, self._adding, gap=8))
        for method, name in (
            ("member_list", "members"), ("department_list", "departments"), ("role_list", "roles"),
            ("firm_list", "firms"), ("charter_show", "charter"),
        ):
            ui.ask(self, method, lambda found, n=name: self._learn(n, found))

    def _learn(self, name: str, found: object) -> None:
        setattr(self.known, name, found)
        for form in self._forms:
            form.offer(self.known)
        self.preset(self._preset)

    def show_kind(self, kind: str) -> None:
        """Offer what this kind of proposal may do; effects of another kind go."""
        self._kind = kind
        allowed = effects_for(kind)
        for form in [f for f in self._forms if f.do not in allowed]:
            self._remove(form)
        self._pick.offer([(do, f"effect.{do}") for do in allowed])
        self.setVisible(bool(allowed))
        self._offer()

    def add(self, do: str) -> None:
        if do in effects_for(self._kind) and len(self._forms) < EFFECTS_MAX:
            form = EffectForm(self._ui, do, self.known)
            form.removed.connect(lambda: self._remove(form))
            self._forms.append(form)
            self._list.addWidget(form)
            self._offer()
            self.changed.emit()

    def start_with(self, kinds: tuple[str, ...]) -> None:
        """One empty form for each of these, in place of what was there."""
        for form in list(self._forms):
            self._remove(form)
        for do in kinds:
            self.add(do)

    def preset(self, values: dict[str, str]) -> None:
        """Fill fields of the first effect, as soon as what they choose from is known."""
        self._preset = values
        if self._forms and values:
            self._forms[0].preset(values)

    def _remove(self, form: EffectForm) -> None:
        self._forms.remove(form)
        self._list.removeWidget(form)
        form.hide()
        form.deleteLater()
        self._offer()
        self.changed.emit()

    def _offer(self) -> None:
        single = self._kind == "election" and bool(self._forms)
        self._adding.setVisible(not single and len(self._forms) < EFFECTS_MAX and bool(effects_for(self._kind)))

    def forms(self) -> list[dict[str, object]]:
        return [form.form() for form in self._forms]

    def fault(self) -> bool:
        return sum(form.fault() for form in self._forms) > 0  # every form marks what it lacks
