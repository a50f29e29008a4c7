"""Who co-signs checkpoints: elections, readiness, substitutes, the sole witness's hand-over (protocol §4).

Invariants: the set has 1, 4, 7 or 10 seats and never shrinks; a member sits once; each term has new keys, and
each key is proven by its holder; a change takes effect at the end of a checkpoint, so that the set which signs a
checkpoint is the one that the checkpoint before it named. A seat that becomes unfit (two votes signed, its member
gone) goes to the first ready reserve; while there is none it stays, since fewer seats would weaken the quorum.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.entities import DueItem, Member, Org
from dao_app.core.envelope import Action
from dao_app.core.finality.checkpoint import WITNESSES_MAX, quorum
from dao_app.core.finality.messages import Vote, votes_of
from dao_app.core.keys import ACTIVATION_KEY, ELECTION_KEY, ORG_KEY, WITNESSES_KEY, member_key
from dao_app.core.limits import INT_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State
from dao_app.core.witness_entities import Activation, Election, Seat, Witnesses

SIZES = (1, 4, 7, 10)  # n = 3f + 1; two or three would tolerate nobody absent
RULES_WAIT_MS = 14 * 24 * 3_600_000  # then a quorum of ready programs is enough for new rules
EVIDENCE = s.Schema({"one": s.vote, "two": s.vote})
READY = s.Schema({"term": s.count, "key": s.key, "proof": s.signature})
MOVE = s.Schema({"to": s.key})
RULES_READY = s.Schema({"version": s.count})
ELECT = s.Schema({"seats": s.count, "candidates": s.list_of(s.key, WITNESSES_MAX)})
ACTIVATE = s.Schema({"version": s.count})


def found(state: State, action: bytes, root: bytes, key: bytes, height: int) -> None:
    """The founder alone is the first, trusted witness."""
    state.put(WITNESSES_KEY, Witnesses(1, ((root, key),), (), (), height, action, False))


def keys_of(witnesses: Witnesses) -> tuple[bytes, ...]:
    """Keys of the seats, in order."""
    return tuple(key for _, key in witnesses.seats)


def grace(state: State, charter_ms: int) -> int:
    """Grace of a period that begins to close (ms): with several witnesses at least twice the time within which
    a checkpoint must take in what a witness has."""
    several = len(state.need(WITNESSES_KEY, Witnesses).seats) > 1
    return max(charter_ms, 2 * parameter(state, "witness_delay_ms")) if several else charter_ms


# -- actions -------------------------------------------------------------------------------------
def ready(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """An elected member, or one of the reserve, declares the key of this term."""
    key = action.body["key"]
    election, now = state.get(ELECTION_KEY, Election), state.need(WITNESSES_KEY, Witnesses)
    if any(key == other for _, other in _declared(election, now)):
        return Rejection.WITNESS_KEY_USED
    seat = (author.root, key)
    if election is not None and action.body["term"] == election.term:
        if author.root not in election.ranked:
            return Rejection.NOT_ELECTED
        if any(root == author.root for root, _ in election.ready):
            return Rejection.WITNESS_READY
        state.put(ELECTION_KEY, election._replace(ready=(*election.ready, seat)))
        return None
    if action.body["term"] != now.term or author.root not in dict(now.reserve):
        return Rejection.NOT_ELECTED
    if dict(now.reserve)[author.root]:
        return Rejection.WITNESS_READY
    reserve = tuple(seat if root == author.root else (root, old) for root, old in now.reserve)
    state.put(WITNESSES_KEY, now._replace(reserve=reserve))
    return None


def _declared(election: Election | None, now: Witnesses) -> list[Seat]:
    return [*now.seats, *now.reserve, *(election.ready if election else ())]


def move(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """The sole witness, while nobody has voted on witnesses, hands over to a member (a node)."""
    now = state.need(WITNESSES_KEY, Witnesses)
    if len(now.seats) != 1 or now.by_vote or now.seats[0][0] != author.root:
        return Rejection.NOT_SOLE_WITNESS
    target = state.get(member_key(action.body["to"]), Member)
    if target is None or target.status != "active":
        return Rejection.MEMBER_UNKNOWN if target is None else Rejection.MEMBER_NOT_ACTIVE
    election = Election(action.id, now.term + 1, 1, (action.body["to"],), (), 0, False)
    state.put(ELECTION_KEY, election)
    state.start("election", action.id, context.place, parameter(state, "witness_ready_ms"))
    return None


def rules_ready(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A seated member's program knows this rules version."""
    version, now = action.body["version"], state.need(WITNESSES_KEY, Witnesses)
    if author.root not in dict(now.seats):
        return Rejection.NOT_ELECTED
    if version <= max(state.need(ORG_KEY, Org).rules, dict(now.versions).get(author.root, 0)):
        return Rejection.RULES_KNOWN
    others = tuple(row for row in now.versions if row[0] != author.root)
    state.put(WITNESSES_KEY, now._replace(versions=tuple(sorted((*others, (author.root, version))))))
    return None


def double_vote(one: bytes, two: bytes) -> tuple[Vote, Vote] | None:
    """The two votes of evidence, in the order of their bytes so that there is one form of it."""
    return votes_of(one, two) if one < two else None


