"""A world in which several members are elected as witnesses and co-sign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dao_app.app.organisation import Organisation
from dao_app.core.encoding import Link, digest
from dao_app.core.envelope import witness_message
from dao_app.core.finality.checkpoint import Precommit, encode_certificate, precommit_message, quorum
from dao_app.core.keys import ELECTION_KEY, WITNESSES_KEY
from dao_app.core.witness_entities import Election, Witnesses
from tests.fakes.world import TestSigner, World
from tests.unit.rules.votes import adopt, body

DELAY = 1_000


class Council(World):
    """The founder and more members; ``elect`` makes them witnesses. ``orgs`` are their replicas in order."""

    def __init__(self, folder: Path, size: int, extra: int = 0) -> None:
        super().__init__(folder, charter={"witness_delay_ms": DELAY, "witness_ready_ms": 60_000})
        self.size = size
        self.orgs = [self.main]
        for _ in range(size + extra - 1):
            self.orgs.append(self.add_member()[1])
        self.everywhere()

    def elect(self, seats: int | None = None, ready: int | None = None) -> None:
        """Adopt the election of all members in order; the first ``ready`` of them declare their keys."""
        members = [p.root.public for p in self.people[: len(self.orgs)]]
        effect = {"do": "elect_witnesses", "seats": seats or self.size, "candidates": members}
        adopt(self, body("role", effect))
        term = self.election().term
        for number in range(len(self.orgs) if ready is None else ready):
            self.declare(number, term)
        self.everywhere()
        self.seal()
        self.everywhere()

    def declare(self, number: int, term: int) -> TestSigner:
        """A member declares a key of the term."""
        org, device = self.orgs[number], self.people[number].device
        signer = TestSigner(self.random.token(32))
        proof = signer.sign(witness_message(self.org_id, term, device.public, signer.public))
        org.write("witness.ready", {"term": term, "key": signer.public, "proof": proof})
        org.add_witness_key(signer)
        return signer

    def election(self) -> Election:
        found = self.main.replay.final.entity(ELECTION_KEY)
        assert isinstance(found, Election)
        return found

    def named(self, org: Organisation | None = None) -> Witnesses:
        found = (org or self.main).replay.final.entity(WITNESSES_KEY)
        assert isinstance(found, Witnesses)
        return found

    def talk(self, rounds: int = 40, step_ms: int = 50, silent: tuple[int, ...] = ()) -> None:
        """Everybody hears everybody else's words and actions, while the clock goes on."""
        orgs = [org for number, org in enumerate(self.orgs) if number not in silent]
        for _ in range(rounds):
            self.clock.forward(step_ms)
            for org in orgs:
                org.witnessing.in_touch(True)
                org.witnessing.tick()
            for a in orgs:
                for b in orgs:
                    if a is not b:
                        b.witnessing.hear(list(a.words().values()))
                        self.sync(a, b)
            if len({org.height() for org in orgs}) == 1 and not any(org.something_to_seal() for org in orgs):
                return

    def talk_counting(self) -> int:
        """The same; returns the bytes of what the witnesses signed for the next height."""
        said: dict[bytes, bytes] = {}
        for org in self.orgs:
            keep = org.store.keep_word

            def noted(height: int, id_: bytes, raw: bytes, keep: Callable[..., None] = keep) -> None:
                said[id_] = raw
                keep(height, id_, raw)

            org.store.keep_word = noted  # type: ignore[method-assign]
        self.talk()
        return sum(map(len, said.values()))

    # -- one replica with everybody's keys, for long histories ---------------------------------------
    def seal_together(self, ms: int = 10) -> None:
        """The main replica forms a checkpoint and a quorum of keys signs it."""
        self.clock.forward(ms)
        main = self.main
        formed = main.form()
        if formed is None:
            return
        raw, cut = formed
        keys = {key: signer for org in self.orgs for key, signer in org.witness_keys.items()}
        message = precommit_message(main.height() + 1, 0, digest(raw))
        chosen = main.witnesses()[: quorum(len(main.witnesses()))]
        precommits = [Precommit(key, 0, keys[key].sign(message)) for key in chosen]
        assert main.adopt(encode_certificate(raw, precommits, cut.moves, cut.extras)) is not None

    def decide(self) -> bytes:
        """A proposal, voted on by the founder and closed on the main replica; its id."""
        action = self.main.write("proposal.open", body("decision"))
        self.seal_together()
        self.main.write("vote.cast", {"proposal": Link(action.id), "choice": "yes"})
        self.seal_together()
        self.seal_together(60_000)
        return action.id

    def change_witnesses(self, number: int) -> None:
        """Elect the same members anew, on the main replica; each declares a key of the new term."""
        members = [p.root.public for p in self.people[: self.size]]
        members = members[number % self.size :] + members[: number % self.size]
        effect = {"do": "elect_witnesses", "seats": self.size, "candidates": members}
        action = self.main.write("proposal.open", body("role", effect))
        self.seal_together()
        self.main.write("vote.cast", {"proposal": Link(action.id), "choice": "yes"})
        self.seal_together()
        self.seal_together(60_000)
        term = self.election().term
        for place, org in enumerate(self.orgs):
            self.sync(self.main, org)
            self.declare(place, term)
            self.sync(org, self.main)
        self.seal_together()
        assert self.named().term == term

    def close(self) -> None:
        for org in self.orgs:
            org.store.close()
