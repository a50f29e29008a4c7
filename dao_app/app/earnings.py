"""What a member earned: entries with the actions behind them, sums by source and time, a statement.

Invariant: every entry is one posting to the member, or a reward held for work of the member; own money that
came back is none.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dao_app.app import views_rewards as r
from dao_app.app.queries import Reader
from dao_app.app.resolve import unit as known_unit
from dao_app.app.texts import Texts
from dao_app.core.entities import Account, Proposal, Task
from dao_app.core.keys import (
    TREASURY,
    account_key,
    escrow_party,
    match_key,
    member_party,
    proposal_key,
    round_key,
    schedule_key,
    task_key,
)
from dao_app.core.money_entities import Schedule
from dao_app.core.reward_entities import Match, Round
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rules.task_money import is_held
from dao_app.core.state import Posting

ENTRIES_MAX = 10_000  # of one statement; some 300 pages
SOURCES = ("task", "round", "match", "tip", "transfer", "vote", "issue")
_BY_KIND = {
    "reward": "round", "tip": "tip", "match": "match", "support": "match", "transfer": "transfer", "issue": "issue",
    "instalment": "transfer",
}  # fmt: skip
_STEERING = ("=", "+", "-", "@", "\t", "\r")  # with these a spreadsheet takes a cell for a formula


def source_of(posting: Posting) -> str | None:
    """Where a posting comes from, or None where it is no earning."""
    if posting.kind == "pay":
        return "task" if posting.source[:1] == b"e" else "vote"
    return _BY_KIND.get(posting.kind)


def earnings_of(reader: Reader, root: bytes, code: str, now_ms: int) -> r.EarningsView:
    """Everything that came to a member in one unit ("" the organisation's first), newest first."""
    code, entity = known_unit(reader, code)
    own = member_party(root)
    rows = list(_held(reader, root, code))
    now = reader.org.replay.position.time
    for posting in reversed(reader.state.postings):
        if posting.target == own and posting.unit == code and (source := source_of(posting)):
            rows.append(_row(reader, posting, source, "provisional", reader.action(posting.action).at))
    records = reader.org.store.incoming(own, ENTRIES_MAX + 1)
    times: dict[int, int] = {}
    for record in records[:ENTRIES_MAX]:
        posting = Posting(*record[:7])
        if posting.unit != code or not (source := source_of(posting)):
            continue
        if record.height not in times:
            checkpoint = reader.org.store.checkpoint(record.height)
            times[record.height] = checkpoint.time if checkpoint is not None else now
        rows.append(_row(reader, posting, source, "final", times[record.height]))
    final = reader.org.replay.final.entity(account_key(own, code))
    balance = final.balance if isinstance(final, Account) else 0
    return r.EarningsView(
        reader.person(root), code, entity.decimals, tuple(rows), balance, len(records) > ENTRIES_MAX, now_ms
    )


def _held(reader: Reader, root: bytes, code: str) -> Iterable[r.EarningRow]:
    """Rewards in escrow for tasks that the member does."""
    for id_ in reader.org.store.of_type("task.open"):
        task = reader.state.get(task_key(id_), Task)
        if task is None or task.unit != code or not is_held(task):
            continue
        parts = share_out(task.amount, [assignee.share for assignee in task.assignees])
        for assignee, part in zip(task.assignees, parts, strict=True):
            if assignee.member == root and part:
                posting = Posting("pay", escrow_party(id_), member_party(root), code, part, id_, None)
                yield _row(reader, posting, "task", "held", reader.org.replay.position.time)


def _row(reader: Reader, posting: Posting, source: str, state: str, at_ms: int) -> r.EarningRow:
    amount = reader.amount(posting.unit, posting.amount)
    assert amount is not None
    about, title, source_party = _object(reader, posting)
    code, person = reader.party(source_party)
    if not title and posting.memo is not None:
        title = reader.text((posting.memo, 0)) or ""
    payer = reader.party_name(source_party) or code
    return r.EarningRow(posting.action.hex(), source, state, about, title, payer, person, amount, at_ms)


def _object(reader: Reader, posting: Posting) -> tuple[str, str, bytes]:
    """("T-12", title, whose money it was) of the task, round, pool or proposal that paid; else ("", "", sender)."""
    id_ = posting.source[1:] if posting.source[:1] in (b"e", b"r") else posting.action
    state = reader.state
    if (task := state.get(task_key(id_), Task)) is not None:
        return (f"T-{task.number}" if task.number else id_.hex()[:8]), task.title, task.payer
    if (round_ := state.get(round_key(id_), Round)) is not None:
        return (f"R-{round_.number}" if round_.number else id_.hex()[:8]), round_.title, round_.payer
    if (match := state.get(match_key(id_), Match)) is not None:
        return (f"M-{match.number}" if match.number else id_.hex()[:8]), match.title, match.payer
    if (proposal := state.get(proposal_key(id_), Proposal)) is not None:
        return (f"P-{proposal.number}" if proposal.number else id_.hex()[:8]), proposal.title, TREASURY
    if posting.kind == "instalment":
        schedule = state.get(schedule_key(posting.source[1:]), Schedule)
        return "", "", posting.source if schedule is None else schedule.payer
    return "", "", posting.source


# -- by time and source --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Bucket:
    """One month or week. ``first``: its first day; ``final``: minor units by source, in the order of ``SOURCES``;
    ``provisional`` and ``held`` together with all sources."""

    first: date
    final: tuple[int, ...]
    provisional: int
    held: int

    @property
    def total(self) -> int:
        return sum(self.final) + self.provisional + self.held


def first_day(texts: Texts, at_ms: int, by: str) -> date:
    """First day of the month or the week (from Monday) of a moment in the viewer's time zone."""
    day = texts.local(at_ms).date()
    return day.replace(day=1) if by == "month" else day - timedelta(days=day.weekday())


def buckets(rows: Iterable[r.EarningRow], texts: Texts, by: str, now_ms: int, count: int) -> list[Bucket]:
    """The last ``count`` months or weeks up to now, empty ones too; ``by``: month | week."""
    starts = [first_day(texts, now_ms, by)]
    while len(starts) < count:
        last = starts[-1] - timedelta(days=1)
        starts.append(last.replace(day=1) if by == "month" else last - timedelta(days=last.weekday()))
    starts.reverse()
    final = {start: [0] * len(SOURCES) for start in starts}
    open_ = {start: {"provisional": 0, "held": 0} for start in starts}
    for row in rows:
        start = first_day(texts, row.at_ms, by)
        if start not in final:
            continue
        if row.state == "final":
            final[start][SOURCES.index(row.source)] += row.amount.minor
        else:
            open_[start][row.state] += row.amount.minor
    return [Bucket(start, tuple(final[start]), open_[start]["provisional"], open_[start]["held"]) for start in starts]


def between(rows: Sequence[r.EarningRow], texts: Texts, first: date | None, last: date | None) -> list[r.EarningRow]:
    """Entries of these days in the viewer's time zone, both included."""
    kept = []
    for row in rows:
        day = texts.local(row.at_ms).date()
        if (first is None or day >= first) and (last is None or day <= last):
            kept.append(row)
    return kept


def sums(rows: Iterable[r.EarningRow]) -> dict[tuple[str, str], int]:
    """(source, state) → minor units."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.source, row.state)
        found[key] = found.get(key, 0) + row.amount.minor
    return found


# -- the statement -------------------------------------------------------------------------------
def statement_csv(view: r.EarningsView, rows: Sequence[r.EarningRow], texts: Texts) -> str:
    """Entries as a table for a spreadsheet (RFC 4180): oldest first, amounts with a point."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([texts.t(f"statement.{name}") for name in STATEMENT_COLUMNS])
    for row in reversed(rows):
        writer.writerow([_safe(cell) for cell in statement_row(row, view.decimals, texts)])
    return out.getvalue()


STATEMENT_COLUMNS = ("date", "source", "about", "title", "payer", "amount", "unit", "state", "action")


def statement_row(row: r.EarningRow, decimals: int, texts: Texts) -> list[str]:
    """The cells of one entry, in the order of ``STATEMENT_COLUMNS``."""
    payer = row.payer_person.name or row.payer_person.fingerprint if row.payer_person is not None else row.payer
    whole, part = divmod(row.amount.minor, 10**decimals)
    amount = f"{whole}.{part:0{decimals}d}" if decimals else str(whole)
    party = f"cli.party.{payer}"
    return [
        texts.local(row.at_ms).isoformat(timespec="seconds"), texts.t(f"earning.source.{row.source}"), row.about,
        row.title, texts.t(party) if row.payer_person is None and texts.has(party) else payer, amount, row.amount.unit,
        texts.t(f"earning.state.{row.state}"), row.action,
    ]  # fmt: skip


def _safe(cell: str) -> str:
    """No foreign text becomes a formula."""
    return f"'{cell}" if cell.startswith(_STEERING) else cell
