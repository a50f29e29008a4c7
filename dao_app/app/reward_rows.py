"""Reward rounds, matching pools and payout records for people."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from dao_app.app import views_rewards as r
from dao_app.app.queries import Reader
from dao_app.app.views_parts import AmountView
from dao_app.core.encoding import Link, power_from_wire
from dao_app.core.entities import Member
from dao_app.core.keys import TREASURY, backing_key, gifts_key, match_key, member_key, payout_key, round_key
from dao_app.core.reward_entities import Backing, Gifts, Line, Match, PayoutRecord, Round
from dao_app.core.rewards.quadratic_match import PLACES, UNIT
from dao_app.core.rules import matching
from dao_app.core.rules.members import all_members
from dao_app.core.rules.payouts import DECIMALS_MAX
from dao_app.core.rules.round_closing import compute, lines_of
from dao_app.core.rules.rounds import is_in

EPOCH = date(1970, 1, 1)


def payer_name(reader: Reader, party: bytes) -> str:
    return "treasury" if party == TREASURY else reader.party_name(party)


def _status(status: str, closes: int, now_ms: int) -> str:
    return "closing" if status == "open" and 0 < closes <= now_ms else status


def round_row(reader: Reader, id_: bytes, now_ms: int) -> r.RoundRow:
    """The row of a round that is in the state."""
    found = reader.state.need(round_key(id_), Round)
    amount = reader.amount(found.unit, found.amount)
    assert amount is not None
    link = Link(id_)
    gestures: list[tuple[str, str, dict[str, Any]]] = [
        ("give", "round.give", {"round": link, "gifts": []}), ("cancel", "round.cancel", {"round": link}),
    ]
    mine = reader.state.get(gifts_key(id_, reader.member), Gifts) if reader.member else None
    return r.RoundRow(
        id_.hex(), id_.hex()[:8], found.number or None, found.title, found.kind, found.policy, found.look,
        reader.person(found.to) if found.to else None, amount, payer_name(reader, found.payer),
        _status(found.status, found.closes, now_ms), reader.person(found.opener), found.closes or None, found.points,
        found.gave, found.kind != "points" and _gives(reader, found), sum(points for _, points in mine.rows) if mine
        else 0, reader.object_stamp(id_), reader.can(gestures),
    )


def _gives(reader: Reader, found: Round) -> bool:
    member = reader.state.get(member_key(reader.member), Member) if reader.member else None
    return member is not None and reader.member is not None and is_in(
        reader.state, found.givers, reader.member, member, found.opened
    )


def round_detail(reader: Reader, id_: bytes, now_ms: int) -> r.RoundDetail:
    """A round with every gift and the computation line by line."""
    found = reader.state.need(round_key(id_), Round)
    row = round_row(reader, id_, now_ms)
    if found.status == "open":
        if not found.opened:
            return r.RoundDetail(row, reader.text(found.text), (), (), (), (), "", reader.activity(id_))
        computed = compute(reader.state, id_, found)
        gifts, lines = computed.gifts, [line for line in computed.lines if _says_something(line)]
        receivers = tuple(reader.person(line.member) for line in computed.lines)
    else:
        gifts, lines = _kept_gifts(reader, id_, found), lines_of(reader.state, id_, found)
        receivers = tuple(reader.person(line.member) for line in lines)
    return r.RoundDetail(
        row, reader.text(found.text), receivers, tuple(_giver(reader, found, root, g) for root, g in gifts),
        tuple(one for root, g in gifts for one in _gift_rows(reader, root, g)),
        tuple(_line(reader, found, line) for line in lines), _computation(found, lines), reader.activity(id_),
    )


def _says_something(line: Line) -> bool:
    return bool(line.received or line.points or line.weight)


def _kept_gifts(reader: Reader, id_: bytes, found: Round) -> tuple[tuple[bytes, Gifts], ...]:
    if not found.gave:
        return ()
    listed = ((root, reader.state.get(gifts_key(id_, root), Gifts)) for root in all_members(reader.state))
    return tuple((root, gifts) for root, gifts in listed if gifts is not None and gifts.rows)


def _giver(reader: Reader, found: Round, root: bytes, gifts: Gifts) -> r.GiverRow:
    dropped = gifts.dropped or ("",) * len(gifts.rows)
    counted = sum(points for (_, points), why in zip(gifts.rows, dropped, strict=True) if not why)
    given = sum(points for _, points in gifts.rows)
    return r.GiverRow(reader.person(root), given, found.points - counted, reader.text(gifts.note))


def _gift_rows(reader: Reader, root: bytes, gifts: Gifts) -> list[r.GiftRow]:
    dropped = gifts.dropped or ("",) * len(gifts.rows)
    return [
        r.GiftRow(reader.person(root), reader.person(receiver), points, why)
        for (receiver, points), why in zip(gifts.rows, dropped, strict=True)
    ]


def _line(reader: Reader, found: Round, line: Line) -> r.LineRow:
    payout = reader.amount(found.unit, line.payout)
    assert payout is not None
    return r.LineRow(
        reader.person(line.member), line.received, line.points, str(power_from_wire(line.weight)), payout
    )


def _computation(found: Round, lines: list[Line]) -> str:
    """What ``guildhall rewards compute`` makes the same payouts of."""
    if found.status in ("returned", "cancelled") or not any(line.weight for line in lines):
        return ""
    weights = [str(power_from_wire(line.weight)) for line in lines]
    return json.dumps({"rule": "hamilton", "title": found.title, "budget": found.amount, "weights": weights})


def match_row(reader: Reader, id_: bytes, now_ms: int) -> r.MatchRow:
    """The row of a matching pool that is in the state."""
    found = reader.state.need(match_key(id_), Match)
    amount = reader.amount(found.unit, found.amount)
    assert amount is not None
    link = Link(id_)
    gestures: list[tuple[str, str, dict[str, Any]]] = [("cancel", "match.cancel", {"match": link})]
    gestures += [
        ("give", "match.give", {"match": link, "project": number, "amount": 1})
        for number in range(1, len(found.projects) + 1)
    ]
    bound = None if found.bound is None else reader.amount(found.unit, found.bound)
    return r.MatchRow(
        id_.hex(), id_.hex()[:8], found.number or None, found.title, amount, payer_name(reader, found.payer),
        found.mode, bound, _status(found.status, found.closes, now_ms), reader.person(found.opener),
        found.closes or None, _projects(reader, id_, found), reader.object_stamp(id_),
        tuple(dict.fromkeys(reader.can(gestures))),
    )


def _projects(reader: Reader, id_: bytes, found: Match) -> tuple[r.ProjectRow, ...]:
    if found.status == "open" and found.backers:
        now = matching.compute(reader.state, id_, found)
        sums = list(zip(now.matching, now.payouts, strict=True))
    else:
        sums = [(power_from_wire(project.matching) or 0, project.payout) for project in found.projects]
    rows = []
    for number, (project, (matched, payout)) in enumerate(zip(found.projects, sums, strict=True), 1):
        mine = reader.state.get(backing_key(id_, number, reader.member), Backing) if reader.member else None
        code, person = reader.party(project.receiver)
        amounts = [reader.amount(found.unit, sum_) for sum_ in (project.given, mine.amount if mine else 0, payout)]
        given, my_given, paid = (one for one in amounts if one is not None)
        whole, part = divmod(matched, UNIT)
        exact = f"{whole}.{part:0{PLACES}d}".rstrip("0").rstrip(".")
        receiver = reader.party_name(project.receiver) or code
        rows.append(
            r.ProjectRow(number, project.title, receiver, person, project.backers, given, my_given, exact, paid)
        )
    return tuple(rows)


def payout_row(reader: Reader, id_: bytes) -> r.PayoutRow:
    """The row of a payout record that is in the state."""
    found = reader.state.need(payout_key(id_), PayoutRecord)
    link = Link(id_)
    can = reader.can([(step, f"payout.{step}", {"payout": link}) for step in ("confirm", "dispute")])
    return r.PayoutRow(
        id_.hex(), reader.person(found.to), reader.person(found.by),
        AmountView(found.currency, found.amount, found.decimals), (EPOCH + timedelta(days=found.day)).isoformat(),
        reader.text(found.reference), found.status, reader.text(found.answer), reader.object_stamp(id_), can,
    )


def payout_totals(rows: Iterable[r.PayoutRow], by: str) -> tuple[r.PayoutTotal, ...]:
    """Sums per period ("month" or "year"), person and currency, newest period first."""
    digits = len("2026-03") if by == "month" else len("2026")
    sums: dict[tuple[str, str, str], tuple[r.PayoutRow, int, int]] = {}
    for row in rows:
        if row.status == "disputed":
            continue
        key = (row.day[:digits], row.to.id, row.amount.unit)
        amount = row.amount.minor * 10 ** (DECIMALS_MAX - row.amount.decimals)
        _, paid, confirmed = sums.get(key, (row, 0, 0))
        sums[key] = (row, paid + amount, confirmed + amount * (row.status == "confirmed"))
    return tuple(
        r.PayoutTotal(period, row.to, _short(code, paid), _short(code, confirmed))
        for (period, _, code), (row, paid, confirmed) in sorted(
            sums.items(), key=lambda item: item[0], reverse=True
        )
    )


def _short(code: str, amount: int) -> AmountView:
    """An amount in units of 10^-8 with as few decimals as it takes, two at least."""
    decimals = DECIMALS_MAX
    while decimals > 2 and amount % 10 == 0:
        amount, decimals = amount // 10, decimals - 1
    return AmountView(code, amount, decimals)
