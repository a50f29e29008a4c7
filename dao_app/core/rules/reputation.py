"""Reputation: earned by work that counts, not transferable, decaying by the hour (REWARD-4).

Invariants: it is kept as (nano-points, hour) and advanced when touched, by sealed time only; who touches it
when changes nothing; an amendment of the half-life holds from the hour that seals it and rewrites no hour
before; it is never below zero.
"""

from __future__ import annotations

from collections.abc import Iterator

from dao_app.core.encoding import power_from_wire, power_to_wire
from dao_app.core.entities import Member
from dao_app.core.keys import HALF_LIVES_KEY, HOUR_MS, member_key, reputation_key
from dao_app.core.limits import HALF_LIVES_MAX
from dao_app.core.reward_entities import HalfLives, Reputation
from dao_app.core.rewards.decay import HOURS_MAX, SCALE, advance
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.members import all_members, has_vote
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

PARAMETER = "reputation_half_life"


def decayed(state: State, value: int, hour: int, until: int) -> int:
    """What is left at hour ``until`` of nano-points that stood at ``hour``, by the half-lives of the hours between."""
    for start, end, half_life in _spans(state):
        first, last = max(hour, start), until if end is None else min(until, end)
        if first < last:
            value = advance(value, min(last - first, HOURS_MAX), half_life)
    return value


def _spans(state: State) -> Iterator[tuple[int, int | None, int]]:
    """(from hour, to hour or None, half-life in hours), oldest first."""
    found = state.get(HALF_LIVES_KEY, HalfLives)
    rows = found.rows if found is not None else ((0, parameter(state, PARAMETER)),)
    for place, (start, half_life) in enumerate(rows):
        yield start, rows[place + 1][0] if place + 1 < len(rows) else None, half_life


def nano_of(state: State, root: bytes, time: int) -> int:
    """A member's reputation at a sealed time (ms since 1970 UTC), in nano-points."""
    found = state.get(reputation_key(root), Reputation)
    if found is None:
        return 0
    return decayed(state, power_from_wire(found.value) or 0, found.hour, max(found.hour, time // HOUR_MS))


def whole_of(state: State, root: bytes, time: int) -> int:
    """As ``nano_of``, in whole points, rounded down."""
    return nano_of(state, root, time) // SCALE


def earn(state: State, root: bytes, points: int, time: int) -> None:
    """Add whole points at a sealed time."""
    change(state, root, points * SCALE, time)


def change(state: State, root: bytes, nano: int, time: int) -> None:
    """Add nano-points, or take them (negative), down to nothing."""
    found = state.get(reputation_key(root), Reputation)
    hour = max(time // HOUR_MS, found.hour if found is not None else 0)
    value = max(0, nano_of(state, root, time) + nano)
    state.put(reputation_key(root), Reputation(power_to_wire(value), hour))


def amend_half_life(state: State, before: int, after: int, time: int) -> Rejection | None:
    """Keep the half-life that held so far for the hours before ``time`` (sealed)."""
    found = state.get(HALF_LIVES_KEY, HalfLives)
    rows = found.rows if found is not None else ((0, before),)
    hour = time // HOUR_MS
    rows = (*(row for row in rows if row[0] < hour), (hour, after))
    if len(rows) > HALF_LIVES_MAX:
        return Rejection.COUNT_TOO_LARGE
    state.put(HALF_LIVES_KEY, HalfLives(rows))
    return None


def is_held_below(state: State, least: int, time: int) -> bool:
    """Have all with a vote together fewer than so many whole points (fewer than one, where it is 0)?"""
    total = 0
    for root in all_members(state):
        if has_vote(state.need(member_key(root), Member)):
            total += whole_of(state, root, time)
        if total >= max(least, 1):
            return False
    return True
