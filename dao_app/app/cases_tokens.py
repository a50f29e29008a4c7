"""Use cases around the ledger: balances, issue, transfers, tips, entries."""

from __future__ import annotations

from typing import Any

from dao_app.app import views as v
from dao_app.app.cases import Cases
from dao_app.app.queries import Reader
from dao_app.app.resolve import member_root, minor, party, unit
from dao_app.app.workspace import Opened
from dao_app.core.entities import Account, Proposal, Task, Unit
from dao_app.core.keys import (
    TREASURY,
    account_key,
    escrow_party,
    match_key,
    member_party,
    proposal_key,
    round_key,
    task_key,
    unit_key,
)
from dao_app.core.reward_entities import Match, Round
from dao_app.core.rules.task_money import is_held
from dao_app.core.state import Posting

LEDGER_ROWS_MAX = 10_000


class TokenCases(Cases):
    """Part of ``app.api.Api``."""

    def token_balance(self, org: str, party: str = "") -> tuple[v.BalanceView, ...]:
        _, reader = self._read(org)
        if party == "all":
            wanted = [TREASURY, *(member_party(root) for root in reader.roots())]
        elif party == "treasury":
            wanted = [TREASURY]
        elif party:
            wanted = [member_party(member_root(reader, party))]
        else:
            wanted = [member_party(reader.member)] if reader.member else []
        return balances(reader, wanted)

    def token_issue(self, org: str, amount: str, unit: str = "", to: str = "treasury", memo: str = "") -> v.LedgerRow:
        return self._move("token.issue", org, to, amount, unit, memo, {})

    def token_transfer(
        self, org: str, to: str, amount: str, unit: str = "", memo: str = "", from_treasury: bool = False
    ) -> v.LedgerRow:
        return self._move("token.transfer", org, to, amount, unit, memo, {"for": TREASURY} if from_treasury else {})

    def token_tip(
        self, org: str, to: str, amount: str, unit: str = "", reason: str = "", payer: str = ""
    ) -> v.LedgerRow:
        extra = {"for": party(self._read(org)[1], payer)} if payer else {}
        return self._move("token.tip", org, to, amount, unit, reason, extra)

    def token_ledger(self, org: str, party: str = "", limit: int = 1000) -> tuple[v.LedgerRow, ...]:
        _, reader = self._read(org)
        wanted = _party(reader, party) if party else None
        limit = max(1, min(limit, LEDGER_ROWS_MAX))
        rows = [ledger_row(reader, posting) for posting in reversed(reader.state.postings) if _is_of(posting, wanted)]
        for record in reader.org.store.postings(limit if wanted is None else LEDGER_ROWS_MAX):
            posting = Posting(*record[:7])
            if _is_of(posting, wanted):
                rows.append(ledger_row(reader, posting))
        return tuple(rows[:limit])

    def _move(
        self, type_: str, org: str, to: str, amount: str, code: str, memo: str, extra: dict[str, Any]
    ) -> v.LedgerRow:
        opened, reader = self._read(org)
        code, entity = unit(reader, code)
        target = party(reader, to)
        value = minor(amount, entity.decimals)
        action = self._write(
            opened, type_, {"unit": code, "amount": value, "to": target, **extra}, text=(memo, "memo")
        )
        return self._posted(opened, action.id)

    def _posted(self, opened: Opened, id_: bytes) -> v.LedgerRow:
        reader = self._reader(opened)
        posting = next(p for p in reversed(reader.state.postings) if p.action == id_)
        return ledger_row(reader, posting)


def _party(reader: Reader, name: str) -> bytes:
    return TREASURY if name == "treasury" else party(reader, name)


def _is_of(posting: Posting, wanted: bytes | None) -> bool:
    return wanted is None or wanted in (posting.source, posting.target)


def ledger_row(reader: Reader, posting: Posting) -> v.LedgerRow:
    """One posting for people."""
    source, source_person = reader.party(posting.source)
    target, target_person = reader.party(posting.target)
    amount = reader.amount(posting.unit, posting.amount)
    assert amount is not None
    memo = ""
    if posting.memo is not None:
        memo = reader.text((posting.memo, 0)) or ""
    elif posting.source[:1] == b"e" or posting.target[:1] == b"e":
        memo = escrow_title(reader, posting.source[1:] if posting.source[:1] == b"e" else posting.target[1:])
    return v.LedgerRow(
        posting.action.hex(), posting.kind, source, source_person, target, target_person, amount, memo,
        reader.stamp(posting.action), reader.party_name(posting.source), reader.party_name(posting.target),
    )


def escrow_title(reader: Reader, id_: bytes) -> str:
    """What an escrow is for: "T-12 Repair the door"; "" where that is not known."""
    state = reader.state
    found = state.get(task_key(id_), Task) or state.get(round_key(id_), Round) or state.get(match_key(id_), Match)
    if found is None:
        return ""
    letter = {Task: "T", Round: "R", Match: "M"}[type(found)]
    return f"{letter}-{found.number} {found.title}" if found.number else found.title


def balances(reader: Reader, parties: list[bytes]) -> tuple[v.BalanceView, ...]:
    """Balances of these parties in every unit; what is pending has not been sealed."""
    held = _held(reader)
    rows = []
    for one in parties:
        name, person = reader.party(one)
        for code in reader.units():
            final = reader.org.replay.final.entity(account_key(one, code))
            final_balance = final.balance if isinstance(final, Account) else 0
            now = reader.state.get(account_key(one, code), Account) or Account(0, 0)
            decimals = reader.state.need(unit_key(code), Unit).decimals
            rows.append(
                v.BalanceView(
                    name, person, code, decimals, now.balance, now.incoming, final_balance - now.balance,
                    held.get((one, code), 0),
                    reader.party_name(one),
                )
            )
    return tuple(rows)


def _held(reader: Reader) -> dict[tuple[bytes, str], int]:
    """What lies in escrow or is set aside, by who paid it in."""
    held: dict[tuple[bytes, str], int] = {}
    for id_ in reader.org.store.of_type("task.open"):
        task = reader.state.get(task_key(id_), Task)
        if task is not None and is_held(task):
            account = reader.state.get(account_key(escrow_party(id_), task.unit), Account)
            if account is not None:
                key = (task.payer, task.unit)
                held[key] = held.get(key, 0) + account.balance + account.incoming
    for type_ in ("round.open", "match.open"):
        for id_ in reader.org.store.of_type(type_):
            pool = reader.state.get(round_key(id_), Round) or reader.state.get(match_key(id_), Match)
            if pool is not None and pool.status == "open":
                held[pool.payer, pool.unit] = held.get((pool.payer, pool.unit), 0) + pool.amount
    for id_ in reader.org.store.of_type("proposal.open"):
        proposal = reader.state.get(proposal_key(id_), Proposal)
        for source, code, amount in proposal.reserved if proposal is not None else ():
            held[source, code] = held.get((source, code), 0) + amount
    return held
