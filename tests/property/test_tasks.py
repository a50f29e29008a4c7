"""Tasks, escrow, several assignees, expiry, rounds and disputes over random histories: after every checkpoint the
money is whole, each escrow holds the reward of a task that is not over, and nothing is paid twice."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from dao_app.core.encoding import Link
from dao_app.core.entities import Task
from dao_app.core.keys import TREASURY, escrow_party, member_party, task_key
from dao_app.core.rewards.hamilton import share_out
from dao_app.core.rules.charter import DAY_MS
from dao_app.core.rules.task_money import SHARES
from tests.fakes.desk import Desk
from tests.fakes.world import World

MEMBERS = 4
TIMES = (500, 5_000, 20_000, DAY_MS, 4 * DAY_MS)
STEPS = ("claim", "apply", "start", "submit", "accept", "changes", "reject", "cancel", "publish")


class Play:
    """Four members (founder, steward, two members) who try things; what a rule refuses is never signed."""

    def __init__(self, folder: Path) -> None:
        self.desk = Desk(World(folder, charter={"task_appeal_ms": 10_000}))
        self.desk.seal()
        for role in ("steward", "member", "member"):
            person = self.desk.join(role)
            give = {"unit": "GLD", "amount": 1_000, "to": member_party(person.root.public), "for": TREASURY}
            self.desk.write(self.desk.people[0], "token.transfer", **give)
        self.desk.seal()
        self.tasks: list[bytes] = []
        self.over: dict[bytes, tuple[int, str]] = {}

    def party(self, who: int) -> bytes:
        return member_party(self.desk.people[who].root.public)

    def open(self, who: int, own: bool, **terms: Any) -> None:
        body = {"title": "Work", "unit": "GLD", "payer": self.party(who) if own else TREASURY, **terms}
        if not self.desk.refusal(self.desk.people[who], "task.open", **body):
            self.tasks.append(self.desk.org.store.of_type("task.open")[-1])

    def step(self, who: int, step: str, task: bytes, **body: Any) -> None:
        self.desk.refused(self.desk.people[who], step, task, **body)

    def work(self, task: bytes, worker: int, ending: str, again: str) -> None:
        """The usual way, as far as it goes: taken, handed in, reviewed, and perhaps tried a second time."""
        self.step(0, "publish", task)
        self.seal(1_000)
        self.step(worker, "claim", task)
        self.step(worker, "submit", task)
        self.step(0, ending, task)
        self.step(0, again, task)

    def assign(self, task: bytes, who: int, weights: list[int]) -> None:
        people = self.desk.people[-len(weights) :]
        shares = share_out(SHARES, weights)
        self.step(who, "assign", task, members=[[p.root.public, s] for p, s in zip(people, shares, strict=True)])

    def edit(self, task: bytes, who: int, amount: int, own: bool) -> None:
        payer = self.party(who) if own else TREASURY
        self.step(who, "edit", task, title="Other", unit="GLD", amount=amount, payer=payer, lifetime=8_000)

    def dispute(self, task: bytes, who: int, accept: bool, yes: bool) -> None:
        """A dispute, its vote, and what comes of it."""
        desk = self.desk
        body = {
            "title": "Pay?", "kind": "decision", "method": "yes-no-abstain", "options": [], "discussion": 0,
            "voting": 5_000, "effects": [{"do": "settle_task", "task": task, "accept": accept}],
        }  # fmt: skip
        if desk.refusal(desk.people[who], "proposal.open", **body):
            return
        proposal = desk.org.store.of_type("proposal.open")[-1]
        self.step(who, "dispute", task, proposal=Link(proposal))
        self.seal(1_000)
        for voter in desk.people:
            desk.refusal(voter, "vote.cast", proposal=Link(proposal), choice="yes" if yes else "no")
        self.seal(6_000)

    def seal(self, ms: int) -> None:
        """Seal: the desk compares accounts, escrows and postings; what is over stays over within its round."""
        self.desk.seal(ms)
        paid: Counter[bytes] = Counter()
        for posting in self.desk.org.store.postings(1_000_000):
            if posting.kind == "pay":
                paid[posting.source] += posting.amount
        for id_ in self.tasks:
            found = self.desk.org.replay.final.entity(task_key(id_))
            if not isinstance(found, Task):
                continue
            before = self.over.get(id_)
            if before is not None and before[0] == found.round:
                assert found.status == before[1]
            if found.closed:
                self.over[id_] = (found.round, found.status)
            accepted = found.round - (found.status != "accepted")
            assert paid[escrow_party(id_)] <= accepted * max(found.amount, 5_000)
            if found.version == 1:
                assert paid[escrow_party(id_)] == accepted * found.amount
            shares = [assignee.share for assignee in found.assignees]
            assert not shares or (sum(shares) == SHARES and min(shares) > 0)


@pytest.mark.parametrize("seed", range(6))
def test_any_history_keeps_the_money_whole(tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    rng = random.Random(seed)
    play = Play(tmp_path)
    for _ in range(400):
        roll, who = rng.random(), rng.randrange(MEMBERS)
        task = rng.choice(play.tasks[-8:]) if play.tasks else b""
        if roll < 0.15 or not task:
            play.open(
                who, rng.random() < 0.3, amount=rng.choice([1, 3, 7, 100, 999, 400_000]),
                lifetime=rng.choice([0, 0, 6_000, 2 * DAY_MS]), every=rng.choice([0, 1]), seats=rng.choice([1, 3]),
                approval=rng.random() < 0.2, draft=rng.random() < 0.2,
            )  # fmt: skip
        elif roll < 0.4:
            play.work(task, rng.randrange(1, MEMBERS), rng.choice(["start", "accept", "accept", "changes", "reject"]),
                      rng.choice(["accept", "reject", "cancel", "start"]))  # fmt: skip
        elif roll < 0.65:
            play.step(who, rng.choice(STEPS), task)
        elif roll < 0.75:
            play.assign(task, who % 2, [rng.randrange(1, 6) for _ in range(rng.randrange(1, MEMBERS))])
        elif roll < 0.8:
            play.step(who, "unassign", task, member=play.desk.people[rng.randrange(MEMBERS)].root.public)
        elif roll < 0.85:
            play.edit(task, who, rng.choice([1, 50, 5_000]), rng.random() < 0.3)
        elif roll < 0.9:
            play.dispute(task, who, rng.random() < 0.5, rng.random() < 0.7)
        else:
            play.seal(rng.choice(TIMES))
    play.seal(4 * DAY_MS)
    ends = {play.desk.task(id_).status for id_ in play.tasks}
    assert {"accepted", "expired"} <= ends and any(play.desk.task(id_).round > 1 for id_ in play.tasks), ends


class Tasks(RuleBasedStateMachine):
    """The same, driven by the library, which shrinks what it finds to the fewest steps."""

    @initialize()
    def found(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.play = Play(self.folder)
        self.play.open(0, False, amount=7, lifetime=6_000, every=1)
        self.play.open(0, False, amount=100, lifetime=0, seats=3)

    def teardown(self) -> None:
        if hasattr(self, "play"):
            self.play.seal(DAY_MS)
            self.play.desk.org.store.close()
            shutil.rmtree(self.folder)

    def task(self, number: int) -> bytes:
        return self.play.tasks[number % len(self.play.tasks)]

    @rule(amount=st.integers(1, 2_000), lifetime=st.sampled_from([0, 6_000]), every=st.integers(0, 1))
    def open(self, amount: int, lifetime: int, every: int) -> None:
        self.play.open(0, False, amount=amount, lifetime=lifetime, every=every)

    @rule(
        number=st.integers(0, 7),
        worker=st.integers(1, MEMBERS - 1),
        ending=st.sampled_from(["accept", "changes", "reject"]),
        again=st.sampled_from(["accept", "reject", "cancel"]),
    )
    def work(self, number: int, worker: int, ending: str, again: str) -> None:
        self.play.work(self.task(number), worker, ending, again)

    @rule(number=st.integers(0, 7), who=st.integers(0, MEMBERS - 1), step=st.sampled_from(STEPS))
    def step(self, number: int, who: int, step: str) -> None:
        self.play.step(who, step, self.task(number))

    @rule(number=st.integers(0, 7), weights=st.lists(st.integers(1, 5), min_size=1, max_size=MEMBERS - 1))
    def assign(self, number: int, weights: list[int]) -> None:
        self.play.assign(self.task(number), 0, weights)

    @rule(number=st.integers(0, 7), amount=st.sampled_from([1, 5_000]), own=st.booleans())
    def edit(self, number: int, amount: int, own: bool) -> None:
        self.play.edit(self.task(number), 0, amount, own)

    @rule(number=st.integers(0, 7), who=st.integers(0, MEMBERS - 1), accept=st.booleans(), yes=st.booleans())
    def dispute(self, number: int, who: int, accept: bool, yes: bool) -> None:
        self.play.dispute(self.task(number), who, accept, yes)

    @rule(ms=st.sampled_from(TIMES))
    def seal(self, ms: int) -> None:
        self.play.seal(ms)


TestTasks = Tasks.TestCase
TestTasks.settings = settings(max_examples=15, stateful_step_count=20)
