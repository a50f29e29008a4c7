"""Use cases around work: tasks, comments, erasing text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dao_app.app import views as v
from dao_app.app import views_tasks as vt
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError, NotFound, Refused
from dao_app.app.mentions import mentioned
from dao_app.app.queries import COMMENT
from dao_app.app.resolve import (
    ids_by_prefix,
    member_root,
    object_id,
    one_line,
    target_id,
)
from dao_app.app.task_input import TaskInput, assignee_rows, file_rows, link_lines, task_body, without_usual
from dao_app.app.task_rows import GESTURES, task_detail, task_ids, task_row, terms_body, why_not
from dao_app.app.task_table import digest_of, draft, export, preview
from dao_app.core.encoding import Link
from dao_app.core.entities import Task
from dao_app.core.envelope import GENESIS_TYPE, JOIN_TYPE
from dao_app.core.keys import submission_key, task_key
from dao_app.core.limits import TITLE_BYTES_MAX
from dao_app.core.rules.charter import parameter, rule_for
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.schema import ref
from dao_app.core.rules.task_terms import terms_of
from dao_app.core.task_entities import Submission

VOTE_ON_DISPUTE = "yes-no-abstain"


class TaskCases(Cases):
    """Part of ``app.api.Api``."""

    def task_open(
        self, org: str, title: str, text: str = "", reward: str = "", unit: str = "", payer: str = "treasury",
        lifetime_s: int = 0, labels: Sequence[str] = (), priority: str = "normal", due_ms: int = 0,
        estimate_min: int = 0, checklist: Sequence[str] = (), files: Sequence[tuple[str, str, int]] = (),
        depends: Sequence[str] = (), every_days: int = 0, approval: bool = False, seats: int = 1,
        department: str = "", draft: bool = False,
    ) -> vt.TaskRow:  # fmt: skip
        opened, reader = self._read(org)
        given = TaskInput(
            title, reward, unit, payer, lifetime_s, labels, priority, due_ms, estimate_min, checklist, files, depends,
            every_days, approval, seats, department,
        )
        body = without_usual(task_body(reader, given))
        if draft:
            body["draft"] = True
        action = self._write(opened, "task.open", body, text=(text, "text"))
        return task_row(self._reader(opened), action.id)

    def task_edit(
        self, org: str, task: str, title: str | None = None, text: str | None = None, reward: str | None = None,
        unit: str | None = None, payer: str | None = None, lifetime_s: int | None = None,
        labels: Sequence[str] | None = None, priority: str | None = None, due_ms: int | None = None,
        estimate_min: int | None = None, checklist: Sequence[str] | None = None,
        files: Sequence[tuple[str, str, int]] | None = None, depends: Sequence[str] | None = None,
        every_days: int | None = None, approval: bool | None = None, seats: int | None = None,
        department: str | None = None,
    ) -> vt.TaskRow:  # fmt: skip
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        entity, terms = reader.state.need(task_key(id_), Task), terms_of(reader.state, id_)
        given = TaskInput(
            title, reward, unit, payer, lifetime_s, labels, priority, due_ms, estimate_min, checklist, files, depends,
            every_days, approval, seats, department,
        )
        body = {"task": Link(id_), **terms_body(entity, terms), **task_body(reader, given)}
        if text is not None:
            body.pop("text", None)
        if department == "":
            body.pop("department", None)
        self._write(opened, "task.edit", without_usual(body), text=(text or "", "text"))
        return task_row(self._reader(opened), id_)

    def task_list(self, org: str, status: str = "") -> tuple[vt.TaskRow, ...]:
        _, reader = self._read(org)
        return tuple(task_row(reader, id_) for id_ in task_ids(reader, status))

    def task_show(self, org: str, task: str) -> vt.TaskDetail:
        _, reader = self._read(org)
        return task_detail(reader, object_id(reader, "task", task))

    def task_why(self, org: str, task: str, gesture: str) -> str:
        _, reader = self._read(org)
        if gesture not in GESTURES:
            raise InputError("choice_unknown", field="gesture", value=gesture[:40], choices=", ".join(GESTURES))
        return why_not(reader, object_id(reader, "task", task), gesture)

    def task_publish(self, org: str, task: str) -> vt.TaskRow:
        return self._step(org, task, "publish")

    def task_claim(self, org: str, task: str) -> vt.TaskRow:
        return self._step(org, task, "claim")

    def task_apply(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(org, task, "apply", note)

    def task_assign(self, org: str, task: str, assignees: Sequence[tuple[str, str]]) -> vt.TaskRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        body = {"task": Link(id_), "members": assignee_rows(reader, assignees)}
        self._write(opened, "task.assign", body)
        return task_row(self._reader(opened), id_)

    def task_unassign(self, org: str, task: str, member: str = "") -> vt.TaskRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        root = member_root(reader, member) if member else reader.member or bytes(32)
        self._write(opened, "task.unassign", {"task": Link(id_), "member": root})
        return task_row(self._reader(opened), id_)

    def task_start(self, org: str, task: str) -> vt.TaskRow:
        return self._step(org, task, "start")

    def task_tick(self, org: str, task: str, item: int, done: bool = True) -> vt.TaskRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        if item < 1:
            raise InputError("item_number", item=item)
        self._write(opened, "task.tick", {"task": Link(id_), "item": item, "done": done})
        return task_row(self._reader(opened), id_)

    def task_submit(
        self, org: str, task: str, note: str = "", files: Sequence[tuple[str, str, int]] = (),
        links: Sequence[str] = (),
    ) -> vt.TaskRow:  # fmt: skip
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        body: dict[str, Any] = {"task": Link(id_)}
        if files:
            body["files"] = file_rows(files)
        if links:
            body["links"] = link_lines(links)
        self._write(opened, "task.submit", body, text=(note, "note"))
        return task_row(self._reader(opened), id_)

    def task_accept(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(org, task, "accept", note)

    def task_changes(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(org, task, "changes", note)

    def task_reject(self, org: str, task: str, note: str = "") -> vt.TaskRow:
        return self._step(org, task, "reject", note)

    def task_cancel(self, org: str, task: str) -> vt.TaskRow:
        return self._step(org, task, "cancel")

    def task_dispute(self, org: str, task: str, title: str = "", reason: str = "", proposal: str = "") -> vt.TaskRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        if proposal:
            verdict = object_id(reader, "proposal", proposal)
        else:
            refused = reader.judge("task.dispute", {"task": Link(id_), "proposal": Link(bytes(32))})
            if refused is not Rejection.PROPOSAL_UNKNOWN and refused is not None:
                raise Refused(f"reject.{refused.value}")
            entity = reader.state.need(task_key(id_), Task)
            body = {
                "title": one_line(title or entity.title, "title", TITLE_BYTES_MAX), "kind": "decision",
                "method": VOTE_ON_DISPUTE, "options": [],
                "discussion": rule_for(reader.state, "decision", "discussion_ms"),
                "voting": parameter(reader.state, "voting_ms"),
                "effects": [{"do": "settle_task", "task": id_, "accept": True}],
            }  # fmt: skip
            verdict = self._write(opened, "proposal.open", body, text=(reason, "text")).id
        self._write(opened, "task.dispute", {"task": Link(id_), "proposal": Link(verdict)})
        return task_row(self._reader(opened), id_)

    # -- tables ------------------------------------------------------------------------------------
    def task_import_check(
        self, org: str, rows: Sequence[Sequence[str]], lines: Sequence[int], columns: Sequence[str],
        payer: str = "treasury",
    ) -> vt.ImportPreview:  # fmt: skip
        _, reader = self._read(org)
        return preview(reader, draft(reader, rows, lines, columns, payer), payer)

    def task_import(
        self, org: str, rows: Sequence[Sequence[str]], lines: Sequence[int], columns: Sequence[str], digest: str,
        payer: str = "treasury",
    ) -> tuple[vt.TaskRow, ...]:  # fmt: skip
        opened, reader = self._read(org)
        drafted = draft(reader, rows, lines, columns, payer)
        if digest_of(drafted) != digest:
            raise Refused("import_changed")
        made = [
            self._write(opened, "task.open", one.body, text=(one.text, "text")).id
            for one in drafted
            if one.body is not None
        ]
        reader = self._reader(opened)
        return tuple(task_row(reader, id_) for id_ in made)

    def task_export(self, org: str) -> str:
        return export(self._read(org)[1])

    def _step(self, org: str, task: str, step: str, note: str = "") -> vt.TaskRow:
        """A gesture on the task as it stands here: whoever takes it names the version of its terms, whoever
        judges it names the work, so that nothing else is meant when it is sealed."""
        opened, reader = self._read(org)
        id_ = object_id(reader, "task", task)
        body: dict[str, Any] = {"task": Link(id_)}
        if step in ("claim", "apply"):
            body["version"] = reader.state.need(task_key(id_), Task).version
        work = reader.state.get(submission_key(id_), Submission)
        if step in ("accept", "changes", "reject") and work is not None:
            body["work"] = Link(work.action)
        self._write(opened, f"task.{step}", body, text=(note, "note"))
        return task_row(self._reader(opened), id_)

    # -- comments and erasing ----------------------------------------------------------------------
    def comment_add(self, org: str, target: str, text: str) -> v.CommentView:
        opened, reader = self._read(org)
        if not text.strip():
            raise InputError("text_empty", field="comment")
        body: dict[str, Any] = {"on": Link(target_id(reader, target))}
        if "@" in text:
            named = mentioned(text, {root: reader.person(root).name for root in reader.roots()})
            if named:
                body["mentions"] = list(named)
        action = self._write(opened, COMMENT, body, text=(text, "text"))
        return self._reader(opened).comment(action)

    def content_erase(self, org: str, target: str) -> v.Stamp:
        opened, reader = self._read(org)
        matches = ids_by_prefix(reader, target.strip())
        id_ = matches[0] if len(matches) == 1 else target_id(reader, target)
        body = reader.action(id_).body
        reference = next((body[n] for n in ("text", "note", "profile", "title") if ref(body.get(n))), None)
        if reference is None:
            raise NotFound("no_text", name=target[:80])
        type_ = reader.action(id_).type
        on = body["root"] if type_ in (JOIN_TYPE, GENESIS_TYPE) else body.get("task", id_)
        if type_ == "file.notarise":
            on = body["hash"]
        action = self._write(opened, "content.erase", {"on": Link(on), "hash": reference["hash"]})
        opened.org.store.erase_content(reference["hash"])
        return self._reader(opened).stamp(action.id)
