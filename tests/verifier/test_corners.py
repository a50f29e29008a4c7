"""Corners of the rules that drawn histories seldom reach, each played out and derived again by the verifier.

Programs ask the rules before they sign; here everything is signed all the same, so that what the rules reject is in
the log too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Task
from dao_app.core.envelope import build_payload, device_message, pack, signed_message
from dao_app.core.keys import TREASURY, department_party, member_party
from dao_app.core.replay import Replay
from tests.fakes.world import Person, World
from tests.unit.rules.votes import DAY, adopt, assign, body, charter, close, member, pay, proposal, put, result, vote
from tests.verifier.bundling import parts_of


@pytest.fixture(autouse=True)
def stubborn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign whatever is asked for."""
    monkeypatch.setattr(Replay, "judge", lambda replay, action: None)


@pytest.fixture
def founded(tmp_path: Path, verifier: ModuleType) -> Any:
    """Makes worlds; at the end of the test the verifier derives each of them again."""
    worlds: list[World] = []

    def make(**changes: int) -> World:
        world = World(tmp_path / str(len(worlds)), len(worlds), changes)
        world.seal()
        worlds.append(world)
        return world

    yield make
    for world in worlds:
        world.everywhere()
        world.seal()
        parts = parts_of(world.main)
        report = verifier.check_bundle(parts.car(), parts.org, None, None)
        assert dict(report.checked)["checkpoints"]["number"] == world.main.height()


Make = Callable[..., World]


def ref(world: World, text: str = "text") -> dict[str, Any]:
    return world.main.detach(text, "text")[0]


def seal(world: World, ms: int = 1_000) -> None:
    world.everywhere()
    world.seal(ms)
    world.everywhere()


def root(person: Person) -> bytes:
    return person.root.public


def test_roles_of_an_organisations_own(founded: Make) -> None:
    world = founded()
    person, org = world.add_member("observer")
    keeper = {"do": "define_role", "code": "keeper", "name_en": "Keeper", "name_zh": "保管员",
              "permissions": ["task.fund", "task.open", "proposal.open"]}  # fmt: skip
    adopt(world, body("amendment", keeper))
    adopt(world, body("role", assign(root(person), "keeper")))
    terms = {"title": "T", "unit": "GLD", "amount": 5, "payer": TREASURY, "lifetime": 0}
    task = org.write("task.open", terms).id
    adopt(world, body("amendment", {**keeper, "permissions": []}))
    again = org.write("task.open", terms).id
    for bad in ({"code": "member"}, {"permissions": ["vote.cast"]}, {"permissions": ["x"]}):
        world.main.write("proposal.open", body("amendment", {**keeper, **bad}))
    seal(world)
    state = world.main.replay.final
    assert state.entity(b"t" + task) is not None and state.entity(b"t" + again) is None


def test_no_steward_is_left_but_members_may_propose(founded: Make) -> None:
    world = founded()
    founder = root(world.founder)
    world.add_member()
    adopt(world, body("role", assign(founder, "member")))
    adopt(world, body("role", {"do": "unassign", "member": founder, "role": "founder", "department": None}))
    assert [grant.role for grant in member(world, world.founder).grants] == ["member"]
    adopt(world, body("amendment", {"do": "amend", "name": "decision.proposer", "value": 1}))
    assert "decision.proposer" not in charter(world)


@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_who_could_still_amend(founded: Make, power: int) -> None:
    """By token, reputation, table or department: what would leave nobody is refused as a lock-out."""
    world = founded(min_support_power=1)
    person, _ = world.add_member()
    adopt(world, body("amendment", {"do": "amend", "name": "amendment.power", "value": power}))
    gift = {"unit": "GLD", "amount": 5, "to": member_party(root(person)), "for": TREASURY}
    world.main.write("token.transfer", gift)
    seal(world)
    adopt(world, body("amendment", {"do": "amend", "name": "amendment.power", "value": power}))
    adopt(world, body("role", assign(root(person), "treasurer")))
    adopt(world, body("amendment", {"do": "amend", "name": "tables", "value": 0}))
    world.main.write("member.leave", {})


