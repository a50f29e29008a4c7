"""Matching pools: what members give to projects draws on a pool, by quadratic matching.

Invariants: the pool leaves its account when it opens and lies in its escrow until exactly one of closing and
cancelling takes it out; a gift goes to the project's receiver at once and is never taken back; what one
member gives to one project counts as one sum; no more is paid than the pool, the rest returns.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.encoding import power_to_wire
from dao_app.core.entities import DueItem, Register, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import (
    REGISTER_ROWS,
    TOTALS_KEY,
    backers_key,
    backing_key,
    escrow_party,
    match_key,
    member_party,
)
from dao_app.core.limits import BACKERS_MAX, MATCH_PAIRS_MAX, PROJECTS_MAX
from dao_app.core.reward_entities import Backing, Match, Project
from dao_app.core.rewards.quadratic_match import Matched, Mode, match
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.ledger import check_amount, check_party
from dao_app.core.rules.members import append
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.rounds import refund, refuse_cancel, refuse_end, refuse_pool
from dao_app.core.rules.witnesses import grace
from dao_app.core.state import Posting, State

OPEN = s.Schema(
    {
        "title": s.title, "unit": s.name, "amount": s.count, "from": s.party, "mode": s.name,
        "bound": s.optional(s.count), "projects": s.list_of(s.row_of(s.title, s.party), PROJECTS_MAX),
        "window": s.count,
    },
    {"text": s.ref},
)
GIVE = s.Schema({"match": s.link, "project": s.count, "amount": s.count}, {"memo": s.ref})
CANCEL = s.Schema({"match": s.link})
MODES = tuple(mode.value for mode in Mode)


def open_match(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Set a pool aside for these projects."""
    body = action.body
    refused = refuse_pool(state, body, author) or _refuse_shape(state, body)
    if refused:
        return refused
    if state.balance(body["from"], body["unit"]) < body["amount"]:
        return Rejection.BALANCE_TOO_LOW
    number = 0
    if context.final:
        totals = state.need(TOTALS_KEY, Totals)
        number = totals.matches + 1
        state.put(TOTALS_KEY, totals._replace(matches=number))
    projects = tuple(Project(title, receiver, 0, 0, 0, 0) for title, receiver in body["projects"])
    found = Match(
        number, body["title"], s.reference(body, "text"), author.root, body["from"], body["unit"], body["amount"],
        projects, body["mode"], body["bound"], body["window"], "open", context.height if context.final else 0,
        0, 0, 0, 0,
    )
    state.put(match_key(action.id), found)
    state.move(
        Posting("escrow", body["from"], escrow_party(action.id), body["unit"], body["amount"], action.id, None)
    )
    state.start("match", action.id, context.place, body["window"])
    return None


def _refuse_shape(state: State, body: dict[str, Any]) -> Rejection | None:
    if body["mode"] not in MODES or body["bound"] == 0:
        return Rejection.ROUND_POLICY_BAD
    titles = [title for title, _ in body["projects"]]
    if not titles or len(set(titles)) != len(titles):
        return Rejection.PROJECTS_BAD
    for _, receiver in body["projects"]:
        if receiver == body["from"]:
            return Rejection.TO_SELF
        refused = check_party(state, receiver)
        if refused:
            return refused
    return None


