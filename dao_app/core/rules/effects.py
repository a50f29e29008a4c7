"""Typed effects of adopted proposals (VOTE-6): each is checked and performed by one function.

Invariants: all effects of a proposal happen together or none does (``run`` works on a layer that the caller
keeps or drops); what a dry run would refuse, the execution refuses with the same reason; nothing an
effect does leaves an organisation in which nobody can decide or seal anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dao_app.core.encoding import decode_trusted, digest, encode
from dao_app.core.entities import Adopted, Budget, DueItem, Grant, Member, Org, Proposal, Role
from dao_app.core.errors import EncodingError
from dao_app.core.keys import (
    ORG_KEY,
    TREASURY,
    adopted_key,
    budget_key,
    department_party,
    match_key,
    member_key,
    member_party,
    proposal_key,
    reserve_party,
    role_key,
)
from dao_app.core.limits import (
    CANDIDATES_MAX,
    EFFECT_BYTES_MAX,
    EFFECTS_MAX,
    INT_MAX,
    PERIOD_MS_MAX,
    PERMISSIONS_MAX,
    ROLES_MAX,
)
from dao_app.core.reward_entities import Match
from dao_app.core.rewards.decay import SCALE
from dao_app.core.rules import (
    charter,
    departments,
    emergency,
    ledger,
    matching,
    offices,
    payments,
    reputation,
    rounds,
    task_money,
    task_review,
    witnesses,
)
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.effect_scope import is_within
from dao_app.core.rules.lockout import locks_out
from dao_app.core.rules.members import put_member
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.roles import FOUNDATIONAL, PERMISSIONS, ROLES
from dao_app.core.state import Posting, State

Purse = dict[tuple[bytes, str], int]  # (party, unit) → amount


@dataclass(slots=True)
class Run:
    """One execution: ``time`` (ms since 1970 UTC) and ``height`` of the checkpoint that executes, ``place``
    of the proposal in the final order, ``purse`` what the proposal has set aside, ``elected`` the members
    whom the vote chose (None in a dry run), ``within`` the department whose vote alone it is."""

    proposal: bytes
    time: int
    height: int
    place: int
    elected: tuple[bytes, ...] | None = None
    purse: Purse = field(default_factory=dict)
    within: bytes | None = None
    number: int = 0  # place of the effect among the proposal's


Perform = Callable[[State, dict[str, Any], Run], Rejection | None]


class Kind(NamedTuple):
    """One kind of effect: the shape of its fields, what performs it, in which kinds of proposal it may stand."""

    schema: s.Schema
    perform: Perform
    kinds: tuple[str, ...]


def read(value: Any) -> list[dict[str, Any]] | Rejection:
    """The effects of a body, if each is known and has its shape."""
    if type(value) is not list or len(value) > EFFECTS_MAX:
        return Rejection.EFFECTS_TOO_LARGE
    for effect in value:
        if type(effect) is not dict or type(effect.get("do")) is not str:
            return Rejection.EFFECT_BAD
        kind = KINDS.get(effect["do"])
        if kind is None:
            return Rejection.EFFECT_UNKNOWN
        if not kind.schema.accepts({name: found for name, found in effect.items() if name != "do"}):
            return Rejection.EFFECT_BAD
    return value


def pack(effects: list[dict[str, Any]]) -> bytes | Rejection:
    """Effects as they are kept with a proposal: DAG-CBOR, b"" for none."""
    try:
        packed = encode(effects) if effects else b""
    except EncodingError:
        return Rejection.EFFECT_BAD
    return packed if len(packed) <= EFFECT_BYTES_MAX else Rejection.EFFECTS_TOO_LARGE


def unpack(packed: bytes) -> list[dict[str, Any]]:
    return decode_trusted(packed) if packed else []


def needs(effects: list[dict[str, Any]]) -> Purse:
    """What these effects take out of the treasury and departments."""
    wanted: Purse = {}
    for effect in effects:
        if effect["do"] in ("pay", "budget", "schedule"):
            source = effect.get("from", TREASURY)
            key = (source, effect["unit"])
            wanted[key] = wanted.get(key, 0) + effect["amount"]
    return wanted


def run(state: State, effects: list[dict[str, Any]], context: Run) -> Rejection | None:
    """Perform all; on a rejection the caller drops the layer."""
    if emergency.is_stopped(state) and any(effect["do"] != "lift" for effect in effects):
        return Rejection.SPENDING_STOPPED
    before = charter.values_of(state)
    for number, effect in enumerate(effects):
        context.number = number
        if context.within is not None and not is_within(state, effect, context.within):
            return Rejection.EFFECT_OUTSIDE
        refused = KINDS[effect["do"]].perform(state, effect, context)
        if refused:
            return refused
    if charter.is_step_too_long(before, charter.values_of(state)):
        return Rejection.CHARTER_STEP
    return Rejection.LOCKOUT if locks_out(state, context.time) else None


# -- money ---------------------------------------------------------------------------------------
def _pay(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return _spend(state, context, "pay", effect["from"], effect["to"], effect["unit"], effect["amount"])


def _spend(
    state: State, context: Run, kind: str, source: bytes, target: bytes, unit: str, amount: int
) -> Rejection | None:
    refused = ledger.check_amount(state, unit, amount)
    if refused:
        return refused
    if source != TREASURY and source[:1] != b"d":
        return Rejection.EFFECT_BAD
    if source == target:
        return Rejection.TO_SELF
    refused = ledger.check_party(state, source) or ledger.check_party(state, target)
    if refused:
        return refused
    payer = _purse(state, context, source, unit, amount)
    if isinstance(payer, Rejection):
        return payer
    state.move(Posting(kind, payer, target, unit, amount, context.proposal, None))
    return None


def _purse(state: State, context: Run, source: bytes, unit: str, amount: int) -> bytes | Rejection:
    """The account that pays: what is set aside for the proposal, else the source itself."""
    held = context.purse.get((source, unit), 0)
    if held >= amount:
        context.purse[source, unit] = held - amount
        return reserve_party(context.proposal)
    return source if state.balance(source, unit) >= amount else Rejection.TREASURY_TOO_LOW


def _schedule(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    """Vesting and other instalments, out of the treasury or a department."""
    source = effect["from"]
    if source != TREASURY and source[:1] != b"d":
        return Rejection.EFFECT_BAD
    refused = ledger.check_party(state, source) or payments.refuse_plan(state, effect, source)
    if refused:
        return refused
    purse = _purse(state, context, source, effect["unit"], effect["amount"])
    if isinstance(purse, Rejection):
        return purse
    id_ = digest(context.proposal + bytes([context.number]))
    payments.put_plan(state, id_, effect, source, purse, effect["revocable"], context.proposal)
    payments.start_schedule(state, id_, effect["first"], context.time, context.place)
    return None


def scheduled_by(state: State, proposal: bytes) -> list[bytes]:
    """Ids of the scheduled payments that a proposal may have begun."""
    found = state.get(proposal_key(proposal), Proposal)
    if found is None or found.execution != "done":
        return []
    effects = enumerate(unpack(found.effects))
    return [digest(proposal + bytes([number])) for number, effect in effects if effect["do"] == "schedule"]


def _issue(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    refused = ledger.check_issue(state, effect["unit"], effect["amount"], effect["to"], context.time)
    if refused:
        return refused
    ledger.book_issue(state, context.proposal, effect["unit"], effect["amount"], effect["to"], None, context.time)
    return None


def _fine(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    refused = ledger.check_amount(state, effect["unit"], effect["amount"])
    if refused:
        return refused
    source = member_party(effect["member"])
    if state.get(member_key(effect["member"]), Member) is None:
        return Rejection.MEMBER_UNKNOWN
    if state.balance(source, effect["unit"]) < effect["amount"]:
        return Rejection.BALANCE_TOO_LOW
    state.move(Posting("fine", source, TREASURY, effect["unit"], effect["amount"], context.proposal, None))
    return None


def _budget(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    if effect["period"] > PERIOD_MS_MAX or 0 < effect["period"] < 1_000:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    target = department_party(effect["department"])
    refused = _spend(state, context, "budget", TREASURY, target, effect["unit"], effect["amount"])
    if refused:
        return refused
    until = context.time + effect["period"] if effect["period"] else 0
    budget = Budget(effect["department"], effect["unit"], effect["amount"], until)
    state.put(budget_key(context.proposal, context.number), budget)
    if until:
        schedule(state, DueItem(until, context.place, "end_budget", context.proposal))
    return None


def end_budget(state: State, proposal: bytes, time: int) -> None:
    """What a department has not spent of a budget whose period ended at ``time`` goes back."""
    for number in range(EFFECTS_MAX):
        key = budget_key(proposal, number)
        found = state.get(key, Budget)
        if found is None or not 0 < found.until <= time:
            continue
        source = department_party(found.department)
        rest = min(state.balance(source, found.unit), found.amount)
        if rest:
            state.move(Posting("refund", source, TREASURY, found.unit, rest, proposal, None))
        state.put(key, found._replace(until=0))


# -- charter, texts, roles -----------------------------------------------------------------------
def _amend(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    name, before = effect["name"], charter.values_of(state).get(effect["name"])
    refused = charter.amend(state, name, effect["value"], context.proposal, context.time)
    if refused is None and name == reputation.PARAMETER and before is not None:
        return reputation.amend_half_life(state, before, effect["value"], context.time)
    return refused


def _lower_reputation(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    if not 0 < effect["points"] <= INT_MAX:
        return Rejection.AMOUNT_NOT_POSITIVE
    if state.get(member_key(effect["member"]), Member) is None:
        return Rejection.MEMBER_UNKNOWN
    reputation.change(state, effect["member"], -effect["points"] * SCALE, context.time)
    return None


def _cancel_round(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    moment = Context(context.time, context.height, True, context.place)
    if state.get(match_key(effect["round"]), Match) is not None:
        return matching.take_back(state, effect["round"], context.proposal, moment)
    return rounds.take_back(state, effect["round"], context.proposal, moment)


def _adopt(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    found = state.get(proposal_key(context.proposal), Proposal)
    replaces = effect["replaces"]
    old = None if replaces is None else state.get(adopted_key(replaces), Adopted)
    if replaces is not None and (old is None or old.replaced is not None):
        return Rejection.TEXT_MISSING
    if replaces is not None and old is not None:
        state.put(adopted_key(replaces), old._replace(replaced=context.proposal))
    text = None if found is None else found.text
    state.put(adopted_key(context.proposal), Adopted(effect["title"], text, context.time, None))
    return None


def _define_role(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    if effect["code"] in ROLES:
        return Rejection.ROLE_TAKEN
    permissions = set(effect["permissions"])
    if not permissions <= PERMISSIONS or permissions & FOUNDATIONAL:
        return Rejection.PERMISSION_UNKNOWN
    role = Role(effect["name_en"], effect["name_zh"], tuple(sorted(permissions)), context.proposal)
    org = state.need(ORG_KEY, Org)
    if effect["code"] not in org.roles:
        if len(org.roles) >= ROLES_MAX:
            return Rejection.COUNT_TOO_LARGE
        state.put(ORG_KEY, org._replace(roles=(*org.roles, effect["code"])))
    state.put(role_key(effect["code"]), role)
    return None


def _assign(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return offices.give_role(
        state, effect["member"], effect["role"], effect["department"], effect["term"], context.proposal,
        context.time, context.height, context.place,
    )


def _unassign(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return offices.take_role(state, effect["member"], effect["role"], effect["department"], context.height)


def _elect(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    candidates = effect["candidates"]
    if not 1 <= effect["seats"] <= len(candidates) or len(set(candidates)) != len(candidates):
        return Rejection.OPTIONS_BAD
    chosen = context.elected
    if chosen is None:  # a dry run: any of them may win
        unfit = (_member(state, root, "active") for root in candidates)
        refused = next((reason for reason in unfit if isinstance(reason, Rejection)), None)
        if refused:
            return refused
        chosen = tuple(candidates[: effect["seats"]])
    if len(chosen) != effect["seats"]:
        return Rejection.ELECTION_TIED
    for root in chosen:
        refused = _give_anew(state, root, effect, context)
        if refused:
            return refused
    return None


def _give_anew(state: State, root: bytes, effect: dict[str, Any], context: Run) -> Rejection | None:
    """Who is elected again holds the office for the new term."""
    refused = offices.give_role(
        state, root, effect["role"], effect["department"], effect["term"], context.proposal, context.time,
        context.height, context.place,
    )
    if refused is not Rejection.ROLE_HELD:
        return refused
    scope = effect["department"] or b""
    grants = state.need(member_key(root), Member).grants
    others = tuple(g for g in grants if not (g.role == effect["role"] and g.department == scope))
    until = context.time + effect["term"] if effect["term"] else 0
    grant = Grant(effect["role"], scope, context.proposal, until)
    offices.put_grant(state, root, others, grant, context.height, context.place)
    return None


# -- members -------------------------------------------------------------------------------------
def _member(state: State, root: bytes, *allowed: str) -> Member | Rejection:
    member = state.get(member_key(root), Member)
    if member is None:
        return Rejection.MEMBER_UNKNOWN
    if member.status not in allowed:
        return Rejection.MEMBER_ACTIVE if member.status == "active" else Rejection.MEMBER_NOT_ACTIVE
    return member


def _admit(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    member = _member(state, effect["member"], "applicant", "suspended", "left", "expelled")
    if isinstance(member, Rejection):
        return member
    put_member(state, effect["member"], member._replace(status="active", suspended_until=0), context.height)
    return None


def _suspend(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    if not 1_000 <= effect["period"] <= PERIOD_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    member = _member(state, effect["member"], "active")
    if isinstance(member, Rejection):
        return member
    until = context.time + effect["period"]
    suspended = member._replace(status="suspended", suspended_until=until)
    put_member(state, effect["member"], suspended, context.height)
    schedule(state, DueItem(until, context.place, "end_suspension", effect["member"]))
    return None


def _expel(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    member = _member(state, effect["member"], "active", "suspended", "applicant")
    if isinstance(member, Rejection):
        return member
    put_member(state, effect["member"], member._replace(status="expelled"), context.height)
    return None


# -- work ----------------------------------------------------------------------------------------
def _settle_task(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    """The verdict on a disputed task; a dry run asks only whether it can still be disputed."""
    verdict = state.get(proposal_key(context.proposal), Proposal)
    if verdict is None or verdict.status != "passed":
        return task_review.refuse_dispute(state, effect["task"])
    moment = Context(context.time, context.height, True, context.place)
    return task_money.settle_dispute(state, effect["task"], effect["accept"], context.proposal, moment)


# -- witnesses and rules -------------------------------------------------------------------------
def _elect_witnesses(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return witnesses.elect(state, effect, context.proposal, context.time, context.place)


def _activate_rules(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return witnesses.activate(state, effect, context.proposal, context.time, context.place)


# -- departments and the stop --------------------------------------------------------------------
def _found_department(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    id_ = digest(context.proposal + bytes([context.number]))
    return departments.found(state, id_, effect["name"], effect["parent"], context.proposal)


def _move_department(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return departments.move(state, effect["department"], effect["parent"])


def _close_department(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return departments.close(state, effect["department"], context.proposal)


def _lift(state: State, effect: dict[str, Any], context: Run) -> Rejection | None:
    return emergency.lift(state, context.time)


_MEMBER_ROLE = {"member": s.key, "role": s.name, "department": s.optional(s.key)}
KINDS: dict[str, Kind] = {
    "pay": Kind(
        s.Schema({"from": s.party, "to": s.party, "unit": s.name, "amount": s.count}), _pay, ("spending",)
    ),
    "budget": Kind(
        s.Schema({"department": s.key, "unit": s.name, "amount": s.count, "period": s.count}), _budget, ("spending",)
    ),
    "schedule": Kind(s.Schema({**payments.PLAN, "from": s.party, "revocable": s.flag}), _schedule, ("spending",)),
    "issue": Kind(s.Schema({"to": s.party, "unit": s.name, "amount": s.count}), _issue, ("issuance",)),
    "amend": Kind(s.Schema({"name": s.name, "value": s.optional(s.count)}), _amend, ("amendment",)),
    "define_role": Kind(
        s.Schema(
            {
                "code": s.code, "name_en": s.title, "name_zh": s.title,
                "permissions": s.list_of(s.name, PERMISSIONS_MAX),
            }
        ),
        _define_role, ("amendment",),
    ),
    "lift": Kind(s.Schema({}), _lift, ("amendment", "decision")),
    "settle_task": Kind(s.Schema({"task": s.key, "accept": s.flag}), _settle_task, ("decision",)),
    "assign": Kind(s.Schema({**_MEMBER_ROLE, "term": s.count}), _assign, ("role",)),
    "unassign": Kind(s.Schema(_MEMBER_ROLE), _unassign, ("role", "penalty")),
    "admit": Kind(s.Schema({"member": s.key}), _admit, ("role",)),
    "found_department": Kind(s.Schema({"name": s.title, "parent": s.optional(s.key)}), _found_department, ("role",)),
    "move_department": Kind(s.Schema({"department": s.key, "parent": s.optional(s.key)}), _move_department, ("role",)),
    "close_department": Kind(s.Schema({"department": s.key}), _close_department, ("role",)),
    "suspend": Kind(s.Schema({"member": s.key, "period": s.count}), _suspend, ("penalty",)),
    "expel": Kind(s.Schema({"member": s.key}), _expel, ("penalty",)),
    "fine": Kind(s.Schema({"member": s.key, "unit": s.name, "amount": s.count}), _fine, ("penalty",)),
    "reputation": Kind(s.Schema({"member": s.key, "points": s.count}), _lower_reputation, ("penalty",)),
    "cancel_round": Kind(s.Schema({"round": s.key}), _cancel_round, ("decision", "spending")),
    "elect_witnesses": Kind(witnesses.ELECT, _elect_witnesses, ("role",)),
    "activate_rules": Kind(witnesses.ACTIVATE, _activate_rules, ("amendment",)),
    "adopt": Kind(s.Schema({"title": s.title, "replaces": s.optional(s.key)}), _adopt, ("adoption",)),
    "elect": Kind(
        s.Schema(
            {
                "role": s.name, "department": s.optional(s.key), "seats": s.count, "term": s.count,
                "candidates": s.list_of(s.key, CANDIDATES_MAX),
            }
        ),
        _elect, ("election",),
    ),
}
