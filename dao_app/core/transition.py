"""The one function that changes state, and what a checkpoint does after its actions (protocol §3.3, §4).

``apply`` judges one action. ``finish_checkpoint`` starts periods, takes what is due by (due time, final
position), seats witnesses, credits what came in. Both work on a layer; the caller decides whether the layer is kept.
"""

from __future__ import annotations

from collections.abc import Callable

from dao_app.core.entities import Account, Device, DueItem, Entity, Member, Result, Totals, Unit
from dao_app.core.envelope import CERTIFY_TYPE, GENESIS_TYPE, JOIN_TYPE, Action
from dao_app.core.keys import TOTALS_KEY, account_unit, device_key, member_key, result_key, unit_key
from dao_app.core.rules import (
    closing,
    devices,
    effects,
    emergency,
    founding,
    guardians,
    matching,
    membership,
    offices,
    payments,
    proposals,
    reserves,
    round_closing,
    rounds,
    task_money,
    witnesses,
)
from dao_app.core.rules.closing import Moment
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import DUE_PER_CHECKPOINT_MAX, carry_over, take_due
from dao_app.core.rules.members import permissions_everywhere
from dao_app.core.rules.registry import TYPES
from dao_app.core.rules.rejections import Rejection
from dao_app.core.state import Started, State, Tree


class InvariantBroken(Exception):
    """A bug of ours: money that does not add up. Deriving stops rather than go on."""


def apply(state: State, action: Action, context: Context) -> Rejection | None:
    """Judge one action; on None its change stands in the layer, otherwise nothing has changed."""
    if action.type == GENESIS_TYPE:
        return founding.create(state, action, context) if founding.CREATE.accepts(action.body) else Rejection.MALFORMED
    if action.type == JOIN_TYPE:
        return membership.join(state, action, context) if membership.JOIN.accepts(action.body) else Rejection.MALFORMED
    if action.type == CERTIFY_TYPE:
        return devices.certify(state, action, context) if devices.CERTIFY.accepts(action.body) else Rejection.MALFORMED
    entry = TYPES.get(action.type)
    if entry is None:
        return Rejection.UNKNOWN_TYPE
    author = author_of(state, action.by)
    if type(author) is Rejection:
        return author
    if not entry.schema.accepts(action.body):
        return Rejection.MALFORMED
    return entry.rule(state, action, author, context)  # type: ignore[arg-type]


def author_of(state: State, device_id: bytes) -> Author | Rejection:
    """The active member behind a device, or why its action has no effect."""
    device = state.get(device_key(device_id), Device)
    if device is None or device.status == "refused":
        return Rejection.DEVICE_REFUSED
    if device.status == "frozen":
        return Rejection.DEVICE_FROZEN
    if device.status == "revoked":
        return Rejection.DEVICE_REVOKED
    member = state.get(member_key(device.member), Member)
    if member is None:
        return Rejection.NOT_A_MEMBER
    if member.status != "active":
        return _INACTIVE.get(member.status, Rejection.NOT_A_MEMBER)
    return Author(device.member, device_id, member, permissions_everywhere(state, member))


_INACTIVE = {"applicant": Rejection.STILL_APPLICANT, "suspended": Rejection.SUSPENDED}


Start = Callable[[State, Started, Moment], Result | None]
Happen = Callable[[State, DueItem, Moment], Result | None]


def _start(rule: Callable[[State, bytes, int, int], None]) -> Start:
    """A period that begins at the checkpoint's time."""
    return lambda state, started, moment: rule(state, started.id, moment.time, started.place)


