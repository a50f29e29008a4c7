"""Tasks from a table and to one: which column is what, each row judged before anything is signed (TASK-1).

Invariant: the rows that are signed are exactly those of the preview, which a digest names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from dao_app.app import views_tasks as vt
from dao_app.app.dates import read_date
from dao_app.app.errors import GuildhallError, InputError
from dao_app.app.queries import Reader
from dao_app.app.tables import COLUMNS_MAX, ROWS_MAX, harmless, unguarded, write_table
from dao_app.app.task_input import TaskInput, payer, task_body, without_usual
from dao_app.app.task_rows import task_detail, task_ids
from dao_app.core.encoding import digest, encode
from dao_app.core.envelope import Action
from dao_app.core.limits import CONTENT_BYTES_MAX
from dao_app.core.rules.context import Context
from dao_app.core.rules.task_terms import PRIORITIES
from dao_app.core.state import State
from dao_app.core.transition import apply

# What a column may be, with the headings that other programs use for it.
FIELDS: dict[str, tuple[str, ...]] = {
    "title": ("title", "task", "name", "summary", "card name", "subject", "标题", "任务", "名称"),
    "text": ("text", "description", "body", "notes", "card description", "说明", "描述", "备注", "内容"),
    "reward": ("reward", "amount", "points", "bounty", "报酬", "金额", "奖励", "积分"),
    "unit": ("unit", "currency", "单位", "币种"),
    "labels": ("labels", "label", "tags", "skills", "标签", "技能"),
    "priority": ("priority", "优先级"),
    "due": ("due", "due date", "deadline", "target date", "截止日期", "截止", "到期"),
    "estimate": ("estimate", "estimate (min)", "minutes", "预计", "工时"),
    "checklist": ("checklist", "steps", "todo", "步骤", "清单"),
    "department": ("department", "team", "部门"),
}
_PRIORITIES = {
    "low": "low", "低": "low", "normal": "normal", "medium": "normal", "no priority": "normal", "普通": "normal",
    "中": "normal", "high": "high", "高": "high", "urgent": "urgent", "紧急": "urgent",
}  # fmt: skip
_SEPARATORS = re.compile(r"[,;，；、\n]")
_THOUSANDS = re.compile(r"(?<=\d)[ ,\u00a0\u202f'](?=\d{3}(?:\D|$))")
EXPORTED = ("number", "title", "status", "text", "reward", "unit", "assignees", "department", "labels", "priority",
            "due", "estimate", "checklist", "opener")  # fmt: skip


class Drafted(NamedTuple):
    """One row as it would be signed; ``body`` None where it cannot be."""

    shown: vt.ImportLine
    body: dict[str, Any] | None
    text: str


def guess_columns(head: Sequence[str]) -> list[str]:
    """For each heading the field that it names, each field once; "" for what is not known."""
    found: list[str] = []
    for heading in head:
        plain = harmless(heading)[0].casefold()
        named = next((f for f, names in FIELDS.items() if plain in names and f not in found), "")
        found.append(named)
    return found


def check_columns(columns: Sequence[str]) -> None:
    """Raises InputError unless one column is the title and each other field is named at most once."""
    named = [column for column in columns if column]
    unknown = next((column for column in named if column not in FIELDS), None)
    if unknown is not None:
        raise InputError("field_unknown", name=unknown[:80], fields=", ".join(FIELDS))
    if len(set(named)) != len(named) or len(columns) > COLUMNS_MAX:
        raise InputError("field_twice")
    if "title" not in named:
        raise InputError("field_title")


def draft(
    reader: Reader, rows: Sequence[Sequence[str]], lines: Sequence[int], columns: Sequence[str], payer_name: str
) -> list[Drafted]:
    """Judge every row as if the good ones before it had been signed. Raises InputError for the table as a whole."""
    check_columns(columns)
    if len(rows) > ROWS_MAX or len(lines) != len(rows):
        raise InputError("table_rows", limit=ROWS_MAX)
    party = payer(reader, payer_name)
    state = State(reader.state)
    drafted = []
    for number, (row, line) in enumerate(zip(rows, lines, strict=True)):
        cells, notes = _cells(row, columns)
        shown = vt.ImportLine(line, cells.get("title", ""), None, None, (), "", {}, notes)
        try:
            given = _input(cells, payer_name)
            body = without_usual({**task_body(reader, given), "payer": party})
            if len(cells.get("text", "").encode()) > CONTENT_BYTES_MAX:
                raise InputError("text_too_long", limit=CONTENT_BYTES_MAX // 1024)
            amount = reader.amount(body["unit"], body["amount"])
            shown = vt.ImportLine(
                line, body["title"], amount, body.get("due"), tuple(body.get("labels", ())), "", {}, notes
            )
            code = _judge(reader, state, number, body)
        except GuildhallError as error:
            code = error.code
            shown = _with_problem(shown, code, error.params)
        else:
            shown = _with_problem(shown, code, {}) if code else shown
        drafted.append(Drafted(shown, None if code else body, cells.get("text", "")))
    return drafted


def _with_problem(line: vt.ImportLine, code: str, params: dict[str, str]) -> vt.ImportLine:
    return vt.ImportLine(line.line, line.title, line.reward, line.due_ms, line.labels, code, params, line.notes)


def _cells(row: Sequence[str], columns: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The row by field, each cell made harmless; a figure may begin with a sign."""
    cells: dict[str, str] = {}
    notes: dict[str, None] = {}
    for field, cell in zip(columns, row, strict=False):
        if field:
            signed = field in ("reward", "estimate")
            text, changed = harmless(unguarded(cell), many_lines=field in ("text", "checklist", "labels"))
            cells[field] = unguarded(text) if signed else text
            notes.update(dict.fromkeys(note for note in changed if not (signed and note == "formula")))
    return cells, tuple(notes)


