"""Contributions, reputation, reward rounds, matching, payout records: guards in order, money, sealed time."""

from __future__ import annotations

from typing import Any

import pytest

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest, power_from_wire
from dao_app.core.entities import Contribution, Register
from dao_app.core.envelope import build_payload, pack, signed_message
from dao_app.core.keys import (
    HALF_LIVES_KEY,
    HOUR_MS,
    TREASURY,
    backers_key,
    contribution_key,
    department_party,
    escrow_party,
    gifts_key,
    match_key,
    member_party,
    payout_key,
    points_key,
    reputation_key,
    round_key,
    series_key,
    share_key,
)
from dao_app.core.reward_entities import Gifts, HalfLives, Line, Match, PayoutRecord, Points, Reputation, Round, Share
from dao_app.core.rewards.decay import SCALE, advance
from dao_app.core.rules import reputation
from dao_app.core.rules.round_closing import lines_of
from dao_app.core.rules.rounds import KINDS
from dao_app.core.state import State
from tests.fakes.world import Person, World
from tests.unit.rules.votes import adopt, balance, body, member, proposal, put, refusal

UNKNOWN = Link(b"\x07" * 32)
REF = {"hash": b"\x01" * 32, "size": 3, "kind": "text"}
WINDOW = 5_000
DAY = 86_400_000


def root(person: Person) -> bytes:
    return person.root.public


def seal(world: World, ms: int = 1_000) -> None:
    world.everywhere()
    world.seal(ms)
    world.everywhere()


def round_body(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "title": "March", "unit": "GLD", "amount": 1_000, "from": TREASURY, "kind": "peer", "policy": "immediate",
        "look": 1, "givers": None, "receivers": None, "points": 100, "window": WINDOW,
    }
    return {**base, **changes}


def match_body(*projects: tuple[str, bytes], **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "title": "Pool", "unit": "GLD", "amount": 10_000, "from": TREASURY, "mode": "fill", "bound": None,
        "projects": [[title, receiver] for title, receiver in projects], "window": WINDOW,
    }
    return {**base, **changes}


def opened(world: World, **changes: Any) -> bytes:
    id_ = world.main.write("round.open", round_body(**changes)).id
    seal(world)
    return id_


def give(org: Organisation, id_: bytes, *gifts: tuple[bytes, int]) -> None:
    org.write("round.give", {"round": Link(id_), "gifts": [list(gift) for gift in gifts]})


def gift_refusal(org: Organisation, id_: bytes, *gifts: tuple[bytes, int]) -> str:
    return refusal(org, "round.give", {"round": Link(id_), "gifts": [list(gift) for gift in gifts]})


def final(world: World) -> State:
    return State(world.main.replay.final)


def the_round(world: World, id_: bytes) -> Round:
    return final(world).need(round_key(id_), Round)


def lines(world: World, id_: bytes) -> list[Line]:
    return lines_of(final(world), id_, the_round(world, id_))


def claim(world: World, org: Organisation, **changes: Any) -> bytes:
    id_ = org.write("contribution.claim", {"title": "Helped", **changes}).id
    seal(world)
    return id_


def contribution(world: World, id_: bytes) -> Contribution:
    return final(world).need(contribution_key(id_), Contribution)


def say(org: Organisation, what: str, id_: bytes, **more: Any) -> None:
    org.write(f"contribution.{what}", {"contribution": Link(id_), **more})


def nano(world: World, person: Person) -> int:
    return reputation.nano_of(final(world), root(person), world.main.replay.position.time)


def whole(world: World, person: Person) -> int:
    return reputation.whole_of(final(world), root(person), world.main.replay.position.time)


def points(world: World, person: Person, department: bytes | None = None) -> int:
    found = final(world).get(points_key(root(person), department), Points)
    return found.points if found else 0


# -- contributions -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"evidence": [["https://example.org", None]] * 9}, "malformed"),
        ({"evidence": [["two\nlines", None]]}, "malformed"),
        ({"category": "x" * 65}, "malformed"),
        ({"department": UNKNOWN}, "department_unknown"),
        ({"evidence": [["log.txt", b"\x02" * 32]], "category": "care"}, ""),
    ],
)
def test_claiming(world: World, more: dict[str, Any], code: str) -> None:
    assert refusal(world.main, "contribution.claim", {"title": "Helped", **more}) == code


