"""Proposals, ballots and closing (VOTE-1 to VOTE-5, first slice).

Invariants: discussion and voting run from sealed times; the electorate and its powers are those of the
final state before the checkpoint that seals the opening; a ballot counts if it is sealed by the first
checkpoint with time >= closing + grace, or before; the last of a member in the final order counts; a
closed proposal never changes again.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.encoding import power_from_wire, power_to_wire
from dao_app.core.entities import (
    TOTALS_KEY,
    Ballot,
    Ballots,
    DueItem,
    Member,
    Powers,
    Proposal,
    Result,
    Totals,
    ballots_key,
    ballots_keys,
    powers_key,
    proposal_key,
)
from dao_app.core.envelope import Action
from dao_app.core.limits import OPTIONS_MAX, PERIOD_MS_MAX, TABLE_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.roles import may_vote
from dao_app.core.state import State
from dao_app.core.voting import base as voting
from dao_app.core.voting.registry import METHODS
from dao_app.core.voting.yes_no_abstain import Adoption

OPEN = s.Schema(
    {
        "title": s.title,
        "kind": s.name,
        "method": s.name,
        "options": s.list_of(s.title, OPTIONS_MAX),
        "discussion": s.count,
        "voting": s.count,
    },
    {"text": s.ref, "table": s.list_of(s.row_of(s.key, s.anything), TABLE_MAX), "min_support": s.anything},
)
WITHDRAW = s.Schema({"proposal": s.link})
VOTE = s.Schema({"proposal": s.link, "choice": s.anything})
KINDS = ("poll", "decision")
YES_NO = ("yes", "no", "abstain")
BALLOTS_PER_CHUNK = 16  # expected; a chunk is encoded anew for each checkpoint that touches it
CHUNKS_MAX = 4_096


def open_proposal(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Put a question; discussion starts with the checkpoint that seals it."""
    body = action.body
    refused = _refuse_open(state, body, author)
    if refused:
        return refused
    number = 0
    if context.final:
        totals = state.need(TOTALS_KEY, Totals)
        number = totals.proposals + 1
        state.put(TOTALS_KEY, totals._replace(proposals=number))
    table = body.get("table")
    options = YES_NO if body["method"] == "yes-no-abstain" else tuple(body["options"])
    proposal = Proposal(
        number, body["title"], s.reference(body, "text"), author.root, body["kind"], body["method"], options,
        body["discussion"], body["voting"], table is not None, body.get("min_support", 0), "discussion",
        0, 0, 0, 0, 0, 0, 0, 1, 0,
    )
    state.put(proposal_key(action.id), proposal)
    if table is not None:
        state.put(powers_key(action.id), Powers(tuple((row[0], row[1]) for row in table)))
    state.start("proposal", action.id, context.place, body["discussion"])
    return None


def _refuse_open(state: State, body: dict[str, Any], author: Author) -> Rejection | None:
    if "proposal.open" not in author.permissions or body["kind"] not in KINDS:
        return Rejection.NOT_ALLOWED
    if body["method"] not in METHODS:
        return Rejection.METHOD_UNKNOWN
    options = body["options"]
    if body["method"] == "yes-no-abstain":
        if options:
            return Rejection.OPTIONS_BAD
    elif len(options) < 2 or len(set(options)) != len(options):
        return Rejection.OPTIONS_BAD
    if not parameter(state, "discussion_ms") <= body["discussion"] <= PERIOD_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if not parameter(state, "voting_least_ms") <= body["voting"] <= PERIOD_MS_MAX:
        return Rejection.PERIOD_OUT_OF_BOUNDS
    if "table" in body:
        if "proposal.table" not in author.permissions or not parameter(state, "tables"):
            return Rejection.NOT_ALLOWED
        if not _table_is_good(body["table"]):
            return Rejection.TABLE_BAD
    if "min_support" in body and power_from_wire(body["min_support"]) is None:
        return Rejection.TABLE_BAD
    return None


def _table_is_good(table: list[list[Any]]) -> bool:
    """Sorted by member, no member twice, every power a power."""
    if not table or any(power_from_wire(power) is None for _, power in table):
        return False
    return all(a[0] < b[0] for a, b in zip(table, table[1:], strict=False))


