"""What rows of contributions, rounds, pools, payouts and earnings show and how they read aloud."""

from __future__ import annotations

from dao_app.app import views_rewards as r
from dao_app.app.texts import isolate
from dao_app.app.views_parts import PersonView
from dao_app.ui.context import Ui
from dao_app.ui.models import show
from dao_app.ui.widgets.rows import Cell

CONTRIBUTION_CHIPS = {"endorsed": "accent", "disputed": "warn"}
ROUND_CHIPS = {"open": "warn", "closing": "warn", "paid": "accent"}
PAYOUT_CHIPS = {"confirmed": "accent", "disputed": "warn"}
EARNING_SEALS = {"final": "final", "provisional": "provisional", "held": "queued"}


def points_text(ui: Ui, row: r.ContributionRow) -> str:
    """What it adds now, or what it would."""
    if row.counted:
        key = "contribution.points_valued" if row.valued else "contribution.points"
        return ui.t(key, n=row.counted)
    return "" if row.status == "withdrawn" else ui.t("contribution.points_then", n=row.points)


def party(ui: Ui, name: str, person: object) -> str:
    """A payer or receiver: a member, the treasury, a department or firm by name."""
    if isinstance(person, PersonView):
        return ui.name_you(person)
    key = f"party.{name}"
    return ui.t(key) if ui.texts.has(key) else isolate(name)


# -- rounds and pools ------------------------------------------------------------------------------
def pool_name(ui: Ui, row: r.RoundRow | r.MatchRow) -> str:
    return ui.object_name("R" if isinstance(row, r.RoundRow) else "M", row.number, row.short)


def pool_kind(ui: Ui, row: r.RoundRow | r.MatchRow) -> str:
    return ui.t(f"round.kind.{row.kind}" if isinstance(row, r.RoundRow) else "match.name")


def policy(ui: Ui, row: r.RoundRow) -> str:
    name = "" if row.to is None else ui.name(row.to)
    return ui.t(f"round.policy.{row.policy}", n=row.look, name=name)


def pool_when(ui: Ui, row: r.RoundRow | r.MatchRow) -> str:
    if row.closes_ms is None or row.status == "cancelled":
        return ""
    now = ui.now_ms()
    if row.status == "open":
        return ui.t("time.closes_in", duration=ui.texts.duration(row.closes_ms - now, 1))
    if row.status == "closing":
        return ui.t("proposal.waits_seal")
    return ui.t("proposal.closed", when=ui.texts.day(row.closes_ms, now))


def pool_note(ui: Ui, row: r.RoundRow | r.MatchRow) -> str:
    """What you did in it, or how many took part."""
    if isinstance(row, r.MatchRow):
        return ui.t("match.backers", n=sum(project.backers for project in row.projects))
    if row.kind == "points":
        return ""
    return ui.t("round.you_gave", n=row.my_given) if row.my_given else ui.t("round.gave", n=row.gave)


def describe_pool(ui: Ui, row: r.RoundRow | r.MatchRow) -> str:
    parts = (
        pool_name(ui, row), show.title(row.title), pool_kind(ui, row), ui.texts.amount(row.amount),
        ui.t(f"round.status.{row.status}"), pool_when(ui, row), pool_note(ui, row), ui.stamp_text(row.stamp),
    )  # fmt: skip
    return ui.t("list.comma").join(p for p in parts if p)


def pool_cells(ui: Ui, row: r.RoundRow | r.MatchRow) -> list[Cell]:
    live = row.status in ("open", "closing")
    under = f"{pool_kind(ui, row)} · {ui.name_you(row.opener)}"
    return [
        Cell(icon="contrib", icon_tone="accent" if live else "text2"),
        Cell(pool_name(ui, row), tone="text3", role="caption"),
        Cell(show.title(row.title), weight=600 if live else 400, under=under),
        Cell(ui.texts.amount(row.amount)),
        Cell(chips=((ui.t(f"round.status.{row.status}"), ROUND_CHIPS.get(row.status, "")),)),
        Cell(
            pool_when(ui, row), tone=show.due_tone(ui, row.closes_ms) if live else "text2", role="caption",
            under=pool_note(ui, row),
        ),
        show.stamp_cell(ui, row.stamp),
    ]  # fmt: skip


def describe_line(ui: Ui, row: r.LineRow) -> str:
    return ui.t("list.comma").join((ui.name_you(row.person), line_parts(ui, row), ui.texts.amount(row.payout)))


