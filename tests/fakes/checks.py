"""What must hold in every sealed state, computed anew from all of it: money, what is set aside, counts, executions."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypeVar

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import digest
from dao_app.core.entities import (
    Account,
    Delegations,
    Department,
    Entity,
    Member,
    Proposal,
    Schedule,
    Unit,
    decode_entity,
)
from dao_app.core.keys import (
    TREASURY,
    account_unit,
    department_party,
    reserve_party,
    schedule_key,
    schedule_party,
    unit_key,
)
from dao_app.core.rules import effects
from dao_app.core.rules.lockout import locks_out
from dao_app.core.rules.members import has_vote, is_steward
from dao_app.core.state import State

E = TypeVar("E", bound=Entity)
PERFORMED = ("pay", "budget", "issue", "fine", "schedule")  # kinds of postings that an execution books


def check_money(org: Organisation) -> None:
    """Per unit: all accounts together are the supply; none is below zero; the cap holds."""
    sums: Counter[str] = Counter()
    for key, account in _of(org, b"a", Account):
        assert account.balance >= 0 and account.incoming == 0, key.hex()
        sums[account_unit(key)] += account.balance
    for code, total in sums.items():
        unit = org.replay.final.entity(unit_key(code))
        assert isinstance(unit, Unit)
        assert total == unit.supply <= unit.cap


def check_governance(org: Organisation) -> None:
    """Money, and everything that the state keeps counted about votes and what they do."""
    check_money(org)
    state = State(org.replay.final)
    found = {key[1:]: proposal for key, proposal in _of(org, b"p", Proposal)}
    check_counts(org)
    check_reservations(org, found)
    check_executions(org, found)
    check_schedules(org)
    assert not locks_out(state, org.replay.position.time), "nobody can decide any more"


def check_counts(org: Organisation) -> None:
    """Voters, stewards, members, departments, delegators: as counted as they are."""
    totals = org.replay.final.entity(b"n")
    members = [member for _, member in _of(org, b"m", Member)]
    departments = list(_of(org, b"D", Department))
    counted = (
        sum(map(has_vote, members)), sum(map(is_steward, members)), len(members), len(departments),
        sum(1 for _ in _of(org, b"g", Delegations)),
    )  # fmt: skip
    assert counted == (totals.members, totals.stewards, totals.joined, totals.departments, totals.delegators)  # type: ignore[union-attr]
    height = org.height()
    for member in members:
        spans = member.spans
        assert has_vote(member) == any(start <= height and not end for start, end in spans)
        assert all(a[1] and a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))
    for key, department in departments:
        below = sum(1 for _, one in departments if one.parent == key[1:] and one.status == "active")
        assert department.below == (below if department.status == "active" else 0)


def check_reservations(org: Organisation, found: dict[bytes, Proposal]) -> None:
    """What is set aside is what open proposals say, for treasury, departments, authors; settled ones hold nothing."""
    state = State(org.replay.final)
    reserved: Counter[tuple[bytes, str]] = Counter()
    asked: dict[bytes, Counter[tuple[bytes, str]]] = {}
    for id_, proposal in found.items():
        mine: Counter[str] = Counter()
        for party, unit, amount in proposal.reserved:
            reserved[party, unit] += amount
            mine[unit] += amount
        mine["GLD"] += proposal.bond
        for unit, amount in mine.items():
            assert state.balance(reserve_party(id_), unit) == amount, id_.hex()
        is_open = proposal.status in ("discussion", "voting") or proposal.execution == "failed"
        assert is_open or not (proposal.reserved or proposal.bond)
        if is_open:
            needs = effects.needs(effects.unpack(proposal.effects))
            asked.setdefault(proposal.author, Counter()).update(needs)
    for key, member in _of(org, b"m", Member):
        kept = {(party, unit): amount for party, unit, amount in member.reserving}
        assert kept == dict(asked.get(key[1:], {})), key.hex()
    for key, department in _of(org, b"D", Department):
        rows = {unit: amount for (party, unit), amount in reserved.items() if party == department_party(key[1:])}
        assert dict(department.reserved) == rows
        if department.status == "closed":
            assert state.balance(department_party(key[1:]), "GLD") == 0
    unit = state.need(unit_key("GLD"), Unit)
    assert unit.reserved == reserved[TREASURY, "GLD"]


def check_executions(org: Organisation, found: dict[bytes, Proposal]) -> None:
    """What was adopted is booked whole and once where it is done, and not at all where it is not."""
    booked: dict[bytes, Counter[tuple[Any, ...]]] = {}
    for posting in org.store.postings(1_000_000):
        if posting.action in found and posting.kind in PERFORMED:
            row = (posting.kind, posting.target, posting.unit, posting.amount)
            booked.setdefault(posting.action, Counter())[row] += 1
    for id_, proposal in found.items():
        due: Counter[tuple[Any, ...]] = Counter()
        if proposal.execution == "done":
            done = enumerate(effects.unpack(proposal.effects))
            due.update(_booking(id_, place, effect) for place, effect in done if effect["do"] in PERFORMED)
        assert booked.get(id_, Counter()) == due, (id_.hex(), proposal.status, proposal.execution)


def _booking(proposal: bytes, place: int, effect: dict[str, Any]) -> tuple[Any, ...]:
    do = effect["do"]
    if do == "budget":
        target = department_party(effect["department"])
    elif do == "schedule":
        target = schedule_party(digest(proposal + bytes([place])))
    else:
        target = TREASURY if do == "fine" else effect["to"]
    return do, target, effect["unit"], effect["amount"]


def check_schedules(org: Organisation) -> None:
    """What is set aside for instalments is what was not paid of them yet."""
    state = State(org.replay.final)
    for key, plan in _of(org, schedule_key(b""), Schedule):
        left = plan.amount - plan.paid if plan.status == "active" else 0
        assert state.balance(schedule_party(key[1:]), plan.unit) == left, key.hex()


def _of(org: Organisation, prefix: bytes, kind: type[E]) -> list[tuple[bytes, E]]:
    found = []
    for key, value in org.replay.final.entries():
        if key[:1] == prefix:
            entity = decode_entity(key, value)
            assert isinstance(entity, kind)
            found.append((key, entity))
    return found
