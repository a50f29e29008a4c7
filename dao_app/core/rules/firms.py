"""Firms: parties of several signers, with limits and dual approval (ORG-5).

Invariants: a firm has at least one signer who is an active member; one signer alone never pays more than the
own limit, nor more than the firm's bound for two; signers change when two of them want the same, so that
one clerk takes nothing over; both who sign a payment are signers when it is made; a waiting payment is paid at
most once.
"""

from __future__ import annotations

from dao_app.core.entities import Firm, Handover, Member, Payment, Signer
from dao_app.core.envelope import Action
from dao_app.core.keys import firm_key, firm_party, member_key, payment_key
from dao_app.core.limits import SIGNERS_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.ledger import check_amount, check_party
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

_SIGNERS = s.list_of(s.row_of(s.key, s.count), SIGNERS_MAX)
REGISTER = s.Schema({"name": s.title, "register": s.text_or_empty, "signers": _SIGNERS, "dual": s.count})
CHANGE = s.Schema({"firm": s.link, "signers": _SIGNERS, "dual": s.count})
PAY = s.Schema({"firm": s.link, "to": s.party, "unit": s.name, "amount": s.count}, {"memo": s.ref})
APPROVE = s.Schema({"payment": s.link})


def register(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Enter a firm with its signers; the author is one of them."""
    body = action.body
    if "firm.manage" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_firms"):
        return Rejection.MODULE_OFF
    signers = _signers(state, body["signers"])
    if signers is None or author.root not in {signer.member for signer in signers}:
        return Rejection.FIRM_SIGNERS
    state.put(
        firm_key(action.id), Firm(body["name"], body["register"], signers, body["dual"], "active", action.id, None)
    )
    return None


def _signers(state: State, rows: list[list[object]]) -> tuple[Signer, ...] | None:
    """The signers, sorted; None unless all are active members, each once, at least one."""
    found: dict[bytes, int] = {}
    for root, limit in rows:
        assert isinstance(root, bytes) and isinstance(limit, int)
        member = state.get(member_key(root), Member)
        if member is None or member.status != "active" or root in found:
            return None
        found[root] = limit
    return tuple(Signer(root, found[root]) for root in sorted(found)) or None


def _acting(state: State, id_: bytes, author: Author) -> tuple[Firm, Signer] | Rejection:
    found = state.get(firm_key(id_), Firm)
    if found is None or found.status != "active":
        return Rejection.FIRM_UNKNOWN
    signer = next((signer for signer in found.signers if signer.member == author.root), None)
    return Rejection.NOT_SIGNER if signer is None else (found, signer)


def change(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Hand over: new signers and bounds, as soon as two of the present signers (or the only one able to)
    have asked for the same."""
    body = action.body
    acting = _acting(state, body["firm"], author)
    if isinstance(acting, Rejection):
        return acting
    firm, _ = acting
    signers = _signers(state, body["signers"])
    if signers is None:
        return Rejection.FIRM_SIGNERS
    wanted = Handover(author.root, signers, body["dual"])
    before = firm.handover
    able = {signer.member for signer in _able(state, firm)}
    agreed = before is not None and before.by in able - {author.root} and before[1:] == wanted[1:]
    if agreed or len(able) == 1:
        firm = firm._replace(signers=signers, dual=body["dual"], handover=None)
    else:
        firm = firm._replace(handover=wanted)
    state.put(firm_key(body["firm"]), firm)
    return None


def _able(state: State, firm: Firm) -> list[Signer]:
    """Signers who are active members."""
    members = ((signer, state.get(member_key(signer.member), Member)) for signer in firm.signers)
    return [signer for signer, member in members if member is not None and member.status == "active"]


def pay(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Pay from the firm's balance; above its bound for two the payment waits for another signer."""
    body = action.body
    acting = _acting(state, body["firm"], author)
    if isinstance(acting, Rejection):
        return acting
    firm, signer = acting
    refused = check_amount(state, body["unit"], body["amount"]) or check_party(state, body["to"])
    if refused:
        return refused
    source = firm_party(body["firm"])
    if body["to"] == source:
        return Rejection.TO_SELF
    if body["amount"] > signer.limit:
        return Rejection.SIGNER_LIMIT
    if state.balance(source, body["unit"]) < body["amount"]:
        return Rejection.BALANCE_TOO_LOW
    memo = s.reference(body, "memo")
    if body["amount"] <= firm.dual or len(firm.signers) == 1:
        _book(state, source, body["to"], body["unit"], body["amount"], action.id, memo)
        return None
    payment = Payment(
        bytes(body["firm"]), body["to"], body["unit"], body["amount"], memo, author.root, "waiting"
    )
    state.put(payment_key(action.id), payment)
    return None


def approve(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """The second signature: the payment is made."""
    id_ = action.body["payment"]
    waiting = _waiting(state, id_, author)
    if isinstance(waiting, Rejection):
        return waiting
    payment, signer = waiting
    if payment.by == author.root:
        return Rejection.SECOND_SIGNER
    if not _stands(state, payment):
        return Rejection.FIRST_SIGNER_GONE
    if payment.amount > signer.limit:
        return Rejection.SIGNER_LIMIT
    refused = check_party(state, payment.to)
    if refused:
        return refused
    source = firm_party(payment.firm)
    if state.balance(source, payment.unit) < payment.amount:
        return Rejection.BALANCE_TOO_LOW
    _book(state, source, payment.to, payment.unit, payment.amount, action.id, payment.memo)
    state.put(payment_key(id_), payment._replace(status="paid"))
    return None


def _stands(state: State, payment: Payment) -> bool:
    """Could its first signer still sign it?"""
    able = _able(state, state.need(firm_key(payment.firm), Firm))
    return any(signer.member == payment.by and payment.amount <= signer.limit for signer in able)


def cancel(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Any signer takes a waiting payment back."""
    id_ = action.body["payment"]
    waiting = _waiting(state, id_, author)
    if isinstance(waiting, Rejection):
        return waiting
    state.put(payment_key(id_), waiting[0]._replace(status="cancelled"))
    return None


def _waiting(state: State, id_: bytes, author: Author) -> tuple[Payment, Signer] | Rejection:
    payment = state.get(payment_key(id_), Payment)
    if payment is None:
        return Rejection.PAYMENT_UNKNOWN
    acting = _acting(state, payment.firm, author)
    if isinstance(acting, Rejection):
        return acting
    return (payment, acting[1]) if payment.status == "waiting" else Rejection.PAYMENT_CLOSED


def _book(
    state: State, source: bytes, to: bytes, unit: str, amount: int, cause: bytes, memo: tuple[bytes, int] | None
) -> None:
    state.move(Posting("transfer", source, to, unit, amount, cause, None if memo is None else memo[0]))
