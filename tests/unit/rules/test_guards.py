"""Each guard of each rule, in the order in which they are checked: the first that fails names the rejection."""

from __future__ import annotations

from typing import Any

import pytest

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link
from dao_app.core.entities import Account, Task
from dao_app.core.keys import TREASURY, account_key, member_party, task_key
from dao_app.core.limits import INT_MAX
from tests.fakes.world import Person, World

UNKNOWN = Link(b"\x07" * 32)
REF = {"hash": b"\x01" * 32, "size": 3, "kind": "text"}


def refused(org: Organisation, type_: str, body: dict[str, Any]) -> str:
    """The rejection code that the author is told before signing; nothing is signed then."""
    before = org.heads()
    with pytest.raises(Refused) as caught:
        org.write(type_, body)
    assert org.heads() == before
    return caught.value.code.removeprefix("reject.")


def task_body(**changes: Any) -> dict[str, Any]:
    return {"title": "Work", "unit": "GLD", "amount": 100, "payer": TREASURY, "lifetime": 0, **changes}


def vote_body(**changes: Any) -> dict[str, Any]:
    base = {
        "title": "Q",
        "kind": "decision",
        "method": "single",
        "options": ["A", "B"],
        "discussion": 0,
        "voting": 5_000,
    }
    return {**base, **changes}


def balance(org: Organisation, party: bytes) -> int:
    found = org.replay.final.entity(account_key(party, "GLD"))
    return found.balance if isinstance(found, Account) else 0


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "malformed"),
        (task_body(extra=1), "malformed"),
        (task_body(title=""), "malformed"),
        (task_body(title="two\nlines"), "malformed"),
        (task_body(title="x" * 401), "malformed"),
        (task_body(amount=-1), "malformed"),
        (task_body(amount=True), "malformed"),
        (task_body(lifetime=1), "period_out_of_bounds"),
        (task_body(lifetime=367 * 86_400_000), "period_out_of_bounds"),
        (task_body(unit="", amount=5), "unit_unknown"),
        (task_body(unit="EUR"), "unit_unknown"),
        (task_body(amount=0), "amount_not_positive"),
        (task_body(amount=INT_MAX), "balance_too_low"),
        (task_body(payer=b"m" + b"\x09" * 32), "not_allowed"),
    ],
)
def test_opening_a_task(world: World, body: dict[str, Any], code: str) -> None:
    assert refused(world.main, "task.open", body) == code


def test_a_member_may_not_spend_the_treasury_on_a_task(world: World) -> None:
    _, org = world.add_member()
    assert refused(org, "task.open", task_body()) == "not_allowed"


def test_an_observer_may_do_nothing_but_speak(world: World) -> None:
    task = world.main.write("task.open", task_body())
    world.seal()
    _, org = world.add_member("observer")
    for type_, body in (
        ("task.open", task_body(unit="", amount=0)),
        ("task.claim", {"task": Link(task.id)}),
        ("proposal.open", vote_body()),
        ("contribution.claim", {"title": "C"}),
        ("invite.create", {"bearer": b"\x05" * 32, "role": "member", "uses": 1, "lifetime": 5_000}),
        ("token.issue", {"unit": "GLD", "amount": 1, "to": TREASURY}),
        ("token.transfer", {"unit": "GLD", "amount": 1, "to": TREASURY}),
    ):
        assert refused(org, type_, body) == "not_allowed", type_
    org.write("comment.add", {"on": Link(task.id), "text": REF})


def claimed(world: World) -> tuple[bytes, Person, Organisation]:
    task = world.main.write("task.open", task_body())
    world.seal()
    person, org = world.add_member()
    org.write("task.claim", {"task": Link(task.id)})
    world.everywhere()
    world.seal()
    world.everywhere()
    return task.id, person, org


def test_the_life_of_a_task_pays_exactly_once(world: World) -> None:
    id_, person, org = claimed(world)
    link = {"task": Link(id_)}
    assert refused(org, "task.claim", link) == "already_assigned"
    assert refused(world.main, "task.claim", link) == "task_not_open"
    assert refused(world.main, "task.submit", link) == "not_assignee"
    assert refused(world.main, "task.accept", link) == "not_submitted"
    org.write("task.submit", link)
    assert refused(org, "task.accept", link) == "own_work"
    world.everywhere()
    world.main.write("task.changes", link)
    assert refused(world.main, "task.accept", link) == "not_submitted"
    world.everywhere()
    org.write("task.submit", link)
    world.everywhere()
    world.main.write("task.accept", link)
    for step in ("accept", "reject"):
        assert refused(world.main, f"task.{step}", link) == "not_submitted"
    assert refused(world.main, "task.cancel", link) == "task_closed"
    world.seal()
    world.everywhere()
    assert balance(world.main, member_party(person.root.public)) == 100
    assert balance(world.main, b"e" + id_) == 0
    assert balance(world.main, TREASURY) == 1_000_000 - 100


