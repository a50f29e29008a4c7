"""The one function that changes state, and what a checkpoint does after its actions (protocol §3.3, §4).

``apply`` judges one action. ``finish_checkpoint`` starts periods, takes what is due by (due time, final
position), credits what came in. Both work on a layer; the caller decides whether the layer is kept.
"""

from __future__ import annotations

from dao_app.core.entities import (
    TOTALS_KEY,
    Account,
    Device,
    Entity,
    Member,
    Result,
    Totals,
    Unit,
    account_unit,
    device_key,
    member_key,
    result_key,
    unit_key,
)
from dao_app.core.envelope import GENESIS_TYPE, JOIN_TYPE, Action
from dao_app.core.rules import founding, membership, proposals, tasks
from dao_app.core.rules.context import Author, Context
from dao_app.core.rules.due import DUE_PER_CHECKPOINT_MAX, take_due
from dao_app.core.rules.registry import TYPES
from dao_app.core.rules.rejections import Rejection
from dao_app.core.rules.roles import permissions_of
from dao_app.core.state import State, Tree


class InvariantBroken(Exception):
    """A bug of ours: money that does not add up. Deriving stops rather than go on."""


def apply(state: State, action: Action, context: Context) -> Rejection | None:
    """Judge one action; on None its change stands in the layer, otherwise nothing has changed."""
    if action.type == GENESIS_TYPE:
        return founding.create(state, action, context) if founding.CREATE.accepts(action.body) else Rejection.MALFORMED
    if action.type == JOIN_TYPE:
        return membership.join(state, action, context) if membership.JOIN.accepts(action.body) else Rejection.MALFORMED
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
    member = state.get(member_key(device.member), Member)
    if member is None or member.status != "active":
        return Rejection.NOT_A_MEMBER
    return Author(device.member, device_id, member, permissions_of(member.roles))


def finish_checkpoint(state: State, base: Tree, before: int, time: int, height: int) -> list[tuple[bytes, Result]]:
    """Start periods, take what is due, credit what came in; returns results by proposal id.

    ``before`` and ``time`` are the last checkpoint's and this one's time (ms since 1970 UTC); ``base``
    is the final state before this checkpoint. Raises InvariantBroken where money does not add up.
    """
    totals = base.entity(TOTALS_KEY)
    voters_before = totals.members if isinstance(totals, Totals) else 0
    for started in state.started:
        if started.what == "invite":
            membership.start_invite(state, started.id, time, started.place)
        elif started.what == "task":
            tasks.start_task(state, started.id, started.duration, time, started.place)
        else:
            proposals.start_discussion(state, started.id, time, started.place)
    results: list[tuple[bytes, Result]] = []
    for _ in range(DUE_PER_CHECKPOINT_MAX):
        item = take_due(state, before, time)
        if item is None:
            break
        if item.what == "open_vote":
            proposals.open_vote(state, item.target, time, height, item.place, voters_before)
        elif item.what == "close_vote":
            result = proposals.close_vote(state, item.target, time, height)
            if result is not None:
                results.append((item.target, result))
        elif item.what == "expire_task":
            tasks.expire_task(state, item.target)
        else:
            membership.expire_invite(state, item.target)
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
