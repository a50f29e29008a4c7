"""The workload of the benchmarks: signed actions of many devices in the proportions of the demo.

Made once with real signatures from a fixed seed and kept in ``benchmarks/work/``; nothing in it is random
between two runs. Of 100,000 actions about half are ballots, a third is work on tasks with escrow.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

from dao_app.app.errors import Refused
from dao_app.core.encoding import Link, decode, encode
from dao_app.core.keys import TREASURY
from tests.fakes.world import Person, World

WORK = Path(__file__).parent / "work"
MEMBERS = 56
STEWARDS = 12  # open and review tasks in turn, so that nobody reaches the cap of 256
CHECKPOINT_EVERY = 4_000  # actions; the cap of 256 a device would allow 14,336
EDITION = 4  # of the rules behind the certificates kept in WORK
END_MS = 1_800_000_000_000  # a clock set here is behind nothing in the workload


class Workload:
    """``envelopes`` in an order that a peer would send, ``certificates``, and the ids to compare."""

    def __init__(
        self, org_id: bytes, founder: list[bytes], envelopes: list[bytes], certificates: list[bytes]
    ) -> None:
        self.org_id = org_id
        self.founder = founder  # seeds of root, device and witness key
        self.envelopes = envelopes
        self.certificates = certificates


def load(actions: int) -> Workload:
    """The workload of this size, made if it is not there yet."""
    path = WORK / f"workload-{EDITION}-{actions}.cbor"
    if not path.exists():
        workload = make(actions)
        WORK.mkdir(exist_ok=True)
        parts = [encode([workload.org_id, workload.founder, len(workload.envelopes)])]
        parts += [*workload.envelopes, *workload.certificates]
        with path.open("wb") as file:
            for part in parts:
                file.write(len(part).to_bytes(4, "big") + part)
    return _read(path)


def _read(path: Path) -> Workload:
    data = path.read_bytes()
    parts, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    org_id, founder, envelopes = decode(parts[0])
    return Workload(org_id, founder, parts[1 : 1 + envelopes], parts[1 + envelopes :])


def make(actions: int) -> Workload:
    """Play the members' work on one replica; the founder seals every few thousand actions."""
    folder = WORK / "making"
    shutil.rmtree(folder, ignore_errors=True)
    rng = random.Random(20201)
    charter = {"voting_least_ms": 1_000, "voting_ms": 1_000, "grace_ms": 0, "quorum_bp": 0}
    world = World(folder, "workload", charter=charter, initial=9_000_000)
    org = world.main
    people = [world.founder]
    for number in range(MEMBERS):
        person = Person(world.random)
        invite, bearer = world.invite(org, "steward" if number < STEWARDS else "member")
        org.admit_now([world.join_envelope(person, invite, bearer)])
        people.append(person)
    world.seal()
    play = _Play(world, people, rng)
    while play.count < actions:
        play.round(min(CHECKPOINT_EVERY, actions - play.count))
        world.seal(2_000)
    heads = org.heads()
    chains = [org.envelopes(device, 1, head.seq, 1 << 40) for device, head in sorted(heads.items())]
    certificates = org.certificates(1, 1 << 40)
    org.store.close()
    shutil.rmtree(folder, ignore_errors=True)
    return Workload(world.org_id, world.founder.seeds, _interleave(chains, org.org_id), certificates)


def _interleave(chains: list[list[bytes]], org_id: bytes) -> list[bytes]:
    """Every device's actions in order, devices in turn, parents first."""
    from dao_app.core.envelope import parse_action, unpack

    queues = [[(raw, parse_action(unpack(raw)[0])) for raw in chain] for chain in chains]
    places = [0] * len(queues)
    done: set[bytes] = set()
    order: list[bytes] = []
    total = sum(len(queue) for queue in queues)
    while len(order) < total:
        for number, queue in enumerate(queues):
            while places[number] < len(queue):
                raw, action = queue[places[number]]
                if not all(dep in done for dep in action.deps):
                    break
                done.add(action.id)
                order.append(raw)
                places[number] += 1
    return order


