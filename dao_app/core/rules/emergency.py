"""The emergency stop (ORG-7): auditors, k of n, freeze spending and execution.

Invariants: the stop begins when as many auditors as the charter asks for have asked within one stop's
length, each once; it ends by vote or on its own, and whom a vote overruled cannot begin it again at once; while
it holds nothing leaves a treasury or department and nothing adopted is executed but its lifting.
"""

from __future__ import annotations

from dao_app.core.entities import DueItem, Emergency
from dao_app.core.envelope import Action
from dao_app.core.keys import EMERGENCY_KEY
from dao_app.core.rules import schema as s
from dao_app.core.rules.charter import parameter
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import schedule
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import State

STOP = s.Schema({}, {"reason": s.ref})
CALM = Emergency((), 0, 0)


def is_stopped(state: State) -> bool:
    return stopped_until(state) > 0


def stopped_until(state: State) -> int:
    """Sealed time at which the stop ends on its own, 0 where there is none."""
    found = state.get(EMERGENCY_KEY, Emergency)
    return 0 if found is None else found.until


def stop(state: State, action: Action, author: Author, context: Context) -> Rejection | None:
    """Ask for the stop; it begins with the checkpoint that seals the last voice needed."""
    if "emergency.stop" not in author.permissions:
        return Rejection.NOT_ALLOWED
    found = state.get(EMERGENCY_KEY, Emergency) or CALM
    if found.until:
        return Rejection.SPENDING_STOPPED
    if author.root in found.overruled and context.time < found.free:
        return Rejection.STOP_OVERRULED
    if found.asked + parameter(state, "stop_ms") <= context.time:
        found = found._replace(supporters=(), asked=context.time)
    if author.root in found.supporters:
        return Rejection.ALREADY_ASKED
    supporters = (*found.supporters, author.root)
    state.put(EMERGENCY_KEY, found._replace(supporters=supporters))
    if len(supporters) >= parameter(state, "stop_auditors"):
        state.start("stop", action.id, context.place, parameter(state, "stop_ms"))
    return None


def start_stop(state: State, id_: bytes, duration: int, time: int, place: int) -> None:
    """The checkpoint at ``time`` sealed the last voice."""
    found = state.need(EMERGENCY_KEY, Emergency)
    until = time + duration
    state.put(EMERGENCY_KEY, found._replace(until=until))
    schedule(state, DueItem(until, place, "end_stop", id_))


def end_stop(state: State, time: int) -> None:
    """The time of a stop is over, unless a later one holds."""
    found = state.need(EMERGENCY_KEY, Emergency)
    if 0 < found.until <= time:
        state.put(EMERGENCY_KEY, found._replace(supporters=(), asked=0, until=0))


def ends(state: State) -> int:
    """Sealed time at which the stop ends on its own, 0 where there is none."""
    found = state.get(EMERGENCY_KEY, Emergency)
    return 0 if found is None else found.until


def lift(state: State, time: int) -> Rejection | None:
    """End the stop by vote at ``time`` (sealed): who asked for it may not ask again for one stop's length."""
    found = state.get(EMERGENCY_KEY, Emergency) or CALM
    if not found.until:
        return Rejection.NOT_STOPPED
    still = found.overruled if time < found.free else ()
    overruled = tuple(sorted({*found.supporters, *still}))
    state.put(EMERGENCY_KEY, CALM._replace(overruled=overruled, free=time + parameter(state, "stop_ms")))
    return None
