"""Attempts to get more than is one's due out of proposals, offices, departments and firms, each with its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.core.encoding import Link, power_to_wire
from dao_app.core.keys import TREASURY, department_party, firm_party, member_party, reserve_party
from tests.fakes.world import Person, World
from tests.unit.rules.votes import (
    DAY,
    VOTING,
    adopt,
    assign,
    balance,
    body,
    charter,
    close,
    member,
    pay,
    proposal,
    put,
    refusal,
    result,
    vote,
)

HOUR = 3_600_000


def transfer(to: bytes, amount: int, source: bytes = TREASURY) -> dict[str, Any]:
    return {"unit": "GLD", "amount": amount, "to": to, "for": source}


def amend(name: str, value: int | None) -> dict[str, Any]:
    return {"do": "amend", "name": name, "value": value}


def founded(path: Path, **charter: int) -> World:
    world = World(path, charter=charter)
    world.seal()
    return world


def department(world: World, name: str = "Ops", parent: bytes | None = None) -> bytes:
    above = None if parent is None else Link(parent)
    made = world.main.write("department.open", {"name": name, "parent": above}).id
    world.seal()
    world.everywhere()
    return made


# -- power -----------------------------------------------------------------------------------------
def test_a_table_of_ones_own_decides_nothing_that_binds(world: World) -> None:
    """A steward alone would amend, spend and expel otherwise."""
    person, _ = world.add_member()
    table = [[world.founder.root.public, 1]]
    effect = pay(member_party(person.root.public))
    assert refusal(world.main, "proposal.open", body("spending", effect, table=table)) == "power_kind_bad"
    assert refusal(world.main, "proposal.open", body("decision", table=table)) == ""
    advisory = {"title": "Q", "kind": "decision", "method": "yes-no-abstain", "options": [], "discussion": 60_000,
                "voting": VOTING, "table": table}  # fmt: skip
    id_ = world.main.write("proposal.open", advisory).id
    world.seal()
    world.everywhere()
    revision = {"proposal": Link(id_), "title": "Q", "options": [], "effects": [{"do": "lift"}]}
    assert refusal(world.main, "proposal.revise", revision) == "power_kind_bad"


def test_where_the_charter_says_so_tables_bind(tmp_path: Path) -> None:
    world = founded(tmp_path, **{"spending.power": 3})
    person, _ = world.add_member()
    party = member_party(person.root.public)
    adopt(world, body("spending", pay(party), table=[[world.founder.root.public, 1]]))
    assert balance(world, party) == 100


def test_a_tables_powers_together_are_a_power(world: World) -> None:
    """A sum beyond 2²⁵⁶ would be read as no power at all, and every quorum met."""
    roots = sorted(world.add_member()[0].root.public for _ in range(2))
    table = [[root, power_to_wire(2**255)] for root in roots]
    assert refusal(world.main, "proposal.open", body("poll", table=table)) == "table_bad"
    table[1][1] = power_to_wire(2**255 - 1)
    assert refusal(world.main, "proposal.open", body("poll", table=table)) == ""


def test_a_departments_vote_disposes_of_its_own_only(tmp_path: Path) -> None:
    world = founded(tmp_path, **{"spending.power": 4, "role.power": 4, "issuance.power": 4})
    (a, a_org), (b, _) = world.add_member(), world.add_member()
    ops, other = department(world), department(world, "Other")
    below = department(world, "Night", ops)
    world.main.write("role.give", {"department": Link(ops), "member": a.root.public, "role": "member"})
    world.main.write("token.transfer", transfer(department_party(ops), 1_000))
    world.seal()
    world.everywhere()
    to = member_party(b.root.public)
    for kind, effect in (
        ("spending", pay(to)),
        ("spending", pay(to, 1, department_party(other))),
        ("spending", {"do": "schedule", "from": TREASURY, "to": to, "unit": "GLD", "amount": 5, "count": 1,
                      "every": 1_000, "first": 0, "revocable": True}),
        ("spending", {"do": "budget", "department": ops, "unit": "GLD", "amount": 5, "period": 0}),
        ("role", assign(a.root.public, "steward")),
        ("role", assign(a.root.public, "steward", other)),
        ("role", {"do": "found_department", "name": "X", "parent": None}),
        ("role", {"do": "move_department", "department": below, "parent": other}),
        ("role", {"do": "close_department", "department": other}),
        ("role", {"do": "admit", "member": b.root.public}),
        ("issuance", {"do": "issue", "to": to, "unit": "GLD", "amount": 5}),
    ):
        assert refusal(a_org, "proposal.open", body(kind, effect, department=Link(ops))) == "effect_outside", effect
    adopt(world, body("spending", pay(to, 400, department_party(ops)), department=Link(ops)), a_org)
    assert balance(world, to) == 400
    adopt(world, body("role", assign(b.root.public, "member", below), department=Link(ops)), a_org)
    assert [grant.department for grant in member(world, b).grants] == [b"", below]


# -- lockout -----------------------------------------------------------------------------------------
def test_amendments_stay_possible(tmp_path: Path) -> None:
    world = founded(tmp_path, min_support_power=0)
    person, org = world.add_member()
    party = member_party(person.root.public)
    ops = department(world)

    def refused(*effects: dict[str, Any], kind: str = "amendment") -> str:
        return refusal(world.main, "proposal.open", body(kind, *effects))

    token = charter_power = "amendment.power"
    assert refused(amend(charter_power, 4)) == "lockout"  # departments decide on their own only
    assert refused(amend(charter_power, 3), amend("tables", 0)) == "lockout"
    world.main.write("token.transfer", transfer(department_party(ops), 5_000))
    world.seal()
    assert refused(amend(token, 1)) == "lockout"  # nobody with a vote holds any
    world.main.write("token.transfer", transfer(party, 500))
    world.seal()
    world.everywhere()
    assert refused(amend(token, 1), amend("min_support_power", 501)) == "lockout"
    adopt(world, body("amendment", amend(token, 1)))
    fine = {"do": "fine", "member": person.root.public, "unit": "GLD", "amount": 500}
    assert refused(fine, kind="penalty") == "lockout"
    assert refusal(org, "member.leave", {}) == "lockout"


def test_somebody_is_left_who_may_propose(tmp_path: Path) -> None:
    world = founded(tmp_path)
    root = world.founder.root.public
    world.add_member("investor")
    gone = {"do": "unassign", "member": root, "role": "founder", "department": None}
    assert refusal(world.main, "proposal.open", body("role", gone)) == "lockout"
    world.add_member("member")
    assert refusal(world.main, "proposal.open", body("role", gone)) == ""


def test_the_last_steward_stays_until_there_is_another(tmp_path: Path) -> None:
    world = founded(tmp_path, **{"role.proposer": 1})
    person, _ = world.add_member()
    adopt(world, body("role", assign(person.root.public, "steward", None, DAY)))
    gone = {"do": "unassign", "member": world.founder.root.public, "role": "founder", "department": None}
    adopt(world, body("role", gone))
    close(world, DAY)
    assert "steward" in member(world, person).roles
    adopt(world, body("role", assign(world.founder.root.public, "steward")), world.replicas[person.device.public])
    close(world, DAY)
    assert "steward" not in member(world, person).roles


# -- the charter in force ------------------------------------------------------------------------------
def test_the_rules_of_a_vote_are_those_at_its_opening(world: World) -> None:
    (_, a), (_, b) = world.add_member(), world.add_member()
    world.everywhere()
    id_ = put(world, body("decision", voting=60_000))
    vote(a, id_, "yes")
    vote(b, id_, "no")
    vote(world.main, id_, "yes")  # 2/3
    adopt(world, body("amendment", amend("decision.support_bp", 7_000), amend("decision.quorum_bp", 2_000)))
    adopt(world, body("amendment", amend("locked_ballots", 1), amend("delegation", 0), amend("min_support_power", 3)))
    assert charter(world)["decision.support_bp"] == 7_000
    assert refusal(b, "vote.cast", {"proposal": Link(id_), "choice": "no"}) == ""
    later = put(world, body("decision"))
    for org, choice in ((a, "yes"), (b, "no"), (world.main, "yes")):
        vote(org, later, choice)
    close(world)
    assert result(world, later).outcome == "not_passed"
    close(world, 60_000)
    assert result(world, id_).outcome == "passed"


def test_one_amendment_is_one_step_however_it_is_cut(world: World) -> None:
    for effects in (
        (amend("support_bp", 6_000), amend("support_bp", 8_000)),
        (amend("support_bp", 7_000), amend("spending.support_bp", 9_000)),
        (amend("spending.support_bp", 7_000), amend("support_bp", 3_000), amend("spending.support_bp", None)),
        (amend("support_bp", 3_500), amend("amendment.support_bp", None)),
    ):
        code = refusal(world.main, "proposal.open", body("amendment", *effects))
        assert code == ("charter_step" if effects[1:2] != (amend("support_bp", 3_000),) else ""), effects


# -- elections -----------------------------------------------------------------------------------------
def elect(people: list[Any], **changes: Any) -> dict[str, Any]:
    base = {"do": "elect", "role": "steward", "department": None, "seats": 1, "term": 0,
            "candidates": [person.root.public for person in people]}  # fmt: skip
    return {**base, **changes}


def test_who_is_elected_again_gets_the_new_term(world: World) -> None:
    person, org = world.add_member()
    other, _ = world.add_member()
    world.everywhere()
    content = body("election", elect([person, other], term=DAY), method="single", options=["A", "B"])
    for _ in range(2):
        id_ = put(world, content)
        vote(org, id_, 1)
        close(world)
        grants = [grant for grant in member(world, person).grants if grant.role == "steward"]
        assert [(grant.cause, grant.until) for grant in grants] == [(id_, world.clock.now + DAY)]
        close(world, DAY // 2)
    close(world, DAY // 4)
    assert "steward" in member(world, person).roles
    close(world, DAY // 2)
    assert "steward" not in member(world, person).roles


def test_every_candidate_can_take_the_office(world: World) -> None:
    person, _ = world.add_member()

    class Stranger:
        class root:
            public = b"\x09" * 32

    content = body("election", elect([person, Stranger]), method="single", options=["A", "B"])
    assert refusal(world.main, "proposal.open", content) == "member_unknown"
    many = body("election", elect([person, world.founder], seats=2), method="ranked", options=["A", "B"])
    assert refusal(world.main, "proposal.open", many) == "method_parameters"


# -- members ---------------------------------------------------------------------------------------------
def test_a_second_suspension_does_not_end_with_the_first(world: World) -> None:
    person, _ = world.add_member()
    root = person.root.public
    adopt(world, body("penalty", {"do": "suspend", "member": root, "period": HOUR}))
    adopt(world, body("role", {"do": "admit", "member": root}))
    adopt(world, body("penalty", {"do": "suspend", "member": root, "period": DAY}))
    close(world, HOUR)
    assert member(world, person).status == "suspended"
    close(world, DAY)
    assert member(world, person).status == "active"


@pytest.mark.parametrize("effect", [{"do": "expel"}, {"do": "suspend", "period": DAY}])
def test_who_lost_all_rights_lets_nobody_in_any_more(world: World, effect: dict[str, Any]) -> None:
    """Threat 42: invitations kept in reserve."""
    person, org = world.add_member("steward")
    invite, bearer = world.invite(org, "member", 5)
    world.everywhere()
    world.seal()
    world.everywhere()
    adopt(world, body("penalty", {**effect, "member": person.root.public}))
    guest = Person(world.random)
    world.main.admit_now([world.join_envelope(guest, invite, bearer)])
    world.seal()
    assert world.main.standing(guest.device.public) != "active"


# -- departments' money ------------------------------------------------------------------------------------
def test_a_closed_department_keeps_nothing(world: World) -> None:
    """Nor what came in with the same checkpoint, nor what was set aside."""
    person, org = world.add_member()
    ops = department(world)
    party, to = department_party(ops), member_party(person.root.public)
    world.main.write("token.transfer", transfer(party, 1_000))
    world.seal()
    world.everywhere()
    id_ = put(world, body("spending", pay(to, 400, party)))
    org.write("proposal.second", {"proposal": Link(id_)})
    world.everywhere()
    world.seal()
    assert balance(world, reserve_party(id_)) == 400
    world.main.write("token.transfer", transfer(party, 70))
    world.main.write("department.close", {"department": Link(ops)})
    world.seal()
    assert balance(world, party) == 0
    vote(world.main, id_)
    close(world)
    assert proposal(world, id_).reason == "party_unknown"
    world.seal(8 * DAY)
    assert (balance(world, party), balance(world, reserve_party(id_))) == (0, 0)
    assert balance(world, TREASURY) == 1_000_000


def test_one_author_cannot_ask_for_a_whole_department(world: World) -> None:
    _, org = world.add_member()
    ops = department(world)
    party, to = department_party(ops), member_party(world.founder.root.public)
    world.main.write("token.transfer", transfer(party, 1_000))
    world.seal()
    world.everywhere()
    assert refusal(org, "proposal.open", body("spending", pay(to, 501, party))) == "reserve_cap"
    id_ = put(world, body("spending", pay(to, 300, party)), org)
    world.main.write("proposal.second", {"proposal": Link(id_)})
    world.seal()
    world.everywhere()
    assert balance(world, party) == 700
    assert refusal(org, "proposal.open", body("spending", pay(to, 201, party))) == "reserve_cap"
    assert refusal(org, "proposal.open", body("spending", pay(to, 200, party))) == ""


def test_what_is_set_aside_is_capped_when_it_is_set_aside(world: World) -> None:
    """A treasury that others emptied since is not taken whole."""
    person, org = world.add_member()
    to = member_party(person.root.public)
    id_ = put(world, body("spending", pay(to, 400_000)), org)
    world.main.write("token.transfer", transfer(to, 600_000))
    world.seal()
    world.main.write("proposal.second", {"proposal": Link(id_)})
    world.seal()
    assert proposal(world, id_).reserved == ()
    assert balance(world, TREASURY) == 400_000


# -- firms ---------------------------------------------------------------------------------------------------
def firm_of(world: World) -> tuple[bytes, list[Any]]:
    people = [world.add_member("partner") for _ in range(3)]
    world.everywhere()
    signers = [[person.root.public, 900] for person, _ in people[:2]]
    register = {"name": "Mill", "register": "", "signers": signers, "dual": 100}
    firm = people[0][1].write("firm.register", register).id
    world.everywhere()
    world.main.write("token.transfer", transfer(firm_party(firm), 2_000))
    world.seal()
    world.everywhere()
    return firm, people


def test_a_payment_of_a_former_signer_needs_two_new_ones(world: World) -> None:
    firm, [(a, a_org), (b, b_org), (c, c_org)] = firm_of(world)
    order = {"firm": Link(firm), "to": member_party(a.root.public), "unit": "GLD", "amount": 500}
    payment = a_org.write("firm.pay", order).id
    world.everywhere()
    change = {"firm": Link(firm), "signers": [[b.root.public, 900], [c.root.public, 900]], "dual": 100}
    b_org.write("firm.change", change)
    world.everywhere()
    a_org.write("firm.change", change)
    world.everywhere()
    world.seal()
    world.everywhere()
    assert refusal(c_org, "firm.approve", {"payment": Link(payment)}) == "first_signer_gone"
    assert refusal(c_org, "firm.cancel", {"payment": Link(payment)}) == ""


def test_an_expelled_signer_agrees_to_no_handover(world: World) -> None:
    firm, [(a, a_org), (b, b_org), (c, _)] = firm_of(world)
    three = [[p.root.public, 900] for p in (a, b, c)]
    for org in (a_org, b_org):
        org.write("firm.change", {"firm": Link(firm), "signers": three, "dual": 100})
        world.everywhere()
    wanted = {"firm": Link(firm), "signers": [[b.root.public, 900]], "dual": 100}
    a_org.write("firm.change", wanted)
    world.everywhere()
    world.seal()
    adopt(world, body("penalty", {"do": "expel", "member": a.root.public}))
    b_org.write("firm.change", wanted)
    world.everywhere()
    world.seal()
    world.everywhere()
    order = {"firm": Link(firm), "to": member_party(b.root.public), "unit": "GLD", "amount": 500}
    assert refusal(world.replicas[c.device.public], "firm.pay", {**order, "to": TREASURY}) == ""


# -- the stop ------------------------------------------------------------------------------------------------
def test_who_was_overruled_does_not_stop_everything_again_at_once(tmp_path: Path) -> None:
    world = founded(tmp_path, stop_ms=DAY)
    (_, a_org), (_, b_org) = world.add_member("auditor"), world.add_member("auditor")
    world.everywhere()
    a_org.write("emergency.stop", {})
    world.everywhere()
    world.seal()
    world.everywhere()
    adopt(world, body("decision", {"do": "lift"}))
    assert refusal(a_org, "emergency.stop", {}) == "stop_overruled"
    world.main.write("contribution.claim", {"title": "Time passes"})
    close(world, DAY)
    assert refusal(a_org, "emergency.stop", {}) == ""
    assert refusal(b_org, "emergency.stop", {}) == ""


def test_a_stop_does_not_use_up_the_time_to_execute(tmp_path: Path) -> None:
    world = founded(tmp_path, stop_ms=4 * DAY, execution_retry_ms=DAY)
    _, org = world.add_member("auditor")
    party = member_party(world.founder.root.public)
    id_ = put(world, body("spending", pay(party)))
    vote(world.main, id_)
    org.write("emergency.stop", {})
    close(world)
    assert proposal(world, id_).reason == "spending_stopped"
    world.seal(4 * DAY)
    assert proposal(world, id_).execution == "failed"
    world.main.write("proposal.execute", {"proposal": Link(id_)})
    world.seal()
    assert proposal(world, id_).execution == "done"


# -- votes -----------------------------------------------------------------------------------------------------
def test_when_all_have_voted_nothing_can_swing(tmp_path: Path) -> None:
    world = founded(tmp_path, locked_ballots=1, swing_bp=5_000, swing_ms=DAY)
    _, org = world.add_member()
    world.everywhere()
    id_ = put(world, body("decision", voting=100_000))
    world.seal(60_000)
    world.everywhere()
    for one in (world.main, org):
        vote(one, id_)
    world.everywhere()
    world.seal()
    assert proposal(world, id_).status == "passed"


def test_who_may_no_longer_propose_does_not_revise(tmp_path: Path) -> None:
    world = founded(tmp_path, **{"decision.proposer": 1})
    person, org = world.add_member("steward")
    world.everywhere()
    id_ = put(world, body("decision", discussion=DAY), org)
    gone = {"do": "unassign", "member": person.root.public, "role": "steward", "department": None}
    adopt(world, body("role", gone, assign(person.root.public, "member")))
    revision = {"proposal": Link(id_), "title": "R", "options": []}
    assert refusal(org, "proposal.revise", revision) == "kind_not_yours"
    assert refusal(org, "proposal.withdraw", {"proposal": Link(id_)}) == ""


def test_a_circle_by_different_scopes_is_lost_power(world: World) -> None:
    """Neither delegation closes a circle of its own scope; on a proposal of the topic they do."""
    (a, a_org), (b, b_org) = world.add_member(), world.add_member()
    world.everywhere()
    assert refusal(a_org, "vote.delegate", {"to": b.root.public}) == ""
    assert refusal(b_org, "vote.delegate", {"to": a.root.public, "topic": "money"}) == ""
    world.everywhere()
    world.seal()
    world.everywhere()
    id_ = put(world, body("decision", topic="money"))
    vote(world.main, id_)
    close(world)
    found = result(world, id_)
    assert (found.scores, found.lost_power, found.carried_power) == (("1", "0", "0"), 2, 0)


def test_what_a_suspended_member_set_aside_stays_the_members(world: World) -> None:
    """A receiver who renounces just then would give it to the treasury."""
    (a, a_org), (b, b_org) = world.add_member(), world.add_member()
    world.main.write("token.transfer", transfer(member_party(a.root.public), 500))
    world.seal()
    world.everywhere()
    plan = {"to": member_party(b.root.public), "unit": "GLD", "amount": 300, "count": 3, "every": DAY, "first": DAY,
            "revocable": False}  # fmt: skip
    id_ = a_org.write("payment.schedule", plan).id
    adopt(world, body("penalty", {"do": "suspend", "member": a.root.public, "period": DAY}))
    b_org.write("payment.stop", {"schedule": Link(id_)})
    world.everywhere()
    world.seal()
    assert balance(world, member_party(a.root.public)) == 500