def test_what_is_said_about_a_contribution_in_the_order_of_the_guards(world: World) -> None:
    _, ann = world.add_member()
    _, ben = world.add_member()
    _, observer = world.add_member("observer")
    id_ = claim(world, ann)
    about = {"contribution": Link(id_)}
    for what, more in (("endorse", {}), ("dispute", {"reason": REF}), ("value", {"points": 5})):
        unknown = {"contribution": UNKNOWN, **more}
        assert refusal(observer, f"contribution.{what}", unknown) == "contribution_unknown"
        assert refusal(observer, f"contribution.{what}", {**about, **more}) == "not_allowed"
    assert refusal(ann, "contribution.endorse", about) == "own_contribution"
    assert refusal(ann, "contribution.dispute", {**about, "reason": REF}) == "own_contribution"
    assert refusal(ben, "contribution.dispute", about) == "malformed"
    assert refusal(ben, "contribution.value", {**about, "points": 5}) == "not_allowed"
    assert refusal(world.main, "contribution.value", {**about, "points": 101}) == "points_bounds"
    assert refusal(ben, "contribution.withdraw", about) == "nothing_to_withdraw"
    say(ben, "dispute", id_, reason=REF)
    assert refusal(ben, "contribution.dispute", {**about, "reason": REF}) == "already_disputed"
    assert refusal(ben, "contribution.endorse", about) == "already_disputed"
    seal(world)
    say(world.main, "endorse", id_)
    assert refusal(world.main, "contribution.dispute", {**about, "reason": REF}) == "already_endorsed"
    say(ann, "withdraw", id_)
    seal(world)
    assert contribution(world, id_).status == "withdrawn"
    assert refusal(ben, "contribution.endorse", about) == "contribution_closed"
    assert refusal(ann, "contribution.withdraw", about) == "contribution_closed"


def test_a_module_that_is_off_takes_no_contributions_and_rounds(tmp_path: Any) -> None:
    world = World(tmp_path, charter={"module_contributions": 0, "module_rewards": 0})
    world.seal()
    person, _ = world.add_member()
    assert refusal(world.main, "contribution.claim", {"title": "Helped"}) == "module_off"
    assert refusal(world.main, "round.open", round_body()) == "module_off"
    assert refusal(world.main, "match.open", match_body(("A", member_party(root(person))))) == "module_off"
    record = {"to": root(person), "currency": "EUR", "amount": 1, "decimals": 2, "day": 20_000}
    assert refusal(world.main, "payout.record", record) == "module_off"


def test_a_dispute_blocks_until_as_many_more_endorse_or_it_is_withdrawn(world: World) -> None:
    ann, ann_org = world.add_member()
    _, ben = world.add_member()
    _, cat = world.add_member()
    id_ = claim(world, ann_org)
    say(ben, "dispute", id_, reason=REF)
    seal(world)
    say(cat, "endorse", id_)
    seal(world)
    assert contribution(world, id_).status == "disputed"
    assert points(world, ann) == whole(world, ann) == 0
    say(world.main, "endorse", id_)
    seal(world)
    assert contribution(world, id_).status == "endorsed"
    assert points(world, ann) == whole(world, ann) == 10
    second = claim(world, ann_org)
    say(ben, "dispute", second, reason=REF)
    seal(world)
    say(cat, "endorse", second)
    seal(world)
    assert points(world, ann) == 10
    say(ben, "withdraw", second)
    seal(world)
    assert contribution(world, second).disputes == ()
    assert points(world, ann) == whole(world, ann) == 20


def test_what_counts_no_longer_is_taken_back_as_far_as_it_is_left(world: World) -> None:
    ann, ann_org = world.add_member()
    _, ben = world.add_member()
    id_ = claim(world, ann_org)
    say(world.main, "endorse", id_)
    seal(world)
    seal(world, 1_000 * HOUR_MS)
    left = nano(world, ann)
    assert left == advance(10 * SCALE, 1_000, 4_383)
    say(ben, "dispute", id_, reason=REF)
    seal(world)
    assert points(world, ann) == 0
    assert nano(world, ann) == 0


def test_a_steward_values_within_the_charters_bound(world: World) -> None:
    ann, ann_org = world.add_member()
    id_ = claim(world, ann_org)
    say(world.main, "value", id_, points=40)
    seal(world)
    assert points(world, ann) == 0
    say(world.main, "endorse", id_)
    seal(world)
    assert points(world, ann) == whole(world, ann) == 40
    for again in (100, 5, 100, 5):
        say(world.main, "value", id_, points=again)
        seal(world, 3 * HOUR_MS)
        assert points(world, ann) == again
    assert nano(world, ann) <= 5 * SCALE


