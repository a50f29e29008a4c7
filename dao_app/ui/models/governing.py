"""Effects, charter values, roles and their reasons as the window words them."""

from __future__ import annotations

from dao_app.app import views as v
from dao_app.app import views_governance as g
from dao_app.core.rules.charter import parameter_of
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.models.show import role_name as role_name


def parameter_name(ui: Ui, name: str) -> str:
    """A parameter of the charter, also of one kind of proposal."""
    kind, dot, general = name.partition(".")
    said = ui.t(f"charter.{general or kind}") if parameter_of(name) is not None else show.title(name)
    return ui.t("charter.for_kind", kind=ui.t(f"kind.{kind}"), name=said) if dot else said


def parameter_value(ui: Ui, name: str, value: int | None) -> str:
    """A value of a parameter in words."""
    found = parameter_of(name)
    if value is None or found is None:
        return ui.t("charter.as_for_all")
    if found.unit == "ms":
        return ui.texts.duration(value)
    if found.unit == "bp":
        return ui.texts.basis_points(value)
    if found.unit == "flag":
        return ui.t("yes" if value else "no")
    if found.unit == "choice" and value < len(found.choices):
        return ui.t(f"choice.{found.choices[value]}")
    return ui.texts.number(value)


def field_text(ui: Ui, effect: v.EffectView, field: v.FieldView) -> str:
    """One field of an effect."""
    if field.person is not None:
        return ui.name_you(field.person)
    if field.amount is not None:
        return ui.texts.amount(field.amount)
    if field.kind == "duration":
        return ui.texts.duration(int(field.text))
    if field.kind == "flag":
        return ui.t(field.text)
    if field.kind == "party":
        key = f"party.{field.text}"
        return ui.t(key) if ui.texts.has(key) else show.title(field.text)
    if field.kind == "role":
        return role_name(ui, field.text)
    if field.kind == "parameter":
        return parameter_name(ui, field.text)
    if field.kind == "value":
        name = next((f.text for f in effect.fields if f.kind == "parameter"), "")
        return parameter_value(ui, name, int(field.text) if field.text else None)
    if field.kind == "permissions":
        return ui.texts.join([ui.t(f"permission.{one}") for one in field.text.split(",") if one])
    return show.title(field.text)


def effect_lines(ui: Ui, effect: v.EffectView) -> tuple[str, str]:
    """What an effect is called, and its fields in one line."""
    fields = [
        f"{ui.t('field.' + field.name).lower()} {field_text(ui, effect, field)}"
        for field in effect.fields
        if field.name != "from" or field.text != "treasury"
    ]
    return ui.t(f"effect.{effect.do}"), " · ".join(fields)


def grant_text(ui: Ui, grant: g.GrantView) -> str:
    """"Steward of Operations, by P-12, until 5 May"."""
    parts = grant.role_name.split(" / ") if grant.role_name else [role_name(ui, grant.role)] * 2
    name = parts[1 if ui.texts.language == "zh" and len(parts) > 1 else 0]
    where = ui.t("grant.of", role=name, department=show.title(grant.department)) if grant.department else name
    key = f"grant.cause.{grant.cause}"
    said = ui.t("grant.by", role=where, cause=ui.t(key) if ui.texts.has(key) else show.title(grant.cause))
    if grant.until_ms is None:
        return said
    return ui.t("grant.until", said=said, time=ui.texts.day(grant.until_ms, ui.now_ms()))
