"""Review of work, and its dispute (TASK-3, TASK-4).

Invariants: nobody reviews a task assigned to them; acceptance pays once; a rejection holds the reward for the
charter's time, in which it can be disputed; a disputed task waits for its proposal, and only when that is over
without a verdict does the review go on.
"""

from __future__ import annotations

from dao_app.core.entities import Proposal, Task
from dao_app.core.envelope import Action
from dao_app.core.keys import proposal_key, submission_key, task_key
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import DAY_MS, parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.members import may
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.task_flow import is_assigner, roots_of
from dao_app.core.rules.task_money import end, pay_out
from dao_app.core.rules.task_terms import is_waiting, terms_of
from dao_app.core.state import State
from dao_app.core.task_entities import Submission

REVIEW = s.Schema({"task": s.link}, {"work": s.link, "note": s.ref})
DISPUTE = s.Schema({"task": s.link, "proposal": s.link})
DISPUTABLE = ("submitted", "changes", "rejected", "disputed")


def accept(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Accept submitted work: the escrow pays the assignees, and their contributions are recorded."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    refused = _refuse_review(state, task, action, author)
    if refused or task is None:
        return refused
    terms = terms_of(state, id_)
    if is_waiting(state, terms.depends):
        return Rejection.DEPENDENCY_OPEN
    _note(state, id_, action, author)
    pay_out(state, id_, task, action.id, action.id, (author.root,), context)
    if terms.every:
        state.start("task_resume", id_, context.place, terms.every * DAY_MS)
    return None


def request_changes(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Request changes: the task goes back to its assignees."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    refused = _refuse_review(state, task, action, author)
    if refused or task is None:
        return refused
    _note(state, id_, action, author)
    state.put(task_key(id_), task._replace(status="changes", proposal=None, dispute=None))
    return None


def reject(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Reject for good: nobody is paid, and the escrow returns unless somebody disputes it in time; at once where
    a dispute came to nothing."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    refused = _refuse_review(state, task, action, author, ("submitted", "changes"))
    if refused or task is None:
        return refused
    _note(state, id_, action, author)
    if task.status == "disputed":
        end(state, id_, task, action.id, "rejected", context.height if context.final else 0)
        return None
    state.put(task_key(id_), task._replace(status="rejected"))
    state.start("task_return", id_, context.place, parameter(state, "task_appeal_ms"))
    return None


def _refuse_review(
    state: State, task: Task | None, action: Action, author: Author, statuses: tuple[str, ...] = ("submitted",)
) -> Rejection | None:
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status == "disputed" and is_undecided(state, task):
        return Rejection.TASK_DISPUTED
    if task.status not in (*statuses, "disputed"):
        return Rejection.NOT_SUBMITTED
    if author.root in roots_of(task):
        return Rejection.OWN_WORK
    if not may(state, author, "task.review", task.department):
        return Rejection.NOT_ALLOWED
    if not is_assigner(state, task, author):
        return Rejection.NOT_REVIEWER
    work = state.get(submission_key(action.body["task"]), Submission)
    if work is not None and action.body.get("work", work.action) != work.action:
        return Rejection.WORK_CHANGED
    return None


def _note(state: State, id_: bytes, action: Action, author: Author) -> None:
    """Keep what the reviewer wrote beside the work."""
    work = state.need(submission_key(id_), Submission)
    state.put(submission_key(id_), work._replace(reviewer=author.root, review=s.reference(action.body, "note")))


def is_undecided(state: State, task: Task) -> bool:
    """May the proposal that decides the dispute still bring its verdict?"""
    proposal = state.get(proposal_key(task.proposal), Proposal) if task.proposal else None
    if proposal is None:
        return False
    return proposal.status in ("discussion", "voting") or proposal.execution in ("waiting", "failed")


def refuse_dispute(state: State, id_: bytes) -> Rejection | None:
    """Can the review of this task be disputed now?"""
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status == "disputed" and is_undecided(state, task):
        return Rejection.TASK_DISPUTED
    return Rejection.NOT_SUBMITTED if task.closed or task.status not in DISPUTABLE else None


def dispute(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Let a proposal decide whether the work is paid: by an assignee, or by who may review it."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if author.root not in roots_of(task) and not is_assigner(state, task, author):
        return Rejection.NOT_CONCERNED
    refused = refuse_dispute(state, id_)
    if refused:
        return refused
    proposal = state.get(proposal_key(action.body["proposal"]), Proposal)
    if proposal is None:
        return Rejection.PROPOSAL_UNKNOWN
    if proposal.kind != "decision" or proposal.status not in ("discussion", "voting"):
        return Rejection.VERDICT_BAD
    disputed = task._replace(
        status="disputed", returns=0, proposal=bytes(action.body["proposal"]), dispute=action.id
    )
    state.put(task_key(id_), disputed)
    return None
