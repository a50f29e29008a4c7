"""Payout records: what was paid outside in money, confirmed or disputed by the receiver (REWARD-8).

Invariants: a record moves nothing on the ledger and never changes; only its receiver answers it, a
confirmation is the last word.
"""

from __future__ import annotations

import re

from dao_app.core.entities import Member
from dao_app.core.envelope import Action
from dao_app.core.keys import member_key, payout_key
from dao_app.core.limits import CURRENCY_BYTES_MAX, DAY_MAX, INT_MAX
from dao_app.core.reward_entities import PayoutRecord
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

RECORD = s.Schema(
    {"to": s.key, "currency": s.name, "amount": s.count, "decimals": s.count, "day": s.count}, {"reference": s.ref}
)
ANSWER = s.Schema({"payout": s.link}, {"text": s.ref})
DECIMALS_MAX = 8
_CURRENCY = re.compile("[A-Z][A-Z0-9]*")


def record(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Note a payment made outside to somebody else."""
    body = action.body
    if "payout.record" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_rewards"):
        return Rejection.MODULE_OFF
    if state.get(member_key(body["to"]), Member) is None:
        return Rejection.MEMBER_UNKNOWN
    if body["to"] == author.root:
        return Rejection.TO_SELF
    currency = body["currency"]
    if len(currency) > CURRENCY_BYTES_MAX or not _CURRENCY.fullmatch(currency) or body["decimals"] > DECIMALS_MAX:
        return Rejection.CURRENCY_BAD
    if not 0 < body["amount"] <= INT_MAX:
        return Rejection.AMOUNT_NOT_POSITIVE
    if body["day"] > DAY_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    found = PayoutRecord(
        body["to"], author.root, currency, body["amount"], body["decimals"], s.reference(body, "reference"),
        body["day"], "recorded", None,
    )
    state.put(payout_key(action.id), found)
    return None


def confirm(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """The receiver says that it arrived."""
    return _answer(state, action, author, "confirmed")


def dispute(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """The receiver says that it did not, or not so."""
    return _answer(state, action, author, "disputed")


def _answer(state: State, action: Action, author: Author, status: str) -> Rejection | None:
    key = payout_key(action.body["payout"])
    found = state.get(key, PayoutRecord)
    if found is None:
        return Rejection.PAYOUT_UNKNOWN
    if found.to != author.root:
        return Rejection.PAYOUT_NOT_YOURS
    if found.status in ("confirmed", status):
        return Rejection.PAYOUT_ANSWERED
    state.put(key, found._replace(status=status, answer=s.reference(action.body, "text")))
    return None
