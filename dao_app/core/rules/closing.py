"""Opening and closing votes, and executing what was adopted, all in the final order (VOTE-3 to VOTE-6).

Invariants: a vote is closed by the first checkpoint with time >= closing + grace, once; a closed proposal's
count never changes again; an adopted proposal's effects happen all together and exactly once, or fail
visibly and may be tried again within the charter's time.
"""

from __future__ import annotations

from typing import NamedTuple

from dao_app.core.encoding import power_from_wire, power_to_wire
from dao_app.core.entities import DueItem, Proposal, Result
from dao_app.core.envelope import Action
from dao_app.core.keys import proposal_key
from dao_app.core.rules import charter, effects, electorate, emergency, reserves, witnesses
from dao_app.core.rules.ballots import Count, adoption_of, count
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.methods import printed
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Layer, State
from dao_app.core.voting.base import Outcome

BP = 10_000  # basis points of a whole


class Moment(NamedTuple):
    """The checkpoint being formed: ``base`` is the final state before it, ``members`` those with a vote in
    that state, ``previous`` the id and ``since`` the time of the checkpoint before."""

    base: Layer
    time: int
    height: int
    previous: bytes
    members: int
    since: int


def open_vote(state: State, id_: bytes, moment: Moment, place: int) -> None:
    """Open the vote; the electorate is that of the height before."""
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "discussion" or found.opens > moment.time:
        return
    voters, power, chunks = electorate.freeze(
        state, State(moment.base), id_, found, moment.members, moment.since
    )
    found = found._replace(
        status="voting", opened=moment.height, electorate=moment.height - 1, voters=voters,
        power=power_to_wire(power), chunks=chunks, rules=charter.rules_of_a_vote(state, found.kind),
    )
    closes = moment.time + found.voting + witnesses.grace(state, charter.rule_of(state, found, "grace_ms"))
    state.put(proposal_key(id_), found._replace(closes=closes))
    schedule(state, DueItem(closes, place, "close_vote", id_))
    swing = charter.parameter(state, "swing_bp")
    if swing:
        last_part = moment.time + found.voting - found.voting * swing // BP
        schedule(state, DueItem(last_part, place, "mark_leader", id_))
    reserves.reserve(state, id_)


def mark_leader(state: State, id_: bytes, moment: Moment) -> None:
    """The last part of the vote begins: who led at the checkpoint before is written down."""
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "voting":
        return
    before = State(moment.base)
    earlier = before.get(proposal_key(id_), Proposal)
    leader: tuple[int, ...] = ()
    if earlier is not None and earlier.status == "voting":
        leader = count(before, id_, earlier, moment.previous).outcome.winners
    state.put(proposal_key(id_), found._replace(leader=leader))


def close_vote(state: State, id_: bytes, moment: Moment, place: int, all_voted: bool = False) -> Result | None:
    """Count and close; None where it was withdrawn, closed before, or is extended."""
    found = state.need(proposal_key(id_), Proposal)
    if found.status != "voting" or (not all_voted and found.closes > moment.time):
        return None
    counted = count(state, id_, found, moment.previous)
    swung = found.leader is not None and found.leader != counted.outcome.winners
    if swung and not found.extended and not all_voted:
        closes = moment.time + charter.rule_of(state, found, "swing_ms")
        state.put(proposal_key(id_), found._replace(closes=closes, extended=True))
        schedule(state, DueItem(closes, place, "close_vote", id_))
        return None
    verdict = "decided" if counted.passed is None else ("passed" if counted.passed else "not_passed")
    winners = counted.outcome.winners
    if found.kind == "election":
        winners = _elected(effects.unpack(found.effects)[0]["seats"], counted.outcome)
    execution = found.execution if counted.passed else ""
    state.put(proposal_key(id_), found._replace(status=verdict, execution=execution, leader=winners))
    quorum = adoption_of(state, found).participation_needed(power_from_wire(found.power) or 0)
    reserves.settle_bond(state, id_, counted.outcome.valid_power >= quorum)
    if verdict == "passed" and found.effects:
        _execute(state, id_, moment, place)
    else:
        reserves.release(state, id_, reserves.purse_of(found))
    return _result(found, counted, verdict, moment)