def test_an_amendment_of_the_points_rewrites_nothing(world: World) -> None:
    ann, ann_org = world.add_member()
    _, ben = world.add_member()
    first = claim(world, ann_org)
    say(world.main, "endorse", first)
    seal(world)
    adopt(world, body("amendment", {"do": "amend", "name": "points_claim", "value": 25}))
    say(ben, "endorse", first)
    seal(world)
    assert points(world, ann) == 10
    second = claim(world, ann_org)
    say(world.main, "endorse", second)
    seal(world)
    assert points(world, ann) == 35


def test_an_accepted_task_counts(world: World) -> None:
    ann, ann_org = world.add_member()
    id_ = world.main.write(
        "task.open", {"title": "Work", "unit": "GLD", "amount": 100, "payer": TREASURY, "lifetime": 0}
    ).id
    seal(world)
    for what in ("claim", "submit"):
        ann_org.write(f"task.{what}", {"task": Link(id_)})
    seal(world)
    world.main.write("task.accept", {"task": Link(id_)})
    seal(world)
    assert points(world, ann) == whole(world, ann) == 10


# -- reputation ----------------------------------------------------------------------------------
def test_who_touches_it_when_changes_nothing(world: World) -> None:
    ann, ann_org = world.add_member()
    ben, ben_org = world.add_member()
    for org in (ann_org, ben_org):
        id_ = claim(world, org)
        say(world.main, "endorse", id_)
    seal(world)
    start = world.main.replay.position.time
    for hours in (5, 17, 40):
        seal(world, hours * HOUR_MS)
        extra = claim(world, ann_org)
        say(world.main, "value", extra, points=0)
        say(world.main, "endorse", extra)
        seal(world)
        state = final(world)
        reputation.change(state, root(ann), 0, world.main.replay.position.time)
        assert nano(world, ann) == nano(world, ben)
    hours = world.main.replay.position.time // HOUR_MS - start // HOUR_MS
    assert nano(world, ben) == advance(10 * SCALE, hours, 4_383)


def test_amending_the_half_life_does_not_rewrite_the_past(world: World) -> None:
    ann, ann_org = world.add_member()
    id_ = claim(world, ann_org)
    say(world.main, "endorse", id_)
    seal(world)
    start = world.main.replay.position.time // HOUR_MS
    seal(world, 100 * HOUR_MS)
    adopt(world, body("amendment", {"do": "amend", "name": "reputation_half_life", "value": 24}))
    turn = final(world).need(HALF_LIVES_KEY, HalfLives).rows[-1][0]
    assert final(world).need(HALF_LIVES_KEY, HalfLives).rows == ((0, 4_383), (turn, 24))
    claim(world, ann_org)
    world.clock.forward(48 * HOUR_MS)
    claim(world, ann_org)
    now = world.main.replay.position.time // HOUR_MS
    before = advance(10 * SCALE, turn - start, 4_383)
    assert final(world).need(reputation_key(root(ann)), Reputation).hour == start
    assert nano(world, ann) == advance(before, now - turn, 24) < before // 3


def test_reputation_as_voting_power(tmp_path: Any) -> None:
    """Whole points of the final state before the opening; who has none has no vote."""
    world = World(tmp_path, charter={"decision.power": 2})
    world.seal()
    _ann, ann_org = world.add_member()
    _, ben = world.add_member()
    id_ = claim(world, ann_org)
    say(world.main, "value", id_, points=33)
    say(world.main, "endorse", id_)
    seal(world)
    seal(world, 1_000 * HOUR_MS)
    expected = advance(33 * SCALE, 1_000, 4_383) // SCALE
    opened_ = put(world, body("decision"))
    found = proposal(world, opened_)
    assert (found.voters, power_from_wire(found.power)) == (1, expected)
    assert refusal(ben, "vote.cast", {"proposal": Link(opened_), "choice": "yes"}) == "not_in_electorate"


def test_nobody_is_locked_out_by_reputation_that_nobody_has(world: World) -> None:
    amend = {"do": "amend", "name": "amendment.power", "value": 2}
    assert refusal(world.main, "proposal.open", body("amendment", amend)) == "lockout"
    _, ann_org = world.add_member()
    id_ = claim(world, ann_org)
    say(world.main, "endorse", id_)
    seal(world)
    assert proposal(world, adopt(world, body("amendment", amend))).execution == "done"