class _Play:
    """Members at work, by the proportions of the demo."""

    def __init__(self, world: World, people: list[Person], rng: random.Random) -> None:
        self.world, self.people, self.rng = world, people, rng
        self.count = len(world.main.heads())
        self.proposals: list[bytes] = []
        self.voting: list[bytes] = []
        self.opened: list[bytes] = []
        self.claimable: list[bytes] = []
        self.claimed: list[tuple[bytes, Person]] = []
        self.submitted: list[bytes] = []
        self.contributions: list[tuple[bytes, Person]] = []

    def round(self, actions: int) -> None:
        """So many actions between two checkpoints."""
        self.claimable, self.opened = self.claimable + self.opened, []
        self.voting, self.proposals = self.proposals[-60:], []
        for _ in range(60):
            person = self.rng.choice(self.people)
            kind = self.rng.choice(["yes-no-abstain", "single", "approval"])
            options = [] if kind == "yes-no-abstain" else ["One", "Two", "Three"]
            body = {
                "title": f"Question {self.count} of the working group",
                "kind": "poll",
                "method": kind,
                "options": options,
                "discussion": 0,
                "voting": 1_000,
            }
            self._do(person, "proposal.open", body, self.proposals)
        end = self.count + actions - 60
        for number in range(actions - 60):
            if self.count >= end:
                break
            self._one(number)

    def _one(self, number: int) -> None:
        person = self.people[number % len(self.people)]
        roll = self.rng.random()
        if roll < 0.5 and self.voting:
            self._vote(person)
        elif roll < 0.58:
            body = {
                "title": f"Work item {self.count}: prepare and check",
                "unit": "GLD",
                "amount": 100 + number % 50,
                "payer": TREASURY,
                "lifetime": 0,
            }
            self._do(self._steward(), "task.open", body, self.opened)
        elif roll < 0.66 and self.claimable:
            id_ = self.claimable.pop(0)
            worker = self.people[1 + STEWARDS + number % (len(self.people) - 1 - STEWARDS)]
            if self._do(worker, "task.claim", {"task": Link(id_)}) is not None:
                self.claimed.append((id_, worker))
        elif roll < 0.73 and self.claimed:
            id_, worker = self.claimed.pop(0)
            self._do(worker, "task.submit", {"task": Link(id_)})
            self.submitted.append(id_)
        elif roll < 0.79 and self.submitted:
            self._do(self._steward(), "task.accept", {"task": Link(self.submitted.pop(0))})
        elif roll < 0.86:
            self._talk(person)
        elif roll < 0.93:
            found: list[bytes] = []
            if self._do(person, "contribution.claim", {"title": f"Helped with item {self.count} last week"}, found):
                self.contributions.append((found[0], person))
        elif roll < 0.97 and self.contributions:
            id_, author = self.contributions.pop(0)
            if author is not person:
                self._do(person, "contribution.endorse", {"contribution": Link(id_)})
        else:
            self._pay(person)

    def _steward(self) -> Person:
        return self.people[self.rng.randrange(1 + STEWARDS)]

    def _vote(self, person: Person) -> None:
        id_ = self.rng.choice(self.voting)
        method = self.world.main.replay.provisional.get(b"p" + id_, tuple)
        choice = {
            "yes-no-abstain": self.rng.choice(["yes", "yes", "no", "abstain"]),
            "single": 1 + self.rng.randrange(3),
            "approval": [1, 3],
        }[method.method]  # type: ignore[union-attr]
        self._do(person, "vote.cast", {"proposal": Link(id_), "choice": choice})

    def _talk(self, person: Person) -> None:
        target = self.rng.choice(self.voting or self.opened or [self.world.org_id])
        reference, _ = self.world.main.detach("Looks good to me", "comment")
        self._do(person, "comment.add", {"on": Link(target), "text": reference})

    def _pay(self, person: Person) -> None:
        """A tip, mostly beyond the balance behind it: these are the few rejected actions."""
        other = self.rng.choice([p for p in self.people if p is not person])
        amount = 1 + self.rng.randrange(100)
        body = {"unit": "GLD", "amount": amount, "to": b"m" + other.root.public}
        self._do(person, "token.tip", body, unjudged=True)

    def _do(
        self, person: Person, type_: str, body: dict, found: list[bytes] | None = None, unjudged: bool = False
    ) -> bytes | None:
        """Sign as this person; ``unjudged`` signs what the rules will reject, as a careless program would."""
        org = self.world.main
        org.signer = person.device
        self.world.clock.forward(1)
        try:
            if unjudged:
                org.replay.judge = lambda action: None  # type: ignore[method-assign]
            action = org.write(type_, body)
        except Refused:
            return None
        finally:
            org.signer = self.world.founder.device
            vars(org.replay).pop("judge", None)
        self.count += 1
        if found is not None:
            found.append(action.id)
        return action.id
