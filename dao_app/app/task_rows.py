"""Rows and details of tasks, read from the derived state."""

from __future__ import annotations

from typing import Any

from dao_app.app import views as v
from dao_app.app import views_tasks as vt
from dao_app.app.queries import COMMENT, Reader
from dao_app.core.encoding import Link
from dao_app.core.entities import Task
from dao_app.core.keys import TREASURY, submission_key, task_key
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.task_money import is_held
from dao_app.core.rules.task_terms import OVER, is_waiting, terms_of
from dao_app.core.task_entities import File, Submission, Terms

NO_TEXT = {"hash": bytes(32), "size": 1, "kind": "comment"}
_NOBODY = Link(b"\0" * 32)  # no object has this id
# Gestures that a stage can allow at all; the rules are asked about these alone.
_STAGES: dict[str, tuple[str, ...]] = {
    "draft": ("publish", "edit", "cancel"),
    "open": ("edit", "cancel", "claim", "apply", "assign", "tick"),
    "claimed": ("cancel", "claim", "assign", "unassign", "start", "tick", "submit"),
    "started": ("cancel", "claim", "assign", "unassign", "tick", "submit"),
    "submitted": ("tick", "submit", "accept", "changes", "reject", "dispute"),
    "changes": ("unassign", "tick", "submit", "reject", "dispute"),
    "rejected": ("dispute",),
    "disputed": ("accept", "changes", "reject", "dispute"),
    "accepted": ("cancel",),
    "cancelled": (),
    "expired": (),
}
# Whose refusal says that only the sample of a body was not right.
_SAMPLE_FAULTS = {
    "assign": (Rejection.ASSIGNEE_UNKNOWN, Rejection.OWN_TASK),
    "dispute": (Rejection.PROPOSAL_UNKNOWN,),
    "edit": (),
}


GESTURES = tuple(sorted({name for names in _STAGES.values() for name in names}))


def task_ids(reader: Reader, status: str = "") -> list[bytes]:
    """Tasks that are in the state, of one stage or ("") of all, in order of arrival."""
    found = [(i, reader.state.get(task_key(i), Task)) for i in reader.org.store.of_type("task.open")]
    ids = [i for i, task in found if task is not None and (not status or task.status == status)]
    reader.look_ahead(ids)
    return ids


def task_row(reader: Reader, id_: bytes) -> vt.TaskRow:
    """The row of a task that is in the state."""
    task = reader.state.need(task_key(id_), Task)
    terms = terms_of(reader.state, id_)
    height = reader.org.height()
    return vt.TaskRow(
        id=id_.hex(),
        short=id_.hex()[:8],
        number=task.number or None,
        title=task.title,
        status=task.status,
        reward=reader.amount(task.unit, task.amount),
        payment=payment_of(task, height),
        escrow_final=0 < task.opened <= height,
        opener=reader.person(task.opener),
        assignees=tuple(vt.AssigneeView(reader.person(a.member), a.share) for a in task.assignees),
        applicants=len(task.applicants),
        department=reader.department_name(task.department),
        labels=terms.labels,
        priority=terms.priority,
        due_ms=terms.due or None,
        estimate_min=terms.estimate,
        ticked=len(task.ticks),
        items=len(terms.checklist),
        blocked=bool(terms.depends) and task.status not in OVER and is_waiting(reader.state, terms.depends),
        approval=terms.approval,
        seats=terms.seats,
        every_days=terms.every,
        round=task.round,
        expires_ms=task.expires or None,
        returns_ms=task.returns or None,
        resumes_ms=task.resumes or None,
        comments=task.comments,
        stamp=reader.object_stamp(id_),
        can=gestures_of(reader, id_, task, terms),
    )


def payment_of(task: Task, height: int) -> str:
    """How far the reward is; see ``TaskRow``."""
    if not task.unit:
        return "none"
    if task.status == "draft":
        return "planned"
    if task.status == "accepted":
        return "paid" if 0 < task.closed <= height else "pending"
    if task.status == "rejected" and is_held(task):
        return "disputable"
    return "held" if is_held(task) else "returned"


def gestures_of(reader: Reader, id_: bytes, task: Task, terms: Terms) -> tuple[str, ...]:
    """Names of the gestures that this device's member may make now."""
    found = [name for name in _STAGES[task.status] if not _refusal(reader, id_, task, terms, name)]
    if reader.judge(COMMENT, {"on": Link(id_), "text": NO_TEXT}) is None:
        found.append("comment")
    return tuple(found)


def why_not(reader: Reader, id_: bytes, name: str) -> str:
    """Rejection code that keeps a task in the state from this gesture, "" where nothing does."""
    refused = _refusal(reader, id_, reader.state.need(task_key(id_), Task), terms_of(reader.state, id_), name)
    return refused.value if refused is not None else ""


