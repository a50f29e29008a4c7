"""What the use cases around tasks return; conventions as in ``app.views``."""

from __future__ import annotations

from dataclasses import dataclass

from dao_app.app.views_parts import ActivityView, AmountView, CommentView, PersonView, Stamp


@dataclass(frozen=True, slots=True)
class AssigneeView:
    person: PersonView
    share_bp: int  # of the reward, in hundredths of a percent


@dataclass(frozen=True, slots=True)
class FileView:
    """A file named by its digest; ``name`` is foreign text and a label only."""

    hash: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class CheckItem:
    text: str
    done: bool


@dataclass(frozen=True, slots=True)
class TaskLink:
    """Another task, named in short. ``over``: nobody waits for it any more."""

    id: str
    short: str
    number: int | None
    title: str
    status: str
    over: bool


@dataclass(frozen=True, slots=True)
class TaskRow:
    """``status``: draft | open | claimed | started | submitted | changes | accepted | rejected | disputed |
    cancelled | expired. ``payment``: none | planned | held | pending | paid | disputable | returned; where it is
    not final yet, ``stamp`` names whom it waits for.

    ``number`` is given by the final order; None before (show ``short``). ``blocked``: it depends on a task that
    is not over. ``can`` lists the gestures that you may make now: publish, edit, cancel, claim, apply, assign,
    unassign (give back), start, tick, submit, accept, changes, reject, dispute, comment.
    """

    id: str
    short: str
    number: int | None
    title: str
    status: str
    reward: AmountView | None
    payment: str
    escrow_final: bool
    opener: PersonView
    assignees: tuple[AssigneeView, ...]
    applicants: int
    department: str  # its name, "" for none
    labels: tuple[str, ...]
    priority: str  # low | normal | high | urgent
    due_ms: int | None
    estimate_min: int
    ticked: int
    items: int
    blocked: bool
    approval: bool
    seats: int
    every_days: int
    round: int
    expires_ms: int | None
    returns_ms: int | None  # until then a rejection can be disputed
    resumes_ms: int | None  # when the next round of a recurring task opens
    comments: int
    stamp: Stamp
    can: tuple[str, ...]

    @property
    def yours(self) -> bool:
        """Is it assigned to you?"""
        return any(a.person.you for a in self.assignees)


@dataclass(frozen=True, slots=True)
class ApplicationView:
    person: PersonView
    note: str | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class SubmissionView:
    """Work handed in; ``review`` is what the reviewer wrote about it."""

    id: str
    by: PersonView
    note: str | None
    files: tuple[FileView, ...]
    links: tuple[str, ...]
    reviewer: PersonView | None
    review: str | None
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class TaskDetail:
    """``payer`` is "treasury", the name of a department, or a member's name; ``stopped`` is the rejection code
    that kept the next round from opening; ``proposal`` decides a dispute."""

    row: TaskRow
    text: str | None
    checklist: tuple[CheckItem, ...]
    files: tuple[FileView, ...]
    depends: tuple[TaskLink, ...]
    applications: tuple[ApplicationView, ...]
    submission: SubmissionView | None
    payer: str
    payer_person: PersonView | None
    lifetime_s: int
    version: int
    stopped: str
    proposal: str | None
    activity: tuple[ActivityView, ...]
    comments: tuple[CommentView, ...]


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One row of a table as it would become a task. ``problem`` is an error code ("" where it is fine) with its
    ``params``; ``notes`` names what was changed to make it harmless."""

    line: int
    title: str
    reward: AmountView | None
    due_ms: int | None
    labels: tuple[str, ...]
    problem: str
    params: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportTotal:
    """Of one unit: what the good rows hold together, and what the payer has."""

    reward: AmountView
    available_minor: int


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """``good`` rows would be signed, ``digest`` names exactly these; nothing is signed by looking."""

    lines: tuple[ImportLine, ...]
    good: int
    bad: int
    totals: tuple[ImportTotal, ...]
    digest: str
