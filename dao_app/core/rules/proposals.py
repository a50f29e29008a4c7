"""Putting a proposal, revising, seconding and withdrawing it (VOTE-1, VOTE-6).

Invariants: what a proposal asks for was possible when it was put; a revision makes a new version and leaves
the discussion its shortest time, so votes always refer to the final version; what one author's open
proposals ask of the treasury never exceeds the charter's share of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.core.encoding import power_from_wire, power_to_wire
from dao_app.core.entities import DueItem, Org, Powers, Proposal, Totals
from dao_app.core.envelope import Action
from dao_app.core.keys import ORG_KEY, TOTALS_KEY, member_party, powers_key, proposal_key, reserve_party
from dao_app.core.limits import OPTIONS_MAX, PERIOD_MS_MAX, SECONDERS_MAX, TABLE_MAX, TOPIC_BYTES_MAX
from dao_app.core.rules import charter, effects, reserves
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.departments import active
from dao_app.core.rules.due import schedule
from dao_app.core.rules.members import may
from dao_app.core.rules.methods import set_up
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Posting, State
from dao_app.core.voting.registry import METHODS

OPEN = s.Schema(
    {
        "title": s.title,
        "kind": s.name,
        "method": s.name,
        "options": s.list_of(s.title, OPTIONS_MAX),
        "discussion": s.count,
        "voting": s.count,
    },
    {
        "text": s.ref, "table": s.list_of(s.row_of(s.key, s.anything), TABLE_MAX), "min_support": s.anything,
        "parameters": s.map_of_anything, "effects": s.anything, "department": s.link, "topic": s.name,
        "bond": s.count,
    },
)
REVISE = s.Schema(
    {"proposal": s.link, "title": s.title, "options": s.list_of(s.title, OPTIONS_MAX)},
    {"text": s.ref, "effects": s.anything},
)
ABOUT = s.Schema({"proposal": s.link})
YES_NO = ("yes", "no", "abstain")
FIXED_OPTIONS = {"yes-no-abstain": YES_NO, "consent": ("agree", "abstain", "disagree", "object")}
EFFECT_METHODS = frozenset({"yes-no-abstain", "consent"})
MUST_HAVE_EFFECTS = frozenset({"spending", "amendment", "role", "issuance", "penalty", "election"})


class Question(NamedTuple):
    """What is put to the vote, as first put or as revised."""

    kind: str
    method: str
    parameters: dict[str, Any]
    options: tuple[str, ...]
    effects: list[dict[str, Any]]
    packed: bytes


def open_proposal(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Put a question; discussion starts with the checkpoint that seals it."""
    body = action.body
    department = body.get("department")
    refused = _refuse_author(state, body, author, department)
    if refused:
        return refused
    question = _question(body)
    if isinstance(question, Rejection):
        return question
    power = _power_kind(state, body, question)
    if isinstance(power, Rejection):
        return power
    refused = (
        _refuse_question(state, question, body)
        or _refuse_periods(state, body)
        or _refuse_table(state, body, author, power)
        or _refuse_bond(state, body, author)
        or _refuse_effects(state, action.id, question.effects, author.root, context, {}, _within(power, department))
    )
    if refused:
        return refused
    _put(state, action, author, context, question, power)
    return None


def _put(
    state: State, action: Action, author: Author, context: Context, question: Question, power: str
) -> None:
    body = action.body
    number = 0
    if context.final:
        totals = state.need(TOTALS_KEY, Totals)
        number = totals.proposals + 1
        state.put(TOTALS_KEY, totals._replace(proposals=number))
    table = body.get("table")
    department = body.get("department")
    bond = body.get("bond", 0)
    first_unit = state.need(ORG_KEY, Org).units[:1]
    proposal = Proposal(
        number, body["title"], s.reference(body, "text"), author.root, question.kind, question.method,
        tuple(sorted(question.parameters.items())), question.options, question.packed,
        None if department is None else bytes(department), body.get("topic", ""), 1,
        body["discussion"], body["voting"], power, first_unit[0] if power == "token" else "",
        body.get("min_support", 0), (), bond, (), "discussion", 0, 0, 0, 0, 0, 0, 0, 1, (), None, False,
        "waiting" if question.effects else "", "", 0, 0,
    )
    state.put(proposal_key(action.id), proposal)
    if table is not None:
        state.put(powers_key(action.id), Powers(tuple((row[0], row[1]) for row in table)))
    if bond:
        state.move(
            Posting("bond", member_party(author.root), reserve_party(action.id), first_unit[0], bond, action.id, None)
        )
    reserves.count_asked(state, author.root, effects.needs(question.effects), 1)
    state.start("proposal", action.id, context.place, body["discussion"])


