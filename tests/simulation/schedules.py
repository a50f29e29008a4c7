"""Short fights on one height: real consensus machines, and an adversary that owns the network, the clocks and f
witnesses, and aims at what it sees. Thousands of runs a minute, so that it meets what days of bad luck do not.

First the adversary delivers what it likes to whom it likes, lets time-outs fire, has machines crash and come
back from what they saved, and votes and proposes as it needs; some proposals leave out what some witness had
admitted in time. Then it stops, its witnesses fall silent, all hear everything that somebody honest holds, and
must decide.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from dao_app.core.encoding import digest
from dao_app.core.finality.consensus import Cast, Commit, Consensus, Judge, Keep, Offer, Output, ProposeValue
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, Proposal, Vote, propose
from tests.simulation.engine import Broken

ROUNDS_TO_DECIDE = 12  # after the adversary stopped, for n = 10; each honest witness leads at least twice
Message = Proposal | Vote


class Fought(NamedTuple):
    """``rounds``: the latest round when the adversary stopped and when all had decided."""

    seed: int
    steps: int
    rounds: tuple[int, int]
    decided_early: int


class Fighter:
    """One honest machine with what it stores."""

    def __init__(self, fight: Fight, key: bytes) -> None:
        self.fight = fight
        self.key = key
        self.now = 0
        self.saved: bytes | None = None
        self.kept: list[Message] = []
        self.said: dict[tuple[int, int], bytes | None] = {}
        self.decision: bytes | None = None
        self.start()

    def start(self) -> None:
        """From what was saved, as after a crash."""
        self.machine = Consensus(self.fight.height, self.fight.keys, self.key, self.now, self.saved)
        for message in self.kept:
            self.take(self.machine.receive(message, self.now))
        self.take(self.machine.synced(self.now))
        self.take(self.machine.wanted(self.now, True))

    def take(self, outputs: list[Output]) -> None:
        queue = list(outputs)
        while queue:
            output = queue.pop(0)
            more: list[Output] = []
            if isinstance(output, ProposeValue):
                more = self.machine.proposed(output.round, self.fight.fresh_value(), (), (), self.now)
            elif isinstance(output, Judge):
                left_out = self.fight.leaves_out(output.proposal.id, self.key)
                more = self.machine.judged(output, "left_out" if left_out else "valid", (), self.now)
            elif isinstance(output, Cast | Offer):
                more = self.say(output)
            elif isinstance(output, Keep):
                self.kept.append(output.message)
            elif isinstance(output, Commit):
                self.decision = digest(output.checkpoint)
                self.fight.decide(self.decision)
            queue = more + queue

    def say(self, output: Cast | Offer) -> list[Output]:
        """Store, then sign, then send; the adversary may end the run of the program between any two of them."""
        self.saved = output.saved
        message: Message = output.vote if isinstance(output, Cast) else output.proposal
        if isinstance(message, Vote):
            place = (message.round, message.step)
            if self.said.setdefault(place, message.id) != message.id:
                raise self.fight.broken(f"a witness signed two votes for {place}")
        self.fight.soup.append(message)
        return self.machine.receive(message, self.now)

    def hear(self, messages: list[Message]) -> None:
        for message in messages:
            if self.decision is None:
                self.take(self.machine.receive(message, self.now))

    def time_out(self) -> None:
        self.now += 2 * 3_600_000
        if self.decision is None:
            self.take(self.machine.tick(self.now))

    @property
    def round(self) -> int:
        return self.machine.standing().round


class Fight:
    """See the module."""

    def __init__(self, seed: int, count: int, liars: int | None = None) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.height = self.rng.randint(1, count)
        self.keys = tuple(b"w%d" % place for place in range(count))
        faulty = (count - 1) // 3 if liars is None else liars
        self.liars = self.rng.sample(self.keys, faulty)
        self.values: dict[bytes, bytes] = {}
        self._left_out: set[tuple[bytes, bytes]] = set()
        self.soup: list[Message] = []
        self.decided: bytes | None = None
        self.calm = False
        self.steps = 0
        self.fighters = [Fighter(self, key) for key in self.keys if key not in self.liars]

    def broken(self, what: str) -> Broken:
        return Broken(f"seed {self.seed}, step {self.steps}: {what}")

    def decide(self, id_: bytes) -> None:
        if self.decided is not None and self.decided != id_:
            raise self.broken("two checkpoints decided at one height")
        self.decided = id_

    def fresh_value(self) -> bytes:
        """A new checkpoint; while the adversary is at work it may leave out what some had admitted in time."""
        checkpoint = b"checkpoint %d" % len(self.values)
        id_ = digest(checkpoint)
        self.values[id_] = checkpoint
        if not self.calm:
            some = [key for key in self.keys if self.rng.randrange(4) == 0]
            self._left_out.update((id_, key) for key in some)
        return checkpoint

    def leaves_out(self, id_: bytes, key: bytes) -> bool:
        return (id_, key) in self._left_out

    # -- the adversary -----------------------------------------------------------------------------
    def step(self) -> None:
        self.steps += 1
        rng = self.rng
        one = rng.choice([fighter for fighter in self.fighters if fighter.decision is None] or self.fighters)
        act = rng.randrange(20)
        if act < 7:
            one.hear([m for m in self.soup if m.witness in self._heard_from() and m.round >= one.round - 1])
        elif act < 9:
            one.hear([m for m in self.soup if isinstance(m, Proposal)])
        elif act < 14:
            self._help(one)
        elif act < 16:
            self._propose(one)
        elif act < 19:
            one.time_out()
        elif one.decision is None:
            one.start()

    def _heard_from(self) -> set[bytes]:
        """Once somebody decided, the others are to hear nothing of it."""
        keys = [key for key in self.keys if self.decided is None or key not in self._deciders()]
        return set(keys) if self.decided is not None else set(self.rng.sample(keys, self.rng.randint(1, len(keys))))

    def _deciders(self) -> set[bytes]:
        return {fighter.key for fighter in self.fighters if fighter.decision is not None}

    def _help(self, one: Fighter) -> None:
        """All liars vote for what this witness is to believe: after a decision, for something else."""
        wanted = [None, *(id_ for id_ in self.values if id_ != self.decided)]
        id_ = self.rng.choice(wanted[-3:] if self.rng.randrange(4) else wanted)
        round_ = max(0, one.round + self.rng.choice([-1, 0, 0, 0, 1]))
        for step in self.rng.choice([(PREVOTE,), (PRECOMMIT,), (PREVOTE, PRECOMMIT)]):
            one.hear([Vote(step, self.height, round_, id_, key) for key in self.liars])

    def _propose(self, one: Fighter) -> None:
        round_ = one.round
        leader = self.keys[(self.height + round_) % len(self.keys)]
        if leader in self.liars:
            old = [id_ for id_ in self.values if id_ != self.decided]
            checkpoint = self.values[self.rng.choice(old)] if old and self.rng.randrange(3) else self.fresh_value()
            valid = self.rng.choice([-1, *range(round_)])
            self.soup.append(propose(self.height, round_, valid, checkpoint, (), (), leader))
            one.hear(self.soup[-1:])

    # -- peace -------------------------------------------------------------------------------------
    def make_peace(self) -> int:
        """The adversary stops; returns the latest round in which somebody still was."""
        self.calm = True
        begun = max(fighter.round for fighter in self.fighters)
        turns = 0
        while self.decided is None:  # whoever decided has a certificate, which all others take over
            for _ in range(4):  # propose, prevote, precommit, decide
                kept = list(dict.fromkeys(m for fighter in self.fighters for m in fighter.kept))
                for fighter in self.fighters:
                    fighter.hear(kept)
            late = max(fighter.round for fighter in self.fighters)
            turns += 1
            if late > begun + ROUNDS_TO_DECIDE or turns > 4 * ROUNDS_TO_DECIDE:
                raise self.broken(f"not decided in round {late}, peace since {begun}")
            for fighter in self.fighters:
                fighter.time_out()
        return max(fighter.round for fighter in self.fighters)


def fight(seed: int, count: int, steps: int = 120, liars: int | None = None) -> Fought:
    """One run. Raises Broken where two decide differently, one signs twice, or peace brings no decision."""
    one = Fight(seed, count, liars)
    for _ in range(steps):
        one.step()
    begun = max(fighter.round for fighter in one.fighters)
    early = sum(fighter.decision is not None for fighter in one.fighters)
    return Fought(seed, one.steps, (begun, one.make_peace() if liars is None else begun), early)