def start_match(state: State, id_: bytes, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the pool: gifts count until the window and the grace are over."""
    found = state.need(match_key(id_), Match)
    closes = time + found.window + grace(state, parameter(state, "grace_ms"))
    state.put(match_key(id_), found._replace(closes=closes))
    schedule(state, DueItem(closes, place, "close_match", id_))


def give(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Give from one's own balance to a project; it goes to its receiver at once."""
    id_, number, amount = bytes(action.body["match"]), action.body["project"], action.body["amount"]
    found = state.get(match_key(id_), Match)
    refused = _refuse_gift(state, found, author, number, amount, context)
    if refused or found is None:
        return refused
    own = member_party(author.root)
    if state.balance(own, found.unit) < amount:
        return Rejection.BALANCE_TOO_LOW
    project = found.projects[number - 1]
    key = backing_key(id_, number, author.root)
    before = state.get(key, Backing)
    if before is None:
        pairs = found.pairs + project.backers
        if found.backers >= BACKERS_MAX or (found.bound is not None and pairs > MATCH_PAIRS_MAX):
            return Rejection.MATCH_FULL
        append(state, backers_key(id_, found.backers // REGISTER_ROWS), bytes([number]) + author.root)
        found = found._replace(backers=found.backers + 1, pairs=pairs)
        project = project._replace(backers=project.backers + 1)
    state.put(key, Backing((before.amount if before else 0) + amount))
    project = project._replace(given=project.given + amount)
    projects = (*found.projects[: number - 1], project, *found.projects[number:])
    state.put(match_key(id_), found._replace(projects=projects))
    memo = s.reference(action.body, "memo")
    state.move(
        Posting("support", own, project.receiver, found.unit, amount, action.id, None if memo is None else memo[0])
    )
    return None


def _refuse_gift(
    state: State, found: Match | None, author: Author, number: int, amount: int, context: Context
) -> Rejection | None:
    if found is None:
        return Rejection.ROUND_UNKNOWN
    if "token.transfer" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if not parameter(state, "module_rewards"):
        return Rejection.MODULE_OFF
    if found.status != "open":
        return Rejection.ROUND_CLOSED
    if not 0 < found.opened < context.height:
        return Rejection.ROUND_NOT_OPEN
    if not 1 <= number <= len(found.projects):
        return Rejection.PROJECT_UNKNOWN
    receiver = found.projects[number - 1].receiver
    if receiver == member_party(author.root):
        return Rejection.TO_SELF
    return check_amount(state, found.unit, amount) or check_party(state, receiver)


def backings(state: State, id_: bytes, found: Match) -> list[dict[bytes, int]]:
    """For each project what each member gave, in the order of the first gifts."""
    sums: list[dict[bytes, int]] = [{} for _ in found.projects]
    for number in range(-(-found.backers // REGISTER_ROWS)):
        for row in state.need(backers_key(id_, number), Register).ids:
            project, root = row[0], row[1:]
            sums[project - 1][root] = state.need(backing_key(id_, project, root), Backing).amount
    return sums


def compute(state: State, id_: bytes, found: Match) -> Matched:
    """The matching of each project as it would be paid now."""
    return match(found.amount, backings(state, id_, found), Mode(found.mode), found.bound)


def close_match(state: State, id_: bytes, time: int, height: int) -> None:
    """Pay the matchings; what has no receiver any more, or matches nothing, goes back."""
    found = state.need(match_key(id_), Match)
    if found.status != "open" or found.closes > time:
        return
    matched = compute(state, id_, found)
    paid, projects = 0, []
    for project, matching, due in zip(found.projects, matched.matching, matched.payouts, strict=True):
        payout = due if check_party(state, project.receiver) is None else 0
        if payout:
            paid += payout
            state.move(Posting("match", escrow_party(id_), project.receiver, found.unit, payout, id_, None))
        projects.append(project._replace(matching=power_to_wire(matching), payout=payout))
    refund(state, id_, found.payer, found.unit, found.amount - paid, id_)
    status = "paid" if paid else "returned"
    state.put(match_key(id_), found._replace(projects=tuple(projects), status=status, closed=height))


def cancel(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Take a pool back before anybody gave."""
    found = state.get(match_key(action.body["match"]), Match)
    refused = refuse_cancel(found, author, found is not None and found.backers > 0)
    return refused or take_back(state, bytes(action.body["match"]), action.id, context)


def take_back(state: State, id_: bytes, cause: bytes, context: Context) -> Rejection | None:
    """End an open pool without matching anything."""
    found = state.get(match_key(id_), Match)
    refused = refuse_end(found, context)
    if refused is None and found is not None:
        refund(state, id_, found.payer, found.unit, found.amount, cause)
        state.put(match_key(id_), found._replace(status="cancelled", closed=context.height if context.final else 0))
    return refused