def evidence(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """A seated key signed two votes: its seat is unfit."""
    votes = double_vote(action.body["one"], action.body["two"])
    if votes is None:
        return Rejection.EVIDENCE_BAD
    key = votes[0].witness
    now = state.need(WITNESSES_KEY, Witnesses)
    if key not in keys_of(now):
        return Rejection.NOT_ELECTED
    if key in now.faulty:
        return Rejection.WITNESS_BLAMED
    state.put(WITNESSES_KEY, now._replace(faulty=(*now.faulty, key)))
    return None


# -- effects of a vote -----------------------------------------------------------------------------
def elect(state: State, effect: dict[str, Any], cause: bytes, time: int, place: int) -> Rejection | None:
    """The candidates by rank: first the seats, then the reserve. It begins at the sealed ``time``."""
    members, seats = effect["candidates"], effect["seats"]
    if seats not in SIZES or not seats <= len(members) or len(set(members)) != len(members):
        return Rejection.WITNESS_NUMBER
    for root in members:
        member = state.get(member_key(root), Member)
        if member is None or member.status != "active":
            return Rejection.MEMBER_UNKNOWN if member is None else Rejection.MEMBER_NOT_ACTIVE
    term = state.need(WITNESSES_KEY, Witnesses).term + 1
    state.put(ELECTION_KEY, Election(cause, term, seats, tuple(members), (), 0, True))
    begin_election(state, cause, parameter(state, "witness_ready_ms"), time, place)
    return None


def activate(state: State, effect: dict[str, Any], cause: bytes, time: int, place: int) -> Rejection | None:
    """The next rules version takes effect once every witness's program knows it, or a quorum after 14 days."""
    if effect["version"] != state.need(ORG_KEY, Org).rules + 1 or effect["version"] > INT_MAX:
        return Rejection.RULES_ORDER
    state.put(ACTIVATION_KEY, Activation(effect["version"], cause, time))
    schedule(state, DueItem(time + RULES_WAIT_MS, place, "end_rules_wait", cause))
    return None


# -- at the end of a checkpoint ----------------------------------------------------------------------
def begin_election(state: State, cause: bytes, duration: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed what called for it: its waiting time starts."""
    election = state.get(ELECTION_KEY, Election)
    if election is not None and election.cause == cause:
        state.put(ELECTION_KEY, election._replace(until=time + duration))
        schedule(state, DueItem(time + duration, place, "end_election", cause))


def end_election(state: State, cause: bytes, height: int) -> None:
    """The waiting time is over: those who are ready take the seats, or the election lapses."""
    election = state.get(ELECTION_KEY, Election)
    if election is None or election.cause != cause:
        return
    if len(_fit(state, election)) >= election.seats:
        _install(state, election, height)
    else:
        state.put(ELECTION_KEY, None)


def settle(state: State, time: int, height: int) -> None:
    """After all that happened in a checkpoint: seat whom it made ready, replace whom it made unfit, take up new
    rules."""
    election = state.get(ELECTION_KEY, Election)
    if election is not None:
        declared = dict(election.ready)
        first = election.ranked[: election.seats]
        if all(root in declared for root in first) and len(_fit(state, election)) >= election.seats:
            _install(state, election, height)
    now = state.get(WITNESSES_KEY, Witnesses)
    if now is not None:
        _replace_unfit(state, now, height)
        _take_up_rules(state, time)


def _fit(state: State, election: Election) -> list[Seat]:
    """Ready and still active, by rank."""
    declared = dict(election.ready)
    return [(root, declared[root]) for root in election.ranked if root in declared and _is_active(state, root)]


def _install(state: State, election: Election, height: int) -> None:
    seats = tuple(_fit(state, election)[: election.seats])
    seated, declared = dict(seats), dict(election.ready)
    reserve = tuple((root, declared.get(root, b"")) for root in election.ranked if root not in seated)
    state.put(
        WITNESSES_KEY, Witnesses(election.term, seats, reserve, (), height, election.cause, election.by_vote)
    )
    state.put(ELECTION_KEY, None)


def _replace_unfit(state: State, now: Witnesses, height: int) -> None:
    reserve = list(now.reserve)
    seats = list(now.seats)
    for place, (root, key) in enumerate(seats):
        if key not in now.faulty and not _is_gone(state, root):
            continue
        substitute = next((seat for seat in reserve if seat[1] and _is_active(state, seat[0])), None)
        if substitute is None:
            break
        reserve.remove(substitute)
        seats[place] = substitute
    if tuple(seats) != now.seats:
        keys = {key for _, key in seats}
        faulty = tuple(key for key in now.faulty if key in keys)
        state.put(
            WITNESSES_KEY, now._replace(seats=tuple(seats), reserve=tuple(reserve), faulty=faulty, since=height)
        )


def _take_up_rules(state: State, time: int) -> None:
    activation = state.get(ACTIVATION_KEY, Activation)
    if activation is None:
        return
    now = state.need(WITNESSES_KEY, Witnesses)
    known = dict(now.versions)
    able = sum(known.get(root, 0) >= activation.version for root, _ in now.seats)
    enough = quorum(len(now.seats)) if time >= activation.since + RULES_WAIT_MS else len(now.seats)
    if able >= enough:
        state.put(ORG_KEY, state.need(ORG_KEY, Org)._replace(rules=activation.version))
        state.put(ACTIVATION_KEY, None)


def can_seal(state: State) -> bool:
    """Are a quorum of the seats held by active members?"""
    seats = state.need(WITNESSES_KEY, Witnesses).seats
    return sum(_is_active(state, root) for root, _ in seats) >= quorum(len(seats))


def _is_active(state: State, root: bytes) -> bool:
    member = state.get(member_key(root), Member)
    return member is not None and member.status == "active"


def _is_gone(state: State, root: bytes) -> bool:
    member = state.get(member_key(root), Member)
    return member is None or member.status in ("left", "expelled")
