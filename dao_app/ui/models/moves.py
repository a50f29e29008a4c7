"""What carrying a card to another column of the board means."""

from __future__ import annotations

from dao_app.app.views_tasks import TaskRow
from dao_app.ui.models.show_tasks import is_done

LANES = (
    ("todo", ("draft", "open")),
    ("doing", ("claimed", "started", "changes")),
    ("review", ("submitted", "disputed", "rejected")),
)
DONE = "done"
# From column, to column: the gestures that this may mean; the first that is allowed is made.
MOVES: dict[tuple[str, str], tuple[str, ...]] = {
    ("todo", "doing"): ("claim", "apply", "assign"),
    ("todo", "review"): ("submit",),
    ("todo", DONE): ("accept",),
    ("doing", "todo"): ("unassign",),
    ("doing", "review"): ("submit",),
    ("doing", DONE): ("accept",),
    ("review", "doing"): ("changes",),
    ("review", DONE): ("accept",),
}


def lane_of(row: TaskRow) -> str:
    """The column in which a task lies."""
    if is_done(row):
        return DONE
    return next(name for name, statuses in LANES if row.status in statuses)


def gestures(row: TaskRow, lane: str) -> tuple[str, ...]:
    """What moving the task there may mean; () where it means nothing."""
    return MOVES.get((lane_of(row), lane), ())
