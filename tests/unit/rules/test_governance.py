"""What adopted proposals do, who may put them, reservations, delegation, terms, the stop (VOTE-3 to 6, ORG-3 to 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Adopted, Amendment, Budget, Department, Org, Role, Unit
from dao_app.core.keys import (
    ORG_KEY,
    TREASURY,
    adopted_key,
    amendment_key,
    budget_key,
    department_key,
    department_party,
    member_party,
    reserve_party,
    role_key,
    unit_key,
)
from dao_app.core.rules.charter import PARAMETERS
from tests.fakes.world import World
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


# -- money ---------------------------------------------------------------------------------------
def test_an_adopted_spending_proposal_pays_exactly_once(world: World) -> None:
    person, _ = world.add_member()
    party = member_party(person.root.public)
    id_ = adopt(world, body("spending", pay(party), pay(party, 50)))
    assert proposal(world, id_).execution == "done"
    assert balance(world, party) == 150
    assert balance(world, TREASURY) == 1_000_000 - 150
    assert refusal(world.main, "proposal.execute", {"proposal": Link(id_)}) == "nothing_to_execute"
    world.seal(DAY)
    assert balance(world, party) == 150


def test_seconded_sums_are_set_aside_and_cannot_be_spent_twice(world: World) -> None:
    person, org = world.add_member()
    party = member_party(person.root.public)
    id_ = put(world, body("spending", pay(party, 400_000)))
    assert proposal(world, id_).reserved == ()
    assert refusal(world.main, "proposal.second", {"proposal": Link(id_)}) == "own_proposal"
    org.write("proposal.second", {"proposal": Link(id_)})
    assert refusal(org, "proposal.second", {"proposal": Link(id_)}) == "already_seconded"
    world.everywhere()
    world.seal()
    world.everywhere()
    assert proposal(world, id_).reserved == ((TREASURY, "GLD", 400_000),)
    assert balance(world, TREASURY) == 600_000
    assert balance(world, reserve_party(id_)) == 400_000
    other = {"unit": "GLD", "amount": 700_000, "to": party, "for": TREASURY}
    assert refusal(world.main, "token.transfer", other) == "balance_too_low"
    vote(world.main, id_, "no")
    close(world)
    assert proposal(world, id_).status == "not_passed"
    assert balance(world, TREASURY) == 1_000_000
    assert balance(world, reserve_party(id_)) == 0
    unit = world.main.replay.final.entity(unit_key("GLD"))
    assert isinstance(unit, Unit) and unit.reserved == 0


def test_withdrawing_gives_back_what_was_set_aside(world: World) -> None:
    person, org = world.add_member()
    id_ = put(world, body("spending", pay(member_party(person.root.public), 400_000)))
    org.write("proposal.second", {"proposal": Link(id_)})
    world.everywhere()
    world.seal()
    world.main.write("proposal.withdraw", {"proposal": Link(id_)})
    world.seal()
    assert balance(world, TREASURY) == 1_000_000
    assert member(world, world.founder).reserving == ()


def test_one_author_cannot_ask_for_the_whole_treasury(world: World) -> None:
    """Threat 43."""
    person, org = world.add_member()
    party = member_party(person.root.public)
    half = body("spending", pay(party, 300_000))
    put(world, half, org)
    assert refusal(org, "proposal.open", half) == "reserve_cap"
    assert refusal(world.main, "proposal.open", body("spending", pay(party, 500_001))) == "reserve_cap"
    assert refusal(world.main, "proposal.open", half) == ""
    close(world)
    assert member(world, person).reserving == ()
    assert refusal(org, "proposal.open", half) == ""


def test_an_unseconded_proposal_reserves_nothing_but_can_pass(world: World) -> None:
    person, _ = world.add_member()
    party = member_party(person.root.public)
    first = put(world, body("spending", pay(party, 400_000)))
    world.main.write("token.transfer", {"unit": "GLD", "amount": 700_000, "to": party, "for": TREASURY})
    vote(world.main, first)
    close(world)
    found = proposal(world, first)
    assert (found.status, found.execution, found.reason) == ("passed", "failed", "treasury_too_low")
    assert balance(world, TREASURY) == 300_000
    world.replicas[person.device.public].write("token.transfer", {"unit": "GLD", "amount": 500_000, "to": TREASURY})
    world.everywhere()
    world.seal()
    world.main.write("proposal.execute", {"proposal": Link(first)})
    world.seal()
    found = proposal(world, first)
    assert (found.execution, found.reason) == ("done", "")
    assert balance(world, party) == 700_000 - 500_000 + 400_000


def test_a_failed_execution_expires_and_gives_back(world: World) -> None:
    person, org = world.add_member()
    party = member_party(person.root.public)
    id_ = put(world, body("spending", pay(party, 400_000)))
    org.write("proposal.second", {"proposal": Link(id_)})
    vote(org, id_)
    world.everywhere()
    world.seal()
    org.write("member.leave", {})
    close(world)
    found = proposal(world, id_)
    assert (found.execution, found.reason) == ("failed", "party_unknown")
    assert balance(world, reserve_party(id_)) == 400_000
    world.seal(PARAMETERS["execution_retry_ms"].default)
    assert proposal(world, id_).execution == "expired"
    assert balance(world, TREASURY) == 1_000_000
    assert refusal(world.main, "proposal.execute", {"proposal": Link(id_)}) == "execution_over"


def test_an_execution_happens_whole_or_not_at_all(world: World) -> None:
    person, _ = world.add_member()
    party = member_party(person.root.public)
    id_ = put(world, body("spending", pay(party, 100), pay(party, 400_000)))
    world.main.write("token.transfer", {"unit": "GLD", "amount": 700_000, "to": party, "for": TREASURY})
    vote(world.main, id_)
    close(world)
    assert proposal(world, id_).execution == "failed"
    assert balance(world, party) == 700_000


def test_a_bond_stands_for_a_seconder_and_returns_with_the_quorum(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"bond": 1_000, "quorum_bp": 5_000})
    world.seal()
    person, org = world.add_member()
    party = member_party(person.root.public)
    world.main.write("token.transfer", {"unit": "GLD", "amount": 2_000, "to": party, "for": TREASURY})
    world.seal()
    world.everywhere()
    assert refusal(org, "proposal.open", body("spending", pay(party), bond=999)) == "bond_too_low"
    assert refusal(org, "proposal.open", body("spending", pay(party), bond=2_001)) == "balance_too_low"
    kept = put(world, body("spending", pay(party), bond=1_000), org)
    assert proposal(world, kept).reserved
    assert balance(world, party) == 1_000
    vote(org, kept, "no")
    close(world)
    assert balance(world, party) == 2_000
    put(world, body("spending", pay(party), bond=1_000), org)
    close(world)
    assert balance(world, party) == 1_000  # nobody voted: it went to the treasury
    assert balance(world, TREASURY) == 1_000_000 - 1_000


def test_issue_by_vote_within_the_caps(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"direct_issue": 0, "issue_period_bp": 1_000, "issue_period_ms": DAY})
    world.seal()
    order = {"unit": "GLD", "amount": 10, "to": TREASURY}
    assert refusal(world.main, "token.issue", order) == "issue_by_vote_only"
    over = {"do": "issue", "to": TREASURY, "unit": "GLD", "amount": 1_000_001}
    assert refusal(world.main, "proposal.open", body("issuance", over)) == "issue_period_cap"
    half = body("issuance", {**over, "amount": 600_000})
    adopt(world, half)
    assert balance(world, TREASURY) == 1_600_000
    assert refusal(world.main, "proposal.open", half) == "issue_period_cap"
    world.main.write("contribution.claim", {"title": "Time passes"})
    world.seal(DAY)
    adopt(world, half)
    tops = {**over, "amount": 9_000_000}
    assert refusal(world.main, "proposal.open", body("issuance", tops)) == "cap_exceeded"


def test_budgets_go_to_departments_and_return_unspent(world: World) -> None:
    department = world.main.write("department.open", {"name": "Operations", "parent": None}).id
    world.seal()
    effect = {"do": "budget", "department": department, "unit": "GLD", "amount": 1_000, "period": DAY}
    id_ = adopt(world, body("spending", effect))
    assert balance(world, department_party(department)) == 1_000
    steward, org = world.add_member()
    give = {"department": Link(department), "member": steward.root.public, "role": "treasurer"}
    world.main.write("role.give", give)
    world.seal()
    world.everywhere()
    party = department_party(department)
    order = {"unit": "GLD", "amount": 300, "to": member_party(steward.root.public), "for": party}
    assert refusal(org, "token.transfer", {**order, "for": TREASURY}) == "not_allowed"
    org.write("token.transfer", order)
    close(world, DAY)
    assert balance(world, party) == 0
    assert balance(world, TREASURY) == 1_000_000 - 300
    budget = world.main.replay.final.entity(budget_key(id_, 0))
    assert isinstance(budget, Budget) and budget.until == 0


# -- charter -------------------------------------------------------------------------------------
def test_the_charter_changes_by_vote_within_bounds_and_steps(world: World) -> None:
    def amend(name: str, value: int | None) -> dict[str, Any]:
        return body("amendment", {"do": "amend", "name": name, "value": value})

    for name, value, code in (
        ("nonsense", 1, "charter_unknown"),
        ("quorum_bp", None, "charter_unknown"),
        ("quorum_bp", 10_001, "charter_bounds"),
        ("quorum_bp", 2_001, "charter_step"),
        ("voting_least_ms", 10_001, "charter_bounds"),
        ("min_support_power", 5, "lockout"),
        ("amendment.power", 1, "lockout"),
    ):
        assert refusal(world.main, "proposal.open", amend(name, value)) == code, name
    assert charter(world)["quorum_bp"] == 0
    id_ = adopt(world, amend("quorum_bp", 2_000))
    assert charter(world)["quorum_bp"] == 2_000
    adopt(world, amend("spending.quorum_bp", 3_000))
    assert charter(world)["spending.quorum_bp"] == 3_000
    adopt(world, amend("spending.quorum_bp", None))
    assert "spending.quorum_bp" not in charter(world)
    found = world.main.replay.final.entity(amendment_key(1))
    assert isinstance(found, Amendment)
    assert (found.name, found.old, found.new, found.proposal) == ("quorum_bp", 0, 2_000, id_)


def test_kinds_have_rules_of_their_own(tmp_path: Path) -> None:
    world = World(tmp_path, charter={
        "spending.proposer": 1, "spending.discussion_ms": 4_000, "spending.support_bp": 9_000, "decision.method": 2,
    })  # fmt: skip
    world.seal()
    person, org = world.add_member()
    effect = pay(member_party(person.root.public))
    assert refusal(org, "proposal.open", body("spending", effect)) == "kind_not_yours"
    assert refusal(world.main, "proposal.open", body("spending", effect)) == "period_out_of_bounds"
    assert refusal(org, "proposal.open", body("decision")) == "method_not_for_kind"
    id_ = put(world, body("spending", effect, discussion=4_000))
    assert proposal(world, id_).status == "discussion"
    close(world, 4_000)
    vote(world.main, id_)
    vote(org, id_, "no")
    close(world)
    assert result(world, id_).outcome == "not_passed"  # a half is not above nine tenths


def test_texts_are_adopted_and_replaced(world: World) -> None:
    old = adopt(world, body("adoption", {"do": "adopt", "title": "Code of conduct", "replaces": None}))
    new = adopt(world, body("adoption", {"do": "adopt", "title": "Code of conduct 2", "replaces": old}))
    before, after = (world.main.replay.final.entity(adopted_key(id_)) for id_ in (old, new))
    assert isinstance(before, Adopted) and isinstance(after, Adopted)
    assert (before.replaced, after.replaced) == (new, None)
    again = body("adoption", {"do": "adopt", "title": "C", "replaces": old})
    assert refusal(world.main, "proposal.open", again) == "text_missing"


# -- who puts what -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (body("coup"), "kind_unknown"),
        (body("decision", department=Link(b"\x07" * 32)), "department_unknown"),
        (body("decision", method="dice"), "method_unknown"),
        (body("decision", parameters={"seats": 2}), "method_parameters"),
        (body("decision", effects=7), "effects_too_large"),
        (body("decision", effects=[7]), "effect_bad"),
        (body("decision", {"do": "magic"}), "effect_unknown"),
        (body("spending", {"do": "pay"}), "effect_bad"),
        (body("spending", {**pay(TREASURY), "extra": 1}), "effect_bad"),
        (body("spending"), "effects_missing"),
        (body("decision", pay(TREASURY)), "effect_not_for_kind"),
        (body("spending", pay(TREASURY), method="single", options=["a", "b"]), "method_not_for_kind"),
        (body("decision", voting=999), "period_out_of_bounds"),
        (body("decision", bond=5), "bond_too_low"),
        (body("spending", pay(TREASURY)), "to_self"),
        (body("spending", pay(b"m" + b"\x09" * 32)), "party_unknown"),
        (body("spending", pay(TREASURY, 0)), "amount_not_positive"),
        (body("spending", pay(TREASURY, 2**53 - 1)), "to_self"),
        (body("penalty", {"do": "expel", "member": b"\x09" * 32}), "member_unknown"),
        (body("role", assign(b"\x09" * 32, "steward")), "member_unknown"),
        (body("role", {"do": "move_department", "department": b"\x09" * 32, "parent": None}), "department_unknown"),
    ],
)
def test_named_rejections_before_signing(world: World, content: dict[str, Any], code: str) -> None:
    assert refusal(world.main, "proposal.open", content) == code


def test_nobody_is_left_out(world: World) -> None:
    """A proposal that would lock everybody out is refused before it is signed."""
    root = world.founder.root.public
    for content in (
        body("penalty", {"do": "expel", "member": root}),
        body("penalty", {"do": "suspend", "member": root, "period": DAY}),
        body("role", {"do": "unassign", "member": root, "role": "founder", "department": None}),
    ):
        assert refusal(world.main, "proposal.open", content) == "lockout"
    assert refusal(world.main, "member.leave", {}) == "lockout"


def test_revisions_make_versions_and_leave_time(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"discussion_ms": 5_000})
    world.seal()
    person, org = world.add_member()
    party = member_party(person.root.public)
    id_ = put(world, body("spending", pay(party, 100), discussion=6_000))
    world.seal(4_000)
    revision = {"proposal": Link(id_), "title": "Better", "options": [], "effects": [pay(party, 700)]}
    assert refusal(org, "proposal.revise", revision) == "not_author"
    bad = {**revision, "effects": [pay(party, 10**9)]}
    assert refusal(world.main, "proposal.revise", bad) == "treasury_too_low"
    world.main.write("proposal.revise", revision)
    world.seal()
    found = proposal(world, id_)
    assert (found.version, found.title) == (2, "Better")
    assert found.opens == world.clock.now + 5_000
    world.seal(3_000)
    assert proposal(world, id_).status == "discussion"
    world.seal(2_000)
    assert proposal(world, id_).status == "voting"
    assert refusal(world.main, "proposal.revise", revision) == "discussion_over"
    world.everywhere()
    vote(org, id_)
    close(world)
    assert balance(world, party) == 700


# -- votes ---------------------------------------------------------------------------------------
def test_locked_ballots_close_early_and_do_not_change(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"locked_ballots": 1})
    world.seal()
    _, org = world.add_member()
    id_ = put(world, body("decision"))
    vote(world.main, id_)
    assert refusal(world.main, "vote.cast", {"proposal": Link(id_), "choice": "no"}) == "ballot_locked"
    world.seal()
    assert proposal(world, id_).status == "voting"
    world.everywhere()
    vote(org, id_)
    world.everywhere()
    world.seal()
    assert proposal(world, id_).status == "passed"
    assert result(world, id_).voted == 2
    world.seal(VOTING * 2)
    assert proposal(world, id_).status == "passed"


def test_a_late_swing_extends_once(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"swing_bp": 2_000, "swing_ms": 3_000})
    world.seal()
    orgs = [world.main, *(world.add_member()[1] for _ in range(2))]
    world.everywhere()
    id_ = put(world, body("decision"))
    vote(orgs[0], id_, "yes")
    world.everywhere()
    world.seal(2_000)
    world.seal(2_000)  # four fifths are over: yes leads
    world.everywhere()
    vote(orgs[1], id_, "no")
    vote(orgs[2], id_, "no")
    close(world, 1_500)
    found = proposal(world, id_)
    assert (found.status, found.extended) == ("voting", True)
    close(world, 3_000)
    assert proposal(world, id_).status == "not_passed"


def test_powers_by_tokens_are_those_before_the_opening(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"decision.power": 1})
    world.seal()
    people = [world.add_member() for _ in range(2)]
    for (person, _), amount in zip(people, (700, 300), strict=True):
        to = member_party(person.root.public)
        world.main.write("token.transfer", {"unit": "GLD", "amount": amount, "to": to, "for": TREASURY})
    world.seal()
    world.everywhere()
    id_ = put(world, body("decision"))
    first = people[0][1]
    first.write("token.transfer", {"unit": "GLD", "amount": 700, "to": member_party(people[1][0].root.public)})
    world.everywhere()
    world.seal()
    assert refusal(world.main, "vote.cast", {"proposal": Link(id_), "choice": "yes"}) == "not_in_electorate"
    vote(first, id_, "yes")
    vote(people[1][1], id_, "no")
    close(world)
    assert result(world, id_).scores == ("700", "300", "0")
    assert result(world, id_).electorate_power == 1_000


def test_a_department_votes_on_its_own(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"decision.power": 4})
    world.seal()
    (inside, in_org), (_, out_org) = world.add_member(), world.add_member()
    department = world.main.write("department.open", {"name": "Ops", "parent": None}).id
    world.seal()
    below = world.main.write("department.open", {"name": "Night", "parent": Link(department)}).id
    world.main.write(
        "role.give", {"department": Link(below), "member": inside.root.public, "role": "member"}
    )
    world.seal()
    world.everywhere()
    assert refusal(world.main, "proposal.open", body("decision")) == "power_kind_bad"
    id_ = put(world, body("decision", department=Link(department)))
    assert refusal(out_org, "vote.cast", {"proposal": Link(id_), "choice": "yes"}) == "not_in_electorate"
    vote(in_org, id_)
    close(world)
    assert (result(world, id_).electorate_power, result(world, id_).outcome) == (1, "passed")


def test_what_a_department_votes_on_can_be_revised(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"decision.power": 4})
    world.seal()
    department = world.main.write("department.open", {"name": "Ops", "parent": None}).id
    world.seal()
    id_ = put(world, body("decision", department=Link(department), discussion=60_000))
    world.main.write("proposal.revise", {"proposal": Link(id_), "title": "Better", "options": []})
    world.seal()
    assert proposal(world, id_).title == "Better"


def test_the_electorate_keeps_its_votes_when_roles_change(world: World) -> None:
    person, org = world.add_member()
    id_ = put(world, body("decision"))
    change = body("role", {"do": "unassign", "member": person.root.public, "role": "member", "department": None})
    other = put(world, {**change, "voting": 1_000})
    vote(world.main, other)
    close(world, 1_000)
    assert member(world, person).grants == ()
    later = put(world, body("decision"))
    assert refusal(org, "vote.cast", {"proposal": Link(later), "choice": "yes"}) == "not_in_electorate"
    assert proposal(world, later).voters == 1
    vote(org, id_, "no")
    close(world)
    assert result(world, id_).scores == ("0", "1", "0")


# -- delegation ----------------------------------------------------------------------------------
def test_the_narrowest_delegation_holds_and_an_own_vote_overrides(world: World) -> None:
    people = [world.add_member() for _ in range(4)]
    world.everywhere()
    (a, a_org), (b, b_org), (c, c_org), (d, d_org) = people
    a_org.write("vote.delegate", {"to": b.root.public})
    a_org.write("vote.delegate", {"to": c.root.public, "topic": "money"})
    b_org.write("vote.delegate", {"to": d.root.public})
    c_org.write("vote.delegate", {"to": d.root.public, "topic": "other"})
    world.everywhere()
    world.seal()
    world.everywhere()
    assert refusal(d_org, "vote.delegate", {"to": a.root.public}) == "delegation_cycle"
    assert refusal(d_org, "vote.delegate", {"to": d.root.public}) == "delegate_self"
    assert refusal(d_org, "vote.delegate", {"to": b"\x09" * 32}) == "delegate_unknown"
    assert refusal(d_org, "vote.delegate", {"to": None}) == "delegation_none"
    plain = put(world, body("decision"))
    money = put(world, body("decision", topic="money"))
    for id_ in (plain, money):
        vote(d_org, id_, "no")
        vote(world.main, id_, "yes")
    vote(b_org, money, "yes")
    close(world)
    found = result(world, plain)
    assert found.scores == ("1", "3", "0")  # d carries b, who carries a
    assert (found.carried_power, found.lost_power, found.voted) == (2, 0, 2)
    found = result(world, money)
    assert found.scores == ("2", "1", "0")  # b votes; a follows c, who neither votes nor delegates this topic
    assert (found.carried_power, found.lost_power) == (0, 1)


def test_a_delegation_is_revocable_until_the_close(world: World) -> None:
    (a, a_org), (b, b_org) = world.add_member(), world.add_member()
    world.everywhere()
    a_org.write("vote.delegate", {"to": b.root.public})
    id_ = put(world, body("decision"))
    vote(b_org, id_)
    a_org.write("vote.delegate", {"to": None})
    close(world)
    assert result(world, id_).scores == ("1", "0", "0")
    assert a.root.public != b.root.public


# -- roles, members, departments -----------------------------------------------------------------
def test_roles_are_given_by_vote_with_a_term(world: World) -> None:
    person, org = world.add_member()
    root = person.root.public
    id_ = adopt(world, body("role", assign(root, "steward", None, DAY)))
    grant = member(world, person).grants[-1]
    assert (grant.role, grant.cause, grant.until) == ("steward", id_, world.clock.now + DAY)
    assert refusal(world.main, "proposal.open", body("role", assign(root, "steward"))) == "role_held"
    assert refusal(org, "department.open", {"name": "X", "parent": None}) == ""
    close(world, DAY)
    assert member(world, person).roles == ("member",)
    assert refusal(org, "department.open", {"name": "Y", "parent": None}) == "not_allowed"


def test_an_organisation_defines_roles_of_its_own(world: World) -> None:
    def define(**changes: Any) -> dict[str, Any]:
        base = {"do": "define_role", "code": "keeper", "name_en": "Keeper", "name_zh": "保管员",
                "permissions": ["task.fund", "treasury.spend"]}  # fmt: skip
        return body("amendment", {**base, **changes})

    assert refusal(world.main, "proposal.open", define(code="steward")) == "role_taken"
    assert refusal(world.main, "proposal.open", define(permissions=["fly"])) == "permission_unknown"
    assert refusal(world.main, "proposal.open", define(permissions=["vote.cast"])) == "permission_unknown"
    person, org = world.add_member()
    adopt(world, define())
    assert isinstance(world.main.replay.final.entity(role_key("keeper")), Role)
    order = {"unit": "GLD", "amount": 5, "to": member_party(person.root.public), "for": TREASURY}
    assert refusal(org, "token.transfer", order) == "not_allowed"
    adopt(world, body("role", assign(person.root.public, "keeper")))
    assert refusal(org, "token.transfer", order) == ""


def test_members_are_suspended_expelled_and_admitted_again(world: World) -> None:
    person, org = world.add_member()
    root = person.root.public
    adopt(world, body("penalty", {"do": "suspend", "member": root, "period": DAY}))
    assert member(world, person).status == "suspended"
    claim = ("contribution.claim", {"title": "C"})
    assert refusal(org, *claim) == "suspended"
    close(world, DAY)
    assert member(world, person).status == "active"
    adopt(world, body("penalty", {"do": "expel", "member": root}))
    assert member(world, person).status == "expelled"
    assert refusal(org, *claim) == "not_a_member"
    adopt(world, body("role", {"do": "admit", "member": root}))
    assert refusal(org, *claim) == ""
    org.write("member.leave", {})
    world.everywhere()
    world.seal()
    assert member(world, person).status == "left"
    assert len(member(world, person).spans) == 3


def test_who_was_expelled_is_met_no_more_but_honest_actions_that_hang_on_theirs_are_kept(world: World) -> None:
    person, org = world.add_member()
    device = person.device.public
    adopt(world, body("penalty", {"do": "expel", "member": person.root.public}))
    assert world.main.standing(device) == "refused"
    assert world.main.certified(device) == "active"
    stale = world.replica(person, name="stale")  # does not know of the vote, and goes on signing
    for known, head in world.main.heads().items():
        stale.admit_now(world.main.envelopes(known, 1, head.seq, 1 << 30))
    stale.admit_certificates_now(world.main.certificates(1, 1 << 30)[:2])
    written = stale.write("contribution.claim", {"title": "Too late"})
    report = world.main.admit_now(stale.envelopes(device, org.heads()[device].seq + 1, written.seq, 1 << 30))
    assert report.stored == 1
    world.seal()
    assert world.main.store.verdict(written.id) == "not_a_member"


def test_admission_by_vote(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"admission_vote": 1})
    world.seal()
    person, org = world.add_member()
    assert member(world, person).status == "applicant"
    assert refusal(org, "contribution.claim", {"title": "C"}) == "still_applicant"
    adopt(world, body("role", {"do": "admit", "member": person.root.public}))
    assert member(world, person).status == "active"
    again = body("role", {"do": "admit", "member": person.root.public})
    assert refusal(world.main, "proposal.open", again) == "member_active"


def test_a_fine_takes_from_the_balance_what_is_there(world: World) -> None:
    person, _ = world.add_member()
    fine = {"do": "fine", "member": person.root.public, "unit": "GLD", "amount": 50}
    assert refusal(world.main, "proposal.open", body("penalty", fine)) == "balance_too_low"
    party = member_party(person.root.public)
    world.main.write("token.transfer", {"unit": "GLD", "amount": 80, "to": party, "for": TREASURY})
    world.seal()
    world.everywhere()
    adopt(world, body("penalty", fine))
    assert balance(world, party) == 30


def test_departments_are_a_tree(world: World) -> None:
    top = world.main.write("department.open", {"name": "Top", "parent": None}).id
    mid = world.main.write("department.open", {"name": "Mid", "parent": Link(top)}).id
    low = world.main.write("department.open", {"name": "Low", "parent": Link(mid)}).id
    for parent in (top, mid, low):
        move = {"department": Link(top), "parent": Link(parent)}
        assert refusal(world.main, "department.move", move) == "department_cycle"
    assert refusal(world.main, "department.close", {"department": Link(mid)}) == "department_not_empty"
    world.main.write("department.move", {"department": Link(low), "parent": Link(top)})
    world.main.write("department.close", {"department": Link(mid)})
    world.seal()
    found = world.main.replay.final.entity(department_key(low))
    assert isinstance(found, Department) and (found.parent, found.depth) == (top, 2)
    gone = {"department": Link(low), "parent": Link(mid)}
    assert refusal(world.main, "department.move", gone) == "department_unknown"
    at = top
    for _ in range(15):
        at = world.main.write("department.open", {"name": "Deeper", "parent": Link(at)}).id
    assert refusal(world.main, "department.open", {"name": "D", "parent": Link(at)}) == "department_deep"


def test_a_departments_steward_manages_it_and_all_below(world: World) -> None:
    person, org = world.add_member()
    other, _ = world.add_member()
    root = person.root.public
    top = world.main.write("department.open", {"name": "Top", "parent": None}).id
    side = world.main.write("department.open", {"name": "Side", "parent": None}).id
    give = {"department": Link(top), "member": root, "role": "steward"}
    world.main.write("role.give", give)
    world.seal()
    world.everywhere()
    low = org.write("department.open", {"name": "Low", "parent": Link(top)}).id
    assert refusal(org, "department.open", {"name": "No", "parent": Link(side)}) == "not_allowed"
    mate = {"department": Link(low), "member": other.root.public, "role": "member"}
    org.write("role.give", mate)
    assert refusal(org, "role.give", mate) == "role_held"
    assert refusal(org, "role.give", {**mate, "role": "treasurer"}) == "role_not_yours"
    assert refusal(org, "role.give", {**mate, "department": Link(side)}) == "not_allowed"
    org.write("role.take", mate)
    assert refusal(org, "role.take", mate) == "role_not_held"
    org.write("role.take", give)  # laying down one's own office
    assert refusal(org, "department.open", {"name": "Z", "parent": Link(top)}) == "not_allowed"


def test_departments_founded_by_vote(world: World) -> None:
    id_ = adopt(world, body("role", {"do": "found_department", "name": "Outreach", "parent": None}))
    found = world.main.replay.final.entity(department_key(digest(id_ + b"\x00")))
    assert isinstance(found, Department) and found.cause == id_


# -- elections, stop, firms ----------------------------------------------------------------------
def test_an_election_gives_the_office_to_whom_won(world: World) -> None:
    people = [world.add_member() for _ in range(3)]
    world.everywhere()
    elect = {"do": "elect", "role": "steward", "department": None, "seats": 2, "term": 0,
             "candidates": [p.root.public for p, _ in people]}  # fmt: skip
    names = ["A", "B", "C"]
    content = body("election", elect, method="approval", options=names)
    assert refusal(world.main, "proposal.open", {**content, "options": ["A", "B"]}) == "options_bad"
    assert refusal(world.main, "proposal.open", body("election", elect)) == "method_not_for_kind"
    id_ = put(world, content)
    vote(people[0][1], id_, [1, 3])
    vote(people[1][1], id_, [3])
    vote(people[2][1], id_, [1, 3])
    close(world)
    assert proposal(world, id_).execution == "done"
    assert ["steward" in member(world, p).roles for p, _ in people] == [True, False, True]
    tied = put(world, content)
    vote(people[0][1], tied, [1, 2])
    vote(people[1][1], tied, [2, 3])
    vote(people[2][1], tied, [2])
    close(world)
    assert (proposal(world, tied).execution, proposal(world, tied).reason) == ("failed", "election_tied")


def test_auditors_stop_spending_for_a_time(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"stop_auditors": 2, "stop_ms": 4 * 3_600_000})
    world.seal()
    (a, a_org), (_, b_org) = world.add_member("auditor"), world.add_member("auditor")
    world.everywhere()
    party = member_party(a.root.public)
    order = {"unit": "GLD", "amount": 5, "to": party, "for": TREASURY}
    assert refusal(world.main, "emergency.stop", {}) == "not_allowed"
    a_org.write("emergency.stop", {})
    assert refusal(a_org, "emergency.stop", {}) == "already_asked"
    world.everywhere()
    world.seal()
    assert refusal(world.main, "token.transfer", order) == ""
    world.everywhere()
    b_org.write("emergency.stop", {})
    world.everywhere()
    world.seal()
    world.everywhere()
    for type_, content in (("token.transfer", order), ("token.issue", {k: order[k] for k in ("unit", "amount", "to")})):
        assert refusal(world.main, type_, content) == "spending_stopped"
    assert refusal(world.main, "proposal.open", body("spending", pay(party))) == "spending_stopped"
    adopt(world, body("decision", {"do": "lift"}))
    assert refusal(world.main, "token.transfer", order) == ""
    close(world, 4 * 3_600_000)  # whom the vote overruled waits so long
    for org in (a_org, b_org):
        org.write("emergency.stop", {})
        world.everywhere()
    world.seal()
    assert refusal(world.main, "token.transfer", order) == "spending_stopped"
    world.seal(4 * 3_600_000)
    assert refusal(world.main, "token.transfer", order) == ""


def test_a_firm_pays_with_two_signers(world: World) -> None:
    (a, a_org), (b, b_org), (c, c_org) = (world.add_member("partner") for _ in range(3))
    world.everywhere()
    signers = [[a.root.public, 500], [b.root.public, 900]]
    register = {"name": "Mill Ltd", "register": "91310000MA1K", "signers": signers, "dual": 100}
    assert refusal(c_org, "firm.register", register) == "firm_signers"
    firm = a_org.write("firm.register", register).id
    world.everywhere()
    party = b"f" + firm
    world.main.write("token.transfer", {"unit": "GLD", "amount": 2_000, "to": party, "for": TREASURY})
    world.seal()
    world.everywhere()
    to = member_party(c.root.public)
    order = {"firm": Link(firm), "to": to, "unit": "GLD", "amount": 100}
    assert refusal(c_org, "firm.pay", order) == "not_signer"
    assert refusal(a_org, "firm.pay", {**order, "amount": 501}) == "signer_limit"
    a_org.write("firm.pay", order)
    waiting = a_org.write("firm.pay", {**order, "amount": 300}).id
    assert refusal(a_org, "firm.approve", {"payment": Link(waiting)}) == "second_signer"
    world.everywhere()
    b_org.write("firm.approve", {"payment": Link(waiting)})
    assert refusal(b_org, "firm.approve", {"payment": Link(waiting)}) == "payment_closed"
    world.everywhere()
    world.seal()
    assert (balance(world, to), balance(world, party)) == (400, 1_600)
    takeover = {"firm": Link(firm), "signers": [[c.root.public, 10**6]], "dual": 10**6}
    a_org.write("firm.change", takeover)
    assert refusal(c_org, "firm.pay", order) == "not_signer"  # the other signer has not agreed
    world.everywhere()
    b_org.write("firm.change", takeover)
    world.everywhere()
    world.seal()
    world.everywhere()
    assert refusal(a_org, "firm.pay", order) == "not_signer"
    c_org.write("firm.pay", {**order, "to": TREASURY, "amount": 1_000})


def test_the_organisation_keeps_its_charter_complete(world: World) -> None:
    org = world.main.replay.final.entity(ORG_KEY)
    assert isinstance(org, Org)
    assert set(PARAMETERS) <= set(dict(org.charter))