def test_a_task_is_claimable_once_its_escrow_is_final(world: World) -> None:
    _, org = world.add_member()
    task = world.main.write("task.open", task_body())
    world.everywhere()
    assert refused(org, "task.claim", {"task": UNKNOWN}) == "task_unknown"
    assert refused(org, "task.claim", {"task": Link(task.id)}) == "escrow_not_final"
    world.seal()
    world.everywhere()
    org.write("task.claim", {"task": Link(task.id)})


def test_who_reviews(world: World) -> None:
    id_, _, org = claimed(world)
    _, other = world.add_member()
    org.write("task.submit", {"task": Link(id_)})
    world.everywhere()
    assert refused(other, "task.accept", {"task": Link(id_)}) == "not_reviewer"
    _, steward = world.add_member("steward")
    steward.write("task.accept", {"task": Link(id_)})


def test_cancelling_returns_the_escrow(world: World) -> None:
    task = world.main.write("task.open", task_body())
    assert refused(world.main, "task.cancel", {"task": Link(task.id)}) == "escrow_not_final"
    world.seal()
    _, org = world.add_member()
    assert refused(org, "task.cancel", {"task": Link(task.id)}) == "not_opener"
    world.main.write("task.cancel", {"task": Link(task.id)})
    world.seal()
    assert balance(world.main, TREASURY) == 1_000_000


def test_expiry_returns_the_escrow_by_sealed_time(world: World) -> None:
    task = world.main.write("task.open", task_body(lifetime=10_000))
    world.seal()
    world.seal(9_000)
    found = world.main.replay.final.entity(task_key(task.id))
    assert isinstance(found, Task) and found.status == "open"
    world.seal(1_500)
    found = world.main.replay.final.entity(task_key(task.id))
    assert isinstance(found, Task) and found.status == "expired"
    assert balance(world.main, TREASURY) == 1_000_000


@pytest.mark.parametrize(
    ("type_", "body", "code"),
    [
        ("token.issue", {"unit": "XXX", "amount": 1, "to": TREASURY}, "unit_unknown"),
        ("token.issue", {"unit": "GLD", "amount": 0, "to": TREASURY}, "amount_not_positive"),
        ("token.issue", {"unit": "GLD", "amount": 1, "to": b"m" + b"\x09" * 32}, "party_unknown"),
        ("token.issue", {"unit": "GLD", "amount": 9_000_001, "to": TREASURY}, "cap_exceeded"),
        ("token.issue", {"unit": "GLD", "amount": 1, "to": b"x"}, "malformed"),
        ("token.transfer", {"unit": "GLD", "amount": 1, "to": TREASURY}, "balance_too_low"),
        ("token.transfer", {"unit": "GLD", "amount": 1, "to": TREASURY, "for": TREASURY}, "to_self"),
        ("token.transfer", {"unit": "GLD", "amount": 1, "to": TREASURY, "for": b"m" + b"\x09" * 32}, "not_allowed"),
        ("token.tip", {"unit": "GLD", "amount": 1, "to": TREASURY}, "party_unknown"),
        ("proposal.open", vote_body(kind="coup"), "kind_unknown"),
        ("proposal.open", vote_body(kind="election"), "effects_missing"),
        ("proposal.open", vote_body(method="dice"), "method_unknown"),
        ("proposal.open", vote_body(options=["A"]), "options_bad"),
        ("proposal.open", vote_body(options=["A", "A"]), "options_bad"),
        ("proposal.open", vote_body(method="yes-no-abstain"), "options_bad"),
        ("proposal.open", vote_body(voting=999), "period_out_of_bounds"),
        ("proposal.open", vote_body(voting=367 * 86_400_000), "period_out_of_bounds"),
        ("proposal.open", vote_body(table=[]), "table_bad"),
        ("proposal.open", vote_body(table=[[b"\x02" * 32, 1], [b"\x01" * 32, 1]]), "table_bad"),
        ("proposal.open", vote_body(table=[[b"\x01" * 32, -1]]), "table_bad"),
        ("proposal.withdraw", {"proposal": UNKNOWN}, "proposal_unknown"),
        ("vote.cast", {"proposal": UNKNOWN, "choice": 1}, "proposal_unknown"),
        ("contribution.endorse", {"contribution": UNKNOWN}, "contribution_unknown"),
        ("comment.add", {"on": UNKNOWN, "text": REF}, "target_unknown"),
        ("comment.add", {"on": UNKNOWN, "text": {**REF, "size": 0}}, "malformed"),
        ("content.erase", {"on": UNKNOWN, "hash": b"\x01" * 32}, "target_unknown"),
        ("invite.create", {"bearer": b"\x05" * 32, "role": "founder", "uses": 1, "lifetime": 5_000}, "role_unknown"),
        ("invite.create", {"bearer": b"\x05" * 32, "role": "member", "uses": 0, "lifetime": 5_000}, "count_too_large"),
        ("invite.create", {"bearer": b"\x05" * 32, "role": "member", "uses": 1, "lifetime": 1}, "period_out_of_bounds"),
        ("invite.revoke", {"invite": UNKNOWN}, "invite_unknown"),
        ("device.fork", {"one": b"\x01", "two": b"\x02"}, "evidence_bad"),
        ("task.teleport", {}, "unknown_type"),
        ("org.create", {}, "malformed"),
    ],
)
def test_named_rejections(world: World, type_: str, body: dict[str, Any], code: str) -> None:
    assert refused(world.main, type_, body) == code


