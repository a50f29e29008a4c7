"""A random history of contributions, rounds, pools and payouts, from a seed: several devices, restarts, seals."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link
from dao_app.core.keys import TREASURY, department_party, member_party
from tests.fakes.checks import check_money
from tests.fakes.world import Person, World


class RewardHistory:
    """Plays ``steps`` random gestures of five members; ``check`` is called with each sealed state."""

    def __init__(self, folder: Path, seed: int, steps: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(folder, seed, {"endorsements": 2, "reputation_half_life": 5})
        self.world.seal()
        for role in ("steward", "member", "member", "treasurer"):
            self.world.add_member(role)
        self.roots = [person.root.public for person in self.world.people]
        self.made: dict[str, list[bytes]] = {"contribution": [], "round": [], "match": [], "payout": []}
        self.department = self.world.main.write("department.open", {"name": "Ops", "parent": None}).id
        self.world.seal()
        grants = {"department": Link(self.department), "member": self.roots[2], "role": "member"}
        self.world.main.write("role.give", grants)
        for target in (department_party(self.department), *(member_party(root) for root in self.roots)):
            self.world.main.write("token.transfer", {"unit": "GLD", "amount": 9_000, "to": target, "for": TREASURY})
        self.world.seal()
        self.world.everywhere()
        for _ in range(steps):
            self._step()
        self.world.everywhere()

    def _step(self) -> None:
        roll = self.rng.random()
        world = self.world
        world.clock.forward(self.rng.randrange(1, 400))
        if roll < 0.12:
            world.everywhere()
        elif roll < 0.25:
            world.seal(self.rng.choice([10, 10, 10, 300, 300, 900, 900, 900, 3_000, 3_000, 3_000, 7_200_000]))
            if self.rng.random() < 0.5:
                world.everywhere()
            check_money(world.main)
        elif roll < 0.28:
            self._restart(self.rng.choice(world.people[1:]))
        else:
            self._gesture(self.rng.choice(list(world.replicas.values())))

    def _restart(self, person: Person) -> None:
        """A device opens a folder of its own again and catches up; what it had not sent is in the old one."""
        old = self.world.replicas[person.device.public]
        self.world.sync(old, self.world.main)
        name = f"again-{person.device.public.hex()[:8]}-{self.rng.getrandbits(32):x}"
        first = self.world.replica(person, name=name)
        self.world.sync(self.world.main, first)
        first.store.close()
        self.world.sync(self.world.main, self.world.replica(person, name=name))

    def _scope(self) -> Any:
        return self.rng.choice([None, None, self.department, self.rng.sample(self.roots, 3)])

    def _gesture(self, org: Organisation) -> None:
        rng = self.rng
        reference, blob = org.detach(f"text {rng.randrange(1000)}", "text")
        source = rng.choice([TREASURY, TREASURY, department_party(self.department)])
        amount, pool = rng.choice([1, 7, 100, 3_001]), {"title": "Pool", "unit": "GLD", "from": source}
        policy, look = rng.choice([("immediate", 1), ("immediate", 3), ("recent", 40), ("balanced", 0)])
        choices: list[tuple[str, Any, str]] = [
            ("contribution.claim", {"title": "Helped", "text": reference}, "contribution"),
            ("contribution.claim", {"title": "Helped", "department": Link(self.department)}, "contribution"),
            ("round.open", {
                **pool, "amount": amount, "kind": rng.choice(["peer", "points", "both"]), "policy": policy,
                "look": look, "givers": self._scope(), "receivers": self._scope(), "points": 20,
                "window": rng.choice([3_000, 30_000]),
            }, "round"),
            ("match.open", {
                **pool, "amount": amount, "mode": rng.choice(["fill", "scale-down"]), "bound": rng.choice([None, 9]),
                "projects": [["A", member_party(self.roots[3])], ["B", department_party(self.department)]],
                "window": rng.choice([3_000, 30_000]),
            }, "match"),
            ("payout.record", {
                "to": rng.choice(self.roots), "currency": "EUR", "amount": amount, "decimals": 2, "day": 20_000,
                "reference": reference,
            }, "payout"),
        ]  # fmt: skip
        if rng.random() < 0.7:
            choices = self._on_what_is_there(reference) or choices
        type_, body, made = rng.choice(choices)
        try:
            action = org.write(type_, body, [blob])
        except Refused:
            return
        if made:
            self.made[made].append(action.id)

    def _on_what_is_there(self, reference: dict[str, Any]) -> list[tuple[str, Any, str]]:
        rng, made = self.rng, self.made
        found: list[tuple[str, Any, str]] = []
        if made["contribution"]:
            about = {"contribution": Link(rng.choice(made["contribution"][-4:]))}
            found += [("contribution.endorse", about, "")] * 6
            found += [
                ("contribution.dispute", {**about, "reason": reference}, ""),
                ("contribution.value", {**about, "points": rng.randrange(60)}, ""),
                ("contribution.withdraw", about, ""),
            ]
        if made["round"]:
            about = {"round": Link(rng.choice(made["round"][-2:]))}
            gifts = [[root, rng.randrange(1, 12)] for root in rng.sample(self.roots, 2)]
            found += [("round.give", {**about, "gifts": gifts, "note": reference}, "")] * 8
            found.append(("round.cancel", about, ""))
        if made["match"]:
            about = {"match": Link(rng.choice(made["match"][-2:]))}
            gift = {**about, "project": rng.choice([1, 2]), "amount": rng.choice([1, 40, 300])}
            found += [("match.give", gift, "")] * 5 + [("match.cancel", about, "")]
        if made["payout"]:
            about = {"payout": Link(rng.choice(made["payout"]))}
            found += [("payout.confirm", about, ""), ("payout.dispute", {**about, "text": reference}, "")]
        return found
