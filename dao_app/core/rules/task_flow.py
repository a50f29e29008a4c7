"""Who does a task, and the work up to handing it in (TASK-2).

Invariants: only a task whose opening is final is taken; the shares of all assignees are always 10,000
together; nobody works on a task that they pay for themselves; who handed work in is not put aside by others.
"""

from __future__ import annotations

from dao_app.core.entities import Assignee, Member, Task
from dao_app.core.envelope import Action
from dao_app.core.keys import member_key, member_party, submission_key, task_key
from dao_app.core.limits import APPLICANTS_MAX, ASSIGNEES_MAX, LINKS_MAX
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.members import may, permissions_everywhere
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.task_money import LIVE, SHARES, shared_equally
from dao_app.core.rules.task_terms import FILE_LIST, files_of, refuse_files, terms_of
from dao_app.core.state import State
from dao_app.core.task_entities import Submission

CLAIM = s.Schema({"task": s.link}, {"version": s.count})
APPLY = s.Schema({"task": s.link}, {"version": s.count, "note": s.ref})
ASSIGN = s.Schema({"task": s.link, "members": s.list_of(s.row_of(s.key, s.count), ASSIGNEES_MAX)})
UNASSIGN = s.Schema({"task": s.link, "member": s.key})
TICK = s.Schema({"task": s.link, "item": s.count, "done": s.flag})
SUBMIT = s.Schema(
    {"task": s.link}, {"note": s.ref, "files": FILE_LIST, "links": s.list_of(s.title, LINKS_MAX)}
)
AT_WORK = ("claimed", "started", "changes")


def roots_of(task: Task) -> list[bytes]:
    """The members to whom the task is assigned."""
    return [assignee.member for assignee in task.assignees]