def test_a_penalty_lowers_reputation_and_no_further_than_nothing(world: World) -> None:
    ann, ann_org = world.add_member()
    id_ = claim(world, ann_org)
    say(world.main, "endorse", id_)
    seal(world)
    effect = {"do": "reputation", "member": root(ann), "points": 4}
    adopt(world, body("penalty", effect))
    assert whole(world, ann) == 6
    adopt(world, body("penalty", {**effect, "points": 50}))
    assert nano(world, ann) == 0
    for bad, code in (({"member": bytes(32)}, "member_unknown"), ({"points": 0}, "amount_not_positive")):
        assert refusal(world.main, "proposal.open", body("penalty", {**effect, **bad})) == code


# -- rounds --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"givers": 5}, "malformed"),
        ({"receivers": [bytes(32)] * 257}, "malformed"),
        ({"from": b"m" + bytes(32)}, "not_allowed"),
        ({"unit": "EUR"}, "unit_unknown"),
        ({"amount": 0}, "amount_not_positive"),
        ({"from": b"d" + bytes(32)}, "party_unknown"),
        ({"window": 999}, "period_out_of_bounds"),
        ({"window": 367 * DAY}, "period_out_of_bounds"),
        ({"kind": "lottery"}, "round_kind_bad"),
        ({"policy": "fair"}, "round_policy_bad"),
        ({"policy": "special"}, "round_policy_bad"),
        ({"to": bytes(32)}, "round_policy_bad"),
        ({"policy": "special", "to": bytes(32), "look": 0}, "round_policy_bad"),
        ({"look": 0}, "round_policy_bad"),
        ({"look": 33}, "round_policy_bad"),
        ({"policy": "recent", "look": 101}, "round_policy_bad"),
        ({"policy": "balanced"}, "round_policy_bad"),
        ({"points": 0}, "points_bounds"),
        ({"points": 1_000_001}, "points_bounds"),
        ({"policy": "special", "kind": "points", "to": bytes(32), "look": 0}, "member_unknown"),
        ({"givers": bytes(32)}, "department_unknown"),
        ({"receivers": []}, "round_members_bad"),
        ({"receivers": [bytes(32), bytes(32)]}, "round_members_bad"),
        ({"receivers": [bytes(32)]}, "member_unknown"),
        ({"amount": 1_000_001}, "balance_too_low"),
        ({}, ""),
    ],
)
def test_opening_a_round(world: World, changes: dict[str, Any], code: str) -> None:
    assert refusal(world.main, "round.open", round_body(**changes)) == code


def test_who_may_open_a_round(world: World) -> None:
    _, org = world.add_member()
    assert refusal(org, "round.open", round_body()) == "not_allowed"
    assert refusal(org, "match.open", match_body()) == "not_allowed"
    _, auditor = world.add_member("auditor")
    auditor.write("emergency.stop", {})
    seal(world)
    assert refusal(world.main, "round.open", round_body()) == "spending_stopped"
    assert refusal(world.main, "match.open", match_body()) == "spending_stopped"


def test_giving_in_the_order_of_the_guards(world: World) -> None:
    ann, ann_org = world.add_member()
    ben, ben_org = world.add_member()
    observer, observer_org = world.add_member("observer")
    assert gift_refusal(ann_org, UNKNOWN, (root(ben), 1)) == "round_unknown"
    id_ = world.main.write("round.open", round_body()).id
    world.everywhere()
    assert gift_refusal(ann_org, id_, (root(ben), 1)) == "round_not_open"
    seal(world)
    assert gift_refusal(observer_org, id_, (root(ben), 1)) == "not_in_round"
    assert gift_refusal(ann_org, id_, (root(ann), 101), (root(ann), 1)) == "gift_to_self"
    assert gift_refusal(ann_org, id_, (root(ben), 0), (root(ben), 1)) == "gift_twice"
    assert gift_refusal(ann_org, id_, (root(ben), 101), (root(observer), 0)) == "gift_zero"
    assert gift_refusal(ann_org, id_, (root(ben), 101), (root(observer), 1)) == "gift_receiver"
    assert gift_refusal(ann_org, id_, (root(ben), 101)) == "gifts_over"
    assert gift_refusal(ann_org, id_, (root(ben), 100)) == ""
    assert gift_refusal(ben_org, opened(world, kind="points"), (root(ann), 1)) == "round_without_gifts"
    _late, late_org = world.add_member()
    other = opened(world)
    assert gift_refusal(late_org, id_, (root(ben), 1)) == "not_in_round"
    assert gift_refusal(late_org, other, (root(ben), 1)) == ""
    seal(world, WINDOW)
    assert gift_refusal(ann_org, id_, (root(ben), 1)) == "round_closed"


