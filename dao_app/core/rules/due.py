"""The agenda of time-driven transitions (protocol §4): kept by hour, taken by (time, place, target).

Invariants: an item is on the agenda exactly once, and leaves it when it is taken; what one checkpoint could not
take waits for the next; taking an item puts nothing on the agenda that is due before it.
"""

from __future__ import annotations

from bisect import insort

from dao_app.core.entities import Due, DueItem
from dao_app.core.keys import HOUR_MS, due_key
from dao_app.core.limits import CHECKPOINT_DUE_MAX
from dao_app.core.state import State


def schedule(state: State, item: DueItem) -> None:
    """Put an item on the agenda."""
    key = due_key(item.time)
    items = list((state.get(key, Due) or Due(())).items)
    insort(items, item)
    state.put(key, Due(tuple(items)))


def take_due(state: State, after: int, until: int) -> DueItem | None:
    """Take the first item with after - 1 h <= time <= until off the agenda; None when nothing is due.

    ``after`` is the last checkpoint's time: whatever was due by then has been taken, so only hours
    from there on are looked at. Times in ms since 1970 UTC.
    """
    for hour in _hours(after, until):
        key = due_key(hour * HOUR_MS)
        due = state.get(key, Due)
        if due is None or not due.items:
            continue
        first = due.items[0]
        if first.time > until:
            return None
        rest = due.items[1:]
        state.put(key, Due(rest) if rest else None)
        return first
    return None


def carry_over(state: State, after: int, until: int) -> None:
    """Put what is left of the hours before ``until``'s with that hour, where the next checkpoint looks for it."""
    for hour in _hours(after, until - HOUR_MS):
        due = state.get(due_key(hour * HOUR_MS), Due)
        if due is None or not due.items:
            continue
        key = due_key(until)
        later = (state.get(key, Due) or Due(())).items
        state.put(due_key(hour * HOUR_MS), None)
        state.put(key, Due(tuple(sorted((*due.items, *later)))))


def next_due(state: State, after: int, until: int) -> int | None:
    """Time of the first item on the agenda in [after's hour, until], without taking it."""
    for hour in _hours(after, until):
        due = state.get(due_key(hour * HOUR_MS), Due)
        if due is not None and due.items:
            return due.items[0].time if due.items[0].time <= until else None
    return None


def _hours(after: int, until: int) -> range:
    """Hours to look at; before the first checkpoint nothing is on the agenda but what it puts there."""
    return range((after or until) // HOUR_MS, until // HOUR_MS + 1)


DUE_PER_CHECKPOINT_MAX = CHECKPOINT_DUE_MAX
