"""What a vote of a department alone may dispose of (VOTE-3, ORG-4).

Invariant: where the power is a department's, everything its proposal does stays in that department and those
below it: their money, their offices, their tree. Who founds a department of one member gains nothing by it.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.entities import Task
from dao_app.core.keys import TREASURY, task_key
from dao_app.core.rules.members import chain_of
from dao_app.core.state import State

_PLACE = {
    "assign": "department", "unassign": "department", "elect": "department", "close_department": "department",
    "found_department": "parent",
}  # fmt: skip


def is_within(state: State, effect: dict[str, Any], department: bytes) -> bool:
    """Does this effect concern nothing outside the department?"""
    do = effect["do"]
    if do in _PLACE:
        return _is_below(state, effect[_PLACE[do]], department)
    if do in ("pay", "schedule"):
        return effect["from"] != TREASURY and _is_below(state, effect["from"][1:], department)
    if do == "move_department":
        return all(_is_below(state, effect[name], department) for name in ("department", "parent"))
    if do == "settle_task":
        task = state.get(task_key(effect["task"]), Task)
        return task is not None and _is_below(state, task.department, department)
    return do == "adopt" and effect["replaces"] is None


def _is_below(state: State, id_: bytes | None, department: bytes) -> bool:
    return id_ is not None and department in chain_of(state, id_)
