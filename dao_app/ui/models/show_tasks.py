"""What rows and cards of tasks show and how they read aloud; pure functions from views to cells."""

from __future__ import annotations

from dao_app.app import views_tasks as vt
from dao_app.app.texts import isolate
from dao_app.ui.context import Ui
from dao_app.ui.models.show import due_tone, stamp_cell, title
from dao_app.ui.widgets.kanban import Card
from dao_app.ui.widgets.rows import Cell

ICONS = {
    "draft": ("note", "text3"),
    "open": ("todo", "text2"),
    "claimed": ("doing", "accent"),
    "started": ("doing", "accent"),
    "changes": ("undo", "provisional"),
    "submitted": ("review", "accent"),
    "disputed": ("warn", "danger"),
    "accepted": ("done", "accent"),
    "rejected": ("x", "danger"),
    "cancelled": ("x", "text3"),
    "expired": ("clock", "text3"),
}
CHIPS = {
    "claimed": "accent", "started": "accent", "changes": "warn", "submitted": "info", "disputed": "danger",
    "accepted": "accent", "rejected": "danger",
}  # fmt: skip
PRIORITY_TONES = {"urgent": "danger", "high": "provisional", "low": "text3", "normal": "text2"}
PEOPLE_SHOWN = 3  # pictures on a card
DONE = ("accepted", "cancelled", "expired")


def task_name(ui: Ui, row: vt.TaskRow | vt.TaskLink) -> str:
    return ui.object_name("T", row.number, row.short)


def reward_text(ui: Ui, row: vt.TaskRow) -> str:
    return ui.texts.amount(row.reward) if row.reward else ""


def payment_text(ui: Ui, row: vt.TaskRow) -> str:
    """How far the reward is, in words; "" without one."""
    if row.reward is None:
        return ""
    if row.payment == "held" and not row.escrow_final:
        return ui.t("task.payment.unsealed")
    return ui.t(f"task.payment.{row.payment}")


def people_text(ui: Ui, row: vt.TaskRow) -> str:
    """Names of the assignees, with shares where there are several."""
    if len(row.assignees) < 2:
        return "".join(ui.name_you(a.person) for a in row.assignees)
    shares = ((ui.name_you(a.person), ui.texts.basis_points(a.share_bp)) for a in row.assignees)
    return ui.texts.join([f"{name} {share}" for name, share in shares])


def is_done(row: vt.TaskRow) -> bool:
    """Nothing more will happen in this round."""
    return row.status in DONE or (row.status == "rejected" and row.payment != "disputable")


def when(row: vt.TaskRow) -> int | None:
    """The date that matters: the wish of the opener, else the end of its life."""
    return row.due_ms or row.expires_ms


def describe_task(ui: Ui, row: vt.TaskRow) -> str:
    """The whole row in words, for screen readers."""
    parts = [task_name(ui, row), title(row.title), ui.t(f"task.status.{row.status}"), reward_text(ui, row),
             payment_text(ui, row)]  # fmt: skip
    if row.assignees:
        parts.append(ui.t("task.by", name=people_text(ui, row)))
    if row.priority != "normal":
        parts.append(ui.t("task.priority_is", priority=ui.t(f"task.priority.{row.priority}")))
    if row.blocked:
        parts.append(ui.t("task.blocked"))
    if row.items:
        parts.append(ui.t("task.steps_of", done=row.ticked, all=row.items))
    if row.due_ms is not None:
        parts.append(ui.t("task.due", when=ui.texts.until(row.due_ms, ui.now_ms())))
    elif row.expires_ms is not None:
        parts.append(ui.t("task.expires", when=ui.texts.until(row.expires_ms, ui.now_ms())))
    parts += [isolate(label) for label in row.labels]
    parts.append(ui.stamp_text(row.stamp))
    return ui.t("list.comma").join(p for p in parts if p)


