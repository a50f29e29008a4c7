"""Use cases around contributions and reputation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from dao_app.app import views_rewards as r
from dao_app.app.cases import Cases
from dao_app.app.contribution_rows import contribution_detail, contribution_ids, contribution_row, reputation_row
from dao_app.app.errors import InputError
from dao_app.app.queries import Reader
from dao_app.app.resolve import department_id, object_id, one_line
from dao_app.core.encoding import Link
from dao_app.core.limits import EVIDENCE_MAX, TITLE_BYTES_MAX
from dao_app.core.rules.schema import NAME_BYTES_MAX

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ContributionCases(Cases):
    """Part of ``app.api.Api``."""

    def contribution_claim(
        self, org: str, title: str, text: str = "", category: str = "", department: str = "",
        evidence: Sequence[tuple[str, str]] = (),
    ) -> r.ContributionRow:
        opened, reader = self._read(org)
        body: dict[str, Any] = {"title": one_line(title, "title", TITLE_BYTES_MAX)}
        if category.strip():
            body["category"] = one_line(category, "category", NAME_BYTES_MAX)
        if department:
            body["department"] = Link(department_id(reader, department))
        if evidence:
            body["evidence"] = _evidence(evidence)
        action = self._write(opened, "contribution.claim", body, text=(text, "text"))
        return contribution_row(self._reader(opened), action.id, action.id)

    def contribution_endorse(self, org: str, contribution: str) -> r.ContributionRow:
        return self._say(org, contribution, "endorse")

    def contribution_dispute(self, org: str, contribution: str, reason: str) -> r.ContributionRow:
        if not reason.strip():
            raise InputError("text_empty", field="reason")
        return self._say(org, contribution, "dispute", reason=reason)

    def contribution_withdraw(self, org: str, contribution: str) -> r.ContributionRow:
        return self._say(org, contribution, "withdraw")

    def contribution_value(self, org: str, contribution: str, points: int) -> r.ContributionRow:
        if points < 0:
            raise InputError("points_form", points=points)
        return self._say(org, contribution, "value", points=points)

    def _say(
        self, org: str, contribution: str, what: str, reason: str = "", points: int | None = None
    ) -> r.ContributionRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "contribution", contribution)
        body: dict[str, Any] = {"contribution": Link(id_)}
        if points is not None:
            body["points"] = points
        self._write(opened, f"contribution.{what}", body, text=(reason, "reason"))
        reader = self._reader(opened)
        return contribution_row(reader, id_, _origin(reader, id_))

    def contribution_list(self, org: str, mine: bool = False) -> tuple[r.ContributionRow, ...]:
        _, reader = self._read(org)
        rows = [contribution_row(reader, id_, origin) for id_, origin in contribution_ids(reader)]
        rows.sort(key=lambda row: (row.stamp.at_ms, row.id), reverse=True)
        return tuple(row for row in rows if not mine or row.author.you)

    def contribution_show(self, org: str, contribution: str) -> r.ContributionDetail:
        _, reader = self._read(org)
        id_ = object_id(reader, "contribution", contribution)
        return contribution_detail(reader, id_, _origin(reader, id_))

    def reputation_list(self, org: str) -> tuple[r.ReputationRow, ...]:
        _, reader = self._read(org)
        rows = [reputation_row(reader, root) for root in reader.roots()]
        return tuple(sorted(rows, key=lambda row: (-row.whole, -row.points, row.person.id)))


def _origin(reader: Reader, id_: bytes) -> bytes:
    """The action that recorded a contribution."""
    return next((origin for one, origin in contribution_ids(reader) if one == id_), id_)


def _evidence(rows: Sequence[tuple[str, str]]) -> list[list[Any]]:
    """Rows of (link or file name, SHA-256 in hexadecimal or "")."""
    if len(rows) > EVIDENCE_MAX:
        raise InputError("evidence_many", limit=EVIDENCE_MAX)
    found: list[list[Any]] = []
    for label, hash_ in rows:
        digits = hash_.strip().lower()
        if digits and not _SHA256.fullmatch(digits):
            raise InputError("evidence_hash", name=label[:80])
        found.append([one_line(label, "evidence", TITLE_BYTES_MAX), bytes.fromhex(digits) if digits else None])
    return found