def test_an_amendment_beyond_its_step(founded: Make) -> None:
    world = founded()
    far = [{"do": "amend", "name": "support_bp", "value": value} for value in (6_500, 7_500)]
    adopt(world, body("amendment", *far))
    adopt(world, body("amendment", {"do": "amend", "name": "spending.quorum_bp", "value": 9_000}))
    adopt(world, body("amendment", far[0], {"do": "amend", "name": "nonsense", "value": 1}))
    adopt(world, body("amendment", {"do": "amend", "name": "voting_ms", "value": 999}))
    assert charter(world)["support_bp"] == 5_000
    adopt(world, body("amendment", far[0], {"do": "amend", "name": "spending.support_bp", "value": None}))
    assert charter(world)["support_bp"] == 6_500


def test_departments_decide_within_themselves(founded: Make) -> None:
    world = founded(**{f"{kind}.power": 4 for kind in ("role", "spending", "decision", "adoption")})
    person, org = world.add_member()
    ids = [world.main.write("department.open", {"name": name, "parent": None}).id for name in ("Ops", "Side")]
    seal(world)
    ops, side = ids
    low = world.main.write("department.open", {"name": "Low", "parent": Link(ops)}).id
    world.main.write("role.give", {"department": Link(ops), "member": root(person), "role": "member"})
    for party in (ops, side):
        gift = {"unit": "GLD", "amount": 500, "to": department_party(party), "for": TREASURY}
        world.main.write("token.transfer", gift)
    task = world.main.write("task.open", {"title": "T", "unit": "", "amount": 0, "payer": TREASURY, "lifetime": 0,
                                          "department": Link(ops)}).id  # fmt: skip
    seal(world)
    money = {"count": 2, "every": 1_000, "first": 0, "revocable": True, "do": "schedule"}
    to = member_party(root(person))
    for kind, effect in (
        ("role", assign(root(person), "steward", low)), ("role", assign(root(person), "steward", side)),
        ("role", assign(root(person), "steward")), ("role", {"do": "admit", "member": root(person)}),
        ("role", {"do": "found_department", "name": "New", "parent": ops}),
        ("role", {"do": "found_department", "name": "New", "parent": None}),
        ("role", {"do": "move_department", "department": low, "parent": ops}),
        ("role", {"do": "move_department", "department": low, "parent": None}),
        ("role", {"do": "close_department", "department": low}),
        ("role", {"do": "close_department", "department": side}),
        ("spending", pay(to, 5, department_party(ops))), ("spending", pay(to, 5)),
        ("spending", pay(to, 5, department_party(side))), ("spending", {**pay(to, 6, department_party(ops)), **money}),
        ("spending", {"do": "budget", "department": ops, "unit": "GLD", "amount": 5, "period": 0}),
        ("decision", {"do": "settle_task", "task": task, "accept": True}), ("decision", {"do": "lift"}),
        ("adoption", {"do": "adopt", "title": "Text", "replaces": None}),
        ("adoption", {"do": "adopt", "title": "Text", "replaces": bytes(32)}),
    ):  # fmt: skip
        world.main.write("proposal.open", body(kind, effect, department=Link(ops)))
    seal(world)
    for id_ in world.main.store.of_type("proposal.open"):
        for one in (org, world.main):
            one.write("vote.cast", {"proposal": Link(id_), "choice": "yes"})
            one.write("proposal.second", {"proposal": Link(id_)})
    close(world)
    statuses = [world.main.replay.final.entity(b"p" + id_) for id_ in world.main.store.of_type("proposal.open")]
    assert len([found for found in statuses if found is not None]) >= 5


def test_consent(founded: Make) -> None:
    world = founded()
    _, org = world.add_member()
    outcomes = []
    for stances in (["agree", "abstain"], ["agree", "object"], ["abstain", "disagree"], []):
        id_ = put(world, body("decision", method="consent"))
        for one, stance in zip((world.main, org), stances, strict=False):
            vote(one, id_, {"stance": stance})
        close(world)
        outcomes.append((result(world, id_).outcome, result(world, id_).winners))
    assert outcomes == [("passed", (1,)), ("not_passed", (4,)), ("passed", (1,)), ("not_passed", ())]