def _result(found: Proposal, counted: Count, verdict: str, moment: Moment) -> Result:
    outcome = counted.outcome
    return Result(
        found.number, found.method, found.options, printed(outcome), outcome.winners, outcome.tie,
        power_to_wire(outcome.valid_power), found.power, found.voted, power_to_wire(counted.carried_power),
        power_to_wire(counted.lost_power), verdict, moment.height, moment.time,
    )


def _execute(state: State, id_: bytes, moment: Moment, place: int) -> None:
    """Perform the effects on a layer, and keep it only if all of them could be."""
    found = state.need(proposal_key(id_), Proposal)
    wanted = effects.unpack(found.effects)
    elected = None
    if found.kind == "election":
        elected = tuple(wanted[0]["candidates"][number - 1] for number in found.leader or ())
    within = found.department if found.power_kind == "department" else None
    run = effects.Run(id_, moment.time, moment.height, place, elected, reserves.purse_of(found), within)
    layer = State(state)
    refused = effects.run(layer, wanted, run)
    if refused is None:
        state.absorb(layer)
        found = state.need(proposal_key(id_), Proposal)
        state.put(proposal_key(id_), found._replace(execution="done", reason=""))
        reserves.release(state, id_, run.purse)
        return
    retry_until = found.retry_until or moment.time + charter.parameter(state, "execution_retry_ms")
    state.put(
        proposal_key(id_), found._replace(execution="failed", reason=refused.value, retry_until=retry_until)
    )
    if not found.retry_until:
        schedule(state, DueItem(retry_until, place, "end_execution", id_))


def _elected(seats: int, outcome: Outcome) -> tuple[int, ...]:
    """Numbers of the options chosen for the seats; more of them where the last place is tied."""
    if outcome.method in ("stv", "ranked") or seats == 1:
        return outcome.winners
    scores = outcome.scores
    ranked = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
    lowest = scores[ranked[seats - 1]]
    return tuple(place + 1 for place in ranked if scores[place] >= lowest and scores[place] > 0)


def retry(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Ask for a failed execution to be tried again, in the checkpoint that seals this."""
    id_ = action.body["proposal"]
    found = state.get(proposal_key(id_), Proposal)
    if found is None:
        return Rejection.PROPOSAL_UNKNOWN
    if "proposal.open" not in author.permissions:
        return Rejection.NOT_ALLOWED
    if found.execution == "expired":
        return Rejection.EXECUTION_OVER
    if found.execution != "failed":
        return Rejection.NOTHING_TO_EXECUTE
    state.start("execute", bytes(id_), context.place, 0)
    return None


def execute_again(state: State, id_: bytes, moment: Moment, place: int) -> None:
    """Try a failed execution again; the count stands as it was."""
    if state.need(proposal_key(id_), Proposal).execution == "failed":
        _execute(state, id_, moment, place)


def end_execution(state: State, id_: bytes, moment: Moment, place: int) -> None:
    """The time to try again is over; what was set aside goes back. An emergency stop does not use it up."""
    found = state.need(proposal_key(id_), Proposal)
    if found.execution != "failed" or found.retry_until > moment.time:
        return
    stopped_until = emergency.ends(state)
    if stopped_until:
        until = stopped_until + charter.parameter(state, "execution_retry_ms")
        state.put(proposal_key(id_), found._replace(retry_until=until))
        schedule(state, DueItem(until, place, "end_execution", id_))
        return
    reserves.release(state, id_, reserves.purse_of(found))
    found = state.need(proposal_key(id_), Proposal)
    state.put(proposal_key(id_), found._replace(execution="expired"))
