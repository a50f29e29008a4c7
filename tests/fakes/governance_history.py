"""A random history of an organisation that governs itself: money asked for, backed, voted and executed, offices with
terms, departments, firms, delegation, penalties, the stop, amendments; on several replicas, from a seed."""

from __future__ import annotations

from typing import Any, ClassVar

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link
from dao_app.core.entities import Proposal
from dao_app.core.keys import TREASURY, department_party, firm_party, member_party, proposal_key
from tests.fakes.history import History

HOUR = 3_600_000
MEMBERS_MAX = 8
Move = tuple[str, dict[str, Any], str]  # type, body, which list the action's id enters
AMENDMENTS: tuple[tuple[str, tuple[int | None, ...]], ...] = (
    ("quorum_bp", (0, 1_000)), ("support_bp", (4_000, 5_000, 6_000)), ("spending.support_bp", (5_000, None)),
    ("reserve_bp", (3_000, 5_000)), ("seconders", (0, 1, 2)), ("bond", (0, 5, 60)), ("locked_ballots", (0, 1)),
    ("swing_bp", (0, 2_000)), ("delegation", (0, 1)), ("decision.power", (0, 1, 2, 4)), ("module_firms", (0, 1)),
    ("execution_retry_ms", (0, 1_000, 20_000)), ("min_support_power", (0, 1, 2)), ("admission_vote", (0, 1)),
    ("amendment.support_bp", (5_000, 6_666, None)), ("spending.proposer", (0, 1)), ("stop_auditors", (1, 2)),
)  # fmt: skip
METHODS = ("single", "approval", "score", "ranked", "copeland", "schulze", "stv", "weighted", "quadratic", "consent")