def test_methods_with_settings_and_tables_with_delegation(founded: Make) -> None:
    world = founded()
    people = [world.add_member() for _ in range(3)]
    roots = sorted(root(person) for person in world.people)
    table = [[one, number * 10**14] for number, one in enumerate(roots, 1)]
    table[0][1] = (2**60).to_bytes(8, "big")
    people[0][1].write("vote.delegate", {"to": root(people[1][0])})
    people[1][1].write("vote.delegate", {"to": root(people[0][0])})  # a circle: refused
    people[2][1].write("vote.delegate", {"to": root(people[1][0]), "topic": "place"})
    options = ["Mill", "Barn", "Online"]
    cases: list[tuple[str, dict[str, Any], list[Any]]] = [
        ("copeland", {"tie_break": "support"}, [[1, 2, 3], [2, 3, 1]]),
        ("schulze", {"strength": "margins"}, [[[1, 2], [3]], [[3]]]),
        ("score", {"max": 9}, [{"1": 9, "2": 4}, {"3": 8}, {"3": 10}]),
        ("weighted", {}, [{"1": "0.25", "2": "1e-1"}, {"2": 1, "3": "-0.0"}, {"2": "x"}]),
        ("quadratic", {}, [{"1": 1, "2": 2}, {"3": "3"}]),
        ("stv", {"seats": 2, "complete": True}, [[1, 2, 3], [3, 1, 2], [1]]),
        ("ranked", {"complete": True}, [[2, 1, 3], [3]]),
        ("approval", {}, [[1, 3], []]),
        ("stv", {"seed": "mine"}, []), ("score", {"max": 0}, []), ("single", {"max": 1}, []),
    ]  # fmt: skip
    for method, parameters, ballots in cases:
        for more in ({}, {"table": table}, {"table": table[::-1]}):
            content = body("poll", method=method, options=options, parameters=parameters, topic="place", **more)
            id_ = world.main.write("proposal.open", content).id
            seal(world)
            for org, ballot in zip((world.main, people[1][1], people[2][1]), ballots, strict=False):
                org.write("vote.cast", {"proposal": Link(id_), "choice": ballot})
            close(world)


def test_texts_are_erased_by_who_wrote_them(founded: Make) -> None:
    world = founded(members_open_tasks=1)
    person, org = world.add_member()
    main, here = world.main, [ref(world, f"text {number}") for number in range(14)]
    task = main.write("task.open", {"title": "T", "unit": "", "amount": 0, "payer": TREASURY, "lifetime": 0, "every": 1,
                                    "text": here[0]}).id  # fmt: skip
    seal(world)
    org.write("task.claim", {"task": Link(task)})
    org.write("task.submit", {"task": Link(task), "note": here[1]})
    seal(world)
    main.write("task.changes", {"task": Link(task), "note": here[2]})
    vote_ = main.write("proposal.open", body("decision", text=here[3], discussion=60_000)).id
    claim = org.write("contribution.claim", {"title": "C", "text": here[4]}).id
    seal(world)
    main.write("contribution.dispute", {"contribution": Link(claim), "reason": here[5]})
    said = main.write("comment.add", {"on": Link(claim), "text": here[6], "mentions": [root(person)]}).id
    main.write("file.notarise", {"hash": digest(b"f"), "size": 1, "title": here[7]})
    main.write("file.notarise", {"hash": digest(b"f"), "size": 2})
    pool = {"title": "R", "unit": "GLD", "amount": 10, "from": TREASURY, "window": 5_000}
    round_ = main.write("round.open", {**pool, "kind": "peer", "policy": "immediate", "look": 1, "givers": None,
                                       "receivers": None, "points": 9, "text": here[8]}).id  # fmt: skip
    match = main.write("match.open", {**pool, "mode": "fill", "bound": None, "text": here[9],
                                      "projects": [["A", member_party(root(person))]]}).id  # fmt: skip
    paid = main.write("payout.record", {"to": root(person), "currency": "EUR", "amount": 1, "decimals": 2, "day": 1,
                                        "reference": here[10]}).id  # fmt: skip
    seal(world)
    org.write("round.give", {"round": Link(round_), "gifts": [[root(world.founder), 3]], "note": here[11]})
    org.write("payout.dispute", {"payout": Link(paid), "text": here[12]})
    seal(world)
    for on in (task, vote_, claim, said, digest(b"f"), round_, match, paid, root(person), bytes(32)):
        for one in (main, org):
            for reference in here:
                one.write("content.erase", {"on": Link(on), "hash": reference["hash"]})
    seal(world)
    for one in (main, org):
        for stances in (["producer", "consumer"], ["producer", "producer"], ["nobody"]):
            one.write("member.stances", {"stances": stances})
    erased = [hash_ for reference in here if world.main.replay.final.entity(hash_ := b"z" + reference["hash"])]
    assert len(erased) == 13


