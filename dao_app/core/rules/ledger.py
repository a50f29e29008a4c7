"""The ledger: double entry in integer minor units; issue within the caps, transfers, tips (TOKEN-1 to 3, REWARD-5).

Invariants: per unit the sum of all accounts is the supply; no balance is negative; nothing is issued
beyond the unit's cap; what comes in is spendable from the end of the checkpoint that seals it.
"""

from __future__ import annotations

from dao_app.core.entities import Department, Firm, Member, Unit
from dao_app.core.envelope import Action
from dao_app.core.keys import TREASURY, department_key, firm_key, member_key, member_party, unit_key
from dao_app.core.limits import INT_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.emergency import is_stopped
from dao_app.core.rules.members import may
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

BP = 10_000  # basis points of a whole
ISSUE = s.Schema({"unit": s.name, "amount": s.count, "to": s.party}, {"memo": s.ref})
TRANSFER = s.Schema({"unit": s.name, "amount": s.count, "to": s.party}, {"memo": s.ref, "for": s.party})
TIP = s.Schema({"unit": s.name, "amount": s.count, "to": s.party}, {"memo": s.ref, "for": s.party})


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
    """The treasury, an active member, department or firm."""
    if party == TREASURY:
        return None
    kind, id_ = party[:1], party[1:]
    if kind == b"m":
        member = state.get(member_key(id_), Member)
        known = member is not None and member.status == "active"
    elif kind == b"d":
        department = state.get(department_key(id_), Department)
        known = department is not None and department.status == "active"
    else:
        firm = state.get(firm_key(id_), Firm)
        known = firm is not None and firm.status == "active"
    return None if known else Rejection.PARTY_UNKNOWN


def check_issue(state: State, unit: str, amount: int, to: bytes, time: int) -> Rejection | None:
    """Within the unit's cap and what may be issued in one period; ``time`` is sealed."""
    refused = check_amount(state, unit, amount) or check_party(state, to)
    if refused:
        return refused
    entity = state.need(unit_key(unit), Unit)
    if entity.supply + amount > entity.cap:
        return Rejection.CAP_EXCEEDED
    over = time >= entity.period + parameter(state, "issue_period_ms")
    issued = 0 if over else entity.issued
    if (issued + amount) * BP > entity.cap * parameter(state, "issue_period_bp"):
        return Rejection.ISSUE_PERIOD_CAP
    return None


def issue(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Issue within the caps without a vote, where the charter allows it."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    if "token.issue" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "direct_issue"):
        return Rejection.ISSUE_BY_VOTE_ONLY
    if is_stopped(state):
        return Rejection.SPENDING_STOPPED
    refused = check_issue(state, body["unit"], body["amount"], body["to"], context.time)
    if refused:
        return refused
    book_issue(state, action.id, body["unit"], body["amount"], body["to"], _memo(action), context.time)
    return None


def book_issue(
    state: State, action: bytes, unit: str, amount: int, to: bytes, memo: bytes | None, time: int
) -> None:
    """Raise the supply and credit it; the caps have been checked. ``time`` is sealed."""
    key = unit_key(unit)
    entity = state.need(key, Unit)
    over = time >= entity.period + parameter(state, "issue_period_ms")
    state.put(
        key,
        entity._replace(
            supply=entity.supply + amount,
            issued=amount if over else entity.issued + amount,
            period=time if over else entity.period,
        ),
    )
    state.move(Posting("issue", b"", to, unit, amount, action, memo))


def transfer(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """From one's own balance, or from the treasury's or a department's where a role allows it."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    source = source_of(state, action, author, "token.transfer")
    return source if isinstance(source, Rejection) else _pay(state, action, source, "transfer")


def source_of(state: State, action: Action, author: Author, permission: str) -> bytes | Rejection:
    """Whose money it is: one's own, or the treasury's or a department's by "treasury.spend"."""
    own = member_party(author.root)
    source: bytes = action.body.get("for", own)
    if source == TREASURY or source[:1] == b"d":
        if not may(state, author, "treasury.spend", source[1:] or None):
            return Rejection.NOT_ALLOWED
        return Rejection.SPENDING_STOPPED if is_stopped(state) else source
    if source != own or permission not in author.permissions:
        return Rejection.NOT_ALLOWED
    return source if parameter(state, "module_tokens") else Rejection.MODULE_OFF


def home_of(state: State, payer: bytes) -> bytes:
    """Where money goes back to: whence it came, or the treasury where that department is closed. Members keep what
    is theirs, whatever becomes of them."""
    closed = payer[:1] == b"d" and check_party(state, payer) is not None
    return TREASURY if closed else payer


def tip(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A tip to a person, from one's own balance, or as merit from the treasury's or a department's."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    source = source_of(state, action, author, "token.tip")
    if isinstance(source, Rejection):
        return source
    if body["to"][:1] != b"m":
        return Rejection.PARTY_UNKNOWN
    if body["to"] == member_party(author.root):
        return Rejection.TO_SELF
    return _pay(state, action, source, "tip")


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
