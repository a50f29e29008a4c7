"""Payment requests and scheduled payments, vesting among them (TOKEN-2).

Invariants: a request is paid at most once, and by nobody but whom it asks; a scheduled sum leaves its payer
when it is set up and lies in an escrow of its own, from which each instalment is paid once, at its sealed
time, the last one taking what is left over; what is stopped or cannot be paid goes back to the payer.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.entities import DueItem, PaymentRequest, Schedule
from dao_app.core.envelope import Action
from dao_app.core.keys import TREASURY, member_party, request_key, schedule_key, schedule_party
from dao_app.core.limits import INSTALMENTS_MAX, PERIOD_MS_MAX
from dao_app.core.rules import emergency
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule as put_on_agenda
from dao_app.core.rules.ledger import check_amount, check_party, home_of, source_of
from dao_app.core.rules.members import may
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State

REQUEST = s.Schema({"from": s.key, "unit": s.name, "amount": s.count}, {"memo": s.ref})
ABOUT = s.Schema({"request": s.link})
PLAN = {"to": s.party, "unit": s.name, "amount": s.count, "count": s.count, "every": s.count, "first": s.count}
SCHEDULE = s.Schema({**PLAN, "revocable": s.flag}, {"for": s.party, "memo": s.ref})
STOP = s.Schema({"schedule": s.link})


# -- requests ------------------------------------------------------------------------------------
def request(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Ask a member for a payment."""
    body = action.body
    refused = check_amount(state, body["unit"], body["amount"])
    if refused:
        return refused
    if "token.transfer" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_tokens"):
        return Rejection.MODULE_OFF
    if body["from"] == author.root:
        return Rejection.TO_SELF
    refused = check_party(state, member_party(body["from"]))
    if refused:
        return refused
    asked = PaymentRequest(
        author.root, body["from"], body["unit"], body["amount"], s.reference(body, "memo"), "open"
    )
    state.put(request_key(action.id), asked)
    return None


def pay_request(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Pay what one was asked for."""
    id_ = action.body["request"]
    found = state.get(request_key(id_), PaymentRequest)
    if found is None:
        return Rejection.REQUEST_UNKNOWN
    if found.payer != author.root or "token.transfer" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if found.status != "open":
        return Rejection.REQUEST_CLOSED
    target = member_party(found.payee)
    refused = check_party(state, target)
    if refused:
        return refused
    source = member_party(author.root)
    if state.balance(source, found.unit) < found.amount:
        return Rejection.BALANCE_TOO_LOW
    memo = None if found.memo is None else found.memo[0]
    state.move(Posting("transfer", source, target, found.unit, found.amount, action.id, memo))
    state.put(request_key(id_), found._replace(status="paid"))
    return None


def close_request(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Decline what one was asked for, or withdraw what one asked."""
    id_ = action.body["request"]
    found = state.get(request_key(id_), PaymentRequest)
    if found is None:
        return Rejection.REQUEST_UNKNOWN
    if author.root not in (found.payer, found.payee):
        return Rejection.NOT_ALLOWED
    if found.status != "open":
        return Rejection.REQUEST_CLOSED
    status = "declined" if author.root == found.payer else "withdrawn"
    state.put(request_key(id_), found._replace(status=status))
    return None


# -- scheduled payments --------------------------------------------------------------------------
def plan(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Set a sum aside and pay it in instalments: from one's own balance, or a treasury's by a role."""
    body = action.body
    source = source_of(state, action, author, "token.transfer")
    if isinstance(source, Rejection):
        return source
    refused = refuse_plan(state, body, source)
    if refused:
        return refused
    if state.balance(source, body["unit"]) < body["amount"]:
        return Rejection.BALANCE_TOO_LOW
    put_plan(state, action.id, body, source, source, body["revocable"], action.id)
    state.start("schedule", action.id, context.place, body["first"])
    return None


def refuse_plan(state: State, body: dict[str, Any], source: bytes) -> Rejection | None:
    """Guards of a plan, by an action or an effect."""
    refused = check_amount(state, body["unit"], body["amount"]) or check_party(state, body["to"])
    if refused:
        return refused
    if body["to"] == source:
        return Rejection.TO_SELF
    if not 1 <= body["count"] <= INSTALMENTS_MAX or body["count"] > body["amount"]:
        return Rejection.COUNT_TOO_LARGE
    if body["first"] > PERIOD_MS_MAX or not 1_000 <= body["every"] <= PERIOD_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    return None


def put_plan(
    state: State, id_: bytes, body: dict[str, Any], payer: bytes, purse: bytes, revocable: bool, cause: bytes
) -> None:
    """Write the plan down and set its sum aside, out of ``purse``; what comes back goes to ``payer``. ``cause``
    is the action or proposal behind it."""
    found = Schedule(
        payer, body["to"], body["unit"], body["amount"], 0, body["count"], 0, body["every"], 0, revocable, cause,
        "active",
    )
    state.put(schedule_key(id_), found)
    state.move(Posting("schedule", purse, schedule_party(id_), body["unit"], body["amount"], cause, None))


def start_schedule(state: State, id_: bytes, first: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the plan: the first instalment is due ``first`` ms later."""
    found = state.need(schedule_key(id_), Schedule)
    if found.status == "active":
        _next(state, id_, found, time + max(first, 1), place)


def _next(state: State, id_: bytes, found: Schedule, time: int, place: int) -> None:
    state.put(schedule_key(id_), found._replace(next=time))
    put_on_agenda(state, DueItem(time, place, "instalment", id_))


def pay_instalment(state: State, id_: bytes, time: int, place: int) -> None:
    """An instalment is due at ``time``; during an emergency stop the treasury's wait until it ends."""
    found = state.need(schedule_key(id_), Schedule)
    if found.status != "active" or found.next > time:
        return
    held = emergency.stopped_until(state)
    if held and found.payer[:1] in (TREASURY, b"d"):
        _next(state, id_, found, max(held, time + 1), place)
        return
    if check_party(state, found.to) is not None:
        _end(state, id_, found, found.cause, "stopped")
        return
    done = found.done + 1
    share = found.amount - found.paid if done == found.instalments else found.amount // found.instalments
    state.move(Posting("instalment", schedule_party(id_), found.to, found.unit, share, found.cause, None))
    found = found._replace(paid=found.paid + share, done=done)
    if done == found.instalments:
        state.put(schedule_key(id_), found._replace(status="done"))
    else:
        _next(state, id_, found, found.next + found.every, place)


def stop(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Stop a revocable plan; what was not paid goes back. The receiver may always renounce."""
    id_ = action.body["schedule"]
    found = state.get(schedule_key(id_), Schedule)
    if found is None:
        return Rejection.SCHEDULE_UNKNOWN
    department = found.payer[1:] if found.payer[:1] == b"d" else None
    own = found.payer == member_party(author.root)
    office = found.payer[:1] in (TREASURY, b"d") and may(state, author, "treasury.spend", department)
    renounces = found.to == member_party(author.root)
    if not (renounces or ((own or office) and found.revocable)):
        return Rejection.NOT_ALLOWED
    if found.status != "active":
        return Rejection.SCHEDULE_OVER
    _end(state, id_, found, action.id, "stopped")
    return None


def _end(state: State, id_: bytes, found: Schedule, cause: bytes, status: str) -> None:
    rest = found.amount - found.paid
    if rest:
        home = home_of(state, found.payer)
        state.move(Posting("refund", schedule_party(id_), home, found.unit, rest, cause, None))
    state.put(schedule_key(id_), found._replace(status=status, paid=found.paid))
