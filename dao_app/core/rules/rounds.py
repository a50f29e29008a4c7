"""Reward rounds: a budget set aside, gifts of points, taking back (REWARD-2, REWARD-3).

Invariants: the budget leaves its account when the round opens and lies in the round's escrow until exactly one
of closing (to the receivers, or back) and cancelling takes it out; gifts count from the sealed opening to the
sealed close, the last of a member in the final order; nobody gives more than the round's points.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.entities import Department, DueItem, Member, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import TOTALS_KEY, TREASURY, department_key, escrow_party, gifts_key, member_key, round_key
from dao_app.core.limits import GIFTS_MAX, PERIOD_MS_MAX, PERIODS_MAX, ROUND_LIST_MAX, ROUND_POINTS_MAX
from dao_app.core.reward_entities import Gifts, Match, Round, Scope
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.emergency import is_stopped
from dao_app.core.rules.ledger import check_amount, check_party, home_of
from dao_app.core.rules.members import belongs_to, had_vote, may
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.witnesses import grace
from dao_app.core.state import Posting, State

KINDS = ("peer", "points", "both")
POLICIES = ("immediate", "recent", "balanced", "special")
_LISTED = s.list_of(s.key, ROUND_LIST_MAX)


def _scope(value: Any) -> bool:
    """Null for all with a vote, a department's id, or members one by one."""
    return value is None or s.key(value) or _LISTED(value)


OPEN = s.Schema(
    {
        "title": s.title, "unit": s.name, "amount": s.count, "from": s.party, "kind": s.name, "policy": s.name,
        "look": s.count, "givers": _scope, "receivers": _scope, "points": s.count, "window": s.count,
    },
    {"text": s.ref, "to": s.key},
)
GIVE = s.Schema({"round": s.link, "gifts": s.list_of(s.row_of(s.key, s.count), GIFTS_MAX)}, {"note": s.ref})
CANCEL = s.Schema({"round": s.link})


