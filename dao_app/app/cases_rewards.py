"""Use cases around reward rounds, matching pools, payout records and earnings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from dao_app.app import views_rewards as r
from dao_app.app.cases import Cases
from dao_app.app.earnings import earnings_of
from dao_app.app.errors import InputError, NotFound
from dao_app.app.queries import Reader
from dao_app.app.resolve import department_id, member_root, minor, object_id, one_line, party, period_ms, unit
from dao_app.app.reward_rows import EPOCH, match_row, payout_row, payout_totals, round_detail, round_row
from dao_app.core.encoding import Link
from dao_app.core.keys import match_key, payout_key, round_key
from dao_app.core.limits import CURRENCY_BYTES_MAX, DAY_MAX, TITLE_BYTES_MAX
from dao_app.core.reward_entities import Match, PayoutRecord, Round
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.payouts import DECIMALS_MAX

WEEK_S = 604_800
_CURRENCY = re.compile("[A-Z][A-Z0-9]*", re.ASCII)
_LOOKS = {"immediate": 1, "recent": 20, "balanced": 0, "special": 0}  # where nothing is said


class RewardCases(Cases):
    """Part of ``app.api.Api``."""

    # -- rounds ----------------------------------------------------------------------------------
    def round_open(
        self, org: str, title: str, amount: str, unit: str = "", text: str = "", kind: str = "peer",
        policy: str = "immediate", look: int = -1, to: str = "", payer: str = "treasury", givers: Sequence[str] = (),
        receivers: Sequence[str] = (), points: int = 0, window_s: int = WEEK_S,
    ) -> r.RoundRow:
        opened, reader = self._read(org)
        body = _pool(reader, title, amount, unit, payer, window_s)
        body |= {
            "kind": kind, "policy": policy, "look": look if look >= 0 else _LOOKS.get(policy, 0),
            "givers": _scope(reader, givers), "receivers": _scope(reader, receivers),
            "points": points or parameter(reader.state, "round_points"),
        }
        if to:
            body["to"] = member_root(reader, to)
        action = self._write(opened, "round.open", body, text=(text, "text"))
        return round_row(self._reader(opened), action.id, self._ws.clock.now_ms())

    def round_list(self, org: str, status: str = "") -> tuple[r.RoundRow, ...]:
        _, reader = self._read(org)
        now = self._ws.clock.now_ms()
        ids = [i for i in reader.org.store.of_type("round.open") if reader.state.get(round_key(i), Round) is not None]
        rows = [round_row(reader, id_, now) for id_ in reversed(ids)]
        return tuple(row for row in rows if not status or row.status == status)

    def round_show(self, org: str, round: str) -> r.RoundDetail:
        _, reader = self._read(org)
        return round_detail(reader, object_id(reader, "round", round), self._ws.clock.now_ms())

    def round_give(self, org: str, round: str, gifts: Sequence[tuple[str, int]], note: str = "") -> r.RoundRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "round", round)
        rows = []
        for name, points in gifts:
            if points < 0:
                raise InputError("points_form", points=points)
            rows.append([member_root(reader, name), points])
        self._write(opened, "round.give", {"round": Link(id_), "gifts": rows}, text=(note, "note"))
        return round_row(self._reader(opened), id_, self._ws.clock.now_ms())

    def round_cancel(self, org: str, round: str) -> r.RoundRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "round", round)
        self._write(opened, "round.cancel", {"round": Link(id_)})
        return round_row(self._reader(opened), id_, self._ws.clock.now_ms())

    # -- matching pools --------------------------------------------------------------------------
    def match_open(
        self, org: str, title: str, amount: str, projects: Sequence[tuple[str, str]], unit: str = "", text: str = "",
        mode: str = "fill", bound: str = "", payer: str = "treasury", window_s: int = WEEK_S,
    ) -> r.MatchRow:
        opened, reader = self._read(org)
        body = _pool(reader, title, amount, unit, payer, window_s)
        decimals = _decimals(reader, body["unit"])
        body |= {
            "mode": mode, "bound": minor(bound, decimals) if bound.strip() else None,
            "projects": [
                [one_line(name, "project", TITLE_BYTES_MAX), party(reader, receiver)] for name, receiver in projects
            ],
        }
        action = self._write(opened, "match.open", body, text=(text, "text"))
        return match_row(self._reader(opened), action.id, self._ws.clock.now_ms())

    def match_list(self, org: str, status: str = "") -> tuple[r.MatchRow, ...]:
        _, reader = self._read(org)
        now = self._ws.clock.now_ms()
        ids = [i for i in reader.org.store.of_type("match.open") if reader.state.get(match_key(i), Match) is not None]
        rows = [match_row(reader, id_, now) for id_ in reversed(ids)]
        return tuple(row for row in rows if not status or row.status == status)

    def match_show(self, org: str, match: str) -> r.MatchDetail:
        _, reader = self._read(org)
        id_ = object_id(reader, "match", match)
        text = reader.text(reader.state.need(match_key(id_), Match).text)
        return r.MatchDetail(match_row(reader, id_, self._ws.clock.now_ms()), text, reader.activity(id_))

    def match_give(self, org: str, match: str, project: int, amount: str, memo: str = "") -> r.MatchRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "match", match)
        found = reader.state.need(match_key(id_), Match)
        if not 1 <= project <= len(found.projects):
            raise NotFound("project_unknown", number=project, count=len(found.projects))
        body = {"match": Link(id_), "project": project, "amount": minor(amount, _decimals(reader, found.unit))}
        self._write(opened, "match.give", body, text=(memo, "memo"))
        return match_row(self._reader(opened), id_, self._ws.clock.now_ms())

    def match_cancel(self, org: str, match: str) -> r.MatchRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "match", match)
        self._write(opened, "match.cancel", {"match": Link(id_)})
        return match_row(self._reader(opened), id_, self._ws.clock.now_ms())

    # -- payout records --------------------------------------------------------------------------
    def payout_record(
        self, org: str, to: str, amount: str, currency: str, day: str, reference: str = ""
    ) -> r.PayoutRow:
        opened, reader = self._read(org)
        code = currency.strip().upper()
        if len(code) > CURRENCY_BYTES_MAX or not _CURRENCY.fullmatch(code):
            raise InputError("currency_form", currency=currency[:40])
        part = amount.replace(",", ".").partition(".")[2].strip()
        if len(part) > DECIMALS_MAX:
            raise InputError("amount_decimals", amount=amount[:40], decimals=DECIMALS_MAX)
        decimals = max(2, len(part)) if part else 2
        body: dict[str, Any] = {
            "to": member_root(reader, to), "currency": code, "amount": minor(amount, decimals), "decimals": decimals,
            "day": _day(day),
        }
        action = self._write(opened, "payout.record", body, text=(reference, "reference"))
        return payout_row(self._reader(opened), action.id)

    def payout_list(self, org: str, member: str = "") -> tuple[r.PayoutRow, ...]:
        _, reader = self._read(org)
        root = member_root(reader, member) if member else None
        rows = []
        for id_ in reader.org.store.of_type("payout.record"):
            found = reader.state.get(payout_key(id_), PayoutRecord)
            if found is not None and root in (None, found.to):
                rows.append(payout_row(reader, id_))
        return tuple(sorted(rows, key=lambda row: (row.day, row.stamp.at_ms, row.id), reverse=True))

    def payout_totals(self, org: str, member: str = "", by: str = "month") -> tuple[r.PayoutTotal, ...]:
        return payout_totals(self.payout_list(org, member), by)

    def payout_confirm(self, org: str, payout: str, text: str = "") -> r.PayoutRow:
        return self._answer(org, payout, "confirm", text)

    def payout_dispute(self, org: str, payout: str, text: str = "") -> r.PayoutRow:
        return self._answer(org, payout, "dispute", text)

    def _answer(self, org: str, payout: str, step: str, text: str) -> r.PayoutRow:
        opened, reader = self._read(org)
        id_ = object_id(reader, "payout", payout)
        self._write(opened, f"payout.{step}", {"payout": Link(id_)}, text=(text, "text"))
        return payout_row(self._reader(opened), id_)

    # -- earnings --------------------------------------------------------------------------------
    def earnings(self, org: str, unit: str = "", member: str = "") -> r.EarningsView:
        _, reader = self._read(org)
        root = member_root(reader, member) if member else reader.member
        if root is None:
            raise NotFound("member_unknown", name="")
        return earnings_of(reader, root, unit, self._ws.clock.now_ms())


def _pool(reader: Reader, title: str, amount: str, code: str, payer: str, window_s: int) -> dict[str, Any]:
    """What rounds and matching pools say alike."""
    code, entity = unit(reader, code)
    return {
        "title": one_line(title, "title", TITLE_BYTES_MAX), "unit": code, "amount": minor(amount, entity.decimals),
        "from": party(reader, payer), "window": period_ms(window_s, "window"),
    }


def _decimals(reader: Reader, code: str) -> int:
    return unit(reader, code)[1].decimals


def _scope(reader: Reader, names: Sequence[str]) -> Any:
    """Nobody named: all with a vote; one "department:NAME"; or members by name."""
    if not names:
        return None
    kind, colon, rest = names[0].partition(":")
    if len(names) == 1 and kind == "department" and colon:
        return department_id(reader, rest)
    return [member_root(reader, name) for name in names]


def _day(text: str) -> int:
    """Days since 1970 of a date such as "2026-03-14"."""
    try:
        found = (date.fromisoformat(text.strip()) - EPOCH).days
    except ValueError as error:
        raise InputError("day_form", date=text[:40]) from error
    if not 0 <= found <= DAY_MAX:
        raise InputError("day_form", date=text[:40])
    return found
