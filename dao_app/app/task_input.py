"""What people type about a task → the body of an action. Raises InputError, NotFound."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from dao_app.app.errors import InputError
from dao_app.app.queries import Reader
from dao_app.app.resolve import department_id, member_root, minor, object_id, one_line, period_ms, unit
from dao_app.core.encoding import Link
from dao_app.core.keys import TREASURY, department_party, member_party
from dao_app.core.limits import (
    ASSIGNEES_MAX,
    CHECKLIST_MAX,
    DEPENDENCIES_MAX,
    FILES_MAX,
    INT_MAX,
    LABELS_MAX,
    LINKS_MAX,
    TITLE_BYTES_MAX,
)
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rules.schema import NAME_BYTES_MAX
from dao_app.core.rules.task_money import SHARES
from dao_app.core.rules.task_terms import PRIORITIES
from dao_app.core.task_entities import NO_TERMS

_HASH = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_LINK = re.compile(r"(https?://[^\s]+|guildhall:[^\s]+)", re.IGNORECASE)
_USUAL: dict[str, Any] = {
    "labels": [], "priority": NO_TERMS.priority, "due": 0, "estimate": 0, "checklist": [], "files": [], "depends": [],
    "every": 0, "approval": False, "seats": NO_TERMS.seats,
}  # fmt: skip


class TaskInput(NamedTuple):
    """What was typed; None leaves a term as it is. ``payer``: "treasury", "own" or
    a department; ``reward`` "" and ``department`` "" are none."""

    title: str | None
    reward: str | None
    unit: str | None
    payer: str | None
    lifetime_s: int | None
    labels: Sequence[str] | None
    priority: str | None
    due_ms: int | None
    estimate_min: int | None
    checklist: Sequence[str] | None
    files: Sequence[tuple[str, str, int]] | None
    depends: Sequence[str] | None
    every_days: int | None
    approval: bool | None
    seats: int | None
    department: str | None


def task_body(reader: Reader, given: TaskInput) -> dict[str, Any]:
    """The fields of a body for what was given."""
    body: dict[str, Any] = {}
    if given.title is not None:
        body["title"] = one_line(given.title, "title", TITLE_BYTES_MAX)
    if given.reward is not None:
        body["unit"], body["amount"] = reward(reader, given.reward, given.unit or "")
    if given.payer is not None:
        body["payer"] = payer(reader, given.payer)
    if given.lifetime_s is not None:
        body["lifetime"] = period_ms(given.lifetime_s, "lifetime")
    if given.labels is not None:
        body["labels"] = _lines(given.labels, "label", NAME_BYTES_MAX, LABELS_MAX)
    if given.priority is not None:
        body["priority"] = one_of(given.priority, PRIORITIES, "priority")
    for name, number in (("due", given.due_ms), ("estimate", given.estimate_min), ("every", given.every_days),
                         ("seats", given.seats)):  # fmt: skip
        if number is not None:
            body[name] = count(number, "people" if name == "seats" else name)
    if given.checklist is not None:
        body["checklist"] = _lines(given.checklist, "checklist", TITLE_BYTES_MAX, CHECKLIST_MAX)
    if given.files is not None:
        body["files"] = file_rows(given.files)
    if given.depends is not None:
        body["depends"] = [Link(object_id(reader, "task", name)) for name in _few(given.depends, DEPENDENCIES_MAX)]
    if given.approval is not None:
        body["approval"] = given.approval
    if given.department:
        body["department"] = Link(department_id(reader, given.department))
    return body


def without_usual(body: dict[str, Any]) -> dict[str, Any]:
    """The body without the optional fields that say what is usual."""
    return {name: value for name, value in body.items() if name not in _USUAL or value != _USUAL[name]}


def reward(reader: Reader, text: str, code: str) -> tuple[str, int]:
    """Unit and minor units; ("", 0) where nothing is paid."""
    if not text.strip() or text.strip() == "0":
        return "", 0
    code, entity = unit(reader, code)
    return code, minor(text, entity.decimals)


def payer(reader: Reader, name: str) -> bytes:
    """The party whose money is held."""
    if name == "treasury":
        return TREASURY
    if name == "own":
        return member_party(reader.member or bytes(32))
    return department_party(department_id(reader, name.removeprefix("department:")))


def one_of(value: str, choices: Sequence[str], field: str) -> str:
    if value not in choices:
        raise InputError("choice_unknown", field=field, value=value[:80], choices=", ".join(choices))
    return value


def count(number: int, field: str) -> int:
    """A whole number from 0 that the protocol can carry."""
    if not 0 <= number <= INT_MAX:
        raise InputError("number_bounds", field=field, number=number)
    return number


def _few(values: Sequence[str], most: int) -> Sequence[str]:
    if len(values) > most:
        raise InputError("too_many", limit=most)
    return values


def _lines(values: Sequence[str], field: str, most_bytes: int, most: int) -> list[str]:
    """Short texts, each once; empty ones are left out."""
    found = dict.fromkeys(one_line(value, field, most_bytes) for value in values if value.strip())
    return list(_few(list(found), most))


def file_rows(files: Sequence[tuple[str, str, int]]) -> list[list[Any]]:
    """Files as (SHA-256 in hexadecimal digits, name, size in bytes); a file named twice is named once."""
    rows: dict[bytes, list[Any]] = {}
    for digits, name, size in files:
        if not _HASH.fullmatch(digits):
            raise InputError("file_hash", name=name[:80])
        label = one_line(name.replace("\\", "/").rpartition("/")[2] or name, "file", TITLE_BYTES_MAX)
        rows[bytes.fromhex(digits)] = [bytes.fromhex(digits), label, count(size, "size")]
    if len(rows) > FILES_MAX:
        raise InputError("too_many", limit=FILES_MAX)
    return list(rows.values())


def link_lines(links: Sequence[str]) -> list[str]:
    """Addresses of the web or of this program."""
    found = _lines(links, "link", TITLE_BYTES_MAX, LINKS_MAX)
    for link in found:
        if not _LINK.fullmatch(link):
            raise InputError("link_form", link=link[:80])
    return found


def assignee_rows(reader: Reader, assignees: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """(member, share in percent such as "33.34") → rows of the body; all shares empty: equal ones."""
    if len(assignees) > ASSIGNEES_MAX:
        raise InputError("too_many", limit=ASSIGNEES_MAX)
    roots = [member_root(reader, name) for name, _ in assignees]
    if all(not share.strip() for _, share in assignees):
        return [[root, part] for root, part in zip(roots, share_out(SHARES, [1] * len(roots)), strict=True)]
    return [[root, minor(share, 2)] for root, (_, share) in zip(roots, assignees, strict=True)]

