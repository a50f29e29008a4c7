"""What waits for a member: votes with delegates, seconds, payments; only what may wait is judged."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dao_app.app import views as v
from dao_app.app.cases_today import TodayCases
from dao_app.app.queries import Reader
from dao_app.core.encoding import Link
from dao_app.core.keys import member_party
from tests.fakes.desk import Desk
from tests.fakes.world import Person, World

DAY_MS = 86_400_000


class Cases(TodayCases):
    """Of one member at the desk."""

    def __init__(self, desk: Desk, member: Person) -> None:
        opened = SimpleNamespace(org=desk.org, member=member.root.public, demo=True, online=False)
        self._ws: Any = SimpleNamespace(
            clock=desk.world.clock, network=None, unsent={}, find=lambda org: opened,
            member_in=lambda opened: opened.member,
        )


@pytest.fixture
def team(tmp_path: Path) -> tuple[Desk, Person, Person, Person]:
    world = World(tmp_path, charter={"seconders": 1})
    world.seal()
    desk = Desk(world)
    return desk, desk.people[0], desk.join(), desk.join()


def today(desk: Desk, member: Person) -> v.TodayView:
    desk.org.signer = member.device
    try:
        return Cases(desk, member).today("")
    finally:
        desk.org.signer = desk.world.founder.device


def needs(desk: Desk, member: Person, what: str) -> list[v.TodayItem]:
    return [item for item in today(desk, member).needs if item.what == what]


def propose(desk: Desk, by: Person, title: str, **more: Any) -> bytes:
    usual = {"kind": "decision", "method": "yes-no-abstain", "options": [], "discussion": 0, "voting": DAY_MS}
    id_ = desk.write(by, "proposal.open", title=title, **{**usual, **more}).id
    desk.seal()
    desk.seal()
    return id_


def test_a_vote_says_who_votes_in_ones_place(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    desk.write(ada, "vote.delegate", to=ben.root.public)
    first = propose(desk, founder, "Ladder?")
    (item,) = needs(desk, ada, "vote")
    assert item.person is not None and item.person.id == ben.root.public.hex() and item.note == ""
    assert [i.person for i in needs(desk, ben, "vote")] == [None]
    desk.write(ben, "vote.cast", proposal=Link(first), choice="yes")
    (item,) = needs(desk, ada, "vote")
    assert item.note == "voted"
    assert [d.scope for d in today(desk, ada).delegations] == ["everything"]
    desk.write(ada, "vote.cast", proposal=Link(first), choice="no")
    assert needs(desk, ada, "vote") == []


def test_votes_that_nobody_casts_for_one_come_first(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    department = desk.write(founder, "department.open", name="Garden", parent=None).id
    desk.seal()
    desk.write(ada, "vote.delegate", to=ben.root.public, department=Link(department))
    propose(desk, founder, "In the garden", department=Link(department))
    propose(desk, founder, "Elsewhere")
    items = needs(desk, ada, "vote")
    assert [(i.title, i.department, i.person is None) for i in items] == [
        ("Elsewhere", "", True), ("In the garden", "Garden", False),
    ]  # fmt: skip


def test_a_circle_of_delegates_ends(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    desk.write(ada, "vote.delegate", to=ben.root.public)
    desk.write(ben, "vote.delegate", to=ada.root.public, topic="x")
    propose(desk, founder, "Q", topic="x")
    (item,) = needs(desk, ada, "vote")
    assert item.person is not None and item.note == ""


def test_payments_asked_for_and_second_signatures_wait(team: tuple[Desk, Person, Person, Person]) -> None:
    desk, founder, ada, ben = team
    asked = desk.write(ada, "payment.request", **{"from": ben.root.public, "unit": "GLD", "amount": 50}).id
    firm = desk.write(
        ada, "firm.register", name="Works", register="", dual=10,
        signers=sorted([[ada.root.public, 1_000], [ben.root.public, 1_000]]),
    ).id  # fmt: skip
    desk.seal()
    desk.write(founder, "token.transfer", **{"for": b"o", "to": b"f" + firm, "unit": "GLD", "amount": 500})
    desk.seal()
    paid = desk.write(
        ada, "firm.pay", firm=Link(firm), to=member_party(founder.root.public), unit="GLD", amount=100
    ).id
    desk.seal()
    assert [(i.target, i.amount.minor) for i in needs(desk, ben, "pay") if i.amount] == [(asked.hex(), 50)]
    (waiting,) = needs(desk, ben, "approve_payment")
    assert (waiting.target, waiting.title) == (paid.hex(), "Works")
    assert waiting.person is not None and waiting.person.id == ada.root.public.hex()
    assert needs(desk, ada, "approve_payment") == needs(desk, ada, "pay") == []


def test_only_what_may_wait_is_judged(
    team: tuple[Desk, Person, Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, founder, ada, _ = team
    tasks = [desk.open(founder, seal=False, amount=5) for _ in range(20)]
    desk.seal()
    desk.step(ada, "claim", tasks[0])
    asked: list[str] = []
    judge = Reader.judge

    def counted(self: Reader, type_: str, body: dict[str, Any]) -> Any:
        asked.append(type_)
        return judge(self, type_, body)

    monkeypatch.setattr(Reader, "judge", counted)
    view = today(desk, ada)
    assert [t.id for t in view.tasks] == [tasks[0].hex()]
    assert [i.what for i in view.needs] == ["work"]
    assert len(asked) < 12
