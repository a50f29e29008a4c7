"""The epochs of the organisation's key (protocol §5): each loss of a device's rights asks for another key.

Invariants: the epoch is the height of the last checkpoint in which a device lost its rights, 0 before any; its key is
the lowest id that was written for it (the first one's stands in the genesis), so everybody takes the same of two; none
is written in the checkpoint that begins it, where more may lose their rights. No rule reads what is sealed: only its
receiver can tell.
"""

from __future__ import annotations

from typing import Any

from dao_app.core.envelope import Action
from dao_app.core.key_entities import Epoch
from dao_app.core.keys import EPOCH_KEY
from dao_app.core.limits import EPOCHS_KEPT_MAX, SEAL_BYTES, SEALS_MAX
from dao_app.core.rules import schema as s
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State


def _seal(value: Any) -> bool:
    return type(value) is bytes and len(value) == SEAL_BYTES


_rows = s.list_of(s.row_of(s.key, _seal), SEALS_MAX)


def _seals(value: Any) -> bool:
    """Rows of a device and what is sealed to it, at least one."""
    return _rows(value) and len(value) > 0


PUBLISH = s.Schema({"height": s.count, "id": s.key, "seals": _seals})


def begin(state: State, height: int) -> None:
    """A device lost its rights in the checkpoint of this height."""
    found = state.need(EPOCH_KEY, Epoch)
    before = found.before
    if found.key_id:
        before = (*before, (found.height, found.key_id))[-EPOCHS_KEPT_MAX:]
    state.put(EPOCH_KEY, Epoch(height, b"", before))


def publish(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Make a key for the epoch known by its id, sealed to devices; the lowest id is the epoch's."""
    found = state.need(EPOCH_KEY, Epoch)
    if action.body["height"] != found.height or not 0 < found.height < context.height:
        return Rejection.EPOCH_OTHER
    if not found.key_id or action.body["id"] < found.key_id:
        state.put(EPOCH_KEY, found._replace(key_id=action.body["id"]))
    return None
