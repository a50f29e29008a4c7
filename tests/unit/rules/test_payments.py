"""Payment requests, instalments and vesting: each paid once, the rest goes back (TOKEN-2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Schedule
from dao_app.core.keys import TREASURY, member_party, schedule_key, schedule_party
from tests.fakes.checks import check_money
from tests.fakes.world import Person, World
from tests.unit.rules.votes import adopt, balance, body, refusal

HOUR = 3_600_000


@pytest.fixture
def funded(world: World) -> tuple[World, Person, Organisation, bytes]:
    person, org = world.add_member()
    party = member_party(person.root.public)
    world.main.write("token.transfer", {"unit": "GLD", "amount": 1_000, "to": party, "for": TREASURY})
    world.seal()
    world.everywhere()
    return world, person, org, party


def plan(target: bytes, **changes: Any) -> dict[str, Any]:
    base = {"to": target, "unit": "GLD", "amount": 100, "count": 3, "every": HOUR, "first": 0, "revocable": True}
    return {**base, **changes}


def found(world: World, id_: bytes) -> Schedule:
    entity = world.main.replay.final.entity(schedule_key(id_))
    assert isinstance(entity, Schedule)
    return entity


def test_a_request_is_paid_once_by_whom_it_asks(funded: tuple[World, Person, Organisation, bytes]) -> None:
    world, person, org, party = funded
    ask = {"from": person.root.public, "unit": "GLD", "amount": 400}
    assert refusal(org, "payment.request", ask) == "to_self"
    assert refusal(world.main, "payment.request", {**ask, "amount": 0}) == "amount_not_positive"
    assert refusal(world.main, "payment.request", {**ask, "from": b"\x09" * 32}) == "party_unknown"
    id_ = world.main.write("payment.request", ask).id
    large = world.main.write("payment.request", {**ask, "amount": 5_000}).id
    assert refusal(world.main, "payment.settle", {"request": Link(id_)}) == "not_allowed"
    assert refusal(world.main, "payment.settle", {"request": Link(b"\x07" * 32)}) == "request_unknown"
    world.everywhere()
    assert refusal(org, "payment.settle", {"request": Link(large)}) == "balance_too_low"
    org.write("payment.settle", {"request": Link(id_)})
    assert refusal(org, "payment.settle", {"request": Link(id_)}) == "request_closed"
    org.write("payment.close", {"request": Link(large)})
    assert refusal(org, "payment.settle", {"request": Link(large)}) == "request_closed"
    world.everywhere()
    world.seal()
    assert balance(world, party) == 600
    assert balance(world, member_party(world.founder.root.public)) == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"unit": "EUR"}, "unit_unknown"),
        ({"amount": 0}, "amount_not_positive"),
        ({"to": b"m" + b"\x09" * 32}, "party_unknown"),
        ({"count": 0}, "count_too_large"),
        ({"count": 1_201}, "count_too_large"),
        ({"amount": 2}, "count_too_large"),
        ({"every": 999}, "period_out_of_bounds"),
        ({"first": 367 * 86_400_000}, "period_out_of_bounds"),
        ({"amount": 5_000}, "balance_too_low"),
        ({"for": TREASURY}, "not_allowed"),
    ],
)
def test_plans_are_guarded(
    funded: tuple[World, Person, Organisation, bytes], changes: dict[str, Any], code: str
) -> None:
    world, _, org, _ = funded
    to = member_party(world.founder.root.public)
    assert refusal(org, "payment.schedule", plan(to, **changes)) == code


def test_instalments_are_paid_at_sealed_times_to_the_last_unit(
    funded: tuple[World, Person, Organisation, bytes],
) -> None:
    world, _, _, party = funded
    assert refusal(world.main, "payment.schedule", plan(party, to=TREASURY, **{"for": TREASURY})) == "to_self"
    id_ = world.main.write("payment.schedule", plan(party, **{"for": TREASURY})).id
    world.seal()
    assert balance(world, TREASURY) == 1_000_000 - 1_000 - 100
    assert balance(world, schedule_party(id_)) == 100
    paid = []
    for _ in range(4):
        world.seal(HOUR)
        check_money(world.main)
        paid.append(balance(world, party) - 1_000)
    assert paid == [33, 66, 100, 100]
    assert found(world, id_).status == "done"
    assert balance(world, schedule_party(id_)) == 0


def test_late_checkpoints_catch_up(funded: tuple[World, Person, Organisation, bytes]) -> None:
    world, _, _, party = funded
    id_ = world.main.write("payment.schedule", plan(party, **{"for": TREASURY})).id
    world.seal()
    world.seal(HOUR * 48)
    assert balance(world, party) == 1_100
    assert found(world, id_).done == 3


def test_who_stops_a_plan(funded: tuple[World, Person, Organisation, bytes]) -> None:
    world, _, org, party = funded
    founder = member_party(world.founder.root.public)
    own = org.write("payment.schedule", plan(founder)).id
    vesting = org.write("payment.schedule", plan(founder, revocable=False)).id
    assert refusal(org, "payment.stop", {"schedule": Link(vesting)}) == "not_allowed"
    org.write("payment.stop", {"schedule": Link(own)})
    assert refusal(org, "payment.stop", {"schedule": Link(own)}) == "schedule_over"
    world.everywhere()
    world.main.write("payment.stop", {"schedule": Link(vesting)})  # the receiver renounces
    world.seal()
    world.seal(HOUR * 5)
    assert balance(world, party) == 1_000
    assert balance(world, founder) == 0


def test_a_receiver_who_left_gets_nothing_more(funded: tuple[World, Person, Organisation, bytes]) -> None:
    world, _, org, party = funded
    id_ = world.main.write("payment.schedule", plan(party, first=HOUR, **{"for": TREASURY})).id
    world.seal()
    world.everywhere()
    org.write("member.leave", {})
    world.everywhere()
    world.seal()
    world.seal(HOUR * 2)
    assert found(world, id_).status == "stopped"
    assert balance(world, TREASURY) == 1_000_000 - 1_000


def test_the_stop_holds_back_what_a_treasury_pays(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"stop_auditors": 1, "stop_ms": 2 * HOUR})
    world.seal()
    person, org = world.add_member("auditor")
    party = member_party(person.root.public)
    id_ = world.main.write("payment.schedule", plan(party, first=HOUR, **{"for": TREASURY})).id
    world.seal()
    world.everywhere()
    org.write("emergency.stop", {})
    world.everywhere()
    world.seal()
    world.seal(HOUR)
    assert balance(world, party) == 0
    world.seal(HOUR + 2_000)
    world.seal()
    assert found(world, id_).done >= 1
    check_money(world.main)


def test_an_adopted_proposal_begins_vesting(world: World) -> None:
    person, _ = world.add_member()
    party = member_party(person.root.public)
    effect = {"do": "schedule", "from": TREASURY, **plan(party, amount=300, revocable=False)}
    id_ = adopt(world, body("spending", effect))
    schedule = digest(id_ + b"\x00")
    assert found(world, schedule).amount == 300
    for _ in range(3):
        world.seal(HOUR)
    assert balance(world, party) == 300
    assert balance(world, TREASURY) == 1_000_000 - 300
