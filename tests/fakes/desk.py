"""One replica on which any member writes, as on a device passed around: quick histories without syncing."""

from __future__ import annotations

from typing import Any

from dao_app.app.errors import Refused
from dao_app.core.encoding import Link
from dao_app.core.entities import Account, Task
from dao_app.core.envelope import Action
from dao_app.core.keys import account_key, escrow_party, task_key
from dao_app.core.rules.task_money import is_held
from tests.fakes.checks import check_money
from tests.fakes.world import Person, World


class Desk:
    """A founded organisation; ``people[0]`` is the founder, who seals."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.org = world.main
        self.people: list[Person] = [world.founder]

    def join(self, role: str = "member") -> Person:
        invite, bearer = self.world.invite(self.org, role)
        person = Person(self.world.random)
        self.org.admit_now([self.world.join_envelope(person, invite, bearer)])
        self.people.append(person)
        self.seal()
        return person

    def write(self, by: Person, type_: str, **body: Any) -> Action:
        """An action of this member; raises Refused."""
        self.world.clock.forward(1)
        self.org.signer = by.device
        try:
            return self.org.write(type_, body)
        finally:
            self.org.signer = self.world.founder.device

    def refusal(self, by: Person, type_: str, **body: Any) -> str:
        """The code that the author is told before signing, "" where the action stands (and is signed)."""
        try:
            self.write(by, type_, **body)
        except Refused as error:
            return error.code.removeprefix("reject.")
        return ""

    def step(self, by: Person, step: str, task: bytes, **body: Any) -> Action:
        return self.write(by, f"task.{step}", task=Link(task), **body)

    def refused(self, by: Person, step: str, task: bytes, **body: Any) -> str:
        return self.refusal(by, f"task.{step}", task=Link(task), **body)

    def open(self, by: Person, seal: bool = True, **terms: Any) -> bytes:
        usual = {"title": "Work", "unit": "GLD", "amount": 100, "payer": b"o", "lifetime": 0}
        id_ = self.write(by, "task.open", **{**usual, **terms}).id
        if seal:
            self.seal()
        return id_

    def seal(self, ms: int = 1_000) -> None:
        """Let time pass, seal, and look whether the money is whole."""
        self.world.seal(ms)
        check_money(self.org)
        check_escrows(self)

    def task(self, id_: bytes) -> Task:
        found = self.org.replay.final.entity(task_key(id_))
        assert isinstance(found, Task)
        return found

    def balance(self, party: bytes) -> int:
        found = self.org.replay.final.entity(account_key(party, "GLD"))
        return found.balance if isinstance(found, Account) else 0


def check_escrows(desk: Desk) -> None:
    """What lies in each task's escrow is its reward while it is held, else nothing; and whatever went in either
    came out or is there: nothing is paid twice, nothing disappears."""
    moved: dict[bytes, int] = {}
    for posting in desk.org.store.postings(1_000_000):
        if posting.target[:1] == b"e":
            moved[posting.target] = moved.get(posting.target, 0) + posting.amount
        if posting.source[:1] == b"e":
            moved[posting.source] = moved.get(posting.source, 0) - posting.amount
    for id_ in desk.org.store.of_type("task.open"):
        found = desk.org.replay.final.entity(task_key(id_))
        if isinstance(found, Task):
            there = desk.balance(escrow_party(id_))
            assert there == (found.amount if is_held(found) else 0), (found, there)
            assert moved.get(escrow_party(id_), 0) == there