def test_a_round_pays_its_budget_once_and_without_dust(world: World) -> None:
    people = [world.add_member() for _ in range(3)]
    (ann, ann_org), (ben, ben_org), (cat, cat_org) = people
    id_ = opened(world)
    assert balance(world, escrow_party(id_)) == 1_000
    give(ann_org, id_, (root(ben), 10))
    give(ann_org, id_, (root(ben), 1), (root(cat), 1))
    give(ben_org, id_, (root(ann), 1))
    give(cat_org, id_, (root(ann), 1))
    give(cat_org, id_)
    give(world.main, id_, (root(ann), 1))
    seal(world, WINDOW - 1)
    assert the_round(world, id_).status == "open"
    seal(world, 1)
    found = the_round(world, id_)
    assert (found.status, found.gave, found.voters, found.given) == ("paid", 3, 4, 4)
    paid = [balance(world, member_party(root(person))) for person, _ in people]
    assert paid == [500, 250, 250]
    assert [(line.received, line.payout) for line in lines(world, id_)] == [(2, 500), (1, 250), (1, 250)]
    assert balance(world, escrow_party(id_)) == 0
    seal(world, 10 * WINDOW)
    assert balance(world, TREASURY) == 999_000
    for org in world.replicas.values():
        assert org.replay.final.root == world.main.replay.final.root


def test_nothing_given_the_budget_returns(world: World) -> None:
    id_ = opened(world)
    seal(world, WINDOW)
    assert the_round(world, id_).status == "returned"
    assert balance(world, TREASURY) == 1_000_000


def test_gifts_of_and_to_who_is_gone_drop_with_their_reason(world: World) -> None:
    ann, ann_org = world.add_member()
    ben, ben_org = world.add_member()
    cat, _cat_org = world.add_member()
    id_ = opened(world)
    give(ann_org, id_, (root(ben), 5), (root(cat), 5))
    give(ben_org, id_, (root(cat), 7))
    seal(world)
    ben_org.write("member.leave", {})
    seal(world)
    seal(world, WINDOW)
    found = the_round(world, id_)
    assert (found.status, found.voters, found.given) == ("paid", 3, 5)
    assert balance(world, member_party(root(cat))) == 1_000
    state = final(world)
    assert state.need(gifts_key(id_, root(ann)), Gifts).dropped == ("not_a_receiver", "")
    assert state.need(gifts_key(id_, root(ben)), Gifts).dropped == ("not_a_member",)


def test_cancelling_before_anybody_gave_or_by_vote(world: World) -> None:
    _ann, ann_org = world.add_member()
    id_ = world.main.write("round.open", round_body()).id
    link = {"round": Link(id_)}
    assert refusal(world.main, "round.cancel", {"round": UNKNOWN}) == "round_unknown"
    assert refusal(world.main, "round.cancel", link) == "round_not_open"
    seal(world)
    assert refusal(ann_org, "round.cancel", link) == "round_not_opener"
    give(ann_org, id_, (root(world.founder), 3))
    seal(world)
    assert refusal(world.main, "round.cancel", link) == "round_gifts_given"
    other = opened(world, amount=700)
    world.main.write("round.cancel", {"round": Link(other)})
    seal(world)
    assert refusal(world.main, "round.cancel", {"round": Link(other)}) == "round_closed"
    assert balance(world, TREASURY) == 999_000
    long = opened(world, amount=500, window=DAY)
    give(ann_org, long, (root(world.founder), 3))
    seal(world)
    cancel = {"do": "cancel_round", "round": long}
    assert proposal(world, adopt(world, body("decision", cancel))).execution == "done"
    assert the_round(world, long).status == "cancelled"
    assert balance(world, escrow_party(long)) == 0
    assert refusal(world.main, "proposal.open", body("decision", cancel)) == "round_closed"
    seal(world, 2 * DAY)
    assert balance(world, TREASURY) + balance(world, member_party(root(world.founder))) == 1_000_000


def test_by_contribution_points_each_counts_once(world: World) -> None:
    _ann, ann_org = world.add_member()
    ben, ben_org = world.add_member()
    for org, count in ((ann_org, 2), (ben_org, 1)):
        for _ in range(count):
            say(world.main, "endorse", claim(world, org))
    seal(world)
    id_ = opened(world, kind="points")
    seal(world, WINDOW)
    assert [(line.points, line.payout) for line in lines(world, id_)] == [(20, 667), (10, 333)]
    say(world.main, "endorse", claim(world, ben_org))
    seal(world)
    again = opened(world, kind="points")
    seal(world, WINDOW)
    assert [(line.member, line.points) for line in lines(world, again)] == [(root(ben), 10)]
    third = opened(world, kind="points")
    seal(world, WINDOW)
    assert the_round(world, third).status == "returned"
    assert final(world).need(share_key(root(ben), "points", TREASURY, "GLD"), Share) == Share(
        20, 1_333, ((1, 10), (2, 10)), 20
    )


