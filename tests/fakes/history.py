"""A random history of an organisation, from a seed: members write, sync now and then, the founder seals."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, ClassVar

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link
from dao_app.core.keys import TREASURY
from tests.fakes.checks import check_governance
from tests.fakes.world import World


class History:
    """Plays ``steps`` random gestures of members on replicas of their own."""

    ROLES = ("steward", "member", "member")  # of those who join the founder
    CHARTER: ClassVar[dict[str, int]] = {}
    SEAL_MS: ClassVar[tuple[int, ...]] = ()  # how long to wait before sealing; () for anything up to 3 s

    def __init__(self, folder: Path, seed: int, steps: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(folder, seed, self.CHARTER)
        self.world.seal()
        self.orgs: list[Organisation] = [self.world.main]
        for role in self.ROLES:
            self.orgs.append(self.world.add_member(role)[1])
        self.world.everywhere()
        self.tasks: list[bytes] = []
        self.proposals: list[bytes] = []
        self.contributions: list[bytes] = []
        self._contest()
        self.prepare()
        for _ in range(steps):
            self._step()
        self.world.everywhere()

    def prepare(self) -> None:
        """What a history wants to be there before its first step."""

    def check(self) -> None:
        """What must hold after every checkpoint."""
        check_governance(self.world.main)

    def _contest(self) -> None:
        """Two members claim one task before they hear of each other: one of them is rejected everywhere."""
        body = {"title": "Contested", "unit": "GLD", "amount": 7, "payer": TREASURY, "lifetime": 0}
        task = self.orgs[0].write("task.open", body)
        self.tasks.append(task.id)
        self.world.seal()
        self.world.everywhere()
        for org in self.orgs[2:4]:
            org.write("task.claim", {"task": Link(task.id)})
        self.world.everywhere()
        self.world.seal()
        self.world.everywhere()

    def _step(self) -> None:
        roll = self.rng.random()
        self.world.clock.forward(self.rng.randrange(1, 400))
        if roll < 0.12:
            self.world.everywhere()
        elif roll < 0.2:
            self.world.seal(self.rng.choice(self.SEAL_MS) if self.SEAL_MS else self.rng.randrange(10, 3_000))
            self.check()
        elif roll < 0.25:
            source, target = self.rng.sample(self.orgs, 2)
            self.world.sync(source, target)
        else:
            self.gesture(self.rng.choice(self.orgs))

    def gesture(self, org: Organisation) -> None:
        roots = [person.root.public for person in self.world.people]
        to = self.rng.choice([TREASURY, *(b"m" + root for root in roots)])
        amount = self.rng.choice([1, 7, 50, 300_000, 2_000_000])
        reference, blob = org.detach(f"text {self.rng.randrange(1000)}", "text")
        own = b"m" + self.world.people[self.orgs.index(org)].root.public
        task = {"task": Link(self.rng.choice(self.tasks[-3:]))} if self.tasks else None
        terms = {"title": f"Task {len(self.tasks)}", "unit": "GLD", "amount": amount, "text": reference,
                 "payer": TREASURY if self.rng.random() < 0.7 else own, "lifetime": self.rng.choice([0, 2_000])}
        more = {"labels": ["paint"], "priority": "high", "checklist": ["one", "two"], "seats": self.rng.choice([1, 3]),
                "approval": self.rng.random() < 0.3, "depends": [Link(t) for t in self.tasks[-2:]], "every": 1}
        choices: list[tuple[str, Any, list[bytes] | None]] = [
            ("task.open", terms, self.tasks),
            ("task.open", {**terms, **more, "draft": self.rng.random() < 0.3}, self.tasks),
            ("token.transfer", {"unit": "GLD", "amount": amount, "to": to, "memo": reference}, None),
            ("token.transfer", {"unit": "GLD", "amount": amount, "to": to, "for": TREASURY}, None),
            ("token.tip", {"unit": "GLD", "amount": amount, "to": to}, None),
            ("token.issue", {"unit": "GLD", "amount": amount, "to": to}, None),
            ("contribution.claim", {"title": "Helped"}, self.contributions),
            ("proposal.open", {"title": "Q", "kind": "decision", "method": "yes-no-abstain", "options": [],
                               "discussion": self.rng.choice([0, 500]), "voting": 1_500}, self.proposals),
        ]  # fmt: skip
        if task is not None:
            choices += [
                (f"task.{s}", task, None)
                for s in (*["claim"] * 5, *["submit"] * 3, *["accept"] * 3, "cancel", "publish", "apply",
                          "start", "changes", "reject")
            ]
            two = sorted(self.rng.sample(roots, 2))
            choices += [
                ("task.edit", {**terms, **task}, None),
                ("task.assign", {**task, "members": [[two[0], 6_000], [two[1], 4_000]]}, None),
                ("task.unassign", {**task, "member": two[0]}, None),
                ("task.tick", {**task, "item": 1, "done": True}, None),
            ]
            if self.proposals:
                choices.append(("task.dispute", {**task, "proposal": Link(self.proposals[-1])}, None))
            choices.append(("comment.add", {"on": task["task"], "text": reference}, None))
        if self.proposals:
            id_ = Link(self.rng.choice(self.proposals[-3:]))
            ballot = {"proposal": id_, "choice": self.rng.choice(["yes", "no", "abstain"])}
            choices += [("vote.cast", ballot, None)] * 4 + [("proposal.withdraw", {"proposal": id_}, None)]
        if self.contributions:
            choices.append(("contribution.endorse", {"contribution": Link(self.rng.choice(self.contributions))}, None))
        type_, body, made = self.rng.choice(choices)
        try:
            action = org.write(type_, body, [blob])
        except Refused:
            return
        if made is not None:
            made.append(action.id)

    def chains(self) -> dict[bytes, list[bytes]]:
        """Every device's envelopes in order."""
        org = self.world.main
        return {device: org.envelopes(device, 1, head.seq, 1 << 30) for device, head in org.heads().items()}