# -- guards --------------------------------------------------------------------------------------
def _refuse_author(state: State, body: dict[str, Any], author: Author, department: bytes | None) -> Rejection | None:
    if body["kind"] not in charter.KINDS:
        return Rejection.KIND_UNKNOWN
    if department is not None and active(state, department) is None:
        return Rejection.DEPARTMENT_UNKNOWN
    if not may(state, author, "proposal.open", department):
        return Rejection.NOT_ALLOWED
    stewards_only = charter.PROPOSERS[charter.rule_for(state, body["kind"], "proposer")] == "stewards"
    if stewards_only and not may(state, author, "proposal.steward", department):
        return Rejection.KIND_NOT_YOURS
    return None


def _question(body: dict[str, Any]) -> Question | Rejection:
    name = body["method"]
    if name not in METHODS:
        return Rejection.METHOD_UNKNOWN
    parameters = body.get("parameters", {})
    if set_up(name, parameters) is None:
        return Rejection.METHOD_PARAMETERS
    wanted = effects.read(body.get("effects", []))
    if isinstance(wanted, Rejection):
        return wanted
    packed = effects.pack(wanted)
    if isinstance(packed, Rejection):
        return packed
    options = body["options"]
    fixed = FIXED_OPTIONS.get(name)
    if fixed is not None:
        if options:
            return Rejection.OPTIONS_BAD
    elif len(set(options)) != len(options) or len(options) < (1 if body["kind"] == "election" else 2):
        return Rejection.OPTIONS_BAD
    return Question(body["kind"], name, parameters, fixed or tuple(options), wanted, packed)


def _refuse_question(state: State, question: Question, body: dict[str, Any]) -> Rejection | None:
    """Do method, options and effects fit the kind?"""
    binding = charter.BINDING[charter.rule_for(state, question.kind, "method")]
    if binding not in ("any", question.method):
        return Rejection.METHOD_NOT_FOR_KIND
    kinds = [effects.KINDS[effect["do"]].kinds for effect in question.effects]
    if any(question.kind not in allowed for allowed in kinds):
        return Rejection.EFFECT_NOT_FOR_KIND
    if not question.effects:
        return Rejection.EFFECTS_MISSING if question.kind in MUST_HAVE_EFFECTS else None
    if question.kind == "election":
        return _refuse_election(question)
    return None if question.method in EFFECT_METHODS else Rejection.METHOD_NOT_FOR_KIND


def _refuse_election(question: Question) -> Rejection | None:
    """One effect, whose candidates are the options in their order."""
    if question.method in FIXED_OPTIONS:
        return Rejection.METHOD_NOT_FOR_KIND
    if len(question.effects) != 1 or len(question.effects[0]["candidates"]) != len(question.options):
        return Rejection.OPTIONS_BAD
    seats = question.effects[0]["seats"]
    if question.method == "ranked" and seats != 1:
        return Rejection.METHOD_PARAMETERS
    if question.method == "stv" and question.parameters.get("seats") != seats:
        return Rejection.METHOD_PARAMETERS
    return None


def _power_kind(state: State, body: dict[str, Any], question: Question) -> str | Rejection:
    power = charter.POWERS[charter.rule_for(state, body["kind"], "power")]
    if "table" in body:
        return "table" if power == "table" or not question.effects else Rejection.POWER_KIND_BAD
    if power == "table":
        return Rejection.TABLE_BAD
    if power == "department" and "department" not in body:
        return Rejection.POWER_KIND_BAD
    if power == "token" and not state.need(ORG_KEY, Org).units:
        return Rejection.POWER_KIND_BAD
    return power


def _refuse_periods(state: State, body: dict[str, Any]) -> Rejection | None:
    kind = body["kind"]
    if not charter.rule_for(state, kind, "discussion_ms") <= body["discussion"] <= PERIOD_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if not charter.rule_for(state, kind, "voting_least_ms") <= body["voting"] <= PERIOD_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    return None


def _refuse_table(state: State, body: dict[str, Any], author: Author, power: str) -> Rejection | None:
    if len(body.get("topic", "").encode()) > TOPIC_BYTES_MAX:
        return Rejection.OPTIONS_BAD
    if power == "table":
        if not may(state, author, "proposal.table", body.get("department")) or not charter.parameter(state, "tables"):
            return Rejection.NOT_ALLOWED
        if not _table_is_good(body["table"]):
            return Rejection.TABLE_BAD
    if "min_support" in body and power_from_wire(body["min_support"]) is None:
        return Rejection.TABLE_BAD
    return None


def _table_is_good(table: list[list[Any]]) -> bool:
    """Sorted by member, no member twice, every power a power, and so all together."""
    powers = [power_from_wire(power) for _, power in table]
    known = [power for power in powers if power is not None]
    if not table or len(known) < len(powers) or power_from_wire(power_to_wire(sum(known))) is None:
        return False
    return all(a[0] < b[0] for a, b in zip(table, table[1:], strict=False))


def _refuse_bond(state: State, body: dict[str, Any], author: Author) -> Rejection | None:
    bond = body.get("bond", 0)
    if not bond:
        return None
    least = charter.parameter(state, "bond")
    units = state.need(ORG_KEY, Org).units
    if not least or bond < least or not units:
        return Rejection.BOND_TOO_LOW
    return None if state.balance(member_party(author.root), units[0]) >= bond else Rejection.BALANCE_TOO_LOW


