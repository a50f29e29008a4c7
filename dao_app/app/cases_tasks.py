"""Use cases around work: tasks, comments, contributions, erasing text."""

from __future__ import annotations

from typing import Any

from dao_app.app import views as v
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import COMMENT, Reader
from dao_app.app.resolve import ids_by_prefix, minor, object_id, one_line, period_ms, target_id, unit
from dao_app.core.encoding import Link
from dao_app.core.entities import Contribution, Task
from dao_app.core.envelope import GENESIS_TYPE, JOIN_TYPE
from dao_app.core.keys import contribution_key, task_key
from dao_app.core.limits import TITLE_BYTES_MAX
from dao_app.core.rules.charter import parameter

_STEPS = ("claim", "submit", "accept", "reject", "cancel")
_NO_TEXT = {"hash": bytes(32), "size": 1, "kind": "comment"}


class TaskCases(Cases):
    """Part of ``app.api.Api``."""

    def task_open(
        self, org: str, title: str, text: str = "", reward: str = "", unit: str = "", from_treasury: bool = True,
        lifetime_s: int = 0,
    ) -> v.TaskRow:
        opened, reader = self._read(org)
        code, amount = _reward(reader, reward, unit)
        body: dict[str, Any] = {
            "title": one_line(title, "title", TITLE_BYTES_MAX),
            "unit": code,
            "amount": amount,
            "treasury": from_treasury,
            "lifetime": period_ms(lifetime_s, "lifetime"),
        }
        action = self._write(opened, "task.open", body, text=(text, "text"))
        return task_row(self._reader(opened), action.id)

    def task_list(self, org: str, status: str = "") -> tuple[v.TaskRow, ...]:
        _, reader = self._read(org)
        ids = reader.org.store.of_type("task.open")
        rows = [task_row(reader, id_) for id_ in ids if reader.state.get(task_key(id_), Task) is not None]
        return tuple(row for row in rows if not status or row.status == status)

    def task_show(self, org: str, task: str) -> v.TaskDetail:
        _, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        entity = reader.state.need(task_key(id_), Task)
        submission = reader.text(entity.submission)
        return v.TaskDetail(
            task_row(reader, id_), reader.text(entity.text), submission, entity.payer == b"o", reader.activity(id_),
            reader.comments(id_),
        )

    def task_claim(self, org: str, task: str) -> v.TaskRow:
        return self._step(org, task, "claim")

    def task_submit(self, org: str, task: str, note: str = "") -> v.TaskRow:
        return self._step(org, task, "submit", note)

    def task_accept(self, org: str, task: str) -> v.TaskRow:
        return self._step(org, task, "accept")

    def task_reject(self, org: str, task: str, note: str = "") -> v.TaskRow:
        row = self._step(org, task, "reject")
        if note.strip():
            self.comment_add(org, row.id, note)
        return row

    def task_cancel(self, org: str, task: str) -> v.TaskRow:
        return self._step(org, task, "cancel")

    def _step(self, org: str, task: str, step: str, note: str = "") -> v.TaskRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        self._write(opened, f"task.{step}", {"task": Link(id_)}, text=(note, "note"))
        return task_row(self._reader(opened), id_)

    # -- comments and erasing ----------------------------------------------------------------------
    def comment_add(self, org: str, target: str, text: str) -> v.CommentView:
        opened, reader = self._read(org)
        if not text.strip():
            raise InputError("text_empty", field="comment")
        action = self._write(opened, COMMENT, {"on": Link(target_id(reader, target))}, text=(text, "text"))
        return self._reader(opened).comment(action)

    def content_erase(self, org: str, target: str) -> v.Stamp:
        opened, reader = self._read(org)
        matches = ids_by_prefix(reader, target.strip())
        id_ = matches[0] if len(matches) == 1 else target_id(reader, target)
        body = reader.action(id_).body
        reference = next((body[name] for name in ("text", "profile") if name in body), None)
        if reference is None:
            raise NotFound("no_text", name=target[:80])
        on = body["root"] if reader.action(id_).type in (JOIN_TYPE, GENESIS_TYPE) else id_
        action = self._write(opened, "content.erase", {"on": Link(on), "hash": reference["hash"]})
        opened.org.store.erase_content(reference["hash"])
        return self._reader(opened).stamp(action.id)

    # -- contributions -------------------------------------------------------------------------------
    def contribution_claim(self, org: str, title: str, text: str = "") -> v.ContributionRow:
        opened, _ = self._read(org)
        body = {"title": one_line(title, "title", TITLE_BYTES_MAX)}
        action = self._write(opened, "contribution.claim", body, text=(text, "text"))
        return contribution_row(self._reader(opened), action.id)

    def contribution_endorse(self, org: str, contribution: str) -> v.ContributionRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "contribution", contribution)
        self._write(opened, "contribution.endorse", {"contribution": Link(id_)})
        return contribution_row(self._reader(opened), id_)

    def contribution_list(self, org: str, mine: bool = False) -> tuple[v.ContributionRow, ...]:
        _, reader = self._read(org)
        store = reader.org.store
        rows = []
        for id_ in [*store.of_type("contribution.claim"), *store.of_type("task.accept")]:
            if reader.state.get(contribution_key(id_), Contribution) is not None:
                rows.append(contribution_row(reader, id_))
        rows.sort(key=lambda row: (row.stamp.at_ms, row.id), reverse=True)
        return tuple(row for row in rows if not mine or row.author.you)

    def contribution_show(self, org: str, contribution: str) -> v.ContributionDetail:
        _, reader = self._read(org)
        id_ = object_id(reader, "contribution", contribution)
        entity = reader.state.need(contribution_key(id_), Contribution)
        return v.ContributionDetail(contribution_row(reader, id_), reader.text(entity.text), reader.comments(id_))