def test_both_gifts_and_points(world: World) -> None:
    ann, ann_org = world.add_member()
    ben, _ben_org = world.add_member()
    say(world.main, "endorse", claim(world, ann_org))
    seal(world)
    id_ = opened(world, kind="both")
    give(ann_org, id_, (root(ben), 10))
    give(world.main, id_, (root(ann), 10))
    seal(world)
    seal(world, WINDOW)
    assert [(line.received, line.points, line.payout) for line in lines(world, id_)] == [(10, 10, 750), (10, 0, 250)]


def test_points_that_one_kind_of_round_took_up_are_not_paid_again_by_another(world: World) -> None:
    ann, ann_org = world.add_member()
    _, ben_org = world.add_member()
    say(world.main, "endorse", claim(world, ann_org))
    seal(world)
    first = opened(world, kind="points")
    seal(world, WINDOW)
    assert [line.points for line in lines(world, first)] == [10]
    second = opened(world, kind="both")
    seal(world, WINDOW)
    assert the_round(world, second).status == "returned"
    say(world.main, "endorse", claim(world, ben_org))
    seal(world)
    third = opened(world, kind="both")
    seal(world, WINDOW)
    assert [line.points for line in lines(world, third)] == [10]
    assert final(world).get(share_key(root(ann), "both", TREASURY, "GLD"), Share) is None
    fourth = opened(world, kind="points")
    seal(world, WINDOW)
    assert the_round(world, fourth).status == "returned"


def test_kinds_of_rounds_have_series_of_their_own() -> None:
    assert len({share_key(bytes(32), kind, TREASURY, "GLD") for kind in KINDS}) == len(KINDS)
    assert len({series_key(kind, TREASURY, "GLD") for kind in KINDS}) == len(KINDS)


def test_policies_look_at_earlier_rounds(world: World) -> None:
    ann, _ann_org = world.add_member()
    ben, _ben_org = world.add_member()

    def play(to: Person, **changes: Any) -> dict[bytes, int]:
        id_ = opened(world, **changes)
        give(world.main, id_, (root(to), 10))
        seal(world)
        seal(world, WINDOW)
        return {line.member: line.payout for line in lines(world, id_)}

    assert play(ann) == {root(ann): 1_000}
    assert play(ben) == {root(ben): 1_000}
    assert play(ann, look=2) == {root(ann): 500, root(ben): 500}
    # accumulated·(1-d) + new: Ann 10·(1/2)³ + 0 + 10/2 + 10 = 16.25, Ben 10·(1/2)² = 2.5
    assert play(ann, policy="recent", look=50) == {root(ann): 867, root(ben): 133}
    # points so far 30 and 10 and now 10 for Ben; paid 2367 and 1633; (4000+1000)·share: 3000 and 2000
    assert play(ben, policy="balanced", look=0) == {root(ann): 633, root(ben): 367}


def test_special_pays_the_one_who_is_named(world: World) -> None:
    ann, ann_org = world.add_member()
    id_ = opened(world, kind="points", policy="special", look=0, to=root(ann))
    seal(world, WINDOW)
    assert balance(world, member_party(root(ann))) == 1_000
    other = opened(world, kind="points", policy="special", look=0, to=root(ann))
    ann_org.write("member.leave", {})
    seal(world, WINDOW)
    assert (the_round(world, id_).status, the_round(world, other).status) == ("paid", "returned")


