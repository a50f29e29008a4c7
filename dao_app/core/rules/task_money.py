"""The money of a task, and what time does to it (TASK-3).

Invariants: a reward leaves its payer when the task opens and lies in the task's escrow until exactly one of
acceptance (to the assignees), cancellation, expiry or final rejection (back to the payer) takes out all of it;
shares are paid by largest remainder, so that their sum is the reward; a round that opens again takes a fresh
reward from the payer, or visibly does not open.
"""

from __future__ import annotations

import hashlib

from dao_app.core.entities import Assignee, Contribution, DueItem, Task
from dao_app.core.keys import TREASURY, escrow_party, member_party, submission_key, task_key
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rules import contributions
from dao_app.core.rules.charter import DAY_MS
from dao_app.core.rules.context import Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.emergency import is_stopped
from dao_app.core.rules.ledger import check_party, home_of
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.task_terms import put_terms, terms_of
from dao_app.core.state import Posting, State
from dao_app.core.task_entities import Submission

SHARES = 10_000  # all shares of a task together, in hundredths of a percent
LIVE = ("open", "claimed", "started")  # before work was handed in: may be cancelled, and expires
HELD = (*LIVE, "submitted", "changes", "disputed")  # a reward lies in escrow; also while a rejection may be disputed
_CONTRIBUTION = b"guildhall/contribution/1\0"


def is_held(task: Task) -> bool:
    """Does the reward lie in escrow?"""
    return bool(task.unit) and (task.status in HELD or (task.status == "rejected" and not task.closed))


def refuse_funds(state: State, payer: bytes, unit: str, amount: int) -> Rejection | None:
    """Can the payer put this into escrow? An inactive payer cannot, nor a treasury while spending is stopped."""
    if not unit:
        return None
    refused = check_party(state, payer)
    if refused:
        return refused
    if payer[:1] in (TREASURY, b"d") and is_stopped(state):
        return Rejection.SPENDING_STOPPED
    return Rejection.BALANCE_TOO_LOW if state.balance(payer, unit) < amount else None


def hold(state: State, id_: bytes, task: Task, amount: int, cause: bytes) -> None:
    """Move from the payer into the task's escrow; it has been checked that the payer can."""
    if task.unit and amount:
        state.move(Posting("escrow", task.payer, escrow_party(id_), task.unit, amount, cause, None))


def give_back(state: State, id_: bytes, task: Task, amount: int, cause: bytes) -> None:
    """Move from the task's escrow back to the payer; to the treasury where the department is closed by now."""
    if task.unit and amount:
        state.move(Posting("refund", escrow_party(id_), home_of(state, task.payer), task.unit, amount, cause, None))


def pay_out(state: State, id_: bytes, task: Task, cause: bytes, origin: bytes, reviewers: tuple[bytes, ...],
            context: Context) -> None:  # fmt: skip
    """Pay the assignees, record their contributions and end the round as accepted.

    ``cause`` is the action that the postings name, ``origin`` the one under which contributions stand. Where
    nobody reviewed, a contribution waits for the endorsement of somebody.
    """
    height = context.height if context.final else 0
    parts = share_out(task.amount, [a.share for a in task.assignees]) if task.unit else [0] * len(task.assignees)
    for place, (assignee, part) in enumerate(zip(task.assignees, parts, strict=True)):
        party = member_party(assignee.member)
        if part:
            state.move(Posting("pay", escrow_party(id_), party, task.unit, part, cause, None))
        contribution = Contribution(
            assignee.member, task.title, None, "task", id_, task.unit if part else "", part, "claimed", reviewers,
            height, 0, department=task.department,
        )
        contributions.record(state, contribution_id(origin, place), contribution, context.time)
    state.put(task_key(id_), task._replace(status="accepted", returns=0, closed=height))


def contribution_id(origin: bytes, place: int) -> bytes:
    """Under which id the contribution of an assignee stands: the accepting action's own for the first."""
    return origin if place == 0 else hashlib.sha256(_CONTRIBUTION + origin + place.to_bytes(2, "big")).digest()