def _reward(reader: Reader, reward: str, code: str) -> tuple[str, int]:
    if not reward.strip() or reward.strip() == "0":
        return "", 0
    code, entity = unit(reader, code)
    return code, minor(reward, entity.decimals)


def task_row(reader: Reader, id_: bytes) -> v.TaskRow:
    """The row of a task that is in the state."""
    task = reader.state.need(task_key(id_), Task)
    link = Link(id_)
    gestures: list[tuple[str, str, dict[str, Any]]] = [(s, f"task.{s}", {"task": link}) for s in _STEPS]
    gestures.append(("comment", COMMENT, {"on": link, "text": _NO_TEXT}))
    return v.TaskRow(
        id_.hex(), id_.hex()[:8], task.number or None, task.title, task.status, reader.amount(task.unit, task.amount),
        0 < task.opened <= reader.org.height(), reader.person(task.opener),
        reader.person(task.assignee) if task.assignee else None, task.expires or None, task.comments,
        reader.object_stamp(id_), reader.can(gestures),
    )


def contribution_row(reader: Reader, id_: bytes) -> v.ContributionRow:
    """The row of a contribution that is in the state."""
    entity = reader.state.need(contribution_key(id_), Contribution)
    task = None
    if entity.task is not None:
        number = reader.state.need(task_key(entity.task), Task).number
        task = f"T-{number}" if number else entity.task.hex()[:8]
    link = Link(id_)
    gestures: list[tuple[str, str, dict[str, Any]]] = [
        ("endorse", "contribution.endorse", {"contribution": link}),
        ("comment", COMMENT, {"on": link, "text": _NO_TEXT}),
    ]
    return v.ContributionRow(
        id_.hex(), entity.title, reader.person(entity.author), entity.source, task,
        reader.amount(entity.unit, entity.amount), entity.status, tuple(reader.person(r) for r in entity.endorsers),
        parameter(reader.state, "endorsements"), reader.object_stamp(id_), reader.can(gestures),
    )


