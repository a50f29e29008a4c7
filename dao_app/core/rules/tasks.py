"""Tasks with escrowed reward (TASK-1 to TASK-4).

Invariants: the reward leaves the payer when the task opens and lies in the task's escrow until exactly
one of acceptance (to the assignee), cancellation or expiry (back to the payer) takes it out; a task is
claimed only once its escrow is final; nobody accepts own work.
"""

from __future__ import annotations

from dao_app.core.entities import Contribution, DueItem, Task, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import TOTALS_KEY, TREASURY, escrow_party, member_party, task_key
from dao_app.core.limits import PERIOD_MS_MAX
from dao_app.core.rules import contributions
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.ledger import check_amount
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

OPEN = s.Schema(
    {"title": s.title, "unit": s.text_or_empty, "amount": s.count, "treasury": s.flag, "lifetime": s.count},
    {"text": s.ref},
)
STEP = s.Schema({"task": s.link})
STEP_WITH_NOTE = s.Schema({"task": s.link}, {"note": s.ref})


def open_task(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Open a task; a reward (unit and amount) goes into its escrow."""
    body = action.body
    payer = TREASURY if body["treasury"] else member_party(author.root)
    refused = _refuse_open(state, action, author, payer)
    if refused:
        return refused
    number = 0
    if context.final:
        totals = state.need(TOTALS_KEY, Totals)
        number = totals.tasks + 1
        state.put(TOTALS_KEY, totals._replace(tasks=number))
    task = Task(
        number, body["title"], s.reference(body, "text"), author.root, payer, body["unit"], body["amount"],
        "open", context.height if context.final else 0, None, None, 0, 0,
    )
    state.put(task_key(action.id), task)
    if body["unit"]:
        state.move(
            Posting("escrow", payer, escrow_party(action.id), body["unit"], body["amount"], action.id, None)
        )
    if body["lifetime"]:
        state.start("task", action.id, context.place, body["lifetime"])
    return None


def _refuse_open(state: State, action: Action, author: Author, payer: bytes) -> Rejection | None:
    body = action.body
    if "task.open" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if "task.fund" not in author.permissions and not parameter(state, "members_open_tasks"):
        return Rejection.NOT_ALLOWED
    if body["lifetime"] > PERIOD_MS_MAX or 0 < body["lifetime"] < 1_000:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if not body["unit"]:
        return Rejection.UNIT_UNKNOWN if body["amount"] else None
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    if payer == TREASURY and "task.fund" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if state.balance(payer, body["unit"]) < body["amount"]:
        return Rejection.BALANCE_TOO_LOW
    return None


def claim(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take an open task whose escrow is final."""
    task = state.get(task_key(action.body["task"]), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if "task.claim" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if task.status != "open":
        return Rejection.TASK_NOT_OPEN
    if not 0 < task.opened < context.height:
        return Rejection.ESCROW_NOT_FINAL
    if task.opener == author.root and task.payer == member_party(author.root):
        return Rejection.OWN_TASK
    state.put(task_key(action.body["task"]), task._replace(status="claimed", assignee=author.root))
    return None


def submit(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Hand in the work."""
    task = state.get(task_key(action.body["task"]), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status not in ("claimed", "submitted"):
        return Rejection.NOT_CLAIMED
    if task.assignee != author.root:
        return Rejection.NOT_ASSIGNEE
    note = s.reference(action.body, "note")
    state.put(task_key(action.body["task"]), task._replace(status="submitted", submission=note))
    return None


def accept(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Accept submitted work: the escrow pays the assignee, and the contribution is recorded."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    refused = _refuse_review(task, author)
    if refused or task is None or task.assignee is None:
        return refused
    if task.unit:
        state.move(
            Posting("pay", escrow_party(id_), member_party(task.assignee), task.unit, task.amount, action.id, None)
        )
    state.put(task_key(id_), task._replace(status="accepted"))
    contribution = Contribution(
        task.assignee, task.title, None, "task", id_, task.unit, task.amount, "endorsed", (author.root,),
        context.height if context.final else 0, 0,
    )
    contributions.record(state, action.id, contribution, context.time)
    return None


def reject(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Request changes: the task goes back to its assignee."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    refused = _refuse_review(task, author)
    if refused or task is None:
        return refused
    state.put(task_key(id_), task._replace(status="claimed"))
    return None


def _refuse_review(task: Task | None, author: Author) -> Rejection | None:
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status != "submitted" or task.assignee is None:
        return Rejection.NOT_SUBMITTED
    if task.assignee == author.root:
        return Rejection.OWN_WORK
    if "task.review" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if task.opener != author.root and "task.fund" not in author.permissions:
        return Rejection.NOT_REVIEWER
    return None


def cancel(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take a task back before work was handed in; the escrow returns."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.opener != author.root and "task.cancel" not in author.permissions:
        return Rejection.NOT_OPENER
    if task.status not in ("open", "claimed"):
        return Rejection.TASK_CLOSED
    if task.unit and not 0 < task.opened < context.height:
        return Rejection.ESCROW_NOT_FINAL
    _return_escrow(state, id_, task, action.id, "cancelled")
    return None


def _return_escrow(state: State, id_: bytes, task: Task, cause: bytes, status: str) -> None:
    if task.unit:
        state.move(Posting("refund", escrow_party(id_), task.payer, task.unit, task.amount, cause, None))
    state.put(task_key(id_), task._replace(status=status))


def start_task(state: State, id_: bytes, lifetime: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the task: its life starts."""
    task = state.need(task_key(id_), Task)
    expires = time + lifetime
    state.put(task_key(id_), task._replace(expires=expires))
    schedule(state, DueItem(expires, place, "expire_task", id_))


def expire_task(state: State, id_: bytes) -> None:
    """Its time is over: what nobody handed in returns to the payer."""
    task = state.need(task_key(id_), Task)
    if task.status in ("open", "claimed"):
        _return_escrow(state, id_, task, id_, "expired")
