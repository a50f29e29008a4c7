"""What happens, as a stream that can be taken up again: for bots, webhooks and `guildhall watch --json`."""

from __future__ import annotations

import re

from dao_app.app import views as v
from dao_app.app.cases import Cases
from dao_app.app.errors import InputError
from dao_app.app.queries import Reader
from dao_app.core.entities import Result
from dao_app.core.envelope import Action, parse_trusted
from dao_app.core.keys import result_key
from dao_app.core.rules.registry import about

EVENTS_MAX = 1_000  # of one kind in one answer
_CURSOR = re.compile(r"([0-9]{1,15})\.([0-9]{1,15})", re.ASCII)


class EventCases(Cases):
    """Part of ``app.api.Api``."""

    def events(self, org: str, after: str = "", limit: int = 200) -> v.EventsView:
        """What arrived and what became final after a cursor; "" begins now."""
        _, reader = self._read(org)
        limit = max(1, min(limit, EVENTS_MAX))
        store = reader.org.store
        if not after:
            newest = store.newest(1, None)
            return v.EventsView(f"{newest[0].pos if newest else 0}.{reader.org.height()}", ())
        found = _CURSOR.fullmatch(after)
        if not found:
            raise InputError("cursor_form", cursor=after[:40])
        pos, height = int(found[1]), int(found[2])
        rows = []
        for record in store.after(pos, limit):
            rows.append(_event(reader, "arrived", parse_trusted(record.id, record.payload), None, ""))
            pos = record.pos
        closed = _closed_after(reader, height) if height < reader.org.height() else {}
        while height < reader.org.height() and len(rows) < limit:
            height += 1
            rows += _sealed(reader, height, closed.get(height, []))
        return v.EventsView(f"{pos}.{height}", tuple(rows))


def _closed_after(reader: Reader, height: int) -> dict[int, list[tuple[bytes, str]]]:
    """Proposals with their outcome, by the checkpoint above this height that closed them."""
    closed: dict[int, list[tuple[bytes, str]]] = {}
    for proposal in reader.org.store.of_type("proposal.open"):
        result = reader.org.replay.results.entity(result_key(proposal))
        if isinstance(result, Result) and result.height > height:
            closed.setdefault(result.height, []).append((proposal, result.outcome))
    return closed


def _sealed(reader: Reader, height: int, closed: list[tuple[bytes, str]]) -> list[v.EventRow]:
    """What one checkpoint settled: each action, and the votes that it closed."""
    ids = reader.org.store.order(height)
    verdicts = reader.org.store.verdicts(ids)
    rows = []
    for id_ in ids:
        code = verdicts.get(id_, "")
        rows.append(_event(reader, "rejected" if code else "final", reader.action(id_), height, code))
    rows += [_event(reader, "result", reader.action(id_), height, outcome) for id_, outcome in closed]
    return rows


def _event(reader: Reader, event: str, action: Action, height: int | None, reason: str) -> v.EventRow:
    target = about(action)
    concerned = target.hex() if target else ""
    return v.EventRow(
        event, action.id.hex(), action.type, reader.author(action.by), concerned, action.at, height, reason
    )
