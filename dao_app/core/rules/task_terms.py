"""What a task asks for: the shape of its terms, their guards, and dependencies without circles (TASK-1).

Invariants: following dependencies never leads back to where one began; the terms of a task change only
while nobody has claimed it, and every change raises its version. Due date and estimate are told to people;
no rule decides by them.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.entities import Task
from dao_app.core.keys import task_key, terms_key
from dao_app.core.limits import (
    ASSIGNEES_MAX,
    CHECKLIST_MAX,
    DEPENDENCIES_MAX,
    DEPENDENCY_WALK_MAX,
    DUE_MS_MAX,
    ESTIMATE_MINUTES_MAX,
    FILES_MAX,
    LABELS_MAX,
    PERIOD_MS_MAX,
    RECUR_DAYS_MAX,
)
from dao_app.core.rules import schema as s
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State
from dao_app.core.task_entities import NO_TERMS, File, Terms

PRIORITIES = ("low", "normal", "high", "urgent")
OVER = ("accepted", "rejected", "cancelled", "expired")  # a task that another waits for no longer
LIFETIME_MS_LEAST = 1_000  # shorter would be over before it is sealed

FILE_LIST = s.list_of(s.row_of(s.key, s.title, s.count), FILES_MAX)
REQUIRED: dict[str, s.Check] = {
    "title": s.title,
    "unit": s.text_or_empty,
    "amount": s.count,
    "payer": s.party,
    "lifetime": s.count,
}
OPTIONAL: dict[str, s.Check] = {
    "text": s.ref,
    "labels": s.list_of(s.name, LABELS_MAX),
    "priority": s.name,
    "due": s.count,
    "estimate": s.count,
    "checklist": s.list_of(s.title, CHECKLIST_MAX),
    "files": FILE_LIST,
    "depends": s.list_of(s.link, DEPENDENCIES_MAX),
    "every": s.count,
    "approval": s.flag,
    "seats": s.count,
    "department": s.link,
}


def files_of(body: dict[str, Any]) -> tuple[File, ...]:
    """The files that a body names."""
    return tuple(File._make(row) for row in body.get("files", ()))


def refuse_files(body: dict[str, Any]) -> Rejection | None:
    """No file is named twice."""
    hashes = [row[0] for row in body.get("files", ())]
    return Rejection.FILES_BAD if len(set(hashes)) != len(hashes) else None


def terms_of(state: State, task: bytes) -> Terms:
    """The terms of a task that is in the state."""
    return state.get(terms_key(task), Terms) or NO_TERMS


def read_terms(body: dict[str, Any]) -> Terms:
    """The terms in a body that has the shape above."""
    return Terms(
        s.reference(body, "text"),
        tuple(body.get("labels", ())),
        body.get("priority", NO_TERMS.priority),
        body.get("due", 0),
        body.get("estimate", 0),
        tuple(body.get("checklist", ())),
        files_of(body),
        tuple(bytes(link) for link in body.get("depends", ())),
        body.get("every", 0),
        body.get("approval", False),
        body.get("seats", NO_TERMS.seats),
        body["lifetime"],
    )


def put_terms(state: State, task: bytes, terms: Terms) -> None:
    """Keep the terms; the usual ones need no entity."""
    if terms != NO_TERMS:
        state.put(terms_key(task), terms)
    elif state.get(terms_key(task), Terms) is not None:
        state.put(terms_key(task), None)


def refuse_terms(state: State, task: bytes, body: dict[str, Any]) -> Rejection | None:
    """Are these terms of the task ``task`` (its id) within their bounds, and free of circles?"""
    terms = read_terms(body)
    if terms.lifetime > PERIOD_MS_MAX or 0 < terms.lifetime < LIFETIME_MS_LEAST:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if terms.every > RECUR_DAYS_MAX or terms.due > DUE_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if terms.priority not in PRIORITIES:
        return Rejection.PRIORITY_UNKNOWN
    if len(set(terms.labels)) != len(terms.labels):
        return Rejection.LABELS_BAD
    if terms.estimate > ESTIMATE_MINUTES_MAX:
        return Rejection.COUNT_TOO_LARGE
    if not 1 <= terms.seats <= ASSIGNEES_MAX:
        return Rejection.ASSIGNEES_BAD
    return refuse_files(body) or _refuse_dependencies(state, task, terms.depends)


def _refuse_dependencies(state: State, task: bytes, depends: tuple[bytes, ...]) -> Rejection | None:
    """Every dependency exists, and none leads back to ``task``; looks at a bounded number of tasks."""
    for id_ in depends:
        if id_ == task:
            return Rejection.DEPENDENCY_CYCLE
        if state.get(task_key(id_), Task) is None:
            return Rejection.DEPENDENCY_UNKNOWN
    ahead, seen = list(depends), set(depends)
    while ahead:
        for id_ in terms_of(state, ahead.pop()).depends:
            if id_ == task:
                return Rejection.DEPENDENCY_CYCLE
            if id_ not in seen:
                seen.add(id_)
                ahead.append(id_)
        if len(seen) > DEPENDENCY_WALK_MAX:
            return Rejection.DEPENDENCY_DEEP
    return None


def is_waiting(state: State, depends: tuple[bytes, ...]) -> bool:
    """Is any of these tasks not over yet?"""
    return any(state.need(task_key(id_), Task).status not in OVER for id_ in depends)