def test_a_department_shares_its_own_money_among_its_own(world: World) -> None:
    """Its points are those of contributions made for it; closed meanwhile, its rest goes to the treasury."""
    ann, ann_org = world.add_member()
    ben, ben_org = world.add_member()
    ops = world.main.write("department.open", {"name": "Operations", "parent": None}).id
    seal(world)
    for role, person in (("steward", ann), ("member", ben)):
        world.main.write("role.give", {"department": Link(ops), "member": root(person), "role": role})
    world.main.write("token.transfer", {"unit": "GLD", "amount": 5_000, "to": department_party(ops), "for": TREASURY})
    seal(world)
    assert refusal(ben_org, "round.open", round_body(**{"from": department_party(ops)})) == "not_allowed"
    mine = claim(world, ben_org, department=Link(ops))
    say(world.main, "endorse", mine)
    say(world.main, "endorse", claim(world, ann_org))
    seal(world)
    assert (points(world, ben, ops), points(world, ann, ops)) == (10, 0)
    changes = {"from": department_party(ops), "receivers": ops, "kind": "points"}
    id_ = ann_org.write("round.open", round_body(**changes)).id
    seal(world)
    seal(world, WINDOW)
    assert {line.member: line.payout for line in lines(world, id_)} == {root(ben): 1_000}
    other = ann_org.write("round.open", round_body(**changes)).id
    seal(world)
    world.main.write("department.close", {"department": Link(ops)})
    seal(world, WINDOW)
    assert the_round(world, other).status == "returned"
    assert balance(world, department_party(ops)) == 0
    assert balance(world, TREASURY) == 999_000


# -- matching ------------------------------------------------------------------------------------
def test_opening_and_giving_in_the_order_of_the_guards(world: World) -> None:
    ann, ann_org = world.add_member()
    party = member_party(root(ann))
    for changes, code in (
        ({"mode": "double"}, "round_policy_bad"),
        ({"bound": 0}, "round_policy_bad"),
        ({"projects": []}, "projects_bad"),
        ({"projects": [["A", party], ["A", party]]}, "projects_bad"),
        ({"projects": [["A", TREASURY]]}, "to_self"),
        ({"projects": [["A", b"m" + bytes(32)]]}, "party_unknown"),
        ({"amount": 2_000_000}, "balance_too_low"),
        ({}, ""),
    ):
        assert refusal(world.main, "match.open", match_body(("A", party), **changes)) == code
    id_ = world.main.write("match.open", match_body(("A", party))).id
    gift = {"match": Link(id_), "project": 1, "amount": 10}
    assert refusal(world.main, "match.give", {**gift, "match": UNKNOWN}) == "round_unknown"
    assert refusal(world.main, "match.give", gift) == "round_not_open"
    seal(world)
    assert refusal(world.main, "match.give", {**gift, "project": 2}) == "project_unknown"
    assert refusal(ann_org, "match.give", gift) == "to_self"
    assert refusal(world.main, "match.give", {**gift, "amount": 0}) == "amount_not_positive"
    assert refusal(world.main, "match.give", gift) == "balance_too_low"
    assert refusal(ann_org, "match.cancel", {"match": Link(id_)}) == "round_not_opener"
    world.main.write("match.cancel", {"match": Link(id_)})
    seal(world)
    assert refusal(world.main, "match.give", gift) == "round_closed"
    assert balance(world, escrow_party(id_)) == 0
    assert balance(world, TREASURY) == 990_000  # one pool was opened by the last row above


@pytest.mark.parametrize(
    ("mode", "bound", "paid"), [("fill", None, 10_000), ("scale-down", None, 540), ("scale-down", 90, 216)]
)
def test_a_pool_matches_what_members_give(world: World, mode: str, bound: int | None, paid: int) -> None:
    """90 and 360 to one project match it by 2·√(90·360) = 360, three times 30 another by 6·30 = 180. Pairwise with
    T = 90: the two have P = 180 + 30, so 360·90/300 = 108; and 60·90/300 + 2·60·90/120 = 108."""
    people = [world.add_member() for _ in range(3)]
    for person, _ in people:
        world.main.write(
            "token.transfer", {"unit": "GLD", "amount": 1_000, "to": member_party(root(person)), "for": TREASURY}
        )
    seal(world)
    ops = world.main.write("department.open", {"name": "Operations", "parent": None}).id
    seal(world)
    projects = (("Garden", department_party(ops)), ("Choir", member_party(root(world.founder))))
    id_ = world.main.write("match.open", match_body(*projects, mode=mode, bound=bound)).id
    seal(world)
    for (_, org), amounts in zip(people, ((90, 30), (300, 30), (0, 30)), strict=True):
        for project, amount in enumerate(amounts, 1):
            if amount:
                org.write("match.give", {"match": Link(id_), "project": project, "amount": amount})
    people[1][1].write("match.give", {"match": Link(id_), "project": 1, "amount": 60})
    seal(world)
    assert balance(world, department_party(ops)) == 450
    seal(world, WINDOW)
    found = final(world).need(match_key(id_), Match)
    assert (found.status, found.backers, found.pairs) == ("paid", 5, 4)
    assert sum(project.payout for project in found.projects) == paid
    assert balance(world, escrow_party(id_)) == 0
    assert balance(world, TREASURY) == 1_000_000 - 3_000 - paid
    if bound is None and mode == "scale-down":
        assert [project.payout for project in found.projects] == [360, 180]


