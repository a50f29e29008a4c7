"""Tasks: each guard in the order in which it is checked, and every way through (TASK-1 to TASK-5)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_app.core.encoding import Link
from dao_app.core.entities import Contribution, Member
from dao_app.core.keys import (
    TREASURY,
    contribution_key,
    department_party,
    member_key,
    member_party,
    submission_key,
    terms_key,
)
from dao_app.core.limits import ASSIGNEES_MAX, CHECKLIST_MAX, DEPENDENCIES_MAX, FILES_MAX, INT_MAX, LABELS_MAX
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rules.charter import DAY_MS
from dao_app.core.rules.task_money import SHARES, contribution_id
from dao_app.core.state import State
from dao_app.core.task_entities import Submission, Terms
from tests.fakes.desk import Desk
from tests.fakes.world import Person, World

UNKNOWN = b"\x07" * 32
FILE = [b"\x01" * 32, "plan.pdf", 5]


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@pytest.fixture
def team(desk: Desk) -> tuple[Desk, Person, Person, Person]:
    """The desk, its founder and two members."""
    return desk, desk.people[0], desk.join(), desk.join()


def party(person: Person) -> bytes:
    return member_party(person.root.public)


# -- opening and terms ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"department": Link(UNKNOWN), "unit": "XXX"}, "department_unknown"),
        ({"unit": "", "amount": 5, "lifetime": 1}, "unit_unknown"),
        ({"unit": "EUR", "lifetime": 1}, "unit_unknown"),
        ({"amount": 0, "lifetime": 1}, "amount_not_positive"),
        ({"amount": -1}, "malformed"),
        ({"amount": INT_MAX + 1}, "malformed"),
        ({"amount": INT_MAX, "lifetime": 1}, "period_out_of_bounds"),
        ({"payer": b"m" + UNKNOWN, "lifetime": 1}, "not_allowed"),
        ({"payer": department_party(UNKNOWN)}, "party_unknown"),
        ({"payer": b"e" + UNKNOWN}, "malformed"),
        ({"lifetime": 999, "every": 400}, "period_out_of_bounds"),
        ({"every": 367, "priority": "soon"}, "period_out_of_bounds"),
        ({"due": 253_402_300_800_000, "priority": "soon"}, "period_out_of_bounds"),
        ({"priority": "soon", "labels": ["a", "a"]}, "priority_unknown"),
        ({"labels": ["a", "a"], "estimate": 10**7}, "labels_bad"),
        ({"labels": [str(n) for n in range(LABELS_MAX + 1)]}, "malformed"),
        ({"estimate": 10**7, "seats": 0}, "count_too_large"),
        ({"seats": 0, "files": [FILE, FILE]}, "assignees_bad"),
        ({"seats": ASSIGNEES_MAX + 1}, "assignees_bad"),
        ({"files": [FILE, FILE], "depends": [Link(UNKNOWN)]}, "files_bad"),
        ({"files": [[b"\x01" * 32, "a", n] for n in range(FILES_MAX + 1)]}, "malformed"),
        ({"files": [[b"\x01" * 31, "a", 1]]}, "malformed"),
        ({"checklist": ["x"] * (CHECKLIST_MAX + 1)}, "malformed"),
        ({"checklist": ["two\nlines"]}, "malformed"),
        ({"depends": [Link(UNKNOWN)], "amount": INT_MAX}, "dependency_unknown"),
        ({"depends": [Link(UNKNOWN)] * (DEPENDENCIES_MAX + 1)}, "malformed"),
        ({"amount": INT_MAX}, "balance_too_low"),
        ({"due": 1}, ""),
    ],
)
def test_opening(desk: Desk, terms: dict[str, Any], code: str) -> None:
    body = {"title": "Work", "unit": "GLD", "amount": 100, "payer": TREASURY, "lifetime": 0, **terms}
    assert desk.refusal(desk.people[0], "task.open", **body) == code


def test_who_may_open_with_whose_money(desk: Desk) -> None:
    founder, member, observer = desk.people[0], desk.join(), desk.join("observer")
    usual = {"title": "Work", "unit": "GLD", "amount": 1, "lifetime": 0}
    assert desk.refusal(observer, "task.open", **{**usual, "unit": "", "amount": 0, "payer": TREASURY}) == "not_allowed"
    assert desk.refusal(member, "task.open", **usual, payer=TREASURY) == "not_allowed"
    assert desk.refusal(member, "task.open", **usual, payer=party(founder)) == "not_allowed"
    assert desk.refusal(member, "task.open", **usual, payer=party(member)) == "balance_too_low"
    desk.write(founder, "token.transfer", unit="GLD", amount=1, to=party(member), **{"for": TREASURY})
    desk.seal()
    assert desk.refusal(member, "task.open", **usual, payer=party(member)) == ""


def test_members_fund_no_tasks_where_the_charter_says_so(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"members_open_tasks": 0})
    world.seal()
    desk = Desk(world)
    member = desk.join()
    body = {"title": "Work", "unit": "", "amount": 0, "payer": TREASURY, "lifetime": 0}
    assert desk.refusal(member, "task.open", **body) == "not_allowed"
    assert desk.refusal(desk.people[0], "task.open", **body) == ""


def test_terms_are_kept_and_usual_ones_need_no_entity(desk: Desk) -> None:
    founder = desk.people[0]
    plain = desk.open(founder)
    full = desk.open(
        founder, labels=["wood"], priority="urgent", due=5, estimate=90, checklist=["a", "b"], files=[FILE],
        depends=[Link(plain)], every=7, approval=True, seats=3, lifetime=10_000,
    )
    final = desk.org.replay.final
    assert final.entity(terms_key(plain)) is None
    found = final.entity(terms_key(full))
    assert isinstance(found, Terms)
    assert (found.labels, found.priority, found.due, found.estimate) == (("wood",), "urgent", 5, 90)
    assert (found.checklist, found.files[0].name, found.depends) == (("a", "b"), "plan.pdf", (plain,))
    assert (found.every, found.approval, found.seats, found.lifetime) == (7, True, 3, 10_000)


# -- drafts and editing --------------------------------------------------------------------------
def test_a_draft_holds_nothing_until_it_is_published(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, _ = team
    id_ = desk.open(founder, draft=True)
    assert (desk.task(id_).status, desk.balance(TREASURY)) == ("draft", 1_000_000)
    for step in ("claim", "apply"):
        assert desk.refused(ada, step, id_) == "task_draft"
    assert desk.refused(founder, "assign", id_, members=[[ada.root.public, SHARES]]) == "task_draft"
    assert desk.refused(ada, "publish", UNKNOWN) == "task_unknown"
    assert desk.refused(ada, "publish", id_) == "not_opener"
    desk.step(founder, "publish", id_)
    assert desk.refused(founder, "publish", id_) == "task_not_draft"
    desk.seal()
    assert (desk.task(id_).status, desk.balance(TREASURY)) == ("open", 999_900)


def test_a_draft_of_too_much_is_refused_when_it_is_published(desk: Desk) -> None:
    id_ = desk.open(desk.people[0], draft=True, amount=2_000_000)
    assert desk.refused(desk.people[0], "publish", id_) == "balance_too_low"
    desk.step(desk.people[0], "cancel", id_)
    desk.seal()
    assert (desk.task(id_).status, desk.balance(TREASURY)) == ("cancelled", 1_000_000)


def edited(**changes: Any) -> dict[str, Any]:
    return {"title": "Work", "unit": "GLD", "amount": 100, "payer": TREASURY, "lifetime": 0, **changes}


def test_guards_of_editing(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, _ = team
    assert desk.refused(founder, "edit", UNKNOWN, **edited()) == "task_unknown"
    id_ = desk.open(founder, seal=False)
    assert desk.refused(ada, "edit", id_, **edited(unit="XXX")) == "not_opener"
    assert desk.refused(founder, "edit", id_, **edited(unit="XXX", lifetime=1)) == "unit_unknown"
    assert desk.refused(founder, "edit", id_, **edited(lifetime=1, amount=7)) == "period_out_of_bounds"
    assert desk.refused(founder, "edit", id_, **edited(amount=7)) == "escrow_not_final"
    desk.seal()
    assert desk.refused(founder, "edit", id_, **edited(amount=INT_MAX)) == "balance_too_low"
    desk.step(ada, "claim", id_)
    assert desk.refused(founder, "edit", id_, **edited(title="Other")) == "task_claimed"
    desk.step(ada, "unassign", id_, member=ada.root.public)
    desk.step(founder, "cancel", id_)
    assert desk.refused(founder, "edit", id_, **edited()) == "task_closed"


@pytest.mark.parametrize("amount", [30, 100, 250])
def test_editing_moves_the_difference_and_waits_to_be_final(
    team: tuple[Desk, Person, Person, Person], amount: int
) -> None:
    desk, founder, ada, _ = team
    id_ = desk.open(founder)
    desk.step(founder, "edit", id_, **edited(amount=amount, title="More"))
    assert desk.refused(ada, "claim", id_) == ("" if amount == 100 else "escrow_not_final")
    desk.seal()
    assert (desk.task(id_).version, desk.task(id_).title) == (2, "More")
    assert desk.balance(TREASURY) == 1_000_000 - amount


def test_editing_can_change_the_payer(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, _, _ = team
    desk.write(founder, "token.transfer", unit="GLD", amount=500, to=party(founder), **{"for": TREASURY})
    id_ = desk.open(founder)
    desk.step(founder, "edit", id_, **edited(payer=party(founder), amount=40))
    desk.seal()
    assert (desk.balance(TREASURY), desk.balance(party(founder))) == (999_500, 460)
    desk.step(founder, "edit", id_, **edited(unit="", amount=0))
    desk.seal()
    assert (desk.balance(TREASURY), desk.balance(party(founder))) == (999_500, 500)


def test_a_steward_does_not_spend_the_money_of_a_member(desk: Desk) -> None:
    founder, member, steward = desk.people[0], desk.join(), desk.join("steward")
    desk.write(founder, "token.transfer", unit="GLD", amount=50, to=party(member), **{"for": TREASURY})
    desk.seal()
    id_ = desk.open(member, payer=party(member), amount=10)
    assert desk.refused(steward, "edit", id_, **edited(amount=50)) == "not_opener"
    desk.step(steward, "cancel", id_)
    desk.seal()
    assert desk.balance(party(member)) == 50


def test_who_claims_names_the_version_that_was_read(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, _ = team
    id_ = desk.open(founder)
    desk.step(founder, "edit", id_, **edited(title="Twice the work"))
    assert desk.refused(ada, "claim", id_, version=1) == "task_changed"
    assert desk.refused(ada, "claim", id_, version=2) == ""


# -- dependencies --------------------------------------------------------------------------------
def test_dependencies_never_run_in_a_circle(desk: Desk) -> None:
    founder = desk.people[0]
    first = desk.open(founder, draft=True)
    second = desk.open(founder, depends=[Link(first)])
    third = desk.open(founder, depends=[Link(second)])
    for loop in (first, second, third):
        assert desk.refused(founder, "edit", first, **edited(depends=[Link(loop)])) == "dependency_cycle"
    assert desk.refused(founder, "edit", third, **edited(depends=[Link(first)])) == ""


def test_too_deep_a_web_of_dependencies_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dao_app.core.rules.task_terms.DEPENDENCY_WALK_MAX", 3)
    founder, last = desk.people[0], None
    for _ in range(4):
        last = desk.open(founder, seal=False, unit="", amount=0, depends=[Link(last)] if last else [])
    body = {"title": "Work", "unit": "", "amount": 0, "payer": TREASURY, "lifetime": 0, "depends": [Link(last)]}
    assert desk.refusal(founder, "task.open", **body) == "dependency_deep"


@pytest.mark.parametrize("ending", ["accept", "cancel"])
def test_what_waits_is_done_but_not_accepted_before_the_other_is_over(
    team: tuple[Desk, Person, Person, Person], ending: str
) -> None:
    desk, founder, ada, _ = team
    first = desk.open(founder)
    second = desk.open(founder, depends=[Link(first)])
    for step in ("claim", "submit"):
        desk.step(ada, step, second)
    assert desk.refused(founder, "accept", second) == "dependency_open"
    if ending == "accept":
        for step in ("claim", "submit"):
            desk.step(ada, step, first)
    desk.step(founder, ending, first)
    assert desk.refused(founder, "accept", second) == ""


# -- assignment ----------------------------------------------------------------------------------
def test_guards_of_claiming(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    observer = desk.join("observer")
    assert desk.refused(observer, "claim", UNKNOWN) == "task_unknown"
    id_ = desk.open(founder, seal=False)
    assert desk.refused(observer, "claim", id_) == "not_allowed"
    assert desk.refused(ada, "claim", id_) == "escrow_not_final"
    desk.seal()
    desk.step(ada, "claim", id_)
    assert desk.refused(ada, "claim", id_) == "already_assigned"
    assert desk.refused(ben, "claim", id_) == "task_not_open"
    approval = desk.open(founder, approval=True)
    assert desk.refused(ada, "claim", approval) == "by_application"


def test_nobody_is_paid_with_their_own_money(desk: Desk) -> None:
    founder, ada = desk.people[0], desk.join()
    desk.write(founder, "token.transfer", unit="GLD", amount=50, to=party(founder), **{"for": TREASURY})
    desk.seal()
    id_ = desk.open(founder, payer=party(founder), amount=10)
    assert desk.refused(founder, "claim", id_) == "own_task"
    shares = [[ada.root.public, 5_000], [founder.root.public, 5_000]]
    assert desk.refused(founder, "assign", id_, members=shares) == "own_task"
    unpaid = desk.open(founder, unit="", amount=0, payer=party(founder))
    assert desk.refused(founder, "claim", unpaid) == ""


def test_seats_are_claimed_one_by_one_with_equal_shares(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    cem, dia = desk.join(), desk.join()
    id_ = desk.open(founder, seats=3)
    for person in (ada, ben, cem):
        desk.step(person, "claim", id_)
    assert desk.refused(dia, "claim", id_) == "task_not_open"
    desk.seal()
    assert [a.share for a in desk.task(id_).assignees] == [3_334, 3_333, 3_333]
    desk.step(ben, "unassign", id_, member=ben.root.public)
    desk.seal()
    assert [a.share for a in desk.task(id_).assignees] == [5_001, 4_999]
    desk.step(founder, "assign", id_, members=[[ada.root.public, 9_000], [cem.root.public, 1_000]])
    assert desk.refused(dia, "claim", id_) == "task_not_open"  # agreed shares are not thinned by a claim


def test_applying_and_assigning(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    plain, id_ = desk.open(founder), desk.open(founder, approval=True)
    assert desk.refused(ada, "apply", UNKNOWN) == "task_unknown"
    assert desk.refused(ada, "apply", plain) == "not_by_application"
    assert desk.refused(ada, "apply", id_, version=2) == "task_changed"
    desk.step(ada, "apply", id_)
    assert desk.refused(ada, "apply", id_) == "already_applied"
    desk.step(founder, "assign", id_, members=[[ada.root.public, SHARES]])
    assert desk.refused(ben, "apply", id_) == "task_not_open"
    desk.seal()
    task = desk.task(id_)
    assert (task.status, [a.member for a in task.assignees]) == ("claimed", [ada.root.public])


def test_guards_of_assigning(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    observer = desk.join("observer")
    a, b = ada.root.public, ben.root.public
    assert desk.refused(ben, "assign", UNKNOWN, members=[]) == "task_unknown"
    id_ = desk.open(founder, seal=False)
    assert desk.refused(ben, "assign", id_, members=[]) == "not_assigner"
    assert desk.refused(founder, "assign", id_, members=[]) == "escrow_not_final"
    desk.seal()
    for members, code in (
        ([], "assignees_bad"),
        ([[a, 5_000], [a, 5_000]], "assignees_bad"),
        ([[UNKNOWN, SHARES]], "assignee_unknown"),
        ([[observer.root.public, SHARES]], "assignee_unknown"),
        ([[a, 5_000], [b, 4_999]], "shares_bad"),
        ([[a, 5_000], [b, 5_001]], "shares_bad"),
        ([[a, SHARES], [b, 0]], "shares_bad"),
        ([[a, SHARES, 1]], "malformed"),
        ([[a, 6_000], [b, 4_000]], ""),
    ):
        assert desk.refused(founder, "assign", id_, members=members) == code, members
    desk.step(ada, "submit", id_)
    assert desk.refused(founder, "assign", id_, members=[[b, SHARES]]) == "work_handed_in"
    assert desk.refused(founder, "unassign", id_, member=a) == "work_handed_in"
    desk.step(founder, "changes", id_)
    assert desk.refused(founder, "assign", id_, members=[[b, SHARES]]) == "work_handed_in"
    assert desk.refused(founder, "unassign", id_, member=a) == "work_handed_in"
    assert desk.refused(ada, "unassign", id_, member=a) == ""


def test_guards_of_unassigning(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    a, b = ada.root.public, ben.root.public
    assert desk.refused(ada, "unassign", UNKNOWN, member=a) == "task_unknown"
    id_ = desk.open(founder)
    desk.step(ada, "claim", id_)
    assert desk.refused(ben, "unassign", id_, member=a) == "not_assigner"
    assert desk.refused(ben, "unassign", id_, member=b) == "not_assignee"
    desk.step(founder, "unassign", id_, member=a)
    desk.seal()
    assert (desk.task(id_).status, desk.task(id_).assignees) == ("open", ())


def test_starting_and_ticking(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    id_ = desk.open(founder, checklist=["a", "b"])
    assert desk.refused(ada, "start", UNKNOWN) == "task_unknown"
    assert desk.refused(ada, "start", id_) == "not_assignee"
    assert desk.refused(ada, "tick", id_, item=1, done=True) == "not_concerned"
    desk.step(ada, "claim", id_)
    desk.step(ada, "start", id_)
    assert desk.refused(ada, "start", id_) == "not_claimed"
    assert desk.refused(ben, "tick", id_, item=1, done=True) == "not_concerned"
    for item in (0, 3):
        assert desk.refused(ada, "tick", id_, item=item, done=True) == "item_unknown"
    assert desk.refused(ada, "tick", id_, item=1, done=False) == "already_ticked"
    desk.step(ada, "tick", id_, item=2, done=True)
    desk.step(founder, "tick", id_, item=1, done=True)
    assert desk.refused(ada, "tick", id_, item=1, done=True) == "already_ticked"
    desk.step(ada, "tick", id_, item=2, done=False)
    desk.seal()
    assert (desk.task(id_).status, desk.task(id_).ticks) == ("started", (1,))
    desk.step(founder, "cancel", id_)
    assert desk.refused(founder, "tick", id_, item=2, done=True) == "task_closed"


# -- review --------------------------------------------------------------------------------------
def submitted(team: tuple[Desk, Person, Person, Person], **terms: Any) -> bytes:
    desk, founder, ada, ben = team
    id_ = desk.open(founder, **terms)
    desk.step(founder, "assign", id_, members=[[ada.root.public, 7_000], [ben.root.public, 3_000]])
    desk.step(ada, "submit", id_, files=[FILE], links=["https://example.org"])
    return id_


def test_guards_of_review(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    other = desk.join()
    steward = desk.join("steward")
    for step in ("accept", "changes", "reject"):
        assert desk.refused(other, step, UNKNOWN) == "task_unknown"
    open_ = desk.open(founder)
    assert desk.refused(founder, "accept", open_) == "not_submitted"
    id_ = submitted(team)
    assert desk.refused(ada, "submit", id_, files=[FILE, FILE]) == "files_bad"
    assert desk.refused(other, "submit", id_) == "not_assignee"
    for step in ("accept", "changes", "reject"):
        assert desk.refused(ben, step, id_) == "own_work"
        assert desk.refused(other, step, id_) == "not_reviewer"
    work = desk.step(ben, "submit", id_)
    assert desk.refused(founder, "accept", id_, work=Link(UNKNOWN)) == "work_changed"
    assert desk.refused(founder, "cancel", id_) == "work_handed_in"
    assert desk.refused(steward, "accept", id_, work=Link(work.id)) == ""


def test_acceptance_pays_shares_exactly_once_and_records_each_contribution(
    team: tuple[Desk, Person, Person, Person]
) -> None:
    desk, founder, ada, ben = team
    id_ = submitted(team, amount=101)
    action = desk.step(founder, "accept", id_)
    for step in ("accept", "changes", "reject"):
        assert desk.refused(founder, step, id_) == "not_submitted"
    desk.seal()
    assert (desk.balance(party(ada)), desk.balance(party(ben))) == (71, 30)
    for place, (person, amount) in enumerate(((ada, 71), (ben, 30))):
        found = desk.org.replay.final.entity(contribution_key(contribution_id(action.id, place)))
        assert isinstance(found, Contribution)
        assert (found.author, found.amount, found.status) == (person.root.public, amount, "endorsed")
    assert desk.org.replay.final.entity(contribution_key(contribution_id(action.id, 2))) is None


def test_one_unit_for_several_goes_to_one_and_nobody_gets_nothing_booked(
    team: tuple[Desk, Person, Person, Person]
) -> None:
    desk, founder, ada, ben = team
    id_ = submitted(team, amount=1)
    desk.step(founder, "accept", id_)
    desk.seal()
    assert (desk.balance(party(ada)), desk.balance(party(ben))) == (1, 0)


def test_a_rejection_holds_the_reward_for_the_appeal_then_returns_it(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, _, _ = team
    id_ = submitted(team)
    desk.step(founder, "reject", id_)
    desk.seal()
    assert (desk.task(id_).status, desk.balance(TREASURY)) == ("rejected", 999_900)
    desk.seal(3 * DAY_MS - 1)
    assert desk.balance(TREASURY) == 999_900
    desk.seal(1)
    assert (desk.balance(TREASURY), desk.task(id_).closed > 0) == (1_000_000, True)
    assert desk.refused(founder, "accept", id_) == "not_submitted"


def test_after_a_request_for_changes_a_rejection_is_possible_and_expiry_is_not(
    team: tuple[Desk, Person, Person, Person]
) -> None:
    desk, founder, _, _ = team
    id_ = submitted(team, lifetime=5_000)
    desk.step(founder, "changes", id_)
    desk.seal(10_000)
    assert desk.task(id_).status == "changes"
    assert desk.refused(founder, "reject", id_) == ""


# -- dispute -------------------------------------------------------------------------------------
def verdict(desk: Desk, by: Person, task: bytes, accept: bool = True) -> bytes:
    """A proposal that would settle the dispute."""
    return desk.write(
        by, "proposal.open", title="Pay?", kind="decision", method="yes-no-abstain", options=[], discussion=0,
        voting=5_000, effects=[{"do": "settle_task", "task": task, "accept": accept}],
    ).id


def decide(desk: Desk, proposal: bytes, choice: str) -> None:
    desk.seal()
    for person in desk.people:
        desk.refusal(person, "vote.cast", proposal=Link(proposal), choice=choice)
    desk.seal(6_000)


@pytest.mark.parametrize("stage", ["submitted", "changes", "rejected"])
@pytest.mark.parametrize("accept", [True, False])
def test_an_adopted_verdict_pays_or_returns(
    team: tuple[Desk, Person, Person, Person], stage: str, accept: bool
) -> None:
    desk, founder, ada, ben = team
    id_ = submitted(team)
    if stage != "submitted":
        desk.step(founder, "changes" if stage == "changes" else "reject", id_)
    desk.seal()
    proposal = verdict(desk, ada, id_, accept)
    desk.step(ada, "dispute", id_, proposal=Link(proposal))
    for step in ("accept", "changes", "reject", "dispute"):
        body = {"proposal": Link(proposal)} if step == "dispute" else {}
        assert desk.refused(founder, step, id_, **body) == "task_disputed"
    decide(desk, proposal, "yes")
    assert desk.task(id_).status == ("accepted" if accept else "rejected")
    assert (desk.balance(party(ada)), desk.balance(party(ben))) == ((70, 30) if accept else (0, 0))
    desk.seal(5 * DAY_MS)
    assert desk.balance(TREASURY) == 1_000_000 - (100 if accept else 0)


def test_the_time_to_appeal_does_not_end_a_dispute(tmp_path: Path) -> None:
    world = World(tmp_path, charter={"task_appeal_ms": 2_000})
    world.seal()
    desk = Desk(world)
    team = desk, desk.people[0], desk.join(), desk.join()
    id_ = submitted(team)
    desk.step(team[1], "reject", id_)
    desk.seal()
    proposal = verdict(desk, team[2], id_)
    desk.step(team[2], "dispute", id_, proposal=Link(proposal))
    desk.seal(3_000)
    assert (desk.task(id_).status, desk.balance(TREASURY)) == ("disputed", 999_900)
    decide(desk, proposal, "yes")
    assert desk.balance(party(team[2])) == 70


def test_a_dispute_that_comes_to_nothing_leaves_the_review_and_a_rejection_is_then_final(
    team: tuple[Desk, Person, Person, Person]
) -> None:
    desk, founder, ada, _ = team
    id_ = submitted(team)
    desk.seal()
    proposal = verdict(desk, ada, id_)
    desk.step(ada, "dispute", id_, proposal=Link(proposal))
    decide(desk, proposal, "no")
    assert desk.task(id_).status == "disputed"
    desk.step(founder, "reject", id_)
    desk.seal()
    assert (desk.task(id_).status, desk.balance(TREASURY)) == ("rejected", 1_000_000)


def test_guards_of_disputing(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, _ = team
    other = desk.join()
    poll = desk.write(
        founder, "proposal.open", title="Q", kind="poll", method="yes-no-abstain", options=[], discussion=0,
        voting=5_000,
    )
    assert desk.refused(other, "dispute", UNKNOWN, proposal=Link(UNKNOWN)) == "task_unknown"
    open_ = desk.open(founder)
    assert desk.refused(founder, "dispute", open_, proposal=Link(UNKNOWN)) == "not_submitted"
    id_ = submitted(team)
    assert desk.refused(other, "dispute", id_, proposal=Link(UNKNOWN)) == "not_concerned"
    assert desk.refused(ada, "dispute", id_, proposal=Link(UNKNOWN)) == "proposal_unknown"
    assert desk.refused(ada, "dispute", id_, proposal=Link(poll.id)) == "verdict_bad"


def test_only_the_proposal_that_the_dispute_names_settles_it(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, _, ada, _ = team
    id_ = submitted(team)
    desk.seal()
    named, stray = verdict(desk, ada, id_), verdict(desk, ada, id_)
    desk.step(ada, "dispute", id_, proposal=Link(named))
    decide(desk, stray, "yes")
    assert desk.task(id_).status == "disputed"
    assert desk.balance(party(ada)) == 0


# -- rounds --------------------------------------------------------------------------------------
def finish(desk: Desk, id_: bytes, worker: Person) -> None:
    desk.step(worker, "claim", id_)
    desk.step(worker, "submit", id_)
    desk.step(desk.people[0], "accept", id_)
    desk.seal()


def test_a_recurring_task_opens_again_when_its_days_are_over(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    id_ = desk.open(founder, every=7, due=1_000, checklist=["a"], lifetime=10_000)
    desk.step(founder, "tick", id_, item=1, done=True)
    finish(desk, id_, ada)
    task = desk.task(id_)
    assert (task.status, task.resumes) == ("accepted", task.started + 7 * DAY_MS)
    desk.seal(7 * DAY_MS)
    task = desk.task(id_)
    assert (task.status, task.round, task.assignees, task.ticks) == ("open", 2, (), ())
    found = desk.org.replay.final.entity(terms_key(id_))
    assert isinstance(found, Terms) and found.due == 1_000 + 7 * DAY_MS
    assert desk.org.replay.final.entity(submission_key(id_)) is None
    finish(desk, id_, ben)
    assert (desk.balance(party(ada)), desk.balance(party(ben)), desk.balance(TREASURY)) == (100, 100, 999_800)
    desk.step(founder, "cancel", id_)
    desk.seal(20 * DAY_MS)
    assert desk.task(id_).status == "accepted"  # stopped between two rounds


def test_a_round_that_the_payer_does_not_cover_visibly_does_not_open(desk: Desk) -> None:
    founder, ada = desk.people[0], desk.join()
    id_ = desk.open(founder, amount=600_000, every=1)
    finish(desk, id_, ada)
    desk.seal(2 * DAY_MS)
    task = desk.task(id_)
    assert (task.status, task.stopped, task.resumes) == ("accepted", "balance_too_low", 0)


def test_an_expired_round_ends_the_series(desk: Desk) -> None:
    id_ = desk.open(desk.people[0], every=1, lifetime=5_000)
    desk.seal(10 * DAY_MS)
    assert (desk.task(id_).status, desk.task(id_).round) == ("expired", 1)


def test_an_edited_lifetime_begins_anew_and_the_old_end_means_nothing(desk: Desk) -> None:
    founder = desk.people[0]
    id_ = desk.open(founder, lifetime=10_000)
    desk.seal(6_000)
    desk.step(founder, "edit", id_, **edited(lifetime=20_000))
    desk.seal()
    desk.seal(9_000)
    assert desk.task(id_).status == "open"
    desk.seal(12_000)
    assert desk.task(id_).status == "expired"


# -- departments ---------------------------------------------------------------------------------
def test_a_department_pays_for_its_tasks_and_its_stewards_review(desk: Desk) -> None:
    founder, ada, head = desk.people[0], desk.join(), desk.join()
    works = desk.write(founder, "department.open", name="Works", parent=None).id
    desk.write(founder, "role.give", department=Link(works), member=head.root.public, role="steward")
    account = department_party(works)
    desk.write(founder, "token.transfer", unit="GLD", amount=300, to=account, **{"for": TREASURY})
    desk.seal()
    assert desk.refusal(ada, "task.open", **edited(payer=account, department=Link(works))) == "not_allowed"
    assert desk.refusal(head, "task.open", **edited(department=Link(works))) == "not_allowed"
    id_ = desk.open(head, payer=account, department=Link(works))
    assert desk.balance(account) == 200
    for step in ("claim", "submit"):
        desk.step(ada, step, id_)
    desk.step(head, "accept", id_)
    desk.seal()
    assert (desk.balance(party(ada)), desk.balance(account)) == (100, 200)


def test_a_closed_department_leaves_what_was_held_to_the_treasury(desk: Desk) -> None:
    founder = desk.people[0]
    works = desk.write(founder, "department.open", name="Works", parent=None).id
    account = department_party(works)
    desk.write(founder, "token.transfer", unit="GLD", amount=100, to=account, **{"for": TREASURY})
    desk.seal()
    id_ = desk.open(founder, payer=account, department=Link(works), lifetime=50_000)
    desk.write(founder, "department.close", department=Link(works))
    desk.seal(60_000)
    assert (desk.task(id_).status, desk.balance(account), desk.balance(TREASURY)) == ("expired", 0, 1_000_000)


def test_nothing_is_taken_from_the_treasury_while_spending_is_stopped(desk: Desk) -> None:
    auditor = desk.join("auditor")
    desk.write(auditor, "emergency.stop")
    desk.seal()
    assert desk.refusal(desk.people[0], "task.open", **edited()) == "spending_stopped"


# -- mentions, texts -----------------------------------------------------------------------------
def test_mentions_name_members_once(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, _ = team
    id_ = desk.open(founder)
    text = {"hash": b"\x02" * 32, "size": 3, "kind": "comment"}
    a = ada.root.public
    for mentions, code in (([a, a], "mentions_bad"), ([UNKNOWN], "mentions_bad"), ([a] * 17, "malformed"), ([a], "")):
        assert desk.refusal(founder, "comment.add", on=Link(id_), text=text, mentions=mentions) == code


def test_everybody_erases_what_they_wrote_on_a_task(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team

    def ref(n: int) -> dict[str, Any]:
        return {"hash": bytes([n]) * 32, "size": 1, "kind": "text"}

    id_ = desk.open(founder, text=ref(1))
    desk.step(ada, "claim", id_)
    desk.step(ada, "submit", id_, note=ref(2))
    desk.step(founder, "changes", id_, note=ref(3))
    on = {"on": Link(id_)}
    assert desk.refusal(ben, "content.erase", **on, hash=b"\x02" * 32) == "not_author"
    assert desk.refusal(ada, "content.erase", **on, hash=b"\x01" * 32) == "content_unknown"
    for author, n in ((founder, 1), (ada, 2), (founder, 3)):
        assert desk.refusal(author, "content.erase", **on, hash=bytes([n]) * 32) == ""


def test_a_member_who_is_no_longer_active_is_not_assigned(desk: Desk) -> None:
    founder, ada = desk.people[0], desk.join()
    id_ = desk.open(founder)
    desk.write(ada, "member.leave")
    desk.seal()
    found = desk.org.replay.final.entity(member_key(ada.root.public))
    assert isinstance(found, Member) and found.status == "left"
    assert desk.refused(founder, "assign", id_, members=[[ada.root.public, SHARES]]) == "assignee_unknown"


@given(st.integers(1, INT_MAX), st.lists(st.integers(1, SHARES), min_size=1, max_size=ASSIGNEES_MAX))
def test_shares_come_to_the_reward_exactly(amount: int, weights: list[int]) -> None:
    parts = share_out(amount, weights)
    assert sum(parts) == amount
    whole = sum(weights)
    assert all(abs(part * whole - amount * w) < whole for part, w in zip(parts, weights, strict=True))


def test_the_state_knows_a_submission_by_its_action(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, _ = team
    id_ = desk.open(founder)
    desk.step(ada, "claim", id_)
    action = desk.step(ada, "submit", id_, files=[FILE], links=["https://example.org/x"])
    desk.seal()
    work = State(desk.org.replay.final).need(submission_key(id_), Submission)
    assert (work.action, work.files[0].size, work.links) == (action.id, 5, ("https://example.org/x",))