def _refusal(reader: Reader, id_: bytes, task: Task, terms: Terms, name: str) -> Rejection | None:
    refused = reader.judge(f"task.{name}", _sample(reader, id_, task, terms, name))
    return None if refused in _SAMPLE_FAULTS.get(name, ()) else refused


def _sample(reader: Reader, id_: bytes, task: Task, terms: Terms, name: str) -> dict[str, Any]:
    """A body with which to ask the rules whether a gesture is allowed."""
    body: dict[str, Any] = {"task": Link(id_)}
    me = reader.member or bytes(32)
    if name == "edit":
        body.update(terms_body(task, terms))
    elif name == "assign":
        members = task.applicants or [a.member for a in task.assignees] or [me]
        body["members"] = [[members[0], 10_000]]
    elif name == "unassign":
        body["member"] = me
    elif name == "tick":
        body.update(item=1, done=1 not in task.ticks)
    elif name == "dispute":
        body["proposal"] = _NOBODY
    return body


def terms_body(task: Task, terms: Terms) -> dict[str, Any]:
    """The body of ``task.edit`` that would change nothing."""
    body: dict[str, Any] = {
        "title": task.title,
        "unit": task.unit,
        "amount": task.amount,
        "payer": task.payer,
        "lifetime": terms.lifetime,
        "labels": list(terms.labels),
        "priority": terms.priority,
        "due": terms.due,
        "estimate": terms.estimate,
        "checklist": list(terms.checklist),
        "files": [list(file) for file in terms.files],
        "depends": [Link(one) for one in terms.depends],
        "every": terms.every,
        "approval": terms.approval,
        "seats": terms.seats,
    }
    if task.department is not None:
        body["department"] = Link(task.department)
    if terms.text is not None:
        body["text"] = {"hash": terms.text[0], "size": terms.text[1], "kind": "text"}
    return body


# -- one task ----------------------------------------------------------------------------------------
def task_detail(reader: Reader, id_: bytes) -> vt.TaskDetail:
    """Everything about a task that is in the state."""
    task = reader.state.need(task_key(id_), Task)
    terms = terms_of(reader.state, id_)
    payer, person = payer_of(reader, task.payer)
    return vt.TaskDetail(
        row=task_row(reader, id_),
        text=reader.text(terms.text),
        checklist=tuple(vt.CheckItem(text, n in task.ticks) for n, text in enumerate(terms.checklist, 1)),
        files=files(terms.files),
        depends=tuple(task_link(reader, one) for one in terms.depends),
        applications=_applications(reader, id_, task),
        submission=_submission(reader, id_),
        payer=payer,
        payer_person=person,
        lifetime_s=terms.lifetime // 1_000,
        version=task.version,
        stopped=task.stopped,
        proposal=task.proposal.hex() if task.proposal else None,
        activity=reader.activity(id_),
        comments=reader.comments(id_),
    )


def payer_of(reader: Reader, party: bytes) -> tuple[str, v.PersonView | None]:
    """Who pays, for people: "treasury", or the name of a department or member."""
    if party == TREASURY:
        return "treasury", None
    if party[:1] == b"d":
        return reader.department_name(party[1:]), None
    name, person = reader.party(party)
    return (person.name or person.fingerprint) if person is not None else name, person


def files(listed: tuple[File, ...]) -> tuple[vt.FileView, ...]:
    return tuple(vt.FileView(file.hash.hex(), file.name, file.size) for file in listed)


def task_link(reader: Reader, id_: bytes) -> vt.TaskLink:
    task = reader.state.need(task_key(id_), Task)
    return vt.TaskLink(
        id_.hex(), id_.hex()[:8], task.number or None, task.title, task.status, task.status in OVER
    )


def _applications(reader: Reader, id_: bytes, task: Task) -> tuple[vt.ApplicationView, ...]:
    """Who applied in this round, each with the latest note."""
    found: dict[str, vt.ApplicationView] = {}
    applicants = {root.hex() for root in task.applicants}
    for action in reader.about(id_) if task.applicants else ():
        person = reader.author(action.by)
        if action.type == "task.apply" and person.id in applicants and reader.stands(action.id):
            note = action.body.get("note")
            text = reader.text((note["hash"], note["size"])) if note else None
            found[person.id] = vt.ApplicationView(person, text, reader.stamp(action.id))
    return tuple(found.values())


def _submission(reader: Reader, id_: bytes) -> vt.SubmissionView | None:
    work = reader.state.get(submission_key(id_), Submission)
    if work is None:
        return None
    return vt.SubmissionView(
        work.action.hex(),
        reader.person(work.by),
        reader.text(work.note),
        files(work.files),
        work.links,
        reader.person(work.reviewer) if work.reviewer else None,
        reader.text(work.review),
        reader.stamp(work.action),
    )