class GovernanceHistory(History):
    """See the module. Most proposals are seconded and most votes say yes: what is refused executes nothing."""

    ROLES = ("steward", "member", "treasurer", "auditor")
    CHARTER: ClassVar[dict[str, int]] = {
        "bond": 5, "swing_bp": 2_000, "swing_ms": 1_000, "stop_ms": HOUR, "execution_retry_ms": 20_000,
    }
    SEAL_MS = (10, 10, 400, 400, 1_000, 1_600, 1_600, 3_000, 30_000, 2 * HOUR)

    def prepare(self) -> None:
        self.made: dict[str, list[bytes]] = {
            "department": [], "firm": [], "payment": [], "proposal": [], "schedule": [],
        }  # fmt: skip
        main, people = self.world.main, self.world.people
        top = main.write("department.open", {"name": "Top", "parent": None}).id
        low = main.write("department.open", {"name": "Low", "parent": Link(top)}).id
        self.made["department"] += [top, low]
        signers = [[people[place].root.public, 500] for place in (0, 2)]
        firm = main.write("firm.register", {"name": "Mill", "register": "", "signers": signers, "dual": 20}).id
        self.made["firm"].append(firm)
        self.world.seal()
        main.write("role.give", {"department": Link(low), "member": people[2].root.public, "role": "member"})
        for party in (department_party(top), department_party(low), firm_party(firm), member_party(self._root())):
            main.write("token.transfer", {"unit": "GLD", "amount": 9_000, "to": party, "for": TREASURY})
        self.world.seal()
        self.world.everywhere()

    # -- gestures --------------------------------------------------------------------------------
    def gesture(self, org: Organisation) -> None:
        roll = self.rng.random()
        if org.standing(self._device(org)) != "active":
            org = self.world.main
        if roll < 0.15:
            super().gesture(org)
        elif roll < 0.38:
            self._campaign()
        elif roll < 0.4 and len(self.world.people) < MEMBERS_MAX:
            self.orgs.append(self.world.add_member(self.rng.choice(["member", "auditor", "investor"]))[1])
        elif roll < 0.7:
            self._try(org, ("proposal.open", self._proposal(org), "proposal"))
        else:
            self._try(org, self.rng.choice(self._moves(org)))

    def _device(self, org: Organisation) -> bytes:
        return self.world.people[self.orgs.index(org)].device.public

    def _try(self, org: Organisation, move: Move) -> None:
        type_, body, made = move
        try:
            action = org.write(type_, body)
        except Refused:
            return
        if made:
            self.made[made].append(action.id)

    def _campaign(self) -> None:
        """Everybody hears of a proposal; some back it, most vote."""
        if not self.made["proposal"]:
            return
        self.world.everywhere()
        if self.rng.random() < 0.7:
            self.world.seal(600)
            self.check()
            self.world.everywhere()
        live = [id_ for id_ in self.made["proposal"][-8:] if self._is_live(id_)]
        if not live:
            return
        id_ = self.rng.choice(live)
        for org in self.orgs:
            found = org.replay.provisional.get(proposal_key(id_), Proposal)
            if found is None:
                continue
            if self.rng.random() < 0.4:
                self._try(org, ("proposal.second", {"proposal": Link(id_)}, ""))
            if found.status == "voting" and self.rng.random() < 0.8:
                self._try(org, ("vote.cast", {"proposal": Link(id_), "choice": self._choice(found)}, ""))
            if found.execution == "failed":
                self._try(org, ("proposal.execute", {"proposal": Link(id_)}, ""))

    def _is_live(self, id_: bytes) -> bool:
        found = self.world.main.replay.provisional.get(proposal_key(id_), Proposal)
        return found is not None and (found.status in ("discussion", "voting") or found.execution == "failed")

    def _choice(self, found: Proposal) -> Any:
        rng, options = self.rng, list(range(1, len(found.options) + 1))
        if found.method == "yes-no-abstain":
            return rng.choice(["yes"] * 8 + ["no", "abstain"])
        if found.method == "consent":
            return {"stance": rng.choice(["agree"] * 8 + ["abstain", "object"])}
        if found.method == "single":
            return rng.choice(options)
        order = rng.sample(options, len(options))
        if found.method == "schulze":
            return [[number] for number in order]
        if found.method in ("score", "weighted", "quadratic"):
            return {str(number): rng.randrange(1, 4) for number in sorted(order)}
        return order

    def _root(self) -> bytes:
        return self.rng.choice(self.world.people).root.public

    def _department(self) -> bytes:
        return self.rng.choice(self.made["department"][-4:])

    def _party(self) -> bytes:
        firm, department = firm_party(self.rng.choice(self.made["firm"])), department_party(self._department())
        return self.rng.choice([TREASURY, firm, department, *[member_party(self._root())] * 3])

    def _proposal(self, org: Organisation) -> dict[str, Any]:
        rng = self.rng
        kind = rng.choice(["poll", "decision", *["spending"] * 6, *["amendment"] * 2, *["role"] * 3, "issuance",
                           *["penalty"] * 2, *["election"] * 2, "adoption"])  # fmt: skip
        body: dict[str, Any] = {
            "title": "Q", "kind": kind, "method": "yes-no-abstain", "options": [],
            "discussion": rng.choice([0, 0, 500]), "voting": rng.choice([1_500, 1_500, 4_000]),
        }
        effects = [self._effect(kind) for _ in range(rng.choice([1, 1, 2]))] if kind != "poll" else []
        if kind == "decision":
            effects = rng.choice([[], [], [{"do": "lift"}]])
            body["department"] = Link(self._department())
        if kind in ("poll", "election"):
            body["method"] = rng.choice(METHODS[:-1])
            candidates = rng.sample([person.root.public for person in self.world.people], 3)
            body["options"] = ["A", "B", "C"]
            effects = effects[:1]
            if effects:
                effects[0]["candidates"] = candidates
                effects[0]["seats"] = 1 if body["method"] == "ranked" else rng.choice([1, 2])
            if body["method"] == "stv":
                body["parameters"] = {"seats": effects[0]["seats"] if effects else 1}
        if effects:
            body["effects"] = effects
        if rng.random() < 0.3:
            body["topic"] = "money"
        if kind == "poll" and rng.random() < 0.3:
            body["table"] = [[root, rng.randrange(5)] for root in sorted(p.root.public for p in self.world.people)]
        if rng.random() < 0.2:
            body["bond"] = rng.choice([5, 60])
        return body

    def _effect(self, kind: str) -> dict[str, Any]:
        rng, root = self.rng, self._root()
        amount = rng.choice([1, 40, 5_000, 300_000])
        place = rng.choice([None, None, self._department()])
        role = {"member": root, "role": rng.choice(["steward", "member", "treasurer"]), "department": place}
        if kind == "spending":
            source = rng.choice([TREASURY, TREASURY, department_party(self._department())])
            pay = {"do": "pay", "from": source, "to": self._party(), "unit": "GLD", "amount": amount}
            budget = {"do": "budget", "department": self._department(), "unit": "GLD", "amount": amount,
                      "period": rng.choice([0, 3_000])}  # fmt: skip
            parts = {"count": rng.choice([1, 3]), "every": 2_000, "first": 500, "revocable": True}
            plan = {**pay, **parts, "do": "schedule"}
            return rng.choice([pay, pay, budget, plan])
        if kind == "amendment":
            name, values = rng.choice(AMENDMENTS)
            return {"do": "amend", "name": name, "value": rng.choice(values)}
        if kind == "issuance":
            return {"do": "issue", "to": self._party(), "unit": "GLD", "amount": amount}
        if kind == "penalty":
            return rng.choice([
                {"do": "suspend", "member": root, "period": rng.choice([2_000, 20_000])},
                {"do": "expel", "member": root},
                {"do": "fine", "member": root, "unit": "GLD", "amount": rng.choice([1, 40])},
            ])  # fmt: skip
        if kind == "role":
            return rng.choice([
                {"do": "assign", **role, "term": rng.choice([0, 2_000])}, {"do": "admit", "member": root},
                {"do": "assign", **role, "term": rng.choice([0, 2_000])}, {"do": "admit", "member": root},
                {"do": "unassign", **role},
                {"do": "found_department", "name": "D", "parent": place},
                {"do": "close_department", "department": self._department()},
            ])  # fmt: skip
        if kind == "election":
            return {"do": "elect", "role": "steward", "department": place, "term": 3_000}
        return {"do": "adopt", "title": "Text", "replaces": None}

    def _moves(self, org: Organisation) -> list[Move]:
        rng = self.rng
        link, root = Link(self._department()), self._root()
        role = {"department": link, "member": root, "role": rng.choice(["steward", "member", "treasurer"])}
        money = {"unit": "GLD", "amount": rng.choice([1, 15, 300]), "to": self._party()}
        firm = {"firm": Link(rng.choice(self.made["firm"]))}
        signers = [[one, 400] for one in sorted({self._root(), self._root()})]
        found: list[Move] = [
            ("department.open", {"name": "New", "parent": rng.choice([None, link])}, "department"),
            ("department.close", {"department": link}, ""),
            ("department.move", {"department": link, "parent": rng.choice([None, Link(self._department())])}, ""),
            ("role.give", role, ""), ("role.give", role, ""), ("role.take", role, ""),
            ("token.transfer", {**money, "for": department_party(link)}, ""),
            ("token.transfer", {**money, "to": department_party(link)}, ""),
            ("payment.schedule", {**money, "count": 3, "every": 1_000, "first": 0, "revocable": True}, "schedule"),
            ("vote.delegate", {"to": root}, ""), ("vote.delegate", {"to": root, "topic": "money"}, ""),
            ("vote.delegate", {"to": root, "department": link}, ""), ("vote.delegate", {"to": None}, ""),
            ("firm.register", {"name": "F", "register": "", "signers": signers, "dual": rng.choice([0, 20])}, "firm"),
            ("firm.pay", {**firm, **money}, "payment"), ("firm.pay", {**firm, **money}, "payment"),
            ("firm.change", {**firm, "signers": signers, "dual": 20}, ""),
        ]  # fmt: skip
        if rng.random() < 0.03:
            return [("emergency.stop", {}, ""), ("member.leave", {}, "")]
        if self.made["schedule"]:
            found.append(("payment.stop", {"schedule": Link(rng.choice(self.made["schedule"][-3:]))}, ""))
        if self.made["payment"]:
            payment = {"payment": Link(rng.choice(self.made["payment"][-3:]))}
            found += [("firm.approve", payment, "")] * 2 + [("firm.cancel", payment, "")]
        if self.made["proposal"]:
            about = {"proposal": Link(rng.choice(self.made["proposal"][-4:]))}
            revision = {**about, "title": "R", "options": [], "effects": [self._effect("spending")]}
            found += [("proposal.withdraw", about, ""), ("proposal.revise", revision, "")]
            found += [("proposal.second", about, ""), ("proposal.execute", about, "")] * 2
        return found