def open_round(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Set a budget aside and ask for gifts, or share it by contribution points."""
    body = action.body
    refused = refuse_pool(state, body, author) or _refuse_shape(state, body)
    if refused:
        return refused
    if state.balance(body["from"], body["unit"]) < body["amount"]:
        return Rejection.BALANCE_TOO_LOW
    number = 0
    if context.final:
        totals = state.need(TOTALS_KEY, Totals)
        number = totals.rounds + 1
        state.put(TOTALS_KEY, totals._replace(rounds=number))
    found = Round(
        number, body["title"], s.reference(body, "text"), author.root, body["from"], body["unit"], body["amount"],
        body["kind"], body["policy"], body["look"], body.get("to"), _kept(body["givers"]), _kept(body["receivers"]),
        body["points"], parameter(state, "round_peer_bp"), body["window"], "open",
        context.height if context.final else 0, 0, 0, 0, 0, 0, 0,
    )
    state.put(round_key(action.id), found)
    state.move(
        Posting("escrow", body["from"], escrow_party(action.id), body["unit"], body["amount"], action.id, None)
    )
    state.start("round", action.id, context.place, body["window"])
    return None


def refuse_pool(state: State, body: dict[str, Any], author: Author) -> Rejection | None:
    """May the author set this money aside, and is the time to share it sound? (Rounds and matching pools.)"""
    source = body["from"]
    department = source[1:] if source[:1] == b"d" else None
    if source != TREASURY and department is None:
        return Rejection.NOT_ALLOWED
    if not may(state, author, "round.open", department) or not may(state, author, "task.fund", department):
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_rewards"):
        return Rejection.MODULE_OFF
    if is_stopped(state):
        return Rejection.SPENDING_STOPPED
    refused = check_amount(state, body["unit"], body["amount"]) or check_party(state, source)
    if refused:
        return refused
    return None if 1_000 <= body["window"] <= PERIOD_MS_MAX else Rejection.PERIOD_OUT_OF_BOUNDS


def _refuse_shape(state: State, body: dict[str, Any]) -> Rejection | None:
    kind, policy = body["kind"], body["policy"]
    if kind not in KINDS:
        return Rejection.ROUND_KIND_BAD
    looks = {"immediate": (1, PERIODS_MAX), "recent": (1, 100), "balanced": (0, 0), "special": (0, 0)}
    if policy not in POLICIES or ("to" in body) != (policy == "special") or (policy == "special" and kind != "points"):
        return Rejection.ROUND_POLICY_BAD
    least, most = looks[policy]
    if not least <= body["look"] <= most:
        return Rejection.ROUND_POLICY_BAD
    if not 1 <= body["points"] <= ROUND_POINTS_MAX:
        return Rejection.POINTS_BOUNDS
    if policy == "special" and state.get(member_key(body["to"]), Member) is None:
        return Rejection.MEMBER_UNKNOWN
    return _refuse_scope(state, body["givers"]) or _refuse_scope(state, body["receivers"])


def _refuse_scope(state: State, scope: Any) -> Rejection | None:
    if isinstance(scope, bytes):
        department = state.get(department_key(scope), Department)
        return None if department is not None and department.status == "active" else Rejection.DEPARTMENT_UNKNOWN
    if scope is None:
        return None
    if not scope or len(set(scope)) != len(scope):
        return Rejection.ROUND_MEMBERS_BAD
    known = all(state.get(member_key(root), Member) is not None for root in scope)
    return None if known else Rejection.MEMBER_UNKNOWN


def _kept(scope: Any) -> Scope:
    return tuple(scope) if isinstance(scope, list) else scope


def is_in(state: State, scope: Scope, root: bytes, member: Member, opened: int) -> bool:
    """Is an active member among those meant, as of now; all with a vote: when the round opened."""
    if member.status != "active":
        return False
    if scope is None:
        return had_vote(member, opened - 1)
    if isinstance(scope, bytes):
        return belongs_to(state, member, scope)
    return root in scope


def start_round(state: State, id_: bytes, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the round: gifts are taken until the window and the grace are over."""
    found = state.need(round_key(id_), Round)
    closes = time + found.window + grace(state, parameter(state, "grace_ms"))
    state.put(round_key(id_), found._replace(closes=closes))
    schedule(state, DueItem(closes, place, "close_round", id_))


def give(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Hand out points; it replaces what one gave before, an empty list takes it back."""
    id_, rows = bytes(action.body["round"]), action.body["gifts"]
    found = state.get(round_key(id_), Round)
    if found is None:
        return Rejection.ROUND_UNKNOWN
    if not parameter(state, "module_rewards"):
        return Rejection.MODULE_OFF
    if found.status != "open":
        return Rejection.ROUND_CLOSED
    if not 0 < found.opened < context.height:
        return Rejection.ROUND_NOT_OPEN
    if found.kind == "points":
        return Rejection.ROUND_WITHOUT_GIFTS
    if not is_in(state, found.givers, author.root, author.member, found.opened):
        return Rejection.NOT_IN_ROUND
    refused = _refuse_gifts(state, found, author, rows)
    if refused:
        return refused
    key = gifts_key(id_, author.root)
    before = state.get(key, Gifts)
    gave = found.gave + bool(rows) - (before is not None and bool(before.rows))
    note = s.reference(action.body, "note")
    state.put(key, Gifts(tuple((root, points) for root, points in rows), note, action.id, ()))
    state.put(round_key(id_), found._replace(gave=gave))
    return None


def _refuse_gifts(state: State, found: Round, author: Author, rows: list[list[Any]]) -> Rejection | None:
    roots = [root for root, _ in rows]
    if author.root in roots:
        return Rejection.GIFT_TO_SELF
    if len(set(roots)) != len(roots):
        return Rejection.GIFT_TWICE
    if any(not points for _, points in rows):
        return Rejection.GIFT_ZERO
    for root in roots:
        member = state.get(member_key(root), Member)
        if member is None or not is_in(state, found.receivers, root, member, found.opened):
            return Rejection.GIFT_RECEIVER
    return Rejection.GIFTS_OVER if sum(points for _, points in rows) > found.points else None


def cancel(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take a round back before anybody gave; the budget returns."""
    found = state.get(round_key(action.body["round"]), Round)
    refused = refuse_cancel(found, author, found is not None and found.gave > 0)
    return refused or take_back(state, bytes(action.body["round"]), action.id, context)


def take_back(state: State, id_: bytes, cause: bytes, context: Context) -> Rejection | None:
    """End an open round without paying anybody."""
    found = state.get(round_key(id_), Round)
    refused = refuse_end(found, context)
    if refused is None and found is not None:
        refund(state, id_, found.payer, found.unit, found.amount, cause)
        state.put(round_key(id_), found._replace(status="cancelled", closed=context.height if context.final else 0))
    return refused


def refuse_cancel(found: Round | Match | None, author: Author, given: bool) -> Rejection | None:
    """May the author take it back? (Rounds and matching pools.)"""
    if found is None:
        return Rejection.ROUND_UNKNOWN
    if found.opener != author.root:
        return Rejection.ROUND_NOT_OPENER
    return Rejection.ROUND_GIFTS_GIVEN if found.status == "open" and given else None


def refuse_end(found: Round | Match | None, context: Context) -> Rejection | None:
    """Is it one that is open, and was before this checkpoint?"""
    if found is None:
        return Rejection.ROUND_UNKNOWN
    if found.status != "open":
        return Rejection.ROUND_CLOSED
    return None if 0 < found.opened < context.height else Rejection.ROUND_NOT_OPEN


def refund(state: State, id_: bytes, payer: bytes, unit: str, amount: int, cause: bytes) -> None:
    """What is left in an escrow goes back whence it came."""
    if amount:
        state.move(Posting("refund", escrow_party(id_), home_of(state, payer), unit, amount, cause, None))