def test_a_recurring_task_whose_dispute_is_won(founded: Make) -> None:
    world = founded()
    _, org = world.add_member()
    terms = {"title": "T", "unit": "GLD", "amount": 9, "payer": TREASURY, "lifetime": 0, "every": 1, "due": 5}
    task = Link(world.main.write("task.open", terms).id)
    seal(world)
    for step in ("claim", "submit"):
        org.write(f"task.{step}", {"task": task})
    seal(world)
    world.main.write("task.reject", {"task": task})
    settle = {"do": "settle_task", "task": bytes(task), "accept": True}
    verdict = org.write("proposal.open", body("decision", settle)).id
    org.write("task.dispute", {"task": task, "proposal": Link(verdict)})
    seal(world)
    for one in (world.main, org):
        vote(one, verdict)
    close(world)
    assert proposal(world, verdict).execution == "done"
    world.main.write("task.dispute", {"task": task, "proposal": Link(verdict)})
    seal(world, DAY)
    found = world.main.replay.final.entity(b"t" + task)
    assert isinstance(found, Task) and (found.status, found.round, found.assignees) == ("open", 2, ())


def test_one_more_device_and_too_many(founded: Make) -> None:
    world = founded()
    for number in range(9):
        device = Person(world.random).device
        cert = world.founder.root.sign(device_message(world.org_id, device.public))
        content = {"root": root(world.founder), "cert": cert}
        payload = build_payload(world.org_id, device.public, 1, None, (), world.clock.now, "device.certify", content)
        assert world.main.admit_now([pack(payload, device.sign(signed_message(digest(payload))))]).stored == 1, number
    world.seal()
    assert len(member(world, world.founder).devices) == 8


def test_a_stop_and_what_it_holds_up(founded: Make) -> None:
    world = founded(stop_ms=3_600_000, execution_retry_ms=1_000)
    _, auditor = world.add_member("auditor")
    person, org = world.add_member()
    plan = {"to": member_party(root(person)), "unit": "GLD", "amount": 7, "count": 3, "every": 1_000, "first": 0,
            "revocable": True, "for": TREASURY}  # fmt: skip
    scheduled = world.main.write("payment.schedule", plan).id
    spending = put(world, body("spending", pay(member_party(root(person)))))
    for one in (world.main, org):
        vote(one, spending)
    auditor.write("emergency.stop", {})
    auditor.write("emergency.stop", {})
    close(world)
    assert proposal(world, spending).execution == "failed"
    seal(world, 5_000)
    lift = put(world, body("decision", {"do": "lift"}))
    for one in (world.main, org):
        vote(one, lift)
    close(world)
    auditor.write("emergency.stop", {})
    world.main.write("proposal.execute", {"proposal": Link(spending)})
    seal(world)
    assert proposal(world, spending).execution == "done"
    world.main.write("payment.stop", {"schedule": Link(scheduled)})
    auditor.write("member.leave", {})