# What the checkpoint that seals an action begins, after all its actions.
STARTED: dict[str, Start] = {
    "schedule": lambda s, begun, m: payments.start_schedule(s, begun.id, begun.duration, m.time, begun.place),
    "invite": _start(membership.start_invite),
    "task": lambda s, begun, m: task_money.start_task(s, begun.id, begun.duration, m.time, begun.place),
    "task_return": lambda s, begun, m: task_money.start_return(s, begun.id, begun.duration, m.time, begun.place),
    "task_resume": lambda s, begun, m: task_money.start_resume(s, begun.id, begun.duration, m.time, begun.place),
    "proposal": _start(proposals.start_discussion),
    "revision": lambda s, started, m: proposals.start_revision(s, started.id, started.duration, m.time, started.place),
    "reserve": lambda s, started, m: reserves.reserve(s, started.id),
    "withdrawn": lambda s, started, m: reserves.end_withdrawn(s, started.id),
    "all_voted": lambda s, started, m: closing.close_vote(s, started.id, m, started.place, True),
    "execute": lambda s, started, m: closing.execute_again(s, started.id, m, started.place),
    "round": lambda s, started, m: rounds.start_round(s, started.id, m.time, started.place),
    "match": lambda s, started, m: matching.start_match(s, started.id, m.time, started.place),
    "election": lambda s, b, m: witnesses.begin_election(s, b.id, b.duration, m.time, b.place),
    "rekey": lambda s, begun, m: guardians.start_rekey(s, begun.id, begun.duration, m.time, begun.place),
    "stop": lambda s, started, m: emergency.start_stop(s, started.id, started.duration, m.time, started.place),
}
# What is due at a sealed time.
DUE: dict[str, Happen] = {
    "instalment": lambda s, item, m: payments.pay_instalment(s, item.target, m.time, item.place),
    "open_vote": lambda s, item, m: closing.open_vote(s, item.target, m, item.place),
    "mark_leader": lambda s, item, m: closing.mark_leader(s, item.target, m),
    "close_vote": lambda s, item, m: closing.close_vote(s, item.target, m, item.place),
    "end_execution": lambda s, item, m: closing.end_execution(s, item.target, m, item.place),
    "expire_task": lambda s, item, m: task_money.expire_task(s, item.target, item.time, m.height),
    "return_task": lambda s, item, m: task_money.return_task(s, item.target, item.time, m.height),
    "resume_task": lambda s, item, m: task_money.resume_task(s, item.target, item.time, m.height, item.place),
    "expire_invite": lambda s, item, m: membership.expire_invite(s, item.target),
    "end_budget": lambda s, item, m: effects.end_budget(s, item.target, m.time),
    "end_term": lambda s, item, m: offices.end_term(s, item.target, m.time, m.height, item.place),
    "end_suspension": lambda s, item, m: offices.end_suspension(s, item.target, m.time, m.height),
    "close_round": lambda s, item, m: round_closing.close_round(s, item.target, m.time, m.height),
    "close_match": lambda s, item, m: matching.close_match(s, item.target, m.time, m.height),
    "end_election": lambda s, item, m: witnesses.end_election(s, item.target, m.height),
    "end_rules_wait": lambda s, item, m: None,  # something due is something to seal: ``witnesses.settle`` decides
    "rekey": lambda s, item, m: guardians.rekey(s, item.target, m.time, m.height),
    "end_stop": lambda s, item, m: emergency.end_stop(s, m.time),
}


def finish_checkpoint(
    state: State, base: Tree, before: int, time: int, height: int, previous: bytes
) -> list[tuple[bytes, Result]]:
    """Start periods, take what is due, credit what came in; returns results by proposal id.

    ``before`` and ``time`` are the last checkpoint's and this one's time (ms since 1970 UTC); ``base``
    is the final state before this checkpoint, ``previous`` the last checkpoint's id. Raises
    InvariantBroken where money does not add up.
    """
    totals = base.entity(TOTALS_KEY)
    moment = Moment(base, time, height, previous, totals.members if isinstance(totals, Totals) else 0, before)
    results: list[tuple[bytes, Result]] = []
    begun, after = 0, before
    for _ in range(DUE_PER_CHECKPOINT_MAX):
        while begun < len(state.started):  # what happens below may begin something too
            started, begun = state.started[begun], begun + 1
            result = STARTED[started.what](state, started, moment)
            if result is not None:
                results.append((started.id, result))
        item = take_due(state, after, time)
        if item is None:
            break
        after = max(after, item.time)
        result = DUE[item.what](state, item, moment)
        if result is not None:
            results.append((item.target, result))
    else:
        carry_over(state, after, time)
    witnesses.settle(state, time, height)
    for key in sorted(state.incoming):
        account = state.need(key, Account)
        state.put(key, Account(account.balance + account.incoming, 0))
    state.incoming.clear()
    _check_money(state, base)
    return results


def _check_money(state: State, base: Tree) -> None:
    """Per unit, what accounts gained equals what the supply gained; no account below zero."""
    gained: dict[str, int] = {}
    for key, entity in state.changed.items():
        if key[0] == 0x61 and isinstance(entity, Account):
            unit = account_unit(key)
            gained[unit] = gained.get(unit, 0) + entity.balance - _balance(base.entity(key))
            if entity.balance < 0 or entity.incoming:
                raise InvariantBroken(f"account {key.hex()} stands at {entity}")
    for unit, amount in gained.items():
        now = state.need(unit_key(unit), Unit).supply
        old = base.entity(unit_key(unit))
        if amount != now - (old.supply if isinstance(old, Unit) else 0):
            raise InvariantBroken(f"{unit}: accounts gained {amount}, supply did not")


def _balance(entity: Entity | None) -> int:
    return entity.balance if isinstance(entity, Account) else 0


def results_entities(results: list[tuple[bytes, Result]]) -> dict[bytes, Entity | None]:
    """Leaves of the results tree."""
    return {result_key(proposal): result for proposal, result in results}
