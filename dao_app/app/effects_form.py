"""Effects of proposals as people write and read them. Raises InputError, NotFound for what does not fit.

What people write is a map of texts, such as {"do": "pay", "to": "Ben", "amount": "12.50"}: members and
departments by name, amounts in the unit's decimals, durations as ``read_length`` and charter values as
``charter_value`` read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dao_app.app import views as v
from dao_app.app.dates import read_length
from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import Reader
from dao_app.app.resolve import department_id, member_root, minor, object_id, one_line, party, period_ms, unit
from dao_app.core.entities import Unit
from dao_app.core.keys import TREASURY, unit_key
from dao_app.core.limits import EFFECTS_MAX, TITLE_BYTES_MAX
from dao_app.core.rules.charter import parameter_of
from dao_app.core.rules.effects import KINDS

SEPARATOR = ","  # between several values of one field
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?\s*%", re.ASCII)
Form = Mapping[str, Any]

# Fields of each kind of effect as people write them; the first ones must be given, those with "?" may be left out.
FIELDS: dict[str, tuple[str, ...]] = {
    "pay": ("to", "amount", "unit?", "from?"),
    "budget": ("department", "amount", "unit?", "period?"),
    "schedule": ("to", "amount", "count", "every", "first?", "unit?", "from?", "revocable?"),
    "issue": ("amount", "to?", "unit?"),
    "amend": ("name", "value"),
    "define_role": ("code", "name_en", "name_zh?", "permissions"),
    "lift": (),
    "settle_task": ("task", "accept?"),
    "assign": ("member", "role", "department?", "term?"),
    "unassign": ("member", "role", "department?"),
    "admit": ("member",),
    "found_department": ("name", "parent?"),
    "move_department": ("department", "parent?"),
    "close_department": ("department",),
    "suspend": ("member", "period"),
    "expel": ("member",),
    "fine": ("member", "amount", "unit?"),
    "reputation": ("member", "points"),
    "cancel_round": ("round",),
    "adopt": ("title?", "replaces?"),
    "elect_witnesses": ("candidates", "seats?"),
    "activate_rules": ("version",),
    "elect": ("role", "candidates", "seats?", "department?", "term?"),
}


def read_effects(reader: Reader, forms: Sequence[Form], title: str) -> list[dict[str, Any]]:
    """The effects of a proposal's body; ``title`` is the proposal's own."""
    if len(forms) > EFFECTS_MAX:
        raise InputError("effects_many", limit=EFFECTS_MAX)
    return [_read(reader, form, title) for form in forms]


def _read(reader: Reader, form: Form, title: str) -> dict[str, Any]:
    do = str(form.get("do", ""))
    fields = FIELDS.get(do)
    if fields is None:
        raise InputError("effect_unknown", effect=do[:40], effects=", ".join(sorted(FIELDS)))
    known = {name.rstrip("?") for name in fields}
    for name in form:
        if name != "do" and name not in known:
            raise InputError("effect_field", effect=do, field=str(name)[:40], fields=", ".join(sorted(known)))
    for name in fields:
        if not name.endswith("?") and not str(form.get(name, "")).strip():
            raise InputError("effect_missing", effect=do, field=name)
    return {"do": do, **_READ[do](reader, form, title)}


def _money(reader: Reader, form: Form) -> dict[str, Any]:
    code, entity = unit(reader, str(form.get("unit", "")))
    return {"unit": code, "amount": minor(str(form["amount"]), entity.decimals)}


def _department(reader: Reader, form: Form, field: str = "department") -> bytes | None:
    name = str(form.get(field, "") or "").strip()
    return department_id(reader, name) if name else None


def _seconds(form: Form, field: str) -> int:
    given = str(form.get(field) or "0")
    seconds = read_length(given)
    if seconds is None:
        raise InputError("effect_length", field=field, value=given[:40])
    return period_ms(seconds, field)


def _number(form: Form, field: str) -> int:
    try:
        return int(form[field])
    except (TypeError, ValueError) as error:
        raise InputError("effect_number", field=field, value=str(form[field])[:40]) from error


def _member_role(reader: Reader, form: Form) -> dict[str, Any]:
    return {
        "member": member_root(reader, str(form["member"])),
        "role": str(form["role"]),
        "department": _department(reader, form),
    }


def _listed(value: Any) -> list[str]:
    parts = value.split(SEPARATOR) if isinstance(value, str) else list(value)
    return [text for part in parts if (text := str(part).strip())]


def charter_value(name: str, text: str) -> int | None:
    """A value as people write it: a number in the parameter's unit, "30 %", a length of time such as "3d", one of
    its choices, "yes"/"no" for a flag, "general" for "as for all". Raises InputError."""
    found = parameter_of(name)
    if found is None:
        raise InputError("parameter_unknown", name=name[:80])
    text = text.strip().lower()
    if text == "general":
        return None
    if text in found.choices:
        return found.choices.index(text)
    if found.unit == "flag" and text in ("yes", "no"):
        return int(text == "yes")
    if text.isascii() and text.isdigit() and len(text) <= 16:
        return int(text)
    percent = _PERCENT.fullmatch(text) if found.unit == "bp" else None
    if percent is not None:
        return int(percent[1]) * 100 + int((percent[2] or "").ljust(2, "0"))
    seconds = read_length(text) if found.unit == "ms" else None
    if seconds is None:
        raise InputError("charter_value", key=name, value=text[:40])
    return seconds * 1_000


def _amend(reader: Reader, form: Form, title: str) -> dict[str, Any]:
    return {"name": str(form["name"]), "value": charter_value(str(form["name"]), str(form["value"]))}


def _elect(reader: Reader, form: Form, title: str) -> dict[str, Any]:
    return {
        "role": str(form["role"]), "department": _department(reader, form), "seats": _seats(form),
        "term": _seconds(form, "term"),
        "candidates": [member_root(reader, name) for name in _listed(form["candidates"])],
    }


def _seats(form: Form) -> int:
    return _number({"seats": form.get("seats") or 1}, "seats")


def _points(form: Form) -> int:
    text = str(form["points"]).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise InputError("effect_number", field="points", value=text[:40])
    return int(text)


def _round(reader: Reader, name: str) -> bytes:
    """A reward round ("R-3") or a matching pool ("M-1")."""
    kind = "match" if name.strip().upper().startswith("M") else "round"
    try:
        return bytes(object_id(reader, kind, name))
    except NotFound:
        if kind == "match":
            raise
        return bytes(object_id(reader, "match", name))


def _adopt(reader: Reader, form: Form, title: str) -> dict[str, Any]:
    replaces = str(form.get("replaces", "") or "").strip()
    return {
        "title": one_line(str(form.get("title") or title), "title", TITLE_BYTES_MAX),
        "replaces": bytes(object_id(reader, "proposal", replaces)) if replaces else None,
    }


_READ: dict[str, Callable[[Reader, Form, str], dict[str, Any]]] = {
    "pay": lambda r, f, _: {
        "from": party(r, str(f.get("from") or "treasury")), "to": party(r, str(f["to"])), **_money(r, f)
    },
    "budget": lambda r, f, _: {
        "department": department_id(r, str(f["department"])), "period": _seconds(f, "period"), **_money(r, f)
    },
    "schedule": lambda r, f, _: {
        "from": party(r, str(f.get("from") or "treasury")), "to": party(r, str(f["to"])), **_money(r, f),
        "count": _number(f, "count"), "every": _seconds(f, "every"), "first": _seconds(f, "first"),
        "revocable": str(f.get("revocable") or "yes") == "yes",
    },
    "issue": lambda r, f, _: {"to": party(r, str(f.get("to") or "treasury")), **_money(r, f)},
    "amend": _amend,
    "define_role": lambda r, f, _: {
        "code": str(f["code"]), "name_en": one_line(str(f["name_en"]), "name", TITLE_BYTES_MAX),
        "name_zh": one_line(str(f.get("name_zh") or f["name_en"]), "name", TITLE_BYTES_MAX),
        "permissions": sorted(_listed(f["permissions"])),
    },
    "lift": lambda r, f, _: {},
    "settle_task": lambda r, f, _: {
        "task": bytes(object_id(r, "task", str(f["task"]))), "accept": str(f.get("accept") or "yes") == "yes"
    },
    "assign": lambda r, f, _: {**_member_role(r, f), "term": _seconds(f, "term")},
    "unassign": lambda r, f, _: _member_role(r, f),
    "admit": lambda r, f, _: {"member": member_root(r, str(f["member"]))},
    "found_department": lambda r, f, _: {
        "name": one_line(str(f["name"]), "name", TITLE_BYTES_MAX), "parent": _department(r, f, "parent")
    },
    "move_department": lambda r, f, _: {
        "department": department_id(r, str(f["department"])), "parent": _department(r, f, "parent")
    },
    "close_department": lambda r, f, _: {"department": department_id(r, str(f["department"]))},
    "suspend": lambda r, f, _: {"member": member_root(r, str(f["member"])), "period": _seconds(f, "period")},
    "expel": lambda r, f, _: {"member": member_root(r, str(f["member"]))},
    "fine": lambda r, f, _: {"member": member_root(r, str(f["member"])), **_money(r, f)},
    "reputation": lambda r, f, _: {"member": member_root(r, str(f["member"])), "points": _points(f)},
    "cancel_round": lambda r, f, _: {"round": _round(r, str(f["round"]))},
    "adopt": _adopt,
    "elect_witnesses": lambda r, f, _: {
        "seats": _seats(f), "candidates": [member_root(r, name) for name in _listed(f["candidates"])]
    },
    "activate_rules": lambda r, f, _: {"version": _number(f, "version")},
    "elect": _elect,
}
assert set(FIELDS) == set(_READ) <= set(KINDS)


# -- for reading ---------------------------------------------------------------------------------
def effect_view(reader: Reader, effect: Mapping[str, Any]) -> v.EffectView:
    """One effect for people; amounts stand with their unit."""
    fields = [_field(reader, effect, name) for name in effect if name not in ("do", "unit")]
    return v.EffectView(str(effect["do"]), tuple(one for found in fields for one in found))


def _field(reader: Reader, effect: Mapping[str, Any], name: str) -> list[v.FieldView]:
    value = effect[name]
    if value is None and name != "value":
        return []
    if name == "amount":
        return [v.FieldView(name, "amount", "", amount=amount_of(reader, effect["unit"], value))]
    if name == "member":
        return [v.FieldView(name, "person", "", reader.person(value))]
    if name == "candidates":
        return [v.FieldView("candidate", "person", "", reader.person(root)) for root in value]
    if name in ("from", "to"):
        code, person = reader.party(value)
        return [v.FieldView(name, "party", reader.party_name(value) or code, person)]
    if name in ("department", "parent"):
        return [v.FieldView(name, "department", reader.department_name(value))]
    if name in ("replaces", "task", "round"):
        return [v.FieldView(name, "text", reader.label(value))]
    if name in ("period", "term", "every", "first"):
        return [v.FieldView(name, "duration", str(value))] if value else []
    if name == "name" and effect["do"] == "amend":
        return [v.FieldView(name, "parameter", value)]
    if name == "value":
        return [v.FieldView(name, "value", "" if value is None else str(value))]
    if name == "permissions":
        return [v.FieldView(name, "permissions", SEPARATOR.join(value))]
    if type(value) is bool:
        return [v.FieldView(name, "flag", "yes" if value else "no")]
    return [v.FieldView(name, "role" if name == "role" else "text", str(value))]


def amount_of(reader: Reader, code: str, value: int) -> v.AmountView:
    entity = reader.state.get(unit_key(code), Unit)
    return v.AmountView(code, value, entity.decimals if entity else 0)


def asked(reader: Reader, effects: Sequence[Mapping[str, Any]]) -> tuple[v.AmountView, ...]:
    """What effects take out of treasury and departments, per unit."""
    sums: dict[str, int] = {}
    for effect in effects:
        if effect["do"] in ("pay", "budget", "schedule") and effect.get("from", TREASURY)[:1] in (b"o", b"d"):
            sums[effect["unit"]] = sums.get(effect["unit"], 0) + effect["amount"]
    return tuple(amount_of(reader, code, value) for code, value in sorted(sums.items()))