def _input(cells: dict[str, str], payer_name: str) -> TaskInput:
    """What a row says. Raises InputError."""
    priority = cells.get("priority", "")
    estimate = cells.get("estimate", "")
    if estimate and not re.fullmatch(r"[0-9]{1,7}", estimate, re.ASCII):
        raise InputError("estimate_form", value=estimate[:40])
    return TaskInput(
        title=cells.get("title", ""),
        reward=_THOUSANDS.sub("", cells.get("reward", "")),
        unit=cells.get("unit", ""),
        payer=payer_name,
        lifetime_s=0,
        labels=_SEPARATORS.split(cells.get("labels", "")),
        priority=_PRIORITIES.get(priority.casefold(), priority) or PRIORITIES[1],
        due_ms=read_date(cells.get("due", "")),
        estimate_min=int(estimate or 0),
        checklist=re.split(r"[\n;；]", cells.get("checklist", "")),
        files=(),
        depends=(),
        every_days=0,
        approval=False,
        seats=1,
        department=cells.get("department", ""),
    )


def _judge(reader: Reader, state: State, number: int, body: dict[str, Any]) -> str:
    """What a rule would say to this row after the ones before it: a code, or ""."""
    if reader.org.signer is None:
        return "reject.not_a_member"
    id_ = digest(b"row" + number.to_bytes(4, "big"))
    action = Action(id_, reader.org.org_id, reader.org.signer.public, 2, b"\0" * 32, (), 0, "task.open", body)
    position = reader.org.replay.position
    refused = apply(state, action, Context(position.time, position.height + 1, False, 0))
    return f"reject.{refused.value}" if refused else ""


def preview(reader: Reader, drafted: Sequence[Drafted], payer_name: str) -> vt.ImportPreview:
    """The rows for people, with what they come to."""
    good = [one for one in drafted if one.body is not None]
    sums: dict[str, int] = {}
    for one in good:
        if one.body is not None and one.body["unit"]:
            sums[one.body["unit"]] = sums.get(one.body["unit"], 0) + one.body["amount"]
    party = payer(reader, payer_name)
    totals = []
    for unit, minor in sums.items():
        amount = reader.amount(unit, minor)
        if amount is not None:
            totals.append(vt.ImportTotal(amount, reader.state.balance(party, unit)))
    return vt.ImportPreview(
        tuple(one.shown for one in drafted), len(good), len(drafted) - len(good), tuple(totals), digest_of(drafted)
    )


def digest_of(drafted: Sequence[Drafted]) -> str:
    """Names exactly the rows that would be signed."""
    return digest(encode([[one.body, one.text] for one in drafted if one.body is not None])).hex()


def export(reader: Reader) -> str:
    """All tasks as CSV, with columns that an import understands; nothing in it is computed by a spreadsheet."""
    rows: list[Sequence[str]] = [EXPORTED]
    for id_ in task_ids(reader):
        detail = task_detail(reader, id_)
        row = detail.row
        reward = ""
        if row.reward is not None:
            whole, part = divmod(row.reward.minor, 10**row.reward.decimals)
            reward = f"{whole}.{part:0{row.reward.decimals}}" if row.reward.decimals else str(whole)
        people = [a.person.name or a.person.fingerprint for a in row.assignees]
        rows.append([
            f"T-{row.number}" if row.number else row.short, row.title, row.status, detail.text or "", reward,
            row.reward.unit if row.reward else "", "; ".join(people), row.department, "; ".join(row.labels),
            row.priority, _date(row.due_ms), str(row.estimate_min or ""),
            "\n".join(item.text for item in detail.checklist), row.opener.name or row.opener.fingerprint,
        ])  # fmt: skip
    return write_table([[harmless(cell, many_lines=True)[0] for cell in row] for row in rows])


def _date(ms: int | None) -> str:
    return datetime.fromtimestamp(ms // 1_000).strftime("%Y-%m-%d %H:%M") if ms else ""