def test_a_pool_takes_no_more_pairs_than_can_be_counted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dao_app.core.rules.matching.MATCH_PAIRS_MAX", 0)
    people = [world.add_member() for _ in range(2)]
    for person, _ in people:
        world.main.write(
            "token.transfer", {"unit": "GLD", "amount": 50, "to": member_party(root(person)), "for": TREASURY}
        )
    id_ = world.main.write("match.open", match_body(("A", member_party(root(world.founder))), bound=5)).id
    seal(world)
    gift = {"match": Link(id_), "project": 1, "amount": 10}
    people[0][1].write("match.give", gift)
    people[0][1].write("match.give", gift)
    seal(world)
    assert refusal(people[1][1], "match.give", gift) == "match_full"


def test_a_gift_that_was_refused_leaves_no_trace(world: World) -> None:
    """Signed by a program that does not ask first: its gift must not be among those that are read at the close."""
    ann, ann_org = world.add_member()
    gift = {"unit": "GLD", "amount": 50, "to": member_party(root(ann)), "for": TREASURY}
    world.main.write("token.transfer", gift)
    id_ = world.main.write("match.open", match_body(("A", member_party(root(world.founder))))).id
    seal(world)
    for amount in (60, 50):
        head = ann_org.heads()[ann.device.public]
        content = {"match": Link(id_), "project": 1, "amount": amount}
        payload = build_payload(
            world.org_id, ann.device.public, head.seq + 1, head.digest, (), world.clock.now, "match.give", content
        )
        ann_org.admit_now([pack(payload, ann.device.sign(signed_message(digest(payload))))])
    seal(world)
    register = final(world).need(backers_key(id_, 0), Register)
    assert register.ids == (b"\x01" + root(ann),)
    seal(world, WINDOW)
    assert final(world).need(match_key(id_), Match).projects[0].given == 50


# -- payout records, tips ------------------------------------------------------------------------
def test_payout_records(world: World) -> None:
    ann, ann_org = world.add_member()
    ben, ben_org = world.add_member()
    record: dict[str, Any] = {"to": root(ann), "currency": "EUR", "amount": 12_050, "decimals": 2, "day": 20_000}
    for changes, code in (
        ({"to": bytes(32)}, "member_unknown"),
        ({"to": root(world.founder)}, "to_self"),
        ({"currency": "eur"}, "currency_bad"),
        ({"currency": "E" * 13}, "currency_bad"),
        ({"decimals": 9}, "currency_bad"),
        ({"amount": 0}, "amount_not_positive"),
        ({"day": 100_001}, "period_out_of_bounds"),
    ):
        assert refusal(world.main, "payout.record", {**record, **changes}) == code
    assert refusal(ann_org, "payout.record", {**record, "to": root(ben)}) == "not_allowed"
    before = final(world)
    id_ = world.main.write("payout.record", record).id
    seal(world)
    link = {"payout": Link(id_)}
    assert refusal(ann_org, "payout.confirm", {"payout": UNKNOWN}) == "payout_unknown"
    assert refusal(ben_org, "payout.confirm", link) == "payout_not_yours"
    ann_org.write("payout.dispute", link)
    assert refusal(ann_org, "payout.dispute", link) == "payout_answered"
    ann_org.write("payout.confirm", link)
    seal(world)
    assert refusal(ann_org, "payout.dispute", link) == "payout_answered"
    found = final(world).need(payout_key(id_), PayoutRecord)
    assert (found.status, found.amount, found.currency) == ("confirmed", 12_050, "EUR")
    assert before.balance(TREASURY, "GLD") == balance(world, TREASURY)


def test_a_tip_from_the_treasury_or_a_department(world: World) -> None:
    ann, ann_org = world.add_member()
    tip = {"unit": "GLD", "amount": 30, "to": member_party(root(ann)), "for": TREASURY}
    assert refusal(ann_org, "token.tip", {**tip, "to": member_party(root(world.founder))}) == "not_allowed"
    assert refusal(world.main, "token.tip", {**tip, "to": member_party(root(world.founder))}) == "to_self"
    world.main.write("token.tip", tip)
    seal(world)
    assert balance(world, member_party(root(ann))) == 30
    assert member(world, ann).status == "active"