def _chip(ui: Ui, row: vt.TaskRow) -> tuple[str, str]:
    return ui.t(f"task.status.{row.status}"), CHIPS.get(row.status, "")


def my_task_cells(ui: Ui, row: vt.TaskRow) -> list[Cell]:
    icon, tone = ICONS[row.status]
    due = when(row)
    return [
        Cell(icon=icon, icon_tone=tone),
        Cell(task_name(ui, row), tone="text3", role="caption"),
        Cell(title(row.title)),
        Cell(chips=(_chip(ui, row),)),
        Cell(reward_text(ui, row), tone="text2"),
        Cell(ui.texts.day(due, ui.now_ms()) if due else "", tone=due_tone(ui, due), role="caption"),
    ]


def task_cells(ui: Ui, row: vt.TaskRow) -> list[Cell]:
    icon, tone = ICONS[row.status]
    due = when(row)
    first = row.assignees[0].person if row.assignees else None
    others = f"+{len(row.assignees) - 1}" if len(row.assignees) > 1 else ""
    labels = " · ".join(isolate(label) for label in row.labels)
    return [
        Cell(icon=icon, icon_tone=tone),
        Cell(task_name(ui, row), tone="text3", role="caption"),
        Cell(title(row.title), after=labels),
        Cell(
            "" if row.priority == "normal" else ui.t(f"task.priority.{row.priority}"), role="caption",
            tone=PRIORITY_TONES[row.priority],
        ),
        Cell(chips=(_chip(ui, row),)),
        Cell(ui.name_you(first) if first else "", tone="text2", person=first, after=others),
        Cell(reward_text(ui, row), tone="text2"),
        Cell(ui.texts.until(due, ui.now_ms()) if due else "", tone=due_tone(ui, due), role="caption"),
        stamp_cell(ui, row.stamp),
    ]


def task_card(ui: Ui, row: vt.TaskRow) -> Card:
    """The card on the board: who, what, how much, until when, and what is pending about it."""
    left, tone, seal = reward_text(ui, row), "text2", ""
    if row.stamp.state != "final":
        seal = row.stamp.state
        left = f"{left} {ui.stamp_word(row.stamp)}".strip()
        tone = "danger" if seal in ("contested", "rejected") else "text3" if seal == "queued" else "provisional"
    right, right_tone, icon = _corner(ui, row)
    action = ui.t("task.do.claim") if "claim" in row.can else ui.t("task.do.apply") if "apply" in row.can else ""
    if row.status in ("draft", "changes", "disputed", "rejected"):
        action = ui.t(f"task.status.{row.status}")
    marks = f"{row.ticked}/{row.items}" if row.items else ""
    name = task_name(ui, row)
    if row.priority in ("high", "urgent"):
        name = f"{name} · {ui.t(f'task.priority.{row.priority}')}"
    return Card(
        name=name,
        title=title(row.title),
        people=tuple(a.person for a in row.assignees[:PEOPLE_SHOWN]),
        name_tone=PRIORITY_TONES[row.priority] if row.priority in ("high", "urgent") else "text3",
        action=action,
        left=left,
        left_tone=tone,
        seal=seal,
        marks=marks,
        right=right,
        right_tone=right_tone,
        right_icon=icon,
    )


def _corner(ui: Ui, row: vt.TaskRow) -> tuple[str, str, str]:
    """What stands on the right of a card's foot: text, tone, icon."""
    if "accept" in row.can and row.status == "submitted":
        return ui.t("task.your_review"), "accent", ""
    if row.blocked:
        return ui.t("task.blocked_short"), "text3", "clock"
    if row.applicants and "assign" in row.can and not row.assignees:
        return ui.t("task.applicants", n=row.applicants), "accent", ""
    due = when(row)
    if due is not None:
        tone = due_tone(ui, due)
        return ui.texts.day(due, ui.now_ms()), tone, "clock" if tone == "provisional" else ""
    if row.comments:
        return ui.texts.number(row.comments), "text2", "note"
    return "", "text2", ""