def _refuse_effects(
    state: State, id_: bytes, wanted: list[dict[str, Any]], root: bytes, context: Context, before: effects.Purse,
    within: bytes | None,
) -> Rejection | None:
    """A dry run on the state as it is, and the author's share of the treasury; ``before`` is what the
    version asked for that this one replaces, ``within`` the department whose vote alone it is."""
    if not wanted:
        return None
    refused = dry_run(state, id_, wanted, context, within)
    if refused:
        return refused
    return reserves.refuse_share(state, root, effects.needs(wanted), before)


def _within(power: str, department: bytes | None) -> bytes | None:
    return department if power == "department" else None


def dry_run(
    state: State, id_: bytes, wanted: list[dict[str, Any]], context: Context, within: bytes | None
) -> Rejection | None:
    """What an execution now would be refused for; nothing is changed."""
    run = effects.Run(id_, context.time, context.height, context.place, within=within)
    return effects.run(State(state), wanted, run)


# -- afterwards ----------------------------------------------------------------------------------
def revise(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A new version during the discussion."""
    body = action.body
    id_ = body["proposal"]
    found = state.get(proposal_key(id_), Proposal)
    if found is None:
        return Rejection.PROPOSAL_UNKNOWN
    if found.author != author.root:
        return Rejection.NOT_AUTHOR
    if found.status != "discussion":
        return Rejection.DISCUSSION_OVER
    refused = _refuse_author(state, found._asdict(), author, found.department)
    if refused:
        return refused
    before = effects.needs(effects.unpack(found.effects))
    given = {**body, "kind": found.kind, "method": found.method, "parameters": dict(found.parameters)}
    question = _question(given)
    if isinstance(question, Rejection):
        return question
    if found.power_kind == "table":
        given["table"] = ()
    if found.department is not None:
        given["department"] = found.department
    power = _power_kind(state, given, question)
    if isinstance(power, Rejection):
        return power
    refused = _refuse_question(state, question, given) or _refuse_effects(
        state, id_, question.effects, author.root, context, before, _within(found.power_kind, found.department)
    )
    if refused:
        return refused
    reserves.count_asked(state, author.root, before, -1)
    reserves.count_asked(state, author.root, effects.needs(question.effects), 1)
    state.put(
        proposal_key(id_),
        found._replace(
            title=body["title"], text=s.reference(body, "text"), options=question.options, effects=question.packed,
            execution="waiting" if question.effects else "", version=found.version + 1, seconders=(),
        ),
    )
    state.start("revision", bytes(id_), context.place, charter.rule_for(state, found.kind, "discussion_ms"))
    return None


def second(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Stand behind a proposal that asks for money, so that its sum is set aside."""
    id_ = action.body["proposal"]
    found = state.get(proposal_key(id_), Proposal)
    if found is None:
        return Rejection.PROPOSAL_UNKNOWN
    if not may(state, author, "proposal.second", found.department):
        return Rejection.NOT_ALLOWED
    if found.status not in ("discussion", "voting"):
        return Rejection.PROPOSAL_CLOSED
    if found.author == author.root:
        return Rejection.OWN_PROPOSAL
    if not effects.needs(effects.unpack(found.effects)):
        return Rejection.NOTHING_TO_SECOND
    if author.root in found.seconders:
        return Rejection.ALREADY_SECONDED
    if len(found.seconders) >= SECONDERS_MAX:
        return Rejection.SECONDED_ENOUGH
    state.put(proposal_key(id_), found._replace(seconders=(*found.seconders, author.root)))
    state.start("reserve", bytes(id_), context.place, 0)
    return None


def withdraw(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Its author takes it back before it is closed; what was set aside and the bond return."""
    id_ = action.body["proposal"]
    found = state.get(proposal_key(id_), Proposal)
    if found is None:
        return Rejection.PROPOSAL_UNKNOWN
    if found.author != author.root:
        return Rejection.NOT_AUTHOR
    if found.status not in ("discussion", "voting"):
        return Rejection.PROPOSAL_CLOSED
    state.put(proposal_key(id_), found._replace(status="withdrawn", execution=""))
    state.start("withdrawn", bytes(id_), context.place, 0)
    return None


def start_discussion(state: State, id_: bytes, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the proposal."""
    found = state.need(proposal_key(id_), Proposal)
    opens = time + found.discussion
    state.put(proposal_key(id_), found._replace(opens=opens))
    schedule(state, DueItem(opens, place, "open_vote", id_))


def start_revision(state: State, id_: bytes, least: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed a revision: at least ``least`` ms of discussion follow."""
    found = state.need(proposal_key(id_), Proposal)
    opens = max(found.opens, time + least)
    if found.status == "discussion" and opens != found.opens:
        state.put(proposal_key(id_), found._replace(opens=opens))
        schedule(state, DueItem(opens, place, "open_vote", id_))
