"""Members on four replicas act at once, hear of each other late, sign two histories; the founder seals when it likes.

An oracle reads the sealed order alone: it books what was accepted and counts the last ballot of each member, and must
come to the program's balances and results.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dao_app.app.errors import Refused
from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest
from dao_app.core.entities import Proposal, Result
from dao_app.core.envelope import build_payload, pack, parse_action, signed_message, unpack
from dao_app.core.keys import TREASURY, member_party, proposal_key, result_key
from dao_app.core.rules import effects
from tests.fakes.checks import check_governance
from tests.fakes.world import World, roots
from tests.unit.rules.votes import balance

MEMBERS = 4
WHO = st.integers(0, MEMBERS - 1)
AMOUNT = st.sampled_from([1, 60, 250, 1_000, 400_000, 600_000])
CHOICE = st.sampled_from(["yes", "yes", "no", "abstain"])
UNIT = "GLD"


class Governance(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.proposals: list[bytes] = []
        self.forked: set[int] = set()
        self.open: set[bytes] = set()
        self.held: dict[bytes, int] = {}
        self.ballots: dict[bytes, dict[bytes, str]] = {}
        self.counted: dict[bytes, str] = {}
        self.frozen: set[bytes] = set()

    @initialize()
    def found(self) -> None:
        self.world = World(Path(self._folder.name), 3)
        self.world.seal()
        self.orgs = [self.world.main, *(self.world.add_member()[1] for _ in range(MEMBERS - 1))]
        self.parties = [member_party(person.root.public) for person in self.world.people]
        for party in self.parties:
            self.world.main.write("token.transfer", self._order(party, 1_000, TREASURY))
        self.world.seal()
        self.world.everywhere()
        self.sealed = self.world.main.height()
        self.party_of = dict(zip((p.device.public for p in self.world.people), self.parties, strict=True))
        self.book = Counter({party: balance(self.world, party) for party in [TREASURY, *self.parties]})
        for who in (1, 2):
            self._ask(who, (who + 1) % MEMBERS, 400_000, 8_000)
        self.everybody_hears()

    def teardown(self) -> None:
        for org in getattr(self, "orgs", []):
            org.store.close()
        self._folder.cleanup()

    # -- gestures --------------------------------------------------------------------------------
    def _order(self, to: bytes, amount: int, source: bytes | None = None) -> dict[str, Any]:
        body = {"unit": UNIT, "amount": amount, "to": to}
        return body if source is None else {**body, "for": source}

    def _write(self, who: int, type_: str, body: dict[str, Any]) -> bytes | None:
        if who in self.forked:
            return None
        try:
            return self.orgs[who].write(type_, body).id
        except Refused:
            return None

    @rule(who=WHO, to=WHO, amount=AMOUNT)
    def transfer(self, who: int, to: int, amount: int) -> None:
        self._write(who, "token.transfer", self._order(self.parties[to], amount))

    @rule(to=WHO, amount=AMOUNT)
    def spend(self, to: int, amount: int) -> None:
        self._write(0, "token.transfer", self._order(self.parties[to], amount, TREASURY))

    @rule(who=WHO, to=WHO, amount=AMOUNT, voting=st.sampled_from([2_000, 8_000]), known=st.booleans())
    def ask(self, who: int, to: int, amount: int, voting: int, known: bool) -> None:
        self._ask(who, to, amount, voting)
        if known:
            self.everybody_hears()

    def _ask(self, who: int, to: int, amount: int, voting: int) -> None:
        effect = {"do": "pay", "from": TREASURY, "to": self.parties[to], "unit": UNIT, "amount": amount}
        body = {"title": "Q", "kind": "spending", "method": "yes-no-abstain", "options": [], "discussion": 0,
                "voting": voting, "effects": [effect]}  # fmt: skip
        made = self._write(who, "proposal.open", body)
        if made is not None:
            self.proposals.append(made)
            self.open.add(made)

    @precondition(lambda self: self.proposals)
    @rule(who=WHO, which=st.integers(1, 3), choice=CHOICE)
    def vote(self, who: int, which: int, choice: str) -> None:
        self._write(who, "vote.cast", {"proposal": self._about(which), "choice": choice})

    @precondition(lambda self: self.proposals)
    @rule(
        which=st.integers(1, 2), choices=st.lists(CHOICE, min_size=MEMBERS, max_size=MEMBERS), by=st.none() | WHO,
        ms=st.sampled_from([600, 2_000, 9_000]),
    )  # fmt: skip
    def campaign(self, which: int, choices: list[str], by: int | None, ms: int) -> None:
        """Everybody hears of a proposal, perhaps one backs it, all vote, some time passes."""
        self.everybody_hears()
        if by is not None:
            self.handle(by, which, "second")
        for who, choice in enumerate(choices):
            self.vote(who, which, choice)
        self.world.everywhere()
        self.seal(ms)

    @precondition(lambda self: self.proposals)
    @rule(who=WHO, which=st.integers(1, 3), type_=st.sampled_from(["second", "second", "withdraw", "execute"]))
    def handle(self, who: int, which: int, type_: str) -> None:
        self._write(who, f"proposal.{type_}", {"proposal": self._about(which)})

    def _about(self, which: int) -> Link:
        return Link(self.proposals[-min(which, len(self.proposals))])

    # -- two histories of one device ---------------------------------------------------------------
    @precondition(lambda self: len(self.forked) < 2)
    @rule(who=st.integers(1, MEMBERS - 1), first=st.booleans())
    def fork(self, who: int, first: bool) -> None:
        """Both branches spend all there is; the founder hears of one before the other, and tells."""
        if who in self.forked:
            return
        main, device = self.world.main, self.world.people[who].device
        self.world.sync(self.orgs[who], main)
        head = main.heads()[device.public]
        amount = max(1, balance(self.world, self.parties[who]))
        branches = []
        for to in (self.parties[0], TREASURY):
            payload = build_payload(
                self.world.org_id, device.public, head.seq + 1, head.digest, (), self.world.clock.now,
                "token.transfer", self._order(to, amount),
            )  # fmt: skip
            branches.append(pack(payload, device.sign(signed_message(digest(payload)))))
        for raw in branches if first else branches[::-1]:
            main.admit_now([raw])
        assert main.evidence
        pair = sorted(branches, key=lambda raw: digest(unpack(raw)[0]))
        self._write(0, "device.fork", {"one": pair[0], "two": pair[1]})
        self.forked.add(who)
        self.world.sync(main, self.orgs[who])

    # -- hearing and sealing -------------------------------------------------------------------------
    @rule(source=WHO, listener=WHO)
    def hear(self, source: int, listener: int) -> None:
        if source != listener:
            self.world.sync(self.orgs[source], self.orgs[listener])

    @rule(ms=st.sampled_from([10, 10, 10, 600, 600, 2_000, 9_000]))
    def seal(self, ms: int) -> None:
        before = self.world.main.height()
        self.world.seal(ms)
        if self.world.main.height() > before:
            check_governance(self.world.main)
            self.follow_with_the_oracle()

    @rule()
    def everybody_hears(self) -> None:
        self.world.everywhere()
        self.seal(10)
        self.world.everywhere()
        assert len({roots(org) for org in self.orgs}) == 1

    # -- the oracle ------------------------------------------------------------------------------------
    def follow_with_the_oracle(self) -> None:
        """One checkpoint was sealed since the last call: it is as the oracle says."""
        main = self.world.main
        self.sealed += 1
        assert main.height() == self.sealed
        incoming: Counter[bytes] = Counter()
        self._book_actions(main, incoming)
        for id_ in [one for one in self.proposals if one in self.open]:
            found = main.replay.final.entity(proposal_key(id_))
            if isinstance(found, Proposal):
                self._follow(main, id_, found, incoming)
        self.book += incoming
        assert {party: balance(self.world, party) for party in [TREASURY, *self.parties]} == {
            party: self.book[party] for party in [TREASURY, *self.parties]
        }

    def _book_actions(self, main: Organisation, incoming: Counter[bytes]) -> None:
        order = main.store.order(self.sealed)
        verdicts = main.store.verdicts(order)
        for id_ in order:
            action, why = main.replay.action(id_), verdicts.get(id_)
            own = self.party_of[action.by]
            if action.type == "token.transfer":
                source, amount = action.body.get("for", own), action.body["amount"]
                enough = self.book[source] >= amount
                assert enough if why is None else not (enough and why == "balance_too_low")
                if why is None:
                    self.book[source] -= amount
                    incoming[action.body["to"]] += amount
            elif action.type == "vote.cast" and why is None:
                self.ballots.setdefault(action.body["proposal"], {})[own] = action.body["choice"]
            elif action.type == "device.fork" and why is None:
                self.frozen.add(self.party_of[parse_action(unpack(action.body["one"])[0]).by])
            assert why is not None or own not in self.frozen, "a frozen device acts"

    def _follow(self, main: Organisation, id_: bytes, found: Proposal, incoming: Counter[bytes]) -> None:
        """One proposal through this checkpoint: what it sets aside, its count, what it pays."""
        effect = effects.unpack(found.effects)[0]
        held, holds = self.held.get(id_, 0), sum(amount for _, _, amount in found.reserved)
        self.book[TREASURY] += held - holds
        self.held[id_] = holds
        closed = main.replay.results.entity(result_key(id_))
        if isinstance(closed, Result) and id_ not in self.counted:
            said = Counter(self.ballots.get(id_, {}).values())
            assert closed.scores == tuple(str(said[word]) for word in ("yes", "no", "abstain"))
            assert closed.outcome == ("passed" if said["yes"] > said["no"] else "not_passed")
            assert closed.electorate_power == MEMBERS
            self.counted[id_] = closed.outcome
        if found.execution == "done":
            assert self.counted[id_] == "passed"
            self.book[TREASURY] -= effect["amount"]
            incoming[effect["to"]] += effect["amount"]
        assert self.book[TREASURY] >= 0, "more promised than there was"
        if found.execution == "done" or found.status in ("withdrawn", "not_passed") or found.execution == "expired":
            self.open.discard(id_)


def test_governance_on_several_replicas() -> None:
    run_state_machine_as_test(
        Governance, settings=settings(max_examples=15, stateful_step_count=30, suppress_health_check=list(HealthCheck))
    )