def claim(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take an open task, or a free seat beside others; shares are equal then."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if not may(state, author, "task.claim", task.department):
        return Rejection.NOT_ALLOWED
    if task.status == "draft":
        return Rejection.TASK_DRAFT
    members = roots_of(task)
    if author.root in members:
        return Rejection.ALREADY_ASSIGNED
    terms = terms_of(state, id_)
    free = len(members) < terms.seats and task.assignees == shared_equally(members) if members else True
    if task.status not in LIVE or not free:
        return Rejection.TASK_NOT_OPEN
    refused = _refuse_taking(task, author.root, action, context)
    if refused:
        return refused
    if terms.approval:
        return Rejection.BY_APPLICATION
    status = "claimed" if task.status == "open" else task.status
    state.put(task_key(id_), task._replace(status=status, assignees=shared_equally([*members, author.root])))
    return None


def _refuse_taking(task: Task, member: bytes, action: Action, context: Context) -> Rejection | None:
    """Its opening is final, the terms are those that were read, and somebody else pays."""
    if not 0 < task.opened < context.height:
        return Rejection.ESCROW_NOT_FINAL
    if action.body.get("version", task.version) != task.version:
        return Rejection.TASK_CHANGED
    return Rejection.OWN_TASK if pays(task, member) else None


def pays(task: Task, member: bytes) -> bool:
    """Would this member be paid with their own money?"""
    return bool(task.unit) and task.payer == member_party(member)


def apply_for(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Apply for a task that is assigned by approval."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if not may(state, author, "task.claim", task.department):
        return Rejection.NOT_ALLOWED
    if task.status == "draft":
        return Rejection.TASK_DRAFT
    if task.status != "open":
        return Rejection.TASK_NOT_OPEN
    refused = _refuse_taking(task, author.root, action, context)
    if refused:
        return refused
    if not terms_of(state, id_).approval:
        return Rejection.NOT_BY_APPLICATION
    if author.root in task.applicants:
        return Rejection.ALREADY_APPLIED
    if len(task.applicants) >= APPLICANTS_MAX:
        return Rejection.COUNT_TOO_LARGE
    state.put(task_key(id_), task._replace(applicants=(*task.applicants, author.root)))
    return None


def is_assigner(state: State, task: Task, author: Author) -> bool:
    """Who opened the task, or a steward of where it belongs."""
    return task.opener == author.root or may(state, author, "task.fund", task.department)


def assign(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Say who does the task and with which shares; replaces what was said before."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if not is_assigner(state, task, author):
        return Rejection.NOT_ASSIGNER
    if task.status == "draft":
        return Rejection.TASK_DRAFT
    if task.status in ("submitted", "changes", "disputed"):
        return Rejection.WORK_HANDED_IN
    if task.status not in LIVE:
        return Rejection.TASK_CLOSED
    if not 0 < task.opened < context.height:
        return Rejection.ESCROW_NOT_FINAL
    assignees = tuple(Assignee._make(row) for row in action.body["members"])
    refused = _refuse_assignees(state, task, assignees)
    if refused:
        return refused
    status = "claimed" if task.status == "open" else task.status
    state.put(task_key(id_), task._replace(status=status, assignees=assignees))
    return None


def _refuse_assignees(state: State, task: Task, assignees: tuple[Assignee, ...]) -> Rejection | None:
    members = [assignee.member for assignee in assignees]
    if not members or len(set(members)) != len(members):
        return Rejection.ASSIGNEES_BAD
    for root in members:
        member = state.get(member_key(root), Member)
        if member is None or member.status != "active":
            return Rejection.ASSIGNEE_UNKNOWN
        one = Author(root, b"", member, permissions_everywhere(state, member))
        if not may(state, one, "task.claim", task.department):
            return Rejection.ASSIGNEE_UNKNOWN
        if pays(task, root):
            return Rejection.OWN_TASK
    if any(a.share <= 0 for a in assignees) or sum(a.share for a in assignees) != SHARES:
        return Rejection.SHARES_BAD
    return None


def unassign(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Give a task back, or take it from a member before work was handed in; the others share what is left."""
    id_, member = action.body["task"], action.body["member"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if member != author.root and not is_assigner(state, task, author):
        return Rejection.NOT_ASSIGNER
    if member not in roots_of(task):
        return Rejection.NOT_ASSIGNEE
    if task.status not in AT_WORK:
        return Rejection.WORK_HANDED_IN if task.status in ("submitted", "disputed") else Rejection.TASK_CLOSED
    if task.status == "changes" and member != author.root:
        return Rejection.WORK_HANDED_IN
    left = [a for a in task.assignees if a.member != member]
    shares = share_out(SHARES, [a.share for a in left]) if left else []
    assignees = tuple(Assignee(a.member, share) for a, share in zip(left, shares, strict=True))
    state.put(task_key(id_), task._replace(status=task.status if left else "open", assignees=assignees))
    return None


def start(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Begin to work."""
    id_ = action.body["task"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if author.root not in roots_of(task):
        return Rejection.NOT_ASSIGNEE
    if task.status != "claimed":
        return Rejection.NOT_CLAIMED
    state.put(task_key(id_), task._replace(status="started"))
    return None


def tick(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Tick an item of the checklist, or take the tick back."""
    id_, item, done = action.body["task"], action.body["item"], action.body["done"]
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if author.root not in roots_of(task) and task.opener != author.root:
        return Rejection.NOT_CONCERNED
    if task.status not in (*LIVE, "submitted", "changes"):
        return Rejection.TASK_CLOSED
    if not 1 <= item <= len(terms_of(state, id_).checklist):
        return Rejection.ITEM_UNKNOWN
    if (item in task.ticks) == done:
        return Rejection.ALREADY_TICKED
    ticks = {*task.ticks, item} if done else {*task.ticks} - {item}
    state.put(task_key(id_), task._replace(ticks=tuple(sorted(ticks))))
    return None


def submit(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Hand in the work with its evidence; again while it has not been reviewed."""
    id_, body = action.body["task"], action.body
    task = state.get(task_key(id_), Task)
    if task is None:
        return Rejection.TASK_UNKNOWN
    if task.status not in (*AT_WORK, "submitted"):
        return Rejection.NOT_CLAIMED
    if author.root not in roots_of(task):
        return Rejection.NOT_ASSIGNEE
    refused = refuse_files(body)
    if refused:
        return refused
    work = Submission(
        action.id, author.root, s.reference(body, "note"), files_of(body), tuple(body.get("links", ())), None, None
    )
    state.put(submission_key(id_), work)
    state.put(task_key(id_), task._replace(status="submitted"))
    return None