def line_parts(ui: Ui, row: r.LineRow) -> str:
    """Points received, contribution points, and the weight they make."""
    parts = []
    if row.received:
        parts.append(ui.t("round.line_received", n=row.received))
    if row.points:
        parts.append(ui.t("round.line_points", n=row.points))
    if len(row.weight) <= 12:
        parts.append(ui.t("round.line_weight", weight=row.weight))
    return " · ".join(parts)


def line_cells(ui: Ui, row: r.LineRow) -> list[Cell]:
    return [
        Cell(ui.name_you(row.person), person=row.person, under=line_parts(ui, row)),
        Cell(ui.texts.amount(row.payout), weight=600),
    ]


def gift_text(ui: Ui, row: r.GiftRow) -> str:
    return f"{ui.name_you(row.giver)} → {ui.name_you(row.receiver)}"


def describe_gift(ui: Ui, row: r.GiftRow) -> str:
    parts = (gift_text(ui, row), ui.t("round.points_n", n=row.points), dropped(ui, row))
    return ui.t("list.comma").join(p for p in parts if p)


def dropped(ui: Ui, row: r.GiftRow) -> str:
    return ui.t(f"round.dropped.{row.dropped}") if row.dropped else ""


def gift_cells(ui: Ui, row: r.GiftRow) -> list[Cell]:
    return [
        Cell(gift_text(ui, row), tone="text3" if row.dropped else "text", under=dropped(ui, row)),
        Cell(ui.texts.number(row.points), tone="text3" if row.dropped else "text"),
    ]


# -- payouts ---------------------------------------------------------------------------------------
def describe_payout(ui: Ui, row: r.PayoutRow) -> str:
    parts = (
        row.day, ui.name_you(row.to), ui.texts.amount(row.amount), isolate(row.reference or ""),
        ui.t(f"payout.status.{row.status}"), ui.stamp_text(row.stamp),
    )  # fmt: skip
    return ui.t("list.comma").join(p for p in parts if p)


def payout_cells(ui: Ui, row: r.PayoutRow) -> list[Cell]:
    said = isolate(row.answer or "")
    return [
        Cell(row.day, tone="text2", role="caption"),
        Cell(ui.name_you(row.to), person=row.to, under=ui.t("payout.by", name=ui.name_you(row.by))),
        Cell(ui.texts.amount(row.amount)),
        Cell(isolate(row.reference or ""), tone="text2"),
        Cell(chips=((ui.t(f"payout.status.{row.status}"), PAYOUT_CHIPS.get(row.status, "")),)),
        Cell(said, tone="text2", role="caption"),
        show.stamp_cell(ui, row.stamp),
    ]


def describe_total(ui: Ui, row: r.PayoutTotal) -> str:
    confirmed = ui.t("payout.confirmed_of", amount=ui.texts.amount(row.confirmed))
    return ui.t("list.comma").join((row.period, ui.name_you(row.to), ui.texts.amount(row.amount), confirmed))


def total_cells(ui: Ui, row: r.PayoutTotal) -> list[Cell]:
    return [
        Cell(row.period, tone="text2", role="caption"),
        Cell(ui.name_you(row.to), person=row.to),
        Cell(ui.texts.amount(row.amount), weight=600),
        Cell(ui.texts.amount(row.confirmed)),
    ]


# -- earnings --------------------------------------------------------------------------------------
def earning_title(ui: Ui, row: r.EarningRow) -> str:
    return show.title(row.title) or ui.t(f"earning.source.{row.source}")


def describe_earning(ui: Ui, row: r.EarningRow) -> str:
    parts = (
        ui.texts.stamp(row.at_ms), earning_title(ui, row), row.about, ui.t(f"earning.source.{row.source}"),
        party(ui, row.payer, row.payer_person), ui.texts.amount(row.amount), ui.t(f"earning.state.{row.state}"),
    )  # fmt: skip
    return ui.t("list.comma").join(p for p in parts if p)


def earning_cells(ui: Ui, row: r.EarningRow) -> list[Cell]:
    return [
        Cell(ui.texts.moment(row.at_ms, ui.now_ms()), tone="text2", role="caption"),
        Cell(earning_title(ui, row)),
        Cell(row.about or "–", tone="accent" if row.about else "text3", role="caption"),
        Cell(ui.t(f"earning.source.{row.source}"), tone="text2"),
        Cell(party(ui, row.payer, row.payer_person), tone="text2"),
        Cell(ui.texts.amount(row.amount)),
        Cell(
            ui.t(f"earning.state.{row.state}"), tone="text2" if row.state == "final" else "provisional", role="caption",
            seal=EARNING_SEALS[row.state],
        ),
    ]  # fmt: skip