def test_votes_count_within_their_time_and_for_the_electorate_alone(world: World) -> None:
    _, org = world.add_member()
    proposal = world.main.write("proposal.open", vote_body())
    ballot = {"proposal": Link(proposal.id), "choice": 1}
    assert refused(world.main, "vote.cast", ballot) == "voting_not_open"
    world.seal()
    _, late_org = world.add_member()
    world.everywhere()
    assert refused(late_org, "vote.cast", ballot) == "not_in_electorate"
    for bad in (0, 3, "1", [1], None, True):
        assert refused(org, "vote.cast", {**ballot, "choice": bad}) == "ballot_bad"
    org.write("vote.cast", ballot)
    world.everywhere()
    world.seal(6_000)
    world.everywhere()
    assert refused(org, "vote.cast", ballot) == "voting_closed"
    assert refused(world.main, "proposal.withdraw", {"proposal": Link(proposal.id)}) == "proposal_closed"


def test_endorsing(world: World) -> None:
    _, org = world.add_member()
    claim = org.write("contribution.claim", {"title": "Helped"})
    link = {"contribution": Link(claim.id)}
    assert refused(org, "contribution.endorse", link) == "own_contribution"
    world.everywhere()
    world.main.write("contribution.endorse", link)
    assert refused(world.main, "contribution.endorse", link) == "already_endorsed"


def test_only_the_author_erases(world: World) -> None:
    _, org = world.add_member()
    reference, blob = org.detach("personal", "comment")
    task = world.main.write("task.open", task_body())
    world.everywhere()
    comment = org.write("comment.add", {"on": Link(task.id), "text": reference}, [blob])
    world.everywhere()
    body = {"on": Link(comment.id), "hash": reference["hash"]}
    assert refused(world.main, "content.erase", body) == "not_author"
    assert refused(org, "content.erase", {**body, "hash": b"\x01" * 32}) == "content_unknown"
    org.write("content.erase", body)


def test_invitations_end(world: World) -> None:
    invite, bearer = world.invite(world.main, uses=1, lifetime=5_000)
    world.seal()
    first, second = Person(world.random), Person(world.random)
    world.main.admit_now([world.join_envelope(first, invite, bearer)])
    world.seal()
    envelope = world.join_envelope(second, invite, bearer)
    world.main.admit_now([envelope])
    world.seal()
    assert world.main.standing(first.device.public) == "active"
    assert world.main.standing(second.device.public) == "refused"
    revoked, _ = world.invite(world.main)
    world.main.write("invite.revoke", {"invite": Link(revoked.id)})
    assert refused(world.main, "invite.revoke", {"invite": Link(revoked.id)}) == "invite_revoked"
    expiring, late_bearer = world.invite(world.main, lifetime=2_000)
    world.seal()
    world.seal(3_000)
    third = Person(world.random)
    world.main.admit_now([world.join_envelope(third, expiring, late_bearer)])
    world.seal()
    assert world.main.standing(third.device.public) == "refused"