def shared_equally(members: list[bytes]) -> tuple[Assignee, ...]:
    """These members with equal shares; what does not divide goes to the first."""
    return tuple(Assignee(m, part) for m, part in zip(members, share_out(SHARES, [1] * len(members)), strict=True))


# -- time --------------------------------------------------------------------------------------------
def start_task(state: State, id_: bytes, lifetime: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the opening: the life of the round starts (``lifetime`` ms, 0: no end)."""
    task = state.need(task_key(id_), Task)
    expires = time + lifetime if lifetime else 0
    state.put(task_key(id_), task._replace(started=time, expires=expires))
    if expires:
        schedule(state, DueItem(expires, place, "expire_task", id_))


def expire_task(state: State, id_: bytes, time: int, height: int) -> None:
    """Its time is over: what nobody handed in returns to the payer. A time that no longer holds does nothing."""
    task = state.need(task_key(id_), Task)
    if task.expires == time and task.status in LIVE:
        end(state, id_, task, id_, "expired", height)


def end(state: State, id_: bytes, task: Task, cause: bytes, status: str, height: int) -> None:
    """Return the escrow and end the round in the checkpoint of this height (0 while provisional)."""
    if is_held(task):
        give_back(state, id_, task, task.amount, cause)
    state.put(task_key(id_), task._replace(status=status, returns=0, closed=height))


def start_return(state: State, id_: bytes, appeal: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed a rejection: it may be disputed for ``appeal`` ms."""
    task = state.need(task_key(id_), Task)
    if task.status == "rejected":
        state.put(task_key(id_), task._replace(returns=time + appeal))
        schedule(state, DueItem(time + appeal, place, "return_task", id_))


def return_task(state: State, id_: bytes, time: int, height: int) -> None:
    """Nobody disputed the rejection in time: the escrow returns."""
    task = state.need(task_key(id_), Task)
    if task.status == "rejected" and task.returns == time:
        end(state, id_, task, id_, "rejected", height)


def start_resume(state: State, id_: bytes, period: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the acceptance of a recurring task: its next round opens ``period`` ms
    after the last one did, at once where that is past."""
    task = state.need(task_key(id_), Task)
    if task.status == "accepted":
        resumes = max(time, task.started + period)
        state.put(task_key(id_), task._replace(resumes=resumes))
        schedule(state, DueItem(resumes, place, "resume_task", id_))


def resume_task(state: State, id_: bytes, time: int, height: int, place: int) -> None:
    """Open the next round of a recurring task, if the payer still covers it; else say why not."""
    task = state.need(task_key(id_), Task)
    if task.status != "accepted" or task.resumes != time:
        return
    refused = refuse_funds(state, task.payer, task.unit, task.amount)
    if refused:
        state.put(task_key(id_), task._replace(resumes=0, stopped=refused.value))
        return
    terms = terms_of(state, id_)
    if terms.due:
        put_terms(state, id_, terms._replace(due=terms.due + terms.every * DAY_MS))
    if state.get(submission_key(id_), Submission) is not None:
        state.put(submission_key(id_), None)
    again = task._replace(
        status="open", round=task.round + 1, opened=height, assignees=(), applicants=(), ticks=(), resumes=0,
        closed=0, proposal=None, dispute=None,
    )
    state.put(task_key(id_), again)
    hold(state, id_, again, task.amount, id_)
    start_task(state, id_, terms.lifetime, time, place)


def settle_dispute(state: State, id_: bytes, accepted: bool, cause: bytes, context: Context) -> Rejection | None:
    """Carry out the verdict of an adopted proposal: pay the assignees, or return the escrow.

    Called by the execution of an effect ``settle_task`` in the final order. ``cause`` is the id of the proposal;
    only the proposal that the dispute names may settle it. ``context.time`` and ``context.height`` are those of
    the checkpoint being formed. Returns why it is impossible, changing nothing.
    """
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status != "disputed" or task.proposal != cause or task.dispute is None:
        return Rejection.VERDICT_BAD
    if not accepted:
        end(state, id_, task, cause, "rejected", context.height)
        return None
    pay_out(state, id_, task, cause, task.dispute, (), context)
    every = terms_of(state, id_).every
    if every:
        start_resume(state, id_, every * DAY_MS, context.time, context.place)
    return None
