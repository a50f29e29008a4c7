"""Witnesses that lie, each in a way of its own. They sign with their own keys only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dao_app.core.encoding import decode_trusted, digest
from dao_app.core.finality.consensus import Judge, Verdict
from dao_app.core.finality.messages import PRECOMMIT, PREVOTE, Proposal, Vote, propose
from tests.simulation.engine import MINUTE, Network, Node, Simulation
from tests.simulation.sets import Book, Peer, Sealed, written


class Liar(Peer):
    """Runs the honest program, but is not held to its promises."""

    def _start(self) -> None:
        self.honest = False
        super()._start()

    def _begin_height(self) -> None:
        super()._begin_height()
        self.machine._is_unknown = lambda message: False  # never falls silent


class Twin(Liar):
    """One of two programs with one key: each tells its part of the network something else."""


class Nil(Liar):
    """Finds everything bad."""

    def judge(self, question: Judge) -> tuple[Verdict, tuple[bytes, ...]]:
        return "invalid", ()


class Withholds(Liar):
    """Hears everything and tells what it says to one victim only, or to nobody."""

    def _start(self) -> None:
        names = [None, *(node.name for node in self.network.nodes)]
        self.victim = self.simulation.rng.choice(names)
        super()._start()

    def _tell(self, message: Any) -> None:
        for node in self.others():
            if node.name == self.victim or getattr(message, "witness", None) != self.key:
                self.network.send(self, node, message)

    def more_than(self, other: Peer) -> Iterable[Any]:
        return (m for m in super().more_than(other) if getattr(m, "witness", None) != self.key)


class Amnesiac(Liar):
    """Forgets what it signed whenever it starts, and starts often."""

    def _start(self) -> None:
        self.persists = False
        self.disk.crash_rate = 20_000
        super()._start()


class Restored(Liar):
    """Comes back from a picture of its disk that is minutes old; what the program does against that holds."""

    def __init__(
        self, simulation: Simulation, network: Network, name: str, book: Book, key: bytes, skew_ms: int = 0
    ) -> None:
        super().__init__(simulation, network, name, book, key, skew_ms)
        self._picture = self.disk.copy()
        simulation.every(20 * MINUTE, self._take_picture)

    def _take_picture(self) -> None:
        if self.on:
            self._picture = self.disk.copy()

    def turn(self, on: bool) -> None:
        if on and not self.on:
            self.disk = self._picture.copy()
        super().turn(on)

    def _begin_height(self) -> None:
        Peer._begin_height(self)


class Censor(Liar):
    """Leaves out what half of the authors write, and lies about the time."""

    def choose(self) -> Sealed | None:
        found = super().choose()
        if found is None:
            return None
        wrong = self.simulation.rng.choice([0, 0, MINUTE, 30 * MINUTE])
        return found._replace(actions=[a for a in found.actions if a[0] % 2], time=found.time + wrong)


class Chatter(Node):
    """Signs anything: two votes, votes for old and for far rounds, proposals that differ from peer to peer."""

    def __init__(self, simulation: Simulation, network: Network, name: str, book: Book, key: bytes) -> None:
        super().__init__(simulation, network, name)
        self.book = book
        self.key = key
        self.honest = False
        self.seen: list[Proposal | Vote] = []
        self._last = 0
        simulation.every(MINUTE, self.meddle)

    def turn(self, on: bool) -> None:
        self.on = on

    def deliver(self, source: Node, message: Any) -> None:
        if isinstance(message, Proposal | Vote):
            if self.seen and message.height > self.seen[-1].height:
                self.seen = []
            self.seen = [*self.seen[-40:], message]
            if self.simulation.now > self._last + 5_000:
                self.meddle()

    def meddle(self) -> None:
        rng = self.simulation.rng
        if not self.on or not self.seen:
            return
        self._last = self.simulation.now
        about = rng.choice(self.seen)
        ids = [None, b"\xee" * 32, *sorted({m.id for m in self.seen if m.id is not None})]
        for node in self.network.nodes:
            round_ = max(0, about.round + rng.choice([-1, 0, 0, 0, 0, 1, 2, 50, 10_000]))
            if rng.randrange(3) == 0:
                self._vote(node, rng.choice([PREVOTE, PRECOMMIT]), about.height, round_, rng.choice(ids))
            if rng.randrange(6) == 0:
                self._propose(node, about, round_)

    def _vote(self, node: Node, step: int, height: int, round_: int, id_: bytes | None) -> None:
        self.book.signed.setdefault((self.key, step, height, round_), set()).add(id_)
        self.network.send(self, node, Vote(step, height, round_, id_, self.key))

    def _propose(self, node: Node, about: Proposal | Vote, round_: int) -> None:
        rng = self.simulation.rng
        known = [m for m in self.seen if isinstance(m, Proposal) and m.height == about.height]
        if not known:
            return
        checkpoint = rng.choice(known).checkpoint
        if rng.randrange(2):
            sealed = Sealed(*decode_trusted(checkpoint))
            kept = [a for a in sealed.actions if rng.randrange(2)] or [digest(b"made up")]
            checkpoint = written(sealed._replace(actions=kept, time=sealed.time + rng.randint(-1, MINUTE)))
        valid = rng.choice([-1, -1, round_ - 1])
        self.network.send(self, node, propose(about.height, round_, valid, checkpoint, (), (), self.key))


KINDS = (Nil, Withholds, Amnesiac, Restored, Censor, Chatter, Twin)
