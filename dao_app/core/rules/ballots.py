"""Casting and changing a ballot, and counting (VOTE-2 to VOTE-5).

Invariants: a ballot is well formed for the proposal's method when it is cast; the last of a member in the
final order counts, or the first where the charter locks ballots; counting reads the state alone and gives
the same everywhere.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dao_app.core.encoding import decode_trusted, encode, power_from_wire, power_to_wire
from dao_app.core.entities import Ballot, Ballots, Proposal
from dao_app.core.envelope import Action
from dao_app.core.keys import ballots_key, ballots_keys, proposal_key
from dao_app.core.rewards.delegation import Delegated
from dao_app.core.rules import charter
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.delegations import carried
from dao_app.core.rules.electorate import power_of
from dao_app.core.rules.live import LiveCounts
from dao_app.core.rules.methods import method_of
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State
from dao_app.core.voting import base as voting
from dao_app.core.voting.yes_no_abstain import Adoption

VOTE = s.Schema({"proposal": s.link, "choice": s.anything})


class Count(NamedTuple):
    """``passed`` is None for a poll among options; ``delegated`` is None where nobody delegates."""

    outcome: voting.Outcome
    passed: bool | None
    delegated: Delegated[bytes] | None
    carried_power: int
    lost_power: int


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
    power = power_of(state, id_, found, author.root)
    if power is None:
        return Rejection.NOT_IN_ELECTORATE
    choice = action.body["choice"]
    if not method_of(found).check_choice(choice, len(found.options)):
        return Rejection.BALLOT_BAD
    locked = charter.rule_of(state, found, "locked_ballots")
    if locked and ballot_of(state, id_, found, author.root) is not None:
        return Rejection.BALLOT_LOCKED
    voted = _put_ballot(state, id_, found, Ballot(author.root, encode(choice), power_to_wire(power), action.id))
    if locked and voted == found.voters:
        state.start("all_voted", bytes(id_), context.place, 0)
    return None


def _put_ballot(state: State, id_: bytes, proposal: Proposal, ballot: Ballot) -> int:
    """Put it in its place; returns how many have voted."""
    key = ballots_key(id_, proposal.chunks, ballot.member)
    chunk = state.get(key, Ballots)
    rows = () if chunk is None else chunk.rows
    for place, row in enumerate(rows):
        if row.member == ballot.member:
            state.put(key, Ballots((*rows[:place], ballot, *rows[place + 1 :])))
            return proposal.voted
        if row.member > ballot.member:
            rows = (*rows[:place], ballot, *rows[place:])
            break
    else:
        rows = (*rows, ballot)
    state.put(key, Ballots(rows))
    state.put(proposal_key(id_), proposal._replace(voted=proposal.voted + 1))
    return proposal.voted + 1


def ballot_of(state: State, id_: bytes, proposal: Proposal, root: bytes) -> Ballot | None:
    """A member's ballot as it stands."""
    chunk = state.get(ballots_key(id_, proposal.chunks, root), Ballots)
    return next((row for row in (chunk.rows if chunk else ()) if row.member == root), None)


def ballots_of(state: State, id_: bytes, proposal: Proposal) -> list[Ballot]:
    """All ballots of a proposal, chunk by chunk."""
    rows: list[Ballot] = []
    for key in ballots_keys(id_, proposal.chunks):
        chunk = state.get(key, Ballots)
        if chunk is not None:
            rows.extend(chunk.rows)
    return rows


def choice_of(ballot: Ballot) -> Any:
    """What a ballot says, as the method reads it."""
    return decode_trusted(ballot.choice)


def count(
    state: State, id_: bytes, proposal: Proposal, previous: bytes, live: LiveCounts | None = None
) -> Count:
    """Count the ballots as they stand. ``previous`` is the checkpoint before the one that closes: with the
    proposal's id it is the key of lots, which nobody can grind. With ``live`` only what changed since the
    last count of this proposal is counted."""
    rows = ballots_of(state, id_, proposal)
    delegated = carried(state, id_, proposal, {row.member for row in rows})
    own = {row.member: power_from_wire(row.power) or 0 for row in rows}
    powers = own if delegated is None else delegated.carried
    rule = adoption_of(state, proposal)
    method = method_of(proposal, id_ + previous)
    if live is not None:
        standing = {row.member: (row.choice, powers.get(row.member, 0)) for row in rows}
        outcome = live.of(id_, proposal, method).outcome(standing, rule)
    else:
        ballots = [voting.Ballot(row.member, powers.get(row.member, 0), choice_of(row)) for row in rows]
        outcome = method.count(len(proposal.options), ballots, rule)
    lost = 0
    if delegated is not None:
        lost = sum(power_of(state, id_, proposal, root) or 0 for root in delegated.lost)
    more = sum(powers.values()) - sum(own.values())
    return Count(outcome, _verdict(proposal, outcome, rule), delegated, more, lost)


def _verdict(proposal: Proposal, outcome: voting.Outcome, rule: Adoption) -> bool | None:
    if proposal.method == "yes-no-abstain":
        return bool(outcome.passed)
    quorum = outcome.valid_power >= rule.participation_needed(power_from_wire(proposal.power) or 0)
    if proposal.method == "consent":
        return bool(outcome.passed) and quorum
    if proposal.kind == "poll":
        return None
    return bool(outcome.winners) and quorum and (proposal.kind == "election" or not outcome.tie)


def adoption_of(state: State, proposal: Proposal) -> Adoption:
    """The charter's adoption rule for a proposal with this electorate, as it stood at the opening."""
    return Adoption(
        support_bp=charter.rule_of(state, proposal, "support_bp"),
        quorum_bp=charter.rule_of(state, proposal, "quorum_bp"),
        electorate_power=power_from_wire(proposal.power) or 0,
        min_support_power=max(
            charter.rule_of(state, proposal, "min_support_power"), power_from_wire(proposal.min_support) or 0
        ),
    )