def withdraw(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Its author takes it back before it is closed."""
    key = proposal_key(action.body["proposal"])
    found = state.get(key, Proposal)
    if found is None:
        return Rejection.PROPOSAL_UNKNOWN
    if found.author != author.root:
        return Rejection.NOT_AUTHOR
    if found.status not in ("discussion", "voting"):
        return Rejection.PROPOSAL_CLOSED
    state.put(key, found._replace(status="withdrawn"))
    return None


def vote(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Cast or change a ballot."""
    id_ = action.body["proposal"]
    found = state.get(proposal_key(id_), Proposal)
    if found is None:
        return Rejection.PROPOSAL_UNKNOWN
    if found.status == "discussion":
        return Rejection.VOTING_NOT_OPEN
    if found.status != "voting":
        return Rejection.VOTING_CLOSED
    power = power_of(state, id_, found, author.root, author.member)
    if power is None:
        return Rejection.NOT_IN_ELECTORATE
    choice = action.body["choice"]
    if not METHODS[found.method].check_choice(choice, len(found.options)):
        return Rejection.BALLOT_BAD
    _put_ballot(state, id_, found, Ballot(author.root, _frozen(choice), power_to_wire(power), action.id))
    return None


def _put_ballot(state: State, id_: bytes, proposal: Proposal, ballot: Ballot) -> None:
    key = ballots_key(id_, proposal.chunks, ballot.member)
    chunk = state.get(key, Ballots)
    rows = () if chunk is None else chunk.rows
    for place, row in enumerate(rows):
        if row.member == ballot.member:
            state.put(key, Ballots((*rows[:place], ballot, *rows[place + 1 :])))
            return
        if row.member > ballot.member:
            rows = (*rows[:place], ballot, *rows[place:])
            break
    else:
        rows = (*rows, ballot)
    state.put(key, Ballots(rows))
    state.put(proposal_key(id_), proposal._replace(voted=proposal.voted + 1))


def power_of(state: State, id_: bytes, proposal: Proposal, root: bytes, member: Member) -> int | None:
    """A member's power in an opened proposal, or None outside its electorate."""
    if proposal.table:
        for row_root, power in state.need(powers_key(id_), Powers).rows:
            if row_root == root:
                return power_from_wire(power)
        return None
    eligible = member.joined <= proposal.electorate and may_vote(member.roles)
    return 1 if eligible else None


def start_discussion(state: State, id_: bytes, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the proposal."""
    found = state.need(proposal_key(id_), Proposal)
    opens = time + found.discussion
    state.put(proposal_key(id_), found._replace(opens=opens))
    schedule(state, DueItem(opens, place, "open_vote", id_))


def open_vote(state: State, id_: bytes, time: int, height: int, place: int, members_before: int) -> None:
    """The checkpoint at ``height`` and ``time`` seals the opening; the electorate is that of the height before.

    ``members_before``: members with a vote in the final state of the height before.
    """
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "discussion":
        return
    voters, power = members_before, members_before
    if found.table:
        rows = state.need(powers_key(id_), Powers).rows
        voters, power = len(rows), sum(power_from_wire(p) or 0 for _, p in rows)
    chunks = 1
    while chunks * BALLOTS_PER_CHUNK < voters and chunks < CHUNKS_MAX:
        chunks *= 2
    closes = time + found.voting + parameter(state, "grace_ms")
    state.put(
        proposal_key(id_),
        found._replace(
            status="voting", opened=height, closes=closes, electorate=height - 1, voters=voters,
            power=power_to_wire(power), chunks=chunks,
        ),
    )
    schedule(state, DueItem(closes, place, "close_vote", id_))


def close_vote(state: State, id_: bytes, time: int, height: int) -> Result | None:
    """Count and close; None where it was withdrawn."""
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "voting":
        return None
    outcome, passed = count(state, id_, found)
    verdict = "decided" if passed is None else ("passed" if passed else "not_passed")
    state.put(proposal_key(id_), found._replace(status=verdict))
    return Result(
        found.number, found.method, found.options, tuple(power_to_wire(score) for score in outcome.scores),
        outcome.winners, outcome.tie, power_to_wire(outcome.valid_power), found.power, found.voted,
        verdict, height, time,
    )


def count(state: State, id_: bytes, proposal: Proposal) -> tuple[voting.Outcome, bool | None]:
    """Count the ballots as they stand; the verdict is None for a poll among options."""
    ballots = [
        voting.Ballot(row.member, power_from_wire(row.power) or 0, _thawed(row.choice))
        for row in ballots_of(state, id_, proposal)
    ]
    rule = adoption_of(state, proposal)
    outcome = METHODS[proposal.method].count(len(proposal.options), ballots, rule)
    if proposal.method == "yes-no-abstain":
        return outcome, bool(outcome.passed)
    if proposal.kind == "decision":
        quorum = rule.participation_needed(power_from_wire(proposal.power) or 0)
        return outcome, bool(outcome.winners) and not outcome.tie and outcome.valid_power >= quorum
    return outcome, None


def adoption_of(state: State, proposal: Proposal) -> Adoption:
    """The charter's adoption rule for a proposal with this electorate."""
    return Adoption(
        support_bp=parameter(state, "support_bp"),
        quorum_bp=parameter(state, "quorum_bp"),
        electorate_power=power_from_wire(proposal.power) or 0,
        min_support_power=max(parameter(state, "min_support_power"), power_from_wire(proposal.min_support) or 0),
    )


def ballots_of(state: State, id_: bytes, proposal: Proposal) -> list[Ballot]:
    """All ballots of a proposal, chunk by chunk."""
    rows: list[Ballot] = []
    for key in ballots_keys(id_, proposal.chunks):
        chunk = state.get(key, Ballots)
        if chunk is not None:
            rows.extend(chunk.rows)
    return rows


def _frozen(choice: Any) -> Any:
    return tuple(choice) if type(choice) is list else choice


def _thawed(choice: Any) -> Any:
    return list(choice) if type(choice) is tuple else choice
