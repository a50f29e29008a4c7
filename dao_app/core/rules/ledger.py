"""The ledger: double entry in integer minor units; issue within the cap, transfers, tips (TOKEN-1, REWARD-5).

Invariants: per unit the sum of all accounts is the supply; no balance is negative; nothing is issued
beyond the unit's cap; what comes in is spendable from the end of the checkpoint that seals it.
"""

from __future__ import annotations

from dao_app.core.entities import TREASURY, Member, Unit, member_key, unit_key
from dao_app.core.envelope import Action
from dao_app.core.limits import INT_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

ISSUE = s.Schema({"unit": s.name, "amount": s.count, "to": s.party}, {"memo": s.ref})
TRANSFER = s.Schema({"unit": s.name, "amount": s.count, "to": s.party}, {"memo": s.ref, "for": s.party})
TIP = s.Schema({"unit": s.name, "amount": s.count, "to": s.party}, {"memo": s.ref})


def _memo(action: Action) -> bytes | None:
    memo = s.reference(action.body, "memo")
    return None if memo is None else memo[0]


def check_amount(state: State, unit: str, amount: int) -> Rejection | None:
    """A known unit and 0 < amount <= 2⁵³−1."""
    if state.get(unit_key(unit), Unit) is None:
        return Rejection.UNIT_UNKNOWN
    if amount <= 0:
        return Rejection.AMOUNT_NOT_POSITIVE
    if amount > INT_MAX:
        return Rejection.AMOUNT_TOO_LARGE
    return None


def check_party(state: State, party: bytes) -> Rejection | None:
    """The treasury, or an active member."""
    if party == TREASURY:
        return None
    member = state.get(member_key(party[1:]), Member)
    return None if member is not None and member.status == "active" else Rejection.PARTY_UNKNOWN


def issue(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Issue within the cap, by whom the charter allows."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    if "token.issue" not in author.permissions:
        return Rejection.NOT_ALLOWED
    refused = check_party(state, body["to"])
    if refused:
        return refused
    unit = state.need(unit_key(body["unit"]), Unit)
    if unit.supply + body["amount"] > unit.cap:
        return Rejection.CAP_EXCEEDED
    book_issue(state, action.id, body["unit"], body["amount"], body["to"], _memo(action))
    return None


def book_issue(state: State, action: bytes, unit: str, amount: int, to: bytes, memo: bytes | None) -> None:
    """Raise the supply and credit it; the cap has been checked."""
    key = unit_key(unit)
    entity = state.need(key, Unit)
    state.put(key, entity._replace(supply=entity.supply + amount))
    state.move(Posting("issue", b"", to, unit, amount, action, memo))


def transfer(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """From one's own balance, or from the treasury where a role allows it."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    source = body.get("for", b"m" + author.root)
    if source == TREASURY:
        if "treasury.spend" not in author.permissions:
            return Rejection.NOT_ALLOWED
    elif source != b"m" + author.root or "token.transfer" not in author.permissions:
        return Rejection.NOT_ALLOWED
    return _pay(state, action, source, "transfer")


def tip(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A tip to a person, from one's own balance."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    if "token.tip" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if body["to"] == TREASURY:
        return Rejection.PARTY_UNKNOWN
    return _pay(state, action, b"m" + author.root, "tip")


def _pay(state: State, action: Action, source: bytes, kind: str) -> Rejection | None:
    body = action.body
    if body["to"] == source:
        return Rejection.TO_SELF
    refused = check_party(state, body["to"])
    if refused:
        return refused
    if state.balance(source, body["unit"]) < body["amount"]:
        return Rejection.BALANCE_TOO_LOW
    state.move(Posting(kind, source, body["to"], body["unit"], body["amount"], action.id, _memo(action)))
    return None
