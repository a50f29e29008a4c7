"""Tasks from draft to opening, and their end before work was handed in (TASK-1 to TASK-3).

Invariants: only an opener with the right to the payer's money opens a task; a draft holds nothing; terms
change only while nobody has claimed the task, money with them by the difference alone; a recurring task
ends with the round in which it is cancelled.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.entities import Task, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import TOTALS_KEY, TREASURY, member_party, task_key
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.departments import active
from dao_app.core.rules.ledger import check_amount
from dao_app.core.rules.members import may
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.task_money import LIVE, end, give_back, hold, is_held, refuse_funds
from dao_app.core.rules.task_terms import OPTIONAL, REQUIRED, put_terms, read_terms, refuse_terms, terms_of
from dao_app.core.state import State

OPEN = s.Schema(REQUIRED, {**OPTIONAL, "draft": s.flag})
EDIT = s.Schema({"task": s.link, **REQUIRED}, OPTIONAL)
STEP = s.Schema({"task": s.link})


def open_task(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Open a task, or write a draft of one; a reward (unit and amount) goes into its escrow when it opens."""
    body, draft = action.body, action.body.get("draft", False)
    refused = _refuse_opening(state, author, body) or refuse_terms(state, action.id, body)
    if refused:
        return refused
    if not draft:
        refused = refuse_funds(state, body["payer"], body["unit"], body["amount"])
        if refused:
            return refused
    number = 0
    if context.final:
        totals = state.need(TOTALS_KEY, Totals)
        number = totals.tasks + 1
        state.put(TOTALS_KEY, totals._replace(tasks=number))
    task = Task(
        number=number, title=body["title"], opener=author.root, payer=body["payer"], unit=body["unit"],
        amount=body["amount"], department=body.get("department"), status="draft", version=1, round=1, opened=0,
        assignees=(), applicants=(), ticks=(), started=0, expires=0, returns=0, resumes=0, stopped="", closed=0,
        proposal=None, dispute=None, comments=0,
    )
    state.put(task_key(action.id), task)
    put_terms(state, action.id, read_terms(body))
    if not draft:
        _publish(state, action.id, task, action.id, context)
    return None


def _refuse_opening(state: State, author: Author, body: dict[str, Any]) -> Rejection | None:
    """May the author open a task with this payer's money, and is the amount one?"""
    department = body.get("department")
    if not parameter(state, "module_tasks"):
        return Rejection.MODULE_OFF
    if department is not None and active(state, department) is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if not may(state, author, "task.open", department):
        return Rejection.NOT_ALLOWED
    if not may(state, author, "task.fund", department) and not parameter(state, "members_open_tasks"):
        return Rejection.NOT_ALLOWED
    if not body["unit"]:
        return Rejection.UNIT_UNKNOWN if body["amount"] else None
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    return None if _may_spend(state, author, body["payer"]) else Rejection.NOT_ALLOWED


def _may_spend(state: State, author: Author, payer: bytes) -> bool:
    """One's own money; with "task.fund" that of the organisation, or of a department in or above which one has it."""
    if payer[:1] == b"d":
        return may(state, author, "task.fund", payer[1:])
    return payer == member_party(author.root) or (payer == TREASURY and "task.fund" in author.permissions)


def _publish(state: State, id_: bytes, task: Task, cause: bytes, context: Context) -> None:
    """Take the reward into escrow and let the life of the task begin."""
    height = context.height if context.final else 0
    state.put(task_key(id_), task._replace(status="open", opened=height))
    hold(state, id_, task, task.amount, cause)
    state.start("task", id_, context.place, terms_of(state, id_).lifetime)


def publish(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Open a draft."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status != "draft":
        return Rejection.TASK_NOT_DRAFT
    if not _is_keeper(state, task, author):
        return Rejection.NOT_OPENER
    refused = _refuse_opening(state, author, task._asdict()) or refuse_funds(state, task.payer, task.unit, task.amount)
    if refused:
        return refused
    _publish(state, id_, task, action.id, context)
    return None


def _is_keeper(state: State, task: Task, author: Author) -> bool:
    """May this member change, publish or cancel the task: its opener, or a steward unless a member pays."""
    if task.opener == author.root:
        return True
    return task.payer[:1] != b"m" and may(state, author, "task.cancel", task.department)


def edit(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Replace the terms while nobody has claimed the task; what is held follows by the difference."""
    id_, body = action.body["task"], action.body
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if not _is_keeper(state, task, author):
        return Rejection.NOT_OPENER
    if task.assignees:
        return Rejection.TASK_CLAIMED
    if task.status not in ("draft", "open"):
        return Rejection.TASK_CLOSED
    refused = _refuse_opening(state, author, body) or refuse_terms(state, id_, body)
    if refused:
        return refused
    changed = task._replace(
        title=body["title"], payer=body["payer"], unit=body["unit"], amount=body["amount"],
        department=body.get("department"), version=task.version + 1,
    )
    if task.status == "open":
        refused = _refuse_change_of_money(state, task, changed, context)
        if refused:
            return refused
        changed = _change_money(state, id_, task, changed, action.id, context)
    lifetime = terms_of(state, id_).lifetime
    put_terms(state, id_, read_terms(body))
    state.put(task_key(id_), changed)
    if task.status == "open" and body["lifetime"] != lifetime:
        state.start("task", id_, context.place, body["lifetime"])
    return None


def _same_purse(old: Task, new: Task) -> bool:
    return (old.payer, old.unit) == (new.payer, new.unit)


def _refuse_change_of_money(state: State, old: Task, new: Task, context: Context) -> Rejection | None:
    if _same_purse(old, new) and old.amount == new.amount:
        return None
    if is_held(old) and not 0 < old.opened < context.height:
        return Rejection.ESCROW_NOT_FINAL
    more = max(new.amount - old.amount, 0) if _same_purse(old, new) else new.amount
    return refuse_funds(state, new.payer, new.unit, more) if more else None


def _change_money(state: State, id_: bytes, old: Task, new: Task, cause: bytes, context: Context) -> Task:
    """Move the difference; until the checkpoint that seals it nobody can claim the task."""
    if _same_purse(old, new):
        hold(state, id_, new, max(new.amount - old.amount, 0), cause)
        give_back(state, id_, old, max(old.amount - new.amount, 0), cause)
    else:
        give_back(state, id_, old, old.amount, cause)
        hold(state, id_, new, new.amount, cause)
    moved = not _same_purse(old, new) or old.amount != new.amount
    return new._replace(opened=context.height if context.final else 0) if moved else new


def cancel(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take a task back before work was handed in, the escrow returns; or stop a recurring one between rounds."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.opener != author.root and not may(state, author, "task.cancel", task.department):
        return Rejection.NOT_OPENER
    if task.status == "accepted" and task.resumes:
        state.put(task_key(id_), task._replace(resumes=0))
        return None
    if task.status in ("submitted", "changes", "disputed"):
        return Rejection.WORK_HANDED_IN
    if task.status not in (*LIVE, "draft"):
        return Rejection.TASK_CLOSED
    if is_held(task) and not 0 < task.opened < context.height:
        return Rejection.ESCROW_NOT_FINAL
    end(state, id_, task, action.id, "cancelled", context.height if context.final else 0)
    return None
